//===- TaskGraphOf.h - The planner's view of a schedule --------------*- C++
//-*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_SCHEDULE_TASKGRAPHOF_H
#define ORCHESTRA_LIB_SCHEDULE_TASKGRAPHOF_H

#include "Work.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Schedule/Plan/TaskGraph.h"

namespace orchestra {

/// Discardable dictionary on a task: architecture -> measured seconds.
constexpr llvm::StringLiteral kMeasuredAttrName = "orchestra.measured";

/// Measured seconds by architecture and name of a task.
using Profile = llvm::StringMap<llvm::StringMap<double>>;

/// A schedule's tasks and values, and which indices the planner knows them by.
struct ScheduleGraph {
  plan::TaskGraph graph;
  std::vector<TaskOp> tasks;
  llvm::DenseMap<mlir::Value, int32_t> values;
};

/// The name a task is known by in messages and profiles: that of its node with
/// most arithmetic.
std::string getTaskName(TaskOp task, const WorkEstimate &estimate);

/// Reads a schedule without transfers. Failure, after an error, if it holds
/// anything but tasks, or attributes that make no sense.
mlir::FailureOr<ScheduleGraph> readSchedule(ScheduleOp schedule,
                                            const WorkEstimate &estimate,
                                            const Profile &profile);

} // namespace orchestra

#endif // ORCHESTRA_LIB_SCHEDULE_TASKGRAPHOF_H
