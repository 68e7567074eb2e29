//===- Boxes.cpp - Copies of boxes of tensors -----------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Copies are done as late as the rules allow: into shared memory when all items
// wait, from it when the item that began them waits for them.
//
// Swizzle (PTX ISA, "Swizzling modes"): of an address in shared memory, the
// three bits from 2^4 are exclusive-ored with those from 2^7; of them the
// lowest one or two where rows have 32 or 64 bytes.
//
//===----------------------------------------------------------------------===//
#include "Group.h"

#include <cstring>

using namespace orchestra::emulated;

constexpr int64_t kMaxTensorRank = 5;
constexpr int64_t kMaxWindowRank = kMaxTensorRank - 2;

/// What orch_emulated_tensor_map and orch_emulated_im2col_map make, fastest
/// dimension first.
struct orchestra::emulated::TensorMap {
  uint64_t magic;
  char *base;
  int64_t elementSize, rank, swizzle;
  int64_t dims[kMaxTensorRank];
  int64_t strides[kMaxTensorRank]; // bytes
  int64_t box[kMaxTensorRank];
  int64_t windows; // so many at once; 0: copies boxes
  int64_t lower[kMaxWindowRank], upper[kMaxWindowRank], steps[kMaxWindowRank];
};

namespace {

using Item = orch_emulated_item;
constexpr uint64_t kMapMagic = 0x7072614d65786f42; // Tells a map from noise.

/// Copies a row of a box piece by piece, as its swizzle divides it; from null,
/// zeros.
void copyRow(const TensorMap &map, char *shared, char *global, int64_t bytes,
             bool toShared) {
  uintptr_t mask = map.swizzle ? uintptr_t(map.swizzle / kChunkBytes - 1) : 0;
  for (int64_t done = 0; done < bytes;) {
    uintptr_t plain = reinterpret_cast<uintptr_t>(shared) + uintptr_t(done);
    int64_t piece = kChunkBytes - int64_t(plain % kChunkBytes);
    piece = piece < bytes - done ? piece : bytes - done;
    char *at = reinterpret_cast<char *>(plain ^ (plain >> 7 & mask) << 4);
    if (!toShared)
      memcpy(global + done, at, size_t(piece));
    else if (global)
      memcpy(at, global + done, size_t(piece));
    else
      memset(at, 0, size_t(piece));
    done += piece;
  }
}

/// Copies what of a box's row is in the tensor; the rest becomes zeros in
/// shared memory and is left alone in the tensor.
void copyClipped(const PendingBox &box, char *shared, char *global, bool inside,
                 bool toShared) {
  const TensorMap &map = *box.map;
  int64_t first = box.coordinates[0], count = map.box[0];
  int64_t from = first < 0 ? -first : 0;
  int64_t to = map.dims[0] - first < count ? map.dims[0] - first : count;
  if (!inside || from >= to)
    from = to = 0;
  int64_t size = map.elementSize;
  if (toShared) {
    copyRow(map, shared, nullptr, from * size, true);
    copyRow(map, shared + to * size, nullptr, (count - to) * size, true);
  }
  copyRow(map, shared + from * size, global + from * size, (to - from) * size,
          toShared);
}

void copyBox(const PendingBox &box, bool toShared) {
  const TensorMap &map = *box.map;
  int64_t counter[kMaxTensorRank] = {};
  char *shared = box.shared;
  for (bool more = true; more;) {
    char *global = map.base + box.coordinates[0] * map.elementSize;
    bool inside = true;
    for (int64_t dim = 1; dim < map.rank; ++dim) {
      int64_t at = box.coordinates[dim] + counter[dim];
      inside &= at >= 0 && at < map.dims[dim];
      global += at * map.strides[dim];
    }
    copyClipped(box, shared, global, inside, toShared);
    shared += map.box[0] * map.elementSize;
    more = false;
    for (int64_t dim = 1; dim < map.rank && !more; ++dim) {
      more = ++counter[dim] < map.box[dim];
      if (!more)
        counter[dim] = 0;
    }
  }
}

/// Copies a pixel of each of so many windows ("im2col mode", PTX ISA).
void copyWindows(const PendingBox &box) {
  const TensorMap &map = *box.map;
  int64_t last = map.rank - 1, at[kMaxTensorRank];
  for (int64_t dim = 0; dim < map.rank; ++dim)
    at[dim] = box.coordinates[dim];
  for (int64_t window = 0; window < map.windows; ++window) {
    bool inside = at[last] >= 0 && at[last] < map.dims[last];
    char *global =
        map.base + at[0] * map.elementSize + at[last] * map.strides[last];
    for (int64_t dim = 1; dim < last; ++dim) {
      int64_t pixel = at[dim] + box.offsets[dim - 1];
      inside &= pixel >= 0 && pixel < map.dims[dim];
      global += pixel * map.strides[dim];
    }
    copyClipped(box, box.shared + window * map.box[0] * map.elementSize, global,
                inside, /*toShared=*/true);
    bool carry = true;
    for (int64_t dim = 1; dim < last && carry; ++dim) {
      at[dim] += map.steps[dim - 1];
      carry = at[dim] >= map.dims[dim] + map.upper[dim - 1];
      if (carry)
        at[dim] = map.lower[dim - 1];
    }
    at[last] += carry;
  }
}

/// Checks the rules of maps, and that all that may be touched is the item's.
PendingBox makeBox(Item *item, const void *pointer, void *shared, int64_t rank,
                   const int64_t *coordinates, int32_t writesTensor,
                   const char *place) {
  orch_emulated_check(item, pointer, sizeof(TensorMap), 0, place);
  const auto *map = static_cast<const TensorMap *>(pointer);
  auto require = [&](bool holds, const char *rule) {
    orch_emulated_require(item, holds, rule, place);
  };
  require(map->magic == kMapMagic,
          "a tensor is copied through what is no map of a tensor");
  require(map->rank == rank,
          "a box has a coordinate for each dimension of its tensor");
  int64_t bytes = map->elementSize, extent = map->elementSize;
  PendingBox box = {map,  static_cast<char *>(shared), 0, {}, {}, nullptr, 0,
                    place};
  for (int64_t dim = 0; dim < map->rank; ++dim) {
    require(map->box[dim] >= 1 && map->box[dim] <= 256,
            "a box has 1 to 256 elements along a dimension");
    require(dim == 0 || map->strides[dim] % 16 == 0,
            "rows of a tensor that is copied by boxes are a multiple of 16 "
            "bytes apart");
    bytes *= map->box[dim];
    extent += (map->dims[dim] - 1) * map->strides[dim];
    box.coordinates[dim] = coordinates[dim];
  }
  int64_t rowBytes = map->box[0] * map->elementSize;
  require(rowBytes % 16 == 0, "a row of a box has a multiple of 16 bytes");
  require(map->swizzle == 0 || rowBytes <= map->swizzle,
          "a row of a box is not longer than what it is swizzled over");
  require(reinterpret_cast<uintptr_t>(map->base) % 16 == 0,
          "a tensor that is copied by boxes starts at a multiple of 16 bytes");
  require(reinterpret_cast<uintptr_t>(shared) % 128 == 0,
          "a box in shared memory starts at a multiple of 128 bytes");
  box.bytes = map->windows ? bytes * map->windows : bytes;
  orch_emulated_check(item, map->base, extent, writesTensor, place);
  return box;
}

/// The rules of maps of windows alone: what fits a descriptor.
void checkWindows(Item *item, const PendingBox &box, const char *place) {
  const TensorMap &map = *box.map;
  auto require = [&](bool holds, const char *rule) {
    orch_emulated_require(item, holds, rule, place);
  };
  require(map.windows >= 1 && map.windows <= 1024,
          "1 to 1024 windows are copied at once, through a map of windows");
  int64_t bits = map.rank == 3 ? 16 : map.rank == 4 ? 8 : 5;
  int64_t limit = int64_t(1) << (bits - 1);
  for (int64_t dim = 0; dim + 2 < map.rank; ++dim) {
    int64_t first = map.lower[dim], end = map.dims[dim + 1] + map.upper[dim];
    require(first >= -limit && first < limit && map.upper[dim] >= -limit &&
                map.upper[dim] < limit,
            "corners of windows fit 16, 8 or 5 bits in 1, 2 or 3 dimensions");
    require(first < end, "there is a window in each dimension");
    require(map.steps[dim] >= 1 && map.steps[dim] <= 8,
            "windows are 1 to 8 pixels apart");
    require(box.offsets[dim] >= 0 && box.offsets[dim] < 2 * limit,
            "offsets in windows fit 16, 8 or 5 bits without a sign");
    require(box.coordinates[dim + 1] >= first && box.coordinates[dim + 1] < end,
            "a copy of windows begins with one of them");
  }
}

void keep(Item *item, List<PendingBox> &list, const PendingBox &box) {
  if (list.push(box))
    return;
  keepError(ORCH_ERROR_OUT_OF_MEMORY,
            "%s: error: out of memory [out-of-memory]", box.place);
  fail(item);
}

void beginLoad(Item *item, PendingBox box, void *barrier, const char *place) {
  requireBarrier(item, barrier, place);
  watchHazards(item);
  requireShared(item, box.shared, box.bytes, 1, place);
  checkHazards(item, box.shared, box.bytes, Access::AsyncWrite, place);
  box.barrier = barrier;
  keep(item, item->group->boxes, box);
}

} // namespace

bool orchestra::emulated::deliverBoxes(Group *group) {
  const void *barrier = nullptr;
  for (int64_t i = 0; i < group->boxes.size() && !barrier; ++i)
    for (int64_t k = 0; k < group->launch->numItems && !barrier; ++k)
      if (group->items[k].state == State::Polling &&
          group->items[k].barrier == group->boxes[i].barrier)
        barrier = group->boxes[i].barrier;
  for (int64_t i = 0; i < group->boxes.size() && barrier;) {
    PendingBox box = group->boxes[i];
    if (box.barrier != barrier) {
      ++i;
      continue;
    }
    group->boxes.erase(i);
    if (box.map->windows)
      copyWindows(box);
    else
      copyBox(box, /*toShared=*/true);
    completeBytes(box.barrier, box.bytes);
  }
  return barrier != nullptr;
}

static TensorMap *makeMap(void *base, int64_t elementSize, int64_t rank,
                          const int64_t *dims, const int64_t *strides,
                          int64_t swizzle) {
  auto *map =
      static_cast<TensorMap *>(orch_emulated_allocate(sizeof(TensorMap)));
  if (!map)
    return nullptr;
  map->magic = kMapMagic;
  map->base = static_cast<char *>(base);
  map->elementSize = elementSize;
  map->rank = rank;
  map->swizzle = swizzle;
  map->windows = 0;
  for (int64_t dim = 0; dim < rank; ++dim) {
    map->dims[dim] = dims[rank - 1 - dim];
    map->strides[dim] = strides[rank - 1 - dim] * elementSize;
    map->box[dim] = 1;
  }
  return map;
}

void *orch_emulated_tensor_map(void *base, int64_t elementSize, int64_t rank,
                               const int64_t *dims, const int64_t *strides,
                               const int64_t *box, int64_t swizzle) {
  TensorMap *map = makeMap(base, elementSize, rank, dims, strides, swizzle);
  for (int64_t dim = 0; map && dim < rank; ++dim)
    map->box[dim] = box[rank - 1 - dim];
  return map;
}

void *orch_emulated_im2col_map(void *base, int64_t elementSize, int64_t rank,
                               const int64_t *dims, const int64_t *strides,
                               const int64_t *lower, const int64_t *upper,
                               const int64_t *steps, const int64_t *box,
                               int64_t swizzle) {
  TensorMap *map = makeMap(base, elementSize, rank, dims, strides, swizzle);
  if (!map)
    return nullptr;
  map->windows = box[0];
  map->box[0] = box[1];
  for (int64_t dim = 0; dim + 2 < rank; ++dim) {
    map->lower[dim] = lower[rank - 3 - dim];
    map->upper[dim] = upper[rank - 3 - dim];
    map->steps[dim] = steps[rank - 3 - dim];
  }
  return map;
}

void orch_emulated_tensor_load(Item *item, const void *map, void *to,
                               int64_t rank, const int64_t *coordinates,
                               void *barrier, const char *place) {
  PendingBox box = makeBox(item, map, to, rank, coordinates, 0, place);
  orch_emulated_require(item, box.map->windows == 0,
                        "a box is copied through a map of boxes", place);
  beginLoad(item, box, barrier, place);
}

void orch_emulated_im2col_load(Item *item, const void *map, void *to,
                               int64_t rank, const int64_t *coordinates,
                               const int64_t *offsets, void *barrier,
                               const char *place) {
  PendingBox box = makeBox(item, map, to, rank, coordinates, 0, place);
  for (int64_t dim = 0; dim + 2 < rank; ++dim)
    box.offsets[dim] = offsets[dim];
  checkWindows(item, box, place);
  beginLoad(item, box, barrier, place);
}

void orch_emulated_tensor_store(Item *item, const void *map, const void *from,
                                int64_t rank, const int64_t *coordinates,
                                const char *place) {
  // What is pending is the item's own, but the list has one kind of entry.
  PendingBox box =
      makeBox(item, map, const_cast<void *>(from), rank, coordinates, 1, place);
  watchHazards(item);
  requireShared(item, from, box.bytes, 0, place);
  checkHazards(item, from, box.bytes, Access::AsyncRead, place);
  box.batch = item->numStoreBatches;
  keep(item, item->stores, box);
  ++item->group->numStores;
}

void orch_emulated_boxes_commit(Item *item) { ++item->numStoreBatches; }

void orch_emulated_boxes_wait(Item *item, int64_t pending) {
  // What was never committed stays: nobody waits for it.
  int64_t done = 0;
  for (; done < item->stores.size(); ++done) {
    if (item->stores[done].batch >= item->numStoreBatches - pending)
      break;
    copyBox(item->stores[done], /*toShared=*/false);
  }
  item->stores.dropFront(done);
  item->group->numStores -= done;
}

void orch_emulated_fence_proxy(Item *item) {
  item->fenceTime = ++item->group->launch->time;
}
