//===- Ordering.cpp - Running sums, the first in order
//---------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What linalg_ext has ops for.
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

/// The first elements (and their indices) along an axis, as many as `shape`
/// says: the largest or smallest; NaN comes before all numbers. Nothing after a
/// problem.
std::optional<std::pair<Data, Data>> firstInOrder(Op &op, const Data &x,
                                                  int64_t axis,
                                                  llvm::ArrayRef<Dim> shape,
                                                  bool largest) {
  Value source = op.value(x), values = op.empty(shape, x.type),
        indices = op.empty(shape, ElementType::Int64);
  if (op.failed() || !source)
    return std::nullopt;
  auto first = linalg_ext::TopKOp::create(
      op.b, TypeRange{values.getType(), indices.getType()}, axis, largest,
      !isFloat(x.type) && !isSignedInt(x.type), /*nan_first=*/true, source,
      ValueRange{values, indices});
  std::pair<Data, Data> result;
  for (auto [data, type, value] :
       {std::tuple(&result.first, x.type, first.getResult(0)),
        std::tuple(&result.second, ElementType::Int64, first.getResult(1))}) {
    data->type = type;
    data->shape.assign(shape.begin(), shape.end());
    data->value = value;
  }
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
  auto first = firstInOrder(op, x, *axis, shape, largest);
  if (!first || failed(op.set(0, first->first)))
    return failure();
  return op.set(1, first->second);
}

/// 1 at the first maximum along axis, 0 elsewhere
LogicalResult lowerHardmax(Op &op) {
  const Data &x = op.in(0);
  auto axis = op.axis(op.intAttr("axis", -1), x.rank());
  if (!axis || !op.expectType(x, isFloat(x.type), "x"))
    return failure();
  if (x.shape[*axis].is(0))
    return op.set(0, x);
  Shape shape = x.shape;
  shape[*axis] = Dim(1);
  auto first = firstInOrder(op, x, *axis, shape, /*largest=*/true);
  if (!first)
    return failure();
  Type element = op.elementType(x.type);
  auto result = elementwise(
      op, first->second, x.type,
      [&](Builder1 &b, ValueRange v) {
        Value here = arith::IndexCastOp::create(
            b, b.getI64Type(), linalg::IndexOp::create(b, *axis));
        Value is =
            arith::CmpIOp::create(b, arith::CmpIPredicate::eq, v[0], here);
        return arith::SelectOp::create(b, is, scalar(b, element, 1),
                                       scalar(b, element, 0))
            .getResult();
      },
      x.shape);
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
