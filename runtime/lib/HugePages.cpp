//===- HugePages.cpp - Memory whose pages are 2 MiB -----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where to read on: Linux, admin-guide/mm/transhuge.rst and pagemap.rst.
//
//===----------------------------------------------------------------------===//
#include "HugePages.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace orchestra::runtime {

namespace {

size_t roundUp(size_t size, size_t page) {
  return (size + page - 1) & ~(page - 1);
}

// Declared here because the headers of Linux before 6.7 lack it, while the
// system it runs on may have it.
struct ScanRegion {
  uint64_t start, end, categories;
};
struct ScanArguments {
  uint64_t size, flags, start, end, walkEnd, regions, numRegions, maxPages;
  uint64_t invertedCategories, allOf, anyOf, returned;
};
static_assert(sizeof(ScanArguments) == 96, "struct pm_scan_arg");
constexpr unsigned long scanRequest = _IOWR('f', 16, ScanArguments);
constexpr uint64_t isHuge = uint64_t(1) << 6;
constexpr int adviceToPopulate = 22; // MADV_POPULATE_READ, Linux 5.14

/// `size` zero bytes, a multiple of a small page, that start a huge page.
char *reserveAligned(size_t size) {
  if (size + hugePageSize < size)
    return nullptr;
  // A mapping starts at any small page: take one huge page more, and give back
  // what lies outside the aligned part.
  size_t mapped = size + hugePageSize;
  void *start = mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED)
    return nullptr;
  char *first = static_cast<char *>(start);
  size_t before =
      (hugePageSize - reinterpret_cast<uintptr_t>(start)) & (hugePageSize - 1);
  if (before)
    (void)munmap(first, before);
  if (size_t after = mapped - before - size)
    (void)munmap(first + before + size, after);
  return first + before;
}

} // namespace

void *allocatePages(size_t size) {
  size_t rounded = roundUp(size, hugePageSize);
  char *pages = rounded >= size ? reserveAligned(rounded) : nullptr;
  // A hint: where it is refused, small pages serve as well.
  if (pages)
    (void)madvise(pages, rounded, MADV_HUGEPAGE);
  return pages;
}

void *mapFile(int file, size_t size) {
  size_t rounded = roundUp(size, size_t(sysconf(_SC_PAGESIZE)));
  char *place = size >= 2 * hugePageSize ? reserveAligned(rounded) : nullptr;
  void *address = mmap(place, size, PROT_READ,
                       MAP_PRIVATE | (place ? MAP_FIXED : 0), file, 0);
  if (address != MAP_FAILED)
    return address;
  int error = errno;
  if (place)
    (void)munmap(place, rounded);
  errno = error;
  return nullptr;
}

void freePages(void *pages, size_t size) {
  if (pages)
    (void)munmap(pages, roundUp(size, hugePageSize));
}

bool hasHugePages() {
  int file =
      open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return false;
  char text[64] = "";
  ssize_t length = read(file, text, sizeof(text) - 1);
  close(file);
  return length > 0 && !strstr(text, "[never]");
}

size_t countInHugePages(const void *data, size_t size) {
  size_t page = size_t(sysconf(_SC_PAGESIZE));
  uintptr_t begin = reinterpret_cast<uintptr_t>(data) & ~(page - 1);
  uintptr_t end =
      (reinterpret_cast<uintptr_t>(data) + size + page - 1) & ~(page - 1);
  void *start = reinterpret_cast<void *>(begin);
  (void)madvise(start, end - begin, MADV_HUGEPAGE);
  (void)madvise(start, end - begin, adviceToPopulate);

  int file = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return 0;
  size_t huge = 0;
  ScanRegion regions[64];
  ScanArguments arguments = {};
  arguments.size = sizeof(arguments);
  arguments.start = begin;
  arguments.end = end;
  arguments.regions = reinterpret_cast<uint64_t>(regions);
  arguments.numRegions = sizeof(regions) / sizeof(regions[0]);
  arguments.allOf = isHuge;
  arguments.returned = isHuge;
  while (arguments.start < end) {
    int found = ioctl(file, scanRequest, &arguments);
    if (found < 0 || arguments.walkEnd <= arguments.start)
      break;
    for (int i = 0; i < found; ++i)
      huge += regions[i].end - regions[i].start;
    arguments.start = arguments.walkEnd;
  }
  close(file);
  return huge < size ? huge : size;
}

} // namespace orchestra::runtime
