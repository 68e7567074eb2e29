//===- PlanCorpus.cpp - Plans graphs, for benchmarks
//-------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Usage:
//   plan-corpus gap GRAPHS LIMIT   random small graphs: plan against optimum
//   plan-corpus graph FILE MACHINE LIMIT   the same of a graph in a file
//   plan-corpus scale SHAPE TASKS MACHINE [throughput]   time of planning
// A line of JSON for each graph; `gap` and `graph` describe the problem in
// full, so that another solver can be asked (benchmarks/schedule).
//
//===----------------------------------------------------------------------===//
#include "Corpus.h"
#include "Exact.h"

#include "orchestra/Schedule/Plan/GraphText.h"
#include "orchestra/Schedule/Plan/Planner.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

#include <chrono>

using namespace orchestra::plan;
namespace json = llvm::json;

static double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

/// The problem as numbers: costs, values, and the steps of copies.
static void writeProblem(json::OStream &j, const TaskGraph &graph,
                         const Machine &machine, const CostTable &costs) {
  int32_t devices = machine.numDevices();
  j.attributeArray("costs", [&] {
    for (size_t t = 0; t < graph.tasks.size(); ++t)
      j.array([&] {
        for (int32_t d = 0; d < devices; ++d)
          j.value(costs(t, d) < kInfinity ? json::Value(costs(t, d))
                                          : json::Value(nullptr));
      });
  });
  j.attributeArray("values", [&] {
    for (const Value &value : graph.values) {
      if (value.kind == ValueKind::Constant)
        continue;
      j.object([&] {
        j.attribute("bytes", value.bytes);
        j.attribute("producer", value.producer);
        j.attribute("output", value.isOutput);
        j.attributeArray("users", [&] {
          for (int32_t user : value.users)
            j.value(user);
        });
      });
    }
  });
  j.attribute("host", machine.host);
  // hops[source][device] = [device before, channel, latency, bytes per second]
  j.attributeArray("hops", [&] {
    for (int32_t source = 0; source < devices; ++source)
      j.array([&] {
        for (int32_t d = 0; d < devices; ++d)
          j.array([&] {
            if (source == d)
              return;
            const Hop &hop = machine.hop(source, d);
            j.value(hop.from);
            j.value(hop.channel);
            j.value(machine.links[hop.link].latency);
            j.value(machine.links[hop.link].bandwidth);
          });
      });
  });
}

static bool report(const std::string &name, const TaskGraph &graph,
                   const std::string &machineName, uint64_t limit) {
  Machine machine = makeMachine(machineName);
  CostTable costs(graph, machine);
  auto begin = std::chrono::steady_clock::now();
  Plan plan;
  if (std::optional<PlanFailure> failure =
          makePlan(graph, machine, PlanOptions(), plan)) {
    llvm::errs() << "error: " << failure->message << '\n';
    return false;
  }
  double planning = secondsSince(begin);
  ExactResult exact = findExact(graph, machine, costs, plan.latency, limit);
  json::OStream j(llvm::outs());
  j.object([&] {
    j.attribute("name", name);
    j.attribute("machine", machineName);
    j.attribute("tasks", int64_t(graph.tasks.size()));
    j.attribute("latency", plan.latency);
    j.attribute("single", bestSingleDevice(graph, machine, costs));
    j.attribute("bound", latencyBound(graph, machine, costs));
    j.attribute("exact", exact.latency);
    j.attribute("proved", exact.proved);
    j.attribute("nodes", int64_t(exact.nodes));
    j.attribute("planning_seconds", planning);
    writeProblem(j, graph, machine, costs);
  });
  llvm::outs() << '\n';
  return true;
}

/// Every shape in turn, on every machine with more than one device and few.
static bool reportGap(int graphs, uint64_t limit) {
  const std::string machines[] = {"cpu2", "cpu-gpu", "cpu-2gpu", "mixed"};
  for (int i = 0; i < graphs; ++i) {
    const std::string &shape = kGraphShapes[i % kGraphShapes.size()];
    const std::string &machine = machines[i / kGraphShapes.size() % 4];
    int tasks = 4 + i % 9;
    if (!report(shape + "-" + std::to_string(tasks) + "-" + std::to_string(i),
                makeGraph(shape, tasks, i), machine, limit))
      return false;
  }
  return true;
}

static bool reportScale(const std::string &shape, int tasks,
                        const std::string &machineName, bool throughput) {
  TaskGraph graph = makeGraph(shape, tasks, 1);
  Machine machine = makeMachine(machineName);
  PlanOptions options;
  if (throughput)
    options.objective = Objective::Throughput;
  auto begin = std::chrono::steady_clock::now();
  Plan plan;
  if (std::optional<PlanFailure> failure =
          makePlan(graph, machine, options, plan)) {
    llvm::errs() << "error: " << failure->message << '\n';
    return false;
  }
  double planning = secondsSince(begin);
  CostTable costs(graph, machine);
  json::OStream j(llvm::outs());
  j.object([&] {
    j.attribute("shape", shape);
    j.attribute("machine", machineName);
    j.attribute("objective", throughput ? "throughput" : "latency");
    j.attribute("tasks", tasks);
    j.attribute("uses", int64_t(graph.size()));
    j.attribute("planning_seconds", planning);
    j.attribute("latency", plan.latency);
    j.attribute("interval", plan.interval);
    j.attribute("single", bestSingleDevice(graph, machine, costs));
  });
  llvm::outs() << '\n';
  return true;
}

static bool reportFile(const std::string &file, const std::string &machine,
                       uint64_t limit) {
  auto buffer = llvm::MemoryBuffer::getFile(file);
  if (!buffer) {
    llvm::errs() << "error: " << file << ": " << buffer.getError().message()
                 << '\n';
    return false;
  }
  llvm::Expected<TaskGraph> graph = readGraph((*buffer)->getBuffer());
  if (!graph) {
    llvm::errs() << "error: " << file << ": "
                 << llvm::toString(graph.takeError()) << '\n';
    return false;
  }
  return report(file.substr(file.find_last_of('/') + 1), *graph, machine,
                limit);
}

int main(int argc, char **argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  auto number = [&](size_t i) {
    return std::strtoull(words[i].c_str(), 0, 10);
  };
  bool ok;
  if (words.size() == 3 && words[0] == "gap")
    ok = reportGap(number(1), number(2));
  else if (words.size() == 4 && words[0] == "graph")
    ok = reportFile(words[1], words[2], number(3));
  else if (words.size() >= 4 && words[0] == "scale")
    ok = reportScale(words[1], number(2), words[3], words.size() > 4);
  else {
    llvm::errs() << "usage: plan-corpus gap GRAPHS LIMIT | graph FILE MACHINE "
                    "LIMIT | scale SHAPE TASKS MACHINE [throughput]\n";
    return 2;
  }
  return ok ? 0 : 1;
}
