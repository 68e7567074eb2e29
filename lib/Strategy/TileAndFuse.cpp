//===- TileAndFuse.cpp - One loop around all ops of a kernel --------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What every tiling of a kernel shares once the sizes are chosen.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Strategy/Tiling.h"

#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace orchestra;

/// Puts what a tiled loop computes in the place of the ops it was made from.
/// Dimensions, on which the loop's bounds may depend, are read from the ops'
/// destinations instead; other users are moved behind the loop.
static void replaceTiledOps(RewriterBase &rewriter, func::FuncOp kernel,
                            const DenseMap<Value, Value> &replacements) {
  kernel.walk([&](tensor::DimOp dim) {
    Value shape = dim.getSource();
    while (auto op = shape.getDefiningOp<DestinationStyleOpInterface>())
      shape = op.getTiedOpOperand(cast<OpResult>(shape))->get();
    rewriter.modifyOpInPlace(dim,
                             [&] { dim.getSourceMutable().assign(shape); });
  });
  for (auto [original, replacement] : replacements)
    rewriter.replaceAllUsesWith(original, replacement);
  sortTopologically(&kernel.getBody().front());
}

FailureOr<scf::ForallOp>
orchestra::tileAndFuseKernel(RewriterBase &rewriter, func::FuncOp kernel,
                             linalg::LinalgOp root,
                             ArrayRef<OpFoldResult> sizes) {
  scf::SCFTileAndFuseOptions options;
  options.tilingOptions.setLoopType(scf::SCFTilingOptions::LoopType::ForallOp);
  options.tilingOptions.setTileSizes(sizes);
  SmallPtrSet<Operation *, 4> returned;
  for (Value value : kernel.getBody().front().getTerminator()->getOperands()) {
    // Padding is cut off again.
    if (auto slice = value.getDefiningOp<tensor::ExtractSliceOp>())
      value = slice.getSource();
    returned.insert(value.getDefiningOp());
  }
  options.setFusionControlFn(
      [&](tensor::ExtractSliceOp, OpResult producer,
          bool) -> std::optional<scf::SCFTileAndFuseOptions::ControlFnResult> {
        if (!isa<linalg::LinalgOp>(producer.getOwner()))
          return std::nullopt; // packed operands and views stay outside
        return scf::SCFTileAndFuseOptions::ControlFnResult{
            returned.contains(producer.getOwner())};
      });
  rewriter.setInsertionPoint(root);
  FailureOr<scf::SCFTileAndFuseResult> tiled =
      scf::tileConsumerAndFuseProducersUsingSCF(
          rewriter, cast<TilingInterface>(root.getOperation()), options);
  if (failed(tiled) || tiled->loops.empty())
    return failure();
  replaceTiledOps(rewriter, kernel, tiled->replacements);
  return cast<scf::ForallOp>(tiled->loops.front().getOperation());
}
