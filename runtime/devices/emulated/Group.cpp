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
  getcontext(&item->context);
  item->context.uc_stack.ss_sp = item->stack;
  item->context.uc_stack.ss_size = size_t(item->stackBytes);
  item->context.uc_link = nullptr;
  uintptr_t address = reinterpret_cast<uintptr_t>(item);
  makecontext(&item->context, reinterpret_cast<void (*)()>(runItem), 2,
              unsigned(address >> 32), unsigned(address));
}

/// "waits at model.onnx:/MatMul" or "has ended".
void describe(const Item *item, char *text, size_t size) {
  ItemName name = nameOf(item);
  if (item->state == State::Done)
    snprintf(text, size, "%s has ended", name.text);
  else
    snprintf(text, size, "%s waits at %s", name.text, item->place);
}

void reportDivergence(Group *group, const Item *first, const Item *second,
                      const char *what) {
  char one[1024], other[1024];
  describe(first, one, sizeof(one));
  describe(second, other, sizeof(other));
  keepError(ORCH_ERROR_EXECUTION,
            "%s: error: work items of kernel '%s' diverge at a %s "
            "[divergent-barrier]\n  note: %s\n  note: %s",
            first->place, group->launch->kernel, what, one, other);
  group->launch->failed = true;
}

/// Lets the group pass a barrier if all are there.
bool releaseBarrier(Group *group) {
  int64_t count = group->launch->numItems;
  for (int64_t i = 0; i < count; ++i)
    if (group->items[i].state != State::AtBarrier)
      return false;
  for (int64_t i = 1; i < count; ++i)
    if (strcmp(group->items[i].place, group->items[0].place) != 0) {
      reportDivergence(group, &group->items[0], &group->items[i], "barrier");
      return false;
    }
  for (int64_t i = 0; i < count; ++i)
    group->items[i].state = State::Ready;
  return true;
}

/// The lane that `lane` reads from, or -1.
int64_t sourceLane(const Item *item, int64_t lane, int64_t lanes) {
  int64_t source = -1;
  switch (item->mode) {
  case ORCH_EMULATED_SHUFFLE_XOR:
    source = lane ^ item->offset;
    break;
  case ORCH_EMULATED_SHUFFLE_DOWN:
    source = lane + item->offset;
    break;
  case ORCH_EMULATED_SHUFFLE_UP:
    source = lane - item->offset;
    break;
  case ORCH_EMULATED_SHUFFLE_IDX:
    source = item->offset;
    break;
  }
  return source >= 0 && source < item->width && source < lanes ? source : -1;
}

/// Exchanges values in the subgroup of the items [first, first + lanes) if all
/// that take part are there.
bool releaseShuffle(Group *group, int64_t first, int64_t lanes) {
  Item *items = group->items + first;
  if (items[0].state != State::AtShuffle)
    return false;
  int64_t width = items[0].width < lanes ? items[0].width : lanes;
  for (int64_t lane = 0; lane < width; ++lane)
    if (items[lane].state != State::AtShuffle)
      return false;
  for (int64_t lane = 1; lane < width; ++lane)
    if (strcmp(items[lane].place, items[0].place) != 0 ||
        items[lane].width != items[0].width) {
      reportDivergence(group, &items[0], &items[lane], "shuffle");
      return false;
    }
  for (int64_t lane = 0; lane < width; ++lane) {
    int64_t source = sourceLane(&items[lane], lane, lanes);
    items[lane].valid = source >= 0;
    items[lane].result = source >= 0 ? items[source].value : -1;
  }
  for (int64_t lane = 0; lane < width; ++lane)
    items[lane].state = State::Ready;
  return true;
}

/// Lets the subgroup of these items go on if all have given their bytes.
bool releaseExchange(Group *group, int64_t first, int64_t lanes) {
  Item *items = group->items + first;
  for (int64_t lane = 0; lane < lanes; ++lane)
    if (items[lane].state != State::AtExchange)
      return false;
  for (int64_t lane = 1; lane < lanes; ++lane)
    if (strcmp(items[lane].place, items[0].place) != 0) {
      reportDivergence(group, &items[0], &items[lane], "matrix instruction");
      return false;
    }
  for (int64_t lane = 0; lane < lanes; ++lane)
    items[lane].state = State::Ready;
  return true;
}

/// Lets warpgroups go on whose items are all there.
bool releaseWarpgroups(Group *group) {
  bool any = false;
  for (int64_t first = 0; first + kWarpgroupItems <= group->launch->numItems;
       first += kWarpgroupItems) {
    Item *items = group->items + first;
    int64_t numThere = 0;
    for (int64_t i = 0; i < kWarpgroupItems; ++i)
      numThere += items[i].state == State::AtWarpgroup;
    if (numThere < kWarpgroupItems)
      continue;
    for (int64_t i = 1; i < kWarpgroupItems; ++i)
      if (strcmp(items[i].place, items[0].place) != 0) {
        reportDivergence(group, &items[0], &items[i], "matrix instruction");
        return false;
      }
    for (int64_t i = 0; i < kWarpgroupItems; ++i)
      items[i].state = State::Ready;
    any = true;
  }
  return any;
}

bool releaseSubgroups(Group *group) {
  bool any = false;
  int64_t size = group->launch->subgroupSize;
  for (int64_t first = 0; first < group->launch->numItems; first += size) {
    int64_t rest = group->launch->numItems - first;
    int64_t lanes = rest < size ? rest : size;
    any |= releaseShuffle(group, first, lanes);
    any |= releaseExchange(group, first, lanes);
  }
  return any;
}

bool releasePolling(Group *group) {
  bool any = false;
  for (int64_t i = 0; i < group->launch->numItems; ++i) {
    Item *item = &group->items[i];
    if (item->state == State::Polling && hasPhaseEnded(item)) {
      item->state = State::Ready;
      any = true;
    }
  }
  return any;
}

/// Nobody can go on: says who waits, and who does not come.
void reportStuck(Group *group) {
  const Item *waiting = nullptr;
  for (int64_t i = 0; i < group->launch->numItems && !waiting; ++i)
    if (group->items[i].state != State::Done)
      waiting = &group->items[i];
  const char *what = waiting->state == State::AtShuffle ? "shuffle"
                     : waiting->state == State::AtExchange ||
                             waiting->state == State::AtWarpgroup
                         ? "matrix instruction"
                         : "barrier";
  for (int64_t i = 0; i < group->launch->numItems; ++i) {
    const Item *other = &group->items[i];
    if (other->state != waiting->state ||
        strcmp(other->place, waiting->place) != 0)
      return reportDivergence(group, waiting, other, what);
  }
  keepError(ORCH_ERROR_EXECUTION,
            "%s: error: all work items of kernel '%s' wait for ever "
            "[divergent-barrier]\n  note: nobody arrives at the barrier in "
            "shared memory, or its bytes do not come",
            waiting->place, group->launch->kernel);
  group->launch->failed = true;
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
  for (int64_t i = 0; launch.warpgroups && i < kMaxWarpgroups; ++i) {
    Warpgroup &warpgroup = launch.warpgroups[i];
    for (int64_t k = 0; k < warpgroup.products.size(); ++k)
      free(warpgroup.products[k].values);
    warpgroup.products.clear();
    warpgroup.first = 0;
    warpgroup.completed = launch.maxCommits;
  }
  ++launch.time;
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

/// Runs the group to its end; false: the launch failed.
bool runGroup(Group *group) {
  Launch &launch = *group->launch;
  clear(group);
  for (int64_t i = 0; i < launch.numItems; ++i)
    prepare(&group->items[i], group, i);
  for (;;) {
    int64_t numDone = 0;
    for (int64_t i = 0; i < launch.numItems; ++i) {
      Item *item = &group->items[i];
      if (item->state == State::Ready)
        swapcontext(&group->scheduler, &item->context);
      if (launch.failed)
        return false;
      numDone += item->state == State::Done;
    }
    if (numDone == launch.numItems)
      return hasEnded(group);
    bool any = releaseBarrier(group);
    any |= releaseSubgroups(group);
    any |= releaseWarpgroups(group);
    any |= releasePolling(group);
    for (int64_t i = 0; i < launch.numItems && !any; ++i)
      any = group->items[i].state == State::Ready;
    if (!any && deliverBoxes(group))
      any = releasePolling(group) || group->boxes.size() > 0;
    if (!any && !launch.failed)
      reportStuck(group);
    if (launch.failed)
      return false;
  }
}

/// All groups, on fibers whose stacks lie in `stacks`.
void runGrid(Launch *launch, Item *items, char *stacks, char *shared) {
  Group group = {};
  group.launch = launch;
  group.items = items;
  group.shared = shared;
  for (int64_t i = 0; i < launch->numItems; ++i) {
    // A page before each stack is left out, so that running over it faults.
    items[i].stack = stacks + i * (kStackBytes + kPageBytes) + kPageBytes;
    items[i].stackBytes = kStackBytes;
    mprotect(items[i].stack, kStackBytes, PROT_READ | PROT_WRITE);
  }
  int64_t numGroups = launch->grid[0] * launch->grid[1] * launch->grid[2];
  for (int64_t number = 0; number < numGroups; ++number) {
    group.index[0] = number % launch->grid[0];
    group.index[1] = number / launch->grid[0] % launch->grid[1];
    group.index[2] = number / launch->grid[0] / launch->grid[1];
    if (!runGroup(&group))
      break;
  }
  clear(&group);
  for (int64_t i = 0; i < launch->numItems; ++i) {
    items[i].copies.release();
    items[i].stores.release();
  }
  for (int64_t i = 0; launch->warpgroups && i < kMaxWarpgroups; ++i)
    launch->warpgroups[i].products.release();
  free(launch->warpgroups);
  free(launch->chunks);
  group.boxes.release();
}

} // namespace

void orchestra::emulated::wait(Item *item, State state, const char *place) {
  item->state = state;
  item->place = place;
  swapcontext(&item->context, &item->group->scheduler);
}

void orchestra::emulated::exchange(Item *item, const char *given,
                                   const char *place) {
  item->turn ^= 1;
  memcpy(item->given[item->turn], given, kMaxExchange);
  wait(item, State::AtExchange, place);
}

void orchestra::emulated::fail(Item *item) {
  item->group->launch->failed = true;
  setcontext(&item->group->scheduler);
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
                             int64_t gridX, int64_t gridY, int64_t gridZ,
                             int64_t blockX, int64_t blockY, int64_t blockZ,
                             void *const *arguments) {
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

  size_t stackBytes = size_t(launch.numItems * (kStackBytes + kPageBytes));
  void *stacks = mmap(nullptr, stackBytes, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  auto *items =
      static_cast<Item *>(calloc(size_t(launch.numItems), sizeof(Item)));
  // One byte more: an address even where there is none.
  char *shared = static_cast<char *>(aligned_alloc(
      kSharedAlignment,
      (size_t(sharedBytes) / kSharedAlignment + 1) * kSharedAlignment));
  if (stacks != MAP_FAILED && items && shared)
    runGrid(&launch, items, static_cast<char *>(stacks), shared);
  else
    keepError(ORCH_ERROR_OUT_OF_MEMORY,
              "%s: error: out of memory [out-of-memory]\n  note: a group of "
              "kernel '%s' needs %zu bytes",
              place, kernel, stackBytes + size_t(sharedBytes));
  if (stacks != MAP_FAILED)
    munmap(stacks, stackBytes);
  free(items);
  free(shared);
  return orch_emulated_status();
}
