//===- WrapperTest.cpp - The C++ wrapper ----------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra_runtime/orchestra_runtime.hpp"

#include "TestSupport.h"

using namespace orchestra::runtime;

namespace {

static_assert(dtypeOf<float>() == ORCH_DTYPE_F32);
static_assert(dtypeOf<double>() == ORCH_DTYPE_F64);
static_assert(dtypeOf<bool>() == ORCH_DTYPE_BOOL);
static_assert(dtypeOf<int8_t>() == ORCH_DTYPE_I8);
static_assert(dtypeOf<uint16_t>() == ORCH_DTYPE_U16);
static_assert(dtypeOf<int32_t>() == ORCH_DTYPE_I32);
static_assert(dtypeOf<long>() == ORCH_DTYPE_I64);
static_assert(dtypeOf<long long>() == ORCH_DTYPE_I64);
static_assert(dtypeOf<unsigned long>() == ORCH_DTYPE_U64);
static_assert(!std::is_copy_constructible_v<Tensor>);
static_assert(std::is_nothrow_move_constructible_v<Tensor>);
static_assert(std::is_copy_constructible_v<Program>);
static_assert(!std::is_copy_constructible_v<Context>);
static_assert(std::is_nothrow_move_constructible_v<Context>);

std::vector<Tensor> rows(const std::vector<float> &x) {
  std::vector<Tensor> inputs;
  inputs.push_back(Tensor::view(x.data(), {int64_t(x.size() / 4), 4}));
  return inputs;
}

TEST(Wrapper, LoadAndRun) {
  Program program = Program::load(AFFINE_SO);
  EXPECT_EQ(program.name(), "affine");
  EXPECT_EQ(program.inputIndex("x"), 0u);
  EXPECT_EQ(program.outputIndex("total"), 1u);
  EXPECT_STREQ(program.input(0).name, "x");
  EXPECT_STREQ(program.call(1).kernel, "orch_k_sum");

  ContextOptions options;
  options.threads = 2;
  options.profiling = true;
  Context context(program, options);
  program = Program();
  std::vector<float> x = {1, 2, 3, 4, -1, -2, -3, -4};
  std::vector<Tensor> outputs = context.run(rows(x));
  ASSERT_EQ(outputs.size(), 2u);
  EXPECT_EQ(outputs[0].dims(), (Dims{2, 4}));
  std::vector<float> y = outputs[0].values<float>();
  for (size_t i = 0; i < 8; ++i)
    EXPECT_FLOAT_EQ(y[i], test::affine(x[i], int(i % 4)));
  EXPECT_EQ(context.callProfile(0).count, 1u);
  EXPECT_EQ(context.runProfile().count, 1u);

  // The same memory again.
  const void *before = outputs[0].data();
  context.run(rows(x), outputs);
  EXPECT_EQ(outputs[0].data(), before);
  // Owned by the tensors, not by the context.
  Context moved = std::move(context);
  moved = Context(moved.program());
  EXPECT_FLOAT_EQ(outputs[0].values<float>()[0], y[0]);
  uint64_t arena = 0;
  EXPECT_EQ(moved.resolve(rows(x), &arena)[1].dims(), (Dims{2}));
  EXPECT_EQ(arena, 32u);
}

TEST(Wrapper, Errors) {
  try {
    Program::load("/nonexistent.so");
    FAIL();
  } catch (const Error &error) {
    EXPECT_EQ(error.status(), ORCH_ERROR_NOT_FOUND);
    EXPECT_THAT(error.what(), testing::HasSubstr("[artefact-not-found]"));
  }
  Program program = Program::fromArtefact(affine_artefact);
  EXPECT_THROW(program.inputIndex("z"), Error);
  EXPECT_THROW(program.input(3), Error);
  Context context(program);
  std::vector<Tensor> none;
  EXPECT_THROW(context.run(none), Error);
  EXPECT_THROW(Tensor::view(static_cast<float *>(nullptr), Dims(17, 1)), Error);
  EXPECT_THROW(Tensor::copyOf<float>({1, 2}, {3}), Error);
  EXPECT_THROW(Tensor::allocate<float>({2}).data<double>(), Error);
  EXPECT_THROW(Pool(-1), Error);
}

TEST(Wrapper, TensorsShareAndMove) {
  Tensor tensor = Tensor::copyOf<int32_t>({1, 2, 3}, {3});
  Tensor shared = tensor.share();
  Tensor moved = std::move(tensor);
  // NOLINTNEXTLINE(bugprone-use-after-move): a moved tensor is empty.
  EXPECT_EQ(tensor.data(), nullptr);
  EXPECT_EQ(moved.data(), shared.data());
  moved = Tensor();
  EXPECT_EQ(shared.values<int32_t>(), (std::vector<int32_t>{1, 2, 3}));
  EXPECT_EQ(shared.bytes(), 12u);
  Tensor back = Tensor::fromDLPack(shared.toDLPack());
  shared = Tensor();
  EXPECT_EQ(back.values<int32_t>()[2], 3);
  const float constant[] = {1};
  EXPECT_TRUE(Tensor::view(constant, {1}).raw().flags & ORCH_TENSOR_READ_ONLY);
}

TEST(Wrapper, PoolsAreShared) {
  Pool pool(3);
  EXPECT_EQ(pool.threads(), 3);
  std::vector<int> hits(100);
  pool.parallelFor(100, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      ++hits[size_t(i)];
  });
  EXPECT_EQ(hits, std::vector<int>(100, 1));
  ContextOptions options;
  options.pool = pool;
  pool = Pool();
  Context context(Program::fromArtefact(affine_artefact), options);
  EXPECT_EQ(context.threads(), 3);
  EXPECT_EQ(context.run(rows({1, 2, 3, 4})).size(), 2u);
}

} // namespace
