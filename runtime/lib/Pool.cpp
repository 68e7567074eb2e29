//===- Pool.cpp - A spin-then-park thread pool ----------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: parallel_for with a static, contiguous split over a fixed set of
//   threads.
// How: the owner of the pool (who took `busy`) writes the job, then publishes a
//   ticket, (generation << 16 | parts). A worker whose index is below `parts`
//   runs its slice and counts `done` up; others do not touch the job, so the
//   next ticket need not wait for them. The job cannot change under a worker
//   that takes part, because the owner waits for `done`, which is never reset:
//   the owner knows what it will be.
// Parking: a worker announces itself in `parked`, then looks at the ticket
//   again; the owner publishes the ticket, then looks at `parked`. Both are
//   sequentially consistent, so at least one sees the other. The owner parks on
//   `done` in the same way, with `ownerParked`.
// Cost: no lock, no allocation, no clock while hot; one cache line goes to the
//   workers (job and ticket share it) and one comes back. PoolBenchmark
//   measures it: about 1.5 times the round trip of a cache line between two
//   cores.
//
//===----------------------------------------------------------------------===//
#include "Pool.h"

#include "Futex.h"
#include "Memory.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace orchestra::runtime;

namespace {

constexpr size_t cacheLine = 64;
constexpr uint64_t partsMask = 0xffff;
constexpr uint64_t stopParts = partsMask;

struct alignas(cacheLine) Worker {
  std::atomic<uint32_t> parked{0};
  uint32_t index = 0;
  orch_pool *pool = nullptr;
  pthread_t thread = {};
};

struct Job {
  orch_body_fn body;
  orch_exec *exec;
  void *env;
  int64_t count;
};

void runSlice(const Job &job, uint32_t index, uint32_t parts) {
  int64_t size = job.count / parts, rest = job.count % parts;
  int64_t begin = size * index + (index < rest ? index : rest);
  job.body(job.exec, job.env, begin, begin + size + (index < rest));
}

} // namespace

struct orch_pool {
  alignas(cacheLine) std::atomic<uint64_t> ticket{0};
  Job job = {};
  alignas(cacheLine) std::atomic<uint32_t> done{0};
  std::atomic<uint32_t> ownerParked{0};
  alignas(cacheLine) std::atomic<uint32_t> busy{0};
  // Of the owner: tickets so far, and what `done` will be after the last one.
  uint64_t generation = 0;
  uint32_t expected = 0;

  alignas(cacheLine) std::atomic<uint32_t> references{1};
  uint32_t numThreads = 1;
  uint32_t numStarted = 0; // workers with a live thread
  uint64_t spinNs = 0;
  // One page that the system clears in a forked child; non-zero: same process.
  volatile uint32_t *sameProcess = nullptr;
  orch_allocator allocator = {};
  Worker *workers = nullptr; // numThreads - 1 of them; worker i is thread i + 1

  bool startWorkers(bool pin);
  void stopWorkers();
  void work(Worker &worker);
  uint64_t waitForTicket(Worker &worker, uint64_t seen, uint64_t &idleSince);
  void publish(uint64_t parts);
  void waitForWorkers();
};

/// Returns the first ticket that is not `seen`. `idleSince` is when the worker
/// ran out of work, 0 while it has not looked at the clock yet.
uint64_t orch_pool::waitForTicket(Worker &worker, uint64_t seen,
                                  uint64_t &idleSince) {
  while (true) {
    while (true) {
      for (int poll = 0; poll < pollsPerClock; ++poll) {
        uint64_t current = ticket.load(std::memory_order_acquire);
        if (current != seen)
          return current;
        relax();
      }
      uint64_t time = monotonicNanoseconds();
      if (idleSince == 0)
        idleSince = time;
      if (time - idleSince >= spinNs)
        break;
    }

    worker.parked.store(1, std::memory_order_seq_cst);
    while (true) {
      uint64_t current = ticket.load(std::memory_order_seq_cst);
      if (current != seen) {
        worker.parked.store(0, std::memory_order_relaxed);
        return current;
      }
      if (worker.parked.load(std::memory_order_acquire) == 0)
        break;
      futexWait(worker.parked, 1);
    }
  }
}

void orch_pool::work(Worker &worker) {
  uint64_t seen = 0;
  uint64_t idleSince = 0;
  while (true) {
    seen = waitForTicket(worker, seen, idleSince);
    uint64_t parts = seen & partsMask;
    if (parts == stopParts)
      return;
    if (worker.index >= parts)
      continue;
    runSlice(job, worker.index, uint32_t(parts));
    done.fetch_add(1, std::memory_order_seq_cst);
    if (ownerParked.load(std::memory_order_seq_cst) != 0)
      futexWake(done);
    idleSince = 0;
  }
}

/// Shows the job to workers 1 .. parts - 1 and wakes those that sleep.
void orch_pool::publish(uint64_t parts) {
  ticket.store(++generation << 16 | parts, std::memory_order_seq_cst);
  uint64_t last = parts == stopParts ? uint64_t(numStarted) + 1 : parts;
  for (uint64_t i = 0; i + 1 < last; ++i) {
    Worker &worker = workers[i];
    if (worker.parked.load(std::memory_order_seq_cst) == 0)
      continue;
    worker.parked.store(0, std::memory_order_release);
    futexWake(worker.parked);
  }
}

void orch_pool::waitForWorkers() {
  uint64_t start = 0;
  while (true) {
    for (int poll = 0; poll < pollsPerClock; ++poll) {
      if (done.load(std::memory_order_acquire) == expected)
        return;
      relax();
    }
    uint64_t time = monotonicNanoseconds();
    if (start == 0)
      start = time;
    if (time - start >= spinNs)
      break;
  }
  ownerParked.store(1, std::memory_order_seq_cst);
  while (true) {
    uint32_t value = done.load(std::memory_order_seq_cst);
    if (value == expected)
      break;
    futexWait(done, value);
  }
  ownerParked.store(0, std::memory_order_relaxed);
}

bool orch_pool::startWorkers(bool pin) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  pin = pin && sched_getaffinity(0, sizeof(allowed), &allowed) == 0;
  int cpu = -1;
  auto nextCPU = [&] {
    for (int step = 0; step < CPU_SETSIZE; ++step)
      if (CPU_ISSET((++cpu) % CPU_SETSIZE, &allowed))
        return cpu % CPU_SETSIZE;
    return 0;
  };
  if (pin)
    nextCPU(); // the caller's
  for (uint32_t i = 0; i + 1 < numThreads; ++i) {
    Worker &worker = workers[i];
    worker.index = i + 1;
    worker.pool = this;
    auto entry = [](void *argument) -> void * {
      Worker &self = *static_cast<Worker *>(argument);
      self.pool->work(self);
      return nullptr;
    };
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    if (pin) {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(nextCPU(), &one);
      pthread_attr_setaffinity_np(&attributes, sizeof(one), &one);
    }
    int error = pthread_create(&worker.thread, &attributes, entry, &worker);
    pthread_attr_destroy(&attributes);
    if (error != 0) {
      orch_set_error(ORCH_ERROR_SYSTEM,
                     "error: the system refused a thread [thread-creation]\n"
                     "  note: %u of %u threads were started; %s\n"
                     "  help: ask for fewer threads, or raise the limit "
                     "(ulimit -u)",
                     i + 1, numThreads, strerror(error));
      return false;
    }
    ++numStarted;
    char name[16];
    snprintf(name, sizeof(name), "orch-%u", worker.index);
    pthread_setname_np(worker.thread, name);
  }
  return true;
}

void orch_pool::stopWorkers() {
  if (numStarted == 0 || *sameProcess == 0)
    return;
  publish(stopParts);
  for (uint32_t i = 0; i < numStarted; ++i)
    pthread_join(workers[i].thread, nullptr);
}

namespace orchestra::runtime {

void parallelFor(orch_pool *pool, int64_t maxThreads, orch_exec *exec,
                 int64_t count, int64_t grain, orch_body_fn body, void *env) {
  if (count <= 0)
    return;
  int64_t parts = grain > 1 ? count / grain : count;
  if (parts > maxThreads)
    parts = maxThreads;
  if (parts > int64_t(pool->numThreads))
    parts = pool->numThreads;
  uint32_t idle = 0;
  // A nested loop finds its own pool busy, and runs here, too.
  if (parts <= 1 || *pool->sameProcess == 0 ||
      pool->busy.load(std::memory_order_relaxed) != 0 ||
      !pool->busy.compare_exchange_strong(idle, 1, std::memory_order_acquire)) {
    body(exec, env, 0, count);
    return;
  }
  pool->job = {body, exec, env, count};
  pool->expected += uint32_t(parts - 1);
  pool->publish(uint64_t(parts));
  runSlice(pool->job, 0, uint32_t(parts));
  pool->waitForWorkers();
  pool->busy.store(0, std::memory_order_release);
}

} // namespace orchestra::runtime

int32_t orch_cpu_count(void) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0)
    return CPU_COUNT(&allowed) > 0 ? CPU_COUNT(&allowed) : 1;
  // More CPUs than cpu_set_t has bits.
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? int32_t(online) : 1;
}

orch_status orch_pool_create(const orch_pool_options *given, orch_pool **out) {
  orch_pool_options options = ORCH_POOL_OPTIONS_INIT;
  if (!out || (given && given->struct_size != sizeof(options)))
    return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                          "error: orch_pool_create needs a place for the pool "
                          "and options of this version [invalid-argument]");
  if (given)
    options = *given;
  int32_t cpus = orch_cpu_count();
  int32_t numThreads = options.num_threads;
  if (numThreads == 0)
    numThreads = cpus < ORCH_MAX_THREADS ? cpus : ORCH_MAX_THREADS;
  if (numThreads < 1 || numThreads > ORCH_MAX_THREADS)
    return orch_set_error(
        ORCH_ERROR_INVALID_ARGUMENT,
        "error: %d threads is not a number from 1 to %d "
        "[invalid-argument]\n  help: 0 means one for each CPU",
        numThreads, ORCH_MAX_THREADS);

  orch_allocator allocator = allocatorOrSystem(options.allocator);
  orch_pool *pool = create<orch_pool>(allocator);
  if (!pool)
    return outOfMemory(sizeof(orch_pool), "a thread pool");
  pool->allocator = allocator;
  pool->numThreads = uint32_t(numThreads);
  int32_t spin = options.spin_us;
  if (spin < 0)
    spin = numThreads > cpus ? 0 : defaultSpinMicroseconds;
  pool->spinNs = uint64_t(spin) * 1000;

  size_t numWorkers = size_t(numThreads) - 1;
  void *page = mmap(nullptr, size_t(sysconf(_SC_PAGESIZE)),
                    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  void *workers = numWorkers ? allocate(allocator, numWorkers * sizeof(Worker),
                                        alignof(Worker))
                             : nullptr;
  pool->sameProcess =
      page == MAP_FAILED ? nullptr : static_cast<volatile uint32_t *>(page);
  pool->workers = static_cast<Worker *>(workers);
  if (!pool->sameProcess || (numWorkers && !workers)) {
    orch_pool_release(pool);
    return outOfMemory(numWorkers * sizeof(Worker), "a thread pool");
  }
  madvise(page, size_t(sysconf(_SC_PAGESIZE)), MADV_WIPEONFORK);
  *pool->sameProcess = 1;
  for (size_t i = 0; i < numWorkers; ++i)
    new (&pool->workers[i]) Worker();
  if (!pool->startWorkers(options.flags & ORCH_POOL_PIN)) {
    orch_pool_release(pool);
    return ORCH_ERROR_SYSTEM;
  }
  *out = pool;
  return ORCH_OK;
}

void orch_pool_retain(orch_pool *pool) {
  if (pool)
    pool->references.fetch_add(1, std::memory_order_relaxed);
}

void orch_pool_release(orch_pool *pool) {
  if (!pool || pool->references.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  pool->stopWorkers();
  if (pool->workers)
    deallocate(pool->allocator, pool->workers,
               (pool->numThreads - 1) * sizeof(Worker), alignof(Worker));
  if (pool->sameProcess)
    munmap(const_cast<uint32_t *>(pool->sameProcess),
           size_t(sysconf(_SC_PAGESIZE)));
  destroy(pool->allocator, pool);
}

int32_t orch_pool_num_threads(const orch_pool *pool) {
  return pool ? int32_t(pool->numThreads) : 0;
}

void orch_pool_parallel_for(orch_pool *pool, int64_t count, int64_t grain,
                            orch_body_fn body, void *env) {
  parallelFor(pool, ORCH_MAX_THREADS, nullptr, count, grain, body, env);
}
