//===- IsolatedDevice.h - A device with memory of its own -------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the driver "isolated", for tests of programs that run on a device. It
//   does what a GPU would and a CPU would not: the host faults on its pointers,
//   what is enqueued is done when someone waits and not before, and a recording
//   holds what was enqueued with the addresses of that time.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_TEST_ISOLATEDDEVICE_H
#define ORCHESTRA_RUNTIME_TEST_ISOLATEDDEVICE_H

#include "orchestra_runtime/device.h"

namespace orchestra::runtime::test {

/// What the device was asked for since `resetIsolatedDevice`.
struct IsolatedCounts {
  int launches = 0;      ///< enqueued or recorded by the host program
  int captures = 0;      ///< recordings that were begun
  int graphLaunches = 0; ///< recordings that were enqueued
  int sends = 0;         ///< copies from the host
};

/// What the device is to do otherwise.
struct IsolatedOptions {
  const char *arch = "isolated";
  int launchesBeforeFailure = -1; ///< -1: all succeed
  bool allocationsFail = false;
  bool pinnedFails = false;
};

/// What lives in the device: all 0 once everything was closed.
struct IsolatedAlive {
  int devices = 0, allocations = 0, kernels = 0, graphs = 0, pinned = 0;
  int all() const { return devices + allocations + kernels + graphs + pinned; }
};

extern IsolatedCounts isolatedCounts;
extern IsolatedOptions isolatedOptions;
extern IsolatedAlive isolatedAlive;

/// Registers the driver, the first time, and forgets counts and options.
void resetIsolatedDevice();

} // namespace orchestra::runtime::test

#endif // ORCHESTRA_RUNTIME_TEST_ISOLATEDDEVICE_H
