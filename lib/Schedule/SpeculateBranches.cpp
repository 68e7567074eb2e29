//===- SpeculateBranches.cpp - A conditional becomes tasks ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the PDLL pattern does, step by step. The task around a conditional is
// split in three: what comes before, the branches, what comes after. Nothing is
// computed twice but constants.
//
//===----------------------------------------------------------------------===//
#include "Speculation.h"

#include "Clusters.h"
#include "Placement.h"

#include "orchestra/Schedule/PlannedSchedule.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace orchestra;

#include "Speculation.pdll.inc"

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

int32_t ValuePlaces::getDevice(TaskOp task) const {
  int32_t index = 0;
  for (auto device : TopologyOp(topology).getOps<DeviceOp>()) {
    if (device.getArch() == task.getArch() &&
        device.getDeviceId() == task.getDeviceId())
      return index;
    ++index;
  }
  return machine.host;
}

int32_t ValuePlaces::getDevice(Value value) const {
  Operation *def = value.getDefiningOp();
  if (auto task = dyn_cast_or_null<TaskOp>(def))
    return getDevice(task);
  if (auto transfer = dyn_cast_or_null<TransferOp>(def)) {
    StringRef name = transfer.getTo().getLeafReference();
    for (auto [index, device] : llvm::enumerate(machine.devices))
      if (device.name == name)
        return int32_t(index);
  }
  if (auto commit = dyn_cast_or_null<CommitOp>(def))
    for (Value choice : commit.getValues())
      if (choice.getDefiningOp())
        return getDevice(choice);
  return machine.host;
}

double ValuePlaces::getReady(Value value) const {
  Operation *def = value.getDefiningOp();
  auto times =
      def ? def->getAttrOfType<DenseF64ArrayAttr>(kEstimateAttrName) : nullptr;
  return times && times.size() == 2 ? times[1] : 0;
}

int32_t ValuePlaces::getHome(scf::IfOp conditional) const {
  auto task = dyn_cast<TaskOp>(conditional->getParentOp());
  return task ? getDevice(task) : machine.host;
}

SmallVector<Value> orchestra::getCaptured(Region &region) {
  llvm::SetVector<Value> captured;
  region.walk([&](Operation *op) {
    for (Value operand : op->getOperands())
      if (!region.isAncestor(operand.getParentRegion()))
        captured.insert(operand);
  });
  return captured.takeVector();
}

bool orchestra::isCheapToCopy(Operation *op) {
  if (matchPattern(op, m_Constant()) ||
      (isa<tensor::EmptyOp>(op) && op->getNumOperands() == 0))
    return true;
  // What products start from: kernels fill it in, nobody stores it.
  return isa<linalg::FillOp>(op) &&
         llvm::all_of(op->getOperands(), [](Value value) {
           Operation *def = value.getDefiningOp();
           return def && isCheapToCopy(def);
         });
}

//===----------------------------------------------------------------------===//
// The rewrites
//===----------------------------------------------------------------------===//

/// What planning said of the whole task does not hold of its parts.
static void dropPlan(TaskOp task) {
  for (StringRef name : {kEstimateAttrName, kUnmeasuredAttrName,
                         kReasonAttrName, StringLiteral("orchestra.measured")})
    task->removeAttr(name);
}

/// Gives what follows `conditional` in its block, and its branches, constants
/// of their own.
static void copyConstants(OpBuilder &b, scf::IfOp conditional) {
  Block *block = conditional->getBlock();
  SmallVector<Operation *> cheap;
  for (Operation &op :
       llvm::make_range(block->begin(), Block::iterator(conditional)))
    if (isCheapToCopy(&op))
      cheap.push_back(&op);
  // A copy's operands are copied after it, and come to stand before it.
  for (Operation *op : llvm::reverse(cheap)) {
    // By the place of the copy: a branch, or behind the conditional.
    DenseMap<Block *, Operation *> copies;
    for (OpOperand &use : llvm::make_early_inc_range(op->getUses())) {
      Operation *user = block->findAncestorOpInBlock(*use.getOwner());
      if (user->isBeforeInBlock(conditional))
        continue;
      Block *place = block;
      if (user == conditional) {
        if (use.getOwner() == conditional)
          continue;
        place = conditional.getThenRegion().isAncestor(
                    use.getOwner()->getParentRegion())
                    ? conditional.thenBlock()
                    : conditional.elseBlock();
        b.setInsertionPointToStart(place);
      } else {
        b.setInsertionPointAfter(conditional);
      }
      Operation *&copy = copies[place];
      if (!copy)
        copy = b.clone(*op);
      use.set(copy->getResult(cast<OpResult>(use.get()).getResultNumber()));
    }
    if (op->use_empty())
      op->erase();
  }
}

static void isolate(PatternRewriter &rewriter, Operation *root) {
  auto conditional = cast<scf::IfOp>(root);
  auto task = dyn_cast<TaskOp>(root->getParentOp());
  if (!task)
    return;
  OpBuilder::InsertionGuard guard(rewriter);
  copyConstants(rewriter, conditional);
  dropPlan(task);
  Block *body = conditional->getBlock();
  SmallVector<Operation *> before;
  llvm::SetVector<Value> crossing;
  for (Operation &op : llvm::make_range(body->begin(), Block::iterator(root))) {
    before.push_back(&op);
    for (Value result : op.getResults())
      for (Operation *user : result.getUsers())
        if (!body->findAncestorOpInBlock(*user)->isBeforeInBlock(root))
          crossing.insert(result);
  }
  if (!before.empty()) {
    SmallVector<Location> locations;
    for (Operation *op : before)
      locations.push_back(op->getLoc());
    Location loc = rewriter.getFusedLoc(locations);
    rewriter.setInsertionPoint(task);
    auto first = TaskOp::create(rewriter, loc,
                                ValueRange(crossing.getArrayRef()).getTypes(),
                                task.getTarget());
    for (NamedAttribute attribute : task->getDiscardableAttrs())
      first->setDiscardableAttr(attribute.getName(), attribute.getValue());
    Block *block = rewriter.createBlock(&first.getBody());
    for (Operation *op : before)
      op->moveBefore(block, block->end());
    rewriter.setInsertionPointToEnd(block);
    YieldOp::create(rewriter, loc, crossing.getArrayRef());
    for (auto [value, result] :
         llvm::zip(crossing.getArrayRef(), first.getResults()))
      rewriter.replaceUsesWithIf(value, result, [&](OpOperand &use) {
        return !first->isAncestor(use.getOwner());
      });
  }
  rewriter.moveOpBefore(root, task);
  // With nothing left to compute the rest is no task.
  if (llvm::hasSingleElement(*body))
    rewriter.replaceOp(task, body->getTerminator()->getOperands());
}

namespace {
class BranchMover {
public:
  BranchMover(PatternRewriter &rewriter, const ValuePlaces &places,
              scf::IfOp conditional, unsigned branch)
      : rewriter(rewriter), places(places), conditional(conditional),
        region(conditional->getRegion(branch)) {
    auto names = conditional->getAttrOfType<ArrayAttr>(kSpeculateAttrName);
    StringRef name = cast<StringAttr>(names[branch]).getValue();
    for (auto op : TopologyOp(places.topology).getOps<DeviceOp>()) {
      devices.push_back(op);
      if (op.getSymName() == name)
        device = int32_t(devices.size()) - 1;
    }
    home = places.getHome(conditional);
  }

  SmallVector<Value> run();

private:
  Value move(Value value, int32_t from, int32_t to);

  PatternRewriter &rewriter;
  const ValuePlaces &places;
  scf::IfOp conditional;
  Region &region;
  SmallVector<DeviceOp> devices;
  int32_t device = 0, home = 0;
};
} // namespace

/// Transfers over all steps of the way.
Value BranchMover::move(Value value, int32_t from, int32_t to) {
  if (from == to || !isa<ShapedType>(value.getType()) ||
      matchPattern(value, m_Constant()))
    return value;
  int32_t previous = places.machine.hop(from, to).from;
  value = move(value, from, previous);
  return TransferOp::create(
      rewriter, value.getLoc(), value,
      FlatSymbolRefAttr::get(devices[previous].getSymNameAttr()),
      FlatSymbolRefAttr::get(devices[to].getSymNameAttr()));
}

SmallVector<Value> BranchMover::run() {
  Block &block = region.front();
  auto yield = cast<scf::YieldOp>(block.getTerminator());
  SmallVector<Value> yielded(yield.getOperands());
  // What the branch only passes on stays where it is.
  llvm::SetVector<Value> computed;
  for (Value value : yielded)
    if (value.getParentRegion() == &region)
      computed.insert(value);
  if (computed.empty())
    return yielded;
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(conditional);
  for (Value value : getCaptured(region)) {
    Value here = move(value, places.getDevice(value), device);
    if (here != value)
      rewriter.replaceUsesWithIf(value, here, [&](OpOperand &use) {
        return region.isAncestor(use.getOwner()->getParentRegion()) &&
               use.getOwner() != yield;
      });
  }
  SmallVector<Location> locations;
  for (Operation &op : block.without_terminator())
    locations.push_back(op.getLoc());
  Location loc = rewriter.getFusedLoc(locations);
  auto task = TaskOp::create(rewriter, loc,
                             ValueRange(computed.getArrayRef()).getTypes(),
                             getTaskTarget(devices[device]));
  Block *body = rewriter.createBlock(&task.getBody());
  for (Operation &op : llvm::make_early_inc_range(block.without_terminator()))
    op.moveBefore(body, body->end());
  rewriter.setInsertionPointToEnd(body);
  YieldOp::create(rewriter, loc, computed.getArrayRef());
  rewriter.setInsertionPoint(conditional);
  DenseMap<Value, Value> atHome;
  for (auto [value, result] :
       llvm::zip(computed.getArrayRef(), task.getResults()))
    atHome[value] = move(result, device, home);
  for (Value &value : yielded)
    if (Value moved = atHome.lookup(value))
      value = moved;
  return yielded;
}

void orchestra::populateSpeculationPatterns(RewritePatternSet &patterns,
                                            const ValuePlaces &places) {
  populateGeneratedPDLLPatterns(patterns);
  PDLPatternModule &native = patterns.getPDLPatterns();
  native.registerRewriteFunction("IsolateConditional", isolate);
  auto moveBranch = [&places](unsigned branch) {
    return [&places, branch](PatternRewriter &rewriter, Operation *root) {
      return BranchMover(rewriter, places, cast<scf::IfOp>(root), branch).run();
    };
  };
  native.registerRewriteFunction("ThenBranchAsTask", moveBranch(0));
  native.registerRewriteFunction("ElseBranchAsTask", moveBranch(1));
  native.registerRewriteFunction(
      "CommitOf",
      [](PatternRewriter &rewriter, Operation *root, ValueRange ifTrue,
         ValueRange ifFalse) -> Operation * {
        rewriter.setInsertionPoint(root);
        return CommitOp::create(rewriter, root->getLoc(),
                                cast<scf::IfOp>(root).getCondition(), ifTrue,
                                ifFalse);
      });
}
