//===- Chlo.cpp - Functions that StableHLO has no op for ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Importer.h"

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"
#include "orchestra/Dialect/StableHLO/CHLO.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace orchestra::stablehlo::frontend {
namespace {

using B = ImplicitLocOpBuilder;

template <typename Math> Value make(B &b, Value x) {
  return Math::create(b, x).getResult();
}

Value function(B &b, Operation *op, Value x) {
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](chlo::AcosOp) { return make<math::AcosOp>(b, x); })
      .Case([&](chlo::AcoshOp) { return make<math::AcoshOp>(b, x); })
      .Case([&](chlo::AsinOp) { return make<math::AsinOp>(b, x); })
      .Case([&](chlo::AsinhOp) { return make<math::AsinhOp>(b, x); })
      .Case([&](chlo::AtanOp) { return arcTangent(b, x); })
      .Case([&](chlo::AtanhOp) { return make<math::AtanhOp>(b, x); })
      .Case([&](chlo::BesselI1eOp) { return besselI1Scaled(b, x); })
      .Case([&](chlo::CoshOp) { return make<math::CoshOp>(b, x); })
      .Case([&](chlo::DigammaOp) { return digamma(b, x); })
      .Case([&](chlo::ErfOp) { return make<math::ErfOp>(b, x); })
      .Case([&](chlo::ErfcOp) { return make<math::ErfcOp>(b, x); })
      .Case([&](chlo::ErfInvOp) { return erfInverse(b, x); })
      .Case([&](chlo::LgammaOp) { return logGamma(b, x); })
      .Case([&](chlo::SinhOp) { return make<math::SinhOp>(b, x); })
      .Case([&](chlo::SquareOp) {
        return arith::MulFOp::create(b, x, x).getResult();
      })
      .Case([&](chlo::TanOp) { return make<math::TanOp>(b, x); })
      .Default([](Operation *) { return Value(); });
}

/// The next number of x's format on the way to y.
Value nextAfter(B &b, Value x, Value y) {
  Type type = b.getIntegerType(x.getType().getIntOrFloatBitWidth());
  unsigned width = type.getIntOrFloatBitWidth();
  Num number(b, x), goal(b, y);
  Num bits(b, arith::BitcastOp::create(b, type, x));
  Num one(b, scalarInt(b, type, 1));
  Num sign(b, arith::ConstantOp::create(
                  b, b.getIntegerAttr(type, llvm::APInt::getSignMask(width))));
  Num zero = number == 0.0;
  Num grows = number < goal;
  // Away from zero, bits count up.
  Num away(b, arith::XOrIOp::create(b, grows, number < 0.0));
  Num moved = away.choose(bits + one, bits - one);
  Num least = grows.choose(one, one | sign);
  Num next = zero.choose(least, moved);
  Num value(b, arith::BitcastOp::create(b, x.getType(), next));
  Num same = number == goal;
  Num unordered = (number != number) | (goal != goal);
  Num nan = number + goal;
  return unordered.choose(nan, same.choose(goal, value));
}

Value upperHalf(B &b, Value x, Value y, bool isUnsigned) {
  if (isUnsigned)
    return arith::MulUIExtendedOp::create(b, x, y).getHigh();
  return arith::MulSIExtendedOp::create(b, x, y).getHigh();
}

/// Applies a change to each element.
Data mapped(B &b, const Data &data, Type element,
            llvm::function_ref<Value(B &, Value)> change) {
  return elementwise(b, data, element,
                     [&](B &inner, ArrayRef<Element> in) {
                       return std::optional<Elements>(Elements{
                           {element, change(inner, in[0].value), nullptr}});
                     })
      ->front();
}

/// Floats are ordered as integers: NaN of both signs, and zeros of both.
LogicalResult lowerTopK(Op &op, const Data &x, int64_t k) {
  B &b = op.b;
  SmallVector<OpFoldResult> sizes = sizesOf(b, x.value);
  sizes.back() = b.getIndexAttr(k);
  Type stored = storedType(x.element), i32 = b.getI32Type(), key = x.element;
  Data keys = x;
  if (isa<FloatType>(stored)) {
    key = b.getIntegerType(stored.getIntOrFloatBitWidth());
    keys = mapped(b, x, key, totalOrder);
  }
  Value values = empty(b, sizes, storedType(key)),
        places = empty(b, sizes, i32);
  auto unit = [&](bool is) { return is ? b.getUnitAttr() : UnitAttr(); };
  auto made = linalg_ext::TopKOp::create(
      b, TypeRange{values.getType(), places.getType()},
      b.getI64IntegerAttr(x.rank() - 1), unit(true),
      unit(isUnsigned(x.element)), UnitAttr(), keys.value,
      ValueRange{values, places});
  Data first, second;
  first.element = key;
  first.value = made.getResult(0);
  if (key != x.element)
    first = mapped(b, first, x.element, [&](B &inner, Value bits) -> Value {
      return arith::BitcastOp::create(inner, stored, totalOrder(inner, bits));
    });
  second.element = i32;
  second.value = made.getResult(1);
  (void)op.set(0, first);
  return op.set(1, second);
}

} // namespace

LogicalResult lowerChlo(Op &op) {
  Data x = op.in(0);
  if (x.isComplex()) {
    auto result =
        elementwise(op.b, x, x.element,
                    [&](B &b, ArrayRef<Element> in) -> std::optional<Elements> {
                      auto element = emitComplex(b, op.op, in);
                      return element
                                 ? std::optional<Elements>(Elements{*element})
                                 : std::nullopt;
                    });
    return result ? op.set(result->front())
                  : op.unsupported("an operand of complex elements");
  }
  if (auto top = dyn_cast<chlo::TopKOp>(op.op)) {
    return lowerTopK(op, x, static_cast<int64_t>(top.getK()));
  }
  SmallVector<Data> inputs{x};
  bool isProduct = isa<chlo::MulhiOp>(op.op);
  bool isBinary = isProduct || isa<chlo::NextAfterOp>(op.op);
  if (isBinary)
    inputs.push_back(op.in(1));
  Type wide = storedType(x.element).getIntOrFloatBitWidth() < 32
                  ? Type(op.b.getF32Type())
                  : storedType(x.element);
  auto result = elementwise(
      op.b, inputs, x.element,
      [&](B &b, ArrayRef<Element> in) -> std::optional<Elements> {
        if (isProduct)
          return Elements{
              {x.element,
               upperHalf(b, in[0].value, in[1].value, isUnsigned(x.element)),
               nullptr}};
        if (isBinary)
          return Elements{
              {x.element, nextAfter(b, in[0].value, in[1].value), nullptr}};
        Value value = function(b, op.op, convertElement(b, in[0], wide).value);
        if (!value)
          return std::nullopt;
        return Elements{convertElement(b, {wide, value, nullptr}, x.element)};
      });
  return result ? op.set(result->front()) : op.unsupported("it");
}

} // namespace orchestra::stablehlo::frontend
