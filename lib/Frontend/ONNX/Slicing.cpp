//===- Slicing.cpp - Parts of tensors, and tensors around them ------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Build.h"
#include "Sizes.h"
#include "Table.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

using DimOp = DimSymbols::Op;

Dim apply(Op &op, DimOp kind, const Dim &a, const Dim &b) {
  return op.dims.apply(kind, a, b, op.b, op.b.getLoc());
}

/// The part of one dimension that a slice takes.
struct Range {
  Dim offset, size;
  int64_t step = 1;
};

/// Exporters write "to the end" as the largest 32- or 64-bit number; sizes that
/// are not known at import are taken to be smaller.
bool isEnd(const Dim &bound, const Dim &size) {
  auto value = bound.constant();
  return value && *value >= INT32_MAX && !size.constant();
}

Range forwards(Op &op, const Dim &size, const Dim &start, const Dim &end,
               int64_t step) {
  Range range;
  range.step = step;
  auto clamp = [&](const Dim &bound) {
    if (isEnd(bound, size))
      return size;
    Dim wrapped = apply(op, DimOp::Wrap, bound, size);
    return apply(op, DimOp::Max, apply(op, DimOp::Min, wrapped, size), Dim(0));
  };
  range.offset = clamp(start);
  Dim length = apply(op, DimOp::Max, clamp(end) - range.offset, Dim(0));
  range.size = apply(op, DimOp::Div, length + Dim(step - 1), Dim(step));
  return range;
}

/// A negative step: from start down to, and without, end.
Range backwards(Op &op, const Dim &size, const Dim &start, const Dim &end,
                int64_t step) {
  Range range;
  range.step = step;
  Dim last = size - Dim(1);
  auto clamp = [&](const Dim &bound, int64_t low) {
    if (isEnd(bound, size))
      return last;
    // "To the beginning" is the smallest number: adding a size to it is not
    // enough to make it a position.
    auto value = bound.constant();
    Dim wrapped = value && *value <= -INT32_MAX
                      ? Dim(low)
                      : apply(op, DimOp::Wrap, bound, size);
    return apply(op, DimOp::Max, apply(op, DimOp::Min, wrapped, last),
                 Dim(low));
  };
  range.offset = clamp(start, 0);
  Dim length = apply(op, DimOp::Max, range.offset - clamp(end, -1), Dim(0));
  length = apply(op, DimOp::Min, length, size); // of nothing, nothing
  range.size = apply(op, DimOp::Div, length + Dim(-step - 1), Dim(-step));
  return range;
}

/// A slice with negative steps: elements by computed position.
Data readBackwards(Op &op, const Data &x, llvm::ArrayRef<Range> ranges,
                   llvm::ArrayRef<Dim> shape) {
  Value source = op.value(x);
  llvm::SmallVector<Value> offsets;
  for (const Range &range : ranges)
    offsets.push_back(op.dims.materialize(range.offset, op.b, op.b.getLoc()));
  return generate(
      op, shape, x.type, [&](ImplicitLocOpBuilder &b, ValueRange index) {
        llvm::SmallVector<Value> at;
        for (const auto &[i, range, offset] :
             llvm::zip(index, ranges, offsets)) {
          Value step = arith::ConstantIndexOp::create(b, range.step);
          Value moved = arith::MulIOp::create(b, i, step);
          at.push_back(arith::AddIOp::create(b, offset, moved));
        }
        return tensor::ExtractOp::create(b, source, at).getResult();
      });
}

/// A slice whose axes or steps inputs say: for each dimension the bounds are
/// chosen before the run, and elements are read by computed position.
LogicalResult sliceByValues(Op &op, const Data &x, llvm::ArrayRef<Dim> starts,
                            llvm::ArrayRef<Dim> ends, llvm::ArrayRef<Dim> axes,
                            llvm::ArrayRef<Dim> steps) {
  using P = arith::CmpIPredicate;
  Shape shape;
  llvm::SmallVector<Value> offsets, strides;
  for (const Dim &step : steps)
    op.require(compareSizes(op, P::ne, step, Dim(0)), "a step is 0");
  for (const auto &[d, size] : llvm::enumerate(x.shape)) {
    Dim start(0), end = size, step(1);
    for (const auto &[i, axis] : llvm::enumerate(axes)) {
      Value here = compareSizes(op, P::eq, axis, Dim(static_cast<int64_t>(d)));
      start = choose(op, here, starts[i], start);
      end = choose(op, here, ends[i], end);
      step = choose(op, here, steps[i], step);
    }
    Value forward = compareSizes(op, P::sgt, step, Dim(0));
    Dim high = choose(op, forward, size, size - Dim(1));
    Dim low = choose(op, forward, Dim(0), Dim(-1));
    start = apply(op, DimOp::Wrap, start, size);
    start = apply(op, DimOp::Max, apply(op, DimOp::Min, start, high), Dim(0));
    end = apply(op, DimOp::Wrap, end, size);
    end = apply(op, DimOp::Max, apply(op, DimOp::Min, end, high), low);
    Dim length = choose(op, forward, end - start, start - end);
    Dim stride = choose(op, forward, step, Dim(0) - step);
    // A step of 0 makes the run fail, but not here.
    stride = sizeFrom(op, arith::MaxSIOp::create(op.b, indexValue(op, stride),
                                                 indexConstant(op, 1)));
    length = apply(op, DimOp::Max, length, Dim(0));
    length = apply(op, DimOp::Min, length, size); // of nothing, nothing
    Value count = arith::CeilDivUIOp::create(op.b, indexValue(op, length),
                                             indexValue(op, stride));
    shape.push_back(sizeFrom(op, count));
    offsets.push_back(indexValue(op, start));
    strides.push_back(indexValue(op, step));
  }
  Value source = op.value(x);
  if (!source || !op.tensorType(shape, x.type) || op.failed())
    return failure();
  return op.set(
      0, generate(op, shape, x.type,
                  [&](ImplicitLocOpBuilder &b, ValueRange index) {
                    llvm::SmallVector<Value> at;
                    for (const auto &[i, offset, stride] :
                         llvm::zip(index, offsets, strides))
                      at.push_back(arith::AddIOp::create(
                          b, offset, arith::MulIOp::create(b, i, stride)));
                    return tensor::ExtractOp::create(b, source, at).getResult();
                  }));
}

/// out = x[start:end:step] along each of axes
LogicalResult lowerSlice(Op &op) {
  const Data &x = op.in(0);
  if (op.failed())
    return failure();
  auto starts = sizesFrom(op, op.in(1), "starts");
  auto ends = op.failed() ? std::nullopt : sizesFrom(op, op.in(2), "ends");
  if (!starts || !ends)
    return failure();
  Contents axes, strides(starts->size(), Dim(1));
  for (size_t i = 0; i < starts->size(); ++i)
    axes.push_back(Dim(static_cast<int64_t>(i)));
  if (op.has(3)) {
    auto values = axesFrom(op, 3, "axes", x.rank());
    if (!values)
      return failure();
    axes = *values;
  }
  if (op.has(4)) {
    auto values = sizesFrom(op, op.in(4), "steps");
    if (!values)
      return failure();
    strides = *values;
  }
  if (starts->size() != ends->size() || starts->size() != axes.size() ||
      starts->size() != strides.size())
    return op.fail(
        "shape-mismatch",
        "Slice: starts, ends, axes and steps must have equal lengths");
  auto isKnown = [](const Dim &dim) { return dim.constant().has_value(); };
  if (!llvm::all_of(axes, isKnown) || !llvm::all_of(strides, isKnown))
    return sliceByValues(op, x, *starts, *ends, axes, strides);
  llvm::SmallVector<int64_t> given, steps;
  for (const auto &[axis, step] : llvm::zip(axes, strides)) {
    given.push_back(*axis.constant());
    steps.push_back(*step.constant());
  }
  if (!op.axes(given, x.rank()))
    return failure();
  llvm::SmallVector<Range, 0> ranges;
  for (const Dim &dim : x.shape)
    ranges.push_back({Dim(0), dim, 1});
  bool reverses = false;
  for (size_t i = 0; i < given.size(); ++i) {
    int64_t axis = given[i] < 0 ? given[i] + x.rank() : given[i];
    const Dim &size = x.shape[axis];
    if (steps[i] == 0)
      return op.fail("invalid-attribute", "Slice: a step is 0");
    // Longer steps than the dimension take one element all the same.
    int64_t step =
        std::min<int64_t>(std::max<int64_t>(steps[i], -INT32_MAX), INT32_MAX);
    ranges[axis] = step > 0
                       ? forwards(op, size, (*starts)[i], (*ends)[i], step)
                       : backwards(op, size, (*starts)[i], (*ends)[i], step);
    reverses |= step < 0;
  }
  Shape offsets, sizes;
  llvm::SmallVector<int64_t> apart;
  for (const Range &range : ranges) {
    offsets.push_back(range.offset);
    sizes.push_back(range.size);
    apart.push_back(range.step);
  }
  if (!op.tensorType(sizes, x.type) || op.failed())
    return failure();
  bool isEmpty =
      llvm::any_of(sizes, [](const Dim &size) { return size.is(0); });
  if (reverses && !isEmpty)
    return op.set(0, readBackwards(op, x, ranges, sizes));
  if (llvm::ArrayRef<Dim>(sizes) == llvm::ArrayRef<Dim>(x.shape))
    return op.set(0, x);
  return op.set(0, slice(op, x, offsets, sizes, apart));
}

/// Consecutive parts along axis.
LogicalResult lowerSplit(Op &op) {
  const Data &x = op.in(0);
  auto axis = op.axis(op.intAttr("axis", 0), x.rank());
  if (!axis)
    return failure();
  int64_t count = op.numOutputs();
  llvm::SmallVector<Dim, 0> parts;
  if (op.has(1)) {
    auto sizes = sizesFrom(op, op.in(1), "split");
    if (!sizes)
      return failure();
    parts.assign(sizes->begin(), sizes->end());
  } else if (op.hasAttr("split")) {
    for (int64_t size : op.intsAttr("split"))
      parts.push_back(Dim(size));
  } else {
    int64_t declared = op.intAttr("num_outputs", count);
    auto size = x.shape[*axis].constant();
    if (declared != count)
      return op.fail("invalid-attribute",
                     "Split: num_outputs is not the number of outputs");
    if (!size)
      return op.unsupported("equal parts of a dimension of unknown size");
    // The last part is smaller if the size is no multiple.
    int64_t part = (*size + count - 1) / count;
    for (int64_t i = 0; i < count; ++i)
      parts.push_back(
          Dim(std::max<int64_t>(std::min(part, *size - i * part), 0)));
  }
  Dim total;
  for (const Dim &part : parts) {
    if (part.constant() && *part.constant() < 0)
      return op.fail("invalid-shape", "Split: a part has a negative size");
    total = total + part;
  }
  if (op.dims.isFromValues(total))
    for (const Dim &part : parts)
      op.require(
          compareSizes(op, arith::CmpIPredicate::ule, part, x.shape[*axis]),
          "a part has a wrong size");
  requireSizes(op, arith::CmpIPredicate::eq, total, x.shape[*axis],
               "the parts do not fit");
  bool differs =
      total.constant() && x.shape[*axis].constant() && total != x.shape[*axis];
  if (static_cast<int64_t>(parts.size()) != count || differs)
    return op.fail("shape-mismatch", "Split: the parts do not fit",
                   {"the tensor is " + op.text(x.shape) + ", the axis is " +
                    std::to_string(*axis) + ", the parts are " +
                    op.text(parts) + " for " + std::to_string(count) +
                    " outputs"});
  Shape offsets(x.rank(), Dim(0)), sizes = x.shape;
  llvm::SmallVector<int64_t> strides(x.rank(), 1);
  auto known = x.rank() == 1 ? op.contents(x) : std::nullopt;
  for (int64_t i = 0; i < count; ++i) {
    sizes[*axis] = parts[i];
    auto from = offsets[*axis].constant(), part = parts[i].constant();
    if (known && from && part) {
      Data data;
      data.type = x.type;
      data.shape = sizes;
      data.contents.emplace(known->begin() + *from,
                            known->begin() + *from + *part);
      if (failed(op.set(i, data)))
        return failure();
      offsets[*axis] = offsets[*axis] + parts[i];
      continue;
    }
    if (op.wants(i) && failed(op.set(i, slice(op, x, offsets, sizes, strides))))
      return failure();
    offsets[*axis] = offsets[*axis] + parts[i];
  }
  return success();
}

/// How a padding mode reads positions outside: the position inside instead.
Value reflected(ImplicitLocOpBuilder &b, const std::string &mode, Value at,
                Value size) {
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value one = arith::ConstantIndexOp::create(b, 1);
  Value last = arith::SubIOp::create(b, size, one);
  if (mode == "edge") {
    Value low = arith::MaxSIOp::create(b, at, zero);
    return arith::MinSIOp::create(b, low, last);
  }
  if (mode == "wrap") {
    Value rest = arith::RemSIOp::create(b, at, size);
    Value moved = arith::AddIOp::create(b, rest, size);
    return arith::RemSIOp::create(b, moved, size);
  }
  // reflect: |at| folded with period 2 * (size - 1)
  Value period =
      arith::MulIOp::create(b, last, arith::ConstantIndexOp::create(b, 2));
  Value safe = arith::MaxSIOp::create(b, period, one);
  Value rest = arith::RemSIOp::create(b, at, safe);
  Value moved = arith::AddIOp::create(b, rest, safe);
  Value phase = arith::RemSIOp::create(b, moved, safe);
  Value back = arith::SubIOp::create(b, safe, phase);
  return arith::MinSIOp::create(b, phase, back);
}

/// pads = [low..., high...] for axes; negative ones cut off.
LogicalResult lowerPad(Op &op) {
  const Data &x = op.in(0);
  std::string mode = op.stringAttr("mode", "constant");
  if (op.failed())
    return failure();
  if (mode != "constant" && mode != "reflect" && mode != "edge" &&
      mode != "wrap")
    return op.fail("invalid-attribute", "Pad: mode is '" + mode + "'");
  auto pads = sizesFrom(op, op.in(1), "pads");
  if (!pads)
    return failure();
  Contents axes;
  for (int64_t i = 0; i < x.rank(); ++i)
    axes.push_back(Dim(i));
  if (op.has(3)) {
    auto given = axesFrom(op, 3, "axes", x.rank());
    if (!given)
      return failure();
    axes = *given;
  }
  if (pads->size() != 2 * axes.size())
    return op.fail("shape-mismatch",
                   "Pad: pads must have two elements for each axis",
                   {"the tensor is " + op.text(x.shape) + ", pads have " +
                    std::to_string(pads->size()) + " elements for " +
                    std::to_string(axes.size()) + " axes"});
  Shape low(x.rank(), Dim(0)), high(x.rank(), Dim(0));
  bool known = knownAxes(op, axes, x.rank()).has_value();
  if (op.failed())
    return failure();
  for (const auto &[i, axis] : llvm::enumerate(axes)) {
    const Dim &before = (*pads)[i], &after = (*pads)[i + axes.size()];
    if (known) {
      low[*axis.constant()] = before;
      high[*axis.constant()] = after;
      continue;
    }
    for (int64_t d = 0; d < x.rank(); ++d) {
      Value here = compareSizes(op, arith::CmpIPredicate::eq, axis, Dim(d));
      low[d] = choose(op, here, before, low[d]);
      high[d] = choose(op, here, after, high[d]);
    }
  }
  Shape shape, offsets, kept;
  bool cuts = false;
  for (int64_t i = 0; i < x.rank(); ++i) {
    shape.push_back(low[i] + x.shape[i] + high[i]);
    // What is cut goes first, then what is added.
    Dim cutLow = apply(op, DimOp::Max, Dim(0) - low[i], Dim(0));
    Dim cutHigh = apply(op, DimOp::Max, Dim(0) - high[i], Dim(0));
    offsets.push_back(cutLow);
    kept.push_back(x.shape[i] - cutLow - cutHigh);
    cuts |= !cutLow.is(0) || !cutHigh.is(0);
  }
  if (!op.tensorType(shape, x.type) || !op.tensorType(kept, x.type) ||
      op.failed())
    return failure();
  Type element = op.elementType(x.type);
  if (mode == "constant") {
    Value fill = scalar(op.b, element, 0);
    if (op.has(2)) {
      const Data &value = op.in(2);
      if (!op.sameType(x, value))
        return failure();
      if (auto number = op.constantFloat(value)) {
        fill = scalar(op.b, element, *number);
      } else {
        Data single = reshape(op, value, {});
        fill = tensor::ExtractOp::create(op.b, op.value(single), ValueRange());
      }
    }
    Data inner = x;
    if (cuts)
      inner =
          slice(op, x, offsets, kept, llvm::SmallVector<int64_t>(x.rank(), 1));
    for (int64_t i = 0; i < x.rank(); ++i) {
      low[i] = apply(op, DimOp::Max, low[i], Dim(0));
      high[i] = apply(op, DimOp::Max, high[i], Dim(0));
    }
    Data result = pad(op, inner, low, high, fill);
    if (op.failed())
      return failure();
    result.shape = shape;
    return op.set(0, result);
  }
  for (const Dim &dim : x.shape)
    if (dim.is(0))
      return op.fail("invalid-shape", "Pad: there is nothing to repeat");
  Value source = op.value(x);
  llvm::SmallVector<Value> before, sizes;
  for (int64_t i = 0; i < x.rank(); ++i) {
    before.push_back(op.dims.materialize(low[i], op.b, op.b.getLoc()));
    sizes.push_back(op.dims.materialize(x.shape[i], op.b, op.b.getLoc()));
  }
  return op.set(
      0, generate(
             op, shape, x.type, [&](ImplicitLocOpBuilder &b, ValueRange index) {
               llvm::SmallVector<Value> at;
               for (int64_t i = 0; i < x.rank(); ++i) {
                 Value moved = arith::SubIOp::create(b, index[i], before[i]);
                 at.push_back(low[i].is(0) && high[i].is(0)
                                  ? index[i]
                                  : reflected(b, mode, moved, sizes[i]));
               }
               return tensor::ExtractOp::create(b, source, at).getResult();
             }));
}

} // namespace

void addSlicing(Table &table) {
  table.op("Pad", {11, "", inputs(1, 3)}, lowerPad);
  table.op("Slice", {10, "", inputs(1, 2, 3, 4)}, lowerSlice);
  table.op("Split", {2, "", inputs(1)}, lowerSplit);
}

} // namespace orchestra::onnx
