//===- Group.cpp - Launches: fibers, barriers, shuffles -------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How: a scheduler runs every item of a group until it waits or ends. After
//   each round it lets go whoever has nothing more to wait for. When nobody can
//   go on and somebody is left, the items have diverged: that is found, not
//   guessed, because all of them are seen at once.
// Fibers are ucontexts: a switch costs two system calls, which is cheap beside
//   the checks of memory.
//
//===----------------------------------------------------------------------===//
#include "Group.h"

#include <cstdio>
#include <cstring>
#include <sys/mman.h>

using namespace orchestra::emulated;

namespace {

using Item = orch_emulated_item;

/// Of an item. Temporaries of a thread are at most 16 KB (each).
constexpr int64_t kStackBytes = 256 << 10;
constexpr int64_t kPageBytes = 4096;
constexpr int64_t kMaxItems = 1024;

void runItem(unsigned high, unsigned low) {
  Item *item = reinterpret_cast<Item *>(uintptr_t(high) << 32 | low);
  item->group->launch->entry(item, item->group->launch->arguments);
  finishCopies(item, 0);
  checkEnd(item);
  wait(item, State::Done, nullptr);
}

void prepare(Item *item, Group *group, int64_t number) {
  const Launch &launch = *group->launch;
  item->group = group;
  item->number = number;
  item->index[0] = number % launch.block[0];
  item->index[1] = number / launch.block[0] % launch.block[1];
  item->index[2] = number / launch.block[0] / launch.block[1];
  item->state = State::Ready;
  item->place = nullptr;
  item->last = {0, 0};
  item->copies.clear();
  item->numBatches = 0;
  item->turn = 0;
  item->stores.clear();
  item->numStoreBatches = 0;
  item->fenceTime = launch.time;
  item->numProducts = 0;
  item->numCommits = launch.maxCommits;
  item->fenced = false;
  item->numClusterArrivals = 0;
  getcontext(&item->context);
  item->context.uc_stack.ss_sp = item->stack;
  item->context.uc_stack.ss_size = size_t(item->stackBytes);
  item->context.uc_link = nullptr;
  uintptr_t address = reinterpret_cast<uintptr_t>(item);
  makecontext(&item->context, reinterpret_cast<void (*)()>(runItem), 2,
              unsigned(address >> 32), unsigned(address));
}

/// Forgets what the group before has left.
void clear(Group *group) {
  Launch &launch = *group->launch;
  memset(group->shared, 0xFF, size_t(launch.sharedBytes));
  group->boxes.clear();
  group->numStores = 0;
  memset(group->named, 0, sizeof(group->named));
  for (int64_t i = 0; i < launch.numItems; ++i)
    if (group->items[i].numCommits > launch.maxCommits)
      launch.maxCommits = group->items[i].numCommits;
  for (int64_t i = 0; group->warpgroups && i < kMaxWarpgroups; ++i) {
    Warpgroup &warpgroup = group->warpgroups[i];
    for (int64_t k = 0; k < warpgroup.products.size(); ++k)
      free(warpgroup.products[k].values);
    warpgroup.products.clear();
    warpgroup.first = 0;
    warpgroup.completed = launch.maxCommits;
  }
  ++launch.time;
}

void release(Group *group) {
  clear(group);
  for (int64_t i = 0; i < group->launch->numItems; ++i) {
    group->items[i].copies.release();
    group->items[i].stores.release();
  }
  for (int64_t i = 0; group->warpgroups && i < kMaxWarpgroups; ++i)
    group->warpgroups[i].products.release();
  free(group->warpgroups);
  free(group->chunks);
  group->boxes.release();
}

/// From the shared memory of one group of a cluster to that of the next.
int64_t getSharedStride(const Launch &launch) {
  return (launch.sharedBytes / kSharedAlignment + 1) * kSharedAlignment;
}

/// Whether all that the group began is over.
bool hasEnded(Group *group) {
  if (group->boxes.size() == 0)
    return true;
  keepError(ORCH_ERROR_EXECUTION,
            "%s: error: kernel '%s' has a race in shared memory [device-race]\n"
            "  note: a group ends before a copy into its shared memory is "
            "waited for",
            group->boxes[0].place, group->launch->kernel);
  group->launch->failed = true;
  return false;
}

/// Runs every item of the group that can until it waits; how many have ended.
int64_t runItems(Group *group) {
  Launch &launch = *group->launch;
  int64_t numDone = 0;
  for (int64_t i = 0; i < launch.numItems && !launch.failed; ++i) {
    Item *item = &group->items[i];
    if (item->state == State::Ready)
      swapcontext(&launch.scheduler, &item->context);
    numDone += item->state == State::Done;
  }
  return numDone;
}

/// Runs the groups of a cluster to their end; false: the launch failed.
bool runCluster(Launch *launch) {
  launch->clusterPhase = 0;
  int64_t size = launch->clusterSize;
  for (int64_t rank = 0; rank < size; ++rank) {
    Group *group = &launch->groups[rank];
    clear(group);
    for (int64_t i = 0; i < launch->numItems; ++i)
      prepare(&group->items[i], group, i);
  }
  for (;;) {
    int64_t numDone = 0;
    for (int64_t rank = 0; rank < size && !launch->failed; ++rank)
      numDone += runItems(&launch->groups[rank]);
    if (launch->failed)
      return false;
    if (numDone == size * launch->numItems) {
      for (int64_t rank = 0; rank < size; ++rank)
        if (!hasEnded(&launch->groups[rank]))
          return false;
      return true;
    }
    bool any = releaseCluster(launch);
    for (int64_t rank = 0; rank < size; ++rank)
      any |= releaseWaiting(&launch->groups[rank]);
    for (int64_t rank = 0; rank < size && !any; ++rank)
      if (deliverBoxes(&launch->groups[rank]))
        any = true;
    for (int64_t rank = 0; rank < size && !any && !launch->failed; ++rank)
      reportStuck(&launch->groups[rank]);
    if (launch->failed)
      return false;
  }
}

/// All groups, on fibers whose stacks lie in `stacks`.
void runGrid(Launch *launch, Item *items, char *stacks, char *shared) {
  int64_t size = launch->clusterSize;
  for (int64_t rank = 0; rank < size; ++rank) {
    Group &group = launch->groups[rank];
    group.launch = launch;
    group.items = items + rank * launch->numItems;
    group.shared = shared + rank * getSharedStride(*launch);
  }
  for (int64_t i = 0; i < size * launch->numItems; ++i) {
    // A page before each stack is left out, so that running over it faults.
    items[i].stack = stacks + i * (kStackBytes + kPageBytes) + kPageBytes;
    items[i].stackBytes = kStackBytes;
    mprotect(items[i].stack, kStackBytes, PROT_READ | PROT_WRITE);
  }
  int64_t numGroups = launch->grid[0] * launch->grid[1] * launch->grid[2];
  for (int64_t number = 0; number < numGroups; number += size) {
    for (int64_t rank = 0; rank < size; ++rank) {
      int64_t *index = launch->groups[rank].index;
      index[0] = (number + rank) % launch->grid[0];
      index[1] = number / launch->grid[0] % launch->grid[1];
      index[2] = number / launch->grid[0] / launch->grid[1];
    }
    if (!runCluster(launch))
      break;
  }
  for (int64_t rank = 0; rank < size; ++rank)
    release(&launch->groups[rank]);
}

} // namespace

void orchestra::emulated::wait(Item *item, State state, const char *place) {
  item->state = state;
  item->place = place;
  swapcontext(&item->context, &item->group->launch->scheduler);
}

void orchestra::emulated::exchange(Item *item, const char *given,
                                   const char *place) {
  item->turn ^= 1;
  memcpy(item->given[item->turn], given, kMaxExchange);
  wait(item, State::AtExchange, place);
}

void orchestra::emulated::fail(Item *item) {
  item->group->launch->failed = true;
  setcontext(&item->group->launch->scheduler);
  __builtin_unreachable();
}

ItemName orchestra::emulated::nameOf(const Item *item) {
  ItemName name;
  const int64_t *i = item->index, *g = item->group->index;
  snprintf(name.text, sizeof(name.text),
           "work item (%lld, %lld, %lld) of group (%lld, %lld, %lld)",
           static_cast<long long>(i[0]), static_cast<long long>(i[1]),
           static_cast<long long>(i[2]), static_cast<long long>(g[0]),
           static_cast<long long>(g[1]), static_cast<long long>(g[2]));
  return name;
}

int32_t orch_emulated_launch(const char *kernel, const char *place,
                             orch_emulated_entry entry, int64_t subgroupSize,
                             int64_t sharedBytes, int64_t dynamicBytes,
                             int64_t clusterSize, int64_t gridX, int64_t gridY,
                             int64_t gridZ, int64_t blockX, int64_t blockY,
                             int64_t blockZ, void *const *arguments) {
  if (orch_emulated_status() != ORCH_OK)
    return orch_emulated_status();
  Launch launch = {};
  launch.kernel = kernel;
  launch.place = place;
  launch.entry = entry;
  launch.arguments = arguments;
  launch.subgroupSize = subgroupSize;
  if (dynamicBytes > 0) // Dynamic memory starts as aligned as any other.
    sharedBytes = (sharedBytes + kSharedAlignment - 1) / kSharedAlignment *
                      kSharedAlignment +
                  dynamicBytes;
  launch.sharedBytes = sharedBytes;
  launch.dynamicBytes = dynamicBytes;
  int64_t grid[] = {gridX, gridY, gridZ}, block[] = {blockX, blockY, blockZ};
  memcpy(launch.grid, grid, sizeof(grid));
  memcpy(launch.block, block, sizeof(block));
  for (int64_t size : grid)
    if (size < 0 || size > INT32_MAX)
      return keepError(ORCH_ERROR_INVALID_ARGUMENT,
                       "%s: error: a grid of %lld x %lld x %lld groups cannot "
                       "be launched [launch-size]",
                       place, static_cast<long long>(gridX),
                       static_cast<long long>(gridY),
                       static_cast<long long>(gridZ));
  launch.numItems = 1;
  for (int64_t size : block) {
    if (size < 1 || size > kMaxItems || launch.numItems * size > kMaxItems)
      return keepError(
          ORCH_ERROR_INVALID_ARGUMENT,
          "%s: error: a group of %lld x %lld x %lld work items "
          "cannot be launched [launch-size]\n  note: a group has "
          "1 to %lld",
          place, static_cast<long long>(blockX), static_cast<long long>(blockY),
          static_cast<long long>(blockZ), static_cast<long long>(kMaxItems));
    launch.numItems *= size;
  }

  if (clusterSize < 1 || clusterSize > kMaxClusterSize ||
      gridX % clusterSize != 0)
    return keepError(ORCH_ERROR_INVALID_ARGUMENT,
                     "%s: error: clusters of %lld groups cannot be launched "
                     "[launch-size]\n  note: a cluster has 1 to %lld groups, "
                     "and the grid has %lld along x",
                     place, static_cast<long long>(clusterSize),
                     static_cast<long long>(kMaxClusterSize),
                     static_cast<long long>(gridX));
  launch.clusterSize = clusterSize;

  int64_t numItems = clusterSize * launch.numItems;
  size_t stackBytes = size_t(numItems * (kStackBytes + kPageBytes));
  void *stacks = mmap(nullptr, stackBytes, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  auto *items = static_cast<Item *>(calloc(size_t(numItems), sizeof(Item)));
  // One byte more: an address even where there is none.
  size_t allShared = size_t(clusterSize * getSharedStride(launch));
  char *shared =
      static_cast<char *>(aligned_alloc(kSharedAlignment, allShared));
  if (stacks != MAP_FAILED && items && shared)
    runGrid(&launch, items, static_cast<char *>(stacks), shared);
  else
    keepError(ORCH_ERROR_OUT_OF_MEMORY,
              "%s: error: out of memory [out-of-memory]\n  note: a group of "
              "kernel '%s' needs %zu bytes",
              place, kernel, stackBytes + allShared);
  if (stacks != MAP_FAILED)
    munmap(stacks, stackBytes);
  free(items);
  free(shared);
  return orch_emulated_status();
}
