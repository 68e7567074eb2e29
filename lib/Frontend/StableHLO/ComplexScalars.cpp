//===- ComplexScalars.cpp - Elementwise ops on complex numbers ------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Importer.h"

#include "orchestra/Dialect/StableHLO/CHLO.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace orchestra::stablehlo::frontend {
namespace {

using B = ImplicitLocOpBuilder;

struct Complex {
  Num re, im;
};

/// |x + iy| without overflow of squares.
Num magnitude(B &b, const Complex &z) {
  Num re = z.re.abs(), im = z.im.abs();
  Num large{b, arith::MaximumFOp::create(b, re, im)},
      small{b, arith::MinimumFOp::create(b, re, im)};
  Num zero = large.constant(0),
      inf = large.constant(std::numeric_limits<double>::infinity());
  Num ratio = small / large;
  Num length = large * (ratio * ratio + 1).sqrt();
  Num plain = (large == zero) | (large == inf);
  // A part that is infinite wins over one that is NaN.
  Num isInf = (re == inf) | (im == inf);
  return isInf.choose(inf, plain.choose(large, length));
}

Num angle(B &b, const Complex &z) {
  return {b, math::Atan2Op::create(b, z.im, z.re)};
}

Complex multiply(const Complex &x, const Complex &y) {
  return {x.re * y.re - x.im * y.im, x.re * y.im + x.im * y.re};
}

/// By the larger part of the divisor, so that nothing overflows.
Complex divide(B &b, const Complex &x, const Complex &y) {
  Num wide = y.re.abs() >= y.im.abs();
  Num large = wide.choose(y.re, y.im), small = wide.choose(y.im, y.re);
  Num ratio = small / large, scale = large + small * ratio;
  Num re = wide.choose(x.re + x.im * ratio, x.re * ratio + x.im) / scale;
  Num im = wide.choose(x.im - x.re * ratio, x.im * ratio - x.re) / scale;
  // Over zero: the parts over it.
  Num zero = large == 0.0;
  return {zero.choose(x.re / y.re.abs(), re),
          zero.choose(x.im / y.re.abs(), im)};
}

Complex exponential(B &b, const Complex &z) {
  Num scale = z.re.exp();
  Num real = z.im == 0.0;
  return {scale * z.im.cos(), real.choose(z.im, scale * z.im.sin())};
}

Complex logarithm(B &b, const Complex &z) {
  return {magnitude(b, z).log(), angle(b, z)};
}

Complex squareRoot(B &b, const Complex &z) {
  Num length = magnitude(b, z);
  Num half = length.constant(0.5);
  Num root = ((length + z.re.abs()) * half).sqrt();
  Num other = z.im.abs() / (root + root);
  Num zero = length == 0.0;
  other = zero.choose(length, other);
  Num positive = z.re >= 0.0;
  Num re = positive.choose(root, other), im = positive.choose(other, root);
  Num sign{b, math::CopySignOp::create(b, im, z.im)};
  return {re, sign};
}

Num sinh(B &b, Num x) { return {b, math::SinhOp::create(b, x)}; }
Num cosh(B &b, Num x) { return {b, math::CoshOp::create(b, x)}; }

/// tanh(x + iy) = (sinh 2x + i sin 2y) / (cosh 2x + cos 2y)
Complex tanh(B &b, const Complex &z) {
  Num t = z.re.tanh();
  Num s = z.im.sin(), c = z.im.cos();
  // In terms of tanh x, which does not overflow.
  Num denominator = c * c + t * t * s * s;
  Num re = t / denominator;
  Num im = s * c * (denominator.constant(1) - t * t) / denominator;
  return {re, im};
}

Complex power(B &b, const Complex &x, const Complex &y) {
  Complex result = exponential(b, multiply(y, logarithm(b, x)));
  Num zero = (x.re == 0.0) & (x.im == 0.0);
  Num none = (y.re == 0.0) & (y.im == 0.0);
  Num at = none.choose(x.re.constant(1), x.re.constant(0));
  return {zero.choose(at, result.re), zero.choose(x.re.constant(0), result.im)};
}

} // namespace

/// The same on real and on complex elements.
static Element combine(B &b, const Element &x, const Element &y,
                       llvm::function_ref<Num(Num, Num)> real,
                       llvm::function_ref<Complex(Complex, Complex)> complex) {
  if (!x.isComplex())
    return {x.element, real(Num(b, x.value), Num(b, y.value)), nullptr};
  Complex z = complex({Num(b, x.value), Num(b, x.imag)},
                      {Num(b, y.value), Num(b, y.imag)});
  return {x.element, z.re, z.im};
}

Element sum(B &b, const Element &x, const Element &y) {
  return combine(
      b, x, y, [](Num p, Num q) { return p + q; },
      [](const Complex &p, const Complex &q) {
        return Complex{p.re + q.re, p.im + q.im};
      });
}

Element difference(B &b, const Element &x, const Element &y) {
  return combine(
      b, x, y, [](Num p, Num q) { return p - q; },
      [](const Complex &p, const Complex &q) {
        return Complex{p.re - q.re, p.im - q.im};
      });
}

Element times(B &b, const Element &x, const Element &y) {
  return combine(b, x, y, [](Num p, Num q) { return p * q; }, multiply);
}

Element quotient(B &b, const Element &x, const Element &y) {
  return combine(
      b, x, y, [](Num p, Num q) { return p / q; },
      [&](const Complex &p, const Complex &q) { return divide(b, p, q); });
}

Element conjugate(B &b, const Element &x) {
  if (!x.isComplex())
    return x;
  return {x.element, x.value, arith::NegFOp::create(b, x.imag)};
}

std::optional<Element> emitComplex(B &b, Operation *op,
                                   llvm::ArrayRef<Element> operands) {
  Type element = getElementTypeOrSelf(op->getResult(0).getType());
  auto real = [&](Value value) -> std::optional<Element> {
    return Element{element, value, nullptr};
  };
  auto both = [&](const Complex &z) -> std::optional<Element> {
    return Element{element, z.re, z.im};
  };
  if (isa<ComplexOp>(op))
    return Element{element, operands[0].value, operands[1].value};
  llvm::SmallVector<Complex> z;
  for (const Element &operand : operands) {
    if (!operand.isComplex())
      return std::nullopt;
    z.push_back({Num(b, operand.value), Num(b, operand.imag)});
  }
  Complex x = z[0], y = z.back();
  if (auto compare = dyn_cast<CompareOp>(op)) {
    Num equal = (x.re == y.re) & (x.im == y.im);
    if (compare.getComparisonDirection() == ComparisonDirection::EQ)
      return real(equal);
    if (compare.getComparisonDirection() == ComparisonDirection::NE)
      return real(!equal);
    return std::nullopt;
  }
  /// Numbers are in the order of their real parts, then of their imaginary.
  auto pick = [&](bool larger) {
    Num before = larger ? x.re > y.re : x.re < y.re;
    Num first =
        before | ((x.re == y.re) & (larger ? x.im >= y.im : x.im <= y.im));
    return Complex{first.choose(x.re, y.re), first.choose(x.im, y.im)};
  };
  using Result = std::optional<Element>;
  return TypeSwitch<Operation *, Result>(op)
      .Case([&](AbsOp) { return real(magnitude(b, x)); })
      .Case([&](RealOp) { return real(x.re); })
      .Case([&](ImagOp) { return real(x.im); })
      .Case([&](AddOp) { return both({x.re + y.re, x.im + y.im}); })
      .Case([&](SubtractOp) { return both({x.re - y.re, x.im - y.im}); })
      .Case([&](MultiplyOp) { return both(multiply(x, y)); })
      .Case([&](DivideOp) { return both(divide(b, x, y)); })
      .Case([&](MaximumOp) { return both(pick(true)); })
      .Case([&](MinimumOp) { return both(pick(false)); })
      .Case([&](NegateOp) {
        return Result(Element{element, arith::NegFOp::create(b, x.re),
                              arith::NegFOp::create(b, x.im)});
      })
      .Case([&](ExponentialOp) { return both(exponential(b, x)); })
      .Case([&](ExponentialMinusOneOp) {
        // e^x cos y - 1 without cancellation near 0.
        Num scale{b, math::ExpM1Op::create(b, x.re)};
        Num s = (x.im * 0.5).sin();
        Num one = scale.constant(1);
        Num re = scale * x.im.cos() - s * s * 2.0;
        return both({re, (scale + one) * x.im.sin()});
      })
      .Case([&](LogOp) { return both(logarithm(b, x)); })
      .Case([&](LogPlusOneOp) {
        Num one = x.re.constant(1);
        // |1 + z|^2 - 1 = x (x + 2) + y^2
        Num excess = x.re * (x.re + 2.0) + x.im * x.im;
        Num small = (x.re.abs() < 0.5) & (x.im.abs() < 0.5);
        Num precise{b, math::Log1pOp::create(b, excess)};
        Complex moved{x.re + one, x.im};
        Num re = small.choose(precise * 0.5, magnitude(b, moved).log());
        return both({re, angle(b, moved)});
      })
      .Case([&](SqrtOp) { return both(squareRoot(b, x)); })
      .Case([&](RsqrtOp) {
        Complex one{x.re.constant(1), x.re.constant(0)};
        return both(divide(b, one, squareRoot(b, x)));
      })
      .Case([&](CbrtOp) {
        Num third = x.re.constant(1.0 / 3.0);
        Complex log = logarithm(b, x);
        return both(exponential(b, {log.re * third, log.im * third}));
      })
      .Case([&](SineOp) {
        return both({x.re.sin() * cosh(b, x.im), x.re.cos() * sinh(b, x.im)});
      })
      .Case([&](CosineOp) {
        Num im = x.re.sin() * sinh(b, x.im);
        return both(
            {x.re.cos() * cosh(b, x.im), Num(b, arith::NegFOp::create(b, im))});
      })
      .Case([&](TanhOp) { return both(tanh(b, x)); })
      .Case([&](chlo::CoshOp) {
        return both({cosh(b, x.re) * x.im.cos(), sinh(b, x.re) * x.im.sin()});
      })
      .Case([&](chlo::SinhOp) {
        return both({sinh(b, x.re) * x.im.cos(), cosh(b, x.re) * x.im.sin()});
      })
      .Case<TanOp, chlo::TanOp>([&](auto) {
        // tan z = -i tanh(iz)
        Complex turned =
            tanh(b, {Num(b, arith::NegFOp::create(b, x.im)), x.re});
        return both({turned.im, Num(b, arith::NegFOp::create(b, turned.re))});
      })
      .Case([&](LogisticOp) {
        Complex one{x.re.constant(1), x.re.constant(0)};
        Complex e = exponential(b, {Num(b, arith::NegFOp::create(b, x.re)),
                                    Num(b, arith::NegFOp::create(b, x.im))});
        return both(divide(b, one, {e.re + one.re, e.im}));
      })
      .Case([&](SignOp) {
        Num length = magnitude(b, x);
        Num zero = length == 0.0;
        return both({zero.choose(x.re, x.re / length),
                     zero.choose(x.im, x.im / length)});
      })
      .Case([&](PowerOp) { return both(power(b, x, y)); })
      .Default([](Operation *) { return Result(); });
}

} // namespace orchestra::stablehlo::frontend
