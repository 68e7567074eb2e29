//===- SplitConstants.cpp - Work on constants, done at compile time -------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/HostProgram.h"
#include "orchestra/Transforms/Passes.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_SPLITCONSTANTSPASS
#include "orchestra/Transforms/Passes.h.inc"
} // namespace orchestra

/// Results of at most this many times the bytes of what they are made of are
/// kept as constants; larger ones (a broadcast) are cheaper to make than load.
static constexpr int64_t kMaxGrowth = 4;

static int64_t getBytes(ValueRange values) {
  int64_t bytes = 0;
  for (Value value : values)
    if (auto type = dyn_cast<RankedTensorType>(value.getType());
        type && type.hasStaticShape() && type.getElementType().isIntOrFloat())
      bytes += type.getNumElements() *
               llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  return bytes;
}

namespace {
/// Ops that compute the same.
struct EqualOps : llvm::DenseMapInfo<Operation *> {
  static unsigned getHashValue(const Operation *op) {
    return OperationEquivalence::computeHash(
        const_cast<Operation *>(op), OperationEquivalence::directHashValue,
        OperationEquivalence::ignoreHashValue,
        OperationEquivalence::IgnoreLocations);
  }
  static bool isEqual(const Operation *left, const Operation *right) {
    auto *a = const_cast<Operation *>(left),
         *b = const_cast<Operation *>(right);
    if (a == b || a == getEmptyKey() || a == getTombstoneKey() ||
        b == getEmptyKey() || b == getTombstoneKey())
      return a == b;
    return OperationEquivalence::isEquivalentTo(
        a, b, OperationEquivalence::IgnoreLocations);
  }
};

struct SplitConstants
    : orchestra::impl::SplitConstantsPassBase<SplitConstants> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<func::FuncOp> entries = getEntries(getOperation());
    llvm::erase_if(entries, [](func::FuncOp function) {
      return !llvm::hasSingleElement(function.getBody());
    });
    if (!entries.empty())
      split(entries);
  }

  /// The ops of an entry, those of its tasks too: what tasks make of constants
  /// is not the tasks' work.
  static void collect(func::FuncOp entry, SmallVectorImpl<Operation *> &ops) {
    for (Operation &op : entry.getBody().front().without_terminator()) {
      auto schedule = dyn_cast<ScheduleOp>(op);
      if (!schedule) {
        ops.push_back(&op);
        continue;
      }
      for (TaskOp task : schedule.getBody().getOps<TaskOp>())
        for (Operation &inner : task.getBody().front().without_terminator())
          ops.push_back(&inner);
    }
  }

  void split(MutableArrayRef<func::FuncOp> entries) {
    DenseSet<Value> constants;
    SetVector<Operation *> moved;
    SmallVector<Operation *> ops;
    for (func::FuncOp entry : entries)
      collect(entry, ops);
    for (Operation *each : ops) {
      Operation &op = *each;
      bool constant =
          isa<arith::ConstantOp, tensor::EmptyOp>(op)
              ? op.getNumOperands() == 0
              : isMemoryEffectFree(&op) && op.getNumRegions() == 0 &&
                    llvm::all_of(op.getOperands(), [&](Value operand) {
                      return constants.contains(operand);
                    });
      // What a function of the runtime gives may hold for one run only.
      if (auto dispatch = dyn_cast<DispatchOp>(op))
        constant = !dispatch.getKernel().starts_with(kHostFunctionPrefix) &&
                   llvm::all_of(op.getOperands(),
                                [&](Value operand) {
                                  return constants.contains(operand);
                                }) &&
                   getBytes(dispatch.getResults()) <=
                       std::max<int64_t>(
                           kMaxGrowth * getBytes(dispatch.getInputs()), 1024);
      // A size that is computed, or hidden, makes types that constants cannot
      // have.
      constant &= llvm::all_of(op.getResultTypes(), [](Type type) {
        auto shaped = dyn_cast<ShapedType>(type);
        return !shaped || shaped.hasStaticShape();
      });
      if (!constant)
        continue;
      moved.insert(&op);
      constants.insert(op.result_begin(), op.result_end());
    }
    // What leaves: a computed tensor that something else uses.
    auto isComputed = [&](Value value) {
      SmallVector<Value> work{value};
      SmallPtrSet<Operation *, 8> seen;
      while (!work.empty()) {
        Operation *def = work.pop_back_val().getDefiningOp();
        if (!seen.insert(def).second)
          continue;
        if (isa<DispatchOp>(def))
          return true;
        llvm::append_range(work, def->getOperands());
      }
      return false;
    };
    SmallVector<Value> results;
    for (Operation *op : moved)
      for (Value result : op->getResults())
        if (isa<RankedTensorType>(result.getType()) && isComputed(result) &&
            llvm::any_of(result.getUsers(), [&](Operation *user) {
              return !moved.contains(user);
            }))
          results.push_back(result);
    if (results.empty())
      return;
    OpBuilder b(entries.front());
    Location loc = entries.front().getLoc();
    auto fold = func::FuncOp::create(b, loc, kFoldFunctionName,
                                     b.getFunctionType({}, {}));
    fold->setAttr(kEntryAttrName, b.getUnitAttr());
    IRMapping map;
    OpBuilder inner = OpBuilder::atBlockEnd(fold.addEntryBlock());
    // Tasks that share a weight have a pack of it each: one is enough.
    llvm::DenseSet<Operation *, EqualOps> different;
    for (Operation *op : moved) {
      Operation *clone = inner.clone(*op, map);
      auto [it, isNew] = different.insert(clone);
      if (isNew)
        continue;
      map.map(op->getResults(), (*it)->getResults());
      clone->erase();
    }
    SetVector<Value> returned;
    for (Value result : results)
      returned.insert(map.lookup(result));
    func::ReturnOp::create(inner, loc, returned.getArrayRef());
    fold.setFunctionType(
        b.getFunctionType({}, ValueRange(returned.getArrayRef()).getTypes()));
    DenseMap<Operation *, func::CallOp> calls;
    for (Value result : results) {
      auto entry = result.getDefiningOp()->getParentOfType<func::FuncOp>();
      func::CallOp &call = calls[entry];
      if (!call) {
        b.setInsertionPointToStart(&entry.getBody().front());
        call = func::CallOp::create(b, loc, fold, ValueRange());
      }
      auto *place = llvm::find(returned, map.lookup(result));
      result.replaceAllUsesWith(
          call.getResult(std::distance(returned.begin(), place)));
    }
    for (Operation *op : llvm::reverse(moved))
      if (op->use_empty())
        op->erase();
    SmallVector<Operation *> folded;
    for (Operation &op : fold.getBody().front().without_terminator())
      folded.push_back(&op);
    for (Operation *op : llvm::reverse(folded))
      if (op->use_empty())
        op->erase();
  }
};
} // namespace
