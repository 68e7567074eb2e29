//===- EmulatedTest.cpp - The emulated GPU --------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: kernels written by hand against emulated.h: who an item is, barriers,
//   shuffles, copies that are late, and each error. DeviceTest.cpp is built
//   into the same program, so the driver passes the suite of all devices.
//
//===----------------------------------------------------------------------===//
#include "EmulatedFixture.h"

#include <cstring>
#include <numeric>

using namespace orchestra::runtime::test;

namespace {

class Registration : public testing::Environment {
  void SetUp() override {
    ASSERT_OK(orch_emulated_register());
    ASSERT_OK(orch_emulated_register()); // Again changes nothing.
  }
};
[[maybe_unused]] testing::Environment *const registration =
    testing::AddGlobalTestEnvironment(new Registration);

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

TEST_F(Emulated, EveryItemOfThreeDimensionsRunsOnce) {
  Buffer<int64_t> counts(4 * 3 * 2 * 5 * 2 * 3);
  std::fill_n(counts.get(), 720, 0);
  auto kernel = [](Item *item, void *const *arguments) {
    int64_t place = 0;
    for (int dim = 2; dim >= 0; --dim) {
      place = place * id(item, ORCH_EMULATED_GRID + dim) +
              id(item, ORCH_EMULATED_GROUP + dim);
      place = place * id(item, ORCH_EMULATED_BLOCK + dim) +
              id(item, ORCH_EMULATED_ITEM + dim);
    }
    ++static_cast<int64_t *>(arguments[0])[place];
  };
  ASSERT_OK(launch(kernel, {4, 3, 2}, {5, 2, 3}, {counts.get()}));
  EXPECT_THAT(counts.values(), testing::Each(1));
}

TEST_F(Emulated, SubgroupsGoByLinearNumber) {
  Buffer<int64_t> seen(3 * 40);
  auto kernel = [](Item *item, void *const *arguments) {
    int64_t number =
        id(item, ORCH_EMULATED_ITEM) + 10 * id(item, ORCH_EMULATED_ITEM + 1);
    auto *row = static_cast<int64_t *>(arguments[0]) + 3 * number;
    row[0] = id(item, ORCH_EMULATED_LANE);
    row[1] = id(item, ORCH_EMULATED_SUBGROUP);
    row[2] = id(item, ORCH_EMULATED_NUM_SUBGROUPS);
  };
  ASSERT_OK(launch(kernel, {}, {10, 4, 1}, {seen.get()}));
  for (int64_t i = 0; i < 40; ++i) {
    EXPECT_EQ(seen[3 * i], i % 32);
    EXPECT_EQ(seen[3 * i + 1], i / 32);
    EXPECT_EQ(seen[3 * i + 2], 2);
  }
}

TEST_F(Emulated, SizesThatCannotBeLaunched) {
  auto kernel = [](Item *, void *const *) {};
  for (Dims block : {Dims{0, 1, 1}, Dims{1025, 1, 1}, Dims{32, 32, 2},
                     Dims{-1, 1, 1}, Dims{1, 1, INT64_MAX}}) {
    EXPECT_EQ(launch(kernel, {}, block, {}), ORCH_ERROR_INVALID_ARGUMENT);
    EXPECT_THAT(orch_emulated_error(),
                testing::HasSubstr("m.onnx:/Node: error"));
    EXPECT_THAT(orch_emulated_error(), testing::HasSubstr("[launch-size]"));
    orch_emulated_reset();
  }
  EXPECT_EQ(launch(kernel, {-1, 1, 1}, {}, {}), ORCH_ERROR_INVALID_ARGUMENT);
  EXPECT_THAT(orch_emulated_error(), testing::HasSubstr("[launch-size]"));
}

TEST_F(Emulated, FirstErrorIsKept) {
  Buffer<int> runs(1);
  runs[0] = 0;
  auto kernel = [](Item *, void *const *arguments) {
    ++*static_cast<int *>(arguments[0]);
  };
  ASSERT_OK(launch(kernel, {}, {}, {runs.get()}));
  EXPECT_NE(launch(kernel, {-1, 1, 1}, {}, {runs.get()}), ORCH_OK);
  EXPECT_NE(launch(kernel, {}, {}, {runs.get()}), ORCH_OK);
  EXPECT_EQ(runs[0], 1);
  EXPECT_EQ(orch_emulated_status(), ORCH_ERROR_INVALID_ARGUMENT);
  orch_emulated_reset();
  EXPECT_EQ(orch_emulated_status(), ORCH_OK);
  ASSERT_OK(launch(kernel, {}, {}, {runs.get()}));
  EXPECT_EQ(runs[0], 2);
}

//===----------------------------------------------------------------------===//
// Shared memory and barriers
//===----------------------------------------------------------------------===//

TEST_F(Emulated, BarrierOrdersSharedMemory) {
  Buffer<int> values(1024);
  std::iota(values.get(), values.get() + 1024, 0);
  auto reverse = [](Item *item, void *const *arguments) {
    auto *values =
        static_cast<int *>(arguments[0]) + 512 * id(item, ORCH_EMULATED_GROUP);
    auto *tile = static_cast<int *>(orch_emulated_shared(item, 128));
    int64_t i = id(item, ORCH_EMULATED_ITEM);
    tile[i] = values[i];
    orch_emulated_barrier(item, "here");
    values[i] = tile[511 - i];
  };
  ASSERT_OK(
      launch(reverse, {2, 1, 1}, {512, 1, 1}, {values.get()}, 128 + 512 * 4));
  for (int i = 0; i < 1024; ++i)
    EXPECT_EQ(values[i], i / 512 * 512 + 511 - i % 512);
}

TEST_F(Emulated, SharedMemoryStartsAsNaN) {
  Buffer<uint32_t> seen(4);
  auto kernel = [](Item *item, void *const *arguments) {
    auto *seen = static_cast<uint32_t *>(arguments[0]);
    auto *fixed = static_cast<uint32_t *>(orch_emulated_shared(item, 0));
    auto *dynamic = static_cast<uint32_t *>(orch_emulated_dynamic_shared(item));
    int64_t group = id(item, ORCH_EMULATED_GROUP);
    seen[2 * group] = fixed[0];
    seen[2 * group + 1] = dynamic[1];
    fixed[0] = dynamic[1] = 1; // Not for the next group to see.
  };
  ASSERT_OK(launch(kernel, {2, 1, 1}, {}, {seen.get()}, 4, 8));
  EXPECT_THAT(seen.values(), testing::Each(0xFFFFFFFFu));
}

TEST_F(Emulated, BarrierThatSomeMiss) {
  auto kernel = [](Item *item, void *const *) {
    if (id(item, ORCH_EMULATED_ITEM) != 5)
      orch_emulated_barrier(item, "m.onnx:/Softmax");
  };
  EXPECT_EQ(launch(kernel, {}, {8, 1, 1}, {}), ORCH_ERROR_EXECUTION);
  for (const char *part :
       {"m.onnx:/Softmax: error: work items of kernel 'k' diverge at a barrier "
        "[divergent-barrier]",
        "work item (0, 0, 0) of group (0, 0, 0) waits at m.onnx:/Softmax",
        "work item (5, 0, 0) of group (0, 0, 0) has ended"})
    EXPECT_THAT(orch_emulated_error(), testing::HasSubstr(part));
}

TEST_F(Emulated, BarriersAtTwoPlaces) {
  auto kernel = [](Item *item, void *const *) {
    bool first = id(item, ORCH_EMULATED_ITEM) < 4;
    orch_emulated_barrier(item, first ? "one" : "other");
  };
  EXPECT_EQ(launch(kernel, {}, {8, 1, 1}, {}), ORCH_ERROR_EXECUTION);
  EXPECT_THAT(orch_emulated_error(),
              testing::HasSubstr("work item (4, 0, 0) of group (0, 0, 0) waits "
                                 "at other"));
}

//===----------------------------------------------------------------------===//
// Shuffles
//===----------------------------------------------------------------------===//

struct Shuffle {
  int32_t mode, offset, width;
  int64_t *results;
  int32_t *valid;
};

void shuffle(Item *item, void *const *arguments) {
  const auto *what = static_cast<const Shuffle *>(arguments[0]);
  int64_t lane = id(item, ORCH_EMULATED_ITEM);
  what->results[lane] = orch_emulated_shuffle(
      item, 100 + lane, what->mode, what->offset, what->width, "place");
  what->valid[lane] = orch_emulated_shuffle_valid(item);
}

TEST_F(Emulated, ShuffleModes) {
  Buffer<int64_t> results(64);
  Buffer<int32_t> valid(64);
  Shuffle cases[] = {
      {ORCH_EMULATED_SHUFFLE_XOR, 1, 32, results.get(), valid.get()},
      {ORCH_EMULATED_SHUFFLE_XOR, 24, 16, results.get(), valid.get()},
      {ORCH_EMULATED_SHUFFLE_DOWN, 7, 32, results.get(), valid.get()},
      {ORCH_EMULATED_SHUFFLE_UP, 3, 32, results.get(), valid.get()},
      {ORCH_EMULATED_SHUFFLE_IDX, 9, 32, results.get(), valid.get()},
      {ORCH_EMULATED_SHUFFLE_IDX, 9, 8, results.get(), valid.get()}};
  for (Shuffle &test : cases) {
    ASSERT_OK(launch(shuffle, {}, {64, 1, 1}, {&test}));
    for (int64_t i = 0; i < 64; ++i) {
      int64_t lane = i % 32;
      int64_t sources[] = {lane ^ test.offset, lane + test.offset,
                           lane - test.offset, test.offset};
      int64_t source = sources[test.mode];
      bool has = lane < test.width && source >= 0 && source < test.width;
      EXPECT_EQ(valid[i], has) << test.mode << " lane " << i;
      if (has)
        EXPECT_EQ(results[i], 100 + i - lane + source);
    }
  }
}

TEST_F(Emulated, ShuffleOfAShortSubgroup) {
  Buffer<int64_t> results(40);
  Buffer<int32_t> valid(40);
  Shuffle test = {ORCH_EMULATED_SHUFFLE_DOWN, 4, 32, results.get(),
                  valid.get()};
  ASSERT_OK(launch(shuffle, {}, {40, 1, 1}, {&test}));
  for (int64_t i = 32; i < 36; ++i)
    EXPECT_EQ(results[i], 100 + i + 4);
  for (int64_t i = 36; i < 40; ++i)
    EXPECT_EQ(valid[i], 0);
}

TEST_F(Emulated, ShuffleErrors) {
  Buffer<int64_t> results(32);
  Buffer<int32_t> valid(32);
  Shuffle wide = {ORCH_EMULATED_SHUFFLE_XOR, 1, 64, results.get(), valid.get()};
  EXPECT_NE(launch(shuffle, {}, {32, 1, 1}, {&wide}), ORCH_OK);
  EXPECT_THAT(orch_emulated_error(), testing::HasSubstr("[device-rule]"));
  orch_emulated_reset();
  auto some = [](Item *item, void *const *) {
    if (id(item, ORCH_EMULATED_ITEM) % 2 == 0)
      orch_emulated_shuffle(item, 0, ORCH_EMULATED_SHUFFLE_XOR, 2, 32, "even");
  };
  EXPECT_NE(launch(some, {}, {32, 1, 1}, {}), ORCH_OK);
  EXPECT_THAT(orch_emulated_error(),
              testing::HasSubstr("diverge at a shuffle [divergent-barrier]"));
}

//===----------------------------------------------------------------------===//
// Accesses
//===----------------------------------------------------------------------===//

TEST_F(Emulated, AccessesThatAreAllowed) {
  Buffer<char> memory(100);
  static const char table[16] = {};
  auto kernel = [](Item *item, void *const *arguments) {
    char *memory = static_cast<char *>(arguments[0]);
    orch_emulated_check(item, memory, 100, 1, "p");
    orch_emulated_check(item, memory + 100, 0, 1, "p"); // No bytes at all.
    orch_emulated_check(item, nullptr, 0, 0, "p");
    orch_emulated_check(item, orch_emulated_shared(item, 64), 64, 1, "p");
    char own[64];
    orch_emulated_check(item, own, 64, 1, "p");
    orch_emulated_constant(item, table, 16);
    orch_emulated_check(item, table + 8, 8, 0, "p");
    orch_emulated_check_index(item, 3, 4, 7, 0, 0, "p");
    orch_emulated_require(item, 1, "a rule", "p");
  };
  EXPECT_EQ(launch(kernel, {}, {}, {memory.get()}, 128), ORCH_OK)
      << orch_emulated_error();
}

TEST_F(Emulated, AccessesThatAreNot) {
  Buffer<char> memory(100);
  expectFailure(
      [](Item *item, void *const *arguments) {
        orch_emulated_check(item, static_cast<char *>(arguments[0]) + 97, 4, 1,
                            "m.onnx:/Add");
      },
      {memory.get()},
      "m.onnx:/Add: error: kernel 'k' writes outside its "
      "memory [out-of-bounds]",
      "byte 97 of an allocation of 100 bytes");
  expectFailure(
      [](Item *item, void *const *arguments) {
        orch_emulated_check(item, static_cast<char *>(arguments[0]) - 1, 1, 0,
                            "p");
      },
      {memory.get()}, "reads outside its memory");
  expectFailure(
      [](Item *item, void *const *) {
        orch_emulated_check(item, orch_emulated_shared(item, 255), 2, 0, "p");
      },
      {}, "byte 255 of the group's shared memory of 256 bytes");
  static const char table[16] = {};
  expectFailure(
      [](Item *item, void *const *) {
        orch_emulated_constant(item, table, 16);
        orch_emulated_check(item, table, 1, 1, "p");
      },
      {}, "it is a constant");
  expectFailure(
      [](Item *item, void *const *) {
        orch_emulated_check(item, reinterpret_cast<void *>(8), 8, 0, "p");
      },
      {}, "[out-of-bounds]", "it belongs to no allocation");
  void *freed = orch_emulated_allocate(64);
  orch_emulated_deallocate(freed);
  expectFailure(
      [](Item *item, void *const *arguments) {
        orch_emulated_check(item, arguments[0], 1, 0, "p");
      },
      {freed}, "[out-of-bounds]");
}

TEST_F(Emulated, IndicesAndRules) {
  expectFailure(
      [](Item *item, void *const *) {
        orch_emulated_check_index(item, 4, 4, 7, 1, 0, "m.onnx:/Slice");
      },
      {},
      "m.onnx:/Slice: error: kernel 'k' reads outside its memory "
      "[out-of-bounds]",
      "the indices 4 to 7 of dimension 1, whose size is 7");
  expectFailure(
      [](Item *item, void *const *) {
        orch_emulated_check_index(item, -1, 1, 7, 0, 1, "p");
      },
      {}, "writes outside", "index -1 of dimension 0");
  expectFailure(
      [](Item *item, void *const *) {
        orch_emulated_require(item, 0, "blocks are aligned", "m.onnx:/Conv");
      },
      {},
      "m.onnx:/Conv: error: kernel 'k' breaks a rule of its device "
      "[device-rule]",
      "note: blocks are aligned");
}

TEST_F(Emulated, GuardBytesShowWhatChecksDoNotSee) {
  auto *memory = static_cast<char *>(orch_emulated_allocate(24));
  ASSERT_NE(memory, nullptr);
  EXPECT_EQ(memory[23], char(0xFF)); // New memory is NaN.
  memory[24] = 0;
  orch_emulated_deallocate(memory);
  EXPECT_EQ(orch_emulated_status(), ORCH_ERROR_EXECUTION);
  EXPECT_THAT(orch_emulated_error(), testing::HasSubstr("[device-range]"));
  orch_emulated_reset();
  int own = 0;
  orch_emulated_deallocate(&own);
  EXPECT_EQ(orch_emulated_status(), ORCH_ERROR_INVALID_ARGUMENT);
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

TEST_F(Emulated, AsynchronousCopiesComeWithTheWait) {
  Buffer<uint8_t> source(32), seen(64);
  std::iota(source.get(), source.get() + 32, uint8_t(1));
  auto kernel = [](Item *item, void *const *arguments) {
    const auto *source = static_cast<const uint8_t *>(arguments[0]);
    auto *seen = static_cast<uint8_t *>(arguments[1]);
    auto *tile = static_cast<uint8_t *>(orch_emulated_shared(item, 0));
    orch_emulated_async_copy(item, tile, source, 16, 16, "p");
    orch_emulated_async_commit(item);
    orch_emulated_async_copy(item, tile + 16, source + 16, 16, 10, "p");
    orch_emulated_async_commit(item);
    memcpy(seen, tile, 16); // Not there yet.
    orch_emulated_async_wait(item, 1);
    memcpy(seen + 16, tile, 32);
    orch_emulated_async_wait(item, 0);
    memcpy(seen + 48, tile + 16, 16);
  };
  ASSERT_OK(launch(kernel, {}, {}, {source.get(), seen.get()}, 32));
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(seen[i], 0xFF);
    EXPECT_EQ(seen[16 + i], i + 1);
    EXPECT_EQ(seen[32 + i], 0xFF); // The second group is still under way.
    EXPECT_EQ(seen[48 + i], i < 10 ? i + 17 : 0);
  }
}

TEST_F(Emulated, AsynchronousCopyOutside) {
  Buffer<uint8_t> source(32);
  expectFailure(
      [](Item *item, void *const *arguments) {
        orch_emulated_async_copy(item, orch_emulated_shared(item, 0),
                                 static_cast<char *>(arguments[0]) + 24, 16, 9,
                                 "p");
      },
      {source.get()}, "reads outside its memory [out-of-bounds]");
}

struct Box {
  void *map;
  float *result;
  int64_t row, column;
};

/// One item asks for the box of 2 x 4 elements, all four store it.
void moveBox(Item *item, void *const *arguments) {
  const auto *box = static_cast<const Box *>(arguments[0]);
  void *barrier = orch_emulated_shared(item, 0);
  auto *tile = static_cast<float *>(orch_emulated_shared(item, 128));
  int64_t lane = id(item, ORCH_EMULATED_ITEM);
  if (lane == 0)
    orch_emulated_mbarrier_init(item, barrier, 1, "p");
  orch_emulated_barrier(item, "p");
  if (lane == 0) {
    orch_emulated_mbarrier_arrive(item, barrier, 1, 32, "p");
    int64_t coordinates[] = {box->column, box->row};
    orch_emulated_tensor_load(item, box->map, tile, 2, coordinates, barrier,
                              "p");
  }
  orch_emulated_mbarrier_wait(item, barrier, 0, "p");
  box->result[lane] = tile[lane];
  box->result[lane + 4] = tile[lane + 4];
}

TEST_F(Emulated, BoxesOfTensors) {
  Buffer<float> tensor(5 * 8), result(8);
  std::iota(tensor.get(), tensor.get() + 40, 1.0f);
  int64_t dims[] = {5, 7}, strides[] = {8, 1}, shape[] = {2, 4};
  void *map =
      orch_emulated_tensor_map(tensor.get(), 4, 2, dims, strides, shape, 0);
  ASSERT_NE(map, nullptr);
  for (int64_t row : {-1, 0, 3, 4})
    for (int64_t column : {-2, 0, 4, 9}) {
      Box box = {map, result.get(), row, column};
      ASSERT_OK(launch(moveBox, {}, {4, 1, 1}, {&box}, 256));
      for (int64_t i = 0; i < 8; ++i) {
        int64_t y = row + i / 4, x = column + i % 4;
        bool inside = y >= 0 && y < 5 && x >= 0 && x < 7;
        EXPECT_EQ(result[i], inside ? tensor[y * 8 + x] : 0.0f);
      }
    }
  orch_emulated_deallocate(map);
}

TEST_F(Emulated, BoxesThatBreakRules) {
  Buffer<float> tensor(64), result(8);
  int64_t dims[] = {8, 7}, strides[] = {7, 1}, shape[] = {2, 4};
  void *map =
      orch_emulated_tensor_map(tensor.get(), 4, 2, dims, strides, shape, 0);
  Box box = {map, result.get(), 0, 0};
  EXPECT_NE(launch(moveBox, {}, {4, 1, 1}, {&box}, 256), ORCH_OK);
  EXPECT_THAT(orch_emulated_error(),
              testing::HasSubstr("a multiple of 16 bytes apart"));
  orch_emulated_reset();
  orch_emulated_deallocate(map);
  box.map = tensor.get();
  std::fill_n(tensor.get(), 64, 0.0f);
  EXPECT_NE(launch(moveBox, {}, {4, 1, 1}, {&box}, 256), ORCH_OK);
  EXPECT_THAT(orch_emulated_error(), testing::HasSubstr("[device-rule]"));
}

TEST_F(Emulated, BarriersInSharedMemory) {
  expectFailure(
      [](Item *item, void *const *) {
        orch_emulated_mbarrier_arrive(item, orch_emulated_shared(item, 0), 1, 0,
                                      "p");
      },
      {}, "before it is initialised", "[device-rule]");
  expectFailure(
      [](Item *item, void *const *) {
        orch_emulated_mbarrier_init(item, orch_emulated_shared(item, 0), 0,
                                    "p");
      },
      {}, "counts 1 to 32766 arrivals", "[device-rule]");
  expectFailure(
      [](Item *item, void *const *) {
        void *barrier = orch_emulated_shared(item, 0);
        orch_emulated_mbarrier_init(item, barrier, 2, "p");
        orch_emulated_mbarrier_arrive(item, barrier, 1, 0, "p");
        orch_emulated_mbarrier_wait(item, barrier, 0, "m.onnx:/MatMul");
      },
      {},
      "m.onnx:/MatMul: error: all work items of kernel 'k' wait for ever "
      "[divergent-barrier]");
}

struct Block {
  char *from, *to;
  int64_t width, height, x, y;
};

TEST_F(Emulated, BlocksEndAtTheirPlane) {
  // 3 rows of 66 bytes, 80 bytes apart; blocks of 2 x 32 elements of 2 bytes.
  Buffer<uint16_t> from(120), to(120);
  std::iota(from.get(), from.get() + 120, uint16_t(1));
  auto kernel = [](Item *item, void *const *arguments) {
    const auto *block = static_cast<const Block *>(arguments[0]);
    uint16_t values[2];
    orch_emulated_block_load(item, reinterpret_cast<int64_t>(block->from),
                             block->width, block->height, 80, block->x,
                             block->y, 2, 2, 32, values, "p");
    orch_emulated_block_store(item, reinterpret_cast<int64_t>(block->to),
                              block->width, block->height, 80, block->x,
                              block->y, 2, 2, 32, values, "p");
  };
  std::fill_n(to.get(), 120, uint16_t(0));
  for (int64_t y : {0, 2})
    for (int64_t x : {0, 32}) {
      Block block = {reinterpret_cast<char *>(from.get()),
                     reinterpret_cast<char *>(to.get()),
                     66,
                     3,
                     x,
                     y};
      ASSERT_OK(launch(kernel, {}, {32, 1, 1}, {&block}));
    }
  for (int64_t i = 0; i < 120; ++i)
    EXPECT_EQ(to[i], i % 40 < 33 ? from[i] : 0) << i;
}

//===----------------------------------------------------------------------===//
// Matrix instructions
//===----------------------------------------------------------------------===//

/// Where element i of a lane's part is: the tables of the PTX ISA, "Matrix
/// Fragments for mma".
struct Place {
  int64_t row, column;
};
using Table = Place (*)(int64_t group, int64_t number, int64_t i);

struct Mma {
  int64_t m, n, k;
  int32_t type, resultType;
  Table left, right, result;
};

Place resultOf16(int64_t group, int64_t number, int64_t i) {
  return {i < 2 ? group : group + 8, number * 2 + (i & 1)};
}

/// Matrices of small integers, which every type holds.
template <typename In, typename Out> struct MmaRun {
  Mma what;
  In left[32][16], right[32][16];
  Out result[32][4];
};

template <typename In, typename Out>
void runMma(Item *item, void *const *arguments) {
  auto *run = static_cast<MmaRun<In, Out> *>(arguments[0]);
  int64_t lane = id(item, ORCH_EMULATED_LANE);
  const Mma &what = run->what;
  for (int twice = 0; twice < 2; ++twice) // Nobody may overtake the others.
    orch_emulated_mma(item, run->left[lane], run->right[lane],
                      run->result[lane], run->result[lane], what.m, what.n,
                      what.k, what.type, what.resultType, "p");
}

template <typename In, typename Out> void checkMma(const Mma &what) {
  auto run = std::make_unique<MmaRun<In, Out>>();
  run->what = what;
  auto left = [](Place p) {
    return int64_t(p.row * 7 + p.column * 3) % 11 - 5;
  };
  auto right = [](Place p) { return int64_t(p.row * 5 + p.column) % 13 - 6; };
  for (int64_t lane = 0; lane < 32; ++lane) {
    for (int64_t i = 0; i < what.m * what.k / 32; ++i)
      run->left[lane][i] = In(left(what.left(lane / 4, lane % 4, i)));
    for (int64_t i = 0; i < what.n * what.k / 32; ++i)
      run->right[lane][i] = In(right(what.right(lane / 4, lane % 4, i)));
    for (int64_t i = 0; i < what.m * what.n / 32; ++i)
      run->result[lane][i] = Out(lane);
  }
  void *arguments[] = {run.get()};
  ASSERT_OK(orch_emulated_launch("k", "p", runMma<In, Out>, 32, 0, 0, 1, 1, 1,
                                 1, 32, 1, 1, arguments));
  for (int64_t lane = 0; lane < 32; ++lane)
    for (int64_t i = 0; i < what.m * what.n / 32; ++i) {
      Place at = what.result(lane / 4, lane % 4, i);
      int64_t want = lane;
      for (int64_t k = 0; k < what.k; ++k)
        want += 2 * left({at.row, k}) * right({k, at.column});
      EXPECT_EQ(run->result[lane][i], Out(want))
          << "lane " << lane << ", " << i;
    }
}

TEST_F(Emulated, MatrixOfTF32) {
  checkMma<float, float>(
      {16, 8, 8, ORCH_EMULATED_TF32, ORCH_EMULATED_F32,
       [](int64_t group, int64_t number, int64_t i) -> Place {
         return {i == 0 || i == 2 ? group : group + 8,
                 i < 2 ? number : number + 4};
       },
       [](int64_t group, int64_t number, int64_t i) -> Place {
         return {i == 0 ? number : number + 4, group};
       },
       resultOf16});
}

TEST_F(Emulated, MatrixOfI8) {
  checkMma<int8_t, int32_t>(
      {16, 8, 32, ORCH_EMULATED_I8, ORCH_EMULATED_I32,
       [](int64_t group, int64_t number, int64_t i) -> Place {
         return {i < 4 || (i >= 8 && i < 12) ? group : group + 8,
                 i < 8 ? number * 4 + (i & 3) : number * 4 + (i & 3) + 16};
       },
       [](int64_t group, int64_t number, int64_t i) -> Place {
         return {i < 4 ? number * 4 + (i & 3) : number * 4 + (i & 3) + 16,
                 group};
       },
       resultOf16});
}

TEST_F(Emulated, MatrixOfF64) {
  checkMma<double, double>(
      {8, 8, 4, ORCH_EMULATED_F64, ORCH_EMULATED_F64,
       [](int64_t group, int64_t number, int64_t) -> Place {
         return {group, number};
       },
       [](int64_t group, int64_t number, int64_t) -> Place {
         return {number, group};
       },
       [](int64_t group, int64_t number, int64_t i) -> Place {
         return {group, number * 2 + i};
       }});
}

TEST_F(Emulated, MatrixOfHalves) {
  // 1.5 x 1.5 x 8 + c in f16: c as large as makes the sum round, overflow, and
  // stay subnormal.
  struct Halves {
    uint16_t a[4], b[2], c[4];
  };
  auto kernel = [](Item *item, void *const *arguments) {
    auto *lane =
        static_cast<Halves *>(arguments[0]) + id(item, ORCH_EMULATED_LANE);
    orch_emulated_mma(item, lane->a, lane->b, lane->c, lane->c, 16, 8, 8,
                      ORCH_EMULATED_F16, ORCH_EMULATED_F16, "p");
  };
  struct {
    uint16_t a, b, c, want;
  } cases[] = {{0x3E00, 0x3E00, 0x0000, 0x4C80},  // 18
               {0x3E00, 0x3E00, 0x6800, 0x6809},  // 2048 + 18 = 2066
               {0x3E00, 0x3E00, 0x6C00, 0x6C04},  // 4096 + 18 ties: 4112
               {0x7BFF, 0x3C00, 0x0000, 0x7C00},  // 8 x 65504: infinity
               {0x0001, 0x3C00, 0x0003, 0x000B},  // 11 x 2^-24
               {0x0001, 0xB400, 0x0000, 0x8002},  // -2 x 2^-24
               {0x7E00, 0x3C00, 0x0000, 0x7E00}}; // NaN
  for (const auto &test : cases) {
    std::vector<Halves> lanes(32);
    for (Halves &lane : lanes) {
      std::fill_n(lane.a, 4, test.a);
      std::fill_n(lane.b, 2, test.b);
      std::fill_n(lane.c, 4, test.c);
    }
    ASSERT_OK(launch(kernel, {}, {32, 1, 1}, {lanes.data()}));
    for (const Halves &lane : lanes)
      for (uint16_t value : lane.c)
        EXPECT_EQ(value, test.want);
  }
}

TEST_F(Emulated, MatrixInstructionsTakeAWholeSubgroup) {
  auto kernel = [](Item *item, void *const *) {
    char a[16] = {}, b[16] = {}, c[16] = {};
    if (id(item, ORCH_EMULATED_ITEM) != 3)
      orch_emulated_mma(item, a, b, c, c, 16, 8, 8, ORCH_EMULATED_F16,
                        ORCH_EMULATED_F32, "m.onnx:/MatMul");
  };
  EXPECT_NE(launch(kernel, {}, {32, 1, 1}, {}), ORCH_OK);
  EXPECT_THAT(orch_emulated_error(),
              testing::HasSubstr("diverge at a matrix instruction "
                                 "[divergent-barrier]"));
  orch_emulated_reset();
  EXPECT_NE(launch(kernel, {}, {16, 1, 1}, {}), ORCH_OK);
  EXPECT_THAT(orch_emulated_error(),
              testing::HasSubstr("a whole subgroup of 32 lanes"));
}

} // namespace
