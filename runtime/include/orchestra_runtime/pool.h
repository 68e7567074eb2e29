/*===- pool.h - The threads that share the work of a loop ------------------===*
 *
 * Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What: orch_pool, a fixed number of threads that run slices of a loop. The
 *   thread that calls parallel_for is one of them. Idle threads spin for a
 *   while, then sleep until there is work.
 * Threads: every function may be called from any thread. A pool runs one loop
 *   at a time: while it is busy, other callers (and nested loops) run theirs
 *   alone on their own thread, so nothing ever waits for a lock.
 * Fork: threads do not survive fork(). In a child process a pool of its parent
 *   still works, on the calling thread only.
 *
 *===----------------------------------------------------------------------===*/
#ifndef ORCHESTRA_RUNTIME_POOL_H
#define ORCHESTRA_RUNTIME_POOL_H

#include "orchestra_runtime/base.h"
#include "orchestra_runtime/format.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ORCH_MAX_THREADS 1024

typedef struct orch_pool orch_pool;

/* Bits of orch_pool_options.flags. */
enum {
  /* Bind worker i to the i-th CPU of the creating thread's affinity mask. The
   * calling thread is left alone; it had better run on the first. */
  ORCH_POOL_PIN = 1u << 0
};

typedef struct orch_pool_options {
  uint32_t struct_size; /* sizeof(orch_pool_options) */
  uint32_t flags;       /* ORCH_POOL_* */
  int32_t num_threads;  /* with the caller; 0: orch_cpu_count() */
  /* Microseconds a thread spins before it sleeps; negative: the default, which
   * is 200, or 0 when there are more threads than CPUs. */
  int32_t spin_us;
  const orch_allocator *allocator; /* NULL: the system's */
} orch_pool_options;

#define ORCH_POOL_OPTIONS_INIT {sizeof(orch_pool_options), 0, 0, -1, NULL}

/* CPUs that this thread may run on (its affinity mask), at least 1. */
ORCH_API int32_t orch_cpu_count(void);

/* Makes a pool with one reference. `options` may be NULL.
 * Errors: INVALID_ARGUMENT, OUT_OF_MEMORY, SYSTEM (no more threads). */
ORCH_CHECKED ORCH_API orch_status
orch_pool_create(const orch_pool_options *options, orch_pool **pool);
ORCH_API void orch_pool_retain(orch_pool *pool);
/* The last release stops and joins the threads; it must not come from inside a
 * loop of this pool. NULL is ignored. */
ORCH_API void orch_pool_release(orch_pool *pool);
ORCH_API int32_t orch_pool_num_threads(const orch_pool *pool);

/* Runs body(NULL, env, begin, end) on disjoint slices that cover [0, count),
 * one a thread, contiguous, each of at least `grain` iterations (values under 1
 * count as 1) unless `count` is smaller. Returns when all are done. */
ORCH_API void orch_pool_parallel_for(orch_pool *pool, int64_t count,
                                     int64_t grain, orch_body_fn body,
                                     void *env);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* ORCHESTRA_RUNTIME_POOL_H */
