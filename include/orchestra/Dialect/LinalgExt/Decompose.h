//===- Decompose.h - linalg_ext in terms of linalg --------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_LINALGEXT_DECOMPOSE_H
#define ORCHESTRA_DIALECT_LINALGEXT_DECOMPOSE_H

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"

namespace orchestra::linalg_ext {

struct AttentionLayout {
  /// Scores with query rows innermost and keys before them: key and value are
  /// read where they are, only the query is transposed.
  bool rowsInnermost = false;
  /// Products read operands as they are, in their own type: scores are scaled
  /// instead of the query, and weights are rounded for the second product.
  bool ownTypes = false;
  /// Weights as powers of two, for machines that have an instruction for these.
  bool powersOfTwo = false;
  /// Keys from this number on are hidden; null: none.
  mlir::Value numKeys = {};
};

/// The two products of a decomposed attention; the others are elementwise or
/// reductions along keys.
struct AttentionProducts {
  mlir::Operation *scores;
  mlir::Operation *values;
};

/// Computes the results of an op on tensors by linalg ops.
AttentionProducts buildAttention(mlir::OpBuilder &b, AttentionOp op,
                                 AttentionLayout layout,
                                 llvm::SmallVectorImpl<mlir::Value> &results);
AttentionProducts buildAttention(mlir::OpBuilder &b, AttentionUpdateOp op,
                                 AttentionLayout layout,
                                 llvm::SmallVectorImpl<mlir::Value> &results);

/// Replaces an op on tensors by linalg ops.
mlir::FailureOr<AttentionProducts> decompose(mlir::RewriterBase &rewriter,
                                             AttentionOp op,
                                             AttentionLayout layout = {});
mlir::FailureOr<AttentionProducts> decompose(mlir::RewriterBase &rewriter,
                                             AttentionUpdateOp op,
                                             AttentionLayout layout = {});

/// Scales the query once and for all, in the order of dimensions that products
/// read with `layout`.
void prepareQuery(mlir::RewriterBase &rewriter, AttentionOp op,
                  AttentionLayout layout);

/// The states before the first update of a result like `output`.
struct AttentionStates {
  mlir::Value values, greatest, weights;
};
AttentionStates createStates(mlir::OpBuilder &b, AttentionOp op);

/// Divides the weighted values by the weights: the result of `op`.
mlir::Value finishStates(mlir::OpBuilder &b, AttentionOp op,
                         AttentionStates states);

} // namespace orchestra::linalg_ext

#endif // ORCHESTRA_DIALECT_LINALGEXT_DECOMPOSE_H
