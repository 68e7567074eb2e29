//===- ExpandMath.cpp - Math functions without a device library -----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Upstream's lowering calls libdevice, which only a CUDA toolkit has. The
// approximations here are upstream's too, accurate to a few units in the last
// place of f32.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/NVIDIA/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIAEXPANDMATHPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;

/// Ops that LLVM turns into instructions (or short sequences) for every float
/// type: no expansion is wanted.
static bool isInstruction(StringRef name) {
  static const llvm::StringSet<> names = {
      "math.sqrt",  "math.fma",       "math.floor",    "math.ceil",
      "math.trunc", "math.roundeven", "math.copysign", "math.absf",
      "math.absi",  "math.ctlz",      "math.cttz",     "math.ctpop",
      "math.isnan", "math.isinf",     "math.isfinite", "math.isnormal"};
  return names.contains(name);
}

namespace {
/// 2 to an f32: an instruction, right to 2 units in the last place but for
/// results below the least normal number, which are 0.
struct LowerPower : OpRewritePattern<math::Exp2Op> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::Exp2Op op,
                                PatternRewriter &rewriter) const override {
    if (!op.getType().isF32())
      return failure();
    rewriter.replaceOpWithNewOp<LLVM::CallIntrinsicOp>(
        op, op.getType(),
        rewriter.getStringAttr("llvm.nvvm.ex2.approx.ftz.f32"),
        ValueRange{op.getOperand()});
    return success();
  }
};

struct NVIDIAExpandMathPass
    : public nvidia::impl::NVIDIAExpandMathPassBase<NVIDIAExpandMathPass> {
  using Base::Base;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    auto isFunction = [](StringRef name) { return !isInstruction(name); };
    patterns.add<LowerPower>(&getContext(), /*benefit=*/3);
    populateMathF32ExpansionPatterns(patterns, isFunction);
    // Benefit over expansion: an approximation is preferred where both exist.
    populateMathPolynomialApproximationPatterns(patterns, isFunction,
                                                /*benefit=*/2);
    math::populateExpansionPatterns(
        patterns, {"sinh", "cosh", "tan", "asinh", "acosh", "atanh", "powf",
                   "fpowi", "exp2", "round", "rsqrt", "clampf"});
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
