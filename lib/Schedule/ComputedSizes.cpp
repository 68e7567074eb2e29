//===- ComputedSizes.cpp - Sizes that kernels compute ---------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How many elements are not zero is known once a kernel has counted them. What
// such numbers follow from, kernel calls and all, is copied into a function of
// its own, which runs with the shape function, before anything is allocated.
// The program gets the numbers as arguments and is again one whose sizes are
// arithmetic on its arguments. Price: that part of the work is done twice; it
// is a count, unless the model counts what a network computes.
//
//===----------------------------------------------------------------------===//
#include "MemoryPlanner.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace orchestra;

/// The operands of ops that decide sizes: of buffers, of views, of conditions.
static SmallVector<Value> getSizeOperands(Block &block) {
  SmallVector<Value> sizes;
  for (Operation &op : block)
    if (isa<memref::AllocOp, cf::AssertOp, ViewLikeOpInterface>(op))
      for (Value operand : op.getOperands())
        if (!isa<MemRefType>(operand.getType()))
          sizes.push_back(operand);
  return sizes;
}

namespace {
/// Ops before a place in a block that a value follows from, those that write
/// the buffers it is read from included.
class Slice {
public:
  void need(Value value, Operation *before) {
    if (isa<MemRefType>(value.getType()))
      needWriters(getRootBuffer(value), before);
    if (Operation *def = value.getDefiningOp())
      need(def);
  }
  void need(Operation *op) {
    if (!needed.insert(op).second)
      return;
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(op->getRegions(), captured);
    captured.insert(op->operand_begin(), op->operand_end());
    for (Value operand : captured)
      need(operand, op);
  }
  SmallPtrSet<Operation *, 32> needed;

private:
  void needWriters(Value root, Operation *before) {
    if (isa<BlockArgument>(root))
      return;
    SmallVector<Value> aliases{root};
    while (!aliases.empty()) {
      Value alias = aliases.pop_back_val();
      for (Operation *user : alias.getUsers()) {
        if (isa<ViewLikeOpInterface>(user)) {
          aliases.push_back(user->getResult(0));
          continue;
        }
        Operation *top = before->getBlock()->findAncestorOpInBlock(*user);
        if (top && top != before && top->isBeforeInBlock(before) &&
            (top != user || hasEffect<MemoryEffects::Write>(user, alias)))
          need(top);
      }
    }
  }
};
} // namespace

/// The copy of what `loads` and the conditions before them follow from.
func::FuncOp MemoryPlanner::buildSizesFunction(ArrayRef<memref::LoadOp> loads) {
  Slice slice;
  Operation *last = loads.front();
  for (memref::LoadOp load : loads) {
    slice.need(load);
    if (last->isBeforeInBlock(load))
      last = load;
  }
  // What is not allowed must not run.
  for (auto condition : block.getOps<cf::AssertOp>())
    if (condition->isBeforeInBlock(last))
      slice.need(condition);
  SmallVector<Type> arguments(function.getArgumentTypes());
  arguments.push_back(MemRefType::get({ShapedType::kDynamic}, b.getI8Type()));
  SmallVector<Type> results(loads.size(), b.getI64Type());
  b.setInsertionPoint(function);
  auto sizes =
      func::FuncOp::create(b, loc, getPartName(kSizesFunctionName, function),
                           b.getFunctionType(arguments, results));
  OpBuilder inner = OpBuilder::atBlockEnd(sizes.addEntryBlock());
  IRMapping map;
  map.map(function.getArguments(), sizes.getArguments().drop_back());
  for (Operation &op : block)
    if (slice.needed.contains(&op))
      inner.clone(op, map);
  SmallVector<Value> returned;
  for (memref::LoadOp load : loads) {
    Value value = map.lookup(load.getResult());
    if (value.getType().isIndex())
      value = arith::IndexCastOp::create(inner, loc, b.getI64Type(), value);
    else if (value.getType().isInteger(1))
      value = arith::ExtUIOp::create(inner, loc, b.getI64Type(), value);
    else if (!value.getType().isInteger(64))
      value = arith::ExtSIOp::create(inner, loc, b.getI64Type(), value);
    returned.push_back(value);
  }
  func::ReturnOp::create(inner, loc, returned);
  return sizes;
}

/// Makes numbers that kernels compute, and sizes follow from, arguments.
LogicalResult MemoryPlanner::separateSizes() {
  SmallVector<memref::LoadOp> loads;
  SmallPtrSet<Operation *, 32> seen;
  SmallVector<Value> work = getSizeOperands(block);
  while (!work.empty()) {
    Operation *def = work.pop_back_val().getDefiningOp();
    if (!def || def->getBlock() != &block || !seen.insert(def).second)
      continue;
    if (auto load = dyn_cast<memref::LoadOp>(def); load && !readsInput(load))
      loads.push_back(load);
    else if (isArithmetic(def) && !isa<memref::DimOp>(def))
      llvm::append_range(work, def->getOperands());
  }
  if (loads.empty())
    return success();
  constexpr size_t most = 1024; // ORCH_MAX_COMPUTED_SIZES of the runtime
  for (memref::LoadOp load : loads)
    if (numDevices > 1 || loads.size() > most || !load.getType().isIntOrIndex())
      return load.emitError(kDataDependentSize);
  sizesFunction = buildSizesFunction(loads);
  for (memref::LoadOp load : loads) {
    (void)function.insertArgument(numInputs, b.getI64Type(), {}, load.getLoc());
    b.setInsertionPoint(load);
    Value number = function.getArgument(numInputs++);
    if (load.getType().isIndex())
      number =
          arith::IndexCastOp::create(b, load.getLoc(), load.getType(), number);
    else if (load.getType() != number.getType())
      number =
          arith::TruncIOp::create(b, load.getLoc(), load.getType(), number);
    load.replaceAllUsesWith(number);
    load.erase();
  }
  return success();
}
