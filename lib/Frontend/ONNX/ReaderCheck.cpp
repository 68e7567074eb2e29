//===- ReaderCheck.cpp - Cycles, budgets, order ---------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What must hold before the onnx library may see the model: a few hundred bytes
// of functions that call each other expand to billions of nodes, and neither
// its inliner nor its converter counts.
//
//===----------------------------------------------------------------------===//
#include "ReaderProto.h"

#include <queue>
#include <set>
#include <unordered_map>

using namespace orchestra::onnx;

namespace {
/// Calls deeper than this come from a generator of trouble, not from a model.
constexpr int kMaxCallDepth = 100;

template <typename Visit>
void forEachSubgraph(const pb::NodeProto &node, Visit visit) {
  for (const pb::AttributeProto &attribute : node.attribute()) {
    if (attribute.has_g())
      visit(attribute.g());
    for (const pb::GraphProto &graph : attribute.graphs())
      visit(graph);
  }
}

template <typename Visit>
void forEachMutableSubgraph(pb::NodeProto &node, Visit visit) {
  for (pb::AttributeProto &attribute : *node.mutable_attribute()) {
    if (attribute.has_g())
      visit(*attribute.mutable_g());
    for (pb::GraphProto &graph : *attribute.mutable_graphs())
      visit(graph);
  }
}

/// How many nodes calls expand to, counted without expanding.
class FunctionCounter {
public:
  FunctionCounter(const pb::ModelProto &model, int64_t limit) : limit(limit) {
    for (const pb::FunctionProto &function : model.functions())
      functions[key(function.domain(), function.name(), function.overload())] =
          &function;
  }

  template <typename Nodes> int64_t count(const Nodes &nodes, int depth) {
    int64_t total = 0;
    for (const pb::NodeProto &node : nodes) {
      total += 1 + countCall(node, depth);
      forEachSubgraph(node, [&](const pb::GraphProto &graph) {
        total += count(graph.node(), depth);
      });
      total = std::min(total, limit + 1);
    }
    return total;
  }

private:
  static std::string key(const std::string &domain, const std::string &name,
                         const std::string &overload) {
    return normalDomain(domain) + '\0' + name + '\0' + overload;
  }

  int64_t countCall(const pb::NodeProto &node, int depth) {
    std::string callee = key(node.domain(), node.op_type(), node.overload());
    auto function = functions.find(callee);
    if (function == functions.end())
      return 0;
    auto known = counts.find(callee);
    if (known != counts.end() && known->second >= 0)
      return known->second;
    if (known != counts.end())
      fail("recursive-function", node.name(),
           "function '" + node.op_type() + "' calls itself",
           {"functions of a model are expanded, so they cannot be recursive"});
    if (depth >= kMaxCallDepth)
      fail("model-too-large", node.name(),
           "functions call each other more than " +
               std::to_string(kMaxCallDepth) + " levels deep");
    counts[callee] = -1;
    int64_t nodes = count(function->second->node(), depth + 1);
    return counts[callee] = nodes;
  }

  std::unordered_map<std::string, const pb::FunctionProto *> functions;
  std::unordered_map<std::string, int64_t> counts; // -1: being counted
  int64_t limit;
};

using Names = std::set<std::string>;

/// Adds the names that a graph uses and does not define itself.
void collectCaptures(const pb::GraphProto &graph, Names &captures) {
  Names used, defined;
  for (const pb::ValueInfoProto &input : graph.input())
    defined.insert(input.name());
  for (const pb::TensorProto &tensor : graph.initializer())
    defined.insert(tensor.name());
  for (const pb::SparseTensorProto &tensor : graph.sparse_initializer())
    defined.insert(tensor.values().name());
  for (const pb::NodeProto &node : graph.node()) {
    used.insert(node.input().begin(), node.input().end());
    defined.insert(node.output().begin(), node.output().end());
    forEachSubgraph(node, [&](const pb::GraphProto &inner) {
      collectCaptures(inner, used);
    });
  }
  for (const pb::ValueInfoProto &output : graph.output())
    used.insert(output.name());
  for (const std::string &name : used)
    if (!name.empty() && !defined.count(name))
      captures.insert(name);
}

Names usesOf(const pb::NodeProto &node) {
  Names uses(node.input().begin(), node.input().end());
  forEachSubgraph(
      node, [&](const pb::GraphProto &graph) { collectCaptures(graph, uses); });
  uses.erase("");
  return uses;
}

[[noreturn]] void failWithCycle(const pb::GraphProto &graph,
                                const std::vector<Names> &uses,
                                const std::vector<int> &waiting,
                                const std::map<std::string, int> &producers) {
  // Walk back along waiting producers until a node comes twice.
  int at = 0;
  while (waiting[at] == 0)
    ++at;
  std::vector<int> path;
  std::vector<bool> seen(uses.size());
  while (!seen[at]) {
    seen[at] = true;
    path.push_back(at);
    for (const std::string &name : uses[at]) {
      auto producer = producers.find(name);
      if (producer != producers.end() && waiting[producer->second] > 0) {
        at = producer->second;
        break;
      }
    }
  }
  std::string names;
  auto first = std::find(path.begin(), path.end(), at);
  int shown = 0;
  for (auto it = path.end(); it != first && shown < 8; ++shown)
    names += (shown ? ", " : "") + graph.node(*--it).name();
  fail("cyclic-graph", graph.node(at).name(), "the node needs its own result",
       {"the cycle passes through " + names});
}

void sortGraph(pb::GraphProto &graph, const Names &outer) {
  int count = graph.node_size();
  Names available = outer;
  for (const pb::ValueInfoProto &input : graph.input())
    available.insert(input.name());
  for (const pb::TensorProto &tensor : graph.initializer())
    available.insert(tensor.name());
  for (const pb::SparseTensorProto &tensor : graph.sparse_initializer())
    available.insert(tensor.values().name());

  std::map<std::string, int> producers;
  for (int i = 0; i < count; ++i)
    for (const std::string &name : graph.node(i).output())
      if (!name.empty() && !producers.emplace(name, i).second)
        fail("duplicate-name", graph.node(i).name(),
             "two nodes define the value '" + name + "'",
             {"the other one is " + graph.node(producers[name]).name()});

  std::vector<Names> uses(count);
  std::vector<int> waiting(count, 0);
  std::vector<std::vector<int>> users(count);
  for (int i = 0; i < count; ++i) {
    uses[i] = usesOf(graph.node(i));
    for (const std::string &name : uses[i]) {
      auto producer = producers.find(name);
      if (producer != producers.end()) {
        ++waiting[i];
        users[producer->second].push_back(i);
      } else if (!available.count(name)) {
        fail("undefined-value", graph.node(i).name(),
             "the input '" + name + "' is defined nowhere",
             {"it is no input or initializer of the graph, and no node's "
              "output"});
      }
    }
  }
  // The lowest index first: a sorted graph stays as it is.
  std::priority_queue<int, std::vector<int>, std::greater<int>> ready;
  for (int i = 0; i < count; ++i)
    if (waiting[i] == 0)
      ready.push(i);
  std::vector<int> order;
  while (!ready.empty()) {
    int i = ready.top();
    ready.pop();
    order.push_back(i);
    for (int user : users[i])
      if (--waiting[user] == 0)
        ready.push(user);
  }
  if (static_cast<int>(order.size()) != count)
    failWithCycle(graph, uses, waiting, producers);
  if (!std::is_sorted(order.begin(), order.end())) {
    google::protobuf::RepeatedPtrField<pb::NodeProto> sorted;
    for (int i : order)
      sorted.Add()->Swap(graph.mutable_node(i));
    graph.mutable_node()->Swap(&sorted);
  }
  for (const pb::ValueInfoProto &output : graph.output())
    if (!producers.count(output.name()) && !available.count(output.name()))
      fail("undefined-value", "",
           "the output '" + output.name() + "' is defined nowhere");
  Names inner;
  for (pb::NodeProto &node : *graph.mutable_node())
    forEachMutableSubgraph(node, [&](pb::GraphProto &subgraph) {
      if (inner.empty()) {
        inner = available;
        for (const auto &producer : producers)
          inner.insert(producer.first);
      }
      sortGraph(subgraph, inner);
    });
}

void nameNodes(pb::GraphProto &graph, const std::string &prefix) {
  int index = 0;
  for (pb::NodeProto &node : *graph.mutable_node()) {
    if (node.name().empty())
      node.set_name(prefix + node.op_type() + "#" + std::to_string(index));
    ++index;
    forEachMutableSubgraph(node, [&](pb::GraphProto &subgraph) {
      nameNodes(subgraph, node.name() + "/");
    });
  }
}
} // namespace

void orchestra::onnx::checkFunctions(const pb::ModelProto &model,
                                     int64_t maxNodes) {
  FunctionCounter counter(model, maxNodes);
  int64_t nodes = counter.count(model.graph().node(), 0);
  if (nodes > maxNodes)
    fail("model-too-large", "",
         "the model has more than " + std::to_string(maxNodes) +
             " nodes once its functions are expanded",
         {"this is a limit against damaged and hostile files"});
  // Functions that nobody calls are counted too: the library walks them.
  for (const pb::FunctionProto &function : model.functions())
    if (counter.count(function.node(), 0) > maxNodes)
      fail("model-too-large", "",
           "function '" + function.name() + "' expands to more than " +
               std::to_string(maxNodes) + " nodes");
}

void orchestra::onnx::sortGraph(pb::GraphProto &graph) {
  ::sortGraph(graph, {});
}

void orchestra::onnx::nameNodes(pb::GraphProto &graph) {
  ::nameNodes(graph, "");
}

void orchestra::onnx::checkNodes(const pb::GraphProto &graph,
                                 const Opsets &opsets,
                                 std::vector<Problem> &problems) {
  for (const pb::NodeProto &node : graph.node()) {
    forEachSubgraph(node, [&](const pb::GraphProto &inner) {
      checkNodes(inner, opsets, problems);
    });
    const pb::OpSchema *schema = schemaOf(node, opsets);
    if (!schema)
      continue;
    auto tooMany = [&](const char *what, int count, int limit) {
      if (count > limit)
        problems.push_back({"invalid-node",
                            node.name(),
                            node.op_type() + " has too many " + what,
                            {"it has " + std::to_string(count) +
                             ", the operator takes " + std::to_string(limit)},
                            ""});
    };
    tooMany("inputs", node.input_size(), schema->max_input());
    tooMany("outputs", node.output_size(), schema->max_output());
    for (const pb::AttributeProto &attribute : node.attribute())
      if (!schema->attributes().count(attribute.name()) &&
          attribute.name().rfind("__", 0) != 0)
        problems.push_back(
            {"invalid-attribute",
             node.name(),
             node.op_type() + " has no attribute '" + attribute.name() + "'",
             {},
             ""});
  }
}
