//===- Accelerator.h - Programs in the memory of a device -------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_LIB_ACCELERATOR_H
#define ORCHESTRA_RUNTIME_LIB_ACCELERATOR_H

#include "Memory.h"
#include "orchestra_runtime/device.h"
#include "orchestra_runtime/format.h"
#include "orchestra_runtime/kernel.h"

#include <pthread.h>

struct orch_program;
struct orch_context;

namespace orchestra::runtime {

/// Bytes in the memory of a device that only grow.
class DeviceBlock {
public:
  DeviceBlock() = default;
  DeviceBlock(const DeviceBlock &) = delete;
  DeviceBlock &operator=(const DeviceBlock &) = delete;
  ~DeviceBlock() { reset(); }

  /// At least `size` bytes; what was in them is lost. `moved` is set when the
  /// address is another one.
  orch_status reserve(orch_device *from, uint64_t size, bool &moved);
  void reset();
  char *data() const { return static_cast<char *>(memory); }

private:
  orch_device *device = nullptr;
  void *memory = nullptr;
  uint64_t bytes = 0;
};

/// A program's weights on its device, for all of its contexts.
class ProgramDevice {
public:
  ProgramDevice() = default;
  ProgramDevice(const ProgramDevice &) = delete;
  ProgramDevice &operator=(const ProgramDevice &) = delete;
  ~ProgramDevice();

  /// Opens the device and fills its memory, the first time.
  orch_status provide(const orch_program &program);
  void *getWeights() const { return weights.data(); }

private:
  pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  orch_device *device = nullptr;
  DeviceBlock weights;
  bool filled = false;
};

/// A context's part of a device: a queue, buffers, loaded kernels, recordings.
class AcceleratorRun {
public:
  AcceleratorRun() = default;
  AcceleratorRun(const AcceleratorRun &) = delete;
  AcceleratorRun &operator=(const AcceleratorRun &) = delete;
  ~AcceleratorRun();

  orch_status create(orch_context &context);
  bool isUsed() const { return device != nullptr; }

  /// Copies the bound inputs over; `inputPointers` are theirs then.
  orch_status sendInputs(orch_context &context);
  orch_status provideArena(orch_context &context, void *&arena);
  /// Runs the program on inputs and outputs that are bound; waits. `returned`
  /// is what the program says.
  orch_status run(orch_context &context, void *arena, int32_t &returned);
  /// Device memory for compiled code until `freeScratch`.
  orch_status allocate(uint64_t size, void **memory);
  void freeScratch();

  /// Device memory for compiled code until the next run.
  orch_status provideTemporary(uint64_t size, void **memory);

  // Behind the table of functions (format.h).
  orch_status launch(const orch_device_code &code, void *const *arguments,
                     const uint32_t *grid);
  orch_status copy(void *to, const void *from, int64_t size,
                   orch_copy_kind kind);
  orch_status wait();

private:
  struct Loaded;
  struct Recording;
  struct Scratch;
  struct Chunk;

  orch_status placeBuffers(orch_context &context);
  orch_status enqueue(orch_context &context, void *arena, int32_t &returned);
  /// What the program says.
  int32_t callProgram(orch_context &context, void *arena);
  orch_status receiveOutputs(orch_context &context);
  orch_status load(const orch_device_code &code, orch_kernel *&kernel);
  Recording *findRecording(const orch_context &context);
  void dropRecordings();

  orch_allocator allocator = {};
  orch_program *program = nullptr;
  orch_device *device = nullptr;
  DeviceBlock arena, buffers;
  void *staging = nullptr; ///< host memory like `buffers`, for quick copies
  uint64_t stagingBytes = 0;
  uint64_t inputBytes = 0; ///< of `buffers`, in front; outputs follow
  Loaded *loaded = nullptr;
  Recording *recordings = nullptr;
  Scratch *scratch = nullptr;
  Chunk *chunks = nullptr;  ///< of temporaries, in the order they are filled
  Chunk *filling = nullptr; ///< null: none yet in this run
  bool recordable = false;  ///< nothing in this run came back to the host
};

} // namespace orchestra::runtime

#endif // ORCHESTRA_RUNTIME_LIB_ACCELERATOR_H
