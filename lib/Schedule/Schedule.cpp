//===- Schedule.cpp - Tasks go to devices
//-----------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the schedule into a task graph, asks the planner, and writes the plan
// back: targets, order, transfers. All decisions are the planner's; see
// include/orchestra/Schedule/Plan.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Schedule/Passes.h"

#include "Clusters.h"
#include "Placement.h"
#include "ProfileFile.h"
#include "Reasons.h"
#include "TaskGraphOf.h"

#include "orchestra/Schedule/Plan/GraphText.h"
#include "orchestra/Schedule/Plan/Planner.h"
#include "orchestra/Schedule/PlannedSchedule.h"

#include "mlir/IR/Remarks.h"
#include "llvm/Support/FileSystem.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_SCHEDULEPASS
#include "orchestra/Schedule/Passes.h.inc"
} // namespace orchestra

namespace {
/// Writes a plan into the schedule that it was made for.
class PlanWriter {
public:
  PlanWriter(ScheduleOp schedule, ScheduleGraph &graph, TopologyOp topology,
             const plan::Machine &machine, const plan::CostTable &costs,
             const plan::Plan &plan);
  LogicalResult run();
  /// Also says what the cost model alone would have expected of this plan.
  void addUnmeasured(const plan::Plan &modelled);

private:
  void emitTask(int32_t task);
  void emitCopy(int32_t copy);
  void bring(int32_t value, int32_t device);
  void describe();
  DenseF64ArrayAttr getTimes(double start, double finish) {
    return b.getDenseF64ArrayAttr({start, finish});
  }
  Value &at(int32_t value, int32_t device) {
    return places[size_t(value) * machine.devices.size() + device];
  }

  ScheduleOp schedule;
  ScheduleGraph &graph;
  const plan::Machine &machine;
  const plan::CostTable &costs;
  const plan::Plan &plan;
  PlacementReasons reasons;
  std::vector<DeviceOp> devices;
  std::vector<SymbolRefAttr> deviceNames;
  OpBuilder b;
  Operation *yield;
  /// The IR value of each value on each device, once it is there.
  std::vector<Value> places;
  /// The copy that brings a value to a device, or -1.
  DenseMap<std::pair<int32_t, int32_t>, int32_t> copyTo;
  std::vector<bool> taskDone;
};
} // namespace

PlanWriter::PlanWriter(ScheduleOp schedule, ScheduleGraph &graph,
                       TopologyOp topology, const plan::Machine &machine,
                       const plan::CostTable &costs, const plan::Plan &plan)
    : schedule(schedule), graph(graph), machine(machine), costs(costs),
      plan(plan), reasons(graph.graph, machine, costs, plan),
      b(schedule.getContext()),
      yield(schedule.getBody().front().getTerminator()),
      places(graph.graph.values.size() * machine.devices.size()),
      taskDone(graph.tasks.size(), false) {
  // Flat names suffice where the schedule says its machine.
  for (auto device : topology.getOps<DeviceOp>()) {
    devices.push_back(device);
    deviceNames.push_back(FlatSymbolRefAttr::get(device.getSymNameAttr()));
  }
  schedule.setTopologyAttr(SymbolRefAttr::get(topology));
  for (auto [value, index] : graph.values)
    if (graph.graph.values[index].kind == plan::ValueKind::Input)
      at(index, machine.host) = value;
  for (auto [index, copy] : llvm::enumerate(plan.copies))
    copyTo[{copy.value, copy.to}] = index;
}

/// Makes `value` be on `device`, everything before it first: where tasks take
/// no time, starts alone do not order them.
void PlanWriter::bring(int32_t value, int32_t device) {
  if (at(value, device))
    return;
  auto it = copyTo.find({value, device});
  if (it != copyTo.end())
    emitCopy(it->second);
  else
    emitTask(graph.graph.values[value].producer);
}

void PlanWriter::emitCopy(int32_t index) {
  const plan::Copy &copy = plan.copies[index];
  if (at(copy.value, copy.to))
    return;
  bring(copy.value, copy.from);
  Value source = at(copy.value, copy.from);
  b.setInsertionPoint(yield);
  auto transfer = TransferOp::create(
      b, source.getLoc(), source, deviceNames[copy.from], deviceNames[copy.to]);
  transfer->setAttr(kEstimateAttrName, getTimes(copy.start, copy.finish));
  at(copy.value, copy.to) = transfer.getResult();
}

void PlanWriter::emitTask(int32_t index) {
  if (taskDone[index])
    return;
  taskDone[index] = true;
  const plan::PlacedTask &placed = plan.tasks[index];
  const plan::Task &entry = graph.graph.tasks[index];
  for (int32_t value : entry.inputs)
    if (graph.graph.values[value].kind != plan::ValueKind::Constant)
      bring(value, placed.device);
  TaskOp task = graph.tasks[index];
  task->moveBefore(yield);
  task.setTargetAttr(getTaskTarget(devices[placed.device]));
  task->setAttr(kEstimateAttrName, getTimes(placed.start, placed.finish));
  task->setAttr(kReasonAttrName, b.getStringAttr(reasons.explain(index)));
  task->removeAttr(kUnmeasuredAttrName);
  task.getBody().walk([&](Operation *op) {
    for (OpOperand &operand : op->getOpOperands()) {
      auto it = graph.values.find(operand.get());
      if (it == graph.values.end())
        continue;
      if (Value here = at(it->second, placed.device))
        operand.set(here);
    }
  });
  for (auto [value, result] : llvm::zip(entry.outputs, task.getResults()))
    at(value, placed.device) = result;
}

void PlanWriter::describe() {
  SmallVector<NamedAttribute> peaks;
  for (auto [device, peak] : llvm::zip(devices, plan.peaks))
    peaks.push_back(b.getNamedAttr(device.getSymName(),
                                   b.getI64IntegerAttr(int64_t(peak.bytes))));
  SmallVector<NamedAttribute> promises{
      b.getNamedAttr("interval", b.getF64FloatAttr(plan.interval)),
      b.getNamedAttr("latency", b.getF64FloatAttr(plan.latency)),
      b.getNamedAttr("peak_bytes", b.getDictionaryAttr(peaks))};
  double alone = plan::bestSingleDevice(graph.graph, machine, costs);
  if (alone < plan::kInfinity)
    promises.push_back(
        b.getNamedAttr("single_device", b.getF64FloatAttr(alone)));
  schedule->setAttr(kPlanAttrName, b.getDictionaryAttr(promises));
}

void PlanWriter::addUnmeasured(const plan::Plan &modelled) {
  for (auto [task, placed] : llvm::zip(graph.tasks, modelled.tasks))
    task->setAttr(kUnmeasuredAttrName, getTimes(placed.start, placed.finish));
  for (const plan::Copy &copy : modelled.copies)
    if (auto transfer = at(copy.value, copy.to).getDefiningOp<TransferOp>())
      transfer->setAttr(kUnmeasuredAttrName, getTimes(copy.start, copy.finish));
}

LogicalResult PlanWriter::run() {
  // A value without shape cannot be moved: whoever reads it must be where it
  // was made.
  for (auto [index, entry] : llvm::enumerate(graph.graph.tasks))
    for (int32_t value : entry.outputs) {
      Value result =
          graph.tasks[index].getResult(value - entry.outputs.front());
      if (isa<ShapedType>(result.getType()))
        continue;
      for (const plan::Copy &copy : plan.copies)
        if (copy.value == value)
          return graph.tasks[index].emitError("a result of type ")
                 << result.getType() << " is needed on '"
                 << machine.devices[copy.to].name << "' but made on '"
                 << machine.devices[copy.from].name
                 << "'; only shaped values can be moved [cannot-place]";
    }
  size_t nextCopy = 0;
  auto copyBefore = [&](double time) {
    return nextCopy < plan.copies.size() && plan.copies[nextCopy].start <= time;
  };
  for (int32_t task : plan.order) {
    while (copyBefore(plan.tasks[task].start))
      emitCopy(nextCopy++);
    emitTask(task);
  }
  while (nextCopy < plan.copies.size())
    emitCopy(nextCopy++);
  for (OpOperand &operand : yield->getOpOperands()) {
    auto it = graph.values.find(operand.get());
    if (it != graph.values.end() &&
        graph.graph.values[it->second].kind == plan::ValueKind::Computed)
      operand.set(at(it->second, machine.host));
  }
  describe();
  return success();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct Schedule : orchestra::impl::SchedulePassBase<Schedule> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

  LogicalResult run();
  LogicalResult readProfile(Profile &out);
  LogicalResult pinTasks(ScheduleGraph &graph, TopologyOp machine,
                         const plan::Machine &figures);
  LogicalResult place(ScheduleOp schedule, TopologyOp machine,
                      const plan::Machine &figures,
                      const plan::PlanOptions &options,
                      const Profile &measured);
  LogicalResult writeGraph(const plan::TaskGraph &graph);
  FailureOr<plan::Assignment> getAssignment(const ScheduleGraph &graph,
                                            TopologyOp machine);
};
} // namespace

LogicalResult Schedule::readProfile(Profile &out) {
  if (profile.empty())
    return success();
  ProfileFile file(getOperation(), "profile", profile);
  FailureOr<llvm::json::Value> value = file.read();
  if (failed(value))
    return failure();
  const llvm::json::Object *archs = value->getAsObject();
  if (!archs)
    return file.error("expected seconds by architecture and name of a task");
  for (const auto &[arch, tasks] : *archs) {
    const llvm::json::Object *object = tasks.getAsObject();
    if (!object)
      return file.error("'" + arch.str() +
                        "' must map names of tasks to seconds");
    for (const auto &[name, number] : *object) {
      std::optional<double> seconds = number.getAsNumber();
      if (!seconds || !(*seconds > 0))
        return file.error("'" + name.str() + "' must have seconds above 0");
      out[arch.str()][name.str()] = *seconds;
    }
  }
  return success();
}

LogicalResult Schedule::writeGraph(const plan::TaskGraph &graph) {
  std::error_code error;
  llvm::raw_fd_ostream os(graphFile, error, llvm::sys::fs::OF_Text);
  if (error)
    return getOperation().emitError("cannot write '")
           << graphFile << "': " << error.message() << " [cannot-read]";
  plan::writeGraph(graph, os);
  return success();
}

/// Pins from `orchestra.place` and, overriding them, from the option.
LogicalResult Schedule::pinTasks(ScheduleGraph &graph, TopologyOp machine,
                                 const plan::Machine &figures) {
  LogicalResult result = success();
  auto pin = [&](size_t task, StringRef device) {
    DeviceOp op = findDevice(graph.tasks[task].getLoc(), machine, device);
    if (!op) {
      result = failure();
      return;
    }
    for (int32_t d = 0; d < figures.numDevices(); ++d)
      if (figures.devices[d].name == device)
        graph.graph.tasks[task].pin = d;
  };
  for (auto [index, task] : llvm::enumerate(graph.tasks))
    if (auto device = task->getAttrOfType<StringAttr>(kPlaceAttrName))
      pin(index, device.getValue());
  for (const std::string &text : Schedule::SchedulePassBase::place) {
    auto parsed = parsePlace(getOperation().getLoc(), text);
    if (failed(parsed))
      return failure();
    auto [node, device] = *parsed;
    bool found = false;
    for (auto [index, task] : llvm::enumerate(graph.tasks))
      for (Operation &op : task.getBody().front()) {
        SmallVector<StringRef> names;
        collectNames(op.getLoc(), names);
        if (!llvm::is_contained(names, node))
          continue;
        found = true;
        pin(index, device);
        break;
      }
    if (!found)
      result = getOperation().emitError("no task holds a node named '")
               << node << "', which is to run on '" << device
               << "' [unknown-node]";
  }
  return result;
}

/// The devices and the order that the tasks have.
FailureOr<plan::Assignment> Schedule::getAssignment(const ScheduleGraph &graph,
                                                    TopologyOp machine) {
  plan::Assignment kept;
  for (auto [index, op] : llvm::enumerate(graph.tasks)) {
    TaskOp task = op;
    int32_t found = -1;
    for (auto [number, device] : llvm::enumerate(machine.getOps<DeviceOp>()))
      if (device.getArch() == task.getArch() &&
          device.getDeviceId() == task.getDeviceId())
        found = int32_t(number);
    if (found < 0)
      return task.emitError("'")
             << machine.getSymName() << "' has no device " << task.getDeviceId()
             << " of '" << task.getArch() << "' [unknown-device]";
    kept.placement.push_back(found);
    kept.order.push_back(int32_t(index));
  }
  return kept;
}

/// The same plan as the cost model alone sees it.
static plan::Plan withoutMeasurements(plan::TaskGraph graph,
                                      const plan::Machine &machine,
                                      const plan::Plan &plan) {
  std::vector<int32_t> placement;
  placement.reserve(plan.tasks.size());
  for (plan::Task &task : graph.tasks)
    task.known.clear();
  for (const plan::PlacedTask &placed : plan.tasks)
    placement.push_back(placed.device);
  plan::CostTable costs(graph, machine);
  plan::Simulator simulator(graph, machine, costs);
  simulator.run(placement, plan.order);
  return simulator.plan();
}

LogicalResult Schedule::place(ScheduleOp schedule, TopologyOp machine,
                              const plan::Machine &figures,
                              const plan::PlanOptions &options,
                              const Profile &measured) {
  for (auto transfer :
       llvm::make_early_inc_range(schedule.getBody().getOps<TransferOp>())) {
    if (transfer.getSource().getType() != transfer.getResult().getType())
      return transfer.emitError("a transfer that changes the type is not "
                                "planned again [cannot-place]");
    transfer.getResult().replaceAllUsesWith(transfer.getSource());
    transfer.erase();
  }
  WorkEstimate estimate(assumedSize);
  FailureOr<ScheduleGraph> graph = readSchedule(schedule, estimate, measured);
  if (failed(graph) || failed(pinTasks(*graph, machine, figures)))
    return failure();
  if (!graphFile.empty() && failed(writeGraph(graph->graph)))
    return failure();
  plan::Plan plan;
  std::optional<plan::PlanFailure> why;
  if (keep) {
    FailureOr<plan::Assignment> kept = getAssignment(*graph, machine);
    if (failed(kept))
      return failure();
    for (plan::Task &task : graph->graph.tasks)
      task.pin = -1;
    why = plan::followPlan(graph->graph, figures, options, *kept, plan);
  } else {
    why = plan::makePlan(graph->graph, figures, options, plan);
  }
  if (why) {
    Location loc =
        why->task >= 0 ? graph->tasks[why->task].getLoc() : schedule.getLoc();
    InFlightDiagnostic diag = emitError(loc) << why->message;
    if (why->needed > 0) {
      diag << " [plan-too-large]";
      diag.attachNote() << "sizes that only a request knows were taken as "
                        << int64_t(assumedSize);
    } else {
      diag << " [cannot-place]";
    }
    return failure();
  }
  plan::CostTable costs(graph->graph, figures);
  PlanWriter writer(schedule, *graph, machine, figures, costs, plan);
  if (failed(writer.run()))
    return failure();
  if (llvm::any_of(graph->graph.tasks,
                   [](const plan::Task &task) { return !task.known.empty(); }))
    writer.addUnmeasured(withoutMeasurements(graph->graph, figures, plan));
  auto microseconds = [](double seconds) { return int64_t(seconds * 1e6); };
  remark::analysis(schedule.getLoc(),
                   remark::RemarkOpts::name("Schedule").category("schedule"))
      << remark::metric("tasks", graph->tasks.size())
      << remark::metric("transfers", plan.copies.size())
      << remark::metric("latency_us", microseconds(plan.latency))
      << remark::metric("interval_us", microseconds(plan.interval));
  return success();
}

LogicalResult Schedule::run() {
  FailureOr<TopologyOp> machine = chooseTopology(getOperation(), topology);
  if (failed(machine))
    return failure();
  if (!*machine)
    return success();
  plan::PlanOptions options;
  options.seed = seed;
  options.inFlight = inFlight;
  if (objective == "throughput")
    options.objective = plan::Objective::Throughput;
  else if (objective != "latency")
    return getOperation().emitError("the objective is latency or throughput, "
                                    "not '")
           << objective << "' [cannot-place]";
  if (inFlight < 1)
    return getOperation().emitError("at least one request must be under way, "
                                    "not ")
           << int64_t(inFlight) << " [cannot-place]";
  FailureOr<plan::Machine> figures = getMachine(*machine);
  Profile measured;
  if (failed(figures) || failed(readProfile(measured)))
    return failure();
  SmallVector<ScheduleOp> schedules;
  getOperation().walk([&](ScheduleOp op) { schedules.push_back(op); });
  for (ScheduleOp schedule : schedules)
    if (failed(place(schedule, *machine, *figures, options, measured)))
      return failure();
  return success();
}
