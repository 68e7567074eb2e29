//===- Accelerator.cpp - Programs in the memory of a device ---------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: weights, arena, inputs and outputs of a program that runs on a device,
//   and what its code enqueues there.
// Recordings: the host program only enqueues, so for the same shapes it
//   enqueues the same again. The first run of a shape is as it is, and loads
//   the kernels; the second is recorded; from then on the recording is
//   launched. A run in which the host read or wrote a value is not recorded,
//   for what it enqueues may depend on that.
//
//===----------------------------------------------------------------------===//
#include "Accelerator.h"

#include "Context.h"
#include "DeviceState.h"

using namespace orchestra::runtime;

/// More than this is not copied twice.
static constexpr uint64_t kMaxStaging = uint64_t(32) << 20;
/// Where tensors start in a block.
static constexpr uint64_t kPlace = 256;
static constexpr uint32_t kMaxRecordings = 16;
static constexpr uint64_t kLeastChunk = uint64_t(1) << 20;

struct AcceleratorRun::Loaded {
  Loaded *next;
  const orch_device_code *code;
  orch_kernel *kernel;
};

/// What a run of some input sizes enqueues; no graph: it ran once, or cannot be
/// recorded.
struct AcceleratorRun::Recording {
  Recording *next;
  Array<int64_t> dims;
  void *graph;
  bool possible;
};

/// Memory that temporaries are cut from. A recording knows their addresses, so
/// they are the same in each run of a shape, and chunks stay.
struct AcceleratorRun::Chunk {
  Chunk *next;
  DeviceBlock memory;
  uint64_t size, used;
};

struct AcceleratorRun::Scratch {
  Scratch *next;
  void *memory;
};

namespace {

uint64_t placed(uint64_t bytes) { return (bytes + kPlace - 1) & ~(kPlace - 1); }

const orch_driver &driverOf(const orch_device *device) {
  return *device->driver;
}

bool hasEntry(const orch_driver &driver, size_t end) {
  return driver.struct_size >= end;
}

bool canRecord(const orch_driver &driver) {
  return hasEntry(driver, offsetof(orch_driver, host_allocate)) &&
         driver.capture_begin && driver.capture_end && driver.graph_launch &&
         driver.graph_destroy;
}

bool hasHostMemory(const orch_driver &driver) {
  return hasEntry(driver, sizeof(orch_driver)) && driver.host_allocate &&
         driver.host_deallocate;
}

orch_status openDevice(const orch_program &program, orch_device **device) {
  const orch_artefact &artefact = *program.artefact;
  if (orch_status status =
          orch_device_open(artefact.accelerator, 0, &program.allocator, device))
    return status;
  orch_device_info info = {};
  info.struct_size = sizeof(info);
  orch_status status = orch_device_query(*device, &info);
  if (!status && artefact.accelerator_arch[0] &&
      strcmp(info.arch, artefact.accelerator_arch) != 0)
    status = orch_set_error(
        ORCH_ERROR_UNSUPPORTED,
        "%s: error: the program is for another device [no-device-code]\n"
        "  note: it has code for '%s'; the device is '%s', '%s'\n"
        "  help: compile the model with --target=%s",
        program.origin.data(), artefact.accelerator_arch, info.name, info.arch,
        info.arch);
  if (status) {
    (void)orch_device_close(*device);
    *device = nullptr;
  }
  return status;
}

} // namespace

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

orch_status DeviceBlock::reserve(orch_device *from, uint64_t size,
                                 bool &moved) {
  if (size == 0)
    size = 1; // An address all the same.
  if (size <= bytes)
    return ORCH_OK;
  reset();
  moved = true;
  if (orch_status status = orch_device_allocate(from, size, 0, &memory))
    return status;
  device = from;
  bytes = size;
  return ORCH_OK;
}

void DeviceBlock::reset() {
  orch_device_deallocate(device, memory);
  memory = nullptr;
  bytes = 0;
}

ProgramDevice::~ProgramDevice() {
  weights.reset();
  (void)orch_device_close(device);
  pthread_mutex_destroy(&lock);
}

orch_status ProgramDevice::provide(const orch_program &program) {
  pthread_mutex_lock(&lock);
  orch_status status = ORCH_OK;
  if (!filled) {
    bool moved = false;
    if (!device)
      status = openDevice(program, &device);
    if (!status)
      status = weights.reserve(device, program.weightsSize, moved);
    if (!status)
      status = orch_device_copy(device, weights.data(), program.weights,
                                program.weightsSize, ORCH_COPY_HOST_TO_DEVICE);
    if (!status)
      status = orch_device_sync(device);
    filled = status == ORCH_OK;
  }
  pthread_mutex_unlock(&lock);
  return status;
}

orch_status AcceleratorRun::create(orch_context &context) {
  allocator = context.allocator;
  program = context.program;
  if (orch_status status = program->device.provide(*program))
    return status;
  return openDevice(*program, &device);
}

AcceleratorRun::~AcceleratorRun() {
  if (!device)
    return;
  (void)orch_device_sync(device);
  freeScratch();
  dropRecordings();
  while (Loaded *first = loaded) {
    loaded = first->next;
    orch_kernel_unload(first->kernel);
    destroy(allocator, first);
  }
  if (staging)
    driverOf(device).host_deallocate(device->state, staging);
  while (Chunk *first = chunks) {
    chunks = first->next;
    destroy(allocator, first);
  }
  arena.reset();
  buffers.reset();
  (void)orch_device_close(device);
}

orch_status AcceleratorRun::allocate(uint64_t size, void **memory) {
  auto *block = ::create<Scratch>(allocator);
  if (!block)
    return outOfMemory(sizeof(Scratch), "memory of a device");
  if (orch_status status =
          orch_device_allocate(device, size ? size : 1, 0, memory)) {
    destroy(allocator, block);
    return status;
  }
  block->memory = *memory;
  block->next = scratch;
  scratch = block;
  return ORCH_OK;
}

orch_status AcceleratorRun::provideTemporary(uint64_t size, void **memory) {
  size = placed(size ? size : 1);
  if (!filling)
    filling = chunks;
  while (filling && filling->size - filling->used < size) {
    filling = filling->next;
    if (filling)
      filling->used = 0;
  }
  if (!filling) {
    Chunk **last = &chunks;
    while (*last)
      last = &(*last)->next;
    auto *made = ::create<Chunk>(allocator);
    if (!made)
      return outOfMemory(sizeof(Chunk), "memory of a device");
    made->size = size < kLeastChunk ? kLeastChunk : size;
    bool moved = false;
    if (orch_status status = made->memory.reserve(device, made->size, moved)) {
      destroy(allocator, made);
      return status;
    }
    *last = filling = made;
  }
  *memory = filling->memory.data() + filling->used;
  filling->used += size;
  return ORCH_OK;
}

void AcceleratorRun::freeScratch() {
  while (Scratch *block = scratch) {
    scratch = block->next;
    orch_device_deallocate(device, block->memory);
    destroy(allocator, block);
  }
}

orch_status AcceleratorRun::provideArena(orch_context &context, void *&out) {
  bool moved = false;
  if (orch_status status = arena.reserve(device, context.arenaBytes, moved))
    return status;
  if (moved)
    dropRecordings();
  out = arena.data();
  if (!context.poison)
    return ORCH_OK;
  char nans[4096];
  memset(nans, 0xff, sizeof(nans));
  for (uint64_t at = 0; at < context.arenaBytes; at += sizeof(nans)) {
    uint64_t left = context.arenaBytes - at;
    if (orch_status status =
            copy(arena.data() + at, nans,
                 int64_t(left < sizeof(nans) ? left : sizeof(nans)),
                 ORCH_COPY_HOST_TO_DEVICE))
      return status;
  }
  return orch_device_sync(device);
}

/// Places for inputs, then outputs; `inputPointers` and `outputPointers` are
/// those afterwards.
orch_status AcceleratorRun::placeBuffers(orch_context &context) {
  inputBytes = 0;
  for (size_t i = 0; i < context.inputs.size(); ++i)
    inputBytes += placed(context.inputs[i].bytes);
  uint64_t all = inputBytes;
  for (size_t i = 0; i < context.outputs.size(); ++i)
    all += placed(context.outputs[i].bytes);
  bool moved = false;
  if (orch_status status = buffers.reserve(device, all, moved))
    return status;
  if (moved)
    dropRecordings();
  if (all > stagingBytes && all <= kMaxStaging &&
      hasHostMemory(driverOf(device))) {
    if (staging)
      driverOf(device).host_deallocate(device->state, staging);
    stagingBytes = 0;
    staging = nullptr;
    if (orch_status status =
            driverOf(device).host_allocate(device->state, all, &staging))
      return status;
    stagingBytes = all;
  }
  char *next = buffers.data();
  for (size_t i = 0; i < context.inputs.size(); ++i) {
    context.inputPointers[i] = next;
    next += placed(context.inputs[i].bytes);
  }
  for (size_t i = 0; i < context.outputs.size(); ++i) {
    context.outputPointers[i] = next;
    next += placed(context.outputs[i].bytes);
  }
  return ORCH_OK;
}

orch_status AcceleratorRun::sendInputs(orch_context &context) {
  if (orch_status status = placeBuffers(context))
    return status;
  bool staged = staging && inputBytes <= stagingBytes;
  char *to = static_cast<char *>(staging);
  for (size_t i = 0; i < context.inputs.size(); ++i) {
    const Binding &input = context.inputs[i];
    if (staged && input.bytes) {
      memcpy(to, input.pointer, input.bytes);
      to += placed(input.bytes);
    } else if (orch_status status = orch_device_copy(
                   device, const_cast<void *>(context.inputPointers[i]),
                   input.pointer, input.bytes, ORCH_COPY_HOST_TO_DEVICE)) {
      return status;
    }
  }
  return staged ? orch_device_copy(device, buffers.data(), staging, inputBytes,
                                   ORCH_COPY_HOST_TO_DEVICE)
                : ORCH_OK;
}

orch_status AcceleratorRun::receiveOutputs(orch_context &context) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < context.outputs.size(); ++i)
    bytes += placed(context.outputs[i].bytes);
  bool staged = staging && bytes <= stagingBytes;
  if (staged) {
    if (orch_status status =
            orch_device_copy(device, staging, buffers.data() + inputBytes,
                             bytes, ORCH_COPY_DEVICE_TO_HOST))
      return status;
  } else {
    for (size_t i = 0; i < context.outputs.size(); ++i)
      if (orch_status status = orch_device_copy(
              device, context.outputs[i].pointer, context.outputPointers[i],
              context.outputs[i].bytes, ORCH_COPY_DEVICE_TO_HOST))
        return status;
  }
  if (orch_status status = orch_device_sync(device))
    return status;
  const char *from = static_cast<const char *>(staging);
  for (size_t i = 0; staged && i < context.outputs.size(); ++i) {
    const Binding &output = context.outputs[i];
    if (output.bytes)
      memcpy(output.pointer, from, output.bytes);
    from += placed(output.bytes);
  }
  return ORCH_OK;
}

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

AcceleratorRun::Recording *
AcceleratorRun::findRecording(const orch_context &context) {
  for (Recording *known = recordings; known; known = known->next) {
    bool same = true;
    for (size_t i = 0; same && i < context.inputDims.size(); ++i)
      same = known->dims[i] == context.inputDims[i];
    if (same)
      return known;
  }
  return nullptr;
}

void AcceleratorRun::dropRecordings() {
  while (Recording *first = recordings) {
    recordings = first->next;
    if (first->graph)
      driverOf(device).graph_destroy(device->state, first->graph);
    destroy(allocator, first);
  }
}

int32_t AcceleratorRun::callProgram(orch_context &context, void *arena) {
  const orch_artefact &artefact = context.artefact();
  filling = nullptr;
  if (chunks)
    chunks->used = 0;
  return artefact.run(&context.execution.base, context.inputPointers.data(),
                      context.inputDims.data(), context.outputPointers.data(),
                      arena, program->device.getWeights());
}

orch_status AcceleratorRun::enqueue(orch_context &context, void *arena,
                                    int32_t &returned) {
  const orch_driver &driver = driverOf(device);
  constexpr uint32_t other =
      ORCH_ARTEFACT_SIZES_FROM_VALUES | ORCH_ARTEFACT_COMPUTES_SIZES;
  returned = 0;
  if (context.profiling || !canRecord(driver) ||
      context.artefact().flags & other) {
    returned = callProgram(context, arena);
    return ORCH_OK;
  }
  Recording *known = findRecording(context);
  if (known && known->graph)
    return driver.graph_launch(device->state, known->graph);
  if (known && known->possible) {
    known->possible = false; // Until it is seen to work.
    if (orch_status status = driver.capture_begin(device->state))
      return status;
    returned = callProgram(context, arena);
    if (orch_status status = driver.capture_end(device->state, &known->graph))
      return status;
    if (returned || context.failed.load(std::memory_order_acquire)) {
      // Only what came before the failure is in it.
      driver.graph_destroy(device->state, known->graph);
      known->graph = nullptr;
      return ORCH_OK;
    }
    known->possible = true;
    return driver.graph_launch(device->state, known->graph);
  }
  recordable = true;
  returned = callProgram(context, arena);
  if (known || returned)
    return ORCH_OK;
  uint32_t count = 0;
  for (Recording *r = recordings; r; r = r->next)
    ++count;
  if (count >= kMaxRecordings)
    dropRecordings();
  auto *made = ::create<Recording>(allocator);
  if (!made || !made->dims.allocate(allocator, context.inputDims.size())) {
    destroy(allocator, made);
    return ORCH_OK; // Slower the next time, right all the same.
  }
  for (size_t i = 0; i < context.inputDims.size(); ++i)
    made->dims[i] = context.inputDims[i];
  made->possible = recordable;
  made->next = recordings;
  recordings = made;
  return ORCH_OK;
}

orch_status AcceleratorRun::run(orch_context &context, void *arena,
                                int32_t &returned) {
  if (orch_status status = sendInputs(context))
    return status;
  if (orch_status status = enqueue(context, arena, returned))
    return status;
  return receiveOutputs(context);
}

//===----------------------------------------------------------------------===//
// What compiled code enqueues
//===----------------------------------------------------------------------===//

orch_status AcceleratorRun::load(const orch_device_code &code,
                                 orch_kernel *&kernel) {
  const char *base = reinterpret_cast<const char *>(&code);
  orch_kernel_info info = {};
  info.struct_size = sizeof(info);
  info.parameter_count = code.parameter_count;
  info.name = base + code.name;
  for (int dim = 0; dim < 3; ++dim) {
    info.grid[dim] = code.grid[dim];
    info.block[dim] = code.block[dim];
  }
  info.shared_bytes = code.shared_bytes;
  info.argument_count = code.argument_count;
  info.flags = code.flags;
  info.parameters =
      reinterpret_cast<const orch_kernel_parameter *>(base + code.parameters);
  auto *entry = ::create<Loaded>(allocator);
  if (!entry)
    return outOfMemory(sizeof(Loaded), "a kernel");
  if (orch_status status = orch_kernel_load(device, base + code.code,
                                            code.code_size, &info, &kernel)) {
    destroy(allocator, entry);
    return status;
  }
  *entry = {loaded, &code, kernel};
  loaded = entry;
  return ORCH_OK;
}

orch_status AcceleratorRun::launch(const orch_device_code &code,
                                   void *const *arguments,
                                   const uint32_t *grid) {
  orch_kernel *kernel = nullptr;
  for (Loaded *entry = loaded; entry && !kernel; entry = entry->next)
    if (entry->code == &code)
      kernel = entry->kernel;
  if (!kernel)
    if (orch_status status = load(code, kernel))
      return status;
  return orch_kernel_launch(kernel, arguments, code.argument_count, grid);
}

orch_status AcceleratorRun::copy(void *to, const void *from, int64_t size,
                                 orch_copy_kind kind) {
  if (kind != ORCH_COPY_DEVICE_TO_DEVICE)
    recordable = false;
  return orch_device_copy(device, to, from, uint64_t(size), kind);
}

orch_status AcceleratorRun::wait() { return orch_device_sync(device); }
