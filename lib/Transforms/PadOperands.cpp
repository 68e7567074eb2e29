//===- PadOperands.cpp - Zeros around pictures, in kernels ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where tiles of a picture are loaded by an engine that reads zeros outside of
// it, padding costs nothing in the kernel that reads the picture, and a pass
// over memory anywhere else. The frame of a pooling is made by an op of its
// own: inside of the product before it, it would keep that from such an engine.
//
//===----------------------------------------------------------------------===//
#include "FramedRead.h"

#include "orchestra/Dialect/Orchestra/KernelGroups.h"
#include "orchestra/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
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
  int64_t rank = type.getRank();
  if ((!element.isF16() && !element.isBF16()) || rank < 3 || !isWhole(0) ||
      !isWhole(rank - 1) || !llvm::all_of(pad.getStaticLow(), isSize) ||
      !llvm::all_of(pad.getStaticHigh(), isSize))
    return false;
  // What is copied: pixels, or rows of them where these have no frame.
  int64_t bytes = type.getShape().back() * type.getElementTypeBitWidth() / 8;
  return bytes % kRowBytes == 0 ||
         (isWhole(rank - 2) &&
          type.getDimSize(rank - 2) * bytes % kRowBytes == 0);
}

/// Whether `op` reduces windows of its only tensor with content.
static bool isPooling(linalg::LinalgOp op) {
  if (op.getNumDpsInits() != 1 || op.getNumReductionLoops() == 0 ||
      op.hasDynamicShape() || !isa<linalg::GenericOp>(op))
    return false;
  for (OpOperand *input : ArrayRef(op.getDpsInputOperands()).drop_front())
    if (op.payloadUsesValueFromOperand(input))
      return false;
  return true;
}

/// `pad` as an elementwise op, which reads the source where there is one.
static Value makePointwise(OpBuilder &b, tensor::PadOp pad) {
  Location loc = pad.getLoc();
  RankedTensorType type = pad.getResultType();
  Value empty =
      tensor::EmptyOp::create(b, loc, type.getShape(), type.getElementType());
  Value padding = pad.getConstantPaddingValue();
  SmallVector<utils::IteratorType> kinds(type.getRank(),
                                         utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      b, loc, type, ValueRange(), empty,
      b.getMultiDimIdentityMap(type.getRank()), kinds,
      [&](OpBuilder &b, Location loc, ValueRange) {
        SmallVector<Value> at;
        SmallVector<int64_t> framed;
        for (int64_t dim = 0; dim < type.getRank(); ++dim) {
          at.push_back(linalg::IndexOp::create(b, loc, dim));
          int64_t low = pad.getStaticLow()[dim];
          if (low == 0 && pad.getStaticHigh()[dim] == 0)
            continue;
          framed.push_back(dim);
          at[dim] = arith::SubIOp::create(
              b, loc, at[dim], arith::ConstantIndexOp::create(b, loc, low));
        }
        Value value = readFramed(b, loc, pad.getSource(), at, framed, padding);
        linalg::YieldOp::create(b, loc, value);
      });
  return generic.getResult(0);
}

/// Whether `pad` puts a constant around a tensor of known sizes.
static bool isConstantFrame(tensor::PadOp pad) {
  auto isSize = [](int64_t size) { return size >= 0; };
  return pad.getConstantPaddingValue() &&
         pad.getSourceType().hasStaticShape() &&
         pad.getSourceType().getNumElements() > 0 &&
         pad.getResultType().hasStaticShape() &&
         llvm::all_of(pad.getStaticLow(), isSize) &&
         llvm::all_of(pad.getStaticHigh(), isSize);
}

static void dropUnused(RewriterBase &rewriter, tensor::PadOp pad) {
  if (pad->use_empty())
    rewriter.eraseOp(pad);
}

namespace {
struct PadOperands : orchestra::impl::PadOperandsPassBase<PadOperands> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](linalg::LinalgOp op) {
      if (op.getNumDpsInputs() == 0)
        return;
      OpOperand &picture = *op.getDpsInputOperand(0);
      auto pad = picture.get().getDefiningOp<tensor::PadOp>();
      if (!pad)
        return;
      rewriter.setInsertionPoint(op);
      if (isPooling(op) && isConstantFrame(pad)) {
        Value own = makePointwise(rewriter, pad);
        rewriter.modifyOpInPlace(op, [&] { picture.set(own); });
        dropUnused(rewriter, pad);
        return;
      }
      if (!isConvolution(op) || !isFrame(pad))
        return;
      Operation *own = rewriter.clone(*pad);
      own->setAttr(kInKernelAttrName, rewriter.getUnitAttr());
      rewriter.modifyOpInPlace(op, [&] { picture.set(own->getResult(0)); });
      dropUnused(rewriter, pad);
    });
  }
};
} // namespace
