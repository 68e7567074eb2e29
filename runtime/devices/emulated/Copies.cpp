//===- Copies.cpp - Blocks, asynchronous copies ---------------------------===//
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

namespace {

using Item = orch_emulated_item;

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
