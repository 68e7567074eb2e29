//===- TileAttention.cpp - Strategies' op for attention -------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A thread block has a block of query rows of one head and walks over blocks of
// keys, with running maxima and sums in registers. Rows, keys and columns are
// padded to whole tiles first; keys that the padding added are hidden.
//
//===----------------------------------------------------------------------===//
#include "AttentionKernel.h"

#include "orchestra/Dialect/LinalgExt/Decompose.h"
#include "orchestra/Strategy/Tiling.h"
#include "orchestra/Target/NVIDIA/Tiles.h"
#include "orchestra/Target/NVIDIA/TransformOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;
using linalg_ext::AttentionOp;
using linalg_ext::AttentionUpdateOp;

/// Columns of a tile are panels of 128 bytes, of elements of 16 bits.
static constexpr int64_t kColumns = 64;
/// Keys of a tile are a multiple of this many.
static constexpr int64_t kKeyUnit = 64;
/// Columns of the result from which on a thread has no registers for as many
/// scores: half of the keys are taken at a time.
static constexpr int64_t kWideColumns = 128;

namespace {
struct AttentionTile {
  int64_t rows, keys, stages, consumers;
};
} // namespace

static constexpr int64_t kTileFields = 4;

static std::string checkTile(const AttentionTile &tile) {
  if (tile.rows != 64 * tile.consumers)
    return "rows must be 64 for each consumer";
  if (tile.keys % kKeyUnit != 0 || tile.keys > 256)
    return "keys must be a multiple of 64 of at most 256";
  return "";
}

/// The op of a kernel around nothing but attention; null if it is another.
static AttentionOp getAttention(func::FuncOp kernel, std::string &reason) {
  AttentionOp found;
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    if (auto attention = dyn_cast<AttentionOp>(op); attention && !found) {
      found = attention;
      continue;
    }
    if (!isa<tensor::EmptyOp, tensor::ExtractSliceOp>(op) &&
        !op.hasTrait<OpTrait::ConstantLike>()) {
      reason = "it holds " + op.getName().getStringRef().str();
      return nullptr;
    }
  }
  if (!found) {
    reason = "there is no attention";
    return nullptr;
  }
  reason = whyNotOnTiles(found);
  Operation *terminator = kernel.getBody().front().getTerminator();
  if (reason.empty() && (terminator->getNumOperands() != 1 ||
                         terminator->getOperand(0) != found.getResult(0)))
    reason = "it does not return its attention alone";
  return reason.empty() ? found : nullptr;
}

/// Blocks of rows of all heads.
static int64_t countTiles(AttentionOp op, int64_t rows) {
  SmallVector<int64_t> sizes = getStaticLoops(op);
  int64_t tiles = llvm::divideCeil(sizes[op.getRowLoop()], rows);
  for (int64_t size : ArrayRef(sizes).take_front(op.getRowLoop()))
    tiles *= size;
  return tiles;
}

/// Makes a parallel loop over heads and blocks of rows, in it one over blocks
/// of keys.
static LogicalResult tile(RewriterBase &rewriter, AttentionOp op,
                          const AttentionTile &tile) {
  SmallVector<int64_t> sizes = getStaticLoops(op);
  int64_t numKeys = sizes[op.getKeyLoop()];
  int64_t keys = std::min(tile.keys, int64_t(llvm::alignTo(numKeys, kKeyUnit)));
  if (sizes[op.getColumnLoop()] > kWideColumns)
    keys = std::min(keys, tile.keys / 2);
  op = padToTiles(rewriter, op, tile.rows, keys, kColumns);

  SmallVector<int64_t> tiles(sizes.size(), 0);
  for (unsigned loop = 0; loop < op.getRowLoop(); ++loop)
    tiles[loop] = 1;
  tiles[op.getRowLoop()] = tile.rows;
  scf::SCFTilingOptions options;
  options.setLoopType(scf::SCFTilingOptions::LoopType::ForallOp);
  options.setTileSizes(getAsIndexOpFoldResult(op.getContext(), tiles));
  rewriter.setInsertionPoint(op);
  FailureOr<scf::SCFTilingResult> tiled = scf::tileUsingSCF(
      rewriter, cast<TilingInterface>(op.getOperation()), options);
  if (failed(tiled))
    return failure();
  rewriter.replaceOp(op, tiled->replacements);
  AttentionOp block =
      dropUnitLoops(rewriter, cast<AttentionOp>(tiled->tiledOps.front()));
  FailureOr<AttentionUpdateOp> update =
      walkKeys(rewriter, block, keys, /*wholeBlocks=*/true);
  if (failed(update))
    return failure();
  linalg_ext::AttentionLayout layout;
  layout.ownTypes = true;
  layout.powersOfTwo = true;
  rewriter.setInsertionPoint(*update);
  if (numKeys % keys != 0) {
    auto loop = (*update)->getParentOfType<scf::ForOp>();
    Location loc = update->getLoc();
    layout.numKeys = arith::SubIOp::create(
        rewriter, loc, arith::ConstantIndexOp::create(rewriter, loc, numKeys),
        loop.getInductionVar());
  }
  return linalg_ext::decompose(rewriter, *update, layout);
}

static DiagnosedSilenceableFailure
tileKernel(transform::NVIDIATileAttentionOp op, RewriterBase &rewriter,
           Operation *target, int64_t blocks,
           ArrayRef<AttentionTile> alternatives) {
  auto kernel = dyn_cast<func::FuncOp>(target);
  if (!kernel)
    return op.emitSilenceableError()
           << "needs a kernel function, but was given '" << target->getName()
           << "'";
  std::string reason;
  AttentionOp attention = getAttention(kernel, reason);
  if (!attention) {
    remark::missed(
        kernel.getLoc(),
        remark::RemarkOpts::name("tile-attention").category("nvidia"))
        << "the kernel does not use tensor cores"
        << remark::reason("{0}", reason);
    return DiagnosedSilenceableFailure::success();
  }
  // The first tiles that keep all multiprocessors busy, else the last.
  AttentionTile chosen = alternatives.back();
  for (const AttentionTile &other : alternatives)
    if (countTiles(attention, other.rows) >= blocks) {
      chosen = other;
      break;
    }
  bool isCausal = attention.getPast() != nullptr;
  // Every row sees a key, so every block has a step.
  bool overlap =
      op.getOverlap() &&
      (!isCausal || getConstantIntValue(attention.getPast()).value_or(-1) >= 0);
  int64_t tiles = countTiles(attention, chosen.rows);
  int64_t storeBytes = kPanelBytes;
  if (failed(tile(rewriter, attention, chosen)))
    return op.emitDefiniteFailure()
           << "could not tile kernel '" << kernel.getSymName() << "'";
  kernel->setAttr(kPolicyAttrName,
                  PolicyAttr::get(op.getContext(), chosen.stages,
                                  chosen.consumers, op.getGroup(), tiles,
                                  storeBytes, isCausal, /*split=*/1, overlap));
  return DiagnosedSilenceableFailure::success();
}

DiagnosedSilenceableFailure
transform::NVIDIATileAttentionOp::apply(transform::TransformRewriter &rewriter,
                                        transform::TransformResults &,
                                        transform::TransformState &state) {
  SmallVector<AttentionTile> tiles{{int64_t(getRows()), int64_t(getKeys()),
                                    int64_t(getStages()),
                                    int64_t(getConsumers())}};
  if (ArrayAttr others = getAlternativesAttr())
    for (Attribute other : others) {
      auto fields = dyn_cast<DenseI64ArrayAttr>(other);
      if (!fields || fields.size() != kTileFields ||
          llvm::any_of(fields.asArrayRef(), [](int64_t n) { return n <= 0; }))
        return emitDefiniteFailure()
               << "an alternative is four positive numbers: rows, keys, "
                  "stages, consumers";
      tiles.push_back({fields[0], fields[1], fields[2], fields[3]});
    }
  for (const AttentionTile &tile : tiles)
    if (std::string wrong = checkTile(tile); !wrong.empty())
      return emitDefiniteFailure() << wrong;
  ArrayRef<Attribute> params = state.getParams(getBlocks());
  auto blocks = params.size() == 1 ? dyn_cast<IntegerAttr>(params[0]) : nullptr;
  if (!blocks || blocks.getInt() <= 0)
    return emitDefiniteFailure() << "blocks must be one positive integer";
  for (Operation *target : state.getPayloadOps(getTarget())) {
    DiagnosedSilenceableFailure result =
        tileKernel(*this, rewriter, target, blocks.getInt(), tiles);
    if (!result.succeeded())
      return result;
  }
  return DiagnosedSilenceableFailure::success();
}

void transform::NVIDIATileAttentionOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  onlyReadsHandle(getTargetMutable(), effects);
  onlyReadsHandle(getBlocksMutable(), effects);
  modifiesPayload(effects);
}
