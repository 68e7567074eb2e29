//===- Passes.h - Passes of the emulated GPU --------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_EMULATED_PASSES_H
#define ORCHESTRA_TARGET_EMULATED_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassOptions.h"

namespace orchestra::emulated {

#define GEN_PASS_DECL
#include "orchestra/Target/Emulated/Passes.h.inc"

/// String attribute on the function that a kernel became: the kernel's name.
constexpr llvm::StringLiteral kDeviceCodeAttrName = "orchestra.emulated.kernel";
/// i64 attribute beside it: bytes of shared memory that a group needs, without
/// the dynamic ones.
constexpr llvm::StringLiteral kSharedBytesAttrName =
    "orchestra.emulated.shared_bytes";
/// Symbol attribute on the function that launches a kernel: the kernel.
constexpr llvm::StringLiteral kLaunchesAttrName = "orchestra.emulated.launches";
/// i64 attribute beside it: lanes of a subgroup.
constexpr llvm::StringLiteral kSubgroupAttrName =
    "orchestra.emulated.subgroup_size";
/// Arguments of a launching function before the kernel's: grid, block, dynamic
/// bytes of shared memory, groups of a cluster.
constexpr unsigned kNumLaunchArguments = 8;

struct PipelineOptions : public mlir::PassPipelineOptions<PipelineOptions> {
  Option<std::string> arch{*this, "arch",
                           llvm::cl::desc("Architecture to emulate"),
                           llvm::cl::init("")};
  Option<bool> program{
      *this, "program",
      llvm::cl::desc("Host functions are called by a host program"),
      llvm::cl::init(false)};
};

/// From a module with host functions and `gpu.module`s to the LLVM dialect of
/// this machine, with calls of the emulated device.
void buildPipeline(mlir::OpPassManager &pm, const PipelineOptions &options);

/// Registers the passes and `orchestra-emulated-pipeline`.
void registerPasses();

} // namespace orchestra::emulated

#endif // ORCHESTRA_TARGET_EMULATED_PASSES_H
