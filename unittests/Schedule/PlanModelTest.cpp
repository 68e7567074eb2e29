//===- PlanModelTest.cpp - Graphs, machines, costs
//---------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Corpus.h"

#include "orchestra/Schedule/Plan/GraphText.h"
#include "orchestra/Schedule/Plan/Simulator.h"
#include "orchestra/Schedule/Plan/Timeline.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace orchestra::plan;

namespace {

/// Task i reads what tasks `edges[i]` make; a last value is a result.
TaskGraph graphOf(const std::vector<std::vector<int>> &edges) {
  TaskGraph graph;
  for (size_t i = 0; i < edges.size(); ++i) {
    Task task;
    task.name = "t" + std::to_string(i);
    task.outputs = {int32_t(i)};
    for (int producer : edges[i])
      task.inputs.push_back(producer);
    graph.addTask(task);
    Value value;
    value.name = task.name + ".out";
    graph.addValue(value);
  }
  return graph;
}

TEST(TaskGraph, OrderFollowsDependences) {
  TaskGraph graph = graphOf({{2}, {}, {1}, {0, 2}});
  ASSERT_EQ(graph.finish(), std::nullopt);
  EXPECT_EQ(graph.order(), (std::vector<int32_t>{1, 2, 0, 3}));
  EXPECT_EQ(graph.values[2].users, (std::vector<int32_t>{0, 3}));
}

TEST(TaskGraph, DropsRepeatedInputs) {
  TaskGraph graph = graphOf({{}, {0, 0, 0}});
  ASSERT_EQ(graph.finish(), std::nullopt);
  EXPECT_EQ(graph.tasks[1].inputs.size(), 1u);
  EXPECT_EQ(graph.values[0].users.size(), 1u);
}

TEST(TaskGraph, RefusesCycle) {
  TaskGraph graph = graphOf({{1}, {0}});
  EXPECT_EQ(graph.finish(), "task 't0' depends on itself");
}

TEST(TaskGraph, RefusesTwoProducersAndNone) {
  TaskGraph twice = graphOf({{}, {}});
  twice.tasks[1].outputs = {0};
  EXPECT_EQ(twice.finish(), "value 't0.out' is made twice");
  TaskGraph none = graphOf({{}});
  none.tasks[0].outputs.clear();
  EXPECT_EQ(none.finish(), "value 't0.out' is made by no task");
}

TEST(TaskGraph, EmptyGraphIsFine) {
  TaskGraph graph;
  EXPECT_EQ(graph.finish(), std::nullopt);
  EXPECT_TRUE(graph.order().empty());
}

TEST(TaskGraph, TextRoundTrip) {
  TaskGraph graph = makeGraph("random", 9, 3);
  graph.tasks[2].pin = 1;
  graph.tasks[3].known.push_back({"x86_64", 0.25});
  graph.tasks[4].workspace = 128;
  std::string text, again;
  llvm::raw_string_ostream(text) << "";
  llvm::raw_string_ostream os(text);
  writeGraph(graph, os);
  llvm::Expected<TaskGraph> read = readGraph(text);
  ASSERT_TRUE(bool(read)) << llvm::toString(read.takeError());
  llvm::raw_string_ostream second(again);
  writeGraph(*read, second);
  EXPECT_EQ(text, again);
  EXPECT_EQ(read->tasks[2].pin, 1);
  EXPECT_EQ(read->tasks[3].known[0].seconds, 0.25);
  EXPECT_EQ(read->order(), graph.order());
}

TEST(TaskGraph, TextRefusals) {
  auto error = [](llvm::StringRef text) {
    llvm::Expected<TaskGraph> graph = readGraph(text);
    return graph ? std::string() : llvm::toString(graph.takeError());
  };
  EXPECT_NE(error("{"), "");
  EXPECT_NE(error("{}").find("expected an object with tasks and values"),
            std::string::npos);
  std::string task = R"({"tasks": [{"name": "a", "bytes": 1, "inputs": [7],
      "outputs": []}], "values": []})";
  EXPECT_NE(error(task).find("refers to a value that is not there"),
            std::string::npos);
  std::string kind = R"({"tasks": [], "values": [{"name": "a", "kind": "odd",
      "bytes": 1}]})";
  EXPECT_NE(error(kind).find("expected computed, input or constant"),
            std::string::npos);
  std::string type = R"({"tasks": [{"name": "a", "bytes": 1, "inputs": [],
      "outputs": [], "flops": {"f7": 1}}], "values": []})";
  EXPECT_NE(error(type).find("no such element type"), std::string::npos);
}

Device simpleDevice(const char *name) {
  Device device;
  device.name = name;
  device.arch = name;
  device.peak[unsigned(Element::F32)] = 100;
  device.bandwidth = 10;
  return device;
}

TEST(Machine, RoutesOverTheFastestWay) {
  Machine machine;
  machine.devices = {simpleDevice("a"), simpleDevice("b"), simpleDevice("c")};
  machine.links = {{0, 1, 1e6, 0}, {1, 2, 1e6, 0}, {0, 2, 1e5, 0}};
  ASSERT_EQ(machine.finish(), std::nullopt);
  // Two fast links beat a slow one.
  EXPECT_EQ(machine.hop(0, 2).from, 1);
  EXPECT_EQ(machine.hop(0, 1).from, 0);
  EXPECT_DOUBLE_EQ(machine.routeTime(0, 2, 1e6), 2);
  // Both directions of a full-duplex link are channels of their own.
  EXPECT_NE(machine.hop(0, 1).channel, machine.hop(1, 0).channel);
}

TEST(Machine, HalfDuplexIsOneChannel) {
  Machine machine;
  machine.devices = {simpleDevice("a"), simpleDevice("b")};
  machine.links = {{0, 1, 1e6, 0, false}};
  ASSERT_EQ(machine.finish(), std::nullopt);
  EXPECT_EQ(machine.hop(0, 1).channel, machine.hop(1, 0).channel);
}

TEST(Machine, Refusals) {
  Machine none;
  EXPECT_EQ(none.finish(), "the machine has no device");
  Machine apart;
  apart.devices = {simpleDevice("a"), simpleDevice("b")};
  EXPECT_EQ(apart.finish(), "device 'b' has no way to 'a'");
  apart.links = {{0, 1, 0, 0}};
  EXPECT_EQ(apart.finish(), "the link of 'a' and 'b' has no bandwidth");
  Machine host;
  host.devices = {simpleDevice("a")};
  host.host = 3;
  EXPECT_EQ(host.finish(), "the machine's host is none of its devices");
  host.host = 0;
  host.devices[0].bandwidth = 0;
  EXPECT_EQ(host.finish(), "device 'a' has no memory bandwidth");
}

TEST(Machine, MissingTypesComputeInWiderOnes) {
  Machine machine;
  machine.devices = {simpleDevice("a")};
  machine.devices[0].peak[unsigned(Element::F16)] = 400;
  ASSERT_EQ(machine.finish(), std::nullopt);
  const PerElement &peak = machine.devices[0].peak;
  EXPECT_EQ(peak[unsigned(Element::BF16)], 100);
  EXPECT_EQ(peak[unsigned(Element::F8)], 400);
  EXPECT_EQ(peak[unsigned(Element::I8)], 100);
  EXPECT_EQ(peak[unsigned(Element::F64)], 0); // nothing is wider
}

TEST(Cost, Roofline) {
  Machine machine;
  machine.devices = {simpleDevice("a")};
  machine.devices[0].launch = 0.5;
  machine.devices[0].peak[unsigned(Element::F16)] = 400;
  ASSERT_EQ(machine.finish(), std::nullopt);
  Task task;
  task.flops[unsigned(Element::F32)] = 300;
  task.flops[unsigned(Element::F16)] = 400;
  task.bytes = 20;
  task.launches = 2;
  // 2 * 0.5 + max(300 / 100 + 400 / 400, 20 / 10)
  EXPECT_DOUBLE_EQ(estimateSeconds(task, machine.devices[0]), 5);
  task.bytes = 80;
  EXPECT_DOUBLE_EQ(estimateSeconds(task, machine.devices[0]), 9);
  task.flops[unsigned(Element::F64)] = 1;
  EXPECT_EQ(estimateSeconds(task, machine.devices[0]), kInfinity);
}

TEST(Cost, RatesBetweenMeasuredSizes) {
  RateTable table({{100, 10}, {10000, 1000}});
  EXPECT_DOUBLE_EQ(table.at(1), 10);
  EXPECT_DOUBLE_EQ(table.at(100), 10);
  EXPECT_NEAR(table.at(1000), 100, 1e-9); // half way in logarithms
  EXPECT_DOUBLE_EQ(table.at(1e9), 1000);
  EXPECT_DOUBLE_EQ(table.seconds(1), 10); // what the smallest takes
  EXPECT_DOUBLE_EQ(table.seconds(2e4), 20);
}

TEST(Cost, KernelsAtMeasuredRates) {
  Machine machine;
  machine.devices = {simpleDevice("a")};
  Device &device = machine.devices[0];
  ASSERT_EQ(machine.finish(), std::nullopt);
  Task task;
  task.bytes = 1e6; // the roofline would say 1e5 seconds
  Kernel matmul;
  matmul.kind = KernelKind::Matmul;
  matmul.flops = 600;
  matmul.bytes = 40;
  matmul.constants = 100;
  Kernel rows;
  rows.kind = KernelKind::Rows;
  rows.bytes = 50;
  rows.math = 30;
  task.kernels = {matmul, rows};
  EXPECT_DOUBLE_EQ(estimateSeconds(task, device), 1e5);
  for (RateTable &table : device.rates)
    table = RateTable({{1, 1e9}});
  auto set = [&](KernelKind kind, RateTable table) {
    device.rates[unsigned(kind)] = std::move(table);
  };
  set(KernelKind::Matmul, RateTable({{1, 300}}));
  set(KernelKind::Rows, RateTable({{1, 25}}));
  set(KernelKind::Elementwise, RateTable({{1, 20}}));
  set(KernelKind::Math, RateTable({{1, 10}}));
  set(KernelKind::Read, RateTable({{100, 20}, {1000, 10}}));
  // 600 / 300 + 40 / 20 + 100 / 20, and 50 / 25 + 30 / 10
  EXPECT_DOUBLE_EQ(estimateSeconds(task, device), 2 + 2 + 5 + 2 + 3);
  // The constants of a larger model do not stay where 100 bytes do.
  EXPECT_DOUBLE_EQ(estimateSeconds(task, device, 1000), 2 + 2 + 10 + 2 + 3);
  // Another type at its share of the peak.
  device.peak[unsigned(Element::BF16)] = 200;
  task.kernels[0].element = Element::BF16;
  EXPECT_DOUBLE_EQ(estimateSeconds(task, device), 1 + 2 + 5 + 2 + 3);
}

TEST(Cost, KnownCostsAndPinsReplaceEstimates) {
  Machine machine = makeMachine("cpu-gpu");
  TaskGraph graph = graphOf({{}, {}});
  graph.tasks[0].known = {{"nvidia_hopper", 7}, {"x86_64", kInfinity}};
  graph.tasks[1].pin = 0;
  ASSERT_EQ(graph.finish(), std::nullopt);
  CostTable costs(graph, machine);
  EXPECT_EQ(costs(0, 0), kInfinity);
  EXPECT_EQ(costs(0, 1), 7);
  EXPECT_EQ(costs.mean(0), 7);
  EXPECT_LT(costs(1, 0), kInfinity);
  EXPECT_EQ(costs(1, 1), kInfinity);
}

TEST(Cost, CopiesOfCoresTakeTheReceiversTime) {
  // Two tasks of a second, the second one's input made by the first.
  Machine machine;
  machine.devices = {simpleDevice("a"), simpleDevice("b")};
  machine.links = {{0, 1, 10, 0}};
  TaskGraph graph = graphOf({{}, {0}});
  for (Task &task : graph.tasks)
    task.flops[unsigned(Element::F32)] = 100;
  for (Value &value : graph.values)
    value.bytes = 5;
  ASSERT_EQ(graph.finish(), std::nullopt);
  auto busiest = [&](bool engine) {
    for (Device &device : machine.devices)
      device.hasCopyEngine = engine;
    EXPECT_EQ(machine.finish(), std::nullopt);
    CostTable costs(graph, machine);
    Simulator simulator(graph, machine, costs);
    simulator.run({0, 1}, graph.order());
    return simulator.busiest();
  };
  EXPECT_DOUBLE_EQ(busiest(true), 1);
  EXPECT_DOUBLE_EQ(busiest(false), 1.5);
}

TEST(Timeline, FillsGaps) {
  Timeline timeline;
  timeline.reserve(timeline.fit(0, 2), 2); // 0-2
  timeline.reserve(timeline.fit(5, 2), 2); // 5-7
  EXPECT_EQ(timeline.fit(0, 3), 2);        // the gap 2-5
  EXPECT_EQ(timeline.fit(3, 3), 7);        // too late for it
  timeline.reserve(timeline.fit(3, 1), 1); // 3-4
  EXPECT_EQ(timeline.fit(0, 1), 2);
  EXPECT_EQ(timeline.fit(2.5, 1), 4);
  timeline.reserve(2, 1);
  EXPECT_EQ(timeline.fit(0, 1), 4);
  timeline.reserve(4, 1);
  EXPECT_EQ(timeline.fit(0, 0.5), 7);
}

TEST(Timeline, NeverOverlaps) {
  // Against a list of all busy times.
  uint64_t state = 5;
  auto dice = [&] { return (state = state * 6364136223846793005 + 1) >> 40; };
  Timeline timeline;
  std::vector<std::pair<double, double>> busy;
  for (int i = 0; i < 2000; ++i) {
    double ready = dice() % 4000, seconds = dice() % 9;
    double start = timeline.fit(ready, seconds);
    EXPECT_GE(start, ready);
    for (auto [from, to] : busy)
      ASSERT_TRUE(start + seconds <= from || start >= to || seconds == 0);
    timeline.reserve(start, seconds);
    if (seconds > 0)
      busy.emplace_back(start, start + seconds);
  }
}

} // namespace
