//===- SliceOperands.cpp - Slices that attention reads where they are -----===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/LinalgExt/LinalgExt.h"
#include "orchestra/Dialect/Orchestra/KernelGroups.h"
#include "orchestra/Transforms/Passes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace orchestra {
#define GEN_PASS_DEF_SLICEOPERANDSPASS
#include "orchestra/Transforms/Passes.h.inc"
} // namespace orchestra

using namespace mlir;
using namespace orchestra;

/// Whether only the last dimension is cut, at known places.
static bool cutsColumns(tensor::ExtractSliceOp op) {
  if (!op || !op.hasUnitStride() || !op.getSourceType().hasStaticShape() ||
      !op.getType().hasStaticShape() ||
      op.getSourceType().getRank() != op.getType().getRank() ||
      op.getType().getRank() < 2 ||
      llvm::any_of(op.getStaticOffsets(), ShapedType::isDynamic))
    return false;
  for (int64_t dim = 0; dim + 1 < op.getType().getRank(); ++dim)
    if (op.getSourceType().getDimSize(dim) != op.getType().getDimSize(dim))
      return false;
  return op.getType().getNumElements() > 0;
}

/// The slice of a reshaped value that equals `type`, a reshaped slice: if it
/// begins and ends between whole inner parts. Null otherwise.
static tensor::ExtractSliceOp reshapeFirst(IRRewriter &rewriter,
                                           tensor::ExtractSliceOp slice,
                                           RankedTensorType type) {
  RankedTensorType source = slice.getSourceType();
  int64_t columns = source.getShape().back(),
          width = slice.getType().getShape().back(),
          offset = slice.getStaticOffsets().back();
  // The last dimensions of the result are those of the columns.
  ArrayRef<int64_t> shape = type.getShape();
  int64_t first = shape.size(), product = 1;
  while (first > 0 && product < width)
    product *= shape[--first];
  if (product != width || first == 0 || first == int64_t(shape.size()))
    return nullptr;
  int64_t inner = width / shape[first];
  if (inner == 0 || columns % inner != 0 || offset % inner != 0)
    return nullptr;
  SmallVector<int64_t> whole(shape), begin(shape.size(), 0);
  whole[first] = columns / inner;
  begin[first] = offset / inner;

  rewriter.setInsertionPoint(slice);
  Location loc = slice.getLoc();
  Value value = slice.getSource();
  auto reshape = [&](ArrayRef<int64_t> to, int64_t split, bool expand) {
    // Two groups: rows, and columns.
    int64_t rank = expand ? to.size() : source.getRank();
    SmallVector<ReassociationIndices> groups(2);
    for (int64_t dim = 0; dim < rank; ++dim)
      groups[dim >= split].push_back(dim);
    auto result = RankedTensorType::get(to, type.getElementType());
    if (expand)
      value =
          tensor::ExpandShapeOp::create(rewriter, loc, result, value, groups);
    else
      value =
          tensor::CollapseShapeOp::create(rewriter, loc, result, value, groups);
  };
  if (source.getRank() > 2)
    reshape({source.getNumElements() / columns, columns}, source.getRank() - 1,
            /*expand=*/false);
  if (shape.size() > 2)
    reshape(whole, first, /*expand=*/true);
  MLIRContext *ctx = slice.getContext();
  SmallVector<OpFoldResult> ones(shape.size(), rewriter.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(
      rewriter, loc, value, getAsIndexOpFoldResult(ctx, begin),
      getAsIndexOpFoldResult(ctx, shape), ones);
}

namespace {
struct SliceOperands : orchestra::impl::SliceOperandsPassBase<SliceOperands> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<linalg_ext::AttentionOp> ops;
    getOperation().walk([&](linalg_ext::AttentionOp op) { ops.push_back(op); });
    for (linalg_ext::AttentionOp op : ops)
      for (OpOperand *operand :
           {&op.getQueryMutable(), &op.getKeyMutable(), &op.getValueMutable()})
        read(rewriter, *operand);
  }

private:
  /// Gives the operand a slice of its own, which goes into its kernel.
  void read(IRRewriter &rewriter, OpOperand &operand) {
    Value value = operand.get();
    while (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
        value.getDefiningOp()))
      value = value.getDefiningOp()->getOperand(0);
    auto slice = value.getDefiningOp<tensor::ExtractSliceOp>();
    auto type = cast<RankedTensorType>(operand.get().getType());
    if (!slice || !type.hasStaticShape())
      return;
    tensor::ExtractSliceOp own;
    if (value == operand.get()) {
      if (!slice.hasUnitStride() ||
          llvm::any_of(slice.getStaticOffsets(), ShapedType::isDynamic))
        return;
      rewriter.setInsertionPoint(slice);
      own = cast<tensor::ExtractSliceOp>(rewriter.clone(*slice));
    } else if (cutsColumns(slice)) {
      own = reshapeFirst(rewriter, slice, type);
    }
    if (!own)
      return;
    own->setAttr(kInKernelAttrName, rewriter.getUnitAttr());
    rewriter.modifyOpInPlace(operand.getOwner(),
                             [&] { operand.set(own.getResult()); });
  }
};
} // namespace
