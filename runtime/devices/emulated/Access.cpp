//===- Access.cpp - Checks of what kernels touch --------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Group.h"

#include <cstdio>
#include <cstring>

using namespace orchestra::emulated;

namespace {

using Item = orch_emulated_item;

const char *verb(int32_t write) { return write ? "writes" : "reads"; }

bool isConstant(const Launch &launch, uintptr_t address, uint64_t size) {
  for (int64_t i = 0; i < launch.numConstants; ++i)
    if (launch.constants[i].contains(address, size))
      return true;
  return false;
}

bool isShared(const Group &group, const void *address, int64_t size) {
  uintptr_t shared = reinterpret_cast<uintptr_t>(group.shared);
  return Region{shared, shared + uintptr_t(group.launch->sharedBytes)}.contains(
      reinterpret_cast<uintptr_t>(address), uint64_t(size));
}

/// Says what the address is near to.
[[noreturn]] void reportAccess(Item *item, uintptr_t address, int64_t size,
                               int32_t write, const char *place) {
  const Group &group = *item->group;
  char where[256] = "it belongs to no allocation";
  uintptr_t shared = reinterpret_cast<uintptr_t>(group.shared);
  Region region;
  if (address >= shared &&
      address < shared + uintptr_t(group.launch->sharedBytes) + 256)
    snprintf(
        where, sizeof(where),
        "it starts at byte %llu of the group's shared memory of %lld bytes",
        static_cast<unsigned long long>(address - shared),
        static_cast<long long>(group.launch->sharedBytes));
  else if (isConstant(*group.launch, address, uint64_t(size)))
    snprintf(where, sizeof(where), "it is a constant");
  else if (findRegionBefore(address, region) &&
           address < region.end + (uintptr_t(1) << 20))
    snprintf(where, sizeof(where),
             "it starts at byte %llu of an allocation of %llu bytes",
             static_cast<unsigned long long>(address - region.begin),
             static_cast<unsigned long long>(region.end - region.begin));
  keepError(ORCH_ERROR_EXECUTION,
            "%s: error: kernel '%s' %s outside its memory [out-of-bounds]\n"
            "  note: %s, %lld bytes at %p: %s",
            place, group.launch->kernel, verb(write), nameOf(item).text,
            static_cast<long long>(size), reinterpret_cast<void *>(address),
            where);
  fail(item);
}

} // namespace

void orch_emulated_constant(Item *item, const void *pointer, int64_t size) {
  Launch &launch = *item->group->launch;
  uintptr_t address = reinterpret_cast<uintptr_t>(pointer);
  if (isConstant(launch, address, uint64_t(size)))
    return;
  if (launch.numConstants == kMaxConstants) {
    keepError(ORCH_ERROR_UNSUPPORTED,
              "%s: error: kernel '%s' uses more than %lld constants "
              "[unsupported-by-target]",
              launch.place, launch.kernel,
              static_cast<long long>(kMaxConstants));
    fail(item);
  }
  launch.constants[launch.numConstants++] = {address,
                                             address + uintptr_t(size)};
}

void orch_emulated_check(Item *item, const void *pointer, int64_t size,
                         int32_t write, const char *place) {
  uintptr_t address = reinterpret_cast<uintptr_t>(pointer);
  uint64_t bytes = uint64_t(size);
  if (bytes == 0 || item->last.contains(address, bytes))
    return;
  const Group &group = *item->group;
  uintptr_t stack = reinterpret_cast<uintptr_t>(item->stack);
  if (Region{stack, stack + uintptr_t(item->stackBytes)}.contains(address,
                                                                  bytes))
    return;
  if (findShared(item, pointer, size))
    return checkHazards(item, pointer, size,
                        write ? Access::Write : Access::Read, place);
  if (findLent(address, bytes, item->last) ||
      findRegion(address, bytes, item->last))
    return;
  if (!write && isConstant(*group.launch, address, bytes))
    return;
  item->last = {0, 0};
  reportAccess(item, address, size, write, place);
}

Group *orchestra::emulated::findShared(Item *item, const void *address,
                                       int64_t size) {
  if (isShared(*item->group, address, size))
    return item->group;
  Launch &launch = *item->group->launch;
  for (int64_t rank = 0; rank < launch.clusterSize; ++rank)
    if (isShared(launch.groups[rank], address, size))
      return &launch.groups[rank];
  return nullptr;
}

void orchestra::emulated::requireShared(Item *item, const void *pointer,
                                        int64_t size, int32_t write,
                                        const char *place) {
  if (!isShared(*item->group, pointer, size))
    reportAccess(item, reinterpret_cast<uintptr_t>(pointer), size, write,
                 place);
}

void orch_emulated_check_index(Item *item, int64_t index, int64_t count,
                               int64_t size, int32_t dimension, int32_t write,
                               const char *place) {
  if (index >= 0 && count <= size && index <= size - count)
    return;
  char which[64];
  if (count == 1)
    snprintf(which, sizeof(which), "index %lld", static_cast<long long>(index));
  else
    snprintf(which, sizeof(which), "the indices %lld to %lld",
             static_cast<long long>(index),
             static_cast<long long>(index + count - 1));
  keepError(ORCH_ERROR_EXECUTION,
            "%s: error: kernel '%s' %s outside its memory [out-of-bounds]\n"
            "  note: %s, %s of dimension %d, whose size is %lld",
            place, item->group->launch->kernel, verb(write), nameOf(item).text,
            which, dimension, static_cast<long long>(size));
  fail(item);
}

void orch_emulated_require(Item *item, int32_t holds, const char *rule,
                           const char *place) {
  if (holds)
    return;
  keepError(ORCH_ERROR_EXECUTION,
            "%s: error: kernel '%s' breaks a rule of its device "
            "[device-rule]\n  note: %s\n  note: %s",
            place, item->group->launch->kernel, rule, nameOf(item).text);
  fail(item);
}
