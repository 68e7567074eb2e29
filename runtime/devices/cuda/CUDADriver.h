//===- CUDADriver.h - The part of NVIDIA's driver interface we use -*- C++ -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: declarations of our own for libcuda.so.1, which is opened when a device
//   is, so that neither its headers nor the library are needed to build or to
//   start. Names and values are those of the driver's stable C interface.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_DEVICES_CUDA_CUDADRIVER_H
#define ORCHESTRA_RUNTIME_DEVICES_CUDA_CUDADRIVER_H

#include "../../lib/Memory.h"
#include "orchestra_runtime/device.h"
#include "orchestra_runtime/kernel.h"

#include <pthread.h>

namespace orchestra::runtime::cuda {

using Result = int;
using DeviceId = int;
using Address = unsigned long long;
using Context = void *;
using Module = void *;
using Function = void *;
using Stream = void *;
using Event = void *;
using Graph = void *;
using GraphExec = void *;

constexpr Result kNotReady = 600;
constexpr Result kOutOfMemory = 2;
constexpr Result kNoDevice = 100;

/// CUlaunchAttribute and CUlaunchConfig of the driver's interface.
struct LaunchAttribute {
  int id;
  char pad[4];
  union {
    uint64_t words[8];
    int number;
  } value;
};

struct LaunchConfig {
  unsigned grid[3], block[3], sharedBytes;
  Stream stream;
  LaunchAttribute *attributes;
  unsigned numAttributes;
};

/// The functions, by member; null library: not loaded.
struct Api {
  void *library;
  bool overlapsLaunches; ///< a graph may hold launches that begin early
  Result (*init)(unsigned flags);
  Result (*driverGetVersion)(int *version);
  Result (*getErrorString)(Result, const char **text);
  Result (*deviceGetCount)(int *count);
  Result (*deviceGet)(DeviceId *device, int ordinal);
  Result (*deviceGetName)(char *name, int length, DeviceId);
  Result (*deviceTotalMem)(size_t *bytes, DeviceId);
  Result (*deviceGetAttribute)(int *value, int attribute, DeviceId);
  Result (*contextRetain)(Context *context, DeviceId);
  Result (*contextRelease)(DeviceId);
  Result (*contextPush)(Context);
  Result (*contextPop)(Context *context);
  Result (*memAlloc)(Address *address, size_t bytes);
  Result (*memFree)(Address);
  Result (*memGetInfo)(size_t *unused, size_t *total);
  Result (*copyToDevice)(Address, const void *, size_t, Stream);
  Result (*copyToHost)(void *, Address, size_t, Stream);
  Result (*copyWithin)(Address, Address, size_t, Stream);
  Result (*streamCreate)(Stream *stream, unsigned flags);
  Result (*streamDestroy)(Stream);
  Result (*streamSynchronize)(Stream);
  Result (*eventCreate)(Event *event, unsigned flags);
  Result (*eventDestroy)(Event);
  Result (*eventRecord)(Event, Stream);
  Result (*eventSynchronize)(Event);
  Result (*eventQuery)(Event);
  Result (*moduleLoadData)(Module *module, const void *image);
  Result (*moduleUnload)(Module);
  Result (*moduleGetFunction)(Function *function, Module, const char *name);
  Result (*functionSetAttribute)(Function, int attribute, int value);
  Result (*launchKernel)(Function, unsigned, unsigned, unsigned, unsigned,
                         unsigned, unsigned, unsigned sharedBytes, Stream,
                         void **parameters, void **extra);
  /// Null in drivers before 11.8.
  Result (*launchKernelEx)(const LaunchConfig *, Function, void **parameters,
                           void **extra);
  Result (*memHostAlloc)(void **pointer, size_t bytes, unsigned flags);
  Result (*memFreeHost)(void *pointer);
  Result (*captureBegin)(Stream, int mode);
  Result (*captureEnd)(Stream, Graph *graph);
  Result (*graphInstantiate)(GraphExec *, Graph, unsigned long long flags);
  Result (*graphDestroy)(Graph);
  Result (*graphExecDestroy)(GraphExec);
  Result (*graphLaunch)(GraphExec, Stream);
  /// Null in drivers before 12.0.
  Result (*tensorMapEncode)(void *map, int dataType, unsigned rank,
                            void *address, const uint64_t *dims,
                            const uint64_t *strides, const uint32_t *box,
                            const uint32_t *elementStrides, int interleave,
                            int swizzle, int promotion, int fill);
  Result (*windowMapEncode)(void *map, int dataType, unsigned rank,
                            void *address, const uint64_t *dims,
                            const uint64_t *strides, const int *lowerCorner,
                            const int *upperCorner, uint32_t channels,
                            uint32_t pixels, const uint32_t *elementStrides,
                            int interleave, int swizzle, int promotion,
                            int fill);

  /// Opens the library and initialises it; an error says what is missing.
  orch_status load();
  void unload();
  /// `result` as a status, with the driver's text; `doing`: "copying".
  orch_status check(Result result, const char *doing) const;
};

struct Device {
  orch_allocator allocator;
  Api api;
  DeviceId id;
  Context context;
  Stream stream;
  int major, minor; ///< compute capability
  pthread_mutex_t lock;
  struct Allocation *first;
};

/// Makes the device's context the thread's for a scope.
class Current {
public:
  explicit Current(const Device &device) : api(device.api) {
    api.contextPush(device.context);
  }
  ~Current() {
    Context old;
    api.contextPop(&old);
  }
  Current(const Current &) = delete;
  Current &operator=(const Current &) = delete;

private:
  const Api &api;
};

orch_status kernelLoad(void *device, const void *code, uint64_t size,
                       const orch_kernel_info *info, void **kernel);
void kernelUnload(void *device, void *kernel);
orch_status kernelLaunch(void *device, void *kernel, void *const *arguments,
                         const uint32_t *grid);

} // namespace orchestra::runtime::cuda

#endif // ORCHESTRA_RUNTIME_DEVICES_CUDA_CUDADRIVER_H
