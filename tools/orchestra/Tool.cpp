//===- Tool.cpp - What the subcommands share ------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Tool.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <cmath>
#include <unistd.h>

using namespace orchestra;
using namespace orchestra::tool;
using llvm::StringRef;

CLI::Validator orchestra::tool::threadCounts() {
  return CLI::Range(0, kMaxThreads);
}

CLI::Validator orchestra::tool::finiteNumber(double least) {
  return CLI::Validator(
      [least](std::string &text) {
        double value = 0;
        if (CLI::detail::lexical_cast(text, value) && std::isfinite(value) &&
            value >= least)
          return std::string();
        return "'" + text + "' is not a number of at least " +
               llvm::formatv("{0}", least).str();
      },
      "NUMBER");
}

double tool::nowMilliseconds() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void tool::addCommonFlags(CLI::App &command, Common &common) {
  command.add_flag("-q,--quiet", common.quiet, "Print results and errors only");
  command.add_flag("--json", common.json, "Print one JSON object for programs");
}

void tool::addCompileFlags(CLI::App &command, CompileOptions &options) {
  const char *group = "Compilation";
  command
      .add_option(
          "--target", options.target,
          "Machine: host, x86_64, aarch64, a triple, a GPU, such as "
          "nvidia_hopper, or one to emulate here, such as "
          "emulated:nvidia_hopper; device:cpu: the host as a device; "
          "pjrt:PLUGIN.so: a device of a PJRT plugin; google_tpu_v5e:2x2, "
          "aws_trainium2: a vendor's compiler (default: host)")
      ->group(group);
  command
      .add_option("--cpu", options.cpu,
                  "CPU as LLVM names it, such as znver4 or x86-64-v3")
      ->group(group);
  command
      .add_option("--features", options.features,
                  "CPU features to add or drop, such as +avx2,-avx512f")
      ->group(group);
  command
      .add_option(
          "--specialize", options.specialize,
          "Also make code for these sizes, to be used in runs that have "
          "them: batch=1,seq=128; repeatable")
      ->type_name("NAME=SIZE,...")
      ->group(group);
  command
      .add_option("--strategy", options.strategy,
                  "Strategy script instead of the built-in one")
      ->group(group);
  command
      .add_option("--vendor-compiler", options.vendorCompiler,
                  "libtpu.so or neuronx-cc (default: found in the Python "
                  "environment or PATH)")
      ->group(group);
  command
      .add_option("--stablehlo-translate", options.stablehloTool,
                  "Command that makes StableHLO artefacts and HLO (default: "
                  "found in PATH or the Python environment)")
      ->group(group);
  command
      .add_flag("--reference", options.reference,
                "Plain loops only: slow, to check results against")
      ->group(group);
  command
      .add_option("-O,--opt-level", options.optLevel,
                  "Effort of LLVM, 0 to 3 (default: 2)")
      ->check(CLI::Range(0, 3))
      ->group(group);
  command
      .add_option("-j,--jobs", options.jobs,
                  "Threads that compile (default: one for each CPU)")
      ->check(CLI::Range(0, 1024))
      ->group(group);
  command
      .add_option("--cache-dir", options.cacheFolder,
                  "Folder of the cache (default: $XDG_CACHE_HOME/orchestra)")
      ->group(group);
  command
      .add_flag_function(
          "--no-cache", [&options](int64_t) { options.useCache = false; },
          "Neither read nor write the cache")
      ->group(group);
}

void tool::addPlanFlags(CLI::App &command, CompileOptions &options) {
  const char *group = "Several devices";
  command
      .add_option("--topology", options.topology,
                  "Machine to plan for: a file that 'orchestra targets "
                  "--emit-topology' wrote")
      ->group(group);
  command
      .add_option("--objective", options.objective,
                  "latency of one request, or throughput of several "
                  "(default: latency)")
      ->check(CLI::IsMember({"latency", "throughput"}))
      ->group(group);
  command
      .add_option("--in-flight", options.inFlight,
                  "Requests under way at once, for throughput (default: 4)")
      ->check(CLI::Range(1, 1024))
      ->group(group);
  command
      .add_option("--place", options.place,
                  "Run a node of the model on a device: NODE=DEVICE")
      ->type_name("NODE=DEVICE")
      ->group(group);
  command
      .add_option("--task-times", options.taskTimes,
                  "Measured times of tasks, a JSON file, instead of estimates")
      ->group(group);
  command
      .add_option("--branches", options.branches,
                  "How often conditions held, a JSON file that 'orchestra run "
                  "--profile-branches' wrote")
      ->group(group);
}

CLI::Option *tool::addDimFlag(CLI::App &command,
                              std::map<std::string, int64_t> &dims,
                              const std::string &help) {
  return command
      .add_option_function<std::vector<std::string>>(
          "--dim",
          [&dims](const std::vector<std::string> &texts) {
            for (const std::string &text : texts) {
              auto [name, size] = StringRef(text).split('=');
              int64_t number;
              if (size.getAsInteger(10, number) || number < 0)
                throw CLI::ValidationError("--dim",
                                           "'" + text + "' is not NAME=SIZE");
              dims[name.str()] = number;
            }
          },
          help)
      ->type_name("NAME=SIZE");
}

llvm::Error tool::writeText(StringRef path, StringRef text) {
  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  if (!error) {
    os << text;
    os.close();
    error = os.error();
    os.clear_error();
  }
  if (!error)
    return llvm::Error::success();
  return makeError(Fault::Environment, path,
                   "the file cannot be written [unwritable-file]",
                   {"note: " + error.message()});
}

Progress::Progress(const Common &common, CompileOptions &options) {
  if (common.quiet || common.json)
    return;
  options.onPhase = [this](const std::string &name) {
    std::lock_guard<std::mutex> lock(mutex);
    phase = name;
    changed.notify_all();
  };
  watcher = std::thread([this] { watch(); });
}

void Progress::watch() {
  std::unique_lock<std::mutex> lock(mutex);
  // Nobody wants to read about the first second.
  if (changed.wait_for(lock, std::chrono::seconds(1), [this] { return done; }))
    return;
  bool terminal = isatty(2);
  std::string last;
  while (!done) {
    if (phase != last) {
      std::fprintf(stderr,
                   terminal ? "\r\033[Kcompiling: %s" : "compiling: %s\n",
                   phase.c_str());
      std::fflush(stderr);
      last = phase;
      shown = terminal;
    }
    changed.wait(lock);
  }
}

Progress::~Progress() {
  if (!watcher.joinable())
    return;
  {
    std::lock_guard<std::mutex> lock(mutex);
    done = true;
  }
  changed.notify_all();
  watcher.join();
  if (shown)
    std::fprintf(stderr, "\r\033[K");
}

llvm::Expected<Loaded> tool::loadModel(const std::string &path,
                                       CompileOptions options,
                                       const Common &common) {
  Loaded loaded;
  if (StringRef(path).ends_with(".so")) {
    double start = nowMilliseconds();
    llvm::Expected<std::shared_ptr<Model>> model = loadArtefact(path);
    if (!model)
      return model.takeError();
    loaded.model = std::move(*model);
    loaded.report.weightBytes = loaded.model->getWeightBytes();
    loaded.loadMilliseconds = nowMilliseconds() - start;
    return loaded;
  }
  Progress progress(common, options);
  llvm::Expected<std::unique_ptr<CompiledModel>> compiled =
      compileModel(path, options);
  if (!compiled)
    return compiled.takeError();
  loaded.report = (*compiled)->getReport();
  double start = nowMilliseconds();
  llvm::Expected<std::shared_ptr<Model>> model = (*compiled)->load();
  if (!model)
    return model.takeError();
  loaded.model = std::move(*model);
  loaded.loadMilliseconds = nowMilliseconds() - start;
  return loaded;
}

bool tool::dependsOnInputs(const DriverError &error) {
  return error.hasReason("needs-inputs") || error.hasReason("unsupported-form");
}

std::string tool::onlyTheseSizes(const DriverError &error) {
  return "warning: the program is for inputs of these sizes only\n  note: " +
         error.getText();
}

llvm::Expected<Loaded> tool::loadModelFor(const std::string &path,
                                          const CompileOptions &options,
                                          const Common &common,
                                          const NamedTensors &inputs) {
  if (StringRef(options.target).starts_with("pjrt:") && !options.given &&
      !inputs.empty()) {
    // Plugins compile for one set of sizes in any case.
    CompileOptions sized = options;
    sized.given = describeInputs(inputs);
    sized.fixShapes = true;
    return loadModel(path, sized, common);
  }
  llvm::Expected<Loaded> loaded = loadModel(path, options, common);
  if (loaded || options.given)
    return loaded;
  // What no program can say for all inputs, one may say for these.
  DriverError error = toDriverError(loaded.takeError(), path);
  if (bool needs = error.hasReason("needs-inputs"); dependsOnInputs(error)) {
    CompileOptions more = options;
    more.given = describeInputs(inputs);
    // First with the values that decide about structure, then with all sizes.
    for (bool shapes : {false, true}) {
      more.fixShapes = shapes;
      llvm::Expected<Loaded> again = loadModel(path, more, common);
      if (again && shapes)
        again->report.warnings.push_back(onlyTheseSizes(error));
      if (again)
        return again;
      DriverError other = toDriverError(again.takeError(), path);
      if (needs)
        error = other;
    }
  }
  return llvm::make_error<DriverError>(error);
}

int tool::report(llvm::Error error, const Common &common) {
  DriverError driver = toDriverError(std::move(error), "orchestra");
  if (common.json)
    llvm::outs() << llvm::json::Value(llvm::json::Object{
                        {"ok", false},
                        {"exit_code", int64_t(driver.getFault())},
                        {"error", llvm::json::fixUTF8(driver.getText())}})
                 << "\n";
  llvm::errs() << driver.getText() << "\n";
  return int(driver.getFault());
}

void tool::printWarnings(const CompileReport &report, const Common &common) {
  if (!common.quiet && !common.json)
    for (const std::string &warning : report.warnings)
      llvm::errs() << warning << "\n";
}

std::string tool::formatBytes(double bytes) {
  const char *units[] = {"B", "KB", "MB", "GB", "TB"};
  unsigned unit = 0;
  for (; bytes >= 1000 && unit < 4; ++unit)
    bytes /= 1000;
  return llvm::formatv(unit == 0 ? "{0:f0} {1}" : "{0:f1} {1}", bytes,
                       units[unit]);
}

std::string tool::formatMilliseconds(double milliseconds) {
  if (milliseconds < 1)
    return llvm::formatv("{0:f1} us", milliseconds * 1000);
  if (milliseconds < 1000)
    return llvm::formatv("{0:f2} ms", milliseconds);
  return llvm::formatv("{0:f2} s", milliseconds / 1000);
}
