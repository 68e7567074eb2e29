//===- PoolBenchmark.cpp - What a parallel loop costs ---------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the time of an empty parallel_for, per number of threads, hot (loops
// one
//   after another) and cold (after the threads went to sleep). Not a test.
//
//===----------------------------------------------------------------------===//
#include "orchestra_runtime/pool.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>
#include <vector>

namespace {

double nanoseconds() {
  using namespace std::chrono;
  return double(duration_cast<std::chrono::nanoseconds>(
                    steady_clock::now().time_since_epoch())
                    .count());
}

void nothing(orch_exec *, void *, int64_t, int64_t) {}

} // namespace

int main(int argc, char **argv) {
  int most = argc > 1 ? atoi(argv[1]) : orch_cpu_count();
  printf("threads  hot min ns  hot median ns  cold median ns\n");
  for (int threads = 1; threads <= most; threads *= 2) {
    orch_pool_options options = ORCH_POOL_OPTIONS_INIT;
    options.num_threads = threads;
    orch_pool *pool = nullptr;
    if (orch_pool_create(&options, &pool) != ORCH_OK) {
      fprintf(stderr, "%s\n", orch_last_error());
      return 1;
    }
    std::vector<double> hot, cold;
    const int batch = 1000;
    for (int round = 0; round < 200; ++round) {
      double start = nanoseconds();
      for (int i = 0; i < batch; ++i)
        orch_pool_parallel_for(pool, threads, 1, nothing, nullptr);
      hot.push_back((nanoseconds() - start) / batch);
    }
    for (int round = 0; round < 50; ++round) {
      usleep(2000);
      double start = nanoseconds();
      orch_pool_parallel_for(pool, threads, 1, nothing, nullptr);
      cold.push_back(nanoseconds() - start);
    }
    std::sort(hot.begin(), hot.end());
    std::sort(cold.begin(), cold.end());
    printf("%7d  %10.1f  %13.1f  %14.1f\n", threads, hot.front(),
           hot[hot.size() / 2], cold[cold.size() / 2]);
    orch_pool_release(pool);
  }
  return 0;
}
