//===- Machine.h - Devices and links that a planner knows -------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A device runs one task at a time. A link carries one copy at a time in each
// direction (a half-duplex one in both together), in the order of the plan:
// copies that share a link queue, they do not share its bandwidth. Two copies
// in a row end no later than two that share, and a plan needs a definite end of
// each. Devices without a direct link are reached store-and-forward over the
// route that is fastest for kRouteBytes.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_SCHEDULE_PLAN_MACHINE_H
#define ORCHESTRA_SCHEDULE_PLAN_MACHINE_H

#include "orchestra/Schedule/Plan/TaskGraph.h"

#include <limits>

namespace orchestra::plan {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Size of the copy for which routes are chosen.
constexpr double kRouteBytes = 1 << 20;

struct Device {
  std::string name;
  /// Devices of one arch run the same code at the same measured cost.
  std::string arch;
  /// Operations per second by type. Zero: computed in the next wider type.
  PerElement peak{};
  /// Bytes per second to and from its own memory.
  double bandwidth = 0;
  /// Bytes of its own memory.
  double memory = kInfinity;
  /// Seconds to launch a kernel.
  double launch = 0;
  /// Whether it computes while data is copied to or from it.
  bool overlapsCopies = true;
};

struct Link {
  int32_t a, b;
  /// Bytes per second in one direction.
  double bandwidth;
  /// Seconds before the first byte arrives.
  double latency;
  /// Whether both directions work at the same time.
  bool fullDuplex = true;
};

/// The last step of the way to a device.
struct Hop {
  /// The device before it, or -1: it cannot be reached.
  int32_t from = -1;
  /// The direction of a link, which carries one copy at a time.
  int32_t channel = -1;
  /// The link, as index into Machine::links.
  int32_t link = -1;
};

struct Machine {
  std::vector<Device> devices;
  std::vector<Link> links;
  /// The device in whose memory inputs and results of a request are.
  int32_t host = 0;

  /// Fills in the rates of missing types and finds routes. Returns what is
  /// wrong: no devices, no bandwidth, a device that cannot be reached.
  std::optional<std::string> finish();

  int32_t numDevices() const { return devices.size(); }
  int32_t numChannels() const { return 2 * links.size(); }
  /// The last step on the way from `source` to `device`.
  const Hop &hop(int32_t source, int32_t device) const {
    return hops[source * devices.size() + device];
  }
  /// Seconds that `bytes` keep the link of a step busy.
  double copyTime(const Hop &hop, double bytes) const {
    const Link &link = links[hop.link];
    return link.latency + bytes / link.bandwidth;
  }
  /// Seconds from `source` to `device` over all steps, on idle links.
  double routeTime(int32_t source, int32_t device, double bytes) const;

private:
  std::vector<Hop> hops;
};

/// Seconds of every task on every device; infinite where it cannot run.
class CostTable {
public:
  /// The roofline estimate (Williams, Waterman, Patterson, 2009), whose compute
  /// part adds up the types: launches * launch +
  /// max(sum over types of flops / peak, bytes / bandwidth).
  /// Costs known by `Task::known` replace it; pins exclude other devices.
  CostTable(const TaskGraph &graph, const Machine &machine);

  double operator()(int32_t task, int32_t device) const {
    return seconds[size_t(task) * devices + device];
  }
  /// The least and the mean cost over devices that can run the task.
  double least(int32_t task) const;
  double mean(int32_t task) const;

private:
  size_t devices;
  std::vector<double> seconds;
};

/// The roofline estimate of one task on one device.
double estimateSeconds(const Task &task, const Device &device);

} // namespace orchestra::plan

#endif // ORCHESTRA_SCHEDULE_PLAN_MACHINE_H
