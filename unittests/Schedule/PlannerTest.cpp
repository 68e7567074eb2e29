//===- PlannerTest.cpp - Plans are valid, good, and the same every time
//-----===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Corpus.h"
#include "Exact.h"

#include "orchestra/Schedule/Plan/Planner.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

using namespace orchestra::plan;

namespace {

/// Checks a plan by the rules of Simulator.h, without the simulator.
void checkPlan(const TaskGraph &graph, const Machine &machine,
               const CostTable &costs, const Plan &plan) {
  constexpr double kSlack = 1e-12;
  std::map<std::pair<int32_t, int32_t>, double> there;
  std::map<int32_t, std::vector<std::pair<double, double>>> busy;
  double end = 0;
  for (size_t v = 0; v < graph.values.size(); ++v)
    if (graph.values[v].kind == ValueKind::Input)
      there[{v, machine.host}] = 0;
  ASSERT_EQ(plan.tasks.size(), graph.tasks.size());
  ASSERT_EQ(plan.order.size(), graph.tasks.size());
  for (size_t t = 0; t < graph.tasks.size(); ++t) {
    const PlacedTask &task = plan.tasks[t];
    ASSERT_GE(task.device, 0);
    EXPECT_NEAR(task.finish - task.start, costs(t, task.device), kSlack);
    busy[task.device].push_back({task.start, task.finish});
    end = std::max(end, task.finish);
    for (int32_t v : graph.tasks[t].outputs)
      there[{v, task.device}] = task.finish;
  }
  for (const Copy &copy : plan.copies) {
    auto source = there.find({copy.value, copy.from});
    ASSERT_TRUE(source != there.end()) << "copied before it is there";
    EXPECT_GE(copy.start, source->second - kSlack);
    EXPECT_FALSE(there.count({copy.value, copy.to})) << "copied twice";
    there[{copy.value, copy.to}] = copy.finish;
    busy[machine.numDevices() + copy.channel].push_back(
        {copy.start, copy.finish});
    for (int32_t device : {copy.from, copy.to})
      if (!machine.devices[device].overlapsCopies)
        busy[device].push_back({copy.start, copy.finish});
    end = std::max(end, copy.finish);
  }
  std::vector<bool> seen(graph.tasks.size(), false);
  for (int32_t t : plan.order) {
    for (int32_t v : graph.tasks[t].inputs) {
      const Value &value = graph.values[v];
      if (value.kind == ValueKind::Constant)
        continue;
      if (value.producer >= 0) {
        EXPECT_TRUE(seen[value.producer]);
      }
      auto input = there.find({v, plan.tasks[t].device});
      ASSERT_TRUE(input != there.end()) << "no copy of an input";
      EXPECT_GE(plan.tasks[t].start, input->second - kSlack);
    }
    seen[t] = true;
  }
  for (auto &[resource, times] : busy) {
    std::sort(times.begin(), times.end());
    for (size_t i = 1; i < times.size(); ++i)
      EXPECT_GE(times[i].first, times[i - 1].second - kSlack);
  }
  for (size_t v = 0; v < graph.values.size(); ++v)
    if (graph.values[v].isOutput) {
      EXPECT_TRUE(there.count({v, machine.host}));
    }
  EXPECT_NEAR(plan.latency, end, kSlack);
  for (int32_t d = 0; d < machine.numDevices(); ++d)
    EXPECT_LE(plan.peaks[d].bytes, machine.devices[d].memory);
}

Plan planOf(const TaskGraph &graph, const Machine &machine,
            const PlanOptions &options = PlanOptions()) {
  Plan plan;
  std::optional<PlanFailure> failure = makePlan(graph, machine, options, plan);
  EXPECT_FALSE(failure) << failure->message;
  return plan;
}

TEST(Planner, PlansAreValidAndNoWorseThanOneDevice) {
  int several = 0;
  for (size_t i = 0; i < 60; ++i) {
    const std::string &shape = kGraphShapes[i % kGraphShapes.size()];
    Machine machine = makeMachine(kMachineNames[i % kMachineNames.size()]);
    if (i % 5 == 4)
      for (Device &device : machine.devices)
        device.overlapsCopies = false;
    TaskGraph graph = makeGraph(shape, 5 + i, i);
    CostTable costs(graph, machine);
    SCOPED_TRACE(shape + " " + std::to_string(i));
    PlanOptions options;
    options.effort = 3e5;
    Plan plan = planOf(graph, machine, options);
    checkPlan(graph, machine, costs, plan);
    double single = bestSingleDevice(graph, machine, costs);
    EXPECT_LE(plan.latency, single * (1 + 1e-9));
    EXPECT_GE(plan.latency, latencyBound(graph, machine, costs) * (1 - 1e-9));
    several += plan.latency < single * 0.99;
  }
  EXPECT_GE(several, 15); // else the corpus asks nothing
}

TEST(Planner, WithinFivePercentOfTheOptimum) {
  // benchmarks/schedule/plans.py does the same with more graphs.
  for (size_t i = 0; i < 84; ++i) {
    const std::string machines[] = {"cpu2", "cpu-gpu", "cpu-2gpu", "mixed"};
    Machine machine = makeMachine(machines[i % 4]);
    TaskGraph graph =
        makeGraph(kGraphShapes[i % kGraphShapes.size()], 4 + i % 7, 1000 + i);
    CostTable costs(graph, machine);
    Plan plan = planOf(graph, machine);
    ExactResult exact = findExact(graph, machine, costs, plan.latency, 3000000);
    EXPECT_TRUE(exact.proved);
    EXPECT_LE(plan.latency, exact.latency * 1.05) << i;
  }
}

TEST(Planner, ExactSearchFindsAHandMadeOptimum) {
  // Two chains of two seconds each; a copy takes half a second. On one device
  // 4; on two 2, and half a second each for the input and the result: 3.
  TaskGraph graph;
  int32_t in = graph.addValue({"in", ValueKind::Input, 1, false, -1, {}});
  for (int chain = 0; chain < 2; ++chain) {
    int32_t from = in;
    for (int step = 0; step < 2; ++step) {
      Task task;
      task.name = "t";
      task.known = {{"x86_64", 1}};
      task.inputs = {from};
      from = graph.addValue({"v", ValueKind::Computed, 1, step == 1, -1, {}});
      task.outputs = {from};
      graph.addTask(task);
    }
  }
  ASSERT_EQ(graph.finish(), std::nullopt);
  Machine machine = makeMachine("cpu2");
  machine.links[0] = {0, 1, 2, 0};
  ASSERT_EQ(machine.finish(), std::nullopt);
  CostTable costs(graph, machine);
  ExactResult exact = findExact(graph, machine, costs, 4, 100000);
  EXPECT_TRUE(exact.proved);
  EXPECT_DOUBLE_EQ(exact.latency, 3);
  EXPECT_DOUBLE_EQ(planOf(graph, machine).latency, 3);
}

TEST(Planner, SamePlanEveryTime) {
  TaskGraph graph = makeGraph("random", 80, 4);
  Machine machine = makeMachine("mixed");
  for (Objective objective : {Objective::Latency, Objective::Throughput}) {
    PlanOptions options;
    options.objective = objective;
    options.effort = 5e5;
    Plan first = planOf(graph, machine, options);
    Plan second = planOf(graph, machine, options);
    EXPECT_EQ(first.order, second.order);
    EXPECT_EQ(first.latency, second.latency);
    for (size_t t = 0; t < graph.tasks.size(); ++t) {
      EXPECT_EQ(first.tasks[t].device, second.tasks[t].device);
      EXPECT_EQ(first.tasks[t].start, second.tasks[t].start);
    }
  }
}

TEST(Planner, PinsHold) {
  TaskGraph graph = makeGraph("layers", 12, 6);
  Machine machine = makeMachine("cpu-2gpu");
  graph.tasks[3].pin = 2;
  graph.tasks[7].pin = 0;
  graph.tasks[8].pin = 1;
  Plan plan = planOf(graph, machine);
  checkPlan(graph, machine, CostTable(graph, machine), plan);
  EXPECT_EQ(plan.tasks[3].device, 2);
  EXPECT_EQ(plan.tasks[7].device, 0);
  EXPECT_EQ(plan.tasks[8].device, 1);
}

TEST(Planner, RefusesTasksThatCannotRun) {
  Machine machine = makeMachine("cpu-gpu");
  TaskGraph graph = makeGraph("layers", 6, 6);
  Plan plan;
  graph.tasks[2].known = {{"x86_64", kInfinity}, {"nvidia_hopper", kInfinity}};
  std::optional<PlanFailure> failure =
      makePlan(graph, machine, PlanOptions(), plan);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->message, "no device can run 't2'");
  EXPECT_EQ(failure->task, 2);
  graph.tasks[2].known = {{"nvidia_hopper", kInfinity}};
  graph.tasks[2].pin = 1;
  failure = makePlan(graph, machine, PlanOptions(), plan);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->message, "'gpu0' cannot run 't2', which is pinned to it");
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// A chain of tasks with a constant each, all of `bytes`; values of `small`.
TaskGraph chainWithWeights(int tasks, double bytes, double small) {
  TaskGraph graph;
  int32_t last = graph.addValue({"in", ValueKind::Input, small, false, -1, {}});
  for (int i = 0; i < tasks; ++i) {
    Task task;
    task.name = "t" + std::to_string(i);
    task.flops[unsigned(Element::F32)] = 1e9;
    task.inputs = {
        last, graph.addValue({"w", ValueKind::Constant, bytes, false, -1, {}})};
    last = graph.addValue({task.name + ".out",
                           ValueKind::Computed,
                           small,
                           i == tasks - 1,
                           -1,
                           {}});
    task.outputs = {last};
    graph.addTask(task);
  }
  EXPECT_EQ(graph.finish(), std::nullopt);
  return graph;
}

TEST(Memory, PeakOfAHandMadeChain) {
  // One device: in and the result stay; of the values between, two live at a
  // time; three weights stay.
  TaskGraph graph = chainWithWeights(3, 100, 10);
  graph.tasks[1].workspace = 7;
  Machine machine = makeMachine("cpu");
  Plan plan = planOf(graph, machine);
  // in 10 + result 10 + weights 300 + t0.out 10 + t1.out 10 + workspace 7
  EXPECT_EQ(plan.peaks[0].bytes, 347);
  EXPECT_EQ(plan.peaks[0].task, 1);
}

TEST(Memory, SplitsWhatNoDeviceHoldsAlone) {
  // Eight weights of 1 GB; devices hold 5 GB each.
  TaskGraph graph = chainWithWeights(8, 1e9, 1e6);
  Machine machine = makeMachine("cpu2");
  for (Device &device : machine.devices)
    device.memory = 5e9;
  CostTable costs(graph, machine);
  EXPECT_EQ(bestSingleDevice(graph, machine, costs), kInfinity);
  Plan plan = planOf(graph, machine);
  checkPlan(graph, machine, costs, plan);
  EXPECT_GE(plan.peaks[1].bytes, 3e9);
}

TEST(Memory, SplitIsTightWhereItMustBe) {
  // Eight weights into two devices with room for four each and little more.
  TaskGraph graph = chainWithWeights(8, 1e9, 1e6);
  Machine machine = makeMachine("cpu2");
  for (Device &device : machine.devices)
    device.memory = 4.01e9;
  Plan plan = planOf(graph, machine);
  checkPlan(graph, machine, CostTable(graph, machine), plan);
}

TEST(Memory, ActivationsMoveTasksAway) {
  // Six branches from one input, whose results of 1 GB are all joined at the
  // end: each device of 4 GB holds some.
  TaskGraph graph;
  int32_t in = graph.addValue({"in", ValueKind::Input, 8, false, -1, {}});
  Task sums[2], join;
  for (int i = 0; i < 6; ++i) {
    Task task;
    task.name = "branch";
    task.inputs = {in};
    task.outputs = {
        graph.addValue({"b", ValueKind::Computed, 1e9, false, -1, {}})};
    sums[i / 3].inputs.push_back(task.outputs[0]);
    graph.addTask(task);
  }
  for (int i = 0; i < 2; ++i) {
    sums[i].name = "sum";
    sums[i].outputs = {
        graph.addValue({"s", ValueKind::Computed, 1e6, false, -1, {}})};
    join.inputs.push_back(sums[i].outputs[0]);
    graph.addTask(sums[i]);
  }
  join.name = "join";
  join.outputs = {
      graph.addValue({"out", ValueKind::Computed, 1e6, true, -1, {}})};
  graph.addTask(join);
  ASSERT_EQ(graph.finish(), std::nullopt);
  Machine machine = makeMachine("cpu2");
  for (Device &device : machine.devices)
    device.memory = 3.5e9;
  Plan plan = planOf(graph, machine);
  checkPlan(graph, machine, CostTable(graph, machine), plan);
}

TEST(Memory, RefusesWithNumbers) {
  TaskGraph graph = chainWithWeights(8, 1e9, 1e6);
  Machine machine = makeMachine("cpu2");
  for (Device &device : machine.devices)
    device.memory = 3e9;
  Plan plan;
  std::optional<PlanFailure> failure =
      makePlan(graph, machine, PlanOptions(), plan);
  ASSERT_TRUE(failure);
  EXPECT_NE(failure->message.find("no plan fits the devices' memory"),
            std::string::npos);
  EXPECT_EQ(failure->available, 3e9);
  EXPECT_GT(failure->needed, 4e9);
  EXPECT_GE(failure->device, 0);

  for (Device &device : machine.devices)
    device.memory = 0.5e9;
  failure = makePlan(graph, machine, PlanOptions(), plan);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->message,
            "'t0' needs 1002000000 bytes at once; 'cpu0', the largest device "
            "it can run on, has 500000000 bytes");
  EXPECT_EQ(failure->task, 0);
}

//===----------------------------------------------------------------------===//
// Several requests
//===----------------------------------------------------------------------===//

TEST(Requests, OneAtATimeTakesTheLatency) {
  TaskGraph graph = chainWithWeights(7, 0, 1000);
  Machine machine = makeMachine("cpu2");
  CostTable costs(graph, machine);
  Simulator simulator(graph, machine, costs);
  std::vector<int32_t> placement;
  for (size_t t = 0; t < graph.tasks.size(); ++t)
    placement.push_back(t % 2);
  simulator.run(placement, graph.order());
  Plan plan = simulator.plan();
  EXPECT_NEAR(simulateRequests(graph, machine, costs, plan, 1, 8), plan.latency,
              plan.latency * 1e-9);
}

TEST(Requests, ChainIsPipelined) {
  // Ten equal tasks in a row on two equal devices: no parallelism in a request,
  // but two requests keep both devices busy.
  TaskGraph graph = chainWithWeights(10, 0, 1000);
  Machine machine = makeMachine("cpu2");
  CostTable costs(graph, machine);
  PlanOptions options;
  options.objective = Objective::Throughput;
  options.inFlight = 4;
  Plan plan = planOf(graph, machine, options);
  checkPlan(graph, machine, costs, plan);
  double single = bestSingleDevice(graph, machine, costs);
  EXPECT_LT(plan.interval, single / 1.95);
  EXPECT_GE(plan.interval, single / 2 * (1 - 1e-9));
}

TEST(Requests, IntervalIsBoundedByTheBusiestDevice) {
  for (size_t i = 0; i < 21; ++i) {
    TaskGraph graph = makeGraph(kGraphShapes[i % kGraphShapes.size()], 20, i);
    Machine machine = makeMachine(i % 2 ? "mixed" : "cpu2");
    CostTable costs(graph, machine);
    PlanOptions options;
    options.objective = Objective::Throughput;
    options.inFlight = 8;
    options.effort = 3e5;
    Plan plan = planOf(graph, machine, options);
    checkPlan(graph, machine, costs, plan);
    std::vector<double> load(machine.devices.size(), 0);
    for (const PlacedTask &task : plan.tasks)
      load[task.device] += task.finish - task.start;
    double busiest = *std::max_element(load.begin(), load.end());
    EXPECT_GE(plan.interval, busiest * (1 - 1e-6));
    EXPECT_LE(plan.interval, plan.latency * (1 + 1e-6));
    // Enough requests are under way to come near the bound of all resources.
    EXPECT_LE(plan.interval, bestSingleDevice(graph, machine, costs) * 1.05)
        << i;
  }
}

} // namespace
