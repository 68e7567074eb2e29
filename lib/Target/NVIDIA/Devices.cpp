//===- Devices.cpp - NVIDIA GPUs of this machine --------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// NVML is asked, not CUDA: it makes no context on the device and takes no
// memory of it. Declared here is the part of its stable C interface that is
// used.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/Devices.h"

#include <dlfcn.h>

using namespace orchestra;

namespace {
struct Memory {
  unsigned long long total, free, used;
};
using Device = void *;

struct Nvml {
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  int (*getCount)(unsigned *) = nullptr;
  int (*getHandle)(unsigned, Device *) = nullptr;
  int (*getName)(Device, char *, unsigned) = nullptr;
  int (*getMemory)(Device, Memory *) = nullptr;
  int (*getCapability)(Device, int *, int *) = nullptr;
  int (*getLinkGeneration)(Device, unsigned *) = nullptr;
  int (*getLinkWidth)(Device, unsigned *) = nullptr;

  bool load() {
    void *library = dlopen("libnvidia-ml.so.1", RTLD_LAZY | RTLD_LOCAL);
    if (!library)
      return false;
    auto get = [&](auto &function, const char *name) {
      void *symbol = dlsym(library, name);
      function = reinterpret_cast<std::decay_t<decltype(function)>>(symbol);
      return symbol != nullptr;
    };
    return get(init, "nvmlInit_v2") && get(shutdown, "nvmlShutdown") &&
           get(getCount, "nvmlDeviceGetCount_v2") &&
           get(getHandle, "nvmlDeviceGetHandleByIndex_v2") &&
           get(getName, "nvmlDeviceGetName") &&
           get(getMemory, "nvmlDeviceGetMemoryInfo") &&
           get(getCapability, "nvmlDeviceGetCudaComputeCapability") &&
           get(getLinkGeneration, "nvmlDeviceGetMaxPcieLinkGeneration") &&
           get(getLinkWidth, "nvmlDeviceGetMaxPcieLinkWidth") && init() == 0;
  }
};

struct Arch {
  const char *arch, *chip;
};
} // namespace

/// The architecture of a compute capability; no arch: none that we know.
static Arch getArch(int major, int minor) {
  switch (major * 10 + minor) {
  case 80:
    return {"nvidia_ampere", "sm_80"};
  case 86:
    return {"nvidia_ampere", "sm_86"};
  case 87:
    return {"nvidia_ampere", "sm_87"};
  case 90:
    return {"nvidia_hopper", "sm_90a"};
  case 100:
    return {"nvidia_blackwell", "sm_100a"};
  case 103:
    return {"nvidia_blackwell", "sm_103a"};
  case 120:
    return {"nvidia_blackwell", "sm_120a"};
  default:
    return {nullptr, nullptr};
  }
}

/// Bytes a second each way that a lane of PCIe moves, encoding included.
static double getLaneBandwidth(unsigned generation) {
  static constexpr double rates[] = {0.25e9,  0.5e9,   0.985e9,
                                     1.969e9, 3.938e9, 7.563e9};
  return rates[std::min(std::max(generation, 1u), 6u) - 1];
}

void nvidia::findDevices(std::vector<FoundDevice> &found) {
  Nvml nvml;
  if (!nvml.load())
    return;
  unsigned count = 0;
  nvml.getCount(&count);
  std::vector<std::string> archs;
  for (unsigned i = 0; i < count; ++i) {
    Device handle = nullptr;
    int major = 0, minor = 0;
    Memory memory = {};
    char name[96] = {};
    if (nvml.getHandle(i, &handle) != 0 ||
        nvml.getCapability(handle, &major, &minor) != 0 ||
        nvml.getMemory(handle, &memory) != 0 ||
        nvml.getName(handle, name, sizeof(name)) != 0)
      continue;
    Arch arch = getArch(major, minor);
    if (!arch.arch)
      continue;
    // Devices of one architecture are told apart by number.
    int64_t id = llvm::count(archs, arch.arch);
    archs.push_back(arch.arch);
    FoundDevice device;
    device.device.name = "gpu" + std::to_string(found.size());
    device.device.target =
        llvm::json::Object{{"arch", arch.arch},
                           {"device_id", id},
                           {"chip", arch.chip},
                           {"product", name},
                           {"memory_bytes", int64_t(memory.total)}};
    unsigned generation = 3, width = 16;
    nvml.getLinkGeneration(handle, &generation);
    nvml.getLinkWidth(handle, &width);
    device.hostBandwidth = getLaneBandwidth(generation) * std::max(width, 1u);
    device.hostLatency = 1e-5;
    found.push_back(std::move(device));
  }
  nvml.shutdown();
}
