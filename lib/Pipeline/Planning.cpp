//===- Planning.cpp - A plan for a machine --------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Pipeline/Planning.h"

#include "orchestra/Schedule/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace orchestra;

void orchestra::buildPlanPipeline(OpPassManager &pm,
                                  const PlanningOptions &options) {
  SchedulePassOptions schedule;
  if (options.hasTasks) {
    schedule.place.assign(options.place.begin(), options.place.end());
  } else {
    pm.addPass(createCanonicalizerPass());
    pm.addPass(createCSEPass());
    PartitionPassOptions partition;
    partition.assumedSize = options.assumedSize;
    partition.place.assign(options.place.begin(), options.place.end());
    pm.addPass(createPartitionPass(partition));
  }
  schedule.objective = options.objective;
  schedule.inFlight = options.inFlight;
  schedule.profile = options.profile;
  schedule.assumedSize = options.assumedSize;
  schedule.keep = options.keep;
  pm.addPass(createSchedulePass(schedule));
}
