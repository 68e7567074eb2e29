//===- TileContraction.cpp - Register tiles around a reduction ------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernel's last op is tiled into an scf.forall and all producers, the
// contraction among them, are fused into it, so that what follows a contraction
// happens while its result is in registers or the first-level cache.
//
// The loop order keeps the operand that is streamed by columns (the weights) in
// the second-level cache: loops on which it depends are outermost, then the
// columns, then everything that reuses it. Threads divide either all of the
// loops or only those last ones, whatever makes them read less.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/Kernels.h"
#include "orchestra/Strategy/Tiling.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace orchestra;

/// Rows are divided among threads if they make at least as many tiles: fewer
/// would leave threads idle.
static constexpr int64_t kMinRowTiles = 8;

/// Multiply-adds per result element, dynamic sizes taken as 64.
static double getReductionSize(linalg::LinalgOp op) {
  double size = 1;
  for (auto [range, iterator] :
       llvm::zip(op.getStaticLoopRanges(), op.getIteratorTypesArray()))
    if (iterator == utils::IteratorType::reduction)
      size *= ShapedType::isDynamic(range) ? 64 : range;
  return size;
}

static linalg::LinalgOp findContraction(func::FuncOp kernel) {
  linalg::LinalgOp best;
  kernel.walk([&](linalg::LinalgOp op) {
    if (getRegisterTileDims(op, /*ignoreStride=*/true) &&
        (!best || getReductionSize(op) > getReductionSize(best)))
      best = op;
  });
  return best;
}

int64_t orchestra::chooseRows(int64_t size, int64_t limit) {
  if (size <= limit)
    return size;
  for (int64_t rows = limit; 5 * rows >= 4 * limit; --rows)
    if (size % rows == 0)
      return rows;
  int64_t tiles = llvm::divideCeil(size, limit);
  return llvm::divideCeil(size, tiles);
}

void orchestra::appendRowCounts(SmallVectorImpl<int64_t> &spec, int64_t size,
                                int64_t rows) {
  if (ShapedType::isDynamic(size)) {
    for (int64_t count = rows; count > 0; --count)
      spec.push_back(count);
    return;
  }
  spec.push_back(rows);
  if (size % rows != 0)
    spec.push_back(size % rows);
}

/// Rows of a tile, at most `limit`, where the size of the root's loop is known
/// only at run time: what `chooseRows` takes where no divisor is near.
static OpFoldResult divideOpenRows(RewriterBase &rewriter,
                                   linalg::LinalgOp root, unsigned loop,
                                   int64_t limit) {
  Location loc = root.getLoc();
  OpOperand *output = root.getDpsInitOperand(0);
  int64_t dim = 0;
  for (auto [i, expr] :
       llvm::enumerate(root.getMatchingIndexingMap(output).getResults()))
    if (expr == rewriter.getAffineDimExpr(loop))
      dim = i;
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(rewriter, loc, value);
  };
  Value size = tensor::DimOp::create(rewriter, loc, output->get(), dim);
  Value tiles =
      arith::CeilDivUIOp::create(rewriter, loc, size, constant(limit));
  // Nothing at all is one tile.
  tiles = arith::MaxUIOp::create(rewriter, loc, tiles, constant(1));
  Value rows = arith::CeilDivUIOp::create(rewriter, loc, size, tiles);
  rows = arith::MaxUIOp::create(rewriter, loc, rows, constant(1));
  // The bound is what it is anyway: for who asks how large a tile may be.
  return affine::makeComposedFoldedAffineMin(
      rewriter, loc,
      AffineMap::get(0, 1,
                     {rewriter.getAffineSymbolExpr(0),
                      rewriter.getAffineConstantExpr(limit)},
                     rewriter.getContext()),
      {OpFoldResult(rows)});
}

/// Replaces input `operand`, a column tile of an unpacked tensor, by the same
/// elements of the packed tensor. Returns the new value and map, or nothing if
/// it is no such tile.
static std::optional<std::pair<Value, AffineMap>>
readPacked(RewriterBase &rewriter, linalg::LinalgOp op, OpOperand *operand,
           int64_t columns) {
  auto slice = operand->get().getDefiningOp<tensor::ExtractSliceOp>();
  Value unpacked = slice ? slice.getSource() : operand->get();
  auto unpack = unpacked.getDefiningOp<linalg::UnPackOp>();
  if (!unpack || (slice && slice.getDroppedDims().any()))
    return std::nullopt;
  ArrayRef<int64_t> innerPos = unpack.getInnerDimsPos();
  SmallVector<int64_t> tiles = unpack.getStaticTiles();
  if (innerPos.size() != 1 || tiles[0] != columns)
    return std::nullopt;
  Location loc = op.getLoc();
  SmallVector<OpFoldResult> offsets, sizes;
  if (slice) {
    offsets = slice.getMixedOffsets();
    sizes = slice.getMixedSizes();
  } else {
    sizes = tensor::getMixedSizes(rewriter, loc, unpacked);
    offsets.assign(sizes.size(), rewriter.getIndexAttr(0));
  }
  int64_t rank = sizes.size();
  SmallVector<int64_t> perm(unpack.getOuterDimsPerm());
  if (perm.empty())
    perm = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  AffineExpr d0 = rewriter.getAffineDimExpr(0);
  AffineMap map = op.getMatchingIndexingMap(operand);
  SmallVector<OpFoldResult> newOffsets, newSizes;
  SmallVector<AffineExpr> exprs;
  SmallVector<int64_t> shape;
  auto addDim = [&](int64_t dim) {
    exprs.push_back(map.getResult(dim));
    shape.push_back(
        getConstantIntValue(sizes[dim]).value_or(ShapedType::kDynamic));
  };
  for (int64_t dim : perm) {
    if (dim == innerPos[0]) {
      newOffsets.push_back(affine::makeComposedFoldedAffineApply(
          rewriter, loc, d0.floorDiv(columns), {offsets[dim]}));
      newSizes.push_back(rewriter.getIndexAttr(1));
      continue;
    }
    newOffsets.push_back(offsets[dim]);
    newSizes.push_back(sizes[dim]);
    addDim(dim);
  }
  newOffsets.push_back(rewriter.getIndexAttr(0));
  newSizes.push_back(sizes[innerPos[0]]);
  addDim(innerPos[0]);
  SmallVector<OpFoldResult> strides(newOffsets.size(),
                                    rewriter.getIndexAttr(1));
  auto type =
      RankedTensorType::get(shape, unpack.getSourceType().getElementType());
  Value packed = tensor::ExtractSliceOp::create(
      rewriter, loc, type, unpack.getSource(), newOffsets, newSizes, strides);
  return std::make_pair(
      packed, AffineMap::get(map.getNumDims(), 0, exprs, op.getContext()));
}

/// Rewrites the tiled contraction to read packed operands where they are.
static void readPackedOperands(RewriterBase &rewriter, linalg::GenericOp op,
                               int64_t columns) {
  rewriter.setInsertionPoint(op);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  bool changed = false;
  rewriter.startOpModification(op);
  for (OpOperand *operand : op.getDpsInputOperands()) {
    auto packed = readPacked(rewriter, op, operand, columns);
    if (!packed)
      continue;
    operand->set(packed->first);
    maps[operand->getOperandNumber()] = packed->second;
    changed = true;
  }
  if (changed)
    op.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
  rewriter.finalizeOpModification(op);
}

/// Orders the forall's dimensions from slowest to fastest, as the file header
/// says. `loopOf[i]` is the contraction's loop that forall dimension i tiles.
static SmallVector<int64_t> orderLoops(linalg::LinalgOp op, TileDims dims,
                                       ArrayRef<unsigned> loopOf) {
  AffineMap streamed;
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    if (map.isFunctionOfDim(dims.column) &&
        (!dims.row || !map.isFunctionOfDim(*dims.row)))
      streamed = map;
  }
  if (!streamed) // nothing is reused over rows: keep memory order
    return llvm::to_vector(llvm::seq<int64_t>(0, loopOf.size()));
  SmallVector<int64_t> before, column, after;
  for (auto [i, loop] : llvm::enumerate(loopOf)) {
    if (loop == dims.column)
      column.push_back(i);
    else if (streamed.isFunctionOfDim(loop))
      before.push_back(i);
    else
      after.push_back(i);
  }
  llvm::append_range(before, column);
  llvm::append_range(before, after);
  return before;
}

/// Elements of a tensor, or nothing if its shape is dynamic.
static std::optional<double> countElements(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  if (!type.hasStaticShape())
    return std::nullopt;
  return double(type.getNumElements());
}

/// How many of the fastest loops in `order` threads divide. Those are the loops
/// over rows if the streamed operand, which all threads then read, is smaller
/// than the rest, which each then reads and writes a part of: consecutive
/// kernels that do so find most of their operands in the caches of their own
/// core. 0: all loops.
static unsigned countSplitLoops(linalg::LinalgOp op, TileDims dims,
                                ArrayRef<unsigned> loopOf,
                                ArrayRef<int64_t> order,
                                ArrayRef<int64_t> sizes) {
  double streamed = 0, rest = 0;
  SmallVector<bool> overRows(op.getNumLoops(), true);
  for (OpOperand &operand : op->getOpOperands()) {
    std::optional<double> elements = countElements(operand.get());
    if (!elements)
      return 0;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    bool isStreamed = op.isDpsInput(&operand) &&
                      map.isFunctionOfDim(dims.column) &&
                      !(dims.row && map.isFunctionOfDim(*dims.row));
    (isStreamed ? streamed : rest) += *elements;
    for (unsigned loop = 0; isStreamed && loop < op.getNumLoops(); ++loop)
      overRows[loop] = overRows[loop] && !map.isFunctionOfDim(loop);
  }
  if (streamed == 0 || streamed > rest)
    return 0;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  unsigned count = 0;
  int64_t iterations = 1;
  for (int64_t dim : llvm::reverse(order)) {
    unsigned loop = loopOf[dim];
    if (!overRows[loop])
      break;
    iterations *= llvm::divideCeil(ranges[loop], sizes[loop]);
    ++count;
  }
  return count < order.size() && iterations >= kMinRowTiles ? count : 0;
}

LogicalResult orchestra::tileContraction(RewriterBase &rewriter,
                                         func::FuncOp kernel, int64_t rows,
                                         int64_t columns) {
  linalg::LinalgOp contraction = findContraction(kernel);
  if (!contraction)
    return failure();
  if (!isa<linalg::GenericOp>(contraction)) {
    rewriter.setInsertionPoint(contraction);
    FailureOr<linalg::GenericOp> generic =
        linalg::generalizeNamedOp(rewriter, contraction);
    if (failed(generic))
      return failure();
    contraction = *generic;
  }
  TileDims dims = *getRegisterTileDims(contraction, /*ignoreStride=*/true);

  // The root: the last structured op; its loops over the result's dimensions.
  linalg::LinalgOp root = contraction;
  for (Operation &op : kernel.getBody().front())
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
      root = linalgOp;
  AffineMap outMap =
      contraction.getMatchingIndexingMap(contraction.getDpsInitOperand(0));
  SmallVector<unsigned> rootLoopOf(contraction.getNumLoops(), ~0u);
  for (auto [i, expr] : llvm::enumerate(outMap.getResults())) {
    unsigned loop = cast<AffineDimExpr>(expr).getPosition();
    rootLoopOf[loop] = root == contraction ? loop : i;
  }
  if (root != contraction &&
      (!isPointwise(root) || root.getNumLoops() != outMap.getNumResults()))
    return failure();

  SmallVector<int64_t> ranges = contraction.getStaticLoopRanges();
  // Upstream's tiling has no slices of nothing; plain loops do.
  if (llvm::is_contained(ranges, 0))
    return success();
  int64_t tileRows = 1;
  SmallVector<int64_t> spec{dims.row ? int64_t(*dims.row) : -1,
                            int64_t(dims.column)};
  if (dims.row) {
    int64_t size = ranges[*dims.row];
    tileRows = ShapedType::isDynamic(size) ? rows : chooseRows(size, rows);
    appendRowCounts(spec, size, tileRows);
  }

  rewriter.setInsertionPoint(root);
  SmallVector<OpFoldResult> sizes(root.getNumLoops(), rewriter.getIndexAttr(0));
  SmallVector<int64_t> tileSizes(contraction.getNumLoops(), 1);
  double flops = 2 * getReductionSize(contraction) * tileRows * columns;
  for (auto [loop, rootLoop] : llvm::enumerate(rootLoopOf)) {
    if (rootLoop == ~0u)
      continue;
    int64_t size = loop == dims.column             ? columns
                   : dims.row && loop == *dims.row ? tileRows
                                                   : 1;
    // A loop of one tile is none.
    tileSizes[loop] = size;
    if (!ShapedType::isDynamic(ranges[loop]) && ranges[loop] <= size)
      continue;
    sizes[rootLoop] = rewriter.getIndexAttr(size);
    if (dims.row && loop == *dims.row && ShapedType::isDynamic(ranges[loop]))
      sizes[rootLoop] = divideOpenRows(rewriter, root, rootLoop, size);
  }
  SmallVector<unsigned> loopOf; // forall dimension -> contraction loop
  for (auto [rootLoop, size] : llvm::enumerate(sizes))
    if (!isZeroInteger(size))
      loopOf.push_back(llvm::find(rootLoopOf, rootLoop) - rootLoopOf.begin());
  SmallVector<int64_t> order = orderLoops(contraction, dims, loopOf);
  unsigned split = countSplitLoops(contraction, dims, loopOf, order, tileSizes);
  for (int64_t dim : ArrayRef(order).drop_back(split ? split : order.size()))
    flops *= llvm::divideCeil(ranges[loopOf[dim]], tileSizes[loopOf[dim]]);

  auto generic = cast<linalg::GenericOp>(contraction.getOperation());
  contraction->setAttr(kRegisterTileAttrName,
                       rewriter.getDenseI64ArrayAttr(spec));
  contraction->setAttr(kColumnsAttrName, rewriter.getI64IntegerAttr(columns));

  if (loopOf.empty()) {
    readPackedOperands(rewriter, generic, columns);
    return success();
  }

  FailureOr<scf::ForallOp> tiled =
      tileAndFuseKernel(rewriter, kernel, root, sizes);
  if (failed(tiled))
    return failure();
  scf::ForallOp forall = *tiled;
  forall->setAttr(kLoopOrderAttrName, rewriter.getDenseI64ArrayAttr(order));
  if (split)
    forall->setAttr(kSplitDimsAttrName, rewriter.getI64IntegerAttr(split));
  forall->setAttr(kGrainAttrName, rewriter.getI64IntegerAttr(int64_t(
                                      std::ceil(kMinFlopsPerThread / flops))));
  SmallVector<linalg::GenericOp> inner;
  forall.walk([&](linalg::GenericOp op) {
    if (op->hasAttr(kRegisterTileAttrName))
      inner.push_back(op);
  });
  for (linalg::GenericOp op : inner)
    readPackedOperands(rewriter, op, columns);
  return success();
}
