//===- ContextTest.cpp - Running, and what does not fit the model ---------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "TestSupport.h"

#include <cstring>

using namespace orchestra::runtime::test;

namespace {

class Affine : public testing::Test {
protected:
  void SetUp() override {
    program = makeProgram(affine_artefact);
    context = makeContext(program.get());
  }
  /// Fills x with `batch` rows of numbers.
  void fill(int64_t rows) {
    batch = rows;
    x.resize(size_t(rows) * 4);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = float(i % 7) - 3;
    in = view(x, ORCH_DTYPE_F32, {rows, 4});
  }
  void check(const float *y, const float *total) {
    for (int64_t i = 0; i < batch; ++i) {
      float sum = 0;
      for (int j = 0; j < 4; ++j) {
        EXPECT_FLOAT_EQ(y[i * 4 + j], affine(x[size_t(i * 4 + j)], j));
        sum += y[i * 4 + j];
      }
      EXPECT_FLOAT_EQ(total[i], sum);
    }
  }
  orch_status run() { return orch_context_run(context.get(), &in, 1, out, 2); }
  void release() {
    orch_tensor_release(&out[0]);
    orch_tensor_release(&out[1]);
  }
  static const float *floats(const orch_tensor &tensor) {
    return static_cast<const float *>(tensor.data);
  }

  ProgramPtr program;
  ContextPtr context;
  int64_t batch = 0;
  std::vector<float> x;
  orch_tensor in = {};
  orch_tensor out[2] = {};
};

TEST_F(Affine, AllocatesOutputs) {
  for (int64_t rows : {1, 3, 64, 2, 1000}) {
    fill(rows);
    ASSERT_OK(run());
    EXPECT_EQ(out[0].rank, 2u);
    EXPECT_EQ(out[0].dims[0], rows);
    EXPECT_EQ(out[0].dims[1], 4);
    EXPECT_EQ(out[1].rank, 1u);
    EXPECT_EQ(out[1].dims[0], rows);
    EXPECT_NE(out[0].buffer, nullptr);
    check(floats(out[0]), floats(out[1]));
    release();
  }
}

TEST_F(Affine, OutputsOutliveTheContext) {
  fill(5);
  ASSERT_OK(run());
  context.reset();
  program.reset();
  check(floats(out[0]), floats(out[1]));
  release();
}

TEST_F(Affine, CallersOutputs) {
  fill(6);
  std::vector<float> y(24), total(6);
  out[0] = view(y, ORCH_DTYPE_F32, {6, 4});
  out[1] = view(total, ORCH_DTYPE_F32, {6});
  ASSERT_OK(run());
  EXPECT_EQ(out[0].buffer, nullptr);
  check(y.data(), total.data());
}

TEST_F(Affine, EmptyBatch) {
  fill(0);
  in.data = nullptr;
  ASSERT_OK(run());
  EXPECT_EQ(out[0].dims[0], 0);
  EXPECT_NE(out[0].data, nullptr);
  release();
}

TEST_F(Affine, StridedInputAndOutput) {
  fill(5);
  // The same values, transposed in memory; backwards; and with gaps.
  std::vector<float> transposed(20), backwards(20), y(5 * 9, -1.0f), total(5);
  for (size_t i = 0; i < 5; ++i)
    for (size_t j = 0; j < 4; ++j) {
      transposed[j * 5 + i] = x[i * 4 + j];
      backwards[19 - (i * 4 + j)] = x[i * 4 + j];
    }
  out[0] = view(y, ORCH_DTYPE_F32, {5, 4});
  out[0].flags = ORCH_TENSOR_STRIDED;
  out[0].strides[0] = 9;
  out[0].strides[1] = 2;
  out[1] = view(total, ORCH_DTYPE_F32, {5});

  auto checkGaps = [&] {
    std::vector<float> dense;
    for (size_t i = 0; i < 5; ++i)
      for (size_t j = 0; j < 9; ++j)
        if (j % 2 == 0 && j < 8) {
          dense.push_back(y[i * 9 + j]);
        } else {
          EXPECT_EQ(y[i * 9 + j], -1.0f);
        }
    check(dense.data(), total.data());
  };
  orch_tensor strided = in;
  strided.flags = ORCH_TENSOR_STRIDED;
  strided.data = transposed.data();
  strided.strides[0] = 1;
  strided.strides[1] = 5;
  ASSERT_OK(orch_context_run(context.get(), &strided, 1, out, 2));
  checkGaps();
  strided.data = backwards.data() + 19;
  strided.strides[0] = -4;
  strided.strides[1] = -1;
  ASSERT_OK(orch_context_run(context.get(), &strided, 1, out, 2));
  checkGaps();

  // One row, repeated by a zero stride.
  for (int i = 0; i < 20; ++i)
    x[size_t(i)] = x[size_t(i % 4)];
  strided.data = x.data();
  strided.strides[0] = 0;
  strided.strides[1] = 1;
  ASSERT_OK(orch_context_run(context.get(), &strided, 1, out, 2));
  checkGaps();

  out[0].strides[0] = 0;
  EXPECT_EQ(run(), ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("affine:/y:", "stride 0");
}

TEST_F(Affine, MisalignedMemory) {
  fill(7);
  std::vector<char> from(7 * 16 + 1), to(7 * 16 + 1);
  memcpy(from.data() + 1, x.data(), 7 * 16);
  in.data = from.data() + 1;
  std::vector<float> y(28), total(7);
  out[0] = view(y, ORCH_DTYPE_F32, {7, 4});
  out[0].data = to.data() + 1;
  out[1] = view(total, ORCH_DTYPE_F32, {7});
  ASSERT_OK(run());
  memcpy(y.data(), to.data() + 1, 7 * 16);
  check(y.data(), total.data());
}

TEST_F(Affine, InPlace) {
  fill(9);
  std::vector<float> both = x, total(9);
  in.data = both.data();
  out[0] = view(both, ORCH_DTYPE_F32, {9, 4});
  out[1] = view(total, ORCH_DTYPE_F32, {9});
  ASSERT_OK(run());
  check(both.data(), total.data());
}

TEST_F(Affine, SharedMemoryIsRefused) {
  fill(2);
  std::vector<float> y(8);
  out[0] = view(y, ORCH_DTYPE_F32, {2, 4});
  out[1] = orch_tensor_view(y.data() + 7, ORCH_DTYPE_F32, 1, out[0].dims);
  EXPECT_EQ(run(), ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("affine:/total:", "shares memory with y");
}

TEST_F(Affine, WrongInputs) {
  fill(2);
  in.dtype = ORCH_DTYPE_F64;
  EXPECT_EQ(run(), ORCH_ERROR_MISMATCH);
  expectMessage("affine:/x: error:", "f64", "f32", "[tensor-type]");
  fill(2);
  in.rank = 3;
  EXPECT_EQ(run(), ORCH_ERROR_MISMATCH);
  expectMessage("rank 3", "has 2", "?x4", "[tensor-shape]");
  in.rank = 100;
  EXPECT_EQ(run(), ORCH_ERROR_MISMATCH);
  fill(2);
  in.dims[1] = 5;
  EXPECT_EQ(run(), ORCH_ERROR_MISMATCH);
  expectMessage("affine:/x:", "dimension 1", "is 5", "has 4", "2x5", "?x4");
  fill(2);
  in.dims[0] = -1;
  EXPECT_EQ(run(), ORCH_ERROR_MISMATCH);
  expectMessage("dimension 0 (batch)", "-1", "not negative");
  fill(2);
  in.data = nullptr;
  EXPECT_EQ(run(), ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("no data", "2x4");
  fill(2);
  in.dims[0] = INT64_MAX / 2;
  EXPECT_EQ(run(), ORCH_ERROR_MISMATCH);
  expectMessage("no memory has", "4611686018427387903x4");
  fill(2);
  in.device = reinterpret_cast<orch_device *>(this);
  EXPECT_EQ(run(), ORCH_ERROR_UNSUPPORTED);
  expectMessage("[device-memory]");
  EXPECT_EQ(orch_context_run(context.get(), &in, 2, out, 2),
            ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("2 inputs", "has 1");
  EXPECT_EQ(orch_context_run(context.get(), nullptr, 1, out, 2),
            ORCH_ERROR_INVALID_ARGUMENT);
  fill(2);
  EXPECT_OK(run()) << "the context still works";
  release();
}

TEST_F(Affine, WrongOutputs) {
  fill(2);
  std::vector<float> y(8), total(2);
  auto reset = [&] {
    out[0] = view(y, ORCH_DTYPE_F32, {2, 4});
    out[1] = view(total, ORCH_DTYPE_F32, {2});
  };
  reset();
  out[1].dims[0] = 3;
  EXPECT_EQ(run(), ORCH_ERROR_MISMATCH);
  expectMessage("affine:/total:", "dimension 0 (batch)", "is 3", "has 2");
  reset();
  out[0].dtype = ORCH_DTYPE_I32;
  EXPECT_EQ(run(), ORCH_ERROR_MISMATCH);
  reset();
  out[0].flags = ORCH_TENSOR_READ_ONLY;
  EXPECT_EQ(run(), ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("read-only");
  reset();
  EXPECT_EQ(orch_context_run(context.get(), &in, 1, out, 1),
            ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("1 outputs", "has 2");
  // An output allocated before the fault was found is dropped again.
  reset();
  out[0] = {};
  out[1].rank = 2;
  EXPECT_EQ(run(), ORCH_ERROR_MISMATCH);
  EXPECT_EQ(out[0].data, nullptr);
}

TEST_F(Affine, Resolve) {
  fill(10);
  in.data = nullptr;
  uint64_t arena = 0;
  ASSERT_OK(orch_context_resolve(context.get(), &in, 1, out, 2, &arena));
  EXPECT_EQ(arena, 160u);
  EXPECT_EQ(out[0].dtype, uint32_t(ORCH_DTYPE_F32));
  EXPECT_EQ(out[0].dims[0], 10);
  EXPECT_EQ(out[1].dims[0], 10);
  EXPECT_EQ(out[1].data, nullptr);
  EXPECT_OK(orch_context_resolve(context.get(), &in, 1, nullptr, 0, nullptr));
  EXPECT_EQ(orch_context_resolve(context.get(), &in, 1, out, 1, &arena),
            ORCH_ERROR_INVALID_ARGUMENT);
}

TEST_F(Affine, CallersArena) {
  alignas(ORCH_BUFFER_ALIGNMENT) static char arena[160 + 8];
  memset(arena, 0x55, sizeof(arena));
  ASSERT_OK(orch_context_set_arena(context.get(), arena, 160));
  fill(10);
  ASSERT_OK(run());
  check(floats(out[0]), floats(out[1]));
  EXPECT_EQ(memcmp(arena, out[0].data, 160), 0) << "the arena was used";
  EXPECT_EQ(arena[160], 0x55);
  release();
  fill(11);
  EXPECT_EQ(run(), ORCH_ERROR_OUT_OF_MEMORY);
  expectMessage("[arena-size]", "176", "160");
  fill(10);
  in.data = arena;
  EXPECT_EQ(run(), ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("affine:/x:", "shares memory with the arena");
  fill(11);
  ASSERT_OK(orch_context_set_arena(context.get(), nullptr, 0));
  ASSERT_OK(run());
  release();
  EXPECT_EQ(orch_context_set_arena(context.get(), arena + 1, 100),
            ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("not aligned");
}

TEST_F(Affine, Profile) {
  orch_call_profile profile;
  fill(3);
  ASSERT_OK(run());
  release();
  EXPECT_OK(orch_context_call_profile(context.get(), 0, &profile));
  EXPECT_EQ(profile.count, 0u);
  ASSERT_OK(orch_context_set_profiling(context.get(), 1));
  for (int i = 0; i < 5; ++i) {
    ASSERT_OK(run());
    release();
  }
  orch_call_profile whole, calls[2];
  EXPECT_OK(orch_context_run_profile(context.get(), &whole));
  EXPECT_EQ(whole.count, 5u);
  for (uint32_t i = 0; i < 2; ++i) {
    EXPECT_OK(orch_context_call_profile(context.get(), i, &calls[i]));
    EXPECT_EQ(calls[i].count, 5u);
    EXPECT_GE(calls[i].total_ns, 5 * calls[i].min_ns);
    EXPECT_GE(calls[i].last_ns, calls[i].min_ns);
  }
  EXPECT_LE(calls[0].total_ns + calls[1].total_ns, whole.total_ns);
  EXPECT_GE(calls[1].last_start_ns, calls[0].last_start_ns + calls[0].last_ns);
  EXPECT_EQ(orch_context_call_profile(context.get(), 2, &profile),
            ORCH_ERROR_INVALID_ARGUMENT);
  orch_context_reset_profile(context.get());
  EXPECT_OK(orch_context_call_profile(context.get(), 1, &profile));
  EXPECT_EQ(profile.count, 0u);
  ASSERT_OK(orch_context_set_profiling(context.get(), 0));
  ASSERT_OK(run());
  release();
  EXPECT_OK(orch_context_run_profile(context.get(), &whole));
  EXPECT_EQ(whole.count, 0u);
}

class Gather : public testing::Test {
protected:
  orch_status run() {
    orch_tensor in[] = {
        view(table, ORCH_DTYPE_F64, {5, 3}),
        view(index, ORCH_DTYPE_I32, {int64_t(index.size())}),
        view(bias, ORCH_DTYPE_F64, {int64_t(bias.size() / 3), 3})};
    out = {};
    return orch_context_run(context.get(), in, 3, &out, 1);
  }
  ProgramPtr program = makeProgram(gather_artefact);
  ContextPtr context = makeContext(program.get());
  std::vector<double> table = std::vector<double>(15, 2.0), bias;
  std::vector<int32_t> index;
  orch_tensor out;
};

TEST_F(Gather, NestedLoops) {
  index = {4, 0, 2, 1};
  bias.assign(12, 0.5);
  table[4 * 3 + 1] = 7;
  ASSERT_OK(run());
  EXPECT_EQ(static_cast<double *>(out.data)[0], 2.5);
  EXPECT_EQ(static_cast<double *>(out.data)[1], 7.5);
  orch_tensor_release(&out);
}

TEST_F(Gather, NamedDimsMustAgree) {
  index = {4, 0, 2, 1};
  bias.assign(9, 0.5);
  EXPECT_EQ(run(), ORCH_ERROR_MISMATCH);
  expectMessage("gather:/bias: error:", "dimension 0 (n)", "is 3",
                "it is 4 in input 'index'", "[tensor-shape]");
  bias.assign(12, 0.5);
  ASSERT_OK(run());
  orch_tensor_release(&out);
}

TEST_F(Gather, ErrorsOfTheModel) {
  index = {1, 5};
  bias.assign(6, 0);
  EXPECT_EQ(run(), ORCH_ERROR_EXECUTION);
  expectMessage("gather: error: Gather_0: index out of range",
                "[execution-failed]", "code 42");
  EXPECT_EQ(out.data, nullptr);
  index.assign(1001, 0);
  bias.assign(3003, 0);
  EXPECT_EQ(run(), ORCH_ERROR_EXECUTION);
  expectMessage("more than 1000 rows", "computing shapes", "code 7");
  EXPECT_EQ(run(), ORCH_ERROR_EXECUTION) << "a failed resolve is not kept";
  index = {1, 4};
  bias.assign(6, 0);
  ASSERT_OK(run());
  orch_tensor_release(&out);
}

TEST_F(Gather, ErrorsOfTheCompiler) {
  orch_artefact artefact = gather_artefact;
  artefact.resolve = [](orch_exec *, const int64_t *, int64_t *dims,
                        int64_t *arena) -> int32_t {
    dims[0] = 9;
    dims[1] = 3;
    *arena = 0;
    return 0;
  };
  program = makeProgram(artefact);
  context = makeContext(program.get());
  index = {1, 4};
  bias.assign(6, 0);
  EXPECT_EQ(run(), ORCH_ERROR_BAD_ARTEFACT);
  expectMessage("gather:/out:", "computed 9x3", "[shape-function]");
  artefact.resolve = [](orch_exec *, const int64_t *, int64_t *,
                        int64_t *) -> int32_t { return 3; };
  program = makeProgram(artefact);
  context = makeContext(program.get());
  EXPECT_EQ(run(), ORCH_ERROR_EXECUTION);
  expectMessage("without a reason", "code 3");
}

TEST(ContextOptions, Threads) {
  ProgramPtr program = makeProgram(affine_artefact);
  PoolPtr pool = makePool(3);
  orch_context_options options = ORCH_CONTEXT_OPTIONS_INIT;
  options.pool = pool.get();
  ContextPtr all = makeContext(program.get(), &options);
  EXPECT_EQ(orch_context_num_threads(all.get()), 3);
  options.num_threads = 2;
  EXPECT_EQ(
      orch_context_num_threads(makeContext(program.get(), &options).get()), 2);
  options.num_threads = 4;
  orch_context *context = nullptr;
  EXPECT_EQ(orch_context_create(program.get(), &options, &context),
            ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("4 threads", "pool of 3");
  options = ORCH_CONTEXT_OPTIONS_INIT;
  EXPECT_EQ(
      orch_context_num_threads(makeContext(program.get(), &options).get()),
      orch_cpu_count());
  options.num_threads = -1;
  EXPECT_EQ(orch_context_create(program.get(), &options, &context),
            ORCH_ERROR_INVALID_ARGUMENT);
  options.num_threads = 1;
  options.flags = 64;
  EXPECT_EQ(orch_context_create(program.get(), &options, &context),
            ORCH_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(orch_context_create(nullptr, nullptr, &context),
            ORCH_ERROR_INVALID_ARGUMENT);
  orch_context_destroy(nullptr);
}

} // namespace
