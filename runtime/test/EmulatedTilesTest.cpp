//===- EmulatedTilesTest.cpp - Tiles of the emulated GPU ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: swizzled boxes, products of warpgroups, numbered barriers, matrices
//   stored by a subgroup, and races in shared memory, by kernels written by
//   hand.
//
//===----------------------------------------------------------------------===//
#include "EmulatedFixture.h"

#include <cstring>
#include <numeric>

using namespace orchestra::runtime::test;

namespace {

char *shared(Item *item, int64_t offset) {
  return static_cast<char *>(orch_emulated_shared(item, offset));
}

/// A map of `rows` x `columns` elements in one piece.
class Map {
public:
  Map(void *base, int64_t size, int64_t rows, int64_t columns, int64_t boxRows,
      int64_t boxColumns, int64_t swizzle) {
    int64_t dims[] = {rows, columns}, strides[] = {columns, 1};
    int64_t box[] = {boxRows, boxColumns};
    map = orch_emulated_tensor_map(base, size, 2, dims, strides, box, swizzle);
  }
  ~Map() { orch_emulated_deallocate(map); }
  void *map;
};

/// Loads the box at (row, column) by the first item, and waits for it.
void load(Item *item, void *map, char *to, int64_t bytes, int64_t row,
          int64_t column, char *barrier) {
  if (id(item, ORCH_EMULATED_ITEM) == 0) {
    orch_emulated_mbarrier_init(item, barrier, 1, "init");
    orch_emulated_mbarrier_arrive(item, barrier, 1, bytes, "arrive");
    int64_t at[] = {column, row};
    orch_emulated_tensor_load(item, map, to, 2, at, barrier, "load");
  }
  orch_emulated_barrier(item, "all");
  orch_emulated_mbarrier_wait(item, barrier, 0, "wait");
}

//===----------------------------------------------------------------------===//
// Boxes
//===----------------------------------------------------------------------===//

/// What 16 bytes of a box lie where, as the tables of the PTX ISA show it.
int64_t swizzledChunk(int64_t swizzle, int64_t row, int64_t chunk) {
  switch (swizzle) {
  case 128:
    return chunk ^ row % 8;
  case 64:
    return chunk ^ row / 2 % 4;
  case 32:
    return chunk ^ row / 4 % 2;
  default:
    return chunk;
  }
}

TEST_F(Emulated, BoxesAreSwizzled) {
  auto kernel = [](Item *item, void *const *arguments) {
    load(item, arguments[0], shared(item, 1024),
         16 * *static_cast<int64_t *>(arguments[1]), 0, 0, shared(item, 0));
    memcpy(arguments[2], shared(item, 1024),
           size_t(16 * *static_cast<int64_t *>(arguments[1])));
  };
  for (int64_t swizzle : {0, 32, 64, 128}) {
    int64_t width = swizzle ? swizzle : 128;
    Buffer<unsigned char> tensor(16 * width), seen(16 * width);
    for (int64_t i = 0; i < 16 * width; ++i)
      tensor[i] = static_cast<unsigned char>(i / 16);
    Map map(tensor.get(), 1, 16, width, 16, width, swizzle);
    ASSERT_OK(
        launch(kernel, {}, {1, 1, 1}, {map.map, &width, seen.get()}, 4096));
    for (int64_t row = 0; row < 16; ++row)
      for (int64_t chunk = 0; chunk < width / 16; ++chunk)
        EXPECT_EQ(seen[row * width + swizzledChunk(swizzle, row, chunk) * 16],
                  row * (width / 16) + chunk)
            << swizzle << " " << row << " " << chunk;
  }
}

TEST_F(Emulated, BoxesAreStoredWithoutWhatIsOutside) {
  auto kernel = [](Item *item, void *const *arguments) {
    auto *tile = reinterpret_cast<float *>(shared(item, 0));
    std::iota(tile, tile + 4 * 8, 1.0f);
    orch_emulated_check(item, tile, 128, 1, "p");
    orch_emulated_fence_proxy(item);
    int64_t at[] = {4, 3};
    orch_emulated_tensor_store(item, arguments[0], tile, 2, at, "store");
    orch_emulated_boxes_commit(item);
    orch_emulated_boxes_wait(item, 0);
  };
  Buffer<float> tensor(5 * 8);
  std::fill_n(tensor.get(), 40, 0.0f);
  Map map(tensor.get(), 4, 5, 8, 4, 8, 0);
  ASSERT_OK(launch(kernel, {}, {1, 1, 1}, {map.map}, 256));
  for (int64_t row = 0; row < 5; ++row)
    for (int64_t column = 0; column < 8; ++column)
      EXPECT_EQ(tensor[row * 8 + column],
                row >= 3 && column >= 4 ? float((row - 3) * 8 + column - 4 + 1)
                                        : 0.0f);
}

//===----------------------------------------------------------------------===//
// Products of warpgroups
//===----------------------------------------------------------------------===//

int64_t describe(int64_t address, int64_t leading, int64_t stride,
                 int64_t mode) {
  return (address & 0x3FFFF) >> 4 | leading >> 4 << 16 | stride >> 4 << 32 |
         mode << 62;
}

struct Product {
  void *a, *b; ///< maps of boxes of panels
  float *d;
  int64_t aBytes, bBytes, aMode, bMode, aStride, bStride, aLeading, bLeading;
  int64_t n, k, type;
  int32_t flags;
};

/// d += a x b by one warpgroup, of panels at 1024 and 17408.
void multiply(Item *item, void *const *arguments) {
  const auto *p = static_cast<const Product *>(arguments[0]);
  load(item, p->a, shared(item, 1024), p->aBytes, 0, 0, shared(item, 0));
  load(item, p->b, shared(item, 17408), p->bBytes, 0, 0, shared(item, 8));
  int64_t thread = id(item, ORCH_EMULATED_ITEM);
  float d[128];
  std::fill_n(d, 128, 100.0f);
  orch_emulated_wgmma_fence(item, "fence");
  auto address = [&](int64_t offset) {
    return int64_t(orch_emulated_window(item, shared(item, offset), "p"));
  };
  orch_emulated_wgmma(
      item, d, nullptr,
      describe(address(1024), p->aLeading, p->aStride, p->aMode),
      describe(address(17408), p->bLeading, p->bStride, p->bMode), p->n, p->k,
      int32_t(p->type), int32_t(p->type), ORCH_EMULATED_F32, p->flags, "mma");
  orch_emulated_wgmma_commit(item);
  orch_emulated_wgmma_wait(item, 0);
  for (int64_t i = 0; i < p->n / 2; ++i) {
    int64_t row = thread / 32 * 16 + thread % 32 / 4 + i / 2 % 2 * 8;
    p->d[row * p->n + i / 4 * 8 + thread % 4 * 2 + i % 2] = d[i];
  }
}

/// The bits of a small integer as an f16.
uint16_t half(int64_t value) {
  if (value == 0)
    return 0;
  uint16_t sign = value < 0 ? 0x8000 : 0;
  int64_t size = value < 0 ? -value : value;
  int exponent = 63 - __builtin_clzll(uint64_t(size));
  return uint16_t(sign | (exponent + 15) << 10 |
                  ((size << (10 - exponent)) & 0x3FF));
}

class Products : public Emulated {
protected:
  static constexpr int64_t kN = 64, kK = 16;

  /// Small integers, so that all sums are exact; a is 64 x 16, b is 16 x n.
  static int64_t a(int64_t row, int64_t k) {
    return (row * 7 + k * 5) % 13 - 6;
  }
  static int64_t b(int64_t k, int64_t column) {
    return (k * 3 + column * 11) % 9 - 4;
  }
  static float sum(int64_t row, int64_t column) {
    int64_t result = 0;
    for (int64_t k = 0; k < kK; ++k)
      result += a(row, k) * b(k, column);
    return float(result);
  }

  void expectProduct(Product product, float start, float sign) {
    Buffer<float> d(64 * kN);
    product.d = d.get();
    product.n = kN;
    product.k = kK;
    product.type = ORCH_EMULATED_F16;
    ASSERT_OK(launch(multiply, {}, {128, 1, 1}, {&product}, 40960))
        << orch_emulated_error();
    for (int64_t row = 0; row < 64; ++row)
      for (int64_t column = 0; column < kN; ++column)
        ASSERT_EQ(d[row * kN + column], start + sign * sum(row, column))
            << row << " " << column;
  }
};

// Strides between eight rows, and between panels, as kernels that ran on an
// H100 have them: rows of 128, 64, 32 bytes, k along them.
TEST_F(Products, RowsOfK) {
  for (int64_t swizzle : {128, 64, 32}) {
    int64_t width = swizzle / 2;
    Buffer<uint16_t> left(64 * width), right(kN * width);
    for (int64_t i = 0; i < 64; ++i)
      for (int64_t k = 0; k < width; ++k) {
        left[i * width + k] = half(k < kK ? a(i, k) : 1);
        right[i * width + k] = half(k < kK ? b(k, i) : 1);
      }
    Map x(left.get(), 2, 64, width, 64, width, swizzle);
    Map y(right.get(), 2, kN, width, kN, width, swizzle);
    int64_t mode = swizzle == 128 ? 1 : swizzle == 64 ? 2 : 3;
    Product product = {};
    product.a = x.map, product.b = y.map;
    product.aBytes = product.bBytes = 64 * swizzle;
    product.aMode = product.bMode = mode;
    product.aStride = product.bStride = 8 * swizzle;
    product.flags = ORCH_EMULATED_WGMMA_ADD;
    expectProduct(product, 100.0f, 1.0f);
    product.flags = ORCH_EMULATED_WGMMA_NEGATE_B;
    expectProduct(product, 0.0f, -1.0f);
  }
}

// Rows of m and of n: one panel of 64 columns, eight rows of k after eight.
TEST_F(Products, RowsOfResult) {
  Buffer<uint16_t> left(kK * 64), right(kK * kN);
  for (int64_t k = 0; k < kK; ++k)
    for (int64_t i = 0; i < 64; ++i) {
      left[k * 64 + i] = half(a(i, k));
      right[k * kN + i] = half(b(k, i));
    }
  Map x(left.get(), 2, kK, 64, kK, 64, 128);
  Map y(right.get(), 2, kK, kN, kK, kN, 128);
  Product product = {};
  product.a = x.map, product.b = y.map;
  product.aBytes = product.bBytes = kK * 128;
  product.aMode = product.bMode = 1;
  product.aStride = product.bStride = 1024;
  product.flags =
      ORCH_EMULATED_WGMMA_A_BY_COLUMN | ORCH_EMULATED_WGMMA_B_BY_ROW;
  expectProduct(product, 0.0f, 1.0f);
}

// The left operand in registers: those of the PTX ISA's table.
TEST_F(Products, LeftOperandInRegisters) {
  auto kernel = [](Item *item, void *const *arguments) {
    load(item, arguments[0], shared(item, 1024), kN * 128, 0, 0,
         shared(item, 0));
    int64_t thread = id(item, ORCH_EMULATED_ITEM), lane = thread % 32;
    uint16_t left[8];
    for (int64_t i = 0; i < 8; ++i)
      left[i] = half(a(thread / 32 * 16 + lane / 4 + i / 2 % 2 * 8,
                       lane % 4 * 2 + i % 2 + i / 4 * 8));
    float d[kN / 2] = {};
    orch_emulated_wgmma_fence(item, "fence");
    int64_t right = describe(
        orch_emulated_window(item, shared(item, 1024), "p"), 0, 1024, 1);
    orch_emulated_wgmma(item, d, left, 0, right, kN, kK, ORCH_EMULATED_F16,
                        ORCH_EMULATED_F16, ORCH_EMULATED_F32,
                        ORCH_EMULATED_WGMMA_ADD, "mma");
    orch_emulated_wgmma_commit(item);
    orch_emulated_wgmma_wait(item, 0);
    for (int64_t i = 0; i < kN / 2; ++i) {
      int64_t row = thread / 32 * 16 + lane / 4 + i / 2 % 2 * 8;
      static_cast<float *>(
          arguments[1])[row * kN + i / 4 * 8 + lane % 4 * 2 + i % 2] = d[i];
    }
  };
  Buffer<uint16_t> right(kN * 64);
  std::fill_n(right.get(), kN * 64, uint16_t(0));
  for (int64_t i = 0; i < kN; ++i)
    for (int64_t k = 0; k < kK; ++k)
      right[i * 64 + k] = half(b(k, i));
  Map map(right.get(), 2, kN, 64, kN, 64, 128);
  Buffer<float> d(64 * kN);
  ASSERT_OK(launch(kernel, {}, {128, 1, 1}, {map.map, d.get()}, 16384))
      << orch_emulated_error();
  for (int64_t row = 0; row < 64; ++row)
    for (int64_t column = 0; column < kN; ++column)
      ASSERT_EQ(d[row * kN + column], sum(row, column));
}

TEST_F(Products, RulesOfInstructions) {
  Buffer<uint16_t> left(64 * 64);
  std::fill_n(left.get(), 64 * 64, uint16_t(0));
  Map x(left.get(), 2, 64, 64, 64, 64, 128);
  Buffer<float> d(64 * kN);
  Product good = {};
  good.a = good.b = x.map, good.d = d.get();
  good.aBytes = good.bBytes = 8192, good.aMode = good.bMode = 1;
  good.aStride = good.bStride = 1024;
  good.n = kN, good.k = kK, good.type = ORCH_EMULATED_F16;
  auto expect = [&](Product product, const char *words, const char *slug) {
    EXPECT_NE(launch(multiply, {}, {128, 1, 1}, {&product}, 40960), ORCH_OK);
    EXPECT_THAT(orch_emulated_error(), testing::HasSubstr(words));
    EXPECT_THAT(orch_emulated_error(), testing::HasSubstr(slug));
    orch_emulated_reset();
  };
  Product bad = good;
  bad.n = 12;
  expect(bad, "shapes, types and layouts", "[device-rule]");
  bad = good, bad.type = ORCH_EMULATED_TF32, bad.k = 8;
  bad.flags = ORCH_EMULATED_WGMMA_B_BY_ROW;
  expect(bad, "shapes, types and layouts", "[device-rule]");
  bad = good, bad.aMode = 0, bad.aStride = 0x8000;
  expect(bad, "outside its memory", "[out-of-bounds]");
}

//===----------------------------------------------------------------------===//
// Parts of a group
//===----------------------------------------------------------------------===//

TEST_F(Emulated, NumberedBarriersAreForSome) {
  // The second warp arrives and goes on; the first waits for it.
  auto kernel = [](Item *item, void *const *arguments) {
    auto *order = static_cast<int64_t *>(arguments[0]);
    int64_t thread = id(item, ORCH_EMULATED_ITEM);
    if (thread < 32) {
      orch_emulated_named_barrier(item, 3, 64, 0, "here");
      order[1 + thread] = order[0];
    } else {
      ++order[0];
      orch_emulated_named_barrier(item, 3, 64, 1, "there");
    }
  };
  Buffer<int64_t> order(33);
  order[0] = 0;
  ASSERT_OK(launch(kernel, {}, {64, 1, 1}, {order.get()}));
  for (int64_t i = 1; i <= 32; ++i)
    EXPECT_EQ(order[i], 32);
}

TEST_F(Emulated, NumberedBarriersThatBreakRules) {
  expectFailure(
      [](Item *item, void *const *) {
        orch_emulated_named_barrier(item, 16, 32, 0, "p");
      },
      {}, "the barriers 0 to 15", "[device-rule]");
  expectFailure(
      [](Item *item, void *const *) {
        orch_emulated_named_barrier(item, 1, 1, 0, "p");
      },
      {}, "whole subgroups", "[device-rule]");
}

TEST_F(Emulated, MatricesStoredAreThoseLoaded) {
  auto kernel = [](Item *item, void *const *arguments) {
    int64_t lane = id(item, ORCH_EMULATED_LANE);
    auto *seen = static_cast<uint32_t *>(arguments[0]);
    for (int32_t transpose : {0, 1}) {
      uint32_t values[4], back[4];
      for (uint32_t i = 0; i < 4; ++i)
        values[i] = uint32_t(lane) << 24 | i << 16 | uint32_t(lane) << 8 | i;
      orch_emulated_stmatrix(item, shared(item, lane * 16), 4, transpose,
                             values, "store");
      orch_emulated_barrier(item, "all");
      orch_emulated_ldmatrix(item, shared(item, lane * 16), 4, transpose, back,
                             "load");
      seen[lane] += memcmp(values, back, sizeof(back)) != 0;
      // Element (row 0, column 1) of the first matrix.
      uint16_t element;
      memcpy(&element, shared(item, 0) + (transpose ? 16 : 2), 2);
      seen[lane] += element != values[0] >> 16 && lane == 0;
      orch_emulated_barrier(item, "again");
    }
  };
  Buffer<uint32_t> seen(32);
  std::fill_n(seen.get(), 32, 0);
  ASSERT_OK(launch(kernel, {}, {32, 1, 1}, {seen.get()}, 512));
  EXPECT_THAT(seen.values(), testing::Each(0));
}

//===----------------------------------------------------------------------===//
// Clusters
//===----------------------------------------------------------------------===//

/// What a group of a cluster writes, the next one reads.
void passOn(Item *item, void *const *arguments) {
  auto *own = reinterpret_cast<int64_t *>(shared(item, 0));
  int64_t rank = id(item, ORCH_EMULATED_CLUSTER_RANK);
  int64_t size = id(item, ORCH_EMULATED_CLUSTER_SIZE);
  int64_t thread = id(item, ORCH_EMULATED_ITEM);
  int64_t group = id(item, ORCH_EMULATED_GROUP);
  if (thread == 32) // Who has ended is not waited for.
    return;
  own[thread] = 100 * group + thread;
  orch_emulated_cluster_arrive(item, "arrive");
  orch_emulated_cluster_wait(item, "wait");
  auto *next = static_cast<int64_t *>(
      orch_emulated_map_shared(item, own, int32_t((rank + 1) % size), "map"));
  orch_emulated_check(item, next, 8, 0, "read");
  static_cast<int64_t *>(arguments[0])[group * 32 + thread] = next[thread];
  orch_emulated_cluster_arrive(item, "arrive again");
  orch_emulated_cluster_wait(item, "wait again");
}

TEST_F(Emulated, ClustersShareTheirMemory) {
  Buffer<int64_t> seen(6 * 32);
  ASSERT_OK(launch(passOn, {6, 1, 1}, {33, 1, 1}, {seen.get()}, 512, 0, 3));
  for (int64_t group = 0; group < 6; ++group)
    for (int64_t thread = 0; thread < 32; ++thread)
      EXPECT_EQ(seen[group * 32 + thread],
                100 * (group / 3 * 3 + (group + 1) % 3) + thread);
}

TEST_F(Emulated, ClustersThatCannotBeLaunched) {
  Buffer<int64_t> seen(6 * 32);
  EXPECT_NE(launch(passOn, {6, 1, 1}, {33, 1, 1}, {seen.get()}, 512, 0, 4),
            ORCH_OK);
  EXPECT_THAT(orch_emulated_error(),
              testing::HasSubstr("clusters of 4 groups cannot be launched "
                                 "[launch-size]"));
}

TEST_F(Emulated, ClustersThatBreakRules) {
  auto fail = [](orch_emulated_entry kernel, const char *words) {
    EXPECT_NE(launch(kernel, {2, 1, 1}, {1, 1, 1}, {}, 512, 0, 2), ORCH_OK);
    EXPECT_THAT(orch_emulated_error(), testing::HasSubstr(words));
    orch_emulated_reset();
  };
  fail([](Item *item, void *const *) { orch_emulated_cluster_wait(item, "p"); },
       "arrives at the barrier of its cluster before it waits");
  fail(
      [](Item *item, void *const *) {
        orch_emulated_cluster_arrive(item, "p");
        orch_emulated_cluster_arrive(item, "p");
      },
      "before it arrives again");
  fail(
      [](Item *item, void *const *) {
        orch_emulated_map_shared(item, shared(item, 0), 2, "p");
      },
      "mapped to a group of the cluster");
  // The first group ends; the second reads what it had.
  fail(
      [](Item *item, void *const *) {
        if (id(item, ORCH_EMULATED_CLUSTER_RANK) == 1) {
          void *other = orch_emulated_map_shared(item, shared(item, 0), 0, "p");
          orch_emulated_check(item, other, 4, 0, "p");
        }
      },
      "shared memory of a group is touched by another after its end");
}

//===----------------------------------------------------------------------===//
// Races
//===----------------------------------------------------------------------===//

class Races : public Emulated {
protected:
  /// A kernel of one item that has a map of 8 x 8 floats.
  void expectRace(orch_emulated_entry kernel, const char *words) {
    Buffer<float> tensor(64);
    std::fill_n(tensor.get(), 64, 1.0f);
    Map map(tensor.get(), 4, 8, 8, 8, 8, 0);
    EXPECT_NE(launch(kernel, {}, {1, 1, 1}, {map.map}, 1024), ORCH_OK);
    EXPECT_THAT(orch_emulated_error(), testing::HasSubstr(words));
    EXPECT_THAT(orch_emulated_error(), testing::HasSubstr("[device-race]"));
    orch_emulated_reset();
  }

  static void begin(Item *item, void *map) {
    orch_emulated_mbarrier_init(item, shared(item, 0), 1, "p");
    orch_emulated_mbarrier_arrive(item, shared(item, 0), 1, 256, "p");
    int64_t at[] = {0, 0};
    orch_emulated_tensor_load(item, map, shared(item, 128), 2, at,
                              shared(item, 0), "p");
  }
  static void store(Item *item, void *map) {
    int64_t at[] = {0, 0};
    orch_emulated_tensor_store(item, map, shared(item, 128), 2, at, "p");
    orch_emulated_boxes_commit(item);
  }
};

TEST_F(Races, WithCopiesIntoSharedMemory) {
  expectRace(
      [](Item *item, void *const *arguments) {
        begin(item, arguments[0]);
        orch_emulated_check(item, shared(item, 380), 4, 0, "p");
      },
      "is read before the wait");
  expectRace(
      [](Item *item, void *const *arguments) {
        begin(item, arguments[0]);
        orch_emulated_check(item, shared(item, 128), 4, 1, "p");
      },
      "is written before the wait");
  expectRace(
      [](Item *item, void *const *arguments) { begin(item, arguments[0]); },
      "a group ends before a copy into its shared memory");
}

TEST_F(Races, WithCopiesFromSharedMemory) {
  expectRace(
      [](Item *item, void *const *arguments) {
        store(item, arguments[0]);
        orch_emulated_check(item, shared(item, 128), 4, 1, "p");
      },
      "what a copy from shared memory reads is written");
  expectRace(
      [](Item *item, void *const *arguments) { store(item, arguments[0]); },
      "an item ends before its copies");
  expectRace(
      [](Item *item, void *const *arguments) {
        orch_emulated_mbarrier_init(item, shared(item, 0), 1, "p");
        orch_emulated_check(item, shared(item, 128), 4, 1, "p");
        store(item, arguments[0]);
        orch_emulated_boxes_wait(item, 0);
        orch_emulated_check(item, shared(item, 128), 4, 1, "p");
        store(item, arguments[0]);
      },
      "without a fence");
}

// The second product begins while the first still reads what is written.
TEST_F(Races, WithProducts) {
  auto kernel = [](Item *item, void *const *) {
    float d[4] = {};
    orch_emulated_wgmma_fence(item, "fence");
    int64_t tile =
        describe(orch_emulated_window(item, shared(item, 0), "p"), 0, 256, 3);
    orch_emulated_wgmma(item, d, nullptr, tile, tile, 8, 16, ORCH_EMULATED_F16,
                        ORCH_EMULATED_F16, ORCH_EMULATED_F32, 0, "mma");
    orch_emulated_wgmma_commit(item);
    orch_emulated_check(item, shared(item, 0), 16, 1, "write");
    orch_emulated_wgmma_wait(item, 0);
  };
  EXPECT_NE(launch(kernel, {}, {128, 1, 1}, {}, 2048), ORCH_OK);
  EXPECT_THAT(orch_emulated_error(),
              testing::HasSubstr("what a product of a warpgroup reads"));
  EXPECT_THAT(orch_emulated_error(), testing::HasSubstr("[device-race]"));
}

} // namespace
