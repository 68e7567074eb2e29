//===- CUDAKernel.cpp - Device code of NVIDIA GPUs ------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel is a module of its own. Tensor maps depend on addresses alone, and a
// program's addresses seldom change: the maps of the last launch are kept, and
// made again only for arguments that moved.
//
//===----------------------------------------------------------------------===//
#include "CUDADriver.h"

#include <cstdio>

using namespace orchestra::runtime;
using namespace orchestra::runtime::cuda;

// Values of the driver's interface.
static constexpr int kMaxSharedAttribute = 8;
static constexpr int kSwizzle128 = 3;
static constexpr int kPromote128 = 2;
/// CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION
static constexpr int kProgrammaticSerialization = 6;

namespace {

struct alignas(64) TensorMap {
  unsigned char bytes[128];
};

struct Kernel {
  orch_kernel_info info;
  Module module;
  Function function;
  pthread_mutex_t lock;
  Array<orch_kernel_parameter> parameters;
  Array<TensorMap> maps;  ///< one a parameter
  Array<void *> mappedTo; ///< the address in each map
};

/// The driver's number for a type of elements, -1 if it has none.
int getDataType(uint32_t dtype) {
  switch (dtype) {
  case ORCH_DTYPE_U8:
  case ORCH_DTYPE_I8:
    return 0;
  case ORCH_DTYPE_F16:
    return 6;
  case ORCH_DTYPE_F32:
    return 7;
  case ORCH_DTYPE_F64:
    return 8;
  case ORCH_DTYPE_BF16:
    return 9;
  default:
    return -1;
  }
}

uint64_t getBytes(uint32_t dtype) {
  switch (dtype) {
  case ORCH_DTYPE_F64:
    return 8;
  case ORCH_DTYPE_F32:
    return 4;
  case ORCH_DTYPE_F16:
  case ORCH_DTYPE_BF16:
    return 2;
  default:
    return 1;
  }
}

orch_status encode(const Api &api, const orch_kernel_parameter &parameter,
                   void *address, TensorMap &map) {
  // The driver wants the fastest dimension first, and no stride of it.
  uint64_t dims[ORCH_MAX_MAP_RANK], strides[ORCH_MAX_MAP_RANK];
  uint32_t box[ORCH_MAX_MAP_RANK], steps[ORCH_MAX_MAP_RANK];
  int lower[ORCH_MAX_WINDOW_RANK], upper[ORCH_MAX_WINDOW_RANK];
  bool windows = parameter.kind == ORCH_PARAMETER_WINDOW_MAP;
  uint64_t bytes = getBytes(parameter.dtype);
  for (uint32_t dim = 0; dim < parameter.rank; ++dim) {
    uint32_t from = parameter.rank - 1 - dim;
    dims[dim] = parameter.shape[from];
    box[dim] = parameter.box[from];
    steps[dim] = 1;
    bytes *= dims[dim];
    strides[dim] = bytes;
    // The driver has no stride of the fastest dimension.
    if (windows && from > 0)
      strides[dim] = parameter.strides[from - 1] * getBytes(parameter.dtype);
  }
  // Spatial dimensions: all but the fastest and the slowest.
  for (uint32_t dim = 1; windows && dim + 1 < parameter.rank; ++dim) {
    uint32_t from = parameter.rank - 2 - dim;
    steps[dim] = parameter.steps[from];
    lower[dim - 1] = parameter.lower[from];
    upper[dim - 1] = parameter.upper[from];
  }
  int type = getDataType(parameter.dtype);
  Result result =
      windows ? api.windowMapEncode(
                    &map, type, parameter.rank, address, dims, strides, lower,
                    upper, /*channels=*/parameter.box[1],
                    /*pixels=*/parameter.box[0], steps, /*interleave=*/0,
                    kSwizzle128, kPromote128, /*fill=*/0)
              : api.tensorMapEncode(&map, type, parameter.rank, address, dims,
                                    strides, box, steps, /*interleave=*/0,
                                    kSwizzle128, kPromote128, /*fill=*/0);
  return api.check(result, "describing a tensor to it");
}

bool isMap(const orch_kernel_parameter &parameter) {
  return parameter.kind == ORCH_PARAMETER_TENSOR_MAP ||
         parameter.kind == ORCH_PARAMETER_WINDOW_MAP;
}

orch_status checkMaps(const Api &api, const orch_kernel_info &info) {
  for (uint32_t i = 0; i < info.parameter_count; ++i) {
    const orch_kernel_parameter &parameter = info.parameters[i];
    if (!isMap(parameter))
      continue;
    if (!api.tensorMapEncode || !api.windowMapEncode)
      return orch_set_error(ORCH_ERROR_VERSION,
                            "error: the driver of NVIDIA GPUs is too old "
                            "[driver-too-old]\n  note: kernel '%s' copies by "
                            "tensor maps, which came with version 12.0",
                            info.name);
    if (getDataType(parameter.dtype) < 0)
      return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                            "error: a tensor map of kernel '%s' has elements "
                            "of a type it cannot have [invalid-argument]",
                            info.name);
  }
  return ORCH_OK;
}

Result launch(const Device &device, const Kernel &kernel, const uint32_t *grid,
              void **parameters) {
  const orch_kernel_info &info = kernel.info;
  if (!(info.flags & ORCH_KERNEL_WAITS) || !device.api.overlapsLaunches)
    return device.api.launchKernel(kernel.function, grid[0], grid[1], grid[2],
                                   info.block[0], info.block[1], info.block[2],
                                   info.shared_bytes, device.stream, parameters,
                                   nullptr);
  LaunchAttribute early = {};
  early.id = kProgrammaticSerialization;
  early.value.number = 1;
  LaunchConfig config = {{grid[0], grid[1], grid[2]},
                         {info.block[0], info.block[1], info.block[2]},
                         info.shared_bytes,
                         device.stream,
                         &early,
                         1};
  return device.api.launchKernelEx(&config, kernel.function, parameters,
                                   nullptr);
}

orch_status loadCode(const Device &device, Kernel &kernel, const void *code) {
  const Api &api = device.api;
  Result result = api.moduleLoadData(&kernel.module, code);
  if (result) {
    const char *text = nullptr;
    api.getErrorString(result, &text);
    return orch_set_error(
        ORCH_ERROR_UNSUPPORTED,
        "error: the GPU cannot load the code of kernel '%s' "
        "[no-device-code]\n  note: it has compute capability %d.%d\n  note: "
        "the driver says: %s (%d)",
        kernel.info.name, device.major, device.minor,
        text ? text : "unknown error", result);
  }
  if (api.moduleGetFunction(&kernel.function, kernel.module,
                            kernel.info.name)) {
    api.moduleUnload(kernel.module);
    return orch_set_error(ORCH_ERROR_BAD_ARTEFACT,
                          "error: the device code has no kernel '%s' "
                          "[no-device-code]",
                          kernel.info.name);
  }
  // More than 48 KB have to be asked for.
  result = api.functionSetAttribute(kernel.function, kMaxSharedAttribute,
                                    int(kernel.info.shared_bytes));
  if (result) {
    api.moduleUnload(kernel.module);
    return orch_set_error(ORCH_ERROR_UNSUPPORTED,
                          "error: kernel '%s' needs more shared memory than "
                          "the GPU has [shared-memory]\n  note: it needs %u "
                          "bytes for a group",
                          kernel.info.name, kernel.info.shared_bytes);
  }
  return ORCH_OK;
}

} // namespace

orch_status cuda::kernelLoad(void *state, const void *code, uint64_t size,
                             const orch_kernel_info *info, void **out) {
  Device &device = *static_cast<Device *>(state);
  if (orch_status status = checkMaps(device.api, *info))
    return status;
  // PTX is text that the driver reads up to a zero.
  Array<char> text;
  Kernel *kernel = create<Kernel>(device.allocator);
  if (!kernel || !text.allocate(device.allocator, size + 1) ||
      !kernel->parameters.allocate(device.allocator, info->parameter_count) ||
      !kernel->maps.allocate(device.allocator, info->parameter_count) ||
      !kernel->mappedTo.allocate(device.allocator, info->parameter_count)) {
    destroy(device.allocator, kernel);
    return outOfMemory(sizeof(Kernel) + size, "a kernel");
  }
  memcpy(text.data(), code, size);
  for (uint32_t i = 0; i < info->parameter_count; ++i)
    kernel->parameters[i] = info->parameters[i];
  kernel->info = *info;
  kernel->info.parameters = nullptr;
  Current current(device);
  if (orch_status status = loadCode(device, *kernel, text.data())) {
    destroy(device.allocator, kernel);
    return status;
  }
  kernel->info.name = nullptr; // The caller's.
  pthread_mutex_init(&kernel->lock, nullptr);
  *out = kernel;
  return ORCH_OK;
}

void cuda::kernelUnload(void *state, void *opaque) {
  Device &device = *static_cast<Device *>(state);
  Kernel *kernel = static_cast<Kernel *>(opaque);
  Current current(device);
  device.api.moduleUnload(kernel->module);
  pthread_mutex_destroy(&kernel->lock);
  destroy(device.allocator, kernel);
}

orch_status cuda::kernelLaunch(void *state, void *opaque,
                               void *const *arguments, const uint32_t *grid) {
  Device &device = *static_cast<Device *>(state);
  Kernel &kernel = *static_cast<Kernel *>(opaque);
  void *parameters[ORCH_MAX_KERNEL_PARAMETERS];
  void *addresses[ORCH_MAX_KERNEL_PARAMETERS];
  Current current(device);
  // The driver copies the parameters during the launch.
  pthread_mutex_lock(&kernel.lock);
  orch_status status = ORCH_OK;
  for (uint32_t i = 0; !status && i < kernel.info.parameter_count; ++i) {
    const orch_kernel_parameter &parameter = kernel.parameters[i];
    addresses[i] = arguments[parameter.argument];
    parameters[i] = parameter.kind == ORCH_PARAMETER_VALUE
                        ? arguments[parameter.argument]
                        : &addresses[i];
    if (!isMap(parameter))
      continue;
    parameters[i] = &kernel.maps[i];
    if (kernel.mappedTo[i] == addresses[i])
      continue;
    status = encode(device.api, parameter, addresses[i], kernel.maps[i]);
    kernel.mappedTo[i] = status ? nullptr : addresses[i];
  }
  if (!status) {
    if (!grid)
      grid = kernel.info.grid;
    status = device.api.check(launch(device, kernel, grid, parameters),
                              "launching a kernel");
  }
  pthread_mutex_unlock(&kernel.lock);
  return status;
}
