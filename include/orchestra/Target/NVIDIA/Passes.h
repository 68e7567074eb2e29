//===- Passes.h - Passes of the NVIDIA target -------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_NVIDIA_PASSES_H
#define ORCHESTRA_TARGET_NVIDIA_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassOptions.h"

namespace orchestra::nvidia {

#define GEN_PASS_DECL
#include "orchestra/Target/NVIDIA/Passes.h.inc"

/// What the kernel pipeline produces.
enum class ObjectFormat {
  PTX,  ///< text that the driver compiles when it loads it
  Cubin ///< machine code; needs ptxas when compiling
};

struct KernelPipelineOptions
    : public mlir::PassPipelineOptions<KernelPipelineOptions> {
  Option<std::string> chip{*this, "chip",
                           llvm::cl::desc("NVIDIA chip, such as sm_90a"),
                           llvm::cl::init("sm_90a")};
  Option<std::string> features{*this, "features",
                               llvm::cl::desc("PTX version of the output"),
                               llvm::cl::init("+ptx80")};
  Option<ObjectFormat> format{
      *this, "format", llvm::cl::desc("What to produce"),
      llvm::cl::values(
          clEnumValN(ObjectFormat::PTX, "isa", "PTX text"),
          clEnumValN(ObjectFormat::Cubin, "bin", "cubin, by ptxas")),
      llvm::cl::init(ObjectFormat::PTX)};
  Option<bool> overlap{
      *this, "overlap",
      llvm::cl::desc("Kernels wait for those before them themselves"),
      llvm::cl::init(false)};
  Option<int64_t> blockSize{*this, "block-size",
                            llvm::cl::desc("Threads of a block"),
                            llvm::cl::init(256)};
  Option<std::string> strategy{
      *this, "strategy",
      llvm::cl::desc("Script that tiles for tensor cores; none: plain code"),
      llvm::cl::init("")};
};

/// The architectures whose kernels this target compiles.
llvm::ArrayRef<llvm::StringRef> getArchitectures();

/// The first part of buildKernelPipeline: from kernels on tensors to
/// `gpu.module`s on buffers, which the emulated GPU can run.
void buildDevicePipeline(mlir::OpPassManager &pm,
                         const KernelPipelineOptions &options);

/// From kernels on tensors to what the emulated GPU takes: the passes of
/// buildProgramKernelPipeline until nothing is left that is not the GPU's own.
/// `script` is the text of a strategy for tensor cores, or empty.
void buildEmulatedKernelPipeline(mlir::OpPassManager &pm,
                                 llvm::StringRef script);

/// Kernels that the strategy tiled, from tensors to device functions; others
/// are left.
void buildTilePipeline(mlir::OpPassManager &pm,
                       const KernelPipelineOptions &options);

/// Stages 5 to 8 of a module of kernels on tensors: leaves one `gpu.binary` a
/// kernel and the launches in the module's `orchestra.nvidia.launch`.
void buildKernelPipeline(mlir::OpPassManager &pm,
                         const KernelPipelineOptions &options);

/// Kernels on tensors of a program that runs on the GPU `arch`: to functions of
/// the host that launch their device code. `script` is the text of a strategy
/// for tensor cores, or empty. Kernels that the GPU cannot run fail.
void buildProgramKernelPipeline(mlir::OpPassManager &pm, llvm::StringRef arch,
                                llvm::StringRef script);

/// Module attribute: a dictionary from kernel name to {grid, block}, each an
/// array of three integers, and `arguments`, the types of the kernel's; with
/// `shared_bytes` and `parameters` where it has more than an address or a value
/// for each argument.
constexpr llvm::StringLiteral kLaunchAttrName = "orchestra.nvidia.launch";

/// Module attribute: a dictionary from the name of a device module to the
/// numbers of those of its kernel's parameters that are left, buffers being the
/// numbers of their descriptors.
constexpr llvm::StringLiteral kParametersAttrName =
    "orchestra.nvidia.parameters";

/// Adds the dialects and translations that the kernel pipeline needs beyond
/// what loads with its passes.
void registerDialects(mlir::DialectRegistry &registry);

/// What follows a kernel's name in the name of its device module.
constexpr llvm::StringLiteral kDeviceModuleSuffix = "_nvidia";

/// Registers the passes, `orchestra-nvidia-device-pipeline` and
/// `orchestra-nvidia-kernel-pipeline`.
void registerPasses();

} // namespace orchestra::nvidia

#endif // ORCHESTRA_TARGET_NVIDIA_PASSES_H
