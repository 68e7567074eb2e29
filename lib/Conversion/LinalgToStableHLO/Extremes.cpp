//===- Extremes.cpp - Greatest and least elements, and where --------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A body that keeps the better of two elements and the place of that one is an
// argmax or argmin. It relies on the order of the loop, as a `reduce` must not:
// of equal elements, here the place decides. What says "nothing seen yet" by a
// negative place becomes the neutral start, which any element beats.
//
//===----------------------------------------------------------------------===//
#include "Extremes.h"

#include "Elementwise.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace orchestra::stablehlo;

namespace {
struct ExtremePlace {
  BlockArgument element;
  bool isGreatest = true, isUnsigned = false;
  bool last = false;    ///< of equal elements the last
  bool withNaN = false; ///< one that is no number is more than all
  int64_t loop = 0;
};

/// What the condition of a body consists of.
struct Condition {
  bool hasOrder = false, first = false;
};
} // namespace

/// The number that `value` is, or that fills it; it may be converted already.
static Attribute fillOf(Value value) {
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    value = fill.getInputs().front();
  if (auto cast = value.getDefiningOp<UnrealizedConversionCastOp>())
    value = cast.getInputs().front();
  Attribute constant;
  if (!matchPattern(value, m_Constant(&constant)))
    return nullptr;
  if (auto splat = dyn_cast<SplatElementsAttr>(constant))
    return splat.getSplatValue<Attribute>();
  return constant;
}

static bool isInteger(Value value, int64_t number) {
  auto constant = dyn_cast_or_null<IntegerAttr>(fillOf(value));
  return constant && constant.getValue().getZExtValue() == uint64_t(number);
}

/// `x` is no number, or (`negated`) is one.
static bool matchesNaN(Value value, Value x, bool negated) {
  if (negated)
    if (auto flip = value.getDefiningOp<arith::XOrIOp>();
        flip && isInteger(flip.getRhs(), 1))
      return matchesNaN(flip.getLhs(), x, false);
  auto compare = value.getDefiningOp<arith::CmpFOp>();
  return compare && compare.getLhs() == x && compare.getRhs() == x &&
         compare.getPredicate() ==
             (negated ? arith::CmpFPredicate::ORD : arith::CmpFPredicate::UNO);
}

static bool matchOrder(arith::CmpFPredicate predicate, ExtremePlace &result) {
  using P = arith::CmpFPredicate;
  result.isGreatest = predicate == P::OGT || predicate == P::OGE;
  result.last = predicate == P::OGE || predicate == P::OLE;
  return result.isGreatest || result.last || predicate == P::OLT;
}

static bool matchOrder(arith::CmpIPredicate predicate, ExtremePlace &result) {
  using P = arith::CmpIPredicate;
  result.isUnsigned = predicate == P::ugt || predicate == P::uge ||
                      predicate == P::ult || predicate == P::ule;
  result.isGreatest = predicate == P::sgt || predicate == P::sge ||
                      predicate == P::ugt || predicate == P::uge;
  result.last = predicate == P::sge || predicate == P::uge ||
                predicate == P::sle || predicate == P::ule;
  return predicate != P::eq && predicate != P::ne;
}

/// Takes the condition apart: its order, and what is or-ed to it.
static bool matchCondition(Value value, BlockArgument best, BlockArgument place,
                           ExtremePlace &result, Condition &seen) {
  Value element = result.element;
  if (auto either = value.getDefiningOp<arith::OrIOp>())
    return matchCondition(either.getLhs(), best, place, result, seen) &&
           matchCondition(either.getRhs(), best, place, result, seen);
  if (auto both = value.getDefiningOp<arith::AndIOp>()) {
    result.withNaN = (matchesNaN(both.getLhs(), element, false) &&
                      matchesNaN(both.getRhs(), best, true)) ||
                     (matchesNaN(both.getRhs(), element, false) &&
                      matchesNaN(both.getLhs(), best, true));
    return result.withNaN;
  }
  if (auto compare = value.getDefiningOp<arith::CmpIOp>();
      compare && compare.getLhs() == place) {
    seen.first = compare.getPredicate() == arith::CmpIPredicate::slt &&
                 isInteger(compare.getRhs(), 0);
    return seen.first;
  }
  bool isSecond = std::exchange(seen.hasOrder, true);
  if (auto compare = value.getDefiningOp<arith::CmpFOp>())
    return !isSecond && compare.getLhs() == element &&
           compare.getRhs() == best &&
           matchOrder(compare.getPredicate(), result);
  if (auto compare = value.getDefiningOp<arith::CmpIOp>())
    return !isSecond && compare.getLhs() == element &&
           compare.getRhs() == best &&
           matchOrder(compare.getPredicate(), result);
  return false;
}

/// Whether every element is at least as good as where the search starts.
static bool startsBelowAll(Attribute start, const ExtremePlace &extreme) {
  if (auto number = dyn_cast_or_null<FloatAttr>(start))
    return number.getValue().isInfinity() &&
           number.getValue().isNegative() == extreme.isGreatest;
  auto number = dyn_cast_or_null<IntegerAttr>(start);
  if (!number)
    return false;
  const APInt &value = number.getValue();
  if (extreme.isUnsigned)
    return extreme.isGreatest ? value.isMinValue() : value.isMaxValue();
  return extreme.isGreatest ? value.isMinSignedValue()
                            : value.isMaxSignedValue();
}

static std::optional<ExtremePlace> match(linalg::LinalgOp op,
                                         ValueRange operands) {
  if (op.getNumDpsInits() != 2 || op.getNumDpsInputs() != 1 ||
      op.getNumReductionLoops() != 1)
    return std::nullopt;
  Operation *yield = op.getBlock()->getTerminator();
  auto better = yield->getOperand(0).getDefiningOp<arith::SelectOp>();
  auto where = yield->getOperand(1).getDefiningOp<arith::SelectOp>();
  BlockArgument best = op.getRegionOutputArgs()[0];
  BlockArgument place = op.getRegionOutputArgs()[1];
  if (!better || !where || better.getCondition() != where.getCondition() ||
      better.getFalseValue() != best || where.getFalseValue() != place)
    return std::nullopt;
  ExtremePlace result;
  result.element = dyn_cast<BlockArgument>(better.getTrueValue());
  auto cast = where.getTrueValue().getDefiningOp<arith::IndexCastOp>();
  auto index = cast ? cast.getIn().getDefiningOp<linalg::IndexOp>() : nullptr;
  if (result.element != op.getRegionInputArgs()[0] || !index ||
      op.getIteratorTypesArray()[index.getDim()] !=
          utils::IteratorType::reduction)
    return std::nullopt;
  result.loop = index.getDim();
  Condition seen;
  if (!matchCondition(better.getCondition(), best, place, result, seen) ||
      !seen.hasOrder || !startsBelowAll(fillOf(operands[1]), result))
    return std::nullopt;
  auto start = dyn_cast_or_null<IntegerAttr>(fillOf(operands[2]));
  bool isFirst = start && start.getValue().isZero() && !result.last;
  if (!(start && seen.first && start.getValue().isNegative()) && !isFirst)
    return std::nullopt;
  return result;
}

bool orchestra::stablehlo::isExtremePlace(linalg::LinalgOp op,
                                          ValueRange operands) {
  return match(op, operands).has_value();
}

/// Whether (y, j) takes the place of (x, i).
static Value isBetter(OpBuilder &builder, Location loc,
                      const ExtremePlace &extreme, ValueRange pair,
                      ValueRange other) {
  MLIRContext *ctx = builder.getContext();
  auto boolean = RankedTensorType::get({}, builder.getI1Type());
  bool isFloat = isa<FloatType>(getElementTypeOrSelf(pair[0]));
  auto kind = isFloat              ? ComparisonType::FLOAT
              : extreme.isUnsigned ? ComparisonType::UNSIGNED
                                   : ComparisonType::SIGNED;
  auto compare = [&](ComparisonDirection direction, Value x, Value y,
                     ComparisonType type) -> Value {
    return CompareOp::create(builder, loc, boolean, x, y,
                             ComparisonDirectionAttr::get(ctx, direction),
                             ComparisonTypeAttr::get(ctx, type));
  };
  auto both = [&](Value x, Value y) -> Value {
    return AndOp::create(builder, loc, boolean, x, y);
  };
  auto either = [&](Value x, Value y) -> Value {
    return OrOp::create(builder, loc, boolean, x, y);
  };
  using D = ComparisonDirection;
  Value x = pair[0], y = other[0];
  if (extreme.isUnsigned) {
    auto integer = cast<IntegerType>(getElementTypeOrSelf(x));
    auto type = RankedTensorType::get(
        {}, IntegerType::get(ctx, integer.getWidth(), IntegerType::Unsigned));
    x = ConvertOp::create(builder, loc, type, x);
    y = ConvertOp::create(builder, loc, type, y);
  }
  Value result = compare(extreme.isGreatest ? D::GT : D::LT, y, x, kind);
  Value earlier = compare(D::LT, other[1], pair[1], ComparisonType::SIGNED);
  Value wins = extreme.last
                   ? compare(D::GT, other[1], pair[1], ComparisonType::SIGNED)
                   : earlier;
  result = either(result, both(compare(D::EQ, y, x, kind), wins));
  if (!extreme.withNaN)
    return result;
  Value xNaN = compare(D::NE, x, x, kind), yNaN = compare(D::NE, y, y, kind);
  Value xNumber = compare(D::EQ, x, x, kind);
  return either(result, both(yNaN, either(xNumber, both(xNaN, earlier))));
}

SmallVector<Value> orchestra::stablehlo::emitExtremePlace(
    ConversionPatternRewriter &rewriter, linalg::LinalgOp op,
    BodyEvaluator &evaluate, ValueRange operands) {
  ExtremePlace extreme = *match(op, operands);
  Location loc = op.getLoc();
  Value elements = evaluate(extreme.element);
  auto type = cast<RankedTensorType>(elements.getType());
  auto integer =
      cast<IntegerType>(getElementTypeOrSelf(op.getDpsInits()[1].getType()));
  Value places = IotaOp::create(rewriter, loc, type.clone(integer),
                                rewriter.getI64IntegerAttr(extreme.loop));
  // Of equal ones the start never wins.
  APInt never = extreme.last ? APInt::getAllOnes(integer.getWidth())
                             : APInt::getSignedMaxValue(integer.getWidth());
  TypedAttr worst =
      fillValue(operands[op.getDpsInitOperand(0)->getOperandNumber()]);
  Value starts[] = {
      emitSplat(rewriter, loc, worst, {}),
      emitSplat(rewriter, loc, rewriter.getIntegerAttr(integer, never), {})};
  SmallVector<int64_t> kept, shape;
  for (auto [loop, size] : llvm::enumerate(type.getShape()))
    if (int64_t(loop) != extreme.loop) {
      kept.push_back(loop);
      shape.push_back(size);
    }
  auto reduce = ReduceOp::create(
      rewriter, loc, TypeRange{type.clone(shape), type.clone(shape, integer)},
      ValueRange{elements, places}, starts,
      rewriter.getDenseI64ArrayAttr(extreme.loop));
  {
    OpBuilder::InsertionGuard guard(rewriter);
    Type element = starts[0].getType(), place = starts[1].getType();
    Block *body = rewriter.createBlock(&reduce.getBody(), {},
                                       {element, place, element, place},
                                       {loc, loc, loc, loc});
    ValueRange arguments = body->getArguments();
    ValueRange pair = arguments.take_front(2), other = arguments.take_back(2);
    Value better = isBetter(rewriter, loc, extreme, pair, other);
    SmallVector<Value> chosen;
    for (auto [x, y] : llvm::zip_equal(pair, other))
      chosen.push_back(
          SelectOp::create(rewriter, loc, x.getType(), better, y, x));
    ReturnOp::create(rewriter, loc, chosen);
  }
  SmallVector<Value> results;
  for (auto [index, result] : llvm::enumerate(reduce.getResults()))
    results.push_back(
        fromLoops(rewriter, loc, result, kept,
                  op.getMatchingIndexingMap(op.getDpsInitOperand(index))));
  return results;
}
