//===- TaskScalars.cpp - Numbers that tasks hand on -----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/TaskScalars.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace orchestra;

/// Whether all uses of `result` are in tasks.
static bool isUsedByTasksOnly(OpResult result) {
  Block *block = result.getOwner()->getBlock();
  return llvm::all_of(result.getUsers(), [&](Operation *user) {
    return isa<TaskOp>(block->findAncestorOpInBlock(*user)) &&
           !isa<TaskOp>(user);
  });
}

/// What `value` is in memory: an index has no size of its own.
static Type getStoredType(Value value) {
  return value.getType().isIndex()
             ? Type(IntegerType::get(value.getContext(), 64))
             : value.getType();
}

TaskOp orchestra::boxScalars(RewriterBase &rewriter, TaskOp task) {
  SmallVector<Type> types(task.getResultTypes());
  llvm::SmallBitVector boxed(types.size());
  for (OpResult result : task->getResults()) {
    Type type = getStoredType(result);
    if (!type.isIntOrFloat() || !isUsedByTasksOnly(result))
      continue;
    boxed.set(result.getResultNumber());
    types[result.getResultNumber()] = RankedTensorType::get({}, type);
  }
  if (boxed.none())
    return task;

  OpBuilder::InsertionGuard guard(rewriter);
  Location loc = task.getLoc();
  auto yield = cast<YieldOp>(task.getBody().front().getTerminator());
  rewriter.setInsertionPoint(yield);
  SmallVector<Value> values(yield.getValues());
  for (unsigned i : boxed.set_bits()) {
    Value value = values[i];
    if (value.getType().isIndex())
      value = arith::IndexCastOp::create(rewriter, loc, getStoredType(value),
                                         value);
    values[i] = tensor::FromElementsOp::create(
        rewriter, loc, cast<RankedTensorType>(types[i]), value);
  }
  rewriter.modifyOpInPlace(yield, [&] { yield->setOperands(values); });

  OperationState state(loc, TaskOp::getOperationName(), {}, types,
                       llvm::to_vector(task->getDiscardableAttrs()));
  state.addRegion();
  rewriter.setInsertionPoint(task);
  auto made = cast<TaskOp>(rewriter.create(state));
  made->copyProperties(task->getPropertiesStorage());
  rewriter.inlineRegionBefore(task.getBody(), made.getBody(),
                              made.getBody().end());
  for (auto [number, old] : llvm::enumerate(task->getResults())) {
    Value result = made.getResult(number);
    if (!boxed.test(number)) {
      rewriter.replaceAllUsesWith(old, result);
      continue;
    }
    llvm::MapVector<Operation *, SmallVector<OpOperand *>> uses;
    for (OpOperand &use : old.getUses())
      uses[task->getBlock()->findAncestorOpInBlock(*use.getOwner())].push_back(
          &use);
    for (auto &[user, operands] : uses) {
      rewriter.setInsertionPointToStart(&cast<TaskOp>(user).getBody().front());
      Value value =
          tensor::ExtractOp::create(rewriter, loc, result, ValueRange());
      if (old.getType().isIndex())
        value = arith::IndexCastOp::create(rewriter, loc, old.getType(), value);
      for (OpOperand *use : operands)
        rewriter.modifyOpInPlace(use->getOwner(), [&] { use->set(value); });
    }
  }
  rewriter.eraseOp(task);
  return made;
}
