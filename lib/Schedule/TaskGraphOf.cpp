//===- TaskGraphOf.cpp - The planner's view of a schedule
//------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "TaskGraphOf.h"

#include "Clusters.h"
#include "KernelsOf.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace orchestra;

std::string orchestra::getTaskName(TaskOp task, const WorkEstimate &estimate) {
  StringRef best;
  double most = -1;
  for (Operation &op : task.getBody().front().without_terminator()) {
    SmallVector<StringRef> names;
    collectNames(op.getLoc(), names);
    if (names.empty())
      continue;
    plan::PerElement flops{};
    estimate.addFlops(&op, flops);
    double sum = 0;
    for (double count : flops)
      sum += count;
    // Contractions first, however small: they are what the task is about.
    if (isMultiplyAccumulate(&op))
      sum += 1e30;
    if (sum > most) {
      most = sum;
      best = names.front();
    }
  }
  return best.str();
}

namespace {
class ScheduleReader {
public:
  ScheduleReader(ScheduleOp schedule, const WorkEstimate &estimate,
                 const Profile &profile)
      : schedule(schedule), estimate(estimate), profile(profile) {}

  FailureOr<ScheduleGraph> run();

private:
  LogicalResult addTask(TaskOp task);
  LogicalResult addMeasured(TaskOp task, plan::Task &entry);
  int32_t getOutsideValue(Value value);
  int32_t getConstant(Attribute content, Type type);

  ScheduleOp schedule;
  const WorkEstimate &estimate;
  const Profile &profile;
  ScheduleGraph result;
  /// Equal constants are one in memory.
  DenseMap<Attribute, int32_t> constants;
};
} // namespace

/// Small splats live in registers.
static bool occupiesMemory(Attribute content) {
  auto elements = dyn_cast<ElementsAttr>(content);
  return elements && !elements.isSplat();
}

int32_t ScheduleReader::getConstant(Attribute content, Type type) {
  auto [it, isNew] = constants.try_emplace(content, -1);
  if (isNew) {
    plan::Value value;
    value.kind = plan::ValueKind::Constant;
    value.bytes = estimate.getBytes(type);
    it->second = result.graph.addValue(std::move(value));
  }
  return it->second;
}

/// A value from outside of the schedule: in the host's memory at the beginning,
/// unless it is a constant or a scalar, which are wherever they are needed.
int32_t ScheduleReader::getOutsideValue(Value value) {
  auto it = result.values.find(value);
  if (it != result.values.end())
    return it->second;
  Attribute content;
  if (!isa<ShapedType>(value.getType()))
    return -1;
  int32_t index;
  if (matchPattern(value, m_Constant(&content))) {
    if (!occupiesMemory(content))
      return -1;
    index = getConstant(content, value.getType());
  } else {
    plan::Value input;
    input.kind = plan::ValueKind::Input;
    input.bytes = estimate.getBytes(value.getType());
    index = result.graph.addValue(std::move(input));
  }
  result.values[value] = index;
  return index;
}

LogicalResult ScheduleReader::addMeasured(TaskOp task, plan::Task &entry) {
  for (const auto &arch : profile)
    if (auto it = arch.second.find(entry.name); it != arch.second.end())
      entry.known.push_back({arch.first().str(), it->second});
  Attribute measured = task->getAttr(kMeasuredAttrName);
  if (!measured)
    return success();
  auto wrong = [&] {
    return task.emitError("'")
           << kMeasuredAttrName
           << "' must map architectures to seconds above 0, but is " << measured
           << " [cannot-place]";
  };
  auto dictionary = dyn_cast<DictionaryAttr>(measured);
  if (!dictionary)
    return wrong();
  for (NamedAttribute pair : dictionary) {
    auto seconds = dyn_cast<FloatAttr>(pair.getValue());
    if (!seconds || !(seconds.getValueAsDouble() > 0))
      return wrong();
    entry.known.push_back({pair.getName().str(), seconds.getValueAsDouble()});
  }
  return success();
}

LogicalResult ScheduleReader::addTask(TaskOp task) {
  plan::Task entry;
  entry.name = getTaskName(task, estimate);
  if (entry.name.empty())
    entry.name = "task " + std::to_string(result.tasks.size());
  DenseSet<Value> read;
  // What depends on constants only is computed when the model is compiled.
  SmallPtrSet<Operation *, 16> folded;
  auto readValue = [&](Value value, bool isWhole) {
    auto it = result.values.find(value);
    bool isTask = it != result.values.end();
    int32_t index = isTask ? it->second : getOutsideValue(value);
    if (index < 0 || !read.insert(value).second)
      return;
    entry.inputs.push_back(index);
    if (isWhole)
      entry.bytes += result.graph.values[index].bytes;
  };
  for (Operation &op : task.getBody().front()) {
    Attribute content;
    if (matchPattern(&op, m_Constant(&content))) {
      folded.insert(&op);
      if (occupiesMemory(content) &&
          isa<ShapedType>(op.getResult(0).getType())) {
        int32_t index = getConstant(content, op.getResult(0).getType());
        entry.inputs.push_back(index);
        // What is looked up in a table is not all of the table.
        if (llvm::any_of(op.getUsers(), [&](Operation *user) {
              return !isa<tensor::ExtractOp>(user);
            }))
          entry.bytes += result.graph.values[index].bytes;
      }
      continue;
    }
    bool isFolded = true;
    visitOperands(&op, [&](OpOperand &operand) {
      isFolded &= folded.contains(operand.get().getDefiningOp());
      if (!task->isAncestor(operand.get().getParentBlock()->getParentOp()))
        readValue(operand.get(),
                  !isa<tensor::ExtractOp, tensor::DimOp>(operand.getOwner()));
    });
    if (isFolded)
      folded.insert(&op);
    else
      estimate.addFlops(&op, entry.flops);
  }
  entry.kernels = getKernels(task, estimate, folded);
  for (Value value : task.getResults()) {
    plan::Value made;
    made.name = entry.name;
    made.bytes = estimate.getBytes(value.getType());
    entry.bytes += made.bytes;
    int32_t index = result.graph.addValue(std::move(made));
    result.values[value] = index;
    entry.outputs.push_back(index);
  }
  if (failed(addMeasured(task, entry)))
    return failure();
  result.graph.addTask(std::move(entry));
  result.tasks.push_back(task);
  return success();
}

FailureOr<ScheduleGraph> ScheduleReader::run() {
  LogicalResult ok = success();
  for (Operation &op : schedule.getBody().front()) {
    if (auto task = dyn_cast<TaskOp>(op)) {
      if (failed(addTask(task)))
        ok = failure();
    } else if (auto yield = dyn_cast<YieldOp>(op)) {
      for (Value value : yield.getValues())
        if (value.getDefiningOp<TaskOp>() &&
            value.getParentBlock() == yield->getBlock())
          result.graph.values[result.values.lookup(value)].isOutput = true;
    } else {
      ok = op.emitError("a schedule to be placed holds tasks and transfers "
                        "only, not '")
           << op.getName() << "' [cannot-place]";
    }
  }
  if (failed(ok))
    return failure();
  if (std::optional<std::string> wrong = result.graph.finish()) {
    schedule.emitError() << *wrong << " [cannot-place]";
    return failure();
  }
  return std::move(result);
}

FailureOr<ScheduleGraph> orchestra::readSchedule(ScheduleOp schedule,
                                                 const WorkEstimate &estimate,
                                                 const Profile &profile) {
  return ScheduleReader(schedule, estimate, profile).run();
}
