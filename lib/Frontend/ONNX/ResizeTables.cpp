//===- ResizeTables.cpp - Resizing by what inputs say ---------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The formulas are those of Resize.cpp, in f64, as code instead of constants.
//
//===----------------------------------------------------------------------===//
#include "Resize.h"
#include "Sizes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

using Builder1 = ImplicitLocOpBuilder;

/// f64 arithmetic, written as arithmetic.
struct Real {
  Builder1 *b;
  Value v;
  Real of(double x) const { return {b, scalar(*b, b->getF64Type(), x)}; }
  Real operator+(Real o) const {
    return {b, arith::AddFOp::create(*b, v, o.v)};
  }
  Real operator-(Real o) const {
    return {b, arith::SubFOp::create(*b, v, o.v)};
  }
  Real operator*(Real o) const {
    return {b, arith::MulFOp::create(*b, v, o.v)};
  }
  Real operator/(Real o) const {
    return {b, arith::DivFOp::create(*b, v, o.v)};
  }
  Real floor() const { return {b, math::FloorOp::create(*b, v)}; }
  Real ceil() const { return {b, math::CeilOp::create(*b, v)}; }
  Real abs() const { return {b, math::AbsFOp::create(*b, v)}; }
  Value compare(arith::CmpFPredicate order, Real o) const {
    return arith::CmpFOp::create(*b, order, v, o.v);
  }
  Real orElse(Value condition, Real o) const {
    return {b, arith::SelectOp::create(*b, condition, v, o.v)};
  }
};

using P = arith::CmpFPredicate;

Real real(Builder1 &b, Value index) {
  Value whole = arith::IndexCastOp::create(b, b.getI64Type(), index);
  return {&b, arith::SIToFPOp::create(b, b.getF64Type(), whole)};
}

/// Where element x of the result lies in the input.
Real original(const ResizeSettings &s, Real x, Real scale, Real in, Real out,
              Real start, Real end) {
  Real one = x.of(1), half = x.of(0.5);
  Value single = out.compare(P::OEQ, one);
  if (s.coordinates == "asymmetric")
    return x / scale;
  if (s.coordinates == "align_corners") {
    // The length that the scale says, which need not be whole.
    Real length = scale * in;
    return x.of(0).orElse(single, x * (in - one) / (length - one));
  }
  Real middle = (x + half) / scale - half;
  if (s.coordinates == "pytorch_half_pixel")
    return x.of(-0.5).orElse(single, middle);
  if (s.coordinates == "half_pixel_symmetric") {
    Real adjusted = out / (scale * in);
    return in / x.of(2) * (one - adjusted) + middle;
  }
  if (s.crops()) {
    Real last = in - one;
    Real centre = half * (start + end) * last;
    return centre.orElse(single,
                         start * last + x * (end - start) * last / (out - one));
  }
  return middle;
}

Real nearest(const ResizeSettings &s, Real x) {
  if (s.nearest == "floor")
    return x.floor();
  if (s.nearest == "ceil")
    return x.ceil();
  if (s.nearest == "round_prefer_ceil")
    return (x + x.of(0.5)).floor();
  return (x - x.of(0.5)).ceil();
}

Real kernel(const ResizeSettings &s, Real x) {
  x = x.abs();
  Real zero = x.of(0), one = x.of(1);
  if (s.mode == "linear")
    return (one - x).orElse(x.compare(P::OLT, one), zero);
  double a = s.cubic;
  Real near = ((x.of(a + 2) * x - x.of(a + 3)) * x * x) + one;
  Real far = ((x.of(a) * x - x.of(5 * a)) * x + x.of(8 * a)) * x - x.of(4 * a);
  far = far.orElse(x.compare(P::OLT, x.of(2)), zero);
  return near.orElse(x.compare(P::OLE, one), far);
}

/// The position in [0, in) that is nearest to a whole number.
Value clampedIndex(Builder1 &b, Real at, Value in) {
  Value whole = arith::FPToSIOp::create(b, b.getI64Type(), at.v);
  Value last = arith::IndexCastOp::create(b, b.getI64Type(), in);
  last = arith::SubIOp::create(b, last, scalarInt(b, b.getI64Type(), 1));
  Value low = arith::MaxSIOp::create(b, whole, scalarInt(b, b.getI64Type(), 0));
  return arith::MinSIOp::create(b, low, last);
}

/// The f64 at a position of an f32 or f64 vector.
Value readReal(Op &op, Value vector, int64_t at) {
  Value element = tensor::ExtractOp::create(op.b, vector,
                                            ValueRange(indexConstant(op, at)));
  if (element.getType().isF64())
    return element;
  return arith::ExtFOp::create(op.b, op.b.getF64Type(), element);
}

/// A vector of the host of this many floats; null after a problem.
Value realVector(Op &op, unsigned index, size_t count, llvm::StringRef what) {
  const Data &data = op.in(index);
  if (!op.expectType(data, isFloat(data.type) && elementBits(data.type) <= 64,
                     what))
    return nullptr;
  Value value = op.value(data);
  if (!value || !Op::isHostValue(value)) {
    (void)op.unsupported(what + " that the model computes");
    return nullptr;
  }
  if (data.rank() != 1 ||
      data.shape[0].constant() != static_cast<int64_t>(count)) {
    (void)op.fail("shape-mismatch",
                  "Resize: " + what + " do not have an element for each axis",
                  {"they are " + op.text(data.shape)});
    return nullptr;
  }
  return value;
}

Dim wholeSize(Op &op, Real number) {
  Value bounded = arith::MaxNumFOp::create(op.b, number.v, number.of(0).v);
  bounded = arith::MinNumFOp::create(op.b, bounded, number.of(9e15).v);
  Value whole = arith::FPToSIOp::create(op.b, op.b.getI64Type(), bounded);
  return sizeFrom(op,
                  arith::IndexCastOp::create(op.b, op.b.getIndexType(), whole));
}

} // namespace

std::optional<llvm::SmallVector<AxisPlan>>
planResize(Op &op, const ResizeSettings &settings, llvm::ArrayRef<int64_t> axes,
           const std::optional<Contents> &sizes) {
  const Data &x = op.in(0);
  bool interpolates = settings.mode != "nearest";
  if (interpolates && !op.expectType(x, isFloat(x.type), "x"))
    return std::nullopt;
  std::string policy = op.stringAttr("keep_aspect_ratio_policy", "stretch");
  if (policy != "stretch" && policy != "not_larger" &&
      policy != "not_smaller") {
    (void)op.fail("invalid-attribute",
                  "Resize: keep_aspect_ratio_policy is '" + policy + "'");
    return std::nullopt;
  }
  if (sizes && sizes->size() != axes.size()) {
    (void)op.fail("shape-mismatch",
                  "Resize: sizes do not have an element for each axis");
    return std::nullopt;
  }
  Value scales, crop;
  if (!sizes && !(scales = realVector(op, 2, axes.size(), "scales")))
    return std::nullopt;
  if (settings.crops() && !(crop = realVector(op, 1, 2 * axes.size(), "roi")))
    return std::nullopt;
  llvm::SmallVector<AxisPlan> plans;
  Value common;
  for (const auto &[i, axis] : llvm::enumerate(axes)) {
    AxisPlan plan;
    plan.in = x.shape[axis];
    if (plan.in.is(0)) {
      (void)op.fail("invalid-shape", "Resize: there is nothing to resize");
      return std::nullopt;
    }
    Real in{&op.b, op.dims.materializeDouble(plan.in, op.b, op.b.getLoc())};
    if (crop) {
      plan.start = readReal(op, crop, i);
      plan.end = readReal(op, crop, i + axes.size());
    }
    if (sizes) {
      plan.out = (*sizes)[i];
      Real out{&op.b, op.dims.materializeDouble(plan.out, op.b, op.b.getLoc())};
      plan.scale = (out / in).v;
    } else {
      plan.scale = readReal(op, scales, i);
      Real part{&op.b, plan.scale};
      if (crop)
        in = in * (Real{&op.b, plan.end} - Real{&op.b, plan.start});
      plan.out = wholeSize(op, (in * part).floor());
    }
    Real scale{&op.b, plan.scale};
    op.require(scale.compare(P::OGT, scale.of(0)),
               "a size or scale is not positive");
    if (!common)
      common = plan.scale;
    else if (policy == "not_larger")
      common = arith::MinimumFOp::create(op.b, common, plan.scale);
    else if (policy == "not_smaller")
      common = arith::MaximumFOp::create(op.b, common, plan.scale);
    plans.push_back(plan);
  }
  for (AxisPlan &plan : plans) {
    if (!sizes || policy == "stretch")
      break;
    Real in{&op.b, op.dims.materializeDouble(plan.in, op.b, op.b.getLoc())};
    plan.scale = common;
    plan.out = wholeSize(op, (Real{&op.b, common} * in + in.of(0.5)).floor());
  }
  return plans;
}

TapTables computeTables(Op &op, const ResizeSettings &settings,
                        const AxisPlan &plan) {
  TapTables tables;
  tables.out = plan.out;
  Value in = indexValue(op, plan.in), out = indexValue(op, plan.out);
  auto position = [&](Builder1 &b, Value o) {
    return original(settings, real(b, o), {&b, plan.scale}, real(b, in),
                    real(b, out), {&b, plan.start}, {&b, plan.end});
  };
  if (settings.mode == "nearest") {
    tables.positions = generate(op, {plan.out, Dim(1)}, ElementType::Int64,
                                [&](Builder1 &b, ValueRange at) {
                                  Real x =
                                      nearest(settings, position(b, at[0]));
                                  return clampedIndex(b, x, in);
                                })
                           .value;
    return tables;
  }
  // Antialiasing stretches the kernel over as many elements as become one.
  int64_t reach = settings.mode == "cubic" ? 2 : 1;
  Dim taps(2 * reach);
  Real stretch{&op.b, scalar(op.b, op.b.getF64Type(), 1)};
  if (settings.antialias) {
    Real scale{&op.b, plan.scale};
    stretch = scale.orElse(scale.compare(P::OLT, stretch), stretch);
    taps = wholeSize(op,
                     (stretch.of(static_cast<double>(reach)) / stretch).ceil() *
                         stretch.of(2));
  }
  Value count = indexValue(op, taps);
  auto tap = [&](Builder1 &b, ValueRange at, Real &x) {
    x = position(b, at[0]);
    Real first = x.floor() - Real{&b, (real(b, count) / x.of(2)).v} + x.of(1);
    return first + real(b, at[1]);
  };
  Shape shape{plan.out, taps};
  Real x{};
  tables.positions =
      generate(op, shape, ElementType::Int64, [&](Builder1 &b, ValueRange at) {
        return clampedIndex(b, tap(b, at, x), in);
      }).value;
  Data weights =
      generate(op, shape, ElementType::Double, [&](Builder1 &b, ValueRange at) {
        Real here = tap(b, at, x);
        Real weight = kernel(settings, (x - here) * Real{&b, stretch.v});
        if (!settings.excludeOutside)
          return weight.v;
        Value low = here.compare(P::OLT, here.of(0));
        Value high = here.compare(P::OGE, real(b, in));
        Value is = arith::OrIOp::create(b, low, high);
        return here.of(0).orElse(is, weight).v;
      });
  if (settings.excludeOutside || settings.antialias) {
    Data sums = reduce(op, weights, {1}, true, Reduction::Sum);
    auto scaled = elementwise(op, {weights, sums}, ElementType::Double,
                              [](Builder1 &b, ValueRange v) {
                                Real sum{&b, v[1]};
                                Real safe = sum.of(1).orElse(
                                    sum.compare(P::OEQ, sum.of(0)), sum);
                                return (Real{&b, v[0]} / safe).v;
                              });
    if (!scaled)
      return tables;
    weights = *scaled;
  }
  auto narrow = convert(op, weights, ElementType::Float);
  if (narrow)
    tables.weights = narrow->value;
  return tables;
}

std::optional<Data> extrapolate(Op &op, const ResizeSettings &settings,
                                const Data &resized,
                                llvm::ArrayRef<int64_t> axes,
                                llvm::ArrayRef<AxisPlan> plans) {
  float outside = op.floatAttr("extrapolation_value", 0.0f);
  llvm::SmallVector<std::pair<Value, Value>> sizes;
  for (const AxisPlan &plan : plans)
    sizes.push_back({indexValue(op, plan.in), indexValue(op, plan.out)});
  Value image = op.value(resized);
  if (!image || op.failed())
    return std::nullopt;
  return generate(
      op, resized.shape, resized.type, [&](Builder1 &b, ValueRange at) {
        Value any;
        for (const auto &[axis, plan, size] : llvm::zip(axes, plans, sizes)) {
          Real in = real(b, size.first);
          Real x =
              original(settings, real(b, at[axis]), {&b, plan.scale}, in,
                       real(b, size.second), {&b, plan.start}, {&b, plan.end});
          Value low = x.compare(P::OLT, x.of(0));
          Value high = x.compare(P::OGT, in - in.of(1));
          Value is = arith::OrIOp::create(b, low, high);
          any = any ? arith::OrIOp::create(b, any, is).getResult() : is;
        }
        Value inside = tensor::ExtractOp::create(b, image, at);
        Value other = scalar(b, inside.getType(), outside);
        return arith::SelectOp::create(b, any, other, inside).getResult();
      });
}

} // namespace orchestra::onnx
