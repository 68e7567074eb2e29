//===- Registration.cpp - Every dialect and pass, in one place ------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Pipeline/Registration.h"

#include "orchestra/Conversion/Passes.h"
#include "orchestra/Dialect/LinalgExt/LinalgExt.h"
#include "orchestra/Dialect/LinalgExt/Passes.h"
#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Dialect/StableHLO/CHLO.h"
#include "orchestra/Dialect/StableHLO/StableHLO.h"
#include "orchestra/Pipeline/Stages.h"
#include "orchestra/Schedule/Passes.h"
#include "orchestra/Strategy/Passes.h"
#include "orchestra/Strategy/StrategyOps.h"
#include "orchestra/Target/AMD/Registration.h"
#include "orchestra/Target/Architectures.h"
#include "orchestra/Target/CPU/Passes.h"
#include "orchestra/Target/Emulated/Passes.h"
#include "orchestra/Target/Intel/Registration.h"
#include "orchestra/Target/NVIDIA/Passes.h"
#include "orchestra/Target/StableHLO/Passes.h"
#include "orchestra/Transforms/Passes.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"

using namespace mlir;

void orchestra::registerDialects(DialectRegistry &registry) {
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registry.insert<chlo::CHLODialect, OrchestraDialect,
                  linalg_ext::LinalgExtDialect, stablehlo::StableHLODialect>();
  registerBufferizableOpInterfaceModels(registry);
  linalg_ext::registerBufferizableOpInterfaceModels(registry);
  registerArchitectures(registry);
  registerStrategyOps(registry);
  amd::registerDialects(registry);
  intel::registerDialects(registry);
  nvidia::registerDialects(registry);
}

void orchestra::registerPasses() {
  registerAllPasses();
  registerOrchestraConversionPasses();
  registerOrchestraSchedulePasses();
  registerOrchestraStrategyPasses();
  registerOrchestraTargetCPUPasses();
  registerOrchestraTransformsPasses();
  linalg_ext::registerLinalgExtPasses();
  registerStagePipelines();
  emulated::registerPasses();
  nvidia::registerPasses();
  stablehlo::registerPasses();
}
