//===- CPUDevice.cpp - The host as a device -------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the driver "cpu": its memory is the host's, its copies are done when
// the
//   call returns, so an event is done as soon as it is recorded.
//
//===----------------------------------------------------------------------===//
#include "../../lib/CPUFeatures.h"
#include "../../lib/Memory.h"
#include "orchestra_runtime/device.h"
#include "orchestra_runtime/pool.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

using namespace orchestra::runtime;

namespace {

// There is nothing to keep: any non-null address will do for handles.
char handle;

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
  snprintf(info->name, sizeof(info->name), "%s, %d CPUs", hostArchitecture(),
           orch_cpu_count());
  snprintf(info->arch, sizeof(info->arch), "%s", hostArchitecture());
  long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  info->memory_bytes = pages > 0 ? uint64_t(pages) * uint64_t(size) : 0;
  return ORCH_OK;
}

orch_status allocate(void *, uint64_t size, uint64_t alignment,
                     void **pointer) {
  // A size is not remembered, so this is not the caller's allocator, which
  // wants it back.
  void *memory = nullptr;
  if (alignment < sizeof(void *))
    alignment = sizeof(void *);
  if (size > uint64_t(PTRDIFF_MAX) ||
      posix_memalign(&memory, alignment, size) != 0)
    return outOfMemory(size, "device 'cpu'");
  *pointer = memory;
  return ORCH_OK;
}

void deallocate(void *, void *pointer) { free(pointer); }

orch_status copy(void *, void *to, const void *from, uint64_t size,
                 orch_copy_kind) {
  memcpy(to, from, size);
  return ORCH_OK;
}

orch_status sync(void *) { return ORCH_OK; }

orch_status eventCreate(void *, void **event) {
  *event = &handle;
  return ORCH_OK;
}

void eventDestroy(void *, void *) {}

orch_status eventRecord(void *, void *) { return ORCH_OK; }

orch_status eventWait(void *, void *) { return ORCH_OK; }

orch_status eventQuery(void *, void *, int32_t *done) {
  *done = 1;
  return ORCH_OK;
}

} // namespace

extern const orch_driver orchestraCPUDriver;
const orch_driver orchestraCPUDriver = {
    sizeof(orch_driver),
    ORCH_DEVICE_ABI_VERSION,
    "cpu",
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
};
