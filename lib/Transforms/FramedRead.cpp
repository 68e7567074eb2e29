//===- FramedRead.cpp - Reads of what has a frame around it ---------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "FramedRead.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace orchestra;

Value orchestra::readFramed(OpBuilder &b, Location loc, Value source,
                            ArrayRef<Value> indices, ArrayRef<int64_t> framed,
                            Value outside, Value also) {
  auto type = cast<RankedTensorType>(source.getType());
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  SmallVector<Value> at(indices);
  Value inside = also;
  for (int64_t dim : framed) {
    int64_t size = type.getDimSize(dim);
    // As an unsigned number, one below zero is behind the end.
    Value holds = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult,
                                        at[dim], constant(size));
    inside = inside ? arith::AndIOp::create(b, loc, inside, holds).getResult()
                    : holds;
    at[dim] = arith::MaxSIOp::create(b, loc, at[dim], constant(0));
    at[dim] = arith::MinSIOp::create(b, loc, at[dim], constant(size - 1));
  }
  Value value = tensor::ExtractOp::create(b, loc, source, at);
  return inside ? arith::SelectOp::create(b, loc, inside, value, outside)
                      .getResult()
                : value;
}
