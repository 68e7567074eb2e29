//===- Exact.cpp - The best plan there is, for small graphs
//-----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Exact.h"

#include <algorithm>
#include <map>

using namespace orchestra::plan;

namespace {

/// A task or copy that takes a resource for a time.
struct Job {
  int32_t resource;
  double seconds;
  std::vector<int32_t> before, after;
  double tail = 0; // least time from its end to the end of all
};

class ExactSearch {
public:
  ExactSearch(const TaskGraph &graph, const Machine &machine,
              const CostTable &costs, double known, uint64_t limit);
  ExactResult run();

private:
  bool stopped() const { return nodes > limit; }
  /// Anything not shorter than this is of no interest.
  double cutoff() const { return best * (1 - 1e-9); }

  void place(size_t index);
  double headOf(int32_t task, int32_t device) const;
  void makeJobs();
  int32_t arrival(int32_t value, int32_t device,
                  std::map<std::pair<int32_t, int32_t>, int32_t> &copies);
  void searchJobs(size_t left, double finished);
  double resourceBound() const;

  const TaskGraph &graph;
  const Machine &machine;
  const CostTable &costs;
  double best;
  uint64_t limit, nodes = 0;

  std::vector<int32_t> placement;
  std::vector<double> head;      // least start of a placed task
  std::vector<double> remaining; // least work of tasks from an index on
  std::vector<double> load;
  std::vector<double> optimistic; // as PEFT's table, which is a lower bound

  std::vector<Job> jobs;
  std::vector<double> start; // least start, from what is scheduled
  std::vector<int32_t> missing;
  std::vector<bool> done;
  std::vector<double> freeAt;
};

} // namespace

ExactSearch::ExactSearch(const TaskGraph &graph, const Machine &machine,
                         const CostTable &costs, double known, uint64_t limit)
    : graph(graph), machine(machine), costs(costs), best(known), limit(limit),
      placement(graph.tasks.size(), -1), head(graph.tasks.size(), 0),
      remaining(graph.tasks.size() + 1, 0), load(machine.devices.size(), 0),
      optimistic(graph.tasks.size() * machine.devices.size(), 0) {
  const std::vector<int32_t> &order = graph.order();
  int32_t devices = machine.numDevices();
  for (size_t i = order.size(); i-- > 0;) {
    int32_t t = order[i];
    remaining[i] = remaining[i + 1] + costs.least(t);
    for (int32_t d = 0; d < devices; ++d)
      for (int32_t v : graph.tasks[t].outputs) {
        const Value &value = graph.values[v];
        double &entry = optimistic[t * devices + d];
        if (value.isOutput)
          entry =
              std::max(entry, machine.routeTime(d, machine.host, value.bytes));
        for (int32_t user : value.users) {
          double least = kInfinity;
          for (int32_t other = 0; other < devices; ++other)
            least = std::min(least, machine.routeTime(d, other, value.bytes) +
                                        costs(user, other) +
                                        optimistic[user * devices + other]);
          entry = std::max(entry, least);
        }
      }
  }
}

double ExactSearch::headOf(int32_t task, int32_t device) const {
  double ready = 0;
  for (int32_t v : graph.tasks[task].inputs) {
    const Value &value = graph.values[v];
    if (value.kind == ValueKind::Constant)
      continue;
    int32_t p = value.producer;
    int32_t home = p < 0 ? machine.host : placement[p];
    double made = p < 0 ? 0 : head[p] + costs(p, home);
    ready =
        std::max(ready, made + machine.routeTime(home, device, value.bytes));
  }
  return ready;
}

void ExactSearch::place(size_t index) {
  if (stopped())
    return;
  ++nodes;
  if (index == placement.size()) {
    makeJobs();
    searchJobs(jobs.size(), 0);
    return;
  }
  int32_t t = graph.order()[index], devices = machine.numDevices();
  double placed = 0;
  for (double seconds : load)
    placed += seconds;
  for (int32_t d = 0; d < devices; ++d) {
    double cost = costs(t, d);
    if (cost == kInfinity)
      continue;
    head[t] = headOf(t, d);
    double bound = head[t] + cost + optimistic[t * devices + d];
    bound = std::max(bound, load[d] + cost);
    bound = std::max(bound, (placed + cost + remaining[index + 1]) / devices);
    if (bound >= cutoff())
      continue;
    placement[t] = d;
    load[d] += cost;
    place(index + 1);
    load[d] -= cost;
  }
  placement[t] = -1;
}

/// The job after which `value` is on `device`, or -1: it always is.
int32_t
ExactSearch::arrival(int32_t value, int32_t device,
                     std::map<std::pair<int32_t, int32_t>, int32_t> &copies) {
  int32_t producer = graph.values[value].producer;
  int32_t home = producer < 0 ? machine.host : placement[producer];
  if (device == home)
    return producer;
  auto [it, isNew] = copies.try_emplace({value, device}, -1);
  if (!isNew)
    return it->second;
  const Hop &hop = machine.hop(home, device);
  int32_t before = arrival(value, hop.from, copies);
  Job job;
  job.resource = machine.numDevices() + hop.channel;
  job.seconds = machine.copyTime(hop, graph.values[value].bytes);
  if (before >= 0)
    job.before.push_back(before);
  jobs.push_back(job);
  return copies[{value, device}] = jobs.size() - 1;
}

void ExactSearch::makeJobs() {
  jobs.clear();
  for (size_t t = 0; t < placement.size(); ++t) {
    Job job;
    job.resource = placement[t];
    job.seconds = costs(t, placement[t]);
    jobs.push_back(job);
  }
  std::map<std::pair<int32_t, int32_t>, int32_t> copies;
  for (size_t t = 0; t < placement.size(); ++t)
    for (int32_t v : graph.tasks[t].inputs)
      if (graph.values[v].kind != ValueKind::Constant) {
        int32_t before = arrival(v, placement[t], copies);
        if (before >= 0)
          jobs[t].before.push_back(before);
      }
  for (size_t v = 0; v < graph.values.size(); ++v)
    if (graph.values[v].isOutput)
      arrival(v, machine.host, copies);
  missing.assign(jobs.size(), 0);
  for (size_t j = 0; j < jobs.size(); ++j) {
    for (int32_t before : jobs[j].before)
      jobs[before].after.push_back(j);
    missing[j] = jobs[j].before.size();
  }
  // Tails, in reverse of an order found by counting.
  std::vector<int32_t> order, left = missing;
  for (size_t j = 0; j < jobs.size(); ++j)
    if (left[j] == 0)
      order.push_back(j);
  for (size_t i = 0; i < order.size(); ++i)
    for (int32_t next : jobs[order[i]].after)
      if (--left[next] == 0)
        order.push_back(next);
  for (size_t i = order.size(); i-- > 0;)
    for (int32_t next : jobs[order[i]].after)
      jobs[order[i]].tail =
          std::max(jobs[order[i]].tail, jobs[next].seconds + jobs[next].tail);
  start.assign(jobs.size(), 0);
  done.assign(jobs.size(), false);
  freeAt.assign(machine.numDevices() + machine.numChannels(), 0);
  // Least starts by precedence alone.
  for (int32_t j : order)
    for (int32_t next : jobs[j].after)
      start[next] = std::max(start[next], start[j] + jobs[j].seconds);
}

/// What is left on a resource takes its time, after its first start and before
/// its shortest tail.
double ExactSearch::resourceBound() const {
  double bound = 0;
  for (size_t r = 0; r < freeAt.size(); ++r) {
    double first = kInfinity, work = 0, tail = kInfinity;
    for (size_t j = 0; j < jobs.size(); ++j) {
      if (done[j] || jobs[j].resource != int32_t(r))
        continue;
      double at = std::max(start[j], freeAt[r]);
      first = std::min(first, at);
      work += jobs[j].seconds;
      tail = std::min(tail, jobs[j].tail);
      bound = std::max(bound, at + jobs[j].seconds + jobs[j].tail);
    }
    if (work > 0)
      bound = std::max(bound, first + work + tail);
  }
  return bound;
}

void ExactSearch::searchJobs(size_t left, double finished) {
  if (stopped())
    return;
  ++nodes;
  if (left == 0) {
    best = std::min(best, finished);
    return;
  }
  if (std::max(finished, resourceBound()) >= cutoff())
    return;
  // The job that can end first decides the resource; only jobs on it that can
  // start before that end may come first in an active schedule.
  double firstEnd = kInfinity;
  int32_t resource = -1;
  for (size_t j = 0; j < jobs.size(); ++j) {
    if (done[j] || missing[j] > 0)
      continue;
    double end = std::max(start[j], freeAt[jobs[j].resource]) + jobs[j].seconds;
    if (end < firstEnd) {
      firstEnd = end;
      resource = jobs[j].resource;
    }
  }
  for (size_t j = 0; j < jobs.size(); ++j) {
    if (done[j] || missing[j] > 0 || jobs[j].resource != resource)
      continue;
    double at = std::max(start[j], freeAt[resource]);
    if (at >= firstEnd && jobs[j].seconds > 0)
      continue;
    double end = at + jobs[j].seconds, wasFree = freeAt[resource];
    std::vector<double> starts;
    done[j] = true;
    freeAt[resource] = end;
    for (int32_t next : jobs[j].after) {
      starts.push_back(start[next]);
      start[next] = std::max(start[next], end);
      --missing[next];
    }
    searchJobs(left - 1, std::max(finished, end));
    for (size_t i = starts.size(); i-- > 0;) { // a job may follow twice
      start[jobs[j].after[i]] = starts[i];
      ++missing[jobs[j].after[i]];
    }
    freeAt[resource] = wasFree;
    done[j] = false;
  }
}

ExactResult ExactSearch::run() {
  place(0);
  return {best, !stopped(), nodes};
}

ExactResult orchestra::plan::findExact(const TaskGraph &graph,
                                       const Machine &machine,
                                       const CostTable &costs, double known,
                                       uint64_t limit) {
  return ExactSearch(graph, machine, costs, known, limit).run();
}
