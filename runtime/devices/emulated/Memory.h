//===- Memory.h - What kernels may touch ------------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_EMULATED_MEMORY_H
#define ORCHESTRA_EMULATED_MEMORY_H

#include "orchestra_runtime/base.h"

#include <cstdint>
#include <cstdlib>

namespace orchestra::emulated {

/// Bytes from `begin` to before `end`.
struct Region {
  uintptr_t begin, end;

  bool contains(uintptr_t address, uint64_t size) const {
    return address >= begin && address <= end && size <= end - address;
  }
};

/// The live allocation that holds these bytes; false: none does.
bool findRegion(uintptr_t address, uint64_t size, Region &found);
/// Memory that is lent and holds these bytes; false: there is none.
bool findLent(uintptr_t address, uint64_t size, Region &found);
/// The live allocation that begins last at or before `address`.
bool findRegionBefore(uintptr_t address, Region &found);

/// Keeps the first error of the process, formatted as printf does.
orch_status keepError(orch_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/// An array of plain values that grows.
template <typename T> class List {
public:
  bool push(const T &value) {
    if (used == capacity) {
      int64_t wanted = capacity ? capacity * 2 : 16;
      void *memory = realloc(elements, size_t(wanted) * sizeof(T));
      if (!memory)
        return false;
      elements = static_cast<T *>(memory);
      capacity = wanted;
    }
    elements[used++] = value;
    return true;
  }
  /// Keeps the order.
  void erase(int64_t index) {
    for (int64_t i = index + 1; i < used; ++i)
      elements[i - 1] = elements[i];
    --used;
  }
  /// Puts `value` at `index`; the last element, just pushed, gives its place.
  void insert(int64_t index, const T &value) {
    for (int64_t i = used - 1; i > index; --i)
      elements[i] = elements[i - 1];
    elements[index] = value;
  }
  void dropFront(int64_t count) {
    for (int64_t i = count; i < used; ++i)
      elements[i - count] = elements[i];
    used -= count;
  }
  void clear() { used = 0; }
  void release() {
    free(elements);
    elements = nullptr;
    used = capacity = 0;
  }
  int64_t size() const { return used; }
  T &operator[](int64_t index) { return elements[index]; }
  const T &operator[](int64_t index) const { return elements[index]; }

private:
  T *elements;
  int64_t used, capacity;
};

} // namespace orchestra::emulated

#endif // ORCHESTRA_EMULATED_MEMORY_H
