//===- FragmentReads.h - Reads of global memory into fragments --*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_NVIDIA_TILES_FRAGMENTREADS_H
#define ORCHESTRA_TARGET_NVIDIA_TILES_FRAGMENTREADS_H

#include "orchestra/Target/NVIDIA/Tiles.h"

#include "mlir/IR/Builders.h"

namespace orchestra::nvtile {

/// Whether registers hold elements of this type one by one.
inline bool isWord(mlir::Type element) {
  return element.isIndex() || element.isInteger(1) ||
         element.getIntOrFloatBitWidth() == 32;
}

/// What a thread of consumer `warpgroup` holds of the tile that `op` reads, in
/// the order of wgmma's accumulators.
llvm::SmallVector<mlir::Value> readFragment(mlir::OpBuilder &builder, ReadOp op,
                                            mlir::Value warpgroup,
                                            int64_t consumers);

/// Lowers `op` to stores of each thread's pairs, those in bounds.
void storeDirectly(StoreFragmentOp op);

} // namespace orchestra::nvtile

#endif // ORCHESTRA_TARGET_NVIDIA_TILES_FRAGMENTREADS_H
