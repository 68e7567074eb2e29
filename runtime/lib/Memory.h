//===- Memory.h - Arrays and objects from a given allocator -----*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the two containers the library needs. It uses neither exceptions nor
//   the C++ standard library's own, so that it links to libc alone and so that
//   a failed allocation is a status.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_LIB_MEMORY_H
#define ORCHESTRA_RUNTIME_LIB_MEMORY_H

#include "orchestra_runtime/base.h"
#include "orchestra_runtime/format.h"

#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace orchestra::runtime {

/// `allocator`, or the system's when it is null.
orch_allocator allocatorOrSystem(const orch_allocator *allocator);

/// Sets the message for a failed allocation and returns the status.
orch_status outOfMemory(uint64_t bytes, const char *what);

inline void *allocate(const orch_allocator &allocator, size_t size,
                      size_t alignment) {
  return allocator.allocate(allocator.user, size, alignment);
}
inline void deallocate(const orch_allocator &allocator, void *pointer,
                       size_t size, size_t alignment) {
  if (pointer)
    allocator.deallocate(allocator.user, pointer, size, alignment);
}

/// A new T, or null.
template <typename T, typename... Args>
T *create(const orch_allocator &allocator, Args &&...args) {
  void *memory = allocate(allocator, sizeof(T), alignof(T));
  return memory ? new (memory) T{std::forward<Args>(args)...} : nullptr;
}
template <typename T> void destroy(orch_allocator allocator, T *object) {
  if (!object)
    return;
  object->~T();
  deallocate(allocator, object, sizeof(T), alignof(T));
}

/// A fixed number of plain values, all zero bytes at first.
template <typename T> class Array {
  static_assert(std::is_trivially_copyable_v<T>, "elements are raw memory");

public:
  Array() = default;
  Array(const Array &) = delete;
  Array &operator=(const Array &) = delete;
  ~Array() { reset(); }

  /// Drops the elements and makes `count` new ones. False: out of memory.
  bool allocate(const orch_allocator &from, size_t count) {
    reset();
    if (count == 0)
      return true;
    if (count > SIZE_MAX / sizeof(T))
      return false;
    elements = static_cast<T *>(
        runtime::allocate(from, count * sizeof(T), alignof(T)));
    if (!elements)
      return false;
    std::memset(static_cast<void *>(elements), 0, count * sizeof(T));
    numElements = count;
    allocator = from;
    return true;
  }
  void reset() {
    if (elements)
      deallocate(allocator, elements, numElements * sizeof(T), alignof(T));
    elements = nullptr;
    numElements = 0;
  }
  T *data() { return elements; }
  const T *data() const { return elements; }
  size_t size() const { return numElements; }
  T &operator[](size_t i) { return elements[i]; }
  const T &operator[](size_t i) const { return elements[i]; }

private:
  T *elements = nullptr;
  size_t numElements = 0;
  orch_allocator allocator = {};
};

/// Bytes aligned to ORCH_BUFFER_ALIGNMENT that only grow.
class Block {
public:
  Block() = default;
  Block(const Block &) = delete;
  Block &operator=(const Block &) = delete;
  ~Block() { reset(); }

  /// At least `size` bytes; what was in them is lost. False: out of memory.
  bool reserve(const orch_allocator &from, uint64_t size) {
    if (size <= bytes)
      return true;
    if (size > SIZE_MAX / 2)
      return false;
    reset();
    memory = runtime::allocate(from, size, ORCH_BUFFER_ALIGNMENT);
    if (!memory)
      return false;
    bytes = size;
    allocator = from;
    return true;
  }
  void reset() {
    deallocate(allocator, memory, bytes, ORCH_BUFFER_ALIGNMENT);
    memory = nullptr;
    bytes = 0;
  }
  char *data() const { return static_cast<char *>(memory); }
  uint64_t size() const { return bytes; }

private:
  void *memory = nullptr;
  size_t bytes = 0;
  orch_allocator allocator = {};
};

} // namespace orchestra::runtime

#endif // ORCHESTRA_RUNTIME_LIB_MEMORY_H
