//===- OrchestraToLinalg.cpp - Tasks become parts of the host's program ---===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tasks of the host's only device are inlined: what is placed in one place
// needs no place. Tasks of several devices stay what they are, regions of one
// device each, until buffers have addresses (docs/adr/0009-plans-run.md).
//
//===----------------------------------------------------------------------===//
#include "orchestra/Conversion/Passes.h"
#include "orchestra/Dialect/Orchestra/HostProgram.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_ORCHESTRATOLINALGPASS
#include "orchestra/Conversion/Passes.h.inc"
} // namespace orchestra

/// Moves the body of `op`, which ends in a yield, in front of it and replaces
/// its results by the yielded values.
static void inlineBody(IRRewriter &rewriter, Operation *op, Block &body) {
  auto yield = cast<YieldOp>(body.getTerminator());
  SmallVector<Value> values(yield.getValues());
  rewriter.eraseOp(yield);
  rewriter.inlineBlockBefore(&body, op);
  rewriter.replaceOp(op, values);
}

/// Reports a task that there is no code for.
static LogicalResult checkTask(TaskOp task, StringRef arch) {
  if (task.getArch() == arch)
    return success();
  const TargetArch *known = lookupArch(task.getTarget());
  if (known && known->hasCodegen)
    return task.emitError("this build generates no code for '")
           << task.getArch() << "' within a program of '" << arch
           << "' [no-codegen]";
  InFlightDiagnostic diag = task.emitError("this task is placed on '")
                            << task.getArch()
                            << "', for which there is no code generation yet "
                            << "[no-codegen]";
  diag.attachNote() << "place it on a device of '" << arch
                    << "', or leave the others out of the topology";
  return diag;
}

namespace {
struct OrchestraToLinalg
    : orchestra::impl::OrchestraToLinalgPassBase<OrchestraToLinalg> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    bool failed = false;
    SmallVector<TaskOp> tasks;
    SmallVector<ScheduleOp> schedules;
    getOperation().walk([&](Operation *op) {
      if (auto task = dyn_cast<TaskOp>(op)) {
        failed |= mlir::failed(checkTask(task, arch));
        auto schedule = task->getParentOfType<ScheduleOp>();
        if (!schedule || !getDevicesOf(schedule))
          tasks.push_back(task);
      } else if (auto schedule = dyn_cast<ScheduleOp>(op)) {
        if (!getDevicesOf(schedule))
          schedules.push_back(schedule);
      }
    });
    if (failed)
      return signalPassFailure();
    for (TaskOp task : tasks)
      inlineBody(rewriter, task, task.getBody().front());
    for (ScheduleOp schedule : schedules)
      inlineBody(rewriter, schedule, schedule.getBody().front());
  }
};
} // namespace
