//===- Plan.cpp - A plan for a machine with several devices ---------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Driver/Plan.h"

#include "Compilation.h"

#include "orchestra/Dialect/Orchestra/TopologyConversion.h"
#include "orchestra/Driver/MachineTopology.h"
#include "orchestra/Pipeline/Planning.h"
#include "orchestra/Schedule/PlannedSchedule.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
using namespace orchestra;
using llvm::Expected;
using llvm::StringRef;

PlannedModel::~PlannedModel() = default;

static Expected<std::unique_ptr<llvm::MemoryBuffer>>
readText(StringRef path, const llvm::Twine &what) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (buffer)
    return std::move(*buffer);
  return makeError(Fault::Usage, path,
                   "the " + what + " cannot be read [unreadable-file]",
                   {"note: " + buffer.getError().message()});
}

/// Puts the machine of `file` into the module, or sees that it has one.
llvm::Error Compilation::addTopology(StringRef file) {
  bool hasOne = !module->getOps<TopologyOp>().empty();
  if (file.empty()) {
    if (hasOne)
      return llvm::Error::success();
    return makeError(
        Fault::Usage, model,
        "nothing says what machine to plan for [no-topology]",
        {"help: give --topology a file; 'orchestra targets --emit-topology' "
         "writes this machine's"});
  }
  if (hasOne)
    return makeError(Fault::Usage, model,
                     "the module has a topology of its own, '" +
                         (*module->getOps<TopologyOp>().begin()).getSymName() +
                         "' [no-topology]",
                     {"help: leave --topology out, or plan the model that the "
                      "module was made of"});
  Expected<std::unique_ptr<llvm::MemoryBuffer>> text =
      readText(file, "topology");
  if (!text)
    return text.takeError();
  Expected<Topology> topology =
      parseTopology((*text)->getBuffer(), file, getTargetRegistry());
  if (!topology)
    return llvm::make_error<DriverError>(Fault::Input,
                                         llvm::toString(topology.takeError()));
  OpBuilder builder = OpBuilder::atBlockBegin(module->getBody());
  createTopology(builder, FileLineColLoc::get(context.get(), file, 1, 1),
                 *topology);
  return llvm::Error::success();
}

llvm::Error Compilation::plan(const PlanRequest &request,
                              PlannedSchedule &out) {
  if (llvm::Error error = addTopology(request.topology))
    return error;
  PlanningOptions options;
  options.objective = request.objective;
  options.inFlight = request.inFlight;
  options.place = request.place;
  options.profile = request.profile;
  options.assumedSize = request.assumedSize;
  options.keep = request.keep;
  options.channelsLast = !this->options.reference;
  module->walk([&](ScheduleOp) { options.hasTasks = true; });
  if (options.keep && !options.hasTasks)
    return makeError(Fault::Usage, model,
                     "there is no plan to keep: the module has no schedule "
                     "[no-plan]",
                     {"help: leave --keep out"});
  beginPhase("plan");
  if (llvm::Error error =
          runPipeline(*module, "planning", [&](OpPassManager &pm) {
            buildPlanPipeline(pm, options);
          }))
    return error;
  SmallVector<ScheduleOp> schedules;
  module->walk([&](ScheduleOp schedule) { schedules.push_back(schedule); });
  auto topologies = module->getOps<TopologyOp>();
  if (schedules.size() != 1 || !llvm::hasSingleElement(topologies))
    return makeError(Fault::Input, model,
                     "a plan to show has one schedule on one topology, but "
                     "there are " +
                         llvm::Twine(schedules.size()) + " and " +
                         llvm::Twine(llvm::range_size(topologies)) +
                         " [no-plan]");
  out = readPlannedSchedule(schedules.front(), *topologies.begin(),
                            request.assumedSize);
  endPhases();
  return llvm::Error::success();
}

bool Compilation::hasSeveralDevices() {
  return llvm::any_of(module->getOps<TopologyOp>(), [](TopologyOp topology) {
    return llvm::range_size(topology.getOps<DeviceOp>()) > 1;
  });
}

llvm::Error Compilation::planForDevices() {
  bool hasPlan = false;
  module->walk([&](ScheduleOp schedule) {
    hasPlan |= bool(schedule.getTopologyAttr());
  });
  if (hasPlan)
    return llvm::Error::success();
  PlanningOptions planning;
  planning.objective = options.objective;
  planning.inFlight = options.inFlight;
  planning.place = options.place;
  planning.profile = options.taskTimes;
  planning.channelsLast = !options.reference;
  return runPipeline(*module, "planning", [&](OpPassManager &pm) {
    buildPlanPipeline(pm, planning);
  });
}

llvm::Error Compilation::checkCodegen() {
  llvm::StringMap<std::pair<TaskOp, unsigned>> missing;
  module->walk([&](TaskOp task) {
    const TargetArch *arch = getTargetRegistry().lookup(task.getArch());
    if (task.getArch() == target.arch && (!arch || arch->hasCodegen))
      return;
    auto &entry = missing.try_emplace(task.getArch(), task, 0).first->second;
    ++entry.second;
  });
  if (missing.empty())
    return llvm::Error::success();
  llvm::SmallVector<StringRef> archs(missing.keys());
  llvm::sort(archs);
  llvm::Error errors = llvm::Error::success();
  for (StringRef name : archs) {
    auto [task, count] = missing[name];
    const TargetArch *arch = getTargetRegistry().lookup(name);
    std::string what =
        arch && arch->hasCodegen
            ? ("code for '" + name + "' cannot be part of a program for '" +
               target.arch + "' yet")
                  .str()
            : ("no code can be generated for '" + name + "' yet").str();
    errors = llvm::joinErrors(
        std::move(errors),
        makeError(Fault::Input, describeLocation(task.getLoc(), model),
                  what + " [no-codegen]",
                  {"note: " + std::to_string(count) +
                       (count == 1 ? " task is" : " tasks are") +
                       " placed on it",
                   "help: plan for a topology without it, or place the nodes "
                   "elsewhere with --place"}));
  }
  return errors;
}

//===----------------------------------------------------------------------===//
// Measured times
//===----------------------------------------------------------------------===//

namespace {
/// Finds a plan's work in the slices of a trace.
class TraceReader {
public:
  explicit TraceReader(PlannedSchedule &plan);

  /// Whether the slice is of this plan.
  bool add(const llvm::json::Object &slice);

private:
  PlannedWork *findPlanned(const llvm::json::Object &slice);
  PlannedWork *findByNode(const llvm::json::Object &slice);

  PlannedSchedule &plan;
  /// Where each node is; -1: in several tasks, as constants are.
  llvm::StringMap<int> taskOf;
};
} // namespace

TraceReader::TraceReader(PlannedSchedule &plan) : plan(plan) {
  for (auto [index, work] : llvm::enumerate(plan.work))
    for (const std::string &node : work.nodes) {
      auto [it, isNew] = taskOf.try_emplace(node, int(index));
      if (!isNew && it->second != int(index))
        it->second = -1;
    }
}

/// The task or copy of a run of this very plan: its device, its planned start
/// and its planned length say which it is.
PlannedWork *TraceReader::findPlanned(const llvm::json::Object &slice) {
  const llvm::json::Object *about = slice.getObject("args");
  if (!about || !about->get("task"))
    return nullptr;
  std::optional<StringRef> device = about->getString("device");
  std::optional<double> start = about->getNumber("estimated_start_us"),
                        length = about->getNumber("estimated_us");
  if (!device || !start || !length)
    return nullptr;
  bool isCopy = about->get("nodes") != nullptr;
  auto isNear = [](double a, double b) {
    return std::abs(a - b) <= 1e-9 * std::max({1.0, a, b});
  };
  for (PlannedWork &work : plan.work)
    if (work.time && work.isTransfer == isCopy && work.device == *device &&
        !work.measured && isNear(work.time->first * 1e6, *start) &&
        isNear((work.time->second - work.time->first) * 1e6, *length))
      return &work;
  return nullptr;
}

/// The task that holds the first node of a slice that only one task holds.
PlannedWork *TraceReader::findByNode(const llvm::json::Object &slice) {
  StringRef name = *slice.getString("name");
  name.consume_front("task: ");
  SmallVector<StringRef> nodes;
  name.split(nodes, " + ");
  for (StringRef node : nodes)
    if (auto it = taskOf.find(node); it != taskOf.end() && it->second >= 0)
      return &plan.work[it->second];
  return nullptr;
}

bool TraceReader::add(const llvm::json::Object &slice) {
  std::optional<double> start = slice.getNumber("ts"),
                        length = slice.getNumber("dur");
  if (!slice.getString("name") || !start || !length)
    return false;
  PlannedWork *work = findPlanned(slice);
  if (work)
    if (std::optional<double> least =
            slice.getObject("args")->getNumber("least_us"))
      work->least = *least * 1e-6;
  // A kernel, or a task of another plan.
  if (!work)
    work = findByNode(slice);
  if (!work)
    return false;
  double from = *start * 1e-6, to = (*start + *length) * 1e-6;
  work->measured = work->measured
                       ? PlannedTime(std::min(work->measured->first, from),
                                     std::max(work->measured->second, to))
                       : PlannedTime(from, to);
  return true;
}

/// Fills in when a run did each task and each copy.
static llvm::Error readTrace(StringRef path, PlannedSchedule &plan) {
  Expected<std::unique_ptr<llvm::MemoryBuffer>> text = readText(path, "trace");
  if (!text)
    return text.takeError();
  auto wrong = [&](const llvm::Twine &what) {
    return makeError(Fault::Input, path, what + " [bad-trace]",
                     {"help: a trace is what 'orchestra run --profile=FILE' "
                      "writes"});
  };
  Expected<llvm::json::Value> value = llvm::json::parse((*text)->getBuffer());
  if (!value)
    return wrong("the trace is no JSON: " + llvm::toString(value.takeError()));
  const llvm::json::Object *object = value->getAsObject();
  const llvm::json::Array *events =
      object ? object->getArray("traceEvents") : nullptr;
  if (!events)
    return wrong("the trace has no list 'traceEvents'");
  TraceReader reader(plan);
  bool found = false;
  for (const llvm::json::Value &event : *events)
    if (const llvm::json::Object *slice = event.getAsObject())
      found |= reader.add(*slice);
  if (!found)
    return wrong("no slice of the trace has the name of a node of this plan");
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// The public functions
//===----------------------------------------------------------------------===//

namespace {
class Planned final : public PlannedModel {
public:
  std::unique_ptr<Compilation> compilation;
  PlannedSchedule plan;

  const PlannedSchedule &getPlan() const override { return plan; }

  llvm::Error write(StringRef path) override {
    std::error_code code;
    llvm::ToolOutputFile file(path, code, llvm::sys::fs::OF_None);
    auto failure = [&](const std::string &why) {
      return makeError(Fault::Environment, path,
                       "the file cannot be written [unwritable-file]",
                       {"note: " + why});
    };
    if (code)
      return failure(code.message());
    ModuleOp module = compilation->getModule();
    if (llvm::sys::path::extension(path) == ".mlirbc") {
      if (failed(writeBytecodeToFile(module, file.os())))
        return failure("the bytecode writer failed");
    } else {
      // Without locations, the nodes' names would be lost.
      module->print(file.os(), OpPrintingFlags().enableDebugInfo());
    }
    file.os().close();
    if (file.os().has_error()) {
      std::string why = file.os().error().message();
      file.os().clear_error();
      return failure(why);
    }
    file.keep();
    return llvm::Error::success();
  }
};
} // namespace

Expected<std::unique_ptr<PlannedModel>>
orchestra::planModel(StringRef path, const PlanRequest &request) {
  auto result = std::make_unique<Planned>();
  Expected<std::unique_ptr<Compilation>> compilation =
      Compilation::create(path, request.compile);
  if (!compilation)
    return compilation.takeError();
  result->compilation = std::move(*compilation);
  if (llvm::Error error = result->compilation->load())
    return std::move(error);
  if (llvm::Error error = result->compilation->plan(request, result->plan))
    return std::move(error);
  if (!request.trace.empty())
    if (llvm::Error error = readTrace(request.trace, result->plan))
      return std::move(error);
  return result;
}

std::string orchestra::formatTaskTimes(const PlannedSchedule &plan) {
  llvm::json::Object archs;
  for (const PlannedWork &work : plan.work) {
    if (work.isTransfer || !work.measured)
      continue;
    double seconds =
        work.least.value_or(work.measured->second - work.measured->first);
    for (const PlannedDevice &device : plan.devices)
      if (device.name == work.device && seconds > 0)
        archs.try_emplace(device.arch, llvm::json::Object())
            .first->second.getAsObject()
            ->insert({llvm::json::fixUTF8(work.name), seconds});
  }
  return llvm::formatv("{0:2}\n", llvm::json::Value(std::move(archs)));
}

std::string orchestra::formatPlanJson(const PlannedSchedule &plan) {
  using llvm::json::Array;
  using llvm::json::fixUTF8;
  using llvm::json::Object;
  auto addNumber = [](Object &object, StringRef key,
                      std::optional<double> number) {
    if (number)
      object[key] = *number;
  };
  auto addTime = [](Object &object, StringRef start, StringRef end,
                    const std::optional<PlannedTime> &time) {
    if (time) {
      object[start] = time->first;
      object[end] = time->second;
    }
  };
  Array devices, work;
  for (const PlannedDevice &device : plan.devices) {
    Object object{{"name", device.name},
                  {"arch", device.arch},
                  {"codegen", device.hasCodegen},
                  {"memory_bytes", device.memoryBytes}};
    addNumber(object, "peak_bytes", device.peakBytes);
    devices.push_back(std::move(object));
  }
  for (const PlannedWork &entry : plan.work) {
    Array nodes;
    for (const std::string &node : entry.nodes)
      nodes.push_back(fixUTF8(node));
    Object object{{"kind", entry.isTransfer ? "transfer" : "task"},
                  {"name", fixUTF8(entry.name)},
                  {"device", entry.device},
                  {"bytes", entry.bytes},
                  {"why", fixUTF8(entry.reason)}};
    if (entry.isTransfer) {
      object["source"] = entry.source;
    } else {
      object["nodes"] = std::move(nodes);
      object["flops"] = entry.flops;
    }
    addTime(object, "start_s", "end_s", entry.time);
    addTime(object, "unmeasured_start_s", "unmeasured_end_s", entry.unmeasured);
    addTime(object, "measured_start_s", "measured_end_s", entry.measured);
    addNumber(object, "measured_least_s", entry.least);
    work.push_back(std::move(object));
  }
  Object object{{"ok", true},
                {"machine", plan.machine},
                {"devices", std::move(devices)},
                {"work", std::move(work)}};
  addNumber(object, "latency_s", plan.latency);
  addNumber(object, "interval_s", plan.interval);
  addNumber(object, "single_device_s", plan.singleDevice);
  std::string text;
  llvm::raw_string_ostream(text) << llvm::json::Value(std::move(object));
  return text;
}
