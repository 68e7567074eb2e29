//===- Distributor.h - Tiles in registers to the threads --------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_TARGET_NVIDIA_TILES_DISTRIBUTOR_H
#define ORCHESTRA_LIB_TARGET_NVIDIA_TILES_DISTRIBUTOR_H

#include "FragmentReads.h"

#include "orchestra/Target/NVIDIA/Tiles.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"

namespace orchestra::nvtile {

/// Whether values of this type are spread over threads: tiles, and a number for
/// each row of one.
inline bool isFragment(mlir::Type type) {
  auto vector = mlir::dyn_cast<mlir::VectorType>(type);
  return vector && (vector.getRank() == 2 ||
                    (vector.getRank() == 1 && vector.getDimSize(0) >= 64));
}

/// Whether a fragment is a number for each row.
inline bool isOfRows(mlir::Type type) {
  return mlir::cast<mlir::VectorType>(type).getRank() == 1;
}

/// Replaces the fragments of one consumer by registers.
class Distributor {
public:
  Distributor(mlir::Block &entry, int64_t consumers)
      : entry(&entry), consumers(consumers),
        builder(mlir::OpBuilder::atBlockBegin(&entry)),
        warpgroup(WarpgroupOp::create(builder, entry.getParentOp()->getLoc(),
                                      builder.getIndexType())) {}

  mlir::LogicalResult distribute(mlir::Block &block);
  void eraseOld() {
    for (mlir::Operation *op : old)
      op->dropAllReferences();
    for (mlir::Operation *op : llvm::reverse(old))
      op->erase();
  }

private:
  mlir::LogicalResult distribute(mlir::Operation &op);
  mlir::LogicalResult distributeLoop(mlir::scf::ForOp loop);
  mlir::LogicalResult distributeMma(MmaOp op);
  void distributeTurn(mlir::Operation &op);
  mlir::LogicalResult distributeSum(SumClusterOp op);
  mlir::LogicalResult distributeReduction(mlir::vector::MultiDimReductionOp op);
  void distributeRepeat(RepeatOp op);
  void distributePosition(PositionOp op);
  mlir::LogicalResult distributeSlice(mlir::vector::ExtractStridedSliceOp op);
  mlir::LogicalResult distributeElementwise(mlir::Operation &op);
  mlir::Value multiplyRegisters(mlir::Location loc, mlir::Type group,
                                mlir::Value sums,
                                mlir::ArrayRef<mlir::Value> pairs,
                                mlir::Value right, mlir::Type element,
                                int64_t columns, bool transposed);
  mlir::SmallVector<mlir::Value> asPairs(mlir::Location loc,
                                         mlir::Value fragment);
  /// Registers that all hold `value`.
  mlir::SmallVector<mlir::Value>
  repeat(mlir::Location loc, mlir::VectorType type, mlir::Value value);

  /// Rows that a thread knows, two of each 64.
  int64_t countRows(mlir::Type fragment) {
    return mlir::cast<mlir::VectorType>(fragment).getDimSize(0) / consumers /
           64 * 2;
  }
  int64_t countPairs(mlir::Type fragment) {
    return mlir::cast<mlir::VectorType>(fragment).getNumElements() / consumers /
           128 / 2;
  }
  mlir::SmallVector<mlir::Type> getRegisterTypes(mlir::Type fragment) {
    mlir::Type element =
        mlir::cast<mlir::VectorType>(fragment).getElementType();
    if (isOfRows(fragment))
      return mlir::SmallVector<mlir::Type>(countRows(fragment), element);
    if (isWord(element))
      return mlir::SmallVector<mlir::Type>(2 * countPairs(fragment), element);
    return mlir::SmallVector<mlir::Type>(countPairs(fragment),
                                         mlir::VectorType::get({2}, element));
  }
  void keep(mlir::Value fragment, mlir::ValueRange values) {
    registers[fragment] = llvm::to_vector(values);
  }

  mlir::Block *entry;
  int64_t consumers;
  mlir::OpBuilder builder;
  mlir::Value warpgroup;
  mlir::DenseMap<mlir::Value, mlir::SmallVector<mlir::Value>> registers;
  mlir::SmallVector<mlir::Operation *> old;
};

} // namespace orchestra::nvtile

#endif // ORCHESTRA_LIB_TARGET_NVIDIA_TILES_DISTRIBUTOR_H
