//===- Sampling.cpp - GridSample, DeformConv ------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Sampling.h"
#include "Spatial.h"
#include "Table.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

/// One element that takes part along one dimension.
struct Tap {
  Num index;  // within the dimension
  Num inside; // whether it is there; none: it is
  Num weight; // none: 1
};

struct Borders {
  Num low, high;
};

/// The distance beyond a border goes back inside, to and fro.
Num reflect(Num x, const Borders &borders) {
  Num range = borders.high - borders.low;
  Num below = x<borders.low, above = x> borders.high;
  Num beyond = below.choose(borders.low - x, x - borders.high).max(0);
  Num single = range <= 0;
  Num turns = (beyond / single.choose(range.constant(1), range)).floor();
  Num rest = beyond - turns * range;
  Num even = (turns - (turns * 0.5).floor() * 2.0) == 0;
  // From the border it crossed, or from the other one.
  Num fromLow = (below & even) | (!below & !even);
  Num inside = fromLow.choose(borders.low + rest, borders.high - rest);
  inside = single.choose(borders.low, inside);
  return (below | above).choose(inside, x);
}

Tap tapAt(const Sampler &sampler, Num index, Num length, const Borders &borders,
          Num weight) {
  Tap tap;
  tap.weight = weight;
  Num last = length - 1;
  if (sampler.padding == Padding::Zeros)
    tap.inside = (index >= 0) & (index <= last);
  else if (sampler.padding == Padding::Reflection)
    index = reflect(index.toFloat(borders.low.type()), borders).toIndex();
  tap.index = index.max(0).min(last);
  return tap;
}

/// Weights of the four elements around, at distance t in [0, 1) of the second.
std::array<Num, 4> cubicWeights(Num t) {
  constexpr double a = -0.75;
  auto far = [&](Num x) { // 1 <= x < 2
    return ((x * a - 5 * a) * x + 8 * a) * x - 4 * a;
  };
  auto near = [&](Num x) { // 0 <= x < 1
    return (x * (a + 2) - (a + 3)) * x * x + 1;
  };
  Num rest = t.constant(1) - t;
  return {far(t + 1), near(t), near(rest), far(rest + 1)};
}

} // namespace

Num Sampler::read(Num::Builder &b, Value image, llvm::ArrayRef<Num> lead,
                  llvm::ArrayRef<Num> places,
                  llvm::ArrayRef<Num> lengths) const {
  Type type = places[0].type();
  llvm::SmallVector<llvm::SmallVector<Tap, 4>> taps;
  for (const auto &[place, length] : llvm::zip(places, lengths)) {
    Num size = length.toFloat(type), x = place;
    Borders borders{size.constant(alignCorners ? 0 : -0.5),
                    size - (alignCorners ? 1 : 0.5)};
    if (mode == Interpolation::Nearest)
      x = x.roundEven();
    if (padding == Padding::Border)
      x = x.max(0).min(size - 1);
    else if (padding == Padding::Reflection)
      x = reflect(x, borders);
    Num base = x.floor(), t = x - base;
    Num first = base.toIndex();
    auto &list = taps.emplace_back();
    if (mode == Interpolation::Nearest) {
      list.push_back(tapAt(*this, first, length, borders, {}));
    } else if (mode == Interpolation::Linear) {
      list.push_back(tapAt(*this, first, length, borders, t.constant(1) - t));
      list.push_back(tapAt(*this, first + 1, length, borders, t));
    } else {
      auto weights = cubicWeights(t);
      for (int i = 0; i < 4; ++i)
        list.push_back(
            tapAt(*this, first + (i - 1), length, borders, weights[i]));
    }
  }
  // All combinations of the dimensions' elements.
  Num sum;
  llvm::SmallVector<size_t> which(taps.size(), 0);
  while (true) {
    llvm::SmallVector<Num> indices(lead);
    Num inside, weight;
    for (const auto &[list, i] : llvm::zip(taps, which)) {
      const Tap &tap = list[i];
      indices.push_back(tap.index);
      if (tap.inside)
        inside = inside ? inside & tap.inside : tap.inside;
      if (tap.weight)
        weight = weight ? weight * tap.weight : tap.weight;
    }
    Num element = at(b, image, indices);
    if (weight && element.isFloat())
      element = element.resize(type);
    if (inside)
      element = inside.choose(element, element.constant(0));
    if (weight)
      element = element * weight;
    sum = sum ? sum + element : element;
    size_t d = taps.size();
    while (d > 0 && ++which[d - 1] == taps[d - 1].size())
      which[--d] = 0;
    if (d == 0)
      return sum;
  }
}

namespace {

llvm::SmallVector<Num> lengthsOf(Op &op, const Data &x, Num::Builder &b,
                                 llvm::ArrayRef<Value> sizes) {
  llvm::SmallVector<Num> lengths;
  for (Value size : sizes)
    lengths.emplace_back(b, size);
  return lengths;
}

llvm::SmallVector<Value> spatialSizes(Op &op, const Data &x) {
  llvm::SmallVector<Value> sizes;
  for (const Dim &dim : llvm::ArrayRef<Dim>(x.shape).drop_front(2))
    sizes.push_back(op.dims.materialize(dim, op.b, op.b.getLoc()));
  return sizes;
}

bool readSampler(Op &op, Sampler &sampler) {
  std::string mode = op.stringAttr("mode", "linear");
  std::string padding = op.stringAttr("padding_mode", "zeros");
  if (mode == "nearest")
    sampler.mode = Interpolation::Nearest;
  else if (mode == "cubic" || mode == "bicubic")
    sampler.mode = Interpolation::Cubic;
  else if (mode != "linear" && mode != "bilinear")
    (void)op.fail("invalid-attribute", "GridSample: mode is '" + mode + "'");
  if (padding == "border")
    sampler.padding = Padding::Border;
  else if (padding == "reflection")
    sampler.padding = Padding::Reflection;
  else if (padding != "zeros")
    (void)op.fail("invalid-attribute",
                  "GridSample: padding_mode is '" + padding + "'");
  sampler.alignCorners = op.intAttr("align_corners", 0) != 0;
  return !op.failed();
}

/// out[n, c, o...] = x[n, c, places the grid says for n, o...]
LogicalResult lowerGridSample(Op &op) {
  const Data &x = op.in(0), &grid = op.in(1);
  Sampler sampler;
  if (!readSampler(op, sampler) ||
      !op.expectType(grid, isFloat(grid.type), "the grid"))
    return failure();
  bool nearest = sampler.mode == Interpolation::Nearest;
  if (!op.expectType(x, isFloat(x.type) || (nearest && isInt(x.type)), "x"))
    return failure();
  int64_t spatial = x.rank() - 2;
  if (spatial < 1 || grid.rank() != x.rank() || !grid.shape.back().is(spatial))
    return op.fail(
        "shape-mismatch", "GridSample: the grid does not fit x",
        {"x is " + op.text(x.shape) + ", the grid is " + op.text(grid.shape)});
  if (llvm::any_of(x.shape, [](const Dim &dim) { return dim.is(0); }))
    return op.fail("invalid-shape", "GridSample: x has no elements");
  Shape shape{x.shape[0], x.shape[1]};
  shape.append(grid.shape.begin() + 1, grid.shape.end() - 1);
  Value image = op.value(x), places = op.value(grid);
  auto sizes = spatialSizes(op, x);
  if (!image || !places || op.failed())
    return failure();
  Type element = op.elementType(x.type);
  bool wide = x.type == ElementType::Double || grid.type == ElementType::Double;
  Data result =
      generate(op, shape, x.type, [&](Num::Builder &b, ValueRange index) {
        Type type = wide ? b.getF64Type() : b.getF32Type();
        auto i = numbers(b, index);
        auto lengths = lengthsOf(op, x, b, sizes);
        llvm::SmallVector<Num> coordinates;
        for (int64_t d = 0; d < spatial; ++d) {
          llvm::SmallVector<Num> at{i[0]};
          at.append(i.begin() + 2, i.end());
          at.push_back(indexNum(b, spatial - 1 - d));
          Num n = onnx::at(b, places, at).resize(type) + 1;
          Num length = lengths[d].toFloat(type);
          coordinates.push_back(sampler.alignCorners ? n * 0.5 * (length - 1)
                                                     : (n * length - 1) * 0.5);
        }
        Num value = sampler.read(b, image, {i[0], i[1]}, coordinates, lengths);
        return Value(value.isFloat() ? value.resize(element) : value);
      });
  return op.set(0, result);
}

/// A convolution whose kernel elements are moved by offsets and scaled by a
/// mask: samples first, then a product of matrices for each group.
LogicalResult lowerDeformConv(Op &op) {
  const Data &x = op.in(0), &w = op.in(1), &offset = op.in(2);
  if (op.failed() || !op.expectType(x, isFloat(x.type), "x"))
    return failure();
  int64_t group = op.intAttr("group", 1), moves = op.intAttr("offset_group", 1);
  int64_t spatial = x.rank() - 2;
  bool fits = spatial >= 1 && w.rank() == x.rank() &&
              offset.rank() == x.rank() && group > 0 && moves > 0;
  auto channels = fits ? x.shape[1].constant() : std::nullopt;
  auto outputs = fits ? w.shape[0].constant() : std::nullopt;
  llvm::SmallVector<int64_t> kernel;
  int64_t taps = 1;
  for (int64_t i = 0; fits && i < spatial; ++i) {
    auto size = w.shape[i + 2].constant();
    if (!size)
      return op.unsupported("a kernel of unknown size");
    kernel.push_back(*size);
    taps *= *size;
  }
  if (fits && (!channels || !outputs))
    return op.unsupported("an unknown number of channels");
  fits = fits && *channels % group == 0 && *outputs % group == 0 &&
         *channels % moves == 0 && w.shape[1].is(*channels / group) &&
         offset.shape[1].is(moves * taps * spatial);
  if (!fits)
    return op.fail("shape-mismatch", "DeformConv: operand shapes do not agree",
                   {"x is " + op.text(x.shape) + ", the weights are " +
                    op.text(w.shape) + ", the offsets are " +
                    op.text(offset.shape)});
  auto windows = readWindows(op, x, kernel);
  if (!windows)
    return failure();
  Dim places(1);
  for (const Window &window : *windows)
    places = places * window.out;
  Value image = op.value(x), moved = op.value(offset);
  Value mask = op.has(4) ? op.value(op.in(4)) : Value();
  auto sizes = spatialSizes(op, x);
  llvm::SmallVector<Value> low;
  for (const Window &window : *windows)
    low.push_back(op.dims.materialize(window.low, op.b, op.b.getLoc()));
  if (op.failed() || !image || !moved)
    return failure();
  ElementType sumType =
      x.type == ElementType::Double ? x.type : ElementType::Float;
  Type type = op.elementType(sumType);
  Sampler sampler;
  sampler.alignCorners = true;
  int64_t each = *channels / moves;
  // samples[n, c, k..., o...]
  Shape shape{x.shape[0], x.shape[1]};
  for (int64_t size : kernel)
    shape.push_back(Dim(size));
  for (const Window &window : *windows)
    shape.push_back(window.out);
  Data samples =
      generate(op, shape, sumType, [&](Num::Builder &b, ValueRange index) {
        auto i = numbers(b, index);
        llvm::ArrayRef<Num> k(i), o(i);
        k = k.slice(2, spatial);
        o = o.drop_front(2 + spatial);
        // The kernel element's number, of all in its group of offsets.
        Num number = i[1] / indexNum(b, each);
        for (int64_t d = 0; d < spatial; ++d)
          number = number * indexNum(b, kernel[d]) + k[d];
        llvm::SmallVector<Num> coordinates;
        for (int64_t d = 0; d < spatial; ++d) {
          const Window &window = (*windows)[d];
          llvm::SmallVector<Num> at{i[0], number * indexNum(b, spatial) +
                                              indexNum(b, d)};
          at.append(o.begin(), o.end());
          Num base = o[d] * indexNum(b, window.stride) +
                     k[d] * indexNum(b, window.dilation) - Num(b, low[d]);
          coordinates.push_back(base.toFloat(type) +
                                onnx::at(b, moved, at).resize(type));
        }
        Num value = sampler.read(b, image, {i[0], i[1]}, coordinates,
                                 lengthsOf(op, x, b, sizes));
        if (mask) {
          llvm::SmallVector<Num> at{i[0], number};
          at.append(o.begin(), o.end());
          value = value * onnx::at(b, mask, at).resize(type);
        }
        return Value(value);
      });
  int64_t depth = *channels / group * taps, rows = *outputs / group;
  Data columns =
      reshape(op, samples, {x.shape[0], Dim(group), Dim(depth), places});
  auto weights = convert(op, w, sumType);
  if (!weights)
    return failure();
  auto sum = matmul(
      op, reshape(op, *weights, {Dim(1), Dim(group), Dim(rows), Dim(depth)}),
      columns);
  if (!sum)
    return failure();
  auto narrow = convert(
      op, reshape(op, *sum, windowShape(x.shape[0], Dim(*outputs), *windows)),
      x.type);
  auto result = narrow ? addBias(op, *narrow, 3) : std::nullopt;
  return result ? op.set(0, *result) : failure();
}

} // namespace

void addGridSample(Table &table) {
  table.op("DeformConv", {19, "channels and kernels of unknown size"},
           lowerDeformConv);
  table.op("GridSample", {16}, lowerGridSample);
}

} // namespace orchestra::onnx
