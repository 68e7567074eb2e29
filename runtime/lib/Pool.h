//===- Pool.h - What contexts need of the thread pool -----------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_LIB_POOL_H
#define ORCHESTRA_RUNTIME_LIB_POOL_H

#include "orchestra_runtime/pool.h"

namespace orchestra::runtime {

/// orch_pool_parallel_for on at most `maxThreads` threads; `exec` is handed to
/// the body.
void parallelFor(orch_pool *pool, int64_t maxThreads, orch_exec *exec,
                 int64_t count, int64_t grain, orch_body_fn body, void *env);

} // namespace orchestra::runtime

#endif // ORCHESTRA_RUNTIME_LIB_POOL_H
