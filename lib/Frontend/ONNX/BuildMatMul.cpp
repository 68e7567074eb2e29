//===- BuildMatMul.cpp - Matrix products and casts ------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Build.h"
#include "Narrow.h"
#include "Sizes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace orchestra::onnx {

/// One element from one type to another, as the specification's Cast.
static Value castElement(ImplicitLocOpBuilder &b, Value x, ElementType from,
                         ElementType to, Type type) {
  if (to == ElementType::Bool) {
    Value zero = scalar(b, x.getType(), 0);
    if (isFloat(from))
      return arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, x, zero);
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, x, zero);
  }
  bool fromUnsigned = isUnsignedInt(from) || from == ElementType::Bool;
  if (isFloat(from) && isFloat(to)) {
    unsigned have = elementBits(from), want = elementBits(to);
    if (have == want) { // float16 and bfloat16
      x = arith::ExtFOp::create(b, b.getF32Type(), x);
      have = 32;
    }
    if (have < want)
      return arith::ExtFOp::create(b, type, x);
    return arith::TruncFOp::create(b, type, x);
  }
  if (isFloat(from)) {
    // Through the widest type, so that what does not fit wraps alike
    // everywhere.
    if (to == ElementType::UInt64)
      return arith::FPToUIOp::create(b, type, x);
    Value wide = arith::FPToSIOp::create(b, b.getI64Type(), x);
    if (elementBits(to) == 64)
      return wide;
    return arith::TruncIOp::create(b, type, wide);
  }
  if (isFloat(to)) {
    if (fromUnsigned)
      return arith::UIToFPOp::create(b, type, x);
    return arith::SIToFPOp::create(b, type, x);
  }
  unsigned have = x.getType().getIntOrFloatBitWidth();
  unsigned want = type.getIntOrFloatBitWidth();
  if (have == want)
    return x;
  if (have > want)
    return arith::TruncIOp::create(b, type, x);
  if (fromUnsigned)
    return arith::ExtUIOp::create(b, type, x);
  return arith::ExtSIOp::create(b, type, x);
}

std::optional<Data> convert(Op &op, const Data &input, ElementType type) {
  if (input.type == type) {
    Data result = input;
    if (!result.constant && !result.contents)
      result.value = op.value(input);
    return result;
  }
  Type element = op.elementType(type);
  if (!element || !op.elementType(input.type))
    return std::nullopt;
  if (isNarrow(type) || isNarrow(input.type))
    return convertNarrow(op, input, type);
  return elementwise(op, input, type,
                     [&](ImplicitLocOpBuilder &b, ValueRange v) {
                       return castElement(b, v[0], input.type, type, element);
                     });
}

/// Batch dimensions that broadcast: a generic whose maps leave out those of
/// size 1, so that nothing is copied.
static Value broadcastProduct(Op &op, const Data &a, const Data &b,
                              llvm::ArrayRef<Dim> shape, ElementType type) {
  int64_t rank = shape.size(), batch = rank - 2;
  MLIRContext *context = op.b.getContext();
  AffineExpr m = getAffineDimExpr(batch, context);
  AffineExpr n = getAffineDimExpr(batch + 1, context);
  AffineExpr k = getAffineDimExpr(batch + 2, context);
  auto operand = [&](const Data &data, AffineExpr row, AffineExpr column) {
    int64_t lead = rank - data.rank();
    Shape kept;
    llvm::SmallVector<AffineExpr> exprs;
    for (int64_t i = 0; i + 2 < data.rank(); ++i) {
      if (data.shape[i].is(1))
        continue;
      kept.push_back(data.shape[i]);
      exprs.push_back(getAffineDimExpr(lead + i, context));
    }
    kept.append(data.shape.end() - 2, data.shape.end());
    exprs.append({row, column});
    return std::make_pair(op.value(reshape(op, data, kept)),
                          AffineMap::get(rank + 1, 0, exprs, context));
  };
  auto [left, leftMap] = operand(a, m, k);
  auto [right, rightMap] = operand(b, k, n);
  llvm::SmallVector<AffineExpr> out;
  for (int64_t i = 0; i < rank; ++i)
    out.push_back(getAffineDimExpr(i, context));
  llvm::SmallVector<utils::IteratorType> loops(rank,
                                               utils::IteratorType::parallel);
  loops.push_back(utils::IteratorType::reduction);
  Value init = zeros(op, shape, type);
  auto generic = linalg::GenericOp::create(
      op.b, init.getType(), ValueRange{left, right}, init,
      llvm::ArrayRef<AffineMap>{leftMap, rightMap,
                                AffineMap::get(rank + 1, 0, out, context)},
      loops, [&](OpBuilder &builder, Location loc, ValueRange v) {
        ImplicitLocOpBuilder b(loc, builder);
        Value x = v[0], y = v[1];
        if (x.getType() != v[2].getType()) {
          x = arith::ExtFOp::create(b, v[2].getType(), x);
          y = arith::ExtFOp::create(b, v[2].getType(), y);
        }
        Value xy = combine(b, Reduction::Prod, type, x, y);
        linalg::YieldOp::create(b, combine(b, Reduction::Sum, type, v[2], xy));
      });
  return generic.getResult(0);
}

std::optional<Data> matmul(Op &op, const Data &a, const Data &b) {
  Dim m = a.shape[a.rank() - 2], k = a.shape.back(), n = b.shape.back();
  const Dim &other = b.shape[b.rank() - 2];
  if (k.constant() && other.constant() && k != other) {
    (void)op.fail("shape-mismatch", "operand shapes do not agree",
                  {"left is " + op.text(a.shape) + ", right is " +
                   op.text(b.shape) + "; dimension " +
                   std::to_string(a.rank() - 1) + " of left must equal " +
                   std::to_string(b.rank() - 2) + " of right"},
                  "the export may have lost a Transpose");
    return std::nullopt;
  }
  requireEqual(op, k, other, "sizes that are summed over");
  Data left = a, right = b;
  left.shape = Shape(a.shape.begin(), a.shape.end() - 2);
  right.shape = Shape(b.shape.begin(), b.shape.end() - 2);
  auto batch = broadcastShape(op, {left, right});
  if (!batch)
    return std::nullopt;
  bool sameBatch = left.shape == right.shape;
  // Narrow floats are summed in f32.
  ElementType type = a.type;
  if (isFloat(type) && elementBits(type) < 32)
    type = ElementType::Float;

  Data result;
  result.type = type;
  result.shape = *batch;
  result.shape.append({m, n});
  bool plainRight =
      llvm::all_of(right.shape, [](const Dim &d) { return d.is(1); });
  bool plainLeft =
      llvm::all_of(left.shape, [](const Dim &d) { return d.is(1); });
  if (plainRight) {
    // All but the last dimension of the left are rows.
    Dim rows = product(left.shape) * m;
    Value init = zeros(op, {rows, n}, type);
    Value x = op.value(reshape(op, a, {rows, k}));
    Value y = op.value(reshape(op, b, {other, n}));
    if (op.failed())
      return std::nullopt;
    Data flat;
    flat.type = type;
    flat.shape = {rows, n};
    flat.value =
        linalg::MatmulOp::create(op.b, init.getType(), ValueRange{x, y}, init)
            .getResult(0);
    result = reshape(op, flat, result.shape);
  } else if (sameBatch) {
    Dim count = product(*batch);
    Shape flatShape{count, m, n};
    Value init = zeros(op, flatShape, type);
    Value x = op.value(reshape(op, a, {count, m, k}));
    Value y = op.value(reshape(op, b, {count, other, n}));
    if (op.failed())
      return std::nullopt;
    Data flat;
    flat.type = type;
    flat.shape = flatShape;
    flat.value = linalg::BatchMatmulOp::create(op.b, init.getType(),
                                               ValueRange{x, y}, init)
                     .getResult(0);
    result = reshape(op, flat, result.shape);
  } else {
    // Sizes that only may be 1 at run time are made equal by a copy.
    auto settle = [&](const Data &data, bool plain) -> std::optional<Data> {
      int64_t lead = batch->size() + 2 - data.rank();
      for (int64_t i = 0; i + 2 < data.rank(); ++i)
        if (!plain && !data.shape[i].is(1) &&
            data.shape[i] != (*batch)[lead + i]) {
          Shape full = *batch;
          full.append(data.shape.end() - 2, data.shape.end());
          return broadcastTo(op, data, full);
        }
      return data;
    };
    auto x = settle(a, plainLeft), y = settle(b, plainRight);
    if (!x || !y)
      return std::nullopt;
    result.value = broadcastProduct(op, *x, *y, result.shape, type);
  }
  if (op.failed())
    return std::nullopt;
  return convert(op, result, a.type);
}

} // namespace orchestra::onnx
