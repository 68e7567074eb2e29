//===- TileWarpgroups.cpp - Strategies' op for tensor cores ---------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Padding comes before tiling, so that every tile is whole: a slice of a padded
// argument is a load that reads zeros outside of the buffer, which the copy
// engine does by itself, and a slice of the result is a store that leaves them
// out.
//
//===----------------------------------------------------------------------===//
#include "MatmulKernel.h"

#include "orchestra/Strategy/Tiling.h"
#include "orchestra/Target/NVIDIA/Tiles.h"
#include "orchestra/Target/NVIDIA/TransformOps.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

#define GET_OP_CLASSES
#include "orchestra/Target/NVIDIA/TransformOps.cpp.inc"

namespace {
/// A tile of the result and how it is made.
struct Tile {
  int64_t rows, columns, stages, consumers, storeBytes;
  int64_t split = 1; ///< blocks that share a tile's reduction
};
} // namespace

static constexpr size_t kTileFields = 5;
static constexpr size_t kCosts = 4;
/// Columns of a wgmma are a multiple of this many.
static constexpr int64_t kColumnUnit = 8;
/// Shared memory of a block on every GPU with clusters, and what barriers take.
static constexpr int64_t kMaxSharedBytes = 232448, kBarrierBytes = 1024;

/// The op's tile, then its alternatives.
static SmallVector<Tile> getTiles(transform::TileWarpgroupsOp op) {
  SmallVector<Tile> tiles{{static_cast<int64_t>(op.getRows()),
                           static_cast<int64_t>(op.getColumns()),
                           static_cast<int64_t>(op.getStages()),
                           static_cast<int64_t>(op.getConsumers()),
                           static_cast<int64_t>(op.getStoreBytes())}};
  if (ArrayAttr others = op.getAlternativesAttr())
    for (auto other : others.getAsRange<DenseI64ArrayAttr>())
      tiles.push_back({other[0], other[1], other[2], other[3], other[4]});
  return tiles;
}

/// Warpgroup instructions have 64 rows, 8 to 256 columns and 16 steps of k.
static std::string checkSizes(transform::TileWarpgroupsOp op) {
  if (ArrayAttr others = op.getAlternativesAttr()) {
    for (Attribute other : others) {
      auto fields = dyn_cast<DenseI64ArrayAttr>(other);
      if (!fields || fields.size() != int64_t(kTileFields) ||
          llvm::any_of(fields.asArrayRef(), [](int64_t n) { return n <= 0; }))
        return "an alternative is five positive numbers: rows, columns, "
               "stages, consumers, store_bytes";
    }
    auto costs = op.getCosts();
    if (!costs || costs->size() != kCosts ||
        llvm::any_of(*costs, [](int64_t n) { return n <= 0; }))
      return "alternatives need four positive costs";
  }
  if (auto splits = op.getSplits())
    if (llvm::any_of(*splits,
                     [](int64_t n) { return n <= 0 || n > kMaxCluster; }))
      return "splits must be from 1 to 8";
  for (const Tile &tile : getTiles(op)) {
    if (tile.rows % (64 * tile.consumers) != 0)
      return "rows must be a multiple of 64 for each consumer";
    if (tile.columns % 64 != 0 || tile.columns > 256)
      return "columns must be a multiple of 64 of at most 256";
  }
  if (op.getDepth() % 64 != 0)
    return "depth must be a multiple of 64";
  return "";
}

/// Cycles until all tiles of a product are done: rounds over the
/// multiprocessors, each as long as a tile's steps, which take what computing
/// or what reading takes, whichever is more.
static int64_t estimate(const Tile &tile, const MatmulKernel &kernel,
                        int64_t depth, int64_t blocks,
                        ArrayRef<int64_t> costs) {
  linalg::LinalgOp op = kernel.contraction;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  int64_t bytes =
      getElementTypeOrSelf(op.getDpsInputs()[0]).getIntOrFloatBitWidth() / 8;
  int64_t tiles = llvm::divideCeil(ranges[kernel.m], tile.rows) *
                  llvm::divideCeil(ranges[kernel.n], tile.columns);
  if (kernel.batch)
    tiles *= ranges[*kernel.batch];
  int64_t rounds = llvm::divideCeil(tiles * tile.split, blocks);
  int64_t step = std::max(
      llvm::divideCeil(tile.rows * tile.columns * depth, costs[0]),
      llvm::divideCeil((tile.rows + tile.columns) * depth * bytes, costs[1]));
  int64_t steps = llvm::divideCeil(ranges[kernel.k], depth * tile.split);
  return rounds * (steps * step + costs[2]) + (tile.split > 1 ? costs[3] : 0);
}

/// Whether a cluster can share the reduction of a tile: all run at once, each
/// has steps to do, and what they exchange fits beside the stages.
static bool canSplit(const Tile &tile, const MatmulKernel &kernel,
                     int64_t depth, int64_t blocks) {
  linalg::LinalgOp op = kernel.contraction;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  int64_t tiles = llvm::divideCeil(ranges[kernel.m], tile.rows) *
                  llvm::divideCeil(ranges[kernel.n], tile.columns);
  if (kernel.batch)
    tiles *= ranges[*kernel.batch];
  int64_t bytes =
      getElementTypeOrSelf(op.getDpsInputs()[0]).getIntOrFloatBitWidth() / 8;
  int64_t shared = tile.stages * (tile.rows + tile.columns) * depth * bytes +
                   tile.rows * (tile.columns * 4 + tile.storeBytes) +
                   kBarrierBytes;
  return tiles * tile.split <= blocks && shared <= kMaxSharedBytes &&
         ranges[kernel.k] >= depth * tile.split * 2 &&
         tile.columns % (tile.split * kColumnUnit) == 0;
}

static Tile chooseTile(transform::TileWarpgroupsOp op,
                       const MatmulKernel &kernel, int64_t blocks) {
  SmallVector<Tile> tiles = getTiles(op);
  if (tiles.size() == 1)
    return tiles.front();
  if (auto splits = op.getSplits())
    for (Tile tile : SmallVector<Tile>(tiles))
      for (int64_t split : *splits) {
        tile.split = split;
        if (split > 1 && canSplit(tile, kernel, op.getDepth(), blocks))
          tiles.push_back(tile);
      }
  return *llvm::min_element(tiles, [&](const Tile &a, const Tile &b) {
    return estimate(a, kernel, op.getDepth(), blocks, *op.getCosts()) <
           estimate(b, kernel, op.getDepth(), blocks, *op.getCosts());
  });
}

/// One product of the batch at a time: what is in the loop loses the dimension.
static LogicalResult dropBatch(RewriterBase &rewriter, scf::ForallOp forall) {
  MLIRContext *ctx = forall.getContext();
  SmallVector<linalg::LinalgOp> named;
  forall.walk([&](linalg::LinalgOp op) {
    if (!isa<linalg::GenericOp, linalg::FillOp>(op))
      named.push_back(op);
  });
  for (linalg::LinalgOp op : named) {
    rewriter.setInsertionPoint(op);
    if (failed(linalg::generalizeNamedOp(rewriter, op)))
      return failure();
  }
  RewritePatternSet patterns(ctx);
  linalg::ControlDropUnitDims options;
  options.rankReductionStrategy =
      linalg::ControlDropUnitDims::RankReductionStrategy::ExtractInsertSlice;
  linalg::populateFoldUnitExtentDimsPatterns(patterns, options);
  tensor::populateMergeConsecutiveInsertExtractSlicePatterns(patterns);
  tensor::ExtractSliceOp::getCanonicalizationPatterns(patterns, ctx);
  tensor::InsertSliceOp::getCanonicalizationPatterns(patterns, ctx);
  tensor::populateFoldTensorEmptyPatterns(patterns);
  linalg::populateSwapExtractSliceWithFillPatterns(patterns);
  return applyPatternsGreedily(forall->getParentOfType<func::FuncOp>(),
                               std::move(patterns));
}

/// Splits the reduction of the contraction in `kernel`'s loop.
static LogicalResult tileReduction(RewriterBase &rewriter, scf::ForallOp forall,
                                   int64_t depth) {
  linalg::LinalgOp contraction;
  forall.walk([&](linalg::LinalgOp op) {
    if (op.getNumReductionLoops() > 0)
      contraction = op;
  });
  if (!contraction)
    return failure();
  SmallVector<int64_t> sizes;
  for (utils::IteratorType kind : contraction.getIteratorTypesArray())
    sizes.push_back(kind == utils::IteratorType::reduction ? depth : 0);
  scf::SCFTilingOptions options;
  options.setTileSizes(getAsIndexOpFoldResult(rewriter.getContext(), sizes));
  rewriter.setInsertionPoint(contraction);
  FailureOr<scf::SCFTilingResult> tiled = scf::tileUsingSCF(
      rewriter, cast<TilingInterface>(contraction.getOperation()), options);
  if (failed(tiled))
    return failure();
  rewriter.replaceOp(contraction, tiled->replacements);
  return success();
}

/// Tiles one kernel.
static DiagnosedSilenceableFailure tileKernel(transform::TileWarpgroupsOp op,
                                              RewriterBase &rewriter,
                                              Operation *target,
                                              int64_t blocks) {
  auto function = dyn_cast<func::FuncOp>(target);
  if (!function)
    return op.emitSilenceableError()
           << "needs a kernel function, but was given '" << target->getName()
           << "'";

  std::string reason;
  FailureOr<MatmulKernel> kernel = matchMatmulKernel(function, reason);
  if (failed(kernel)) {
    remark::missed(
        function.getLoc(),
        remark::RemarkOpts::name("tile-warpgroups").category("nvidia"))
        << "the kernel does not use tensor cores"
        << remark::reason("{0}", reason);
    return DiagnosedSilenceableFailure::success();
  }
  Tile tile = chooseTile(op, *kernel, blocks);
  widenAccumulator(rewriter, *kernel);
  padToTiles(rewriter, function, *kernel, tile.rows, tile.columns,
             op.getDepth());
  SmallVector<int64_t> sizes(kernel->root.getNumLoops(), 0);
  bool isContraction = kernel->root == kernel->contraction;
  unsigned first = kernel->batch ? 1 : 0;
  sizes[isContraction ? kernel->m : first] = tile.rows;
  sizes[isContraction ? kernel->n : first + 1] = tile.columns;
  if (kernel->batch)
    sizes[0] = 1;
  FailureOr<scf::ForallOp> forall =
      tileAndFuseKernel(rewriter, function, kernel->root, sizes);
  if (succeeded(forall) && kernel->batch &&
      failed(dropBatch(rewriter, *forall)))
    forall = failure();
  if (failed(forall) || failed(tileReduction(rewriter, *forall, op.getDepth())))
    return op.emitDefiniteFailure()
           << "could not tile kernel '" << function.getSymName() << "'";
  function->setAttr(kPolicyAttrName,
                    PolicyAttr::get(op.getContext(), tile.stages,
                                    tile.consumers, op.getGroup(), blocks,
                                    tile.storeBytes, /*reversed=*/false,
                                    tile.split, /*overlap=*/false));
  return DiagnosedSilenceableFailure::success();
}

DiagnosedSilenceableFailure
transform::TileWarpgroupsOp::apply(transform::TransformRewriter &rewriter,
                                   transform::TransformResults &,
                                   transform::TransformState &state) {
  std::string wrong = checkSizes(*this);
  if (!wrong.empty())
    return emitDefiniteFailure() << wrong;
  ArrayRef<Attribute> params = state.getParams(getBlocks());
  auto blocks = params.size() == 1 ? dyn_cast<IntegerAttr>(params[0]) : nullptr;
  if (!blocks || blocks.getInt() <= 0)
    return emitDefiniteFailure() << "blocks must be one positive integer";
  for (Operation *target : state.getPayloadOps(getTarget())) {
    DiagnosedSilenceableFailure result =
        tileKernel(*this, rewriter, target, blocks.getInt());
    if (!result.succeeded())
      return result;
  }
  return DiagnosedSilenceableFailure::success();
}

void transform::TileWarpgroupsOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  onlyReadsHandle(getTargetMutable(), effects);
  onlyReadsHandle(getBlocksMutable(), effects);
  modifiesPayload(effects);
}

namespace {
class NVIDIATransformExtension
    : public transform::TransformDialectExtension<NVIDIATransformExtension> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(NVIDIATransformExtension)
  void init() {
    declareGeneratedDialect<NVTileDialect>();
    declareGeneratedDialect<scf::SCFDialect>();
    declareGeneratedDialect<tensor::TensorDialect>();
    registerTransformOps<
#define GET_OP_LIST
#include "orchestra/Target/NVIDIA/TransformOps.cpp.inc"
        >();
  }
};
} // namespace

void orchestra::nvtile::registerTransformOps(DialectRegistry &registry) {
  registry.addExtensions<NVIDIATransformExtension>();
}
