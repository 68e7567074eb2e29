//===- Plan.cpp - orchestra plan ------------------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Tool.h"

#include "orchestra/Driver/DriverError.h"
#include "orchestra/Driver/Plan.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <map>
#include <tuple>

using namespace orchestra;
using namespace orchestra::tool;
using llvm::formatv;
using llvm::StringRef;

namespace {
struct Arguments {
  std::string model, output, gantt, times;
  PlanRequest request;
};
} // namespace

static std::string timeText(const std::optional<double> &seconds) {
  return seconds ? formatMilliseconds(*seconds * 1e3) : std::string("?");
}

static void printHead(const PlannedSchedule &plan, const Arguments &args) {
  llvm::raw_ostream &os = llvm::outs();
  os << "machine '" << plan.machine << "': one request takes "
     << timeText(plan.latency);
  if (plan.singleDevice && plan.latency && plan.devices.size() > 1)
    os << formatv(", {0:f2} times as fast as the best single device",
                  *plan.singleDevice / *plan.latency);
  os << "\n";
  if (args.request.objective == "throughput" && plan.interval)
    os << formatv("with {0} requests under way a result comes every {1}\n",
                  args.request.inFlight, timeText(plan.interval));
  std::map<std::string, double> busy;
  for (const PlannedWork &work : plan.work)
    if (!work.isTransfer && work.time)
      busy[work.device] += work.time->second - work.time->first;
  for (const PlannedDevice &device : plan.devices) {
    os << formatv("  {0,-12} {1,-17} computes {2,10}, holds ", device.name,
                  device.arch, timeText(busy[device.name]))
       << (device.peakBytes ? formatBytes(*device.peakBytes) : "?") << " of "
       << formatBytes(device.memoryBytes);
    if (!device.hasCodegen)
      os << "; no code can be generated for it yet";
    os << "\n";
  }
}

/// The nodes of a task besides the one that names it.
static std::string otherNodes(const PlannedWork &work) {
  constexpr size_t most = 2;
  std::string text;
  size_t others = 0;
  for (const std::string &node : work.nodes) {
    if (node == work.name)
      continue;
    if (++others <= most)
      text += (text.empty() ? " + " : ", ") + node;
  }
  if (others > most)
    text += " and " + std::to_string(others - most) + " more";
  return text;
}

/// Whether a measured cost replaced the estimate.
static bool tookOtherTime(const PlannedWork &work) {
  return work.time && work.unmeasured &&
         std::abs((work.time->second - work.time->first) -
                  (work.unmeasured->second - work.unmeasured->first)) > 1e-12;
}

static void printTable(const PlannedSchedule &plan, const Arguments &args) {
  llvm::raw_ostream &os = llvm::outs();
  printHead(plan, args);
  std::vector<const PlannedWork *> rows;
  bool hasMeasured = false;
  size_t places = 6;
  auto placeOf = [](const PlannedWork &work) {
    return work.isTransfer ? work.source + " > " + work.device : work.device;
  };
  for (const PlannedWork &work : plan.work) {
    rows.push_back(&work);
    hasMeasured |= work.measured || work.unmeasured;
    places = std::max(places, placeOf(work).size());
  }
  // In the order of the schedule where times are equal.
  llvm::sort(rows, [](const PlannedWork *a, const PlannedWork *b) {
    double first = a->time ? a->time->first : 0,
           second = b->time ? b->time->first : 0;
    return std::tie(first, a) < std::tie(second, b);
  });
  os << formatv("{0,10} {1,10} {2,10}", "start", "end", "time");
  if (hasMeasured)
    os << formatv(" {0,10} {1,10}", "estimated", "measured");
  os << formatv(" {0,10}  ", "bytes") << StringRef("where").str()
     << std::string(places - 5, ' ') << "  what, and why there\n";
  for (const PlannedWork *work : rows) {
    auto lengthOf = [](const std::optional<PlannedTime> &time) {
      return time ? timeText(time->second - time->first) : std::string("-");
    };
    const std::optional<PlannedTime> &time = work->time;
    os << formatv("{0,10} {1,10} {2,10}", time ? timeText(time->first) : "?",
                  time ? timeText(time->second) : "?", lengthOf(time));
    if (hasMeasured)
      os << formatv(" {0,10} {1,10}",
                    lengthOf(work->unmeasured ? work->unmeasured : time),
                    lengthOf(work->measured         ? work->measured
                             : tookOtherTime(*work) ? time
                                                    : std::nullopt));
    std::string place = placeOf(*work);
    os << formatv(" {0,10}  ", formatBytes(work->bytes)) << place
       << std::string(places - place.size(), ' ') << "  "
       << (work->isTransfer ? "copy of " : "") << work->name
       << otherNodes(*work);
    if (!work->reason.empty())
      os << ": " << work->reason;
    os << "\n";
  }
}

static llvm::Error plan(Arguments &args, const Common &common) {
  auto checkEnding = [](StringRef path, StringRef a, StringRef b,
                        const char *help) -> llvm::Error {
    if (path.empty() || path.ends_with(a) || path.ends_with(b))
      return llvm::Error::success();
    return makeError(Fault::Usage, path,
                     "the kind of output is not known [unknown-format]",
                     {std::string("help: ") + help});
  };
  if (llvm::Error error =
          checkEnding(args.output, ".mlir", ".mlirbc",
                      "name a schedule .mlir (text) or .mlirbc (bytecode)"))
    return error;
  if (llvm::Error error = checkEnding(args.gantt, ".html", ".svg",
                                      "name a picture .html or .svg"))
    return error;
  llvm::Expected<std::unique_ptr<PlannedModel>> planned = [&] {
    Progress progress(common, args.request.compile);
    return planModel(args.model, args.request);
  }();
  if (!planned)
    return planned.takeError();
  const PlannedSchedule &schedule = (*planned)->getPlan();
  if (!args.output.empty())
    if (llvm::Error error = (*planned)->write(args.output))
      return error;
  if (!args.gantt.empty()) {
    std::string title = llvm::sys::path::filename(args.model).str() + " on " +
                        schedule.machine + ": " + timeText(schedule.latency);
    bool asPage = StringRef(args.gantt).ends_with(".html");
    if (llvm::Error error =
            writeText(args.gantt, drawGantt(schedule, title, asPage)))
      return error;
  }
  if (!args.times.empty())
    if (llvm::Error error = writeText(args.times, formatTaskTimes(schedule)))
      return error;
  if (common.json)
    llvm::outs() << formatPlanJson(schedule) << "\n";
  else if (!common.quiet)
    printTable(schedule, args);
  return llvm::Error::success();
}

void tool::addPlan(CLI::App &app, Tool &tool) {
  auto args = std::make_shared<Arguments>();
  PlanRequest &request = args->request;
  CLI::App *command = app.add_subcommand(
      "plan", "Show what would run where on a machine with several devices");
  command->footer(
      "Examples:\n"
      "  orchestra targets --emit-topology --cpu-devices=2 > machine.json\n"
      "  orchestra plan model.onnx --topology machine.json\n"
      "  orchestra plan model.onnx --topology machine.json -o plan.mlir\n"
      "  orchestra plan plan.mlir --keep --gantt plan.html");
  command
      ->add_option("model", args->model,
                   "A model, or a schedule that was planned before")
      ->required();
  command->add_option("--topology", request.topology,
                      "The machine, as 'orchestra targets --emit-topology' "
                      "writes it");
  command->add_option(
      "-o,--output", args->output,
      "Write the schedule, to edit and compile: .mlir, .mlirbc");
  command->add_option("--gantt", args->gantt, "Draw the plan: .html or .svg");
  command
      ->add_option("--objective", request.objective,
                   "What to minimise (default: latency)")
      ->check(CLI::IsMember({"latency", "throughput"}));
  command
      ->add_option("--in-flight", request.inFlight,
                   "Requests under way at once, for throughput (default: 4)")
      ->check(CLI::Range(1, 1 << 20));
  CLI::Option *place =
      command
          ->add_option("--place", request.place,
                       "Run a node of the model on a device: NODE=DEVICE")
          ->type_name("NODE=DEVICE");
  command
      ->add_flag("--keep", request.keep,
                 "Keep the devices and the order of a schedule that is given")
      ->excludes(place);
  command->add_option("--profile", request.profile,
                      "JSON of measured seconds: {ARCH: {TASK: SECONDS}}");
  command->add_option("--trace", request.trace,
                      "Compare with a run: what 'run --profile' wrote");
  command
      ->add_option("--save-times", args->times,
                   "Write the times of the run as a JSON file for --profile")
      ->needs("--trace");
  command
      ->add_option("--assumed-size", request.assumedSize,
                   "Size of dimensions that only a request knows (default: "
                   "128)")
      ->check(CLI::Range(1, 1 << 30));
  addDimFlag(*command, request.compile.dims,
             "Fix a dynamic dimension: NAME=SIZE");
  addCommonFlags(*command, tool.common);
  command->callback([args, &tool] {
    tool.action = [args, &tool] {
      llvm::Error error = plan(*args, tool.common);
      return error ? report(std::move(error), tool.common) : 0;
    };
  });
}
