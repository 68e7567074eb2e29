//===- Corpus.h - Graphs and machines to plan --------------------*- C++
//-*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_UNITTESTS_SCHEDULE_CORPUS_H
#define ORCHESTRA_UNITTESTS_SCHEDULE_CORPUS_H

#include "orchestra/Schedule/Plan/Machine.h"

namespace orchestra::plan {

/// Machines by name, finished: "cpu" (one), "cpu2" (two equal ones), "cpu-gpu",
/// "cpu-2gpu" (GPUs that reach each other through the host only), "mixed"
/// (three different devices, all linked), "cpu-8gpu".
Machine makeMachine(const std::string &name);
extern const std::vector<std::string> kMachineNames;

/// Shapes of random graphs by name: "layers", "fork-join", "two-tower",
/// "skips" (a chain with skip connections), "out-tree", "in-tree", "random".
extern const std::vector<std::string> kGraphShapes;

/// A finished graph of `tasks` tasks. The seed decides work, sizes of values,
/// and how much copies weigh against computing.
TaskGraph makeGraph(const std::string &shape, int tasks, uint64_t seed);

} // namespace orchestra::plan

#endif // ORCHESTRA_UNITTESTS_SCHEDULE_CORPUS_H
