//===- ListSchedule.cpp - Quick constructions of a plan -------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Schedule/Plan/Planner.h"

#include <functional>
#include <numeric>
#include <queue>

using namespace orchestra::plan;

namespace {
/// Seconds of a copy between two devices, on average.
struct MeanLink {
  double latency = 0, perByte = 0;

  explicit MeanLink(const Machine &machine) {
    int pairs = 0;
    for (int32_t a = 0; a < machine.numDevices(); ++a)
      for (int32_t b = 0; b < machine.numDevices(); ++b) {
        if (a == b)
          continue;
        double nothing = machine.routeTime(a, b, 0);
        latency += nothing;
        perByte +=
            (machine.routeTime(a, b, kRouteBytes) - nothing) / kRouteBytes;
        ++pairs;
      }
    if (pairs) {
      latency /= pairs;
      perByte /= pairs;
    }
  }
};
} // namespace

std::vector<double>
orchestra::plan::upwardRanks(const TaskGraph &graph, const Machine &machine,
                             const CostTable &costs,
                             const std::vector<int32_t> *placement) {
  MeanLink mean(machine);
  std::vector<double> ranks(graph.tasks.size(), 0);
  const std::vector<int32_t> &order = graph.order();
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    int32_t t = *it;
    double after = 0;
    for (int32_t v : graph.tasks[t].outputs) {
      const Value &value = graph.values[v];
      double meanCopy = mean.latency + value.bytes * mean.perByte;
      for (int32_t user : value.users) {
        double copy = placement
                          ? machine.routeTime((*placement)[t],
                                              (*placement)[user], value.bytes)
                          : meanCopy;
        after = std::max(after, copy + ranks[user]);
      }
      if (value.isOutput)
        after = std::max(after, placement ? machine.routeTime((*placement)[t],
                                                              machine.host,
                                                              value.bytes)
                                          : meanCopy);
    }
    ranks[t] = after + (placement ? costs(t, (*placement)[t]) : costs.mean(t));
  }
  return ranks;
}

std::vector<int32_t>
orchestra::plan::orderByRank(const TaskGraph &graph,
                             const std::vector<double> &ranks) {
  std::vector<int32_t> position(graph.tasks.size());
  for (size_t i = 0; i < position.size(); ++i)
    position[graph.order()[i]] = i;
  // A task's rank is no smaller than its users'; equal ones (tasks that cost
  // nothing) keep their topological order.
  std::vector<int32_t> order(graph.tasks.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return ranks[a] != ranks[b] ? ranks[a] > ranks[b]
                                : position[a] < position[b];
  });
  return order;
}

/// table[t * D + d]: the least time from the end of `t` on `d` to the end of
/// the request, if every task behind it had the machine to itself.
static std::vector<double> optimisticCosts(const TaskGraph &graph,
                                           const Machine &machine,
                                           const CostTable &costs) {
  int32_t devices = machine.numDevices();
  std::vector<double> table(graph.tasks.size() * devices, 0);
  const std::vector<int32_t> &order = graph.order();
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    for (int32_t d = 0; d < devices; ++d) {
      double &entry = table[size_t(*it) * devices + d];
      for (int32_t v : graph.tasks[*it].outputs) {
        const Value &value = graph.values[v];
        if (value.isOutput)
          entry =
              std::max(entry, machine.routeTime(d, machine.host, value.bytes));
        for (int32_t user : value.users) {
          double least = kInfinity;
          for (int32_t other = 0; other < devices; ++other) {
            double cost = costs(user, other);
            if (cost < kInfinity)
              least =
                  std::min(least, table[size_t(user) * devices + other] + cost +
                                      machine.routeTime(d, other, value.bytes));
          }
          entry = std::max(entry, least);
        }
      }
    }
  }
  return table;
}

Assignment orchestra::plan::listSchedule(const TaskGraph &graph,
                                         const Machine &machine,
                                         const CostTable &costs,
                                         const std::vector<int32_t> &order,
                                         bool lookAhead) {
  int32_t devices = machine.numDevices();
  std::vector<double> ahead;
  if (lookAhead)
    ahead = optimisticCosts(graph, machine, costs);

  // Constants stay where they are used; what the largest task needs beside
  // them must stay free.
  double largest = 0;
  for (const Task &task : graph.tasks) {
    double bytes = task.workspace;
    for (int32_t v : task.inputs)
      if (graph.values[v].kind != ValueKind::Constant)
        bytes += graph.values[v].bytes;
    for (int32_t v : task.outputs)
      bytes += graph.values[v].bytes;
    largest = std::max(largest, bytes);
  }
  std::vector<double> free;
  for (const Device &device : machine.devices)
    free.push_back(device.memory - largest);
  std::vector<bool> resident(graph.values.size() * devices, false);
  auto constantBytes = [&](int32_t task, int32_t device) {
    double bytes = 0;
    for (int32_t v : graph.tasks[task].inputs)
      if (graph.values[v].kind == ValueKind::Constant &&
          !resident[size_t(v) * devices + device])
        bytes += graph.values[v].bytes;
    return bytes;
  };

  Simulator simulator(graph, machine, costs);
  simulator.clear();
  Assignment result{std::vector<int32_t>(graph.tasks.size(), -1), order};
  for (int32_t t : order) {
    int32_t best = -1;
    double bestTime = kInfinity;
    bool bestFits = false;
    for (int32_t d = 0; d < devices; ++d) {
      if (costs(t, d) == kInfinity)
        continue;
      bool fits = constantBytes(t, d) <= free[d];
      double time = simulator.finishOn(t, d);
      if (lookAhead)
        time += ahead[size_t(t) * devices + d];
      if (best < 0 || fits > bestFits ||
          (fits == bestFits && time < bestTime)) {
        best = d;
        bestTime = time;
        bestFits = fits;
      }
    }
    free[best] -= constantBytes(t, best);
    for (int32_t v : graph.tasks[t].inputs)
      resident[size_t(v) * devices + best] = true;
    simulator.place(t, best);
    result.placement[t] = best;
  }
  return result;
}

std::vector<Assignment> orchestra::plan::contiguousSplits(
    const TaskGraph &graph, const Machine &machine, const CostTable &costs) {
  const std::vector<int32_t> &order = graph.order();
  std::vector<int32_t> sequence(machine.devices.size());
  std::iota(sequence.begin(), sequence.end(), 0);

  // Fills devices in turn up to `limit`; whether that places all tasks. A task
  // that the device in turn cannot run goes to the first that can.
  std::vector<int32_t> placement(graph.tasks.size());
  auto fill = [&](double limit) {
    std::vector<double> load(sequence.size(), 0);
    size_t turn = 0;
    for (int32_t t : order) {
      size_t at = turn;
      while (at < sequence.size() && load[at] + costs(t, sequence[at]) > limit)
        ++at;
      if (at == sequence.size()) {
        for (at = 0; at < sequence.size(); ++at)
          if (load[at] + costs(t, sequence[at]) <= limit)
            break;
        if (at == sequence.size())
          return false;
      } else if (costs(t, sequence[turn]) < kInfinity) {
        turn = at;
      }
      load[at] += costs(t, sequence[at]);
      placement[t] = sequence[at];
    }
    return true;
  };

  // All orders of four devices; fewer where looking at the graph takes long.
  size_t most = std::clamp<size_t>(200000 / (order.size() + 1), 1, 24);
  std::vector<Assignment> result;
  do {
    double low = 0, high = 0;
    for (int32_t t : order) {
      double worst = 0;
      for (int32_t d = 0; d < machine.numDevices(); ++d)
        if (costs(t, d) < kInfinity)
          worst = std::max(worst, costs(t, d));
      high += worst;
    }
    // 40 halvings: far below the precision of any cost.
    for (int step = 0; step < 40; ++step) {
      double middle = (low + high) / 2;
      (fill(middle) ? high : low) = middle;
    }
    if (fill(high))
      result.push_back({placement, order});
  } while (result.size() < most &&
           std::next_permutation(sequence.begin(), sequence.end()));
  return result;
}
