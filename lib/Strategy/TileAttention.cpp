//===- TileAttention.cpp - Attention in one kernel ------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A thread takes a block of query rows of one head. It transposes the block,
// scaled, once, and walks over blocks of keys with running maxima and sums: per
// block two products in register tiles, the softmax between them in the caches.
// Scores lie with rows innermost, so that a vector holds one score of several
// rows, keys and values are read where they are, and no reduction crosses
// lanes. One block of keys needs no states. Few rows (decoding) are no vector:
// there keys are read along their columns.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/LinalgExt/Decompose.h"
#include "orchestra/Dialect/Orchestra/Kernels.h"
#include "orchestra/Strategy/Tiling.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace orchestra;
using linalg_ext::AttentionOp;
using linalg_ext::AttentionUpdateOp;

/// Fewer query rows than this are no vector.
static constexpr int64_t kMinRows = 8;

/// Dynamic sizes count as this many when work is divided.
static constexpr double kDynamicGuess = 64;

static SmallVector<int64_t> getStaticSizes(OpBuilder &b, AttentionOp op) {
  SmallVector<int64_t> sizes;
  for (OpFoldResult size : op.getLoopSizes(b))
    sizes.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  return sizes;
}

/// The most even division of `size` into blocks of at most `limit`, each a
/// multiple of `unit`.
static int64_t divideEvenly(int64_t size, int64_t limit, int64_t unit) {
  if (ShapedType::isDynamic(size))
    return limit;
  if (size <= limit)
    return size;
  int64_t blocks = llvm::divideCeil(size, limit);
  return llvm::alignTo(llvm::divideCeil(size, blocks), unit);
}

/// Divides `op` among threads. Returns the op of one iteration.
static FailureOr<AttentionOp> divideAmongThreads(RewriterBase &rewriter,
                                                 AttentionOp op,
                                                 const AttentionTiles &tiles) {
  rewriter.setInsertionPoint(op);
  SmallVector<int64_t> ranges = getStaticSizes(rewriter, op);
  SmallVector<int64_t> sizes(ranges.size(), 0);
  unsigned row = op.getRowLoop();
  AffineMap key = op.getMap(&op.getKeyMutable());
  for (unsigned loop = 0; loop < row; ++loop) {
    // Few rows share keys with those of other heads.
    bool isShared = !key.isFunctionOfDim(loop) && ranges[row] == 1 &&
                    !ShapedType::isDynamic(ranges[loop]);
    if (ranges[loop] != 1 && !isShared)
      sizes[loop] = 1;
  }
  int64_t rows = divideEvenly(ranges[row], tiles.queries, tiles.columns / 2);
  if (rows != ranges[row])
    sizes[row] = rows;
  if (llvm::all_of(sizes, [](int64_t size) { return size == 0; }))
    return op;
  double flops = 4; // two products of equal size
  for (auto [loop, range] : llvm::enumerate(ranges))
    if (loop != op.getColumnLoop())
      flops *= sizes[loop]                    ? double(sizes[loop])
               : ShapedType::isDynamic(range) ? kDynamicGuess
                                              : double(range);
  scf::SCFTilingOptions options;
  options.setLoopType(scf::SCFTilingOptions::LoopType::ForallOp);
  options.setTileSizes(getAsIndexOpFoldResult(op.getContext(), sizes));
  FailureOr<scf::SCFTilingResult> tiled = scf::tileUsingSCF(
      rewriter, cast<TilingInterface>(op.getOperation()), options);
  if (failed(tiled))
    return failure();
  rewriter.replaceOp(op, tiled->replacements);
  tiled->loops.front()->setAttr(
      kGrainAttrName, rewriter.getI64IntegerAttr(
                          int64_t(std::ceil(kMinFlopsPerThread / flops))));
  return cast<AttentionOp>(tiled->tiledOps.front());
}

/// `map` without the loops in `drop`, and the operand's dimensions that go.
static AffineMap dropLoops(AffineMap map, const llvm::SmallBitVector &drop,
                           SmallVectorImpl<bool> &dropped) {
  SmallVector<AffineExpr> exprs;
  unsigned kept = 0;
  SmallVector<AffineExpr> renamed;
  for (unsigned loop = 0; loop < map.getNumDims(); ++loop)
    renamed.push_back(
        getAffineDimExpr(drop.test(loop) ? 0 : kept++, map.getContext()));
  for (AffineExpr expr : map.getResults()) {
    unsigned loop = cast<AffineDimExpr>(expr).getPosition();
    dropped.push_back(drop.test(loop));
    if (!drop.test(loop))
      exprs.push_back(renamed[loop]);
  }
  return AffineMap::get(kept, 0, exprs, map.getContext());
}

/// `value` without dimensions of size one.
static Value reduceRank(OpBuilder &b, Location loc, Value value,
                        ArrayRef<bool> dropped) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape;
  for (auto [size, drop] : llvm::zip(type.getShape(), dropped))
    if (!drop)
      shape.push_back(size);
  SmallVector<OpFoldResult> zeros(type.getRank(), b.getIndexAttr(0)),
      ones(type.getRank(), b.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(
      b, loc, RankedTensorType::get(shape, type.getElementType()), value, zeros,
      tensor::getMixedSizes(b, loc, value), ones);
}

AttentionOp orchestra::dropUnitLoops(RewriterBase &rewriter, AttentionOp op) {
  rewriter.setInsertionPoint(op);
  Location loc = op.getLoc();
  SmallVector<int64_t> ranges = getStaticSizes(rewriter, op);
  unsigned row = op.getRowLoop();
  llvm::SmallBitVector drop(ranges.size());
  for (unsigned loop = 0; loop < row; ++loop)
    drop[loop] = ranges[loop] == 1;
  if (ranges[row] == 1 && !op.getPast() && drop.count() < row)
    drop.set(row);
  // The query's last leading loop is its rows'; others that remain stay.
  if (drop.none())
    return op;
  SmallVector<OpOperand *> indexed = op.getIndexedOperands();
  SmallVector<Attribute> maps;
  SmallVector<Value> operands(op->getOperands());
  for (OpOperand *operand : indexed) {
    SmallVector<bool> dropped;
    AffineMap map = dropLoops(op.getMap(operand), drop, dropped);
    maps.push_back(AffineMapAttr::get(map));
    operands[operand->getOperandNumber()] =
        reduceRank(rewriter, loc, operand->get(), dropped);
  }
  Value output = operands[op.getOutputsMutable()[0].getOperandNumber()];
  auto reduced =
      cast<AttentionOp>(clone(rewriter, op, output.getType(), operands));
  reduced.setIndexingMapsAttr(rewriter.getArrayAttr(maps));
  Value whole = op.getOutputs()[0];
  int64_t rank = cast<RankedTensorType>(whole.getType()).getRank();
  SmallVector<OpFoldResult> zeros(rank, rewriter.getIndexAttr(0)),
      ones(rank, rewriter.getIndexAttr(1));
  rewriter.replaceOpWithNewOp<tensor::InsertSliceOp>(
      op, reduced.getResult(0), whole, zeros,
      tensor::getMixedSizes(rewriter, loc, whole), ones);
  return reduced;
}

FailureOr<AttentionUpdateOp> orchestra::walkKeys(RewriterBase &rewriter,
                                                 AttentionOp op, int64_t block,
                                                 bool wholeBlocks) {
  rewriter.setInsertionPoint(op);
  Location loc = op.getLoc();
  SmallVector<OpFoldResult> sizes = op.getLoopSizes(rewriter);
  unsigned key = op.getKeyLoop(), row = op.getRowLoop();
  OpFoldResult end = sizes[key];
  MLIRContext *ctx = op.getContext();
  AffineExpr s0 = getAffineSymbolExpr(0, ctx), s1 = getAffineSymbolExpr(1, ctx);
  AffineExpr zero = getAffineConstantExpr(0, ctx);
  if (op.getPast()) {
    // Behind what the last row sees, nothing is computed.
    AffineExpr s2 = getAffineSymbolExpr(2, ctx);
    OpFoldResult seen = affine::makeComposedFoldedAffineMin(
        rewriter, loc, AffineMap::get(0, 3, {s0, s1 + s2}, ctx),
        {end, sizes[row], OpFoldResult(op.getPast())});
    end = affine::makeComposedFoldedAffineMax(
        rewriter, loc, AffineMap::get(0, 1, {s0, zero}, ctx), {seen});
    if (wholeBlocks)
      end = affine::makeComposedFoldedAffineApply(
          rewriter, loc, s0.ceilDiv(block) * block, {end});
  }
  linalg_ext::AttentionStates states = createStates(rewriter, op);
  auto value = [&](OpFoldResult ofr) {
    return getValueOrCreateConstantIndexOp(rewriter, loc, ofr);
  };
  auto loop = scf::ForOp::create(
      rewriter, loc, value(rewriter.getIndexAttr(0)), value(end),
      value(rewriter.getIndexAttr(block)),
      ValueRange{states.values, states.greatest, states.weights});
  rewriter.setInsertionPointToStart(loop.getBody());
  SmallVector<Attribute> maps(op.getIndexingMaps().getValue());
  AffineMap rows = AffineMap::getMultiDimIdentityMap(op.getNumLoops(), ctx)
                       .getMajorSubMap(row + 1);
  maps.append(2, AffineMapAttr::get(rows));
  auto whole = AttentionUpdateOp::create(
      rewriter, loc, TypeRange(loop.getRegionIterArgs()), op.getQuery(),
      op.getKey(), op.getValue(), op.getScale(), op.getMask(), op.getPast(),
      loop.getRegionIterArgs(), rewriter.getArrayAttr(maps),
      op.getZeroEmptyRowsAttr());
  SmallVector<OpFoldResult> offsets(sizes.size(), rewriter.getIndexAttr(0));
  offsets[key] = loop.getInductionVar();
  if (std::optional<int64_t> known = getConstantIntValue(end);
      wholeBlocks || (known && *known % block == 0))
    sizes[key] = rewriter.getIndexAttr(block);
  else
    sizes[key] = affine::makeComposedFoldedAffineMin(
        rewriter, loc,
        AffineMap::get(0, 2, {getAffineConstantExpr(block, ctx), s0 - s1}, ctx),
        {end, OpFoldResult(loop.getInductionVar())});
  FailureOr<TilingResult> tiled =
      whole.getTiledImplementation(rewriter, offsets, sizes);
  if (failed(tiled))
    return failure();
  auto update = cast<AttentionUpdateOp>(tiled->tiledOps.front());
  // The states are taken whole.
  for (auto [output, state] :
       llvm::zip(update.getOutputsMutable(), loop.getRegionIterArgs()))
    output.set(state);
  for (auto [result, state] :
       llvm::zip(update.getResults(), loop.getRegionIterArgs()))
    result.setType(cast<RankedTensorType>(state.getType()));
  rewriter.eraseOp(whole);
  scf::YieldOp::create(rewriter, loc, update.getResults());
  rewriter.setInsertionPointAfter(loop);
  Value result = finishStates(
      rewriter, op, {loop.getResult(0), loop.getResult(1), loop.getResult(2)});
  rewriter.replaceOp(op, result);
  return update;
}

/// Divides a product into register tiles, columns outermost.
static LogicalResult tileProduct(RewriterBase &rewriter, Operation *product,
                                 const AttentionTiles &tiles) {
  auto op = cast<linalg::LinalgOp>(product);
  std::optional<TileDims> dims = getRegisterTileDims(op);
  if (!dims || !dims->row)
    return success(); // plain loops
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  int64_t size = ranges[*dims->row];
  int64_t rows =
      ShapedType::isDynamic(size) ? tiles.rows : chooseRows(size, tiles.rows);
  SmallVector<int64_t> spec{int64_t(*dims->row), int64_t(dims->column), rows};
  if (!ShapedType::isDynamic(size) && size % rows != 0)
    spec.push_back(size % rows);
  op->setAttr(kRegisterTileAttrName, rewriter.getDenseI64ArrayAttr(spec));
  op->setAttr(kColumnsAttrName, rewriter.getI64IntegerAttr(tiles.columns));

  SmallVector<int64_t> sizes(op.getNumLoops(), 0), order{int64_t(dims->column)};
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  for (unsigned loop = 0; loop < op.getNumLoops(); ++loop) {
    if (loop != dims->column)
      order.push_back(loop);
    if (!linalg::isParallelIterator(iterators[loop]))
      continue;
    int64_t wanted = loop == dims->column ? tiles.columns
                     : loop == *dims->row ? rows
                                          : 1;
    if (ShapedType::isDynamic(ranges[loop]) || ranges[loop] > wanted)
      sizes[loop] = wanted;
  }
  if (llvm::all_of(sizes, [](int64_t tile) { return tile == 0; }))
    return success();
  scf::SCFTileAndFuseOptions options;
  options.tilingOptions.setTileSizes(
      getAsIndexOpFoldResult(op.getContext(), sizes));
  options.tilingOptions.setInterchange(order);
  options.setFusionControlFn(
      [&](tensor::ExtractSliceOp, OpResult producer,
          bool) -> std::optional<scf::SCFTileAndFuseOptions::ControlFnResult> {
        if (!isa<linalg::FillOp>(producer.getOwner()))
          return std::nullopt;
        return scf::SCFTileAndFuseOptions::ControlFnResult{};
      });
  rewriter.setInsertionPoint(op);
  FailureOr<scf::SCFTileAndFuseResult> tiled =
      scf::tileConsumerAndFuseProducersUsingSCF(
          rewriter, cast<TilingInterface>(product), options);
  if (failed(tiled))
    return failure();
  for (auto [original, replacement] : tiled->replacements)
    rewriter.replaceAllUsesWith(original, replacement);
  rewriter.eraseOp(product);
  return success();
}

LogicalResult orchestra::tileAttention(RewriterBase &rewriter,
                                       func::FuncOp kernel,
                                       const AttentionTiles &tiles) {
  SmallVector<AttentionOp> ops;
  kernel.walk([&](AttentionOp op) { ops.push_back(op); });
  for (AttentionOp op : ops) {
    rewriter.setInsertionPoint(op);
    // Upstream's tiling has no slices of nothing; plain loops do.
    if (llvm::is_contained(getStaticSizes(rewriter, op), 0))
      continue;
    FailureOr<AttentionOp> divided = divideAmongThreads(rewriter, op, tiles);
    if (failed(divided))
      return failure();
    AttentionOp tile = dropUnitLoops(rewriter, *divided);
    SmallVector<int64_t> ranges = getStaticSizes(rewriter, tile);
    linalg_ext::AttentionLayout layout;
    int64_t rows = ranges[tile.getRowLoop()];
    layout.rowsInnermost = ShapedType::isDynamic(rows) || rows >= kMinRows;
    int64_t keys = ranges[tile.getKeyLoop()];
    int64_t block = divideEvenly(keys, tiles.keys, 1);
    rewriter.setInsertionPoint(tile);
    FailureOr<linalg_ext::AttentionProducts> products;
    if (block == keys) {
      products = decompose(rewriter, tile, layout);
    } else {
      prepareQuery(rewriter, tile, layout);
      FailureOr<AttentionUpdateOp> update = walkKeys(rewriter, tile, block);
      if (failed(update))
        return failure();
      rewriter.setInsertionPoint(*update);
      products = decompose(rewriter, *update, layout);
    }
    if (failed(products) ||
        failed(tileProduct(rewriter, products->scores, tiles)) ||
        failed(tileProduct(rewriter, products->values, tiles)))
      return failure();
  }
  return success();
}
