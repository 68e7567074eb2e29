//===- DeviceRun.cpp - A run on several devices ---------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: arenas, queues and events of one context on the devices of a set.
// Failures: the first one is kept with its task and device. Tasks that have not
//   started are left out from then on, events still happen, so the run ends as
//   usual, soon, and everything can be used again.
//
//===----------------------------------------------------------------------===//
#include "DeviceRun.h"

#include "Context.h"

using namespace orchestra::runtime;

namespace {

template <typename T> T *makeArray(const orch_allocator &allocator, size_t n) {
  void *memory = allocate(allocator, n * sizeof(T), alignof(T));
  T *first = static_cast<T *>(memory);
  for (size_t i = 0; memory && i < n; ++i)
    new (first + i) T();
  return first;
}

template <typename T>
void dropArray(const orch_allocator &allocator, T *first, size_t n) {
  for (size_t i = 0; first && i < n; ++i)
    first[i].~T();
  deallocate(allocator, first, n * sizeof(T), alignof(T));
}

} // namespace

namespace orchestra::runtime {

void runCommand(Stream &stream, const Command &command) {
  orch_context &context = *stream.execution->context;
  if (context.failed.load(std::memory_order_acquire) != 0)
    return;
  Execution &execution = *stream.execution;
  execution.task = command.index;
  bool profiling = execution.base.profiling != 0;
  uint64_t start = profiling ? nanoseconds() : 0;
  if (command.kind == Command::Task)
    command.body(&execution.base, command.to);
  else
    memcpy(command.to, command.from, size_t(command.size));
  if (profiling)
    addTime(context.devices.taskTimes[command.index].profile,
            start - context.runStart, nanoseconds() - start);
}

DeviceRun::~DeviceRun() {
  for (uint32_t i = 0; blocks && i < numDevices; ++i)
    giveMemory(*set, i, blocks[i].size());
  dropArray(allocator, blocks, numDevices);
  dropArray(allocator, streams, numDevices);
  dropArray(allocator, executions, numDevices);
  dropArray(allocator, events, numEvents);
  orch_device_set_release(set);
}

orch_status DeviceRun::create(orch_context &context, orch_device_set *given) {
  const orch_artefact &artefact = context.artefact();
  allocator = context.allocator;
  if (given) {
    if (orch_device_set_count(given) < artefact.num_devices)
      return orch_set_error(
          ORCH_ERROR_INVALID_ARGUMENT,
          "%s: error: the program was planned for %u devices, and the set has "
          "%u [invalid-argument]",
          context.origin(), artefact.num_devices, orch_device_set_count(given));
    orch_device_set_retain(given);
    set = given;
  } else if (orch_status status = orch_device_set_for_program(
                 context.program, &allocator, &set)) {
    return status;
  }
  numDevices = artefact.num_devices;
  numEvents = artefact.num_events;
  streams = makeArray<Stream>(allocator, numDevices);
  executions = makeArray<Execution>(allocator, numDevices);
  blocks = makeArray<Block>(allocator, numDevices);
  events =
      makeArray<std::atomic<uint32_t>>(allocator, numEvents ? numEvents : 1);
  numEvents = numEvents ? numEvents : 1;
  bool enough = streams && executions && blocks && events &&
                arenaBytes.allocate(allocator, numDevices) &&
                arenas.allocate(allocator, numDevices);
  for (uint32_t i = 0; enough && i < numDevices; ++i)
    enough = streams[i].commands.allocate(
        allocator, size_t(artefact.devices[i].num_commands) + 1);
  if (!enough)
    return outOfMemory(numDevices * sizeof(Stream), "the queues of devices");
  sync.failed = &context.failed;
  sync.events = events;
  int32_t threads = 0;
  for (uint32_t i = 0; i < numDevices; ++i) {
    streams[i].device = i;
    streams[i].sync = &sync;
    streams[i].execution = &executions[i];
    executions[i].base.api = context.execution.base.api;
    executions[i].base.num_threads = orch_device_set_num_threads(set, i);
    executions[i].context = &context;
    executions[i].pool = poolOf(*set, i);
    executions[i].device = int32_t(i);
    threads += orch_device_set_num_threads(set, i);
  }
  context.execution.base.num_threads = threads;
  return ORCH_OK;
}

orch_status DeviceRun::provideArenas(orch_context &context, char *given) {
  const orch_artefact &artefact = context.artefact();
  for (uint32_t i = 0; i < numDevices; ++i) {
    uint64_t bytes = uint64_t(arenaBytes[i]);
    constexpr uint64_t mask = ORCH_BUFFER_ALIGNMENT - 1;
    if (bytes == 0) {
      arenas[i] = context.nothing;
    } else if (given) {
      arenas[i] = given;
      given += (bytes + mask) & ~mask;
    } else if (bytes > blocks[i].size()) {
      giveMemory(*set, i, blocks[i].size());
      blocks[i].reset();
      const orch_device_slot &slot = artefact.devices[i];
      bool known = slot.fullest_task >= 0 &&
                   uint64_t(slot.fullest_task) < artefact.num_tasks;
      if (orch_status status = takeMemory(
              *set, i, bytes, context.origin(),
              known ? artefact.tasks[slot.fullest_task].nodes : nullptr))
        return status;
      if (!blocks[i].reserve(allocator, bytes)) {
        giveMemory(*set, i, bytes);
        return orch_set_error(
            ORCH_ERROR_OUT_OF_MEMORY,
            "%s: error: no memory for the intermediate values of device '%s' "
            "[out-of-memory]\n  note: %llu bytes were asked of the allocator",
            context.origin(), orch_device_set_name(set, i),
            static_cast<unsigned long long>(bytes));
      }
      arenas[i] = blocks[i].data();
    } else {
      arenas[i] = blocks[i].data();
    }
    if (context.poison && bytes)
      memset(arenas[i], 0xff, bytes);
  }
  return ORCH_OK;
}

void DeviceRun::begin(orch_context &context) {
  for (uint32_t i = 0; i < numEvents; ++i)
    events[i].store(0, std::memory_order_relaxed);
  sync.ended.store(0, std::memory_order_relaxed);
  finished = false;
  for (uint32_t i = 0; i < numDevices; ++i) {
    executions[i].base.profiling = context.execution.base.profiling;
    attachStream(*set, streams[i]);
  }
}

int32_t DeviceRun::finish(orch_context &context) {
  if (!finished) {
    finished = true;
    for (uint32_t i = 0; i < numDevices; ++i)
      (void)appendCommand(*set, streams[i], {Command::End, 0, {}, {}, {}, 0});
    waitForEnds(*set, sync, numDevices);
  }
  return context.failed.load(std::memory_order_acquire) != 0;
}

void DeviceRun::end(orch_context &context) {
  (void)finish(context);
  for (uint32_t i = 0; i < numDevices; ++i)
    detachStream(*set, streams[i]);
}

void DeviceRun::append(orch_context &context, uint32_t device,
                       const Command &command) {
  const orch_artefact &artefact = context.artefact();
  bool isEvent =
      command.kind == Command::Record || command.kind == Command::Wait;
  const char *wrong = nullptr;
  if (device >= numDevices || finished)
    wrong = "the program uses a device that it does not have";
  else if (command.index >=
           (isEvent ? artefact.num_events : artefact.num_tasks))
    wrong = "the program uses a task or event that it does not have";
  else if (!appendCommand(*set, streams[device], command))
    wrong = "the program enqueues more than it says";
  if (wrong)
    context.execution.base.api->fail(&context.execution.base, -1, wrong);
}

} // namespace orchestra::runtime
