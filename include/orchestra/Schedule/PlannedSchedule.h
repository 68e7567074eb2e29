//===- PlannedSchedule.h - Plans as attributes of IR ------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What `orchestra-schedule` writes into a schedule.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_SCHEDULE_PLANNEDSCHEDULE_H
#define ORCHESTRA_SCHEDULE_PLANNEDSCHEDULE_H

#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Support/PlannedSchedule.h"

namespace orchestra {

/// f64 array on tasks and transfers: planned start and end in seconds.
constexpr llvm::StringLiteral kEstimateAttrName = "orchestra.estimate";
/// The same by the cost model alone, where measurements entered the plan.
constexpr llvm::StringLiteral kUnmeasuredAttrName = "orchestra.unmeasured";
/// String on a task: why it is where it is.
constexpr llvm::StringLiteral kReasonAttrName = "orchestra.reason";
/// Dictionary on a schedule: what the plan promises.
constexpr llvm::StringLiteral kPlanAttrName = "orchestra.plan";

/// Reads a schedule on a topology. Dimensions that only a request knows count
/// as `assumedSize`.
PlannedSchedule readPlannedSchedule(ScheduleOp schedule, TopologyOp topology,
                                    int64_t assumedSize);

} // namespace orchestra

#endif // ORCHESTRA_SCHEDULE_PLANNEDSCHEDULE_H
