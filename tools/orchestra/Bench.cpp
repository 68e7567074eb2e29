//===- Bench.cpp - orchestra bench ----------------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "RunInputs.h"
#include "Tool.h"

#include "orchestra/Driver/DriverError.h"
#include "orchestra/Driver/Machine.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <sys/resource.h>
#include <thread>

using namespace orchestra;
using namespace orchestra::tool;

namespace {
struct Arguments {
  std::string model;
  InputArguments inputs;
  CompileOptions compile;
  int threads = 0, warmup = 3, requests = 1;
  int64_t runs = 0;
  double seconds = 2;
  bool cold = false, peak = false;
};
struct Result {
  CompileReport compile, cold;
  double loadMilliseconds = 0;
  int threads = 0, requests = 1;
  uint64_t arena = 0;
  std::vector<double> times; ///< milliseconds, sorted
  double total = 0;
  double flops = 0; ///< negative: not known
  MachinePeak peak;
};
} // namespace

static double percentile(const std::vector<double> &sorted, double share) {
  return sorted[size_t(share * double(sorted.size() - 1) + 0.5)];
}

/// Compiles into a cache of its own that starts empty.
static llvm::Expected<CompileReport> compileCold(const Arguments &args,
                                                 const Common &common) {
  CompileOptions options = args.compile;
  llvm::SmallString<128> folder;
  if (std::error_code error =
          llvm::sys::fs::createUniqueDirectory("orchestra-bench", folder))
    return makeError(Fault::Environment, "",
                     "no temporary folder can be made [unwritable-file]",
                     {"note: " + error.message()});
  options.cacheFolder = std::string(folder);
  llvm::Expected<CompileReport> report =
      [&]() -> llvm::Expected<CompileReport> {
    Progress progress(common, options);
    llvm::Expected<std::unique_ptr<CompiledModel>> compiled =
        compileModel(args.model, options);
    if (!compiled)
      return compiled.takeError();
    return (*compiled)->getReport();
  }();
  (void)llvm::sys::fs::remove_directories(folder);
  return report;
}

/// Runs one request after another and notes how long each took.
static llvm::Error repeat(Session &session, const Arguments &args,
                          const std::vector<Tensor> &inputs, double end,
                          std::vector<double> &times) {
  llvm::Expected<std::vector<Tensor>> outputs = session.run(inputs);
  if (!outputs)
    return outputs.takeError();
  int64_t least = args.runs ? args.runs : 5;
  while (int64_t(times.size()) < least ||
         (!args.runs && nowMilliseconds() < end)) {
    double before = nowMilliseconds();
    if (llvm::Error error = session.runInto(inputs, *outputs))
      return error;
    times.push_back(nowMilliseconds() - before);
  }
  return llvm::Error::success();
}

/// Keeps one request under way in each session.
static llvm::Error repeatAll(llvm::ArrayRef<std::unique_ptr<Session>> sessions,
                             const Arguments &args,
                             const std::vector<Tensor> &inputs,
                             Result &result) {
  double start = nowMilliseconds(), end = start + args.seconds * 1000;
  std::vector<std::vector<double>> times(sessions.size());
  std::vector<llvm::Error> errors;
  errors.reserve(sessions.size());
  for (size_t i = 0; i < sessions.size(); ++i)
    errors.push_back(llvm::Error::success());
  std::vector<std::thread> others;
  for (size_t i = 1; i < sessions.size(); ++i)
    others.emplace_back([&, i] {
      llvm::cantFail(std::move(errors[i]));
      errors[i] = repeat(*sessions[i], args, inputs, end, times[i]);
    });
  llvm::cantFail(std::move(errors[0]));
  errors[0] = repeat(*sessions[0], args, inputs, end, times[0]);
  for (std::thread &other : others)
    other.join();
  result.total = nowMilliseconds() - start;
  llvm::Error error = llvm::Error::success();
  for (size_t i = 0; i < sessions.size(); ++i) {
    error = llvm::joinErrors(std::move(error), std::move(errors[i]));
    llvm::append_range(result.times, times[i]);
  }
  llvm::sort(result.times);
  return error;
}

static llvm::Expected<Result> measure(Arguments &args, const Common &common) {
  Result result;
  bool artefact = llvm::StringRef(args.model).ends_with(".so");
  if (args.cold && !artefact) {
    llvm::Expected<CompileReport> cold = compileCold(args, common);
    if (!cold)
      return cold.takeError();
    result.cold = std::move(*cold);
  }
  fixDims(args.inputs, args.model, args.compile);
  llvm::Expected<Loaded> loaded = loadModel(args.model, args.compile, common);
  if (!loaded)
    return loaded.takeError();
  result.compile = loaded->report;
  result.loadMilliseconds = loaded->loadMilliseconds;
  if (args.inputs.archive.empty() && args.inputs.files.empty())
    args.inputs.seed = "0";
  llvm::Expected<std::vector<Tensor>> inputs =
      readInputs(*loaded->model, args.inputs);
  if (!inputs)
    return inputs.takeError();
  SessionOptions options;
  options.threads = args.threads;
  std::vector<std::unique_ptr<Session>> sessions;
  for (int i = 0; i < args.requests; ++i) {
    llvm::Expected<std::unique_ptr<Session>> session =
        Session::create(loaded->model, options);
    if (!session)
      return session.takeError();
    sessions.push_back(std::move(*session));
    // Requests of one program meet on the same devices.
    if (!loaded->model->getDevices().empty())
      options.shareDevices = sessions.front().get();
  }
  result.requests = args.requests;
  result.threads = sessions.front()->getNumThreads();
  result.arena = sessions.front()->arenaBytes(*inputs);
  for (std::unique_ptr<Session> &session : sessions)
    for (int i = 0; i < args.warmup; ++i)
      if (auto outputs = session->run(*inputs); !outputs)
        return outputs.takeError();
  if (llvm::Error error = repeatAll(sessions, args, *inputs, result))
    return std::move(error);
  for (const KernelCall &call : loaded->model->getCalls())
    result.flops =
        call.flops < 0 || result.flops < 0 ? -1 : result.flops + call.flops;
  if (args.peak)
    result.peak = measurePeak(result.threads);
  return result;
}

static void print(const Result &result, bool json) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double memory = double(usage.ru_maxrss) * 1024;
  double mean = result.total / double(result.times.size());
  double median = percentile(result.times, 0.5);
  double rate = result.flops > 0 ? result.flops / median / 1e6 : 0;
  if (json) {
    llvm::json::Object object{
        {"ok", true},
        {"threads", result.threads},
        {"requests", result.requests},
        {"runs", int64_t(result.times.size())},
        {"latency_ms",
         llvm::json::Object{{"min", result.times.front()},
                            {"median", median},
                            {"p90", percentile(result.times, 0.9)},
                            {"p99", percentile(result.times, 0.99)},
                            {"max", result.times.back()},
                            {"mean", mean}}},
        {"throughput_per_s", 1000 / mean},
        {"compile_ms", result.compile.milliseconds},
        {"compile_from_cache", result.compile.fromCache},
        {"load_ms", result.loadMilliseconds},
        {"cache_hits", result.compile.kernelsFromCache},
        {"cache_misses",
         result.compile.kernels - result.compile.kernelsFromCache},
        {"peak_rss_bytes", int64_t(memory)},
        {"arena_bytes", result.arena},
        {"weight_bytes", result.compile.weightBytes},
        {"code_bytes", result.compile.codeBytes},
        {"target", result.compile.target}};
    if (!result.cold.phases.empty())
      object["compile_cold_ms"] = result.cold.milliseconds;
    if (result.flops > 0) {
      object["flops"] = result.flops;
      object["gflops_per_s"] = rate;
    }
    if (result.peak.gflops > 0) {
      object["peak_gflops_per_s"] = result.peak.gflops;
      object["peak_gbytes_per_s"] = result.peak.gbytes;
      if (result.flops > 0)
        object["share_of_peak"] = rate / result.peak.gflops;
    }
    llvm::outs() << llvm::json::Value(std::move(object)) << "\n";
    return;
  }
  llvm::raw_ostream &os = llvm::outs();
  auto line = [&](const char *name, const std::string &value) {
    os << llvm::formatv("{0,-12} {1}\n", name, value);
  };
  if (!result.cold.phases.empty())
    line("compile", formatMilliseconds(result.cold.milliseconds) + " cold");
  if (!result.compile.phases.empty())
    line("compile", formatMilliseconds(result.compile.milliseconds) +
                        (result.compile.fromCache ? " cached" : " cold"));
  line("load", formatMilliseconds(result.loadMilliseconds));
  line("latency",
       formatMilliseconds(median) + " median, " +
           formatMilliseconds(result.times.front()) + " min, " +
           formatMilliseconds(percentile(result.times, 0.9)) + " p90, " +
           formatMilliseconds(percentile(result.times, 0.99)) + " p99");
  line("throughput",
       llvm::formatv("{0:f1} runs/s ({1} runs, {2} threads)", 1000 / mean,
                     result.times.size(), result.threads)
           .str());
  if (result.flops > 0)
    line("arithmetic", llvm::formatv("{0:f1} GFLOP/s", rate).str() +
                           (result.peak.gflops > 0
                                ? llvm::formatv(", {0:f0} % of {1:f0}",
                                                100 * rate / result.peak.gflops,
                                                result.peak.gflops)
                                      .str()
                                : ""));
  line("memory", formatBytes(memory) + " peak, " +
                     formatBytes(double(result.compile.weightBytes)) +
                     " weights, " + formatBytes(double(result.arena)) +
                     " arena");
}

void tool::addBench(CLI::App &app, Tool &tool) {
  auto args = std::make_shared<Arguments>();
  CLI::App *command =
      app.add_subcommand("bench", "Measure latency and throughput");
  command->footer("Examples:\n"
                  "  orchestra bench model.onnx --threads 1\n"
                  "  orchestra bench model.so --seconds 10 --json\n"
                  "  orchestra bench bert.onnx --dim batch=8 --dim seq=128\n"
                  "  orchestra bench model.onnx --cold --peak\n"
                  "  orchestra bench model.onnx --topology machine.json \\\n"
                  "      --objective throughput --requests 4");
  command->add_option("model", args->model, "A model, or a compiled .so")
      ->required();
  addInputFlags(*command, args->inputs);
  command
      ->add_option("--threads", args->threads,
                   "Threads that run (default: one for each CPU)")
      ->check(threadCounts());
  command
      ->add_option("--requests", args->requests,
                   "Requests under way at the same time (default: 1)")
      ->check(CLI::Range(1, 1024));
  command
      ->add_option("--warmup", args->warmup,
                   "Runs that do not count (default: 3)")
      ->check(CLI::Range(0, 1000000));
  command->add_option("--runs", args->runs, "Runs that count")
      ->check(CLI::Range(1, 1000000));
  command
      ->add_option("--seconds", args->seconds,
                   "Without --runs: how long to measure (default: 2)")
      ->check(finiteNumber(0));
  command->add_flag("--cold", args->cold,
                    "Also compile with an empty cache, and time that");
  command->add_flag("--peak", args->peak,
                    "Measure the machine too, and show the share reached");
  addCompileFlags(*command, args->compile);
  addPlanFlags(*command, args->compile);
  addCommonFlags(*command, tool.common);
  command->callback([args, &tool] {
    tool.action = [args, &tool] {
      llvm::Expected<Result> result = measure(*args, tool.common);
      if (!result)
        return report(result.takeError(), tool.common);
      print(*result, tool.common.json);
      return 0;
    };
  });
}
