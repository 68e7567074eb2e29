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

/// A rate that depends on the size of what is done, from measurements.
class RateTable {
public:
  RateTable() = default;
  /// Pairs of a size and the rate at it, sizes rising, all above zero.
  explicit RateTable(std::vector<std::pair<double, double>> points)
      : points(std::move(points)) {}

  bool empty() const { return points.empty(); }
  /// Between two sizes the rate runs straight in logarithms; outside of them it
  /// is that of the nearest.
  double at(double size) const;
  /// Smaller work than the smallest takes as long as that.
  double seconds(double size) const;

private:
  std::vector<std::pair<double, double>> points;
};

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
  /// Measured rates of kernels, all of them or none.
  std::array<RateTable, kKernelKinds> rates;

  bool isMeasured() const { return !rates.front().empty(); }
  const RateTable &rate(KernelKind kind) const { return rates[unsigned(kind)]; }
  /// Whether it computes while data is copied to or from it.
  bool overlapsCopies = true;
  /// Whether it computes while data is copied to it; CPUs copy with the cores
  /// that compute.
  bool hasCopyEngine = true;

  bool computesWhileSending() const { return overlapsCopies; }
  bool computesWhileReceiving() const {
    return overlapsCopies && hasCopyEngine;
  }
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
  /// Estimates of all tasks. Costs known by `Task::known` replace them; pins
  /// exclude other devices.
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

/// How long a task takes on a device. Where rates were measured and the task's
/// kernels are known, the sum over those: arithmetic at the rate of its kind
/// and size, plus memory at the rate of its size, since kernels hide little of
/// one behind the other. All constants of the model, `constantBytes`, are read
/// once a request: they come from wherever that many bytes stay.
/// Else the roofline (Williams, Waterman, Patterson, 2009), whose compute part
/// adds up the types: launches * launch +
/// max(sum over types of flops / peak, bytes / bandwidth).
double estimateSeconds(const Task &task, const Device &device,
                       double constantBytes = 0);

} // namespace orchestra::plan

#endif // ORCHESTRA_SCHEDULE_PLAN_MACHINE_H
