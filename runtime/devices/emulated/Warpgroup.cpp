//===- Warpgroup.cpp - Matrix instructions of four subgroups --------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: products of tiles in shared memory, which descriptors name, into
//   registers of 128 items (PTX ISA, "Asynchronous warpgroup level matrix
//   instructions").
// How: the first item that comes computes the product of all; each takes its
//   part when it comes. A sum is in f32, in order of k; hardware may sum
//   otherwise. Products are computed when they begin; what may not be touched
//   until they end is watched (Hazards.cpp).
//
//===----------------------------------------------------------------------===//
#include "Elements.h"
#include "Group.h"

#include <cstring>

using namespace orchestra::emulated;

namespace {

using Item = orch_emulated_item;

constexpr int64_t kDepthBytes = 32; ///< of one instruction, whatever the type
/// Shared memory begins here in its window; what is before is the system's.
constexpr int64_t kWindowBegin = 1024;
constexpr int64_t kWindowMask = 0x3FFFF;

/// A tile in shared memory, as the bits of a descriptor say.
struct Tile {
  Item *item;
  const char *place;
  int64_t base, leading, stride; ///< bytes
  int64_t swizzle;               ///< bytes of a row, or 0
  int32_t type;
  bool kMajor;

  Tile(Item *item, int64_t descriptor, int32_t type, bool kMajor,
       const char *place)
      : item(item), place(place), base((descriptor & 0x3FFF) << 4),
        leading((descriptor >> 16 & 0x3FFF) << 4),
        stride((descriptor >> 32 & 0x3FFF) << 4),
        swizzle((descriptor >> 62 & 3) == 0
                    ? 0
                    : int64_t(256) >> (descriptor >> 62 & 3)),
        type(type), kMajor(kMajor) {
    orch_emulated_require(item, (descriptor >> 49 & 7) == 0,
                          "the emulation has no descriptors with a base offset",
                          place);
    orch_emulated_require(item, swizzle == 0 || base / swizzle % 8 == 0,
                          "a descriptor names the first of eight rows of a "
                          "swizzled tile",
                          place);
  }

  /// Where 16 bytes lie that begin with element (mn, k).
  const char *locate(int64_t mn, int64_t k) const {
    int64_t each = kChunkBytes / bytesOf(type);
    int64_t offset = 0;
    if (kMajor)
      offset = swizzle ? mn % 8 * swizzle + mn / 8 * stride + k / each * 16
                       : mn % 8 * 16 + mn / 8 * stride + k / each * leading;
    else if (swizzle == 0)
      offset = k % 8 * 16 + k / 8 * leading + mn / each * stride;
    else
      offset = mn / each % (swizzle / 16) * 16 +
               mn / each / (swizzle / 16) * leading + k % 8 * swizzle +
               k / 8 * stride;
    int64_t address = (base + offset) & kWindowMask;
    if (swizzle)
      address ^= (address >> 7 & (swizzle / 16 - 1)) << 4;
    const char *pointer = item->group->shared + (address - kWindowBegin);
    requireShared(item, pointer, kChunkBytes, 0, place);
    checkHazards(item, pointer, kChunkBytes, Access::AsyncRead, place);
    noteProductReads(item, pointer, kChunkBytes);
    return pointer;
  }

  /// Calls `set(mn, k, value)` for all elements.
  template <typename Set>
  void read(int64_t size, int64_t depth, float sign, Set set) const {
    int64_t bytes = bytesOf(type), each = kChunkBytes / bytes;
    int64_t outer = kMajor ? size : depth, inner = kMajor ? depth : size;
    for (int64_t i = 0; i < outer; ++i)
      for (int64_t j = 0; j < inner; j += each) {
        const char *chunk = kMajor ? locate(i, j) : locate(j, i);
        for (int64_t e = 0; e < each && j + e < inner; ++e) {
          float value = sign * float(readElement(chunk + e * bytes, type));
          kMajor ? set(i, j + e, value) : set(j + e, i, value);
        }
      }
  }
};

/// What the items hold of the left matrix.
void readRegisters(Warpgroup &warpgroup, int32_t type, float sign) {
  int64_t bytes = bytesOf(type), packed = 4 / bytes;
  for (int64_t number = 0; number < kWarpgroupItems; ++number)
    for (int64_t reg = 0; reg < 4; ++reg)
      for (int64_t e = 0; e < packed; ++e) {
        int64_t lane = number % 32;
        int64_t row = number / 32 * 16 + lane / 4 + reg % 2 * 8;
        int64_t k = lane % 4 * packed + e + reg / 2 * 4 * packed;
        warpgroup.left[row][k] =
            sign *
            float(readElement(warpgroup.registers[number] + reg * 4 + e * bytes,
                              type));
      }
}

/// 64 x n numbers: floats, or integers if the result has those.
void multiply(const Warpgroup &warpgroup, const Product &product) {
  const auto &right = warpgroup.right;
  for (int64_t row = 0; row < kProductRows; ++row) {
    const float *left = warpgroup.left[row];
    float *to = product.values + row * product.n;
    if (product.typeD == ORCH_EMULATED_I32) {
      for (int64_t column = 0; column < product.n; ++column) {
        int32_t sum = 0; // At most 32 products of 16 bits.
        for (int64_t k = 0; k < product.k; ++k)
          sum += int32_t(left[k]) * int32_t(right[k][column]);
        memcpy(to + column, &sum, sizeof(sum));
      }
      continue;
    }
    memset(to, 0, size_t(product.n) * sizeof(float));
    for (int64_t k = 0; k < product.k; ++k)
      for (int64_t column = 0; column < product.n; ++column)
        to[column] += left[k] * right[k][column];
  }
}

void compute(Item *item, Warpgroup &warpgroup, bool inRegisters,
             Product &product) {
  product.values = static_cast<float *>(
      malloc(size_t(kProductRows * product.n) * sizeof(float)));
  if (!product.values) {
    keepError(ORCH_ERROR_OUT_OF_MEMORY,
              "%s: error: out of memory [out-of-memory]", product.place);
    fail(item);
  }
  float signA = product.flags & ORCH_EMULATED_WGMMA_NEGATE_A ? -1.0f : 1.0f;
  float signB = product.flags & ORCH_EMULATED_WGMMA_NEGATE_B ? -1.0f : 1.0f;
  if (inRegisters)
    readRegisters(warpgroup, product.typeA, signA);
  else
    Tile(item, product.a, product.typeA,
         !(product.flags & ORCH_EMULATED_WGMMA_A_BY_COLUMN), product.place)
        .read(kProductRows, product.k, signA,
              [&](int64_t row, int64_t k, float value) {
                warpgroup.left[row][k] = value;
              });
  Tile(item, product.b, product.typeB,
       !(product.flags & ORCH_EMULATED_WGMMA_B_BY_ROW), product.place)
      .read(product.n, product.k, signB,
            [&](int64_t column, int64_t k, float value) {
              warpgroup.right[k][column] = value;
            });
  multiply(warpgroup, product);
}

/// Adds the item's part: of every eight columns two neighbours in row lane / 4
/// of its subgroup's sixteen, and two eight rows below.
void take(const Item *item, const Product &product, char *d) {
  int64_t lane = item->number % 32;
  int64_t first = item->number % kWarpgroupItems / 32 * 16 + lane / 4;
  bool add = product.flags & ORCH_EMULATED_WGMMA_ADD;
  int64_t bytes = bytesOf(product.typeD);
  for (int64_t i = 0; i < product.n / 2; ++i, d += bytes) {
    int64_t row = first + i / 2 % 2 * 8;
    int64_t column = i / 4 * 8 + lane % 4 * 2 + i % 2;
    const float *value = product.values + row * product.n + column;
    if (product.typeD == ORCH_EMULATED_I32) {
      uint32_t sum, old;
      memcpy(&sum, value, sizeof(sum));
      memcpy(&old, d, sizeof(old));
      sum += add ? old : 0;
      memcpy(d, &sum, sizeof(sum));
      continue;
    }
    float sum = *value;
    if (add)
      sum += float(readElement(d, product.typeD));
    uint16_t half = floatToHalf(sum);
    if (product.typeD == ORCH_EMULATED_F16)
      memcpy(d, &half, sizeof(half));
    else
      memcpy(d, &sum, sizeof(sum));
  }
}

/// Whether there is an instruction for these types and layouts.
bool isKnown(const Product &product) {
  int32_t a = product.typeA, b = product.typeB, d = product.typeD;
  bool f8 = (a == ORCH_EMULATED_E4M3 || a == ORCH_EMULATED_E5M2) &&
            (b == ORCH_EMULATED_E4M3 || b == ORCH_EMULATED_E5M2);
  bool i8 = (a == ORCH_EMULATED_I8 || a == ORCH_EMULATED_U8) &&
            (b == ORCH_EMULATED_I8 || b == ORCH_EMULATED_U8);
  bool halves = a == b && (a == ORCH_EMULATED_F16 || a == ORCH_EMULATED_BF16);
  bool tf32 = a == b && a == ORCH_EMULATED_TF32;
  bool types =
      i8 ? d == ORCH_EMULATED_I32
         : (f8 || halves || tf32) &&
               (d == ORCH_EMULATED_F32 ||
                (d == ORCH_EMULATED_F16 && (f8 || a == ORCH_EMULATED_F16)));
  int32_t byMn = ORCH_EMULATED_WGMMA_A_BY_COLUMN | ORCH_EMULATED_WGMMA_B_BY_ROW;
  return types && (halves || !(product.flags & byMn)) && product.n >= 8 &&
         product.n <= kProductColumns && product.n % 8 == 0 &&
         product.k * bytesOf(a) == kDepthBytes;
}

/// The item's next product; computed if the item is the first.
Product &getProduct(Item *item, Warpgroup &warpgroup, const Product &wanted,
                    bool inRegisters) {
  int64_t index = item->numProducts - warpgroup.first;
  if (index == warpgroup.products.size()) {
    Product product = wanted;
    compute(item, warpgroup, inRegisters, product);
    if (!warpgroup.products.push(product)) {
      free(product.values);
      keepError(ORCH_ERROR_OUT_OF_MEMORY,
                "%s: error: out of memory [out-of-memory]", wanted.place);
      fail(item);
    }
  }
  Product &product = warpgroup.products[index];
  bool same = (inRegisters || product.a == wanted.a) && product.b == wanted.b &&
              product.n == wanted.n && product.k == wanted.k &&
              product.typeA == wanted.typeA && product.typeB == wanted.typeB &&
              product.typeD == wanted.typeD && product.flags == wanted.flags;
  orch_emulated_require(item, same,
                        "all items of a warpgroup multiply the same tiles",
                        wanted.place);
  return product;
}

} // namespace

Warpgroup &orchestra::emulated::getWarpgroup(Item *item, const char *place) {
  const Launch &launch = *item->group->launch;
  int64_t number = item->number / kWarpgroupItems;
  orch_emulated_require(item,
                        launch.subgroupSize * 4 == kWarpgroupItems &&
                            (number + 1) * kWarpgroupItems <= launch.numItems,
                        "an instruction of a warpgroup takes four whole "
                        "subgroups of 32 lanes",
                        place);
  Warpgroup *&all = item->group->warpgroups;
  if (!all)
    all = static_cast<Warpgroup *>(calloc(kMaxWarpgroups, sizeof(Warpgroup)));
  if (!all) {
    keepError(ORCH_ERROR_OUT_OF_MEMORY,
              "%s: error: out of memory [out-of-memory]", place);
    fail(item);
  }
  return all[number];
}

int32_t orch_emulated_window(Item *item, const void *pointer,
                             const char *place) {
  const Group &group = *item->group;
  int64_t offset = static_cast<const char *>(pointer) - group.shared;
  orch_emulated_require(item,
                        offset >= 0 && offset <= group.launch->sharedBytes,
                        "what is described as shared memory is in it", place);
  return int32_t(kWindowBegin + offset);
}

void orch_emulated_wgmma_fence(Item *item, const char *place) {
  getWarpgroup(item, place);
  watchHazards(item);
  item->fenced = true;
  wait(item, State::AtWarpgroup, place);
}

void orch_emulated_wgmma(Item *item, void *d, const void *registers, int64_t a,
                         int64_t b, int64_t n, int64_t k, int32_t typeA,
                         int32_t typeB, int32_t typeD, int32_t flags,
                         const char *place) {
  Warpgroup &warpgroup = getWarpgroup(item, place);
  Product wanted = {a, b, n, k, typeA, typeB, typeD, flags, place, nullptr, 0};
  orch_emulated_require(item, isKnown(wanted),
                        "a product of a warpgroup has one of the device's "
                        "shapes, types and layouts",
                        place);
  orch_emulated_require(item, item->fenced,
                        "there is a fence before the first product of a "
                        "warpgroup (wgmma.fence)",
                        place);
  if (registers) {
    memcpy(warpgroup.registers[item->number % kWarpgroupItems], registers, 16);
    wait(item, State::AtWarpgroup, place);
  }
  Product &product = getProduct(item, warpgroup, wanted, registers != nullptr);
  ++item->numProducts;
  take(item, product, static_cast<char *>(d));
  ++product.numTaken;
  while (warpgroup.products.size() > 0 &&
         warpgroup.products[0].numTaken == kWarpgroupItems) {
    free(warpgroup.products[0].values);
    warpgroup.products.dropFront(1);
    ++warpgroup.first;
  }
}

void orch_emulated_wgmma_commit(Item *item) { ++item->numCommits; }

void orch_emulated_wgmma_wait(Item *item, int64_t pending) {
  Warpgroup *all = item->group->warpgroups;
  if (!all)
    return;
  Warpgroup &warpgroup = all[item->number / kWarpgroupItems];
  // Products of a warpgroup end for all of its items at once.
  int64_t completed = item->numCommits - pending;
  if (completed > warpgroup.completed)
    warpgroup.completed = completed;
}
