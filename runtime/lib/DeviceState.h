//===- DeviceState.h - What is behind a handle of a device -------*- C++
//-*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_LIB_DEVICESTATE_H
#define ORCHESTRA_RUNTIME_LIB_DEVICESTATE_H

#include "Memory.h"
#include "orchestra_runtime/device.h"

#include <atomic>

struct orch_device {
  const orch_driver *driver;
  int32_t index;
  void *state;
  orch_allocator allocator;
  std::atomic<int64_t> alive; // allocations, events and kernels
};

#endif // ORCHESTRA_RUNTIME_LIB_DEVICESTATE_H
