//===- Fourier.cpp - DFT, STFT, MelWeightMatrix ---------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Short transforms are products with a matrix of sines and cosines, which are
// constants where the length is; longer ones of known length are n log n
// (FourierFast.cpp). All in f64, as sums of large terms cancel.
//
//===----------------------------------------------------------------------===//
#include "Fourier.h"
#include "Arithmetic.h"
#include "Sizes.h"
#include "Table.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

/// The factors of inputs (rows) in outputs (columns): cosines or sines.
Data factors(Op &op, const FourierPlan &plan, const Dim &inputs, bool sine) {
  Value length = indexValue(op, plan.length);
  bool folds = plan.inverse && plan.oneSided;
  return generate(op, {inputs, plan.outputs}, ElementType::Double,
                  [&](Num::Builder &b, ValueRange index) -> Value {
                    auto i = numbers(b, index);
                    Num period(b, length);
                    Type f64 = b.getF64Type();
                    Num size = period.toFloat(f64);
                    Num angle =
                        ((i[0] * i[1]) % period).toFloat(f64) * kTau / size;
                    Num factor = sine ? angle.sin() : angle.cos();
                    if (plan.inverse)
                      factor = factor / size;
                    if (folds) {
                      // The other half is the mirror image; inputs beyond are
                      // not read.
                      Num twice = i[0] * 2.0;
                      Num single = (i[0] == 0) | (twice == period);
                      factor = single.choose(factor, factor * 2.0);
                      factor =
                          (twice > period).choose(factor.constant(0), factor);
                    }
                    // Inputs beyond the period are cut off.
                    return (i[0] >= period).choose(factor.constant(0), factor);
                  });
}

std::optional<Data> combineParts(Op &op, const std::optional<Data> &a,
                                 const std::optional<Data> &b, bool subtract) {
  if (!a || !b)
    return a;
  return elementwise(op, {*a, *b}, a->type,
                     [&](Num::Builder &builder, ValueRange v) -> Value {
                       Num x(builder, v[0]), y(builder, v[1]);
                       return subtract ? x - y : x + y;
                     });
}

/// The transform of x[..., n, parts] along the axis before the last one, where
/// parts are real and imaginary ones, or real ones alone.
std::optional<Data> transform(Op &op, const Data &x, const FourierPlan &plan,
                              ElementType type) {
  auto wide = convert(op, x, ElementType::Double);
  if (!wide)
    return std::nullopt;
  int64_t rank = x.rank();
  bool isComplex = x.shape.back().is(2);
  const Dim inputs = x.shape[rank - 2];
  auto part = [&](int64_t which) {
    Shape offsets(rank, Dim(0)), sizes = x.shape, shape = x.shape;
    offsets.back() = Dim(which);
    sizes.back() = Dim(1);
    shape.pop_back();
    llvm::SmallVector<int64_t> steps(rank, 1);
    Shape rows(shape.begin(), shape.end() - 1);
    return reshape(op, slice(op, *wide, offsets, sizes, steps),
                   {product(rows), inputs});
  };
  Shape shape = x.shape;
  shape[rank - 2] = plan.outputs;
  shape.back() = Dim(1);
  if (isFast(plan) && !inputs.is(0)) {
    auto parts = fastFourier(op, part(0), isComplex ? part(1) : Data(), plan);
    if (!parts)
      return std::nullopt;
    llvm::SmallVector<Data> columns{reshape(op, parts->first, shape)};
    if (!(plan.inverse && plan.oneSided))
      columns.push_back(reshape(op, parts->second, shape));
    return convert(op, concat(op, columns, rank - 1), type);
  }
  Data cosines = factors(op, plan, inputs, false),
       sines = factors(op, plan, inputs, true);
  Data real = part(0);
  std::optional<Data> imaginary;
  if (isComplex)
    imaginary = part(1);
  auto times = [&](const std::optional<Data> &a, const Data &b) {
    return a ? matmul(op, *a, b) : std::nullopt;
  };
  // e^(-ix) = cos x - i sin x; the inverse has the other sign.
  auto re = combineParts(op, times(real, cosines), times(imaginary, sines),
                         plan.inverse);
  llvm::SmallVector<Data> parts;
  if (!re)
    return std::nullopt;
  parts.push_back(reshape(op, *re, shape));
  if (!(plan.inverse && plan.oneSided)) {
    auto rs = times(real, sines), ic = times(imaginary, cosines);
    std::optional<Data> im;
    if (plan.inverse) {
      im = combineParts(op, rs, ic, false);
    } else {
      auto minus = rs ? elementwise(op, *rs, rs->type,
                                    [](Num::Builder &b, ValueRange v) -> Value {
                                      return arith::NegFOp::create(b, v[0]);
                                    })
                      : std::nullopt;
      im = combineParts(op, minus, ic, false);
    }
    if (!im)
      return std::nullopt;
    parts.push_back(reshape(op, *im, shape));
  }
  return convert(op, concat(op, parts, rank - 1), type);
}

bool isSignal(Op &op, const Data &x) {
  if (!op.expectType(x, isFloat(x.type), "the signal"))
    return false;
  if (x.rank() >= 2 && (x.shape.back().is(1) || x.shape.back().is(2)))
    return true;
  (void)op.fail("shape-mismatch",
                op.node.op + ": the last dimension of the signal must be 1 "
                             "(real) or 2 (complex)",
                {"it is " + op.text(x.shape)});
  return false;
}

/// The axis of a transform: an attribute, then an input.
std::optional<Dim> readAxis(Op &op, const Data &x) {
  if (op.node.since < 20 || !op.has(2)) {
    auto axis =
        op.axis(op.node.since < 20 ? op.intAttr("axis", 1) : -2, x.rank());
    return axis ? std::optional<Dim>(Dim(*axis)) : std::nullopt;
  }
  auto axes = axesFrom(op, 2, "axis", x.rank());
  if (!axes || axes->size() != 1)
    return std::nullopt;
  return axes->front();
}

/// The coefficients of a period, or the signal that has them
LogicalResult lowerDFT(Op &op) {
  const Data &x = op.in(0);
  if (op.failed() || !isSignal(op, x))
    return failure();
  auto axis = readAxis(op, x);
  if (!axis)
    return failure();
  if (axis->is(x.rank() - 1))
    return op.fail("invalid-attribute",
                   "DFT: the axis must not be that of real and imaginary "
                   "parts");
  // before x axis x after x parts
  Data around = aroundAxis(op, x, *axis);
  Dim parts = x.shape.back(), after = around.shape[2];
  if (auto whole = after.dividedBy(parts))
    after = *whole;
  else
    after =
        op.dims.apply(DimSymbols::Op::Div, after, parts, op.b, op.b.getLoc());
  Dim before = around.shape[0], size = around.shape[1];
  FourierPlan plan;
  plan.inverse = op.intAttr("inverse", 0) != 0;
  plan.oneSided = op.intAttr("onesided", 0) != 0;
  plan.length = plan.inverse && plan.oneSided ? (size - Dim(1)) * Dim(2) : size;
  if (op.has(1)) {
    auto length = sizesFrom(op, op.in(1), "dft_length");
    if (!length || length->size() != 1)
      return failure();
    plan.length = length->front();
  }
  if (auto known = plan.length.constant(); known && *known < 1)
    return op.fail("invalid-shape", "DFT: the length must be positive");
  plan.outputs = plan.length;
  if (plan.oneSided && !plan.inverse)
    plan.outputs = op.dims.apply(DimSymbols::Op::Div, plan.length, Dim(2), op.b,
                                 op.b.getLoc()) +
                   Dim(1);
  Data lines = transpose(op, reshape(op, around, {before, size, after, parts}),
                         {0, 2, 1, 3});
  auto result = transform(op, lines, plan, x.type);
  if (!result)
    return failure();
  Shape shape = x.shape;
  for (int64_t i = 0; i < x.rank(); ++i)
    if (axis->is(i))
      shape[i] = plan.outputs;
    else if (!axis->constant())
      shape[i] =
          choose(op, compareSizes(op, arith::CmpIPredicate::eq, *axis, Dim(i)),
                 plan.outputs, shape[i]);
  shape.back() = result->shape.back();
  return op.set(0, reshape(op, transpose(op, *result, {0, 2, 1, 3}), shape));
}

/// The transforms of overlapping frames, weighted by a window
LogicalResult lowerSTFT(Op &op) {
  const Data &x = op.in(0);
  if (op.failed() || !isSignal(op, x))
    return failure();
  if (x.rank() != 3)
    return op.fail("shape-mismatch", "STFT: the signal must have 3 dimensions",
                   {"it is " + op.text(x.shape)});
  auto step = sizesFrom(op, op.in(1), "frame_step");
  if (!step || step->size() != 1)
    return failure();
  bool hasWindow = op.has(2);
  Dim length = hasWindow ? op.in(2).shape[0] : x.shape[1];
  if (op.has(3)) {
    auto given = sizesFrom(op, op.in(3), "frame_length");
    if (!given || given->size() != 1)
      return failure();
    length = given->front();
  }
  Value window = hasWindow ? op.value(op.in(2)) : Value();
  if (hasWindow &&
      !op.expectType(op.in(2), isFloat(op.in(2).type), "the window"))
    return failure();
  using P = DimSymbols::Op;
  auto apply = [&](P kind, const Dim &a, const Dim &b) {
    return op.dims.apply(kind, a, b, op.b, op.b.getLoc());
  };
  if (!op.dims.isPositive(step->front())) {
    if (step->front().constant())
      return op.fail("invalid-attribute", "STFT: frame_step must be positive");
    op.require(
        compareSizes(op, arith::CmpIPredicate::sgt, step->front(), Dim(0)),
        "frame_step must be positive");
  }
  Dim stride = apply(P::Max, step->front(), Dim(1));
  Dim frames = apply(P::Div, x.shape[1] - length, stride) + Dim(1);
  if (auto known = (x.shape[1] - length).constant(); known && *known < 0)
    return op.fail("shape-mismatch", "STFT: a frame is longer than the signal");
  Value signal = op.value(x), hop = indexValue(op, stride);
  if (op.failed())
    return failure();
  Type f64 = op.b.getF64Type();
  Shape shape{x.shape[0], frames, length, x.shape[2]};
  Data framed = generate(op, shape, ElementType::Double,
                         [&](Num::Builder &b, ValueRange index) -> Value {
                           auto i = numbers(b, index);
                           Num place = i[1] * Num(b, hop) + i[2];
                           Num value = at(b, signal, {i[0], place, i[3]});
                           value = value.resize(f64);
                           if (window)
                             value = value * at(b, window, i[2]).resize(f64);
                           return value;
                         });
  FourierPlan plan;
  plan.length = length;
  plan.oneSided = op.intAttr("onesided", 1) != 0;
  plan.outputs =
      plan.oneSided ? apply(P::Div, length, Dim(2)) + Dim(1) : length;
  auto result = transform(op, framed, plan, x.type);
  return result ? op.set(0, *result) : failure();
}

/// Weights of a spectrogram's bins in triangular filters on the mel scale
LogicalResult lowerMelWeightMatrix(Op &op) {
  Dim sizes[3]; // bins, length of the transform, samples a second
  const char *names[] = {"num_mel_bins", "dft_length", "sample_rate"};
  for (unsigned i = 0; i < 3; ++i) {
    auto given = sizesFrom(op, op.in(i), names[i]);
    if (!given || given->size() != 1)
      return failure();
    sizes[i] = given->front();
  }
  auto type = static_cast<ElementType>(op.intAttr("output_datatype", 1));
  Value edges[2];
  for (unsigned i : {0u, 1u}) {
    const Data &edge = op.in(3 + i);
    if (!op.expectType(edge, isFloat(edge.type), "a frequency"))
      return failure();
    edges[i] = op.value(reshape(op, edge, {}));
  }
  Dim rows = op.dims.apply(DimSymbols::Op::Div, sizes[1], Dim(2), op.b,
                           op.b.getLoc()) +
             Dim(1);
  Value bins = indexValue(op, sizes[0]), length = indexValue(op, sizes[1]),
        rate = indexValue(op, sizes[2]);
  if (op.failed())
    return failure();
  Type f64 = op.b.getF64Type();
  Data weights = generate(
      op, {rows, sizes[0]}, ElementType::Double,
      [&](Num::Builder &b, ValueRange index) -> Value {
        auto i = numbers(b, index);
        const double ln10 = 2.302585092994045684;
        auto mel = [&](Value edge) {
          Num hertz = at(b, edge, {}).resize(f64);
          return (hertz / 700.0 + 1.0).log() * (2595 / ln10);
        };
        Num low = mel(edges[0]), high = mel(edges[1]);
        Num step = (high - low) / (Num(b, bins) + 2).toFloat(f64);
        auto bin = [&](Num which) {
          Num scale = which.toFloat(f64) * step + low;
          Num hertz = ((scale * (ln10 / 2595)).exp() - 1.0) * 700.0;
          Num place = (Num(b, length) + 1).toFloat(f64) * hertz;
          return (place / Num(b, rate).toFloat(f64)).floor();
        };
        Num left = bin(i[1]), centre = bin(i[1] + 1), right = bin(i[1] + 2);
        Num j = i[0].toFloat(f64), zero = j.constant(0), one = j.constant(1);
        Num rise = centre - left, fall = right - centre;
        Num up = ((j >= left) & (j <= centre)).choose((j - left) / rise, zero);
        up = (rise == 0).choose((j == centre).choose(one, zero), up);
        Num down = (j >= centre) & (j < right) & (fall > 0);
        return down.choose((right - j) / fall, up);
      });
  auto result = convert(op, weights, type);
  return result ? op.set(0, *result) : failure();
}

} // namespace

void addFourier(Table &table) {
  table.op("DFT", {17, "", inputs(1, 2)}, lowerDFT);
  table.op("MelWeightMatrix", {17, "", inputs(0, 1, 2)}, lowerMelWeightMatrix);
  table.op("STFT", {17, "", inputs(1, 3)}, lowerSTFT);
}

} // namespace orchestra::onnx
