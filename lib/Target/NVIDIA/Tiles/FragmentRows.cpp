//===- FragmentRows.cpp - Numbers of rows to the threads -----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A row of a tile lies in four neighbouring threads, which agree on its number
// by shuffles.
//
//===----------------------------------------------------------------------===//
#include "Distributor.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

/// First a thread's own columns, then those of the four threads of a row.
LogicalResult Distributor::distributeReduction(vector::MultiDimReductionOp op) {
  Location loc = op.getLoc();
  auto type = cast<VectorType>(op.getSource().getType());
  Type element = type.getElementType();
  if (type.getRank() != 2 || op.isReducedDim(0) || !element.isF32())
    return emitError(loc, "reduction of a tile is not that of rows of f32 "
                          "[unsupported-by-target]");
  ArrayRef<Value> values = registers[op.getSource()];
  SmallVector<Value> results = registers[op.getAcc()];
  int64_t blocks = type.getDimSize(0) / consumers / 64;
  int64_t perBlock = values.size() / blocks;
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getI32IntegerAttr(value));
  };
  auto combine = [&](Value a, Value b) {
    return vector::makeArithReduction(builder, loc, op.getKind(), a, b);
  };
  for (int64_t block = 0; block < blocks; ++block)
    for (int64_t half = 0; half < 2; ++half) {
      SmallVector<Value> own;
      for (int64_t at = 0; at < perBlock; ++at)
        if (at / 2 % 2 == half)
          own.push_back(values[block * perBlock + at]);
      while (own.size() > 1) {
        SmallVector<Value> halved;
        for (size_t at = 0; at + 1 < own.size(); at += 2)
          halved.push_back(combine(own[at], own[at + 1]));
        if (own.size() % 2 != 0)
          halved.push_back(own.back());
        own = halved;
      }
      Value sum = own[0];
      for (int64_t distance : {1, 2}) {
        Value other = NVVM::ShflOp::create(
            builder, loc, element, constant(-1), sum, constant(distance),
            constant(31), NVVM::ShflKind::bfly, /*returnValueAndIsValid=*/
            UnitAttr());
        sum = combine(sum, other);
      }
      Value &result = results[block * 2 + half];
      result = combine(result, sum);
    }
  keep(op.getResult(), results);
  old.push_back(op);
  return success();
}

void Distributor::distributeRepeat(RepeatOp op) {
  SmallVector<Value> rows = registers[op.getRows()];
  auto type = cast<VectorType>(op.getFragment().getType());
  SmallVector<Type> types = getRegisterTypes(type);
  if (types[0] != rows[0].getType())
    for (Value &row : rows)
      row = vector::BroadcastOp::create(builder, op.getLoc(), types[0], row);
  int64_t blocks = rows.size() / 2, perBlock = types.size() / blocks;
  int64_t perRow = isWord(type.getElementType()) ? 2 : 1;
  SmallVector<Value> values;
  for (int64_t at = 0; at < int64_t(types.size()); ++at)
    values.push_back(rows[at / perBlock * 2 + at / perRow % 2]);
  keep(op.getFragment(), values);
  old.push_back(op);
}

void Distributor::distributePosition(PositionOp op) {
  Location loc = op.getLoc();
  auto type = cast<VectorType>(op.getFragment().getType());
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  auto bits = [&](Value value, int64_t shift, int64_t mask) -> Value {
    value = arith::ShRUIOp::create(builder, loc, value, constant(shift));
    return arith::AndIOp::create(builder, loc, value, constant(mask));
  };
  Value thread = arith::IndexCastOp::create(
      builder, loc, builder.getIndexType(),
      NVVM::ThreadIdXOp::create(builder, loc, builder.getI32Type()));
  Value first;
  if (op.getDim() == 0) {
    int64_t rows = type.getDimSize(0) / consumers;
    first = arith::MulIOp::create(builder, loc, warpgroup, constant(rows));
    Value warp =
        arith::MulIOp::create(builder, loc, bits(thread, 5, 3), constant(16));
    first = arith::AddIOp::create(builder, loc, first, warp);
    first = arith::AddIOp::create(builder, loc, first, bits(thread, 2, 7));
  } else {
    first =
        arith::MulIOp::create(builder, loc, bits(thread, 0, 3), constant(2));
  }
  bool ofRows = isOfRows(type);
  int64_t count = getRegisterTypes(type).size();
  int64_t perBlock = count / (type.getDimSize(0) / consumers / 64);
  DenseMap<int64_t, Value> known;
  SmallVector<Value> values;
  for (int64_t at = 0; at < count; ++at) {
    int64_t half = ofRows ? at % 2 : at / 2 % 2;
    int64_t offset = op.getDim() == 0 ? at / perBlock * 64 + half * 8
                                      : at % perBlock / 4 * 8 + at % 2;
    Value &value = known[offset];
    if (!value)
      value = offset == 0 ? first
                          : arith::AddIOp::create(builder, loc, first,
                                                  constant(offset));
    values.push_back(value);
  }
  keep(op.getFragment(), values);
  old.push_back(op);
}
