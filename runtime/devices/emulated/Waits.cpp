//===- Waits.cpp - Who may go on ------------------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Barriers, shuffles and other places where items wait for each other. When
// nobody can go on and somebody is left, the items have diverged: that is
// found, not waited for.
//
//===----------------------------------------------------------------------===//
#include "Group.h"

#include <cstdio>
#include <cstring>

using namespace orchestra::emulated;

namespace {

using Item = orch_emulated_item;

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

} // namespace

void orchestra::emulated::reportStuck(Group *group) {
  const Item *waiting = nullptr;
  for (int64_t i = 0; i < group->launch->numItems && !waiting; ++i)
    if (group->items[i].state != State::Done)
      waiting = &group->items[i];
  if (!waiting) // Another group of the cluster has somebody.
    return;
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

bool orchestra::emulated::releaseWaiting(Group *group) {
  bool any = releaseBarrier(group);
  any |= releaseSubgroups(group);
  any |= releaseWarpgroups(group);
  any |= releasePolling(group);
  // Somebody who arrived at a numbered barrier has let the others go.
  for (int64_t i = 0; i < group->launch->numItems && !any; ++i)
    any = group->items[i].state == State::Ready;
  return any;
}

bool orchestra::emulated::releaseCluster(Launch *launch) {
  int64_t count = launch->clusterSize * launch->numItems;
  Item *items = launch->groups[0].items;
  bool somebody = false;
  for (int64_t i = 0; i < count; ++i) {
    if (items[i].state == State::Done)
      continue;
    if (items[i].numClusterArrivals <= launch->clusterPhase)
      return false;
    somebody = true;
  }
  if (!somebody)
    return false;
  ++launch->clusterPhase;
  for (int64_t i = 0; i < count; ++i)
    if (items[i].state == State::AtCluster)
      items[i].state = State::Ready;
  return true;
}
