//===- ElementwiseMath.cpp - Operators of one operand ---------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Build.h"
#include "Table.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

using Builder1 = ImplicitLocOpBuilder;

LogicalResult unary(Op &op, bool allowed, ElementBody body,
                    std::optional<ElementType> type = {}) {
  const Data &x = op.in(0);
  if (!op.expectType(x, allowed, "the operand"))
    return failure();
  auto result = elementwise(op, x, type.value_or(x.type), body);
  return result ? op.set(0, *result) : failure();
}

template <typename Math> LogicalResult lowerFloat(Op &op) {
  return unary(op, isFloat(op.in(0).type), [](Builder1 &b, ValueRange v) {
    return Math::create(b, v[0]).getResult();
  });
}

Value constant(Builder1 &b, Value like, double value) {
  return scalar(b, like.getType(), value);
}
Value add(Builder1 &b, Value x, Value y) {
  return arith::AddFOp::create(b, x, y);
}
Value mul(Builder1 &b, Value x, Value y) {
  return arith::MulFOp::create(b, x, y);
}
Value div(Builder1 &b, Value x, Value y) {
  return arith::DivFOp::create(b, x, y);
}
Value neg(Builder1 &b, Value x) { return arith::NegFOp::create(b, x); }
Value exp(Builder1 &b, Value x) { return math::ExpOp::create(b, x); }
Value less(Builder1 &b, Value x, Value y) {
  return arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, y);
}
Value select(Builder1 &b, Value c, Value x, Value y) {
  return arith::SelectOp::create(b, c, x, y);
}
Value clampUnit(Builder1 &b, Value x) {
  Value low = arith::MaximumFOp::create(b, x, constant(b, x, 0));
  return arith::MinimumFOp::create(b, low, constant(b, x, 1));
}
/// 1 / (1 + exp(-x)): exp overflows to inf, which gives the right 0.
Value sigmoid(Builder1 &b, Value x) {
  Value one = constant(b, x, 1);
  return div(b, one, add(b, one, exp(b, neg(b, x))));
}
/// log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)), which does not overflow.
Value softplus(Builder1 &b, Value x) {
  Value magnitude = math::AbsFOp::create(b, x);
  Value tail = math::Log1pOp::create(b, exp(b, neg(b, magnitude)));
  Value top = arith::MaximumFOp::create(b, x, constant(b, x, 0));
  return add(b, top, tail);
}

LogicalResult activation(Op &op, ElementBody body) {
  return unary(op, isFloat(op.in(0).type), body);
}

LogicalResult lowerAbs(Op &op) {
  ElementType t = op.in(0).type;
  return unary(op, isFloat(t) || isInt(t), [&](Builder1 &b, ValueRange v) {
    if (isFloat(t))
      return math::AbsFOp::create(b, v[0]).getResult();
    return isSignedInt(t) ? math::AbsIOp::create(b, v[0]).getResult() : v[0];
  });
}

LogicalResult lowerNeg(Op &op) {
  ElementType t = op.in(0).type;
  return unary(op, isFloat(t) || isSignedInt(t),
               [&](Builder1 &b, ValueRange v) -> Value {
                 if (isFloat(t))
                   return neg(b, v[0]);
                 return arith::SubIOp::create(
                     b, scalarInt(b, v[0].getType(), 0), v[0]);
               });
}

/// -1, 0, 1; NaN stays
LogicalResult lowerSign(Op &op) {
  ElementType t = op.in(0).type;
  return unary(
      op, isFloat(t) || isInt(t), [&](Builder1 &b, ValueRange v) -> Value {
        Value zero = scalar(b, v[0].getType(), 0);
        Value one = scalar(b, v[0].getType(), 1);
        if (isUnsignedInt(t))
          return arith::MinUIOp::create(b, v[0], one);
        if (isSignedInt(t)) {
          Value low =
              arith::MaxSIOp::create(b, v[0], scalarInt(b, v[0].getType(), -1));
          return arith::MinSIOp::create(b, low, one);
        }
        Value rest =
            select(b, less(b, v[0], zero), constant(b, v[0], -1), v[0]);
        return select(b, less(b, zero, v[0]), one, rest);
      });
}

LogicalResult lowerRelu(Op &op) {
  ElementType t = op.in(0).type;
  return unary(op, isFloat(t) || isSignedInt(t),
               [&](Builder1 &b, ValueRange v) {
                 return combine(b, Reduction::Max, t, v[0],
                                scalar(b, v[0].getType(), 0));
               });
}

LogicalResult lowerReciprocal(Op &op) {
  return activation(op, [](Builder1 &b, ValueRange v) {
    return div(b, constant(b, v[0], 1), v[0]);
  });
}

LogicalResult lowerSigmoid(Op &op) {
  return activation(op,
                    [](Builder1 &b, ValueRange v) { return sigmoid(b, v[0]); });
}

/// x * sigmoid(alpha * x)
LogicalResult lowerSwish(Op &op) {
  float alpha = op.floatAttr("alpha", 1.0f);
  return activation(op, [&](Builder1 &b, ValueRange v) {
    Value scaled = alpha == 1 ? v[0] : mul(b, v[0], constant(b, v[0], alpha));
    return mul(b, v[0], sigmoid(b, scaled));
  });
}

/// max(0, min(1, alpha * x + beta))
LogicalResult lowerHardSigmoid(Op &op) {
  float alpha = op.floatAttr("alpha", 0.2f), beta = op.floatAttr("beta", 0.5f);
  return activation(op, [&](Builder1 &b, ValueRange v) {
    Value scaled = mul(b, v[0], constant(b, v[0], alpha));
    return clampUnit(b, add(b, scaled, constant(b, v[0], beta)));
  });
}

/// x * max(0, min(1, x / 6 + 0.5))
LogicalResult lowerHardSwish(Op &op) {
  return activation(op, [](Builder1 &b, ValueRange v) {
    Value scaled = mul(b, v[0], constant(b, v[0], 1.0 / 6));
    return mul(b, v[0], clampUnit(b, add(b, scaled, constant(b, v[0], 0.5))));
  });
}

/// x < 0 ? alpha * x : x
LogicalResult lowerLeakyRelu(Op &op) {
  float alpha = op.floatAttr("alpha", 0.01f);
  return activation(op, [&](Builder1 &b, ValueRange v) {
    return select(b, less(b, v[0], constant(b, v[0], 0)),
                  mul(b, v[0], constant(b, v[0], alpha)), v[0]);
  });
}

/// x > alpha ? x : 0
LogicalResult lowerThresholdedRelu(Op &op) {
  float alpha = op.floatAttr("alpha", 1.0f);
  return activation(op, [&](Builder1 &b, ValueRange v) {
    return select(b, less(b, constant(b, v[0], alpha), v[0]), v[0],
                  constant(b, v[0], 0));
  });
}

/// gamma * (x < 0 ? alpha * (exp(x / beta) - 1) : x / scale)
LogicalResult exponentialUnit(Op &op, double alpha, double gamma, double beta) {
  return activation(op, [&](Builder1 &b, ValueRange v) {
    Value inner = beta == 1 ? v[0] : div(b, v[0], constant(b, v[0], beta));
    Value curve =
        mul(b, math::ExpM1Op::create(b, inner), constant(b, v[0], alpha));
    Value unit = select(b, less(b, v[0], constant(b, v[0], 0)), curve, v[0]);
    return gamma == 1 ? unit : mul(b, unit, constant(b, v[0], gamma));
  });
}
LogicalResult lowerElu(Op &op) {
  return exponentialUnit(op, op.floatAttr("alpha", 1.0f), 1, 1);
}
LogicalResult lowerSelu(Op &op) {
  return exponentialUnit(op, op.floatAttr("alpha", 1.67326319217681884765625f),
                         op.floatAttr("gamma", 1.05070102214813232421875f), 1);
}
LogicalResult lowerCelu(Op &op) {
  float alpha = op.floatAttr("alpha", 1.0f);
  return exponentialUnit(op, alpha, 1, alpha);
}

LogicalResult lowerSoftplus(Op &op) {
  return activation(
      op, [](Builder1 &b, ValueRange v) { return softplus(b, v[0]); });
}

/// x / (1 + |x|)
LogicalResult lowerSoftsign(Op &op) {
  return activation(op, [](Builder1 &b, ValueRange v) {
    Value magnitude = math::AbsFOp::create(b, v[0]);
    return div(b, v[0], add(b, constant(b, v[0], 1), magnitude));
  });
}

/// x * tanh(softplus(x))
LogicalResult lowerMish(Op &op) {
  return activation(op, [](Builder1 &b, ValueRange v) {
    return mul(b, v[0], math::TanhOp::create(b, softplus(b, v[0])));
  });
}

/// none: x / 2 * (1 + erf(x / sqrt 2))
/// tanh: x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))
LogicalResult lowerGelu(Op &op) {
  std::string kind = op.stringAttr("approximate", "none");
  if (kind != "none" && kind != "tanh")
    return op.fail("invalid-attribute",
                   "Gelu: approximate must be none or tanh",
                   {"it is '" + kind + "'"});
  return activation(op, [&](Builder1 &b, ValueRange v) {
    Value x = v[0], inner;
    if (kind == "none") {
      inner = math::ErfOp::create(b, mul(b, x, constant(b, x, M_SQRT1_2)));
    } else {
      Value cube = mul(b, x, mul(b, x, x));
      Value sum = add(b, x, mul(b, cube, constant(b, x, 0.044715)));
      inner = math::TanhOp::create(
          b, mul(b, sum, constant(b, x, 0.79788456080286535588)));
    }
    Value half = mul(b, x, constant(b, x, 0.5));
    return mul(b, half, add(b, inner, constant(b, x, 1)));
  });
}

LogicalResult lowerNot(Op &op) {
  return unary(op, op.in(0).type == ElementType::Bool,
               [](Builder1 &b, ValueRange v) -> Value {
                 return arith::XOrIOp::create(b, v[0],
                                              scalarInt(b, v[0].getType(), 1));
               });
}

LogicalResult lowerBitwiseNot(Op &op) {
  return unary(
      op, isInt(op.in(0).type), [](Builder1 &b, ValueRange v) -> Value {
        return arith::XOrIOp::create(b, v[0], scalarInt(b, v[0].getType(), -1));
      });
}

LogicalResult lowerIsNaN(Op &op) {
  return unary(
      op, isFloat(op.in(0).type),
      [](Builder1 &b, ValueRange v) -> Value {
        return arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, v[0], v[0]);
      },
      ElementType::Bool);
}

LogicalResult lowerIsInf(Op &op) {
  bool positive = op.intAttr("detect_positive", 1) != 0;
  bool negative = op.intAttr("detect_negative", 1) != 0;
  return unary(
      op, isFloat(op.in(0).type),
      [&](Builder1 &b, ValueRange v) -> Value {
        Value found = scalarInt(b, b.getI1Type(), 0);
        for (double sign : {1.0, -1.0})
          if (sign > 0 ? positive : negative)
            found = arith::OrIOp::create(
                b, found,
                arith::CmpFOp::create(
                    b, arith::CmpFPredicate::OEQ, v[0],
                    constant(b, v[0],
                             sign * std::numeric_limits<double>::infinity())));
        return found;
      },
      ElementType::Bool);
}

/// min(max(x, low), high); each bound may be missing. NaN stays.
LogicalResult lowerClip(Op &op) {
  const Data &x = op.in(0);
  llvm::SmallVector<Data> inputs{x};
  llvm::SmallVector<Reduction> kinds;
  for (unsigned i : {1u, 2u}) {
    if (!op.has(i))
      continue;
    const Data &bound = op.in(i);
    if (!op.sameType(x, bound))
      return failure();
    for (const Dim &dim : bound.shape)
      if (!dim.is(1))
        return op.fail("shape-mismatch", "Clip: a bound must be a scalar",
                       {"it is " + op.text(bound.shape)});
    inputs.push_back(reshape(op, bound, {}));
    kinds.push_back(i == 1 ? Reduction::Max : Reduction::Min);
  }
  ElementType t = x.type;
  if (!op.expectType(x, isFloat(t) || isInt(t), "the operand"))
    return failure();
  auto result = elementwise(op, inputs, t, [&](Builder1 &b, ValueRange v) {
    Value value = v[0];
    for (const auto &[kind, bound] : llvm::zip(kinds, v.drop_front()))
      value = combine(b, kind, t, value, bound);
    return value;
  });
  return result ? op.set(0, *result) : failure();
}

} // namespace

void addElementwiseMath(Table &table) {
  table.op("Abs", {6}, lowerAbs);
  table.op("Acos", {7}, lowerFloat<math::AcosOp>);
  table.op("Acosh", {9}, lowerFloat<math::AcoshOp>);
  table.op("Asin", {7}, lowerFloat<math::AsinOp>);
  table.op("Asinh", {9}, lowerFloat<math::AsinhOp>);
  table.op("Atan", {7}, lowerFloat<math::AtanOp>);
  table.op("Atanh", {9}, lowerFloat<math::AtanhOp>);
  table.op("BitwiseNot", {18}, lowerBitwiseNot);
  table.op("Ceil", {6}, lowerFloat<math::CeilOp>);
  table.op("Celu", {12}, lowerCelu);
  table.op("Clip", {11}, lowerClip);
  table.op("Cos", {7}, lowerFloat<math::CosOp>);
  table.op("Cosh", {9}, lowerFloat<math::CoshOp>);
  table.op("Elu", {6}, lowerElu);
  table.op("Erf", {9}, lowerFloat<math::ErfOp>);
  table.op("Exp", {6}, lowerFloat<math::ExpOp>);
  table.op("Floor", {6}, lowerFloat<math::FloorOp>);
  table.op("Gelu", {20}, lowerGelu);
  table.op("HardSigmoid", {6}, lowerHardSigmoid);
  table.op("HardSwish", {14}, lowerHardSwish);
  table.op("IsInf", {10}, lowerIsInf);
  table.op("IsNaN", {9}, lowerIsNaN);
  table.op("LeakyRelu", {6}, lowerLeakyRelu);
  table.op("Log", {6}, lowerFloat<math::LogOp>);
  table.op("Mish", {18}, lowerMish);
  table.op("Neg", {6}, lowerNeg);
  table.op("Not", {1}, lowerNot);
  table.op("Reciprocal", {6}, lowerReciprocal);
  table.op("Relu", {6}, lowerRelu);
  table.op("Round", {11}, lowerFloat<math::RoundEvenOp>);
  table.op("Selu", {6}, lowerSelu);
  table.op("Sigmoid", {6}, lowerSigmoid);
  table.op("Sign", {9}, lowerSign);
  table.op("Sin", {7}, lowerFloat<math::SinOp>);
  table.op("Sinh", {9}, lowerFloat<math::SinhOp>);
  table.op("Softplus", {1}, lowerSoftplus);
  table.op("Softsign", {1}, lowerSoftsign);
  table.op("Sqrt", {6}, lowerFloat<math::SqrtOp>);
  table.op("Swish", {24}, lowerSwish);
  table.op("Tan", {7}, lowerFloat<math::TanOp>);
  table.op("Tanh", {6}, lowerFloat<math::TanhOp>);
  table.op("ThresholdedRelu", {10}, lowerThresholdedRelu);
}

} // namespace orchestra::onnx
