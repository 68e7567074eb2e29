//===- Items.cpp - What kernels ask and do about work items ---------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Group.h"

using namespace orchestra::emulated;

using Item = orch_emulated_item;

int64_t orch_emulated_id(Item *item, int32_t query) {
  const Launch &launch = *item->group->launch;
  int64_t size = launch.subgroupSize;
  if (query < ORCH_EMULATED_GROUP)
    return item->index[query - ORCH_EMULATED_ITEM];
  if (query < ORCH_EMULATED_BLOCK)
    return item->group->index[query - ORCH_EMULATED_GROUP];
  if (query < ORCH_EMULATED_GRID)
    return launch.block[query - ORCH_EMULATED_BLOCK];
  if (query < ORCH_EMULATED_LANE)
    return launch.grid[query - ORCH_EMULATED_GRID];
  switch (query) {
  case ORCH_EMULATED_LANE:
    return item->number % size;
  case ORCH_EMULATED_SUBGROUP:
    return item->number / size;
  case ORCH_EMULATED_NUM_SUBGROUPS:
    return (launch.numItems + size - 1) / size;
  case ORCH_EMULATED_CLUSTER_RANK:
    return item->group - launch.groups;
  case ORCH_EMULATED_CLUSTER_SIZE:
    return launch.clusterSize;
  case ORCH_EMULATED_DYNAMIC_BYTES:
    return launch.dynamicBytes;
  default:
    return size;
  }
}

void *orch_emulated_shared(Item *item, int64_t offset) {
  return item->group->shared + offset;
}

void *orch_emulated_dynamic_shared(Item *item) {
  const Launch &launch = *item->group->launch;
  return item->group->shared + launch.sharedBytes - launch.dynamicBytes;
}

void *orch_emulated_map_shared(Item *item, const void *pointer, int32_t rank,
                               const char *place) {
  Launch &launch = *item->group->launch;
  Group *group = findShared(item, pointer, 0);
  orch_emulated_require(item, group != nullptr,
                        "what is mapped to another group is shared memory",
                        place);
  orch_emulated_require(item, rank >= 0 && rank < launch.clusterSize,
                        "shared memory is mapped to a group of the cluster",
                        place);
  return launch.groups[rank].shared +
         (static_cast<const char *>(pointer) - group->shared);
}

void orch_emulated_barrier(Item *item, const char *place) {
  wait(item, State::AtBarrier, place);
}

int64_t orch_emulated_shuffle(Item *item, int64_t value, int32_t mode,
                              int32_t offset, int32_t width,
                              const char *place) {
  const Launch &launch = *item->group->launch;
  if (width < 1 || width > launch.subgroupSize) {
    keepError(ORCH_ERROR_EXECUTION,
              "%s: error: a shuffle of kernel '%s' has a width of %d "
              "[device-rule]\n  note: %s is in a subgroup of %lld",
              place, launch.kernel, width, nameOf(item).text,
              static_cast<long long>(launch.subgroupSize));
    fail(item);
  }
  if (item->number % launch.subgroupSize >= width) {
    item->valid = 0;
    return -1;
  }
  item->value = value;
  item->mode = mode;
  item->offset = offset;
  item->width = width;
  wait(item, State::AtShuffle, place);
  return item->result;
}

int32_t orch_emulated_shuffle_valid(Item *item) { return item->valid; }
