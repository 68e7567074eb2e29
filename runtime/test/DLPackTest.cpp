//===- DLPackTest.cpp - DLPack in and out ---------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: ownership, types, strides and refusals. That the layout is the
// published
//   one is dlpack_test.py's business, against NumPy.
//
//===----------------------------------------------------------------------===//
#include "DLPackABI.h"
#include "TestSupport.h"

using namespace orchestra::runtime::test;

namespace {

orch_tensor allocate(uint32_t dtype, std::vector<int64_t> dims) {
  orch_tensor tensor = {};
  EXPECT_OK(orch_tensor_allocate(dtype, uint32_t(dims.size()), dims.data(),
                                 nullptr, &tensor));
  return tensor;
}

TEST(DLPack, RoundTripKeepsMemoryAlive) {
  orch_tensor tensor = allocate(ORCH_DTYPE_F32, {2, 3});
  static_cast<float *>(tensor.data)[5] = 4.5f;
  DLManagedTensorVersioned *managed = nullptr;
  ASSERT_OK(orch_tensor_to_dlpack(&tensor, &managed));
  orch_tensor_release(&tensor);
  EXPECT_EQ(managed->version.major, 1u);
  EXPECT_EQ(managed->flags, 0u);
  EXPECT_EQ(managed->dl_tensor.ndim, 2);
  EXPECT_EQ(managed->dl_tensor.shape[1], 3);
  EXPECT_EQ(managed->dl_tensor.strides[0], 3);
  EXPECT_EQ(managed->dl_tensor.dtype.code, 2);
  EXPECT_EQ(managed->dl_tensor.dtype.bits, 32);

  orch_tensor back = {};
  ASSERT_OK(orch_tensor_from_dlpack(managed, &back));
  EXPECT_EQ(back.data, managed->dl_tensor.data) << "no copy";
  EXPECT_EQ(back.dtype, uint32_t(ORCH_DTYPE_F32));
  EXPECT_EQ(back.rank, 2u);
  EXPECT_EQ(back.flags, 0u) << "dense";
  EXPECT_EQ(static_cast<float *>(back.data)[5], 4.5f);
  orch_tensor_release(&back);
}

TEST(DLPack, LegacyRoundTripOfAllTypes) {
  for (uint32_t dtype = 1; dtype <= ORCH_DTYPE_U4; ++dtype) {
    orch_tensor tensor = allocate(dtype, {4});
    DLManagedTensor *managed = nullptr;
    ASSERT_OK(orch_tensor_to_dlpack_legacy(&tensor, &managed));
    orch_tensor back = {};
    ASSERT_OK(orch_tensor_from_dlpack_legacy(managed, &back));
    EXPECT_EQ(back.dtype, dtype);
    orch_tensor_release(&back);
    orch_tensor_release(&tensor);
  }
}

TEST(DLPack, DeleterWithoutConsumer) {
  orch_tensor tensor = allocate(ORCH_DTYPE_I8, {});
  DLManagedTensorVersioned *managed = nullptr;
  ASSERT_OK(orch_tensor_to_dlpack(&tensor, &managed));
  orch_tensor_release(&tensor);
  managed->deleter(managed);
}

TEST(DLPack, ReadOnly) {
  orch_tensor tensor = allocate(ORCH_DTYPE_F32, {2});
  tensor.flags = ORCH_TENSOR_READ_ONLY;
  DLManagedTensor *legacy = nullptr;
  EXPECT_EQ(orch_tensor_to_dlpack_legacy(&tensor, &legacy),
            ORCH_ERROR_UNSUPPORTED);
  expectMessage("read-only", "[dlpack-unsupported]");
  DLManagedTensorVersioned *managed = nullptr;
  ASSERT_OK(orch_tensor_to_dlpack(&tensor, &managed));
  EXPECT_EQ(managed->flags, 1u);
  orch_tensor back = {};
  ASSERT_OK(orch_tensor_from_dlpack(managed, &back));
  EXPECT_EQ(back.flags, uint32_t(ORCH_TENSOR_READ_ONLY));
  orch_tensor_release(&back);
  orch_tensor_release(&tensor);
}

/// A producer of the test's own.
struct Foreign {
  float values[12] = {};
  int64_t shape[2] = {3, 2};
  int64_t strides[2] = {1, 3};
  int deleted = 0;
  DLManagedTensorVersioned managed = {};

  Foreign() {
    managed.version = {1, 0};
    managed.manager_ctx = this;
    managed.deleter = [](DLManagedTensorVersioned *self) {
      ++static_cast<Foreign *>(self->manager_ctx)->deleted;
    };
    managed.dl_tensor = {values, {1, 0}, 2, {2, 32, 1}, shape, strides, 8};
  }
};

TEST(DLPack, StridesAndOffset) {
  Foreign foreign;
  orch_tensor tensor = {};
  ASSERT_OK(orch_tensor_from_dlpack(&foreign.managed, &tensor));
  EXPECT_EQ(tensor.data, foreign.values + 2);
  EXPECT_EQ(tensor.flags, uint32_t(ORCH_TENSOR_STRIDED));
  EXPECT_EQ(tensor.strides[1], 3);
  EXPECT_EQ(foreign.deleted, 0);
  // Out again, through the buffer that holds the producer's tensor.
  DLManagedTensorVersioned *managed = nullptr;
  ASSERT_OK(orch_tensor_to_dlpack(&tensor, &managed));
  EXPECT_EQ(managed->dl_tensor.strides[1], 3);
  orch_tensor_release(&tensor);
  EXPECT_EQ(foreign.deleted, 0);
  managed->deleter(managed);
  EXPECT_EQ(foreign.deleted, 1);

  foreign.managed.dl_tensor.strides = nullptr;
  foreign.managed.deleter = nullptr;
  ASSERT_OK(orch_tensor_from_dlpack(&foreign.managed, &tensor));
  EXPECT_EQ(tensor.flags, 0u);
  orch_tensor_release(&tensor);
}

TEST(DLPack, Refusals) {
  orch_tensor tensor = {};
  auto expectRefused = [&](Foreign &foreign, orch_status status,
                           const char *why) {
    EXPECT_EQ(orch_tensor_from_dlpack(&foreign.managed, &tensor), status);
    expectMessage(why);
    EXPECT_EQ(foreign.deleted, 0) << "still the caller's";
  };
  Foreign version;
  version.managed.version.major = 2;
  expectRefused(version, ORCH_ERROR_UNSUPPORTED, "major version 2");
  Foreign device;
  device.managed.dl_tensor.device.device_type = 2;
  expectRefused(device, ORCH_ERROR_UNSUPPORTED, "device type 2");
  Foreign type;
  type.managed.dl_tensor.dtype.code = 5;
  expectRefused(type, ORCH_ERROR_UNSUPPORTED, "type code 5 with 32 bits");
  Foreign lanes;
  lanes.managed.dl_tensor.dtype.lanes = 4;
  expectRefused(lanes, ORCH_ERROR_UNSUPPORTED, "width 4");
  Foreign rank;
  rank.managed.dl_tensor.ndim = 17;
  expectRefused(rank, ORCH_ERROR_UNSUPPORTED, "rank 17");
  Foreign negative;
  negative.shape[0] = -1;
  expectRefused(negative, ORCH_ERROR_INVALID_ARGUMENT, "dims or strides");
  Foreign shapeless;
  shapeless.managed.dl_tensor.shape = nullptr;
  expectRefused(shapeless, ORCH_ERROR_INVALID_ARGUMENT, "no shape");
  EXPECT_EQ(orch_tensor_from_dlpack(nullptr, &tensor),
            ORCH_ERROR_INVALID_ARGUMENT);

  float value = 0;
  orch_tensor view = orch_tensor_view(&value, ORCH_DTYPE_F32, 0, nullptr);
  DLManagedTensorVersioned *managed = nullptr;
  EXPECT_EQ(orch_tensor_to_dlpack(&view, &managed),
            ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("without a buffer", "orch_buffer_wrap");
}

} // namespace
