//===- Explain.cpp - orchestra explain ------------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "RunInputs.h"
#include "Tool.h"

#include "orchestra/Driver/Machine.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace orchestra;
using namespace orchestra::tool;

namespace {
struct Arguments {
  std::string model;
  InputArguments inputs;
  CompileOptions compile;
  int threads = 0, runs = 10, top = 0;
};
struct Row {
  size_t index;
  const KernelCall *call;
  double seconds; ///< of one run
};
} // namespace

/// The share of the roofline: the time the machine's limits allow, divided by
/// the time taken; negative if not known.
static double roofline(const Row &row, const MachinePeak &peak) {
  if (row.call->flops < 0 || row.call->bytes < 0 || row.seconds <= 0 ||
      peak.gflops <= 0 || peak.gbytes <= 0)
    return -1;
  double least =
      std::max(row.call->flops / peak.gflops, row.call->bytes / peak.gbytes) /
      1e9;
  return least / row.seconds;
}

static void printTable(const std::vector<Row> &rows, double total,
                       const MachinePeak &peak, int threads) {
  llvm::raw_ostream &os = llvm::outs();
  os << llvm::formatv("{0} threads; this machine: {1:f0} GFLOP/s, {2:f0} GB/s; "
                      "roof = share of what it allows\n",
                      threads, peak.gflops, peak.gbytes)
     << "   call       time   share   GFLOP/s      GB/s    roof  nodes\n";
  for (const Row &row : rows) {
    auto rate = [&](double amount) {
      return amount < 0 || row.seconds <= 0
                 ? std::string("?")
                 : llvm::formatv("{0:f1}", amount / row.seconds / 1e9).str();
    };
    double share = roofline(row, peak);
    os << llvm::formatv(
        "{0,7} {1,10} {2,6:f1}% {3,9} {4,9} {5,7}  {6}\n", row.index,
        formatMilliseconds(row.seconds * 1e3), 100 * row.seconds / total,
        rate(row.call->flops), rate(row.call->bytes),
        share < 0 ? "?" : llvm::formatv("{0:f0}%", share * 100).str(),
        row.call->nodes.empty() ? row.call->kernel
                                : llvm::join(row.call->nodes, " + "));
  }
}

static void printJson(const std::vector<Row> &rows, double total,
                      const MachinePeak &peak, int threads) {
  llvm::json::Array list;
  for (const Row &row : rows) {
    llvm::json::Array nodes;
    for (const std::string &node : row.call->nodes)
      nodes.push_back(llvm::json::fixUTF8(node));
    llvm::json::Object object{{"call", int64_t(row.index)},
                              {"kernel", row.call->kernel},
                              {"nodes", std::move(nodes)},
                              {"device", "cpu"},
                              {"ms", row.seconds * 1e3}};
    if (row.call->flops >= 0)
      object["flops"] = row.call->flops;
    if (row.call->bytes >= 0)
      object["bytes"] = row.call->bytes;
    if (double share = roofline(row, peak); share >= 0)
      object["roofline_share"] = share;
    list.push_back(std::move(object));
  }
  llvm::outs() << llvm::json::Value(
                      llvm::json::Object{{"ok", true},
                                         {"threads", threads},
                                         {"run_ms", total * 1e3},
                                         {"peak_gflops_per_s", peak.gflops},
                                         {"peak_gbytes_per_s", peak.gbytes},
                                         {"calls", std::move(list)}})
               << "\n";
}

static llvm::Error explain(Arguments &args, const Common &common) {
  fixDims(args.inputs, args.model, args.compile);
  llvm::Expected<Loaded> loaded = loadModel(args.model, args.compile, common);
  if (!loaded)
    return loaded.takeError();
  const Model &model = *loaded->model;
  if (args.inputs.archive.empty() && args.inputs.files.empty())
    args.inputs.seed = "0";
  llvm::Expected<std::vector<Tensor>> inputs = readInputs(model, args.inputs);
  if (!inputs)
    return inputs.takeError();
  SessionOptions options;
  options.threads = args.threads;
  llvm::Expected<std::unique_ptr<Session>> session =
      Session::create(loaded->model, options);
  if (!session)
    return session.takeError();
  llvm::Expected<std::vector<Tensor>> outputs = (*session)->run(*inputs);
  if (!outputs)
    return outputs.takeError();
  if (llvm::Error error = (*session)->runInto(*inputs, *outputs))
    return error;
  if (llvm::Error error = (*session)->setProfiling(true))
    return error;
  for (int i = 0; i < args.runs; ++i)
    if (llvm::Error error = (*session)->runInto(*inputs, *outputs))
      return error;
  MachinePeak peak = measurePeak((*session)->getNumThreads());
  // The quickest of several runs: the others waited for somebody else.
  std::vector<Row> rows;
  std::vector<CallTime> times = (*session)->callTimes();
  rows.reserve(times.size());
  for (size_t i = 0; i < times.size(); ++i)
    if (times[i].count > 0) // else of code for other shapes
      rows.push_back({i, &model.getCalls()[i], double(times[i].least) / 1e9});
  double total = double((*session)->runTime().least) / 1e9;
  if (args.top > 0) {
    llvm::sort(
        rows, [](const Row &a, const Row &b) { return a.seconds > b.seconds; });
    rows.resize(std::min(rows.size(), size_t(args.top)));
  }
  if (common.json)
    printJson(rows, total, peak, (*session)->getNumThreads());
  else
    printTable(rows, total, peak, (*session)->getNumThreads());
  return llvm::Error::success();
}

void tool::addExplain(CLI::App &app, Tool &tool) {
  auto args = std::make_shared<Arguments>();
  CLI::App *command = app.add_subcommand(
      "explain", "Show which kernel computes which node, and how well");
  command->footer("Examples:\n"
                  "  orchestra explain model.onnx\n"
                  "  orchestra explain model.onnx --top 10 --threads 1\n"
                  "  orchestra explain model.so --json");
  command->add_option("model", args->model, "A model, or a compiled .so")
      ->required();
  addInputFlags(*command, args->inputs);
  command
      ->add_option("--threads", args->threads,
                   "Threads that run (default: one for each CPU)")
      ->check(threadCounts());
  command->add_option("--runs", args->runs, "Runs to measure (default: 10)")
      ->check(CLI::Range(1, 1000000));
  command->add_option("--top", args->top, "Only the slowest calls");
  addCompileFlags(*command, args->compile);
  addPlanFlags(*command, args->compile);
  addCommonFlags(*command, tool.common);
  command->callback([args, &tool] {
    tool.action = [args, &tool] {
      llvm::Error error = explain(*args, tool.common);
      return error ? report(std::move(error), tool.common) : 0;
    };
  });
}
