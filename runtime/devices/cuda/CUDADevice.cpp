//===- CUDADevice.cpp - NVIDIA GPUs ---------------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the driver "cuda": memory, copies, events and kernels of NVIDIA GPUs
//   over the vendor's driver, in the device's primary context, so that other
//   libraries in the process share it. One stream is the device's queue.
//
//===----------------------------------------------------------------------===//
#include "CUDADriver.h"

#include <cstdio>

using namespace orchestra::runtime;
using namespace orchestra::runtime::cuda;

/// cuMemAlloc promises this alignment.
static constexpr uint64_t kMemAlignment = 256;
static constexpr int kMajorAttribute = 75;
static constexpr int kMinorAttribute = 76;
static constexpr unsigned kNonBlocking = 1;   // streams
static constexpr unsigned kDisableTiming = 2; // events

/// What was asked for, and the memory behind it.
struct orchestra::runtime::cuda::Allocation {
  Allocation *next;
  Address address, memory;
};

namespace {

Device &get(void *state) { return *static_cast<Device *>(state); }

Address toAddress(const void *pointer) {
  return reinterpret_cast<Address>(pointer);
}

orch_status count(int32_t *out) {
  Api api;
  if (orch_status status = api.load())
    return status;
  int found = 0;
  api.deviceGetCount(&found);
  *out = found;
  api.unload();
  return ORCH_OK;
}

orch_status openLoaded(Device &device, int32_t index) {
  const Api &api = device.api;
  if (orch_status status =
          api.check(api.deviceGet(&device.id, index), "opening a device"))
    return status;
  api.deviceGetAttribute(&device.major, kMajorAttribute, device.id);
  api.deviceGetAttribute(&device.minor, kMinorAttribute, device.id);
  if (orch_status status = api.check(
          api.contextRetain(&device.context, device.id), "making a context"))
    return status;
  Current current(device);
  orch_status status = api.check(api.streamCreate(&device.stream, kNonBlocking),
                                 "making a stream");
  if (status)
    api.contextRelease(device.id);
  return status;
}

orch_status open(int32_t index, const orch_allocator *allocator, void **out) {
  Device *device = create<Device>(*allocator);
  if (!device)
    return outOfMemory(sizeof(Device), "device 'cuda'");
  device->allocator = *allocator;
  orch_status status = device->api.load();
  if (!status) {
    status = openLoaded(*device, index);
    if (status)
      device->api.unload();
  }
  if (status) {
    destroy(*allocator, device);
    return status;
  }
  pthread_mutex_init(&device->lock, nullptr);
  *out = device;
  return ORCH_OK;
}

void close(void *state) {
  Device &device = get(state);
  {
    Current current(device);
    device.api.streamSynchronize(device.stream);
    device.api.streamDestroy(device.stream);
  }
  device.api.contextRelease(device.id);
  device.api.unload();
  pthread_mutex_destroy(&device.lock);
  destroy(device.allocator, &device);
}

/// As the compiler names it; what it does not know by its number.
void printArch(const Device &device, char *out, size_t size) {
  const char *name = device.major == 8   ? "nvidia_ampere"
                     : device.major == 9 ? "nvidia_hopper"
                     : device.major == 10 || device.major == 12
                         ? "nvidia_blackwell"
                         : nullptr;
  if (name)
    snprintf(out, size, "%s", name);
  else
    snprintf(out, size, "nvidia_sm_%d%d", device.major, device.minor);
}

orch_status info(void *state, orch_device_info *info) {
  Device &device = get(state);
  size_t bytes = 0;
  if (orch_status status = device.api.check(
          device.api.deviceGetName(info->name, sizeof(info->name), device.id),
          "asking its name"))
    return status;
  device.api.deviceTotalMem(&bytes, device.id);
  info->memory_bytes = bytes;
  info->flags = ORCH_DEVICE_STORES_DATA;
  printArch(device, info->arch, sizeof(info->arch));
  return ORCH_OK;
}

orch_status allocate(void *state, uint64_t size, uint64_t alignment,
                     void **pointer) {
  Device &device = get(state);
  uint64_t extra = alignment > kMemAlignment ? alignment : 0;
  Allocation *allocation = create<Allocation>(device.allocator);
  if (!allocation || size > UINT64_MAX - extra) {
    destroy(device.allocator, allocation);
    return outOfMemory(size, "device 'cuda'");
  }
  Current current(device);
  Result result = device.api.memAlloc(&allocation->memory, size + extra);
  if (result) {
    destroy(device.allocator, allocation);
    if (result != kOutOfMemory)
      return device.api.check(result, "allocating memory");
    size_t unused = 0, total = 0;
    device.api.memGetInfo(&unused, &total);
    return orch_set_error(
        ORCH_ERROR_OUT_OF_MEMORY,
        "error: the GPU has too little memory [out-of-memory]\n  note: %llu "
        "bytes are needed; %zu of its %zu are free",
        static_cast<unsigned long long>(size), unused, total);
  }
  allocation->address = allocation->memory;
  if (extra)
    allocation->address =
        (allocation->memory + alignment - 1) & ~Address(alignment - 1);
  pthread_mutex_lock(&device.lock);
  allocation->next = device.first;
  device.first = allocation;
  pthread_mutex_unlock(&device.lock);
  *pointer = reinterpret_cast<void *>(allocation->address);
  return ORCH_OK;
}

void deallocate(void *state, void *pointer) {
  Device &device = get(state);
  pthread_mutex_lock(&device.lock);
  Allocation **link = &device.first;
  while (*link && (*link)->address != toAddress(pointer))
    link = &(*link)->next;
  Allocation *allocation = *link;
  if (allocation)
    *link = allocation->next;
  pthread_mutex_unlock(&device.lock);
  if (!allocation)
    return;
  // Waits for all that uses it.
  Current current(device);
  device.api.memFree(allocation->memory);
  destroy(device.allocator, allocation);
}

orch_status copy(void *state, void *to, const void *from, uint64_t size,
                 orch_copy_kind kind) {
  Device &device = get(state);
  const Api &api = device.api;
  Current current(device);
  Result result =
      kind == ORCH_COPY_HOST_TO_DEVICE
          ? api.copyToDevice(toAddress(to), from, size, device.stream)
      : kind == ORCH_COPY_DEVICE_TO_HOST
          ? api.copyToHost(to, toAddress(from), size, device.stream)
          : api.copyWithin(toAddress(to), toAddress(from), size, device.stream);
  return api.check(result, "copying");
}

orch_status sync(void *state) {
  Device &device = get(state);
  Current current(device);
  return device.api.check(device.api.streamSynchronize(device.stream),
                          "waiting for its work");
}

orch_status eventCreate(void *state, void **event) {
  Device &device = get(state);
  Current current(device);
  return device.api.check(device.api.eventCreate(event, kDisableTiming),
                          "making an event");
}

void eventDestroy(void *state, void *event) {
  Device &device = get(state);
  Current current(device);
  device.api.eventDestroy(event);
}

orch_status eventRecord(void *state, void *event) {
  Device &device = get(state);
  Current current(device);
  return device.api.check(device.api.eventRecord(event, device.stream),
                          "recording an event");
}

orch_status eventWait(void *state, void *event) {
  Device &device = get(state);
  Current current(device);
  return device.api.check(device.api.eventSynchronize(event),
                          "waiting for an event");
}

orch_status eventQuery(void *state, void *event, int32_t *done) {
  Device &device = get(state);
  Current current(device);
  Result result = device.api.eventQuery(event);
  if (result != 0 && result != kNotReady)
    return device.api.check(result, "looking at an event");
  *done = result == 0;
  return ORCH_OK;
}

} // namespace

extern const orch_driver orchestraCUDADriver;
const orch_driver orchestraCUDADriver = {
    sizeof(orch_driver),
    ORCH_DEVICE_ABI_VERSION,
    "cuda",
    count,
    open,
    close,
    info,
    allocate,
    deallocate,
    copy,
    sync,
    eventCreate,
    eventDestroy,
    eventRecord,
    eventWait,
    eventQuery,
    kernelLoad,
    kernelUnload,
    kernelLaunch,
};
