//===- FourierFast.cpp - Transforms in n log n ----------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// linalg_ext.fft takes powers of two. Any other length goes by Bluestein's way,
// as a convolution with a chirp c[j] = exp(-pi i j^2 / n), whose transform
// depends on the length only, and so is a constant:
//   y[k] = c[k] * sum over j of (x[j] c[j]) * conj(c[k - j])
//
//===----------------------------------------------------------------------===//
#include "Arithmetic.h"
#include "Fourier.h"
#include "Sizes.h"

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace orchestra::onnx {

/// Shorter ones are faster as a product with a matrix.
constexpr int64_t kMinFast = 128, kMinChirp = 512;
/// Longer ones would have tables of more than a gigabyte.
constexpr int64_t kMaxFast = int64_t(1) << 26;

namespace {
/// Real and imaginary parts of rows, of f64.
struct Complex {
  Data re, im;
};
} // namespace

using Builder = Num::Builder;

bool isFast(const FourierPlan &plan) {
  auto length = plan.length.constant();
  return length && *length <= kMaxFast &&
         *length >= (llvm::isPowerOf2_64(*length) ? kMinFast : kMinChirp);
}

static Data valueOf(Value value, llvm::ArrayRef<Dim> shape) {
  Data data;
  data.type = ElementType::Double;
  data.shape.assign(shape.begin(), shape.end());
  data.value = value;
  return data;
}

/// The transform of rows of a power of two elements.
static std::optional<Complex> transformRows(Op &op, const Complex &x,
                                            bool inverse) {
  int64_t length = *x.re.shape.back().constant();
  Data table =
      generate(op, {Dim(2), Dim(std::max<int64_t>(length / 2, 1))},
               ElementType::Double, [&](Builder &b, ValueRange index) -> Value {
                 auto i = numbers(b, index);
                 Num angle = i[1].toFloat(b.getF64Type()) *
                             (kTau / static_cast<double>(length));
                 return (i[0] == 0).choose(angle.cos(), angle.sin());
               });
  Value re = op.value(x.re), im = op.value(x.im), factors = op.value(table),
        first = op.empty(x.re.shape, ElementType::Double),
        second = op.empty(x.re.shape, ElementType::Double);
  if (op.failed())
    return std::nullopt;
  auto made = linalg_ext::FourierOp::create(
      op.b, TypeRange{first.getType(), second.getType()}, inverse, re, im,
      factors, ValueRange{first, second});
  return Complex{valueOf(made.getResult(0), x.re.shape),
                 valueOf(made.getResult(1), x.re.shape)};
}

/// Rows with `length` elements: cut off, or zeros behind, or, of half of the
/// coefficients of a real signal, the mirror image.
static std::optional<Complex>
fit(Op &op, const Data &real, const Data &imaginary, const FourierPlan &plan) {
  const Dim rows = real.shape[0], have = real.shape[1];
  int64_t length = *plan.length.constant();
  bool mirrors = plan.inverse && plan.oneSided;
  Value re = op.value(real);
  Value im =
      imaginary.value || imaginary.constant ? op.value(imaginary) : Value();
  requireSizes(op, arith::CmpIPredicate::uge, have, Dim(1),
               "there is nothing to transform");
  Value limit = indexValue(op, have);
  if (op.failed())
    return std::nullopt;
  auto part = [&](Value source, bool isImaginary) {
    return generate(
        op, {rows, plan.length}, ElementType::Double,
        [&](Builder &b, ValueRange index) -> Value {
          Num zero(b, scalar(b, b.getF64Type(), 0));
          if (!source)
            return zero;
          auto i = numbers(b, index);
          Num place = i[1], isMirror = place + place > indexNum(b, length);
          if (mirrors)
            place = isMirror.choose(indexNum(b, length) - place, place);
          Num there = place < Num(b, limit);
          Num value = at(b, source, {i[0], place.min(Num(b, limit) - 1)});
          if (mirrors && isImaginary)
            value = isMirror.choose(zero - value, value);
          return there.choose(value, zero);
        });
  };
  return Complex{part(re, false), part(im, true)};
}

/// The elements of `shape` of x times the vector c, times a number.
static Complex multiply(Op &op, const Complex &x, const Complex &c,
                        llvm::ArrayRef<Dim> shape, double scale) {
  Value re = op.value(x.re), im = op.value(x.im), cosine = op.value(c.re),
        sine = op.value(c.im);
  Value length = indexValue(op, x.re.shape[1]);
  auto part = [&](bool isImaginary) {
    return generate(
        op, shape, ElementType::Double,
        [&](Builder &b, ValueRange index) -> Value {
          auto i = numbers(b, index);
          // Behind the last element there are zeros.
          Num there = i[1] < Num(b, length);
          llvm::SmallVector<Num> place{i[0], i[1].min(Num(b, length) - 1)};
          Num a = at(b, re, place), d = at(b, im, place);
          Num p = at(b, cosine, place[1]), q = at(b, sine, place[1]);
          Num value = isImaginary ? a * q + d * p : a * p - d * q;
          return there.choose(value * scale, value.constant(0));
        });
  };
  return {part(false), part(true)};
}

/// The chirp of `period`, as a vector of `size`: element j and, if it wraps,
/// also element size - j.
static Complex chirp(Op &op, int64_t period, int64_t size, bool wraps,
                     bool positive) {
  auto part = [&](bool isImaginary) {
    return generate(
        op, {Dim(size)}, ElementType::Double,
        [&](Builder &b, ValueRange index) -> Value {
          Num j(b, index[0]);
          if (wraps)
            j = j.min(indexNum(b, size) - j);
          Num turn = j * j % indexNum(b, 2 * period);
          Num angle = turn.toFloat(b.getF64Type()) *
                      (kTau / 2 / static_cast<double>(period));
          Num value = isImaginary ? angle.sin() : angle.cos();
          if (isImaginary && !positive)
            value = value.constant(0) - value;
          return (j < indexNum(b, period)).choose(value, value.constant(0));
        });
  };
  return {part(false), part(true)};
}

std::optional<std::pair<Data, Data>> fastFourier(Op &op, const Data &real,
                                                 const Data &imaginary,
                                                 const FourierPlan &plan) {
  int64_t length = *plan.length.constant();
  Dim rows = real.shape[0];
  auto x = fit(op, real, imaginary, plan);
  if (!x)
    return std::nullopt;
  double scale = plan.inverse ? 1 / static_cast<double>(length) : 1;
  std::optional<Complex> y;
  if (llvm::isPowerOf2_64(length)) {
    y = transformRows(op, *x, plan.inverse);
    if (!y)
      return std::nullopt;
    Shape offsets{Dim(0), Dim(0)}, sizes{rows, plan.outputs};
    for (Data *part : {&y->re, &y->im}) {
      *part = slice(op, *part, offsets, sizes, {1, 1});
      if (scale == 1)
        continue;
      auto scaled = elementwise(op, *part, ElementType::Double,
                                [&](Builder &b, ValueRange v) -> Value {
                                  return Num(b, v[0]) * scale;
                                });
      if (!scaled)
        return std::nullopt;
      *part = *scaled;
    }
    return std::pair(y->re, y->im);
  }
  auto size = static_cast<int64_t>(llvm::PowerOf2Ceil(2 * length - 1));
  Shape wide{rows, Dim(size)};
  Complex own = chirp(op, length, length, false, plan.inverse);
  Complex other = chirp(op, length, size, true, !plan.inverse);
  for (Data *part : {&other.re, &other.im})
    *part = reshape(op, *part, {Dim(1), Dim(size)});
  auto spectrum = transformRows(op, other, false);
  auto signal = transformRows(op, multiply(op, *x, own, wide, 1), false);
  if (!spectrum || !signal)
    return std::nullopt;
  for (Data *part : {&spectrum->re, &spectrum->im})
    *part = reshape(op, *part, {Dim(size)});
  y = transformRows(op, multiply(op, *signal, *spectrum, wide, 1), true);
  if (!y)
    return std::nullopt;
  // The chirp may be shorter than the convolution, the results are shorter yet.
  Complex result = multiply(op, *y, own, {rows, plan.outputs},
                            scale / static_cast<double>(size));
  return std::pair(result.re, result.im);
}

} // namespace orchestra::onnx
