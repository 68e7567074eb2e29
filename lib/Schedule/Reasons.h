//===- Reasons.h - Why a task is where it is --------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_SCHEDULE_REASONS_H
#define ORCHESTRA_LIB_SCHEDULE_REASONS_H

#include "orchestra/Schedule/Plan/Simulator.h"

namespace orchestra {

/// Says for every task of a plan why it is on its device: by comparing with the
/// device where, everything else being as planned, it would end first.
class PlacementReasons {
public:
  PlacementReasons(const plan::TaskGraph &graph, const plan::Machine &machine,
                   const plan::CostTable &costs, const plan::Plan &plan);

  std::string explain(int32_t task) const;

private:
  struct Busy {
    double start, finish;
    int32_t task;
  };
  double arrivalOf(int32_t task, int32_t device) const;
  double startOn(int32_t task, int32_t device, double ready) const;

  const plan::TaskGraph &graph;
  const plan::Machine &machine;
  const plan::CostTable &costs;
  const plan::Plan &plan;
  /// By device, by start.
  std::vector<std::vector<Busy>> busy;
  /// When each value is on each device; infinite: never.
  std::vector<double> available;
};

/// "12.3 us", "4.56 ms".
std::string formatSeconds(double seconds);

} // namespace orchestra

#endif // ORCHESTRA_LIB_SCHEDULE_REASONS_H
