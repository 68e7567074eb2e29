//===- DeviceSet.h - Queues of core-set devices, from the inside -*- C++
//-*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: a Stream is the queue of one context on one device; the device's thread
//   takes commands from the streams attached to it. DeviceSet.cpp moves
//   commands and knows nothing of contexts; DeviceRun.cpp gives them meaning.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_LIB_DEVICESET_H
#define ORCHESTRA_RUNTIME_LIB_DEVICESET_H

#include "Memory.h"
#include "orchestra_runtime/device_set.h"
#include "orchestra_runtime/pool.h"

#include <atomic>

namespace orchestra::runtime {

struct Execution;

struct Command {
  enum Kind : uint32_t { Task, Copy, Record, Wait, End };
  Kind kind;
  uint32_t index; // of the task or event
  orch_task_fn body;
  void *to; // of a copy, or what the body gets
  const void *from;
  int64_t size;
};

/// What the streams of one run share.
struct RunSync {
  /// Non-zero ends all waiting.
  const std::atomic<uint32_t> *failed = nullptr;
  std::atomic<uint32_t> *events = nullptr;
  /// Streams whose End has come; whoever waits for them sleeps on it.
  alignas(64) std::atomic<uint32_t> ended{0};
  std::atomic<uint32_t> sleeping{0};
};

/// The commands of one run on one device: one thread appends, one takes.
struct Stream {
  alignas(64) std::atomic<uint32_t> published{0};
  alignas(64) uint32_t taken = 0;
  uint32_t device = 0;
  Array<Command> commands;
  RunSync *sync = nullptr;
  Execution *execution = nullptr;
  Stream *newer = nullptr; // in the device's list

  bool isReady() const;
};

/// Runs a Task or Copy; DeviceRun.cpp has it.
void runCommand(Stream &stream, const Command &command);

/// Streams attached first go first. The stream is empty.
void attachStream(orch_device_set &set, Stream &stream);
/// The stream's End has been seen.
void detachStream(orch_device_set &set, Stream &stream);
/// False: there is no room.
bool appendCommand(orch_device_set &set, Stream &stream,
                   const Command &command);
/// Returns when `count` streams have ended.
void waitForEnds(orch_device_set &set, RunSync &sync, uint32_t count);

/// The pool of a device's loops.
orch_pool *poolOf(orch_device_set &set, uint32_t device);
/// Takes from a device's memory, or says what is too much. `task`, if any, is
/// named as the one that needs it.
orch_status takeMemory(orch_device_set &set, uint32_t device, uint64_t bytes,
                       const char *origin, const char *task);
void giveMemory(orch_device_set &set, uint32_t device, uint64_t bytes);

} // namespace orchestra::runtime

#endif // ORCHESTRA_RUNTIME_LIB_DEVICESET_H
