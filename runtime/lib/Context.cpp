//===- Context.cpp - The life of a context, and its profile ---------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Context.h"

using namespace orchestra::runtime;

namespace {

orch_status invalid(const orch_program *program, const char *what) {
  return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                        "%s: error: %s [invalid-argument]",
                        program ? program->origin.data() : "context", what);
}

orch_status checkArena(const orch_program *program, const void *arena,
                       uint64_t size) {
  if (reinterpret_cast<uintptr_t>(arena) % ORCH_BUFFER_ALIGNMENT)
    return invalid(program, "the arena is not aligned to "
                            "ORCH_BUFFER_ALIGNMENT");
  if (size > uint64_t(INT64_MAX) || (!arena && size))
    return invalid(program, "the arena's size does not fit its address");
  return ORCH_OK;
}

/// The queues' threads do the work; the caller's only asks for it.
orch_status chooseDevices(orch_context &context,
                          const orch_context_options &options) {
  if (options.num_threads || options.pool)
    return invalid(context.program,
                   "the program was planned for several devices, whose threads "
                   "it uses; num_threads and pool must not be given");
  orch_pool_options poolOptions = ORCH_POOL_OPTIONS_INIT;
  poolOptions.num_threads = 1;
  poolOptions.allocator = &context.allocator;
  if (orch_status status = orch_pool_create(&poolOptions, &context.pool))
    return status;
  return context.devices.create(context, options.devices);
}

orch_status choosePool(orch_context &context,
                       const orch_context_options &options) {
  if (context.artefact().flags & ORCH_ARTEFACT_USES_DEVICES)
    return chooseDevices(context, options);
  if (options.devices)
    return invalid(context.program,
                   "the program was not planned for several devices");
  if (options.num_threads < 0)
    return invalid(context.program, "num_threads is negative");
  if (options.pool) {
    int32_t threads = orch_pool_num_threads(options.pool);
    if (options.num_threads > threads)
      return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                            "%s: error: %d threads are asked of a pool of %d "
                            "[invalid-argument]",
                            context.origin(), options.num_threads, threads);
    orch_pool_retain(options.pool);
    context.pool = options.pool;
  } else {
    orch_pool_options poolOptions = ORCH_POOL_OPTIONS_INIT;
    poolOptions.num_threads = options.num_threads;
    poolOptions.allocator = &context.allocator;
    if (orch_status status = orch_pool_create(&poolOptions, &context.pool))
      return status;
  }
  context.execution.base.num_threads =
      options.num_threads ? options.num_threads
                          : orch_pool_num_threads(context.pool);
  return ORCH_OK;
}

/// The program's memory is the device's, and so are its addresses.
orch_status useAccelerator(orch_context &context) {
  if (context.givenArena)
    return invalid(context.program, "the program runs on a device, whose "
                                    "memory it allocates; no arena may be "
                                    "given");
  if (orch_status status = context.accelerator.create(context))
    return status;
  context.execution.base.weights = context.program->device.getWeights();
  return ORCH_OK;
}

orch_status allocateTables(orch_context &context) {
  const orch_program &program = *context.program;
  const orch_artefact &artefact = *program.artefact;
  const orch_allocator &allocator = context.allocator;
  if (context.inputDims.allocate(allocator, program.numInputDims) &&
      context.outputDims.allocate(allocator, program.numOutputDims) &&
      context.symbols.allocate(allocator, program.numSymbols) &&
      context.symbolSources.allocate(allocator, program.numSymbols) &&
      context.inputs.allocate(allocator, artefact.num_inputs) &&
      context.outputs.allocate(allocator, artefact.num_outputs) &&
      context.inputPointers.allocate(allocator, artefact.num_inputs) &&
      context.outputPointers.allocate(allocator, artefact.num_outputs) &&
      (!(artefact.flags & ORCH_ARTEFACT_COMPUTES_SIZES) ||
       context.sizes.allocate(allocator, ORCH_MAX_COMPUTED_SIZES))) {
    context.execution.base.sizes = context.sizes.data();
    context.execution.base.weights = program.weights;
    return ORCH_OK;
  }
  return outOfMemory((program.numInputDims + program.numOutputDims) *
                         sizeof(int64_t),
                     "a context's tables");
}

} // namespace

orch_status orch_context_create(orch_program *program,
                                const orch_context_options *given,
                                orch_context **out) {
  if (!program || !out)
    return invalid(program, "orch_context_create needs a program and a place "
                            "for the context");
  orch_context_options options = ORCH_CONTEXT_OPTIONS_INIT;
  if (given && given->struct_size != sizeof(options))
    return invalid(program,
                   "orch_context_options.struct_size is not that of this "
                   "version; start from ORCH_CONTEXT_OPTIONS_INIT");
  if (given)
    options = *given;
  constexpr uint32_t known = ORCH_CONTEXT_PROFILING | ORCH_CONTEXT_POISON_ARENA;
  if (options.flags & ~known)
    return invalid(program, "orch_context_options.flags has unknown bits");
  if (orch_status status =
          checkArena(program, options.arena, options.arena_size))
    return status;

  orch_allocator allocator = allocatorOrSystem(options.allocator);
  orch_context *context = create<orch_context>(allocator);
  if (!context)
    return outOfMemory(sizeof(orch_context), "a context");
  orch_program_retain(program);
  context->program = program;
  context->allocator = allocator;
  context->execution.base.api = hostAPI();
  context->execution.context = context;
  context->poison = options.flags & ORCH_CONTEXT_POISON_ARENA;
  context->givenArena = options.arena;
  context->givenArenaSize = options.arena_size;
  orch_status status = choosePool(*context, options);
  context->execution.pool = context->pool;
  if (status == ORCH_OK)
    status = allocateTables(*context);
  if (status == ORCH_OK && program->artefact->flags & ORCH_ARTEFACT_ON_DEVICE)
    status = useAccelerator(*context);
  if (status == ORCH_OK && options.flags & ORCH_CONTEXT_PROFILING)
    status = orch_context_set_profiling(context, 1);
  if (status != ORCH_OK) {
    orch_context_destroy(context);
    return status;
  }
  *out = context;
  return ORCH_OK;
}

void orch_context_destroy(orch_context *context) {
  if (!context)
    return;
  orch_program *program = context->program;
  orch_pool_release(context->pool);
  destroy(context->allocator, context);
  orch_program_release(program);
}

orch_program *orch_context_program(const orch_context *context) {
  return context->program;
}

int32_t orch_context_num_threads(const orch_context *context) {
  return int32_t(context->execution.base.num_threads);
}

orch_device_set *orch_context_devices(const orch_context *context) {
  return context->devices.set;
}

orch_status orch_context_set_arena(orch_context *context, void *arena,
                                   uint64_t size) {
  if (!context)
    return invalid(nullptr, "the context is null");
  if (orch_status status = checkArena(context->program, arena, size))
    return status;
  if (arena && context->accelerator.isUsed())
    return invalid(context->program, "the program runs on a device, whose "
                                     "memory it allocates");
  context->givenArena = arena;
  context->givenArenaSize = size;
  if (arena)
    context->ownArena.reset();
  return ORCH_OK;
}

orch_status orch_context_set_profiling(orch_context *context, int32_t on) {
  if (!context)
    return invalid(nullptr, "the context is null");
  uint32_t calls = context->artefact().num_calls;
  if (on && context->callTimes.size() != calls &&
      !context->callTimes.allocate(context->allocator, calls))
    return outOfMemory(calls * sizeof(CallTimes), "a profile");
  uint32_t tasks = orch_program_num_tasks(context->program);
  if (on && context->devices.taskTimes.size() != tasks &&
      !context->devices.taskTimes.allocate(context->allocator, tasks))
    return outOfMemory(tasks * sizeof(CallTimes), "a profile");
  context->profiling = on != 0;
  return ORCH_OK;
}

void orch_context_reset_profile(orch_context *context) {
  for (size_t i = 0; i < context->callTimes.size(); ++i)
    context->callTimes[i] = {};
  for (size_t i = 0; i < context->devices.taskTimes.size(); ++i)
    context->devices.taskTimes[i] = {};
  context->runProfile = {};
}

orch_status orch_context_call_profile(const orch_context *context,
                                      uint32_t call,
                                      orch_call_profile *profile) {
  if (!context || !profile || call >= context->artefact().num_calls)
    return invalid(context ? context->program : nullptr,
                   "orch_context_call_profile needs the index of a call and a "
                   "place for its profile");
  *profile = call < context->callTimes.size() ? context->callTimes[call].profile
                                              : orch_call_profile{};
  return ORCH_OK;
}

int32_t orch_context_call_device(const orch_context *context, uint32_t call) {
  return context && call < context->callTimes.size()
             ? context->callTimes[call].device - 1
             : -1;
}

orch_status orch_context_task_profile(const orch_context *context,
                                      uint32_t task,
                                      orch_call_profile *profile) {
  if (!context || !profile || task >= orch_program_num_tasks(context->program))
    return invalid(context ? context->program : nullptr,
                   "orch_context_task_profile needs the index of a task and a "
                   "place for its profile");
  const Array<CallTimes> &times = context->devices.taskTimes;
  *profile = task < times.size() ? times[task].profile : orch_call_profile{};
  return ORCH_OK;
}

orch_status orch_context_run_profile(const orch_context *context,
                                     orch_call_profile *profile) {
  if (!context || !profile)
    return invalid(nullptr, "orch_context_run_profile needs a context and a "
                            "place for the profile");
  *profile = context->runProfile;
  return ORCH_OK;
}
