//===- CUDADriver.cpp - Opening NVIDIA's driver ---------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "CUDADriver.h"

#include <dlfcn.h>

using namespace orchestra::runtime;
using namespace orchestra::runtime::cuda;

/// The oldest driver interface that is enough, as cuDriverGetVersion counts.
static constexpr int kMinVersion = 11000;
/// The first that captures launches which begin before others end.
static constexpr int kOverlapVersion = 12030;

orch_status Api::load() {
  *this = {};
  library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return orch_set_error(
        ORCH_ERROR_NOT_FOUND,
        "error: the driver of NVIDIA GPUs is not installed [device-missing]\n"
        "  note: libcuda.so.1 was not found");
  const char *missing = nullptr;
  auto get = [&](auto &function, const char *name, bool required = true) {
    void *symbol = dlsym(library, name);
    if (!symbol && required && !missing)
      missing = name;
    function =
        reinterpret_cast<std::remove_reference_t<decltype(function)>>(symbol);
  };
  get(init, "cuInit");
  get(driverGetVersion, "cuDriverGetVersion");
  get(getErrorString, "cuGetErrorString");
  get(deviceGetCount, "cuDeviceGetCount");
  get(deviceGet, "cuDeviceGet");
  get(deviceGetName, "cuDeviceGetName");
  get(deviceTotalMem, "cuDeviceTotalMem_v2");
  get(deviceGetAttribute, "cuDeviceGetAttribute");
  get(contextRetain, "cuDevicePrimaryCtxRetain");
  get(contextRelease, "cuDevicePrimaryCtxRelease_v2");
  get(contextPush, "cuCtxPushCurrent_v2");
  get(contextPop, "cuCtxPopCurrent_v2");
  get(memAlloc, "cuMemAlloc_v2");
  get(memFree, "cuMemFree_v2");
  get(memGetInfo, "cuMemGetInfo_v2");
  get(copyToDevice, "cuMemcpyHtoDAsync_v2");
  get(copyToHost, "cuMemcpyDtoHAsync_v2");
  get(copyWithin, "cuMemcpyDtoDAsync_v2");
  get(streamCreate, "cuStreamCreate");
  get(streamDestroy, "cuStreamDestroy_v2");
  get(streamSynchronize, "cuStreamSynchronize");
  get(eventCreate, "cuEventCreate");
  get(eventDestroy, "cuEventDestroy_v2");
  get(eventRecord, "cuEventRecord");
  get(eventSynchronize, "cuEventSynchronize");
  get(eventQuery, "cuEventQuery");
  get(moduleLoadData, "cuModuleLoadData");
  get(moduleUnload, "cuModuleUnload");
  get(moduleGetFunction, "cuModuleGetFunction");
  get(functionSetAttribute, "cuFuncSetAttribute");
  get(launchKernel, "cuLaunchKernel");
  get(launchKernelEx, "cuLaunchKernelEx", /*required=*/false);
  get(memHostAlloc, "cuMemHostAlloc");
  get(memFreeHost, "cuMemFreeHost");
  get(captureBegin, "cuStreamBeginCapture_v2");
  get(captureEnd, "cuStreamEndCapture");
  get(graphInstantiate, "cuGraphInstantiateWithFlags");
  get(graphDestroy, "cuGraphDestroy");
  get(graphExecDestroy, "cuGraphExecDestroy");
  get(graphLaunch, "cuGraphLaunch");
  get(tensorMapEncode, "cuTensorMapEncodeTiled", /*required=*/false);
  get(windowMapEncode, "cuTensorMapEncodeIm2col", /*required=*/false);
  int version = 0;
  if (!missing)
    driverGetVersion(&version);
  if (missing || version < kMinVersion) {
    orch_set_error(ORCH_ERROR_VERSION,
                   "error: the driver of NVIDIA GPUs is too old "
                   "[driver-too-old]\n  note: it has version %d.%d; %d.%d is "
                   "needed%s%s",
                   version / 1000, version % 1000 / 10, kMinVersion / 1000,
                   kMinVersion % 1000 / 10, missing ? ", and it lacks " : "",
                   missing ? missing : "");
    unload();
    return ORCH_ERROR_VERSION;
  }
  overlapsLaunches = launchKernelEx && version >= kOverlapVersion;
  Result result = init(0);
  if (result == 0 || result == kNoDevice)
    return ORCH_OK;
  orch_status status = check(result, "starting the driver");
  unload();
  return status;
}

void Api::unload() {
  if (library)
    dlclose(library);
  library = nullptr;
}

orch_status Api::check(Result result, const char *doing) const {
  if (result == 0)
    return ORCH_OK;
  const char *text = nullptr;
  getErrorString(result, &text);
  bool memory = result == kOutOfMemory;
  return orch_set_error(
      memory ? ORCH_ERROR_OUT_OF_MEMORY : ORCH_ERROR_EXECUTION,
      "error: the GPU failed while %s [%s]\n  note: the driver says: %s (%d)",
      doing, memory ? "out-of-memory" : "device-failed",
      text ? text : "unknown error", result);
}
