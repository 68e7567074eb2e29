/*===- context.h - Running a program ---------------------------------------===*
 *
 * Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What: orch_context, what one run of a program needs for itself: an arena,
 *   threads, the last shapes, a profile.
 * Threads: one thread uses a context at a time (a second one gets BUSY). Any
 *   number of contexts run the same program at once, with pools of their own or
 *   one shared pool.
 *
 *===----------------------------------------------------------------------===*/
#ifndef ORCHESTRA_RUNTIME_CONTEXT_H
#define ORCHESTRA_RUNTIME_CONTEXT_H

#include "orchestra_runtime/base.h"
#include "orchestra_runtime/device_set.h"
#include "orchestra_runtime/pool.h"
#include "orchestra_runtime/program.h"
#include "orchestra_runtime/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct orch_context orch_context;

/* Bits of orch_context_options.flags. */
enum {
  ORCH_CONTEXT_PROFILING = 1u << 0, /* time each kernel call */
  /* Fill the arena with 0xFF bytes (NaNs) before each run, so that code which
   * reads what it did not write shows. For tests. */
  ORCH_CONTEXT_POISON_ARENA = 1u << 1
};

typedef struct orch_context_options {
  uint32_t struct_size; /* sizeof(orch_context_options) */
  uint32_t flags;       /* ORCH_CONTEXT_* */
  /* Threads a run may use, with the caller. 0: all of `pool`, or one for each
   * CPU when there is none. At most the pool's. */
  int32_t num_threads;
  /* A pool to share; the context holds a reference. NULL: one of its own. */
  orch_pool *pool;
  /* Memory for intermediate values, aligned to ORCH_BUFFER_ALIGNMENT, that
   * outlives the context or its replacement; never resized: a run that needs
   * more fails. NULL: allocated and grown by the context. */
  void *arena;
  uint64_t arena_size;
  /* For the arena, copies of inputs, and outputs that runs allocate. NULL: the
   * system's. */
  const orch_allocator *allocator;
  /* For a program that was planned for several devices: the devices to run on,
   * which contexts may share; the context holds a reference. NULL: a set made
   * as the program describes it. Threads and pools are then those of the
   * devices: num_threads and pool must not be given. */
  orch_device_set *devices;
} orch_context_options;

#define ORCH_CONTEXT_OPTIONS_INIT                                              \
  {sizeof(orch_context_options), 0, 0, NULL, NULL, 0, NULL, NULL}

/* Makes a context; it holds a reference to `program`. `options` may be NULL. */
ORCH_CHECKED ORCH_API orch_status
orch_context_create(orch_program *program, const orch_context_options *options,
                    orch_context **context);
/* Must not be called while the context runs. NULL is ignored. */
ORCH_API void orch_context_destroy(orch_context *context);

ORCH_API orch_program *orch_context_program(const orch_context *context);
ORCH_API int32_t orch_context_num_threads(const orch_context *context);
/* The devices that the context runs on, without a reference; NULL for a program
 * that was not planned for several. */
ORCH_API orch_device_set *orch_context_devices(const orch_context *context);

/* Replaces the arena by the caller's (or by the context's own, when NULL). */
ORCH_CHECKED ORCH_API orch_status orch_context_set_arena(orch_context *context,
                                                         void *arena,
                                                         uint64_t size);

/* What a run with these inputs needs, without running: checks the inputs (their
 * data is not read and may be NULL), writes dtype, rank and dims of all outputs
 * (every other field is left alone) and the arena's size in bytes. `outputs` or
 * `arena_bytes` may be NULL.
 * Errors: INVALID_ARGUMENT, MISMATCH, EXECUTION, BUSY. */
ORCH_CHECKED ORCH_API orch_status orch_context_resolve(
    orch_context *context, const orch_tensor *inputs, uint32_t num_inputs,
    orch_tensor *outputs, uint32_t num_outputs, uint64_t *arena_bytes);

/* Runs the program on the calling thread and the pool; returns when the outputs
 * are written.
 *
 * Inputs come in the program's order. Their dtype, rank and dims are checked;
 * they are only read. Dense, aligned ones are used in place; strided or
 * misaligned ones, and ones that overlap an output, are copied first.
 *
 * An output with NULL `data` is allocated: the structure is overwritten and the
 * caller releases it with orch_tensor_release. An output with `data` must have
 * the resolved dtype, rank and dims; strided and misaligned ones are written
 * through a copy. After an error, outputs of the caller hold anything, and none
 * is left allocated.
 *
 * Errors: INVALID_ARGUMENT, MISMATCH, OUT_OF_MEMORY, EXECUTION, BUSY. */
ORCH_CHECKED ORCH_API orch_status orch_context_run(orch_context *context,
                                                   const orch_tensor *inputs,
                                                   uint32_t num_inputs,
                                                   orch_tensor *outputs,
                                                   uint32_t num_outputs);

/* Times of one kernel call, in nanoseconds, since profiling was switched on or
 * reset. Times include waiting for the slowest thread. */
typedef struct orch_call_profile {
  uint64_t count;         /* how often it ran */
  uint64_t total_ns;      /* sum over all runs */
  uint64_t min_ns;        /* shortest, 0 when count is 0 */
  uint64_t last_ns;       /* latest */
  uint64_t last_start_ns; /* start of the latest, since the start of its run */
} orch_call_profile;

/* Switches profiling on or off for the runs to come; keeps what is collected.
 */
ORCH_CHECKED ORCH_API orch_status
orch_context_set_profiling(orch_context *context, int32_t on);
ORCH_API void orch_context_reset_profile(orch_context *context);
/* Times of kernel call `call`, an index for orch_program_call, which has the
 * kernel's name, the model's nodes, flops and bytes. */
ORCH_CHECKED ORCH_API orch_status orch_context_call_profile(
    const orch_context *context, uint32_t call, orch_call_profile *profile);
/* The device on which a call ran last, while profiling; -1: none, or the
 * program has no devices. */
ORCH_API int32_t orch_context_call_device(const orch_context *context,
                                          uint32_t call);
/* Times of a task or copy of a program on several devices, an index for
 * orch_program_task, in the same form; what waited is not in them. */
ORCH_CHECKED ORCH_API orch_status orch_context_task_profile(
    const orch_context *context, uint32_t task, orch_call_profile *profile);
/* Times of whole runs, in the same form (last_start_ns is 0). */
ORCH_CHECKED ORCH_API orch_status orch_context_run_profile(
    const orch_context *context, orch_call_profile *profile);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* ORCHESTRA_RUNTIME_CONTEXT_H */
