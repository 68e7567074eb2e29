//===- Converter.h - From linalg on tensors to tiles ------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_TARGET_NVIDIA_TILES_CONVERTER_H
#define ORCHESTRA_LIB_TARGET_NVIDIA_TILES_CONVERTER_H

#include "orchestra/Target/NVIDIA/Tiles.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

namespace orchestra::nvtile {

/// A place in a buffer: an index for each of its dimensions, of which the
/// tensor has `dims`. With `windows`, in the matrix that the buffer is read as.
struct View {
  mlir::Value buffer;
  mlir::SmallVector<mlir::Value> indices;
  mlir::SmallVector<int64_t> dims;
  WindowsAttr windows = nullptr;
};

/// Converts one kernel, in one walk in program order. A tensor is one of two
/// things: a view, or a fragment, a tile computed in registers.
class Converter {
public:
  Converter(mlir::func::FuncOp source, mlir::OpBuilder &builder)
      : source(source), builder(builder) {}

  /// The function on buffers, or failure with an error emitted.
  mlir::FailureOr<mlir::func::FuncOp> run();

private:
  mlir::LogicalResult convert(mlir::Operation &op);
  mlir::LogicalResult convertBody(mlir::Block &block);
  mlir::LogicalResult convertForall(mlir::scf::ForallOp op);
  mlir::LogicalResult convertFor(mlir::scf::ForOp op);
  mlir::LogicalResult convertSlice(mlir::tensor::ExtractSliceOp op);
  mlir::LogicalResult convertPad(mlir::tensor::PadOp op);
  mlir::LogicalResult convertCollapse(mlir::tensor::CollapseShapeOp op);
  mlir::LogicalResult convertIm2col(Im2colOp op);
  View getWhole(mlir::Value buffer);
  View getCollapsed(mlir::Location loc, const View &view,
                    mlir::ArrayRef<mlir::ReassociationIndices> groups);
  mlir::LogicalResult convertInsert(mlir::tensor::InsertSliceOp op);
  mlir::LogicalResult convertInsert(mlir::tensor::ParallelInsertSliceOp op);
  // Structured ops: StructuredToTiles.cpp.
  mlir::LogicalResult convertFill(mlir::linalg::FillOp op);
  mlir::LogicalResult convertContraction(mlir::linalg::LinalgOp op);
  mlir::LogicalResult convertReduction(mlir::linalg::LinalgOp op);
  mlir::LogicalResult convertPointwise(mlir::linalg::LinalgOp op);
  mlir::LogicalResult convertPayload(mlir::linalg::LinalgOp op,
                                     mlir::ArrayRef<mlir::Operation *> skipped,
                                     mlir::IRMapping &inner);
  mlir::Value asFragment(mlir::linalg::LinalgOp op, mlir::Value inPayload,
                         mlir::IRMapping &inner);
  mlir::FailureOr<mlir::Value> load(mlir::OpOperand &operand);
  mlir::FailureOr<mlir::Value> getFragment(mlir::linalg::LinalgOp op,
                                           mlir::OpOperand &operand);

  mlir::LogicalResult refuse(mlir::Operation *op, const mlir::Twine &why) {
    return mlir::emitError(op->getLoc(), "op of a tiled kernel for NVIDIA ")
           << why << " [unsupported-by-target]";
  }
  mlir::Value getIndex(mlir::Location loc, mlir::OpFoldResult value) {
    if (auto attribute = mlir::dyn_cast<mlir::Attribute>(value))
      return mlir::arith::ConstantIndexOp::create(
          builder, loc, mlir::cast<mlir::IntegerAttr>(attribute).getInt());
    return values.lookupOrDefault(mlir::cast<mlir::Value>(value));
  }
  /// The dimensions as an attribute, null for the last two.
  mlir::DenseI64ArrayAttr getDims(const View &view) {
    int64_t rank = view.indices.size();
    if (view.dims == mlir::ArrayRef<int64_t>{rank - 2, rank - 1})
      return nullptr;
    return builder.getDenseI64ArrayAttr(view.dims);
  }

  mlir::func::FuncOp source;
  mlir::OpBuilder &builder;
  mlir::Value zero;       ///< the index, at the kernel's begin
  mlir::IRMapping values; ///< scalars, and fragments
  mlir::DenseMap<mlir::Value, View> views;
};

} // namespace orchestra::nvtile

#endif // ORCHESTRA_LIB_TARGET_NVIDIA_TILES_CONVERTER_H
