//===- ScheduleOps.cpp - Schedules, tasks, barriers -----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "TargetDictionary.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace orchestra;

static LogicalResult verifyYield(Operation *op, Block &body) {
  auto yield = cast<YieldOp>(body.getTerminator());
  if (yield.getValues().getTypes() != op->getResultTypes())
    return op->emitOpError("yields values of types (")
           << yield.getValues().getTypes() << ") but has results of types ("
           << op->getResultTypes() << ")";
  return success();
}

/// The body runs once, then control returns.
static void getOnceSuccessors(Operation *op, RegionBranchPoint point,
                              SmallVectorImpl<RegionSuccessor> &regions) {
  if (point.isParent())
    regions.emplace_back(&op->getRegion(0));
  else
    regions.emplace_back(op, op->getResults());
}

//===----------------------------------------------------------------------===//
// Schedule
//===----------------------------------------------------------------------===//

void ScheduleOp::getSuccessorRegions(
    RegionBranchPoint point, SmallVectorImpl<RegionSuccessor> &regions) {
  getOnceSuccessors(*this, point, regions);
}

void ScheduleOp::getRegionInvocationBounds(
    ArrayRef<Attribute>, SmallVectorImpl<InvocationBounds> &bounds) {
  bounds.emplace_back(1, 1);
}

void ScheduleOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                             MLIRContext *) {
  populateRegionBranchOpInterfaceCanonicalizationPatterns(patterns,
                                                          getOperationName());
}

LogicalResult ScheduleOp::verify() {
  if ((*this)->getParentOfType<TaskOp>())
    return emitOpError("is in a task; a task runs on one device");
  return verifyYield(*this, getBody().front());
}

namespace {
/// Follows where the values of a schedule are, in the order of its block. What
/// comes from outside, or from ops that belong to no device, is anywhere.
class PlaceChecker {
public:
  PlaceChecker(TopologyOp topology, SymbolTableCollection &symbolTable)
      : topology(topology), symbolTable(symbolTable) {}

  LogicalResult check(Block &block) {
    for (Operation &op : block) {
      if (auto task = dyn_cast<TaskOp>(op)) {
        if (failed(check(task)))
          return failure();
      } else if (auto transfer = dyn_cast<TransferOp>(op)) {
        if (failed(check(transfer)))
          return failure();
      } else if (auto commit = dyn_cast<CommitOp>(op)) {
        if (failed(check(commit)))
          return failure();
      }
    }
    return success();
  }

private:
  LogicalResult check(TaskOp task) {
    DeviceOp device = lookupDevice(topology, task.getTarget());
    if (!device)
      return success(); // the task's own error
    LogicalResult result = success();
    task.getBody().walk([&](Operation *op) {
      for (Value value : op->getOperands()) {
        DeviceOp place = places.lookup(value);
        if (failed(result) || !place || place == device)
          continue;
        InFlightDiagnostic diag =
            op->emitError("runs on device '")
            << device.getSymName() << "' but uses a value that is on device '"
            << place.getSymName() << "'; it needs an orchestra.transfer";
        diag.attachNote(value.getLoc()) << "the value";
        result = diag;
      }
    });
    for (Value value : task.getResults())
      places[value] = device;
    return result;
  }

  LogicalResult check(TransferOp transfer) {
    DeviceOp from = lookupDevice(transfer, transfer.getFrom(), symbolTable),
             place = places.lookup(transfer.getSource());
    if (place && from && place != from) {
      InFlightDiagnostic diag = transfer.emitOpError("moves a value from '")
                                << from.getSymName()
                                << "', but it is on device '"
                                << place.getSymName() << "'";
      diag.attachNote(transfer.getSource().getLoc()) << "the value";
      return diag;
    }
    places[transfer.getResult()] =
        lookupDevice(transfer, transfer.getTo(), symbolTable);
    return success();
  }

  LogicalResult check(CommitOp commit) {
    DeviceOp device;
    for (Value value : commit.getValues()) {
      DeviceOp place = places.lookup(value);
      if (device && place && place != device)
        return commit.emitOpError("chooses between values on devices '")
               << device.getSymName() << "' and '" << place.getSymName()
               << "'; they must be on one";
      device = place ? place : device;
    }
    for (Value value : commit.getResults())
      places[value] = device;
    return success();
  }

  TopologyOp topology;
  SymbolTableCollection &symbolTable;
  DenseMap<Value, DeviceOp> places;
};
} // namespace

LogicalResult ScheduleOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  if (!getTopologyAttr())
    return success();
  auto topology =
      symbolTable.lookupNearestSymbolFrom<TopologyOp>(*this, getTopologyAttr());
  if (!topology)
    return emitOpError("is on ")
           << getTopologyAttr() << ", which is no topology";
  return PlaceChecker(topology, symbolTable).check(getBody().front());
}

//===----------------------------------------------------------------------===//
// Task
//===----------------------------------------------------------------------===//

StringRef TaskOp::getArch() { return orchestra::getArch(getTarget()); }

int64_t TaskOp::getDeviceId() { return orchestra::getDeviceId(getTarget()); }

void TaskOp::getSuccessorRegions(RegionBranchPoint point,
                                 SmallVectorImpl<RegionSuccessor> &regions) {
  getOnceSuccessors(*this, point, regions);
}

void TaskOp::getRegionInvocationBounds(
    ArrayRef<Attribute>, SmallVectorImpl<InvocationBounds> &bounds) {
  bounds.emplace_back(1, 1);
}

void TaskOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                         MLIRContext *) {
  populateRegionBranchOpInterfaceCanonicalizationPatterns(patterns,
                                                          getOperationName());
}

/// A kernel in the device's own language fits the device, and there is one.
static LogicalResult verifyInlineSource(TaskOp task) {
  std::pair<StringRef, StringAttr> sources[] = {
      {"nki_source", task.getNkiSourceAttr()},
      {"ptx_source", task.getPtxSourceAttr()},
      {"gcn_source", task.getGcnSourceAttr()}};
  StringRef found;
  for (auto [name, source] : sources) {
    if (!source)
      continue;
    if (!found.empty())
      return task.emitOpError("has both '")
             << found << "' and '" << name << "'";
    found = name;
    if (source.getValue().empty())
      return task.emitOpError("has an empty '") << name << "'";
    const TargetArch *arch = lookupArch(task.getTarget());
    if (!arch || arch->inlineSource == name)
      continue;
    InFlightDiagnostic diag = task.emitOpError("has a '")
                              << name << "', which '" << arch->name
                              << "' does not take; it takes ";
    if (arch->inlineSource.empty())
      return diag << "none";
    return diag << "'" << arch->inlineSource << "'";
  }
  return success();
}

LogicalResult TaskOp::verify() {
  if ((*this)->getParentOfType<TaskOp>())
    return emitOpError("is in another task; tasks do not nest");
  if (failed(verifyTarget(*this, getTarget(), /*isDevice=*/false)) ||
      failed(verifyInlineSource(*this)))
    return failure();
  return verifyYield(*this, getBody().front());
}

LogicalResult TaskOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  auto schedule = (*this)->getParentOfType<ScheduleOp>();
  if (!schedule || !schedule.getTopologyAttr())
    return success();
  auto topology = symbolTable.lookupNearestSymbolFrom<TopologyOp>(
      schedule, schedule.getTopologyAttr());
  // Without a topology the schedule has its own error.
  if (!topology || lookupDevice(topology, getTarget()))
    return success();
  InFlightDiagnostic diag = emitOpError("is placed on device ")
                            << getDeviceId() << " of '" << getArch()
                            << "', which '" << topology.getSymName()
                            << "' does not have; it has ";
  llvm::interleaveComma(
      topology.getOps<DeviceOp>(), diag, [&](DeviceOp device) {
        diag << device.getDeviceId() << " of '" << device.getArch() << "'";
      });
  return diag;
}

//===----------------------------------------------------------------------===//
// Barrier
//===----------------------------------------------------------------------===//

void BarrierOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  // Nothing that touches memory moves over it.
  effects.emplace_back(MemoryEffects::Read::get());
  effects.emplace_back(MemoryEffects::Write::get());
}

/// A barrier with nothing to order on one of its sides, or beside another one.
LogicalResult BarrierOp::canonicalize(BarrierOp barrier,
                                      PatternRewriter &rewriter) {
  Operation *previous = barrier->getPrevNode(), *next = barrier->getNextNode();
  if (previous && !isa<BarrierOp>(previous) && !isa<YieldOp>(next))
    return failure();
  rewriter.eraseOp(barrier);
  return success();
}
