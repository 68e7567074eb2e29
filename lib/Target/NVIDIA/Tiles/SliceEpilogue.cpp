//===- SliceEpilogue.cpp - Results a slice of columns at a time -----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tile's accumulators fill half of the registers. What an epilogue reads and
// computes would fill the other half and spill, were it done on the whole tile;
// done on the columns that are stored together, it needs a part of that, and
// the stores of one slice run while the next one is computed.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/NVIDIA/Passes.h"
#include "orchestra/Target/NVIDIA/Tiles.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIASLICEEPILOGUEPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

namespace {
/// Makes one slice of what a store stores.
class Slicer {
public:
  Slicer(OpBuilder &builder, int64_t from, int64_t width)
      : builder(builder), from(from), width(width) {}

  Value slice(Value value);

private:
  VectorType narrow(Type type) {
    auto whole = cast<VectorType>(type);
    return VectorType::get({whole.getDimSize(0), width},
                           whole.getElementType());
  }
  Value sliceRead(ReadOp op);

  OpBuilder &builder;
  int64_t from, width;
  DenseMap<Value, Value> known;
};
} // namespace

Value Slicer::sliceRead(ReadOp op) {
  SmallVector<Value> indices = llvm::to_vector(op.getIndices());
  for (auto [dim, index] : llvm::enumerate(indices))
    if (op.getMap().getResult(dim) == getAffineDimExpr(1, op.getContext()) &&
        from != 0)
      index = arith::AddIOp::create(
          builder, op.getLoc(), index,
          arith::ConstantIndexOp::create(builder, op.getLoc(), from));
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
    for (Value operand : op->getOperands())
      operands.push_back(slice(operand));
    result = builder
                 .create(op->getLoc(), op->getName().getIdentifier(), operands,
                         narrow(value.getType()), op->getAttrs())
                 ->getResult(0);
  } else {
    int64_t rows = cast<VectorType>(value.getType()).getDimSize(0);
    result = vector::ExtractStridedSliceOp::create(
        builder, value.getLoc(), value, ArrayRef<int64_t>{0, from},
        ArrayRef<int64_t>{rows, width}, ArrayRef<int64_t>{1, 1});
  }
  known[value] = result;
  return result;
}

/// Splits a store into those of slices of `width` columns.
static void split(StoreOp op, int64_t width) {
  OpBuilder builder(op);
  int64_t columns = op.getValue().getType().getDimSize(1);
  for (int64_t from = 0; from < columns; from += width) {
    Value part = Slicer(builder, from, width).slice(op.getValue());
    SmallVector<Value> indices = llvm::to_vector(op.getIndices());
    Value &column = indices[getTileDims(op.getDims(), indices.size()).second];
    if (from != 0)
      column = arith::AddIOp::create(
          builder, op.getLoc(), column,
          arith::ConstantIndexOp::create(builder, op.getLoc(), from));
    StoreOp::create(builder, op.getLoc(), part, op.getTarget(), indices,
                    op.getDimsAttr());
  }
  // What only the whole store used.
  SmallVector<Value> unused = {op.getValue()};
  op.erase();
  while (!unused.empty()) {
    Operation *dead = unused.pop_back_val().getDefiningOp();
    if (!dead || !dead->use_empty() || dead->getNumRegions() ||
        !(isa<ReadOp>(dead) || isMemoryEffectFree(dead)))
      continue;
    llvm::append_range(unused, dead->getOperands());
    dead->erase();
  }
}

namespace {
struct NVIDIASliceEpiloguePass
    : public nvidia::impl::NVIDIASliceEpiloguePassBase<
          NVIDIASliceEpiloguePass> {
  using Base::Base;

  void runOnOperation() override {
    auto policy = getOperation()->getAttrOfType<PolicyAttr>(kPolicyAttrName);
    if (!policy)
      return;
    SmallVector<StoreOp> stores;
    getOperation().walk([&](StoreOp op) { stores.push_back(op); });
    for (StoreOp op : stores) {
      VectorType type = op.getValue().getType();
      int64_t width =
          policy.getStoreBytes() * 8 / type.getElementTypeBitWidth();
      if (width < type.getDimSize(1) && type.getDimSize(1) % width == 0)
        split(op, width);
    }
  }
};
} // namespace
