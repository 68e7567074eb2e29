//===- Kernels.cpp - What passes agree on about kernels -------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/Kernels.h"

using namespace mlir;
using namespace orchestra;

std::optional<TileDims> orchestra::getRegisterTileDims(linalg::LinalgOp op,
                                                       bool ignoreStride) {
  if (op.getNumDpsInits() != 1 || op.getNumReductionLoops() == 0 ||
      op.getNumParallelLoops() == 0)
    return std::nullopt;
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (!out.isProjectedPermutation() || out.getNumResults() == 0)
    return std::nullopt;
  auto columnExpr = dyn_cast<AffineDimExpr>(out.getResults().back());
  if (!columnExpr)
    return std::nullopt;
  unsigned column = columnExpr.getPosition();
  // A reduction along the innermost dimension of its only operand (a sum over
  // rows) has no columns: it is tiled by rows instead.
  bool hasColumns = op.getNumDpsInputs() > 1;
  bool strided = false, reused = false;
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    hasColumns |=
        !map.isProjectedPermutation() ||
        (map.getNumResults() > 0 && map.getResults().back() == columnExpr);
    if (!map.isFunctionOfDim(column)) {
      reused |= map.getNumResults() > 0;
      continue;
    }
    unsigned uses = llvm::count_if(map.getResults(), [&](AffineExpr expr) {
      return expr.isFunctionOfDim(column);
    });
    if (uses != 1)
      return std::nullopt;
    strided |= map.getResults().back() != columnExpr;
  }
  // Packing an operand pays only if another one is reused over the columns.
  if (!hasColumns || (strided && !(ignoreStride && reused)))
    return std::nullopt;
  // Rows: the innermost other result dimension over which an operand that runs
  // along the columns is reused; if there is none, just the innermost.
  TileDims dims{column, std::nullopt};
  for (unsigned i = out.getNumResults() - 1; i-- > 0;) {
    unsigned loop = cast<AffineDimExpr>(out.getResult(i)).getPosition();
    bool reusedOverLoop =
        llvm::any_of(op.getDpsInputOperands(), [&](OpOperand *input) {
          AffineMap map = op.getMatchingIndexingMap(input);
          return map.isFunctionOfDim(column) && !map.isFunctionOfDim(loop);
        });
    if (reusedOverLoop) {
      dims.row = loop;
      return dims;
    }
    if (!dims.row)
      dims.row = loop;
  }
  return dims;
}

bool orchestra::isPointwise(linalg::LinalgOp op) {
  return op.hasPureTensorSemantics() &&
         op.getNumParallelLoops() == op.getNumLoops() &&
         llvm::all_of(op.getDpsInitsMutable(), [&](OpOperand &init) {
           return op.getMatchingIndexingMap(&init).isPermutation();
         });
}

unsigned orchestra::getAlignedDims(linalg::LinalgOp op, OpOperand *operand) {
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  auto aligned = [&](OpOperand *tensor, unsigned dim) {
    AffineMap map = op.getMatchingIndexingMap(tensor);
    if (dim >= map.getNumResults())
      return false;
    for (auto [i, expr] : llvm::enumerate(map.getResults())) {
      bool isDim = expr == getAffineDimExpr(dim, op.getContext());
      if (i == dim ? !isDim : expr.isFunctionOfDim(dim))
        return false;
    }
    return true;
  };
  unsigned depth = 0;
  for (; depth < op.getNumLoops(); ++depth) {
    if (!linalg::isParallelIterator(iterators[depth]) ||
        !aligned(operand, depth))
      break;
    if (!llvm::all_of(op.getDpsInitsMutable(),
                      [&](OpOperand &init) { return aligned(&init, depth); }))
      break;
  }
  return depth;
}
