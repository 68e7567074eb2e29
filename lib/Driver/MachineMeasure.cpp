//===- MachineMeasure.cpp - Measured limits of sets of cores --------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How: each measurement is the best of several short passes, since whatever
//   else runs on the machine only ever slows one down. Each takes some tens of
//   milliseconds.
//
//===----------------------------------------------------------------------===//
#include "MachineMeasure.h"

#include "PeakLoop.h"

#include "orchestra_runtime/pool.h"

#include "llvm/ADT/STLFunctionalExtras.h"

#include <atomic>
#include <chrono>
#include <cstring>
#include <numeric>
#include <pthread.h>
#include <sched.h>
#include <thread>

using namespace llvm;
using namespace orchestra;

static double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void orchestra::pinTo(Cores cores) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int core : cores)
    if (core >= 0 && core < CPU_SETSIZE)
      CPU_SET(core, &set);
  // What cannot be pinned, for instance in a container, runs elsewhere.
  if (CPU_COUNT(&set))
    (void)pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

/// Runs `work(thread)` once on all cores; the seconds from when all are ready
/// until the last is done.
static double timeThreads(Cores cores, function_ref<void(size_t)> work) {
  std::atomic<size_t> waiting = cores.size();
  std::vector<double> starts(cores.size()), ends(cores.size());
  std::vector<std::thread> threads;
  threads.reserve(cores.size());
  for (size_t i = 0; i < cores.size(); ++i)
    threads.emplace_back([&, i] {
      pinTo(cores[i]);
      --waiting;
      while (waiting != 0)
        std::this_thread::yield();
      starts[i] = now();
      work(i);
      ends[i] = now();
    });
  for (std::thread &thread : threads)
    thread.join();
  return *std::max_element(ends.begin(), ends.end()) -
         *std::min_element(starts.begin(), starts.end());
}

double orchestra::measureArithmetic(StringRef type, Cores cores) {
  std::unique_ptr<PeakLoop> loop = PeakLoop::compile(type);
  if (!loop)
    return 0;
  // Rounds that take about 8 ms here.
  int64_t rounds = 1 << 14;
  for (; rounds < (int64_t(1) << 32); rounds *= 2) {
    double start = now();
    loop->run(rounds);
    if (now() - start > 4e-3)
      break;
  }
  rounds *= 2;
  double best = 0;
  for (int pass = 0; pass < 6; ++pass) {
    double seconds = timeThreads(cores, [&](size_t) { loop->run(rounds); });
    best = std::max(best, loop->getOperations(rounds) * double(cores.size()) /
                              seconds);
  }
  return best;
}

double orchestra::measureMemory(Cores cores) {
  // Far larger than a core's share of any cache.
  constexpr size_t total = size_t(128) << 20;
  size_t words = total / sizeof(uint64_t) / cores.size();
  std::vector<std::vector<uint64_t>> blocks(cores.size());
  std::vector<uint64_t> sums(cores.size() * 8);
  // Whoever touches memory first has it near.
  timeThreads(cores, [&](size_t i) { blocks[i].assign(words, 1); });
  double best = 0;
  for (int pass = 0; pass < 4; ++pass) {
    double seconds = timeThreads(cores, [&](size_t i) {
      sums[i * 8] =
          std::accumulate(blocks[i].begin(), blocks[i].end(), uint64_t(0));
    });
    best = std::max(best,
                    double(words * sizeof(uint64_t) * cores.size()) / seconds);
  }
  // The sums must be used, or the loop may go.
  bool isRight = std::accumulate(sums.begin(), sums.end(), uint64_t(0)) ==
                 words * cores.size();
  return isRight ? best : 0;
}

double orchestra::measureLaunch(Cores cores) {
  double best = 0;
  std::thread([&] {
    pinTo(cores);
    orch_pool_options options = ORCH_POOL_OPTIONS_INIT;
    options.num_threads = int32_t(cores.size());
    options.flags = ORCH_POOL_PIN;
    orch_pool *pool = nullptr;
    if (orch_pool_create(&options, &pool) != ORCH_OK)
      return;
    auto nothing = [](orch_exec *, void *, int64_t, int64_t) {};
    constexpr int launches = 2000;
    for (int pass = 0; pass < 5; ++pass) {
      double start = now();
      for (int i = 0; i < launches; ++i)
        orch_pool_parallel_for(pool, int64_t(cores.size()), 1, nothing,
                               nullptr);
      double seconds = (now() - start) / launches;
      best = pass ? std::min(best, seconds) : seconds;
    }
    orch_pool_release(pool);
  }).join();
  return best;
}

LinkSpeed orchestra::measureLink(Cores from, Cores to) {
  constexpr size_t bytes = size_t(32) << 20;
  constexpr int trips = 2000;
  LinkSpeed speed;
  std::vector<char> source, destination;
  std::thread([&] {
    pinTo(from.front());
    source.assign(bytes, 1);
  }).join();
  std::thread([&] {
    pinTo(to.front());
    destination.assign(bytes, 0);
    for (int pass = 0; pass < 5; ++pass) {
      source[pass] = char(pass + 2);
      double start = now();
      std::memcpy(destination.data(), source.data(), bytes);
      double seconds = now() - start;
      if (destination[pass] == source[pass])
        speed.bandwidth = std::max(speed.bandwidth, double(bytes) / seconds);
    }
  }).join();
  // Even numbers are for the first thread, odd ones for the second.
  std::atomic<int> ball = 0;
  Cores both[] = {from, to};
  double seconds = 0;
  auto play = [&](int side) {
    pinTo(both[side].front());
    double start = now();
    for (int i = side; i < trips; i += 2) {
      // Both threads may be on one core, whatever was asked for.
      for (int spins = 0; ball.load(std::memory_order_acquire) != i;)
        if (++spins > 10000)
          std::this_thread::yield();
      ball.store(i + 1, std::memory_order_release);
    }
    if (side)
      seconds = now() - start;
  };
  std::thread first(play, 0), second(play, 1);
  first.join();
  second.join();
  speed.latency = seconds / trips;
  return speed;
}
