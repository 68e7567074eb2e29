//===- Kernels.h - What passes agree on about kernels -----------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Facts about a kernel function and its ops that more than one room needs:
// grouping (which ops share a kernel), strategies (how to tile it) and targets
// (how to lower the tile) must agree on them.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_ORCHESTRA_KERNELS_H
#define ORCHESTRA_DIALECT_ORCHESTRA_KERNELS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>

namespace orchestra {

/// String attribute on a kernel function: "contraction", "rows" or "copy".
constexpr llvm::StringLiteral kKindAttrName = "orchestra.kind";
/// i64 on a kernel on memrefs: how many of its last arguments it writes.
constexpr llvm::StringLiteral kNumOutputsAttrName = "orchestra.num_outputs";
/// Dense i64 array [row dim, column dim, row counts...] on a tiled reduction:
/// lower it with accumulators in registers. Row dim -1: none. The row counts
/// are those worth code of their own, the largest first; the number of columns
/// is in kColumnsAttrName.
constexpr llvm::StringLiteral kRegisterTileAttrName = "orchestra.register_tile";
constexpr llvm::StringLiteral kColumnsAttrName = "orchestra.columns";
/// Dense i64 array on an scf.forall: its dimensions from slowest to fastest.
constexpr llvm::StringLiteral kLoopOrderAttrName = "orchestra.loop_order";
/// i64 on an scf.forall: how many of its fastest dimensions are divided among
/// threads, each of which walks all of the others. Absent: all.
constexpr llvm::StringLiteral kSplitDimsAttrName = "orchestra.split_dims";
/// i64 on an scf.forall: the fewest iterations, of what is divided, worth a
/// thread.
constexpr llvm::StringLiteral kGrainAttrName = "orchestra.grain";

/// The two parallel loops of a reduction that a register tile spans.
struct TileDims {
  /// Innermost loop of the result, read or written with unit stride, or absent
  /// from each operand.
  unsigned column;
  /// Another parallel loop, over whose iterations loads of the column operands
  /// are reused. Absent if the result has one dimension.
  std::optional<unsigned> row;
};

/// Whether `op` is a reduction over windows or a contraction (matmul,
/// convolution, pooling, depthwise convolution), one result, whose innermost
/// result dimension is a parallel loop that every input either reads along its
/// own innermost dimension or does not depend on. `ignoreStride`: inputs may
/// depend on it in any one dimension (they will be packed).
std::optional<TileDims> getRegisterTileDims(mlir::linalg::LinalgOp op,
                                            bool ignoreStride = false);

/// Whether all loops are parallel, the op has tensor semantics and each result
/// is indexed by the identity or a permutation.
bool isPointwise(mlir::linalg::LinalgOp op);

/// How many leading loops of `op` run along the leading dimensions of both
/// `operand` and all results: loop i is dimension i of each and is used nowhere
/// else in their maps.
unsigned getAlignedDims(mlir::linalg::LinalgOp op, mlir::OpOperand *operand);

} // namespace orchestra

#endif // ORCHESTRA_DIALECT_ORCHESTRA_KERNELS_H
