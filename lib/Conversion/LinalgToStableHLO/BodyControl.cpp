//===- BodyControl.cpp - Control flow in bodies, for all elements ---------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A branch in a body computes both sides and selects. A loop becomes one
// `while` around tensors over all elements: counted alike for all of them, it
// has a scalar counter; else it goes on as long as any element is active, and
// those that are done keep what they have. What a loop reads is computed ahead
// of it.
//
//===----------------------------------------------------------------------===//
#include "Bodies.h"

#include "Elementwise.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace orchestra::stablehlo;

//===----------------------------------------------------------------------===//
// What has a form
//===----------------------------------------------------------------------===//

static std::string holds(Operation *inner) {
  return ("its body holds " + inner->getName().getStringRef()).str();
}

std::optional<std::string>
orchestra::stablehlo::whyNotBody(Block &body, linalg::LinalgOp op) {
  for (Operation &inner : body.without_terminator()) {
    if (auto extract = dyn_cast<tensor::ExtractOp>(inner)) {
      if (std::optional<std::string> why = whyNotGather(extract, op))
        return why;
      continue;
    }
    if (isa<linalg::IndexOp>(inner) || isConvertibleElementwise(&inner))
      continue;
    if (!isa<scf::ForOp, scf::IfOp, scf::WhileOp>(inner))
      return holds(&inner);
    for (Type type :
         llvm::concat<Type>(llvm::to_vector(inner.getOperandTypes()),
                            llvm::to_vector(inner.getResultTypes())))
      if (!isConvertibleElement(type))
        return holds(&inner) + " of other values than scalars";
    for (Region &region : inner.getRegions())
      for (Block &block : region)
        if (std::optional<std::string> why = whyNotBody(block, op))
          return why;
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Values of many elements
//===----------------------------------------------------------------------===//

SmallVector<Value> BodyEvaluator::evaluateAll(ValueRange list) {
  SmallVector<Value> results;
  for (Value value : list)
    results.push_back((*this)(value));
  return results;
}

Value BodyEvaluator::both(Value x, Value y) {
  if (!x || !y)
    return x ? x : y;
  return AndOp::create(rewriter, op.getLoc(), x.getType(), x, y);
}

Value BodyEvaluator::any(Value condition) {
  Location loc = op.getLoc();
  if (ranges.empty())
    return condition;
  auto scalar = RankedTensorType::get({}, rewriter.getI1Type());
  Value start = emitSplat(rewriter, loc, rewriter.getBoolAttr(false), {});
  auto reduce =
      ReduceOp::create(rewriter, loc, TypeRange{scalar}, condition, start,
                       rewriter.getDenseI64ArrayAttr(llvm::to_vector(
                           llvm::seq<int64_t>(0, ranges.size()))));
  OpBuilder::InsertionGuard guard(rewriter);
  Block *body =
      rewriter.createBlock(&reduce.getBody(), {}, {scalar, scalar}, {loc, loc});
  Value either = OrOp::create(rewriter, loc, scalar, body->getArgument(0),
                              body->getArgument(1));
  ReturnOp::create(rewriter, loc, either);
  return reduce.getResult(0);
}

SmallVector<Value> BodyEvaluator::choose(Value condition, ValueRange then,
                                         ValueRange otherwise) {
  SmallVector<Value> chosen;
  for (auto [x, y] : llvm::zip_equal(then, otherwise))
    chosen.push_back(condition ? SelectOp::create(rewriter, op.getLoc(),
                                                  x.getType(), condition, x, y)
                               : x);
  return chosen;
}

bool BodyEvaluator::isUniform(Value value) {
  if (!isInside(value))
    return true;
  Operation *inner = value.getDefiningOp();
  return inner && inner->getBlock() == op.getBlock() &&
         isConvertibleElementwise(inner) &&
         llvm::all_of(inner->getOperands(),
                      [&](Value operand) { return isUniform(operand); });
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

void BodyEvaluator::evaluateCaptures(Operation *control) {
  llvm::SetVector<Value> captures;
  control->walk([&](Operation *inner) {
    for (Value operand : inner->getOperands())
      if (isInside(operand) &&
          !control->isAncestor(operand.getParentBlock()->getParentOp()))
        captures.insert(operand);
  });
  for (Value value : captures)
    (*this)(value);
}

void BodyEvaluator::evaluateControl(Operation *control) {
  SmallVector<Value> results;
  if (auto branch = dyn_cast<scf::IfOp>(control))
    results = evaluateIf(branch);
  else if (auto loop = dyn_cast<scf::ForOp>(control))
    results = evaluateFor(loop);
  else
    results = evaluateWhile(cast<scf::WhileOp>(control));
  for (auto [result, value] : llvm::zip_equal(control->getResults(), results))
    values[result] = value;
}

SmallVector<Value> BodyEvaluator::evaluateIf(scf::IfOp branch) {
  Value condition = (*this)(branch.getCondition());
  Value before = active;
  active = both(before, condition);
  SmallVector<Value> then = evaluateAll(branch.thenYield().getResults());
  active = both(before, NotOp::create(rewriter, op.getLoc(),
                                      condition.getType(), condition));
  SmallVector<Value> otherwise = evaluateAll(branch.elseYield().getResults());
  active = before;
  return choose(condition, then, otherwise);
}

/// A comparison of signed integers.
static Value isLess(OpBuilder &builder, Location loc, Value x, Value y,
                    bool isUnsigned) {
  auto type = cast<RankedTensorType>(x.getType());
  if (isUnsigned) {
    auto integer = cast<IntegerType>(type.getElementType());
    type = type.clone(IntegerType::get(type.getContext(), integer.getWidth(),
                                       IntegerType::Unsigned));
    x = ConvertOp::create(builder, loc, type, x);
    y = ConvertOp::create(builder, loc, type, y);
  }
  return CompareOp::create(
      builder, loc, type.clone(builder.getI1Type()), x, y,
      ComparisonDirectionAttr::get(type.getContext(), ComparisonDirection::LT),
      ComparisonTypeAttr::get(type.getContext(), isUnsigned
                                                     ? ComparisonType::UNSIGNED
                                                     : ComparisonType::SIGNED));
}

SmallVector<Value> BodyEvaluator::evaluateFor(scf::ForOp loop) {
  Location loc = loop.getLoc();
  evaluateCaptures(loop);
  bool alike = llvm::all_of(
      ValueRange{loop.getLowerBound(), loop.getUpperBound(), loop.getStep()},
      [&](Value value) { return isUniform(value); });
  BodyEvaluator scalars(rewriter, op, operands, SmallVector<int64_t>());
  BodyEvaluator &evaluateBound = alike ? scalars : *this;
  SmallVector<Value> inits{evaluateBound(loop.getLowerBound())};
  Value upper = evaluateBound(loop.getUpperBound());
  Value step = evaluateBound(loop.getStep());
  llvm::append_range(inits, evaluateAll(loop.getInitArgs()));
  SmallVector<Type> types(ValueRange(inits).getTypes());
  SmallVector<Location> locs(types.size(), loc);
  auto repeated = WhileOp::create(rewriter, loc, types, inits);

  OpBuilder::InsertionGuard guard(rewriter);
  llvm::DenseMap<Value, Value> outside = values;
  Value before = active;
  auto isMore = [&](Value counter) {
    Value more = isLess(rewriter, loc, counter, upper, loop.getUnsignedCmp());
    return alike ? more : both(before, more);
  };
  Block *condition = rewriter.createBlock(&repeated.getCond(), {}, types, locs);
  Value more = isMore(condition->getArgument(0));
  ReturnOp::create(rewriter, loc, alike ? more : any(more));
  Block *body = rewriter.createBlock(&repeated.getBody(), {}, types, locs);
  Value counter = body->getArgument(0);
  if (!alike)
    active = isMore(counter);
  values[loop.getInductionVar()] = alike ? repeat(counter) : counter;
  for (auto [inner, value] : llvm::zip_equal(loop.getRegionIterArgs(),
                                             body->getArguments().drop_front()))
    values[inner] = value;
  SmallVector<Value> next = evaluateAll(loop.getYieldedValues());
  if (!alike)
    next = choose(active, next, body->getArguments().drop_front());
  next.insert(next.begin(),
              AddOp::create(rewriter, loc, counter.getType(), counter, step));
  ReturnOp::create(rewriter, loc, next);
  values = std::move(outside);
  active = before;
  return llvm::to_vector_of<Value>(repeated.getResults().drop_front());
}

SmallVector<Value> BodyEvaluator::evaluateWhile(scf::WhileOp loop) {
  Location loc = loop.getLoc();
  evaluateCaptures(loop);
  // Carried: for which elements the loop goes on, what its first part gets,
  // and what it last passed on.
  SmallVector<Value> inits{active};
  if (!active)
    inits[0] = emitSplat(rewriter, loc, rewriter.getBoolAttr(true), ranges);
  llvm::append_range(inits, evaluateAll(loop.getInits()));
  for (Type type : loop.getResultTypes())
    inits.push_back(emitSplat(
        rewriter, loc,
        cast<TypedAttr>(rewriter.getZeroAttr(convertElement(type))), ranges));
  SmallVector<Type> types(ValueRange(inits).getTypes());
  SmallVector<Location> locs(types.size(), loc);
  auto repeated = WhileOp::create(rewriter, loc, types, inits);

  OpBuilder::InsertionGuard guard(rewriter);
  llvm::DenseMap<Value, Value> outside = values;
  Value before = active;
  Block *condition = rewriter.createBlock(&repeated.getCond(), {}, types, locs);
  ReturnOp::create(rewriter, loc, any(condition->getArgument(0)));
  Block *body = rewriter.createBlock(&repeated.getBody(), {}, types, locs);
  Value alive = body->getArgument(0);
  ValueRange given = body->getArguments().slice(1, loop.getInits().size());
  ValueRange last = body->getArguments().take_back(loop.getNumResults());
  active = alive;
  for (auto [inner, value] : llvm::zip_equal(loop.getBeforeArguments(), given))
    values[inner] = value;
  SmallVector<Value> passed = evaluateAll(loop.getConditionOp().getArgs());
  Value goesOn = both(alive, (*this)(loop.getConditionOp().getCondition()));
  active = goesOn;
  for (auto [inner, value] : llvm::zip_equal(loop.getAfterArguments(), passed))
    values[inner] = value;
  SmallVector<Value> next =
      choose(goesOn, evaluateAll(loop.getYieldOp().getResults()), given);
  next.insert(next.begin(), goesOn);
  llvm::append_range(next, choose(alive, passed, last));
  ReturnOp::create(rewriter, loc, next);
  values = std::move(outside);
  active = before;
  return llvm::to_vector_of<Value>(
      repeated.getResults().take_back(loop.getNumResults()));
}
