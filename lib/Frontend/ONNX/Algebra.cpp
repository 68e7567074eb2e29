//===- Algebra.cpp - Det, TensorScatter -----------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Arithmetic.h"
#include "Sizes.h"
#include "Table.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

using Nums = llvm::SmallVector<Num>;

Num insert(Num::Builder &b, Num tensor, Num value, llvm::ArrayRef<Num> at) {
  llvm::SmallVector<Value> places(at.begin(), at.end());
  return {b, tensor::InsertOp::create(b, value, tensor, places).getResult()};
}

/// One step of the elimination in matrix m: the largest element of column k
/// goes to the diagonal, the rows below lose theirs. Gives the matrices and
/// the product so far.
Nums eliminate(Num::Builder &b, Num m, Num k, Num size, Num matrices,
               Num product) {
  Num below = size - k;
  auto best =
      loop(b, below, {k, at(b, matrices, {m, k, k}).abs()},
           [&](Num::Builder &b, Num i, llvm::ArrayRef<Num> best) -> Nums {
             Num row = k + i;
             Num value = at(b, matrices, {m, row, k}).abs();
             Num more = value > best[1];
             return {more.choose(row, best[0]), more.choose(value, best[1])};
           });
  Num pivot = best[0];
  auto swapped =
      loop(b, below, matrices,
           [&](Num::Builder &b, Num i, llvm::ArrayRef<Num> a) -> Nums {
             Num column = k + i;
             Num upper = at(b, a[0], {m, k, column}),
                 lower = at(b, a[0], {m, pivot, column});
             Num once = insert(b, a[0], lower, {m, k, column});
             return {insert(b, once, upper, {m, pivot, column})};
           });
  Num head = at(b, swapped[0], {m, k, k});
  Num sign = (pivot == k).choose(head.constant(1), head.constant(-1));
  Num singular = head == 0;
  // A column of zeros makes the product 0 and needs no elimination.
  Num divisor = singular.choose(head.constant(1), head);
  auto reduced = loop(
      b, below - 1, swapped[0],
      [&](Num::Builder &b, Num i, llvm::ArrayRef<Num> a) -> Nums {
        Num row = k + i + 1;
        Num factor = at(b, a[0], {m, row, k}) / divisor;
        return loop(b, below, a[0],
                    [&](Num::Builder &b, Num j, llvm::ArrayRef<Num> a) -> Nums {
                      Num column = k + j;
                      Num value = at(b, a[0], {m, row, column}) -
                                  factor * at(b, a[0], {m, k, column});
                      return {insert(b, a[0], value, {m, row, column})};
                    });
      });
  return {reduced[0], product * head * sign};
}

/// The determinants of the matrices in the last two dimensions
LogicalResult lowerDet(Op &op) {
  const Data &x = op.in(0);
  if (!op.expectType(x, isFloat(x.type), "X"))
    return failure();
  int64_t rank = x.rank();
  bool square = rank >= 2;
  if (square && x.shape[rank - 1] != x.shape[rank - 2]) {
    auto a = x.shape[rank - 1].constant(), b = x.shape[rank - 2].constant();
    square = !a || !b;
    if (square)
      op.require(compareSizes(op, arith::CmpIPredicate::eq, x.shape[rank - 1],
                              x.shape[rank - 2]),
                 "the matrices are not square");
  }
  if (!square)
    return op.fail("shape-mismatch", "Det: X must hold square matrices",
                   {"X is " + op.text(x.shape)});
  ElementType type =
      x.type == ElementType::Double ? x.type : ElementType::Float;
  auto wide = convert(op, x, type);
  if (!wide)
    return failure();
  Shape lead(x.shape.begin(), x.shape.end() - 2);
  Dim count = orchestra::onnx::product(lead), size = x.shape[rank - 1];
  Value start = op.value(reshape(op, *wide, {count, size, size}));
  Value number = indexValue(op, count), order = indexValue(op, size);
  Value dets = op.empty({count}, type);
  if (!start || op.failed())
    return failure();
  Type element = op.elementType(type);
  auto last = loop(
      op.b, Num(op.b, number), {Num(op.b, start), Num(op.b, dets)},
      [&](Num::Builder &b, Num m, llvm::ArrayRef<Num> now) -> Nums {
        auto done = loop(
            b, Num(b, order), {now[0], Num(b, scalar(b, element, 1))},
            [&](Num::Builder &b, Num k, llvm::ArrayRef<Num> state) -> Nums {
              return eliminate(b, m, k, Num(b, order), state[0], state[1]);
            });
        return {done[0], insert(b, now[1], done[1], m)};
      });
  Data result;
  result.type = type;
  result.shape = {count};
  result.value = last[1];
  auto narrow = convert(op, reshape(op, result, lead), x.type);
  return narrow ? op.set(0, *narrow) : failure();
}

/// A cache with an update from the place each batch says on, along the axis
LogicalResult lowerTensorScatter(Op &op) {
  const Data &past = op.in(0), &update = op.in(1);
  if (!op.sameType(past, update))
    return failure();
  auto axis = op.axis(op.intAttr("axis", -2), past.rank());
  std::string mode = op.stringAttr("mode", "linear");
  if (!axis)
    return failure();
  bool circular = mode == "circular";
  if (!circular && mode != "linear")
    return op.fail("invalid-attribute",
                   "TensorScatter: mode is '" + mode + "'");
  bool fits = update.rank() == past.rank() && *axis > 0;
  for (int64_t i = 0; fits && i < past.rank(); ++i) {
    auto have = update.shape[i].constant(), room = past.shape[i].constant();
    fits = !have || !room || (i == *axis ? *have <= *room : *have == *room);
  }
  if (!fits)
    return op.fail("shape-mismatch",
                   "TensorScatter: the update does not fit the cache",
                   {"the cache is " + op.text(past.shape) + ", the update is " +
                    op.text(update.shape)});
  Value places;
  if (op.has(2)) {
    const Data &given = op.in(2);
    if (!op.expectType(given, isSignedInt(given.type), "the indices"))
      return failure();
    if (given.rank() != 1)
      return op.fail("shape-mismatch",
                     "TensorScatter: the indices must be a vector",
                     {"they are " + op.text(given.shape)});
    places = op.value(given);
  }
  Value source = op.value(update), room = indexValue(op, past.shape[*axis]),
        length = indexValue(op, update.shape[*axis]);
  if (!source || op.failed())
    return failure();
  auto result = elementwise(
      op, past, past.type, [&](Num::Builder &b, ValueRange v) -> Value {
        Nums i;
        for (int64_t d = 0; d < past.rank(); ++d)
          i.emplace_back(b, linalg::IndexOp::create(b, d));
        Num size(b, room), first = indexNum(b, 0);
        if (places)
          first = at(b, places, i[0]).asIndex();
        Num place = i[*axis] - first;
        if (circular)
          place = (place % size + size) % size;
        Num inside = (place >= 0) & (place < Num(b, length));
        i[*axis] = place.max(0).min(Num(b, length) - 1);
        return inside.choose(at(b, source, i), Num(b, v[0]));
      });
  return result ? op.set(0, *result) : failure();
}

} // namespace

void addAlgebra(Table &table) {
  table.op("Det", {11}, lowerDet);
  table.op("TensorScatter", {24}, lowerTensorScatter);
}

} // namespace orchestra::onnx
