//===- NullDevice.cpp - A device that stores nothing ----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the driver "null". It hands out address space without memory behind it
//   and checks every call against what is alive, so that tests of host programs
//   and plans need no hardware and catch what hardware would not: copies
//   outside an allocation, and host code that follows a device's pointer (a
//   fault).
// Template: README.md here says how to make a driver of it.
//
//===----------------------------------------------------------------------===//
#include "../../lib/Memory.h"
#include "orchestra_runtime/device.h"

#include <cstdio>
#include <pthread.h>
#include <sys/mman.h>

using namespace orchestra::runtime;

namespace {

struct Allocation {
  Allocation *next;
  char *address;
  uint64_t size;
};

struct Device {
  orch_allocator allocator;
  pthread_mutex_t lock;
  Allocation *first;
  uint64_t queued; // copies and records given so far
};

struct Event {
  uint64_t recordedAt; // Device::queued then, 0: never
};

/// Pages for `size` bytes; mmap aligns to at least 4096.
uint64_t mappedSize(uint64_t size) { return (size + 4095) & ~uint64_t(4095); }

orch_status count(int32_t *count) {
  *count = 1;
  return ORCH_OK;
}

orch_status open(int32_t, const orch_allocator *allocator, void **out) {
  Device *device = create<Device>(*allocator);
  if (!device)
    return outOfMemory(sizeof(Device), "device 'null'");
  device->allocator = *allocator;
  pthread_mutex_init(&device->lock, nullptr);
  *out = device;
  return ORCH_OK;
}

void close(void *state) {
  Device *device = static_cast<Device *>(state);
  pthread_mutex_destroy(&device->lock);
  destroy(device->allocator, device);
}

orch_status info(void *, orch_device_info *info) {
  snprintf(info->name, sizeof(info->name), "null");
  snprintf(info->arch, sizeof(info->arch), "null");
  return ORCH_OK;
}

orch_status allocate(void *state, uint64_t size, uint64_t, void **pointer) {
  Device *device = static_cast<Device *>(state);
  if (size > uint64_t(PTRDIFF_MAX))
    return outOfMemory(size, "device 'null'");
  Allocation *allocation = create<Allocation>(device->allocator);
  void *address = allocation
                      ? mmap(nullptr, mappedSize(size), PROT_NONE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                      : MAP_FAILED;
  if (address == MAP_FAILED) {
    destroy(device->allocator, allocation);
    return outOfMemory(size, "device 'null'");
  }
  pthread_mutex_lock(&device->lock);
  *allocation = {device->first, static_cast<char *>(address), size};
  device->first = allocation;
  pthread_mutex_unlock(&device->lock);
  *pointer = address;
  return ORCH_OK;
}

void deallocate(void *state, void *pointer) {
  Device *device = static_cast<Device *>(state);
  pthread_mutex_lock(&device->lock);
  Allocation **link = &device->first;
  while (*link && (*link)->address != pointer)
    link = &(*link)->next;
  Allocation *allocation = *link;
  if (allocation)
    *link = allocation->next;
  pthread_mutex_unlock(&device->lock);
  if (!allocation)
    return;
  munmap(allocation->address, mappedSize(allocation->size));
  destroy(device->allocator, allocation);
}

/// Whether [pointer, pointer + size) is inside one allocation. Locked.
bool isAlive(const Device &device, const void *pointer, uint64_t size) {
  uintptr_t begin = reinterpret_cast<uintptr_t>(pointer);
  for (const Allocation *a = device.first; a; a = a->next) {
    uintptr_t base = reinterpret_cast<uintptr_t>(a->address);
    if (begin >= base && begin - base <= a->size &&
        size <= a->size - (begin - base))
      return true;
  }
  return false;
}

orch_status copy(void *state, void *to, const void *from, uint64_t size,
                 orch_copy_kind kind) {
  Device *device = static_cast<Device *>(state);
  pthread_mutex_lock(&device->lock);
  bool target = kind == ORCH_COPY_DEVICE_TO_HOST || isAlive(*device, to, size);
  bool source =
      kind == ORCH_COPY_HOST_TO_DEVICE || isAlive(*device, from, size);
  ++device->queued;
  pthread_mutex_unlock(&device->lock);
  if (target && source)
    return ORCH_OK;
  return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                        "error: a copy leaves the memory of device 'null' "
                        "[device-range]\n  note: %llu bytes at %p are not "
                        "inside one allocation",
                        static_cast<unsigned long long>(size),
                        target ? from : to);
}

orch_status sync(void *) { return ORCH_OK; }

orch_status eventCreate(void *state, void **event) {
  *event = create<Event>(static_cast<Device *>(state)->allocator);
  return *event ? ORCH_OK : outOfMemory(sizeof(Event), "an event");
}

void eventDestroy(void *state, void *event) {
  destroy(static_cast<Device *>(state)->allocator, static_cast<Event *>(event));
}

orch_status eventRecord(void *state, void *event) {
  Device *device = static_cast<Device *>(state);
  pthread_mutex_lock(&device->lock);
  static_cast<Event *>(event)->recordedAt = ++device->queued;
  pthread_mutex_unlock(&device->lock);
  return ORCH_OK;
}

// Everything given is done at once.
orch_status eventWait(void *, void *) { return ORCH_OK; }

} // namespace

extern const orch_driver orchestraNullDriver;
const orch_driver orchestraNullDriver = {
    sizeof(orch_driver),
    ORCH_DEVICE_ABI_VERSION,
    "null",
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
    /*event_query=*/nullptr,
};
