//===- Quantization.cpp - Integers that stand for scaled numbers ----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// real = (quantized - zero point) * scale. Products of quantized operands are
// computed exactly, in 32-bit integers.
//
//===----------------------------------------------------------------------===//
#include "Arithmetic.h"
#include "Narrow.h"
#include "Spatial.h"
#include "Table.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

using Builder1 = ImplicitLocOpBuilder;

/// Integers that scaled numbers round to.
bool isQuantized(ElementType type) {
  return isNarrowInt(type) || (isInt(type) && elementBits(type) <= 16);
}
bool isSigned(ElementType type) {
  return isSignedInt(type) || type == ElementType::Int4 ||
         type == ElementType::Int2;
}

/// Each element of `given` for `size` neighbours along the axis.
std::optional<Data> spread(Op &op, const Data &x, const Data &given,
                           int64_t axis, int64_t size) {
  bool fits = given.rank() == x.rank() && axis >= 0 && axis < x.rank();
  for (int64_t i = 0; fits && i < x.rank(); ++i) {
    auto have = given.shape[i].constant(), all = x.shape[i].constant();
    int64_t each = i == axis ? size : 1;
    fits = !have || !all || *have == (*all + each - 1) / each;
  }
  if (!fits) {
    (void)op.fail(
        "shape-mismatch", op.node.op + ": the scales of blocks do not fit",
        {"x is " + op.text(x.shape) + ", they are " + op.text(given.shape) +
         ", the axis is " + std::to_string(axis) + ", a block has " +
         std::to_string(size)});
    return std::nullopt;
  }
  Value source = op.value(given);
  Value last =
      op.dims.materialize(given.shape[axis] - Dim(1), op.b, op.b.getLoc());
  return generate(
      op, x.shape, given.type, [&](Builder1 &b, ValueRange index) -> Value {
        auto i = numbers(b, index);
        i[axis] = (i[axis] / static_cast<double>(size)).min(Num(b, last));
        return at(b, source, i);
      });
}

/// A scale or zero point: a scalar, or one element for each slice of an axis.
std::optional<Data> parameter(Op &op, const Data &x, const Data &given,
                              int64_t axis) {
  if (int64_t size = op.intAttr("block_size", 0); size > 0)
    return spread(op, x, given, axis, size);
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

/// The axis of per-axis parameters and of blocks.
std::optional<int64_t> readAxis(Op &op, const Data &x) {
  if (op.intAttr("block_size", 0) < 0) {
    (void)op.fail("invalid-attribute", op.node.op + ": block_size is negative");
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
  if (isSigned(type))
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
          !isSigned(type)
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

/// y = x / scale + zero point, rounded to a narrow float
std::optional<Data> quantizeToFloat(Op &op, const Data &x, const Data &scale,
                                    const std::optional<Data> &zero,
                                    ElementType type) {
  llvm::SmallVector<Data, 3> inputs{x, scale};
  if (zero) {
    auto offset = convertNarrow(op, *zero, x.type);
    if (!offset)
      return std::nullopt;
    inputs.push_back(*offset);
  }
  auto number =
      elementwise(op, inputs, x.type, [&](Builder1 &b, ValueRange v) -> Value {
        Num steps = Num(b, v[0]) / Num(b, v[1]);
        return zero ? steps + Num(b, v[2]) : steps;
      });
  Narrowing how;
  how.saturate = op.intAttr("saturate", 1) != 0;
  return number ? convertNarrow(op, *number, type, how) : std::nullopt;
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
  if (!isQuantized(type) && !isNarrowFloat(type))
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
  if (isNarrowFloat(type)) {
    auto result = quantizeToFloat(op, *number, *fitted, zero, type);
    return result ? op.set(0, *result) : failure();
  }
  auto result = quantize(op, *number, *fitted, zero, type);
  return result ? op.set(0, *result) : failure();
}

/// Quantized elements as 32-bit integers without their zero point.
std::optional<Data> centred(Op &op, const Data &x,
                            const std::optional<Data> &zero) {
  auto wide = convertNarrow(op, x, ElementType::Int32);
  if (!wide || !zero)
    return wide;
  auto offset = convertNarrow(op, *zero, ElementType::Int32);
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
  bool isNumber = isNarrowFloat(x.type);
  if (!isQuantized(x.type) && !isNumber && x.type != ElementType::Int32)
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
  auto whole =
      isNumber ? convertNarrow(op, x, scale.type) : centred(op, x, zero);
  auto number = whole ? convert(op, *whole, scale.type) : std::nullopt;
  if (isNumber && zero && number) {
    auto offset = convertNarrow(op, *zero, scale.type);
    number = offset ? elementwise(op, {*number, *offset}, scale.type,
                                  [](Builder1 &b, ValueRange v) -> Value {
                                    return arith::SubFOp::create(b, v[0], v[1]);
                                  })
                    : std::nullopt;
  }
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

/// The zero point of a convolution's weights: a scalar, or one for each filter.
std::optional<Data> filterColumn(Op &op, const Data &x, unsigned index) {
  if (!op.has(index))
    return std::nullopt;
  const Data &given = op.in(index);
  if (given.rank() == 1 && !given.shape[0].is(1)) {
    Shape column(x.rank(), Dim(1));
    column[0] = given.shape[0];
    return reshape(op, given, column);
  }
  return reshape(op, given, {});
}

/// The convolution of quantized operands, in int32.
std::optional<Data> integerConvolution(Op &op, unsigned xIndex, unsigned wIndex,
                                       unsigned xZero, unsigned wZero) {
  const Data &x = op.in(xIndex), &w = op.in(wIndex);
  if (!quantizedOperand(op, x) || !quantizedOperand(op, w))
    return std::nullopt;
  int64_t groups = op.intAttr("group", 1);
  llvm::SmallVector<int64_t> kernel;
  for (int64_t i = 2; i < w.rank(); ++i)
    if (auto size = w.shape[i].constant())
      kernel.push_back(*size);
  auto channels = x.rank() > 2 ? x.shape[1].constant() : std::nullopt;
  bool fits = x.rank() > 2 && w.rank() == x.rank() && groups > 0;
  if (fits && (!channels || !w.shape[0].constant() || !w.shape[1].constant() ||
               static_cast<int64_t>(kernel.size()) != w.rank() - 2)) {
    (void)op.unsupported("channels or a filter of unknown size");
    return std::nullopt;
  }
  if (!fits || *w.shape[1].constant() * groups != *channels ||
      *w.shape[0].constant() % groups != 0) {
    (void)op.fail("shape-mismatch", op.node.op + ": channels do not agree",
                  {"x is " + op.text(x.shape) + ", w is " + op.text(w.shape) +
                   ", group is " + std::to_string(groups)});
    return std::nullopt;
  }
  auto declared = op.intsAttr("kernel_shape", kernel);
  if (llvm::ArrayRef<int64_t>(declared) != llvm::ArrayRef<int64_t>(kernel)) {
    (void)op.fail("invalid-attribute",
                  op.node.op + ": kernel_shape is not the filter's",
                  {"w is " + op.text(w.shape)});
    return std::nullopt;
  }
  auto windows = readWindows(op, x, kernel);
  auto left = centred(op, x, matrixZero(op, x, xZero, false)),
       right = centred(op, w, filterColumn(op, w, wZero));
  if (!windows || !left || !right)
    return std::nullopt;
  // Padding stands for the zero point, which is 0 by now.
  Value zero = scalar(op.b, op.b.getI32Type(), 0);
  Data padded = padWindows(op, *left, *windows, zero);
  if (op.failed())
    return std::nullopt;
  return convolve(op, padded, *right, groups, ElementType::Int32, *windows);
}

/// y = (x - x_zero) * (w - w_zero), in int32
LogicalResult lowerConvInteger(Op &op) {
  auto result = integerConvolution(op, 0, 1, 2, 3);
  return result ? op.set(0, *result) : failure();
}

/// The convolution of quantized operands, quantized again.
LogicalResult lowerQLinearConv(Op &op) {
  // x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, B
  auto sum = integerConvolution(op, 0, 3, 2, 5);
  if (!sum)
    return failure();
  if (op.has(8)) {
    const Data &bias = op.in(8);
    Shape column(sum->rank() - 1, Dim(1));
    column[0] = sum->shape[1];
    if (!op.sameType(*sum, bias) || bias.rank() != 1)
      return failure();
    sum = elementwise(op, {*sum, reshape(op, bias, column)}, sum->type,
                      [](Builder1 &b, ValueRange v) -> Value {
                        return arith::AddIOp::create(b, v[0], v[1]);
                      });
  }
  auto number = sum ? convert(op, *sum, ElementType::Float) : std::nullopt;
  if (!number)
    return failure();
  for (unsigned i : {1u, 4u, 6u})
    if (!op.expectType(op.in(i), op.in(i).type == ElementType::Float,
                       "a scale"))
      return failure();
  const Data &each = op.in(4), &zero = op.in(7);
  if (op.failed() || !isQuantized(zero.type))
    return op.unsupported("the element type of the result");
  Shape column(number->rank() - 1, Dim(1));
  if (each.rank() == 1)
    column[0] = each.shape[0];
  Data filters = each.rank() == 1 ? reshape(op, each, column) : each;
  auto real =
      elementwise(op, {*number, reshape(op, op.in(1), {}), filters},
                  ElementType::Float, [](Builder1 &b, ValueRange v) -> Value {
                    return Num(b, v[0]) * (Num(b, v[1]) * Num(b, v[2]));
                  });
  if (!real)
    return failure();
  auto result = quantize(op, *real, reshape(op, op.in(6), {}),
                         reshape(op, zero, {}), zero.type);
  return result ? op.set(0, *result) : failure();
}

} // namespace

void addQuantization(Table &table) {
  const char *limits = "other precisions than float";
  const char *sizes = "channels and kernels of unknown size";
  table.op("ConvInteger", {10, sizes}, lowerConvInteger);
  table.op("QLinearConv", {10, sizes}, lowerQLinearConv);
  table.op("DequantizeLinear", {10}, lowerDequantizeLinear);
  table.op("MatMulInteger", {10, "vectors"}, lowerMatMulInteger);
  table.op("QLinearMatMul", {10, "vectors; scales that are no vectors"},
           lowerQLinearMatMul);
  table.op("QuantizeLinear", {10, limits}, lowerQuantizeLinear);
}

} // namespace orchestra::onnx
