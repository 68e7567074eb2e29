//===- Sampling.cpp - GridSample, DeformConv ------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Arithmetic.h"
#include "Spatial.h"
#include "Table.h"

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"
#include "orchestra/Dialect/LinalgExt/Sampler.h"

using namespace mlir;

namespace orchestra::onnx {
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

/// out[n, c, o...] = x[n, c, places the grid says for n, o...]
LogicalResult lowerGridSample(Op &op) {
  const Data &x = op.in(0), &grid = op.in(1);
  std::string mode = op.stringAttr("mode", "linear");
  std::string padding = op.stringAttr("padding_mode", "zeros");
  if (mode == "bilinear" || mode == "bicubic")
    mode = mode.substr(2);
  if (mode != "nearest" && mode != "linear" && mode != "cubic")
    return op.fail("invalid-attribute", "GridSample: mode is '" + mode + "'");
  if (padding != "zeros" && padding != "border" && padding != "reflection")
    return op.fail("invalid-attribute",
                   "GridSample: padding_mode is '" + padding + "'");
  if (op.failed() || !op.expectType(grid, isFloat(grid.type), "the grid"))
    return failure();
  bool nearest = mode == "nearest";
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
  Value image = op.value(x), places = op.value(grid),
        init = op.empty(shape, x.type);
  if (!image || !places || op.failed())
    return failure();
  Data result;
  result.type = x.type;
  result.shape = shape;
  result.value = linalg_ext::GridSampleOp::create(
                     op.b, init.getType(), mode, padding,
                     op.intAttr("align_corners", 0) != 0, image, places, init)
                     .getResult(0);
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
  linalg_ext::Sampler sampler;
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
