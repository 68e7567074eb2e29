//===- Slicer.cpp - Columns of what a tile is computed from ---------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Slicer.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

VectorType Slicer::narrow(Type type) {
  auto whole = cast<VectorType>(type);
  return VectorType::get({whole.getDimSize(0), width}, whole.getElementType());
}

Value Slicer::move(Location loc, Value column) {
  if (isZeroInteger(from))
    return column;
  return arith::AddIOp::create(
      builder, loc, column,
      getValueOrCreateConstantIndexOp(builder, loc, from));
}

Value Slicer::sliceRead(ReadOp op) {
  SmallVector<Value> indices = llvm::to_vector(op.getIndices());
  for (auto [dim, index] : llvm::enumerate(indices))
    if (op.getMap().getResult(dim) == getAffineDimExpr(1, op.getContext()))
      index = move(op.getLoc(), index);
  return ReadOp::create(builder, op.getLoc(),
                        narrow(op.getFragment().getType()), op.getSource(),
                        indices, op.getMap());
}

Value Slicer::slice(Value value) {
  auto found = known.find(value);
  if (found != known.end())
    return found->second;
  Operation *op = value.getDefiningOp();
  Value result;
  DenseElementsAttr constant;
  if (auto read = dyn_cast_or_null<ReadOp>(op)) {
    result = sliceRead(read);
  } else if (op && matchPattern(op, m_Constant(&constant)) &&
             constant.isSplat()) {
    result = arith::ConstantOp::create(
        builder, op->getLoc(), constant.resizeSplat(narrow(value.getType())));
  } else if (auto broadcast = dyn_cast_or_null<vector::BroadcastOp>(op);
             broadcast && !isa<VectorType>(broadcast.getSourceType())) {
    result = vector::BroadcastOp::create(
        builder, op->getLoc(), narrow(value.getType()), broadcast.getSource());
  } else if (auto repeat = dyn_cast_or_null<RepeatOp>(op)) {
    result = RepeatOp::create(builder, op->getLoc(), narrow(value.getType()),
                              repeat.getRows());
  } else if (op && op->getNumResults() == 1 &&
             OpTrait::hasElementwiseMappableTraits(op)) {
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      operands.push_back(slice(operand));
      if (!operands.back())
        return nullptr;
    }
    result = builder
                 .create(op->getLoc(), op->getName().getIdentifier(), operands,
                         narrow(value.getType()), op->getAttrs())
                 ->getResult(0);
  } else if (std::optional<int64_t> column = getConstantIntValue(from)) {
    int64_t rows = cast<VectorType>(value.getType()).getDimSize(0);
    result = vector::ExtractStridedSliceOp::create(
        builder, value.getLoc(), value, ArrayRef<int64_t>{0, *column},
        ArrayRef<int64_t>{rows, width}, ArrayRef<int64_t>{1, 1});
  }
  if (result)
    known[value] = result;
  return result;
}

bool nvtile::storeSlice(OpBuilder &builder, StoreOp op, Slicer &slicer) {
  Value part = slicer.slice(op.getValue());
  if (!part)
    return false;
  SmallVector<Value> indices = llvm::to_vector(op.getIndices());
  Value &column = indices[getTileDims(op.getDims(), indices.size()).second];
  column = slicer.move(op.getLoc(), column);
  StoreOp::create(builder, op.getLoc(), part, op.getTarget(), indices,
                  op.getDimsAttr());
  return true;
}

void nvtile::eraseUnused(Value value) {
  SmallVector<Value> unused = {value};
  while (!unused.empty()) {
    Operation *dead = unused.pop_back_val().getDefiningOp();
    if (!dead || !dead->use_empty() || dead->getNumRegions() ||
        !(isa<ReadOp>(dead) || isMemoryEffectFree(dead)))
      continue;
    llvm::append_range(unused, dead->getOperands());
    dead->erase();
  }
}
