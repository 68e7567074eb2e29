//===- Planning.cpp - A plan for a machine --------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Pipeline/Planning.h"

#include "orchestra/Schedule/Passes.h"
#include "orchestra/Transforms/Passes.h"

#include "mlir/Conversion/ControlFlowToSCF/ControlFlowToSCF.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
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
    pm.addPass(createLiftControlFlowToSCFPass());
    pm.addPass(createCanonicalizerPass());
    pm.addPass(createCSEPass());
    // Layouts reach across tasks only while there are none.
    if (options.channelsLast)
      pm.addNestedPass<func::FuncOp>(createChannelsLastPass());
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
