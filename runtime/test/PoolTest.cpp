//===- PoolTest.cpp - The thread pool -------------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "TestSupport.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <utility>

using namespace orchestra::runtime::test;

namespace {

struct Recorder {
  std::mutex mutex;
  std::vector<std::pair<int64_t, int64_t>> slices;
  std::set<std::thread::id> threads;

  static void body(orch_exec *, void *env, int64_t begin, int64_t end) {
    auto *self = static_cast<Recorder *>(env);
    std::lock_guard<std::mutex> lock(self->mutex);
    self->slices.emplace_back(begin, end);
    self->threads.insert(std::this_thread::get_id());
  }
};

/// Slices cover [0, count) once, in at most `threads` pieces of at least
/// `grain`.
void checkSplit(orch_pool *pool, int64_t count, int64_t grain, size_t threads) {
  Recorder recorder;
  orch_pool_parallel_for(pool, count, grain, Recorder::body, &recorder);
  std::sort(recorder.slices.begin(), recorder.slices.end());
  int64_t at = 0;
  for (auto [begin, end] : recorder.slices) {
    EXPECT_EQ(begin, at);
    EXPECT_GT(end, begin);
    EXPECT_GE(end - begin, std::min(grain, count)) << count << " by " << grain;
    at = end;
  }
  EXPECT_EQ(at, count > 0 ? count : 0);
  EXPECT_LE(recorder.slices.size(), threads);
  EXPECT_LE(recorder.threads.size(), threads);
}

TEST(Pool, Splits) {
  for (int threads : {1, 2, 3, 8}) {
    PoolPtr pool = makePool(threads);
    EXPECT_EQ(orch_pool_num_threads(pool.get()), threads);
    for (int64_t count : {-5, 0, 1, 2, 3, 7, 8, 9, 100, 1001})
      for (int64_t grain : {-1, 0, 1, 2, 5, 100, 5000})
        checkSplit(pool.get(), count, grain, size_t(threads));
    checkSplit(pool.get(), INT64_MAX, 1, size_t(threads));
  }
}

TEST(Pool, UsesEveryThread) {
  PoolPtr pool = makePool(4);
  Recorder recorder;
  orch_pool_parallel_for(pool.get(), 4, 1, Recorder::body, &recorder);
  EXPECT_EQ(recorder.slices.size(), 4u);
  EXPECT_EQ(recorder.threads.size(), 4u);
  EXPECT_EQ(recorder.threads.count(std::this_thread::get_id()), 1u);
}

TEST(Pool, ManySmallLoops) {
  for (int threads : {2, 5}) {
    PoolPtr pool = makePool(threads);
    std::vector<int64_t> sums(64);
    auto body = [](orch_exec *, void *env, int64_t begin, int64_t end) {
      auto &values = *static_cast<std::vector<int64_t> *>(env);
      for (int64_t i = begin; i < end; ++i)
        values[size_t(i)] += i;
    };
    const int64_t rounds = 20000;
    for (int64_t round = 0; round < rounds; ++round)
      orch_pool_parallel_for(pool.get(), 1 + round % 64, 1, body, &sums);
    int64_t last = sums[63];
    EXPECT_EQ(last, 63 * (rounds / 64));
  }
}

// Workers go to sleep between loops here, and must be woken.
TEST(Pool, Parking) {
  orch_pool_options options = ORCH_POOL_OPTIONS_INIT;
  options.num_threads = 3;
  options.spin_us = 0;
  orch_pool *raw = nullptr;
  ASSERT_OK(orch_pool_create(&options, &raw));
  PoolPtr pool(raw);
  std::atomic<int64_t> sum{0};
  auto body = [](orch_exec *, void *env, int64_t begin, int64_t end) {
    static_cast<std::atomic<int64_t> *>(env)->fetch_add(end - begin);
  };
  for (int round = 0; round < 2000; ++round) {
    orch_pool_parallel_for(pool.get(), 3 - round % 3, 1, body, &sum);
    if (round % 500 == 0)
      usleep(2000);
  }
  int64_t expected = 0;
  for (int round = 0; round < 2000; ++round)
    expected += 3 - round % 3;
  EXPECT_EQ(sum.load(), expected);
}

TEST(Pool, NestedLoopsRunInline) {
  PoolPtr pool = makePool(3);
  struct Env {
    orch_pool *pool;
    std::atomic<int64_t> total{0};
  } env{pool.get()};
  auto outer = [](orch_exec *, void *raw, int64_t begin, int64_t end) {
    auto *env = static_cast<Env *>(raw);
    for (int64_t i = begin; i < end; ++i) {
      std::pair<Env *, std::thread::id> inner{env, std::this_thread::get_id()};
      orch_pool_parallel_for(
          env->pool, 10, 1,
          [](orch_exec *, void *raw, int64_t begin, int64_t end) {
            auto *inner = static_cast<std::pair<Env *, std::thread::id> *>(raw);
            EXPECT_EQ(inner->second, std::this_thread::get_id());
            inner->first->total += end - begin;
          },
          &inner);
    }
  };
  orch_pool_parallel_for(pool.get(), 100, 1, outer, &env);
  EXPECT_EQ(env.total.load(), 1000);
}

TEST(Pool, SharedByManyCallers) {
  PoolPtr pool = makePool(3);
  std::atomic<int64_t> total{0};
  auto body = [](orch_exec *, void *env, int64_t begin, int64_t end) {
    static_cast<std::atomic<int64_t> *>(env)->fetch_add(end - begin);
  };
  inThreads(4, [&](int) {
    for (int round = 0; round < 1000; ++round)
      orch_pool_parallel_for(pool.get(), 17, 1, body, &total);
  });
  EXPECT_EQ(total.load(), 4 * 1000 * 17);
}

TEST(Pool, Pinned) {
  orch_pool_options options = ORCH_POOL_OPTIONS_INIT;
  options.num_threads = 2;
  options.flags = ORCH_POOL_PIN;
  orch_pool *pool = nullptr;
  ASSERT_OK(orch_pool_create(&options, &pool));
  checkSplit(pool, 100, 1, 2);
  orch_pool_release(pool);
}

#if !defined(ORCH_TEST_THREAD_SANITIZER) // which does not follow forks
TEST(Pool, SurvivesFork) {
  PoolPtr pool = makePool(3);
  checkSplit(pool.get(), 100, 1, 3);
  pid_t child = fork();
  if (child == 0) {
    Recorder recorder;
    orch_pool_parallel_for(pool.get(), 100, 1, Recorder::body, &recorder);
    bool alone = recorder.slices.size() == 1;
    pool.reset();
    _exit(alone ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  checkSplit(pool.get(), 100, 1, 3);
}
#endif

TEST(Pool, Arguments) {
  orch_pool *pool = nullptr;
  orch_pool_options options = ORCH_POOL_OPTIONS_INIT;
  options.num_threads = -3;
  EXPECT_EQ(orch_pool_create(&options, &pool), ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("-3 threads");
  options.num_threads = ORCH_MAX_THREADS + 1;
  EXPECT_EQ(orch_pool_create(&options, &pool), ORCH_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(orch_pool_create(&options, nullptr), ORCH_ERROR_INVALID_ARGUMENT);
  ASSERT_OK(orch_pool_create(nullptr, &pool));
  EXPECT_EQ(orch_pool_num_threads(pool), orch_cpu_count());
  orch_pool_release(pool);
  orch_pool_release(nullptr);
}

} // namespace
