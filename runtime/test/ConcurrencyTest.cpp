//===- ConcurrencyTest.cpp - Many contexts at once ------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: what the thread sanitizer is to look at: one program, many contexts,
//   with pools of their own and with one pool for all.
//
//===----------------------------------------------------------------------===//
#include "TestSupport.h"

#include <atomic>
#include <thread>

using namespace orchestra::runtime::test;

namespace {

/// Runs a context `rounds` times with changing shapes and checks every value.
void exercise(orch_program *program, orch_pool *pool, int seed, int rounds) {
  orch_context_options options = ORCH_CONTEXT_OPTIONS_INIT;
  options.pool = pool;
  options.num_threads = pool ? 0 : 2;
  options.flags = ORCH_CONTEXT_POISON_ARENA | ORCH_CONTEXT_PROFILING;
  ContextPtr context = makeContext(program, &options);
  for (int round = 0; round < rounds; ++round) {
    int64_t batch = 1 + (seed * 31 + round * 7) % 40;
    std::vector<float> x(size_t(batch) * 4);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = float(int(i * 13 + size_t(seed)) % 17) - 8;
    orch_tensor in = view(x, ORCH_DTYPE_F32, {batch, 4}), out[2] = {};
    ASSERT_OK(orch_context_run(context.get(), &in, 1, out, 2));
    const float *y = static_cast<const float *>(out[0].data);
    for (size_t i = 0; i < x.size(); ++i)
      ASSERT_FLOAT_EQ(y[i], affine(x[i], int(i % 4)));
    orch_tensor_release(&out[0]);
    orch_tensor_release(&out[1]);
  }
}

TEST(Concurrency, OwnPools) {
  ProgramPtr program = makeProgram(affine_artefact);
  inThreads(4, [&](int i) { exercise(program.get(), nullptr, i, 200); });
}

TEST(Concurrency, OneSharedPool) {
  ProgramPtr program = makeProgram(affine_artefact);
  PoolPtr pool = makePool(3);
  inThreads(6, [&](int i) { exercise(program.get(), pool.get(), i, 200); });
}

TEST(Concurrency, LoadAndReleaseAtOnce) {
  inThreads(4, [](int i) {
    for (int round = 0; round < 10; ++round) {
      orch_program *program = nullptr;
      ASSERT_OK(orch_program_load(AFFINE_SO, nullptr, &program));
      exercise(program, nullptr, i, 3);
      orch_program_release(program);
    }
  });
}

TEST(Concurrency, OneContextTwoThreads) {
  static std::atomic<bool> entered, leave;
  entered = leave = false;
  orch_artefact artefact = affine_artefact;
  artefact.run = [](orch_exec *, const void *const *, const int64_t *,
                    void *const *, void *, const void *) -> int32_t {
    entered = true;
    while (!leave)
      std::this_thread::yield();
    return 0;
  };
  ProgramPtr program = makeProgram(artefact);
  ContextPtr context = makeContext(program.get());
  std::vector<float> x(4);
  orch_tensor in = view(x, ORCH_DTYPE_F32, {1, 4});
  std::thread first([&] {
    orch_tensor out[2] = {};
    EXPECT_OK(orch_context_run(context.get(), &in, 1, out, 2));
    orch_tensor_release(&out[0]);
    orch_tensor_release(&out[1]);
  });
  while (!entered)
    std::this_thread::yield();
  orch_tensor out[2] = {};
  EXPECT_EQ(orch_context_run(context.get(), &in, 1, out, 2), ORCH_ERROR_BUSY);
  expectMessage("[context-busy]");
  EXPECT_EQ(orch_context_resolve(context.get(), &in, 1, out, 2, nullptr),
            ORCH_ERROR_BUSY);
  leave = true;
  first.join();
}

TEST(Concurrency, MessagesAreOfTheThread) {
  EXPECT_EQ(orch_set_error(ORCH_ERROR_IO, "here %d", 1), ORCH_ERROR_IO);
  std::thread([] {
    EXPECT_STREQ(orch_last_error(), "");
    (void)orch_set_error(ORCH_ERROR_IO, "there");
  }).join();
  EXPECT_STREQ(orch_last_error(), "here 1");
}

} // namespace
