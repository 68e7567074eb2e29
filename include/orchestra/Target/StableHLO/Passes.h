//===- Passes.h - Hand-off by StableHLO text --------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_STABLEHLO_PASSES_H
#define ORCHESTRA_TARGET_STABLEHLO_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassOptions.h"

namespace orchestra::stablehlo {

#define GEN_PASS_DECL
#include "orchestra/Target/StableHLO/Passes.h.inc"

struct LowerToStableHLOOptions
    : public mlir::PassPipelineOptions<LowerToStableHLOOptions> {
  Option<std::string> precision{
      *this, "precision",
      llvm::cl::desc("Precision of f32 contractions: highest, high, default"),
      llvm::cl::init("highest")};
};

/// From kernels on tensors, alone or with the host function that dispatches
/// them, to a module that prints as StableHLO text.
void buildLowerToStableHLOPipeline(mlir::OpPassManager &pm,
                                   const LowerToStableHLOOptions &options);

/// Registers the passes, `linalg-to-stablehlo` among them, and the pipeline
/// `orchestra-lower-to-stablehlo`.
void registerPasses();

} // namespace orchestra::stablehlo

#endif // ORCHESTRA_TARGET_STABLEHLO_PASSES_H
