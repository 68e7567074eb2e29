//===- DeviceTest.cpp - One suite for all devices -------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the contract of device.h, run for each driver in the registry. A driver
//   whose hardware is absent skips, and says why.
//
//===----------------------------------------------------------------------===//
#include "TestSupport.h"

#include <cstring>
#include <thread>

using namespace orchestra::runtime::test;

namespace {

class Device : public testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    const orch_driver *driver = orch_driver_find(GetParam());
    ASSERT_NE(driver, nullptr);
    int32_t count = 0;
    if (driver->count(&count) != ORCH_OK)
      GTEST_SKIP() << orch_last_error();
    if (count == 0)
      GTEST_SKIP() << "there is no device of driver " << GetParam();
    ASSERT_OK(orch_device_open(GetParam(), 0, nullptr, &device));
    info.struct_size = sizeof(info);
    ASSERT_OK(orch_device_query(device, &info));
  }
  void TearDown() override { EXPECT_OK(orch_device_close(device)); }

  orch_device *device = nullptr;
  orch_device_info info = {};
};

TEST_P(Device, Info) {
  EXPECT_STREQ(orch_device_driver(device)->name, GetParam());
  EXPECT_EQ(orch_device_index(device), 0);
  EXPECT_STRNE(info.name, "");
  EXPECT_STRNE(info.arch, "");
  info.struct_size = 3;
  EXPECT_EQ(orch_device_query(device, &info), ORCH_ERROR_INVALID_ARGUMENT);
}

TEST_P(Device, OpensTwice) {
  orch_device *second = nullptr;
  ASSERT_OK(orch_device_open(GetParam(), 0, nullptr, &second));
  EXPECT_OK(orch_device_close(second));
}

TEST_P(Device, IndexOutOfRange) {
  orch_device *none = nullptr;
  EXPECT_EQ(orch_device_open(GetParam(), 1000, nullptr, &none),
            ORCH_ERROR_NOT_FOUND);
  expectMessage("[device-missing]", GetParam());
  EXPECT_EQ(orch_device_open(GetParam(), -1, nullptr, &none),
            ORCH_ERROR_NOT_FOUND);
}

TEST_P(Device, AllocationsAreAlignedAndApart) {
  std::vector<char *> pointers;
  for (uint64_t alignment : {0, 1, 64, 256, 4096}) {
    void *pointer = nullptr;
    ASSERT_OK(orch_device_allocate(device, 1000, alignment, &pointer));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(pointer) %
                  (alignment ? alignment : ORCH_BUFFER_ALIGNMENT),
              0u);
    pointers.push_back(static_cast<char *>(pointer));
  }
  for (char *a : pointers)
    for (char *b : pointers)
      EXPECT_TRUE(a == b || a + 1000 <= b || b + 1000 <= a);
  EXPECT_EQ(orch_device_close(device), ORCH_ERROR_BUSY);
  expectMessage("[device-busy]", "5 allocations");
  for (char *pointer : pointers)
    orch_device_deallocate(device, pointer);
  orch_device_deallocate(device, nullptr);
}

TEST_P(Device, RefusesBadAllocations) {
  void *pointer = nullptr;
  EXPECT_EQ(orch_device_allocate(device, 0, 0, &pointer),
            ORCH_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(orch_device_allocate(device, 8, 48, &pointer),
            ORCH_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(orch_device_allocate(device, 8, 8192, &pointer),
            ORCH_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(orch_device_allocate(device, UINT64_MAX, 0, &pointer),
            ORCH_ERROR_OUT_OF_MEMORY);
  expectMessage("[out-of-memory]");
  EXPECT_EQ(orch_device_allocate(device, uint64_t(1) << 62, 0, &pointer),
            ORCH_ERROR_OUT_OF_MEMORY);
}

TEST_P(Device, CopiesThereAndBack) {
  const size_t size = 100000;
  void *a = nullptr, *b = nullptr;
  ASSERT_OK(orch_device_allocate(device, size, 0, &a));
  ASSERT_OK(orch_device_allocate(device, size, 0, &b));
  std::vector<char> out(size), in(size);
  for (size_t i = 0; i < size; ++i)
    out[i] = char(i * 7);
  char *from = static_cast<char *>(a), *to = static_cast<char *>(b);
  EXPECT_OK(
      orch_device_copy(device, a, out.data(), size, ORCH_COPY_HOST_TO_DEVICE));
  EXPECT_OK(orch_device_copy(device, to + 100, from + 100, size - 100,
                             ORCH_COPY_DEVICE_TO_DEVICE));
  EXPECT_OK(orch_device_copy(device, in.data() + 100, to + 100, size - 100,
                             ORCH_COPY_DEVICE_TO_HOST));
  EXPECT_OK(orch_device_sync(device));
  if (info.flags & ORCH_DEVICE_STORES_DATA) {
    EXPECT_EQ(memcmp(in.data() + 100, out.data() + 100, size - 100), 0);
    EXPECT_EQ(in[99], 0);
  }
  if (info.flags & ORCH_DEVICE_HOST_VISIBLE) {
    EXPECT_EQ(from[5], out[5]);
  }
  orch_device_deallocate(device, a);
  orch_device_deallocate(device, b);
}

TEST_P(Device, RefusesBadCopies) {
  void *memory = nullptr;
  char host[8];
  ASSERT_OK(orch_device_allocate(device, 8, 0, &memory));
  EXPECT_OK(
      orch_device_copy(device, nullptr, nullptr, 0, ORCH_COPY_HOST_TO_DEVICE));
  EXPECT_EQ(
      orch_device_copy(device, memory, nullptr, 8, ORCH_COPY_HOST_TO_DEVICE),
      ORCH_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(orch_device_copy(device, memory, host, 8, 9),
            ORCH_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(
      orch_device_copy(nullptr, memory, host, 8, ORCH_COPY_HOST_TO_DEVICE),
      ORCH_ERROR_INVALID_ARGUMENT);
  orch_device_deallocate(device, memory);
}

TEST_P(Device, Events) {
  orch_event *event = nullptr;
  ASSERT_OK(orch_event_create(device, &event));
  EXPECT_OK(orch_event_wait(event)) << "never recorded: done";
  void *memory = nullptr;
  std::vector<char> host(1 << 16);
  ASSERT_OK(orch_device_allocate(device, host.size(), 0, &memory));
  for (int round = 0; round < 3; ++round) {
    EXPECT_OK(orch_device_copy(device, memory, host.data(), host.size(),
                               ORCH_COPY_HOST_TO_DEVICE));
    EXPECT_OK(orch_event_record(event));
    EXPECT_OK(orch_event_wait(event));
    int32_t done = 0;
    EXPECT_OK(orch_event_query(event, &done));
    EXPECT_EQ(done, 1) << "after a wait";
  }
  orch_device_deallocate(device, memory);
  EXPECT_EQ(orch_device_close(device), ORCH_ERROR_BUSY);
  orch_event_destroy(event);
  orch_event_destroy(nullptr);
  EXPECT_EQ(orch_event_record(nullptr), ORCH_ERROR_INVALID_ARGUMENT);
}

TEST_P(Device, ManyThreads) {
  inThreads(4, [this](int) {
    char host[64] = {};
    for (int round = 0; round < 50; ++round) {
      void *memory = nullptr;
      ASSERT_OK(orch_device_allocate(device, 64, 0, &memory));
      EXPECT_OK(
          orch_device_copy(device, memory, host, 64, ORCH_COPY_HOST_TO_DEVICE));
      EXPECT_OK(orch_device_sync(device));
      orch_device_deallocate(device, memory);
    }
  });
}

#ifndef ORCH_TEST_DRIVERS
#define ORCH_TEST_DRIVERS "cpu", "null", "cuda"
#endif
INSTANTIATE_TEST_SUITE_P(All, Device, testing::Values(ORCH_TEST_DRIVERS),
                         [](const auto &info) { return info.param; });

TEST(NullDevice, ChecksRanges) {
  orch_device *device = nullptr;
  ASSERT_OK(orch_device_open("null", 0, nullptr, &device));
  void *memory = nullptr;
  char host[64];
  ASSERT_OK(orch_device_allocate(device, 32, 0, &memory));
  EXPECT_EQ(
      orch_device_copy(device, memory, host, 33, ORCH_COPY_HOST_TO_DEVICE),
      ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("[device-range]", "33 bytes");
  EXPECT_EQ(orch_device_copy(device, host, static_cast<char *>(memory) + 32, 1,
                             ORCH_COPY_DEVICE_TO_HOST),
            ORCH_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(
      orch_device_copy(device, memory, host, 8, ORCH_COPY_DEVICE_TO_DEVICE),
      ORCH_ERROR_INVALID_ARGUMENT);
  orch_device_deallocate(device, memory);
  EXPECT_OK(orch_device_close(device));
}

TEST(Registry, BuiltIn) {
  ASSERT_GE(orch_driver_count(), 2u);
  EXPECT_STREQ(orch_driver_get(0)->name, "cpu");
  EXPECT_EQ(orch_driver_get(1000), nullptr);
  EXPECT_EQ(orch_driver_find("warp"), nullptr);
  EXPECT_EQ(orch_driver_find(nullptr), nullptr);
  orch_device *device = nullptr;
  EXPECT_EQ(orch_device_open("warp", 0, nullptr, &device),
            ORCH_ERROR_NOT_FOUND);
  expectMessage("'warp'", "cpu, null", "[device-missing]");
}

TEST(Registry, Register) {
  static orch_driver driver = *orch_driver_find("cpu");
  EXPECT_EQ(orch_driver_register(&driver), ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("'cpu' already");
  driver.name = "cpu-again";
  driver.copy = nullptr;
  EXPECT_EQ(orch_driver_register(&driver), ORCH_ERROR_INVALID_ARGUMENT);
  expectMessage("required entry");
  driver.copy = orch_driver_find("cpu")->copy;
  driver.abi_version = 9;
  EXPECT_EQ(orch_driver_register(&driver), ORCH_ERROR_VERSION);
  expectMessage("[driver-version]");
  driver.abi_version = ORCH_DEVICE_ABI_VERSION;
  ASSERT_OK(orch_driver_register(&driver));
  orch_device *device = nullptr;
  ASSERT_OK(orch_device_open("cpu-again", 0, nullptr, &device));
  EXPECT_OK(orch_device_close(device));
}

} // namespace
