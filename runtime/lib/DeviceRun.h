//===- DeviceRun.h - A context's part of several devices --------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_LIB_DEVICERUN_H
#define ORCHESTRA_RUNTIME_LIB_DEVICERUN_H

#include "DeviceSet.h"
#include "Memory.h"
#include "orchestra_runtime/context.h"

namespace orchestra::runtime {

struct Execution;

/// Starts and lengths of calls, only while profiling.
struct CallTimes {
  uint64_t start;
  int32_t device; // one more than its index
  orch_call_profile profile;
};

/// What a context of a program on several devices has beyond others.
class DeviceRun {
public:
  DeviceRun() = default;
  DeviceRun(const DeviceRun &) = delete;
  DeviceRun &operator=(const DeviceRun &) = delete;
  ~DeviceRun();

  /// `given` may be null: a set as the program describes it.
  orch_status create(orch_context &context, orch_device_set *given);
  /// Arenas of the sizes in `arenaBytes`, from one that the caller gave or, if
  /// that is null, each from the allocator.
  orch_status provideArenas(orch_context &context, char *given);
  /// Around a run of the program.
  void begin(orch_context &context);
  void end(orch_context &context);
  /// Of the calls of compiled code.
  void append(orch_context &context, uint32_t device, const Command &command);
  int32_t finish(orch_context &context);

  uint32_t numDevices = 0; // 0: the context has no devices
  orch_device_set *set = nullptr;
  Array<int64_t> arenaBytes; // by the last resolve
  Array<void *> arenas;
  Array<CallTimes> taskTimes; // only while profiling

private:
  Stream *streams = nullptr;
  Execution *executions = nullptr;
  Block *blocks = nullptr;
  std::atomic<uint32_t> *events = nullptr;
  uint32_t numEvents = 0;
  RunSync sync;
  bool finished = false;
  orch_allocator allocator = {};
};

} // namespace orchestra::runtime

#endif // ORCHESTRA_RUNTIME_LIB_DEVICERUN_H
