//===- PlannedSchedule.h - A plan as plain data -----------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What runs where and when, for those who show plans.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_SUPPORT_PLANNEDSCHEDULE_H
#define ORCHESTRA_SUPPORT_PLANNEDSCHEDULE_H

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace orchestra {

/// Start and end in seconds.
using PlannedTime = std::pair<double, double>;

/// A task or a transfer.
struct PlannedWork {
  bool isTransfer = false;
  /// The task's name in profiles; a transfer has that of what it moves.
  std::string name;
  /// The user's nodes, outermost first, without repetition.
  std::vector<std::string> nodes;
  /// Where a task runs; a transfer goes from `source` to `device`.
  std::string device, source;
  /// None in a schedule that was not planned.
  std::optional<PlannedTime> time;
  /// By the cost model alone, where measurements entered the plan.
  std::optional<PlannedTime> unmeasured;
  /// In a run; none if that is not known.
  std::optional<PlannedTime> measured;
  /// The least seconds of several runs; none if that is not known.
  std::optional<double> least;
  /// Operations of a task.
  double flops = 0;
  /// What a transfer moves; what a task takes from other tasks or the host and
  /// gives them, weights not counted.
  double bytes = 0;
  std::string reason;
};

struct PlannedDevice {
  std::string name, arch;
  bool hasCodegen = false;
  double memoryBytes = 0;
  std::optional<double> peakBytes;
};

struct PlannedSchedule {
  std::string machine;
  std::vector<PlannedDevice> devices;
  /// In the order of the schedule.
  std::vector<PlannedWork> work;
  /// In seconds: of one request, between results, and of one request on the
  /// best single device, which may not exist.
  std::optional<double> latency, interval, singleDevice;
};

} // namespace orchestra

#endif // ORCHESTRA_SUPPORT_PLANNEDSCHEDULE_H
