//===- Memory.cpp - Guarded memory and the driver "emulated" --------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: device memory with guard bytes on both sides, in a sorted list, so that
//   every access of a kernel can be looked up; and the driver's table over it.
// Why guard bytes, when every access is checked: they also show what the checks
//   do not see, such as host code that writes past a buffer.
//
//===----------------------------------------------------------------------===//
#include "Memory.h"
#include "emulated.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <pthread.h>

using namespace orchestra::emulated;

namespace {

constexpr int64_t kAlignment = 4096;  // The most that a driver is asked for.
constexpr int64_t kGuardBytes = 4096; // A multiple of the alignment.
constexpr unsigned char kGuard = 0xA5;
/// What new memory holds: NaNs of every float type.
constexpr unsigned char kPoison = 0xFF;

/// The one piece of global state: the memory of the emulated machine.
struct Machine {
  pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  List<Region> regions = {}; // sorted by address
  orch_status status = ORCH_OK;
  char error[2048] = "";
  pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER; // between begin and end
  List<Region> lent = {};
  char reported[2048] = ""; ///< outlives the run that it ended
};
Machine machine;

/// The number of regions that begin at or before `address`. Locked.
int64_t countBefore(uintptr_t address) {
  int64_t low = 0, high = machine.regions.size();
  while (low < high) {
    int64_t middle = (low + high) / 2;
    if (machine.regions[middle].begin <= address)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

bool guardsHold(const char *begin, int64_t size) {
  const unsigned char *before =
      reinterpret_cast<const unsigned char *>(begin) - kGuardBytes;
  const unsigned char *after =
      reinterpret_cast<const unsigned char *>(begin) + size;
  for (int64_t i = 0; i < kGuardBytes; ++i)
    if (before[i] != kGuard || after[i] != kGuard)
      return false;
  return true;
}

void *allocateGuarded(int64_t size) {
  void *memory = nullptr;
  if (size < 0 || size > PTRDIFF_MAX / 2 ||
      posix_memalign(&memory, kAlignment, size_t(size + 2 * kGuardBytes)))
    return nullptr;
  char *begin = static_cast<char *>(memory) + kGuardBytes;
  memset(memory, kGuard, kGuardBytes);
  memset(begin, kPoison, size_t(size));
  memset(begin + size, kGuard, kGuardBytes);
  Region region = {reinterpret_cast<uintptr_t>(begin),
                   reinterpret_cast<uintptr_t>(begin) + uintptr_t(size)};
  pthread_mutex_lock(&machine.lock);
  int64_t index = countBefore(region.begin);
  bool kept = machine.regions.push(region);
  if (kept)
    machine.regions.insert(index, region);
  pthread_mutex_unlock(&machine.lock);
  if (!kept) {
    free(memory);
    return nullptr;
  }
  return begin;
}

} // namespace

bool orchestra::emulated::findRegionBefore(uintptr_t address, Region &found) {
  pthread_mutex_lock(&machine.lock);
  int64_t count = countBefore(address);
  if (count > 0)
    found = machine.regions[count - 1];
  pthread_mutex_unlock(&machine.lock);
  return count > 0;
}

bool orchestra::emulated::findRegion(uintptr_t address, uint64_t size,
                                     Region &found) {
  return findRegionBefore(address, found) && found.contains(address, size);
}

bool orchestra::emulated::findLent(uintptr_t address, uint64_t size,
                                   Region &found) {
  for (int64_t i = 0; i < machine.lent.size(); ++i)
    if (machine.lent[i].contains(address, size)) {
      found = machine.lent[i];
      return true;
    }
  return false;
}

orch_status orchestra::emulated::keepError(orch_status status,
                                           const char *format, ...) {
  pthread_mutex_lock(&machine.lock);
  if (machine.status == ORCH_OK) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(machine.error, sizeof(machine.error), format, arguments);
    va_end(arguments);
    machine.status = status;
  }
  orch_set_error(machine.status, "%s", machine.error);
  status = machine.status;
  pthread_mutex_unlock(&machine.lock);
  return status;
}

orch_status orch_emulated_status(void) { return machine.status; }

const char *orch_emulated_error(void) { return machine.error; }

void orch_emulated_reset(void) {
  pthread_mutex_lock(&machine.lock);
  machine.status = ORCH_OK;
  machine.error[0] = 0;
  pthread_mutex_unlock(&machine.lock);
}

void *orch_emulated_allocate(int64_t size) {
  void *pointer = allocateGuarded(size);
  if (!pointer)
    keepError(ORCH_ERROR_OUT_OF_MEMORY,
              "error: out of memory [out-of-memory]\n  note: %lld bytes were "
              "wanted on device 'emulated'",
              static_cast<long long>(size));
  return pointer;
}

void orch_emulated_deallocate(void *pointer) {
  if (!pointer)
    return;
  uintptr_t address = reinterpret_cast<uintptr_t>(pointer);
  pthread_mutex_lock(&machine.lock);
  int64_t index = countBefore(address) - 1;
  bool found = index >= 0 && machine.regions[index].begin == address;
  Region region = {};
  if (found) {
    region = machine.regions[index];
    machine.regions.erase(index);
  }
  pthread_mutex_unlock(&machine.lock);
  if (!found) {
    keepError(ORCH_ERROR_INVALID_ARGUMENT,
              "error: memory of device 'emulated' is freed that is not its own "
              "[invalid-argument]");
    return;
  }
  char *begin = static_cast<char *>(pointer);
  int64_t size = int64_t(region.end - region.begin);
  if (!guardsHold(begin, size))
    keepError(ORCH_ERROR_EXECUTION,
              "error: bytes next to an allocation of device 'emulated' were "
              "overwritten [device-range]\n  note: the allocation has %lld "
              "bytes",
              static_cast<long long>(size));
  free(begin - kGuardBytes);
}

void orch_emulated_begin(void) { pthread_mutex_lock(&machine.turn); }

void orch_emulated_lend(void *pointer, int64_t size) {
  uintptr_t begin = reinterpret_cast<uintptr_t>(pointer);
  if (!machine.lent.push({begin, begin + uintptr_t(size)}))
    keepError(ORCH_ERROR_OUT_OF_MEMORY,
              "error: out of memory [out-of-memory]\n  note: device 'emulated' "
              "keeps a list of the buffers of a call");
}

void orch_emulated_end(orch_exec *exec) {
  machine.lent.clear();
  if (machine.status != ORCH_OK) {
    snprintf(machine.reported, sizeof(machine.reported), "%s", machine.error);
    exec->api->fail(exec, machine.status, machine.reported);
    orch_emulated_reset();
  }
  pthread_mutex_unlock(&machine.turn);
}

//===----------------------------------------------------------------------===//
// The driver
//===----------------------------------------------------------------------===//

namespace {

char handle; // There is nothing to keep.

orch_status count(int32_t *count) {
  *count = 1;
  return ORCH_OK;
}

orch_status open(int32_t, const orch_allocator *, void **device) {
  *device = &handle;
  return ORCH_OK;
}

void close(void *) {}

orch_status info(void *, orch_device_info *info) {
  info->flags = ORCH_DEVICE_STORES_DATA | ORCH_DEVICE_HOST_VISIBLE;
  snprintf(info->name, sizeof(info->name), "emulated GPU");
  snprintf(info->arch, sizeof(info->arch), "emulated");
  return ORCH_OK;
}

orch_status allocate(void *, uint64_t size, uint64_t, void **pointer) {
  void *memory =
      size > uint64_t(PTRDIFF_MAX) ? nullptr : allocateGuarded(int64_t(size));
  if (!memory)
    return orch_set_error(ORCH_ERROR_OUT_OF_MEMORY,
                          "error: out of memory [out-of-memory]\n  note: %llu "
                          "bytes were wanted on device 'emulated'",
                          static_cast<unsigned long long>(size));
  *pointer = memory;
  return ORCH_OK;
}

void deallocate(void *, void *pointer) { orch_emulated_deallocate(pointer); }

orch_status copy(void *, void *to, const void *from, uint64_t size,
                 orch_copy_kind kind) {
  Region region;
  bool target = kind == ORCH_COPY_DEVICE_TO_HOST ||
                findRegion(reinterpret_cast<uintptr_t>(to), size, region);
  bool source = kind == ORCH_COPY_HOST_TO_DEVICE ||
                findRegion(reinterpret_cast<uintptr_t>(from), size, region);
  if (!target || !source)
    return orch_set_error(
        ORCH_ERROR_INVALID_ARGUMENT,
        "error: a copy leaves the memory of device 'emulated' "
        "[device-range]\n  note: %llu bytes at %p are not "
        "inside one allocation",
        static_cast<unsigned long long>(size), target ? from : to);
  memcpy(to, from, size);
  return ORCH_OK;
}

// Work is done when the call that gives it returns; what is left is the error.
orch_status sync(void *) {
  if (machine.status != ORCH_OK)
    return orch_set_error(machine.status, "%s", machine.error);
  return ORCH_OK;
}

orch_status eventCreate(void *, void **event) {
  *event = &handle;
  return ORCH_OK;
}

void eventDestroy(void *, void *) {}
orch_status eventRecord(void *, void *) { return ORCH_OK; }
orch_status eventWait(void *device, void *) { return sync(device); }

const orch_driver emulatedDriver = {
    sizeof(orch_driver),
    ORCH_DEVICE_ABI_VERSION,
    "emulated",
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

} // namespace

orch_status orch_emulated_register(void) {
  if (orch_driver_find(emulatedDriver.name) == &emulatedDriver)
    return ORCH_OK;
  return orch_driver_register(&emulatedDriver);
}
