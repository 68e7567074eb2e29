//===- EmulatedWindowsTest.cpp - Windows over pictures, copied ------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: maps of windows ("im2col mode" of the PTX ISA) against loops over the
//   picture, and the rules for their descriptors and coordinates.
//
//===----------------------------------------------------------------------===//
#include "EmulatedFixture.h"

#include <cstring>

using namespace orchestra::runtime::test;

namespace {

/// Pictures of 2 x 5 x 6 pixels of 8 floats, windows of 3 x 3 two columns apart
/// that begin a pixel outside; 16 of them are copied at once.
constexpr int64_t kPictures = 2, kHeight = 5, kWidth = 6, kChannels = 8;
constexpr int64_t kRows = 5, kColumns = 3, kWindows = 16;

struct Copy {
  int64_t dims[4] = {kPictures, kHeight, kWidth, kChannels};
  int64_t strides[4] = {kHeight * kWidth * kChannels, kWidth *kChannels,
                        kChannels, 1};
  int64_t lower[2] = {-1, -1}, upper[2] = {-1, -2}, steps[2] = {1, 2};
  int64_t box[2] = {kWindows, kChannels};
  int64_t at[4] = {0, -1, -1, 0}, offsets[2] = {0, 0};
  Buffer<float> picture{kPictures * kHeight * kWidth * kChannels};
  Buffer<float> seen{kWindows * kChannels};
  void *map = nullptr;

  Copy() {
    for (int64_t i = 0; i < kPictures * kHeight * kWidth * kChannels; ++i)
      picture[i] = float(i + 1);
  }
  ~Copy() { orch_emulated_deallocate(map); }

  void makeMap() {
    map = orch_emulated_im2col_map(picture.get(), 4, 4, dims, strides, lower,
                                   upper, steps, box, /*swizzle=*/0);
  }
};

void copy(Item *item, void *const *arguments) {
  auto *copy = static_cast<Copy *>(arguments[0]);
  char *barrier = static_cast<char *>(orch_emulated_shared(item, 0));
  char *tile = static_cast<char *>(orch_emulated_shared(item, 128));
  int64_t bytes = copy->box[0] * copy->box[1] * 4;
  orch_emulated_mbarrier_init(item, barrier, 1, "p");
  orch_emulated_mbarrier_arrive(item, barrier, 1, bytes, "p");
  orch_emulated_im2col_load(item, copy->map, tile, 4, copy->at, copy->offsets,
                            barrier, "p");
  orch_emulated_mbarrier_wait(item, barrier, 0, "p");
  memcpy(copy->seen.get(), tile, size_t(bytes));
}

/// Pixel `offset` of window `number`, counted over pictures.
float getPixel(const Copy &copy, int64_t number, int64_t channel) {
  int64_t column = number % kColumns * 2 - 1 + copy.offsets[0];
  int64_t row = number / kColumns % kRows - 1 + copy.offsets[1];
  int64_t picture = number / kColumns / kRows;
  if (column < 0 || column >= kWidth || row < 0 || row >= kHeight ||
      picture >= kPictures)
    return 0;
  return copy
      .picture[((picture * kHeight + row) * kWidth + column) * kChannels +
               channel];
}

TEST_F(Emulated, WindowsAreCopiedOverRowsAndPictures) {
  Copy windows;
  windows.makeMap();
  for (int64_t first : {0, 4, 13, 20})
    for (int64_t pixel = 0; pixel < 9; ++pixel) {
      windows.offsets[0] = pixel % 3;
      windows.offsets[1] = pixel / 3;
      windows.at[1] = first % kColumns * 2 - 1;
      windows.at[2] = first / kColumns % kRows - 1;
      windows.at[3] = first / kColumns / kRows;
      ASSERT_OK(launch(copy, {}, {1, 1, 1}, {&windows}, 1024));
      for (int64_t i = 0; i < kWindows * kChannels; ++i)
        EXPECT_EQ(windows.seen[i],
                  getPixel(windows, first + i / kChannels, i % kChannels))
            << first << " " << pixel << " " << i;
    }
}

class WindowRules : public Emulated {
protected:
  template <typename Change> static void expectRule(Change change) {
    Copy windows;
    change(windows);
    windows.makeMap();
    EXPECT_NE(launch(copy, {}, {1, 1, 1}, {&windows}, 1 << 16), ORCH_OK);
    EXPECT_THAT(orch_emulated_error(), testing::HasSubstr("[device-rule]"));
    orch_emulated_reset();
  }
};

TEST_F(WindowRules, Corners) {
  expectRule([](Copy &windows) { windows.lower[0] = -129; });
  expectRule([](Copy &windows) { windows.upper[1] = 128; });
  expectRule([](Copy &windows) { windows.upper[0] = -6; });
}

TEST_F(WindowRules, Steps) {
  expectRule([](Copy &windows) { windows.steps[0] = 9; });
  expectRule([](Copy &windows) { windows.steps[1] = 0; });
}

TEST_F(WindowRules, Coordinates) {
  expectRule([](Copy &windows) { windows.at[1] = -2; });
  expectRule([](Copy &windows) { windows.at[2] = 4; });
  expectRule([](Copy &windows) { windows.offsets[0] = 256; });
  expectRule([](Copy &windows) { windows.offsets[1] = -1; });
}

TEST_F(WindowRules, Counts) {
  expectRule([](Copy &windows) { windows.box[0] = 1025; });
}

TEST_F(WindowRules, KindsOfMaps) {
  auto kernel = [](Item *item, void *const *arguments) {
    auto *windows = static_cast<Copy *>(arguments[0]);
    char *barrier = static_cast<char *>(orch_emulated_shared(item, 0));
    orch_emulated_mbarrier_init(item, barrier, 1, "p");
    orch_emulated_tensor_load(item, windows->map,
                              orch_emulated_shared(item, 128), 4, windows->at,
                              barrier, "p");
  };
  Copy windows;
  windows.makeMap();
  EXPECT_NE(launch(kernel, {}, {1, 1, 1}, {&windows}, 1024), ORCH_OK);
  EXPECT_THAT(orch_emulated_error(), testing::HasSubstr("[device-rule]"));
}

} // namespace
