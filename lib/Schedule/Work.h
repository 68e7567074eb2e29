//===- Work.h - How much there is to do in an op ------------------*- C++
//-*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_SCHEDULE_WORK_H
#define ORCHESTRA_LIB_SCHEDULE_WORK_H

#include "orchestra/Schedule/Plan/TaskGraph.h"

#include "mlir/IR/Operation.h"

namespace orchestra {

/// Estimates from shapes. Dimensions that only a request knows count as
/// `assumedSize`.
class WorkEstimate {
public:
  explicit WorkEstimate(int64_t assumedSize) : assumedSize(assumedSize) {}

  /// Bytes of a value in memory; an i1 takes one.
  double getBytes(mlir::Type type) const;
  /// Adds the arithmetic of `op` and of the ops in it: scalar ops of a linalg
  /// body times its iterations, bodies of loops times their trip count where
  /// that is known, all branches of an if. A multiplication and addition of a
  /// contraction count at the rate of its narrowest input.
  void addFlops(mlir::Operation *op, plan::PerElement &flops) const;
  /// How often the body of a linalg op divides or computes an exp, a tanh and
  /// the like.
  double countMath(mlir::Operation *op) const;

private:
  void addFlops(mlir::Operation *op, double times,
                plan::PerElement &flops) const;
  double countIterations(mlir::Operation *op) const;

  int64_t assumedSize;
};

/// Whether `op` multiplies and adds up elements of two operands: a contraction,
/// a convolution, but no pooling.
bool isMultiplyAccumulate(mlir::Operation *op);

/// The names in the locations of `op`, outermost first: the user's nodes.
void collectNames(mlir::Location loc,
                  llvm::SmallVectorImpl<llvm::StringRef> &names);

} // namespace orchestra

#endif // ORCHESTRA_LIB_SCHEDULE_WORK_H
