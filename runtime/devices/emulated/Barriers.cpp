//===- Barriers.cpp - Barriers of a part of a group -----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Group.h"

#include <cstring>

using namespace orchestra::emulated;

namespace {

using Item = orch_emulated_item;

/// What the 8 bytes of a barrier in shared memory hold.
struct MBarrier {
  uint64_t phase : 1;
  uint64_t expected : 15;
  uint64_t missing : 16;
  int64_t bytes : 32; ///< still to come
};
static_assert(sizeof(MBarrier) == 8);
constexpr uint64_t kUninitialised = (1 << 15) - 1; // Of memory full of 0xFF.
constexpr int64_t kMaxArrivals = kUninitialised - 1;

MBarrier readBarrier(const void *barrier) {
  MBarrier value;
  memcpy(&value, barrier, sizeof(value));
  return value;
}

void writeBarrier(void *barrier, MBarrier value) {
  if (value.missing == 0 && value.bytes == 0) {
    value.phase ^= 1;
    value.missing = value.expected;
  }
  memcpy(barrier, &value, sizeof(value));
}

/// The barrier at an address that must hold one.
MBarrier checkBarrier(Item *item, const void *barrier, const char *place) {
  requireBarrier(item, barrier, place);
  return readBarrier(barrier);
}

} // namespace

void orchestra::emulated::requireBarrier(Item *item, const void *barrier,
                                         const char *place) {
  orch_emulated_check(item, barrier, sizeof(MBarrier), 1, place);
  orch_emulated_require(item, reinterpret_cast<uintptr_t>(barrier) % 8 == 0,
                        "a barrier in shared memory lies at a multiple of 8 "
                        "bytes",
                        place);
  orch_emulated_require(item, readBarrier(barrier).expected != kUninitialised,
                        "a barrier in shared memory is used before it is "
                        "initialised",
                        place);
}

void orchestra::emulated::completeBytes(void *barrier, int64_t bytes) {
  MBarrier value = readBarrier(barrier);
  value.bytes -= bytes;
  writeBarrier(barrier, value);
}

bool orchestra::emulated::hasPhaseEnded(const Item *item) {
  return readBarrier(item->barrier).phase != uint64_t(item->parity);
}

void orch_emulated_mbarrier_init(Item *item, void *barrier, int64_t count,
                                 const char *place) {
  orch_emulated_check(item, barrier, sizeof(MBarrier), 1, place);
  orch_emulated_require(item, reinterpret_cast<uintptr_t>(barrier) % 8 == 0,
                        "a barrier in shared memory lies at a multiple of 8 "
                        "bytes",
                        place);
  orch_emulated_require(item, count >= 1 && count <= kMaxArrivals,
                        "a barrier in shared memory counts 1 to 32766 arrivals",
                        place);
  MBarrier value = {};
  value.expected = uint64_t(count);
  value.missing = uint64_t(count);
  memcpy(barrier, &value, sizeof(value));
}

void orch_emulated_mbarrier_arrive(Item *item, void *barrier, int64_t count,
                                   int64_t bytes, const char *place) {
  MBarrier value = checkBarrier(item, barrier, place);
  orch_emulated_require(item, count >= 0 && uint64_t(count) <= value.missing,
                        "nobody arrives at a barrier in shared memory more "
                        "often than it counts",
                        place);
  value.bytes += bytes;
  value.missing -= uint64_t(count);
  writeBarrier(barrier, value);
}

void orch_emulated_mbarrier_wait(Item *item, void *barrier, int32_t parity,
                                 const char *place) {
  MBarrier value = checkBarrier(item, barrier, place);
  if (value.phase != uint64_t(parity & 1))
    return;
  item->barrier = barrier;
  item->parity = parity & 1;
  wait(item, State::Polling, place);
}

void orch_emulated_named_barrier(Item *item, int32_t id, int32_t count,
                                 int32_t onlyArrives, const char *place) {
  Group *group = item->group;
  const Launch &launch = *group->launch;
  orch_emulated_require(item, id >= 0 && id < kNumNamedBarriers,
                        "a group has the barriers 0 to 15", place);
  orch_emulated_require(item,
                        count > 0 && count <= launch.numItems &&
                            count % launch.subgroupSize == 0,
                        "a barrier is for whole subgroups of the group", place);
  NamedBarrier &barrier = group->named[id];
  orch_emulated_require(item, barrier.arrived == 0 || barrier.count == count,
                        "all who come to a barrier give it the same count",
                        place);
  barrier.count = count;
  if (++barrier.arrived < count) {
    if (onlyArrives)
      return;
    item->named = id;
    wait(item, State::AtNamed, place);
    return;
  }
  barrier = {};
  for (int64_t i = 0; i < launch.numItems; ++i)
    if (group->items[i].state == State::AtNamed && group->items[i].named == id)
      group->items[i].state = State::Ready;
}

void orch_emulated_cluster_arrive(Item *item, const char *place) {
  orch_emulated_require(
      item, item->numClusterArrivals <= item->group->launch->clusterPhase,
      "an item waits at the barrier of its cluster before it arrives again",
      place);
  ++item->numClusterArrivals;
}

void orch_emulated_cluster_wait(Item *item, const char *place) {
  orch_emulated_require(item, item->numClusterArrivals > 0,
                        "an item arrives at the barrier of its cluster before "
                        "it waits there",
                        place);
  if (item->group->launch->clusterPhase < item->numClusterArrivals)
    wait(item, State::AtCluster, place);
}
