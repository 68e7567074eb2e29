//===- RunBatch.h - Many cases in one process -------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TOOLS_ORCHESTRA_RUNBATCH_H
#define ORCHESTRA_TOOLS_ORCHESTRA_RUNBATCH_H

#include "Tool.h"

namespace orchestra::tool {

/// Runs each line {"model": F, "inputs": F.npz, "outputs": F.npz} of `list`
/// ("-": stdin) and prints one JSON line for each: {"model", "ok", ...}. A
/// failing or crashing case does not end the others. The exit code is 1 if any
/// case failed.
int runBatch(const std::string &list, const CompileOptions &compile,
             int threads, const Common &common);

} // namespace orchestra::tool

#endif // ORCHESTRA_TOOLS_ORCHESTRA_RUNBATCH_H
