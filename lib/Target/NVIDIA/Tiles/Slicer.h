//===- Slicer.h - Columns of what a tile is computed from -------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_TARGET_NVIDIA_TILES_SLICER_H
#define ORCHESTRA_LIB_TARGET_NVIDIA_TILES_SLICER_H

#include "orchestra/Target/NVIDIA/Tiles.h"

#include "mlir/IR/Builders.h"

namespace orchestra::nvtile {

/// Computes `width` columns of tiles, `from` one on, by ops on as many columns.
class Slicer {
public:
  Slicer(mlir::OpBuilder &builder, mlir::OpFoldResult from, int64_t width)
      : builder(builder), from(from), width(width) {}

  /// Says what the slice of `whole` is.
  void know(mlir::Value whole, mlir::Value part) { known[whole] = part; }

  /// The slice; null if `from` is not constant and something that `value` is
  /// computed from has no form on fewer columns.
  mlir::Value slice(mlir::Value value);

  /// `column` plus `from`.
  mlir::Value move(mlir::Location loc, mlir::Value column);

private:
  mlir::VectorType narrow(mlir::Type type);
  mlir::Value sliceRead(ReadOp op);

  mlir::OpBuilder &builder;
  mlir::OpFoldResult from;
  int64_t width;
  mlir::DenseMap<mlir::Value, mlir::Value> known;
};

/// Stores the slice that `slicer` gives of what `op` stores; false, with
/// nothing stored, if there is none.
bool storeSlice(mlir::OpBuilder &builder, StoreOp op, Slicer &slicer);

/// Erases what computes `value` and has no other use.
void eraseUnused(mlir::Value value);

} // namespace orchestra::nvtile

#endif // ORCHESTRA_LIB_TARGET_NVIDIA_TILES_SLICER_H
