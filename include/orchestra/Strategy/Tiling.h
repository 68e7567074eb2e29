//===- Tiling.h - How kernels are tiled -------------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_STRATEGY_TILING_H
#define ORCHESTRA_STRATEGY_TILING_H

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
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

/// Sizes of the blocks that attention is divided into.
struct AttentionTiles {
  /// Query rows of one thread's block, and keys of one step.
  int64_t queries, keys;
  /// Register tile of both products.
  int64_t rows, columns;
};

/// Makes one kernel of attention, as transform.orchestra.tile_attention says. A
/// kernel without attention is left as it is.
llvm::LogicalResult tileAttention(mlir::RewriterBase &rewriter,
                                  mlir::func::FuncOp kernel,
                                  const AttentionTiles &tiles);

/// Removes leading loops of one iteration, but for one. Returns the new op.
linalg_ext::AttentionOp dropUnitLoops(mlir::RewriterBase &rewriter,
                                      linalg_ext::AttentionOp op);

/// Makes a loop over blocks of keys out of `op`. Returns the update inside.
/// With `wholeBlocks` every block is whole: the number of keys is a multiple of
/// it.
mlir::FailureOr<linalg_ext::AttentionUpdateOp>
walkKeys(mlir::RewriterBase &rewriter, linalg_ext::AttentionOp op,
         int64_t block, bool wholeBlocks = false);

/// Divides the linalg_ext ops of `kernel` among threads, as
/// transform.orchestra.tile_parallel says.
llvm::LogicalResult tileParallel(mlir::RewriterBase &rewriter,
                                 mlir::func::FuncOp kernel, int64_t operations);

/// A slice worth a thread takes at least this many floating-point operations:
/// about 2 us of one core's work, several times the cost of waking a thread.
constexpr double kMinFlopsPerThread = 2e5;

/// The row count of a tile for `size` rows of which at most `limit` fit the
/// registers: a divisor if one is at least four fifths of the limit, else the
/// most even split.
int64_t chooseRows(int64_t size, int64_t limit);

/// Appends to a kernel's register tile which row counts get code of their own,
/// for `size` rows in tiles of `rows`: those that come, or all that may come if
/// the size is dynamic. Few rows are as many rows' time if they are not one
/// tile.
void appendRowCounts(llvm::SmallVectorImpl<int64_t> &spec, int64_t size,
                     int64_t rows);

/// Tiles `root`, the last op of `kernel`, by `sizes` (one per loop, 0: not
/// tiled, at least one is) into an scf.forall, fuses all structured producers
/// into it, and returns the loop. Values that the kernel returns besides the
/// root's are computed by the loop too.
llvm::FailureOr<mlir::scf::ForallOp>
tileAndFuseKernel(mlir::RewriterBase &rewriter, mlir::func::FuncOp kernel,
                  mlir::linalg::LinalgOp root,
                  llvm::ArrayRef<mlir::OpFoldResult> sizes);
inline llvm::FailureOr<mlir::scf::ForallOp>
tileAndFuseKernel(mlir::RewriterBase &rewriter, mlir::func::FuncOp kernel,
                  mlir::linalg::LinalgOp root, llvm::ArrayRef<int64_t> sizes) {
  return tileAndFuseKernel(
      rewriter, kernel, root,
      mlir::getAsIndexOpFoldResult(kernel.getContext(), sizes));
}

} // namespace orchestra

#endif // ORCHESTRA_STRATEGY_TILING_H
