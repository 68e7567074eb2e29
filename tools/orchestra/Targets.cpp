//===- Targets.cpp - orchestra targets ------------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Tool.h"

#include "orchestra/Driver/Machine.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace orchestra;
using namespace orchestra::tool;

static void printJson(const MachineInfo &info, const MachinePeak &peak) {
  llvm::json::Array facilities;
  for (const Facility &facility : info.facilities)
    facilities.push_back(llvm::json::Object{{"name", facility.name},
                                            {"present", facility.present},
                                            {"details", facility.details}});
  llvm::json::Object object{
      {"ok", true},
      {"version", compilerVersion()},
      {"arch", info.arch},
      {"cpu", info.cpu},
      {"model", info.model},
      {"cpus", info.cpus},
      {"vector_bits", info.vectorBits},
      {"features", llvm::json::Array(info.features)},
      {"memory_bytes", info.memoryBytes},
      {"cache_bytes", llvm::json::Array(info.cacheBytes)},
      {"code_targets", llvm::json::Array(info.codeTargets)},
      {"frontends", llvm::json::Array(info.frontends)},
      {"facilities", std::move(facilities)},
      {"cache", info.cacheFolder}};
  if (peak.gflops > 0) {
    object["peak_gflops_per_s"] = peak.gflops;
    object["peak_gbytes_per_s"] = peak.gbytes;
  }
  llvm::outs() << llvm::json::Value(std::move(object)) << "\n";
}

static void printText(const MachineInfo &info, const MachinePeak &peak) {
  auto line = [](const std::string &name, const std::string &value) {
    llvm::outs() << llvm::formatv("{0,-12} {1}\n", name, value);
  };
  line("version", compilerVersion());
  line("machine", info.arch + ", " + info.cpu +
                      (info.model.empty() ? "" : " (" + info.model + ")"));
  line("cpus", std::to_string(info.cpus));
  line("vectors", std::to_string(info.vectorBits) + " bits");
  line("features", llvm::join(info.features, " "));
  std::string caches;
  for (size_t i = 0; i < info.cacheBytes.size(); ++i)
    caches += (i ? ", L" : "L") + std::to_string(i + 1) + " " +
              std::to_string(info.cacheBytes[i] / 1024) + " KiB";
  line("caches", caches.empty() ? "unknown" : caches);
  line("memory", formatBytes(double(info.memoryBytes)));
  if (peak.gflops > 0)
    line("measured", llvm::formatv("{0:f0} GFLOP/s (f32), {1:f0} GB/s",
                                   peak.gflops, peak.gbytes)
                         .str());
  line("reads", llvm::join(info.frontends, ", "));
  line("generates", llvm::join(info.codeTargets, ", "));
  for (const Facility &facility : info.facilities)
    line(facility.name, facility.details);
  line("cache",
       info.cacheFolder.empty() ? "none: HOME is not set" : info.cacheFolder);
}

void tool::addTargets(CLI::App &app, Tool &tool) {
  auto measure = std::make_shared<bool>(false);
  CLI::App *command =
      app.add_subcommand("targets", "Show what this machine and build can do");
  command->footer("Examples:\n  orchestra targets\n"
                  "  orchestra targets --measure --json");
  command->add_flag("--measure", *measure,
                    "Measure peak arithmetic and memory speed");
  addCommonFlags(*command, tool.common);
  command->callback([measure, &tool] {
    tool.action = [measure, &tool] {
      MachineInfo info = describeMachine();
      MachinePeak peak;
      if (*measure)
        peak = measurePeak(info.cpus);
      tool.common.json ? printJson(info, peak) : printText(info, peak);
      return 0;
    };
  });
}
