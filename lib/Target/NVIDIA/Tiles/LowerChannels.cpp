//===- LowerChannels.cpp - Channels to shared memory and mbarriers --------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Use n of a channel of S stages is of slot n mod S in round n div S. A barrier
// completes once a round, so its phase has the parity of the round: consumers
// wait on "full" for that parity, the producer on "empty" for the other, which
// a fresh barrier lets pass.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/NVIDIA/Passes.h"
#include "orchestra/Target/NVIDIA/Tiles.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIALOWERCHANNELSPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

/// Nanoseconds a thread may sleep between looks at a barrier.
static constexpr int64_t kWaitTicks = 10000000;
static constexpr int64_t kBarrierBytes = 8;
/// What 128-byte swizzling wants of a tile's address.
static constexpr int64_t kTileAlignment = 1024;

namespace {
class Channel {
public:
  Channel(ChannelOp op, RolesOp roles);
  void lower();

private:
  Value constant(int64_t value) {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getI32IntegerAttr(value));
  }
  Value at(Value base, Value offset) {
    return LLVM::GEPOp::create(builder, loc, base.getType(),
                               builder.getI8Type(), base, ValueRange(offset));
  }
  /// Slot and round of use `number`.
  std::pair<Value, Value> getUse(Value number) {
    Value n =
        arith::IndexCastOp::create(builder, loc, builder.getI32Type(), number);
    Value stages = constant(type.getStages());
    return {arith::RemUIOp::create(builder, loc, n, stages),
            arith::DivUIOp::create(builder, loc, n, stages)};
  }
  Value getBarrier(Value slot, bool empty) {
    Value offset =
        arith::MulIOp::create(builder, loc, slot, constant(kBarrierBytes));
    if (empty)
      offset = arith::AddIOp::create(
          builder, loc, offset, constant(type.getStages() * kBarrierBytes));
    return at(barriers, offset);
  }
  void wait(Value barrier, Value parity) {
    NVVM::MBarrierTryWaitParityOp::create(builder, loc, barrier, parity,
                                          constant(kWaitTicks));
  }
  void initialize();
  void lowerAcquire(AcquireOp op);
  void lowerAwait(AwaitOp op);
  void lowerRelease(ReleaseOp op);
  void lowerTiles(ValueRange tiles, Value slot);

  ChannelOp op;
  RolesOp roles;
  ChannelType type;
  Location loc;
  OpBuilder builder;
  SmallVector<Value> rings; ///< of each kind of tile
  Value barriers;           ///< full ones, then empty ones
};
} // namespace

Channel::Channel(ChannelOp op, RolesOp roles)
    : op(op), roles(roles), type(op.getChannel().getType()), loc(op.getLoc()),
      builder(op) {
  for (Type tile : type.getTiles())
    rings.push_back(SharedOp::create(
        builder, loc, LLVM::LLVMPointerType::get(op.getContext(), 3),
        type.getStages() *
            llvm::alignTo(getTileBytes(cast<MemRefType>(tile)), kTileAlignment),
        kTileAlignment));
  barriers = SharedOp::create(
      builder, loc, LLVM::LLVMPointerType::get(op.getContext(), 3),
      2 * type.getStages() * kBarrierBytes, kBarrierBytes);
}

void Channel::lower() {
  initialize();
  for (Operation *user : llvm::make_early_inc_range(op->getUsers())) {
    builder.setInsertionPoint(user);
    loc = user->getLoc();
    llvm::TypeSwitch<Operation *>(user)
        .Case([&](AcquireOp acquire) { lowerAcquire(acquire); })
        .Case([&](AwaitOp await) { lowerAwait(await); })
        .Case([&](ReleaseOp release) { lowerRelease(release); })
        .Case([&](BarrierOp barrier) {
          auto [slot, round] = getUse(barrier.getNumber());
          barrier.replaceAllUsesWith(getBarrier(slot, /*empty=*/false));
          barrier.erase();
        });
  }
}

/// One thread makes the barriers before anybody waits.
void Channel::initialize() {
  builder.setInsertionPoint(roles);
  Value thread = NVVM::ThreadIdXOp::create(builder, loc, builder.getI32Type());
  Value first = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                      thread, constant(0));
  auto branch = scf::IfOp::create(builder, loc, first);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  for (int64_t slot = 0; slot < type.getStages(); ++slot)
    for (bool empty : {false, true})
      NVVM::MBarrierInitOp::create(
          builder, loc, getBarrier(constant(slot), empty),
          constant(empty ? roles.getConsumers() : 1), /*predicate=*/Value());
}

void Channel::lowerAcquire(AcquireOp op) {
  auto [slot, round] = getUse(op.getNumber());
  Value parity = arith::AndIOp::create(builder, loc, round, constant(1));
  wait(getBarrier(slot, /*empty=*/true),
       arith::XOrIOp::create(builder, loc, parity, constant(1)));
  int64_t bytes = 0;
  for (Type tile : type.getTiles())
    bytes += getTileBytes(cast<MemRefType>(tile));
  NVVM::MBarrierArriveExpectTxOp::create(
      builder, loc, TypeRange(), getBarrier(slot, /*empty=*/false),
      constant(bytes), NVVM::MemScopeKind::CTA, /*relaxed=*/false, Value());
  lowerTiles(op.getTiles(), slot);
  op.erase();
}

void Channel::lowerAwait(AwaitOp op) {
  auto [slot, round] = getUse(op.getNumber());
  wait(getBarrier(slot, /*empty=*/false),
       arith::AndIOp::create(builder, loc, round, constant(1)));
  lowerTiles(op.getTiles(), slot);
  op.erase();
}

void Channel::lowerRelease(ReleaseOp op) {
  auto [slot, round] = getUse(op.getNumber());
  Value barrier = getBarrier(slot, /*empty=*/true);
  // Instructions of a warpgroup are over for all of its warps at once, so one
  // thread speaks for it.
  Value thread = NVVM::ThreadIdXOp::create(builder, loc, builder.getI32Type());
  Value leader = arith::CmpIOp::create(
      builder, loc, arith::CmpIPredicate::eq,
      arith::AndIOp::create(builder, loc, thread,
                            constant(kWarpgroupThreads - 1)),
      constant(0));
  auto branch = scf::IfOp::create(builder, loc, leader);
  builder.setInsertionPointToStart(branch.thenBlock());
  NVVM::MBarrierArriveOp::create(builder, loc, builder.getI64Type(), barrier,
                                 Value(), NVVM::MemScopeKind::CTA,
                                 /*relaxed=*/false);
  op.erase();
}

/// Replaces addresses and descriptors of the tiles in `slot`.
void Channel::lowerTiles(ValueRange tiles, Value slot) {
  for (auto [tile, ring] : llvm::zip_equal(tiles, rings)) {
    auto tileType = cast<MemRefType>(tile.getType());
    int64_t bytes = llvm::alignTo(getTileBytes(tileType), kTileAlignment);
    Value offset = arith::MulIOp::create(builder, loc, slot, constant(bytes));
    Value address = at(ring, offset);
    for (Operation *user : llvm::make_early_inc_range(tile.getUsers())) {
      if (auto op = dyn_cast<AddressOp>(user)) {
        op.replaceAllUsesWith(address);
        op.erase();
      } else if (auto op = dyn_cast<DescriptorOp>(user)) {
        // Fields in units of 16 bytes. The leading offset, from panel to panel,
        // counts if the tile is not k-major.
        int64_t leading =
            op.getKMajor() ? 16 : tileType.getDimSize(0) * kPanelBytes;
        Value word = LLVM::PtrToIntOp::create(builder, loc,
                                              builder.getI32Type(), address);
        word = arith::AndIOp::create(builder, loc, word, constant(0x3FFFF));
        word = arith::ShRUIOp::create(builder, loc, word, constant(4));
        Value descriptor = arith::OrIOp::create(builder, loc, word,
                                                constant(leading >> 4 << 16));
        op.replaceAllUsesWith(descriptor);
        op.erase();
      }
    }
  }
}

namespace {
struct NVIDIALowerChannelsPass
    : public nvidia::impl::NVIDIALowerChannelsPassBase<
          NVIDIALowerChannelsPass> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr(kPolicyAttrName) || kernel.isExternal())
      return;
    auto roles = llvm::to_vector(kernel.getOps<RolesOp>());
    auto channels = llvm::to_vector(kernel.getOps<ChannelOp>());
    if (channels.empty())
      return;
    if (roles.size() != 1) {
      emitError(kernel.getLoc(), "a kernel with channels needs one producer "
                                 "and its consumers [unsupported-by-target]");
      return signalPassFailure();
    }
    for (ChannelOp op : channels) {
      Channel(op, roles[0]).lower();
      if (!op->use_empty()) {
        emitError(op.getLoc(), "a channel is used in a way that has no "
                               "lowering [unsupported-by-target]");
        return signalPassFailure();
      }
      op.erase();
    }
    OpBuilder builder(roles[0]);
    NVVM::FenceMbarrierInitOp::create(builder, roles[0].getLoc());
    NVVM::Barrier0Op::create(builder, roles[0].getLoc());
  }
};
} // namespace
