//===- Plan.h - What runs where and when ------------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DRIVER_PLAN_H
#define ORCHESTRA_DRIVER_PLAN_H

#include "orchestra/Driver/Options.h"
#include "orchestra/Support/PlannedSchedule.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

namespace orchestra {

struct PlanRequest {
  CompileOptions compile;
  /// JSON file of the machine; "": the one that the module itself has.
  std::string topology;
  /// "latency" or "throughput".
  std::string objective = "latency";
  /// Requests under way at the same time, for throughput.
  int inFlight = 4;
  /// NODE=DEVICE.
  std::vector<std::string> place;
  /// JSON file of measured seconds by architecture and task.
  std::string profile;
  /// A trace that `orchestra run --profile` wrote, to compare with.
  std::string trace;
  /// Size of dimensions that only a request knows.
  int assumedSize = 128;
  /// Keep devices and order of a module that is a plan already.
  bool keep = false;
};

/// A model with a plan.
class PlannedModel {
public:
  virtual ~PlannedModel();
  virtual const PlannedSchedule &getPlan() const = 0;
  /// Writes the schedule as text, or as bytecode if `path` ends in .mlirbc.
  virtual llvm::Error write(llvm::StringRef path) = 0;
};

/// Plans the model file at `path`, or plans again what is a plan already.
llvm::Expected<std::unique_ptr<PlannedModel>>
planModel(llvm::StringRef path, const PlanRequest &request);

/// A picture of a plan: a row for each device and each direction of a link,
/// estimated times above measured ones. A page of HTML if `asPage`, else SVG.
/// Neither refers to anything outside.
std::string drawGantt(const PlannedSchedule &plan, llvm::StringRef title,
                      bool asPage);

/// Measured seconds of tasks as PlanRequest::profile reads them, JSON.
std::string formatTaskTimes(const PlannedSchedule &plan);

/// The times of a plan as JSON, one object.
std::string formatPlanJson(const PlannedSchedule &plan);

} // namespace orchestra

#endif // ORCHESTRA_DRIVER_PLAN_H
