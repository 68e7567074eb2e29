//===- Simulator.cpp - What a placement and an order cost -----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Schedule/Plan/Simulator.h"

#include <numeric>
#include <tuple>

using namespace orchestra::plan;

Simulator::Simulator(const TaskGraph &graph, const Machine &machine,
                     const CostTable &costs)
    : graph(graph), machine(machine), costs(costs),
      devices(machine.devices.size()), placed(graph.tasks.size()),
      availability(graph.values.size() * devices), deviceTimes(devices),
      channelTimes(machine.numChannels()) {
  double all = 0, workspace = 0;
  for (const Value &value : graph.values)
    all += value.bytes;
  for (const Task &task : graph.tasks)
    workspace = std::max(workspace, task.workspace);
  alwaysFits = true;
  for (const Device &device : machine.devices)
    alwaysFits &= all + workspace <= device.memory;
}

void Simulator::clear() {
  std::fill(availability.begin(), availability.end(), -1);
  for (size_t v = 0; v < graph.values.size(); ++v)
    if (graph.values[v].kind == ValueKind::Input)
      available(v, machine.host) = 0;
  for (Timeline &timeline : deviceTimes)
    timeline.clear();
  for (Timeline &timeline : channelTimes)
    timeline.clear();
  copies.clear();
  latency = 0;
}

/// Fills `transfers` with what `values` need to come from elsewhere, those made
/// first in front.
void Simulator::sortTransfers(const std::vector<int32_t> &values) {
  transfers.clear();
  for (int32_t v : values)
    if (graph.values[v].kind != ValueKind::Constant)
      transfers.push_back({v, available(v, home(v))});
  std::sort(transfers.begin(), transfers.end(),
            [](const Transfer &a, const Transfer &b) {
              return std::pair(a.ready, a.value) < std::pair(b.ready, b.value);
            });
}

/// The start of a copy over `hop`, when its link and, where they cannot compute
/// meanwhile, its devices are free.
double Simulator::fitCopy(const Hop &hop, int32_t to, double ready,
                          double seconds) {
  bool fromWaits = !machine.devices[hop.from].computesWhileSending();
  bool toWaits = !machine.devices[to].computesWhileReceiving();
  double start = ready, before;
  do {
    before = start;
    start = channelTimes[hop.channel].fit(start, seconds);
    if (fromWaits)
      start = deviceTimes[hop.from].fit(start, seconds);
    if (toWaits)
      start = deviceTimes[to].fit(start, seconds);
  } while (start != before && (fromWaits || toWaits));
  return start;
}

/// Makes `value` be on `device`; returns when it is there.
double Simulator::bring(int32_t value, int32_t device) {
  double there = available(value, device);
  if (there >= 0)
    return there;
  const Hop &hop = machine.hop(home(value), device);
  double ready = bring(value, hop.from);
  double seconds = machine.copyTime(hop, graph.values[value].bytes);
  double start = fitCopy(hop, device, ready, seconds);
  channelTimes[hop.channel].reserve(start, seconds);
  if (!machine.devices[hop.from].computesWhileSending())
    deviceTimes[hop.from].reserve(start, seconds);
  if (!machine.devices[device].computesWhileReceiving())
    deviceTimes[device].reserve(start, seconds);
  copies.push_back(
      {value, hop.from, device, hop.channel, start, start + seconds});
  return available(value, device) = start + seconds;
}

/// What bring() would return, given earlier such questions for the same task.
double Simulator::tryToBring(int32_t value, int32_t device) {
  double there = available(value, device);
  if (there >= 0)
    return there;
  const Hop &hop = machine.hop(home(value), device);
  double ready = tryToBring(value, hop.from);
  double seconds = machine.copyTime(hop, graph.values[value].bytes);
  double *last = nullptr;
  for (auto &[channel, end] : tentative)
    if (channel == hop.channel)
      last = &end;
  if (last)
    ready = std::max(ready, *last);
  double end = fitCopy(hop, device, ready, seconds) + seconds;
  if (last)
    *last = end;
  else
    tentative.emplace_back(hop.channel, end);
  return end;
}

double Simulator::finishOn(int32_t task, int32_t device) {
  double seconds = costs(task, device);
  if (seconds == kInfinity)
    return kInfinity;
  sortTransfers(graph.tasks[task].inputs);
  tentative.clear();
  double ready = 0;
  for (const Transfer &transfer : transfers)
    ready = std::max(ready, tryToBring(transfer.value, device));
  return deviceTimes[device].fit(ready, seconds) + seconds;
}

void Simulator::place(int32_t task, int32_t device) {
  double seconds = costs(task, device);
  sortTransfers(graph.tasks[task].inputs);
  double ready = 0;
  for (const Transfer &transfer : transfers)
    ready = std::max(ready, bring(transfer.value, device));
  double start = deviceTimes[device].fit(ready, seconds);
  deviceTimes[device].reserve(start, seconds);
  placed[task] = {device, start, start + seconds};
  latency = std::max(latency, start + seconds);
  for (int32_t v : graph.tasks[task].outputs)
    available(v, device) = start + seconds;
}

double Simulator::complete() {
  std::vector<int32_t> results;
  for (size_t v = 0; v < graph.values.size(); ++v)
    if (graph.values[v].isOutput)
      results.push_back(v);
  sortTransfers(results);
  // bring() uses no scratch, so `transfers` stays valid.
  for (const Transfer &transfer : transfers)
    latency = std::max(latency, bring(transfer.value, machine.host));
  return latency;
}

double Simulator::run(const std::vector<int32_t> &placement,
                      const std::vector<int32_t> &order) {
  clear();
  for (int32_t task : order)
    place(task, placement[task]);
  return complete();
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// A value lives on the device that made it from the start of its producer, on
/// others from the start of its copy, until the last reader there has finished.
/// Inputs and results occupy the host's memory throughout.
void Simulator::findPeaks(std::vector<MemoryPeak> &out) const {
  std::vector<double> lastUse(graph.values.size() * devices, -1);
  auto use = [&](int32_t value, int32_t device, double time) {
    double &last = lastUse[size_t(value) * devices + device];
    last = std::max(last, time);
  };
  for (size_t t = 0; t < graph.tasks.size(); ++t) {
    for (int32_t v : graph.tasks[t].inputs)
      use(v, placed[t].device, placed[t].finish);
    for (int32_t v : graph.tasks[t].outputs)
      use(v, placed[t].device, placed[t].finish);
  }
  for (const Copy &copy : copies) {
    use(copy.value, copy.from, copy.finish);
    use(copy.value, copy.to, copy.finish);
  }

  struct Event {
    double time, bytes;
    int32_t task;
  };
  std::vector<std::vector<Event>> events(devices);
  std::vector<double> resident(devices, 0);
  auto live = [&](int32_t device, double bytes, double from, double to,
                  int32_t task) {
    if (bytes <= 0 || to <= from)
      return;
    events[device].push_back({from, bytes, task});
    events[device].push_back({to, -bytes, task});
  };
  for (size_t v = 0; v < graph.values.size(); ++v) {
    const Value &value = graph.values[v];
    for (size_t d = 0; d < devices; ++d) {
      double last = lastUse[v * devices + d];
      bool onHost = int32_t(d) == machine.host;
      if (value.kind == ValueKind::Constant) {
        resident[d] += last >= 0 ? value.bytes : 0;
      } else if (onHost && (value.isOutput || value.kind == ValueKind::Input)) {
        resident[d] += value.bytes;
      } else if (value.producer >= 0 &&
                 placed[value.producer].device == int32_t(d)) {
        live(d, value.bytes, placed[value.producer].start, last,
             value.producer);
      }
    }
  }
  for (const Copy &copy : copies) {
    const Value &value = graph.values[copy.value];
    bool counted = copy.to == machine.host &&
                   (value.isOutput || value.kind == ValueKind::Input);
    if (!counted)
      live(copy.to, value.bytes, copy.start,
           lastUse[size_t(copy.value) * devices + copy.to], -1);
  }
  for (size_t t = 0; t < graph.tasks.size(); ++t)
    live(placed[t].device, graph.tasks[t].workspace, placed[t].start,
         placed[t].finish, t);

  out.assign(devices, MemoryPeak());
  for (size_t d = 0; d < devices; ++d) {
    // What ends at a moment makes room for what starts then.
    std::sort(events[d].begin(), events[d].end(),
              [](const Event &a, const Event &b) {
                return std::tuple(a.time, a.bytes, a.task) <
                       std::tuple(b.time, b.bytes, b.task);
              });
    double now = resident[d];
    out[d].bytes = now;
    for (const Event &event : events[d]) {
      now += event.bytes;
      if (now > out[d].bytes) {
        out[d].bytes = now;
        out[d].task = event.task;
      }
    }
  }
}

std::vector<MemoryPeak> Simulator::peaks() {
  std::vector<MemoryPeak> result;
  findPeaks(result);
  return result;
}

double Simulator::overflow() {
  if (alwaysFits)
    return 0;
  double over = 0;
  std::vector<MemoryPeak> all = peaks();
  for (size_t d = 0; d < devices; ++d) {
    double memory = machine.devices[d].memory;
    if (all[d].bytes > memory)
      over += all[d].bytes / memory - 1;
  }
  return over;
}

//===----------------------------------------------------------------------===//
// Readings
//===----------------------------------------------------------------------===//

double Simulator::busiest() const {
  std::vector<double> device(devices, 0), channel(channelTimes.size(), 0);
  for (const PlacedTask &task : placed)
    device[task.device] += task.finish - task.start;
  for (const Copy &copy : copies) {
    double seconds = copy.finish - copy.start;
    channel[copy.channel] += seconds;
    if (!machine.devices[copy.from].computesWhileSending())
      device[copy.from] += seconds;
    if (!machine.devices[copy.to].computesWhileReceiving())
      device[copy.to] += seconds;
  }
  double most = 0;
  for (double seconds : device)
    most = std::max(most, seconds);
  for (double seconds : channel)
    most = std::max(most, seconds);
  return most;
}

Plan Simulator::plan() {
  Plan plan;
  plan.tasks = placed;
  plan.latency = plan.interval = latency;
  plan.peaks = peaks();
  // Ties by topological position keep dependences in order even where tasks
  // take no time.
  std::vector<int32_t> position(placed.size());
  for (size_t i = 0; i < placed.size(); ++i)
    position[graph.order()[i]] = i;
  plan.order.resize(placed.size());
  std::iota(plan.order.begin(), plan.order.end(), 0);
  std::sort(plan.order.begin(), plan.order.end(), [&](int32_t a, int32_t b) {
    return placed[a].start != placed[b].start
               ? placed[a].start < placed[b].start
               : position[a] < position[b];
  });
  // A copy that continues another starts no sooner than the other ends; the
  // sequence in which they were made settles ties.
  std::vector<int32_t> sequence(copies.size());
  std::iota(sequence.begin(), sequence.end(), 0);
  std::sort(sequence.begin(), sequence.end(), [&](int32_t a, int32_t b) {
    return std::pair(copies[a].start, a) < std::pair(copies[b].start, b);
  });
  for (int32_t i : sequence)
    plan.copies.push_back(copies[i]);
  return plan;
}

void Simulator::criticalTasks(std::vector<int32_t> &out) const {
  // Walk back from the last result over whatever each start waited for: the
  // task before it on the device, or the producer of the input that came last.
  std::vector<std::vector<int32_t>> byDevice(devices);
  for (int32_t t = 0; t < int32_t(placed.size()); ++t)
    byDevice[placed[t].device].push_back(t);
  for (std::vector<int32_t> &tasks : byDevice)
    std::sort(tasks.begin(), tasks.end(), [&](int32_t a, int32_t b) {
      return placed[a].finish != placed[b].finish
                 ? placed[a].finish < placed[b].finish
                 : a < b;
    });
  int32_t current = -1;
  double end = -1;
  for (size_t v = 0; v < graph.values.size(); ++v)
    if (graph.values[v].isOutput && graph.values[v].producer >= 0 &&
        available(v, machine.host) > end) {
      end = available(v, machine.host);
      current = graph.values[v].producer;
    }
  for (int32_t t = 0; t < int32_t(placed.size()); ++t)
    if (placed[t].finish > end) {
      end = placed[t].finish;
      current = t;
    }
  for (size_t steps = 0; current >= 0 && steps < placed.size(); ++steps) {
    out.push_back(current);
    const PlacedTask &task = placed[current];
    int32_t next = -1;
    double arrival = -1;
    for (int32_t v : graph.tasks[current].inputs) {
      int32_t producer = graph.values[v].producer;
      if (producer >= 0 && available(v, task.device) > arrival) {
        arrival = available(v, task.device);
        next = producer;
      }
    }
    if (arrival < task.start) {
      const std::vector<int32_t> &tasks = byDevice[task.device];
      auto it = std::upper_bound(tasks.begin(), tasks.end(), task.start,
                                 [&](double time, int32_t other) {
                                   return time < placed[other].finish;
                                 });
      while (it != tasks.begin()) {
        --it;
        if (*it != current && placed[*it].start < task.start) {
          next = *it;
          break;
        }
      }
    }
    current = next;
  }
}
