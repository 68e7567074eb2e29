//===- TileRows.cpp - Row tiles of reductions and elementwise ops ---------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Softmax, norms, reductions and elementwise kernels: a slice of rows goes
// through all ops of the kernel before the next one starts.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/Kernels.h"
#include "orchestra/Strategy/Tiling.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace orchestra;

/// Dynamic dimensions count as this many elements.
static constexpr int64_t kDynamicDimGuess = 256;

/// Leading loops of `root` along which all its results run in order.
static unsigned getLeadingResultDims(linalg::LinalgOp root) {
  unsigned depth = root.getNumLoops();
  for (OpOperand &init : root.getDpsInitsMutable())
    depth = std::min(depth, getAlignedDims(root, &init));
  return depth;
}

LogicalResult orchestra::tileRows(RewriterBase &rewriter, func::FuncOp kernel,
                                  int64_t elements) {
  linalg::LinalgOp root;
  SmallVector<linalg::LinalgOp> ops;
  for (Operation &op : kernel.getBody().front())
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
      root = linalgOp;
      ops.push_back(linalgOp);
    }
  if (!root)
    return success();
  // Upstream's tiling has no slices of nothing; plain loops do.
  for (linalg::LinalgOp op : ops)
    if (llvm::is_contained(op.getStaticLoopRanges(), 0))
      return success();
  unsigned depth = getLeadingResultDims(root);
  for (linalg::LinalgOp op : ops)
    for (OpOperand &operand : op->getOpOperands()) {
      Operation *producer = operand.get().getDefiningOp();
      if (isa_and_nonnull<linalg::LinalgOp>(producer) &&
          !isa<linalg::FillOp>(producer))
        depth = std::min(depth, getAlignedDims(op, &operand));
    }
  // Tile no deeper than it takes to make an iteration small enough: an
  // iteration has a cost, and inner dimensions are traversed fastest whole.
  SmallVector<int64_t> ranges = root.getStaticLoopRanges();
  unsigned rank = root.getNumLoops();
  int64_t innerSize = 1;
  unsigned wanted = rank;
  while (wanted > 0) {
    int64_t range = ShapedType::isDynamic(ranges[wanted - 1])
                        ? kDynamicDimGuess
                        : ranges[wanted - 1];
    // Always keep one dimension inside, if the kernel has more than one. Values
    // between ops of one iteration must stay small: no more dynamic ones.
    bool dynamic = ShapedType::isDynamic(ranges[wanted - 1]);
    if ((innerSize * range > elements || dynamic) && wanted < rank)
      break;
    innerSize *= range;
    --wanted;
  }
  depth = std::min(depth, wanted);
  SmallVector<int64_t> sizes(rank, 0);
  if (depth == 0) {
    // One dimension, or nothing shared: a flat loop is cut into slices only if
    // it is the kernel's only work.
    if (ops.size() != 1 || getLeadingResultDims(root) == 0 ||
        (!ShapedType::isDynamic(ranges[0]) && innerSize <= elements))
      return success();
    sizes[0] = std::max<int64_t>(
        1, elements / std::max<int64_t>(
                          1, innerSize / std::max<int64_t>(
                                             1, ShapedType::isDynamic(ranges[0])
                                                    ? kDynamicDimGuess
                                                    : ranges[0])));
    innerSize = elements;
  }
  for (unsigned dim = 0; dim < depth; ++dim)
    sizes[dim] = ranges[dim] == 1 ? 0 : 1; // a loop of one tile is none
  if (llvm::all_of(sizes, [](int64_t size) { return size == 0; }))
    return success();

  FailureOr<scf::ForallOp> forall =
      tileAndFuseKernel(rewriter, kernel, root, sizes);
  if (failed(forall))
    return failure();
  int64_t work = std::max<int64_t>(1, innerSize * int64_t(ops.size()));
  (*forall)->setAttr(
      kGrainAttrName,
      rewriter.getI64IntegerAttr(std::max<int64_t>(1, elements / work)));
  return success();
}
