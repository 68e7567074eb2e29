//===- Strings.cpp - The strings of one run -------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Strings.h"

namespace orchestra::runtime {

static uint64_t hashOf(const char *data, uint64_t size) {
  uint64_t hash = 0xcbf29ce484222325u; // FNV-1a
  for (uint64_t i = 0; i < size; ++i)
    hash = (hash ^ static_cast<unsigned char>(data[i])) * 0x100000001b3u;
  return hash ^ hash >> 32;
}

bool StringTable::grow() {
  uint64_t more = capacity ? 2 * capacity : 64;
  auto *newEntries = static_cast<Entry *>(
      runtime::allocate(allocator, more * sizeof(Entry), alignof(Entry)));
  auto *newSlots = static_cast<uint64_t *>(runtime::allocate(
      allocator, 2 * more * sizeof(uint64_t), alignof(uint64_t)));
  if (!newEntries || !newSlots) {
    deallocate(allocator, newEntries, more * sizeof(Entry), alignof(Entry));
    deallocate(allocator, newSlots, 2 * more * sizeof(uint64_t),
               alignof(uint64_t));
    return false;
  }
  memset(newSlots, 0, 2 * more * sizeof(uint64_t));
  for (uint64_t i = 0; i < count; ++i) {
    newEntries[i] = entries[i];
    uint64_t slot = entries[i].hash & (2 * more - 1);
    while (newSlots[slot])
      slot = (slot + 1) & (2 * more - 1);
    newSlots[slot] = i + 1;
  }
  deallocate(allocator, entries, capacity * sizeof(Entry), alignof(Entry));
  deallocate(allocator, slots, 2 * capacity * sizeof(uint64_t),
             alignof(uint64_t));
  entries = newEntries;
  slots = newSlots;
  capacity = more;
  return true;
}

int64_t StringTable::number(const orch_allocator &from, const char *data,
                            uint64_t size) {
  if (size == 0)
    return 0;
  if (!capacity)
    allocator = from;
  if (count == capacity && !grow())
    return -1;
  uint64_t hash = hashOf(data, size), mask = 2 * capacity - 1;
  uint64_t slot = hash & mask;
  for (; slots[slot]; slot = (slot + 1) & mask) {
    const Entry &entry = entries[slots[slot] - 1];
    if (entry.hash == hash && entry.string.size == size &&
        memcmp(entry.string.data, data, size) == 0)
      return int64_t(slots[slot]);
  }
  char *copy = static_cast<char *>(runtime::allocate(allocator, size, 1));
  if (!copy)
    return -1;
  memcpy(copy, data, size);
  entries[count] = {{copy, size}, hash};
  slots[slot] = ++count;
  return int64_t(count);
}

void StringTable::clear() {
  for (uint64_t i = 0; i < count; ++i)
    deallocate(allocator, const_cast<char *>(entries[i].string.data),
               entries[i].string.size, 1);
  deallocate(allocator, entries, capacity * sizeof(Entry), alignof(Entry));
  deallocate(allocator, slots, 2 * capacity * sizeof(uint64_t),
             alignof(uint64_t));
  entries = nullptr;
  slots = nullptr;
  count = capacity = 0;
}

} // namespace orchestra::runtime
