//===- SplitReduction.cpp - A cluster of blocks for one tile --------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Small results have few tiles, so most multiprocessors would idle through a
// long reduction. A cluster shares it: each block takes some of the steps, then
// the tiles are added through the cluster's shared memory, and each block
// finishes some of the columns. No buffer between, no atomics, and always the
// same order of additions.
//
//===----------------------------------------------------------------------===//
#include "Slicer.h"

#include "orchestra/Target/NVIDIA/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIASPLITREDUCTIONPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

/// The loop of a sum of products that begins at zero; null if there is another
/// or none.
static scf::ForOp getSumLoop(func::FuncOp kernel) {
  SmallVector<scf::ForOp> loops;
  kernel.walk([&](MmaOp op) {
    loops.push_back(dyn_cast<scf::ForOp>(op->getParentOp()));
  });
  if (loops.size() != 1 || !loops[0] || loops[0].getNumResults() != 1 ||
      !matchPattern(loops[0].getInitArgs()[0], m_AnyZeroFloat()))
    return nullptr;
  Value next = loops[0].getBody()->getTerminator()->getOperand(0);
  auto mma = next.getDefiningOp<MmaOp>();
  if (!mma || mma.getAccumulator() != loops[0].getRegionIterArg(0))
    return nullptr;
  return loops[0];
}

/// Leaves to each block its share of the steps.
static void shareSteps(OpBuilder &builder, scf::ForOp loop, Value rank,
                       int64_t split) {
  Location loc = loop.getLoc();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  int64_t low = *getConstantIntValue(loop.getLowerBound()),
          high = *getConstantIntValue(loop.getUpperBound()),
          step = *getConstantIntValue(loop.getStep());
  int64_t steps = llvm::divideCeil(high - low, step);
  int64_t share = llvm::divideCeil(steps, split) * step;
  Value begin = arith::MulIOp::create(builder, loc, rank, constant(share));
  if (low != 0)
    begin = arith::AddIOp::create(builder, loc, begin, constant(low));
  Value end = arith::AddIOp::create(builder, loc, begin, constant(share));
  if (steps % split != 0)
    end = arith::MinUIOp::create(builder, loc, end, constant(high));
  loop.getLowerBoundMutable().assign(begin);
  loop.getUpperBoundMutable().assign(end);
}

namespace {
struct NVIDIASplitReductionPass
    : public nvidia::impl::NVIDIASplitReductionPassBase<
          NVIDIASplitReductionPass> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    auto policy = kernel->getAttrOfType<PolicyAttr>(kPolicyAttrName);
    if (!policy || policy.getSplit() == 1 || kernel.isExternal())
      return;
    if (failed(split(kernel, policy.getSplit()))) {
      emitError(kernel.getLoc(), "the reduction of a kernel of tiles cannot be "
                                 "shared by a cluster [unsupported-by-target]");
      signalPassFailure();
    }
  }

private:
  LogicalResult split(func::FuncOp kernel, int64_t split);
};
} // namespace

LogicalResult NVIDIASplitReductionPass::split(func::FuncOp kernel,
                                              int64_t split) {
  scf::ForOp loop = getSumLoop(kernel);
  if (!loop || !getConstantIntValue(loop.getLowerBound()) ||
      !getConstantIntValue(loop.getUpperBound()) ||
      !getConstantIntValue(loop.getStep()))
    return failure();
  auto type = cast<VectorType>(loop.getResult(0).getType());
  int64_t width = type.getDimSize(1) / split;
  if (type.getDimSize(1) % split != 0 || width % 8 != 0)
    return failure();
  SmallVector<StoreOp> stores;
  kernel.walk([&](StoreOp op) { stores.push_back(op); });
  OpBuilder builder(loop);
  Value rank = RankOp::create(builder, loop.getLoc(), builder.getIndexType());
  shareSteps(builder, loop, rank, split);
  builder.setInsertionPointAfter(loop);
  auto part =
      VectorType::get({type.getDimSize(0), width}, type.getElementType());
  Value sum =
      SumClusterOp::create(builder, loop.getLoc(), part, loop.getResult(0));
  Value from = arith::MulIOp::create(
      builder, loop.getLoc(), rank,
      arith::ConstantIndexOp::create(builder, loop.getLoc(), width));
  for (StoreOp op : stores) {
    builder.setInsertionPoint(op);
    Slicer slicer(builder, from, width);
    slicer.know(loop.getResult(0), sum);
    if (!storeSlice(builder, op, slicer))
      return failure();
    Value whole = op.getValue();
    op.erase();
    eraseUnused(whole);
  }
  remark::passed(loop.getLoc(),
                 remark::RemarkOpts::name("split-reduction").category("nvidia"))
      << "a cluster shares the reduction" << remark::metric("blocks", split);
  return success();
}
