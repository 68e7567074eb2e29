//===- LoopTrace.h - Values seen from the loops that index them -*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Exporters put reshapes, transposes and broadcasts between the ops of one
// computation. Here each dimension of a value is a list of loops, whose product
// it runs over. Going back through a reshape regroups lists or splits a loop.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_TRANSFORMS_LOOPTRACE_H
#define ORCHESTRA_LIB_TRANSFORMS_LOOPTRACE_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <optional>

namespace orchestra {

/// The loops of a computation. A split loop is replaced by its parts.
class LoopSet {
public:
  using List = llvm::SmallVector<unsigned, 2>;
  /// Per dimension of a value.
  using Lists = llvm::SmallVector<List>;

  /// A loop over dimension `dim` of `value`.
  unsigned add(mlir::Value value, int64_t dim);

  /// `list` in terms of loops that are not split.
  List flatten(const List &list) const;
  Lists flatten(const Lists &lists) const;

  int64_t getSize(unsigned loop) const { return loops[loop].size; }
  mlir::OpFoldResult getSize(mlir::OpBuilder &b, mlir::Location loc,
                             unsigned loop) const;

  /// Divides `list` among the dimensions `dims` of `value`, splitting a loop if
  /// it must. Nothing if that cannot be known to be right.
  std::optional<Lists> divide(const List &list, mlir::Value value,
                              llvm::ArrayRef<int64_t> dims);

private:
  struct Loop {
    int64_t size;
    mlir::Value value; // whose dimension says a dynamic size
    int64_t dim;
    List parts;
  };
  llvm::SmallVector<Loop> loops;
};

/// A value and the loops of its dimensions.
struct TracedValue {
  mlir::Value value;
  LoopSet::Lists lists;
};

/// The value that `traced` only moves or repeats elements of, by one op; with
/// `factor`, also one that is multiplied by a constant. Nothing for other ops.
std::optional<TracedValue> stepBack(LoopSet &loops, const TracedValue &traced,
                                    double *factor = nullptr);

/// Goes back as far as possible to a value each of whose dimensions is one
/// loop; `traced` itself if there is none.
TracedValue traceBack(LoopSet &loops, TracedValue traced,
                      double *factor = nullptr);

/// The constant that `value`, in the body of `op`, is.
std::optional<double> getScalarConstant(mlir::linalg::GenericOp op,
                                        mlir::Value value);

/// What a pointwise op of one result reads for the element that `lists` index.
LoopSet::Lists getInputLists(mlir::linalg::LinalgOp op, mlir::OpOperand *input,
                             const LoopSet::Lists &lists);

} // namespace orchestra

#endif // ORCHESTRA_LIB_TRANSFORMS_LOOPTRACE_H
