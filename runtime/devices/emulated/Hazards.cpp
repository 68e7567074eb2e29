//===- Hazards.cpp - Who touches shared memory at the same time -----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Copies of boxes and products of warpgroups touch shared memory at times of
// their own, between their beginning and the wait for their end. What items, or
// other copies, touch in between is a race even if it went well here.
//
// Not seen: items that race with each other alone; waits of one item that say
// nothing to another.
//
//===----------------------------------------------------------------------===//
#include "Group.h"

#include <cstdlib>

using namespace orchestra::emulated;

namespace {

using Item = orch_emulated_item;

[[noreturn]] void report(Item *item, const Group &group, const void *address,
                         const char *what, const char *place) {
  keepError(ORCH_ERROR_EXECUTION,
            "%s: error: kernel '%s' has a race in shared memory "
            "[device-race]\n  note: %s\n  note: %s, byte %lld of the group's "
            "shared memory",
            place, group.launch->kernel, what, nameOf(item).text,
            static_cast<long long>(static_cast<const char *>(address) -
                                   group.shared));
  fail(item);
}

bool hasLeft(const Group &group) {
  for (int64_t i = 0; i < group.launch->numItems; ++i)
    if (group.items[i].state != State::Done)
      return false;
  return true;
}

bool overlaps(const PendingBox &box, const char *address, int64_t size) {
  return address < box.shared + box.bytes && box.shared < address + size;
}

/// The chunks that hold the bytes: [first, last].
struct Chunks {
  int64_t first, last;

  Chunks(const Group &group, const void *address, int64_t size) {
    int64_t offset = static_cast<const char *>(address) - group.shared;
    first = offset / kChunkBytes;
    last = (offset + size - 1) / kChunkBytes;
  }
};

} // namespace

void orchestra::emulated::watchHazards(Item *item) {
  const Launch &launch = *item->group->launch;
  Chunk *&chunks = item->group->chunks;
  if (chunks)
    return;
  chunks = static_cast<Chunk *>(
      calloc(size_t(launch.sharedBytes / kChunkBytes + 1), sizeof(Chunk)));
  if (chunks)
    return;
  keepError(ORCH_ERROR_OUT_OF_MEMORY,
            "%s: error: out of memory [out-of-memory]", launch.place);
  fail(item);
}

void orchestra::emulated::checkHazards(Item *item, const void *pointer,
                                       int64_t size, Access access,
                                       const char *place) {
  Group &group = *findShared(item, pointer, size);
  const Launch &launch = *group.launch;
  const char *address = static_cast<const char *>(pointer);
  if (&group != item->group && hasLeft(group))
    report(item, group, pointer,
           "shared memory of a group is touched by another after its end",
           place);
  if (!group.chunks || size == 0)
    return;
  bool writes = access == Access::Write || access == Access::AsyncWrite;
  for (int64_t i = 0; i < group.boxes.size(); ++i)
    if (overlaps(group.boxes[i], address, size))
      report(item, group, pointer,
             writes ? "what a copy into shared memory writes is written before "
                      "the wait for it"
                    : "what a copy into shared memory writes is read before "
                      "the wait for it",
             place);
  for (int64_t k = 0; k < launch.numItems && writes && group.numStores > 0; ++k)
    for (int64_t i = 0; i < group.items[k].stores.size(); ++i)
      if (overlaps(group.items[k].stores[i], address, size))
        report(item, group, pointer,
               "what a copy from shared memory reads is written before the "
               "wait for it",
               place);
  Chunks chunks(group, address, size);
  for (int64_t i = chunks.first; i <= chunks.last; ++i) {
    Chunk &chunk = group.chunks[i];
    for (int64_t k = 0; k < kMaxWarpgroups && writes && group.warpgroups; ++k)
      if (chunk.readers[k] > group.warpgroups[k].completed)
        report(item, group, pointer,
               "what a product of a warpgroup reads is written before the wait "
               "for it",
               place);
    if (access == Access::Write)
      chunk.writer = uint32_t(item->number) + 1, chunk.time = launch.time;
    if (access != Access::AsyncRead || chunk.writer == 0)
      continue;
    // A fence orders what was written before it, by the item itself or by those
    // that it has waited for.
    const Item &writer = group.items[chunk.writer - 1];
    if (writer.fenceTime <= chunk.time && item->fenceTime <= chunk.time)
      report(item, group, pointer,
             "what an item wrote is read by a copy or a product without a "
             "fence (fence.proxy.async)",
             place);
    chunk.writer = 0;
  }
}

void orchestra::emulated::noteProductReads(Item *item, const void *address,
                                           int64_t size) {
  Chunks chunks(*item->group, address, size);
  for (int64_t i = chunks.first; i <= chunks.last; ++i)
    item->group->chunks[i].readers[item->number / kWarpgroupItems] =
        int32_t(item->numCommits) + 1;
}

void orchestra::emulated::checkEnd(Item *item) {
  if (item->stores.size() > 0)
    report(item, *item->group, item->stores[0].shared,
           "an item ends before its copies from shared memory are waited for",
           item->stores[0].place);
}
