//===- MachineTopology.h - This machine as a topology -----------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DRIVER_MACHINETOPOLOGY_H
#define ORCHESTRA_DRIVER_MACHINETOPOLOGY_H

#include "orchestra/Support/Topology.h"

namespace orchestra {

struct TopologyOptions {
  /// Devices to make of the CPU, each with its share of cores and memory.
  int cpuDevices = 1;
  /// Measure the CPU devices and the links between them instead of scaling
  /// published figures. Takes about a second a device.
  bool measure = false;
};

/// This machine's devices: the CPU's cores, caches and NUMA nodes, and GPUs
/// whose drivers are here. The first device is the host.
llvm::Expected<Topology> describeTopology(const TopologyOptions &options);

/// Everything that targets know about architectures.
const TargetRegistry &getTargetRegistry();

} // namespace orchestra

#endif // ORCHESTRA_DRIVER_MACHINETOPOLOGY_H
