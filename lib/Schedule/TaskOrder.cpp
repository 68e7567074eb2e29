//===- TaskOrder.cpp - What surely happens before what --------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Vector clocks over queues: each task has, per device, the last position of
// that queue which is over when the task starts. Waits are added in program
// order, the youngest needed task first, which brings most of the others' with
// it. Cost: tasks times devices, and the reads and writes of each buffer.
//
//===----------------------------------------------------------------------===//
#include "TaskOrder.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace orchestra;

bool Lifetime::isDisjointFrom(const Lifetime &other) const {
  auto isOver = [](const Lifetime &a, const Lifetime &b) {
    return llvm::all_of(llvm::zip(a.last, b.before), [](auto both) {
      return std::get<0>(both) <= std::get<1>(both);
    });
  };
  return isOver(*this, other) || isOver(other, *this);
}

/// Calls `visit` for each buffer from outside that `task` reads or writes.
static void visitUses(TaskOp task,
                      llvm::function_ref<void(Value, bool write)> visit) {
  task.getBody().walk([&](Operation *op) {
    if (isa<ViewLikeOpInterface, memref::DimOp>(op))
      return;
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<MemRefType>(operand.get().getType()))
        continue;
      Value root = getRootBuffer(operand.get());
      if (task.getBody().isAncestor(root.getParentRegion()))
        continue;
      bool write = true;
      if (auto dispatch = dyn_cast<DispatchOp>(op))
        write = dispatch.isDpsInit(&operand);
      else if (auto copy = dyn_cast<memref::CopyOp>(op))
        write = operand.get() == copy.getTarget();
      else if (isa<memref::LoadOp>(op))
        write = false;
      visit(root, write);
    }
  });
}

void TaskOrder::findConflicts(TaskOp task, SetVector<Operation *> &needed) {
  visitUses(task, [&](Value root, bool write) {
    Uses &use = uses[root];
    needed.insert_range(use.writers);
    if (write)
      needed.insert_range(use.readers);
  });
  visitUses(task, [&](Value root, bool write) {
    Uses &use = uses[root];
    if (!write) {
      use.readers.push_back(task);
      return;
    }
    // Whoever is after this one is after all before it.
    use.writers.assign(1, task);
    use.readers.clear();
  });
  needed.remove(task);
}

void TaskOrder::waitFor(TaskOp task, ArrayRef<Operation *> needed) {
  Builder b(task.getContext());
  Place &place = places[task];
  SmallVector<int64_t, 2> &own = known[place.device];
  SmallVector<int64_t> waits;
  for (Operation *before : needed) {
    const Place &other = places.find(before)->second;
    if (own[other.device] >= other.position)
      continue;
    auto event = before->getAttrOfType<IntegerAttr>(kEventAttrName);
    if (!event) {
      event = b.getI64IntegerAttr(numEvents++);
      before->setAttr(kEventAttrName, event);
    }
    waits.push_back(event.getInt());
    for (unsigned device = 0; device < numDevices; ++device)
      own[device] = std::max(own[device], other.known[device]);
    own[other.device] = std::max(own[other.device], other.position);
  }
  if (!waits.empty())
    task->setAttr(kWaitsAttrName, b.getDenseI64ArrayAttr(waits));
  place.known = own;
  own[place.device] = place.position;
}

void TaskOrder::compute(Block &work, unsigned devices) {
  block = &work;
  numDevices = devices;
  if (numDevices < 2) {
    int64_t count = 0;
    for (Operation &op : *block) {
      places[&op] = {0, count, count, {count - 1}};
      ++count;
    }
    return;
  }
  known.assign(numDevices, SmallVector<int64_t, 2>(numDevices, -1));
  SmallVector<int64_t> counts(numDevices, 0);
  SmallVector<Operation *> newest(numDevices, nullptr);
  // Per device what a barrier makes its next task wait for.
  SmallVector<SmallVector<Operation *>> barriers(numDevices);
  int64_t index = 0;
  for (auto task : block->getOps<TaskOp>()) {
    unsigned device =
        task->getAttrOfType<IntegerAttr>(kDeviceAttrName).getInt();
    Place place;
    place.device = device;
    place.position = counts[device]++;
    place.index = index++;
    if (task->hasAttr(kAfterBarrierAttrName))
      for (SmallVector<Operation *> &barrier : barriers) {
        barrier.clear();
        llvm::copy_if(newest, std::back_inserter(barrier),
                      [](Operation *op) { return op != nullptr; });
      }
    SetVector<Operation *> needed;
    needed.insert_range(barriers[device]);
    barriers[device].clear();
    places[task] = place;
    findConflicts(task, needed);
    SmallVector<Operation *> youngestFirst = needed.takeVector();
    llvm::sort(youngestFirst, [&](Operation *a, Operation *b) {
      return getIndex(a) > getIndex(b);
    });
    waitFor(task, youngestFirst);
    newest[device] = task;
  }
}

/// Calls `visit` for each op with a position that uses `buffer`.
void TaskOrder::visitPlaces(
    Value buffer, llvm::function_ref<void(const Place &)> visit) const {
  SmallVector<Value> work{buffer};
  while (!work.empty())
    for (Operation *user : work.pop_back_val().getUsers()) {
      if (isa<ViewLikeOpInterface>(user)) {
        llvm::append_range(work, user->getResults());
        continue;
      }
      auto it = places.find(block->findAncestorOpInBlock(*user));
      if (it != places.end()) // else it is no work
        visit(it->second);
    }
}

Lifetime TaskOrder::getLifetime(Value buffer) const {
  Lifetime life;
  life.last.assign(numDevices, -1);
  life.before.assign(numDevices, std::numeric_limits<int64_t>::max());
  visitPlaces(buffer, [&](const Place &place) {
    life.last[place.device] = std::max(life.last[place.device], place.position);
    for (unsigned device = 0; device < numDevices; ++device)
      life.before[device] = std::min(life.before[device], place.known[device]);
  });
  return life;
}

int64_t TaskOrder::getFirstTask(Value buffer) const {
  int64_t first = -1;
  visitPlaces(buffer, [&](const Place &place) {
    first = first < 0 ? place.index : std::min(first, place.index);
  });
  return first;
}
