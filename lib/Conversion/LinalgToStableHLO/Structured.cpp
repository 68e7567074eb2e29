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

#include "Elementwise.h"

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
/// result = combine(result, update), over the reduction loops.
struct Reduction {
  Operation *combiner;
  Value update;
};
} // namespace

/// The reduction that yields result `index`, if there is one.
static std::optional<Reduction> matchReduction(linalg::LinalgOp op,
                                               unsigned index) {
  Block &body = *op.getBlock();
  Value yielded = body.getTerminator()->getOperand(index);
  BlockArgument running = op.getRegionOutputArgs()[index];
  Operation *combiner = yielded.getDefiningOp();
  if (!combiner || combiner->getBlock() != &body ||
      combiner->getNumOperands() != 2 || !running.hasOneUse() ||
      !yielded.hasOneUse() ||
      !isa<arith::AddFOp, arith::AddIOp, arith::MulFOp, arith::MulIOp,
           arith::MaximumFOp, arith::MinimumFOp, arith::MaxSIOp, arith::MinSIOp,
           arith::MaxUIOp, arith::MinUIOp, arith::AndIOp, arith::OrIOp,
           arith::XOrIOp>(combiner) ||
      !isConvertibleElementwise(combiner) ||
      !arith::getNeutralElement(combiner))
    return std::nullopt;
  if (combiner->getOperand(0) == running)
    return Reduction{combiner, combiner->getOperand(1)};
  if (combiner->getOperand(1) == running)
    return Reduction{combiner, combiner->getOperand(0)};
  return std::nullopt;
}

namespace {
/// A dot_general with the casts that its operands may pass.
struct Contraction {
  linalg::ContractionDimensions dims;
  /// What the body multiplies: block arguments or casts of them.
  Value lhs, rhs;
};
} // namespace

/// The input whose elements `value` is, through casts.
static BlockArgument throughCasts(Value value) {
  while (Operation *cast = value.getDefiningOp()) {
    if (!isa<CastOpInterface>(cast))
      return nullptr;
    value = cast->getOperand(0);
  }
  return llvm::cast<BlockArgument>(value);
}

static std::optional<Contraction> matchContraction(linalg::LinalgOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      op.getNumReductionLoops() == 0)
    return std::nullopt;
  std::optional<Reduction> sum = matchReduction(op, 0);
  if (!sum || !isa<arith::AddFOp, arith::AddIOp>(sum->combiner))
    return std::nullopt;
  Operation *product = sum->update.getDefiningOp();
  if (!product || !isa<arith::MulFOp, arith::MulIOp>(product))
    return std::nullopt;
  Contraction result;
  BlockArgument first = throughCasts(product->getOperand(0));
  BlockArgument second = throughCasts(product->getOperand(1));
  Block *body = op.getBlock();
  if (!first || !second || first.getOwner() != body ||
      second.getOwner() != body || first == second ||
      first.getArgNumber() > 1 || second.getArgNumber() > 1)
    return std::nullopt;
  bool inOrder = first.getArgNumber() == 0;
  result.lhs = product->getOperand(inOrder ? 0 : 1);
  result.rhs = product->getOperand(inOrder ? 1 : 0);
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
  for (AffineMap map : op.getIndexingMapsArray())
    if (!map.isProjectedPermutation(/*allowZeroInResults=*/true))
      return "an operand is indexed by a sum of loops (a window)";
  for (OpOperand &init : op.getDpsInitsMutable()) {
    AffineMap map = op.getMatchingIndexingMap(&init);
    if (!map.isProjectedPermutation() ||
        map.getNumResults() != op.getNumParallelLoops())
      return "a result is not indexed by all parallel loops";
    if (op.payloadUsesValueFromOperand(&init) &&
        init.get().getDefiningOp<tensor::EmptyOp>())
      return "a destination that nothing has written is read";
  }
  for (Operation &inner : op.getBlock()->without_terminator())
    if (!isConvertibleElementwise(&inner) && !isa<linalg::IndexOp>(inner))
      return ("its body holds " + inner.getName().getStringRef()).str();
  if (op.getNumReductionLoops() > 0)
    for (unsigned index = 0; index < op.getNumDpsInits(); ++index)
      if (!matchReduction(op, index))
        return "it reduces in a way that is no plain sum, product, extreme or "
               "bitwise combination";
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Moving between an operand's dimensions and the loops
//===----------------------------------------------------------------------===//

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

static Value transpose(OpBuilder &builder, Location loc, Value value,
                       ArrayRef<int64_t> permutation) {
  if (llvm::is_sorted(permutation))
    return value;
  SmallVector<int64_t> shape;
  for (int64_t dim : permutation)
    shape.push_back(shapeOf(value)[dim]);
  auto type = cast<RankedTensorType>(value.getType());
  return TransposeOp::create(builder, loc, type.clone(shape), value,
                             builder.getDenseI64ArrayAttr(permutation));
}

/// The operand `value`, indexed by `map`, repeated over all loops.
static Value toLoops(OpBuilder &builder, Location loc, Value value,
                     AffineMap map, ArrayRef<int64_t> ranges) {
  auto type = cast<RankedTensorType>(value.getType());
  SplatElementsAttr splat;
  if (matchPattern(value, m_Constant(&splat)))
    return emitSplat(builder, loc, splat.getSplatValue<TypedAttr>(), ranges);
  // Dimensions that the map holds at zero have size 1: drop them.
  SmallVector<int64_t> loops, shape;
  for (auto [expr, size] : llvm::zip_equal(map.getResults(), type.getShape())) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim)
      continue;
    loops.push_back(dim.getPosition());
    shape.push_back(size);
  }
  if (shape.size() != static_cast<size_t>(type.getRank()))
    value = ReshapeOp::create(builder, loc, type.clone(shape), value);
  // Position p of the operand is loop loops[p]; sort by loop.
  SmallVector<int64_t> order =
      llvm::to_vector(llvm::seq<int64_t>(0, loops.size()));
  llvm::sort(order, [&](int64_t x, int64_t y) { return loops[x] < loops[y]; });
  value = transpose(builder, loc, value, order);
  llvm::sort(loops);
  if (shapeOf(value) == ranges)
    return value;
  return BroadcastInDimOp::create(builder, loc, type.clone(ranges), value,
                                  builder.getDenseI64ArrayAttr(loops));
}

/// `value`, whose dimensions are `loops`, as `map` orders them.
static Value fromLoops(OpBuilder &builder, Location loc, Value value,
                       ArrayRef<int64_t> loops, AffineMap map) {
  SmallVector<int64_t> permutation;
  for (unsigned i = 0; i < map.getNumResults(); ++i)
    permutation.push_back(llvm::find(loops, map.getDimPosition(i)) -
                          loops.begin());
  return transpose(builder, loc, value, permutation);
}

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

namespace {
/// Evaluates values of a linalg body over all loops, each once.
class BodyEvaluator {
public:
  BodyEvaluator(ConversionPatternRewriter &rewriter, linalg::LinalgOp op,
                ValueRange operands)
      : rewriter(rewriter), op(op), operands(operands),
        ranges(op.getStaticLoopRanges()) {}

  Value operator()(Value value) {
    Value &result = values[value];
    if (!result)
      return values[value] = evaluate(value);
    return result;
  }

  ArrayRef<int64_t> getRanges() const { return ranges; }

private:
  Value evaluate(Value value) {
    Location loc = op.getLoc();
    auto argument = dyn_cast<BlockArgument>(value);
    if (argument && argument.getOwner() == op.getBlock()) {
      OpOperand *operand = op.getMatchingOpOperand(argument);
      return toLoops(rewriter, loc, operands[operand->getOperandNumber()],
                     op.getMatchingIndexingMap(operand), ranges);
    }
    Operation *inner = value.getDefiningOp();
    if (!inner || inner->getBlock() != op.getBlock()) // From outside: a scalar.
      return toLoops(rewriter, loc, rewriter.getRemappedValue(value),
                     AffineMap::get(op.getNumLoops(), 0, op.getContext()),
                     ranges);
    if (auto index = dyn_cast<linalg::IndexOp>(inner))
      return IotaOp::create(
          rewriter, inner->getLoc(),
          RankedTensorType::get(ranges, rewriter.getI64Type()),
          rewriter.getI64IntegerAttr(index.getDim()));
    SmallVector<Value> inputs;
    for (Value operand : inner->getOperands())
      inputs.push_back((*this)(operand));
    return emitElementwise(rewriter, inner, inputs, ranges);
  }

  ConversionPatternRewriter &rewriter;
  linalg::LinalgOp op;
  ValueRange operands;
  SmallVector<int64_t> ranges;
  DenseMap<Value, Value> values;
};
} // namespace

//===----------------------------------------------------------------------===//
// Reductions and contractions
//===----------------------------------------------------------------------===//

/// The number that all of a converted destination holds, if it is constant.
static TypedAttr fillValue(Value destination) {
  SplatElementsAttr splat;
  if (!matchPattern(destination, m_Constant(&splat)))
    return nullptr;
  return splat.getSplatValue<TypedAttr>();
}

/// Whether a reduction may start from `value` however often. For sums of floats
/// both zeros will do: they only decide the sign of a sum of nothing but zeros.
static bool isNeutral(Operation *combiner, TypedAttr value) {
  if (!value)
    return false;
  if (isa<arith::AddFOp>(combiner))
    return cast<FloatAttr>(value).getValue().isZero();
  return arith::getNeutralElement(combiner) == value;
}

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

/// One side of a dot_general: the input, cast as the body casts it, except for
/// widening floats, which dot_general does by itself.
static Value emitFactor(ConversionPatternRewriter &rewriter, Value factor,
                        ValueRange operands) {
  SmallVector<Operation *> casts;
  while (Operation *cast = factor.getDefiningOp()) {
    casts.push_back(cast);
    factor = cast->getOperand(0);
  }
  Value value = operands[cast<BlockArgument>(factor).getArgNumber()];
  if (casts.size() == 1 && isa<arith::ExtFOp>(casts.front()))
    return value;
  for (Operation *cast : llvm::reverse(casts))
    value = emitElementwise(rewriter, cast, value, shapeOf(value));
  return value;
}

static Value emitDotGeneral(ConversionPatternRewriter &rewriter,
                            linalg::LinalgOp op, const Contraction &contraction,
                            ValueRange operands, Precision precision) {
  Location loc = op.getLoc();
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  Value lhs = emitFactor(rewriter, contraction.lhs, operands);
  Value rhs = emitFactor(rewriter, contraction.rhs, operands);
  if (getElementTypeOrSelf(lhs) != getElementTypeOrSelf(rhs)) {
    // Only one side widened: widen both, as the body does.
    Type element = getElementTypeOrSelf(contraction.lhs.getType());
    auto widen = [&](Value value) -> Value {
      auto type = cast<RankedTensorType>(value.getType());
      if (type.getElementType() == element)
        return value;
      return ConvertOp::create(rewriter, loc, type.clone(element), value);
    };
    lhs = widen(lhs);
    rhs = widen(rhs);
  }
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
  ArrayAttr config;
  if (getElementTypeOrSelf(lhs).isF32() || getElementTypeOrSelf(lhs).isF64()) {
    auto attr = PrecisionAttr::get(op.getContext(), precision);
    config = rewriter.getArrayAttr({attr, attr});
  }
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
    if (std::optional<Contraction> contraction = matchContraction(op)) {
      rewriter.replaceOp(
          op, emitDotGeneral(rewriter, op, *contraction, operands, precision));
      return success();
    }
    BodyEvaluator evaluate(rewriter, op, operands);
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
