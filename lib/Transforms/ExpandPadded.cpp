//===- ExpandPadded.cpp - Products over pixels that are padded next -------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel can write its result into the middle of a padded tensor, where rows
// of pixels are not contiguous: its loops must be those of the padded shape.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/KernelGroups.h"
#include "orchestra/Dialect/Orchestra/Kernels.h"
#include "orchestra/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_EXPANDPADDEDPASS
#include "orchestra/Transforms/Passes.h.inc"
} // namespace orchestra

/// Below this width of a picture a register tile, which then spans one row of
/// it, is too low to be worth it.
static constexpr int64_t kMinWidth = 12;

/// Whether all that becomes of `value` is that it is padded, after elementwise
/// ops perhaps.
static bool isOnlyPadded(Value value) {
  if (!value.hasOneUse())
    return false;
  Operation *user = *value.user_begin();
  if (isa<tensor::PadOp>(user))
    return !user->hasAttr(kInKernelAttrName);
  auto generic = dyn_cast<linalg::GenericOp>(user);
  return generic && generic->getNumResults() == 1 && isPointwise(generic) &&
         isOnlyPadded(generic->getResult(0));
}

/// Whether `operand`, the source of a reshape, should be computed in the shape
/// after it.
static bool shouldExpand(OpOperand *operand) {
  auto expand = dyn_cast<tensor::ExpandShapeOp>(operand->getOwner());
  if (!expand || !expand.getResultType().hasStaticShape())
    return false;
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  if (!producer || !producer->hasOneUse() || producer->getNumResults() != 1)
    return false;
  ArrayRef<int64_t> shape = expand.getResultType().getShape();
  return shape.size() >= 3 && shape[shape.size() - 2] >= kMinWidth &&
         isOnlyPadded(expand.getResult());
}

namespace {
struct ExpandPadded : orchestra::impl::ExpandPaddedPassBase<ExpandPadded> {
  using Base::Base;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    linalg::populateFoldReshapeOpsByExpansionPatterns(patterns, shouldExpand);
    tensor::populateFoldTensorEmptyPatterns(patterns);
    linalg::FillOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns,
                                                         &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
  }
};
} // namespace
