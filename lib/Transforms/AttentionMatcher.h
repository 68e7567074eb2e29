//===- AttentionMatcher.h - Finds decomposed attention ----------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_TRANSFORMS_ATTENTIONMATCHER_H
#define ORCHESTRA_LIB_TRANSFORMS_ATTENTIONMATCHER_H

#include "LoopTrace.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace orchestra {

/// A product of floats that begins at zero, with its loops by meaning. Its
/// operands are of its result's type, or, if `isNarrow`, of 16 bits.
mlir::FailureOr<mlir::linalg::ContractionDimensions>
getProduct(mlir::linalg::LinalgOp op, bool isNarrow);

/// Finds and replaces the attention that ends in one product.
class AttentionMatcher {
public:
  AttentionMatcher(mlir::RewriterBase &rewriter, mlir::linalg::LinalgOp product,
                   bool isNarrow)
      : rewriter(rewriter), second(product), isNarrow(isNarrow) {}

  /// Whether it is one; nothing is changed yet, but for new views.
  bool match();
  void replace();

private:
  using List = LoopSet::List;
  using Lists = LoopSet::Lists;

  bool matchSecond();
  bool matchSoftmax(TracedValue &weights);
  bool matchScores(TracedValue scores);
  bool matchFirst(const TracedValue &scores);
  bool matchSelect(mlir::linalg::GenericOp op, mlir::arith::SelectOp select,
                   TracedValue &scores);
  bool isPrivate();
  TracedValue skipViews(TracedValue traced);
  TracedValue skipCasts(TracedValue traced);
  mlir::linalg::GenericOp pointwise(const TracedValue &traced);
  std::optional<TracedValue> getOperand(mlir::linalg::GenericOp op,
                                        mlir::Value inBody, const Lists &lists);
  std::optional<TracedValue> matchReduction(TracedValue reduced,
                                            bool isMaximum);
  TracedValue readSmaller(TracedValue mask);
  void useMasks(List &loopsOfMask, mlir::Value &sum);
  TracedValue makePlain(TracedValue traced);
  mlir::Value giveShape(mlir::Value value, const Lists &lists,
                        mlir::RankedTensorType type);
  mlir::AffineMap getMapOf(const Lists &lists, const List &order);
  void findResult();

  mlir::RewriterBase &rewriter;
  mlir::linalg::LinalgOp second, first;
  bool isNarrow; ///< products of 16 bits, between them roundings
  LoopSet loops;
  /// What the new op computes, at first the result of `second`.
  TracedValue target;
  unsigned rows, columns, inner, keys;
  List batch;
  TracedValue query, key, value;
  /// What is added to scores; if `ifTrue`, one of two numbers.
  struct Mask {
    TracedValue traced;
    std::optional<double> ifTrue, ifFalse;
  };
  void readCondition(Mask &mask);
  std::optional<int64_t> getCausalPast(const Mask &mask);
  llvm::SmallVector<Mask> masks;
  std::optional<int64_t> past;
  double scale = 1;
  bool zeroEmptyRows = false;
  llvm::SmallVector<mlir::Operation *> matched;
};

} // namespace orchestra

#endif // ORCHESTRA_LIB_TRANSFORMS_ATTENTIONMATCHER_H
