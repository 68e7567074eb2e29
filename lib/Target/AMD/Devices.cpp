//===- Devices.cpp - AMD GPUs of this machine -----------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernel driver lists its nodes as folders with lines "name value"; no
// library is needed. A node with `gfx_target_version` 90402 is a gfx942.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/Devices.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace orchestra;
using namespace llvm;

/// The lines of a properties file.
static StringMap<uint64_t> readProperties(const Twine &path) {
  StringMap<uint64_t> properties;
  auto buffer = MemoryBuffer::getFileAsStream(path);
  if (!buffer)
    return properties;
  SmallVector<StringRef> lines;
  (*buffer)->getBuffer().split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (StringRef line : lines) {
    auto [name, value] = line.split(' ');
    uint64_t number = 0;
    if (!value.trim().getAsInteger(10, number))
      properties[name] = number;
  }
  return properties;
}

static StringRef getArch(uint64_t version) {
  switch (version) {
  case 90402:
    return "amd_cdna3";
  case 90500:
    return "amd_cdna4";
  case 120000:
  case 120001:
    return "amd_rdna4";
  default:
    return "";
  }
}

/// Bytes of all banks of a node.
static uint64_t getMemoryBytes(StringRef node) {
  uint64_t bytes = 0;
  for (int bank = 0; bank < 64; ++bank) {
    StringMap<uint64_t> properties = readProperties(
        node + "/mem_banks/" + std::to_string(bank) + "/properties");
    if (properties.empty())
      break;
    bytes += properties.lookup("size_in_bytes");
  }
  return bytes;
}

void amd::findDevices(std::vector<FoundDevice> &found, StringRef folder) {
  std::vector<std::string> archs;
  for (int i = 0;; ++i) {
    std::string node = (folder + "/" + Twine(i)).str();
    if (!sys::fs::is_directory(node))
      break;
    StringMap<uint64_t> properties = readProperties(node + "/properties");
    uint64_t version = properties.lookup("gfx_target_version");
    StringRef arch = getArch(version);
    if (arch.empty())
      continue; // a CPU, or a GPU that we do not know
    int64_t id = llvm::count(archs, arch.str());
    archs.push_back(arch.str());
    FoundDevice device;
    device.device.name = "gpu" + std::to_string(found.size());
    // Major, minor and stepping, the latter two in hexadecimal.
    std::string chip = "gfx" + std::to_string(version / 10000) +
                       utohexstr(version / 100 % 100, /*LowerCase=*/true) +
                       utohexstr(version % 100, /*LowerCase=*/true);
    device.device.target =
        json::Object{{"arch", arch}, {"device_id", id}, {"chip", chip}};
    if (uint64_t bytes = getMemoryBytes(node))
      device.device.target["memory_bytes"] = int64_t(bytes);
    uint64_t simds = properties.lookup("simd_count"),
             perUnit = properties.lookup("simd_per_cu");
    if (simds && perUnit)
      device.device.target["core_count"] = int64_t(simds / perUnit);
    // Sixteen lanes of PCIe 5, which all of them have.
    device.hostBandwidth = 6.3e10;
    device.hostLatency = 1e-5;
    found.push_back(std::move(device));
  }
}
