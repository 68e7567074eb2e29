//===- Machine.cpp - What this machine can do -----------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Driver/Machine.h"

#include "orchestra/Driver/Cache.h"
#include "orchestra/Target/CPU/Codegen.h"
#include "orchestra/Target/CPU/Link.h"
#include "orchestra_runtime/orchestra_runtime.h"

#include "llvm/Support/MemoryBuffer.h"

#include <dlfcn.h>
#include <unistd.h>

using namespace llvm;
using namespace orchestra;

static std::string readLine(const Twine &path) {
  auto buffer = MemoryBuffer::getFileAsStream(path);
  return buffer ? (*buffer)->getBuffer().trim().str() : "";
}

/// "48K" as the kernel writes it.
static uint64_t parseSize(StringRef text) {
  uint64_t factor = text.consume_back("K")   ? 1024
                    : text.consume_back("M") ? 1024 * 1024
                                             : 1;
  uint64_t size = 0;
  return text.getAsInteger(10, size) ? 0 : size * factor;
}

static std::vector<uint64_t> cacheSizes() {
  std::vector<uint64_t> sizes;
  for (int index = 0; index < 8; ++index) {
    std::string folder =
        "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index);
    unsigned level = 0;
    if (StringRef(readLine(folder + "/level")).getAsInteger(10, level) ||
        level == 0 || readLine(folder + "/type") == "Instruction")
      continue;
    sizes.resize(std::max<size_t>(sizes.size(), level));
    sizes[level - 1] = parseSize(readLine(folder + "/size"));
  }
  return sizes;
}

static std::string cpuModel() {
  std::string text = readLine("/proc/cpuinfo");
  SmallVector<StringRef> lines;
  StringRef(text).split(lines, '\n');
  for (StringRef line : lines)
    if (line.starts_with("model name"))
      return line.split(':').second.trim().str();
  return "";
}

/// A driver that would be opened at run time.
static Facility driver(const char *name, const char *library) {
  Facility facility{name, "", false};
  if (void *handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL)) {
    facility.present = true;
    facility.details =
        std::string(library) + " is here; this version cannot run on it yet";
    dlclose(handle);
  } else {
    facility.details = std::string(library) + " was not found";
  }
  return facility;
}

MachineInfo orchestra::describeMachine() {
  MachineInfo info;
  if (Expected<cpu::MachineTarget> host = cpu::resolveTarget("host", "", "")) {
    info.arch = host->arch;
    info.cpu = host->cpu;
    info.features = host->features;
    info.vectorBits = host->vectorBits;
    std::optional<cpu::Linker> linker = cpu::findLinker(*host);
    info.facilities.push_back(
        {"linker",
         linker ? linker->path
                : "none in PATH: 'orchestra compile' needs one (lld-22), "
                  "'orchestra run' does not",
         linker.has_value()});
  } else {
    consumeError(host.takeError());
  }
  info.model = cpuModel();
  info.cpus = orch_cpu_count();
  info.memoryBytes =
      uint64_t(sysconf(_SC_PHYS_PAGES)) * uint64_t(sysconf(_SC_PAGE_SIZE));
  info.cacheBytes = cacheSizes();
  info.facilities.push_back(driver("NVIDIA GPU", "libcuda.so.1"));
  info.facilities.push_back(driver("AMD GPU", "libamdhip64.so"));
  info.facilities.push_back(driver("Intel GPU", "libze_loader.so.1"));
  for (StringRef arch : cpu::supportedArchitectures())
    info.codeTargets.push_back(arch.str());
#ifdef ORCHESTRA_HAVE_ONNX
  info.frontends.emplace_back("onnx");
#endif
  info.frontends.emplace_back("mlir");
  info.cacheFolder = Cache::defaultFolder();
  return info;
}
