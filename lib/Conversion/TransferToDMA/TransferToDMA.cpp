//===- TransferToDMA.cpp - Transfers become copies between arenas ---------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Dissolves a bufferized schedule of several devices into its function: a list
// of tasks without results that write buffers of their device. A transfer is a
// buffer of the device it goes to and a task of that device that copies into
// it, straight before the first task that needs it, or at the end: a queue that
// is asked to copy early would stand still until the copy can be made.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Conversion/Passes.h"
#include "orchestra/Dialect/Orchestra/HostProgram.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_TRANSFERTODMAPASS
#include "orchestra/Conversion/Passes.h.inc"
} // namespace orchestra

namespace {
class Dissolver {
public:
  Dissolver(ScheduleOp schedule, TopologyOp topology)
      : schedule(schedule), topology(topology), b(schedule.getContext()) {}

  LogicalResult run();

private:
  bool canLeave(Operation *op, Operation *task);
  LogicalResult flatten(TaskOp task);
  LogicalResult lower(TransferOp transfer);
  void sinkCopies(Block &block);
  void resolveDims(Block &block);

  ScheduleOp schedule;
  TopologyOp topology;
  OpBuilder b;
  SmallVector<TaskOp> copies;
};
} // namespace

/// Whether `op` of a task's body may stand in front of the task: it makes a
/// buffer, a view or a number from what is there before, or tests one.
bool Dissolver::canLeave(Operation *op, Operation *task) {
  if (op->getNumRegions() != 0 || op->hasTrait<OpTrait::IsTerminator>())
    return false;
  bool readsInput = false;
  if (auto load = dyn_cast<memref::LoadOp>(op)) {
    auto argument = dyn_cast<BlockArgument>(getRootBuffer(load.getMemRef()));
    readsInput = argument &&
                 isa<FunctionOpInterface>(argument.getOwner()->getParentOp());
  }
  if (!readsInput && !isa<cf::AssertOp, memref::AllocOp>(op) &&
      !isMemoryEffectFree(op))
    return false;
  return llvm::all_of(op->getOperands(), [&](Value operand) {
    return !task->isProperAncestor(operand.getParentBlock()->getParentOp()) &&
           operand.getParentBlock()->getParentOp() != task;
  });
}

/// The user's nodes: those of the task itself, else of what is in it.
static Location getNodes(TaskOp task) {
  if (!isa<FileLineColLoc, UnknownLoc>(task.getLoc()))
    return task.getLoc();
  SmallVector<Location> locations{task.getLoc()};
  for (Operation &op : task.getBody().front().without_terminator())
    if (!op.hasTrait<OpTrait::ConstantLike>())
      locations.push_back(op.getLoc());
  return FusedLoc::get(task.getContext(), locations);
}

LogicalResult Dissolver::flatten(TaskOp task) {
  Location loc = getNodes(task);
  auto index =
      b.getI64IntegerAttr(getDeviceIndex(topology, task.getTargetAttr()));
  for (Operation &op :
       llvm::make_early_inc_range(task.getBody().front().without_terminator()))
    if (canLeave(&op, task)) {
      op.moveBefore(task);
      if (isa<memref::AllocOp>(op))
        op.setAttr(kDeviceAttrName, index);
    }
  auto yield = cast<YieldOp>(task.getBody().front().getTerminator());
  for (auto [result, value] : llvm::zip(task.getResults(), yield.getValues())) {
    if (value.getParentBlock() == yield->getBlock())
      return task.emitError("a result of type ")
             << value.getType()
             << " is known only when the task has run; on several devices "
                "only buffers can be [cannot-place]";
    result.replaceAllUsesWith(value);
  }
  b.setInsertionPoint(task);
  auto flat = TaskOp::create(b, loc, TypeRange(), task.getTarget());
  flat->setDiscardableAttrs(task->getDiscardableAttrDictionary());
  flat->setAttr(kDeviceAttrName, index);
  flat.getBody().takeBody(task.getBody());
  yield->setOperands(ValueRange());
  task.erase();
  if (flat.getBody().front().without_terminator().empty())
    flat.erase();
  return success();
}

LogicalResult Dissolver::lower(TransferOp transfer) {
  SymbolTableCollection symbols;
  DeviceOp to = lookupDevice(transfer, transfer.getTo(), symbols);
  auto type = dyn_cast<MemRefType>(transfer.getResult().getType()),
       source = dyn_cast<MemRefType>(transfer.getSource().getType());
  if (!to || !type || !source || !type.getLayout().isIdentity() ||
      !source.getLayout().isIdentity())
    return transfer.emitError("cannot be copied as a block of memory "
                              "[cannot-place]");
  auto target = b.getDictionaryAttr(
      {b.getNamedAttr("arch", b.getStringAttr(to.getArch())),
       b.getNamedAttr("device_id", b.getI64IntegerAttr(to.getDeviceId()))});
  auto index = b.getI64IntegerAttr(getDeviceIndex(topology, target));
  Location loc = transfer.getLoc();
  b.setInsertionPoint(transfer);
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim))
      sizes.push_back(memref::DimOp::create(b, loc, transfer.getSource(), dim));
  auto alloc = memref::AllocOp::create(b, loc, type, sizes);
  alloc->setAttr(kDeviceAttrName, index);
  auto task = TaskOp::create(b, loc, TypeRange(), target);
  for (NamedAttribute attribute : transfer->getDiscardableAttrs())
    task->setAttr(attribute.getName(), attribute.getValue());
  task->setAttr(kDeviceAttrName, index);
  task->setAttr(kCopyAttrName, b.getUnitAttr());
  Block *body = b.createBlock(&task.getBody());
  b.setInsertionPointToEnd(body);
  memref::CopyOp::create(b, loc, transfer.getSource(), alloc);
  YieldOp::create(b, loc);
  transfer.getResult().replaceAllUsesWith(alloc);
  transfer.erase();
  copies.push_back(task);
  return success();
}

/// Moves each copy in front of the first op that uses what it copies to.
void Dissolver::sinkCopies(Block &block) {
  for (TaskOp copy : llvm::reverse(copies)) {
    auto inner = cast<memref::CopyOp>(copy.getBody().front().front());
    Operation *first = nullptr;
    SmallVector<Value> views{inner.getTarget()};
    while (!views.empty())
      for (Operation *user : views.pop_back_val().getUsers()) {
        if (isa<ViewLikeOpInterface>(user))
          llvm::append_range(views, user->getResults());
        Operation *ancestor = block.findAncestorOpInBlock(*user);
        if (ancestor == copy || !isa<TaskOp>(ancestor))
          continue;
        if (!first || ancestor->isBeforeInBlock(first))
          first = ancestor;
      }
    if (!first) // a result
      first = block.getTerminator();
    // Nothing moves over a barrier.
    bool barrier = first->hasAttr(kAfterBarrierAttrName);
    for (Operation *op = copy->getNextNode(); op != first;
         op = op->getNextNode())
      barrier |= op->hasAttr(kAfterBarrierAttrName);
    if (!barrier && !copy->hasAttr(kAfterBarrierAttrName))
      copy->moveBefore(first);
  }
}

/// Sizes of what tasks make are said by what was there before: memory is
/// planned from inputs' dimensions.
void Dissolver::resolveDims(Block &block) {
  SmallVector<memref::DimOp> dims;
  block.walk([&](memref::DimOp op) { dims.push_back(op); });
  for (memref::DimOp op : dims) {
    std::optional<int64_t> dim = op.getConstantIndex();
    if (!dim || !getRootBuffer(op.getSource()).getDefiningOp<memref::AllocOp>())
      continue;
    b.setInsertionPoint(op);
    Value size = getValueOrCreateConstantIndexOp(
        b, op.getLoc(), getBufferDim(b, op.getLoc(), op.getSource(), *dim));
    op.replaceAllUsesWith(size);
    op.erase();
  }
}

LogicalResult Dissolver::run() {
  bool barrier = false;
  for (Operation &op : llvm::make_early_inc_range(schedule.getBody().front())) {
    if (isa<BarrierOp>(op)) {
      barrier = true;
      op.erase();
      continue;
    }
    if (barrier && isa<TaskOp, TransferOp>(op)) {
      op.setAttr(kAfterBarrierAttrName, b.getUnitAttr());
      barrier = false;
    }
    if (auto task = dyn_cast<TaskOp>(op)) {
      if (failed(flatten(task)))
        return failure();
    } else if (auto transfer = dyn_cast<TransferOp>(op)) {
      if (failed(lower(transfer)))
        return failure();
    }
  }
  Block *block = schedule->getBlock();
  auto yield = cast<YieldOp>(schedule.getBody().front().getTerminator());
  schedule->replaceAllUsesWith(SmallVector<Value>(yield.getValues()));
  yield.erase();
  block->getOperations().splice(Block::iterator(schedule),
                                schedule.getBody().front().getOperations());
  schedule.erase();
  sinkCopies(*block);
  resolveDims(*block);
  return success();
}

namespace {
struct TransferToDMA : orchestra::impl::TransferToDMAPassBase<TransferToDMA> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<ScheduleOp> schedules;
    module.walk([&](ScheduleOp op) { schedules.push_back(op); });
    TopologyOp machine;
    for (ScheduleOp schedule : schedules) {
      TopologyOp topology = getDevicesOf(schedule);
      if (!topology || (machine && machine != topology)) {
        schedule.emitError("a host program has one schedule, for the devices "
                           "of a topology [cannot-place]");
        return signalPassFailure();
      }
      machine = topology;
      if (failed(Dissolver(schedule, topology).run()))
        return signalPassFailure();
    }
    if (!machine)
      return;
    Builder b(&getContext());
    SmallVector<Attribute> devices;
    for (auto device : machine.getOps<DeviceOp>()) {
      SmallVector<NamedAttribute> entries{
          b.getNamedAttr("name", device.getSymNameAttr())};
      for (StringRef key : {"arch", "cores", "core_count", "memory_bytes"})
        if (Attribute value = device.getTarget().get(key))
          entries.push_back(b.getNamedAttr(key, value));
      devices.push_back(b.getDictionaryAttr(entries));
    }
    module->setAttr(kDevicesAttrName, b.getArrayAttr(devices));
  }
};
} // namespace
