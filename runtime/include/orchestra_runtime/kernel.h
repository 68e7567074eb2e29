/*===- kernel.h - Device code and its launches
 * ------------------------------===*
 *
 * Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What: kernels that the compiler made for a device, loaded from memory and
 *   launched by what the compiler said of them: how many threads, how much
 *   shared memory, and what each parameter is made of.
 * Threads: any; a kernel may be launched by several threads at once.
 * Order: a launch goes into the queue of its device, as copies do (device.h).
 *
 *===----------------------------------------------------------------------===*/
#ifndef ORCHESTRA_RUNTIME_KERNEL_H
#define ORCHESTRA_RUNTIME_KERNEL_H

#include "orchestra_runtime/base.h"
#include "orchestra_runtime/device.h"
#include "orchestra_runtime/format.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct orch_kernel orch_kernel;

#define ORCH_MAX_KERNEL_PARAMETERS 256
typedef struct orch_kernel_info {
  uint32_t struct_size; /* set by the caller */
  uint32_t parameter_count;
  const char *name; /* of the function in the code */
  uint32_t grid[3];
  uint32_t block[3];
  uint32_t shared_bytes;                   /* dynamic ones, of a block */
  uint32_t argument_count;                 /* of a launch */
  const orch_kernel_parameter *parameters; /* parameter_count of them */
  uint32_t flags;                          /* orch_kernel_flag */
} orch_kernel_info;

/* Loads device code; `info` and `code` are copied. The kernel counts as memory
 * of its device: close the device after unloading it.
 * Errors: UNSUPPORTED (the device runs no kernels, or not this one),
 * INVALID_ARGUMENT, BAD_ARTEFACT (no device code of this function), and the
 * driver's. */
ORCH_CHECKED ORCH_API orch_status orch_kernel_load(orch_device *device,
                                                   const void *code,
                                                   uint64_t size,
                                                   const orch_kernel_info *info,
                                                   orch_kernel **kernel);
/* After all launches are done; NULL is ignored. */
ORCH_API void orch_kernel_unload(orch_kernel *kernel);
/* Enqueues a launch with `count` arguments: addresses in the device's memory,
 * or of values in the host's, which are read at once. `grid` may be NULL: as
 * loaded. What depends on addresses alone is kept for the next launch with the
 * same ones. */
ORCH_CHECKED ORCH_API orch_status orch_kernel_launch(orch_kernel *kernel,
                                                     void *const *arguments,
                                                     uint32_t count,
                                                     const uint32_t *grid);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* ORCHESTRA_RUNTIME_KERNEL_H */
