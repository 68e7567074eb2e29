//===- Gather.cpp - Elements at computed places ---------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gathering is one linalg.generic whose body reads the source. Scattering is a
// loop nest in the order of updates; the innermost dimensions, which updates
// and destination have in common, are combined as slices.
//
//===----------------------------------------------------------------------===//
#include "Body.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::linalg_ext;

//===----------------------------------------------------------------------===//
// What both ops have in common
//===----------------------------------------------------------------------===//

/// Checks the map of what is indexed, and that of the indices.
static LogicalResult verifyAccess(LinalgExtOp op, AffineMap map,
                                  AffineMap indicesMap, ShapedType indices,
                                  int64_t loops) {
  if (map.getNumDims() != loops || indicesMap.getNumDims() != loops)
    return op.emitOpError() << "needs maps of " << loops << " loops";
  SmallVector<unsigned> uses(map.getNumSymbols(), 0);
  llvm::SmallBitVector seen(loops);
  for (AffineExpr expr : map.getResults()) {
    auto loop = dyn_cast<AffineDimExpr>(expr);
    auto symbol = dyn_cast<AffineSymbolExpr>(expr);
    if (symbol)
      ++uses[symbol.getPosition()];
    else if (!loop || seen.test(loop.getPosition()))
      return op.emitOpError() << "needs a map to different loops and symbols, "
                                 "but has "
                              << AffineMapAttr::get(map);
    else
      seen.set(loop.getPosition());
  }
  if (uses.empty() || llvm::any_of(uses, [](unsigned n) { return n != 1; }))
    return op.emitOpError()
           << "needs a map that uses each symbol once, but has "
           << AffineMapAttr::get(map);
  if (!indicesMap.isProjectedPermutation() || indicesMap.getNumSymbols() != 0)
    return op.emitOpError() << "needs a projected permutation as map of the "
                               "indices, but has "
                            << AffineMapAttr::get(indicesMap);
  int64_t lead = indicesMap.getNumResults(), rank = indices.getRank();
  bool isVector =
      rank == lead + 1 && indices.getDimSize(lead) == int64_t(uses.size());
  bool isNumber = rank == lead && uses.size() == 1;
  if (!isVector && !isNumber)
    return op.emitOpError() << "has indices of type " << indices << " for "
                            << lead << " loops and vectors of " << uses.size();
  return success();
}

/// The map with symbols as dimensions that are taken whole.
static AffineMap wholeSymbols(AffineMap map) {
  SmallVector<AffineExpr> exprs;
  for (AffineExpr expr : map.getResults())
    exprs.push_back(isa<AffineSymbolExpr>(expr)
                        ? getAffineConstantExpr(0, map.getContext())
                        : expr);
  return AffineMap::get(map.getNumDims(), 0, exprs, map.getContext());
}

static AffineMap mapOfIndices(AffineMap map, ShapedType indices) {
  SmallVector<AffineExpr> exprs(map.getResults());
  if (indices.getRank() > int64_t(exprs.size()))
    exprs.push_back(getAffineConstantExpr(0, map.getContext()));
  return AffineMap::get(map.getNumDims(), 0, exprs, map.getContext());
}

/// The index vector of this iteration, as numbers that count from the end if
/// negative.
static SmallVector<Num> readIndices(ImplicitLocOpBuilder &b, Value indices,
                                    AffineMap map, ValueRange loops,
                                    unsigned count) {
  SmallVector<Value> place;
  for (AffineExpr expr : map.getResults())
    place.push_back(loops[cast<AffineDimExpr>(expr).getPosition()]);
  bool isVector =
      cast<ShapedType>(indices.getType()).getRank() > int64_t(place.size());
  SmallVector<Num> result;
  for (unsigned i = 0; i < count; ++i) {
    SmallVector<Value> at(place);
    if (isVector)
      at.push_back(indexNum(b, i));
    Value element = tensor::ExtractOp::create(b, indices, at);
    result.push_back(Num(b, element).asIndex());
  }
  return result;
}

static Num wrap(Num index, Num size) {
  return (index < 0).choose(index + size, index);
}

/// For each dimension of `tensor` the loop or the element of `vector`.
static SmallVector<Value> placeIn(AffineMap map, ValueRange loops,
                                  ArrayRef<Num> vector) {
  SmallVector<Value> place;
  for (AffineExpr expr : map.getResults()) {
    if (auto loop = dyn_cast<AffineDimExpr>(expr))
      place.push_back(loops[loop.getPosition()]);
    else
      place.push_back(vector[cast<AffineSymbolExpr>(expr).getPosition()]);
  }
  return place;
}

/// Sizes of the dimensions that symbols index, in the order of symbols.
static SmallVector<Value> symbolSizes(ImplicitLocOpBuilder &b, Value tensor,
                                      AffineMap map) {
  SmallVector<Value> sizes(map.getNumSymbols());
  for (auto [dim, expr] : llvm::enumerate(map.getResults()))
    if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
      sizes[symbol.getPosition()] =
          indexOf(b, tensor::getMixedSize(b, b.getLoc(), tensor, dim));
  return sizes;
}

//===----------------------------------------------------------------------===//
// Gather
//===----------------------------------------------------------------------===//

LogicalResult GatherOp::verify() {
  LinalgExtOp op(*this);
  if (failed(verifyDestinations(op, 1)))
    return failure();
  auto type = cast<ShapedType>(getOutputs()[0].getType());
  auto source = cast<ShapedType>(getSource().getType());
  if (type.getElementType() != source.getElementType())
    return emitOpError() << "has a destination of " << type.getElementType()
                         << " for a source of " << source.getElementType();
  if (failed(verifyAccess(op, getSourceMap(), getIndicesMap(),
                          cast<ShapedType>(getIndices().getType()),
                          type.getRank())))
    return failure();
  return verifySizes(op, {"source", "tensor of indices", "destination"});
}

SmallVector<AffineMap> GatherOp::getOperandMaps() {
  unsigned loops = getSourceMap().getNumDims();
  return {
      wholeSymbols(getSourceMap()),
      mapOfIndices(getIndicesMap(), cast<ShapedType>(getIndices().getType())),
      AffineMap::getMultiDimIdentityMap(loops, getContext())};
}

SmallVector<utils::IteratorType> GatherOp::getIterators() {
  return SmallVector<utils::IteratorType>(getSourceMap().getNumDims(),
                                          utils::IteratorType::parallel);
}

bool GatherOp::isFusable() { return true; }

double GatherOp::countWork(ArrayRef<double> sizes) {
  return countIterations(sizes);
}

FailureOr<SmallVector<Value>> GatherOp::lower(RewriterBase &rewriter) {
  ImplicitLocOpBuilder b(getLoc(), rewriter);
  AffineMap map = getSourceMap();
  SmallVector<Value> sizes = symbolSizes(b, getSource(), map);
  unsigned loops = map.getNumDims();
  // Indices that are one number each are an operand like any other.
  bool isOperand = cast<ShapedType>(getIndices().getType()).getRank() ==
                   int64_t(getIndicesMap().getNumResults());
  SmallVector<AffineMap> maps{b.getMultiDimIdentityMap(loops)};
  SmallVector<Value> inputs;
  if (isOperand) {
    inputs.push_back(getIndices());
    maps.insert(maps.begin(), getIndicesMap());
  }
  auto generic = linalg::GenericOp::create(
      b, getOutputs()[0].getType(), inputs, getOutputs()[0], maps,
      getIterators(), [&](OpBuilder &builder, Location loc, ValueRange v) {
        ImplicitLocOpBuilder inner(loc, builder);
        SmallVector<Value> indices;
        for (unsigned loop = 0; loop < loops; ++loop)
          indices.push_back(linalg::IndexOp::create(inner, loop));
        SmallVector<Num> vector;
        if (isOperand)
          vector.push_back(Num(inner, v[0]).asIndex());
        else
          vector = readIndices(inner, getIndices(), getIndicesMap(), indices,
                               map.getNumSymbols());
        for (auto [index, size] : llvm::zip(vector, sizes)) {
          Num limit(inner, size);
          index = wrap(index, limit).min(limit - 1).max(0);
        }
        Value element = tensor::ExtractOp::create(
            inner, getSource(), placeIn(map, indices, vector));
        linalg::YieldOp::create(inner, element);
      });
  return SmallVector<Value>(generic.getResults());
}

//===----------------------------------------------------------------------===//
// Scatter
//===----------------------------------------------------------------------===//

LogicalResult ScatterOp::verify() {
  LinalgExtOp op(*this);
  if (failed(verifyDestinations(op, 1)))
    return failure();
  auto type = cast<ShapedType>(getOutputs()[0].getType());
  auto updates = cast<ShapedType>(getUpdates().getType());
  if (type.getElementType() != updates.getElementType())
    return emitOpError() << "has a destination of " << type.getElementType()
                         << " for updates of " << updates.getElementType();
  if (failed(verifyAccess(op, getDestinationMap(), getIndicesMap(),
                          cast<ShapedType>(getIndices().getType()),
                          updates.getRank())))
    return failure();
  return verifySizes(op,
                     {"tensor of updates", "tensor of indices", "destination"});
}

LogicalResult ScatterOp::verifyRegions() {
  return verifyBody(*this, getCombiner(), 2,
                    getElementTypeOrSelf(getUpdates().getType()));
}

SmallVector<AffineMap> ScatterOp::getOperandMaps() {
  unsigned loops = getDestinationMap().getNumDims();
  return {
      AffineMap::getMultiDimIdentityMap(loops, getContext()),
      mapOfIndices(getIndicesMap(), cast<ShapedType>(getIndices().getType())),
      wholeSymbols(getDestinationMap())};
}

SmallVector<utils::IteratorType> ScatterOp::getIterators() {
  SmallVector<utils::IteratorType> types;
  for (unsigned loop = 0; loop < getDestinationMap().getNumDims(); ++loop)
    types.push_back(getUnique() || getDestinationMap().isFunctionOfDim(loop)
                        ? utils::IteratorType::parallel
                        : utils::IteratorType::reduction);
  return types;
}

/// Tiles of other loops would write all of the destination.
bool ScatterOp::canTile(unsigned loop) {
  return getDestinationMap().isFunctionOfDim(loop);
}

bool ScatterOp::readsDestination(unsigned) { return true; }

double ScatterOp::countWork(ArrayRef<double> sizes) {
  return countIterations(sizes);
}

/// How many of the last loops index the last dimensions of the destination in
/// the same order, and the indices not at all.
static unsigned countSliceLoops(ScatterOp op) {
  AffineMap map = op.getDestinationMap();
  unsigned count = 0, loops = map.getNumDims();
  while (count < loops && count < map.getNumResults()) {
    unsigned loop = loops - 1 - count;
    auto expr =
        dyn_cast<AffineDimExpr>(map.getResult(map.getNumResults() - 1 - count));
    if (!expr || expr.getPosition() != loop ||
        op.getIndicesMap().isFunctionOfDim(loop))
      break;
    ++count;
  }
  return count;
}

namespace {
/// Lowers one scatter.
class ScatterLowering {
public:
  ScatterLowering(RewriterBase &rewriter, ScatterOp op)
      : b(op.getLoc(), rewriter), op(op), slices(countSliceLoops(op)),
        sizes(linalg_ext::getLoopSizes(op, rewriter)) {}

  Value run();

private:
  Value combineElement(ArrayRef<Value> from, ArrayRef<Value> to, Value tensor);
  Value combineSlice(ArrayRef<Value> from, ArrayRef<Value> to, Value tensor);

  ImplicitLocOpBuilder b;
  ScatterOp op;
  unsigned slices;
  SmallVector<OpFoldResult> sizes;
};
} // namespace

Value ScatterLowering::combineElement(ArrayRef<Value> from, ArrayRef<Value> to,
                                      Value tensor) {
  Value update = tensor::ExtractOp::create(b, op.getUpdates(), from);
  Value old = tensor::ExtractOp::create(b, tensor, to);
  Value combined = inlineBody(b, op.getCombiner(), {old, update});
  return tensor::InsertOp::create(b, combined, tensor, to);
}

Value ScatterLowering::combineSlice(ArrayRef<Value> from, ArrayRef<Value> to,
                                    Value tensor) {
  // Places of the dimensions in front, all of those of the slice.
  ArrayRef<OpFoldResult> inner = ArrayRef(sizes).take_back(slices);
  auto slice = [&](Value whole, ArrayRef<Value> lead,
                   SmallVectorImpl<OpFoldResult> &offsets,
                   SmallVectorImpl<OpFoldResult> &counts) -> Value {
    offsets = getAsOpFoldResult(lead);
    offsets.append(slices, b.getIndexAttr(0));
    counts.assign(lead.size(), b.getIndexAttr(1));
    llvm::append_range(counts, inner);
    SmallVector<int64_t> shape;
    SmallVector<Value> unused;
    dispatchIndexOpFoldResults(inner, unused, shape);
    Type element = getElementTypeOrSelf(whole.getType());
    return tensor::ExtractSliceOp::create(
        b, RankedTensorType::get(shape, element), whole, offsets, counts,
        SmallVector<OpFoldResult>(offsets.size(), b.getIndexAttr(1)));
  };
  SmallVector<OpFoldResult> offsets, counts;
  Value update = slice(op.getUpdates(), from, offsets, counts);
  Value old = slice(tensor, to, offsets, counts);
  AffineMap map = b.getMultiDimIdentityMap(slices);
  auto generic = linalg::GenericOp::create(
      b, old.getType(), update, old, ArrayRef<AffineMap>{map, map},
      SmallVector<utils::IteratorType>(slices, utils::IteratorType::parallel),
      [&](OpBuilder &builder, Location loc, ValueRange v) {
        Value combined = inlineBody(builder, op.getCombiner(), {v[1], v[0]});
        linalg::YieldOp::create(builder, loc, combined);
      });
  return tensor::InsertSliceOp::create(
      b, generic.getResult(0), tensor, offsets, counts,
      SmallVector<OpFoldResult>(offsets.size(), b.getIndexAttr(1)));
}

Value ScatterLowering::run() {
  AffineMap map = op.getDestinationMap();
  SmallVector<Value> limits = symbolSizes(b, op.getOutputs()[0], map);
  return loopNest(
      b, ArrayRef(sizes).drop_back(slices), op.getOutputs(),
      [&](ArrayRef<Value> loops, ValueRange now) -> SmallVector<Value> {
        SmallVector<Num> vector = readIndices(
            b, op.getIndices(), op.getIndicesMap(), loops, map.getNumSymbols());
        Num inside;
        for (auto [index, limit] : llvm::zip(vector, limits)) {
          Num size(b, limit);
          index = wrap(index, size);
          Num is = (index >= 0) & (index < size);
          inside = inside ? inside & is : is;
        }
        auto either = scf::IfOp::create(b, now[0].getType(), inside, true);
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(either.elseBlock());
        scf::YieldOp::create(b, now);
        b.setInsertionPointToStart(either.thenBlock());
        SmallVector<Value> to = placeIn(
            map.getMajorSubMap(map.getNumResults() - slices), loops, vector);
        scf::YieldOp::create(b, slices ? combineSlice(loops, to, now[0])
                                       : combineElement(loops, to, now[0]));
        return {either.getResult(0)};
      })[0];
}

FailureOr<SmallVector<Value>> ScatterOp::lower(RewriterBase &rewriter) {
  return SmallVector<Value>{ScatterLowering(rewriter, *this).run()};
}
