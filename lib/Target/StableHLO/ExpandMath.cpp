//===- ExpandMath.cpp - Math functions that StableHLO does not have -------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/StableHLO/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/StringSet.h"

namespace orchestra::stablehlo {
#define GEN_PASS_DEF_STABLEHLOEXPANDMATHPASS
#include "orchestra/Target/StableHLO/Passes.h.inc"
} // namespace orchestra::stablehlo

using namespace mlir;
using namespace orchestra;

namespace {
struct StableHLOExpandMathPass
    : public stablehlo::impl::StableHLOExpandMathPassBase<
          StableHLOExpandMathPass> {
  using Base::Base;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    auto isMissing = [](StringRef name) {
      static const llvm::StringSet<> names = {
          "math.erf", "math.erfc", "math.acos", "math.asin", "math.atan"};
      return names.contains(name);
    };
    populateMathF32ExpansionPatterns(patterns, isMissing);
    populateMathPolynomialApproximationPatterns(patterns, isMissing);
    math::populateExpansionPatterns(
        patterns, {"sinh", "cosh", "asinh", "acosh", "atanh", "fpowi"});
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
