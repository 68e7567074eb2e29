//===- Ordering.cpp - Running sums, ranks, one against all ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each element of an axis is compared with each other one: a reduction over
// pairs, quadratic in the axis, which needs nothing but linalg.generic. Axes of
// position ids and class scores are short enough for it.
//
//===----------------------------------------------------------------------===//
#include "Build.h"
#include "Sizes.h"
#include "Table.h"

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

using Builder1 = ImplicitLocOpBuilder;
using PairBody = llvm::function_ref<Value(Builder1 &, Value here, Value other,
                                          Value i, Value j, Value sum)>;

/// result[.., i, ..] = body over all j of here = x[.., i, ..] and
/// other = x[.., j, ..].
Data overPairs(Op &op, const Data &x, int64_t axis, ElementType type,
               Value initial, PairBody body) {
  int64_t rank = x.rank();
  llvm::SmallVector<AffineExpr> here, other;
  for (int64_t i = 0; i < rank; ++i) {
    here.push_back(op.b.getAffineDimExpr(i));
    other.push_back(op.b.getAffineDimExpr(i == axis ? rank : i));
  }
  MLIRContext *context = op.b.getContext();
  AffineMap hereMap = AffineMap::get(rank + 1, 0, here, context);
  llvm::SmallVector<utils::IteratorType> loops(rank,
                                               utils::IteratorType::parallel);
  loops.push_back(utils::IteratorType::reduction);
  Value tensor = op.value(x);
  Value init = filled(op, x.shape, type, initial);
  auto generic = linalg::GenericOp::create(
      op.b, init.getType(), ValueRange{tensor, tensor}, init,
      llvm::ArrayRef<AffineMap>{
          hereMap, AffineMap::get(rank + 1, 0, other, context), hereMap},
      loops, [&](OpBuilder &builder, Location loc, ValueRange v) {
        Builder1 b(loc, builder);
        Value i = linalg::IndexOp::create(b, axis);
        Value j = linalg::IndexOp::create(b, rank);
        linalg::YieldOp::create(b, body(b, v[0], v[1], i, j, v[2]));
      });
  Data result;
  result.type = type;
  result.shape = x.shape;
  result.value = generic.getResult(0);
  return result;
}

/// y[i] = sum (or product) of x[j] for j <= i; j < i if exclusive; from the end
/// if reverse
LogicalResult running(Op &op, Reduction kind) {
  const Data &x = op.in(0);
  bool exclusive = op.intAttr("exclusive", 0) != 0;
  bool reverse = op.intAttr("reverse", 0) != 0;
  if (!op.expectType(x, isFloat(x.type) || isInt(x.type), "the operand"))
    return failure();
  const Data &which = op.in(1);
  auto given = op.failed() ? std::nullopt : axesFrom(op, 1, "axis", x.rank());
  if (!given)
    return failure();
  if (given->size() != 1)
    return op.fail("shape-mismatch", op.node.op + ": the axis must be a scalar",
                   {"it is " + op.text(which.shape)});
  // Narrow floats are summed in f32.
  ElementType wideType =
      isFloat(x.type) && elementBits(x.type) < 32 ? ElementType::Float : x.type;
  auto wide = convert(op, x, wideType);
  if (!wide)
    return failure();
  Value identity =
      arith::ConstantOp::create(op.b, identityOf(op, kind, wideType));
  auto known = given->front().constant();
  Data seen = known ? *wide : aroundAxis(op, *wide, given->front());
  int64_t axis = known.value_or(1);
  Shape states = seen.shape;
  states.erase(states.begin() + axis);
  Value room = op.empty(seen.shape, wideType);
  Value state = filled(op, states, wideType, identity);
  Value source = op.value(seen);
  if (op.failed())
    return failure();
  auto scan = linalg_ext::ScanOp::create(
      op.b, TypeRange{room.getType(), state.getType()}, axis, exclusive,
      reverse, source, ValueRange{room, state});
  {
    OpBuilder::InsertionGuard guard(op.b);
    Type element = op.elementType(wideType);
    Block *body = op.b.createBlock(&scan.getCombiner(), {}, {element, element},
                                   {op.b.getLoc(), op.b.getLoc()});
    linalg_ext::YieldOp::create(op.b, combine(op.b, kind, wideType,
                                              body->getArgument(0),
                                              body->getArgument(1)));
  }
  Data sums = seen;
  sums.constant = nullptr;
  sums.contents.reset();
  sums.value = scan.getResult(0);
  auto result = convert(op, reshape(op, sums, x.shape), x.type);
  return result ? op.set(0, *result) : failure();
}
LogicalResult lowerCumSum(Op &op) { return running(op, Reduction::Sum); }
LogicalResult lowerCumProd(Op &op) { return running(op, Reduction::Prod); }

/// Whether a comes before b: greater, or less. NaN comes before all numbers in
/// either direction, as the greatest does in numpy's order.
Value before(Builder1 &b, ElementType type, bool largest, Value x, Value y) {
  if (isFloat(type)) {
    Value less = arith::CmpFOp::create(
        b, largest ? arith::CmpFPredicate::OGT : arith::CmpFPredicate::OLT, x,
        y);
    Value xNaN = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x);
    Value yNumber = arith::CmpFOp::create(b, arith::CmpFPredicate::ORD, y, y);
    return arith::OrIOp::create(b, less,
                                arith::AndIOp::create(b, xNaN, yNumber));
  }
  using P = arith::CmpIPredicate;
  P order = isSignedInt(type) ? (largest ? P::sgt : P::slt)
                              : (largest ? P::ugt : P::ult);
  return arith::CmpIOp::create(b, order, x, y);
}

/// The position of each element in sorted order; equal ones keep their order.
Data ranks(Op &op, const Data &x, int64_t axis, bool largest) {
  Value zero = scalarInt(op.b, op.b.getI64Type(), 0);
  return overPairs(
      op, x, axis, ElementType::Int64, zero,
      [&](Builder1 &b, Value here, Value other, Value i, Value j, Value sum) {
        Value wins = before(b, x.type, largest, other, here);
        Value loses = before(b, x.type, largest, here, other);
        Value equal =
            arith::XOrIOp::create(b, arith::OrIOp::create(b, wins, loses),
                                  scalarInt(b, b.getI1Type(), 1));
        Value earlier =
            arith::CmpIOp::create(b, arith::CmpIPredicate::slt, j, i);
        Value ahead = arith::OrIOp::create(
            b, wins, arith::AndIOp::create(b, equal, earlier));
        Value one = arith::ExtUIOp::create(b, b.getI64Type(), ahead);
        return arith::AddIOp::create(b, sum, one).getResult();
      });
}

/// result[.., r, ..] = the element (or its index) whose rank is r
Data pick(Op &op, const Data &x, const Data &rank, int64_t axis,
          llvm::ArrayRef<Dim> shape, bool indices) {
  int64_t count = x.rank();
  ElementType type = indices ? ElementType::Int64 : x.type;
  llvm::SmallVector<AffineExpr> in, out;
  for (int64_t i = 0; i < count; ++i) {
    out.push_back(op.b.getAffineDimExpr(i));
    in.push_back(op.b.getAffineDimExpr(i == axis ? count : i));
  }
  MLIRContext *context = op.b.getContext();
  AffineMap inMap = AffineMap::get(count + 1, 0, in, context);
  llvm::SmallVector<utils::IteratorType> loops(count,
                                               utils::IteratorType::parallel);
  loops.push_back(utils::IteratorType::reduction);
  Value init = zeros(op, shape, type);
  auto generic = linalg::GenericOp::create(
      op.b, init.getType(), ValueRange{op.value(x), rank.value}, init,
      llvm::ArrayRef<AffineMap>{inMap, inMap,
                                AffineMap::get(count + 1, 0, out, context)},
      loops, [&](OpBuilder &builder, Location loc, ValueRange v) {
        Builder1 b(loc, builder);
        Value want = arith::IndexCastOp::create(
            b, b.getI64Type(), linalg::IndexOp::create(b, axis));
        Value hit =
            arith::CmpIOp::create(b, arith::CmpIPredicate::eq, v[1], want);
        Value element = v[0];
        if (indices)
          element = arith::IndexCastOp::create(
              b, b.getI64Type(), linalg::IndexOp::create(b, count));
        Value chosen = arith::SelectOp::create(b, hit, element, v[2]);
        linalg::YieldOp::create(b, chosen);
      });
  Data result;
  result.type = type;
  result.shape.assign(shape.begin(), shape.end());
  result.value = generic.getResult(0);
  return result;
}

/// The k largest (or smallest) elements along axis, sorted, and their indices.
LogicalResult lowerTopK(Op &op) {
  const Data &x = op.in(0);
  auto axis = op.axis(op.intAttr("axis", -1), x.rank());
  bool largest = op.intAttr("largest", 1) != 0;
  if (!axis || !op.expectType(x, isFloat(x.type) || isInt(x.type), "x"))
    return failure();
  auto k = sizesFrom(op, op.in(1), "k");
  if (!k)
    return failure();
  auto want = k->size() == 1 ? (*k)[0].constant() : std::nullopt;
  auto have = x.shape[*axis].constant();
  if (k->size() != 1 || (want && (*want < 0 || (have && *want > *have))))
    return op.fail("invalid-attribute", "TopK: k is out of range",
                   {"x is " + op.text(x.shape) + ", k is " + op.text(*k)});
  if (op.dims.isFromValues((*k)[0]))
    op.require(
        compareSizes(op, arith::CmpIPredicate::ule, (*k)[0], x.shape[*axis]),
        "k is out of range");
  else
    requireSizes(op, arith::CmpIPredicate::ule, (*k)[0], x.shape[*axis],
                 "k is out of range");
  Shape shape = x.shape;
  shape[*axis] = (*k)[0];
  Data rank = ranks(op, x, *axis, largest);
  if (op.failed() || failed(op.set(0, pick(op, x, rank, *axis, shape, false))))
    return failure();
  return op.set(1, pick(op, x, rank, *axis, shape, true));
}

/// 1 at the first maximum along axis, 0 elsewhere
LogicalResult lowerHardmax(Op &op) {
  const Data &x = op.in(0);
  auto axis = op.axis(op.intAttr("axis", -1), x.rank());
  if (!axis || !op.expectType(x, isFloat(x.type), "x"))
    return failure();
  Data rank = ranks(op, x, *axis, /*largest=*/true);
  Type element = op.elementType(x.type);
  auto result = elementwise(op, rank, x.type, [&](Builder1 &b, ValueRange v) {
    Value first = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, v[0],
                                        scalarInt(b, b.getI64Type(), 0));
    return arith::SelectOp::create(b, first, scalar(b, element, 1),
                                   scalar(b, element, 0))
        .getResult();
  });
  return result ? op.set(0, *result) : failure();
}

} // namespace

void addOrdering(Table &table) {
  table.op("CumProd", {26, "", inputs(1)}, lowerCumProd);
  table.op("CumSum", {11, "", inputs(1)}, lowerCumSum);
  table.op("Hardmax", {13}, lowerHardmax);
  table.op("TopK", {10, "", inputs(1)}, lowerTopK);
}

} // namespace orchestra::onnx
