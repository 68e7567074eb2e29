//===- Kernel.cpp - Device code, checked once for all drivers -------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra_runtime/kernel.h"

#include "DeviceState.h"

using namespace orchestra::runtime;

struct orch_kernel {
  orch_device *device;
  void *state;
  uint32_t argumentCount;
};

namespace {

orch_status invalid(const char *what) {
  return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                        "error: %s [invalid-argument]", what);
}

bool hasKernels(const orch_driver &driver) {
  constexpr size_t end =
      offsetof(orch_driver, kernel_launch) + sizeof(driver.kernel_launch);
  return driver.struct_size >= end && driver.kernel_load &&
         driver.kernel_unload && driver.kernel_launch;
}

bool isComplete(const orch_kernel_parameter &parameter) {
  if (parameter.kind == ORCH_PARAMETER_ADDRESS ||
      parameter.kind == ORCH_PARAMETER_VALUE)
    return true;
  bool windows = parameter.kind == ORCH_PARAMETER_WINDOW_MAP;
  if ((parameter.kind != ORCH_PARAMETER_TENSOR_MAP && !windows) ||
      parameter.rank < (windows ? 3 : 1) || parameter.rank > ORCH_MAX_MAP_RANK)
    return false;
  for (uint32_t dim = 0; dim < parameter.rank; ++dim)
    if (parameter.shape[dim] == 0)
      return false;
  for (uint32_t dim = 0; dim < (windows ? 2 : parameter.rank); ++dim)
    if (parameter.box[dim] == 0)
      return false;
  for (uint32_t dim = 0; windows && dim + 2 < parameter.rank; ++dim)
    if (parameter.steps[dim] == 0)
      return false;
  for (uint32_t dim = 0; windows && dim < parameter.rank; ++dim)
    if (parameter.strides[dim] == 0)
      return false;
  return true;
}

orch_status check(const orch_kernel_info &info) {
  for (int dim = 0; dim < 3; ++dim)
    if (info.grid[dim] == 0 || info.block[dim] == 0)
      return invalid("a kernel needs a grid and a block of at least 1");
  if (info.parameter_count > ORCH_MAX_KERNEL_PARAMETERS ||
      (info.parameter_count && !info.parameters))
    return invalid("a kernel has too many parameters, or none given");
  for (uint32_t i = 0; i < info.parameter_count; ++i) {
    if (info.parameters[i].argument >= info.argument_count)
      return invalid("a parameter is made of an argument that a launch does "
                     "not have");
    if (!isComplete(info.parameters[i]))
      return invalid("a parameter is neither an address, nor a value, nor a "
                     "tensor map of a shape and a box");
  }
  return ORCH_OK;
}

} // namespace

orch_status orch_kernel_load(orch_device *device, const void *code,
                             uint64_t size, const orch_kernel_info *info,
                             orch_kernel **out) {
  if (!device || !code || size == 0 || !info || !out ||
      info->struct_size != sizeof(*info) || !info->name)
    return invalid("orch_kernel_load needs a device, code, an orch_kernel_info "
                   "with struct_size and name, and a place for the kernel");
  if (orch_status status = check(*info))
    return status;
  if (!hasKernels(*device->driver))
    return orch_set_error(ORCH_ERROR_UNSUPPORTED,
                          "error: the device '%s' runs no kernels "
                          "[no-device-code]",
                          device->driver->name);
  orch_kernel *kernel = create<orch_kernel>(device->allocator);
  if (!kernel)
    return outOfMemory(sizeof(orch_kernel), "a kernel");
  kernel->device = device;
  kernel->argumentCount = info->argument_count;
  if (orch_status status = device->driver->kernel_load(
          device->state, code, size, info, &kernel->state)) {
    destroy(device->allocator, kernel);
    return status;
  }
  device->alive.fetch_add(1, std::memory_order_relaxed);
  *out = kernel;
  return ORCH_OK;
}

void orch_kernel_unload(orch_kernel *kernel) {
  if (!kernel)
    return;
  orch_device *device = kernel->device;
  device->driver->kernel_unload(device->state, kernel->state);
  destroy(device->allocator, kernel);
  device->alive.fetch_sub(1, std::memory_order_release);
}

orch_status orch_kernel_launch(orch_kernel *kernel, void *const *arguments,
                               uint32_t count, const uint32_t *grid) {
  if (!kernel || (count && !arguments))
    return invalid("orch_kernel_launch needs a kernel and its arguments");
  if (count != kernel->argumentCount)
    return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                          "error: a kernel has %u arguments, but was given %u "
                          "[invalid-argument]",
                          kernel->argumentCount, count);
  orch_device *device = kernel->device;
  return device->driver->kernel_launch(device->state, kernel->state, arguments,
                                       grid);
}
