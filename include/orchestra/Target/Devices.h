//===- Devices.h - Accelerators of this machine -----------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_DEVICES_H
#define ORCHESTRA_TARGET_DEVICES_H

#include "orchestra/Support/Topology.h"

namespace orchestra {

struct FoundDevice {
  Topology::Device device;
  /// Of the link to the host: bytes a second each way, seconds.
  double hostBandwidth = 0;
  double hostLatency = 0;
};

/// Accelerators of all targets that can be found through their drivers. A
/// driver that is missing or fails means no device.
std::vector<FoundDevice> findAccelerators();

namespace nvidia {
/// By the management library, which comes with the driver.
void findDevices(std::vector<FoundDevice> &found);
} // namespace nvidia

namespace amd {
/// By the kernel driver's description of its nodes, in `folder`.
void findDevices(std::vector<FoundDevice> &found,
                 llvm::StringRef folder = "/sys/class/kfd/kfd/topology/nodes");
} // namespace amd

} // namespace orchestra

#endif // ORCHESTRA_TARGET_DEVICES_H
