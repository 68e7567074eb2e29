//===- Body.h - Regions of scalars and rows of tensors ----------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What lowerings of linalg_ext ops share.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_DIALECT_LINALGEXT_BODY_H
#define ORCHESTRA_LIB_DIALECT_LINALGEXT_BODY_H

#include "orchestra/Dialect/LinalgExt/Arithmetic.h"
#include "orchestra/Dialect/LinalgExt/LinalgExt.h"

namespace orchestra::linalg_ext {

/// Checks that the region takes `count` scalars of `element` and yields one.
llvm::LogicalResult verifyBody(LinalgExtOp op, mlir::Region &region,
                               unsigned count, mlir::Type element);

/// The value that the region yields for these arguments.
mlir::Value inlineBody(mlir::OpBuilder &b, mlir::Region &region,
                       mlir::ValueRange arguments);

/// Calls `body` in a loop nest over `sizes`; the tensors are carried.
llvm::SmallVector<mlir::Value>
loopNest(mlir::ImplicitLocOpBuilder &b,
         llvm::ArrayRef<mlir::OpFoldResult> sizes, mlir::ValueRange tensors,
         llvm::function_ref<llvm::SmallVector<mlir::Value>(
             llvm::ArrayRef<mlir::Value> indices, mlir::ValueRange tensors)>
             body);

/// Elements of `tensor` along `axis` at `indices`, one for each other
/// dimension: a vector.
mlir::Value extractRow(mlir::ImplicitLocOpBuilder &b, mlir::Value tensor,
                       unsigned axis, llvm::ArrayRef<mlir::Value> indices);
mlir::Value insertRow(mlir::ImplicitLocOpBuilder &b, mlir::Value row,
                      mlir::Value tensor, unsigned axis,
                      llvm::ArrayRef<mlir::Value> indices);

/// A vector to work with: unlike tensors that are only empty, it never is the
/// same as another one.
mlir::Value scratchVector(mlir::ImplicitLocOpBuilder &b,
                          mlir::OpFoldResult size, mlir::Type element);

/// A linalg.generic whose element at `indices`, one for each dimension of
/// `init`, comes from the body; what it reads it captures.
mlir::Value generate(
    mlir::ImplicitLocOpBuilder &b, mlir::Value init,
    llvm::function_ref<mlir::Value(Num::Builder &b, llvm::ArrayRef<Num>)> body);

/// The product of loop sizes: for ops that do about one operation each time.
inline double countIterations(llvm::ArrayRef<double> sizes) {
  double result = 1;
  for (double size : sizes)
    result *= size;
  return result;
}

/// (d0, .., dn) -> (d0, .., dn) without d[axis].
mlir::AffineMap mapWithout(unsigned rank, unsigned axis,
                           mlir::MLIRContext *context);

/// A map to loops, or where it says -1 to a dimension that is taken whole.
mlir::AffineMap mapTo(unsigned numLoops, llvm::ArrayRef<int64_t> loops,
                      mlir::MLIRContext *context);

/// An index as a value.
inline mlir::Value indexOf(mlir::ImplicitLocOpBuilder &b,
                           mlir::OpFoldResult size) {
  return mlir::getValueOrCreateConstantIndexOp(b, b.getLoc(), size);
}
inline mlir::Value sizeOf(mlir::ImplicitLocOpBuilder &b, mlir::Value tensor,
                          int64_t dim) {
  return indexOf(b, mlir::tensor::getMixedSize(b, b.getLoc(), tensor, dim));
}

} // namespace orchestra::linalg_ext

#endif // ORCHESTRA_LIB_DIALECT_LINALGEXT_BODY_H
