//===- Suppression.cpp - Boxes of high score that do not overlap ----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A walk through the boxes by falling score, which ends when there is no more
// room or the scores are too low.
//
//===----------------------------------------------------------------------===//
#include "Body.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::linalg_ext;

LogicalResult SuppressionOp::verify() {
  LinalgExtOp op(*this);
  if (failed(verifyDestinations(op, 2)))
    return failure();
  auto boxes = cast<ShapedType>(getBoxes().getType());
  if (boxes.getRank() != 3 || boxes.getDimSize(2) != 4)
    return emitOpError() << "has boxes of type " << boxes
                         << ", but each must have 4 numbers";
  auto scores = cast<ShapedType>(getScores().getType());
  if (getOverlap().getType() != boxes.getElementType() ||
      getLeast().getType() != scores.getElementType())
    return emitOpError() << "has thresholds of " << getOverlap().getType()
                         << " and " << getLeast().getType()
                         << " for boxes and scores of "
                         << boxes.getElementType() << " and "
                         << scores.getElementType();
  auto order = cast<ShapedType>(getOrder().getType());
  for (auto [first, second] : llvm::zip(order.getShape(), scores.getShape()))
    if (!ShapedType::isDynamic(first) && !ShapedType::isDynamic(second) &&
        first != second)
      return emitOpError() << "has scores of type " << scores
                           << " in an order of type " << order;
  return verifySizes(op, {"tensor of boxes", "tensor of scores", "order",
                          "threshold", "threshold", "destination", "count"});
}

SmallVector<AffineMap> SuppressionOp::getOperandMaps() {
  MLIRContext *context = getContext();
  AffineMap row = mapTo(2, {0, 1, -1}, context), none = mapTo(2, {}, context);
  return {mapTo(2, {0, -1, -1}, context), row, row, none, none, row,
          mapTo(2, {0, 1}, context)};
}

SmallVector<utils::IteratorType> SuppressionOp::getIterators() {
  return SmallVector<utils::IteratorType>(2, utils::IteratorType::parallel);
}

double SuppressionOp::countWork(ArrayRef<double> sizes) {
  int64_t boxes = cast<ShapedType>(getBoxes().getType()).getDimSize(1);
  int64_t most = cast<ShapedType>(getOutputs()[0].getType()).getDimSize(2);
  auto guess = [](int64_t size) {
    return ShapedType::isDynamic(size) ? 256.0 : double(size);
  };
  return countIterations(sizes) * guess(boxes) * guess(most) * 10;
}

namespace {
struct Box {
  Num y0, x0, y1, x1;
};
} // namespace

static Box boxAt(Num::Builder &b, SuppressionOp op, Num batch, Num box) {
  Num v[4];
  for (int i = 0; i < 4; ++i)
    v[i] = at(b, op.getBoxes(), {batch, box, indexNum(b, i)});
  if (op.getCenters()) // x, y, width, height
    return {v[1] - v[3] / 2, v[0] - v[2] / 2, v[1] + v[3] / 2, v[0] + v[2] / 2};
  // Any two corners that face each other.
  return {v[0].min(v[2]), v[1].min(v[3]), v[0].max(v[2]), v[1].max(v[3])};
}

/// Whether the boxes' intersection is more of their union than the threshold.
static Num overlaps(Num::Builder &b, SuppressionOp op, const Box &p,
                    const Box &q) {
  Num height = (p.y1.min(q.y1) - p.y0.max(q.y0)).max(0);
  Num width = (p.x1.min(q.x1) - p.x0.max(q.x0)).max(0);
  Num both = height * width;
  Num first = (p.y1 - p.y0) * (p.x1 - p.x0);
  Num second = (q.y1 - q.y0) * (q.x1 - q.x0);
  Num either = first + second - both;
  Num zero = both.constant(0);
  return (first > zero) & (second > zero) & (either > zero) &
         (both / either > Num(b, op.getOverlap()));
}

/// The number of boxes chosen and the row of their numbers, after box `box`.
static SmallVector<Value> meet(Num::Builder &b, SuppressionOp op, Num batch,
                               Num box, Num count, Value chosen) {
  Box mine = boxAt(b, op, batch, box);
  Num no(b, arith::ConstantOp::create(b, b.getBoolAttr(false)));
  Num hidden =
      loop(b, count, no,
           [&](Num::Builder &b, Num k, ArrayRef<Num> so) -> SmallVector<Num> {
             Num other = at(b, chosen, k).asIndex();
             return {so[0] | overlaps(b, op, mine, boxAt(b, op, batch, other))};
           })[0];
  auto either = scf::IfOp::create(b, TypeRange{count.type(), chosen.getType()},
                                  hidden, true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(either.thenBlock());
  scf::YieldOp::create(b, ValueRange{count, chosen});
  b.setInsertionPointToStart(either.elseBlock());
  Type element = getElementTypeOrSelf(chosen.getType());
  Value next = tensor::InsertOp::create(b, box.toInt(element), chosen,
                                        ValueRange(count));
  scf::YieldOp::create(b, ValueRange{count + indexNum(b, 1), next});
  return SmallVector<Value>(either.getResults());
}

/// One class of one batch: the number of boxes chosen, and the row of them.
static std::pair<Value, Value> chooseBoxes(Num::Builder &b, SuppressionOp op,
                                           Num batch, Value scores, Value order,
                                           Value row) {
  Num boxes(b, sizeOf(b, op.getBoxes(), 1)), most(b, sizeOf(b, row, 0));
  Num zero = indexNum(b, 0);
  SmallVector<Value> inits{zero, zero, row};
  auto loop = scf::WhileOp::create(b, TypeRange(ValueRange(inits)), inits);
  OpBuilder::InsertionGuard guard(b);
  SmallVector<Location> locs(3, b.getLoc());
  Block *before =
      b.createBlock(&loop.getBefore(), {}, loop.getResultTypes(), locs);
  Num i(b, before->getArgument(0)), count(b, before->getArgument(1));
  // Behind the last box nothing is read.
  Num there = (i < boxes) & (count < most);
  Value good = scf::IfOp::create(
                   b, there,
                   [&](OpBuilder &builder, Location loc) {
                     Num::Builder inner(loc, builder);
                     Num score = at(inner, scores, i);
                     // Scores that are no numbers come first, and are passed
                     // over.
                     Value is =
                         arith::CmpFOp::create(inner, arith::CmpFPredicate::UGT,
                                               score, op.getLeast());
                     scf::YieldOp::create(inner, is);
                   },
                   [&](OpBuilder &builder, Location loc) {
                     scf::YieldOp::create(builder, loc, Value(there));
                   })
                   .getResult(0);
  scf::ConditionOp::create(b, good, before->getArguments());
  Block *after =
      b.createBlock(&loop.getAfter(), {}, loop.getResultTypes(), locs);
  i = Num(b, after->getArgument(0));
  count = Num(b, after->getArgument(1));
  Num score = at(b, scores, i);
  Num isNumber(
      b, arith::CmpFOp::create(b, arith::CmpFPredicate::ORD, score, score));
  auto met = scf::IfOp::create(b, TypeRange{count.type(), row.getType()},
                               isNumber, true);
  {
    OpBuilder::InsertionGuard inner(b);
    b.setInsertionPointToStart(met.elseBlock());
    scf::YieldOp::create(b, after->getArguments().drop_front());
    b.setInsertionPointToStart(met.thenBlock());
    Num box = at(b, order, i).asIndex().max(0).min(boxes - 1);
    scf::YieldOp::create(b,
                         meet(b, op, batch, box, count, after->getArgument(2)));
  }
  scf::YieldOp::create(
      b, ValueRange{i + indexNum(b, 1), met.getResult(0), met.getResult(1)});
  return {loop.getResult(1), loop.getResult(2)};
}

FailureOr<SmallVector<Value>> SuppressionOp::lower(RewriterBase &rewriter) {
  ImplicitLocOpBuilder b(getLoc(), rewriter);
  SuppressionOp op = *this;
  return loopNest(
      b, linalg_ext::getLoopSizes(op, b), getOutputs(),
      [&](ArrayRef<Value> index, ValueRange now) -> SmallVector<Value> {
        auto [count, chosen] = chooseBoxes(b, op, Num(b, index[0]),
                                           extractRow(b, getScores(), 2, index),
                                           extractRow(b, getOrder(), 2, index),
                                           extractRow(b, now[0], 2, index));
        Type element = getElementTypeOrSelf(now[1].getType());
        Value counts = tensor::InsertOp::create(b, Num(b, count).toInt(element),
                                                now[1], index);
        return {insertRow(b, chosen, now[0], 2, index), counts};
      });
}
