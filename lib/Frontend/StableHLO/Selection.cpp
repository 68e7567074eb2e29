//===- Selection.cpp - Adding up where windows' chosen elements are -------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each window's loop keeps the best element so far and where it is; then the
// sources are scattered to these places.
//
//===----------------------------------------------------------------------===//
#include "Importer.h"

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"

using namespace mlir;

namespace orchestra::stablehlo::frontend {
namespace {

using B = ImplicitLocOpBuilder;

struct Windows {
  SmallVector<int64_t> sizes, strides, low;
  int64_t volume = 1;
};

/// The flat place of the element that each window chooses, or `none`. Elements
/// outside of the tensor take no part.
std::optional<Data> places(Op &op, const Data &x, const Windows &windows,
                           ArrayRef<OpFoldResult> counts, Value none) {
  auto select = cast<SelectAndScatterOp>(op.op);
  SmallVector<Value> lengths;
  for (OpFoldResult size : sizesOf(op.b, x.value))
    lengths.push_back(indexOf(op.b, size));
  int64_t rank = x.rank();
  bool good = true;
  auto body = [&](B &b, ArrayRef<Num> index) -> Elements {
    Num start(b, scalar(b, storedType(x.element), 0)), nowhere(b, none);
    auto step = [&](B &, Num tap, ArrayRef<Num> best) {
      SmallVector<Num> at(rank);
      Num inside, flat = indexNum(b, 0);
      for (int64_t dim = rank; dim-- > 0;) {
        Num place = index[dim] * static_cast<double>(windows.strides[dim]) +
                    tap % static_cast<double>(windows.sizes[dim]) -
                    static_cast<double>(windows.low[dim]);
        tap = tap / static_cast<double>(windows.sizes[dim]);
        Num length(b, lengths[dim]);
        Num ok = (place >= 0) & (place < length);
        inside = inside ? inside & ok : ok;
        at[dim] = place.max(0).min(length - 1);
      }
      for (int64_t dim = 0; dim < rank; ++dim)
        flat = flat * Num(b, lengths[dim]) + at[dim];
      Num value = linalg_ext::at(b, x.value, at);
      auto keeps = op.importer.evaluate(select.getSelect(),
                                        {Element{x.element, best[0], nullptr},
                                         Element{x.element, value, nullptr}},
                                        b);
      good &= keeps.has_value();
      Num stays(
          b,
          keeps
              ? keeps->front().value
              : arith::ConstantOp::create(b, b.getBoolAttr(true)).getResult());
      Num isFirst = best[1] == nowhere;
      Num taken = inside & (isFirst | !stays);
      return SmallVector<Num>{taken.choose(value, best[0]),
                              taken.choose(flat, best[1])};
    };
    auto best = linalg_ext::loop(b, indexNum(b, windows.volume),
                                 {start, nowhere}, step);
    return {{b.getI64Type(), best[1].toInt(b.getI64Type()), nullptr}};
  };
  Data found = generate(op.b, counts, op.b.getI64Type(), body).front();
  if (!good)
    return std::nullopt;
  return found;
}

LogicalResult lowerSelectAndScatter(Op &op) {
  auto select = cast<SelectAndScatterOp>(op.op);
  B &b = op.b;
  Data x = op.in(0), source = op.in(1), init = op.in(2);
  if (x.isComplex())
    return op.unsupported("complex elements");
  int64_t rank = x.rank();
  auto list = [&](std::optional<ArrayRef<int64_t>> values) {
    return values ? SmallVector<int64_t>(*values)
                  : SmallVector<int64_t>(rank, 1);
  };
  Windows windows;
  windows.sizes = list(select.getWindowDimensions());
  windows.strides = list(select.getWindowStrides());
  auto padding = paddingOf(op.op, select.getPadding(), rank);
  if (!padding)
    return failure();
  for (int64_t dim = 0; dim < rank; ++dim) {
    windows.low.push_back((*padding)[dim].first);
    windows.volume *= windows.sizes[dim];
  }
  SmallVector<OpFoldResult> sizes = sizesOf(b, x.value);
  OpFoldResult total = product(b, sizes);
  auto where =
      places(op, x, windows, sizesOf(b, source.value), indexOf(b, total));
  if (!where)
    return failure();
  OpFoldResult count = product(b, sizesOf(b, source.value));
  Value into = filled(b, total, extractScalar(b, init.value));
  auto made = linalg_ext::ScatterOp::create(
      b, into.getType(),
      AffineMapAttr::get(
          AffineMap::get(1, 1, b.getAffineSymbolExpr(0), b.getContext())),
      AffineMapAttr::get(b.getMultiDimIdentityMap(1)), UnitAttr(),
      reshape(b, source.value, count), reshape(b, where->value, count), into);
  {
    OpBuilder::InsertionGuard guard(b);
    Type element = storedType(x.element);
    Block *block = b.createBlock(&made.getCombiner(), {}, {element, element},
                                 {b.getLoc(), b.getLoc()});
    auto results = op.importer.evaluate(
        select.getScatter(),
        {Element{x.element, block->getArgument(0), nullptr},
         Element{x.element, block->getArgument(1), nullptr}},
        b);
    linalg_ext::YieldOp::create(
        b, results ? convertElement(b, results->front(), x.element).value
                   : block->getArgument(0));
    if (!results)
      return failure();
  }
  Data data;
  data.element = x.element;
  data.value = reshape(b, made.getResult(0), sizes);
  return op.set(data);
}

} // namespace

void addSelection(Table &table) {
  table["select_and_scatter"] = lowerSelectAndScatter;
}

} // namespace orchestra::stablehlo::frontend
