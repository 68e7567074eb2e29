//===- Narrow.cpp - Element types of a byte and less ----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Conversions are arithmetic on the bits, so that they vectorise and need no
// tables. The formats: https://onnx.ai/onnx/technical/float8.html and float4.
//
//===----------------------------------------------------------------------===//
#include "Narrow.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

using Builder1 = ImplicitLocOpBuilder;

/// A sign, an exponent, a mantissa; numbers up to the code `largest`.
struct Format {
  int bits, mantissa, bias;
  int largest;  // code of the largest number, without its sign
  int infinity; // its code, or -1
  int nan;      // its code, or -1 where numbers always saturate
  bool negativeZero;
};

Format formatOf(ElementType type) {
  switch (type) {
  case ElementType::Float8E4M3FN:
    return {8, 3, 7, 0x7e, -1, 0x7f, true};
  case ElementType::Float8E4M3FNUZ:
    return {8, 3, 8, 0x7f, -1, 0x80, false};
  case ElementType::Float8E5M2:
    return {8, 2, 15, 0x7b, 0x7c, 0x7f, true};
  case ElementType::Float8E5M2FNUZ:
    return {8, 2, 16, 0x7f, -1, 0x80, false};
  default: // Float4E2M1
    return {4, 1, 1, 7, -1, -1, true};
  }
}

Value constant(Builder1 &b, int64_t value) {
  return scalarInt(b, b.getI32Type(), value);
}

Value compare(Builder1 &b, arith::CmpIPredicate order, Value x, int64_t y) {
  return arith::CmpIOp::create(b, order, x, constant(b, y));
}

/// 2^exponent, which must be normal.
Value powerOfTwo(Builder1 &b, Value exponent) {
  Value field = arith::AddIOp::create(b, exponent, constant(b, 127));
  Value bits = arith::ShLIOp::create(b, field, constant(b, 23));
  return arith::BitcastOp::create(b, b.getF32Type(), bits);
}

Value decodePower(Builder1 &b, Value code) {
  Value bits = arith::ShLIOp::create(b, code, constant(b, 23));
  Value zero = compare(b, arith::CmpIPredicate::eq, code, 0);
  bits = arith::SelectOp::create(b, zero, constant(b, 1 << 22), bits);
  Value nan = compare(b, arith::CmpIPredicate::eq, code, 255);
  bits = arith::SelectOp::create(b, nan, constant(b, 0x7fc00000), bits);
  return arith::BitcastOp::create(b, b.getF32Type(), bits);
}

/// The exponent of |x|, rounded as asked; 255 for what no power says.
Value encodePower(Builder1 &b, Value bits, const Narrowing &how) {
  Value field = arith::ShRUIOp::create(b, bits, constant(b, 23));
  Value rest = arith::AndIOp::create(b, bits, constant(b, 0x7fffff));
  // Below the normal numbers only 2^-127, the code 0, is a power of the type.
  Value small = compare(b, arith::CmpIPredicate::eq, field, 0);
  Value above;
  if (how.round == "down") {
    above = scalarInt(b, b.getI1Type(), 0);
  } else if (how.round == "nearest") { // half way: away from zero
    Value half = compare(b, arith::CmpIPredicate::uge, rest, 1 << 22);
    Value more = compare(b, arith::CmpIPredicate::ugt, rest, 1 << 22);
    above = arith::SelectOp::create(b, small, more, half);
  } else {
    Value some = compare(b, arith::CmpIPredicate::ne, rest, 0);
    Value more = compare(b, arith::CmpIPredicate::ugt, rest, 1 << 22);
    above = arith::SelectOp::create(b, small, more, some);
  }
  Value one = arith::ExtUIOp::create(b, b.getI32Type(), above);
  Value code = arith::AddIOp::create(b, field, one);
  Value over = compare(b, arith::CmpIPredicate::uge, code, 255);
  code = arith::SelectOp::create(b, over, constant(b, how.saturate ? 254 : 255),
                                 code);
  Value isNaN = compare(b, arith::CmpIPredicate::ugt, bits, 0x7f7fffff);
  return arith::SelectOp::create(b, isNaN, constant(b, 255), code);
}

} // namespace

Value decodeFloat(Builder1 &b, Value bits, ElementType type) {
  Value code = arith::ExtUIOp::create(b, b.getI32Type(), bits);
  if (type == ElementType::Float8E8M0)
    return decodePower(b, code);
  Format f = formatOf(type);
  Value size =
      arith::AndIOp::create(b, code, constant(b, (1 << (f.bits - 1)) - 1));
  Value field = arith::ShRUIOp::create(b, size, constant(b, f.mantissa));
  Value rest =
      arith::AndIOp::create(b, size, constant(b, (1 << f.mantissa) - 1));
  Value small = compare(b, arith::CmpIPredicate::eq, field, 0);
  Value lead = arith::SelectOp::create(b, small, constant(b, 0),
                                       constant(b, 1 << f.mantissa));
  Value whole = arith::AddIOp::create(b, rest, lead);
  Value exponent = arith::MaxSIOp::create(b, field, constant(b, 1));
  exponent =
      arith::SubIOp::create(b, exponent, constant(b, f.bias + f.mantissa));
  Type f32 = b.getF32Type();
  Value number = arith::MulFOp::create(
      b, arith::SIToFPOp::create(b, f32, whole), powerOfTwo(b, exponent));
  auto replace = [&](arith::CmpIPredicate order, Value x, int64_t y,
                     double with) {
    number = arith::SelectOp::create(b, compare(b, order, x, y),
                                     scalar(b, f32, with), number);
  };
  if (f.infinity >= 0) {
    replace(arith::CmpIPredicate::eq, size, f.infinity, INFINITY);
    replace(arith::CmpIPredicate::ugt, size, f.infinity, NAN);
  } else if (f.nan >= 0 && f.negativeZero) {
    replace(arith::CmpIPredicate::eq, size, f.nan, NAN);
  }
  Value negative =
      compare(b, arith::CmpIPredicate::uge, code, 1 << (f.bits - 1));
  Value minus = arith::NegFOp::create(b, number);
  number = arith::SelectOp::create(b, negative, minus, number);
  if (!f.negativeZero)
    replace(arith::CmpIPredicate::eq, code, f.nan, NAN);
  return number;
}

Value encodeFloat(Builder1 &b, Value number, ElementType type,
                  const Narrowing &how) {
  Type i32 = b.getI32Type(), f32 = b.getF32Type();
  Value all = arith::BitcastOp::create(b, i32, number);
  Value bits = arith::AndIOp::create(b, all, constant(b, 0x7fffffff));
  if (type == ElementType::Float8E8M0)
    return arith::TruncIOp::create(b, b.getI8Type(), encodePower(b, bits, how));
  Format f = formatOf(type);
  // Larger than every format's numbers, and still small enough to compute with.
  Value size = arith::BitcastOp::create(b, f32, bits);
  size = arith::MinNumFOp::create(b, size, scalar(b, f32, 1 << 17));
  Value clamped = arith::BitcastOp::create(b, i32, size);
  Value field = arith::ShRUIOp::create(b, clamped, constant(b, 23));
  Value exponent = arith::SubIOp::create(b, field, constant(b, 127));
  int least = 1 - f.bias;
  exponent = arith::MaxSIOp::create(b, exponent, constant(b, least));
  // In units of the last place, rounded; a full mantissa carries by itself.
  Value unit = arith::SubIOp::create(b, constant(b, f.mantissa), exponent);
  Value steps = arith::MulFOp::create(b, size, powerOfTwo(b, unit));
  steps = math::RoundEvenOp::create(b, steps);
  Value whole = arith::FPToSIOp::create(b, i32, steps);
  Value base = arith::SubIOp::create(b, exponent, constant(b, least));
  base = arith::ShLIOp::create(b, base, constant(b, f.mantissa));
  Value code = arith::AddIOp::create(b, base, whole);
  bool saturates = how.saturate || f.nan < 0;
  int beyond = saturates ? f.largest : f.infinity >= 0 ? f.infinity : f.nan;
  Value over = compare(b, arith::CmpIPredicate::sgt, code, f.largest);
  code = arith::SelectOp::create(b, over, constant(b, beyond), code);
  Value isNaN = compare(b, arith::CmpIPredicate::ugt, bits, 0x7f800000);
  code =
      arith::SelectOp::create(b, isNaN, constant(b, std::max(f.nan, 0)), code);
  Value sign = arith::ShRUIOp::create(b, all, constant(b, 31));
  sign = arith::ShLIOp::create(b, sign, constant(b, f.bits - 1));
  if (!f.negativeZero) {
    Value zero = compare(b, arith::CmpIPredicate::eq, code, 0);
    sign = arith::SelectOp::create(b, zero, constant(b, 0), sign);
  }
  if (f.nan < 0) // the reference makes NaN a negative zero
    sign =
        arith::SelectOp::create(b, isNaN, constant(b, 1 << (f.bits - 1)), sign);
  code = arith::OrIOp::create(b, code, sign);
  return arith::TruncIOp::create(b, b.getI8Type(), code);
}

/// The low bits of an i8 as a number of the type.
static Value wrap(Builder1 &b, Value x, ElementType type) {
  unsigned bits = elementBits(type);
  if (type == ElementType::UInt4 || type == ElementType::UInt2)
    return arith::AndIOp::create(b, x,
                                 scalarInt(b, x.getType(), (1 << bits) - 1));
  Value amount = scalarInt(b, x.getType(), 8 - bits);
  Value up = arith::ShLIOp::create(b, x, amount);
  return arith::ShRSIOp::create(b, up, amount);
}

std::optional<Data> convertNarrow(Op &op, const Data &input, ElementType type,
                                  const Narrowing &how) {
  if (input.type == type)
    return convert(op, input, type);
  Data data = input;
  if (isNarrowFloat(input.type)) {
    auto number = elementwise(op, input, ElementType::Float,
                              [&](Builder1 &b, ValueRange v) {
                                return decodeFloat(b, v[0], input.type);
                              });
    if (!number)
      return std::nullopt;
    data = *number;
  } else if (isNarrowInt(input.type)) {
    // As the i8 it is; those without a sign have theirs clear.
    data.value = op.value(input);
    data.constant = nullptr;
    data.type = ElementType::Int8;
  }
  if (data.type == type || !isNarrow(type))
    return convert(op, data, type);
  bool isNumber = isNarrowFloat(type);
  auto middle =
      convert(op, data, isNumber ? ElementType::Float : ElementType::Int8);
  if (!middle)
    return std::nullopt;
  return elementwise(op, *middle, type, [&](Builder1 &b, ValueRange v) {
    return isNumber ? encodeFloat(b, v[0], type, how) : wrap(b, v[0], type);
  });
}

//===----------------------------------------------------------------------===//
// Packed arguments and results
//===----------------------------------------------------------------------===//

llvm::SmallVector<int64_t> packedShape(llvm::ArrayRef<int64_t> shape,
                                       ElementType type) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  llvm::SmallVector<int64_t> packed(shape.size(), 1);
  if (!packed.empty())
    packed.back() = llvm::divideCeil(count * elementBits(type), 8);
  return packed;
}

static Shape dimsOf(llvm::ArrayRef<int64_t> shape) {
  return Shape(shape.begin(), shape.end());
}

/// All elements in a row.
static Data flat(Op &op, const Data &input, int64_t count) {
  Data vector = reshape(op, input, {Dim(count)});
  vector.value = op.value(vector);
  return vector;
}

Data pack(Op &op, const Data &input) {
  auto type = cast<RankedTensorType>(op.value(input).getType());
  int64_t count = type.getNumElements();
  unsigned bits = elementBits(input.type), each = 8 / bits;
  Data codes = flat(op, input, count);
  auto packed = packedShape(type.getShape(), input.type);
  int64_t bytes = llvm::divideCeil(count, each);
  if (count == 0) {
    Data result = input;
    result.value = op.empty(dimsOf(packed), ElementType::Int8);
    return result;
  }
  Data result = generate(
      op, {Dim(bytes)}, ElementType::UInt8,
      [&](Builder1 &b, ValueRange at) -> Value {
        Type i8 = b.getI8Type();
        Value first = arith::MulIOp::create(
            b, at[0], scalarInt(b, b.getIndexType(), each));
        Value byte = scalarInt(b, i8, 0);
        Value last = scalarInt(b, b.getIndexType(), count - 1);
        for (unsigned i = 0; i < each; ++i) {
          Value index = arith::AddIOp::create(
              b, first, scalarInt(b, b.getIndexType(), i));
          Value inside =
              arith::CmpIOp::create(b, arith::CmpIPredicate::sle, index, last);
          index = arith::MinSIOp::create(b, index, last);
          Value code = tensor::ExtractOp::create(b, codes.value, index);
          code =
              arith::AndIOp::create(b, code, scalarInt(b, i8, (1 << bits) - 1));
          code = arith::ShLIOp::create(b, code, scalarInt(b, i8, i * bits));
          code = arith::SelectOp::create(b, inside, code, scalarInt(b, i8, 0));
          byte = arith::OrIOp::create(b, byte, code);
        }
        return byte;
      });
  return reshape(op, result, dimsOf(packed));
}

Data unpack(Op &op, Value bytes, llvm::ArrayRef<int64_t> shape,
            ElementType type) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  unsigned bits = elementBits(type), each = 8 / bits;
  Data packed;
  packed.type = ElementType::UInt8;
  packed.shape = dimsOf(packedShape(shape, type));
  packed.value = bytes;
  Data row = flat(op, packed, llvm::divideCeil(count, each));
  Data result = generate(
      op, {Dim(count)}, type, [&](Builder1 &b, ValueRange at) -> Value {
        Type index = b.getIndexType(), i8 = b.getI8Type();
        Value many = scalarInt(b, index, each);
        Value byte = tensor::ExtractOp::create(
            b, row.value, ValueRange(arith::DivUIOp::create(b, at[0], many)));
        Value place = arith::RemUIOp::create(b, at[0], many);
        Value amount = arith::IndexCastOp::create(b, i8, place);
        amount = arith::MulIOp::create(b, amount, scalarInt(b, i8, bits));
        Value code = arith::ShRUIOp::create(b, byte, amount);
        if (isNarrowInt(type))
          return wrap(b, code, type);
        return arith::AndIOp::create(b, code,
                                     scalarInt(b, i8, (1 << bits) - 1));
      });
  return reshape(op, result, dimsOf(shape));
}

} // namespace orchestra::onnx
