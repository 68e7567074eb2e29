//===- Reductions.cpp - Reductions, windows, sorting ----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Importer.h"

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace orchestra::stablehlo::frontend {
namespace {

using B = ImplicitLocOpBuilder;

/// Runs a body that combines accumulated elements with further ones, over
/// loops of which the last `reduced` are reductions. `extra` tensors give the
/// sizes of loops only.
LogicalResult combineOver(Op &op, ArrayRef<Data> inputs, ArrayRef<Data> inits,
                          ArrayRef<OpFoldResult> sizes, AffineMap inputMap,
                          AffineMap outMap, ArrayRef<utils::IteratorType> loops,
                          Region &body, Value extra = {},
                          AffineMap extraMap = {}) {
  B &b = op.b;
  SmallVector<Type> wide;
  for (Type type : body.front().back().getOperandTypes())
    wide.push_back(getElementTypeOrSelf(type));
  SmallVector<Value> operands = partsOf(inputs), outs;
  SmallVector<AffineMap> maps(operands.size(), inputMap);
  if (extra) {
    operands.push_back(extra);
    maps.push_back(extraMap);
  }
  for (auto [init, type] : llvm::zip_equal(inits, wide)) {
    Element start = at(b, init, {});
    start = start.element == type ? start : convertElement(b, start, type);
    outs.push_back(filled(b, sizes, start.value));
    if (start.isComplex())
      outs.push_back(filled(b, sizes, start.imag));
  }
  maps.append(outs.size(), outMap);
  bool good = true;
  auto generic = linalg::GenericOp::create(
      b, TypeRange(ValueRange(outs)), operands, outs, maps, loops,
      [&](OpBuilder &builder, Location loc, ValueRange args) {
        B inner(loc, builder);
        size_t next = 0;
        auto take = [&](Type element) {
          Element taken{element, args[next++], nullptr};
          if (isa<ComplexType>(element))
            taken.imag = args[next++];
          return taken;
        };
        Elements further, given;
        for (const Data &input : inputs)
          further.push_back(take(input.element));
        if (extra)
          ++next;
        for (Type type : wide)
          given.push_back(take(type));
        llvm::append_range(given, further);
        auto results = op.importer.evaluate(body, given, inner);
        good = results.has_value();
        SmallVector<Value> yields;
        if (good)
          for (const Element &element : *results) {
            yields.push_back(element.value);
            if (element.isComplex())
              yields.push_back(element.imag);
          }
        else
          llvm::append_range(yields, args.take_back(outs.size()));
        linalg::YieldOp::create(inner, yields);
      });
  if (!good)
    return failure();
  size_t next = 0;
  for (auto [i, type] : llvm::enumerate(wide)) {
    Data data;
    data.element = type;
    data.value = generic.getResult(next++);
    if (isa<ComplexType>(type))
      data.imag = generic.getResult(next++);
    if (failed(op.set(i, data)))
      return failure();
  }
  return success();
}

SmallVector<Data> dataOf(Op &op, OperandRange operands) {
  SmallVector<Data> all;
  for (Value operand : operands)
    all.push_back(op.in(operand));
  return all;
}

LogicalResult lowerReduce(Op &op) {
  auto reduce = cast<ReduceOp>(op.op);
  SmallVector<Data> inputs = dataOf(op, reduce.getInputs());
  int64_t rank = inputs[0].rank();
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  SmallVector<AffineExpr> out;
  SmallVector<OpFoldResult> sizes;
  for (int64_t dim = 0; dim < rank; ++dim) {
    if (llvm::is_contained(reduce.getDimensions(), dim)) {
      loops[dim] = utils::IteratorType::reduction;
      continue;
    }
    out.push_back(op.b.getAffineDimExpr(dim));
    sizes.push_back(sizeOf(op.b, inputs[0].value, dim));
  }
  return combineOver(op, inputs, dataOf(op, reduce.getInitValues()), sizes,
                     op.b.getMultiDimIdentityMap(rank),
                     AffineMap::get(rank, 0, out, op.b.getContext()), loops,
                     reduce.getBody());
}

LogicalResult lowerReduceWindow(Op &op) {
  auto reduce = cast<ReduceWindowOp>(op.op);
  B &b = op.b;
  SmallVector<Data> inputs = dataOf(op, reduce.getInputs()),
                    inits = dataOf(op, reduce.getInitValues());
  int64_t rank = inputs[0].rank();
  auto list = [&](std::optional<ArrayRef<int64_t>> values) {
    return values ? SmallVector<int64_t>(*values)
                  : SmallVector<int64_t>(rank, 1);
  };
  SmallVector<int64_t> strides = list(reduce.getWindowStrides()),
                       base = list(reduce.getBaseDilations()),
                       dilations = list(reduce.getWindowDilations());
  auto padding = paddingOf(op.op, reduce.getPadding(), rank);
  if (!padding)
    return failure();
  SmallVector<OpFoldResult> low, high, gaps, sizes, window;
  for (int64_t i = 0; i < rank; ++i) {
    low.push_back(b.getIndexAttr((*padding)[i].first));
    high.push_back(b.getIndexAttr((*padding)[i].second));
    gaps.push_back(b.getIndexAttr(base[i] - 1));
  }
  for (auto [input, init] : llvm::zip_equal(inputs, inits)) {
    input.value =
        pad(b, input.value, extractScalar(b, init.value), low, high, gaps);
    if (input.isComplex())
      input.imag =
          pad(b, input.imag, extractScalar(b, init.imag), low, high, gaps);
  }
  SmallVector<AffineExpr> in, out, tap;
  for (int64_t i = 0; i < rank; ++i) {
    int64_t size = reduce.getWindowDimensions()[i];
    int64_t reach = (size - 1) * dilations[i] + 1;
    OpFoldResult room =
        sub(b, sizeOf(b, inputs[0].value, i), b.getIndexAttr(reach));
    auto constant = constantOf(room);
    sizes.push_back(constant && *constant < 0
                        ? OpFoldResult(b.getIndexAttr(0))
                        : add(b, div(b, room, b.getIndexAttr(strides[i])),
                              b.getIndexAttr(1)));
    window.push_back(b.getIndexAttr(size));
    out.push_back(b.getAffineDimExpr(i));
    tap.push_back(b.getAffineDimExpr(rank + i));
    in.push_back(out.back() * strides[i] + tap.back() * dilations[i]);
  }
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  loops.append(rank, utils::IteratorType::reduction);
  MLIRContext *context = b.getContext();
  Value shape = empty(b, window, storedType(inputs[0].element));
  return combineOver(
      op, inputs, inits, sizes, AffineMap::get(2 * rank, 0, in, context),
      AffineMap::get(2 * rank, 0, out, context), loops, reduce.getBody(), shape,
      AffineMap::get(2 * rank, 0, tap, context));
}

LogicalResult lowerMap(Op &op) {
  auto map = cast<MapOp>(op.op);
  SmallVector<Data> inputs = dataOf(op, map.getInputs());
  auto results =
      elementwise(op.b, inputs, getElementTypeOrSelf(map.getType()),
                  [&](B &b, ArrayRef<Element> in) {
                    return op.importer.evaluate(map.getComputation(), in, b);
                  });
  return results ? op.set(results->front()) : failure();
}

/// Any comparator: an element's place is the number of those before it. The
/// comparator is asked of all pairs.
LogicalResult lowerSort(Op &op) {
  auto sort = cast<SortOp>(op.op);
  B &b = op.b;
  SmallVector<Data> inputs = dataOf(op, sort.getInputs());
  int64_t rank = inputs[0].rank();
  int64_t axis = static_cast<int64_t>(sort.getDimension());
  if (axis < 0)
    axis += rank;
  SmallVector<OpFoldResult> sizes = sizesOf(b, inputs[0].value);
  // Loops: all dimensions, and the place of the other element.
  Value init = filled(b, sizes, scalarInt(b, b.getI64Type(), 0));
  SmallVector<AffineExpr> self, other;
  for (int64_t i = 0; i < rank; ++i) {
    self.push_back(b.getAffineDimExpr(i));
    other.push_back(b.getAffineDimExpr(i == axis ? rank : i));
  }
  MLIRContext *context = b.getContext();
  AffineMap selfMap = AffineMap::get(rank + 1, 0, self, context),
            otherMap = AffineMap::get(rank + 1, 0, other, context);
  SmallVector<Value> operands = partsOf(inputs);
  size_t count = operands.size();
  SmallVector<AffineMap> maps(count, selfMap);
  operands.append(operands);
  maps.append(count, otherMap);
  maps.push_back(selfMap);
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  loops.push_back(utils::IteratorType::reduction);
  bool good = true;
  auto places = linalg::GenericOp::create(
      b, init.getType(), operands, init, maps, loops,
      [&](OpBuilder &builder, Location loc, ValueRange args) {
        B inner(loc, builder);
        auto elements = [&](size_t next) {
          Elements all;
          for (const Data &input : inputs) {
            Element element{input.element, args[next++], nullptr};
            if (input.isComplex())
              element.imag = args[next++];
            all.push_back(element);
          }
          return all;
        };
        Elements here = elements(0), there = elements(count);
        auto less = [&](const Elements &x, const Elements &y) -> Value {
          Elements pairs;
          for (auto [p, q] : llvm::zip_equal(x, y)) {
            pairs.push_back(p);
            pairs.push_back(q);
          }
          auto result =
              op.importer.evaluate(sort.getComparator(), pairs, inner);
          good &= result.has_value();
          return result ? result->front().value
                        : arith::ConstantOp::create(inner,
                                                    inner.getBoolAttr(false))
                              .getResult();
        };
        Num after(inner, less(there, here)), before(inner, less(here, there));
        Num mine(inner, linalg::IndexOp::create(inner, axis)),
            theirs(inner, linalg::IndexOp::create(inner, rank));
        Num counts = after | (!after & !before & (theirs < mine));
        Value one = arith::ExtUIOp::create(inner, inner.getI64Type(), counts);
        linalg::YieldOp::create(
            inner, arith::AddIOp::create(inner, args.back(), one).getResult());
      });
  if (!good)
    return failure();
  // The result's element at a place: where that place is.
  SmallVector<AffineExpr> source;
  for (int64_t i = 0; i < rank; ++i)
    source.push_back(i == axis ? b.getAffineSymbolExpr(0)
                               : b.getAffineDimExpr(i));
  AffineMap destination = AffineMap::get(rank, 1, source, context);
  for (auto [i, input] : llvm::enumerate(inputs)) {
    Data sorted = onParts(input, [&](Value part) -> Value {
      Value into = empty(b, sizes, getElementTypeOrSelf(part.getType()));
      auto scatter = linalg_ext::ScatterOp::create(
          b, into.getType(), AffineMapAttr::get(destination),
          AffineMapAttr::get(b.getMultiDimIdentityMap(rank)), b.getUnitAttr(),
          part, places.getResult(0), into);
      OpBuilder::InsertionGuard guard(b);
      Type element = getElementTypeOrSelf(part.getType());
      Block *block =
          b.createBlock(&scatter.getCombiner(), {}, {element, element},
                        {b.getLoc(), b.getLoc()});
      linalg_ext::YieldOp::create(b, block->getArgument(1));
      return scatter.getResult(0);
    });
    if (failed(op.set(i, sorted)))
      return failure();
  }
  return success();
}

} // namespace

void addReductions(Table &table) {
  table["map"] = lowerMap;
  table["reduce"] = lowerReduce;
  table["reduce_window"] = lowerReduceWindow;
  table["sort"] = lowerSort;
}

} // namespace orchestra::stablehlo::frontend
