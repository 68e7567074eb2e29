//===- Planning.h - A plan for a machine ------------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_PIPELINE_PLANNING_H
#define ORCHESTRA_PIPELINE_PLANNING_H

#include <cstdint>
#include <string>
#include <vector>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace orchestra {

/// What a user can say about a plan.
struct PlanningOptions {
  /// "latency" or "throughput".
  std::string objective = "latency";
  /// Requests under way at the same time, for throughput.
  int64_t inFlight = 4;
  /// NODE=DEVICE.
  std::vector<std::string> place;
  /// File of measured seconds; empty: none.
  std::string profile;
  /// Size of dimensions that only a request knows.
  int64_t assumedSize = 128;
  /// Keep the devices and the order that tasks have.
  bool keep = false;
  /// Convolutions compute in the layout of vector units.
  bool channelsLast = true;
  /// The module has a schedule already, made earlier or by hand.
  bool hasTasks = false;
};

/// Adds the passes of stage Schedule for a module with a topology: tasks,
/// unless it has some, and a plan of them.
void buildPlanPipeline(mlir::OpPassManager &pm, const PlanningOptions &options);

} // namespace orchestra

#endif // ORCHESTRA_PIPELINE_PLANNING_H
