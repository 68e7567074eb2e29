//===- Reasons.cpp - Why a task is where it is ----------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A plan is found by search, so no rule put a task where it is. What can be
// said truly is what would happen if this one task went elsewhere: where its
// inputs would be late, where the device is busy, where it computes longer.
//
//===----------------------------------------------------------------------===//
#include "Reasons.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace orchestra;
using namespace orchestra::plan;

/// Gaps of a busy device that are looked at before its end is taken.
static constexpr int kGapsLookedAt = 32;

std::string orchestra::formatSeconds(double seconds) {
  if (seconds < 1e-3)
    return llvm::formatv("{0:f1} us", seconds * 1e6);
  if (seconds < 1)
    return llvm::formatv("{0:f2} ms", seconds * 1e3);
  return llvm::formatv("{0:f2} s", seconds);
}

PlacementReasons::PlacementReasons(const TaskGraph &graph,
                                   const Machine &machine,
                                   const CostTable &costs, const Plan &plan)
    : graph(graph), machine(machine), costs(costs), plan(plan),
      busy(machine.devices.size()),
      available(graph.values.size() * machine.devices.size(), kInfinity) {
  size_t devices = machine.devices.size();
  for (int32_t task : plan.order) {
    const PlacedTask &placed = plan.tasks[task];
    busy[placed.device].push_back({placed.start, placed.finish, task});
    for (int32_t value : graph.tasks[task].outputs)
      available[size_t(value) * devices + placed.device] = placed.finish;
  }
  for (size_t value = 0; value < graph.values.size(); ++value)
    if (graph.values[value].kind == ValueKind::Input)
      available[value * devices + machine.host] = 0;
  for (const Copy &copy : plan.copies)
    available[size_t(copy.value) * devices + copy.to] = copy.finish;
}

/// When the inputs of `task` could be on `device`, links being idle.
double PlacementReasons::arrivalOf(int32_t task, int32_t device) const {
  size_t devices = machine.devices.size();
  double latest = 0;
  for (int32_t value : graph.tasks[task].inputs) {
    const Value &input = graph.values[value];
    if (input.kind == ValueKind::Constant)
      continue;
    double first = available[size_t(value) * devices + device];
    int32_t home =
        input.producer < 0 ? machine.host : plan.tasks[input.producer].device;
    first = std::min(first, available[size_t(value) * devices + home] +
                                machine.routeTime(home, device, input.bytes));
    latest = std::max(latest, first);
  }
  return latest;
}

/// When `device` could begin with `task`, all other tasks being as planned.
double PlacementReasons::startOn(int32_t task, int32_t device,
                                 double ready) const {
  const std::vector<Busy> &times = busy[device];
  double start = ready, seconds = costs(task, device);
  // The first that ends after `ready`: tasks of a device do not overlap.
  const auto *it = std::lower_bound(
      times.data(), times.data() + times.size(), ready,
      [](const Busy &busy, double time) { return busy.finish <= time; });
  int looked = 0;
  for (; it != times.data() + times.size(); ++it) {
    if (it->task == task)
      continue;
    if (start + seconds <= it->start)
      return start;
    if (++looked > kGapsLookedAt)
      return std::max(start, times.back().finish);
    start = std::max(start, it->finish);
  }
  return start;
}

std::string PlacementReasons::explain(int32_t task) const {
  const PlacedTask &placed = plan.tasks[task];
  if (graph.tasks[task].pin >= 0)
    return "placed by the user";
  int32_t best = -1;
  double bestFinish = kInfinity, bestReady = 0, bestStart = 0;
  for (int32_t device = 0; device < machine.numDevices(); ++device) {
    if (device == placed.device || costs(task, device) == kInfinity)
      continue;
    double ready = arrivalOf(task, device);
    double start = startOn(task, device, ready);
    if (start + costs(task, device) >= bestFinish)
      continue;
    best = device;
    bestReady = ready;
    bestStart = start;
    bestFinish = start + costs(task, device);
  }
  if (best < 0)
    return machine.numDevices() == 1 ? "the only device"
                                     : "no other device can run it";
  const std::string &other = machine.devices[best].name;
  if (bestFinish <= placed.finish)
    return llvm::formatv("for the plan as a whole; alone it would end {0} "
                         "sooner on {1}",
                         formatSeconds(placed.finish - bestFinish), other);
  double slower = costs(task, best) - costs(task, placed.device),
         later = bestReady - placed.start, queued = bestStart - bestReady;
  if (slower >= later && slower >= queued)
    return llvm::formatv("computes in {0}, on {1} in {2}",
                         formatSeconds(costs(task, placed.device)), other,
                         formatSeconds(costs(task, best)));
  if (later >= queued)
    return llvm::formatv("its inputs would be {0} later on {1}",
                         formatSeconds(later), other);
  return llvm::formatv("{0} has no time for it before {1}", other,
                       formatSeconds(bestStart));
}
