//===- KernelShapes.cpp - Sizes and work of kernels -----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "KernelShapes.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

using namespace mlir;
using namespace orchestra;

std::optional<double> orchestra::countOperations(linalg::LinalgOp op) {
  double iterations = 1;
  for (int64_t range : op.getStaticLoopRanges()) {
    if (ShapedType::isDynamic(range))
      return std::nullopt;
    iterations *= range;
  }
  double perIteration = 0;
  for (Operation &bodyOp : op.getBlock()->without_terminator())
    if (!isa<arith::ConstantOp>(bodyOp) && bodyOp.getNumResults() == 1 &&
        bodyOp.getResult(0).getType().isIntOrFloat())
      ++perIteration;
  return iterations * perIteration;
}

std::optional<double> orchestra::countBytes(ValueRange values) {
  double bytes = 0;
  for (Value value : values) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type)
      continue;
    if (!type.hasStaticShape() || !type.getElementType().isIntOrFloat())
      return std::nullopt;
    bytes += double(type.getNumElements()) *
             llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  }
  return bytes;
}

bool orchestra::isFromOutside(Value value, Operation *op) {
  return !op->isAncestor(value.getParentBlock()->getParentOp());
}

bool orchestra::isEmpty(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && llvm::is_contained(tensor.getShape(), 0);
}

OpFoldResult orchestra::getDim(OpBuilder &b, Location loc, Value value,
                               int64_t dim) {
  auto type = cast<RankedTensorType>(value.getType());
  if (!type.isDynamicDim(dim))
    return b.getIndexAttr(type.getDimSize(dim));
  Operation *def = value.getDefiningOp();
  if (auto empty = dyn_cast_or_null<tensor::EmptyOp>(def))
    return empty.getMixedSizes()[dim];
  if (auto pad = dyn_cast_or_null<tensor::PadOp>(def)) {
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1),
               s2 = b.getAffineSymbolExpr(2);
    return affine::makeComposedFoldedAffineApply(
        b, loc, s0 + s1 + s2,
        {pad.getMixedLowPad()[dim], getDim(b, loc, pad.getSource(), dim),
         pad.getMixedHighPad()[dim]});
  }
  if (auto slice = dyn_cast_or_null<tensor::ExtractSliceOp>(def)) {
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    for (auto [i, size] : llvm::enumerate(slice.getMixedSizes()))
      if (!dropped.test(i) && dim-- == 0)
        return size;
  }
  if (auto concat = dyn_cast_or_null<tensor::ConcatOp>(def)) {
    if (int64_t(concat.getDim()) != dim)
      return getDim(b, loc, concat.getInputs().front(), dim);
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
    OpFoldResult sum = b.getIndexAttr(0);
    for (Value input : concat.getInputs())
      sum = affine::makeComposedFoldedAffineApply(
          b, loc, s0 + s1, {sum, getDim(b, loc, input, dim)});
    return sum;
  }
  if (auto expand = dyn_cast_or_null<tensor::ExpandShapeOp>(def))
    return expand.getMixedOutputShape()[dim];
  if (auto collapse = dyn_cast_or_null<tensor::CollapseShapeOp>(def)) {
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
    OpFoldResult product = b.getIndexAttr(1);
    // Not in the loop's head: it would die before the loop.
    ReassociationIndices sources = collapse.getReassociationIndices()[dim];
    for (int64_t source : sources)
      product = affine::makeComposedFoldedAffineApply(
          b, loc, s0 * s1,
          {product, getDim(b, loc, collapse.getSrc(), source)});
    return product;
  }
  if (auto cast = dyn_cast_or_null<tensor::CastOp>(def))
    return getDim(b, loc, cast.getSource(), dim);
  if (auto insert = dyn_cast_or_null<tensor::InsertSliceOp>(def))
    return getDim(b, loc, insert.getDest(), dim);
  if (auto insert = dyn_cast_or_null<tensor::InsertOp>(def))
    return getDim(b, loc, insert.getDest(), dim);
  // The states of a loop keep their shapes; the branches of a condition write
  // to what stands before both.
  if (auto loop = dyn_cast_or_null<LoopLikeOpInterface>(def))
    return getDim(
        b, loc, loop.getInits()[cast<OpResult>(value).getResultNumber()], dim);
  if (auto branch = dyn_cast_or_null<scf::IfOp>(def))
    return getDim(
        b, loc,
        branch.thenYield().getOperand(cast<OpResult>(value).getResultNumber()),
        dim);
  if (auto dps = dyn_cast_or_null<DestinationStyleOpInterface>(def))
    return getDim(b, loc, dps.getTiedOpOperand(cast<OpResult>(value))->get(),
                  dim);
  return b.createOrFold<tensor::DimOp>(loc, value, dim);
}

RankedTensorType orchestra::getOutputType(Value output) {
  if (auto tensor = dyn_cast<RankedTensorType>(output.getType()))
    return tensor;
  Type type = output.getType();
  if (type.isIndex()) // a tensor of those has no size of its own
    type = IntegerType::get(type.getContext(), 64);
  return RankedTensorType::get({}, type);
}
