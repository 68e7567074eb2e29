//===- Corpus.cpp - Graphs and machines to plan
//------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Corpus.h"

#include "orchestra/Support/Assert.h"

#include <algorithm>
#include <cmath>

using namespace orchestra::plan;

namespace orchestra::plan {
const std::vector<std::string> kMachineNames = {
    "cpu", "cpu2", "cpu-gpu", "cpu-2gpu", "mixed", "cpu-8gpu"};
const std::vector<std::string> kGraphShapes = {
    "layers",   "fork-join", "two-tower", "skips",
    "out-tree", "in-tree",   "random"};
} // namespace orchestra::plan

//===----------------------------------------------------------------------===//
// Machines
//===----------------------------------------------------------------------===//

static Device device(const char *name, const char *arch, double f32,
                     double bandwidth, double memory, double launch) {
  Device device;
  device.name = name;
  device.arch = arch;
  device.peak[unsigned(Element::F32)] = f32;
  device.bandwidth = bandwidth;
  device.memory = memory;
  device.launch = launch;
  return device;
}

static Device cpu(const char *name) {
  return device(name, "x86_64", 1e12, 5e10, 64e9, 1e-6);
}

static Device gpu(const char *name) {
  return device(name, "nvidia_hopper", 5e13, 3e12, 80e9, 5e-6);
}

Machine orchestra::plan::makeMachine(const std::string &name) {
  Machine machine;
  machine.devices = {cpu("cpu0")};
  auto link = [&](int32_t a, int32_t b, double bandwidth, double latency) {
    machine.links.push_back({a, b, bandwidth, latency});
  };
  if (name == "cpu2") {
    machine.devices.push_back(cpu("cpu1"));
    link(0, 1, 2e10, 1e-6);
  } else if (name == "cpu-gpu") {
    machine.devices.push_back(gpu("gpu0"));
    link(0, 1, 2.5e10, 1e-5);
  } else if (name == "cpu-2gpu") {
    machine.devices.push_back(gpu("gpu0"));
    machine.devices.push_back(gpu("gpu1"));
    link(0, 1, 2.5e10, 1e-5);
    link(0, 2, 2.5e10, 1e-5);
  } else if (name == "mixed") {
    machine.devices.push_back(
        device("npu0", "aws_trainium1", 4e12, 4e11, 16e9, 2e-6));
    machine.devices.push_back(gpu("gpu0"));
    link(0, 1, 1e10, 5e-6);
    link(0, 2, 2.5e10, 1e-5);
    link(1, 2, 5e9, 2e-5);
  } else if (name == "cpu-8gpu") {
    for (int i = 0; i < 8; ++i) {
      machine.devices.push_back(gpu(("gpu" + std::to_string(i)).c_str()));
      link(0, i + 1, 2.5e10, 1e-5);
      for (int j = 0; j < i; ++j)
        link(j + 1, i + 1, 2e11, 5e-6);
    }
  } else {
    ORCH_ASSERT(name == "cpu", "no such machine");
  }
  std::optional<std::string> wrong = machine.finish();
  ORCH_ASSERT(!wrong, "a machine of the corpus is malformed");
  return machine;
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

namespace {
/// SplitMix64; the corpus is the same on every host.
struct Dice {
  uint64_t state;
  uint64_t next() {
    uint64_t z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  int below(int count) { return next() % count; }
  /// 2 to a power that is uniform between `low` and `high`.
  double power(double low, double high) {
    double share = double(next() >> 11) / double(1ull << 53);
    return std::exp2(low + (high - low) * share);
  }
};

class GraphMaker {
public:
  GraphMaker(int tasks, uint64_t seed) : count(tasks), dice{seed * 77777 + 13} {
    // Work of 16 M to 4 G operations; values from 1 KB to 16 MB, by the graph.
    work = dice.power(24, 30);
    bytes = dice.power(12, 22);
    input = graph.addValue({"input", ValueKind::Input, size(), false, -1, {}});
  }

  TaskGraph make(const std::string &shape);

private:
  double size() { return std::floor(bytes * dice.power(-2, 2)); }
  /// A task that reads what `producers` make, or the input if there are none.
  int add(std::vector<int> producers) {
    Task task;
    task.name = "t" + std::to_string(graph.tasks.size());
    task.flops[unsigned(Element::F32)] = std::floor(work * dice.power(-2, 2));
    for (int producer : producers)
      task.inputs.push_back(graph.tasks[producer].outputs[0]);
    if (producers.empty())
      task.inputs.push_back(input);
    int32_t out = graph.addValue(
        {task.name + ".out", ValueKind::Computed, size(), false, -1, {}});
    for (int32_t v : task.inputs)
      task.bytes += graph.values[v].bytes;
    task.bytes += graph.values[out].bytes;
    task.outputs.push_back(out);
    return graph.addTask(std::move(task));
  }
  int made() const { return graph.tasks.size(); }

  int count;
  Dice dice;
  double work, bytes;
  int32_t input;
  TaskGraph graph;
};
} // namespace

TaskGraph GraphMaker::make(const std::string &shape) {
  if (shape == "layers") {
    std::vector<int> before;
    while (made() < count) {
      std::vector<int> layer;
      for (int i = 1 + dice.below(4); i > 0 && made() < count; --i) {
        std::vector<int> producers;
        for (int p : before)
          if (dice.below(2))
            producers.push_back(p);
        if (producers.empty() && !before.empty())
          producers.push_back(before[dice.below(before.size())]);
        layer.push_back(add(producers));
      }
      before = layer;
    }
  } else if (shape == "fork-join") {
    int last = add({});
    while (made() < count) {
      std::vector<int> branches;
      for (int i = 2 + dice.below(3); i > 0 && made() < count - 1; --i)
        branches.push_back(add({last}));
      if (branches.empty())
        branches.push_back(last);
      last = add(branches);
    }
  } else if (shape == "two-tower") {
    int towers[2] = {add({}), add({})};
    while (made() < count - 1)
      towers[made() % 2] = add({towers[made() % 2]});
    add({towers[0], towers[1]});
  } else if (shape == "skips") {
    add({});
    while (made() < count) {
      std::vector<int> producers = {made() - 1};
      if (made() > 2 && dice.below(2))
        producers.push_back(std::max(0, made() - 2 - dice.below(4)));
      add(producers);
    }
  } else if (shape == "out-tree") {
    add({});
    while (made() < count)
      add({dice.below(made())});
  } else if (shape == "in-tree") {
    // Leaves first; each later task joins two or three open ends.
    std::vector<int> open;
    while (made() < count) {
      int left = count - made();
      if (int(open.size()) < left && (open.size() < 2 || dice.below(2))) {
        open.push_back(add({}));
        continue;
      }
      int joined = std::min<int>(open.size(), 2 + dice.below(2));
      std::vector<int> producers(open.begin(), open.begin() + joined);
      open.erase(open.begin(), open.begin() + joined);
      open.push_back(add(producers));
    }
  } else {
    ORCH_ASSERT(shape == "random", "no such shape of graphs");
    // Producers are near, as in real programs, whatever the size.
    while (made() < count) {
      std::vector<int> producers;
      for (int i = made() ? 1 + dice.below(3) : 0; i > 0; --i)
        producers.push_back(made() - 1 - dice.below(std::min(made(), 8)));
      add(producers);
    }
  }
  for (Task &task : graph.tasks)
    graph.values[task.outputs[0]].isOutput = true;
  for (Task &task : graph.tasks)
    for (int32_t v : task.inputs)
      graph.values[v].isOutput = false;
  std::optional<std::string> wrong = graph.finish();
  ORCH_ASSERT(!wrong, "a graph of the corpus is malformed");
  return std::move(graph);
}

TaskGraph orchestra::plan::makeGraph(const std::string &shape, int tasks,
                                     uint64_t seed) {
  return GraphMaker(tasks, seed).make(shape);
}
