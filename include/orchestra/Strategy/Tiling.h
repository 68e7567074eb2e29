//===- Tiling.h - How kernels are tiled -------------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_STRATEGY_TILING_H
#define ORCHESTRA_STRATEGY_TILING_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/PatternMatch.h"

namespace orchestra {

/// Tiles `kernel` into register tiles of at most `rows` x `columns` around its
/// reduction, as transform.orchestra.tile_contraction says. Fails, leaving the
/// kernel as it was, if it has no such reduction.
llvm::LogicalResult tileContraction(mlir::RewriterBase &rewriter,
                                    mlir::func::FuncOp kernel, int64_t rows,
                                    int64_t columns);

/// Tiles `kernel` along the leading dimensions that its ops share, as
/// transform.orchestra.tile_rows says. A kernel whose ops share none is left
/// as it is: one iteration does it all.
llvm::LogicalResult tileRows(mlir::RewriterBase &rewriter,
                             mlir::func::FuncOp kernel, int64_t elements);

/// Puts what a tiled loop computes in the place of the ops it was made from.
/// Dimensions, on which the loop's bounds may depend, are read from the ops'
/// destinations instead; other users are moved behind the loop.
void replaceTiledOps(
    mlir::RewriterBase &rewriter, mlir::func::FuncOp kernel,
    const llvm::DenseMap<mlir::Value, mlir::Value> &replacements);

} // namespace orchestra

#endif // ORCHESTRA_STRATEGY_TILING_H
