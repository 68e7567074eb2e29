//===- Quantization.cpp - Integers that stand for scaled numbers ----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// real = (quantized - zero point) * scale. Products of quantized operands are
// computed exactly, in 32-bit integers.
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

bool isQuantized(ElementType type) {
  return isInt(type) && elementBits(type) <= 16;
}

/// A scale or zero point: a scalar, or one element for each slice of an axis.
std::optional<Data> parameter(Op &op, const Data &x, const Data &given,
                              int64_t axis) {
  if (given.rank() == 0 || (given.rank() == 1 && given.shape[0].is(1)))
    return reshape(op, given, {});
  auto have = given.shape[0].constant();
  bool fits = given.rank() == 1 && axis >= 0 && axis < x.rank();
  if (fits && have && x.shape[axis].constant())
    fits = given.shape[0] == x.shape[axis];
  if (!fits) {
    (void)op.fail(
        "shape-mismatch", op.node.op + ": a scale or zero point does not fit",
        {"x is " + op.text(x.shape) + ", it is " + op.text(given.shape) +
         ", the axis is " + std::to_string(axis)});
    return std::nullopt;
  }
  Shape shape(x.rank() - axis, Dim(1));
  shape[0] = given.shape[0];
  return reshape(op, given, shape);
}

/// The axis of per-axis parameters; blocks are not supported.
std::optional<int64_t> readAxis(Op &op, const Data &x) {
  if (op.intAttr("block_size", 0) != 0) {
    (void)op.unsupported("blocks of elements with a scale each");
    return std::nullopt;
  }
  int64_t axis = op.intAttr("axis", 1);
  // Only looked at where a parameter has an axis; its default may be none.
  return axis < 0 ? axis + x.rank() : axis;
}

struct Range {
  double low, high;
};

Range rangeOf(ElementType type) {
  unsigned bits = elementBits(type);
  double half = static_cast<double>(int64_t(1) << (bits - 1));
  if (isSignedInt(type))
    return {-half, half - 1};
  return {0, 2 * half - 1};
}

/// y = saturate(round(x / scale) + zero point), rounded to even
std::optional<Data> quantize(Op &op, const Data &x, const Data &scale,
                             const std::optional<Data> &zero,
                             ElementType type) {
  Range range = rangeOf(type);
  Type element = op.elementType(type);
  llvm::SmallVector<Data, 3> inputs{x, scale};
  if (zero)
    inputs.push_back(*zero);
  return elementwise(op, inputs, type, [&](Builder1 &b, ValueRange v) -> Value {
    Value steps = arith::DivFOp::create(b, v[0], v[1]);
    Value rounded = math::RoundEvenOp::create(b, steps);
    if (zero) {
      Value offset =
          isUnsignedInt(type)
              ? arith::UIToFPOp::create(b, rounded.getType(), v[2]).getResult()
              : arith::SIToFPOp::create(b, rounded.getType(), v[2]).getResult();
      rounded = arith::AddFOp::create(b, rounded, offset);
    }
    Value low = scalar(b, rounded.getType(), range.low);
    Value high = scalar(b, rounded.getType(), range.high);
    Value bounded = arith::MaxNumFOp::create(b, rounded, low);
    bounded = arith::MinNumFOp::create(b, bounded, high);
    Value whole = arith::FPToSIOp::create(b, b.getI32Type(), bounded);
    return arith::TruncIOp::create(b, element, whole);
  });
}

LogicalResult lowerQuantizeLinear(Op &op) {
  const Data &x = op.in(0), &scale = op.in(1);
  if (op.failed())
    return failure();
  ElementType type = ElementType::UInt8;
  if (op.has(2))
    type = op.in(2).type;
  else if (op.intAttr("output_dtype", 0))
    type = static_cast<ElementType>(op.intAttr("output_dtype", 0));
  auto axis = readAxis(op, x);
  if (!axis || !op.expectType(x, isFloat(x.type), "x") ||
      !op.expectType(scale, isFloat(scale.type), "the scale"))
    return failure();
  if (!isQuantized(type))
    return op.unsupported("the element type " + elementTypeName(type) +
                          " of the result");
  if (int64_t precision = op.intAttr("precision", 0);
      precision && precision != 1)
    return op.unsupported("a precision other than float");
  // Narrow floats are divided in f32.
  ElementType wide =
      x.type == ElementType::Double ? x.type : ElementType::Float;
  auto number = convert(op, x, wide), factor = convert(op, scale, wide);
  if (!number || !factor)
    return failure();
  auto fitted = parameter(op, x, *factor, *axis);
  std::optional<Data> zero;
  if (op.has(2)) {
    zero = parameter(op, x, op.in(2), *axis);
    if (!zero)
      return failure();
  }
  if (!fitted)
    return failure();
  auto result = quantize(op, *number, *fitted, zero, type);
  return result ? op.set(0, *result) : failure();
}

/// Quantized elements as 32-bit integers without their zero point.
std::optional<Data> centred(Op &op, const Data &x,
                            const std::optional<Data> &zero) {
  auto wide = convert(op, x, ElementType::Int32);
  if (!wide || !zero)
    return wide;
  auto offset = convert(op, *zero, ElementType::Int32);
  if (!offset)
    return std::nullopt;
  return elementwise(op, {*wide, *offset}, ElementType::Int32,
                     [](Builder1 &b, ValueRange v) -> Value {
                       return arith::SubIOp::create(b, v[0], v[1]);
                     });
}

/// y = (x - zero point) * scale
LogicalResult lowerDequantizeLinear(Op &op) {
  const Data &x = op.in(0), &scale = op.in(1);
  auto axis = readAxis(op, x);
  if (!axis || !op.expectType(scale, isFloat(scale.type), "the scale"))
    return failure();
  if (!isQuantized(x.type) && x.type != ElementType::Int32)
    return op.unsupported("the element type " + elementTypeName(x.type) +
                          " of x");
  auto factor = parameter(op, x, scale, *axis);
  std::optional<Data> zero;
  if (op.has(2)) {
    if (!op.sameType(x, op.in(2)))
      return failure();
    zero = parameter(op, x, op.in(2), *axis);
  }
  if (!factor || (op.has(2) && !zero))
    return failure();
  auto whole = centred(op, x, zero);
  auto number = whole ? convert(op, *whole, scale.type) : std::nullopt;
  if (!number)
    return failure();
  auto result = elementwise(op, {*number, *factor}, scale.type,
                            [](Builder1 &b, ValueRange v) -> Value {
                              return arith::MulFOp::create(b, v[0], v[1]);
                            });
  return result ? op.set(0, *result) : failure();
}

/// The zero point of a matrix: a scalar, or one for each row or column.
std::optional<Data> matrixZero(Op &op, const Data &x, unsigned index,
                               bool rows) {
  if (!op.has(index))
    return std::nullopt;
  const Data &zero = op.in(index);
  if (zero.rank() == 1 && !zero.shape[0].is(1) && rows)
    return reshape(op, zero, {zero.shape[0], Dim(1)});
  return zero.rank() <= 1 && zero.shape.size() == 1 && zero.shape[0].is(1)
             ? reshape(op, zero, {})
             : zero;
}

bool quantizedOperand(Op &op, const Data &x) {
  return op.expectType(x, isInt(x.type) && elementBits(x.type) == 8,
                       "an operand");
}

std::optional<Data> integerProduct(Op &op, unsigned a, unsigned b,
                                   unsigned aZero, unsigned bZero) {
  const Data &left = op.in(a), &right = op.in(b);
  if (!quantizedOperand(op, left) || !quantizedOperand(op, right))
    return std::nullopt;
  if (left.rank() < 2 || right.rank() < 2) {
    (void)op.unsupported("operands that are no matrices");
    return std::nullopt;
  }
  auto x = centred(op, left, matrixZero(op, left, aZero, true));
  auto y = centred(op, right, matrixZero(op, right, bZero, false));
  return x && y ? matmul(op, *x, *y) : std::nullopt;
}

/// Y = (A - a_zero) x (B - b_zero), in int32
LogicalResult lowerMatMulInteger(Op &op) {
  auto result = integerProduct(op, 0, 1, 2, 3);
  return result ? op.set(0, *result) : failure();
}

/// The product of quantized matrices, quantized again.
LogicalResult lowerQLinearMatMul(Op &op) {
  // a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero
  auto product = integerProduct(op, 0, 3, 2, 5);
  if (!product)
    return failure();
  llvm::SmallVector<Data, 4> inputs;
  auto number = convert(op, *product, ElementType::Float);
  if (!number)
    return failure();
  inputs.push_back(*number);
  for (unsigned i : {1u, 4u, 6u}) {
    const Data &given = op.in(i);
    if (!op.expectType(given, isFloat(given.type), "a scale"))
      return failure();
    if (given.rank() > 1)
      return op.unsupported("scales that are no vectors");
    auto scale = convert(op, given, ElementType::Float);
    if (!scale)
      return failure();
    bool single = given.rank() == 0 || given.shape[0].is(1);
    inputs.push_back(single   ? reshape(op, *scale, {})
                     : i == 1 ? reshape(op, *scale, {given.shape[0], Dim(1)})
                              : *scale);
  }
  const Data &zero = op.in(7);
  if (op.failed())
    return failure();
  if (!isQuantized(zero.type))
    return op.unsupported("the element type of the result");
  auto real =
      elementwise(op, {inputs[0], inputs[1], inputs[2]}, ElementType::Float,
                  [](Builder1 &b, ValueRange v) -> Value {
                    Value scaled = arith::MulFOp::create(b, v[1], v[2]);
                    return arith::MulFOp::create(b, v[0], scaled);
                  });
  if (!real)
    return failure();
  auto result =
      quantize(op, *real, inputs[3], matrixZero(op, zero, 7, false), zero.type);
  return result ? op.set(0, *result) : failure();
}

} // namespace

void addQuantization(Table &table) {
  const char *limits = "blocks; types narrower than 8 bits and 8-bit floats";
  table.op("DequantizeLinear", {10, limits}, lowerDequantizeLinear);
  table.op("MatMulInteger", {10, "vectors"}, lowerMatMulInteger);
  table.op("QLinearMatMul", {10, "vectors; scales that are no vectors"},
           lowerQLinearMatMul);
  table.op("QuantizeLinear", {10, limits}, lowerQuantizeLinear);
}

} // namespace orchestra::onnx
