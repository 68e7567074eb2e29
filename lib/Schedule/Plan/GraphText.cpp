//===- GraphText.cpp - Task graphs as JSON
//----------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Schedule/Plan/GraphText.h"

#include "llvm/Support/JSON.h"

using namespace orchestra::plan;
namespace json = llvm::json;

static constexpr llvm::StringLiteral kKinds[] = {"computed", "input",
                                                 "constant"};

static void writeList(json::OStream &j, llvm::StringRef key,
                      const std::vector<int32_t> &list) {
  j.attributeArray(key, [&] {
    for (int32_t item : list)
      j.value(item);
  });
}

static void writeTask(json::OStream &j, const Task &task) {
  j.attribute("name", json::fixUTF8(task.name));
  j.attributeObject("flops", [&] {
    for (unsigned i = 0; i < kElements; ++i)
      if (task.flops[i] > 0)
        j.attribute(kElementNames[i], task.flops[i]);
  });
  j.attribute("bytes", task.bytes);
  j.attribute("launches", task.launches);
  if (task.workspace > 0)
    j.attribute("workspace", task.workspace);
  if (task.pin >= 0)
    j.attribute("pin", task.pin);
  if (!task.known.empty())
    j.attributeObject("known", [&] {
      for (const KnownCost &known : task.known)
        j.attribute(known.arch, known.seconds);
    });
  writeList(j, "inputs", task.inputs);
  writeList(j, "outputs", task.outputs);
}

void orchestra::plan::writeGraph(const TaskGraph &graph,
                                 llvm::raw_ostream &os) {
  json::OStream j(os);
  j.object([&] {
    j.attributeArray("tasks", [&] {
      for (const Task &task : graph.tasks)
        j.object([&] { writeTask(j, task); });
    });
    j.attributeArray("values", [&] {
      for (const Value &value : graph.values)
        j.object([&] {
          j.attribute("name", json::fixUTF8(value.name));
          j.attribute("kind", kKinds[unsigned(value.kind)]);
          j.attribute("bytes", value.bytes);
          if (value.isOutput)
            j.attribute("output", true);
        });
    });
  });
  os << '\n';
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static bool readMap(const json::Value &text, json::Path path, PerElement &out) {
  const json::Object *object = text.getAsObject();
  if (!object) {
    path.report("expected rates by element type");
    return false;
  }
  for (const auto &[key, number] : *object) {
    unsigned i = 0;
    while (i < kElements && key.str() != kElementNames[i])
      ++i;
    if (i == kElements) {
      path.field(key).report("no such element type");
      return false;
    }
    if (!json::fromJSON(number, out[i], path.field(key)))
      return false;
  }
  return true;
}

static bool readTask(const json::Value &text, json::Path path, size_t values,
                     Task &task) {
  json::ObjectMapper map(text, path);
  if (!map || !map.map("name", task.name) || !map.map("bytes", task.bytes) ||
      !map.mapOptional("launches", task.launches) ||
      !map.mapOptional("workspace", task.workspace) ||
      !map.mapOptional("pin", task.pin) || !map.map("inputs", task.inputs) ||
      !map.map("outputs", task.outputs))
    return false;
  const json::Object &object = *text.getAsObject();
  if (const json::Value *flops = object.get("flops"))
    if (!readMap(*flops, path.field("flops"), task.flops))
      return false;
  if (const json::Object *known = object.getObject("known"))
    for (const auto &[arch, number] : *known) {
      double seconds;
      if (!json::fromJSON(number, seconds, path.field("known")))
        return false;
      task.known.push_back({arch.str(), seconds});
    }
  for (const std::vector<int32_t> *list : {&task.inputs, &task.outputs})
    for (int32_t value : *list)
      if (value < 0 || size_t(value) >= values) {
        path.report("refers to a value that is not there");
        return false;
      }
  return true;
}

static bool readValue(const json::Value &text, json::Path path, Value &value) {
  std::string kind;
  json::ObjectMapper map(text, path);
  if (!map || !map.map("name", value.name) || !map.map("kind", kind) ||
      !map.map("bytes", value.bytes) ||
      !map.mapOptional("output", value.isOutput))
    return false;
  for (unsigned i = 0; i < std::size(kKinds); ++i)
    if (kind == kKinds[i]) {
      value.kind = ValueKind(i);
      return true;
    }
  path.field("kind").report("expected computed, input or constant");
  return false;
}

llvm::Expected<TaskGraph> orchestra::plan::readGraph(llvm::StringRef text) {
  llvm::Expected<json::Value> parsed = json::parse(text);
  if (!parsed)
    return parsed.takeError();
  json::Path::Root root("task graph");
  json::Path path(root);
  const json::Object *object = parsed->getAsObject();
  const json::Array *tasks = object ? object->getArray("tasks") : nullptr;
  const json::Array *values = object ? object->getArray("values") : nullptr;
  if (!tasks || !values) {
    path.report("expected an object with tasks and values");
    return root.getError();
  }
  TaskGraph graph;
  for (size_t i = 0; i < values->size(); ++i) {
    Value value;
    if (!readValue((*values)[i], path.field("values").index(i), value))
      return root.getError();
    graph.addValue(std::move(value));
  }
  for (size_t i = 0; i < tasks->size(); ++i) {
    Task task;
    if (!readTask((*tasks)[i], path.field("tasks").index(i), values->size(),
                  task))
      return root.getError();
    graph.addTask(std::move(task));
  }
  if (std::optional<std::string> wrong = graph.finish())
    return llvm::createStringError(*wrong);
  return graph;
}
