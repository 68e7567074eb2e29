//===- Resize.cpp - Other sizes by interpolation --------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Interpolation is separable: one axis after the other, each result element a
// weighted sum of a few input elements. Which ones, and the weights, depend on
// sizes and attributes only, so they are computed here, in double precision,
// and become constants; where inputs say sizes, ResizeTables.cpp has the
// program compute them.
//
//===----------------------------------------------------------------------===//
#include "Resize.h"
#include "Sizes.h"
#include "Table.h"

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>
#include <cstring>

using namespace mlir;

namespace orchestra::onnx {
namespace {

/// For each result element, `taps` input positions and their weights.
struct Taps {
  int64_t taps = 1;
  std::vector<int64_t> positions;
  std::vector<float> weights;
};

double original(const ResizeSettings &s, double x, double scale, int64_t in,
                double out) {
  if (s.coordinates == "asymmetric")
    return x / scale;
  if (s.coordinates == "align_corners")
    return out == 1 ? 0 : x * static_cast<double>(in - 1) / (out - 1);
  if (s.coordinates == "pytorch_half_pixel")
    return out == 1 ? -0.5 : (x + 0.5) / scale - 0.5;
  if (s.coordinates == "half_pixel_symmetric") {
    // The same, moved so that the middles agree when out is no whole size.
    double adjusted = out / (scale * static_cast<double>(in));
    double middle = static_cast<double>(in) / 2;
    return middle * (1 - adjusted) + (x + 0.5) / scale - 0.5;
  }
  return (x + 0.5) / scale - 0.5;
}

int64_t nearest(const ResizeSettings &s, double x) {
  if (s.nearest == "floor")
    return static_cast<int64_t>(std::floor(x));
  if (s.nearest == "ceil")
    return static_cast<int64_t>(std::ceil(x));
  if (s.nearest == "round_prefer_ceil")
    return static_cast<int64_t>(std::floor(x + 0.5));
  return static_cast<int64_t>(std::ceil(x - 0.5));
}

/// The kernel of linear or cubic interpolation at a distance.
double kernel(const ResizeSettings &s, double x) {
  x = std::fabs(x);
  if (s.mode == "linear")
    return x < 1 ? 1 - x : 0;
  double a = s.cubic;
  if (x <= 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2)
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

Taps tapsOf(const ResizeSettings &s, int64_t in, int64_t out, double scale) {
  Taps result;
  double whole = scale * static_cast<double>(in);
  // align_corners counts the elements there are; the others the exact size.
  double size = s.coordinates == "half_pixel_symmetric"
                    ? static_cast<double>(out)
                : (s.coordinates == "align_corners" ||
                   s.coordinates == "pytorch_half_pixel")
                    ? static_cast<double>(out)
                    : whole;
  double stretch = s.antialias && scale < 1 ? scale : 1;
  double reach = (s.mode == "cubic" ? 2 : 1) / stretch;
  if (s.mode != "nearest")
    result.taps = 2 * static_cast<int64_t>(std::ceil(reach));
  for (int64_t o = 0; o < out; ++o) {
    double x = original(s, static_cast<double>(o), scale, in, size);
    if (s.mode == "nearest") {
      int64_t at = nearest(s, x);
      result.positions.push_back(std::min(std::max<int64_t>(at, 0), in - 1));
      result.weights.push_back(1);
      continue;
    }
    int64_t first = static_cast<int64_t>(std::floor(x)) - result.taps / 2 + 1;
    std::vector<double> weights;
    double sum = 0;
    for (int64_t t = 0; t < result.taps; ++t) {
      int64_t at = first + t;
      double weight = kernel(s, (x - static_cast<double>(at)) * stretch);
      if (s.excludeOutside && (at < 0 || at >= in))
        weight = 0;
      weights.push_back(weight);
      sum += weight;
      result.positions.push_back(std::min(std::max<int64_t>(at, 0), in - 1));
    }
    bool normalizes = s.excludeOutside || stretch != 1;
    for (double weight : weights)
      result.weights.push_back(
          static_cast<float>(normalizes && sum != 0 ? weight / sum : weight));
  }
  return result;
}

template <typename T>
Value table(Op &op, const std::vector<T> &numbers, int64_t rows,
            int64_t columns, Type element) {
  auto type = RankedTensorType::get({rows, columns}, element);
  return arith::ConstantOp::create(
      op.b, DenseElementsAttr::get(type, llvm::ArrayRef<T>(numbers)));
}

TapTables tablesOf(Op &op, int64_t out, const Taps &taps) {
  TapTables tables;
  tables.out = Dim(out);
  tables.positions =
      table(op, taps.positions, out, taps.taps, op.b.getI64Type());
  if (taps.taps > 1)
    tables.weights = table(op, taps.weights, out, taps.taps, op.b.getF32Type());
  return tables;
}

/// out[.., o, ..] = sum over t of weight[o, t] * x[.., position[o, t], ..]
Data resizeAxis(Op &op, const Data &x, int64_t axis, const TapTables &tables) {
  Data result;
  result.type = x.type;
  result.shape = x.shape;
  result.shape[axis] = tables.out;
  Value source = op.value(x), init = op.empty(result.shape, x.type);
  if (op.failed() || !source)
    return result;
  result.value =
      linalg_ext::ResizeOp::create(op.b, init.getType(), axis, source,
                                   tables.positions, tables.weights, init)
          .getResult(0);
  return result;
}

std::optional<ResizeSettings> readSettings(Op &op) {
  ResizeSettings s;
  s.mode = op.stringAttr("mode", "nearest");
  s.coordinates = op.stringAttr("coordinate_transformation_mode", "half_pixel");
  s.nearest = op.stringAttr("nearest_mode", "round_prefer_floor");
  s.cubic = op.floatAttr("cubic_coeff_a", -0.75f);
  s.excludeOutside = op.intAttr("exclude_outside", 0) != 0;
  s.antialias = op.intAttr("antialias", 0) != 0;
  if (op.failed())
    return std::nullopt;
  auto among = [&](const char *what, const std::string &value,
                   std::initializer_list<const char *> names) {
    for (const char *name : names)
      if (value == name)
        return true;
    (void)op.fail("invalid-attribute",
                  "Resize: " + llvm::Twine(what) + " is '" + value + "'");
    return false;
  };
  if (!among("mode", s.mode, {"nearest", "linear", "cubic"}) ||
      !among("coordinate_transformation_mode", s.coordinates,
             {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",
              "align_corners", "asymmetric", "tf_crop_and_resize"}) ||
      !among("nearest_mode", s.nearest,
             {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}))
    return std::nullopt;
  return s;
}

/// The elements of a constant float vector.
std::optional<std::vector<double>> floats(const Data &data) {
  if (!data.constant || data.type != ElementType::Float)
    return std::nullopt;
  std::vector<double> result(data.constant->bytes.size() / sizeof(float));
  for (size_t i = 0; i < result.size(); ++i) {
    float value;
    std::memcpy(&value, data.constant->bytes.data() + i * sizeof(float),
                sizeof(float));
    result[i] = value;
  }
  return result;
}

LogicalResult resizeByValues(Op &op, const ResizeSettings &settings,
                             llvm::ArrayRef<int64_t> axes,
                             const std::optional<Contents> &sizes);

LogicalResult lowerResize(Op &op) {
  const Data &x = op.in(0);
  auto settings = readSettings(op);
  if (!settings)
    return failure();
  int64_t rank = x.rank();
  llvm::SmallVector<int64_t> given;
  for (int64_t i = 0; i < rank; ++i)
    given.push_back(i);
  if (op.hasAttr("axes")) {
    given = op.intsAttr("axes");
    if (!op.axes(given, rank))
      return failure();
  }
  bool interpolates = settings->mode != "nearest";
  if (interpolates && !op.expectType(x, isFloat(x.type), "x"))
    return failure();
  for (int64_t &axis : given)
    axis = axis < 0 ? axis + rank : axis;
  std::vector<double> scales;
  std::optional<Contents> sizes;
  bool hasSizes = op.has(3);
  if (settings->crops() && !hasSizes && op.has(2))
    return resizeByValues(op, *settings, given, std::nullopt);
  if (hasSizes) {
    sizes = sizesFrom(op, op.in(3), "sizes");
    if (!sizes)
      return failure();
    if (settings->crops() || llvm::any_of(*sizes, [&](const Dim &size) {
          return op.dims.isFromValues(size);
        }))
      return resizeByValues(op, *settings, given, sizes);
  } else if (op.has(2)) {
    auto values = floats(op.in(2));
    if (!values)
      return resizeByValues(op, *settings, given, std::nullopt);
    scales = *values;
  } else {
    return op.fail("missing-input", "Resize has neither scales nor sizes");
  }
  size_t count = hasSizes ? sizes->size() : scales.size();
  if (count != given.size())
    return op.fail("shape-mismatch",
                   "Resize: scales or sizes must have one element an axis");
  llvm::SmallVector<int64_t> ins, outs;
  for (size_t i = 0; i < count; ++i) {
    int64_t axis = given[i] < 0 ? given[i] + rank : given[i];
    given[i] = axis;
    auto in = x.shape[axis].constant();
    bool same = hasSizes ? (*sizes)[i] == x.shape[axis] : scales[i] == 1;
    auto want = hasSizes ? (*sizes)[i].constant() : std::optional<int64_t>(1);
    if (same) { // any size
      ins.push_back(-1);
      outs.push_back(-1);
      if (!hasSizes)
        continue;
      scales.push_back(1);
      continue;
    }
    if (!in || !want)
      return op.unsupported("resizing an axis of unknown size");
    if (*in < 1 || *want < 1 ||
        (!hasSizes && (scales[i] <= 0 || scales[i] >= 1e9)))
      return op.fail("invalid-shape",
                     "Resize: a size or scale is not positive");
    ins.push_back(*in);
    if (hasSizes)
      scales.push_back(static_cast<double>(*want) / static_cast<double>(*in));
    outs.push_back(hasSizes ? *want
                            : static_cast<int64_t>(std::floor(
                                  static_cast<double>(*in) * scales[i])));
  }
  std::string policy = op.stringAttr("keep_aspect_ratio_policy", "stretch");
  if (hasSizes && policy != "stretch") {
    if (policy != "not_larger" && policy != "not_smaller")
      return op.fail("invalid-attribute",
                     "Resize: keep_aspect_ratio_policy is '" + policy + "'");
    double scale = scales.front();
    for (double other : scales)
      scale = policy == "not_larger" ? std::min(scale, other)
                                     : std::max(scale, other);
    for (size_t i = 0; i < count; ++i) {
      auto in = x.shape[given[i]].constant();
      if (!in)
        return op.unsupported("resizing an axis of unknown size");
      ins[i] = *in;
      scales[i] = scale;
      outs[i] = static_cast<int64_t>(
          std::floor(scale * static_cast<double>(*in) + 0.5));
    }
  }
  Shape shape = x.shape;
  for (size_t i = 0; i < count; ++i)
    if (outs[i] >= 0)
      shape[given[i]] = Dim(outs[i]);
  if (!op.tensorType(shape, x.type) || op.failed())
    return failure();
  for (size_t i = 0; i < count; ++i)
    if (outs[i] > (int64_t(1) << 20) || ins[i] > (int64_t(1) << 20))
      return op.unsupported("axes of more than a million elements");
  ElementType type =
      interpolates && elementBits(x.type) < 32 ? ElementType::Float : x.type;
  auto data = convert(op, x, type);
  if (!data)
    return failure();
  for (size_t i = 0; i < count; ++i)
    if (outs[i] >= 0)
      data = resizeAxis(
          op, *data, given[i],
          tablesOf(op, outs[i], tapsOf(*settings, ins[i], outs[i], scales[i])));
  auto result = op.failed() ? std::nullopt : convert(op, *data, x.type);
  return result ? op.set(0, *result) : failure();
}

/// Tables that the program computes, because inputs say sizes or scales.
LogicalResult resizeByValues(Op &op, const ResizeSettings &settings,
                             llvm::ArrayRef<int64_t> axes,
                             const std::optional<Contents> &sizes) {
  const Data &x = op.in(0);
  auto plans = planResize(op, settings, axes, sizes);
  if (!plans)
    return failure();
  bool interpolates = settings.mode != "nearest";
  ElementType type =
      interpolates && elementBits(x.type) < 32 ? ElementType::Float : x.type;
  auto data = convert(op, x, type);
  if (!data)
    return failure();
  for (const auto &[axis, plan] : llvm::zip(axes, *plans)) {
    TapTables tables = computeTables(op, settings, plan);
    if (op.failed())
      return failure();
    data = resizeAxis(op, *data, axis, tables);
  }
  if (settings.crops())
    data = extrapolate(op, settings, *data, axes, *plans);
  auto result =
      !data || op.failed() ? std::nullopt : convert(op, *data, x.type);
  return result ? op.set(0, *result) : failure();
}

} // namespace

void addResize(Table &table) {
  table.op("Resize",
           {11, "axes of unknown size unless an input says sizes or scales",
            inputs(3)},
           lowerResize);
}

} // namespace orchestra::onnx
