//===- EmulateThreads.cpp - Barriers and lanes of nvvm, emulated ---------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Emulate.h"

#include "orchestra/Target/Emulated/Emulation.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::emulated;
using namespace orchestra::nvidia;

/// Numbers of orch_emulated_query in runtime/devices/emulated/emulated.h.
enum Query {
  kItem = 0,
  kGroup = 3,
  kBlock = 6,
  kGrid = 9,
  kLane = 12,
  kSubgroup = 13,
  kClusterRank = 17,
  kClusterSize = 18
};

static Value query(OpBuilder &builder, Operation *op, int64_t number) {
  Location loc = op->getLoc();
  Value id =
      callDevice(builder, op, loc, "orch_emulated_id", builder.getI64Type(),
                 {getItem(op), getWord(builder, loc, number)});
  return arith::TruncIOp::create(builder, loc, builder.getI32Type(), id);
}

static Value widen(OpBuilder &builder, Location loc, Value value) {
  return arith::ExtSIOp::create(builder, loc, builder.getI64Type(), value);
}

namespace {
template <typename OpT, int64_t kNumber>
struct EmulateRegister : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, query(rewriter, op, kNumber));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

struct EmulateBarrier0 : OpRewritePattern<NVVM::Barrier0Op> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(NVVM::Barrier0Op op,
                                PatternRewriter &rewriter) const override {
    callDevice(rewriter, op, op.getLoc(), "orch_emulated_barrier", {},
               {getItem(op), getPlace(rewriter, op, op.getLoc())});
    rewriter.eraseOp(op);
    return success();
  }
};

/// bar.sync and bar.arrive.
template <typename OpT, bool kOnlyArrives>
struct EmulateNamedBarrier : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    if constexpr (!kOnlyArrives)
      if (op.getReductionOp() || op->getNumResults() != 0)
        return rewriter.notifyMatchFailure(op, "reduces");
    Location loc = op.getLoc();
    Value id = op.getBarrierId(), count = op.getNumberOfThreads();
    if (!id)
      id = getWord(rewriter, loc, 0);
    if (!count) {
      count = query(rewriter, op, kBlock);
      for (int64_t dim : {1, 2})
        count = arith::MulIOp::create(rewriter, loc, count,
                                      query(rewriter, op, kBlock + dim));
    }
    callDevice(rewriter, op, loc, "orch_emulated_named_barrier", {},
               {getItem(op), id, count, getWord(rewriter, loc, kOnlyArrives),
                getPlace(rewriter, op, loc)});
    rewriter.eraseOp(op);
    return success();
  }
};

struct EmulateMBarrierInit : OpRewritePattern<NVVM::MBarrierInitOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(NVVM::MBarrierInitOp op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    enterPredicate(rewriter, loc, op.getPredicate());
    callDevice(rewriter, op, loc, "orch_emulated_mbarrier_init", {},
               {getItem(op), op.getAddr(), widen(rewriter, loc, op.getCount()),
                getPlace(rewriter, op, loc)});
    rewriter.eraseOp(op);
    return success();
  }
};

static void arrive(OpBuilder &builder, Operation *op, Value barrier,
                   Value count, Value bytes) {
  callDevice(builder, op, op->getLoc(), "orch_emulated_mbarrier_arrive", {},
             {getItem(op), barrier, count, bytes,
              getPlace(builder, op, op->getLoc())});
}

struct EmulateMBarrierArrive : OpRewritePattern<NVVM::MBarrierArriveOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(NVVM::MBarrierArriveOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getRes() && !op.getRes().use_empty())
      return rewriter.notifyMatchFailure(op, "its phase is used");
    Location loc = op.getLoc();
    Value count = op.getCount() ? widen(rewriter, loc, op.getCount())
                                : getNumber(rewriter, loc, 1);
    arrive(rewriter, op, op.getAddr(), count, getNumber(rewriter, loc, 0));
    rewriter.eraseOp(op);
    return success();
  }
};

struct EmulateMBarrierExpect
    : OpRewritePattern<NVVM::MBarrierArriveExpectTxOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(NVVM::MBarrierArriveExpectTxOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getRes() && !op.getRes().use_empty())
      return rewriter.notifyMatchFailure(op, "its phase is used");
    Location loc = op.getLoc();
    enterPredicate(rewriter, loc, op.getPredicate());
    arrive(rewriter, op, op.getAddr(), getNumber(rewriter, loc, 1),
           widen(rewriter, loc, op.getTxcount()));
    rewriter.eraseOp(op);
    return success();
  }
};

struct EmulateMBarrierWait : OpRewritePattern<NVVM::MBarrierTryWaitParityOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(NVVM::MBarrierTryWaitParityOp op,
                                PatternRewriter &rewriter) const override {
    callDevice(rewriter, op, op.getLoc(), "orch_emulated_mbarrier_wait", {},
               {getItem(op), op.getAddr(), op.getPhase(),
                getPlace(rewriter, op, op.getLoc())});
    rewriter.eraseOp(op);
    return success();
  }
};

/// The barrier of a cluster.
template <typename OpT, bool kWaits>
struct EmulateCluster : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    callDevice(rewriter, op, op.getLoc(),
               kWaits ? "orch_emulated_cluster_wait"
                      : "orch_emulated_cluster_arrive",
               {}, {getItem(op), getPlace(rewriter, op, op.getLoc())});
    rewriter.eraseOp(op);
    return success();
  }
};

struct EmulateMapa : OpRewritePattern<NVVM::MapaOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(NVVM::MapaOp op,
                                PatternRewriter &rewriter) const override {
    Value address = callDevice(rewriter, op, op.getLoc(),
                               "orch_emulated_map_shared", op.getType(),
                               {getItem(op), op.getA(), op.getB(),
                                getPlace(rewriter, op, op.getLoc())});
    rewriter.replaceOp(op, address);
    return success();
  }
};

/// A fence for copies and products; one for others has nothing to do.
struct EmulateFenceProxy : OpRewritePattern<NVVM::FenceProxyOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(NVVM::FenceProxyOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getKind() == NVVM::ProxyKind::async ||
        op.getKind() == NVVM::ProxyKind::async_shared)
      callDevice(rewriter, op, op.getLoc(), "orch_emulated_fence_proxy", {},
                 getItem(op));
    rewriter.eraseOp(op);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Lanes
//===----------------------------------------------------------------------===//

/// Any lane may be elected, as long as it is always the same: not the first, so
/// that code shows which takes it for that.
struct EmulateElect : OpRewritePattern<NVVM::ElectSyncOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(NVVM::ElectSyncOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getMembermask())
      return rewriter.notifyMatchFailure(op, "not of all lanes");
    Location loc = op.getLoc();
    rewriter.replaceOpWithNewOp<arith::CmpIOp>(op, arith::CmpIPredicate::eq,
                                               query(rewriter, op, kLane),
                                               getWord(rewriter, loc, 29));
    return success();
  }
};

struct EmulateShuffle : OpRewritePattern<NVVM::ShflOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(NVVM::ShflOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<int64_t> clamp = getConstantIntValue(op.getMaskAndClamp());
    std::optional<int64_t> lanes = getConstantIntValue(op.getThreadMask());
    int64_t last = op.getKind() == NVVM::ShflKind::up ? 0 : 31;
    if (op.getReturnValueAndIsValid() || clamp != last || !lanes ||
        static_cast<uint32_t>(*lanes) != ~uint32_t(0))
      return rewriter.notifyMatchFailure(op, "not over all lanes");
    Location loc = op.getLoc();
    Type i32 = rewriter.getI32Type(), i64 = rewriter.getI64Type();
    Value value = op.getVal();
    if (value.getType() != i32)
      value = arith::BitcastOp::create(rewriter, loc, i32, value);
    Value result = callDevice(
        rewriter, op, loc, "orch_emulated_shuffle", i64,
        {getItem(op), arith::ExtUIOp::create(rewriter, loc, i64, value),
         getWord(rewriter, loc, getMode(op.getKind())), op.getOffset(),
         getWord(rewriter, loc, 32), getPlace(rewriter, op, loc)});
    Value valid = callDevice(rewriter, op, loc, "orch_emulated_shuffle_valid",
                             i32, getItem(op));
    valid = arith::TruncIOp::create(rewriter, loc, rewriter.getI1Type(), valid);
    result = arith::TruncIOp::create(rewriter, loc, i32, result);
    // A lane without a source keeps its own.
    result = arith::SelectOp::create(rewriter, loc, valid, result, value);
    if (op.getType() != i32)
      result = arith::BitcastOp::create(rewriter, loc, op.getType(), result);
    rewriter.replaceOp(op, result);
    return success();
  }

  /// Numbers of orch_emulated_shuffle_mode.
  static int64_t getMode(NVVM::ShflKind kind) {
    switch (kind) {
    case NVVM::ShflKind::bfly:
      return 0;
    case NVVM::ShflKind::down:
      return 1;
    case NVVM::ShflKind::up:
      return 2;
    case NVVM::ShflKind::idx:
      return 3;
    }
    llvm_unreachable("all kinds are listed");
  }
};
} // namespace

void nvidia::populateThreadEmulation(RewritePatternSet &patterns) {
  MLIRContext *ctx = patterns.getContext();
  patterns.add<Drop<NVVM::FenceMbarrierInitOp>, Drop<NVVM::PrefetchOp>,
               Drop<NVVM::SetMaxRegisterOp>>(ctx);
  patterns.add<EmulateBarrier0, EmulateFenceProxy, EmulateMBarrierArrive,
               EmulateMBarrierExpect, EmulateMBarrierInit, EmulateMBarrierWait,
               EmulateNamedBarrier<NVVM::BarrierOp, false>,
               EmulateNamedBarrier<NVVM::BarrierArriveOp, true>>(ctx);
  patterns.add<EmulateCluster<NVVM::ClusterArriveOp, false>,
               EmulateCluster<NVVM::ClusterArriveRelaxedOp, false>,
               EmulateCluster<NVVM::ClusterWaitOp, true>, EmulateMapa>(ctx);
  patterns.add<EmulateElect, EmulateShuffle>(ctx);
  patterns.add<EmulateRegister<NVVM::ThreadIdXOp, kItem>,
               EmulateRegister<NVVM::ThreadIdYOp, kItem + 1>,
               EmulateRegister<NVVM::ThreadIdZOp, kItem + 2>,
               EmulateRegister<NVVM::BlockIdXOp, kGroup>,
               EmulateRegister<NVVM::BlockIdYOp, kGroup + 1>,
               EmulateRegister<NVVM::BlockIdZOp, kGroup + 2>,
               EmulateRegister<NVVM::BlockDimXOp, kBlock>,
               EmulateRegister<NVVM::GridDimXOp, kGrid>,
               EmulateRegister<NVVM::ClusterId, kClusterRank>,
               EmulateRegister<NVVM::ClusterDim, kClusterSize>,
               EmulateRegister<NVVM::LaneIdOp, kLane>,
               EmulateRegister<NVVM::WarpIdOp, kSubgroup>>(ctx);
}
