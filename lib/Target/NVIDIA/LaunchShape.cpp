//===- LaunchShape.cpp - Iterations of a loop on threads ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "LaunchShape.h"

#include "Rows.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvidia;

/// How often each dimension of the loop runs.
static SmallVector<OpFoldResult> getTrips(OpBuilder &builder,
                                          scf::ForallOp forall) {
  Location loc = forall.getLoc();
  AffineExpr lower, upper, step;
  bindSymbols(builder.getContext(), lower, upper, step);
  SmallVector<OpFoldResult> trips;
  for (auto [first, end, stride] :
       llvm::zip_equal(forall.getMixedLowerBound(), forall.getMixedUpperBound(),
                       forall.getMixedStep()))
    trips.push_back(affine::makeComposedFoldedAffineApply(
        builder, loc, (upper - lower).ceilDiv(step), {first, end, stride}));
  return trips;
}

/// Blocks along each dimension.
static SmallVector<OpFoldResult> getBlocks(OpBuilder &builder, Location loc,
                                           ArrayRef<OpFoldResult> trips,
                                           ArrayRef<int64_t> inside) {
  AffineExpr trip = builder.getAffineSymbolExpr(0);
  SmallVector<OpFoldResult> blocks;
  for (auto [count, width] : llvm::zip_equal(trips, inside))
    blocks.push_back(affine::makeComposedFoldedAffineApply(
        builder, loc, trip.ceilDiv(width), count));
  return blocks;
}

LaunchShape LaunchShape::ofOneThread(OpBuilder &builder, Location loc) {
  LaunchShape shape;
  shape.numBlocks = builder.getIndexAttr(1);
  return shape;
}

LaunchShape LaunchShape::of(OpBuilder &builder, scf::ForallOp forall,
                            int64_t blockSize) {
  Location loc = forall.getLoc();
  LaunchShape shape;
  SmallVector<OpFoldResult> trips = getTrips(builder, forall);
  int64_t rank = trips.size();
  if (auto rows = forall->getAttrOfType<DenseI64ArrayAttr>(kRowsAttrName)) {
    shape.lanes = rows[0];
    blockSize = std::max<int64_t>(blockSize / shape.lanes, 1);
  }
  shape.inside.assign(rank, 1);
  int64_t widest = rank == 1 ? blockSize : std::min<int64_t>(32, blockSize);
  for (int64_t dim = rank - 1; dim >= std::max<int64_t>(0, rank - 2); --dim) {
    int64_t room = dim == rank - 1 ? widest : blockSize / shape.numThreads;
    std::optional<int64_t> trip = getConstantIntValue(trips[dim]);
    shape.inside[dim] =
        trip ? std::min<int64_t>(
                   llvm::PowerOf2Ceil(std::max<int64_t>(*trip, 1)), room)
             : room;
    shape.numThreads *= shape.inside[dim];
  }
  shape.numThreads *= shape.lanes;
  AffineExpr a, b;
  bindSymbols(builder.getContext(), a, b);
  shape.numBlocks = builder.getIndexAttr(1);
  for (OpFoldResult blocks : getBlocks(builder, loc, trips, shape.inside))
    shape.numBlocks = affine::makeComposedFoldedAffineApply(
        builder, loc, a * b, {shape.numBlocks, blocks});
  return shape;
}

bool LaunchShape::isOnHost(func::FuncOp kernel) const {
  SmallVector<Value> open;
  if (auto value = dyn_cast<Value>(numBlocks))
    open.push_back(value);
  llvm::SmallPtrSet<Value, 16> seen;
  while (!open.empty()) {
    Value value = open.pop_back_val();
    Operation *def = value.getDefiningOp();
    if (!def || !seen.insert(value).second)
      continue;
    if (isa<memref::LoadOp>(def))
      return false;
    llvm::append_range(open, def->getOperands());
  }
  return true;
}

void orchestra::nvidia::distribute(IRRewriter &rewriter, scf::ForallOp forall,
                                   const LaunchShape &shape) {
  Location loc = forall.getLoc();
  rewriter.setInsertionPoint(forall);
  SmallVector<OpFoldResult> trips = getTrips(rewriter, forall);
  Value block = gpu::BlockIdOp::create(rewriter, loc, gpu::Dimension::x);
  Value thread = gpu::ThreadIdOp::create(rewriter, loc, gpu::Dimension::x);
  auto split = [&](Value id, ArrayRef<OpFoldResult> basis) {
    return affine::AffineDelinearizeIndexOp::create(rewriter, loc, id, basis)
        .getResults();
  };
  auto blocks = split(block, getBlocks(rewriter, loc, trips, shape.inside));
  SmallVector<int64_t> inside = shape.inside;
  inside.push_back(shape.lanes); // The fastest.
  auto threads =
      split(thread, getAsIndexOpFoldResult(rewriter.getContext(), inside));
  AffineExpr d0, d1, first, step;
  bindDims(rewriter.getContext(), d0, d1);
  bindSymbols(rewriter.getContext(), first, step);
  SmallVector<Value> ivs;
  Value guard;
  for (size_t dim = 0; dim < trips.size(); ++dim) {
    int64_t width = shape.inside[dim];
    OpFoldResult number = affine::makeComposedFoldedAffineApply(
        rewriter, loc, d0 * width + d1,
        {OpFoldResult(blocks[dim]), OpFoldResult(threads[dim])});
    AffineExpr n = rewriter.getAffineDimExpr(0);
    ivs.push_back(getValueOrCreateConstantIndexOp(
        rewriter, loc,
        affine::makeComposedFoldedAffineApply(
            rewriter, loc, AffineMap::get(1, 2, n * step + first),
            {number, forall.getMixedLowerBound()[dim],
             forall.getMixedStep()[dim]})));
    std::optional<int64_t> trip = getConstantIntValue(trips[dim]);
    if (trip && *trip % width == 0)
      continue;
    Value has = arith::CmpIOp::create(
        rewriter, loc, arith::CmpIPredicate::slt,
        getValueOrCreateConstantIndexOp(rewriter, loc, number),
        getValueOrCreateConstantIndexOp(rewriter, loc, trips[dim]));
    guard = guard ? arith::AndIOp::create(rewriter, loc, guard, has).getResult()
                  : has;
  }
  rewriter.eraseOp(forall.getTerminator());
  if (guard) {
    auto branch = scf::IfOp::create(rewriter, loc, guard);
    rewriter.inlineBlockBefore(forall.getBody(),
                               branch.thenBlock()->getTerminator(), ivs);
  } else {
    rewriter.inlineBlockBefore(forall.getBody(), forall, ivs);
  }
  rewriter.eraseOp(forall);
}
