//===- TensorTest.cpp - Element types, tensors, buffers -------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "TestSupport.h"

#include <cstring>

using namespace orchestra::runtime::test;

namespace {

TEST(DType, NamesAndBits) {
  for (uint32_t dtype = 1; dtype <= ORCH_DTYPE_U4; ++dtype) {
    EXPECT_GT(orch_dtype_bits(dtype), 0u);
    EXPECT_STRNE(orch_dtype_name(dtype), "invalid");
  }
  EXPECT_EQ(orch_dtype_bits(ORCH_DTYPE_INVALID), 0u);
  EXPECT_EQ(orch_dtype_bits(1000), 0u);
  EXPECT_STREQ(orch_dtype_name(1000), "invalid");
  EXPECT_STREQ(orch_dtype_name(ORCH_DTYPE_BF16), "bf16");
  EXPECT_STREQ(orch_dtype_name(ORCH_DTYPE_F8E5M2FNUZ), "f8E5M2FNUZ");
  EXPECT_STREQ(orch_dtype_name(ORCH_DTYPE_U4), "u4");
  EXPECT_EQ(orch_dtype_bits(ORCH_DTYPE_I64), 64u);
  EXPECT_EQ(orch_dtype_bits(ORCH_DTYPE_I4), 4u);
  EXPECT_EQ(orch_dtype_bits(ORCH_DTYPE_BOOL), 8u);
}

TEST(Status, Names) {
  EXPECT_STREQ(orch_status_name(ORCH_OK), "ok");
  EXPECT_STREQ(orch_status_name(ORCH_ERROR_BUSY), "busy");
  EXPECT_STREQ(orch_status_name(77), "unknown");
  EXPECT_EQ(orch_runtime_abi_version(), ORCH_ARTEFACT_ABI_VERSION);
  EXPECT_STRNE(orch_runtime_version(), "");
}

int64_t elements;
uint64_t bytes;

orch_status sizeOf(uint32_t dtype, std::vector<int64_t> dims) {
  orch_tensor tensor =
      orch_tensor_view(nullptr, dtype, uint32_t(dims.size()), dims.data());
  return orch_tensor_size(&tensor, &elements, &bytes);
}

TEST(Tensor, Size) {
  EXPECT_OK(sizeOf(ORCH_DTYPE_F32, {}));
  EXPECT_EQ(elements, 1);
  EXPECT_EQ(bytes, 4u);
  EXPECT_OK(sizeOf(ORCH_DTYPE_F64, {2, 3, 4}));
  EXPECT_EQ(bytes, 192u);
  EXPECT_OK(sizeOf(ORCH_DTYPE_I4, {3, 3}));
  EXPECT_EQ(elements, 9);
  EXPECT_EQ(bytes, 5u);
  EXPECT_OK(sizeOf(ORCH_DTYPE_F32, {INT64_MAX, 0, INT64_MAX}));
  EXPECT_EQ(bytes, 0u);
  EXPECT_EQ(sizeOf(ORCH_DTYPE_F32, {-1}), ORCH_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(sizeOf(ORCH_DTYPE_F32, {INT64_MAX, 2}),
            ORCH_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(sizeOf(ORCH_DTYPE_F32, {int64_t(1) << 61}),
            ORCH_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(sizeOf(77, {1}), ORCH_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(sizeOf(ORCH_DTYPE_F32, std::vector<int64_t>(17, 1)),
            ORCH_ERROR_INVALID_ARGUMENT);
  EXPECT_OK(sizeOf(ORCH_DTYPE_F32, std::vector<int64_t>(16, 1)));
}

TEST(Tensor, AllocateAndShare) {
  const int64_t dims[] = {3, 5};
  orch_tensor tensor = {};
  ASSERT_OK(orch_tensor_allocate(ORCH_DTYPE_I16, 2, dims, nullptr, &tensor));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data) % ORCH_BUFFER_ALIGNMENT,
            0u);
  EXPECT_EQ(orch_buffer_size(tensor.buffer), 30u);
  EXPECT_EQ(orch_buffer_data(tensor.buffer), tensor.data);
  orch_tensor other = tensor;
  orch_buffer_retain(other.buffer);
  orch_tensor_release(&tensor);
  EXPECT_EQ(tensor.data, nullptr);
  memset(other.data, 1, 30);
  orch_tensor_release(&other);
  orch_tensor_release(&other);
  orch_tensor_release(nullptr);
  EXPECT_EQ(orch_tensor_allocate(ORCH_DTYPE_I16, 2, nullptr, nullptr, &tensor),
            ORCH_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(orch_tensor_allocate(ORCH_DTYPE_I16, 2, dims, nullptr, nullptr),
            ORCH_ERROR_INVALID_ARGUMENT);
  const int64_t huge[] = {int64_t(1) << 55};
  EXPECT_EQ(orch_tensor_allocate(ORCH_DTYPE_I16, 1, huge, nullptr, &tensor),
            ORCH_ERROR_OUT_OF_MEMORY);
  expectMessage("[out-of-memory]", "72057594037927936 bytes");
}

TEST(Buffer, WrapCallsDestroy) {
  char memory[8];
  static void *seen;
  static int calls;
  seen = nullptr;
  calls = 0;
  orch_buffer *buffer = nullptr;
  ASSERT_OK(orch_buffer_wrap(
      memory, 8,
      [](void *user, void *data) {
        ++*static_cast<int *>(user);
        seen = data;
      },
      &calls, nullptr, &buffer));
  orch_buffer_retain(buffer);
  orch_buffer_release(buffer);
  EXPECT_EQ(calls, 0);
  orch_buffer_release(buffer);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(seen, memory);
  orch_buffer_release(nullptr);
}

TEST(Allocator, SystemAligns) {
  orch_allocator system = orch_system_allocator();
  for (size_t size : {size_t(1), size_t(100), size_t(5) << 20})
    for (size_t alignment : {1, 8, 64, 4096}) {
      void *pointer = system.allocate(system.user, size, alignment);
      ASSERT_NE(pointer, nullptr);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(pointer) % alignment, 0u);
      memset(pointer, 1, size);
      system.deallocate(system.user, pointer, size, alignment);
    }
}

// Fails the n-th allocation, for each n, in everything from load to release:
// each must end in a status, and nothing may leak or be freed with another
// size.
struct Failing {
  int left;
  int64_t alive = 0;

  static void *allocate(void *user, size_t size, size_t alignment) {
    auto *self = static_cast<Failing *>(user);
    if (self->left-- <= 0)
      return nullptr;
    size_t header = alignment > 16 ? alignment : 16;
    void *memory = nullptr;
    if (posix_memalign(&memory, header, size + header) != 0)
      return nullptr;
    memcpy(memory, &size, sizeof(size));
    ++self->alive;
    return static_cast<char *>(memory) + header;
  }
  static void deallocate(void *user, void *pointer, size_t size,
                         size_t alignment) {
    size_t header = alignment > 16 ? alignment : 16;
    void *memory = static_cast<char *>(pointer) - header;
    EXPECT_EQ(memcmp(memory, &size, sizeof(size)), 0);
    --static_cast<Failing *>(user)->alive;
    free(memory);
  }
  orch_allocator allocator() { return {this, allocate, deallocate}; }
};

orch_status everything(const orch_allocator *allocator) {
  orch_program_options programOptions = ORCH_PROGRAM_OPTIONS_INIT;
  programOptions.allocator = allocator;
  orch_program *program = nullptr;
  if (orch_status status =
          orch_program_load(AFFINE_SO, &programOptions, &program))
    return status;
  ProgramPtr ownedProgram(program);
  orch_context_options options = ORCH_CONTEXT_OPTIONS_INIT;
  options.num_threads = 2;
  options.flags = ORCH_CONTEXT_PROFILING;
  options.allocator = allocator;
  orch_context *context = nullptr;
  if (orch_status status = orch_context_create(program, &options, &context))
    return status;
  ContextPtr ownedContext(context);
  std::vector<float> x(9), shift(9);
  const int64_t dims[] = {2, 4};
  orch_tensor in = orch_tensor_view(reinterpret_cast<char *>(x.data()) + 1,
                                    ORCH_DTYPE_F32, 2, dims);
  orch_tensor out[2] = {};
  if (orch_status status = orch_context_run(context, &in, 1, out, 2)) {
    EXPECT_EQ(out[0].data, nullptr);
    EXPECT_EQ(out[1].data, nullptr);
    return status;
  }
  orch_tensor_release(&out[0]);
  orch_tensor_release(&out[1]);
  return ORCH_OK;
}

TEST(Allocator, EveryFailureIsAStatus) {
  int failures = 0;
  for (int n = 0;; ++n) {
    Failing failing{n};
    orch_allocator allocator = failing.allocator();
    orch_status status = everything(&allocator);
    EXPECT_EQ(failing.alive, 0) << "with " << n << " allocations";
    if (status == ORCH_OK)
      break;
    EXPECT_EQ(status, ORCH_ERROR_OUT_OF_MEMORY) << orch_last_error();
    expectMessage("[out-of-memory]");
    ++failures;
    ASSERT_LT(n, 200);
  }
  EXPECT_GT(failures, 10);
}

} // namespace
