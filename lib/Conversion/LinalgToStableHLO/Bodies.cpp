//===- Bodies.cpp - Bodies of linalg ops on whole tensors -----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A read at computed indices becomes a gather. Dimensions that are read at the
// index of a loop, whole and in no other way, are its slices: looking rows up
// in a table gathers rows, not numbers.
//
//===----------------------------------------------------------------------===//
#include "Bodies.h"

#include "Elementwise.h"

#include "orchestra/Dialect/StableHLO/StableHLO.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace orchestra::stablehlo;

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

std::optional<Reduction>
orchestra::stablehlo::matchReduction(linalg::LinalgOp op, unsigned index) {
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

TypedAttr orchestra::stablehlo::fillValue(Value destination) {
  SplatElementsAttr splat;
  if (!matchPattern(destination, m_Constant(&splat)))
    return nullptr;
  return splat.getSplatValue<TypedAttr>();
}

bool orchestra::stablehlo::isNeutral(Operation *combiner, TypedAttr value) {
  if (!value)
    return false;
  if (isa<arith::AddFOp>(combiner))
    return cast<FloatAttr>(value).getValue().isZero();
  return arith::getNeutralElement(combiner) == value;
}

//===----------------------------------------------------------------------===//
// Sums of products
//===----------------------------------------------------------------------===//

/// The input whose elements `value` is, through casts.
static BlockArgument throughCasts(Value value) {
  while (Operation *cast = value.getDefiningOp()) {
    if (!isa<CastOpInterface>(cast))
      return nullptr;
    value = cast->getOperand(0);
  }
  return llvm::cast<BlockArgument>(value);
}

std::optional<SumOfProducts>
orchestra::stablehlo::matchSumOfProducts(linalg::LinalgOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      op.getNumReductionLoops() == 0)
    return std::nullopt;
  std::optional<Reduction> sum = matchReduction(op, 0);
  if (!sum || !isa<arith::AddFOp, arith::AddIOp>(sum->combiner))
    return std::nullopt;
  Operation *product = sum->update.getDefiningOp();
  if (!product || !isa<arith::MulFOp, arith::MulIOp>(product))
    return std::nullopt;
  BlockArgument first = throughCasts(product->getOperand(0));
  BlockArgument second = throughCasts(product->getOperand(1));
  Block *body = op.getBlock();
  if (!first || !second || first.getOwner() != body ||
      second.getOwner() != body || first == second ||
      first.getArgNumber() > 1 || second.getArgNumber() > 1)
    return std::nullopt;
  bool inOrder = first.getArgNumber() == 0;
  return SumOfProducts{product->getOperand(inOrder ? 0 : 1),
                       product->getOperand(inOrder ? 1 : 0)};
}

static Value emitFactor(OpBuilder &builder, Value factor, ValueRange operands) {
  SmallVector<Operation *> casts;
  while (Operation *cast = factor.getDefiningOp()) {
    casts.push_back(cast);
    factor = cast->getOperand(0);
  }
  Value value = operands[cast<BlockArgument>(factor).getArgNumber()];
  if (casts.size() == 1 && isa<arith::ExtFOp>(casts.front()))
    return value;
  for (Operation *cast : llvm::reverse(casts))
    value = emitElementwise(builder, cast, value, shapeOf(value));
  return value;
}

std::pair<Value, Value>
orchestra::stablehlo::emitFactors(OpBuilder &builder, Location loc,
                                  const SumOfProducts &product,
                                  ValueRange operands) {
  Value lhs = emitFactor(builder, product.lhs, operands);
  Value rhs = emitFactor(builder, product.rhs, operands);
  if (getElementTypeOrSelf(lhs) == getElementTypeOrSelf(rhs))
    return {lhs, rhs};
  // Only one side widened: widen both, as the body does.
  Type element = getElementTypeOrSelf(product.lhs.getType());
  auto widen = [&](Value value) -> Value {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getElementType() == element)
      return value;
    return ConvertOp::create(builder, loc, type.clone(element), value);
  };
  return {widen(lhs), widen(rhs)};
}

ArrayAttr orchestra::stablehlo::precisionConfig(Builder &builder, Value operand,
                                                Precision precision) {
  Type element = getElementTypeOrSelf(operand);
  if (!element.isF32() && !element.isF64())
    return nullptr;
  auto attr = PrecisionAttr::get(builder.getContext(), precision);
  return builder.getArrayAttr({attr, attr});
}

Value orchestra::stablehlo::addDestination(OpBuilder &builder,
                                           const Reduction &reduction,
                                           Value destination, Value result) {
  if (isNeutral(reduction.combiner, fillValue(destination)))
    return result;
  return emitElementwise(builder, reduction.combiner, {destination, result},
                         shapeOf(result));
}

//===----------------------------------------------------------------------===//
// Moving between an operand's dimensions and the loops
//===----------------------------------------------------------------------===//

ArrayRef<int64_t> orchestra::stablehlo::shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

Value orchestra::stablehlo::transpose(OpBuilder &builder, Location loc,
                                      Value value,
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

Value orchestra::stablehlo::reshape(OpBuilder &builder, Location loc,
                                    Value value, ArrayRef<int64_t> shape) {
  if (shapeOf(value) == shape)
    return value;
  auto type = cast<RankedTensorType>(value.getType());
  return ReshapeOp::create(builder, loc, type.clone(shape), value);
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

Value orchestra::stablehlo::fromLoops(OpBuilder &builder, Location loc,
                                      Value value, ArrayRef<int64_t> loops,
                                      AffineMap map) {
  SmallVector<int64_t> permutation;
  for (unsigned i = 0; i < map.getNumResults(); ++i)
    permutation.push_back(llvm::find(loops, map.getDimPosition(i)) -
                          loops.begin());
  return transpose(builder, loc, value, permutation);
}

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

Value BodyEvaluator::operator()(Value value) {
  if (Value known = values.lookup(value))
    return known;
  Value result = evaluate(value);
  values[value] = result;
  return result;
}

bool BodyEvaluator::isInside(Value value) {
  return op->getRegion(0).isAncestor(value.getParentRegion());
}

Value BodyEvaluator::repeat(Value scalar) {
  return toLoops(rewriter, op.getLoc(), scalar,
                 AffineMap::get(op.getNumLoops(), 0, op.getContext()), ranges);
}

Value BodyEvaluator::evaluate(Value value) {
  Location loc = op.getLoc();
  if (!isInside(value)) // From outside: a scalar.
    return repeat(rewriter.getRemappedValue(value));
  auto argument = dyn_cast<BlockArgument>(value);
  if (argument) { // Those of inner blocks are known.
    OpOperand *operand = op.getMatchingOpOperand(argument);
    return toLoops(rewriter, loc, operands[operand->getOperandNumber()],
                   op.getMatchingIndexingMap(operand), ranges);
  }
  Operation *inner = value.getDefiningOp();
  if (auto index = dyn_cast<linalg::IndexOp>(inner))
    return IotaOp::create(rewriter, inner->getLoc(),
                          RankedTensorType::get(ranges, rewriter.getI64Type()),
                          rewriter.getI64IntegerAttr(index.getDim()));
  if (auto extract = dyn_cast<tensor::ExtractOp>(inner))
    return gather(extract);
  if (isa<scf::SCFDialect>(inner->getDialect())) {
    evaluateControl(inner);
    return values.lookup(value);
  }
  SmallVector<Value> inputs = evaluateAll(inner->getOperands());
  return emitElementwise(rewriter, inner, inputs, ranges);
}

//===----------------------------------------------------------------------===//
// Reads at computed indices
//===----------------------------------------------------------------------===//

/// The loops that a value of the body depends on.
static void addLoops(Value value, linalg::LinalgOp op,
                     llvm::SmallBitVector &loops) {
  Block *body = op.getBlock();
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (argument.getOwner() != body)
      return;
    AffineMap map =
        op.getMatchingIndexingMap(op.getMatchingOpOperand(argument));
    for (unsigned dim = 0; dim < op.getNumLoops(); ++dim)
      if (map.isFunctionOfDim(dim))
        loops.set(dim);
    return;
  }
  Operation *inner = value.getDefiningOp();
  if (inner->getBlock() != body)
    return;
  if (inner->getNumRegions() != 0) { // Its regions may read anything.
    loops.set();
    return;
  }
  if (auto index = dyn_cast<linalg::IndexOp>(inner))
    loops.set(index.getDim());
  for (Value operand : inner->getOperands())
    addLoops(operand, op, loops);
}

namespace {
/// How the dimensions of a tensor are read.
struct GatherShape {
  /// For each dimension the loop that reads it whole, or -1.
  SmallVector<int64_t> sliceLoops;
};
} // namespace

static GatherShape shapeOfGather(tensor::ExtractOp extract,
                                 linalg::LinalgOp op) {
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  ArrayRef<int64_t> from = extract.getTensor().getType().getShape();
  llvm::SmallBitVector computed(op.getNumLoops());
  SmallVector<int64_t> loopOf(from.size(), -1);
  for (auto [dim, index] : llvm::enumerate(extract.getIndices())) {
    auto loop = index.getDefiningOp<linalg::IndexOp>();
    bool whole = loop && loop->getBlock() == op.getBlock() &&
                 ranges[loop.getDim()] == from[dim] &&
                 !llvm::is_contained(loopOf, loop.getDim());
    if (whole)
      loopOf[dim] = loop.getDim();
    else
      addLoops(index, op, computed);
  }
  int64_t last = -1;
  for (int64_t &loop : loopOf) {
    // Slices keep the order of their dimensions.
    if (loop < 0 || computed.test(loop) || loop < last)
      loop = -1;
    else
      last = loop;
  }
  return {loopOf};
}

std::optional<std::string>
orchestra::stablehlo::whyNotGather(tensor::ExtractOp extract,
                                   linalg::LinalgOp op) {
  RankedTensorType type = extract.getTensor().getType();
  if (!type.hasStaticShape() || !isConvertibleElement(type.getElementType()))
    return "it reads a tensor that StableHLO does not have";
  if (op->isProperAncestor(
          extract.getTensor().getParentRegion()->getParentOp()))
    return "it reads a tensor made in its body";
  if (type.getNumElements() == 0)
    return "it reads an empty tensor";
  return std::nullopt;
}

Value BodyEvaluator::gather(tensor::ExtractOp extract) {
  Location loc = extract.getLoc();
  Value source = rewriter.getRemappedValue(extract.getTensor());
  // In a loop indices may be anything: elements are read, no slices.
  bool isNested = extract->getBlock() != op.getBlock();
  GatherShape shape = shapeOfGather(extract, op);
  if (isNested)
    shape.sliceLoops.assign(shape.sliceLoops.size(), -1);
  ArrayRef<int64_t> from = shapeOf(source);
  SmallVector<int64_t> offsetDims, collapsed, indexMap, sizes;
  SmallVector<Value> indices;
  // Over the loops that are no slices.
  SmallVector<int64_t> outer(ranges);
  for (int64_t loop : shape.sliceLoops)
    if (loop >= 0)
      outer[loop] = 1;
  BodyEvaluator evaluateSlices(rewriter, op, operands, outer);
  BodyEvaluator &evaluateIndex = isNested ? *this : evaluateSlices;
  SmallVector<int64_t> batch;
  for (auto [loop, size] : llvm::enumerate(ranges))
    if (!llvm::is_contained(shape.sliceLoops, static_cast<int64_t>(loop)))
      batch.push_back(size);
  SmallVector<int64_t> column(batch);
  column.push_back(1);
  for (auto [dim, loop] : llvm::enumerate(shape.sliceLoops)) {
    if (loop >= 0) {
      offsetDims.push_back(loop);
      sizes.push_back(from[dim]);
      continue;
    }
    sizes.push_back(1);
    collapsed.push_back(dim);
    indexMap.push_back(dim);
    indices.push_back(reshape(
        rewriter, loc, evaluateIndex(extract.getIndices()[dim]), column));
  }
  if (indices.empty()) { // Each element of the source, in its own place.
    auto whole = cast<RankedTensorType>(source.getType()).clone(ranges);
    if (source.getType() == whole)
      return source;
    return BroadcastInDimOp::create(rewriter, loc, whole, source,
                                    rewriter.getDenseI64ArrayAttr(offsetDims));
  }
  Value starts = indices.front();
  if (indices.size() > 1) {
    column.back() = indices.size();
    auto type = RankedTensorType::get(column, rewriter.getI64Type());
    starts = ConcatenateOp::create(rewriter, loc, type, indices,
                                   rewriter.getI64IntegerAttr(batch.size()));
  }
  auto dims = GatherDimensionNumbersAttr::get(
      rewriter.getContext(), offsetDims, collapsed,
      /*operand_batching_dims=*/{},
      /*start_indices_batching_dims=*/{}, indexMap, batch.size());
  auto type = cast<RankedTensorType>(source.getType()).clone(ranges);
  return GatherOp::create(rewriter, loc, type, source, starts, dims,
                          rewriter.getDenseI64ArrayAttr(sizes),
                          rewriter.getBoolAttr(false));
}
