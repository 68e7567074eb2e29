//===- Loops.h - Rounds of a computation ------------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What Loop, Scan and the recurrent networks have in common.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_LOOPS_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_LOOPS_H

#include "Arithmetic.h"

namespace orchestra::onnx {

/// What one round computes: the states of the next one and a row of each
/// stacked result. `goOn`, if there, is a boolean that says whether there is a
/// next one.
struct Round {
  llvm::SmallVector<Data> states, rows;
  std::optional<Data> goOn;
};
using RoundBody = llvm::function_ref<std::optional<Round>(
    const Dim &index, llvm::ArrayRef<Data> states)>;

struct LoopPlan {
  /// At most so many rounds; none: as many as `goOn` says.
  std::optional<Dim> trips;
  /// Whether the first round runs; not there: it does.
  std::optional<Data> begin;
  /// About the number of ops of a round: small loops are unrolled.
  size_t weight = 1;
  /// Rows of the results with these numbers are stacked from the end.
  llvm::SmallVector<bool> backwards;
};

/// The states after the last round and the stacked rows. Nothing after a
/// problem.
std::optional<Round> repeat(Op &op, const LoopPlan &plan,
                            llvm::ArrayRef<Data> states, RoundBody body);

/// x[.., index, ..] along the axis, without it.
Data rowOf(Op &op, const Data &x, int64_t axis, const Dim &index);

/// The element of a tensor with one.
mlir::Value onlyElement(Op &op, const Data &x);

/// One write of insertAll(): where, and what instead of the element there.
/// Places outside of the tensor meet nothing.
struct Insertion {
  llvm::SmallVector<Num> at;
  std::function<mlir::Value(Num old)> value;
};

/// The tensor after `count` writes, in order.
Data insertAll(Op &op, const Data &x, const Dim &count,
               llvm::function_ref<void(Num::Builder &, Num, Insertion &)> step);

/// Begins and ends code in a block that becomes the body of an op.
class InnerBlock {
public:
  explicit InnerBlock(Op &op);
  ~InnerBlock();
  mlir::Block *block;
  mlir::Region region;

private:
  Op &op;
  mlir::OpBuilder::InsertionGuard guard;
};

} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_LOOPS_H
