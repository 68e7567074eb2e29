//===- IsolatedDevice.cpp - A device with memory of its own ---------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How: an allocation is address space without access, and a block of memory
//   behind it that only the queue knows. Its one kernel, "scale", is
//     to[i] = from[i] * factor[0] for i below a value, 4 elements a block.
//
//===----------------------------------------------------------------------===//
#include "IsolatedDevice.h"

#include "TestSupport.h"

#include "orchestra_runtime/kernel.h"

#include <cstring>
#include <functional>
#include <map>
#include <sys/mman.h>

namespace orchestra::runtime::test {

IsolatedCounts isolatedCounts;
IsolatedOptions isolatedOptions;
IsolatedAlive isolatedAlive;

namespace {

using Queue = std::vector<std::function<void()>>;

/// The device's memory, for all who opened it.
std::map<char *, std::vector<char>> blocks;

struct Device {
  Queue queue;
  Queue recording;
  bool captures = false;
  bool capturedOther = false; // what cannot be recorded
};

struct Kernel {
  std::vector<orch_kernel_parameter> parameters;
  uint32_t blocks;
};

orch_status fail(orch_status status, const char *what) {
  return orch_set_error(status, "error: %s [device-failed]", what);
}

/// What is behind [pointer, pointer + size), null: not in one allocation.
char *find(const void *pointer, uint64_t size) {
  auto *at = const_cast<char *>(static_cast<const char *>(pointer));
  auto it = blocks.upper_bound(at);
  if (it == blocks.begin())
    return nullptr;
  auto &[begin, bytes] = *--it;
  auto offset = size_t(at - begin);
  if (offset > bytes.size() || bytes.size() - offset < size)
    return nullptr;
  return bytes.data() + offset;
}

void enqueue(Device &device, std::function<void()> what) {
  (device.captures ? device.recording : device.queue).push_back(what);
}

void drain(Device &device) {
  for (const auto &what : device.queue)
    what();
  device.queue.clear();
}

orch_status count(int32_t *count) {
  *count = 1;
  return ORCH_OK;
}

orch_status open(int32_t, const orch_allocator *, void **out) {
  *out = new Device();
  ++isolatedAlive.devices;
  return ORCH_OK;
}

void close(void *state) {
  auto *device = static_cast<Device *>(state);
  drain(*device);
  delete device;
  --isolatedAlive.devices;
}

orch_status info(void *, orch_device_info *info) {
  snprintf(info->name, sizeof(info->name), "isolated");
  snprintf(info->arch, sizeof(info->arch), "%s", isolatedOptions.arch);
  info->flags = ORCH_DEVICE_STORES_DATA;
  return ORCH_OK;
}

orch_status allocate(void *, uint64_t size, uint64_t, void **pointer) {
  if (isolatedOptions.allocationsFail)
    return fail(ORCH_ERROR_OUT_OF_MEMORY, "the memory is full");
  void *address = mmap(nullptr, size, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED)
    return fail(ORCH_ERROR_OUT_OF_MEMORY, "no address space");
  blocks[static_cast<char *>(address)] = std::vector<char>(size, '\x5a');
  ++isolatedAlive.allocations;
  *pointer = address;
  return ORCH_OK;
}

void deallocate(void *state, void *pointer) {
  auto &device = *static_cast<Device *>(state);
  drain(device);
  auto it = blocks.find(static_cast<char *>(pointer));
  ASSERT_NE(it, blocks.end());
  munmap(pointer, it->second.size());
  blocks.erase(it);
  --isolatedAlive.allocations;
}

orch_status copy(void *state, void *to, const void *from, uint64_t size,
                 orch_copy_kind kind) {
  auto &device = *static_cast<Device *>(state);
  if (kind == ORCH_COPY_HOST_TO_DEVICE)
    ++isolatedCounts.sends;
  if (kind != ORCH_COPY_DEVICE_TO_DEVICE)
    device.capturedOther |= device.captures;
  void *target = kind == ORCH_COPY_DEVICE_TO_HOST ? to : find(to, size);
  const void *source =
      kind == ORCH_COPY_HOST_TO_DEVICE ? from : find(from, size);
  if (!target || !source)
    return fail(ORCH_ERROR_INVALID_ARGUMENT, "a copy leaves the device");
  enqueue(device, [=] { memcpy(target, source, size); });
  return ORCH_OK;
}

orch_status sync(void *state) {
  auto &device = *static_cast<Device *>(state);
  if (device.captures) {
    device.capturedOther = true;
    return fail(ORCH_ERROR_SYSTEM, "waiting while recording");
  }
  drain(device);
  return ORCH_OK;
}

orch_status eventCreate(void *, void **) {
  return fail(ORCH_ERROR_UNSUPPORTED, "there are no events");
}
void eventDestroy(void *, void *) {}
orch_status eventRecord(void *, void *) {
  return fail(ORCH_ERROR_UNSUPPORTED, "there are no events");
}
orch_status eventWait(void *, void *) {
  return fail(ORCH_ERROR_UNSUPPORTED, "there are no events");
}

orch_status kernelLoad(void *, const void *code, uint64_t size,
                       const orch_kernel_info *info, void **kernel) {
  if (strcmp(info->name, "scale") != 0 || size != 4 ||
      memcmp(code, "code", 4) != 0)
    return fail(ORCH_ERROR_BAD_ARTEFACT, "there is no such kernel");
  *kernel =
      new Kernel{{info->parameters, info->parameters + info->parameter_count},
                 info->grid[0]};
  ++isolatedAlive.kernels;
  return ORCH_OK;
}

void kernelUnload(void *, void *kernel) {
  delete static_cast<Kernel *>(kernel);
  --isolatedAlive.kernels;
}

orch_status kernelLaunch(void *state, void *kernel, void *const *arguments,
                         const uint32_t *grid) {
  auto &device = *static_cast<Device *>(state);
  const Kernel &scale = *static_cast<Kernel *>(kernel);
  if (isolatedCounts.launches == isolatedOptions.launchesBeforeFailure)
    return fail(ORCH_ERROR_SYSTEM, "the launch failed");
  ++isolatedCounts.launches;
  int64_t size = 0;
  memcpy(&size, arguments[scale.parameters[3].argument], sizeof(size));
  auto get = [&](int number, uint64_t bytes) {
    return reinterpret_cast<float *>(
        find(arguments[scale.parameters[number].argument], bytes));
  };
  uint64_t bytes = uint64_t(size) * sizeof(float);
  float *from = get(0, bytes), *factor = get(1, sizeof(float)),
        *to = get(2, bytes);
  if (!from || !factor || !to)
    return fail(ORCH_ERROR_INVALID_ARGUMENT, "a kernel leaves the device");
  int64_t reached = 4 * int64_t(grid ? grid[0] : scale.blocks);
  int64_t end = size < reached ? size : reached;
  enqueue(device, [=] {
    for (int64_t i = 0; i < end; ++i)
      to[i] = from[i] * factor[0];
  });
  return ORCH_OK;
}

orch_status captureBegin(void *state) {
  auto &device = *static_cast<Device *>(state);
  ++isolatedCounts.captures;
  device.captures = true;
  device.capturedOther = false;
  device.recording.clear();
  return ORCH_OK;
}

orch_status captureEnd(void *state, void **graph) {
  auto &device = *static_cast<Device *>(state);
  device.captures = false;
  if (device.capturedOther)
    return fail(ORCH_ERROR_UNSUPPORTED, "this cannot be recorded");
  *graph = new Queue(device.recording);
  ++isolatedAlive.graphs;
  return ORCH_OK;
}

orch_status graphLaunch(void *state, void *graph) {
  auto &device = *static_cast<Device *>(state);
  ++isolatedCounts.graphLaunches;
  for (const auto &what : *static_cast<Queue *>(graph))
    device.queue.push_back(what);
  return ORCH_OK;
}

void graphDestroy(void *, void *graph) {
  delete static_cast<Queue *>(graph);
  --isolatedAlive.graphs;
}

orch_status hostAllocate(void *, uint64_t size, void **pointer) {
  if (isolatedOptions.pinnedFails)
    return fail(ORCH_ERROR_OUT_OF_MEMORY, "no memory can be pinned");
  *pointer = malloc(size);
  ++isolatedAlive.pinned;
  return ORCH_OK;
}

void hostDeallocate(void *, void *pointer) {
  free(pointer);
  --isolatedAlive.pinned;
}

const orch_driver isolatedDriver = {sizeof(orch_driver),
                                    ORCH_DEVICE_ABI_VERSION,
                                    "isolated",
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
                                    kernelLoad,
                                    kernelUnload,
                                    kernelLaunch,
                                    captureBegin,
                                    captureEnd,
                                    graphLaunch,
                                    graphDestroy,
                                    hostAllocate,
                                    hostDeallocate};

} // namespace

void resetIsolatedDevice() {
  isolatedCounts = {};
  isolatedOptions = {};
  if (!orch_driver_find("isolated"))
    ASSERT_OK(orch_driver_register(&isolatedDriver));
}

} // namespace orchestra::runtime::test
