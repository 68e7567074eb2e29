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

constexpr int64_t kMaxDims = 3;
constexpr int64_t kMaxConstants = 256;
constexpr int64_t kMaxExchange = 32; ///< bytes that a lane gives at once
constexpr int64_t kWarpgroupItems = 128;
constexpr int64_t kMaxWarpgroups = 8;
constexpr int64_t kProductRows = 64; ///< of one instruction of a warpgroup
constexpr int64_t kProductColumns = 256;
constexpr int64_t kProductDepth = 32;
constexpr int64_t kNumNamedBarriers = 16;
constexpr int64_t kMaxClusterSize = 16;
constexpr int64_t kChunkBytes = 16;
/// Where swizzled tiles must be aligned to.
constexpr int64_t kSharedAlignment = 1024;

/// What a work item does.
enum class State {
  Ready,
  AtBarrier,
  AtShuffle,
  AtExchange,
  AtNamed,     ///< at one of the group's numbered barriers
  AtWarpgroup, ///< for the other three subgroups
  AtCluster,   ///< for the items of the cluster's other groups
  Polling,     ///< waits for a barrier in shared memory
  Done
};

/// A copy that is not done yet.
struct PendingCopy {
  char *to;
  const char *from;
  int64_t size, read;
  int64_t batch; ///< how many commits came before it
};

/// A box on its way to or from shared memory.
struct TensorMap;
struct PendingBox {
  const TensorMap *map;
  char *shared;
  int64_t bytes; ///< in shared memory, from there on
  int64_t coordinates[5];
  int64_t offsets[3]; ///< of windows: to the pixel that is copied
  void *barrier;      ///< of a load
  int64_t batch; ///< of a store: how many commits came before it
  const char *place;
};

/// A barrier of some of the group's items.
struct NamedBarrier {
  int32_t count, arrived; ///< count: 0 while nobody has arrived
};

/// What a warpgroup computes, from the first of its items that comes until the
/// last has taken its part.
struct Product {
  int64_t a, b, n, k;
  int32_t typeA, typeB, typeD, flags;
  const char *place;
  float *values; ///< 64 x n; numbers of i32 if those are the result's
  int64_t numTaken;
};

struct Warpgroup {
  List<Product> products;
  int64_t first;     ///< the number of the first of them
  int64_t completed; ///< groups of products that are waited for
  char registers[kWarpgroupItems][16]; ///< what the items hold of a
  // What is multiplied now.
  float left[kProductRows][kProductDepth];
  float right[kProductDepth][kProductColumns];
};

/// What is known of 16 bytes of shared memory.
struct Chunk {
  uint32_t writer; ///< item that wrote it last, plus one
  uint32_t time;   ///< when
  int32_t
      readers[kMaxWarpgroups]; ///< the last group of products of each warpgroup
};

struct Launch;

struct Group {
  Launch *launch;
  int64_t index[kMaxDims];
  char *shared;
  orch_emulated_item *items;
  List<PendingBox> boxes; ///< on their way to shared memory
  int64_t numStores;      ///< boxes on their way from there
  NamedBarrier named[kNumNamedBarriers];
  Chunk *chunks;         ///< of shared memory; null until hazards are watched
  Warpgroup *warpgroups; ///< null until there is one that multiplies
};

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
  int64_t numItems;    ///< of a group
  int64_t clusterSize; ///< groups that run together, neighbours along x
  bool failed;
  Region constants[kMaxConstants];
  int64_t numConstants;
  uint32_t time;        ///< counts fences
  int64_t maxCommits;   ///< of groups of products, over all groups so far
  int64_t clusterPhase; ///< how often the cluster's barrier was passed
  ucontext_t scheduler;
  Group groups[kMaxClusterSize]; ///< of the cluster that runs
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
  // Barrier in shared memory, or numbered barrier.
  const void *barrier;
  int32_t parity, named;
  // Copies.
  orchestra::emulated::List<orchestra::emulated::PendingCopy> copies;
  int64_t numBatches;
  orchestra::emulated::List<orchestra::emulated::PendingBox> stores;
  int64_t numStoreBatches;
  uint32_t fenceTime;
  // Warpgroup.
  int64_t numProducts, numCommits;
  int64_t numClusterArrivals;
  bool fenced; ///< once in the kernel
};

namespace orchestra::emulated {

/// Gives the processor to the scheduler; returns when the item may go on.
void wait(orch_emulated_item *item, State state, const char *place);

/// Gives bytes to the lanes of the subgroup and waits for theirs: afterwards
/// each has them in given[turn].
void exchange(orch_emulated_item *item, const char *given, const char *place);

/// Lets items go on that have nothing more to wait for; false: there are none.
bool releaseWaiting(Group *group);
/// The same at the barrier of the cluster.
bool releaseCluster(Launch *launch);
/// Nobody can go on: says who of the group waits, and who does not come.
void reportStuck(Group *group);

/// The group of the item's cluster whose shared memory holds these bytes; null:
/// none does.
Group *findShared(orch_emulated_item *item, const void *address, int64_t size);

/// Ends the launch. The message is set.
[[noreturn]] void fail(orch_emulated_item *item);

/// "work item (1, 0, 0) of group (0, 2, 0)"
struct ItemName {
  char text[128];
};
ItemName nameOf(const orch_emulated_item *item);

/// Fails unless there is a barrier in shared memory at this address.
void requireBarrier(orch_emulated_item *item, const void *barrier,
                    const char *place);
/// Bytes have come that a barrier counts.
void completeBytes(void *barrier, int64_t bytes);

/// Whether the phase that a polling item waits for has ended.
bool hasPhaseEnded(const orch_emulated_item *item);

/// Does the copies of boxes that polling items wait for; false: there are none.
bool deliverBoxes(Group *group);

/// The warpgroup of the item, which must be whole.
Warpgroup &getWarpgroup(orch_emulated_item *item, const char *place);

/// Who touches shared memory: an item itself, or copies and products that it
/// has begun.
enum class Access { Read, Write, AsyncRead, AsyncWrite };

/// Fails unless the bytes are in the group's shared memory.
void requireShared(orch_emulated_item *item, const void *address, int64_t size,
                   int32_t write, const char *place);

/// Looks for others that touch the same bytes of shared memory at a time of
/// their own, and fails if there are. Begins nothing.
void checkHazards(orch_emulated_item *item, const void *address, int64_t size,
                  Access access, const char *place);
/// Remembers that the item's products read these bytes.
void noteProductReads(orch_emulated_item *item, const void *address,
                      int64_t size);
/// Begins to look for hazards in this launch.
void watchHazards(orch_emulated_item *item);

/// At an item's end, when what it began must be over.
void checkEnd(orch_emulated_item *item);

/// Does copies until at most `pending` batches are left.
void finishCopies(orch_emulated_item *item, int64_t pending);

} // namespace orchestra::emulated

#endif // ORCHESTRA_EMULATED_GROUP_H
