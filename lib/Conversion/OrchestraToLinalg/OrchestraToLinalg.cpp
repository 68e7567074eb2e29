//===- OrchestraToLinalg.cpp - Tasks of the host become its program -------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Conversion/Passes.h"
#include "orchestra/Dialect/Orchestra/Orchestra.h"

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
        if (task.getArch() != arch) {
          task.emitError("this build generates no code for '")
              << task.getArch() << "' within a program of '" << arch << "'";
          failed = true;
        }
        tasks.push_back(task);
      } else if (auto schedule = dyn_cast<ScheduleOp>(op)) {
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
