/*===- peak.c - What the machine can do, measured -------------------------===*
 *
 * Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What: the f32 fused multiply-add rate and the memory bandwidth of 1 to N
 *   threads, as one JSON object. The benchmark's times stand beside these.
 * How: independent FMA chains in registers, with the widest vectors the CPU has
 *   (chosen at run time); sums and copies over buffers far above a core's share
 *   of the caches. The best repetition counts: a peak is what was seen once.
 * Build: cc -O2 -pthread peak.c -o peak. Use: peak [THREADS [MIB]].
 *
 *===----------------------------------------------------------------------===*/
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { FMA_STEPS = 40 * 1000 * 1000, REPEATS = 5 };

/* Twelve chains: more than latency (4) times ports (2) on any x86 core. */
#if defined(__x86_64__)
#define CHAINS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define DECLARE_512(I) __m512 a##I = _mm512_set1_ps(1.0f + I);
#define STEP_512(I) a##I = _mm512_fmadd_ps(a##I, m, b);
#define SUM_512(I) s = _mm512_add_ps(s, a##I);
__attribute__((target("avx512f"))) static float fma512(long steps) {
  const __m512 m = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(0.001f);
  CHAINS(DECLARE_512)
  for (long i = 0; i < steps; ++i) {
    CHAINS(STEP_512)
    __asm__ volatile("" ::: "memory"); /* keeps the loop a loop */
  }
  __m512 s = _mm512_setzero_ps();
  CHAINS(SUM_512)
  return _mm512_reduce_add_ps(s);
}

#define DECLARE_256(I) __m256 a##I = _mm256_set1_ps(1.0f + I);
#define STEP_256(I) a##I = _mm256_fmadd_ps(a##I, m, b);
#define SUM_256(I) s = _mm256_add_ps(s, a##I);
__attribute__((target("avx2,fma"))) static float fma256(long steps) {
  const __m256 m = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.001f);
  CHAINS(DECLARE_256)
  for (long i = 0; i < steps; ++i) {
    CHAINS(STEP_256)
    __asm__ volatile("" ::: "memory");
  }
  __m256 s = _mm256_setzero_ps();
  CHAINS(SUM_256)
  float lanes[8];
  _mm256_storeu_ps(lanes, s);
  return lanes[0] + lanes[7];
}

__attribute__((target("avx512f"))) static float read512(const float *p,
                                                        size_t n) {
  __m512 s[8];
  for (int k = 0; k < 8; ++k)
    s[k] = _mm512_setzero_ps();
  for (size_t i = 0; i + 128 <= n; i += 128)
    for (int k = 0; k < 8; ++k)
      s[k] = _mm512_add_ps(s[k], _mm512_loadu_ps(p + i + 16 * k));
  for (int k = 1; k < 8; ++k)
    s[0] = _mm512_add_ps(s[0], s[k]);
  return _mm512_reduce_add_ps(s[0]);
}
#endif

/* Plain C: for machines without the above, and vectorised by the compiler. */
static float readPlain(const float *p, size_t n) {
  float s[32] = {0};
  for (size_t i = 0; i + 32 <= n; i += 32)
    for (int k = 0; k < 32; ++k)
      s[k] += p[i + k];
  for (int k = 1; k < 32; ++k)
    s[0] += s[k];
  return s[0];
}

static float fmaPlain(long steps) {
  float a[16];
  for (int k = 0; k < 16; ++k)
    a[k] = 1.0f + (float)k;
  for (long i = 0; i < steps; ++i) {
    for (int k = 0; k < 16; ++k)
      a[k] = a[k] * 0.999f + 0.001f;
    __asm__ volatile("" ::: "memory");
  }
  float s = 0;
  for (int k = 0; k < 16; ++k)
    s += a[k];
  return s;
}

static const char *isa = "plain";
static float (*fmaKernel)(long) = fmaPlain;
static float (*readKernel)(const float *, size_t) = readPlain;
static double flopsPerStep = 16 * 2;

static void chooseKernels(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) {
    isa = "avx512", fmaKernel = fma512, readKernel = read512,
    flopsPerStep = 12 * 16 * 2;
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    isa = "avx2", fmaKernel = fma256, flopsPerStep = 12 * 8 * 2;
  }
#endif
}

enum test { TEST_FMA, TEST_READ, TEST_COPY };

struct worker {
  pthread_t thread;
  float *from, *to;
  size_t count; /* floats in each of the two */
};

static pthread_barrier_t start, finish;
static volatile int currentTest, stopping;
static volatile float sink;

static void work(struct worker *self) {
  switch (currentTest) {
  case TEST_FMA:
    sink = fmaKernel(FMA_STEPS);
    break;
  case TEST_READ:
    sink =
        readKernel(self->from, self->count) + readKernel(self->to, self->count);
    break;
  case TEST_COPY:
    memcpy(self->to, self->from, self->count * sizeof(float));
    break;
  }
}

static void *loop(void *argument) {
  struct worker *self = argument;
  /* Touched by the thread that uses it, so it lies in that thread's memory. */
  for (size_t i = 0; i < self->count; ++i)
    self->from[i] = self->to[i] = 1.0f;
  for (;;) {
    pthread_barrier_wait(&start);
    if (stopping)
      return NULL;
    work(self);
    pthread_barrier_wait(&finish);
  }
}

/* Large pages where the system gives them: page walks are not bandwidth. */
static float *reserve(size_t bytes) {
  enum { LARGE_PAGE = 2 << 20 };
  size_t rounded = (bytes + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
  void *buffer = aligned_alloc(LARGE_PAGE, rounded);
#ifdef MADV_HUGEPAGE
  if (buffer)
    (void)madvise(buffer, rounded, MADV_HUGEPAGE);
#endif
  return buffer;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double best(int test) {
  double least = 1e30;
  currentTest = test;
  for (int r = 0; r < REPEATS; ++r) {
    pthread_barrier_wait(&start);
    double began = now();
    pthread_barrier_wait(&finish);
    double took = now() - began;
    if (took < least)
      least = took;
  }
  return least;
}

int main(int argc, char **argv) {
  int threads = argc > 1 ? atoi(argv[1]) : 1;
  size_t mebibytes = argc > 2 ? (size_t)atol(argv[2]) : 1024;
  if (threads < 1 || threads > 1024 || mebibytes < 1) {
    fprintf(stderr, "usage: peak [THREADS [MIB]]\n");
    return 2;
  }
  chooseKernels();
  struct worker *workers = calloc((size_t)threads, sizeof(*workers));
  pthread_barrier_init(&start, NULL, (unsigned)threads + 1);
  pthread_barrier_init(&finish, NULL, (unsigned)threads + 1);
  size_t count = mebibytes * 1048576 / 2 / sizeof(float) / (size_t)threads;
  for (int t = 0; t < threads; ++t) {
    struct worker *w = &workers[t];
    w->count = count;
    w->from = reserve(count * sizeof(float));
    w->to = reserve(count * sizeof(float));
    if (!w->from || !w->to || pthread_create(&w->thread, NULL, loop, w)) {
      fprintf(stderr, "peak: no memory or no thread\n");
      return 4;
    }
  }
  double gflops = flopsPerStep * FMA_STEPS * threads / best(TEST_FMA) * 1e-9;
  double bytes = 2.0 * (double)(count * sizeof(float)) * threads;
  double readGbs = bytes / best(TEST_READ) * 1e-9;
  double copyGbs = bytes / best(TEST_COPY) * 1e-9;
  stopping = 1;
  pthread_barrier_wait(&start);
  for (int t = 0; t < threads; ++t)
    pthread_join(workers[t].thread, NULL);
  printf("{\"isa\": \"%s\", \"threads\": %d, \"gflops\": %.1f, \"read_gb_s\": "
         "%.2f, "
         "\"copy_gb_s\": %.2f, \"buffer_mib\": %zu}\n",
         isa, threads, gflops, readGbs, copyGbs, mebibytes);
  return 0;
}
