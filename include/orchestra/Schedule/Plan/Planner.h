//===- Planner.h - Placement and order of a task graph ----------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The scheduler in three steps: quick constructions, of which every single
// device is one; a local search from the best of them; a check of memory.
// Equal inputs and seed give equal plans on every host.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_SCHEDULE_PLAN_PLANNER_H
#define ORCHESTRA_SCHEDULE_PLAN_PLANNER_H

#include "orchestra/Schedule/Plan/Simulator.h"

namespace orchestra::plan {

enum class Objective {
  /// The time of one request.
  Latency,
  /// The time between results with `inFlight` requests under way.
  Throughput
};

struct PlanOptions {
  Objective objective = Objective::Latency;
  int inFlight = 4;
  uint64_t seed = 1;
  /// Looks at tasks and uses of values that the local search may take. It
  /// runs at least kFewestRounds rounds on a large graph.
  double effort = 6e6;
};

/// Why there is no plan.
struct PlanFailure {
  std::string message;
  /// The task and device at fault; -1: none in particular.
  int32_t task = -1, device = -1;
  /// Bytes; zero if memory is not the reason.
  double needed = 0, available = 0;
};

/// A device for every task and an order of all tasks.
struct Assignment {
  std::vector<int32_t> placement;
  std::vector<int32_t> order;
};

/// Plans `graph` on `machine`, both finished. No plan needs more memory than a
/// device has; none is worse by the objective than the best single device.
std::optional<PlanFailure> makePlan(const TaskGraph &graph,
                                    const Machine &machine,
                                    const PlanOptions &options, Plan &plan);

/// The latency with all tasks on the device that is best for that, or infinity
/// if no device can run and hold all.
double bestSingleDevice(const TaskGraph &graph, const Machine &machine,
                        const CostTable &costs);

/// No schedule is shorter: the longest path of least costs, and the least work
/// of all tasks shared by all devices.
double latencyBound(const TaskGraph &graph, const Machine &machine,
                    const CostTable &costs);

//===----------------------------------------------------------------------===//
// The steps
//===----------------------------------------------------------------------===//

/// What plans are compared by: memory first, then the objective, then latency.
struct Score {
  double overflow = kInfinity;
  double cost = kInfinity;
  double latency = kInfinity;

  bool operator<(const Score &other) const {
    if (overflow != other.overflow)
      return overflow < other.overflow;
    return cost != other.cost ? cost < other.cost : latency < other.latency;
  }
};

/// Runs assignments and scores them.
class Evaluator {
public:
  Evaluator(const TaskGraph &graph, const Machine &machine,
            const CostTable &costs, const PlanOptions &options)
      : simulator(graph, machine, costs), options(options) {}

  Score score(const Assignment &assignment);
  Simulator simulator;

private:
  const PlanOptions &options;
};

/// Upward ranks of HEFT (Topcuoglu, Hariri, Wu, 2002): rank(t) = cost(t) + max
/// over users u of copy(t, u) + rank(u). Without a placement, costs and copies
/// are means over devices; with one, they are those of the placement.
std::vector<double> upwardRanks(const TaskGraph &graph, const Machine &machine,
                                const CostTable &costs,
                                const std::vector<int32_t> *placement);

/// Tasks by falling rank, each after those it depends on.
std::vector<int32_t> orderByRank(const TaskGraph &graph,
                                 const std::vector<double> &ranks);

/// HEFT's second phase: takes tasks in `order`, each to the device where it
/// finishes first, in the first gap that holds it. With `lookAhead`, what
/// remains after the task counts too: the optimistic cost table of PEFT
/// (Arabnejad, Barbosa, 2014). Devices whose memory the constants of a task
/// would overfill are left out while there are others.
Assignment listSchedule(const TaskGraph &graph, const Machine &machine,
                        const CostTable &costs,
                        const std::vector<int32_t> &order, bool lookAhead);

/// Cuts the topological order into one piece per device so that the longest
/// piece is shortest; one assignment for each of some orders of devices.
std::vector<Assignment> contiguousSplits(const TaskGraph &graph,
                                         const Machine &machine,
                                         const CostTable &costs);

/// Threshold accepting (Dueck, Scheuer, 1990) over placements and orders:
/// moves of a task, of neighbours together, of a stretch of the order, swaps,
/// and changes of the order, half of them at critical tasks. `rounds` bounds
/// the evaluations. Stops early at `goal`. Improves `best` and `score`.
void improve(const TaskGraph &graph, const CostTable &costs, int32_t numDevices,
             Evaluator &evaluator, int rounds, uint64_t seed, double goal,
             Assignment &best, Score &score);

} // namespace orchestra::plan

#endif // ORCHESTRA_SCHEDULE_PLAN_PLANNER_H
