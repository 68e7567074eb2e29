//===- TaskOrder.h - What surely happens before what ------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_SCHEDULE_TASKORDER_H
#define ORCHESTRA_LIB_SCHEDULE_TASKORDER_H

#include "orchestra/Dialect/Orchestra/HostProgram.h"

namespace orchestra {

/// When a buffer is in use, by positions in the queues of devices.
struct Lifetime {
  /// Per device the position of the last op that uses it; -1: none.
  llvm::SmallVector<int64_t, 2> last;
  /// Per device the last position of which every use knows that it is over.
  llvm::SmallVector<int64_t, 2> before;

  /// Whether every use of one is over before any of the other starts.
  bool isDisjointFrom(const Lifetime &other) const;
};

/// Positions in queues, and the events that keep the dataflow of a program
/// between its queues. A queue is in order; a task of one that needs what a
/// task of another did waits for that one's event, unless a wait that its queue
/// has behind it says so already. With one device, every op has a position and
/// nothing waits.
class TaskOrder {
public:
  /// `numDevices` above 1: the block's work is in tasks, and these get their
  /// events and waits as attributes.
  void compute(mlir::Block &block, unsigned numDevices);

  /// The uses of a buffer, directly and through views.
  Lifetime getLifetime(mlir::Value buffer) const;
  /// The number in program order of the first task that uses a buffer, or -1.
  int64_t getFirstTask(mlir::Value buffer) const;
  unsigned getNumEvents() const { return numEvents; }

private:
  struct Place {
    unsigned device = 0;
    int64_t position = -1;
    int64_t index = -1;
    /// Per device the last position known to be over when it starts.
    llvm::SmallVector<int64_t, 2> known;
  };
  struct Uses {
    llvm::SmallVector<mlir::Operation *, 2> writers, readers;
  };

  void visitPlaces(mlir::Value buffer,
                   llvm::function_ref<void(const Place &)> visit) const;
  void findConflicts(TaskOp task, llvm::SetVector<mlir::Operation *> &needed);
  void waitFor(TaskOp task, llvm::ArrayRef<mlir::Operation *> needed);

  int64_t getIndex(mlir::Operation *task) const {
    return places.find(task)->second.index;
  }

  mlir::Block *block = nullptr;
  unsigned numDevices = 1;
  unsigned numEvents = 0;
  llvm::DenseMap<mlir::Operation *, Place> places;
  llvm::DenseMap<mlir::Value, Uses> uses;
  /// Per device what its queue knows so far.
  llvm::SmallVector<llvm::SmallVector<int64_t, 2>> known;
};

} // namespace orchestra

#endif // ORCHESTRA_LIB_SCHEDULE_TASKORDER_H
