//===- PadOperands.cpp - Zeros around pictures, in kernels ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where tiles of a picture are loaded by an engine that reads zeros outside of
// it, padding costs nothing in the kernel that reads the picture, and a pass
// over memory anywhere else.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/KernelGroups.h"
#include "orchestra/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_PADOPERANDSPASS
#include "orchestra/Transforms/Passes.h.inc"
} // namespace orchestra

/// Rows of pixels that an engine copies are a multiple of so many bytes apart.
static constexpr int64_t kRowBytes = 16;

/// Whether `op` is a product that reduces its picture's last dimension and
/// windows of others.
static bool isConvolution(linalg::LinalgOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumReductionLoops() == 0 ||
      op.hasDynamicShape())
    return false;
  AffineMap picture = op.getMatchingIndexingMap(op.getDpsInputOperand(0));
  if (picture.getNumResults() < 3)
    return false;
  auto channel = dyn_cast<AffineDimExpr>(picture.getResults().back());
  return channel && op.getIteratorTypesArray()[channel.getPosition()] ==
                        utils::IteratorType::reduction;
}

/// Whether `pad` puts zeros around pictures whose channels are innermost.
static bool isFrame(tensor::PadOp pad) {
  Value value = pad.getConstantPaddingValue();
  RankedTensorType type = pad.getSourceType();
  if (!value || !matchPattern(value, m_AnyZeroFloat()) ||
      !type.hasStaticShape() || !pad.getResultType().hasStaticShape())
    return false;
  auto isWhole = [&](int64_t dim) {
    return pad.getStaticLow()[dim] == 0 && pad.getStaticHigh()[dim] == 0;
  };
  auto isSize = [](int64_t size) { return size >= 0; };
  Type element = type.getElementType();
  return (element.isF16() || element.isBF16()) && type.getRank() >= 3 &&
         isWhole(0) && isWhole(type.getRank() - 1) &&
         llvm::all_of(pad.getStaticLow(), isSize) &&
         llvm::all_of(pad.getStaticHigh(), isSize) &&
         type.getShape().back() * type.getElementTypeBitWidth() / 8 %
                 kRowBytes ==
             0;
}

namespace {
struct PadOperands : orchestra::impl::PadOperandsPassBase<PadOperands> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](linalg::LinalgOp op) {
      if (!isConvolution(op))
        return;
      OpOperand &picture = *op.getDpsInputOperand(0);
      auto pad = picture.get().getDefiningOp<tensor::PadOp>();
      if (!pad || !isFrame(pad))
        return;
      rewriter.setInsertionPoint(op);
      Operation *own = rewriter.clone(*pad);
      own->setAttr(kInKernelAttrName, rewriter.getUnitAttr());
      rewriter.modifyOpInPlace(op, [&] { picture.set(own->getResult(0)); });
      if (pad->use_empty())
        rewriter.eraseOp(pad);
    });
  }
};
} // namespace
