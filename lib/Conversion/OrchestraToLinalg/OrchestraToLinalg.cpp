//===- OrchestraToLinalg.cpp - Tasks become parts of the host's program ---===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tasks of the host's only device are inlined: what is placed in one place
// needs no place. Tasks of several devices stay what they are, regions of one
// device each, until buffers have addresses (docs/adr/0009-plans-run.md). A
// commit becomes work like any other: a select of each element.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Conversion/Passes.h"
#include "orchestra/Dialect/Orchestra/HostProgram.h"
#include "orchestra/Dialect/Orchestra/TaskScalars.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

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

//===----------------------------------------------------------------------===//
// Commits
//===----------------------------------------------------------------------===//

/// The target of tasks where `value` is; null: it came from the host.
static DictionaryAttr getPlace(Value value, SymbolTableCollection &symbols) {
  Operation *def = value.getDefiningOp();
  if (auto task = dyn_cast_or_null<TaskOp>(def))
    return task.getTarget();
  DeviceOp device;
  if (auto transfer = dyn_cast_or_null<TransferOp>(def))
    device = lookupDevice(transfer, transfer.getTo(), symbols);
  if (!device)
    return DictionaryAttr();
  Builder b(value.getContext());
  return b.getDictionaryAttr(
      {b.getNamedAttr("arch", b.getStringAttr(device.getArch())),
       b.getNamedAttr("device_id", b.getI64IntegerAttr(device.getDeviceId()))});
}

/// Element by element what `condition` chooses.
static Value createSelect(OpBuilder &b, Location loc, Value condition,
                          Value ifTrue, Value ifFalse) {
  auto type = dyn_cast<RankedTensorType>(ifTrue.getType());
  if (!type)
    return arith::SelectOp::create(b, loc, condition, ifTrue, ifFalse);
  Value empty = tensor::EmptyOp::create(
      b, loc, tensor::getMixedSizes(b, loc, ifTrue), type.getElementType());
  SmallVector<AffineMap> maps(3, b.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> loops(type.getRank(),
                                         utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             b, loc, type, ValueRange{ifTrue, ifFalse}, empty, maps, loops,
             [&](OpBuilder &inner, Location loc, ValueRange elements) {
               Value chosen = arith::SelectOp::create(inner, loc, condition,
                                                      elements[0], elements[1]);
               linalg::YieldOp::create(inner, loc, chosen);
             })
      .getResult(0);
}

/// Replaces a commit by selects: on several devices as a task where its values
/// are, `host` if they are the caller's.
static void lowerCommit(IRRewriter &rewriter, CommitOp commit,
                        DictionaryAttr host) {
  Location loc = commit.getLoc();
  rewriter.setInsertionPoint(commit);
  TaskOp task;
  if (host) {
    SymbolTableCollection symbols;
    DictionaryAttr place;
    for (Value value : commit.getValues())
      if (!place)
        place = getPlace(value, symbols);
    task = TaskOp::create(rewriter, loc, commit.getResultTypes(),
                          place ? place : host);
    task->setDiscardableAttrs(commit->getDiscardableAttrDictionary());
    rewriter.createBlock(&task.getBody());
  }
  SmallVector<Value> chosen;
  for (auto [ifTrue, ifFalse] :
       llvm::zip(commit.getTrueValues(), commit.getFalseValues()))
    chosen.push_back(
        createSelect(rewriter, loc, commit.getCondition(), ifTrue, ifFalse));
  if (task) {
    YieldOp::create(rewriter, loc, chosen);
    chosen.assign(task.result_begin(), task.result_end());
  }
  rewriter.replaceOp(commit, chosen);
}

/// Lowers what a schedule on several devices has between its tasks. Values that
/// are no tensors cannot be moved; tensors stand for them.
static void lowerBetweenTasks(IRRewriter &rewriter, ScheduleOp schedule,
                              TopologyOp topology) {
  auto device = *topology.getOps<DeviceOp>().begin();
  Builder b(schedule.getContext());
  DictionaryAttr host = b.getDictionaryAttr(
      {b.getNamedAttr("arch", b.getStringAttr(device.getArch())),
       b.getNamedAttr("device_id", b.getI64IntegerAttr(device.getDeviceId()))});
  Block &body = schedule.getBody().front();
  for (CommitOp commit : llvm::make_early_inc_range(body.getOps<CommitOp>()))
    lowerCommit(rewriter, commit, host);
  for (TaskOp task : llvm::make_early_inc_range(body.getOps<TaskOp>()))
    boxScalars(rewriter, task);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct OrchestraToLinalg
    : orchestra::impl::OrchestraToLinalgPassBase<OrchestraToLinalg> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    bool failed = false;
    SmallVector<TaskOp> tasks;
    SmallVector<ScheduleOp> schedules;
    SmallVector<std::pair<ScheduleOp, TopologyOp>> onSeveral;
    SmallVector<CommitOp> commits;
    getOperation().walk([&](Operation *op) {
      if (auto task = dyn_cast<TaskOp>(op)) {
        failed |= mlir::failed(checkTask(task, arch));
        auto schedule = task->getParentOfType<ScheduleOp>();
        if (!schedule || !getDevicesOf(schedule))
          tasks.push_back(task);
      } else if (auto schedule = dyn_cast<ScheduleOp>(op)) {
        if (TopologyOp topology = getDevicesOf(schedule))
          onSeveral.push_back({schedule, topology});
        else
          schedules.push_back(schedule);
      } else if (auto commit = dyn_cast<CommitOp>(op)) {
        auto schedule = commit->getParentOfType<ScheduleOp>();
        if (!schedule || !getDevicesOf(schedule))
          commits.push_back(commit);
      }
    });
    if (failed)
      return signalPassFailure();
    for (auto [schedule, topology] : onSeveral)
      lowerBetweenTasks(rewriter, schedule, topology);
    for (CommitOp commit : commits)
      lowerCommit(rewriter, commit, DictionaryAttr());
    for (TaskOp task : tasks)
      inlineBody(rewriter, task, task.getBody().front());
    for (ScheduleOp schedule : schedules)
      inlineBody(rewriter, schedule, schedule.getBody().front());
  }
};
} // namespace
