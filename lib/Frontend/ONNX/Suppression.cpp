//===- Suppression.cpp - Non-maximum suppression --------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For each batch and class, boxes are met by falling score, those of equal
// score by their number; one that overlaps no box chosen before is chosen. The
// choice is made in a tensor with room for all, and what is in it is the
// result.
//
//===----------------------------------------------------------------------===//
#include "Arithmetic.h"
#include "Loops.h"
#include "Sizes.h"
#include "Table.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

using Builder = Num::Builder;
using Nums = llvm::SmallVector<Num>;

struct Box {
  Num y0, x0, y1, x1;
};

class Suppression {
public:
  Suppression(Op &op, const Data &boxes, const Data &scores)
      : op(op), boxes(op.value(boxes)), scores(op.value(scores)),
        batches(indexValue(op, scores.shape[0])),
        classes(indexValue(op, scores.shape[1])),
        count(indexValue(op, boxes.shape[1])) {}

  /// The number of boxes chosen, and rows of batch, class and box in `room`.
  Nums run(Value room);

  Value most;           // boxes of a class, an index
  Value overlap, least; // thresholds; `least` may be none
  bool centers = false;

private:
  Box boxAt(Builder &b, Num batch, Num box);
  Num overlaps(Builder &b, const Box &p, const Box &q);
  Nums oneClass(Builder &b, Num batch, Num kind, Num begin, Num room);
  Nums nextBox(Builder &b, Num batch, Num kind, Num score, Num box);

  Op &op;
  Value boxes, scores, batches, classes, count;
};

Box Suppression::boxAt(Builder &b, Num batch, Num box) {
  Num v[4];
  for (int i = 0; i < 4; ++i)
    v[i] = at(b, boxes, {batch, box, indexNum(b, i)});
  if (centers) // x, y, width, height
    return {v[1] - v[3] / 2, v[0] - v[2] / 2, v[1] + v[3] / 2, v[0] + v[2] / 2};
  // Any two corners that face each other.
  return {v[0].min(v[2]), v[1].min(v[3]), v[0].max(v[2]), v[1].max(v[3])};
}

/// Whether the boxes' intersection is more of their union than the threshold.
Num Suppression::overlaps(Builder &b, const Box &p, const Box &q) {
  Num height = (p.y1.min(q.y1) - p.y0.max(q.y0)).max(0);
  Num width = (p.x1.min(q.x1) - p.x0.max(q.x0)).max(0);
  Num both = height * width;
  Num first = (p.y1 - p.y0) * (p.x1 - p.x0);
  Num second = (q.y1 - q.y0) * (q.x1 - q.x0);
  Num either = first + second - both;
  Num zero = both.constant(0);
  return (first > zero) & (second > zero) & (either > zero) &
         (both / either > Num(b, overlap));
}

/// The score and number of the box that follows those in order; the number is
/// that of no box when there is none.
Nums Suppression::nextBox(Builder &b, Num batch, Num kind, Num score, Num box) {
  Num none(b, count);
  Num low = score.constant(-INFINITY);
  return loop(b, none, {low, none},
              [&](Builder &b, Num i, llvm::ArrayRef<Num> best) -> Nums {
                Num now = at(b, scores, {batch, kind, i});
                Num behind = (now < score) | ((now == score) & (i > box));
                Num better = (now > best[0]) | (best[1] == none);
                Num good = behind & better;
                if (least)
                  good = good & (now > Num(b, least));
                return {good.choose(now, best[0]), good.choose(i, best[1])};
              });
}

/// Rows of one class behind `begin`: their end and the tensor.
Nums Suppression::oneClass(Builder &b, Num batch, Num kind, Num begin,
                           Num room) {
  Num high =
      Num(b, scalar(b, cast<ShapedType>(scores.getType()).getElementType(),
                    INFINITY));
  Nums last = loop(
      b, Num(b, count), {high, indexNum(b, -1), begin, room},
      [&](Builder &b, Num, llvm::ArrayRef<Num> now) -> Nums {
        Nums next = nextBox(b, batch, kind, now[0], now[1]);
        Num there = next[1] < Num(b, count);
        // Of no box the last one is read, and not chosen.
        Num box = next[1].min(Num(b, count) - 1);
        Box mine = boxAt(b, batch, box);
        Num no(b, arith::ConstantOp::create(b, b.getBoolAttr(false)));
        Num chosen = now[2] - begin;
        Num hidden =
            loop(b, chosen, no,
                 [&](Builder &b, Num k, llvm::ArrayRef<Num> so) -> Nums {
                   Num row = begin + k;
                   Num other = at(b, now[3], {row, indexNum(b, 2)}).asIndex();
                   return {so[0] | overlaps(b, mine, boxAt(b, batch, other))};
                 })[0];
        Num good = there & !hidden & (chosen < Num(b, most));
        auto write = scf::IfOp::create(
            b, good,
            [&](OpBuilder &builder, Location loc) {
              Builder inner(loc, builder);
              Value tensor = now[3];
              Num row[] = {batch, kind, box};
              for (int i = 0; i < 3; ++i) {
                Value value = arith::IndexCastOp::create(
                    inner, inner.getI64Type(), row[i]);
                tensor = tensor::InsertOp::create(
                    inner, value, tensor,
                    ValueRange{now[2], indexNum(inner, i)});
              }
              Value end =
                  arith::AddIOp::create(inner, now[2], indexNum(inner, 1));
              scf::YieldOp::create(inner, ValueRange{end, tensor});
            },
            [&](OpBuilder &builder, Location loc) {
              scf::YieldOp::create(builder, loc, ValueRange{now[2], now[3]});
            });
        return {next[0], next[1], Num(b, write.getResult(0)),
                Num(b, write.getResult(1))};
      });
  return {last[2], last[3]};
}

Nums Suppression::run(Value room) {
  return loop(op.b, Num(op.b, batches), {indexNum(op.b, 0), Num(op.b, room)},
              [&](Builder &b, Num batch, llvm::ArrayRef<Num> outer) -> Nums {
                return loop(
                    b, Num(b, classes), outer,
                    [&](Builder &b, Num kind, llvm::ArrayRef<Num> now) -> Nums {
                      return oneClass(b, batch, kind, now[0], now[1]);
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
  Suppression suppression(op, boxes, scores);
  suppression.most = indexValue(op, most);
  suppression.overlap = scalarInput(op, 3, "iou_threshold");
  suppression.least = scalarInput(op, 4, "score_threshold");
  suppression.centers = op.intAttr("center_point_box", 0) != 0;
  if (op.failed())
    return failure();
  if (!suppression.overlap)
    suppression.overlap = scalar(op.b, op.b.getF32Type(), 0);
  Dim rows = scores.shape[0] * scores.shape[1] * most;
  Nums found = suppression.run(op.empty({rows, Dim(3)}, ElementType::Int64));
  Data all;
  all.type = ElementType::Int64;
  all.shape = {rows, Dim(3)};
  all.value = found[1];
  Dim count = op.dims.create("", found[0], /*nonNegative=*/true);
  if (op.failed())
    return failure();
  return op.set(0, slice(op, all, {Dim(0), Dim(0)}, {count, Dim(3)}, {1, 1}));
}

} // namespace

void addSuppression(Table &table) {
  table.op("NonMaxSuppression", {10, "in loops and branches", inputs(2)},
           lowerNonMaxSuppression);
}

} // namespace orchestra::onnx
