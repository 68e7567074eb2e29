//===- TileParallel.cpp - linalg_ext ops on several threads ---------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scans, sorts, scatters: what is sequential along one loop is independent
// along the others.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/LinalgExt/LinalgExt.h"
#include "orchestra/Dialect/Orchestra/Kernels.h"
#include "orchestra/Strategy/Tiling.h"

#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"

using namespace mlir;
using namespace orchestra;
using linalg_ext::LinalgExtOp;

/// Dynamic sizes count as this many iterations.
static constexpr double kDynamicGuess = 256;

/// A tile of the innermost loop is a multiple of this: long runs in memory.
static constexpr int64_t kInnerUnit = 512;

static LogicalResult tileOp(RewriterBase &rewriter, LinalgExtOp op,
                            int64_t operations) {
  rewriter.setInsertionPoint(op);
  SmallVector<int64_t> ranges;
  for (OpFoldResult size : linalg_ext::getLoopSizes(op, rewriter))
    ranges.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  // Upstream's tiling has no slices of nothing; plain loops do.
  if (llvm::is_contained(ranges, 0))
    return success();
  SmallVector<double> tile;
  for (auto [loop, range] : llvm::enumerate(ranges)) {
    double guess = ShapedType::isDynamic(range) ? kDynamicGuess : double(range);
    tile.push_back(op.canTile(loop) && op.getIterators()[loop] ==
                                           utils::IteratorType::parallel
                       ? 1
                       : guess);
  }
  // Inner loops whole, then part of one, then outer ones by one.
  double work = std::max(1.0, op.countWork(tile));
  SmallVector<int64_t> sizes(ranges.size(), 0);
  bool full = false;
  for (int64_t loop = int64_t(ranges.size()) - 1; loop >= 0; --loop) {
    if (!op.canTile(loop) ||
        op.getIterators()[loop] != utils::IteratorType::parallel ||
        ranges[loop] == 1)
      continue;
    double range = ShapedType::isDynamic(ranges[loop]) ? kDynamicGuess
                                                       : double(ranges[loop]);
    if (full) {
      sizes[loop] = 1;
      continue;
    }
    full = ShapedType::isDynamic(ranges[loop]) ||
           work * range > double(operations);
    if (!full) {
      work *= range;
      continue;
    }
    auto part = int64_t(std::ceil(double(operations) / work));
    if (loop + 1 == int64_t(ranges.size()))
      part = int64_t(llvm::alignTo(part, kInnerUnit));
    if (ShapedType::isDynamic(ranges[loop]) || part < ranges[loop]) {
      sizes[loop] = part;
      work *= double(part);
    } else {
      work *= range;
    }
  }
  if (llvm::all_of(sizes, [](int64_t size) { return size == 0; }))
    return success();
  scf::SCFTilingOptions options;
  options.setLoopType(scf::SCFTilingOptions::LoopType::ForallOp);
  options.setTileSizes(getAsIndexOpFoldResult(op->getContext(), sizes));
  FailureOr<scf::SCFTilingResult> tiled = scf::tileUsingSCF(
      rewriter, cast<TilingInterface>(op.getOperation()), options);
  if (failed(tiled))
    return failure();
  rewriter.replaceOp(op, tiled->replacements);
  tiled->loops.front()->setAttr(kGrainAttrName,
                                rewriter.getI64IntegerAttr(std::max<int64_t>(
                                    1, int64_t(double(operations) / work))));
  return success();
}

LogicalResult orchestra::tileParallel(RewriterBase &rewriter,
                                      func::FuncOp kernel, int64_t operations) {
  SmallVector<LinalgExtOp> ops;
  kernel.walk([&](LinalgExtOp op) { ops.push_back(op); });
  for (LinalgExtOp op : ops)
    if (failed(tileOp(rewriter, op, operations)))
      return failure();
  return success();
}
