//===- Pipeline.cpp - From kernels on tensors to StableHLO text -----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Conversion/LinalgToStableHLO/LinalgToStableHLO.h"
#include "orchestra/Dialect/LinalgExt/Passes.h"
#include "orchestra/Target/StableHLO/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

namespace orchestra::stablehlo {
#define GEN_PASS_REGISTRATION
#include "orchestra/Target/StableHLO/Passes.h.inc"
} // namespace orchestra::stablehlo

using namespace mlir;
using namespace orchestra;

void orchestra::stablehlo::buildLowerToStableHLOPipeline(
    OpPassManager &pm, const LowerToStableHLOOptions &options) {
  pm.addPass(createStableHLODropAssertionsPass());
  pm.addNestedPass<func::FuncOp>(createLinalgExtToStableHLOPass());
  pm.addNestedPass<func::FuncOp>(linalg_ext::createDecomposePass());
  pm.addPass(createStableHLODropDestinationsPass());
  pm.addPass(createStableHLOExpandMathPass());
  pm.addPass(createCSEPass());
  LinalgToStableHLOPassOptions convert;
  convert.precision = options.precision;
  pm.addPass(createLinalgToStableHLOPass(convert));
  pm.addPass(createCSEPass());
  pm.addPass(createStableHLOFinishModulePass());
}

void orchestra::stablehlo::registerPasses() {
  registerLinalgToStableHLOPasses();
  registerStableHLOPasses();
  PassPipelineRegistration<LowerToStableHLOOptions>(
      "orchestra-lower-to-stablehlo",
      "Hand kernels, or a host program with its kernels, over as StableHLO",
      buildLowerToStableHLOPipeline);
}
