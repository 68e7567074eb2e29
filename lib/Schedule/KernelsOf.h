//===- KernelsOf.h - The kernels of a task ----------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_SCHEDULE_KERNELSOF_H
#define ORCHESTRA_LIB_SCHEDULE_KERNELSOF_H

#include "Work.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "llvm/ADT/SmallPtrSet.h"

namespace orchestra {

/// What the kernels that `task` will launch have to do, as far as that can be
/// told before the passes between planning and outlining have run. `folded` ops
/// are computed when the model is compiled.
std::vector<plan::Kernel>
getKernels(TaskOp task, const WorkEstimate &estimate,
           const llvm::SmallPtrSetImpl<mlir::Operation *> &folded);

} // namespace orchestra

#endif // ORCHESTRA_LIB_SCHEDULE_KERNELSOF_H
