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

static bool isStaticSlice(tensor::ExtractSliceOp op) {
  return op && op.hasUnitStride() && op.getSourceType().hasStaticShape() &&
         op.getType().hasStaticShape() &&
         !llvm::any_of(op.getStaticOffsets(), ShapedType::isDynamic) &&
         !llvm::any_of(op.getStaticSizes(), ShapedType::isDynamic) &&
         op.getSourceType().getRank() == op.getType().getRank();
}

/// The slice of an expanded value that equals `op`, the expansion of a slice:
/// if a slice begins and ends between whole inner parts. Null otherwise.
static tensor::ExtractSliceOp swap(IRRewriter &rewriter,
                                   tensor::ExpandShapeOp op,
                                   tensor::ExtractSliceOp slice) {
  ArrayRef<int64_t> source = slice.getSourceType().getShape(),
                    offsets = slice.getStaticOffsets(),
                    result = op.getResultType().getShape();
  SmallVector<int64_t> shape, begin;
  for (auto [dim, group] : llvm::enumerate(op.getReassociationIndices())) {
    int64_t inner = 1;
    for (int64_t part : ArrayRef(group).drop_front())
      inner *= result[part];
    if (inner == 0 || source[dim] % inner != 0 || offsets[dim] % inner != 0)
      return nullptr;
    shape.push_back(source[dim] / inner);
    begin.push_back(offsets[dim] / inner);
    for (int64_t part : ArrayRef(group).drop_front()) {
      shape.push_back(result[part]);
      begin.push_back(0);
    }
  }
  rewriter.setInsertionPoint(slice);
  Value whole = tensor::ExpandShapeOp::create(
      rewriter, op.getLoc(),
      RankedTensorType::get(shape, op.getResultType().getElementType()),
      slice.getSource(), op.getReassociationIndices());
  SmallVector<OpFoldResult> ones(shape.size(), rewriter.getIndexAttr(1));
  MLIRContext *ctx = op.getContext();
  return tensor::ExtractSliceOp::create(
      rewriter, slice.getLoc(), whole, getAsIndexOpFoldResult(ctx, begin),
      getAsIndexOpFoldResult(ctx, result), ones);
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
    auto slice = operand.get().getDefiningOp<tensor::ExtractSliceOp>();
    if (auto expand = operand.get().getDefiningOp<tensor::ExpandShapeOp>()) {
      slice = expand.getSrc().getDefiningOp<tensor::ExtractSliceOp>();
      if (!isStaticSlice(slice))
        return;
      slice = swap(rewriter, expand, slice);
    } else if (isStaticSlice(slice)) {
      rewriter.setInsertionPoint(slice);
      slice = cast<tensor::ExtractSliceOp>(rewriter.clone(*slice));
    } else {
      return;
    }
    if (!slice)
      return;
    slice->setAttr(kInKernelAttrName, rewriter.getUnitAttr());
    rewriter.modifyOpInPlace(operand.getOwner(),
                             [&] { operand.set(slice.getResult()); });
  }
};
} // namespace
