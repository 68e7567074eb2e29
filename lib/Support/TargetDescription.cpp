//===- TargetDescription.cpp - Facts about one machine --------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Support/TargetDescription.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/TargetParser/X86TargetParser.h"

using namespace orchestra;

/// Sets a feature and what it implies: with AVX512BW comes AVX512F, without AVX
/// there is no AVX2.
static void setFeature(llvm::StringRef arch, llvm::StringRef name, bool enable,
                       llvm::StringMap<bool> &features) {
  features[name] = enable;
  if (arch == "x86_64")
    llvm::X86::updateImpliedFeatures(name, enable, features);
}

static void setVectorFacts(TargetDescription &target,
                           const llvm::StringMap<bool> &features) {
  auto has = [&](llvm::StringRef name) {
    auto it = features.find(name);
    return it != features.end() && it->second;
  };
  if (target.arch == "x86_64") {
    bool wide =
        has("avx512f") && has("avx512vl") && has("avx512bw") && has("avx512dq");
    target.vectorBits = wide ? 512 : has("avx2") && has("fma") ? 256 : 128;
    target.vectorRegisters = wide ? 32 : 16;
  } else {
    target.vectorBits = 128;
    target.vectorRegisters = 32;
  }
}

TargetDescription orchestra::getHostTarget() { return getTarget("", "", ""); }

TargetDescription orchestra::getTarget(const std::string &arch,
                                       const std::string &cpu,
                                       const std::string &features) {
  TargetDescription target;
  llvm::Triple host(llvm::sys::getProcessTriple());
  std::string hostArch = host.isAArch64() ? "aarch64" : "x86_64";
  target.arch = arch.empty() || arch == "host" ? hostArch : arch;
  llvm::StringMap<bool> enabled;
  if (target.arch == hostArch && (cpu.empty() || cpu == "host")) {
    target.cpu = llvm::sys::getHostCPUName().str();
    enabled = llvm::sys::getHostCPUFeatures();
    llvm::SmallVector<llvm::StringRef> names;
    for (const auto &feature : enabled)
      names.push_back(feature.first());
    llvm::sort(names);
    for (llvm::StringRef name : names)
      target.features += (target.features.empty() ? "" : ",") +
                         std::string(enabled[name] ? "+" : "-") + name.str();
  } else {
    target.cpu = cpu.empty() || cpu == "host"
                     ? (target.arch == "x86_64" ? "x86-64-v3" : "generic")
                     : cpu;
    // LLVM looks a processor up without asking whether it knows it.
    if (target.arch == "x86_64" &&
        llvm::X86::parseArchX86(target.cpu) != llvm::X86::CK_None) {
      llvm::SmallVector<llvm::StringRef> implied;
      llvm::X86::getFeaturesForCPU(target.cpu, implied);
      for (llvm::StringRef name : implied)
        setFeature(target.arch, name, true, enabled);
    }
  }
  // The user's list comes last and wins.
  llvm::SmallVector<llvm::StringRef> given;
  llvm::StringRef(features).split(given, ',', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef feature : given)
    setFeature(target.arch, feature.ltrim("+-"), !feature.starts_with("-"),
               enabled);
  if (!features.empty())
    target.features += (target.features.empty() ? "" : ",") + features;
  setVectorFacts(target, enabled);
  return target;
}
