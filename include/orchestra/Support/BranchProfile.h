//===- BranchProfile.h - How often conditions held --------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_SUPPORT_BRANCHPROFILE_H
#define ORCHESTRA_SUPPORT_BRANCHPROFILE_H

#include "llvm/ADT/StringRef.h"

namespace orchestra {

/// How the names of results begin that tell whether a condition held; the name
/// of the conditional's node follows.
constexpr llvm::StringLiteral kBranchResultPrefix = "orchestra.branch:";

} // namespace orchestra

#endif // ORCHESTRA_SUPPORT_BRANCHPROFILE_H
