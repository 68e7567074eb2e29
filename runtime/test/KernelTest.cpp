//===- KernelTest.cpp - Loading and launching device code -----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the contract of kernel.h: what is refused before a driver sees it, on a
//   device that runs none; and on a GPU, where there is one, a
//   kernel in PTX.
//
//===----------------------------------------------------------------------===//
#include "TestSupport.h"

#include "orchestra_runtime/kernel.h"

using namespace orchestra::runtime::test;

namespace {

/// Doubles 64 numbers.
const char kPtx[] = R"(
.version 7.0
.target sm_70
.address_size 64
.visible .entry twice(.param .u64 from, .param .u64 to) {
  .reg .b64 %rd<6>;
  .reg .b32 %r<2>;
  .reg .f32 %f<3>;
  ld.param.u64 %rd1, [from];
  ld.param.u64 %rd2, [to];
  cvta.to.global.u64 %rd1, %rd1;
  cvta.to.global.u64 %rd2, %rd2;
  mov.u32 %r1, %tid.x;
  mul.wide.u32 %rd3, %r1, 4;
  add.s64 %rd4, %rd1, %rd3;
  add.s64 %rd5, %rd2, %rd3;
  ld.global.f32 %f1, [%rd4];
  add.f32 %f2, %f1, %f1;
  st.global.f32 [%rd5], %f2;
  ret;
}
)";

/// `twice`, with its arguments in the other order.
struct Twice {
  Twice(const Twice &) = delete; // info points into it
  Twice &operator=(const Twice &) = delete;

  orch_kernel_parameter parameters[2] = {};
  orch_kernel_info info = {};

  Twice() {
    parameters[0].argument = 1;
    info.struct_size = sizeof(info);
    info.name = "twice";
    info.parameter_count = 2;
    info.argument_count = 2;
    info.parameters = parameters;
    for (int dim = 0; dim < 3; ++dim)
      info.grid[dim] = info.block[dim] = 1;
    info.block[0] = 64;
  }
};

orch_status load(orch_device *device, const orch_kernel_info &info,
                 orch_kernel **kernel) {
  return orch_kernel_load(device, kPtx, sizeof(kPtx), &info, kernel);
}

class KernelChecks : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_OK(orch_device_open("null", 0, nullptr, &device));
  }
  void TearDown() override { EXPECT_OK(orch_device_close(device)); }
  void expectInvalid(const orch_kernel_info &info, const char *text) {
    orch_kernel *kernel = nullptr;
    EXPECT_EQ(load(device, info, &kernel), ORCH_ERROR_INVALID_ARGUMENT);
    expectMessage("[invalid-argument]", text);
    EXPECT_EQ(kernel, nullptr);
  }

  orch_device *device = nullptr;
};

TEST_F(KernelChecks, DeviceWithoutKernels) {
  orch_kernel *kernel = nullptr;
  EXPECT_EQ(load(device, Twice().info, &kernel), ORCH_ERROR_UNSUPPORTED);
  expectMessage("[no-device-code]", "'null'");
}

TEST_F(KernelChecks, Grid) {
  Twice twice;
  twice.info.grid[2] = 0;
  expectInvalid(twice.info, "grid");
}

TEST_F(KernelChecks, Parameters) {
  Twice twice;
  twice.info.argument_count = 1;
  expectInvalid(twice.info, "argument");
  twice.info.argument_count = 2;
  twice.parameters[1].kind = ORCH_PARAMETER_TENSOR_MAP;
  expectInvalid(twice.info, "tensor map");
  twice.parameters[1].rank = 1;
  twice.parameters[1].shape[0] = 64;
  expectInvalid(twice.info, "tensor map");
  twice.parameters[1].kind = ORCH_PARAMETER_WINDOW_MAP;
  expectInvalid(twice.info, "tensor map");
  twice.parameters[1].rank = 4;
  for (int dim = 0; dim < 4; ++dim)
    twice.parameters[1].shape[dim] = 8;
  twice.parameters[1].box[0] = twice.parameters[1].box[1] = 8;
  expectInvalid(twice.info, "tensor map");
  twice.parameters[1].kind = 7;
  expectInvalid(twice.info, "neither");
  twice.info.parameters = nullptr;
  expectInvalid(twice.info, "parameters");
}

TEST_F(KernelChecks, NothingGiven) {
  orch_kernel *kernel = nullptr;
  Twice twice;
  twice.info.struct_size = 8;
  expectInvalid(twice.info, "struct_size");
  Twice whole;
  EXPECT_EQ(orch_kernel_load(device, kPtx, 0, &whole.info, &kernel),
            ORCH_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(orch_kernel_launch(nullptr, nullptr, 0, nullptr),
            ORCH_ERROR_INVALID_ARGUMENT);
  orch_kernel_unload(nullptr);
}

class CudaKernel : public testing::Test {
protected:
  void SetUp() override {
    int32_t count = 0;
    if (orch_driver_find("cuda")->count(&count) != ORCH_OK)
      GTEST_SKIP() << orch_last_error();
    if (count == 0)
      GTEST_SKIP() << "there is no NVIDIA GPU";
    ASSERT_OK(orch_device_open("cuda", 0, nullptr, &device));
  }
  void TearDown() override { EXPECT_OK(orch_device_close(device)); }

  orch_device *device = nullptr;
};

TEST_F(CudaKernel, Runs) {
  orch_kernel *kernel = nullptr;
  ASSERT_OK(load(device, Twice().info, &kernel));
  EXPECT_EQ(orch_device_close(device), ORCH_ERROR_BUSY);
  float host[64], result[64];
  for (int i = 0; i < 64; ++i)
    host[i] = float(i) + 0.5f;
  void *buffers[2];
  for (void *&buffer : buffers)
    ASSERT_OK(orch_device_allocate(device, sizeof(host), 0, &buffer));
  ASSERT_OK(orch_device_copy(device, buffers[1], host, sizeof(host),
                             ORCH_COPY_HOST_TO_DEVICE));
  ASSERT_OK(orch_kernel_launch(kernel, buffers, 2, nullptr));
  ASSERT_OK(orch_device_copy(device, result, buffers[0], sizeof(result),
                             ORCH_COPY_DEVICE_TO_HOST));
  ASSERT_OK(orch_device_sync(device));
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(result[i], 2 * host[i]);
  EXPECT_EQ(orch_kernel_launch(kernel, buffers, 1, nullptr),
            ORCH_ERROR_INVALID_ARGUMENT);
  for (void *buffer : buffers)
    orch_device_deallocate(device, buffer);
  orch_kernel_unload(kernel);
}

TEST_F(CudaKernel, RefusesOtherCode) {
  orch_kernel *kernel = nullptr;
  Twice twice;
  twice.info.name = "thrice";
  EXPECT_EQ(load(device, twice.info, &kernel), ORCH_ERROR_BAD_ARTEFACT);
  expectMessage("[no-device-code]", "'thrice'");
  twice.info.name = "twice";
  EXPECT_EQ(orch_kernel_load(device, "junk", 4, &twice.info, &kernel),
            ORCH_ERROR_UNSUPPORTED);
  expectMessage("[no-device-code]", "compute capability");
  twice.info.shared_bytes = 1u << 30;
  EXPECT_EQ(load(device, twice.info, &kernel), ORCH_ERROR_UNSUPPORTED);
  expectMessage("[shared-memory]", "1073741824");
}

} // namespace
