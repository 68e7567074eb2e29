//===- Pipeline.cpp - From the gpu dialect to code for this machine -------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/Emulated/Passes.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/Transforms/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/Vector/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::emulated;

namespace orchestra::emulated {
#define GEN_PASS_REGISTRATION
#include "orchestra/Target/Emulated/Passes.h.inc"
} // namespace orchestra::emulated

void orchestra::emulated::buildPipeline(OpPassManager &pm,
                                        const PipelineOptions &options) {
  pm.addPass(createGpuKernelOutliningPass());
  pm.addPass(createEmulatedHostFunctionsPass());
  if (options.program)
    pm.addPass(createEmulatedLendArgumentsPass());
  EmulatedConvertKernelsPassOptions kernels;
  kernels.arch = options.arch;
  pm.addPass(createEmulatedConvertKernelsPass(kernels));
  EmulatedLowerDeviceOpsPassOptions device;
  device.arch = options.arch;
  pm.addPass(createEmulatedLowerDeviceOpsPass(device));

  pm.addPass(createConvertLinalgToLoopsPass());
  pm.addPass(memref::createFoldMemRefAliasOpsPass());
  VectorTransferToSCFOptions unroll;
  pm.addPass(createConvertVectorToSCFPass(unroll.enableFullUnroll()));
  pm.addPass(createEmulatedCheckIndicesPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(affine::createAffineExpandIndexOpsPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(arith::createArithExpandOpsPass());
  ConvertVectorToLLVMPassOptions vectors;
  vectors.vectorContractLowering = vector::VectorContractLowering::OuterProduct;
  pm.addPass(createConvertVectorToLLVMPass(vectors));
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertIndexToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createEmulatedCheckAddressesPass());
  pm.addPass(createEmulatedFinishLaunchesPass());
}

void orchestra::emulated::registerPasses() {
  registerEmulatedPasses();
  PassPipelineRegistration<PipelineOptions>(
      "orchestra-emulated-pipeline",
      "Compile host functions and kernels of the gpu dialect for the emulated "
      "GPU",
      buildPipeline);
}
