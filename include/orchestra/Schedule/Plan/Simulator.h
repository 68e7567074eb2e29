//===- Simulator.h - What a placement and an order cost ---------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rules of the simulated machine:
// - a task starts when its device is free and copies of its inputs are there;
// - a value goes to a device once, however many tasks use it there, by the
//   machine's route from where it was made; every device on the way keeps a
//   copy, which serves others behind it;
// - copies and computing overlap, unless a device says that it cannot;
// - results end in the host's memory.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_SCHEDULE_PLAN_SIMULATOR_H
#define ORCHESTRA_SCHEDULE_PLAN_SIMULATOR_H

#include "orchestra/Schedule/Plan/Machine.h"
#include "orchestra/Schedule/Plan/Timeline.h"

namespace orchestra::plan {

struct PlacedTask {
  int32_t device = -1;
  double start = 0, finish = 0;
};

struct Copy {
  int32_t value, from, to, channel;
  double start, finish;
};

/// The most memory that one device needs, and who needs it then.
struct MemoryPeak {
  double bytes = 0;
  /// The task that runs when the peak is reached; -1: none does.
  int32_t task = -1;
};

struct Plan {
  std::vector<PlacedTask> tasks;
  /// All tasks by start; each comes after those it depends on.
  std::vector<int32_t> order;
  /// By start; each comes after the copy it continues.
  std::vector<Copy> copies;
  std::vector<MemoryPeak> peaks;
  /// Seconds of one request alone.
  double latency = 0;
  /// Seconds between two results with many requests under way; equals the
  /// latency if only one may be.
  double interval = 0;
};

/// Builds a schedule task by task: each goes into the first gap of its device
/// in which its inputs are there.
class Simulator {
public:
  Simulator(const TaskGraph &graph, const Machine &machine,
            const CostTable &costs);

  void clear();
  /// When `task` would finish on `device`, all before it being placed.
  double finishOn(int32_t task, int32_t device);
  void place(int32_t task, int32_t device);
  /// Copies results to the host; the schedule is complete. Returns the latency.
  double complete();
  /// All of the above for tasks in `order`. Returns the latency.
  double run(const std::vector<int32_t> &placement,
             const std::vector<int32_t> &order);

  /// Bytes above capacity as a share of it, summed over devices. Zero at once
  /// if the whole graph fits everywhere. After complete().
  double overflow();
  /// The peak of each device. After complete().
  std::vector<MemoryPeak> peaks();
  /// The load of the busiest device or channel: no pipeline of requests has a
  /// smaller interval with this placement. After complete().
  double busiest() const;
  /// The complete schedule, with its interval set to the latency.
  Plan plan();

  const std::vector<PlacedTask> &tasks() const { return placed; }
  /// Appends to `out` the tasks that a chain of waits ties to the end of the
  /// schedule: starting any of them earlier may shorten it. After complete().
  void criticalTasks(std::vector<int32_t> &out) const;

private:
  struct Transfer {
    int32_t value;
    double ready;
  };

  double &available(int32_t value, int32_t device) {
    return availability[size_t(value) * devices + device];
  }
  double available(int32_t value, int32_t device) const {
    return availability[size_t(value) * devices + device];
  }
  int32_t home(int32_t value) const {
    int32_t producer = graph.values[value].producer;
    return producer < 0 ? machine.host : placed[producer].device;
  }
  void sortTransfers(const std::vector<int32_t> &values);
  double fitCopy(const Hop &hop, int32_t to, double ready, double seconds);
  double bring(int32_t value, int32_t device);
  double tryToBring(int32_t value, int32_t device);
  void findPeaks(std::vector<MemoryPeak> &out) const;

  const TaskGraph &graph;
  const Machine &machine;
  const CostTable &costs;
  size_t devices;
  bool alwaysFits;

  std::vector<PlacedTask> placed;
  std::vector<double> availability;
  std::vector<Timeline> deviceTimes, channelTimes;
  std::vector<Copy> copies;
  double latency = 0;
  // Scratch of one question.
  std::vector<Transfer> transfers;
  std::vector<std::pair<int32_t, double>> tentative;
};

/// Runs `requests` of the plan, more than twice `inFlight`, with at most
/// `inFlight` at a time: every device and channel takes, of what is ready, the
/// oldest request's first in the order of the plan. Returns the mean time
/// between results, without those at the beginning and the end; no less than
/// the work of the busiest device or channel, which a short run may hide.
/// Cost: requests * size of the graph * its logarithm.
double simulateRequests(const TaskGraph &graph, const Machine &machine,
                        const CostTable &costs, const Plan &plan, int inFlight,
                        int requests);

} // namespace orchestra::plan

#endif // ORCHESTRA_SCHEDULE_PLAN_SIMULATOR_H
