//===- SplitConstants.cpp - Work on constants, done at compile time -------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
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
struct SplitConstants
    : orchestra::impl::SplitConstantsPassBase<SplitConstants> {
  using Base::Base;

  void runOnOperation() override {
    for (auto function : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (function->hasAttr(kEntryAttrName) &&
          llvm::hasSingleElement(function.getBody()))
        split(function);
  }

  void split(func::FuncOp entry) {
    Block &block = entry.getBody().front();
    DenseSet<Value> constants;
    SetVector<Operation *> moved;
    for (Operation &op : block.without_terminator()) {
      bool constant =
          isa<arith::ConstantOp, tensor::EmptyOp>(op)
              ? op.getNumOperands() == 0
              : isMemoryEffectFree(&op) && op.getNumRegions() == 0 &&
                    llvm::all_of(op.getOperands(), [&](Value operand) {
                      return constants.contains(operand);
                    });
      if (auto dispatch = dyn_cast<DispatchOp>(op))
        constant = llvm::all_of(op.getOperands(),
                                [&](Value operand) {
                                  return constants.contains(operand);
                                }) &&
                   getBytes(dispatch.getResults()) <=
                       std::max<int64_t>(
                           kMaxGrowth * getBytes(dispatch.getInputs()), 1024);
      if (!constant)
        continue;
      moved.insert(&op);
      constants.insert(op.result_begin(), op.result_end());
    }
    // What leaves: a computed tensor that something else uses.
    auto isComputed = [&](Value value) {
      SmallVector<Value> work{value};
      while (!work.empty()) {
        Operation *def = work.pop_back_val().getDefiningOp();
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
    OpBuilder b(entry);
    Location loc = entry.getLoc();
    auto fold = func::FuncOp::create(
        b, loc, kFoldFunctionName,
        b.getFunctionType({}, ValueRange(results).getTypes()));
    fold->setAttr(kEntryAttrName, b.getUnitAttr());
    IRMapping map;
    OpBuilder inner = OpBuilder::atBlockEnd(fold.addEntryBlock());
    for (Operation *op : moved)
      inner.clone(*op, map);
    SmallVector<Value> returned;
    for (Value result : results)
      returned.push_back(map.lookup(result));
    func::ReturnOp::create(inner, loc, returned);
    b.setInsertionPointToStart(&block);
    auto call = func::CallOp::create(b, loc, fold, ValueRange());
    for (auto [result, value] : llvm::zip(results, call.getResults()))
      result.replaceAllUsesWith(value);
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
