//===- Requests.cpp - Several requests under way --------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Schedule/Plan/Simulator.h"

#include "orchestra/Support/Assert.h"

#include <functional>
#include <numeric>
#include <queue>
#include <tuple>

using namespace orchestra::plan;

namespace {

/// A task or copy of one request.
struct Job {
  double seconds;
  double plannedStart;
  /// Devices are resources 0 to D-1, channels follow. -1: none.
  int32_t resources[3] = {-1, -1, -1};
  int32_t waitsFor = 0;
  std::vector<int32_t> followers;
};

class RequestSimulation {
public:
  RequestSimulation(const TaskGraph &graph, const Machine &machine,
                    const CostTable &costs, const Plan &plan);
  /// Completion times of the requests, ascending.
  std::vector<double> run(int inFlight, int requests);
  /// The work of one request on the resource that has most.
  double busiest() const {
    std::vector<double> load(numResources, 0);
    for (const Job &job : jobs)
      for (int32_t used : job.resources)
        if (used >= 0)
          load[used] += job.seconds;
    return *std::max_element(load.begin(), load.end());
  }

private:
  using Key = std::pair<int32_t, int32_t>; // request, place in the plan

  void release(int32_t request);
  void start(int32_t resource);
  void enqueue(int32_t request, int32_t job) {
    ready[jobs[job].resources[0]].emplace(request, rank[job]);
  }

  std::vector<Job> jobs;
  std::vector<int32_t> rank, byRank;
  size_t numResources;

  double now = 0;
  std::vector<bool> busy;
  std::vector<std::priority_queue<Key, std::vector<Key>, std::greater<>>> ready;
  struct Finish {
    double time;
    int32_t request, job;
    bool operator>(const Finish &other) const {
      return std::tie(time, request, job) >
             std::tie(other.time, other.request, other.job);
    }
  };
  std::priority_queue<Finish, std::vector<Finish>, std::greater<>> running;
  std::vector<std::vector<int32_t>> waiting;
};

} // namespace

RequestSimulation::RequestSimulation(const TaskGraph &graph,
                                     const Machine &machine,
                                     const CostTable &costs, const Plan &plan) {
  size_t tasks = graph.tasks.size(), devices = machine.devices.size();
  jobs.resize(tasks + plan.copies.size());
  // The job after which a value is on a device; copies that continue others
  // come after them in the plan.
  std::vector<int32_t> arrival(graph.values.size() * devices, -1);
  auto follow = [&](int32_t value, int32_t device, int32_t job) {
    int32_t before = arrival[size_t(value) * devices + device];
    if (before < 0)
      return; // an input on the host, or a constant
    jobs[before].followers.push_back(job);
    ++jobs[job].waitsFor;
  };
  for (size_t t = 0; t < tasks; ++t) {
    const PlacedTask &task = plan.tasks[t];
    jobs[t].seconds = costs(t, task.device);
    jobs[t].plannedStart = task.start;
    jobs[t].resources[0] = task.device;
    for (int32_t v : graph.tasks[t].outputs)
      arrival[size_t(v) * devices + task.device] = t;
  }
  for (size_t c = 0; c < plan.copies.size(); ++c) {
    const Copy &copy = plan.copies[c];
    int32_t id = tasks + c;
    Job &job = jobs[id];
    job.seconds = copy.finish - copy.start;
    job.plannedStart = copy.start;
    int used = 0;
    job.resources[used++] = devices + copy.channel;
    if (!machine.devices[copy.from].computesWhileSending())
      job.resources[used++] = copy.from;
    if (!machine.devices[copy.to].computesWhileReceiving())
      job.resources[used++] = copy.to;
    follow(copy.value, copy.from, id);
    arrival[size_t(copy.value) * devices + copy.to] = id;
  }
  for (size_t t = 0; t < tasks; ++t)
    for (int32_t v : graph.tasks[t].inputs)
      follow(v, plan.tasks[t].device, t);

  byRank.resize(jobs.size());
  std::iota(byRank.begin(), byRank.end(), 0);
  std::sort(byRank.begin(), byRank.end(), [&](int32_t a, int32_t b) {
    return std::pair(jobs[a].plannedStart, a) <
           std::pair(jobs[b].plannedStart, b);
  });
  rank.resize(jobs.size());
  for (size_t i = 0; i < byRank.size(); ++i)
    rank[byRank[i]] = i;
  numResources = devices + machine.numChannels();
}

void RequestSimulation::release(int32_t request) {
  for (size_t job = 0; job < jobs.size(); ++job) {
    waiting[request].push_back(jobs[job].waitsFor);
    if (jobs[job].waitsFor == 0)
      enqueue(request, job);
  }
}

/// Starts the first ready job of an idle resource if all it needs is free.
void RequestSimulation::start(int32_t resource) {
  while (!ready[resource].empty()) {
    auto [request, place] = ready[resource].top();
    int32_t id = byRank[place];
    for (int32_t needed : jobs[id].resources)
      if (needed >= 0 && busy[needed])
        return;
    ready[resource].pop();
    for (int32_t needed : jobs[id].resources)
      if (needed >= 0)
        busy[needed] = true;
    running.push({now + jobs[id].seconds, request, id});
  }
}

std::vector<double> RequestSimulation::run(int inFlight, int requests) {
  busy.assign(numResources, false);
  ready.assign(numResources, {});
  waiting.assign(requests, {});
  std::vector<size_t> left(requests, jobs.size());
  std::vector<double> completions;
  int32_t released = 0;
  now = 0;
  while (released < std::min(inFlight, requests))
    release(released++);
  while (true) {
    for (size_t resource = 0; resource < numResources; ++resource)
      start(resource);
    if (running.empty())
      return completions;
    Finish finish = running.top();
    running.pop();
    now = finish.time;
    for (int32_t used : jobs[finish.job].resources)
      if (used >= 0)
        busy[used] = false;
    for (int32_t next : jobs[finish.job].followers)
      if (--waiting[finish.request][next] == 0)
        enqueue(finish.request, next);
    if (--left[finish.request] == 0) {
      waiting[finish.request].clear();
      completions.push_back(now);
      if (released < requests)
        release(released++);
    }
  }
}

double orchestra::plan::simulateRequests(const TaskGraph &graph,
                                         const Machine &machine,
                                         const CostTable &costs,
                                         const Plan &plan, int inFlight,
                                         int requests) {
  RequestSimulation simulation(graph, machine, costs, plan);
  std::vector<double> times = simulation.run(inFlight, requests);
  // Neither the first requests, which find the machine idle, nor the last,
  // which have it to themselves, are typical.
  size_t begin = inFlight, end = times.size() - inFlight;
  ORCH_ASSERT(begin < end, "too few requests to see a steady state");
  double slope = (times[end - 1] - times[begin - 1]) / (end - begin);
  return std::max(slope, simulation.busiest());
}
