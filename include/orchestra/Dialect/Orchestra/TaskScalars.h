//===- TaskScalars.h - Numbers that tasks hand on ---------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_ORCHESTRA_TASKSCALARS_H
#define ORCHESTRA_DIALECT_ORCHESTRA_TASKSCALARS_H

#include "orchestra/Dialect/Orchestra/Orchestra.h"

namespace mlir {
class RewriterBase;
} // namespace mlir

namespace orchestra {

/// Makes results of `task` without shape tensors of rank 0, which can be moved
/// between devices and have a place in memory; tasks that use one take the
/// number out again. Results that something else than a task uses stay. Gives
/// the task, which is another op if it was changed.
TaskOp boxScalars(mlir::RewriterBase &rewriter, TaskOp task);

} // namespace orchestra

#endif // ORCHESTRA_DIALECT_ORCHESTRA_TASKSCALARS_H
