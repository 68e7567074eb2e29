//===- Targets.cpp - orchestra targets ------------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Tool.h"

#include "orchestra/Driver/Machine.h"
#include "orchestra/Driver/MachineTopology.h"

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

//===----------------------------------------------------------------------===//
// Architectures
//===----------------------------------------------------------------------===//

static llvm::json::Object toJson(const TargetArch &arch) {
  llvm::json::Object keys;
  for (const TargetKey &key : arch.keys) {
    llvm::json::Object object{{"summary", key.summary},
                              {"expects", key.expects()}};
    if (key.defaultValue.kind() != llvm::json::Value::Null)
      object["default"] = key.defaultValue;
    keys[key.name] = std::move(object);
  }
  return llvm::json::Object{{"arch", arch.name},
                            {"family", arch.family},
                            {"product", arch.product},
                            {"codegen", arch.hasCodegen},
                            {"inline_source", arch.inlineSource},
                            {"sources", llvm::json::Array(arch.sources)},
                            {"figures", llvm::json::Object(arch.figures)},
                            {"keys", std::move(keys)}};
}

static void printArchs(const Common &common) {
  const TargetRegistry &targets = getTargetRegistry();
  if (common.json) {
    llvm::json::Array archs;
    for (const auto &arch : targets.getArchs())
      archs.push_back(toJson(*arch));
    llvm::json::Object object{{"ok", true},
                              {"architectures", std::move(archs)}};
    llvm::outs() << llvm::json::Value(std::move(object)) << "\n";
    return;
  }
  llvm::outs() << llvm::formatv(
      "{0,-17} {1,-5} {2,9} {3,9} {4,9} {5,11}  {6}\n", "architecture", "code",
      "f32 TF/s", "bf16 TF/s", "GB/s", "memory", "figures of");
  for (const auto &arch : targets.getArchs()) {
    llvm::json::Object none;
    DeviceFigures figures(none, arch.get());
    auto rate = [&](llvm::StringRef type) -> std::string {
      std::optional<double> peak = figures.getPeak(type);
      return peak ? llvm::formatv("{0:f1}", *peak / 1e12).str() : "-";
    };
    llvm::outs() << llvm::formatv(
        "{0,-17} {1,-5} {2,9} {3,9} {4,9:f0} {5,11}  {6}\n", arch->name,
        arch->hasCodegen ? "yes" : "no", rate("f32"), rate("bf16"),
        *figures.getNumber("memory_bandwidth") / 1e9,
        formatBytes(*figures.getNumber("memory_bytes")), arch->product);
  }
}

//===----------------------------------------------------------------------===//
// The subcommand
//===----------------------------------------------------------------------===//

namespace {
struct TargetsFlags {
  bool measure = false;
  bool archs = false;
  bool emitTopology = false;
  int cpuDevices = 1;
};
} // namespace

static int run(const TargetsFlags &flags, const Common &common) {
  if (flags.archs) {
    printArchs(common);
    return 0;
  }
  if (flags.emitTopology) {
    TopologyOptions options;
    options.measure = flags.measure;
    options.cpuDevices = flags.cpuDevices;
    llvm::Expected<Topology> topology = describeTopology(options);
    if (!topology)
      return report(topology.takeError(), common);
    printTopology(*topology, llvm::outs());
    return 0;
  }
  MachineInfo info = describeMachine();
  MachinePeak peak;
  if (flags.measure)
    peak = measurePeak(info.cpus);
  common.json ? printJson(info, peak) : printText(info, peak);
  return 0;
}

void tool::addTargets(CLI::App &app, Tool &tool) {
  auto flags = std::make_shared<TargetsFlags>();
  CLI::App *command =
      app.add_subcommand("targets", "Show what this machine and build can do");
  command->footer(
      "Examples:\n  orchestra targets\n"
      "  orchestra targets --measure --json\n"
      "  orchestra targets --emit-topology --cpu-devices=2 > m.json");
  command->add_flag("--measure", flags->measure,
                    "Measure peak arithmetic, memory and links");
  CLI::Option *archs = command->add_flag(
      "--archs", flags->archs, "List all architectures that are known");
  CLI::Option *emit =
      command
          ->add_flag("--emit-topology", flags->emitTopology,
                     "Write this machine's devices and links as JSON")
          ->excludes(archs);
  command
      ->add_option("--cpu-devices", flags->cpuDevices,
                   "Make N devices of the CPU, each with its share of cores "
                   "and memory")
      ->type_name("N")
      ->needs(emit);
  addCommonFlags(*command, tool.common);
  command->callback([flags, &tool] {
    tool.action = [flags, &tool] { return run(*flags, tool.common); };
  });
}
