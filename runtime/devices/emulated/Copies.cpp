//===- Copies.cpp - Blocks, asynchronous copies, boxes of tensors ---------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Asynchronous copies are done as late as the rules allow: code that forgets to
// wait reads what shared memory held before (0xFF bytes at first).
//
//===----------------------------------------------------------------------===//
#include "Group.h"

#include <cstdio>
#include <cstring>

using namespace orchestra::emulated;

constexpr int64_t kMaxTensorRank = 5;

/// What orch_emulated_tensor_map makes, fastest dimension first.
struct orchestra::emulated::TensorMap {
  uint64_t magic;
  char *base;
  int64_t elementSize, rank;
  int64_t dims[kMaxTensorRank];
  int64_t strides[kMaxTensorRank]; // bytes
  int64_t box[kMaxTensorRank];
};

namespace {

using Item = orch_emulated_item;
constexpr uint64_t kMapMagic = 0x7072614d65786f42; // Tells a map from noise.

/// What the 8 bytes of a barrier in shared memory hold.
struct MBarrier {
  uint64_t phase : 1;
  uint64_t expected : 15;
  uint64_t missing : 16;
  int64_t bytes : 32; ///< still to come
};
static_assert(sizeof(MBarrier) == 8);
constexpr uint64_t kUninitialised = (1 << 15) - 1; // Of memory full of 0xFF.
constexpr int64_t kMaxArrivals = kUninitialised - 1;

MBarrier readBarrier(const void *barrier) {
  MBarrier value;
  memcpy(&value, barrier, sizeof(value));
  return value;
}

void writeBarrier(void *barrier, MBarrier value) {
  if (value.missing == 0 && value.bytes == 0) {
    value.phase ^= 1;
    value.missing = value.expected;
  }
  memcpy(barrier, &value, sizeof(value));
}

/// The barrier at an address that must hold one.
MBarrier checkBarrier(Item *item, const void *barrier, const char *place) {
  orch_emulated_check(item, barrier, sizeof(MBarrier), 1, place);
  MBarrier value = readBarrier(barrier);
  orch_emulated_require(item, value.expected != kUninitialised,
                        "a barrier in shared memory is used before it is "
                        "initialised",
                        place);
  return value;
}

void deliver(const PendingBox &box) {
  const TensorMap &map = *box.map;
  int64_t counter[kMaxTensorRank] = {};
  char *to = box.to;
  int64_t bytes = 0;
  for (bool more = true; more;) {
    const char *from = map.base;
    bool inside = true;
    for (int64_t dim = 0; dim < map.rank; ++dim) {
      int64_t at = box.coordinates[dim] + counter[dim];
      inside &= at >= 0 && at < map.dims[dim];
      from += at * map.strides[dim];
    }
    if (inside)
      memcpy(to, from, size_t(map.elementSize));
    else
      memset(to, 0, size_t(map.elementSize));
    to += map.elementSize;
    bytes += map.elementSize;
    more = false;
    for (int64_t dim = 0; dim < map.rank && !more; ++dim) {
      more = ++counter[dim] < map.box[dim];
      if (!more)
        counter[dim] = 0;
    }
  }
  MBarrier value = readBarrier(box.barrier);
  value.bytes -= bytes;
  writeBarrier(box.barrier, value);
}

/// Calls `touch(offset in the plane, element in the lane)` for the elements of
/// a lane that are inside the plane.
template <typename Touch>
void forEachElement(Item *item, int64_t width, int64_t height, int64_t pitch,
                    int64_t x, int64_t y, int64_t elementSize, int64_t rows,
                    int64_t columns, Touch touch) {
  int64_t size = item->group->launch->subgroupSize;
  int64_t lane = item->number % size;
  int64_t each = columns / size;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t k = 0; k < each; ++k) {
      int64_t column = x + lane * each + k;
      if (y + row < 0 || y + row >= height || column < 0 ||
          (column + 1) * elementSize > width)
        continue;
      touch((y + row) * pitch + column * elementSize, row * each + k);
    }
}

} // namespace

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

void orch_emulated_block_load(Item *item, int64_t base, int64_t width,
                              int64_t height, int64_t pitch, int64_t x,
                              int64_t y, int64_t elementSize, int64_t rows,
                              int64_t columns, void *values,
                              const char *place) {
  int64_t each = columns / item->group->launch->subgroupSize;
  memset(values, 0, size_t(rows * each * elementSize));
  forEachElement(item, width, height, pitch, x, y, elementSize, rows, columns,
                 [&](int64_t offset, int64_t element) {
                   const void *from = reinterpret_cast<void *>(base + offset);
                   orch_emulated_check(item, from, elementSize, 0, place);
                   memcpy(static_cast<char *>(values) + element * elementSize,
                          from, size_t(elementSize));
                 });
}

void orch_emulated_block_store(Item *item, int64_t base, int64_t width,
                               int64_t height, int64_t pitch, int64_t x,
                               int64_t y, int64_t elementSize, int64_t rows,
                               int64_t columns, const void *values,
                               const char *place) {
  forEachElement(
      item, width, height, pitch, x, y, elementSize, rows, columns,
      [&](int64_t offset, int64_t element) {
        void *to = reinterpret_cast<void *>(base + offset);
        orch_emulated_check(item, to, elementSize, 1, place);
        memcpy(to, static_cast<const char *>(values) + element * elementSize,
               size_t(elementSize));
      });
}

//===----------------------------------------------------------------------===//
// Copies of one item
//===----------------------------------------------------------------------===//

void orch_emulated_async_copy(Item *item, void *to, const void *from,
                              int64_t size, int64_t read, const char *place) {
  if (read < 0)
    read = 0;
  if (read > size)
    read = size;
  orch_emulated_check(item, to, size, 1, place);
  if (read > 0)
    orch_emulated_check(item, from, read, 0, place);
  PendingCopy copy = {static_cast<char *>(to), static_cast<const char *>(from),
                      size, read, item->numBatches};
  if (item->copies.push(copy))
    return;
  keepError(ORCH_ERROR_OUT_OF_MEMORY,
            "%s: error: out of memory "
            "[out-of-memory]",
            place);
  fail(item);
}

void orch_emulated_async_commit(Item *item) { ++item->numBatches; }

void orch_emulated_async_wait(Item *item, int64_t pending) {
  finishCopies(item, pending);
}

void orchestra::emulated::finishCopies(Item *item, int64_t pending) {
  // What was never committed stays: nobody waits for it.
  int64_t done = 0;
  for (; done < item->copies.size(); ++done) {
    const PendingCopy &copy = item->copies[done];
    if (copy.batch >= item->numBatches - pending)
      break;
    memcpy(copy.to, copy.from, size_t(copy.read));
    memset(copy.to + copy.read, 0, size_t(copy.size - copy.read));
  }
  item->copies.dropFront(done);
}

//===----------------------------------------------------------------------===//
// Barriers in shared memory, boxes
//===----------------------------------------------------------------------===//

bool orchestra::emulated::hasPhaseEnded(Item *item) {
  Group *group = item->group;
  if (readBarrier(item->barrier).phase != uint64_t(item->parity))
    return true;
  for (int64_t i = 0; i < group->boxes.size();) {
    if (group->boxes[i].barrier != item->barrier) {
      ++i;
      continue;
    }
    deliver(group->boxes[i]);
    group->boxes.erase(i);
  }
  return readBarrier(item->barrier).phase != uint64_t(item->parity);
}

void orch_emulated_mbarrier_init(Item *item, void *barrier, int64_t count,
                                 const char *place) {
  orch_emulated_check(item, barrier, sizeof(MBarrier), 1, place);
  orch_emulated_require(item, count >= 1 && count <= kMaxArrivals,
                        "a barrier in shared memory counts 1 to 32766 arrivals",
                        place);
  MBarrier value = {};
  value.expected = uint64_t(count);
  value.missing = uint64_t(count);
  memcpy(barrier, &value, sizeof(value));
}

void orch_emulated_mbarrier_arrive(Item *item, void *barrier, int64_t bytes,
                                   const char *place) {
  MBarrier value = checkBarrier(item, barrier, place);
  value.bytes += bytes;
  value.missing -= 1;
  writeBarrier(barrier, value);
}

void orch_emulated_mbarrier_wait(Item *item, void *barrier, int32_t parity,
                                 const char *place) {
  MBarrier value = checkBarrier(item, barrier, place);
  if (value.phase != uint64_t(parity & 1))
    return;
  item->barrier = barrier;
  item->parity = parity & 1;
  wait(item, State::Polling, place);
}

void *orch_emulated_tensor_map(void *base, int64_t elementSize, int64_t rank,
                               const int64_t *dims, const int64_t *strides,
                               const int64_t *box) {
  auto *map =
      static_cast<TensorMap *>(orch_emulated_allocate(sizeof(TensorMap)));
  if (!map)
    return nullptr;
  map->magic = kMapMagic;
  map->base = static_cast<char *>(base);
  map->elementSize = elementSize;
  map->rank = rank;
  for (int64_t dim = 0; dim < rank; ++dim) {
    map->dims[dim] = dims[rank - 1 - dim];
    map->strides[dim] = strides[rank - 1 - dim] * elementSize;
    map->box[dim] = box[rank - 1 - dim];
  }
  return map;
}

void orch_emulated_tensor_load(Item *item, const void *pointer, void *to,
                               const int64_t *coordinates, void *barrier,
                               const char *place) {
  orch_emulated_check(item, pointer, sizeof(TensorMap), 0, place);
  const auto *map = static_cast<const TensorMap *>(pointer);
  orch_emulated_require(item, map->magic == kMapMagic,
                        "a tensor is copied through what is no map of a tensor",
                        place);
  int64_t bytes = map->elementSize;
  PendingBox box = {map, static_cast<char *>(to), {}, barrier, place};
  for (int64_t dim = 0; dim < map->rank; ++dim) {
    bytes *= map->box[dim];
    box.coordinates[dim] = coordinates[dim];
  }
  orch_emulated_require(item, reinterpret_cast<uintptr_t>(map->base) % 16 == 0,
                        "a tensor that is copied by boxes starts at a multiple "
                        "of 16 bytes",
                        place);
  orch_emulated_require(item, map->box[0] * map->elementSize % 16 == 0,
                        "a row of a box has a multiple of 16 bytes", place);
  for (int64_t dim = 1; dim < map->rank; ++dim)
    orch_emulated_require(item, map->strides[dim] % 16 == 0,
                          "rows of a tensor that is copied by boxes are a "
                          "multiple of 16 bytes apart",
                          place);
  for (int64_t dim = 0; dim < map->rank; ++dim)
    orch_emulated_require(item, map->box[dim] >= 1 && map->box[dim] <= 256,
                          "a box has 1 to 256 elements along a dimension",
                          place);
  orch_emulated_require(item, reinterpret_cast<uintptr_t>(to) % 128 == 0,
                        "a box in shared memory starts at a multiple of 128 "
                        "bytes",
                        place);
  int64_t extent = map->elementSize;
  for (int64_t dim = 0; dim < map->rank; ++dim)
    extent += (map->dims[dim] - 1) * map->strides[dim];
  orch_emulated_check(item, map->base, extent, 0, place);
  orch_emulated_check(item, to, bytes, 1, place);
  checkBarrier(item, barrier, place);
  if (item->group->boxes.push(box))
    return;
  keepError(ORCH_ERROR_OUT_OF_MEMORY,
            "%s: error: out of memory "
            "[out-of-memory]",
            place);
  fail(item);
}
