//===- Device.cpp - The registry of drivers and what callers see ----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: checks arguments once for all drivers, keeps count of what is alive,
//   and forwards to the driver's table.
//
//===----------------------------------------------------------------------===//
#include "orchestra_runtime/device.h"

#include "DeviceState.h"
#include "orchestra_runtime/format.h"

#include <atomic>
#include <cstdio>
#include <pthread.h>

using namespace orchestra::runtime;

extern const orch_driver orchestraCPUDriver;
extern const orch_driver orchestraCUDADriver;
extern const orch_driver orchestraNullDriver;

struct orch_event {
  orch_device *device;
  void *state;
};

namespace {

/// The one piece of global state: append-only; entries below `count` are
/// constant, so reading needs no lock.
struct Registry {
  pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  std::atomic<uint32_t> count{3};
  const orch_driver *drivers[ORCH_MAX_DRIVERS] = {
      &orchestraCPUDriver, &orchestraNullDriver, &orchestraCUDADriver};
};
Registry registry;

orch_status invalid(const char *what) {
  return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                        "error: %s [invalid-argument]", what);
}

/// A table may end before the entries for kernels.
constexpr size_t kMinDriverSize = offsetof(orch_driver, kernel_load);

bool isComplete(const orch_driver &driver) {
  return driver.name && *driver.name && driver.count && driver.open &&
         driver.close && driver.info && driver.allocate && driver.deallocate &&
         driver.copy && driver.sync && driver.event_create &&
         driver.event_destroy && driver.event_record && driver.event_wait;
}

orch_status registerLocked(const orch_driver *driver) {
  uint32_t count = registry.count.load(std::memory_order_relaxed);
  if (orch_driver_find(driver->name))
    return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                          "error: there is a driver named '%s' already "
                          "[invalid-argument]",
                          driver->name);
  if (count == ORCH_MAX_DRIVERS)
    return invalid("there are too many drivers");
  registry.drivers[count] = driver;
  registry.count.store(count + 1, std::memory_order_release);
  return ORCH_OK;
}

} // namespace

orch_status orch_driver_register(const orch_driver *driver) {
  if (!driver)
    return invalid("the driver is null");
  if (driver->abi_version != ORCH_DEVICE_ABI_VERSION ||
      driver->struct_size < kMinDriverSize)
    return orch_set_error(ORCH_ERROR_VERSION,
                          "error: the driver is for another version of the "
                          "runtime [driver-version]\n  note: it has version %u "
                          "and %u bytes; the runtime has %u and %zu",
                          driver->abi_version, driver->struct_size,
                          ORCH_DEVICE_ABI_VERSION, kMinDriverSize);
  if (!isComplete(*driver))
    return invalid("a required entry of the driver's table is missing");
  pthread_mutex_lock(&registry.lock);
  orch_status status = registerLocked(driver);
  pthread_mutex_unlock(&registry.lock);
  return status;
}

uint32_t orch_driver_count(void) {
  return registry.count.load(std::memory_order_acquire);
}

const orch_driver *orch_driver_get(uint32_t index) {
  return index < orch_driver_count() ? registry.drivers[index] : nullptr;
}

const orch_driver *orch_driver_find(const char *name) {
  uint32_t count = orch_driver_count();
  for (uint32_t i = 0; name && i < count; ++i)
    if (strcmp(registry.drivers[i]->name, name) == 0)
      return registry.drivers[i];
  return nullptr;
}

orch_status orch_device_open(const char *name, int32_t index,
                             const orch_allocator *given, orch_device **out) {
  if (!name || !out)
    return invalid("orch_device_open needs a driver's name and a place for the "
                   "device");
  const orch_driver *driver = orch_driver_find(name);
  if (!driver) {
    char known[512] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < orch_driver_count() && used < sizeof(known); ++i)
      used += size_t(snprintf(known + used, sizeof(known) - used, "%s%s",
                              i ? ", " : "", registry.drivers[i]->name));
    return orch_set_error(ORCH_ERROR_NOT_FOUND,
                          "error: there is no driver named '%s' "
                          "[device-missing]\n  note: there are: %s",
                          name, known);
  }
  int32_t count = 0;
  if (orch_status status = driver->count(&count))
    return status;
  if (index < 0 || index >= count)
    return orch_set_error(ORCH_ERROR_NOT_FOUND,
                          "error: there is no device %d of driver '%s' "
                          "[device-missing]\n  note: it has %d",
                          index, name, count);
  orch_allocator allocator = allocatorOrSystem(given);
  orch_device *device = create<orch_device>(allocator);
  if (!device)
    return outOfMemory(sizeof(orch_device), "a device");
  device->driver = driver;
  device->index = index;
  device->allocator = allocator;
  if (orch_status status =
          driver->open(index, &device->allocator, &device->state)) {
    destroy(allocator, device);
    return status;
  }
  *out = device;
  return ORCH_OK;
}

orch_status orch_device_close(orch_device *device) {
  if (!device)
    return ORCH_OK;
  int64_t alive = device->alive.load(std::memory_order_acquire);
  if (alive != 0)
    return orch_set_error(ORCH_ERROR_BUSY,
                          "error: the device '%s' has %lld allocations, "
                          "events or kernels alive [device-busy]",
                          device->driver->name, static_cast<long long>(alive));
  device->driver->close(device->state);
  destroy(device->allocator, device);
  return ORCH_OK;
}

const orch_driver *orch_device_driver(const orch_device *device) {
  return device->driver;
}

int32_t orch_device_index(const orch_device *device) { return device->index; }

orch_status orch_device_query(orch_device *device, orch_device_info *info) {
  if (!device || !info || info->struct_size != sizeof(*info))
    return invalid("orch_device_query needs a device and an orch_device_info "
                   "with its struct_size set");
  orch_device_info found = {};
  found.struct_size = sizeof(found);
  if (orch_status status = device->driver->info(device->state, &found))
    return status;
  *info = found;
  return ORCH_OK;
}

orch_status orch_device_allocate(orch_device *device, uint64_t size,
                                 uint64_t alignment, void **pointer) {
  if (alignment == 0)
    alignment = ORCH_BUFFER_ALIGNMENT;
  if (!device || !pointer || size == 0 || alignment > 4096 ||
      (alignment & (alignment - 1)))
    return invalid("orch_device_allocate needs a device, a size above 0, an "
                   "alignment that is a power of two up to 4096, and a place "
                   "for the address");
  if (orch_status status =
          device->driver->allocate(device->state, size, alignment, pointer))
    return status;
  device->alive.fetch_add(1, std::memory_order_relaxed);
  return ORCH_OK;
}

void orch_device_deallocate(orch_device *device, void *pointer) {
  if (!device || !pointer)
    return;
  device->driver->deallocate(device->state, pointer);
  device->alive.fetch_sub(1, std::memory_order_release);
}

orch_status orch_device_copy(orch_device *device, void *to, const void *from,
                             uint64_t size, uint32_t kind) {
  if (!device || kind > ORCH_COPY_DEVICE_TO_DEVICE)
    return invalid("orch_device_copy needs a device and a kind of copy");
  if (size == 0)
    return ORCH_OK;
  if (!to || !from)
    return invalid("orch_device_copy needs two addresses");
  return device->driver->copy(device->state, to, from, size,
                              orch_copy_kind(kind));
}

orch_status orch_device_sync(orch_device *device) {
  if (!device)
    return invalid("the device is null");
  return device->driver->sync(device->state);
}

orch_status orch_event_create(orch_device *device, orch_event **out) {
  if (!device || !out)
    return invalid(
        "orch_event_create needs a device and a place for the event");
  orch_event *event = create<orch_event>(device->allocator);
  if (!event)
    return outOfMemory(sizeof(orch_event), "an event");
  event->device = device;
  if (orch_status status =
          device->driver->event_create(device->state, &event->state)) {
    destroy(device->allocator, event);
    return status;
  }
  device->alive.fetch_add(1, std::memory_order_relaxed);
  *out = event;
  return ORCH_OK;
}

void orch_event_destroy(orch_event *event) {
  if (!event)
    return;
  orch_device *device = event->device;
  device->driver->event_destroy(device->state, event->state);
  destroy(device->allocator, event);
  device->alive.fetch_sub(1, std::memory_order_release);
}

orch_status orch_event_record(orch_event *event) {
  if (!event)
    return invalid("the event is null");
  return event->device->driver->event_record(event->device->state,
                                             event->state);
}

orch_status orch_event_wait(orch_event *event) {
  if (!event)
    return invalid("the event is null");
  return event->device->driver->event_wait(event->device->state, event->state);
}

orch_status orch_event_query(orch_event *event, int32_t *done) {
  if (!event || !done)
    return invalid("orch_event_query needs an event and a place for the "
                   "answer");
  const orch_driver *driver = event->device->driver;
  if (driver->event_query)
    return driver->event_query(event->device->state, event->state, done);
  if (orch_status status =
          driver->event_wait(event->device->state, event->state))
    return status;
  *done = 1;
  return ORCH_OK;
}
