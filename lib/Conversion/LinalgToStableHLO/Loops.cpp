//===- Loops.cpp - Control flow around tensors in StableHLO ---------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `while` of StableHLO repeats on values that its condition only looks at,
// where the first part of an `scf.while` may compute what the second gets. So
// loops are brought to that form first: the condition is computed by a copy of
// the first part, and once more where the loop has ended. A counted loop
// carries its counter.
//
//===----------------------------------------------------------------------===//
#include "Loops.h"

#include "orchestra/Dialect/StableHLO/StableHLO.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Transforms/DialectConversion.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::stablehlo;

//===----------------------------------------------------------------------===//
// Bringing loops to one form
//===----------------------------------------------------------------------===//

static void makeWhile(IRRewriter &rewriter, scf::ForOp loop) {
  Location loc = loop.getLoc();
  rewriter.setInsertionPoint(loop);
  SmallVector<Value> inits{loop.getLowerBound()};
  llvm::append_range(inits, loop.getInitArgs());
  SmallVector<Type> types(ValueRange(inits).getTypes());
  SmallVector<Location> locs(inits.size(), loc);
  auto repeat = scf::WhileOp::create(rewriter, loc, types, inits);
  Block *before = rewriter.createBlock(&repeat.getBefore(), {}, types, locs);
  auto predicate = loop.getUnsignedCmp() ? arith::CmpIPredicate::ult
                                         : arith::CmpIPredicate::slt;
  Value more = arith::CmpIOp::create(
      rewriter, loc, predicate, before->getArgument(0), loop.getUpperBound());
  scf::ConditionOp::create(rewriter, loc, more, before->getArguments());
  Block *after = rewriter.createBlock(&repeat.getAfter(), {}, types, locs);
  auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
  SmallVector<Value> yielded(yield.getResults());
  rewriter.eraseOp(yield);
  rewriter.mergeBlocks(loop.getBody(), after, after->getArguments());
  rewriter.setInsertionPointToEnd(after);
  yielded.insert(yielded.begin(),
                 arith::AddIOp::create(rewriter, loc, after->getArgument(0),
                                       loop.getStep()));
  scf::YieldOp::create(rewriter, loc, yielded);
  rewriter.replaceOp(loop, repeat.getResults().drop_front());
}

/// A copy of the first part of a loop at the insertion point, for `arguments`:
/// what it passes on.
static SmallVector<Value> copyBefore(IRRewriter &rewriter, Block *before,
                                     ValueRange arguments) {
  IRMapping mapping;
  mapping.map(before->getArguments(), arguments);
  for (Operation &op : before->without_terminator())
    rewriter.clone(op, mapping);
  SmallVector<Value> passed;
  for (Value value : cast<scf::ConditionOp>(before->getTerminator()).getArgs())
    passed.push_back(mapping.lookupOrDefault(value));
  return passed;
}

static void passArgumentsOn(IRRewriter &rewriter, scf::WhileOp loop) {
  Block *before = loop.getBeforeBody();
  auto condition = loop.getConditionOp();
  if (llvm::equal(condition.getArgs(), before->getArguments()))
    return;
  Location loc = loop.getLoc();
  rewriter.setInsertionPoint(loop);
  SmallVector<Type> types(before->getArgumentTypes());
  SmallVector<Location> locs(types.size(), loc);
  auto repeat = scf::WhileOp::create(rewriter, loc, types, loop.getInits());
  Block *after = rewriter.createBlock(&repeat.getAfter(), {}, types, locs);
  SmallVector<Value> passed =
      copyBefore(rewriter, before, after->getArguments());
  rewriter.mergeBlocks(loop.getAfterBody(), after, passed);
  rewriter.setInsertionPointAfter(repeat);
  SmallVector<Value> results =
      copyBefore(rewriter, before, repeat.getResults());
  rewriter.setInsertionPoint(condition);
  scf::ConditionOp::create(rewriter, loc, condition.getCondition(),
                           before->getArguments());
  rewriter.eraseOp(condition);
  rewriter.inlineRegionBefore(loop.getBefore(), repeat.getBefore(),
                              repeat.getBefore().end());
  rewriter.replaceOp(loop, results);
}

void orchestra::stablehlo::normalizeLoops(Operation *root) {
  IRRewriter rewriter(root->getContext());
  auto isOutside = [](Operation *op) {
    return !op->getParentOfType<linalg::LinalgOp>();
  };
  root->walk([&](scf::ForOp loop) {
    if (isOutside(loop))
      makeWhile(rewriter, loop);
  });
  root->walk([&](scf::WhileOp loop) {
    if (isOutside(loop))
      passArgumentsOn(rewriter, loop);
  });
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

bool orchestra::stablehlo::isControlFlow(Operation *op) {
  return isa<scf::IfOp, scf::WhileOp, scf::YieldOp, scf::ConditionOp>(op);
}

/// Moves a body into the op that takes its place.
static LogicalResult moveBody(ConversionPatternRewriter &rewriter,
                              const TypeConverter &converter, Region &from,
                              Region &to) {
  rewriter.inlineRegionBefore(from, to, to.end());
  if (to.empty())
    return success();
  return failure(failed(rewriter.convertRegionTypes(&to, converter)));
}

namespace {
struct WhileConversion : public OpConversionPattern<scf::WhileOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(scf::WhileOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    SmallVector<Type> types;
    if (failed(getTypeConverter()->convertTypes(op.getResultTypes(), types)))
      return rewriter.notifyMatchFailure(op, "type has no counterpart");
    auto loop = stablehlo::WhileOp::create(rewriter, op.getLoc(), types,
                                           adaptor.getInits());
    if (failed(moveBody(rewriter, *getTypeConverter(), op.getBefore(),
                        loop.getCond())) ||
        failed(moveBody(rewriter, *getTypeConverter(), op.getAfter(),
                        loop.getBody())))
      return rewriter.notifyMatchFailure(op, "types of the loop's values");
    rewriter.replaceOp(op, loop.getResults());
    return success();
  }
};

struct IfConversion : public OpConversionPattern<scf::IfOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(scf::IfOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    SmallVector<Type> types;
    if (failed(getTypeConverter()->convertTypes(op.getResultTypes(), types)))
      return rewriter.notifyMatchFailure(op, "type has no counterpart");
    auto branch = stablehlo::IfOp::create(rewriter, op.getLoc(), types,
                                          adaptor.getCondition());
    if (failed(moveBody(rewriter, *getTypeConverter(), op.getThenRegion(),
                        branch.getTrueBranch())) ||
        failed(moveBody(rewriter, *getTypeConverter(), op.getElseRegion(),
                        branch.getFalseBranch())))
      return rewriter.notifyMatchFailure(op, "types of the branches' values");
    rewriter.replaceOp(op, branch.getResults());
    return success();
  }
};

struct YieldConversion : public OpConversionPattern<scf::YieldOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(scf::YieldOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<stablehlo::ReturnOp>(op, adaptor.getResults());
    return success();
  }
};

struct ConditionConversion : public OpConversionPattern<scf::ConditionOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(scf::ConditionOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<stablehlo::ReturnOp>(op,
                                                     adaptor.getCondition());
    return success();
  }
};
} // namespace

void orchestra::stablehlo::populateLoopPatterns(const TypeConverter &converter,
                                                RewritePatternSet &patterns) {
  patterns
      .add<ConditionConversion, IfConversion, WhileConversion, YieldConversion>(
          converter, patterns.getContext());
}
