/*===- device_set.h - Core sets of the CPU as devices
 * -----------------------===*
 *
 * Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What: orch_device_set, the devices that programs planned for several run on.
 *   Each is a set of cores with a queue thread, a pool of threads for loops,
 * and memory of its own in every context. Order: a context has a queue of its
 * own on each device. A device runs one command at a time, that of the oldest
 * run that can go on: when one request waits for another device, the next one
 * has the cores. Threads: everything may be called from any thread.
 *
 *===----------------------------------------------------------------------===*/
#ifndef ORCHESTRA_RUNTIME_DEVICE_SET_H
#define ORCHESTRA_RUNTIME_DEVICE_SET_H

#include "orchestra_runtime/base.h"
#include "orchestra_runtime/program.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ORCH_MAX_DEVICES 64

typedef struct orch_device_set orch_device_set;

/* One device: cores of the CPU. */
typedef struct orch_core_set {
  const char *name; /* copied; "cpu0" */
  /* The CPUs to run on, as the system numbers them; NULL: wherever the system
   * puts it. Devices may share cores. */
  const int32_t *cores;
  uint32_t num_cores; /* of `cores`, and threads; 0: one */
  /* What the arenas of all contexts may take together; 0: no limit. */
  uint64_t memory_bytes;
} orch_core_set;

typedef struct orch_device_set_options {
  uint32_t struct_size; /* sizeof(orch_device_set_options) */
  uint32_t num_devices; /* 1 to ORCH_MAX_DEVICES */
  const orch_core_set *devices;
  /* Microseconds an idle device spins before it sleeps; negative: the default,
   * which is 200, or 0 when there are more threads than CPUs. */
  int32_t spin_us;
  const orch_allocator *allocator; /* NULL: the system's */
} orch_device_set_options;

#define ORCH_DEVICE_SET_OPTIONS_INIT                                           \
  {sizeof(orch_device_set_options), 0, NULL, -1, NULL}

/* Makes a set with one reference.
 * Errors: INVALID_ARGUMENT, NOT_FOUND (a core that this process may not use),
 * OUT_OF_MEMORY, SYSTEM (no more threads). */
ORCH_CHECKED ORCH_API orch_status orch_device_set_create(
    const orch_device_set_options *options, orch_device_set **set);
/* Makes the devices that `program` was planned for. Errors: as above, and
 * INVALID_ARGUMENT when it was not planned for several. */
ORCH_CHECKED ORCH_API orch_status orch_device_set_for_program(
    const orch_program *program, const orch_allocator *allocator,
    orch_device_set **set);
ORCH_API void orch_device_set_retain(orch_device_set *set);
/* The last release stops and joins the threads. NULL is ignored. */
ORCH_API void orch_device_set_release(orch_device_set *set);

ORCH_API uint32_t orch_device_set_count(const orch_device_set *set);
/* NULL when `device` is out of range. */
ORCH_API const char *orch_device_set_name(const orch_device_set *set,
                                          uint32_t device);
/* Threads of one device's loops; 0 when `device` is out of range. */
ORCH_API int32_t orch_device_set_num_threads(const orch_device_set *set,
                                             uint32_t device);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* ORCHESTRA_RUNTIME_DEVICE_SET_H */
