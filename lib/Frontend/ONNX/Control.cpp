//===- Control.cpp - If, Loop, Scan ---------------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "ImporterState.h"
#include "Loops.h"
#include "Sizes.h"
#include "Table.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

LogicalResult setAll(Op &op, llvm::ArrayRef<Data> outputs) {
  for (const auto &[i, output] : llvm::enumerate(outputs))
    if (failed(op.set(i, output)))
      return failure();
  return success();
}

bool isScalarBool(Op &op, const Data &condition) {
  if (!op.expectType(condition, condition.type == ElementType::Bool,
                     "the condition"))
    return false;
  auto count = product(condition.shape).constant();
  if (count == 1)
    return true;
  (void)op.fail("shape-mismatch",
                op.node.op + ": the condition has no single "
                             "element",
                {"it is " + op.text(condition.shape)});
  return false;
}

/// One branch: its results are written to what both share.
struct Branch {
  llvm::SmallVector<Data> results;
  std::unique_ptr<Region> region;
};

/// The sizes of a result, of either branch.
std::optional<Shape> commonShape(Op &op, const Data &condition, const Data &a,
                                 const Data &b) {
  if (a.shape == b.shape)
    return a.shape;
  auto says = op.contents(condition);
  if (a.rank() != b.rank() || !says) {
    (void)op.unsupported("branches whose results differ in shape");
    return std::nullopt;
  }
  Shape shape;
  Value first = onlyElement(op, condition);
  for (const auto &[left, right] : llvm::zip(a.shape, b.shape))
    shape.push_back(choose(op, first, left, right));
  return shape;
}

/// then_branch() if the condition holds, else else_branch()
LogicalResult lowerIf(Op &op) {
  const Data condition = op.in(0);
  const Graph *branches[] = {op.graphAttr("then_branch"),
                             op.graphAttr("else_branch")};
  if (op.failed() || !isScalarBool(op, condition))
    return failure();
  auto known = op.contents(condition);
  if (known && known->size() == 1 && known->front().constant()) {
    auto results =
        op.importer.inlineGraph(op, *branches[known->front().is(0)], {});
    return results ? setAll(op, *results) : failure();
  }
  Value choice = onlyElement(op, condition);
  Block *outer = op.b.getBlock();
  llvm::SmallVector<Data> results[2];
  Region regions[2];
  for (int i : {0, 1}) {
    InnerBlock inner(op);
    auto given = op.importer.inlineGraph(op, *branches[i], {});
    if (!given)
      return failure();
    unsigned inside = op.dims.depth(Dim(0));
    for (const Data &result : *given) {
      if (result.items || result.isAbsent)
        return op.needsInputs("the condition, because a result is no tensor,");
      Data data = result;
      data.value = op.value(result);
      results[i].push_back(data);
      inside = std::max(inside, op.dims.depth(result.shape));
    }
    if (op.failed())
      return failure();
    if (inside >= op.dims.regionDepth())
      return op.unsupported("a result whose shape a branch computes");
    regions[i].takeBody(inner.region);
  }
  if (results[0].size() != results[1].size())
    return op.fail("invalid-model", "If: its branches give different numbers "
                                    "of results");
  llvm::SmallVector<Data> merged;
  llvm::SmallVector<Value> yields[2];
  llvm::SmallVector<Type> types;
  for (const auto &[a, b] : llvm::zip(results[0], results[1])) {
    if (!op.sameType(a, b))
      return failure();
    auto shape = commonShape(op, condition, a, b);
    if (!shape)
      return failure();
    Value init = op.empty(*shape, a.type);
    if (op.failed())
      return failure();
    for (int i : {0, 1}) {
      OpBuilder::InsertionGuard guard(op.b);
      op.b.setInsertionPointToEnd(&regions[i].front());
      Value value = i == 0 ? a.value : b.value;
      if (value.getType() != init.getType())
        value = tensor::CastOp::create(op.b, init.getType(), value);
      yields[i].push_back(
          linalg::CopyOp::create(op.b, value, init).getResult(0));
    }
    Data data;
    data.type = a.type;
    data.shape = *shape;
    merged.push_back(data);
    types.push_back(init.getType());
  }
  op.b.setInsertionPointToEnd(outer);
  auto branch = scf::IfOp::create(op.b, types, choice, /*addThenBlock=*/false,
                                  /*addElseBlock=*/false);
  for (int i : {0, 1}) {
    OpBuilder::InsertionGuard guard(op.b);
    op.b.setInsertionPointToEnd(&regions[i].front());
    scf::YieldOp::create(op.b, yields[i]);
    (i == 0 ? branch.getThenRegion() : branch.getElseRegion())
        .takeBody(regions[i]);
  }
  for (const auto &[i, data] : llvm::enumerate(merged))
    data.value = branch.getResult(i);
  return setAll(op, merged);
}

Data counter(const Dim &index) {
  Data data;
  data.type = ElementType::Int64;
  data.contents = Contents{index};
  return data;
}

/// for (i = 0; i < M and condition; ++i) body; its further results are stacked
LogicalResult lowerLoop(Op &op) {
  const Graph *body = op.graphAttr("body");
  if (!body)
    return failure();
  size_t states = op.numInputs() > 2 ? op.numInputs() - 2 : 0;
  if (body->inputs.size() != states + 2 || body->outputs.size() < states + 1)
    return op.fail("invalid-model", "Loop: its body does not fit its inputs",
                   {"the node has " + std::to_string(op.numInputs()) +
                    " inputs, its body has " +
                    std::to_string(body->inputs.size()) + " and " +
                    std::to_string(body->outputs.size()) + " outputs"});
  LoopPlan plan;
  plan.weight = body->nodes.size();
  Data condition;
  condition.type = ElementType::Bool;
  condition.contents = Contents{Dim(1)};
  if (op.has(1)) {
    condition = op.in(1);
    if (!isScalarBool(op, condition))
      return failure();
    plan.begin = condition;
  }
  if (op.has(0)) {
    const Data &most = op.in(0);
    auto count = op.contents(most);
    if (count && count->size() == 1)
      plan.trips = count->front();
    else if (body->outputs.size() > states + 1) { // it is a size of results
      auto computed = sizesFrom(op, most, "the number of rounds");
      if (!computed || computed->size() != 1)
        return failure();
      plan.trips = computed->front();
    } else {
      Value whole = onlyElement(op, most);
      plan.trips = op.dims.create(
          "", arith::IndexCastOp::create(op.b, op.b.getIndexType(), whole),
          /*nonNegative=*/false, /*fromValue=*/true);
    }
    if (body->outputs.size() > states + 1 && !op.contents(condition))
      plan.begin->contents = condition.contents = computedSizes(op, condition);
    plan.trips = op.dims.apply(DimSymbols::Op::Max, *plan.trips, Dim(0), op.b,
                               op.b.getLoc());
    auto first = op.contents(condition);
    if (first && first->size() == 1) { // 0 or 1
      plan.trips = *plan.trips * first->front();
    }
  }
  llvm::SmallVector<Data> initial;
  for (size_t i = 0; i < states; ++i)
    initial.push_back(op.in(i + 2));
  if (op.failed())
    return failure();
  auto results = repeat(
      op, plan, initial,
      [&](const Dim &index, llvm::ArrayRef<Data> now) -> std::optional<Round> {
        llvm::SmallVector<Data> inputs{counter(index), condition};
        inputs.append(now.begin(), now.end());
        auto outputs = op.importer.inlineGraph(op, *body, inputs);
        if (!outputs)
          return std::nullopt;
        Round round;
        round.goOn = outputs->front();
        auto rest = llvm::ArrayRef<Data>(*outputs).drop_front();
        round.states.assign(rest.begin(), rest.begin() + states);
        round.rows.assign(rest.begin() + states, rest.end());
        return round;
      });
  if (!results)
    return failure();
  results->states.append(results->rows);
  return setAll(op, results->states);
}

/// The last axis order that puts axis 0 at `axis`.
Data moveFirstTo(Op &op, const Data &x, int64_t axis) {
  llvm::SmallVector<int64_t> order;
  for (int64_t i = 1; i < x.rank(); ++i)
    order.push_back(i);
  order.insert(order.begin() + axis, 0);
  return transpose(op, x, order);
}

struct ScanPlan {
  const Graph *body;
  size_t states, inputs, rows;
  llvm::SmallVector<int64_t> inAxes, outAxes, inBack, outBack;
};

/// Runs over one sequence: results are the last states, then stacked rows.
std::optional<llvm::SmallVector<Data>> scan(Op &op, const ScanPlan &plan,
                                            llvm::ArrayRef<Data> given) {
  llvm::ArrayRef<Data> initial = given.take_front(plan.states);
  llvm::ArrayRef<Data> sequences = given.drop_front(plan.states);
  llvm::SmallVector<int64_t> axes;
  for (const auto &[x, axis] : llvm::zip(sequences, plan.inAxes)) {
    auto known = op.axis(axis, x.rank(), "scan_input_axes");
    if (!known)
      return std::nullopt;
    axes.push_back(*known);
  }
  Dim trips = sequences[0].shape[axes[0]];
  for (const auto &[x, axis] : llvm::zip(sequences, axes)) {
    auto a = x.shape[axis].constant(), b = trips.constant();
    if (a && b && *a != *b) {
      (void)op.fail("shape-mismatch", "Scan: sequences are not equally long",
                    {"one has " + std::to_string(*a) + " elements, another " +
                     std::to_string(*b)});
      return std::nullopt;
    }
  }
  LoopPlan loop;
  loop.trips = trips;
  loop.weight = plan.body->nodes.size();
  for (int64_t back : plan.outBack)
    loop.backwards.push_back(back != 0);
  auto results = repeat(
      op, loop, initial,
      [&](const Dim &index, llvm::ArrayRef<Data> now) -> std::optional<Round> {
        llvm::SmallVector<Data> inputs(now);
        for (const auto &[x, axis, back] :
             llvm::zip(sequences, axes, plan.inBack)) {
          Dim at = back ? trips - Dim(1) - index : index;
          inputs.push_back(rowOf(op, x, axis, at));
        }
        auto outputs = op.importer.inlineGraph(op, *plan.body, inputs);
        if (!outputs)
          return std::nullopt;
        Round round;
        round.states.assign(outputs->begin(), outputs->begin() + plan.states);
        round.rows.assign(outputs->begin() + plan.states, outputs->end());
        return round;
      });
  if (!results)
    return std::nullopt;
  llvm::SmallVector<Data> outputs(results->states);
  for (const auto &[row, axis] : llvm::zip(results->rows, plan.outAxes)) {
    auto known = op.axis(axis, row.rank(), "scan_output_axes");
    if (!known)
      return std::nullopt;
    outputs.push_back(moveFirstTo(op, row, *known));
  }
  return outputs;
}

/// Version 8: each input has a batch dimension before all others.
LogicalResult scanBatches(Op &op, const ScanPlan &plan,
                          llvm::ArrayRef<Data> given) {
  auto batches = given[0].rank() ? given[0].shape[0].constant() : std::nullopt;
  if (!batches || *batches < 1)
    return op.unsupported("a batch of unknown size");
  llvm::SmallVector<llvm::SmallVector<Data>> parts;
  for (int64_t batch = 0; batch < *batches; ++batch) {
    llvm::SmallVector<Data> rows;
    for (const Data &x : given)
      rows.push_back(rowOf(op, x, 0, Dim(batch)));
    auto outputs = scan(op, plan, rows);
    if (!outputs)
      return failure();
    parts.resize(outputs->size());
    for (const auto &[all, output] : llvm::zip(parts, *outputs)) {
      Shape shape = output.shape;
      shape.insert(shape.begin(), Dim(1));
      Data part = reshape(op, output, shape);
      part.value = op.value(part);
      all.push_back(part);
    }
  }
  for (const auto &[i, all] : llvm::enumerate(parts))
    if (failed(op.set(i, concat(op, all, 0))))
      return failure();
  return success();
}

/// A loop over slices of its last inputs, with states
LogicalResult lowerScan(Op &op) {
  ScanPlan plan;
  plan.body = op.graphAttr("body");
  bool batched = op.node.since < 9;
  size_t first = batched ? 1 : 0;
  int64_t inputs = op.intAttr("num_scan_inputs");
  if (op.failed())
    return failure();
  if (batched && op.has(0))
    return op.unsupported("sequences of different lengths");
  int64_t given = static_cast<int64_t>(op.numInputs() - first);
  size_t formal = plan.body->inputs.size();
  if (inputs < 1 || inputs > given || formal != static_cast<size_t>(given) ||
      plan.body->outputs.size() < static_cast<size_t>(given - inputs))
    return op.fail("invalid-model", "Scan: its body does not fit its inputs");
  plan.inputs = inputs;
  plan.states = given - inputs;
  plan.rows = plan.body->outputs.size() - plan.states;
  auto read = [&](llvm::StringRef name, size_t count) {
    auto values = op.intsAttr(name);
    if (values.empty())
      values.assign(count, 0);
    if (values.size() != count)
      (void)op.fail("invalid-attribute",
                    "Scan: " + name.str() + " has the wrong length");
    return values;
  };
  plan.inAxes = read("scan_input_axes", plan.inputs);
  plan.inBack =
      read(batched ? "directions" : "scan_input_directions", plan.inputs);
  plan.outAxes = read("scan_output_axes", plan.rows);
  plan.outBack = read("scan_output_directions", plan.rows);
  llvm::SmallVector<Data> data;
  for (size_t i = first; i < op.numInputs(); ++i)
    data.push_back(op.in(i));
  if (op.failed())
    return failure();
  if (batched)
    return scanBatches(op, plan, data);
  auto outputs = scan(op, plan, data);
  return outputs ? setAll(op, *outputs) : failure();
}

} // namespace

void addControl(Table &table) {
  table.op(
      "If",
      {1, "results whose shapes differ, unless an input says which", inputs(0)},
      lowerIf);
  table.op("Loop",
           {11,
            "stacked results of loops that a computed condition ends; states "
            "that change their shape in thousands of rounds",
            inputs(0, 1)},
           lowerLoop);
  table.op("Scan", {8, "sequences of different lengths"}, lowerScan);
}

} // namespace orchestra::onnx
