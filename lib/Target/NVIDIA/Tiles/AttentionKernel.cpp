//===- AttentionKernel.cpp - Attention that tensor cores take -------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "AttentionKernel.h"

#include "MatmulKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;
using linalg_ext::AttentionOp;

/// Columns of one product.
static constexpr int64_t kMaxColumns = 256;
/// Dimensions of a tensor map.
static constexpr int64_t kMaxRank = 5;

SmallVector<int64_t> nvtile::getStaticLoops(AttentionOp op) {
  OpBuilder builder(op);
  SmallVector<int64_t> sizes;
  for (OpFoldResult size : op.getLoopSizes(builder))
    sizes.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  return sizes;
}

/// Whether the copy engine brings or takes tiles over these two loops.
static bool hasTiles(AttentionOp op, OpOperand &operand, unsigned a,
                     unsigned b) {
  Value buffer = operand.get();
  if (auto slice = buffer.getDefiningOp<tensor::ExtractSliceOp>())
    buffer = slice.getSource();
  auto type = cast<RankedTensorType>(buffer.getType());
  if (type.getRank() < 2 || type.getRank() > kMaxRank ||
      !hasTensorMap(type, type.getRank()))
    return false;
  AffineMap map = op.getMap(&operand);
  unsigned last = map.getDimPosition(map.getNumResults() - 1);
  return map.isFunctionOfDim(a) && map.isFunctionOfDim(b) &&
         (last == a || last == b);
}

std::string nvtile::whyNotOnTiles(AttentionOp op) {
  for (Value operand : op->getOperands())
    if (auto type = dyn_cast<RankedTensorType>(operand.getType());
        type && !type.hasStaticShape())
      return "its sizes are open";
  if (op->getNumResults() != 1)
    return "it is not on tensors";
  Type element = getElementTypeOrSelf(op.getQuery());
  if (!element.isF16() && !element.isBF16())
    return "its operands are neither f16 nor bf16";
  if (getElementTypeOrSelf(op.getKey()) != element ||
      getElementTypeOrSelf(op.getValue()) != element)
    return "its operands are of different types";
  Type result = getElementTypeOrSelf(op.getOutputs()[0]);
  if (!op.getScale().getType().isF32() ||
      (!result.isF32() && result != element))
    return "its result is neither of its operands' type nor f32";
  SmallVector<int64_t> sizes = getStaticLoops(op);
  if (llvm::is_contained(sizes, 0))
    return "it has no elements";
  unsigned rows = op.getRowLoop(), columns = op.getColumnLoop(),
           inner = op.getInnerLoop(), keys = op.getKeyLoop();
  if (sizes[columns] > kMaxColumns || sizes[inner] > kMaxColumns)
    return "its heads are wider than 256";
  OpOperand &output = op.getOutputsMutable()[0];
  if (!hasTiles(op, op.getQueryMutable(), rows, inner) ||
      !hasTiles(op, op.getKeyMutable(), keys, inner) ||
      !hasTiles(op, op.getValueMutable(), keys, columns) ||
      !hasTiles(op, output, rows, columns))
    return "an operand's rows are not a multiple of 16 bytes";
  AffineMap map = op.getMap(&output);
  if (map.getDimPosition(map.getNumResults() - 1) != columns)
    return "its result is transposed";
  if (op.getMask() && !isa<FloatType>(getElementTypeOrSelf(op.getMask())))
    return "its mask is no number";
  if (op.getPast() && !getConstantIntValue(op.getPast()))
    return "its causal bound is computed";
  return "";
}

AttentionOp nvtile::padToTiles(RewriterBase &rewriter, AttentionOp op,
                               int64_t rows, int64_t keys, int64_t columns) {
  SmallVector<int64_t> sizes = getStaticLoops(op), padded = sizes;
  auto widen = [&](unsigned loop, int64_t tile) {
    padded[loop] = llvm::alignTo(sizes[loop], tile);
  };
  widen(op.getRowLoop(), rows);
  widen(op.getKeyLoop(), keys);
  widen(op.getColumnLoop(), columns);
  widen(op.getInnerLoop(), columns);
  if (padded == sizes)
    return op;
  rewriter.setInsertionPoint(op);
  Location loc = op.getLoc();
  SmallVector<Value> operands(op->getOperands());
  Value output = op.getOutputs()[0];
  for (OpOperand *operand : op.getIndexedOperands()) {
    SmallVector<int64_t> shape = op.getMap(operand).compose(padded);
    Value &value = operands[operand->getOperandNumber()];
    if (operand->get() == output)
      value = tensor::EmptyOp::create(rewriter, loc, shape,
                                      getElementTypeOrSelf(output));
    else
      value = padTo(rewriter, loc, value, shape);
  }
  Value empty = operands[op.getOutputsMutable()[0].getOperandNumber()];
  auto whole =
      cast<AttentionOp>(clone(rewriter, op, empty.getType(), operands));
  auto type = cast<RankedTensorType>(output.getType());
  SmallVector<OpFoldResult> zeros(type.getRank(), rewriter.getIndexAttr(0)),
      ones(type.getRank(), rewriter.getIndexAttr(1)),
      shape = getAsIndexOpFoldResult(rewriter.getContext(), type.getShape());
  rewriter.replaceOpWithNewOp<tensor::ExtractSliceOp>(
      op, type, whole.getResult(0), zeros, shape, ones);
  return whole;
}
