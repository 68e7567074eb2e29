//===- RegisterTileEmitter.h - One reduction in registers -------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the emitter behind the pass in RegisterTiles.cpp, which tells the idea.
//   How operands come into registers is in RegisterTileLoads.cpp.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_TARGET_CPU_REGISTERTILEEMITTER_H
#define ORCHESTRA_LIB_TARGET_CPU_REGISTERTILEEMITTER_H

#include "orchestra/Dialect/Orchestra/Kernels.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace orchestra::cpu {

/// Emits one reduction. Loops other than row, column and reductions are run
/// around it one by one (after tiling they are single iterations).
class RegisterTileEmitter {
public:
  RegisterTileEmitter(mlir::OpBuilder &builder, mlir::linalg::GenericOp op,
                      int64_t lanes)
      : b(builder), op(op), loc(op.getLoc()), lanes(lanes) {
    mlir::ArrayRef<int64_t> spec =
        op->getAttrOfType<mlir::DenseI64ArrayAttr>(kRegisterTileAttrName);
    if (spec[0] >= 0)
      rowDim = spec[0];
    columnDim = spec[1];
    rowCounts.assign(spec.begin() + 2, spec.end());
    columns = op->getAttrOfType<mlir::IntegerAttr>(kColumnsAttrName).getInt();
  }

  /// Whether every operand and body op has the form this emitter handles.
  mlir::LogicalResult check(mlir::StringRef &why);

  void emit();

private:
  /// A tile with this many rows and vectors, all known at compile time; the
  /// last vector is masked if `mask` is given for it.
  struct Tile {
    int64_t rows;
    mlir::SmallVector<mlir::Value> masks; // one per vector, null: all lanes
  };

  void emitParallel(unsigned dim);
  void emitRows(mlir::ArrayRef<mlir::Value> masks);
  void emitColumns();
  bool hasCaseForAll();
  void emitTile(const Tile &tile, mlir::Value firstRow);
  void emitReduction(const Tile &tile, unsigned next,
                     mlir::SmallVectorImpl<mlir::Value> &acc);
  void emitBody(const Tile &tile, mlir::SmallVectorImpl<mlir::Value> &acc);
  mlir::Value loadInput(mlir::OpOperand *input, int64_t row, int64_t vector,
                        mlir::Value mask);
  bool isStream(mlir::OpOperand *input);
  void prefetch(mlir::OpOperand *input, int64_t vector);
  mlir::SmallVector<mlir::Value> getIndices(mlir::OpOperand *operand,
                                            int64_t row, int64_t vector);
  mlir::Value getSize(unsigned dim);
  mlir::Value constant(int64_t value) {
    return mlir::arith::ConstantIndexOp::create(b, loc, value);
  }

  mlir::OpBuilder &b;
  mlir::linalg::GenericOp op;
  mlir::Location loc;
  int64_t lanes;
  std::optional<unsigned> rowDim;
  unsigned columnDim;
  mlir::SmallVector<int64_t> rowCounts;
  int64_t columns;
  mlir::SmallVector<unsigned> reductionDims;
  mlir::SmallVector<mlir::Value>
      ivs; // per loop; the row's is the tile's first row
};

} // namespace orchestra::cpu

#endif // ORCHESTRA_LIB_TARGET_CPU_REGISTERTILEEMITTER_H
