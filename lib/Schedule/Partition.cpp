//===- Partition.cpp - Tasks of a program ---------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// With one device the whole model is one task: scheduling costs nothing where
// there is nothing to choose.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Schedule/Passes.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_PARTITIONPASS
#include "orchestra/Schedule/Passes.h.inc"
} // namespace orchestra

namespace {
struct Partition : orchestra::impl::PartitionPassBase<Partition> {
  using Base::Base;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (!function->hasAttr(kEntryAttrName))
        continue;
      if (!llvm::hasSingleElement(function.getBody())) {
        function.emitError(
            "control flow between blocks must be lifted to scf first");
        return signalPassFailure();
      }
      wrap(function);
    }
  }

  void wrap(func::FuncOp function) {
    Block &block = function.getBody().front();
    auto ret = cast<func::ReturnOp>(block.getTerminator());
    Location loc = function.getLoc();
    OpBuilder b = OpBuilder::atBlockBegin(&block);
    TypeRange types = ret.getOperandTypes();
    auto schedule = ScheduleOp::create(b, loc, types);
    b.createBlock(&schedule.getBody());
    auto target = b.getDictionaryAttr(
        {b.getNamedAttr("arch", b.getStringAttr(arch)),
         b.getNamedAttr("device_id", b.getI64IntegerAttr(0))});
    auto task = TaskOp::create(b, loc, types, target);
    YieldOp::create(b, loc, task.getResults());
    Block *body = b.createBlock(&task.getBody());
    body->getOperations().splice(body->end(), block.getOperations(),
                                 std::next(Block::iterator(schedule)),
                                 Block::iterator(ret));
    b.setInsertionPointToEnd(body);
    YieldOp::create(b, loc, ret.getOperands());
    ret->setOperands(schedule.getResults());
  }
};
} // namespace
