//===- Scalars.cpp - Elementwise ops on one element -----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The same code makes bodies of loops over tensors and the computations that
// reductions, sorts and scatters carry along.
//
//===----------------------------------------------------------------------===//
#include "Importer.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace orchestra::stablehlo::frontend {

using B = ImplicitLocOpBuilder;

Value totalOrder(B &b, Value x) {
  Type type = b.getIntegerType(x.getType().getIntOrFloatBitWidth());
  Value bits = x;
  if (x.getType() != type)
    bits = arith::BitcastOp::create(b, type, x);
  Value zero = scalarInt(b, type, 0);
  Value negative =
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, bits, zero);
  unsigned width = type.getIntOrFloatBitWidth();
  Value most = arith::ConstantOp::create(
      b, b.getIntegerAttr(type, llvm::APInt::getSignedMaxValue(width)));
  return arith::SelectOp::create(b, negative,
                                 arith::XOrIOp::create(b, bits, most), bits);
}

namespace {

/// -1 as all ones.
Value allOnes(B &b, Type type) {
  return arith::ConstantOp::create(b, b.getIntegerAttr(type, -1));
}

template <typename Float, typename Int> Value pick(B &b, Value x, Value y) {
  if (isa<FloatType>(x.getType()))
    return Float::create(b, x, y).getResult();
  return Int::create(b, x, y).getResult();
}

Value select(B &b, Value condition, Value yes, Value no) {
  return arith::SelectOp::create(b, condition, yes, no);
}

Value isZero(B &b, Value x) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x,
                               scalarInt(b, x.getType(), 0));
}

/// What division by zero and overflow give is specified: -1 and the dividend.
Value divideInt(B &b, Value x, Value y, bool isUnsigned) {
  Type type = x.getType();
  Value one = scalarInt(b, type, 1), zero = isZero(b, y);
  if (isUnsigned) {
    Value safe = select(b, zero, one, y);
    return select(b, zero, allOnes(b, type),
                  arith::DivUIOp::create(b, x, safe));
  }
  unsigned width = type.getIntOrFloatBitWidth();
  Value least = arith::ConstantOp::create(
      b, b.getIntegerAttr(type, llvm::APInt::getSignedMinValue(width)));
  Value overflows = arith::AndIOp::create(
      b, arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x, least),
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, y, allOnes(b, type)));
  Value safe = select(b, arith::OrIOp::create(b, zero, overflows), one, y);
  Value quotient = arith::DivSIOp::create(b, x, safe);
  return select(b, zero, allOnes(b, type),
                select(b, overflows, least, quotient));
}

Value remainderInt(B &b, Value x, Value y, bool isUnsigned) {
  Type type = x.getType();
  Value one = scalarInt(b, type, 1), zero = isZero(b, y);
  if (isUnsigned)
    return select(b, zero, x,
                  arith::RemUIOp::create(b, x, select(b, zero, one, y)));
  Value minus =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, y, allOnes(b, type));
  Value safe = select(b, arith::OrIOp::create(b, zero, minus), one, y);
  return select(b, zero, x, arith::RemSIOp::create(b, x, safe));
}

/// By squaring, 6 or fewer steps are enough for what an integer holds.
Value powerInt(B &b, Value x, Value y, bool isUnsigned) {
  Type type = x.getType();
  Value one = scalarInt(b, type, 1), zero = scalarInt(b, type, 0);
  Value result = one, base = x;
  unsigned width = type.getIntOrFloatBitWidth();
  // Multiplications wrap, so high bits of the exponent count too.
  for (unsigned bit = 0; bit < width; ++bit) {
    Value shifted =
        arith::ShRUIOp::create(b, y, scalarInt(b, type, bit)).getResult();
    Value odd =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ne,
                              arith::AndIOp::create(b, shifted, one), zero);
    result = select(b, odd, arith::MulIOp::create(b, result, base), result);
    if (bit + 1 < width)
      base = arith::MulIOp::create(b, base, base);
  }
  if (isUnsigned)
    return result;
  // A negative exponent: 1 stays, -1 changes its sign, others vanish; 0 is
  // an error that gives -1.
  Value negative = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, y, zero);
  auto is = [&](Value other) -> Value {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x, other);
  };
  Value odd = arith::CmpIOp::create(b, arith::CmpIPredicate::ne,
                                    arith::AndIOp::create(b, y, one), zero);
  Value inverse = select(b, is(one), one,
                         select(b, is(allOnes(b, type)),
                                select(b, odd, allOnes(b, type), one),
                                select(b, is(zero), allOnes(b, type), zero)));
  return select(b, negative, inverse, result);
}

/// Shifts by the width or more give all zeros, or all signs.
template <typename Shift> Value shift(B &b, Value x, Value y, bool keepsSign) {
  Type type = x.getType();
  unsigned width = type.getIntOrFloatBitWidth();
  Value most = scalarInt(b, type, width - 1);
  Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::ule, y, most);
  Value amount = select(b, inside, y, most);
  Value shifted = Shift::create(b, x, amount).getResult();
  return keepsSign ? shifted
                   : select(b, inside, shifted, scalarInt(b, type, 0));
}

Value number(B &b, Value like, double value) {
  return scalar(b, like.getType(), value);
}

Value less(B &b, Value x, Value y) {
  return arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, y);
}

Value isNaN(B &b, Value x) {
  return arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x);
}

/// Computes in f32 what the format itself is too small for.
Value inWider(B &b, Value x, llvm::function_ref<Value(Value)> compute) {
  Type type = x.getType();
  if (!isa<FloatType>(type) || type.getIntOrFloatBitWidth() >= 32)
    return compute(x);
  Value wide = arith::ExtFOp::create(b, b.getF32Type(), x);
  return arith::TruncFOp::create(b, type, compute(wide));
}

Value cbrt(B &b, Value x) {
  Value magnitude = math::AbsFOp::create(b, x);
  Value root = math::PowFOp::create(b, magnitude, number(b, x, 1.0 / 3.0));
  // One step of Newton's method makes cubes exact.
  Value square = arith::MulFOp::create(b, root, root);
  Value error = arith::SubFOp::create(
      b, root, arith::DivFOp::create(b, magnitude, square));
  Value better = arith::SubFOp::create(
      b, root, arith::DivFOp::create(b, error, number(b, x, 3)));
  Value finite = less(b, number(b, x, 0), square);
  Value bounded = arith::CmpFOp::create(
      b, arith::CmpFPredicate::OLT, magnitude,
      scalar(b, x.getType(), std::numeric_limits<double>::infinity()));
  root = select(b, arith::AndIOp::create(b, finite, bounded), better, root);
  return math::CopySignOp::create(b, root, x);
}

Value logistic(B &b, Value x) {
  Value one = number(b, x, 1);
  return arith::DivFOp::create(
      b, one,
      arith::AddFOp::create(
          b, one, math::ExpOp::create(b, arith::NegFOp::create(b, x))));
}

Value sign(B &b, Value x) {
  Value zero = number(b, x, 0);
  Value one = math::CopySignOp::create(b, number(b, x, 1), x);
  Value isNumber = arith::CmpFOp::create(b, arith::CmpFPredicate::ONE, x, zero);
  return select(b, isNumber, one, x);
}

/// The angle of (x, y); signs of zeros count.
Value atan2(B &b, Value y, Value x) { return arcTangent2(b, y, x); }

/// Ties go away from zero.
Value roundAway(B &b, Value x) {
  Value magnitude = math::AbsFOp::create(b, x);
  Value whole = math::FloorOp::create(b, magnitude);
  Value rest = arith::SubFOp::create(b, magnitude, whole);
  Value up = arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, rest,
                                   number(b, x, 0.5));
  Value rounded =
      select(b, up, arith::AddFOp::create(b, whole, number(b, x, 1)), whole);
  return math::CopySignOp::create(b, rounded, x);
}

Value reducePrecision(B &b, Value x, unsigned exponentBits,
                      unsigned mantissaBits) {
  auto type = cast<FloatType>(x.getType());
  unsigned width = type.getWidth();
  unsigned ownMantissa = type.getFPMantissaWidth() - 1;
  unsigned ownExponent = width - 1 - ownMantissa;
  Type bitsType = b.getIntegerType(width);
  auto constant = [&](uint64_t value) -> Value {
    return arith::ConstantOp::create(
        b, b.getIntegerAttr(bitsType, llvm::APInt(width, value)));
  };
  Value bits = arith::BitcastOp::create(b, bitsType, x);
  if (mantissaBits < ownMantissa) {
    unsigned dropped = ownMantissa - mantissaBits;
    // To nearest, ties to even.
    Value last = arith::AndIOp::create(
        b, arith::ShRUIOp::create(b, bits, constant(dropped)), constant(1));
    Value half = constant((uint64_t(1) << (dropped - 1)) - 1);
    bits = arith::AddIOp::create(b, bits, arith::AddIOp::create(b, last, half));
    bits = arith::AndIOp::create(b, bits,
                                 constant(~((uint64_t(1) << dropped) - 1)));
  }
  if (exponentBits < ownExponent) {
    uint64_t ownBias = (uint64_t(1) << (ownExponent - 1)) - 1;
    uint64_t bias = (uint64_t(1) << (exponentBits - 1)) - 1;
    uint64_t signMask = uint64_t(1) << (width - 1);
    uint64_t exponentMask = ((uint64_t(1) << ownExponent) - 1) << ownMantissa;
    Value signBit = arith::AndIOp::create(b, bits, constant(signMask));
    Value exponent = arith::AndIOp::create(b, bits, constant(exponentMask));
    Value tooLarge =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, exponent,
                              constant((ownBias + bias) << ownMantissa));
    Value tooSmall =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ule, exponent,
                              constant((ownBias - bias) << ownMantissa));
    bits =
        select(b, tooLarge,
               arith::OrIOp::create(b, signBit, constant(exponentMask)), bits);
    bits = select(b, tooSmall, signBit, bits);
  }
  Value rounded = arith::BitcastOp::create(b, type, bits);
  // Without a mantissa there is no NaN.
  Value nan = x;
  if (!mantissaBits)
    nan = math::CopySignOp::create(
        b, number(b, x, std::numeric_limits<double>::infinity()), x);
  return select(b, isNaN(b, x), nan, rounded);
}

Value compare(B &b, CompareOp op, const Element &x, const Element &y) {
  using D = ComparisonDirection;
  D direction = op.getComparisonDirection();
  Value left = x.value, right = y.value;
  bool isFloat = isa<FloatType>(left.getType());
  if (isFloat && op.getCompareType() == ComparisonType::TOTALORDER) {
    left = totalOrder(b, left);
    right = totalOrder(b, right);
    isFloat = false;
  }
  if (isFloat) {
    using P = arith::CmpFPredicate;
    P predicate = direction == D::EQ   ? P::OEQ
                  : direction == D::NE ? P::UNE
                  : direction == D::GE ? P::OGE
                  : direction == D::GT ? P::OGT
                  : direction == D::LE ? P::OLE
                                       : P::OLT;
    return arith::CmpFOp::create(b, predicate, left, right);
  }
  using P = arith::CmpIPredicate;
  bool plain = isUnsigned(x.element);
  P predicate = direction == D::EQ   ? P::eq
                : direction == D::NE ? P::ne
                : direction == D::GE ? (plain ? P::uge : P::sge)
                : direction == D::GT ? (plain ? P::ugt : P::sgt)
                : direction == D::LE ? (plain ? P::ule : P::sle)
                                     : (plain ? P::ult : P::slt);
  return arith::CmpIOp::create(b, predicate, left, right);
}

Value maximum(B &b, Value x, Value y, bool plain) {
  if (plain)
    return arith::MaxUIOp::create(b, x, y);
  return pick<arith::MaximumFOp, arith::MaxSIOp>(b, x, y);
}

Value minimum(B &b, Value x, Value y, bool plain) {
  if (plain)
    return arith::MinUIOp::create(b, x, y);
  return pick<arith::MinimumFOp, arith::MinSIOp>(b, x, y);
}

Value power(B &b, Value x, Value y) {
  return inWider(b, x, [&](Value wide) -> Value {
    Value exponent = y;
    if (y.getType() != wide.getType())
      exponent = arith::ExtFOp::create(b, wide.getType(), y);
    return math::PowFOp::create(b, wide, exponent);
  });
}

template <typename Math> Value unaryMath(B &b, Value x) {
  return inWider(b, x, [&](Value wide) -> Value {
    return Math::create(b, wide).getResult();
  });
}

/// Ops of one real operand.
Value emitUnary(B &b, Operation *op, Value x, Type element) {
  bool isFloat = isa<FloatType>(x.getType());
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](AbsOp) -> Value {
        if (isFloat)
          return math::AbsFOp::create(b, x);
        return isUnsigned(element) ? x : Value(math::AbsIOp::create(b, x));
      })
      .Case([&](CbrtOp) {
        return inWider(b, x, [&](Value wide) { return cbrt(b, wide); });
      })
      .Case([&](CeilOp) { return math::CeilOp::create(b, x); })
      .Case([&](CosineOp) { return unaryMath<math::CosOp>(b, x); })
      .Case([&](CountLeadingZerosOp) {
        return math::CountLeadingZerosOp::create(b, x);
      })
      .Case(
          [&](ExponentialMinusOneOp) { return unaryMath<math::ExpM1Op>(b, x); })
      .Case([&](ExponentialOp) { return unaryMath<math::ExpOp>(b, x); })
      .Case([&](FloorOp) { return math::FloorOp::create(b, x); })
      .Case([&](ImagOp) { return number(b, x, 0); })
      .Case([&](IsFiniteOp) -> Value {
        Value magnitude = math::AbsFOp::create(b, x);
        return arith::CmpFOp::create(
            b, arith::CmpFPredicate::OLT, magnitude,
            scalar(b, x.getType(), std::numeric_limits<double>::infinity()));
      })
      .Case([&](LogOp) { return unaryMath<math::LogOp>(b, x); })
      .Case([&](LogPlusOneOp) { return unaryMath<math::Log1pOp>(b, x); })
      .Case([&](LogisticOp) {
        return inWider(b, x, [&](Value wide) { return logistic(b, wide); });
      })
      .Case([&](NegateOp) -> Value {
        if (isFloat)
          return arith::NegFOp::create(b, x);
        return arith::SubIOp::create(b, scalarInt(b, x.getType(), 0), x);
      })
      .Case([&](NotOp) {
        return arith::XOrIOp::create(b, x, allOnes(b, x.getType()));
      })
      .Case([&](PopcntOp) { return math::CtPopOp::create(b, x); })
      .Case([&](RealOp) { return x; })
      .Case([&](ReducePrecisionOp reduce) {
        return reducePrecision(b, x, reduce.getExponentBits(),
                               reduce.getMantissaBits());
      })
      .Case([&](RoundNearestAfzOp) { return roundAway(b, x); })
      .Case([&](RoundNearestEvenOp) { return math::RoundEvenOp::create(b, x); })
      .Case([&](RsqrtOp) {
        return inWider(b, x, [&](Value wide) -> Value {
          return arith::DivFOp::create(b, number(b, wide, 1),
                                       math::SqrtOp::create(b, wide));
        });
      })
      .Case([&](SignOp) -> Value {
        if (isFloat)
          return sign(b, x);
        Value one = scalarInt(b, x.getType(), 1);
        Value low = arith::MaxSIOp::create(b, x, allOnes(b, x.getType()));
        return arith::MinSIOp::create(b, low, one);
      })
      .Case([&](SineOp) { return unaryMath<math::SinOp>(b, x); })
      .Case([&](SqrtOp) { return unaryMath<math::SqrtOp>(b, x); })
      .Case([&](TanOp) { return unaryMath<math::TanOp>(b, x); })
      .Case([&](TanhOp) { return unaryMath<math::TanhOp>(b, x); })
      .Default([](Operation *) { return Value(); });
}

Value emitBinary(B &b, Operation *op, Value x, Value y, Type element) {
  bool plain = isUnsigned(element), isBool = element.isInteger(1);
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](AddOp) -> Value {
        if (isBool)
          return arith::OrIOp::create(b, x, y);
        return pick<arith::AddFOp, arith::AddIOp>(b, x, y);
      })
      .Case([&](AndOp) { return arith::AndIOp::create(b, x, y); })
      .Case([&](Atan2Op) -> Value {
        if (x.getType().getIntOrFloatBitWidth() >= 32)
          return atan2(b, x, y);
        Type wide = b.getF32Type();
        return arith::TruncFOp::create(
            b, x.getType(),
            atan2(b, arith::ExtFOp::create(b, wide, x),
                  arith::ExtFOp::create(b, wide, y)));
      })
      .Case([&](DivideOp) -> Value {
        if (isa<FloatType>(x.getType()))
          return arith::DivFOp::create(b, x, y);
        return divideInt(b, x, y, plain);
      })
      .Case([&](MaximumOp) { return maximum(b, x, y, plain); })
      .Case([&](MinimumOp) { return minimum(b, x, y, plain); })
      .Case([&](MultiplyOp) -> Value {
        if (isBool)
          return arith::AndIOp::create(b, x, y);
        return pick<arith::MulFOp, arith::MulIOp>(b, x, y);
      })
      .Case([&](OrOp) { return arith::OrIOp::create(b, x, y); })
      .Case([&](PowerOp) -> Value {
        if (isa<FloatType>(x.getType()))
          return power(b, x, y);
        return powerInt(b, x, y, plain);
      })
      .Case([&](RemainderOp) -> Value {
        if (isa<FloatType>(x.getType()))
          return arith::RemFOp::create(b, x, y);
        return remainderInt(b, x, y, plain);
      })
      .Case([&](ShiftLeftOp) { return shift<arith::ShLIOp>(b, x, y, false); })
      .Case([&](ShiftRightArithmeticOp) {
        return shift<arith::ShRSIOp>(b, x, y, true);
      })
      .Case([&](ShiftRightLogicalOp) {
        return shift<arith::ShRUIOp>(b, x, y, false);
      })
      .Case([&](SubtractOp) {
        return pick<arith::SubFOp, arith::SubIOp>(b, x, y);
      })
      .Case([&](XorOp) { return arith::XOrIOp::create(b, x, y); })
      .Default([](Operation *) { return Value(); });
}

Value resizeFloat(B &b, Value x, Type to) {
  Type from = x.getType();
  if (from == to)
    return x;
  unsigned have = from.getIntOrFloatBitWidth(),
           want = to.getIntOrFloatBitWidth();
  if (have < want)
    return arith::ExtFOp::create(b, to, x);
  if (have > want)
    return arith::TruncFOp::create(b, to, x);
  Value wide = arith::ExtFOp::create(b, b.getF32Type(), x);
  return arith::TruncFOp::create(b, to, wide);
}

/// Floats outside of the integer's range become its ends, NaN becomes 0.
Value floatToInt(B &b, Value x, Type to, bool plain) {
  if (x.getType().getIntOrFloatBitWidth() < 32)
    x = resizeFloat(b, x, b.getF32Type());
  unsigned width = to.getIntOrFloatBitWidth();
  llvm::APInt low = plain ? llvm::APInt::getZero(width)
                          : llvm::APInt::getSignedMinValue(width);
  llvm::APInt high = plain ? llvm::APInt::getMaxValue(width)
                           : llvm::APInt::getSignedMaxValue(width);
  auto end = [&](const llvm::APInt &value) -> Value {
    return arith::ConstantOp::create(b, b.getIntegerAttr(to, value));
  };
  // Exact powers of two: the first float that is too large.
  double limit = std::ldexp(1.0, static_cast<int>(plain ? width : width - 1));
  Value tooLarge = arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, x,
                                         number(b, x, limit));
  Value tooSmall = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x,
                                         number(b, x, plain ? 0 : -limit));
  Value outside = arith::OrIOp::create(
      b, arith::OrIOp::create(b, tooLarge, tooSmall), isNaN(b, x));
  Value safe = select(b, outside, number(b, x, 0), x);
  Value whole = plain ? Value(arith::FPToUIOp::create(b, to, safe))
                      : Value(arith::FPToSIOp::create(b, to, safe));
  whole = select(b, tooLarge, end(high), whole);
  return select(b, tooSmall, end(low), whole);
}

Value convertReal(B &b, Value x, Type from, Type to) {
  Type stored = storedType(to);
  bool plain = isUnsigned(from) || from.isInteger(1);
  if (to.isInteger(1)) {
    if (isa<FloatType>(x.getType()))
      return arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, x,
                                   number(b, x, 0));
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, x,
                                 scalarInt(b, x.getType(), 0));
  }
  if (isa<FloatType>(x.getType())) {
    if (isa<FloatType>(stored))
      return resizeFloat(b, x, stored);
    return floatToInt(b, x, stored, isUnsigned(to));
  }
  if (isa<FloatType>(stored)) {
    if (plain)
      return arith::UIToFPOp::create(b, stored, x);
    return arith::SIToFPOp::create(b, stored, x);
  }
  unsigned have = x.getType().getIntOrFloatBitWidth(),
           want = stored.getIntOrFloatBitWidth();
  if (have == want)
    return x;
  if (have > want)
    return arith::TruncIOp::create(b, stored, x);
  if (plain)
    return arith::ExtUIOp::create(b, stored, x);
  return arith::ExtSIOp::create(b, stored, x);
}

} // namespace

Element convertElement(B &b, const Element &x, Type to) {
  Type part = to;
  if (auto complex = dyn_cast<ComplexType>(to))
    part = complex.getElementType();
  Type from = x.element;
  if (auto complex = dyn_cast<ComplexType>(from))
    from = complex.getElementType();
  Value real = convertReal(b, x.value, from, part);
  if (part == to)
    return {to, real, nullptr};
  Value imag = x.isComplex() ? convertReal(b, x.imag, from, part)
                             : scalar(b, real.getType(), 0);
  return {to, real, imag};
}

std::optional<Element> emitElement(B &b, Operation *op,
                                   llvm::ArrayRef<Element> operands) {
  Type element = getElementTypeOrSelf(op->getResult(0).getType());
  if (isa<ConvertOp>(op))
    return convertElement(b, operands[0], element);
  if (isa<SelectOp>(op))
    return choose(b, operands[0].value, operands[1], operands[2]);
  if (llvm::any_of(operands, [](const Element &x) { return x.isComplex(); }) ||
      isa<ComplexOp>(op))
    return emitComplex(b, op, operands);
  if (auto compareOp = dyn_cast<CompareOp>(op))
    return Element{element, compare(b, compareOp, operands[0], operands[1]),
                   nullptr};
  if (isa<ClampOp>(op)) {
    bool plain = isUnsigned(element);
    Value low = maximum(b, operands[1].value, operands[0].value, plain);
    return Element{element, minimum(b, low, operands[2].value, plain), nullptr};
  }
  Type from = operands[0].element;
  Value value;
  if (operands.size() == 1)
    value = emitUnary(b, op, operands[0].value, from);
  else if (operands.size() == 2)
    value = emitBinary(b, op, operands[0].value, operands[1].value, from);
  if (!value)
    return std::nullopt;
  return Element{element, value, nullptr};
}

} // namespace orchestra::stablehlo::frontend
