//===- Elementwise.cpp - Operators of two and more operands ---------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All broadcast as numpy does. Comparisons are false on NaN; Max and Min give
// NaN if an operand is.
//
//===----------------------------------------------------------------------===//
#include "Build.h"
#include "Table.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

LogicalResult setOrFail(Op &op, std::optional<Data> data) {
  return data ? op.set(0, std::move(*data)) : failure();
}

bool isNumber(ElementType type) { return isFloat(type) || isInt(type); }

using BinaryBody = Value (*)(ImplicitLocOpBuilder &, ElementType, Value, Value);

LogicalResult binary(Op &op, bool allowed, BinaryBody body,
                     std::optional<ElementType> resultType = {}) {
  const Data &a = op.in(0), &c = op.in(1);
  if (!op.sameType(a, c) || !op.expectType(a, allowed, "an operand"))
    return failure();
  ElementType type = a.type;
  return setOrFail(op, elementwise(op, {a, c}, resultType.value_or(type),
                                   [&](ImplicitLocOpBuilder &b, ValueRange v) {
                                     return body(b, type, v[0], v[1]);
                                   }));
}

/// C = A + B
LogicalResult lowerAdd(Op &op) {
  return binary(op, isNumber(op.in(0).type),
                [](ImplicitLocOpBuilder &b, ElementType t, Value x, Value y) {
                  return combine(b, Reduction::Sum, t, x, y);
                });
}

/// C = A - B
LogicalResult lowerSub(Op &op) {
  return binary(
      op, isNumber(op.in(0).type),
      [](ImplicitLocOpBuilder &b, ElementType t, Value x, Value y) -> Value {
        if (isFloat(t))
          return arith::SubFOp::create(b, x, y);
        return arith::SubIOp::create(b, x, y);
      });
}

/// C = A * B
LogicalResult lowerMul(Op &op) {
  return binary(op, isNumber(op.in(0).type),
                [](ImplicitLocOpBuilder &b, ElementType t, Value x, Value y) {
                  return combine(b, Reduction::Prod, t, x, y);
                });
}

/// The divisor without the values that trap: 0, and -1 (x / -1 is then -x,
/// which wraps). The specification leaves x / 0 open; it is 0 here.
Value quotient(ImplicitLocOpBuilder &b, ElementType t, Value x, Value y) {
  Value zero = scalarInt(b, x.getType(), 0), one = scalarInt(b, x.getType(), 1);
  Value byZero = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, y, zero);
  Value safe = arith::SelectOp::create(b, byZero, one, y);
  if (isUnsignedInt(t)) {
    Value q = arith::DivUIOp::create(b, x, safe);
    return arith::SelectOp::create(b, byZero, zero, q);
  }
  Value minusOne = scalarInt(b, x.getType(), -1);
  Value negates =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, y, minusOne);
  safe = arith::SelectOp::create(b, negates, one, safe);
  Value q = arith::DivSIOp::create(b, x, safe);
  Value negated = arith::SubIOp::create(b, zero, x);
  q = arith::SelectOp::create(b, negates, negated, q);
  return arith::SelectOp::create(b, byZero, zero, q);
}

/// C = A / B; integers towards zero
LogicalResult lowerDiv(Op &op) {
  return binary(
      op, isNumber(op.in(0).type),
      [](ImplicitLocOpBuilder &b, ElementType t, Value x, Value y) -> Value {
        if (isFloat(t))
          return arith::DivFOp::create(b, x, y);
        return quotient(b, t, x, y);
      });
}

/// fmod = 1: C's remainder, the sign of A. fmod = 0: Python's, the sign of B.
LogicalResult lowerMod(Op &op) {
  bool isC = op.intAttr("fmod", 0) != 0;
  if (isC)
    return binary(
        op, isNumber(op.in(0).type),
        [](ImplicitLocOpBuilder &b, ElementType t, Value x, Value y) -> Value {
          if (isFloat(t))
            return arith::RemFOp::create(b, x, y);
          Value q = quotient(b, t, x, y);
          return arith::SubIOp::create(b, x, arith::MulIOp::create(b, q, y));
        });
  if (isFloat(op.in(0).type))
    return binary(
        op, true,
        [](ImplicitLocOpBuilder &b, ElementType, Value x, Value y) -> Value {
          Value zero = scalar(b, x.getType(), 0);
          Value r = arith::RemFOp::create(b, x, y);
          auto less = [&](Value v) {
            return arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, v, zero);
          };
          Value differ = arith::XOrIOp::create(b, less(r), less(y));
          Value moved = arith::AddFOp::create(b, r, y);
          Value moves = arith::SelectOp::create(b, differ, moved, r);
          Value none =
              arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, r, zero);
          Value signedZero = math::CopySignOp::create(b, zero, y);
          return arith::SelectOp::create(b, none, signedZero, moves);
        });
  return binary(
      op, isInt(op.in(0).type),
      [](ImplicitLocOpBuilder &b, ElementType t, Value x, Value y) -> Value {
        Value q = quotient(b, t, x, y);
        Value r = arith::SubIOp::create(b, x, arith::MulIOp::create(b, q, y));
        if (isUnsignedInt(t))
          return r;
        Value zero = scalarInt(b, x.getType(), 0);
        Value some =
            arith::CmpIOp::create(b, arith::CmpIPredicate::ne, r, zero);
        Value signs = arith::XOrIOp::create(b, r, y);
        Value differ =
            arith::CmpIOp::create(b, arith::CmpIPredicate::slt, signs, zero);
        Value moves = arith::AndIOp::create(b, some, differ);
        Value moved = arith::AddIOp::create(b, r, y);
        return arith::SelectOp::create(b, moves, moved, r);
      });
}

/// Integers by repeated squaring. A negative exponent gives 0 but for the bases
/// 1 and -1, as 1 / base ^ -exponent towards zero does.
Value integerPower(ImplicitLocOpBuilder &b, ElementType type, Value base,
                   Value exponent) {
  Type element = base.getType();
  Value zero = scalarInt(b, element, 0), one = scalarInt(b, element, 1);
  Value result = one, square = base;
  // Bit by bit; the sign bit of a signed exponent is dealt with below.
  unsigned bits = elementBits(type) - (isSignedInt(type) ? 1 : 0);
  for (unsigned i = 0; i < bits; ++i) {
    Value shift = scalarInt(b, element, i);
    Value bit = arith::AndIOp::create(
        b, arith::ShRUIOp::create(b, exponent, shift), one);
    Value isSet = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, bit, zero);
    Value more = arith::MulIOp::create(b, result, square);
    result = arith::SelectOp::create(b, isSet, more, result);
    square = arith::MulIOp::create(b, square, square);
  }
  if (!isSignedInt(type))
    return result;
  Value negative =
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, exponent, zero);
  Value minusOne = scalarInt(b, element, -1);
  auto is = [&](Value x, Value y) -> Value {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x, y);
  };
  Value odd = is(arith::AndIOp::create(b, exponent, one), one);
  Value sign = arith::SelectOp::create(b, odd, minusOne, one);
  Value small = arith::SelectOp::create(b, is(base, minusOne), sign, zero);
  small = arith::SelectOp::create(b, is(base, one), one, small);
  return arith::SelectOp::create(b, negative, small, result);
}

/// C = A ^ B
LogicalResult lowerPow(Op &op) {
  const Data &a = op.in(0), &c = op.in(1);
  if (!op.expectType(a, isNumber(a.type), "the base") ||
      !op.expectType(c, isNumber(c.type), "the exponent"))
    return failure();
  auto exponent = op.constantFloat(c);
  if (isFloat(a.type) && exponent && (*exponent == 2 || *exponent == 3)) {
    bool cube = *exponent == 3;
    // The exponent still takes part in broadcasting: it may have a higher rank.
    auto shape = broadcastShape(op, {a, c});
    if (!shape)
      return failure();
    return setOrFail(op,
                     elementwise(
                         op, a, a.type,
                         [&](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                           Value square = arith::MulFOp::create(b, v[0], v[0]);
                           if (!cube)
                             return square;
                           return arith::MulFOp::create(b, square, v[0]);
                         },
                         shape));
  }
  ElementType type = a.type, other = c.type;
  if (isInt(type) && isInt(other)) {
    auto same = convert(op, c, type);
    return same ? setOrFail(op, elementwise(
                                    op, {a, *same}, type,
                                    [&](ImplicitLocOpBuilder &b, ValueRange v) {
                                      return integerPower(b, type, v[0], v[1]);
                                    }))
                : failure();
  }
  // Through the floating-point type of the two, and back to the base's.
  ElementType through = isFloat(type) ? type : other;
  auto base = convert(op, a, through), power = convert(op, c, through);
  if (!base || !power)
    return failure();
  auto result = elementwise(
      op, {*base, *power}, through, [](ImplicitLocOpBuilder &b, ValueRange v) {
        return math::PowFOp::create(b, v[0], v[1]).getResult();
      });
  return result ? setOrFail(op, convert(op, *result, type)) : failure();
}

LogicalResult compare(Op &op, bool allowed, arith::CmpFPredicate forFloat,
                      arith::CmpIPredicate forSigned,
                      arith::CmpIPredicate forUnsigned) {
  const Data &a = op.in(0), &c = op.in(1);
  if (!op.sameType(a, c) || !op.expectType(a, allowed, "an operand"))
    return failure();
  ElementType type = a.type;
  return setOrFail(
      op, elementwise(op, {a, c}, ElementType::Bool,
                      [&](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                        if (isFloat(type))
                          return arith::CmpFOp::create(b, forFloat, v[0], v[1]);
                        return arith::CmpIOp::create(
                            b, isSignedInt(type) ? forSigned : forUnsigned,
                            v[0], v[1]);
                      }));
}

LogicalResult lowerEqual(Op &op) {
  ElementType type = op.in(0).type;
  bool allowed = isNumber(type) || type == ElementType::Bool ||
                 type == ElementType::String;
  return compare(op, allowed, arith::CmpFPredicate::OEQ,
                 arith::CmpIPredicate::eq, arith::CmpIPredicate::eq);
}
LogicalResult lowerLess(Op &op) {
  return compare(op, isNumber(op.in(0).type), arith::CmpFPredicate::OLT,
                 arith::CmpIPredicate::slt, arith::CmpIPredicate::ult);
}
LogicalResult lowerLessOrEqual(Op &op) {
  return compare(op, isNumber(op.in(0).type), arith::CmpFPredicate::OLE,
                 arith::CmpIPredicate::sle, arith::CmpIPredicate::ule);
}
LogicalResult lowerGreater(Op &op) {
  return compare(op, isNumber(op.in(0).type), arith::CmpFPredicate::OGT,
                 arith::CmpIPredicate::sgt, arith::CmpIPredicate::ugt);
}
LogicalResult lowerGreaterOrEqual(Op &op) {
  return compare(op, isNumber(op.in(0).type), arith::CmpFPredicate::OGE,
                 arith::CmpIPredicate::sge, arith::CmpIPredicate::uge);
}

template <typename Bitwise>
Value bitwise(ImplicitLocOpBuilder &b, ElementType, Value x, Value y) {
  return Bitwise::create(b, x, y);
}

template <typename Bitwise> LogicalResult lowerLogical(Op &op) {
  return binary(op, op.in(0).type == ElementType::Bool, bitwise<Bitwise>);
}

template <typename Bitwise> LogicalResult lowerBitwise(Op &op) {
  return binary(op, isInt(op.in(0).type), bitwise<Bitwise>);
}

/// Amounts below 0, or of the width and more, leave what the sign gives: 0, or
/// -1 for a negative number moved right.
template <typename Shift>
Value shift(ImplicitLocOpBuilder &b, ElementType type, Value x, Value y) {
  int64_t bits = elementBits(type);
  Value width = scalarInt(b, x.getType(), bits);
  Value last = scalarInt(b, x.getType(), bits - 1);
  Value fits = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, y, width);
  Value amount = arith::SelectOp::create(b, fits, y, last);
  Value shifted = Shift::create(b, x, amount);
  if (std::is_same_v<Shift, arith::ShRSIOp>)
    return shifted;
  return arith::SelectOp::create(b, fits, shifted,
                                 scalarInt(b, x.getType(), 0));
}

LogicalResult lowerBitShift(Op &op) {
  std::string direction = op.stringAttr("direction");
  ElementType type = op.in(0).type;
  bool allowed = isInt(type);
  if (direction == "LEFT")
    return binary(op, allowed, shift<arith::ShLIOp>);
  if (direction == "RIGHT")
    return isSignedInt(type) ? binary(op, allowed, shift<arith::ShRSIOp>)
                             : binary(op, allowed, shift<arith::ShRUIOp>);
  return op.fail("invalid-attribute",
                 "BitShift: direction must be LEFT or RIGHT",
                 {"it is '" + direction + "'"});
}

/// Variadic: data_0 o data_1 o ...
LogicalResult variadic(Op &op, Reduction kind, bool mean) {
  llvm::SmallVector<Data> inputs;
  for (unsigned i = 0; i < std::max(1u, op.numInputs()); ++i) {
    inputs.push_back(op.in(i));
    if (!op.sameType(inputs.front(), inputs.back()))
      return failure();
  }
  ElementType type = inputs.front().type;
  if (!op.expectType(inputs.front(), mean ? isFloat(type) : isNumber(type),
                     "an operand"))
    return failure();
  int64_t count = inputs.size();
  return setOrFail(
      op,
      elementwise(op, inputs, type, [&](ImplicitLocOpBuilder &b, ValueRange v) {
        Value sum = v[0];
        for (Value next : v.drop_front())
          sum = combine(b, kind, type, sum, next);
        if (mean)
          sum =
              arith::DivFOp::create(b, sum, scalarInt(b, sum.getType(), count));
        return sum;
      }));
}
LogicalResult lowerSum(Op &op) { return variadic(op, Reduction::Sum, false); }
LogicalResult lowerMean(Op &op) { return variadic(op, Reduction::Sum, true); }
LogicalResult lowerMax(Op &op) { return variadic(op, Reduction::Max, false); }
LogicalResult lowerMin(Op &op) { return variadic(op, Reduction::Min, false); }

/// output = condition ? X : Y
LogicalResult lowerWhere(Op &op) {
  const Data &condition = op.in(0), &x = op.in(1), &y = op.in(2);
  if (!op.sameType(x, y) ||
      !op.expectType(condition, condition.type == ElementType::Bool,
                     "the condition"))
    return failure();
  return setOrFail(
      op, elementwise(
              op, {condition, x, y}, x.type,
              [](ImplicitLocOpBuilder &b, ValueRange v) {
                return arith::SelectOp::create(b, v[0], v[1], v[2]).getResult();
              }));
}

/// f(x) = slope * x for x < 0, x for x >= 0
LogicalResult lowerPRelu(Op &op) {
  const Data x = op.in(0);
  Data slope = op.in(1);
  if (op.failed())
    return failure();
  // Before version 7 a vector is a slope for each channel. The converter leaves
  // it as it is; where it fits nothing else, that is what it is.
  if (slope.rank() == 1 && x.rank() > 2 && slope.shape[0] == x.shape[1] &&
      slope.shape[0] != x.shape.back() && !slope.shape[0].is(1)) {
    Shape shape(x.rank() - 1, Dim(1));
    shape[0] = slope.shape[0];
    slope = reshape(op, slope, shape);
  }
  // The slope broadcasts to x, never the other way.
  if (slope.rank() > x.rank())
    return op.fail("shape-mismatch",
                   "PRelu: the slope has a higher rank than x");
  if (!op.sameType(x, slope) ||
      !op.expectType(x, isNumber(x.type), "an operand"))
    return failure();
  return setOrFail(
      op, elementwise(
              op, {x, slope}, x.type,
              [&](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                Value zero = scalar(b, v[0].getType(), 0);
                Value scaled = combine(b, Reduction::Prod, x.type, v[0], v[1]);
                Value negative;
                if (isFloat(x.type))
                  negative = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT,
                                                   v[0], zero);
                else
                  negative = arith::CmpIOp::create(
                      b,
                      isSignedInt(x.type) ? arith::CmpIPredicate::slt
                                          : arith::CmpIPredicate::ult,
                      v[0], zero);
                return arith::SelectOp::create(b, negative, scaled, v[0]);
              }));
}

} // namespace

void addElementwise(Table &table) {
  table.op("Add", {7}, lowerAdd);
  table.op("Sub", {7}, lowerSub);
  table.op("Mul", {7}, lowerMul);
  table.op("Div", {7}, lowerDiv);
  table.op("Mod", {10}, lowerMod);
  table.op("Pow", {7}, lowerPow);
  table.op("Equal", {7}, lowerEqual);
  table.op("Less", {7}, lowerLess);
  table.op("LessOrEqual", {12}, lowerLessOrEqual);
  table.op("Greater", {7}, lowerGreater);
  table.op("GreaterOrEqual", {12}, lowerGreaterOrEqual);
  table.op("And", {7}, lowerLogical<arith::AndIOp>);
  table.op("Or", {7}, lowerLogical<arith::OrIOp>);
  table.op("Xor", {7}, lowerLogical<arith::XOrIOp>);
  table.op("BitwiseAnd", {18}, lowerBitwise<arith::AndIOp>);
  table.op("BitwiseOr", {18}, lowerBitwise<arith::OrIOp>);
  table.op("BitwiseXor", {18}, lowerBitwise<arith::XOrIOp>);
  table.op("BitShift", {11}, lowerBitShift);
  table.op("Sum", {8}, lowerSum);
  table.op("Mean", {8}, lowerMean);
  table.op("Max", {8}, lowerMax);
  table.op("Min", {8}, lowerMin);
  table.op("Where", {9}, lowerWhere);
  table.op("PRelu", {7}, lowerPRelu);
}

} // namespace orchestra::onnx
