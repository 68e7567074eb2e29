//===- BranchProfile.h - How conditions went in runs ------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DRIVER_BRANCHPROFILE_H
#define ORCHESTRA_DRIVER_BRANCHPROFILE_H

#include "orchestra/Driver/Tensor.h"

namespace orchestra {

/// Takes out of `outputs` those that tell how conditions went
/// (CompileOptions::profileBranches), and returns them.
NamedTensors takeBranches(NamedTensors &outputs);

/// Adds one run's conditions to the counts in the file, or begins it.
llvm::Error addBranchCounts(llvm::StringRef path, const NamedTensors &branches);

} // namespace orchestra

#endif // ORCHESTRA_DRIVER_BRANCHPROFILE_H
