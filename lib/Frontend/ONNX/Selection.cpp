//===- Selection.cpp - Results as large as what is found ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel counts; its number is a size of the program, known before anything
// is allocated (orchestra-plan-memory); a second kernel fills.
//
//===----------------------------------------------------------------------===//
#include "Selection.h"
#include "Sizes.h"
#include "Table.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace orchestra::onnx {

using Builder = Num::Builder;

static Num integer(Builder &b, int64_t value) {
  return {b, arith::ConstantOp::create(b, b.getI64IntegerAttr(value))};
}

Chosen choosePositions(Op &op, const Data &flags) {
  Chosen chosen;
  if (op.dims.inRegion())
    (void)op.unsupported("a size that a loop or a branch computes");
  if (op.failed())
    return chosen;
  auto ones = elementwise(
      op, flags, ElementType::Int64, [](Builder &b, ValueRange v) -> Value {
        return arith::ExtUIOp::create(b, b.getI64Type(), v[0]);
      });
  if (!ones)
    return chosen;
  Data sum = reduce(op, *ones, {0}, false, Reduction::Sum);
  chosen.count =
      countedSize(op, tensor::ExtractOp::create(op.b, sum.value, ValueRange()));
  // One pass over the flags writes each position behind the last one.
  Value source = op.value(flags);
  Value room = op.empty({chosen.count}, ElementType::Int64);
  Value limit = indexValue(op, flags.shape[0]);
  Num nothing = integer(op.b, 0).asIndex();
  auto results = loop(
      op.b, Num(op.b, limit), {nothing, Num(op.b, room)},
      [&](Builder &b, Num i,
          llvm::ArrayRef<Num> now) -> llvm::SmallVector<Num> {
        Num flag = at(b, source, i);
        auto write = scf::IfOp::create(
            b, flag,
            [&](OpBuilder &builder, Location loc) {
              Builder inner(loc, builder);
              Value place =
                  arith::IndexCastOp::create(inner, inner.getI64Type(), i);
              Value next = tensor::InsertOp::create(inner, place, now[1],
                                                    ValueRange(Value(now[0])));
              Value one = arith::ConstantIndexOp::create(inner, 1);
              Value more = arith::AddIOp::create(inner, now[0], one);
              scf::YieldOp::create(inner, ValueRange{more, next});
            },
            [&](OpBuilder &builder, Location loc) {
              scf::YieldOp::create(builder, loc, ValueRange{now[0], now[1]});
            });
        return {Num(b, write.getResult(0)), Num(b, write.getResult(1))};
      });
  chosen.positions.type = ElementType::Int64;
  chosen.positions.shape = {chosen.count};
  chosen.positions.value = results[1];
  return chosen;
}

namespace {

/// An element of a vector of positions, kept inside of a dimension: whoever
/// fills it does not lie, but memory must be safe without that promise.
Num positionAt(Builder &b, Value positions, Num index, Value limit) {
  Num place = at(b, positions, index).asIndex();
  return place.max(0).min(Num(b, limit) - 1);
}

/// Whether elements are not zero; NaN is not.
std::optional<Data> isNonZero(Op &op, const Data &x) {
  Type element = op.elementType(x.type);
  return elementwise(
      op, x, ElementType::Bool, [&](Builder &b, ValueRange v) -> Value {
        if (element.isInteger(1))
          return v[0];
        Value zero = scalar(b, element, 0);
        if (isa<FloatType>(element))
          return arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, v[0],
                                       zero);
        return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, v[0], zero);
      });
}

/// The indices of elements that are not zero, a column each, in their order
LogicalResult lowerNonZero(Op &op) {
  const Data x = op.in(0);
  if (op.failed() || isNarrow(x.type))
    return op.unsupported("elements of " + elementTypeName(x.type));
  auto flags = isNonZero(op, x);
  if (!flags)
    return failure();
  Data flat = reshape(op, *flags, {product(x.shape)});
  Chosen chosen = choosePositions(op, flat);
  if (op.failed())
    return failure();
  llvm::SmallVector<Value> sizes;
  for (const Dim &dim : x.shape)
    sizes.push_back(indexValue(op, dim));
  Value positions = chosen.positions.value;
  Shape shape{Dim(x.rank()), chosen.count};
  Data result =
      generate(op, shape, ElementType::Int64,
               [&](Builder &b, ValueRange index) -> Value {
                 // The coordinate of dimension index[0]: the position divided
                 // by what is behind the dimension, modulo its size.
                 Num axis(b, index[0]);
                 Num rest = at(b, positions, Num(b, index[1])).asIndex();
                 Num coordinate = rest * 0;
                 for (size_t d = sizes.size(); d-- > 0;) {
                   Num size = Num(b, sizes[d]).max(1);
                   coordinate = (axis == indexNum(b, static_cast<int64_t>(d)))
                                    .choose(rest % size, coordinate);
                   rest = rest / size;
                 }
                 return coordinate.toInt(b.getI64Type());
               });
  return op.set(0, result);
}

/// The slices along an axis, or the elements, at which the condition holds
LogicalResult lowerCompress(Op &op) {
  const Data data = op.in(0), condition = op.in(1);
  if (!op.expectType(condition, condition.type == ElementType::Bool,
                     "the condition"))
    return failure();
  if (condition.rank() != 1)
    return op.fail("shape-mismatch", "Compress: the condition must be a vector",
                   {"it is " + op.text(condition.shape)});
  Data source = data;
  int64_t axis = 0;
  if (op.hasAttr("axis")) {
    auto given = op.axis(op.intAttr("axis"), data.rank());
    if (!given)
      return failure();
    axis = *given;
  } else {
    source = reshape(op, data, {product(data.shape)});
  }
  auto have = condition.shape[0].constant(),
       most = source.shape[axis].constant();
  if (have && most && *have > *most)
    return op.fail("shape-mismatch",
                   "Compress: the condition is longer than the axis",
                   {"it has " + std::to_string(*have) + " elements, the axis " +
                    std::to_string(*most)});
  if (!have || !most)
    op.require(compareSizes(op, arith::CmpIPredicate::sle, condition.shape[0],
                            source.shape[axis]),
               "the condition is longer than the axis");
  Chosen chosen = choosePositions(op, condition);
  Value tensor = op.value(source);
  if (op.failed() || !tensor)
    return failure();
  Value limit = indexValue(op, source.shape[axis]);
  Shape shape = source.shape;
  shape[axis] = chosen.count;
  return op.set(
      0, generate(op, shape, data.type, [&](Builder &b, ValueRange v) -> Value {
        llvm::SmallVector<Num> place = numbers(b, v);
        place[axis] = positionAt(b, chosen.positions.value, place[axis], limit);
        return at(b, tensor, place);
      }));
}

/// Slices of a tensor [n, m] and how two of them compare.
class Rows {
public:
  Rows(Op &op, const Data &x) : op(op), x(x) {
    values = op.value(x);
    count = indexValue(op, x.shape[0]);
    length = indexValue(op, x.shape[1]);
  }
  /// -1, 0 or 1, as an index: row i against row j, by the first elements that
  /// differ. NaN is equal to NaN and greater than numbers.
  Num compare(Builder &b, Num i, Num j) {
    Num zero = indexNum(b, 0);
    auto last =
        loop(b, Num(b, length), zero,
             [&](Builder &b, Num k,
                 llvm::ArrayRef<Num> now) -> llvm::SmallVector<Num> {
               Num here = at(b, values, {i, k}), other = at(b, values, {j, k});
               Num order =
                   less(b, other, here)
                       .choose(indexNum(b, 1),
                               less(b, here, other)
                                   .choose(indexNum(b, -1), indexNum(b, 0)));
               return {(now[0] == indexNum(b, 0)).choose(order, now[0])};
             });
    return last[0];
  }

  Op &op;
  const Data &x;
  Value values, count, length;

private:
  Num less(Builder &b, Num left, Num right) {
    if (left.isFloat()) {
      Num number(
          b, arith::CmpFOp::create(b, arith::CmpFPredicate::ORD, left, left)),
          none(b, arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, right,
                                        right));
      return (left < right) | (number & none);
    }
    bool isSigned = isSignedInt(x.type) || x.type == ElementType::String;
    return {b, arith::CmpIOp::create(b,
                                     isSigned ? arith::CmpIPredicate::slt
                                              : arith::CmpIPredicate::ult,
                                     left, right)};
  }
};

/// A vector of int64 with an element for each row; what it reads is captured.
Data perRow(Op &op, const Dim &count,
            llvm::function_ref<Num(Builder &, Num)> element) {
  return generate(op, {count}, ElementType::Int64,
                  [&](Builder &b, ValueRange v) -> Value {
                    return element(b, Num(b, v[0])).toInt(b.getI64Type());
                  });
}

/// The sum of term(j) for j < count.
Num sumOver(Builder &b, Value count,
            llvm::function_ref<Num(Builder &, Num)> term) {
  return loop(b, Num(b, count), indexNum(b, 0),
              [&](Builder &b, Num j,
                  llvm::ArrayRef<Num> now) -> llvm::SmallVector<Num> {
                return {now[0] + term(b, j)};
              })[0];
}

Num asNumber(Builder &b, Num flag) {
  return {b, arith::IndexCastUIOp::create(b, b.getIndexType(), flag)};
}

/// The different slices along an axis, or elements, sorted or as they come
/// first; where each comes first, which one each slice is, how often it stands.
/// Compares all pairs.
LogicalResult lowerUnique(Op &op) {
  const Data data = op.in(0);
  bool sorted = op.intAttr("sorted", 1) != 0;
  if (op.failed() || isNarrow(data.type))
    return op.unsupported("elements of " + elementTypeName(data.type));
  if (sorted && data.type == ElementType::String)
    return op.unsupported("strings in order");
  // [n, m]: n slices of m elements.
  llvm::SmallVector<int64_t> order;
  int64_t axis = 0;
  Data rows = reshape(op, data, {product(data.shape), Dim(1)});
  Shape rest;
  if (op.hasAttr("axis")) {
    auto given = op.axis(op.intAttr("axis"), data.rank());
    if (!given)
      return failure();
    axis = *given;
    order.push_back(axis);
    for (int64_t i = 0; i < data.rank(); ++i)
      if (i != axis) {
        order.push_back(i);
        rest.push_back(data.shape[i]);
      }
    rows = reshape(op, transpose(op, data, order),
                   {data.shape[axis], product(rest)});
  }
  if (op.failed())
    return failure();
  Dim count = rows.shape[0];
  Rows table(op, rows);
  // The first slice that is equal: itself for those that are kept.
  Data first = perRow(op, count, [&](Builder &b, Num i) {
    return loop(b, i, i,
                [&](Builder &b, Num j,
                    llvm::ArrayRef<Num> now) -> llvm::SmallVector<Num> {
                  Num same = table.compare(b, i, j) == indexNum(b, 0);
                  return {(same & (now[0] == i)).choose(j, now[0])};
                })[0];
  });
  auto isFirst = [&](Builder &b, Num j) {
    return at(b, first.value, j).asIndex() == j;
  };
  Data flags = generate(op, {count}, ElementType::Bool,
                        [&](Builder &b, ValueRange v) -> Value {
                          return isFirst(b, Num(b, v[0]));
                        });
  Chosen chosen = choosePositions(op, flags);
  if (op.failed())
    return failure();
  // Its place among those kept.
  Data place = perRow(op, count, [&](Builder &b, Num i) {
    Num kept = at(b, first.value, i).asIndex();
    return sumOver(b, table.count, [&](Builder &b, Num j) {
      Num ahead =
          sorted ? table.compare(b, j, kept) < indexNum(b, 0) : j < kept;
      return asNumber(b, ahead & isFirst(b, j));
    });
  });
  // For each one kept, where it comes first.
  Data indices = perRow(op, chosen.count, [&](Builder &b, Num k) {
    return sumOver(b, table.count, [&](Builder &b, Num i) {
      Num mine = isFirst(b, i) & (at(b, place.value, i).asIndex() == k);
      return asNumber(b, mine) * i;
    });
  });
  Shape shape{chosen.count, rows.shape[1]};
  Data kept =
      generate(op, shape, data.type, [&](Builder &b, ValueRange v) -> Value {
        Num from = positionAt(b, indices.value, Num(b, v[0]), table.count);
        return at(b, table.values, {from, Num(b, v[1])});
      });
  if (op.hasAttr("axis")) {
    rest.insert(rest.begin(), chosen.count);
    kept = reshape(op, kept, rest);
    llvm::SmallVector<int64_t> back(order.size());
    for (const auto &[i, from] : llvm::enumerate(order))
      back[from] = static_cast<int64_t>(i);
    kept = transpose(op, kept, back);
  } else {
    kept = reshape(op, kept, {chosen.count});
  }
  if (failed(op.set(0, kept)) || failed(op.set(1, indices)) ||
      failed(op.set(2, place)))
    return failure();
  if (!op.wants(3))
    return success();
  return op.set(3, perRow(op, chosen.count, [&](Builder &b, Num k) {
                  return sumOver(b, table.count, [&](Builder &b, Num i) {
                    return asNumber(b, at(b, place.value, i).asIndex() == k);
                  });
                }));
}

} // namespace

void addSelection(Table &table) {
  const char *places = "in loops and branches";
  table.op("Compress", {9, places}, lowerCompress);
  table.op("NonZero", {9, places}, lowerNonZero);
  table.op("Unique", {11, "sorted strings; in loops and branches"},
           lowerUnique);
}

} // namespace orchestra::onnx
