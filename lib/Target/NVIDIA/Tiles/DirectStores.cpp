//===- DirectStores.cpp - Results straight to global memory ---------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For tiles that are narrower than a panel of the copy engine. Rows of the
// buffer have a multiple of eight elements, so the two of a pair are in bounds
// or out together.
//
//===----------------------------------------------------------------------===//
#include "FragmentReads.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

void nvtile::storeDirectly(StoreFragmentOp op) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  auto buffer = cast<MemRefType>(op.getTarget().getType());
  Type element = buffer.getElementType(), i64 = builder.getI64Type();
  auto [rowDim, columnDim] = getTileDims(op.getDims(), buffer.getRank());
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  auto add = [&](Value a, Value b) -> Value {
    return arith::AddIOp::create(builder, loc, a, b);
  };
  auto isBelow = [&](Value index, int64_t dim) -> Value {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, index,
                                 constant(buffer.getDimSize(dim)));
  };
  Value thread = arith::IndexCastOp::create(
      builder, loc, builder.getIndexType(),
      NVVM::ThreadIdXOp::create(builder, loc, builder.getI32Type()));
  auto bits = [&](int64_t shift, int64_t mask) -> Value {
    Value value = arith::ShRUIOp::create(builder, loc, thread, constant(shift));
    return arith::AndIOp::create(builder, loc, value, constant(mask));
  };
  auto times = [&](Value value, int64_t by) -> Value {
    return arith::MulIOp::create(builder, loc, value, constant(by));
  };
  Value firstRow =
      add(op.getIndices()[rowDim], add(times(bits(5, 3), 16), bits(2, 7)));
  Value firstColumn = add(op.getIndices()[columnDim], times(bits(0, 3), 2));
  Value base = UnrealizedConversionCastOp::create(
                   builder, loc, LLVM::LLVMPointerType::get(op.getContext(), 1),
                   op.getTarget())
                   .getResult(0);
  SmallVector<int64_t> strides = buffer.getStridesAndOffset().first;
  auto pair = VectorType::get({2}, element);
  bool words = isWord(element);
  size_t next = 0;
  for (int64_t block = 0; block < int64_t(op.getRows()); block += 64)
    for (int64_t at = 0; at < int64_t(op.getColumns()); at += 8)
      for (int64_t half = 0; half < 16; half += 8) {
        Value value = op.getRegisters()[next++];
        if (words)
          value = vector::FromElementsOp::create(
              builder, loc, pair, ValueRange{value, op.getRegisters()[next++]});
        Value row = add(firstRow, constant(block + half));
        Value column = add(firstColumn, constant(at));
        Value inside = arith::AndIOp::create(builder, loc, isBelow(row, rowDim),
                                             isBelow(column, columnDim));
        auto branch = scf::IfOp::create(builder, loc, inside);
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPointToStart(branch.thenBlock());
        Value offset;
        for (auto [dim, stride] : llvm::enumerate(strides)) {
          Value index = int64_t(dim) == rowDim      ? row
                        : int64_t(dim) == columnDim ? column
                                                    : op.getIndices()[dim];
          Value wide = arith::IndexCastUIOp::create(builder, loc, i64, index);
          wide = arith::MulIOp::create(
              builder, loc, wide,
              arith::ConstantOp::create(builder, loc,
                                        builder.getI64IntegerAttr(stride)));
          offset =
              offset ? arith::AddIOp::create(builder, loc, offset, wide) : wide;
        }
        Value place = LLVM::GEPOp::create(builder, loc, base.getType(), element,
                                          base, ValueRange(offset));
        LLVM::StoreOp::create(builder, loc, value, place,
                              element.getIntOrFloatBitWidth() / 8 * 2);
      }
  op.erase();
}
