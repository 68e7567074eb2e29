//===- StackBuffers.cpp - Temporary buffers of kernels --------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tiles and rows between the ops of one kernel live here, one copy a thread.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/CPU/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_CPUSTACKBUFFERSPASS
#include "orchestra/Target/CPU/Passes.h.inc"
} // namespace orchestra

/// Bytes that the buffer needs at most, with the shape of that bound, or none.
static std::optional<int64_t> getUpperBound(memref::AllocOp alloc,
                                            SmallVectorImpl<int64_t> &shape) {
  MemRefType type = alloc.getType();
  if (!type.getElementType().isIntOrFloat() || !type.getLayout().isIdentity())
    return std::nullopt;
  int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    int64_t size = type.getDimSize(dim);
    if (ShapedType::isDynamic(size)) {
      FailureOr<int64_t> bound = ValueBoundsConstraintSet::computeConstantBound(
          presburger::BoundType::UB, {alloc.getResult(), dim},
          /*stopCondition=*/nullptr, /*closedUB=*/true);
      if (failed(bound))
        return std::nullopt;
      size = *bound;
    }
    shape.push_back(size);
    bytes *= size;
  }
  return bytes;
}

/// Moves what computes `value` to the end of `moved`, operands first, if all of
/// it depends on the function's arguments only.
static bool collectMovable(Value value, Block &entry,
                           SetVector<Operation *> &moved) {
  Operation *def = value.getDefiningOp();
  if (!def)
    return value.getParentBlock() == &entry;
  if (moved.contains(def))
    return true;
  if (def->getNumRegions() != 0 ||
      !(isMemoryEffectFree(def) || isa<memref::DimOp>(def)))
    return false;
  for (Value operand : def->getOperands())
    if (!collectMovable(operand, entry, moved))
      return false;
  moved.insert(def);
  return true;
}

/// Takes a heap buffer once a call instead of once an iteration, if its size
/// allows.
static void hoist(memref::AllocOp alloc) {
  auto function = alloc->getParentOfType<func::FuncOp>();
  Block &entry = function.getBody().front();
  if (alloc->getBlock() == &entry)
    return;
  SetVector<Operation *> moved;
  for (Value size : alloc.getDynamicSizes())
    if (!collectMovable(size, entry, moved))
      return;
  IRMapping map;
  OpBuilder builder = OpBuilder::atBlockBegin(&entry);
  for (Operation *op : moved)
    builder.clone(*op, map);
  SmallVector<Value> sizes;
  for (Value size : alloc.getDynamicSizes())
    sizes.push_back(map.lookupOrDefault(size));
  // The clone of the sizes dominates all; the allocation follows it.
  alloc->moveBefore(&entry, builder.getInsertionPoint());
  alloc.getDynamicSizesMutable().assign(sizes);
}

namespace {
struct CPUStackBuffers
    : orchestra::impl::CPUStackBuffersPassBase<CPUStackBuffers> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<memref::AllocOp> allocs;
    getOperation().walk([&](memref::AllocOp op) { allocs.push_back(op); });
    int64_t left = maxTotalBytes;
    for (memref::AllocOp alloc : allocs) {
      MemRefType type = alloc.getType();
      SmallVector<int64_t> shape;
      std::optional<int64_t> bytes = getUpperBound(alloc, shape);
      OpBuilder builder(alloc);
      Location loc = alloc.getLoc();
      if (!bytes || *bytes > std::min<int64_t>(maxBytes, left)) {
        alloc.setAlignment(64);
        hoist(alloc);
        builder.setInsertionPoint(alloc->getBlock()->getTerminator());
        memref::DeallocOp::create(builder, loc, alloc);
        continue;
      }
      left -= *bytes;
      // One flat buffer at the entry; the shape is put over it where the
      // sizes are known.
      OpBuilder entry =
          OpBuilder::atBlockBegin(&getOperation().getBody().front());
      int64_t elements = 1;
      for (int64_t size : shape)
        elements *= size;
      auto flat = memref::AllocaOp::create(
          entry, loc,
          MemRefType::get({std::max<int64_t>(elements, 1)},
                          type.getElementType()),
          ValueRange(), ValueRange(), entry.getI64IntegerAttr(64));
      SmallVector<OpFoldResult> sizes = alloc.getMixedSizes(), strides;
      OpFoldResult stride = builder.getIndexAttr(1);
      AffineExpr s0 = builder.getAffineSymbolExpr(0),
                 s1 = builder.getAffineSymbolExpr(1);
      for (OpFoldResult size : llvm::reverse(sizes)) {
        strides.insert(strides.begin(), stride);
        stride = affine::makeComposedFoldedAffineApply(builder, loc, s0 * s1,
                                                       {stride, size});
      }
      Value shaped = memref::ReinterpretCastOp::create(
          builder, loc, type, flat, builder.getIndexAttr(0), sizes, strides);
      alloc.replaceAllUsesWith(shaped);
      alloc.erase();
    }
  }
};
} // namespace
