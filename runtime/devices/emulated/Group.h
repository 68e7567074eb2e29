//===- Group.h - A work group of fibers -------------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the state of a launch, of the group that runs, and of its work items.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_EMULATED_GROUP_H
#define ORCHESTRA_EMULATED_GROUP_H

#include "Memory.h"
#include "emulated.h"

#include <ucontext.h>

namespace orchestra::emulated {

/// What a work item does.
enum class State {
  Ready,
  AtBarrier,
  AtShuffle,
  AtExchange,
  Polling, ///< waits for a barrier in shared memory
  Done
};

/// A copy that is not done yet.
struct PendingCopy {
  char *to;
  const char *from;
  int64_t size, read;
  int64_t batch; ///< how many commits came before it
};

/// A box on its way to shared memory.
struct TensorMap;
struct PendingBox {
  const TensorMap *map;
  char *to;
  int64_t coordinates[5];
  void *barrier;
  const char *place;
};

constexpr int64_t kMaxDims = 3;
constexpr int64_t kMaxConstants = 256;
constexpr int64_t kMaxExchange = 32; ///< bytes that a lane gives at once

struct Group;

struct Launch {
  const char *kernel;
  const char *place;
  orch_emulated_entry entry;
  void *const *arguments;
  int64_t subgroupSize;
  int64_t sharedBytes; ///< the dynamic ones included
  int64_t dynamicBytes;
  int64_t grid[kMaxDims];
  int64_t block[kMaxDims];
  int64_t numItems; ///< of a group
  bool failed;
  Region constants[kMaxConstants];
  int64_t numConstants;
};

struct Group {
  Launch *launch;
  int64_t index[kMaxDims];
  char *shared;
  orch_emulated_item *items;
  ucontext_t scheduler;
  List<PendingBox> boxes;
};

} // namespace orchestra::emulated

struct orch_emulated_item {
  orchestra::emulated::Group *group;
  ucontext_t context;
  char *stack;
  int64_t stackBytes;
  int64_t number; ///< in the group
  int64_t index[orchestra::emulated::kMaxDims];
  orchestra::emulated::State state;
  const char *place;                ///< where it waits
  orchestra::emulated::Region last; ///< the allocation it touched last
  // Shuffle.
  int64_t value, result;
  int32_t mode, offset, width, valid;
  // Exchange. A lane that runs ahead gives its next bytes in the other half,
  // and waits there until all have read the first.
  char given[2][orchestra::emulated::kMaxExchange];
  int32_t turn;
  // Barrier in shared memory.
  const void *barrier;
  int32_t parity;
  // Copies.
  orchestra::emulated::List<orchestra::emulated::PendingCopy> copies;
  int64_t numBatches;
};

namespace orchestra::emulated {

/// Gives the processor to the scheduler; returns when the item may go on.
void wait(orch_emulated_item *item, State state, const char *place);

/// Gives bytes to the lanes of the subgroup and waits for theirs: afterwards
/// each has them in given[turn].
void exchange(orch_emulated_item *item, const char *given, const char *place);

/// Ends the launch. The message is set.
[[noreturn]] void fail(orch_emulated_item *item);

/// "work item (1, 0, 0) of group (0, 2, 0)"
struct ItemName {
  char text[128];
};
ItemName nameOf(const orch_emulated_item *item);

/// Whether the phase that a polling item waits for has ended; enqueued boxes of
/// its barrier arrive now.
bool hasPhaseEnded(orch_emulated_item *item);

/// Does copies until at most `pending` batches are left.
void finishCopies(orch_emulated_item *item, int64_t pending);

} // namespace orchestra::emulated

#endif // ORCHESTRA_EMULATED_GROUP_H
