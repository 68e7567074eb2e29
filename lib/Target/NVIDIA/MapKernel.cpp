//===- MapKernel.cpp - One tile of the result per GPU thread --------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each op that is not computed with another is the root of a loop. Picks tile
// sizes that divide the result, one where its size is not known, then lets
// upstream's TilingInterface tile the root and fuse its producers. Which sizes
// is the only policy here; there is no sharing between threads yet (shared
// memory, tensor cores), and a row reduction belongs to one thread.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/NVIDIA/Passes.h"

#include "Rows.h"
#include "TileSizes.h"

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"
#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIAMAPKERNELPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvidia;

/// What keeps the multiprocessors of a large GPU busy.
static constexpr int64_t kFewThreads = 65536;

namespace {
/// What the producers of the root want of its loops.
struct Demands {
  /// Loops of the root along which a fused reduction would be repeated.
  llvm::SmallBitVector whole;
  /// A contraction will be fused in, or is the root.
  bool contraction = false;
};
} // namespace

/// Follows the root's loops into its producers through the indexing maps.
static Demands findDemands(linalg::LinalgOp root) {
  unsigned numLoops = root.getNumLoops();
  Demands demands{llvm::SmallBitVector(numLoops), false};
  // Per op: which loop of the root each of its loops is, or -1.
  llvm::MapVector<Operation *, SmallVector<int64_t>> loopsOf;
  SmallVector<int64_t> identity =
      llvm::to_vector(llvm::seq<int64_t>(0, numLoops));
  loopsOf[root] = identity;
  for (size_t next = 0; next < loopsOf.size(); ++next) {
    auto [op, loops] = *std::next(loopsOf.begin(), next);
    auto consumer = cast<linalg::LinalgOp>(op);
    SmallVector<int64_t> consumerLoops = loops; // The map may grow below.
    demands.contraction |= isContraction(consumer);
    if (consumer.getNumReductionLoops() > 0) {
      llvm::SmallBitVector covered(numLoops);
      for (int64_t loop : consumerLoops)
        if (loop >= 0)
          covered.set(loop);
      covered.flip();
      demands.whole |= covered;
    }
    for (OpOperand &operand : consumer->getOpOperands()) {
      auto producer = operand.get().getDefiningOp<linalg::LinalgOp>();
      if (!producer || loopsOf.contains(producer))
        continue;
      SmallVector<int64_t> producerLoops(producer.getNumLoops(), -1);
      AffineMap use = consumer.getMatchingIndexingMap(&operand);
      AffineMap def =
          producer.getIndexingMapMatchingResult(cast<OpResult>(operand.get()));
      for (auto [useExpr, defExpr] :
           llvm::zip_equal(use.getResults(), def.getResults()))
        if (auto useDim = dyn_cast<AffineDimExpr>(useExpr))
          if (auto defDim = dyn_cast<AffineDimExpr>(defExpr))
            producerLoops[defDim.getPosition()] =
                consumerLoops[useDim.getPosition()];
      loopsOf[producer] = producerLoops;
    }
  }
  return demands;
}

/// Tile sizes of the root's loops; 0 leaves a loop to the thread.
static SmallVector<int64_t> pickTileSizes(linalg::LinalgOp root,
                                          const Demands &demands,
                                          int64_t vectorBytes, int64_t rows) {
  SmallVector<int64_t> ranges = root.getStaticLoopRanges();
  SmallVector<utils::IteratorType> kinds = root.getIteratorTypesArray();
  SmallVector<int64_t> limits =
      tileLimits(root, vectorBytes, demands.contraction ? rows : 1);
  SmallVector<int64_t> sizes;
  for (auto [loop, range] : llvm::enumerate(ranges)) {
    bool split = kinds[loop] == utils::IteratorType::parallel &&
                 !demands.whole.test(loop);
    int64_t size = ShapedType::isDynamic(range) || range == 0
                       ? 1
                       : largestDivisor(range, limits[loop]);
    sizes.push_back(split ? size : 0);
  }
  return sizes;
}

/// Threads for tiles of these sizes, -1: not known.
static int64_t countThreads(linalg::LinalgOp root, ArrayRef<int64_t> sizes) {
  int64_t threads = 1;
  for (auto [size, range] :
       llvm::zip_equal(sizes, root.getStaticLoopRanges())) {
    if (ShapedType::isDynamic(range))
      return -1;
    threads *= size == 0 ? 1 : range / size;
  }
  return threads;
}

namespace {
struct NVIDIAMapKernelPass
    : public nvidia::impl::NVIDIAMapKernelPassBase<NVIDIAMapKernelPass> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr(kKernelAttrName) || kernel.isExternal())
      return;
    // From the results back: what an op needs is computed with it, and then
    // nobody else may need it any more.
    SmallVector<Operation *> ops;
    for (Operation &op : kernel.getBody().front())
      if (isa<linalg::LinalgOp, linalg_ext::LinalgExtOp>(op))
        ops.push_back(&op);
    for (Operation *op : llvm::reverse(ops)) {
      if (op->use_empty())
        continue;
      auto extended = dyn_cast<linalg_ext::LinalgExtOp>(op);
      if (failed(extended ? tileExtended(extended)
                          : tile(cast<linalg::LinalgOp>(op))))
        return signalPassFailure();
    }
    if (failed(cleanUp(kernel)))
      return signalPassFailure();
  }

private:
  LogicalResult tile(linalg::LinalgOp root);
  LogicalResult tileExtended(linalg_ext::LinalgExtOp op);
  LogicalResult cleanUp(func::FuncOp kernel);
};
} // namespace

/// Whether an op of `root`'s kernel reduces.
static bool reduces(linalg::LinalgOp root) {
  return llvm::any_of(
      root->getBlock()->getOps<linalg::LinalgOp>(),
      [](linalg::LinalgOp op) { return op.getNumReductionLoops() > 0; });
}

LogicalResult NVIDIAMapKernelPass::tile(linalg::LinalgOp root) {
  Demands demands = findDemands(root);
  SmallVector<int64_t> sizes =
      pickTileSizes(root, demands, vectorBytes, contractionRows);
  // Reuse is worth less than a GPU that is busy; a single row has no
  // multiply-add of vectors.
  for (int64_t r = contractionRows / 2;
       demands.contraction && r > 1 && countThreads(root, sizes) < kFewThreads;
       r /= 2)
    sizes = pickTileSizes(root, demands, vectorBytes, r);
  // So are wide accesses, where each thread has much to reduce.
  for (int64_t bytes = vectorBytes / 2;
       !demands.contraction && reduces(root) && bytes > 0 &&
       countThreads(root, sizes) < kFewThreads;
       bytes /= 2)
    sizes = pickTileSizes(root, demands, bytes, 1);
  llvm::SmallPtrSet<Operation *, 4> outside;
  auto rows = findRows(root, outside);
  if (rows) {
    sizes.assign(sizes.size(), 1);
    sizes.back() = 0;
  }
  int64_t threads = countThreads(root, sizes);
  auto options = remark::RemarkOpts::name("map-kernel").category("nvidia");
  Location loc = root.getLoc();
  if (llvm::all_of(sizes, [](int64_t size) { return size == 0; })) {
    remark::missed(loc, options)
        << "one thread computes the whole kernel"
        << remark::reason("no loop of the result can be split");
    return success();
  }

  scf::SCFTilingOptions tiling;
  tiling.setLoopType(scf::SCFTilingOptions::LoopType::ForallOp);
  tiling.setTileSizes(getAsIndexOpFoldResult(&getContext(), sizes));
  scf::SCFTileAndFuseOptions fusion;
  fusion.setTilingOptions(tiling);
  // What cannot be part of a row has a loop of its own.
  fusion.setFusionControlFn(
      [&](tensor::ExtractSliceOp, OpResult producer,
          bool) -> std::optional<scf::SCFTileAndFuseOptions::ControlFnResult> {
        if (outside.contains(producer.getOwner()))
          return std::nullopt;
        return scf::SCFTileAndFuseOptions::ControlFnResult{};
      });
  IRRewriter rewriter(&getContext());
  rewriter.setInsertionPoint(root);
  FailureOr<scf::SCFTileAndFuseResult> result =
      scf::tileConsumerAndFuseProducersUsingSCF(
          rewriter, cast<TilingInterface>(root.getOperation()), fusion);
  if (failed(result))
    return emitError(loc, "op cannot be tiled for NVIDIA "
                          "[unsupported-by-target]");
  if (rows && !result->loops.empty())
    result->loops.front()->setAttr(
        kRowsAttrName,
        rewriter.getDenseI64ArrayAttr({rows->first, rows->second}));
  for (OpResult value : root->getResults())
    if (Value replacement = result->replacements.lookup(value))
      rewriter.replaceAllUsesWith(value, replacement);
  remark::analysis(loc, options)
      << "tiled" << remark::metric("threads", threads);
  return success();
}

/// A thread for each iteration of the parallel loops, which does the others.
LogicalResult NVIDIAMapKernelPass::tileExtended(linalg_ext::LinalgExtOp op) {
  IRRewriter rewriter(&getContext());
  rewriter.setInsertionPoint(op);
  SmallVector<int64_t> sizes;
  int64_t threads = 1;
  bool isSplit = false;
  for (auto [loop, size] :
       llvm::enumerate(linalg_ext::getLoopSizes(op, rewriter))) {
    int64_t range = getConstantIntValue(size).value_or(ShapedType::kDynamic);
    bool split = range != 1 && range != 0 && op.canTile(loop) &&
                 op.getIterators()[loop] == utils::IteratorType::parallel;
    sizes.push_back(split ? 1 : 0);
    isSplit |= split;
    threads = ShapedType::isDynamic(range) || threads < 0 ? -1
              : split                                     ? threads * range
                                                          : threads;
  }
  auto options = remark::RemarkOpts::name("map-kernel").category("nvidia");
  if (!isSplit) {
    remark::missed(op.getLoc(), options)
        << "one thread computes the whole kernel"
        << remark::reason("no loop of the result can be split");
  } else {
    scf::SCFTilingOptions tiling;
    tiling.setLoopType(scf::SCFTilingOptions::LoopType::ForallOp);
    tiling.setTileSizes(getAsIndexOpFoldResult(&getContext(), sizes));
    scf::SCFTileAndFuseOptions fusion;
    fusion.setTilingOptions(tiling);
    FailureOr<scf::SCFTileAndFuseResult> tiled =
        scf::tileConsumerAndFuseProducersUsingSCF(
            rewriter, cast<TilingInterface>(op.getOperation()), fusion);
    if (failed(tiled))
      return emitError(op.getLoc(), "op cannot be tiled for NVIDIA "
                                    "[unsupported-by-target]");
    remark::analysis(op.getLoc(), options)
        << "tiled" << remark::metric("threads", threads);
    for (OpResult value : op->getResults())
      if (Value replacement = tiled->replacements.lookup(value))
        rewriter.replaceAllUsesWith(value, replacement);
    rewriter.eraseOp(op);
    op = cast<linalg_ext::LinalgExtOp>(tiled->tiledAndFusedOps.front());
  }
  rewriter.setInsertionPoint(op);
  FailureOr<SmallVector<Value>> values = op.lower(rewriter);
  if (failed(values))
    return failure();
  rewriter.replaceOp(op, *values);
  return success();
}

LogicalResult NVIDIAMapKernelPass::cleanUp(func::FuncOp kernel) {
  RewritePatternSet patterns =
      linalg::getLinalgTilingCanonicalizationPatterns(&getContext());
  tensor::populateFoldTensorEmptyPatterns(patterns);
  return applyPatternsGreedily(kernel, std::move(patterns));
}
