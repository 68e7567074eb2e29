//===- LocalSearch.cpp - Better placements and orders
//----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Schedule/Plan/Planner.h"

using namespace orchestra::plan;

Score Evaluator::score(const Assignment &assignment) {
  Score score;
  score.latency = simulator.run(assignment.placement, assignment.order);
  score.overflow = simulator.overflow();
  score.cost = score.latency;
  if (options.objective == Objective::Throughput)
    score.cost =
        std::max(simulator.busiest(), score.latency / options.inFlight);
  return score;
}

namespace {

/// SplitMix64 (Steele, Lea, Flood, 2014): the same numbers on every host, which
/// the distributions of <random> do not promise.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}
  uint64_t next() {
    uint64_t z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// Below `count`.
  size_t below(size_t count) { return next() % count; }

private:
  uint64_t state;
};

/// A walk over assignments that can undo its last move.
class Walk {
public:
  Walk(const TaskGraph &graph, const CostTable &costs, int32_t numDevices,
       uint64_t seed, Assignment start)
      : graph(graph), costs(costs), numDevices(numDevices), random(seed),
        current(std::move(start)), position(graph.tasks.size()) {
    for (size_t i = 0; i < current.order.size(); ++i)
      position[current.order[i]] = i;
  }

  const Assignment &assignment() const { return current; }
  /// Tasks to prefer when choosing what to move.
  std::vector<int32_t> critical;

  /// Changes something; false if the dice found nothing to change.
  bool move();
  void undo();

private:
  int32_t pick() {
    if (!critical.empty() && random.below(2))
      return critical[random.below(critical.size())];
    return random.below(graph.tasks.size());
  }
  /// A device other than `not` on which `task` can run, or -1.
  int32_t pickDevice(int32_t task, int32_t except);
  void assign(int32_t task, int32_t device) {
    if (costs(task, device) == kInfinity || current.placement[task] == device)
      return;
    undoDevices.push_back({task, current.placement[task]});
    current.placement[task] = device;
  }
  void moveNeighbours(int32_t task, int32_t device);
  void moveStretch(int32_t task, int32_t device);
  void swapDevices(int32_t task, int32_t other);
  void moveInOrder(int32_t task);
  void rotate(int32_t from, int32_t to);

  const TaskGraph &graph;
  const CostTable &costs;
  int32_t numDevices;
  Random random;
  Assignment current;
  std::vector<int32_t> position;
  std::vector<std::pair<int32_t, int32_t>> undoDevices;
  int32_t movedFrom = -1, movedTo = -1;
  std::vector<int32_t> cluster;
};

} // namespace

int32_t Walk::pickDevice(int32_t task, int32_t except) {
  int32_t first = random.below(numDevices);
  for (int32_t i = 0; i < numDevices; ++i) {
    int32_t device = (first + i) % numDevices;
    if (device != except && costs(task, device) < kInfinity)
      return device;
  }
  return -1;
}

/// Moves `task` and some that it exchanges values with on its device.
void Walk::moveNeighbours(int32_t task, int32_t device) {
  size_t most = 2 + random.below(std::min<size_t>(graph.tasks.size(), 16));
  int32_t from = current.placement[task];
  cluster.assign(1, task);
  auto add = [&](int32_t other) {
    if (other < 0 || cluster.size() >= most ||
        current.placement[other] != from || random.below(4) == 0)
      return;
    if (std::find(cluster.begin(), cluster.end(), other) == cluster.end())
      cluster.push_back(other);
  };
  for (size_t i = 0; i < cluster.size() && cluster.size() < most; ++i) {
    for (int32_t v : graph.tasks[cluster[i]].inputs)
      add(graph.values[v].producer);
    for (int32_t v : graph.tasks[cluster[i]].outputs)
      for (int32_t user : graph.values[v].users)
        add(user);
  }
  for (int32_t member : cluster)
    assign(member, device);
}

void Walk::moveStretch(int32_t task, int32_t device) {
  size_t length = 2 + random.below(std::max<size_t>(1, graph.tasks.size() / 3));
  size_t begin = position[task];
  size_t end = std::min(begin + length, current.order.size());
  for (size_t i = begin; i < end; ++i)
    assign(current.order[i], device);
}

void Walk::swapDevices(int32_t task, int32_t other) {
  int32_t a = current.placement[task], b = current.placement[other];
  assign(task, b);
  assign(other, a);
}

/// Moves the task at place `from` of the order to place `to`.
void Walk::rotate(int32_t from, int32_t to) {
  auto begin = current.order.begin();
  if (from < to)
    std::rotate(begin + from, begin + from + 1, begin + to + 1);
  else
    std::rotate(begin + to, begin + from, begin + from + 1);
  for (int32_t i = std::min(from, to); i <= std::max(from, to); ++i)
    position[current.order[i]] = i;
}

/// Moves `task` within the stretch that its producers and users leave it, and
/// not farther than 64 places, which bounds the cost.
void Walk::moveInOrder(int32_t task) {
  constexpr int32_t kFarthest = 64;
  int32_t at = position[task];
  int32_t low = std::max(0, at - kFarthest);
  int32_t high = std::min<int32_t>(current.order.size() - 1, at + kFarthest);
  for (int32_t v : graph.tasks[task].inputs)
    if (graph.values[v].producer >= 0)
      low = std::max(low, position[graph.values[v].producer] + 1);
  for (int32_t v : graph.tasks[task].outputs)
    for (int32_t user : graph.values[v].users)
      high = std::min(high, position[user] - 1);
  if (low >= high)
    return;
  int32_t to = low + random.below(high - low + 1);
  if (to == at)
    return;
  rotate(at, to);
  movedFrom = at;
  movedTo = to;
}

bool Walk::move() {
  undoDevices.clear();
  movedFrom = movedTo = -1;
  size_t kind = random.below(16);
  int32_t task = pick();
  int32_t device = pickDevice(task, current.placement[task]);
  if (kind < 5 || device < 0) {
    moveInOrder(task);
  } else if (kind < 9) {
    assign(task, device);
  } else if (kind < 12) {
    moveNeighbours(task, device);
  } else if (kind < 14) {
    moveStretch(task, device);
  } else {
    swapDevices(task, pick());
  }
  return !undoDevices.empty() || movedFrom >= 0;
}

void Walk::undo() {
  for (auto it = undoDevices.rbegin(); it != undoDevices.rend(); ++it)
    current.placement[it->first] = it->second;
  if (movedFrom >= 0)
    rotate(movedTo, movedFrom);
}

/// A single number to walk by: memory that lacks makes a plan many times worse.
static double penalised(const Score &score) {
  double cost = score.cost + 1e-3 * score.latency;
  return score.overflow > 0 ? cost * (10 + 100 * score.overflow) : cost;
}

void orchestra::plan::improve(const TaskGraph &graph, const CostTable &costs,
                              int32_t numDevices, Evaluator &evaluator,
                              int rounds, uint64_t seed, double goal,
                              Assignment &best, Score &score) {
  if (graph.tasks.empty())
    return;
  // Worse plans are accepted up to this share at first, none at the end.
  constexpr double kFirstThreshold = 0.08;
  Walk walk(graph, costs, numDevices, seed, best);
  double now = penalised(evaluator.score(best));
  evaluator.simulator.criticalTasks(walk.critical);
  for (int round = 0; round < rounds; ++round) {
    if (score.overflow == 0 && score.cost <= goal)
      return;
    if (!walk.move())
      continue;
    Score candidate = evaluator.score(walk.assignment());
    double left = 1 - double(round) / rounds;
    double value = penalised(candidate);
    if (value > now * (1 + kFirstThreshold * left * left * left)) {
      walk.undo();
      continue;
    }
    now = value;
    walk.critical.clear();
    evaluator.simulator.criticalTasks(walk.critical);
    if (candidate < score) {
      score = candidate;
      best = walk.assignment();
    }
  }
}
