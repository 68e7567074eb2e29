//===- InnerGraph.cpp - Graphs within nodes -------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An inner graph sees the values of the graphs around it; what it defines hides
// theirs until it ends.
//
//===----------------------------------------------------------------------===//
#include "ImporterState.h"

namespace orchestra::onnx {

std::optional<llvm::SmallVector<Data>>
Importer::inlineGraph(Op &op, const Graph &graph, llvm::ArrayRef<Data> inputs) {
  size_t before = problems.size();
  hidden.emplace_back();
  for (const auto &[name, tensor] : graph.initializers) {
    Data data;
    data.type = tensor.type;
    data.constant = &tensor;
    data.shape.assign(tensor.dims.begin(), tensor.dims.end());
    define(name, std::move(data));
  }
  for (const auto &[input, data] : llvm::zip(graph.inputs, inputs))
    define(input.name, data);
  for (const Node &node : graph.nodes)
    importNode(node, op.b.getBlock());
  llvm::SmallVector<Data> outputs;
  for (const NamedValue &output : graph.outputs) {
    const Data *data =
        poisoned.contains(output.name) ? nullptr : lookup(output.name);
    outputs.push_back(data ? *data : Data());
    outputs.back().name = "";
    if (!data && problems.size() == before)
      (void)op.fail("undefined-value",
                    "the output '" + output.name + "' is not computed");
  }
  for (auto &[name, data] : llvm::reverse(hidden.back())) {
    if (data)
      values[name] = std::move(*data);
    else
      values.erase(name);
  }
  hidden.pop_back();
  op.b.setInsertionPointToEnd(op.b.getBlock());
  if (problems.size() != before)
    return std::nullopt;
  return outputs;
}

} // namespace orchestra::onnx
