//===- HugePages.h - Memory whose pages are 2 MiB ---------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Why: a matrix product that streams its weights through pages of 4 KiB spends
//   a third of its time on address translation when it runs in a virtual
//   machine, where every miss walks two page tables.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_LIB_HUGEPAGES_H
#define ORCHESTRA_RUNTIME_LIB_HUGEPAGES_H

#include <cstddef>

namespace orchestra::runtime {

constexpr size_t hugePageSize = size_t(2) << 20;

/// Blocks of this size and above are worth pages of their own.
constexpr size_t hugeBlockSize = size_t(1) << 20;

/// Whole pages for `size` bytes, zero, asked to be huge; null when there is no
/// memory. Where the system refuses huge pages they are small ones.
void *allocatePages(size_t size);

/// Gives back what allocatePages(size) gave.
void freePages(void *pages, size_t size);

/// Maps the first `size` bytes of a file read-only, large ones where their
/// pages can be mapped as huge ones; null, with errno, on failure.
/// munmap(size).
void *mapFile(int file, size_t size);

/// True if the system gives huge pages to whoever asks.
bool hasHugePages();

/// Brings `size` bytes at `data` into memory and tells how many of them lie in
/// huge pages; 0 as well when the system cannot tell.
size_t countInHugePages(const void *data, size_t size);

} // namespace orchestra::runtime

#endif // ORCHESTRA_RUNTIME_LIB_HUGEPAGES_H
