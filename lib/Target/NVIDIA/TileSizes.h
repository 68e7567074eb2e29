//===- TileSizes.h - Sizes of thread and vector tiles -----------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The two passes that tile must agree: a thread's tile is a whole number of
// vectors.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_TARGET_NVIDIA_TILESIZES_H
#define ORCHESTRA_LIB_TARGET_NVIDIA_TILESIZES_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace orchestra::nvidia {

/// The largest divisor of `size` that is at most `limit`, at least 1.
int64_t largestDivisor(int64_t size, int64_t limit);

/// Whether `op` multiplies two inputs and adds up the products, so that tiles
/// of several rows and columns reuse what they load.
bool isContraction(mlir::linalg::LinalgOp op);

/// The largest useful tile of each loop of `op`: `vectorBytes` along the last
/// dimension of its (first) result, `rows` along the one before, as many as a
/// vector holds along the innermost reduction, 1 elsewhere.
llvm::SmallVector<int64_t> tileLimits(mlir::linalg::LinalgOp op,
                                      int64_t vectorBytes, int64_t rows);

} // namespace orchestra::nvidia

#endif // ORCHESTRA_LIB_TARGET_NVIDIA_TILESIZES_H
