//===- MatmulKernel.h - Contractions that tensor cores take -----*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_NVIDIA_TILES_MATMULKERNEL_H
#define ORCHESTRA_TARGET_NVIDIA_TILES_MATMULKERNEL_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"

namespace orchestra::nvtile {

/// A kernel around one contraction of two dimensions, or a batch of them.
struct MatmulKernel {
  mlir::linalg::LinalgOp contraction;
  /// The last op; the contraction itself, or a pointwise op.
  mlir::linalg::LinalgOp root;
  /// Loops of the contraction.
  unsigned m, n, k;
  std::optional<unsigned> batch; ///< the first loop, if there is one

  int64_t getRank() const { return batch ? 3 : 2; } ///< of the buffers
};

/// Finds out whether `kernel` is one that tiles of `rows` x `columns` serve; if
/// not, `reason` says why.
llvm::FailureOr<MatmulKernel> matchMatmulKernel(mlir::func::FuncOp kernel,
                                                std::string &reason);

/// Makes the contraction accumulate in f32; a result of fewer bits is rounded
/// once, behind it.
void widenAccumulator(mlir::RewriterBase &rewriter, MatmulKernel &kernel);

/// Pads all dimensions of a kernel to multiples of tiles.
void padToTiles(mlir::RewriterBase &rewriter, mlir::func::FuncOp function,
                MatmulKernel &kernel, int64_t rows, int64_t columns,
                int64_t depth);

/// Whether a tensor map can describe a buffer of this type.
bool hasTensorMap(mlir::Type type, int64_t rank);

/// `value` with zeros behind its elements, up to `shape`.
mlir::Value padTo(mlir::RewriterBase &rewriter, mlir::Location loc,
                  mlir::Value value, mlir::ArrayRef<int64_t> shape);

} // namespace orchestra::nvtile

#endif // ORCHESTRA_TARGET_NVIDIA_TILES_MATMULKERNEL_H
