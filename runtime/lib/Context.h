//===- Context.h - The state of one run, from the inside --------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: orch_context, shared by Context.cpp (life and queries), Binding.cpp
//   (tensors against the program) and Run.cpp (running and timing).
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_LIB_CONTEXT_H
#define ORCHESTRA_RUNTIME_LIB_CONTEXT_H

#include "Accelerator.h"
#include "DeviceRun.h"
#include "Memory.h"
#include "Program.h"
#include "Strings.h"
#include "Tensor.h"
#include "orchestra_runtime/context.h"

#include <atomic>

namespace orchestra::runtime {

/// What compiled code gets; it sees `base` only.
struct Execution {
  orch_exec base = {};
  orch_context *context = nullptr;
  orch_pool *pool = nullptr;
  // In programs on several devices: whose this is, and what it runs.
  int32_t device = -1;
  uint32_t task = 0;
};

/// Where an input or output is during one run.
struct Binding {
  void *pointer;        // what compiled code gets
  uint64_t bytes;       // of the dense tensor
  int64_t low, high;    // the bytes it takes up, relative to the tensor's data
  uint64_t stageOffset; // into `staging`, if staged
  bool staged;
  bool allocated; // by this run
};

uint64_t nanoseconds();
void addTime(orch_call_profile &profile, uint64_t start, uint64_t length);

} // namespace orchestra::runtime

struct orch_context {
  orchestra::runtime::Execution execution = {};
  orch_program *program = nullptr;
  orch_pool *pool = nullptr;
  orch_allocator allocator = {};
  bool profiling = false;
  bool poison = false;
  std::atomic<uint32_t> busy{0};

  // The first failure that compiled code reported in this call.
  std::atomic<uint32_t> failed{0};
  int32_t failCode = 0;
  const char *failMessage = nullptr;
  int32_t failDevice = -1;
  uint32_t failTask = 0;

  // The shapes of the last resolve, all tensors one after another.
  bool resolved = false;
  orchestra::runtime::Array<int64_t> inputDims;
  orchestra::runtime::Array<int64_t> outputDims;
  orchestra::runtime::Array<int64_t> symbols; // sizes of named dims, -1: unset
  orchestra::runtime::Array<uint64_t> symbolSources; // input << 32 | dim
  uint64_t arenaBytes = 0;

  orchestra::runtime::Block ownArena;
  void *givenArena = nullptr;
  uint64_t givenArenaSize = 0;
  orchestra::runtime::Block staging;

  orchestra::runtime::Array<orchestra::runtime::Binding> inputs;
  orchestra::runtime::Array<orchestra::runtime::Binding> outputs;
  orchestra::runtime::Array<const void *> inputPointers;
  orchestra::runtime::Array<void *> outputPointers;

  uint64_t runStart = 0;
  orch_call_profile runProfile = {};
  orchestra::runtime::Array<orchestra::runtime::CallTimes> callTimes;

  // What `resolve` computes, and the memory it does that in, one block behind
  // another.
  orchestra::runtime::Array<int64_t> sizes;
  struct Scratch *scratch = nullptr;
  // Of the inputs and of what the run makes of them.
  orchestra::runtime::StringTable strings;

  // What went wrong on a device, for `failMessage`.
  char deviceMessage[512] = {};

  // The address of tensors without elements and of an arena of size 0.
  alignas(ORCH_BUFFER_ALIGNMENT) char nothing[ORCH_BUFFER_ALIGNMENT] = {};

  orchestra::runtime::AcceleratorRun accelerator;

  // Last, so that it goes first: its queues use the rest.
  orchestra::runtime::DeviceRun devices;

  const orch_artefact &artefact() const { return *program->artefact; }
  const char *origin() const { return program->origin.data(); }
};

namespace orchestra::runtime {

/// Checks the inputs' types and shapes and brings the resolved shapes and arena
/// size up to date.
orch_status resolveShapes(orch_context &context, const orch_tensor *inputs,
                          uint32_t numInputs);
/// Decides where each tensor is read or written; allocates outputs that have no
/// memory and room for copies. Shapes are resolved.
orch_status bindTensors(orch_context &context, const orch_tensor *inputs,
                        orch_tensor *outputs, uint32_t numOutputs);
/// Turns the numbers of strings in outputs into strings.
orch_status nameStrings(orch_context &context, orch_tensor *outputs);
/// Drops outputs that this run allocated.
void dropOutputs(orch_context &context, orch_tensor *outputs);

/// Writes the dtype, rank and dims that output `index` has, by the last
/// resolve.
void describeOutput(const orch_context &context, uint32_t index,
                    orch_tensor &tensor);

/// Frees what compiled code allocated.
void freeScratch(orch_context &context);
/// Forgets a failure, before calling compiled code.
void clearFailure(orch_context &context);
/// The status of compiled code's return value and reports, with the message.
orch_status executionStatus(orch_context &context, int32_t returned,
                            const char *what);

/// The functions compiled code may call.
const orch_host_api *hostAPI();

} // namespace orchestra::runtime

#endif // ORCHESTRA_RUNTIME_LIB_CONTEXT_H
