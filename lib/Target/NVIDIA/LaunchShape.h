//===- LaunchShape.h - Iterations of a loop on threads ----------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_TARGET_NVIDIA_LAUNCHSHAPE_H
#define ORCHESTRA_LIB_TARGET_NVIDIA_LAUNCHSHAPE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"

namespace orchestra::nvidia {

/// How the iterations of a forall are spread: `inside` of them along each
/// dimension form a block, and as many blocks along each cover the dimension.
struct LaunchShape {
  llvm::SmallVector<int64_t> inside;
  mlir::OpFoldResult numBlocks;
  int64_t numThreads = 1;
  int64_t lanes = 1; ///< threads that share an iteration

  static LaunchShape ofOneThread(mlir::OpBuilder &builder, mlir::Location loc);
  /// The last dimension gets up to 32 threads (a warp reads contiguously), the
  /// one before gets the rest of the block; a short last dimension gives way.
  /// What is not constant is computed at the insertion point.
  static LaunchShape of(mlir::OpBuilder &builder, mlir::scf::ForallOp forall,
                        int64_t blockSize);
  /// Whether the number of blocks follows from sizes and numbers that the
  /// kernel is given, without what is in memory.
  bool isOnHost(mlir::func::FuncOp kernel) const;
};

/// Replaces `forall`, on the device, by its body, run by the threads that have
/// an iteration.
void distribute(mlir::IRRewriter &rewriter, mlir::scf::ForallOp forall,
                const LaunchShape &shape);

} // namespace orchestra::nvidia

#endif // ORCHESTRA_LIB_TARGET_NVIDIA_LAUNCHSHAPE_H
