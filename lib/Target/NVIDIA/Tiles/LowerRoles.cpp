//===- LowerRoles.cpp - Roles to one branch on the warpgroup --------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The producer is the first warpgroup: one thread of its first warp works. It
// gives registers away to the consumers, which setmaxnreg allows only as the
// first thing in each side of one branch, at a launch of known size.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/NVIDIA/Passes.h"
#include "orchestra/Target/NVIDIA/Tiles.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIALOWERROLESPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

/// Registers of the hardware for each thread of one warpgroup.
static constexpr int64_t kRegisters = 65536 / kWarpgroupThreads;
static constexpr int64_t kProducerRegisters = 40;
/// The most a thread can name, in steps of 8.
static constexpr int64_t kMaxRegisters = 232;

static void lower(RolesOp roles) {
  OpBuilder builder(roles);
  Location loc = roles.getLoc();
  MLIRContext *ctx = roles.getContext();
  Type i32 = builder.getI32Type();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getI32IntegerAttr(value));
  };
  Value thread = NVVM::ThreadIdXOp::create(builder, loc, i32);
  Value warpgroup = arith::ShRUIOp::create(builder, loc, thread, constant(7));
  Value warp = arith::ShRUIOp::create(builder, loc, thread, constant(5));
  Value isProducer = arith::CmpIOp::create(
      builder, loc, arith::CmpIPredicate::eq, warpgroup, constant(0));
  auto branch =
      scf::IfOp::create(builder, loc, isProducer, /*withElseRegion=*/true);

  // One consumer has all the registers that it can name anyway.
  bool regroup = roles.getConsumers() > 1;
  auto setRegisters = [&](int64_t count, NVVM::SetMaxRegisterAction action) {
    if (regroup)
      NVVM::SetMaxRegisterOp::create(
          builder, loc, builder.getI32IntegerAttr(count),
          NVVM::SetMaxRegisterActionAttr::get(ctx, action));
  };
  builder.setInsertionPointToStart(branch.thenBlock());
  setRegisters(kProducerRegisters, NVVM::SetMaxRegisterAction::decrease);
  Value isFirst = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                        warp, constant(0));
  Value elected = NVVM::ElectSyncOp::create(builder, loc, builder.getI1Type(),
                                            /*membermask=*/Value());
  Value works = arith::AndIOp::create(builder, loc, isFirst, elected);
  auto producer = scf::IfOp::create(builder, loc, works);
  Block *to = producer.thenBlock();
  to->getOperations().splice(to->getTerminator()->getIterator(),
                             roles.getProducer().front().getOperations());

  builder.setInsertionPointToStart(branch.elseBlock());
  int64_t share = (kRegisters - kProducerRegisters) / roles.getConsumers();
  setRegisters(std::min(kMaxRegisters, share / 8 * 8),
               NVVM::SetMaxRegisterAction::increase);
  Value number = arith::SubIOp::create(builder, loc, warpgroup, constant(1));
  number =
      arith::IndexCastOp::create(builder, loc, builder.getIndexType(), number);
  to = branch.elseBlock();
  to->getOperations().splice(to->getTerminator()->getIterator(),
                             roles.getConsumer().front().getOperations());
  branch.getElseRegion().walk([&](WarpgroupOp op) {
    op.replaceAllUsesWith(number);
    op.erase();
  });
  roles.erase();
}

namespace {
struct NVIDIALowerRolesPass
    : public nvidia::impl::NVIDIALowerRolesPassBase<NVIDIALowerRolesPass> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    SmallVector<RolesOp> all;
    kernel.walk([&](RolesOp roles) { all.push_back(roles); });
    SmallVector<RankOp> ranks;
    kernel.walk([&](RankOp rank) { ranks.push_back(rank); });
    for (RankOp rank : ranks) {
      OpBuilder builder(rank);
      Value number =
          NVVM::ClusterId::create(builder, rank.getLoc(), builder.getI32Type());
      rank.replaceAllUsesWith(arith::IndexCastOp::create(builder, rank.getLoc(),
                                                         builder.getIndexType(),
                                                         number)
                                  .getResult());
      rank.erase();
    }
    for (RolesOp roles : all) {
      int32_t threads =
          int32_t(kWarpgroupThreads) * (1 + int32_t(roles.getConsumers()));
      kernel->setAttr(gpu::GPUDialect::KnownBlockSizeAttrHelper::getNameStr(),
                      DenseI32ArrayAttr::get(&getContext(), {threads, 1, 1}));
      lower(roles);
    }
  }
};
} // namespace
