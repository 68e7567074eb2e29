//===- Regions.cpp - Windows put back, regions of interest ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Arithmetic.h"
#include "Loops.h"
#include "Sizes.h"
#include "Spatial.h"
#include "Table.h"

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"

using namespace mlir;

namespace orchestra::onnx {

Data maxPlaces(Op &op, const Data &x, llvm::ArrayRef<Window> windows,
               bool columnsFirst) {
  Value image = op.value(x);
  int64_t volume = 1;
  llvm::SmallVector<Value> sizes, low;
  Value channels = indexValue(op, x.shape[1]);
  for (const auto &[i, window] : llvm::enumerate(windows)) {
    volume *= window.kernel;
    sizes.push_back(indexValue(op, x.shape[i + 2]));
    low.push_back(indexValue(op, window.low));
  }
  Type element = op.elementType(x.type);
  bool isUnsigned = isUnsignedInt(x.type);
  return generate(
      op, windowShape(x.shape[0], x.shape[1], windows), ElementType::Int64,
      [&](Num::Builder &b, ValueRange index) -> Value {
        auto i = numbers(b, index);
        Num none = indexNum(b, -1), first(b, scalar(b, element, 0));
        auto best = loop(
            b, indexNum(b, volume), {first, none},
            [&](Num::Builder &b, Num k,
                llvm::ArrayRef<Num> best) -> llvm::SmallVector<Num> {
              llvm::SmallVector<Num> at{i[0], i[1]};
              Num inside, rest = k;
              llvm::SmallVector<Num> places(windows.size());
              for (size_t d = windows.size(); d-- > 0;) {
                Num tap = rest % windows[d].kernel;
                rest = rest / windows[d].kernel;
                Num place = i[d + 2] * windows[d].stride +
                            tap * windows[d].dilation - Num(b, low[d]);
                Num size(b, sizes[d]);
                Num ok = (place >= 0) & (place < size);
                inside = inside ? inside & ok : ok;
                places[d] = place.max(0).min(size - 1);
              }
              at.append(places.begin(), places.end());
              Num value = onnx::at(b, image, at);
              Num flat = i[0] * Num(b, channels) + i[1];
              Num within;
              for (size_t d = 0; d < windows.size(); ++d) {
                size_t dim = columnsFirst ? windows.size() - 1 - d : d;
                Num size(b, sizes[dim]);
                flat = flat * Num(b, sizes[d]);
                within = within ? within * size + places[dim] : places[dim];
              }
              Num greater =
                  isUnsigned
                      ? Num(b,
                            arith::CmpIOp::create(b, arith::CmpIPredicate::ugt,
                                                  value, best[0]))
                      : value > best[0];
              Num better = inside & ((best[1] < 0) | greater);
              return {better.choose(value, best[0]),
                      better.choose(flat + within, best[1])};
            });
        return best[1].toInt(b.getI64Type());
      });
}

namespace {

/// The input of a max pooling, from its result and its places; 0 elsewhere
LogicalResult lowerMaxUnpool(Op &op) {
  const Data &x = op.in(0), &places = op.in(1);
  auto kernel = op.intsAttr("kernel_shape");
  int64_t spatial = x.rank() - 2;
  if (op.failed() ||
      !op.expectType(places, places.type == ElementType::Int64, "the indices"))
    return failure();
  if (spatial < 1 || static_cast<int64_t>(kernel.size()) != spatial)
    return op.fail("invalid-attribute",
                   "MaxUnpool: kernel_shape does not fit X",
                   {"X is " + op.text(x.shape)});
  llvm::SmallVector<int64_t> ones(spatial, 1), zeroPads(2 * spatial, 0);
  auto strides = op.intsAttr("strides", ones);
  auto pads = op.intsAttr("pads", zeroPads);
  if (static_cast<int64_t>(strides.size()) != spatial ||
      static_cast<int64_t>(pads.size()) != 2 * spatial)
    return op.fail("invalid-attribute",
                   "MaxUnpool: strides or pads have the wrong length");
  Shape shape{x.shape[0], x.shape[1]};
  for (int64_t i = 0; i < spatial; ++i)
    shape.push_back((x.shape[i + 2] - Dim(1)) * Dim(strides[i]) +
                    Dim(kernel[i] - pads[i] - pads[spatial + i]));
  Dim count = product(x.shape), room = product(shape);
  Value values = op.value(reshape(op, x, {count}));
  Value indices = op.value(reshape(op, places, {count}));
  Data flat;
  flat.type = x.type;
  flat.shape = {room};
  flat.value = zeros(op, flat.shape, x.type);
  if (!values || !indices || op.failed())
    return failure();
  Data filled = insertAll(op, flat, count,
                          [&](Num::Builder &b, Num k, Insertion &insertion) {
                            insertion.at.push_back(at(b, indices, k).asIndex());
                            Value value = at(b, values, k);
                            insertion.value = [value](Num) { return value; };
                          });
  Data result = reshape(op, filled, shape);
  if (!op.has(2))
    return op.set(0, result);
  auto given = sizesFrom(op, op.in(2), "output_shape");
  if (!given)
    return failure();
  if (static_cast<int64_t>(given->size()) != x.rank())
    return op.fail("shape-mismatch", "MaxUnpool: output_shape does not fit X",
                   {"X is " + op.text(x.shape)});
  Shape low(x.rank(), Dim(0)), high;
  for (const auto &[want, have] : llvm::zip(*given, shape)) {
    Dim more = want - have;
    if (auto known = more.constant(); known && *known < 0)
      return op.fail("shape-mismatch",
                     "MaxUnpool: output_shape is smaller than what X fills",
                     {"X fills " + op.text(shape)});
    if (!more.constant())
      op.require(compareSizes(op, arith::CmpIPredicate::sge, want, have),
                 "output_shape is smaller than what X fills");
    high.push_back(more);
  }
  Value zero = scalar(op.b, op.elementType(x.type), 0);
  return op.set(0, pad(op, result, low, high, zero));
}

/// Adds the blocks that a convolution would read where they come from
LogicalResult lowerCol2Im(Op &op) {
  const Data &x = op.in(0);
  auto image = sizesFrom(op, op.in(1), "image_shape"),
       block = sizesFrom(op, op.in(2), "block_shape");
  if (!image || !block || !op.expectType(x, isFloat(x.type), "the input"))
    return failure();
  int64_t spatial = image->size();
  if (x.rank() != 3 || spatial < 1 || block->size() != image->size())
    return op.fail("shape-mismatch", "Col2Im: operand shapes do not agree",
                   {"the input is " + op.text(x.shape)});
  llvm::SmallVector<int64_t> ones(spatial, 1), zeroPads(2 * spatial, 0);
  auto strides = op.intsAttr("strides", ones),
       dilations = op.intsAttr("dilations", ones),
       pads = op.intsAttr("pads", zeroPads);
  bool fits = static_cast<int64_t>(strides.size()) == spatial &&
              static_cast<int64_t>(dilations.size()) == spatial &&
              static_cast<int64_t>(pads.size()) == 2 * spatial;
  if (!fits || llvm::any_of(strides, [](int64_t s) { return s < 1; }))
    return op.fail("invalid-attribute",
                   "Col2Im: strides, dilations or pads do not fit image_shape");
  auto divide = [&](const Dim &a, const Dim &b) {
    return op.dims.apply(DimSymbols::Op::Div, a, b, op.b, op.b.getLoc());
  };
  Dim taps = product(*block), channels = divide(x.shape[1], taps), blocks(1);
  llvm::SmallVector<Value> kernel, counts;
  for (int64_t i = 0; i < spatial; ++i) {
    Dim count = divide((*image)[i] + Dim(pads[i] + pads[spatial + i]) -
                           Dim(dilations[i]) * ((*block)[i] - Dim(1)) - Dim(1),
                       Dim(strides[i])) +
                Dim(1);
    kernel.push_back(indexValue(op, (*block)[i]));
    counts.push_back(indexValue(op, count));
    blocks = blocks * count;
  }
  auto a = blocks.constant(), b = x.shape[2].constant();
  auto c = (channels * taps).constant(), d = x.shape[1].constant();
  if ((a && b && *a != *b) || (c && d && *c != *d))
    return op.fail("shape-mismatch", "Col2Im: operand shapes do not agree",
                   {"the input is " + op.text(x.shape) + ", image_shape is " +
                    op.text(*image) + ", block_shape is " + op.text(*block)});
  using P = arith::CmpIPredicate;
  if (!a || !b)
    op.require(compareSizes(op, P::eq, blocks, x.shape[2]),
               "image_shape does not fit the number of blocks");
  if (!c || !d)
    op.require(compareSizes(op, P::eq, channels * taps, x.shape[1]),
               "block_shape does not fit the channels");
  Value columns = op.value(x), volume = indexValue(op, taps);
  if (!columns || op.failed())
    return failure();
  ElementType sumType =
      x.type == ElementType::Double ? x.type : ElementType::Float;
  Type type = op.elementType(sumType);
  Shape shape{x.shape[0], channels};
  shape.append(image->begin(), image->end());
  Data sum = generate(
      op, shape, sumType, [&](Num::Builder &b, ValueRange index) -> Value {
        auto i = numbers(b, index);
        auto total =
            loop(b, Num(b, volume), Num(b, scalar(b, type, 0)),
                 [&](Num::Builder &b, Num k,
                     llvm::ArrayRef<Num> sum) -> llvm::SmallVector<Num> {
                   llvm::SmallVector<Num> taps(spatial);
                   Num rest = k, ok, flat;
                   for (int64_t d = spatial; d-- > 0;) {
                     taps[d] = rest % Num(b, kernel[d]);
                     rest = rest / Num(b, kernel[d]);
                   }
                   for (int64_t d = 0; d < spatial; ++d) {
                     Num count(b, counts[d]);
                     Num place = i[d + 2] + pads[d] - taps[d] * dilations[d];
                     Num which = place / strides[d];
                     Num inside = (place >= 0) & (place % strides[d] == 0) &
                                  (which < count);
                     which = which.max(0).min(count - 1);
                     ok = ok ? ok & inside : inside;
                     flat = flat ? flat * count + which : which;
                   }
                   Num value =
                       at(b, columns, {i[0], i[1] * Num(b, volume) + k, flat})
                           .resize(type);
                   return {sum[0] + ok.choose(value, value.constant(0))};
                 });
        return total[0];
      });
  auto result = convert(op, sum, x.type);
  return result ? op.set(0, *result) : failure();
}

/// Pools parts of images that boxes name into bins of equal number
LogicalResult lowerRoiAlign(Op &op) {
  const Data &x = op.in(0), &rois = op.in(1), &batches = op.in(2);
  if (!op.expectType(x, isFloat(x.type), "X") ||
      !op.expectType(rois, isFloat(rois.type), "the regions") ||
      !op.expectType(batches, batches.type == ElementType::Int64,
                     "the batch indices"))
    return failure();
  if (x.rank() != 4 || rois.rank() != 2 || !rois.shape[1].is(4) ||
      batches.rank() != 1)
    return op.fail("shape-mismatch", "RoiAlign: operand shapes do not agree",
                   {"X is " + op.text(x.shape) + ", the regions are " +
                    op.text(rois.shape)});
  int64_t rows = op.intAttr("output_height", 1),
          columns = op.intAttr("output_width", 1),
          sampling = op.intAttr("sampling_ratio", 0);
  double scale = op.floatAttr("spatial_scale", 1.0f);
  std::string mode = op.stringAttr("mode", "avg");
  std::string place =
      op.stringAttr("coordinate_transformation_mode",
                    op.node.since < 16 ? "output_half_pixel" : "half_pixel");
  if (rows < 1 || columns < 1 || sampling < 0 ||
      (mode != "avg" && mode != "max"))
    return op.fail("invalid-attribute", "RoiAlign: an attribute is wrong");
  Shape shape{rois.shape[0], x.shape[1], Dim(rows), Dim(columns)};
  Value image = op.value(x), regions = op.value(rois),
        images = op.value(batches), init = op.empty(shape, x.type);
  if (!image || !regions || !images || op.failed())
    return failure();
  Data result;
  result.type = x.type;
  result.shape = shape;
  result.value =
      linalg_ext::RoiAlignOp::create(
          op.b, init.getType(), sampling, APFloat(scale), place == "half_pixel",
          mode == "max", image, regions, images, init)
          .getResult(0);
  return op.set(0, result);
}

} // namespace

void addRegions(Table &table) {
  table.op("Col2Im", {18, "", inputs(1, 2)}, lowerCol2Im);
  table.op("MaxUnpool", {9, "", inputs(2)}, lowerMaxUnpool);
  table.op("RoiAlign", {10}, lowerRoiAlign);
}

} // namespace orchestra::onnx
