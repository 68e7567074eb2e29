//===- SpecializeWarps.cpp - One warpgroup loads, the others compute ------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernel's body is cloned into both roles. What belongs to the other role
// is erased; what then has no use goes with it, results of loops included. So
// control flow and index arithmetic are repeated by each role, and only
// channels connect them.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/NVIDIA/Passes.h"
#include "orchestra/Target/NVIDIA/Tiles.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIASPECIALIZEWARPSPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

static bool isProducers(Operation *op) { return isa<AcquireOp, CopyOp>(op); }

static bool isConsumers(Operation *op) {
  return isa<AwaitOp, ReleaseOp, MmaOp, StoreOp, ReadOp, SumClusterOp>(op);
}

/// Drops what `loop` carries and nobody reads.
static void dropCarried(scf::ForOp loop) {
  if (loop.getNumResults() == 0 || !loop->use_empty())
    return;
  OpBuilder builder(loop);
  auto plain = scf::ForOp::create(builder, loop.getLoc(), loop.getLowerBound(),
                                  loop.getUpperBound(), loop.getStep());
  loop.getBody()->getTerminator()->setOperands({});
  for (BlockArgument argument : loop.getRegionIterArgs())
    argument.dropAllUses();
  loop.getInductionVar().replaceAllUsesWith(plain.getInductionVar());
  loop.getBody()->getTerminator()->erase();
  plain.getBody()->getOperations().splice(plain.getBody()->begin(),
                                          loop.getBody()->getOperations());
  loop.erase();
}

/// Erases what `isOther` says and what only that used.
static void keepRole(Region &region, bool (*isOther)(Operation *)) {
  // Users before definitions; a use inside of a loop that is about to lose what
  // it carries is dropped.
  SmallVector<Operation *> ops;
  region.walk<WalkOrder::PreOrder>([&](Operation *op) { ops.push_back(op); });
  for (Operation *op : llvm::reverse(ops)) {
    if (isOther(op)) {
      op->dropAllUses();
      op->erase();
    } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
      dropCarried(loop);
    } else if (isOpTriviallyDead(op)) {
      op->erase();
    }
  }
  // What loops carried had uses until now.
  ops.clear();
  region.walk<WalkOrder::PreOrder>([&](Operation *op) { ops.push_back(op); });
  for (Operation *op : llvm::reverse(ops))
    if (isOpTriviallyDead(op))
      op->erase();
}

namespace {
struct NVIDIASpecializeWarpsPass
    : public nvidia::impl::NVIDIASpecializeWarpsPassBase<
          NVIDIASpecializeWarpsPass> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    auto policy = kernel->getAttrOfType<PolicyAttr>(kPolicyAttrName);
    if (!policy || kernel.isExternal())
      return;
    Block &body = kernel.getBody().front();
    SmallVector<Operation *> work;
    for (Operation &op : body.without_terminator())
      if (!isa<ChannelOp>(op))
        work.push_back(&op);
    OpBuilder builder(body.getTerminator());
    auto roles =
        RolesOp::create(builder, kernel.getLoc(), policy.getConsumers());
    std::pair<Region *, bool (*)(Operation *)> parts[] = {
        {&roles.getProducer(), isConsumers},
        {&roles.getConsumer(), isProducers}};
    for (auto [region, isOther] : parts) {
      builder.setInsertionPointToStart(&region->emplaceBlock());
      IRMapping mapping;
      for (Operation *op : work)
        builder.clone(*op, mapping);
      keepRole(*region, isOther);
    }
    for (Operation *op : llvm::reverse(work))
      op->erase();
  }
};
} // namespace
