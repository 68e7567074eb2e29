//===- Reduction.cpp - Sums, norms and extremes over axes -----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Build.h"
#include "Sizes.h"
#include "Table.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

using Builder1 = ImplicitLocOpBuilder;

struct Plan {
  Data input;
  llvm::SmallVector<int64_t> axes;
  /// In place of `axes` where inputs say them.
  Contents values;
  bool keepDims;
  bool none() const { return axes.empty() && values.empty(); }
};

/// Reduces over axes that inputs say, one after the other.
Data reduceByValues(Op &op, const Data &input, llvm::ArrayRef<Dim> axes,
                    bool keepDims, Reduction kind) {
  using P = arith::CmpIPredicate;
  Data data = input;
  Shape shape = input.shape;
  llvm::SmallVector<Value> isGone(shape.size());
  for (const Dim &axis : axes) {
    data.shape = shape;
    Data reduced = reduce(op, aroundAxis(op, data, axis), {1}, false, kind);
    for (int64_t i = 0; i < input.rank(); ++i) {
      Value is = compareSizes(op, P::eq, axis, Dim(i));
      shape[i] = choose(op, is, Dim(1), shape[i]);
      isGone[i] = isGone[i]
                      ? arith::OrIOp::create(op.b, isGone[i], is).getResult()
                      : is;
    }
    data = reshape(op, reduced, shape);
  }
  if (keepDims)
    return data;
  // The dimension that has j kept ones before it becomes dimension j.
  Dim kept(0);
  Shape rest(std::max<int64_t>(input.rank() - axes.size(), 0), Dim(1));
  for (int64_t i = 0; i < input.rank(); ++i) {
    for (auto &&[j, size] : llvm::enumerate(rest)) {
      Value here = compareSizes(op, P::eq, kept, Dim(static_cast<int64_t>(j)));
      size = choose(op, here, shape[i], size);
    }
    kept = kept + choose(op, isGone[i], Dim(0), Dim(1));
  }
  op.require(
      compareSizes(op, P::eq, kept, Dim(static_cast<int64_t>(rest.size()))),
      "axes name a dimension twice");
  return reshape(op, data, rest);
}

Data reduce(Op &op, const Plan &plan, const Data &input, bool keepDims,
            Reduction kind) {
  if (!plan.values.empty())
    return reduceByValues(op, input, plan.values, keepDims, kind);
  return reduce(op, input, plan.axes, keepDims, kind);
}

/// The number of elements of each sum, as an operand of its type.
Data countOf(Op &op, const Plan &plan, const Data &input) {
  if (plan.values.empty())
    return countOf(op, input, plan.axes);
  Dim count(1);
  for (const Dim &axis : plan.values) {
    Data around = aroundAxis(op, input, axis);
    count = count * around.shape[1];
  }
  Data wanted = input;
  wanted.shape = {sizeFrom(op, indexValue(op, count))};
  return countOf(op, wanted, {0});
}

/// The axes: an input, or an attribute of older versions; none is all, or none
/// of them with noop_with_empty_axes.
std::optional<Plan> readPlan(Op &op, bool allowed) {
  Plan plan;
  plan.input = op.in(0);
  plan.keepDims = op.intAttr("keepdims", 1) != 0;
  bool noop = op.intAttr("noop_with_empty_axes", 0) != 0;
  if (!op.expectType(plan.input, allowed, "the operand"))
    return std::nullopt;
  auto values = axesFrom(op, 1, "axes", plan.input.rank());
  if (op.failed())
    return std::nullopt;
  Contents given = values.value_or(Contents());
  if (given.empty() && !noop)
    for (int64_t i = 0; i < plan.input.rank(); ++i)
      given.push_back(Dim(i));
  auto axes = knownAxes(op, given, plan.input.rank());
  if (op.failed())
    return std::nullopt;
  if (axes)
    plan.axes = *axes;
  else
    plan.values = given;
  return plan;
}

Data map(Op &op, llvm::ArrayRef<Data> inputs, ElementBody body) {
  auto result = elementwise(op, inputs, inputs.front().type, body);
  return result ? *result : inputs.front();
}

Value multiply(Builder1 &b, ElementType type, Value x, Value y) {
  return combine(b, Reduction::Prod, type, x, y);
}

Value divide(Builder1 &b, ElementType type, Value x, Value y) {
  if (isFloat(type))
    return arith::DivFOp::create(b, x, y);
  if (isUnsignedInt(type))
    return arith::DivUIOp::create(b, x, y);
  return arith::DivSIOp::create(b, x, y);
}

bool isNumber(ElementType type) { return isFloat(type) || isInt(type); }

/// A reduction with something done to the elements before, and to the result.
LogicalResult lowerReduction(Op &op, bool allowed, Reduction kind,
                             ElementBody before = nullptr,
                             ElementBody after = nullptr) {
  auto plan = readPlan(op, allowed);
  if (!plan)
    return failure();
  // Narrow floats are summed in f32.
  ElementType type = plan->input.type;
  bool widens = isFloat(type) && elementBits(type) < 32 &&
                kind != Reduction::Max && kind != Reduction::Min;
  auto wide = convert(op, plan->input, widens ? ElementType::Float : type);
  if (!wide)
    return failure();
  if (before)
    wide = map(op, *wide, before);
  Data reduced =
      plan->none() ? *wide : reduce(op, *plan, *wide, plan->keepDims, kind);
  if (after)
    reduced = map(op, reduced, after);
  auto result = convert(op, reduced, type);
  return result ? op.set(0, *result) : failure();
}

LogicalResult lowerReduceSum(Op &op) {
  return lowerReduction(op, isNumber(op.in(0).type), Reduction::Sum);
}
LogicalResult lowerReduceProd(Op &op) {
  return lowerReduction(op, isNumber(op.in(0).type), Reduction::Prod);
}
LogicalResult lowerReduceMax(Op &op) {
  ElementType type = op.in(0).type;
  return lowerReduction(op, isNumber(type) || type == ElementType::Bool,
                        Reduction::Max);
}
LogicalResult lowerReduceMin(Op &op) {
  ElementType type = op.in(0).type;
  return lowerReduction(op, isNumber(type) || type == ElementType::Bool,
                        Reduction::Min);
}

/// sum / count; integers towards zero
LogicalResult lowerReduceMean(Op &op) {
  auto plan = readPlan(op, isNumber(op.in(0).type));
  if (!plan)
    return failure();
  ElementType type = plan->input.type;
  bool widens = isFloat(type) && elementBits(type) < 32;
  auto wide = convert(op, plan->input, widens ? ElementType::Float : type);
  if (!wide)
    return failure();
  Data reduced = *wide;
  if (!plan->none()) {
    Data sum = reduce(op, *plan, *wide, plan->keepDims, Reduction::Sum);
    reduced = map(op, {sum, countOf(op, *plan, *wide)},
                  [&](Builder1 &b, ValueRange v) {
                    return divide(b, wide->type, v[0], v[1]);
                  });
  }
  auto result = convert(op, reduced, type);
  return result ? op.set(0, *result) : failure();
}

LogicalResult lowerReduceSumSquare(Op &op) {
  ElementType type = op.in(0).type;
  return lowerReduction(
      op, isNumber(type), Reduction::Sum,
      [&](Builder1 &b, ValueRange v) { return multiply(b, type, v[0], v[0]); });
}

LogicalResult lowerReduceL1(Op &op) {
  ElementType type = op.in(0).type;
  return lowerReduction(op, isNumber(type), Reduction::Sum,
                        [&](Builder1 &b, ValueRange v) -> Value {
                          if (isFloat(type))
                            return math::AbsFOp::create(b, v[0]);
                          if (isUnsignedInt(type))
                            return v[0];
                          return math::AbsIOp::create(b, v[0]);
                        });
}

LogicalResult lowerReduceL2(Op &op) {
  return lowerReduction(
      op, isFloat(op.in(0).type), Reduction::Sum,
      [](Builder1 &b, ValueRange v) -> Value {
        return arith::MulFOp::create(b, v[0], v[0]);
      },
      [](Builder1 &b, ValueRange v) -> Value {
        return math::SqrtOp::create(b, v[0]);
      });
}

Value logarithm(Builder1 &b, ValueRange v) {
  return math::LogOp::create(b, v[0]);
}

LogicalResult lowerReduceLogSum(Op &op) {
  return lowerReduction(op, isFloat(op.in(0).type), Reduction::Sum, nullptr,
                        logarithm);
}

/// max + log(sum(exp(x - max))), which does not overflow; an infinite max is
/// left out, it would make NaN of x - max.
LogicalResult lowerReduceLogSumExp(Op &op) {
  auto plan = readPlan(op, isFloat(op.in(0).type));
  if (!plan)
    return failure();
  ElementType type = plan->input.type;
  auto wide = convert(op, plan->input,
                      elementBits(type) < 32 ? ElementType::Float : type);
  if (!wide)
    return failure();
  if (plan->none()) // log(exp(x))
    return op.set(0, plan->input);
  Data top = reduce(op, *plan, *wide, true, Reduction::Max);
  Data safe = map(op, top, [](Builder1 &b, ValueRange v) -> Value {
    Value infinity =
        scalar(b, v[0].getType(), std::numeric_limits<double>::infinity());
    Value size = math::AbsFOp::create(b, v[0]);
    Value infinite =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, size, infinity);
    return arith::SelectOp::create(b, infinite, scalar(b, v[0].getType(), 0),
                                   v[0]);
  });
  Data power = map(op, {*wide, safe}, [](Builder1 &b, ValueRange v) -> Value {
    Value shifted = arith::SubFOp::create(b, v[0], v[1]);
    return math::ExpOp::create(b, shifted);
  });
  Data sum = reduce(op, *plan, power, plan->keepDims, Reduction::Sum);
  if (!plan->keepDims)
    safe = reshape(op, safe, sum.shape);
  Data result = map(op, {sum, safe}, [](Builder1 &b, ValueRange v) -> Value {
    Value log = math::LogOp::create(b, v[0]);
    return arith::AddFOp::create(b, log, v[1]);
  });
  auto narrow = convert(op, result, type);
  return narrow ? op.set(0, *narrow) : failure();
}

/// The first (or last) index of the extreme; NaN counts as one.
LogicalResult lowerArg(Op &op, bool isMax) {
  const Data &x = op.in(0);
  auto axis = op.axis(op.intAttr("axis", 0), x.rank());
  bool keepDims = op.intAttr("keepdims", 1) != 0;
  bool last = op.intAttr("select_last_index", 0) != 0;
  if (!axis || !op.expectType(x, isNumber(x.type), "the operand"))
    return failure();
  if (x.shape[*axis].is(0))
    return op.fail("invalid-shape", op.node.op + ": the axis has no elements");
  int64_t rank = x.rank();
  Shape shape, kept = x.shape;
  kept[*axis] = Dim(1);
  llvm::SmallVector<AffineExpr> exprs;
  llvm::SmallVector<utils::IteratorType> loops(rank,
                                               utils::IteratorType::parallel);
  loops[*axis] = utils::IteratorType::reduction;
  for (int64_t i = 0; i < rank; ++i) {
    if (i == *axis)
      continue;
    shape.push_back(x.shape[i]);
    exprs.push_back(op.b.getAffineDimExpr(i));
  }
  Value identity = arith::ConstantOp::create(
      op.b, identityOf(op, isMax ? Reduction::Max : Reduction::Min, x.type));
  Value best = filled(op, shape, x.type, identity);
  // -1: nothing seen, so that an extreme equal to the identity is found too.
  Value index = filled(op, shape, ElementType::Int64,
                       scalarInt(op.b, op.b.getI64Type(), -1));
  AffineMap out = AffineMap::get(rank, 0, exprs, op.b.getContext());
  auto generic = linalg::GenericOp::create(
      op.b, TypeRange{best.getType(), index.getType()}, op.value(x),
      ValueRange{best, index},
      llvm::ArrayRef<AffineMap>{op.b.getMultiDimIdentityMap(rank), out, out},
      loops, [&](OpBuilder &builder, Location loc, ValueRange v) {
        Builder1 b(loc, builder);
        Value at = arith::IndexCastOp::create(
            b, b.getI64Type(), linalg::IndexOp::create(b, *axis));
        Value first = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, v[2],
                                            scalarInt(b, b.getI64Type(), 0));
        Value better;
        if (isFloat(x.type)) {
          auto order = isMax ? (last ? arith::CmpFPredicate::OGE
                                     : arith::CmpFPredicate::OGT)
                             : (last ? arith::CmpFPredicate::OLE
                                     : arith::CmpFPredicate::OLT);
          better = arith::CmpFOp::create(b, order, v[0], v[1]);
          Value isNaN =
              arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, v[0], v[0]);
          Value hadNaN =
              arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, v[1], v[1]);
          Value newNaN = arith::AndIOp::create(
              b, isNaN,
              arith::XOrIOp::create(b, hadNaN, scalarInt(b, b.getI1Type(), 1)));
          better = arith::OrIOp::create(b, better, newNaN);
        } else {
          bool isSigned = isSignedInt(x.type);
          using P = arith::CmpIPredicate;
          P order = isMax ? (isSigned ? (last ? P::sge : P::sgt)
                                      : (last ? P::uge : P::ugt))
                          : (isSigned ? (last ? P::sle : P::slt)
                                      : (last ? P::ule : P::ult));
          better = arith::CmpIOp::create(b, order, v[0], v[1]);
        }
        better = arith::OrIOp::create(b, better, first);
        Value value = arith::SelectOp::create(b, better, v[0], v[1]);
        Value place = arith::SelectOp::create(b, better, at, v[2]);
        linalg::YieldOp::create(b, ValueRange{value, place});
      });
  Data result;
  result.type = ElementType::Int64;
  result.shape = shape;
  result.value = generic.getResult(1);
  return op.set(0, keepDims ? reshape(op, result, kept) : result);
}
LogicalResult lowerArgMax(Op &op) { return lowerArg(op, true); }
LogicalResult lowerArgMin(Op &op) { return lowerArg(op, false); }

} // namespace

void addReduction(Table &table) {
  table.op("ArgMax", {1}, lowerArgMax);
  table.op("ArgMin", {1}, lowerArgMin);
  table.op("ReduceL1", {1, "", inputs(1)}, lowerReduceL1);
  table.op("ReduceL2", {1, "", inputs(1)}, lowerReduceL2);
  table.op("ReduceLogSum", {1, "", inputs(1)}, lowerReduceLogSum);
  table.op("ReduceLogSumExp", {1, "", inputs(1)}, lowerReduceLogSumExp);
  table.op("ReduceMax", {1, "", inputs(1)}, lowerReduceMax);
  table.op("ReduceMean", {1, "", inputs(1)}, lowerReduceMean);
  table.op("ReduceMin", {1, "", inputs(1)}, lowerReduceMin);
  table.op("ReduceProd", {1, "", inputs(1)}, lowerReduceProd);
  table.op("ReduceSum", {1, "", inputs(1)}, lowerReduceSum);
  table.op("ReduceSumSquare", {1, "", inputs(1)}, lowerReduceSumSquare);
}

} // namespace orchestra::onnx
