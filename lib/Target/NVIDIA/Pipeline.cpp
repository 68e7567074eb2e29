//===- Pipeline.cpp - From kernels on tensors to PTX ----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of the passes. Upstream's gpu-lower-to-nvvm-pipeline is the same
// idea, but also lowers a host half to mgpu* calls, which this target never
// has.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/NVIDIA/Passes.h"

#include "Registration.h"

#include "orchestra/Strategy/Passes.h"
#include "orchestra/Target/NVIDIA/Tiles.h"
#include "orchestra/Target/NVIDIA/TransformOps.h"
#include "orchestra/Transforms/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/Transforms/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/Vector/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVM/NVVM/Target.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvidia;

namespace orchestra::nvidia {
#define GEN_PASS_REGISTRATION
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

/// Tensors to buffers; a thread's temporaries live in its local memory.
static void addBufferization(OpPassManager &pm) {
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  bufferize.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createOneShotBufferizePass(bufferize));
  pm.addPass(createKernelDestinationsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createCanonicalizerPass()); // Copies that CSE made self-copies.
  pm.addNestedPass<func::FuncOp>(vector::createLowerVectorMultiReductionPass());
}

/// One gpu.module from vector, scf, memref to the LLVM dialect.
static void addDeviceLowering(OpPassManager &pm, bool overlap) {
  pm.addPass(memref::createFoldMemRefAliasOpsPass());
  VectorTransferToSCFOptions unroll;
  pm.addPass(createConvertVectorToSCFPass(unroll.enableFullUnroll()));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(affine::createAffineExpandIndexOpsPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  ConvertVectorToLLVMPassOptions vectors;
  vectors.vectorContractLowering = vector::VectorContractLowering::OuterProduct;
  pm.addPass(createConvertVectorToLLVMPass(vectors));
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createNVIDIAPinIntrinsicsPass());
  ConvertGpuOpsToNVVMOpsOptions device;
  pm.addPass(createConvertGpuOpsToNVVMOps(device));
  pm.addPass(createConvertNVVMToLLVMPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  if (overlap)
    pm.addPass(createNVIDIAOverlapLaunchesPass());
  pm.addPass(createNVIDIACheckDeviceCodePass());
}

llvm::ArrayRef<llvm::StringRef> orchestra::nvidia::getArchitectures() {
  static constexpr llvm::StringRef archs[] = {
      "nvidia_ampere", "nvidia_blackwell", "nvidia_hopper"};
  return archs;
}

void orchestra::nvidia::buildDevicePipeline(
    OpPassManager &pm, const KernelPipelineOptions &options) {
  OpPassManager &kernel = pm.nest<func::FuncOp>();
  kernel.addPass(createNVIDIAMapKernelPass());
  kernel.addPass(createCanonicalizerPass());
  kernel.addPass(createCSEPass());
  kernel.addPass(createNVIDIAVectorizeKernelPass());
  kernel.addPass(createCanonicalizerPass());
  kernel.addPass(createCSEPass());

  addBufferization(pm);
  NVIDIAOutlineKernelPassOptions outline;
  outline.blockSize = options.blockSize;
  pm.addPass(createNVIDIAOutlineKernelPass(outline));
  OpPassManager &device = pm.nest<gpu::GPUModuleOp>();
  device.addPass(createNVIDIADistributeRowsPass());
  device.addPass(createConvertLinalgToLoopsPass());
  device.addPass(createNVIDIAExpandMathPass());
}

namespace {
/// A strategy script: its file, and its text if that was read.
struct Script {
  std::string file, text;
};
} // namespace

static void addTilePasses(OpPassManager &pm, const Script &script) {
  pm.addNestedPass<func::FuncOp>(createNVIDIAFlattenConvolutionsPass());
  ApplyStrategyPassOptions strategy;
  strategy.file = script.file;
  strategy.script = script.text;
  strategy.arch = "nvidia_hopper";
  pm.addPass(createApplyStrategyPass(strategy));
  pm.addPass(createLinalgToNVTilePass());
  OpPassManager &kernel = pm.nest<func::FuncOp>();
  kernel.addPass(createNVIDIASplitReductionPass());
  kernel.addPass(createNVIDIASliceEpiloguePass());
  kernel.addPass(createNVIDIARasterTilesPass());
  kernel.addPass(createNVIDIAPipelineLoadsPass());
  kernel.addPass(createNVIDIASpecializeWarpsPass());
  kernel.addPass(createNVIDIAOverlapProductsPass());
  kernel.addPass(createNVIDIADistributeFragmentsPass());
  kernel.addPass(createNVIDIAStageStoresPass());
  kernel.addPass(createNVIDIALowerBulkCopiesPass());
  kernel.addPass(createNVIDIALowerChannelsPass());
  kernel.addPass(createNVIDIALowerRolesPass());
  pm.addPass(createNVIDIAOutlineTilesPass());
}

void orchestra::nvidia::buildEmulatedKernelPipeline(OpPassManager &pm,
                                                    StringRef script) {
  if (!script.empty())
    addTilePasses(pm, {/*file=*/"nvidia_hopper_strategy.mlir", script.str()});
  buildDevicePipeline(pm, KernelPipelineOptions());
  pm.addPass(createNVIDIAEmulateTilesPass());
}

void orchestra::nvidia::buildTilePipeline(
    OpPassManager &pm, const KernelPipelineOptions &options) {
  addTilePasses(pm, {options.strategy, ""});
}

/// From what is not on tiles to one gpu.binary a kernel.
static void addCodePasses(OpPassManager &pm,
                          const KernelPipelineOptions &options) {
  buildDevicePipeline(pm, options);
  addDeviceLowering(pm.nest<gpu::GPUModuleOp>(), options.overlap);
  pm.addPass(createNVIDIAPruneParametersPass());

  GpuNVVMAttachTargetOptions target;
  target.chip = options.chip;
  target.features = options.features;
  target.optLevel = 3;
  pm.addPass(createGpuNVVMAttachTarget(target));
  // An unknown format would print an error and succeed: only these two exist.
  GpuModuleToBinaryPassOptions binary;
  binary.compilationTarget =
      options.format == ObjectFormat::PTX ? "isa" : "bin";
  pm.addPass(createGpuModuleToBinaryPass(binary));
}

void orchestra::nvidia::buildKernelPipeline(
    OpPassManager &pm, const KernelPipelineOptions &options) {
  if (!options.strategy.empty())
    buildTilePipeline(pm, options);
  addCodePasses(pm, options);
}

/// What LLVM calls the first chip of an architecture, with the PTX version that
/// knows it.
static std::pair<std::string, std::string> getChip(StringRef arch) {
  if (arch == "nvidia_ampere")
    return {"sm_80", "+ptx70"};
  if (arch == "nvidia_blackwell")
    return {"sm_100a", "+ptx86"};
  return {"sm_90a", "+ptx80"};
}

/// The toolkit's assembler, on the path or where the environment says.
static bool hasAssembler() {
  if (llvm::sys::findProgramByName("ptxas"))
    return true;
  for (const char *name : {"CUDA_ROOT", "CUDA_HOME", "CUDA_PATH"})
    if (const char *root = std::getenv(name)) {
      SmallString<128> path(root);
      llvm::sys::path::append(path, "bin", "ptxas");
      if (llvm::sys::fs::can_execute(path))
        return true;
    }
  return false;
}

void orchestra::nvidia::buildProgramKernelPipeline(OpPassManager &pm,
                                                   StringRef arch,
                                                   StringRef script) {
  KernelPipelineOptions options;
  auto [chip, features] = getChip(arch);
  options.chip = chip;
  options.features = features;
  options.overlap = arch != "nvidia_ampere";
  options.format = hasAssembler() ? ObjectFormat::Cubin : ObjectFormat::PTX;
  if (!script.empty())
    addTilePasses(pm, {/*file=*/"nvidia_hopper_strategy.mlir", script.str()});
  addCodePasses(pm, options);
  NVIDIAEmbedCodePassOptions embed;
  embed.overlap = options.overlap;
  pm.addPass(createNVIDIAEmbedCodePass(embed));
}

void orchestra::nvidia::registerDialects(DialectRegistry &registry) {
  registry.insert<NVVM::NVVMDialect, nvtile::NVTileDialect>();
  nvtile::registerTransformOps(registry);
  NVVM::registerNVVMTargetInterfaceExternalModels(registry);
  registerAllGPUToLLVMIRTranslations(registry);
  registerTransfers(registry);
  registerEmulation(registry);
}

void orchestra::nvidia::registerPasses() {
  registerNVIDIAPasses();
  PassPipelineRegistration<KernelPipelineOptions>(
      "orchestra-nvidia-tile-pipeline",
      "Turn kernels on tensors into device functions on tiles",
      buildTilePipeline);
  PassPipelineRegistration<KernelPipelineOptions>(
      "orchestra-nvidia-device-pipeline",
      "Turn kernels on tensors into the gpu dialect for an NVIDIA GPU",
      buildDevicePipeline);
  PassPipelineRegistration<KernelPipelineOptions>(
      "orchestra-nvidia-kernel-pipeline",
      "Compile kernels on tensors to PTX or cubin for an NVIDIA GPU",
      buildKernelPipeline);
}
