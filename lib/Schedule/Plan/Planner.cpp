//===- Planner.cpp - Placement and order of a task graph
//-------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Schedule/Plan/Planner.h"

using namespace orchestra::plan;

/// Rounds of local search however large the graph.
static constexpr int kFewestRounds = 16;
/// Above this there is nothing left to find in a small graph.
static constexpr int kMostRounds = 24000;
/// Walks that share the rounds on a graph that affords it.
static constexpr int kMostWalks = 4;

//===----------------------------------------------------------------------===//
// What cannot be planned
//===----------------------------------------------------------------------===//

static std::string bytesText(double bytes) {
  return std::to_string(static_cast<long long>(bytes)) + " bytes";
}

/// Bytes that must be on the device that runs `task`.
static double footprint(const TaskGraph &graph, const Task &task) {
  double bytes = task.workspace;
  for (int32_t v : task.inputs)
    bytes += graph.values[v].bytes;
  for (int32_t v : task.outputs)
    bytes += graph.values[v].bytes;
  return bytes;
}

static std::optional<PlanFailure> checkTasks(const TaskGraph &graph,
                                             const Machine &machine,
                                             const CostTable &costs) {
  for (int32_t t = 0; t < int32_t(graph.tasks.size()); ++t) {
    const Task &task = graph.tasks[t];
    PlanFailure failure;
    failure.task = t;
    if (costs.least(t) == kInfinity) {
      failure.device = task.pin;
      failure.message = task.pin >= 0 ? "'" + machine.devices[task.pin].name +
                                            "' cannot run '" + task.name +
                                            "', which is pinned to it"
                                      : "no device can run '" + task.name + "'";
      return failure;
    }
    failure.needed = footprint(graph, task);
    bool fits = false;
    for (int32_t d = 0; d < machine.numDevices(); ++d) {
      if (costs(t, d) == kInfinity)
        continue;
      double memory = machine.devices[d].memory;
      fits |= failure.needed <= memory;
      if (failure.device < 0 || memory > failure.available) {
        failure.device = d;
        failure.available = memory;
      }
    }
    if (fits)
      continue;
    failure.message = "'" + task.name + "' needs " + bytesText(failure.needed) +
                      " at once; '" + machine.devices[failure.device].name +
                      "', the largest device it can run on, has " +
                      bytesText(failure.available);
    return failure;
  }
  return std::nullopt;
}

static PlanFailure describeOverflow(const TaskGraph &graph,
                                    const Machine &machine, const Plan &plan) {
  PlanFailure failure;
  double worst = 0;
  for (int32_t d = 0; d < machine.numDevices(); ++d) {
    double over = plan.peaks[d].bytes - machine.devices[d].memory;
    if (over <= worst)
      continue;
    worst = over;
    failure.device = d;
    failure.task = plan.peaks[d].task;
    failure.needed = plan.peaks[d].bytes;
    failure.available = machine.devices[d].memory;
  }
  failure.message =
      "no plan fits the devices' memory; the best one found needs " +
      bytesText(failure.needed) + " of '" +
      machine.devices[failure.device].name + "', which has " +
      bytesText(failure.available);
  if (failure.task >= 0)
    failure.message += ", when '" + graph.tasks[failure.task].name + "' runs";
  return failure;
}

//===----------------------------------------------------------------------===//
// Planning
//===----------------------------------------------------------------------===//

/// All tasks on `device`, or nowhere if it cannot run one of them. A pinned
/// task stays where it is pinned.
static std::optional<Assignment>
onOneDevice(const TaskGraph &graph, const CostTable &costs, int32_t device) {
  Assignment result{std::vector<int32_t>(graph.tasks.size(), device),
                    graph.order()};
  for (size_t t = 0; t < graph.tasks.size(); ++t) {
    if (graph.tasks[t].pin >= 0)
      result.placement[t] = graph.tasks[t].pin;
    if (costs(t, result.placement[t]) == kInfinity)
      return std::nullopt;
  }
  return result;
}

double orchestra::plan::bestSingleDevice(const TaskGraph &graph,
                                         const Machine &machine,
                                         const CostTable &costs) {
  Simulator simulator(graph, machine, costs);
  double best = kInfinity;
  for (int32_t d = 0; d < machine.numDevices(); ++d) {
    std::optional<Assignment> all = onOneDevice(graph, costs, d);
    if (!all)
      continue;
    double latency = simulator.run(all->placement, all->order);
    if (simulator.overflow() == 0)
      best = std::min(best, latency);
  }
  return best;
}

double orchestra::plan::latencyBound(const TaskGraph &graph,
                                     const Machine &machine,
                                     const CostTable &costs) {
  std::vector<double> finish(graph.tasks.size(), 0);
  double longest = 0, work = 0;
  for (int32_t t : graph.order()) {
    double ready = 0;
    for (int32_t v : graph.tasks[t].inputs)
      if (graph.values[v].producer >= 0)
        ready = std::max(ready, finish[graph.values[v].producer]);
    finish[t] = ready + costs.least(t);
    longest = std::max(longest, finish[t]);
    work += costs.least(t);
  }
  return std::max(longest, work / machine.numDevices());
}

namespace {
struct Candidate {
  Assignment assignment;
  Score score;
};

class Planning {
public:
  Planning(const TaskGraph &graph, const Machine &machine,
           const CostTable &costs, const PlanOptions &options)
      : graph(graph), machine(machine), costs(costs), options(options),
        evaluator(graph, machine, costs, options) {}

  void construct();
  void search();
  Plan finish();
  const Score &best() const { return candidates.front().score; }

private:
  void add(Assignment assignment) {
    Score score = evaluator.score(assignment);
    candidates.push_back({std::move(assignment), score});
  }
  void sortCandidates() {
    // The first of equals stays first: no candidate is added in vain.
    for (size_t i = 1; i < candidates.size(); ++i)
      for (size_t j = i; j > 0 && candidates[j].score < candidates[j - 1].score;
           --j)
        std::swap(candidates[j], candidates[j - 1]);
  }
  double goal() const;

  const TaskGraph &graph;
  const Machine &machine;
  const CostTable &costs;
  const PlanOptions &options;
  Evaluator evaluator;
  std::vector<Candidate> candidates;
};
} // namespace

void Planning::construct() {
  for (int32_t d = 0; d < machine.numDevices(); ++d)
    if (std::optional<Assignment> all = onOneDevice(graph, costs, d))
      add(std::move(*all));
  if (machine.numDevices() > 1) {
    std::vector<int32_t> order =
        orderByRank(graph, upwardRanks(graph, machine, costs, nullptr));
    Assignment heft = listSchedule(graph, machine, costs, order, false);
    // Ranks again, now that places are known; what waits longest comes first.
    std::vector<int32_t> again =
        orderByRank(graph, upwardRanks(graph, machine, costs, &heft.placement));
    add({heft.placement, again});
    add(listSchedule(graph, machine, costs, again, false));
    add(std::move(heft));
    // The look-ahead's table costs D * D for every use of a value.
    double tableCost =
        double(graph.size()) * machine.numDevices() * machine.numDevices();
    if (tableCost <= 5e7)
      add(listSchedule(graph, machine, costs, order, true));
    // In the program's own order values die early: the thrifty choice.
    add(listSchedule(graph, machine, costs, graph.order(), false));
    if (options.objective == Objective::Throughput)
      for (Assignment &split : contiguousSplits(graph, machine, costs))
        add(std::move(split));
  }
  sortCandidates();
}

/// A cost that no plan can beat.
double Planning::goal() const {
  if (options.objective == Objective::Latency)
    return latencyBound(graph, machine, costs);
  double work = 0;
  for (size_t t = 0; t < graph.tasks.size(); ++t)
    work += costs.least(t);
  return work / machine.numDevices();
}

void Planning::search() {
  if (machine.numDevices() == 1 && best().overflow == 0)
    return; // nothing to choose
  int rounds = std::clamp<double>(options.effort / (graph.size() + 1),
                                  kFewestRounds, kMostRounds);
  int walks = std::clamp<int>(rounds / 500, 1, kMostWalks);
  double bound = goal() * (1 + 1e-9);
  std::vector<Candidate> starts(candidates.begin(),
                                candidates.begin() +
                                    std::min<size_t>(walks, candidates.size()));
  for (int walk = 0; walk < walks; ++walk) {
    Candidate candidate = starts[walk % starts.size()];
    improve(graph, costs, machine.numDevices(), evaluator, rounds / walks,
            options.seed + walk, bound, candidate.assignment, candidate.score);
    candidates.push_back(std::move(candidate));
  }
  sortCandidates();
}

Plan Planning::finish() {
  evaluator.score(candidates.front().assignment);
  Plan plan = evaluator.simulator.plan();
  if (options.objective == Objective::Throughput && options.inFlight > 1) {
    // Long enough for a steady state, and about a second at most.
    double affordable = 2e6 / (plan.tasks.size() + plan.copies.size() + 1);
    int requests =
        options.inFlight * std::clamp(affordable / options.inFlight, 4.0, 16.0);
    plan.interval = simulateRequests(graph, machine, costs, plan,
                                     options.inFlight, requests);
  }
  return plan;
}

std::optional<PlanFailure> orchestra::plan::makePlan(const TaskGraph &graph,
                                                     const Machine &machine,
                                                     const PlanOptions &options,
                                                     Plan &plan) {
  CostTable costs(graph, machine);
  if (std::optional<PlanFailure> failure = checkTasks(graph, machine, costs))
    return failure;
  Planning planning(graph, machine, costs, options);
  planning.construct();
  planning.search();
  plan = planning.finish();
  if (planning.best().overflow > 0)
    return describeOverflow(graph, machine, plan);
  return std::nullopt;
}
