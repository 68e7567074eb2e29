//===- DoubleByAdding.cpp - x * 2 becomes x + x ---------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pass that docs/tutorial/first-pass.md builds; the page shows the parts of
// this file between the anchors.
//
//===----------------------------------------------------------------------===//
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace orchestra {
#define GEN_PASS_DECL
#define GEN_PASS_DEF_DOUBLEBYADDINGPASS
#define GEN_PASS_REGISTRATION
#include "Passes.h.inc"
} // namespace orchestra

namespace {

// ANCHOR: pattern
/// x * 2 -> x + x
struct DoubleByAddingPattern : OpRewritePattern<arith::MulFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::MulFOp op,
                                PatternRewriter &rewriter) const override {
    // Matches scalars, and vectors and tensors of equal elements. A constant
    // stands on the right: the driver moves it there.
    APFloat factor(0.0);
    if (!matchPattern(op.getRhs(), m_ConstantFloat(&factor)))
      return rewriter.notifyMatchFailure(op, "the factor is no constant");
    if (!factor.isExactlyValue(2.0))
      return rewriter.notifyMatchFailure(op, "the factor is not two");
    rewriter.replaceOpWithNewOp<arith::AddFOp>(op, op.getLhs(), op.getLhs(),
                                               op.getFastmath());
    return success();
  }
};
// ANCHOR_END: pattern

// ANCHOR: pass
struct DoubleByAdding
    : orchestra::impl::DoubleByAddingPassBase<DoubleByAdding> {
  using Base::Base;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<DoubleByAddingPattern>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
// ANCHOR_END: pass

} // namespace

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "OrchestraTutorial", "0.1",
          [] { orchestra::registerDoubleByAddingPass(); }};
}
