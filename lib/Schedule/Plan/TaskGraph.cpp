//===- TaskGraph.cpp - What a planner places on machines ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Schedule/Plan/TaskGraph.h"

#include <algorithm>
#include <functional>
#include <queue>

using namespace orchestra::plan;

static void dropRepeated(std::vector<int32_t> &values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

std::optional<std::string> TaskGraph::finish() {
  for (Value &value : values) {
    value.producer = -1;
    value.users.clear();
  }
  for (int32_t t = 0; t < int32_t(tasks.size()); ++t) {
    dropRepeated(tasks[t].inputs);
    dropRepeated(tasks[t].outputs);
    for (int32_t v : tasks[t].inputs)
      values[v].users.push_back(t);
    for (int32_t v : tasks[t].outputs) {
      if (values[v].producer >= 0 || values[v].kind != ValueKind::Computed)
        return "value '" + values[v].name + "' is made twice";
      values[v].producer = t;
    }
  }
  for (const Value &value : values)
    if (value.kind == ValueKind::Computed && value.producer < 0)
      return "value '" + value.name + "' is made by no task";

  // Kahn's algorithm; the queue makes the order a function of the graph.
  std::vector<int32_t> missing(tasks.size(), 0);
  std::priority_queue<int32_t, std::vector<int32_t>, std::greater<>> ready;
  for (int32_t t = 0; t < int32_t(tasks.size()); ++t) {
    for (int32_t v : tasks[t].inputs)
      missing[t] += values[v].producer >= 0;
    if (missing[t] == 0)
      ready.push(t);
  }
  topological.clear();
  while (!ready.empty()) {
    int32_t t = ready.top();
    ready.pop();
    topological.push_back(t);
    for (int32_t v : tasks[t].outputs)
      for (int32_t user : values[v].users)
        if (--missing[user] == 0)
          ready.push(user);
  }
  if (topological.size() == tasks.size())
    return std::nullopt;
  for (size_t t = 0; t < tasks.size(); ++t)
    if (missing[t] > 0)
      return "task '" + tasks[t].name + "' depends on itself";
  return "the graph has a cycle";
}

size_t TaskGraph::size() const {
  size_t uses = tasks.size();
  for (const Task &task : tasks)
    uses += task.inputs.size() + task.outputs.size();
  return uses;
}

double TaskGraph::constantBytes() const {
  double bytes = 0;
  for (const Value &value : values)
    if (value.kind == ValueKind::Constant)
      bytes += value.bytes;
  return bytes;
}
