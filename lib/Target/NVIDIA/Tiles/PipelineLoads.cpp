//===- PipelineLoads.cpp - Loads of a loop through a channel --------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loads of one loop body that come before the first use of any share a channel,
// hence one barrier a stage; what is loaded later has one of its own. Uses
// of the channel are numbered by the loops around, which count from zero: no
// state is carried, so producer and consumers agree by construction. What is
// loaded around a loop that loads itself has one stage: the loop hides the wait
// for it.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/NVIDIA/Passes.h"
#include "orchestra/Target/NVIDIA/Tiles.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Remarks.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIAPIPELINELOADSPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

/// How often the body of the loop runs, if that is known.
static std::optional<int64_t> getTrips(scf::ForOp loop) {
  auto low = getConstantIntValue(loop.getLowerBound());
  auto high = getConstantIntValue(loop.getUpperBound());
  auto step = getConstantIntValue(loop.getStep());
  if (!low || !high || !step || *high <= *low)
    return std::nullopt;
  return llvm::divideCeil(*high - *low, *step);
}

/// The number of this run of `loop`'s body among all that the block makes; null
/// if a loop around has no constant number of runs.
static Value getNumber(OpBuilder &builder, scf::ForOp loop) {
  Location loc = loop.getLoc();
  Value number;
  int64_t inner = 1;
  for (scf::ForOp at = loop; at; at = at->getParentOfType<scf::ForOp>()) {
    Value run = at.getInductionVar();
    auto constant = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(builder, loc, value);
    };
    if (!isConstantIntValue(at.getLowerBound(), 0))
      run = arith::SubIOp::create(builder, loc, run, at.getLowerBound());
    std::optional<int64_t> step = getConstantIntValue(at.getStep());
    if (!step)
      return nullptr;
    if (*step != 1)
      run = arith::DivUIOp::create(builder, loc, run, constant(*step));
    if (inner != 1)
      run = arith::MulIOp::create(builder, loc, run, constant(inner));
    number = number ? arith::AddIOp::create(builder, loc, run, number) : run;
    std::optional<int64_t> trips = getTrips(at);
    // Only the outermost loop may run as often as it likes.
    if (!trips && at->getParentOfType<scf::ForOp>())
      return nullptr;
    inner *= trips.value_or(1);
  }
  return number;
}

/// Makes a channel of some loads of one block: a loop's body or the kernel's.
static LogicalResult pipeline(func::FuncOp kernel,
                              MutableArrayRef<LoadOp> loads, int64_t stages) {
  Block &block = *loads.front()->getBlock();
  SmallVector<Type> types;
  for (LoadOp op : loads)
    types.push_back(op.getTile().getType());
  Location loc = loads.front().getLoc();
  OpBuilder builder = OpBuilder::atBlockBegin(&kernel.getBody().front());
  auto type = ChannelType::get(kernel.getContext(), stages, types);
  Value channel = ChannelOp::create(builder, loc, type);

  auto loop = dyn_cast<scf::ForOp>(block.getParentOp());
  if (loop)
    builder.setInsertionPointToStart(&block);
  Value number = loop ? getNumber(builder, loop)
                      : arith::ConstantIndexOp::create(builder, loc, 0);
  if (!number)
    return emitError(loc, "loads of a kernel for NVIDIA stand in loops whose "
                          "runs cannot be counted [unsupported-by-target]");
  builder.setInsertionPoint(loads.back());
  auto slots = AcquireOp::create(builder, loc, types, channel, number);
  for (auto [op, slot] : llvm::zip_equal(loads, slots.getTiles()))
    CopyOp::create(builder, op.getLoc(), op.getSource(), op.getIndices(), slot,
                   channel, number, op.getDimsAttr(), op.getWindowsAttr());
  auto tiles = AwaitOp::create(builder, loc, types, channel, number);
  Operation *last = tiles;
  for (auto [op, tile] : llvm::zip_equal(loads, tiles.getTiles())) {
    for (Operation *user : op.getTile().getUsers()) {
      Operation *inBlock = block.findAncestorOpInBlock(*user);
      if (last->isBeforeInBlock(inBlock))
        last = inBlock;
    }
    op.getTile().replaceAllUsesWith(tile);
    op.erase();
  }
  builder.setInsertionPointAfter(last);
  ReleaseOp::create(builder, loc, channel, number);
  int64_t bytes = 0;
  for (Type tile : types)
    bytes += getTileBytes(cast<MemRefType>(tile)) * stages;
  remark::passed(loc,
                 remark::RemarkOpts::name("pipeline-loads").category("nvidia"))
      << "loads are in flight ahead of their use"
      << remark::metric("stages", stages) << remark::metric("bytes", bytes);
  return success();
}

/// The loads of a block, parted where one comes behind the use of another.
static SmallVector<SmallVector<LoadOp>> getGroups(Block &block) {
  SmallVector<SmallVector<LoadOp>> groups;
  for (LoadOp op : block.getOps<LoadOp>()) {
    auto isBehindUse = [&](LoadOp before) {
      return llvm::any_of(before.getTile().getUsers(), [&](Operation *user) {
        return block.findAncestorOpInBlock(*user)->isBeforeInBlock(op);
      });
    };
    if (groups.empty() || llvm::any_of(groups.back(), isBehindUse))
      groups.emplace_back();
    groups.back().push_back(op);
  }
  return groups;
}

/// Whether a loop in `block` loads.
static bool hasLoadingLoop(Block &block) {
  bool found = false;
  for (auto loop : block.getOps<scf::ForOp>())
    loop.walk([&](LoadOp) { found = true; });
  return found;
}

namespace {
struct NVIDIAPipelineLoadsPass
    : public nvidia::impl::NVIDIAPipelineLoadsPassBase<
          NVIDIAPipelineLoadsPass> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    auto policy = kernel->getAttrOfType<PolicyAttr>(kPolicyAttrName);
    if (!policy || kernel.isExternal())
      return;
    llvm::SetVector<Block *> blocks;
    WalkResult result = kernel.walk([&](LoadOp op) {
      if (!isa<scf::ForOp, func::FuncOp>(op->getParentOp())) {
        emitError(op.getLoc(), "a load of a kernel for NVIDIA stands in a "
                               "branch [unsupported-by-target]");
        return WalkResult::interrupt();
      }
      blocks.insert(op->getBlock());
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    SmallVector<std::pair<SmallVector<LoadOp>, int64_t>> channels;
    for (Block *block : blocks) {
      int64_t stages = hasLoadingLoop(*block) ? 1 : policy.getStages();
      for (const SmallVector<LoadOp> &group : getGroups(*block))
        channels.emplace_back(group, stages);
    }
    for (auto &[loads, stages] : channels)
      if (failed(pipeline(kernel, loads, stages)))
        return signalPassFailure();
  }
};
} // namespace
