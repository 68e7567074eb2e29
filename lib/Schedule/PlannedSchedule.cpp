//===- PlannedSchedule.cpp - A plan in IR as plain data -------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Schedule/PlannedSchedule.h"

#include "TaskGraphOf.h"

#include "orchestra/Dialect/Orchestra/TopologyConversion.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace orchestra;

static std::optional<PlannedTime> getTime(Operation *op, StringRef name) {
  auto times = op->getAttrOfType<DenseF64ArrayAttr>(name);
  if (!times || times.size() != 2)
    return std::nullopt;
  return PlannedTime(times[0], times[1]);
}

namespace {
class PlanReader {
public:
  PlanReader(ScheduleOp schedule, TopologyOp topology, int64_t assumedSize)
      : schedule(schedule), topology(topology), estimate(assumedSize) {}

  PlannedSchedule run();

private:
  void addDevices();
  void addTask(TaskOp task);
  void addTransfer(TransferOp transfer);
  std::string getDeviceName(TaskOp task);
  std::string getReaders(TransferOp transfer);

  ScheduleOp schedule;
  TopologyOp topology;
  WorkEstimate estimate;
  DenseMap<Operation *, std::string> names;
  PlannedSchedule result;
};
} // namespace

void PlanReader::addDevices() {
  auto plan = schedule->getAttrOfType<DictionaryAttr>(kPlanAttrName);
  auto peaks =
      plan ? plan.getAs<DictionaryAttr>("peak_bytes") : DictionaryAttr();
  for (auto op : topology.getOps<DeviceOp>()) {
    PlannedDevice device;
    device.name = op.getSymName().str();
    device.arch = op.getArch().str();
    const TargetArch *arch = lookupArch(op.getTarget());
    device.hasCodegen = arch && arch->hasCodegen;
    std::optional<llvm::json::Value> own = toJson(op.getTarget());
    llvm::json::Object none;
    const llvm::json::Object *target = own ? own->getAsObject() : nullptr;
    device.memoryBytes = DeviceFigures(target ? *target : none, arch)
                             .getNumber("memory_bytes")
                             .value_or(0);
    if (auto bytes =
            peaks ? peaks.getAs<IntegerAttr>(op.getSymName()) : IntegerAttr())
      device.peakBytes = double(bytes.getInt());
    result.devices.push_back(std::move(device));
  }
  if (auto latency = plan ? plan.getAs<FloatAttr>("latency") : FloatAttr())
    result.latency = latency.getValueAsDouble();
  if (auto interval = plan ? plan.getAs<FloatAttr>("interval") : FloatAttr())
    result.interval = interval.getValueAsDouble();
  if (auto alone = plan ? plan.getAs<FloatAttr>("single_device") : FloatAttr())
    result.singleDevice = alone.getValueAsDouble();
}

std::string PlanReader::getDeviceName(TaskOp task) {
  for (auto device : topology.getOps<DeviceOp>())
    if (device.getArch() == task.getArch() &&
        device.getDeviceId() == task.getDeviceId())
      return device.getSymName().str();
  return "";
}

void PlanReader::addTask(TaskOp task) {
  PlannedWork work;
  work.name = names.lookup(task);
  llvm::SetVector<StringRef> nodes;
  llvm::SetVector<Value> captured;
  for (Operation &op : task.getBody().front().without_terminator()) {
    SmallVector<StringRef> found;
    collectNames(op.getLoc(), found);
    nodes.insert(found.begin(), found.end());
    plan::PerElement flops{};
    estimate.addFlops(&op, flops);
    for (double count : flops)
      work.flops += count;
    op.walk([&](Operation *inner) {
      for (Value value : inner->getOperands())
        if (!task->isAncestor(value.getParentBlock()->getParentOp()) &&
            !matchPattern(value, m_Constant()))
          captured.insert(value);
    });
  }
  for (StringRef node : nodes)
    work.nodes.push_back(node.str());
  for (Value value : captured)
    work.bytes += estimate.getBytes(value.getType());
  for (Type type : task.getResultTypes())
    work.bytes += estimate.getBytes(type);
  work.device = getDeviceName(task);
  work.time = getTime(task, kEstimateAttrName);
  work.unmeasured = getTime(task, kUnmeasuredAttrName);
  if (auto reason = task->getAttrOfType<StringAttr>(kReasonAttrName))
    work.reason = reason.str();
  result.work.push_back(std::move(work));
}

/// Who needs the moved value.
std::string PlanReader::getReaders(TransferOp transfer) {
  llvm::SetVector<StringRef> readers;
  bool isResult = false, isPassedOn = false;
  for (Operation *user : transfer.getResult().getUsers()) {
    isPassedOn |= isa<TransferOp>(user);
    Operation *inSchedule =
        schedule.getBody().front().findAncestorOpInBlock(*user);
    isResult |= inSchedule && isa<YieldOp>(inSchedule);
    if (auto it = names.find(inSchedule); it != names.end())
      readers.insert(it->second);
  }
  if (isPassedOn)
    return "on the way to another device";
  if (readers.empty())
    return isResult ? "results end on the host" : "nobody reads it";
  std::string text = "read by " + readers.front().str();
  if (readers.size() > 1)
    text += " and " + std::to_string(readers.size() - 1) + " more";
  return text;
}

void PlanReader::addTransfer(TransferOp transfer) {
  PlannedWork work;
  work.isTransfer = true;
  Value source = transfer.getSource();
  while (auto before = source.getDefiningOp<TransferOp>())
    source = before.getSource();
  if (auto it = names.find(source.getDefiningOp()); it != names.end()) {
    work.name = it->second;
  } else {
    SmallVector<StringRef> found;
    collectNames(source.getLoc(), found);
    work.name = found.empty() ? "input" : found.front().str();
    auto argument = dyn_cast<BlockArgument>(source);
    auto function = argument ? dyn_cast_or_null<FunctionOpInterface>(
                                   argument.getOwner()->getParentOp())
                             : FunctionOpInterface();
    if (function)
      if (auto name = function.getArgAttrOfType<StringAttr>(
              argument.getArgNumber(), kTensorNameAttrName))
        work.name = name.str();
  }
  work.source = transfer.getFrom().getLeafReference().str();
  work.device = transfer.getTo().getLeafReference().str();
  work.bytes = estimate.getBytes(transfer.getSource().getType());
  work.time = getTime(transfer, kEstimateAttrName);
  work.unmeasured = getTime(transfer, kUnmeasuredAttrName);
  work.reason = getReaders(transfer);
  result.work.push_back(std::move(work));
}

PlannedSchedule PlanReader::run() {
  result.machine = topology.getSymName().str();
  addDevices();
  // Names first: a transfer names its readers, which come after it.
  for (auto task : schedule.getBody().getOps<TaskOp>()) {
    std::string name = getTaskName(task, estimate);
    names[task] = name.empty() ? "task " + std::to_string(names.size()) : name;
  }
  for (Operation &op : schedule.getBody().front()) {
    if (auto task = dyn_cast<TaskOp>(op))
      addTask(task);
    else if (auto transfer = dyn_cast<TransferOp>(op))
      addTransfer(transfer);
  }
  return std::move(result);
}

PlannedSchedule orchestra::readPlannedSchedule(ScheduleOp schedule,
                                               TopologyOp topology,
                                               int64_t assumedSize) {
  return PlanReader(schedule, topology, assumedSize).run();
}
