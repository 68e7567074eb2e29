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

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

#define GET_OP_CLASSES
#include "orchestra/Target/NVIDIA/TransformOps.cpp.inc"

/// Warpgroup instructions have 64 rows, 8 to 256 columns and 16 steps of k.
static std::string checkSizes(transform::TileWarpgroupsOp op) {
  if (op.getRows() % (64 * op.getConsumers()) != 0)
    return "rows must be a multiple of 64 for each consumer";
  if (op.getColumns() % 64 != 0 || op.getColumns() > 256)
    return "columns must be a multiple of 64 of at most 256";
  if (op.getDepth() % 64 != 0)
    return "depth must be a multiple of 64";
  return "";
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
  widenAccumulator(rewriter, *kernel);
  padToTiles(rewriter, function, *kernel, op.getRows(), op.getColumns(),
             op.getDepth());
  SmallVector<int64_t> sizes(kernel->root.getNumLoops(), 0);
  bool isContraction = kernel->root == kernel->contraction;
  sizes[isContraction ? kernel->m : 0] = op.getRows();
  sizes[isContraction ? kernel->n : 1] = op.getColumns();
  FailureOr<scf::ForallOp> forall =
      tileAndFuseKernel(rewriter, function, kernel->root, sizes);
  if (failed(forall) || failed(tileReduction(rewriter, *forall, op.getDepth())))
    return op.emitDefiniteFailure()
           << "could not tile kernel '" << function.getSymName() << "'";
  function->setAttr(kPolicyAttrName,
                    PolicyAttr::get(op.getContext(), op.getStages(),
                                    op.getConsumers(), op.getGroup(), blocks,
                                    op.getStoreBytes()));
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
