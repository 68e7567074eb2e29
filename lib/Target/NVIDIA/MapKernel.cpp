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
    SmallVector<linalg::LinalgOp> ops(
        kernel.getBody().front().getOps<linalg::LinalgOp>());
    for (linalg::LinalgOp op : llvm::reverse(ops))
      if (!op->use_empty() && failed(tile(op)))
        return signalPassFailure();
    if (failed(cleanUp(kernel)))
      return signalPassFailure();
  }

private:
  LogicalResult tile(linalg::LinalgOp root);
  LogicalResult cleanUp(func::FuncOp kernel);
};
} // namespace

LogicalResult NVIDIAMapKernelPass::tile(linalg::LinalgOp root) {
  Demands demands = findDemands(root);
  SmallVector<int64_t> sizes =
      pickTileSizes(root, demands, vectorBytes, contractionRows);
  auto rows = findRows(root);
  if (rows) {
    sizes.assign(sizes.size(), 1);
    sizes.back() = 0;
  }
  int64_t threads = 1;
  for (auto [size, range] : llvm::zip_equal(sizes, root.getStaticLoopRanges()))
    threads = ShapedType::isDynamic(range) || threads < 0 ? -1
              : size == 0 ? threads
                          : threads * (range / size);
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

LogicalResult NVIDIAMapKernelPass::cleanUp(func::FuncOp kernel) {
  RewritePatternSet patterns =
      linalg::getLinalgTilingCanonicalizationPatterns(&getContext());
  tensor::populateFoldTensorEmptyPatterns(patterns);
  return applyPatternsGreedily(kernel, std::move(patterns));
}
