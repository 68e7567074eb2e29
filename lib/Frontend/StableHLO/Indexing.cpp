//===- Indexing.cpp - Boxes at places that tensors say --------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Importer.h"

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"

using namespace mlir;

namespace orchestra::stablehlo::frontend {
namespace {

using B = ImplicitLocOpBuilder;

/// An integer of any sign as an index; what is too large stays large.
Num toIndex(B &b, const Element &number) {
  Value value = number.value;
  if (isUnsigned(number.element)) {
    // The greatest half would be negative.
    unsigned width = value.getType().getIntOrFloatBitWidth();
    if (width < 64)
      value = arith::ExtUIOp::create(b, b.getI64Type(), value);
    else
      value = arith::MinUIOp::create(
          b, value, scalarInt(b, b.getI64Type(), int64_t(1) << 62));
  }
  return {b, arith::IndexCastOp::create(b, b.getIndexType(), value)};
}

/// Starts of a box, moved so that it lies inside.
SmallVector<Num> starts(B &b, ArrayRef<Data> scalars,
                        ArrayRef<Value> lastStarts) {
  SmallVector<Num> result;
  for (auto [data, last] : llvm::zip_equal(scalars, lastStarts))
    result.push_back(toIndex(b, at(b, data, {})).max(0).min(Num(b, last)));
  return result;
}

SmallVector<Value> lastStarts(B &b, ArrayRef<OpFoldResult> whole,
                              ArrayRef<OpFoldResult> box) {
  SmallVector<Value> last;
  for (auto [size, part] : llvm::zip_equal(whole, box))
    last.push_back(indexOf(b, sub(b, size, part)));
  return last;
}

LogicalResult lowerDynamicSlice(Op &op) {
  auto slice = cast<DynamicSliceOp>(op.op);
  Data x = op.in(0);
  SmallVector<Data> places;
  for (Value start : slice.getStartIndices())
    places.push_back(op.in(start));
  SmallVector<OpFoldResult> sizes;
  for (int64_t size : slice.getSliceSizes())
    sizes.push_back(op.b.getIndexAttr(size));
  SmallVector<Value> last = lastStarts(op.b, sizesOf(op.b, x.value), sizes);
  return op.set(generate(op.b, sizes, x.element,
                         [&](B &b, ArrayRef<Num> index) -> Elements {
                           SmallVector<Num> place = starts(b, places, last);
                           for (auto [to, from] : llvm::zip_equal(place, index))
                             to = to + from;
                           return {at(b, x, place)};
                         })
                    .front());
}

LogicalResult lowerDynamicUpdateSlice(Op &op) {
  auto slice = cast<DynamicUpdateSliceOp>(op.op);
  Data x = op.in(0), update = op.in(1);
  SmallVector<Data> places;
  for (Value start : slice.getStartIndices())
    places.push_back(op.in(start));
  SmallVector<OpFoldResult> sizes = sizesOf(op.b, x.value),
                            box = sizesOf(op.b, update.value);
  if (llvm::any_of(box,
                   [](OpFoldResult size) { return constantOf(size) == 0; }))
    return op.set(x);
  SmallVector<Value> last = lastStarts(op.b, sizes, box), lengths;
  for (OpFoldResult size : box)
    lengths.push_back(indexOf(op.b, size));
  return op.set(
      generate(op.b, sizes, x.element,
               [&](B &b, ArrayRef<Num> index) -> Elements {
                 Num inside;
                 SmallVector<Num> place = starts(b, places, last), from;
                 for (auto [i, start] : llvm::enumerate(place)) {
                   Num moved = index[i] - start, length(b, lengths[i]);
                   Num ok = (moved >= 0) & (moved < length);
                   inside = inside ? inside & ok : ok;
                   from.push_back(moved.max(0).min(length - 1));
                 }
                 Element fresh = at(b, update, from);
                 return {inside ? choose(b, inside, fresh, at(b, x, index))
                                : fresh};
               })
          .front());
}

/// Dimensions that are not in a list, in order.
SmallVector<int64_t> others(int64_t rank, ArrayRef<int64_t> dims) {
  SmallVector<int64_t> rest;
  for (int64_t dim = 0; dim < rank; ++dim)
    if (!llvm::is_contained(dims, dim))
      rest.push_back(dim);
  return rest;
}

/// How a loop over updates or results finds its place in the big tensor.
struct Places {
  int64_t rank;                    // of the big tensor
  SmallVector<int64_t> batchDims;  // loops that run over index vectors
  SmallVector<int64_t> windowDims; // loops inside of a window
  SmallVector<int64_t> windowTo;   // the big tensor's dimension of each
  SmallVector<int64_t> map;        // dimension of each number of a vector
  SmallVector<int64_t> batchTo, batchFrom; // batching: dimension, index's one
  int64_t vectorDim;
  Data indices;

  Element number(B &b, ArrayRef<Num> loops, int64_t which) const {
    SmallVector<Num> place;
    for (int64_t loop : batchDims)
      place.push_back(loops[loop]);
    if (vectorDim < indices.rank())
      place.insert(place.begin() + vectorDim, indexNum(b, which));
    return at(b, indices, place);
  }

  /// Where the window starts, as the indices say.
  SmallVector<Num> start(B &b, ArrayRef<Num> loops) const {
    SmallVector<Num> result(rank);
    for (auto [which, dim] : llvm::enumerate(map))
      result[dim] = toIndex(b, number(b, loops, which));
    for (auto [to, from] : llvm::zip_equal(batchTo, batchFrom)) {
      // The index's dimensions without its vector are the batch's loops.
      int64_t loop = from < vectorDim ? from : from - 1;
      result[to] = loops[batchDims[loop]];
    }
    // A `!` would be an op on the number.
    for (Num &place : result)
      place = place ? place : indexNum(b, 0);
    return result;
  }
};

LogicalResult gather(Op &op, GatherDimensionNumbersAttr numbers,
                     ArrayRef<OpFoldResult> slice) {
  B &b = op.b;
  Data x = op.in(0);
  Places places;
  places.rank = x.rank();
  places.indices = op.in(1);
  places.vectorDim = numbers.getIndexVectorDim();
  places.map.assign(numbers.getStartIndexMap().begin(),
                    numbers.getStartIndexMap().end());
  places.batchTo.assign(numbers.getOperandBatchingDims().begin(),
                        numbers.getOperandBatchingDims().end());
  places.batchFrom.assign(numbers.getStartIndicesBatchingDims().begin(),
                          numbers.getStartIndicesBatchingDims().end());
  places.windowDims.assign(numbers.getOffsetDims().begin(),
                           numbers.getOffsetDims().end());
  SmallVector<int64_t> dropped(numbers.getCollapsedSliceDims());
  llvm::append_range(dropped, numbers.getOperandBatchingDims());
  places.windowTo = others(x.rank(), dropped);
  int64_t indexRank = places.indices.rank();
  SmallVector<OpFoldResult> batch;
  for (int64_t dim = 0; dim < indexRank; ++dim)
    if (dim != places.vectorDim)
      batch.push_back(sizeOf(b, places.indices.value, dim));
  int64_t rank = batch.size() + places.windowDims.size();
  places.batchDims = others(rank, places.windowDims);
  SmallVector<OpFoldResult> sizes(rank);
  for (auto [loop, size] : llvm::zip_equal(places.batchDims, batch))
    sizes[loop] = size;
  for (auto [loop, dim] : llvm::zip_equal(places.windowDims, places.windowTo))
    sizes[loop] = slice[dim];
  if (llvm::any_of(sizesOf(b, x.value),
                   [](OpFoldResult size) { return constantOf(size) == 0; })) {
    return op.set(onParts(x, [&](Value part) {
      return empty(b, sizes, getElementTypeOrSelf(part.getType()));
    }));
  }
  SmallVector<Value> last = lastStarts(b, sizesOf(b, x.value), slice);
  return op.set(generate(b, sizes, x.element,
                         [&](B &inner, ArrayRef<Num> index) -> Elements {
                           SmallVector<Num> place = places.start(inner, index);
                           for (int64_t dim : places.map)
                             place[dim] =
                                 place[dim].max(0).min(Num(inner, last[dim]));
                           for (auto [loop, dim] : llvm::zip_equal(
                                    places.windowDims, places.windowTo))
                             place[dim] = place[dim] + index[loop];
                           return {at(inner, x, place)};
                         })
                    .front());
}

LogicalResult lowerGather(Op &op) {
  auto gatherOp = cast<GatherOp>(op.op);
  SmallVector<OpFoldResult> slice;
  for (int64_t size : gatherOp.getSliceSizes())
    slice.push_back(op.b.getIndexAttr(size));
  return gather(op, gatherOp.getDimensionNumbers(), slice);
}

LogicalResult lowerDynamicGather(Op &op) {
  auto gatherOp = cast<DynamicGatherOp>(op.op);
  auto slice = op.numbers(gatherOp.getSliceSizes());
  if (!slice)
    return failure();
  return gather(op, gatherOp.getDimensionNumbers(), *slice);
}

/// All in a row; an update outside of the tensor has a place that is none.
LogicalResult lowerScatter(Op &op) {
  auto scatter = cast<ScatterOp>(op.op);
  B &b = op.b;
  if (scatter.getInputs().size() != 1)
    return op.unsupported("more than one tensor");
  ScatterDimensionNumbersAttr numbers = scatter.getScatterDimensionNumbers();
  Data x = op.in(0), updates = op.in(scatter.getUpdates()[0]);
  if (x.isComplex())
    return op.unsupported("complex elements");
  Places places;
  places.rank = x.rank();
  places.indices = op.in(scatter.getScatterIndices());
  places.vectorDim = numbers.getIndexVectorDim();
  auto assign = [](SmallVector<int64_t> &to, ArrayRef<int64_t> from) {
    to.assign(from.begin(), from.end());
  };
  assign(places.map, numbers.getScatterDimsToOperandDims());
  assign(places.batchTo, numbers.getInputBatchingDims());
  assign(places.batchFrom, numbers.getScatterIndicesBatchingDims());
  assign(places.windowDims, numbers.getUpdateWindowDims());
  SmallVector<int64_t> dropped(numbers.getInsertedWindowDims());
  llvm::append_range(dropped, numbers.getInputBatchingDims());
  places.windowTo = others(x.rank(), dropped);
  places.batchDims = others(updates.rank(), places.windowDims);
  SmallVector<OpFoldResult> sizes = sizesOf(b, x.value);
  SmallVector<Value> lengths;
  for (OpFoldResult size : sizes)
    lengths.push_back(indexOf(b, size));
  OpFoldResult total = product(b, sizes);
  Value outside = indexOf(b, total);
  Type i64 = b.getI64Type();
  Data flat = generate(b, sizesOf(b, updates.value), i64,
                       [&](B &inner, ArrayRef<Num> index) -> Elements {
                         SmallVector<Num> place = places.start(inner, index);
                         for (auto [loop, dim] : llvm::zip_equal(
                                  places.windowDims, places.windowTo))
                           place[dim] = place[dim] + index[loop];
                         Num inside, all = indexNum(inner, 0);
                         for (auto [dim, where] : llvm::enumerate(place)) {
                           Num length(inner, lengths[dim]);
                           Num ok = (where >= 0) & (where < length);
                           inside = inside ? inside & ok : ok;
                           all = all * length + where;
                         }
                         if (inside)
                           all = inside.choose(all, Num(inner, outside));
                         return {{i64, all.toInt(i64), nullptr}};
                       })
                  .front();
  OpFoldResult count = product(b, sizesOf(b, updates.value));
  Value source = reshape(b, updates.value, count),
        where = reshape(b, flat.value, count),
        into = reshape(b, x.value, total);
  MLIRContext *context = b.getContext();
  auto made = linalg_ext::ScatterOp::create(
      b, into.getType(),
      AffineMapAttr::get(
          AffineMap::get(1, 1, b.getAffineSymbolExpr(0), context)),
      AffineMapAttr::get(b.getMultiDimIdentityMap(1)),
      scatter.getUniqueIndices() ? b.getUnitAttr() : UnitAttr(), source, where,
      into);
  {
    OpBuilder::InsertionGuard guard(b);
    Type element = storedType(x.element);
    Block *block = b.createBlock(&made.getCombiner(), {}, {element, element},
                                 {b.getLoc(), b.getLoc()});
    auto results = op.importer.evaluate(
        scatter.getUpdateComputation(),
        {Element{x.element, block->getArgument(0), nullptr},
         Element{x.element, block->getArgument(1), nullptr}},
        b);
    if (!results) {
      linalg_ext::YieldOp::create(b, block->getArgument(0));
      return failure();
    }
    Element result = results->front();
    if (result.element != x.element)
      result = convertElement(b, result, x.element);
    linalg_ext::YieldOp::create(b, result.value);
  }
  Data data;
  data.element = x.element;
  data.value = reshape(b, made.getResult(0), sizes);
  return op.set(data);
}

} // namespace

void addIndexing(Table &table) {
  table["dynamic_gather"] = lowerDynamicGather;
  table["dynamic_slice"] = lowerDynamicSlice;
  table["dynamic_update_slice"] = lowerDynamicUpdateSlice;
  table["gather"] = lowerGather;
  table["scatter"] = lowerScatter;
}

} // namespace orchestra::stablehlo::frontend
