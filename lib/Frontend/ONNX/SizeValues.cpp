//===- SizeValues.cpp - Sizes that inputs say -----------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A small integer input of the model that ends as a shape, an axis or a count
// is read element by element on the host, before anything runs: each element
// becomes a symbol, and sizes are arithmetic on it as on any other.
//
//===----------------------------------------------------------------------===//
#include "ImporterState.h"
#include "Table.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace orchestra::onnx {

/// Elements of an input that are read as sizes.
constexpr int64_t kMaxRead = 64;
/// Larger numbers mean "to the end", and sums of these do not overflow.
constexpr int64_t kMaxSize = int64_t(1) << 48;

void Importer::findSizeValues(const Graph &graph) {
  for (const Node &node : llvm::reverse(graph.nodes)) {
    for (const auto &[name, attribute] : node.attributes) {
      if (!attribute.graph)
        continue;
      // Names of inner graphs that hide outer ones only make more be read.
      const Graph &body = *attribute.graph;
      // The first output of a Loop's body is its condition.
      size_t first = node.op == "Loop" ? 1 : 0;
      for (size_t i = 0; i < node.outputs.size(); ++i)
        if (sizeValues.contains(node.outputs[i]) &&
            i + first < body.outputs.size())
          sizeValues.insert(body.outputs[i + first].name);
      findSizeValues(body);
      for (const auto &[formal, given] : llvm::zip(body.inputs, node.inputs))
        if (node.op == "Loop" && sizeValues.contains(formal.name))
          sizeValues.insert(given);
    }
    const OpEntry *entry = opTable().find(node.domain, node.op);
    unsigned sizes = entry ? entry->facts.sizes : 0;
    bool all = isEvaluated(node.op) &&
               llvm::any_of(node.outputs, [&](const std::string &output) {
                 return sizeValues.contains(output);
               });
    for (const auto &[i, input] : llvm::enumerate(node.inputs))
      if (!input.empty() && (all || (i < 32 && (sizes >> i & 1))))
        sizeValues.insert(input);
  }
}

std::optional<Contents> Importer::readContents(const Data &data, Location loc) {
  auto type = cast<RankedTensorType>(data.value.getType());
  bool isBool = data.type == ElementType::Bool;
  if ((!isBool && data.type != ElementType::Int64 &&
       data.type != ElementType::Int32) ||
      !type.hasStaticShape() || type.getNumElements() > kMaxRead)
    return std::nullopt;
  ImplicitLocOpBuilder b(loc, builder);
  Contents contents;
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    llvm::SmallVector<Value> at(type.getRank());
    int64_t rest = i;
    for (int64_t d = type.getRank(); d-- > 0;) {
      at[d] = arith::ConstantIndexOp::create(b, rest % type.getDimSize(d));
      rest /= type.getDimSize(d);
    }
    Value element = tensor::ExtractOp::create(b, data.value, at);
    Value size;
    if (isBool) {
      size = arith::IndexCastUIOp::create(b, b.getIndexType(), element);
    } else {
      size = arith::IndexCastOp::create(b, b.getIndexType(), element);
      size = arith::MinSIOp::create(
          b, size, arith::ConstantIndexOp::create(b, kMaxSize));
      size = arith::MaxSIOp::create(
          b, size, arith::ConstantIndexOp::create(b, -kMaxSize));
    }
    contents.push_back(dims.create("", size, isBool, /*fromValue=*/true));
  }
  return contents;
}

/// The same where the values are given: they become constants, and a run with
/// others fails.
std::optional<Contents>
Importer::fixContents(const Data &data, const GivenInput &given, Location loc) {
  auto read = readContents(data, loc);
  if (!read || read->size() != given.values->size())
    return read;
  ImplicitLocOpBuilder b(loc, builder);
  Contents fixed;
  Value same;
  for (const auto &[now, number] : llvm::zip(*read, *given.values)) {
    int64_t value = std::clamp(number, -kMaxSize, kMaxSize); // as it is read
    fixed.push_back(Dim(value));
    Value equal = arith::CmpIOp::create(
        b, arith::CmpIPredicate::eq, dims.materialize(now, b, loc),
        arith::ConstantIndexOp::create(b, value));
    same = same ? arith::AndIOp::create(b, same, equal).getResult() : equal;
  }
  if (same)
    cf::AssertOp::create(
        b, same,
        "input '" + llvm::cast<NameLoc>(loc).getName().str() +
            "' has other values than those the program is compiled for");
  return fixed;
}

} // namespace orchestra::onnx
