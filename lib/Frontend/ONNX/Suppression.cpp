//===- Suppression.cpp - Non-maximum suppression --------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scores are sorted, boxes of each class chosen, and all choices listed in a
// tensor with room for them; what is in it is the result.
//
//===----------------------------------------------------------------------===//
#include "Arithmetic.h"
#include "Loops.h"
#include "Sizes.h"
#include "Table.h"

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

using Nums = llvm::SmallVector<Num>;

/// How many boxes there are in all, and rows of batch, class and box in `list`.
Nums listChosen(Op &op, llvm::ArrayRef<Dim> kinds, Value chosen, Value counts,
                Value list) {
  Value batches = indexValue(op, kinds[0]), classes = indexValue(op, kinds[1]);
  auto writeBox = [&](Num::Builder &b, Num batch, Num kind, Num k,
                      llvm::ArrayRef<Num> now) -> Nums {
    Value tensor = now[1], box = at(b, chosen, {batch, kind, k});
    Value row[] = {batch.toInt(b.getI64Type()), kind.toInt(b.getI64Type()),
                   box};
    for (int i = 0; i < 3; ++i)
      tensor = tensor::InsertOp::create(b, row[i], tensor,
                                        ValueRange{now[0], indexNum(b, i)});
    return {now[0] + indexNum(b, 1), Num(b, tensor)};
  };
  return loop(
      op.b, Num(op.b, batches), {indexNum(op.b, 0), Num(op.b, list)},
      [&](Num::Builder &b, Num batch, llvm::ArrayRef<Num> outer) -> Nums {
        return loop(
            b, Num(b, classes), outer,
            [&](Num::Builder &b, Num kind, llvm::ArrayRef<Num> now) -> Nums {
              return loop(b, at(b, counts, {batch, kind}).asIndex(), now,
                          [&](Num::Builder &b, Num k,
                              llvm::ArrayRef<Num> rows) -> Nums {
                            return writeBox(b, batch, kind, k, rows);
                          });
            });
      });
}

/// The element of an input that is there; none else.
Value scalarInput(Op &op, unsigned index, const char *what) {
  if (!op.has(index))
    return {};
  const Data &data = op.in(index);
  if (!product(data.shape).is(1)) {
    (void)op.fail("shape-mismatch",
                  std::string("NonMaxSuppression: ") + what +
                      " must have one element",
                  {"it is " + op.text(data.shape)});
    return {};
  }
  if (!op.expectType(data, data.type == ElementType::Float, what))
    return {};
  return onlyElement(op, data);
}

/// Rows of batch, class, box
LogicalResult lowerNonMaxSuppression(Op &op) {
  const Data boxes = op.in(0), scores = op.in(1);
  if (!op.expectType(boxes, boxes.type == ElementType::Float, "the boxes") ||
      !op.expectType(scores, scores.type == ElementType::Float, "the scores"))
    return failure();
  if (boxes.rank() != 3 || scores.rank() != 3)
    return op.fail(
        "shape-mismatch",
        "NonMaxSuppression: boxes and scores must have rank 3",
        {"they are " + op.text(boxes.shape) + " and " + op.text(scores.shape)});
  requireEqual(op, boxes.shape[0], scores.shape[0], "numbers of batches");
  requireEqual(op, boxes.shape[1], scores.shape[2], "numbers of boxes");
  requireEqual(op, boxes.shape[2], Dim(4), "numbers of corners");
  auto disagree = [](const Dim &a, const Dim &b) {
    return a.constant() && b.constant() && a != b;
  };
  if (disagree(boxes.shape[0], scores.shape[0]) ||
      disagree(boxes.shape[1], scores.shape[2]) ||
      disagree(boxes.shape[2], Dim(4)))
    return op.fail(
        "shape-mismatch", "NonMaxSuppression: boxes and scores do not agree",
        {"they are " + op.text(boxes.shape) + " and " + op.text(scores.shape)});
  if (op.dims.inRegion())
    return op.unsupported("a size that a loop or a branch computes");
  Dim most(0);
  if (op.has(2)) {
    auto given = sizesFrom(op, op.in(2), "max_output_boxes_per_class");
    if (!given || given->size() != 1)
      return op.fail("shape-mismatch",
                     "NonMaxSuppression: max_output_boxes_per_class must have "
                     "one element");
    most = given->front();
  }
  most = op.dims.apply(DimSymbols::Op::Max, most, Dim(0), op.b, op.b.getLoc());
  most = op.dims.apply(DimSymbols::Op::Min, most, boxes.shape[1], op.b,
                       op.b.getLoc());
  Type f32 = op.b.getF32Type();
  Value overlap = scalarInput(op, 3, "iou_threshold"),
        least = scalarInput(op, 4, "score_threshold");
  if (!overlap)
    overlap = scalar(op.b, f32, 0);
  if (!least) // none is excluded
    least = scalar(op.b, f32, std::nan(""));
  Value corners = op.value(boxes), given = op.value(scores);
  if (op.failed())
    return failure();
  // By falling score, then the choice of each class, then all choices.
  Value sorted = op.empty(scores.shape, ElementType::Float),
        order = op.empty(scores.shape, ElementType::Int64);
  auto sort = linalg_ext::SortOp::create(
      op.b, TypeRange{sorted.getType(), order.getType()}, 2,
      /*descending=*/true, /*is_unsigned=*/false, /*nan_first=*/true, given,
      ValueRange{sorted, order});
  Shape kinds{scores.shape[0], scores.shape[1]}, rooms = kinds;
  rooms.push_back(most);
  Value room = op.empty(rooms, ElementType::Int64),
        count = op.empty(kinds, ElementType::Int64);
  auto choice = linalg_ext::SuppressionOp::create(
      op.b, TypeRange{room.getType(), count.getType()},
      op.intAttr("center_point_box", 0) != 0, corners, sort.getResult(0),
      sort.getResult(1), overlap, least, ValueRange{room, count});
  Dim rows = scores.shape[0] * scores.shape[1] * most;
  Nums found = listChosen(op, kinds, choice.getResult(0), choice.getResult(1),
                          op.empty({rows, Dim(3)}, ElementType::Int64));
  Data list;
  list.type = ElementType::Int64;
  list.shape = {rows, Dim(3)};
  list.value = found[1];
  Dim total = op.dims.create("", found[0], /*nonNegative=*/true);
  if (op.failed())
    return failure();
  return op.set(0, slice(op, list, {Dim(0), Dim(0)}, {total, Dim(3)}, {1, 1}));
}

} // namespace

void addSuppression(Table &table) {
  table.op("NonMaxSuppression", {10, "in loops and branches", inputs(2)},
           lowerNonMaxSuppression);
}

} // namespace orchestra::onnx
