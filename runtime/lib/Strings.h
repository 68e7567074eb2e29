//===- Strings.h - The strings of one run -----------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: a table that gives equal strings equal numbers, so that compiled code
//   moves and compares strings as integers of 64 bits. Number 0 is the empty
//   string. Numbers hold until the next run of the context.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_LIB_STRINGS_H
#define ORCHESTRA_RUNTIME_LIB_STRINGS_H

#include "Memory.h"

namespace orchestra::runtime {

class StringTable {
public:
  StringTable() = default;
  StringTable(const StringTable &) = delete;
  StringTable &operator=(const StringTable &) = delete;
  ~StringTable() { clear(); }

  /// The number of a string; -1: out of memory.
  int64_t number(const orch_allocator &from, const char *data, uint64_t size);
  /// The string of a number; the empty one for numbers that none has.
  orch_string get(int64_t number) const {
    if (number <= 0 || uint64_t(number) > count)
      return {"", 0};
    return entries[uint64_t(number) - 1].string;
  }
  /// Forgets all strings.
  void clear();

private:
  struct Entry {
    orch_string string;
    uint64_t hash;
  };
  bool grow();

  orch_allocator allocator = {};
  Entry *entries = nullptr;  // `capacity` of them
  uint64_t *slots = nullptr; // 2 * `capacity` numbers, 0: free
  uint64_t count = 0, capacity = 0;
};

} // namespace orchestra::runtime

#endif // ORCHESTRA_RUNTIME_LIB_STRINGS_H
