//===- Run.cpp - Running a program and timing its calls -------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: orch_context_run, and the table of functions that compiled code calls
//   back.
//
//===----------------------------------------------------------------------===//
#include "Context.h"
#include "HostFunctions.h"
#include "Pool.h"

#include <cstdio>
#include <ctime>

using namespace orchestra::runtime;

/// The head of a block that compiled code allocated.
struct Scratch {
  Scratch *next;
  size_t bytes;
};

namespace {

Execution &executionOf(orch_exec *exec) {
  return *reinterpret_cast<Execution *>(exec);
}
orch_context &contextOf(orch_exec *exec) { return *executionOf(exec).context; }

void hostParallelFor(orch_exec *exec, int64_t count, int64_t grain,
                     orch_body_fn body, void *env) {
  parallelFor(executionOf(exec).pool, exec->num_threads, exec, count, grain,
              body, env);
}

void hostFail(orch_exec *exec, int32_t code, const char *message) {
  orch_context &context = contextOf(exec);
  uint32_t none = 0;
  if (!context.failed.compare_exchange_strong(none, 1,
                                              std::memory_order_acq_rel))
    return;
  context.failCode = code;
  context.failMessage = message;
  context.failDevice = executionOf(exec).device;
  context.failTask = executionOf(exec).task;
  context.failed.store(2, std::memory_order_release);
}

bool failedOnDevice(orch_exec *exec, orch_status status);

void hostOnCall(orch_exec *exec, uint32_t call, int32_t end) {
  orch_context &context = contextOf(exec);
  if (call >= context.callTimes.size())
    return;
  CallTimes &times = context.callTimes[call];
  // A kernel's time is that from a quiet device to a quiet device.
  if (context.accelerator.isUsed())
    failedOnDevice(exec, context.accelerator.wait());
  uint64_t time = nanoseconds();
  if (!end) {
    times.start = time;
    times.device = executionOf(exec).device + 1;
    return;
  }
  addTime(times.profile, times.start - context.runStart, time - times.start);
}

void hostLaunch(orch_exec *exec, uint32_t device, uint32_t task,
                orch_task_fn body, void *env) {
  orch_context &context = contextOf(exec);
  context.devices.append(context, device,
                         {Command::Task, task, body, env, nullptr, 0});
}

void hostCopy(orch_exec *exec, uint32_t device, uint32_t task, void *to,
              const void *from, int64_t size) {
  orch_context &context = contextOf(exec);
  context.devices.append(context, device,
                         {Command::Copy, task, nullptr, to, from, size});
}

void hostRecord(orch_exec *exec, uint32_t device, uint32_t event) {
  orch_context &context = contextOf(exec);
  context.devices.append(
      context, device, {Command::Record, event, nullptr, nullptr, nullptr, 0});
}

void hostWait(orch_exec *exec, uint32_t device, uint32_t event) {
  orch_context &context = contextOf(exec);
  context.devices.append(context, device,
                         {Command::Wait, event, nullptr, nullptr, nullptr, 0});
}

int32_t hostFinish(orch_exec *exec) {
  orch_context &context = contextOf(exec);
  return context.devices.finish(context);
}

/// Reports what a device could not do; the message is of this thread.
bool failedOnDevice(orch_exec *exec, orch_status status) {
  if (status == ORCH_OK)
    return false;
  orch_context &context = contextOf(exec);
  if (context.failed.load(std::memory_order_acquire) == 0)
    snprintf(context.deviceMessage, sizeof(context.deviceMessage), "%s",
             orch_last_error());
  hostFail(exec, int32_t(status), context.deviceMessage);
  return true;
}

bool hasFailed(orch_exec *exec) {
  return contextOf(exec).failed.load(std::memory_order_acquire) != 0;
}

void hostLaunchKernel(orch_exec *exec, const orch_device_code *code,
                      void *const *arguments, const uint32_t *grid) {
  if (!hasFailed(exec))
    failedOnDevice(exec,
                   contextOf(exec).accelerator.launch(*code, arguments, grid));
}

void hostMove(orch_exec *exec, void *to, const void *from, int64_t size) {
  if (!hasFailed(exec) && size > 0)
    failedOnDevice(exec, contextOf(exec).accelerator.copy(
                             to, from, size, ORCH_COPY_DEVICE_TO_DEVICE));
}

void hostRead(orch_exec *exec, void *to, const void *from, int64_t size) {
  if (size <= 0)
    return;
  // Whoever asked goes on with it, even after a failure.
  memset(to, 0, size_t(size));
  AcceleratorRun &accelerator = contextOf(exec).accelerator;
  if (hasFailed(exec) ||
      failedOnDevice(
          exec, accelerator.copy(to, from, size, ORCH_COPY_DEVICE_TO_HOST)))
    return;
  failedOnDevice(exec, accelerator.wait());
}

void hostWrite(orch_exec *exec, void *to, const void *from, int64_t size) {
  AcceleratorRun &accelerator = contextOf(exec).accelerator;
  if (hasFailed(exec) || size <= 0 ||
      failedOnDevice(
          exec, accelerator.copy(to, from, size, ORCH_COPY_HOST_TO_DEVICE)))
    return;
  failedOnDevice(exec, accelerator.wait());
}

void *hostBorrow(orch_exec *exec, void *memory, int64_t size) {
  orch_context &context = contextOf(exec);
  if (size < 0 || hasFailed(exec))
    return nullptr;
  void *copy =
      allocate(context.allocator, size_t(size) + 1, ORCH_BUFFER_ALIGNMENT);
  if (!copy) {
    hostFail(exec, 1, "no memory for a copy of a device's values");
    return nullptr;
  }
  hostRead(exec, copy, memory, size);
  return copy;
}

void hostGiveBack(orch_exec *exec, void *memory, void *copy, int64_t size,
                  int32_t changed) {
  if (!copy)
    return;
  if (changed)
    hostWrite(exec, memory, copy, size);
  deallocate(contextOf(exec).allocator, copy, size_t(size) + 1,
             ORCH_BUFFER_ALIGNMENT);
}

void *hostTemporary(orch_exec *exec, int64_t size) {
  void *memory = nullptr;
  if (!hasFailed(exec))
    failedOnDevice(exec, contextOf(exec).accelerator.provideTemporary(
                             uint64_t(size), &memory));
  return memory;
}

void *hostAllocate(orch_exec *exec, int64_t bytes) {
  orch_context &context = contextOf(exec);
  if (context.accelerator.isUsed()) {
    void *memory = nullptr;
    failedOnDevice(exec,
                   context.accelerator.allocate(uint64_t(bytes), &memory));
    return memory;
  }
  constexpr size_t header = ORCH_BUFFER_ALIGNMENT;
  auto size = size_t(bytes) + header;
  void *memory = bytes < 0 || bytes > INT64_MAX / 2
                     ? nullptr
                     : allocate(context.allocator, size, ORCH_BUFFER_ALIGNMENT);
  if (!memory) {
    hostFail(exec, 1, "no memory to compute sizes in");
    return nullptr;
  }
  context.scratch = new (memory) Scratch{context.scratch, size};
  char *data = static_cast<char *>(memory) + header;
  if (context.poison)
    memset(data, 0xff, size_t(bytes));
  return data;
}

void hostCall(orch_exec *exec, const char *name, const orch_operand *operands,
              int64_t count) {
  orch_context &context = contextOf(exec);
  HostFunction function = findHostFunction(name, count);
  const char *why =
      function ? function({context.allocator, context.strings, operands, count})
               : "the runtime lacks a function of the program";
  if (why)
    hostFail(exec, 1, why);
}

constexpr orch_host_api api = {sizeof(orch_host_api),
                               ORCH_ARTEFACT_ABI_VERSION,
                               hostParallelFor,
                               hostFail,
                               hostOnCall,
                               hostLaunch,
                               hostCopy,
                               hostRecord,
                               hostWait,
                               hostFinish,
                               hostAllocate,
                               hostCall,
                               hostLaunchKernel,
                               hostMove,
                               hostRead,
                               hostWrite,
                               hostBorrow,
                               hostGiveBack,
                               hostTemporary};

/// One thread at a time in a context.
class Guard {
public:
  explicit Guard(orch_context &context) : context(context) {
    uint32_t idle = 0;
    owned = context.busy.compare_exchange_strong(idle, 1,
                                                 std::memory_order_acquire);
  }
  ~Guard() {
    if (owned)
      context.busy.store(0, std::memory_order_release);
  }
  bool owned;

private:
  orch_context &context;
};

orch_status busyStatus(const orch_context &context) {
  return orch_set_error(ORCH_ERROR_BUSY,
                        "%s: error: the context is in use by another thread "
                        "[context-busy]\n  help: make one context for each "
                        "thread; they may share the program and the pool",
                        context.origin());
}

orch_status checkGivenArena(const orch_context &context) {
  if (!context.givenArena || context.arenaBytes <= context.givenArenaSize)
    return ORCH_OK;
  return orch_set_error(
      ORCH_ERROR_OUT_OF_MEMORY,
      "%s: error: the arena given is too small [arena-size]\n"
      "  note: this run needs %llu bytes; the arena has %llu\n"
      "  help: orch_context_resolve tells the size for given inputs",
      context.origin(), static_cast<unsigned long long>(context.arenaBytes),
      static_cast<unsigned long long>(context.givenArenaSize));
}

orch_status provideArena(orch_context &context, void *&arena) {
  if (orch_status status = checkGivenArena(context))
    return status;
  if (context.accelerator.isUsed())
    return context.accelerator.provideArena(context, arena);
  if (context.devices.numDevices) {
    arena = context.devices.arenas.data();
    return context.devices.provideArenas(
        context, static_cast<char *>(context.givenArena));
  }
  if (context.givenArena) {
    arena = context.givenArena;
  } else if (context.arenaBytes == 0) {
    arena = context.nothing;
  } else {
    if (!context.ownArena.reserve(context.allocator, context.arenaBytes))
      return outOfMemory(context.arenaBytes, "intermediate values");
    arena = context.ownArena.data();
  }
  if (context.poison && context.arenaBytes)
    memset(arena, 0xff, context.arenaBytes);
  return ORCH_OK;
}

orch_status callProgram(orch_context &context, void *arena) {
  const orch_artefact &artefact = context.artefact();
  for (size_t i = 0; i < context.inputs.size(); ++i)
    context.inputPointers[i] = context.inputs[i].pointer;
  for (size_t i = 0; i < context.outputs.size(); ++i)
    context.outputPointers[i] = context.outputs[i].pointer;
  context.execution.base.profiling = context.profiling;
  clearFailure(context);
  if (context.profiling)
    context.runStart = nanoseconds();
  bool devices = context.devices.numDevices != 0;
  if (devices)
    context.devices.begin(context);
  int32_t returned = 0;
  orch_status status = ORCH_OK;
  if (context.accelerator.isUsed())
    status = context.accelerator.run(context, arena, returned);
  else
    returned =
        artefact.run(&context.execution.base, context.inputPointers.data(),
                     context.inputDims.data(), context.outputPointers.data(),
                     arena, context.program->weights);
  if (devices)
    context.devices.end(context);
  if (context.profiling)
    addTime(context.runProfile, 0, nanoseconds() - context.runStart);
  context.execution.base.profiling = 0;
  if (context.failed.load(std::memory_order_acquire) == 0 && status)
    return status;
  return executionStatus(context, returned, "values");
}

} // namespace

namespace orchestra::runtime {

const orch_host_api *hostAPI() { return &api; }

uint64_t nanoseconds() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return uint64_t(time.tv_sec) * 1000000000u + uint64_t(time.tv_nsec);
}

void addTime(orch_call_profile &profile, uint64_t start, uint64_t length) {
  if (profile.count == 0 || length < profile.min_ns)
    profile.min_ns = length;
  ++profile.count;
  profile.total_ns += length;
  profile.last_ns = length;
  profile.last_start_ns = start;
}

void freeScratch(orch_context &context) {
  if (context.accelerator.isUsed())
    context.accelerator.freeScratch();
  while (Scratch *block = context.scratch) {
    context.scratch = block->next;
    deallocate(context.allocator, block, block->bytes, ORCH_BUFFER_ALIGNMENT);
  }
}

void clearFailure(orch_context &context) {
  context.failed.store(0, std::memory_order_relaxed);
  context.failCode = 0;
  context.failMessage = nullptr;
  context.failDevice = -1;
}

orch_status executionStatus(orch_context &context, int32_t returned,
                            const char *what) {
  bool reported = context.failed.load(std::memory_order_acquire) == 2;
  if (returned == 0 && !reported)
    return ORCH_OK;
  if (reported && context.failDevice >= 0) {
    const orch_task_info *task =
        orch_program_task(context.program, context.failTask);
    return orch_set_error(
        ORCH_ERROR_EXECUTION,
        "%s: error: %s [execution-failed]\n  note: in task %u ('%s') on device "
        "'%s'; code %d",
        context.origin(),
        context.failMessage ? context.failMessage : "a task failed",
        context.failTask, task && task->nodes ? task->nodes : "",
        orch_device_set_name(context.devices.set, uint32_t(context.failDevice)),
        context.failCode);
  }
  return orch_set_error(
      ORCH_ERROR_EXECUTION,
      "%s: error: %s [execution-failed]\n  note: while computing %s; code %d",
      context.origin(),
      reported && context.failMessage ? context.failMessage
                                      : "the model failed without a reason",
      what, reported ? context.failCode : returned);
}

} // namespace orchestra::runtime

orch_status orch_context_resolve(orch_context *context,
                                 const orch_tensor *inputs, uint32_t numInputs,
                                 orch_tensor *outputs, uint32_t numOutputs,
                                 uint64_t *arenaBytes) {
  if (!context)
    return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                          "error: the context is null [invalid-argument]");
  Guard guard(*context);
  if (!guard.owned)
    return busyStatus(*context);
  if (outputs && numOutputs != context->artefact().num_outputs)
    return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                          "%s: error: %u outputs are given, but the model has "
                          "%u [invalid-argument]",
                          context->origin(), numOutputs,
                          context->artefact().num_outputs);
  if (orch_status status = resolveShapes(*context, inputs, numInputs))
    return status;
  for (uint32_t i = 0; outputs && i < numOutputs; ++i)
    describeOutput(*context, i, outputs[i]);
  if (arenaBytes)
    *arenaBytes = context->arenaBytes;
  return ORCH_OK;
}

orch_status orch_context_run(orch_context *context, const orch_tensor *inputs,
                             uint32_t numInputs, orch_tensor *outputs,
                             uint32_t numOutputs) {
  if (!context)
    return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                          "error: the context is null [invalid-argument]");
  Guard guard(*context);
  if (!guard.owned)
    return busyStatus(*context);
  if (orch_status status = resolveShapes(*context, inputs, numInputs))
    return status;
  void *arena = nullptr;
  if (orch_status status = provideArena(*context, arena))
    return status;
  if (orch_status status = bindTensors(*context, inputs, outputs, numOutputs))
    return status;
  if (orch_status status = callProgram(*context, arena)) {
    dropOutputs(*context, outputs);
    return status;
  }
  if (orch_status status = nameStrings(*context, outputs)) {
    dropOutputs(*context, outputs);
    return status;
  }
  for (uint32_t i = 0; i < numOutputs; ++i) {
    const Binding &output = context->outputs[i];
    if (!output.staged)
      continue;
    if (isDense(outputs[i]))
      memcpy(outputs[i].data, output.pointer, output.bytes);
    else
      copyFromDense(output.pointer, outputs[i]);
  }
  return ORCH_OK;
}
