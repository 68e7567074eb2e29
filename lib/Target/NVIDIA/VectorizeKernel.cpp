//===- VectorizeKernel.cpp - A thread's tile as vectors in registers ------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tiles what is still larger than a vector (reductions, whole rows) with loops,
// vectorizes, then removes the tensors between: transfers forward into each
// other, and a reduction's accumulator becomes a loop-carried vector.
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
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIAVECTORIZEKERNELPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvidia;

/// Splits the loops of `op` that are longer than a vector tile; returns the op
/// on one tile, which is `op` itself if none is.
static FailureOr<Operation *> tileToVectors(IRRewriter &rewriter,
                                            linalg::LinalgOp op,
                                            int64_t vectorBytes,
                                            int64_t contractionRows) {
  SmallVector<int64_t> limits = tileLimits(op, vectorBytes, contractionRows);
  if (isContraction(
          op)) // A square of registers feeds rows x lanes accumulators.
    for (auto [limit, kind] :
         llvm::zip_equal(limits, op.getIteratorTypesArray()))
      if (kind == utils::IteratorType::reduction)
        limit = std::min(limit, contractionRows);
  SmallVector<int64_t> sizes;
  bool split = false;
  for (auto [range, limit] :
       llvm::zip_equal(op.getStaticLoopRanges(), limits)) {
    if (ShapedType::isDynamic(range) || range == 0)
      return failure();
    int64_t size = largestDivisor(range, limit);
    split |= size != range;
    sizes.push_back(size == range ? 0 : size);
  }
  if (!split)
    return op.getOperation();
  scf::SCFTilingOptions options;
  options.setTileSizes(getAsIndexOpFoldResult(op->getContext(), sizes));
  rewriter.setInsertionPoint(op);
  FailureOr<scf::SCFTilingResult> result = scf::tileUsingSCF(
      rewriter, cast<TilingInterface>(op.getOperation()), options);
  if (failed(result) || result->tiledOps.size() != 1)
    return failure();
  rewriter.replaceOp(op, result->replacements);
  return result->tiledOps.front();
}

/// Folds slices into transfers and gives contractions and transfers the forms
/// that forward into each other.
static LogicalResult simplify(func::FuncOp kernel) {
  MLIRContext *ctx = kernel.getContext();
  RewritePatternSet patterns =
      linalg::getLinalgTilingCanonicalizationPatterns(ctx);
  tensor::populateFoldTensorEmptyPatterns(patterns);
  tensor::populateFoldTensorSubsetIntoVectorTransferPatterns(patterns);
  vector::populateVectorReductionToContractPatterns(patterns);
  vector::populateVectorTransferPermutationMapLoweringPatterns(patterns);
  vector::populateCastAwayVectorLeadingOneDimPatterns(patterns);
  vector::TransferReadOp::getCanonicalizationPatterns(patterns, ctx);
  vector::TransferWriteOp::getCanonicalizationPatterns(patterns, ctx);
  vector::ContractionOp::getCanonicalizationPatterns(patterns, ctx);
  scf::ForOp::getCanonicalizationPatterns(patterns, ctx);
  return applyPatternsGreedily(kernel, std::move(patterns));
}

/// Reductions of whole rows, of one dimension with several elements, become
/// reductions of vectors with one dimension.
static void flattenReductions(IRRewriter &rewriter, func::FuncOp kernel) {
  SmallVector<vector::MultiDimReductionOp> reductions;
  kernel.walk([&](vector::MultiDimReductionOp op) {
    auto loop = op->getParentOfType<scf::ForallOp>();
    auto rows = loop ? loop->getAttrOfType<DenseI64ArrayAttr>(kRowsAttrName)
                     : DenseI64ArrayAttr();
    if (rows && op.getSourceVectorType().getNumElements() == rows[1])
      reductions.push_back(op);
  });
  for (vector::MultiDimReductionOp op : reductions) {
    Location loc = op.getLoc();
    rewriter.setInsertionPoint(op);
    VectorType type = op.getSourceVectorType();
    Value row = op.getSource();
    auto flat = VectorType::get(type.getNumElements(), type.getElementType());
    if (flat != type)
      row = vector::ShapeCastOp::create(rewriter, loc, flat, row);
    Value before = op.getAcc();
    auto result = dyn_cast<VectorType>(op.getType());
    if (result)
      before = vector::ExtractOp::create(
          rewriter, loc, before, SmallVector<int64_t>(result.getRank(), 0));
    Value reduced =
        vector::ReductionOp::create(rewriter, loc, op.getKind(), row, before);
    if (result)
      reduced = vector::BroadcastOp::create(rewriter, loc, result, reduced);
    rewriter.replaceOp(op, reduced);
  }
}

namespace {
struct NVIDIAVectorizeKernelPass
    : public nvidia::impl::NVIDIAVectorizeKernelPassBase<
          NVIDIAVectorizeKernelPass> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr(kKernelAttrName) || kernel.isExternal())
      return;
    vectorizeOps(kernel);
    IRRewriter rewriter(&getContext());
    flattenReductions(rewriter, kernel);
    if (failed(simplify(kernel)))
      return signalPassFailure();
    // Equal index computations must be one value for subsets to match.
    DominanceInfo dominance(kernel);
    eliminateCommonSubExpressions(rewriter, dominance, kernel);
    SmallVector<scf::ForOp> loops;
    kernel.walk([&](scf::ForOp loop) { loops.push_back(loop); });
    for (scf::ForOp loop : loops)
      (void)hoistLoopInvariantSubsets(
          rewriter, cast<LoopLikeOpInterface>(loop.getOperation()));
    if (failed(simplify(kernel)))
      return signalPassFailure();
  }

private:
  void vectorizeOps(func::FuncOp kernel) {
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::LinalgOp> ops;
    kernel.walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    auto options = remark::RemarkOpts::name("vectorize").category("nvidia");
    for (linalg::LinalgOp op : ops) {
      Location loc = op.getLoc();
      // A row is one vector until its lanes are known.
      auto loop = op->getParentOfType<scf::ForallOp>();
      bool isOfRow = loop && loop->hasAttr(kRowsAttrName);
      FailureOr<Operation *> tile =
          isOfRow ? op.getOperation()
                  : tileToVectors(rewriter, op, vectorBytes, contractionRows);
      if (succeeded(tile)) {
        rewriter.setInsertionPoint(*tile);
        FailureOr<linalg::VectorizationResult> result =
            linalg::vectorize(rewriter, *tile);
        if (succeeded(result)) {
          rewriter.replaceOp(*tile, result->replacements);
          continue;
        }
      }
      remark::missed(loc, options)
          << "op stays scalar"
          << remark::reason("upstream's vectorizer refuses it");
    }
  }
};
} // namespace
