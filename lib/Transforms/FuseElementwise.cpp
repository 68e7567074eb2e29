//===- FuseElementwise.cpp - Chains of elementwise ops --------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/Kernels.h"
#include "orchestra/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_FUSEELEMENTWISEPASS
#include "orchestra/Transforms/Passes.h.inc"
} // namespace orchestra

/// Transposes and copies of named form become generics, which fuse.
static void generalizeMovement(func::FuncOp function) {
  IRRewriter rewriter(function.getContext());
  SmallVector<linalg::LinalgOp> ops;
  function.walk([&](linalg::LinalgOp op) {
    if (isa<linalg::TransposeOp, linalg::BroadcastOp, linalg::MapOp,
            linalg::ElementwiseOp>(op))
      ops.push_back(op);
  });
  for (linalg::LinalgOp op : ops) {
    rewriter.setInsertionPoint(op);
    (void)linalg::generalizeNamedOp(rewriter, op);
  }
}

/// An elementwise producer is merged into its only user, unless that user reads
/// it more than once per element (a contraction) or the merge would hide a
/// contraction's epilogue.
static bool shouldFuse(OpOperand *operand) {
  Operation *producer = operand->get().getDefiningOp();
  auto consumer = dyn_cast<linalg::LinalgOp>(operand->getOwner());
  if (!producer || !consumer || !producer->hasOneUse())
    return false;
  if (getRegisterTileDims(consumer, /*ignoreStride=*/true))
    return false;
  // What follows a contraction or reduction elementwise stays with it.
  auto linalgProducer = cast<linalg::LinalgOp>(producer);
  if (consumer.getNumReductionLoops() > 0)
    for (Value input : linalgProducer.getDpsInputs())
      if (auto def = input.getDefiningOp<linalg::LinalgOp>())
        if (def.getNumReductionLoops() > 0)
          return false;
  return true;
}

namespace {
struct FuseElementwise
    : orchestra::impl::FuseElementwisePassBase<FuseElementwise> {
  using Base::Base;

  void runOnOperation() override {
    generalizeMovement(getOperation());
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(patterns, shouldFuse);
    // A reshape of what an op computes moves behind its elementwise users.
    linalg::populateFoldReshapeOpsByCollapsingPatterns(
        patterns, [](OpOperand *operand) {
          Operation *producer = operand->get().getDefiningOp();
          auto consumer = dyn_cast<linalg::LinalgOp>(operand->getOwner());
          return isa_and_nonnull<tensor::ExpandShapeOp>(producer) &&
                 producer->hasOneUse() && consumer && isPointwise(consumer);
        });
    linalg::GenericOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::EmptyOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns,
                                                         &getContext());
    tensor::populateFoldTensorEmptyPatterns(patterns);
    memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
  }
};
} // namespace
