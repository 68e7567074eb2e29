//===- Structured.cpp - linalg ops in StableHLO ---------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Named ops and generics are one thing here: loops, indexing maps, a body. The
// body is evaluated on tensors over all loops; operands are brought there by
// transpose and broadcast_in_dim. A reduction is then a `reduce` over its
// loops. Only sums of products take a shorter way, `dot_general`.
//
//===----------------------------------------------------------------------===//
#include "Structured.h"

#include "Bodies.h"
#include "Elementwise.h"
#include "Extremes.h"
#include "Windows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/DialectConversion.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace orchestra::stablehlo;

//===----------------------------------------------------------------------===//
// What an op is
//===----------------------------------------------------------------------===//

namespace {
/// A dot_general with the casts that its operands may pass.
struct Contraction {
  linalg::ContractionDimensions dims;
  SumOfProducts product;
};
} // namespace

static std::optional<Contraction> matchContraction(linalg::LinalgOp op) {
  std::optional<SumOfProducts> product = matchSumOfProducts(op);
  if (!product)
    return std::nullopt;
  Contraction result;
  result.product = *product;
  FailureOr<linalg::ContractionDimensions> dims =
      linalg::inferContractionDims(op);
  if (failed(dims))
    return std::nullopt;
  result.dims = *dims;
  // A loop of only one operand, or a size-1 dimension that the map leaves out.
  size_t loops =
      dims->batch.size() + dims->m.size() + dims->n.size() + dims->k.size();
  if (loops != op.getNumLoops() ||
      !llvm::all_of(op.getIndexingMapsArray(),
                    [](AffineMap map) { return map.isProjectedPermutation(); }))
    return std::nullopt;
  return result;
}

/// Whether no result has an element: what would compute them does not matter.
static bool hasNoElements(linalg::LinalgOp op) {
  return llvm::all_of(op.getDpsInits(), [](Value init) {
    return cast<RankedTensorType>(init.getType()).getNumElements() == 0;
  });
}

std::optional<std::string>
orchestra::stablehlo::whyNotConvertible(linalg::LinalgOp op) {
  for (Value operand : op->getOperands()) {
    auto tensor = dyn_cast<RankedTensorType>(operand.getType());
    if (isa<ShapedType>(operand.getType()) && !tensor)
      return "it works on memory, not on tensors";
    if (tensor && !tensor.hasStaticShape())
      return "the shape of an operand is dynamic";
    if (!isConvertibleElement(getElementTypeOrSelf(operand.getType())))
      return "StableHLO has no such element type";
  }
  for (OpOperand &init : op.getDpsInitsMutable()) {
    AffineMap map = op.getMatchingIndexingMap(&init);
    if (!map.isProjectedPermutation() ||
        map.getNumResults() != op.getNumParallelLoops())
      return "a result is not indexed by all parallel loops";
    if (op.payloadUsesValueFromOperand(&init) &&
        init.get().getDefiningOp<tensor::EmptyOp>())
      return "a destination that nothing has written is read";
  }
  if (hasNoElements(op))
    return std::nullopt;
  if (isWindowed(op))
    return whyNotWindowed(op);
  if (std::optional<std::string> why = whyNotBody(*op.getBlock(), op))
    return why;
  if (isExtremePlace(op, op->getOperands()))
    return std::nullopt;
  if (op.getNumReductionLoops() > 0)
    for (unsigned index = 0; index < op.getNumDpsInits(); ++index)
      if (!matchReduction(op, index))
        return "it reduces in a way that is no plain sum, product, extreme or "
               "bitwise combination";
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Reductions and contractions
//===----------------------------------------------------------------------===//

static Value emitReduce(ConversionPatternRewriter &rewriter,
                        linalg::LinalgOp op, unsigned index,
                        BodyEvaluator &evaluate, ValueRange operands) {
  Location loc = op.getLoc();
  Reduction reduction = *matchReduction(op, index);
  OpOperand *init = op.getDpsInitOperand(index);
  TypedAttr filled = fillValue(operands[init->getOperandNumber()]);
  bool startsNeutral = isNeutral(reduction.combiner, filled);
  Value start = emitSplat(
      rewriter, loc,
      startsNeutral ? filled : *arith::getNeutralElement(reduction.combiner),
      {});
  Value input = evaluate(reduction.update);

  SmallVector<int64_t> reduced, kept, shape;
  for (auto [loop, kind] : llvm::enumerate(op.getIteratorTypesArray())) {
    if (kind == utils::IteratorType::reduction) {
      reduced.push_back(loop);
      continue;
    }
    kept.push_back(loop);
    shape.push_back(evaluate.getRanges()[loop]);
  }
  auto type = cast<RankedTensorType>(input.getType());
  auto reduce = ReduceOp::create(rewriter, loc, type.clone(shape), input, start,
                                 rewriter.getDenseI64ArrayAttr(reduced));
  {
    OpBuilder::InsertionGuard guard(rewriter);
    Block *body = rewriter.createBlock(
        &reduce.getBody(), {}, {start.getType(), start.getType()}, {loc, loc});
    Value combined =
        emitElementwise(rewriter, reduction.combiner, body->getArguments(), {});
    ReturnOp::create(rewriter, loc, combined);
  }
  Value result = fromLoops(rewriter, loc, reduce.getResult(0), kept,
                           op.getMatchingIndexingMap(init));
  if (startsNeutral)
    return result;
  return emitElementwise(rewriter, reduction.combiner,
                         {operands[init->getOperandNumber()], result},
                         shapeOf(result));
}

static Value emitDotGeneral(ConversionPatternRewriter &rewriter,
                            linalg::LinalgOp op, const Contraction &contraction,
                            ValueRange operands, Precision precision) {
  Location loc = op.getLoc();
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  auto [lhs, rhs] = emitFactors(rewriter, loc, contraction.product, operands);
  auto positions = [](AffineMap map, ArrayRef<unsigned> loops) {
    SmallVector<int64_t> dims;
    for (unsigned loop : loops)
      dims.push_back(
          *map.getResultPosition(getAffineDimExpr(loop, map.getContext())));
    return dims;
  };
  const linalg::ContractionDimensions &dims = contraction.dims;
  auto numbers = DotDimensionNumbersAttr::get(
      op.getContext(), positions(maps[0], dims.batch),
      positions(maps[1], dims.batch), positions(maps[0], dims.k),
      positions(maps[1], dims.k));
  // The result's dimensions: batch, then what is left of each side in order.
  SmallVector<int64_t> loops(dims.batch.begin(), dims.batch.end());
  for (AffineMap map : {maps[0], maps[1]})
    for (unsigned i = 0; i < map.getNumResults(); ++i) {
      unsigned loop = map.getDimPosition(i);
      if (!llvm::is_contained(dims.batch, loop) &&
          !llvm::is_contained(dims.k, loop))
        loops.push_back(loop);
    }
  SmallVector<int64_t> ranges = op.getStaticLoopRanges(), shape;
  for (int64_t loop : loops)
    shape.push_back(ranges[loop]);
  Type element =
      convertElement(getElementTypeOrSelf(op.getDpsInitOperand(0)->get()));
  ArrayAttr config = precisionConfig(rewriter, lhs, precision);
  Value dot =
      DotGeneralOp::create(rewriter, loc, RankedTensorType::get(shape, element),
                           lhs, rhs, numbers, config);
  Value result = fromLoops(rewriter, loc, dot, loops, maps[2]);
  OpOperand *init = op.getDpsInitOperand(0);
  Reduction sum = *matchReduction(op, 0);
  TypedAttr filled = fillValue(operands[init->getOperandNumber()]);
  if (isNeutral(sum.combiner, filled))
    return result;
  return emitElementwise(rewriter, sum.combiner,
                         {operands[init->getOperandNumber()], result},
                         shapeOf(result));
}

//===----------------------------------------------------------------------===//
// The pattern
//===----------------------------------------------------------------------===//

namespace {
struct StructuredOpConversion
    : public OpInterfaceConversionPattern<linalg::LinalgOp> {
  StructuredOpConversion(const TypeConverter &converter, Precision precision,
                         MLIRContext *ctx)
      : OpInterfaceConversionPattern(converter, ctx), precision(precision) {}

  LogicalResult
  matchAndRewrite(linalg::LinalgOp op, ArrayRef<Value> operands,
                  ConversionPatternRewriter &rewriter) const override {
    if (std::optional<std::string> why = whyNotConvertible(op))
      return rewriter.notifyMatchFailure(op, *why);
    if (hasNoElements(op)) {
      rewriter.replaceOp(op, operands.take_back(op.getNumDpsInits()));
      return success();
    }
    if (isWindowed(op)) {
      rewriter.replaceOp(op, emitWindowed(rewriter, op, operands, precision));
      return success();
    }
    if (std::optional<Contraction> contraction = matchContraction(op)) {
      rewriter.replaceOp(
          op, emitDotGeneral(rewriter, op, *contraction, operands, precision));
      return success();
    }
    BodyEvaluator evaluate(rewriter, op, operands);
    if (isExtremePlace(op, operands)) {
      rewriter.replaceOp(op,
                         emitExtremePlace(rewriter, op, evaluate, operands));
      return success();
    }
    SmallVector<int64_t> loops =
        llvm::to_vector(llvm::seq<int64_t>(0, op.getNumLoops()));
    SmallVector<Value> results;
    for (unsigned index = 0; index < op.getNumDpsInits(); ++index) {
      if (op.getNumReductionLoops() > 0) {
        results.push_back(emitReduce(rewriter, op, index, evaluate, operands));
        continue;
      }
      Value yielded = op.getBlock()->getTerminator()->getOperand(index);
      results.push_back(
          fromLoops(rewriter, op.getLoc(), evaluate(yielded), loops,
                    op.getMatchingIndexingMap(op.getDpsInitOperand(index))));
    }
    rewriter.replaceOp(op, results);
    return success();
  }

  Precision precision;
};
} // namespace

void orchestra::stablehlo::populateStructuredPatterns(
    const TypeConverter &converter, Precision precision,
    RewritePatternSet &patterns) {
  patterns.add<StructuredOpConversion>(converter, precision,
                                       patterns.getContext());
}
