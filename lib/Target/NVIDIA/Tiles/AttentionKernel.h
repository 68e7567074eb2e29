//===- AttentionKernel.h - Attention that tensor cores take -----*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_TARGET_NVIDIA_TILES_ATTENTIONKERNEL_H
#define ORCHESTRA_LIB_TARGET_NVIDIA_TILES_ATTENTIONKERNEL_H

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"

#include "mlir/IR/PatternMatch.h"

namespace orchestra::nvtile {

/// Why tensor cores do not take this attention; empty if they do.
std::string whyNotOnTiles(linalg_ext::AttentionOp op);

/// Replaces `op` by one whose rows, keys and columns are whole tiles, and a
/// slice of its result. Positions behind the operands' ends read as zeros.
linalg_ext::AttentionOp padToTiles(mlir::RewriterBase &rewriter,
                                   linalg_ext::AttentionOp op, int64_t rows,
                                   int64_t keys, int64_t columns);

/// Sizes of the loops, all of which are known.
mlir::SmallVector<int64_t> getStaticLoops(linalg_ext::AttentionOp op);

} // namespace orchestra::nvtile

#endif // ORCHESTRA_LIB_TARGET_NVIDIA_TILES_ATTENTIONKERNEL_H
