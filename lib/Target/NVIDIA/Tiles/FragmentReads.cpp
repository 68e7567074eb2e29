//===- FragmentReads.cpp - Reads of global memory into fragments ----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Indices are clamped to the buffer instead of branched on: what a position
// outside of it holds is never stored.
//
//===----------------------------------------------------------------------===//
#include "FragmentReads.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

namespace {
class Reader {
public:
  Reader(OpBuilder &builder, ReadOp op, Value warpgroup, int64_t consumers);
  SmallVector<Value> read();

private:
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  /// Tile position `at` + `offset` in dimension `dim` of the buffer, in bounds.
  Value getIndex(unsigned dim, Value at, int64_t offset, int64_t last);
  /// The pair at rows `row` + rowOffset, columns `column` + columnOffset.
  Value readPair(int64_t rowOffset, int64_t columnOffset);
  Value loadElements(ValueRange indices, Type type);

  OpBuilder &builder;
  ReadOp op;
  Location loc;
  MemRefType buffer;
  Type element;
  int64_t rows, columns;
  Value row, column; ///< of this thread's first pair
  Value pointer;
};
} // namespace

Reader::Reader(OpBuilder &builder, ReadOp op, Value warpgroup,
               int64_t consumers)
    : builder(builder), op(op), loc(op.getLoc()),
      buffer(cast<MemRefType>(op.getSource().getType())),
      element(buffer.getElementType()),
      rows(op.getFragment().getType().getDimSize(0) / consumers),
      columns(op.getFragment().getType().getDimSize(1)) {
  Value tid = NVVM::ThreadIdXOp::create(builder, loc, builder.getI32Type());
  Value thread =
      arith::IndexCastOp::create(builder, loc, builder.getIndexType(), tid);
  auto bits = [&](Value value, int64_t shift, int64_t mask) -> Value {
    value = arith::ShRUIOp::create(builder, loc, value, constant(shift));
    return arith::AndIOp::create(builder, loc, value, constant(mask));
  };
  // Warp of four: 16 rows each; lane: 4 threads a row.
  Value warp =
      arith::MulIOp::create(builder, loc, bits(thread, 5, 3), constant(16));
  row = arith::AddIOp::create(builder, loc, warp, bits(thread, 2, 7));
  Value part = arith::MulIOp::create(builder, loc, warpgroup, constant(rows));
  row = arith::AddIOp::create(builder, loc, row, part);
  column = arith::MulIOp::create(builder, loc, bits(thread, 0, 3), constant(2));
  pointer = UnrealizedConversionCastOp::create(
                builder, loc, LLVM::LLVMPointerType::get(op.getContext(), 1),
                op.getSource())
                .getResult(0);
}

Value Reader::getIndex(unsigned dim, Value at, int64_t offset, int64_t last) {
  Value index = arith::AddIOp::create(builder, loc, op.getIndices()[dim], at);
  if (offset != 0)
    index = arith::AddIOp::create(builder, loc, index, constant(offset));
  return arith::MinUIOp::create(builder, loc, index, constant(last));
}

Value Reader::loadElements(ValueRange indices, Type type) {
  // Buffers may have more elements than 32 bits count.
  Type i64 = builder.getI64Type();
  SmallVector<int64_t> strides = buffer.getStridesAndOffset().first;
  Value offset;
  for (auto [index, stride] : llvm::zip_equal(indices, strides)) {
    Value wide = arith::IndexCastUIOp::create(builder, loc, i64, index);
    if (stride != 1)
      wide = arith::MulIOp::create(
          builder, loc, wide,
          arith::ConstantOp::create(builder, loc,
                                    builder.getI64IntegerAttr(stride)));
    offset = offset ? arith::AddIOp::create(builder, loc, offset, wide) : wide;
  }
  Value address = pointer;
  if (offset)
    address = LLVM::GEPOp::create(builder, loc, pointer.getType(), element,
                                  pointer, ValueRange(offset));
  return LLVM::LoadOp::create(
      builder, loc, type, address,
      getElementTypeOrSelf(type).getIntOrFloatBitWidth() / 8 *
          (isa<VectorType>(type) ? 2 : 1));
}

Value Reader::readPair(int64_t rowOffset, int64_t columnOffset) {
  AffineMap map = op.getMap();
  auto pair = VectorType::get({2}, element);
  unsigned rank = buffer.getRank();
  AffineExpr rows = builder.getAffineDimExpr(0),
             columns = builder.getAffineDimExpr(1);
  // Neighbours in memory, both in bounds or both out.
  bool together = rank > 0 && map.getResult(rank - 1) == columns &&
                  buffer.getDimSize(rank - 1) % 2 == 0;
  SmallVector<Value> parts;
  for (int64_t lane = 0; lane < (together ? 1 : 2); ++lane) {
    SmallVector<Value> indices;
    for (unsigned dim = 0; dim < rank; ++dim) {
      int64_t last = buffer.getDimSize(dim) - 1;
      if (map.getResult(dim) == rows)
        indices.push_back(getIndex(dim, row, rowOffset, last));
      else if (map.getResult(dim) == columns)
        indices.push_back(getIndex(dim, column, columnOffset + lane,
                                   together ? last - 1 : last));
      else
        indices.push_back(op.getIndices()[dim]);
    }
    Value part = loadElements(indices, together ? Type(pair) : element);
    if (together)
      return part;
    parts.push_back(part);
    if (!map.isFunctionOfDim(1)) { // The same for both.
      parts.push_back(part);
      break;
    }
  }
  return vector::FromElementsOp::create(builder, loc, pair, parts);
}

SmallVector<Value> Reader::read() {
  AffineMap map = op.getMap();
  bool byRow = map.isFunctionOfDim(0), byColumn = map.isFunctionOfDim(1);
  DenseMap<std::pair<int64_t, int64_t>, Value> known;
  SmallVector<Value> values;
  for (int64_t block = 0; block < rows; block += 64)
    for (int64_t columnAt = 0; columnAt < columns; columnAt += 8)
      for (int64_t half = 0; half < 16; half += 8) {
        int64_t rowAt = byRow ? block + half : 0;
        int64_t at = byColumn ? columnAt : 0;
        Value &pair = known[{rowAt, at}];
        if (!pair)
          pair = readPair(rowAt, at);
        if (!isWord(element)) {
          values.push_back(pair);
          continue;
        }
        for (int64_t lane = 0; lane < 2; ++lane)
          values.push_back(vector::ExtractOp::create(builder, loc, pair, lane));
      }
  return values;
}

SmallVector<Value> nvtile::readFragment(OpBuilder &builder, ReadOp op,
                                        Value warpgroup, int64_t consumers) {
  return Reader(builder, op, warpgroup, consumers).read();
}
