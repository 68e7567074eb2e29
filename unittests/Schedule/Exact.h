//===- Exact.h - The best plan there is, for small graphs --------*- C++
//-*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The oracle of the planner, by another method: placements by branch and bound
// in topological order; for each, its tasks and copies are a job shop whose
// active schedules (Giffler, Thompson, 1960) are searched, one of which is
// optimal. Exponential, so a limit of nodes ends it. Memory is not looked at.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_UNITTESTS_SCHEDULE_EXACT_H
#define ORCHESTRA_UNITTESTS_SCHEDULE_EXACT_H

#include "orchestra/Schedule/Plan/Machine.h"

namespace orchestra::plan {

struct ExactResult {
  /// The shortest latency found, at most the one given.
  double latency;
  /// Whether there is none shorter.
  bool proved;
  uint64_t nodes;
};

/// The least latency of one request. `known` is the latency of a schedule that
/// exists; `limit` bounds the nodes of the search.
ExactResult findExact(const TaskGraph &graph, const Machine &machine,
                      const CostTable &costs, double known, uint64_t limit);

} // namespace orchestra::plan

#endif // ORCHESTRA_UNITTESTS_SCHEDULE_EXACT_H
