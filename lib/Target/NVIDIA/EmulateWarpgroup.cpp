//===- EmulateWarpgroup.cpp - Matrix instructions of nvvm, emulated ------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registers of a matrix go through the item's stack to the emulated device,
// which knows how PTX spreads them over lanes.
//
//===----------------------------------------------------------------------===//
#include "Emulate.h"

#include "orchestra/Target/Emulated/Emulation.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::emulated;
using namespace orchestra::nvidia;

/// Flags of orch_emulated_wgmma_flag in runtime/devices/emulated/emulated.h.
enum Flag {
  kAByColumn = 1,
  kBByRow = 2,
  kNegateA = 4,
  kNegateB = 8,
  kAdd = 16
};

static std::optional<EmulatedType> getType(NVVM::WGMMATypes type) {
  switch (type) {
  case NVVM::WGMMATypes::f16:
    return kF16;
  case NVVM::WGMMATypes::bf16:
    return kBF16;
  case NVVM::WGMMATypes::tf32:
    return kTF32;
  case NVVM::WGMMATypes::f32:
    return kF32;
  case NVVM::WGMMATypes::s8:
    return kI8;
  case NVVM::WGMMATypes::u8:
    return kU8;
  case NVVM::WGMMATypes::s32:
    return kI32;
  case NVVM::WGMMATypes::e4m3:
    return kE4M3;
  case NVVM::WGMMATypes::e5m2:
    return kE5M2;
  case NVVM::WGMMATypes::b1:
    return std::nullopt;
  }
  llvm_unreachable("all types are listed");
}

namespace {
struct EmulateWgmma : OpRewritePattern<NVVM::WgmmaMmaAsyncOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(NVVM::WgmmaMmaAsyncOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<EmulatedType> types[] = {
        getType(op.getTypeA()), getType(op.getTypeB()), getType(op.getTypeD())};
    if (!types[0] || !types[1] || !types[2] || op.getSatfinite())
      return rewriter.notifyMatchFailure(op, "not of the types known");
    int64_t flags = 0;
    if (op.getLayoutA() == NVVM::MMALayout::col)
      flags |= kAByColumn;
    if (op.getLayoutB() == NVVM::MMALayout::row)
      flags |= kBByRow;
    if (op.getScaleA() == NVVM::WGMMAScaleIn::neg)
      flags |= kNegateA;
    if (op.getScaleB() == NVVM::WGMMAScaleIn::neg)
      flags |= kNegateB;
    if (op.getScaleD() == NVVM::WGMMAScaleOut::one)
      flags |= kAdd;
    Location loc = op.getLoc();
    Type type = op.getInouts().getType();
    Value memory = reserveStack(rewriter, op, type);
    LLVM::StoreOp::create(rewriter, loc, op.getInouts(), memory);
    SmallVector<Value> arguments{
        getItem(op),
        memory,
        LLVM::ZeroOp::create(rewriter, loc, memory.getType()),
        op.getDescriptorA(),
        op.getDescriptorB(),
        getNumber(rewriter, loc, op.getShape().getN()),
        getNumber(rewriter, loc, op.getShape().getK())};
    for (std::optional<EmulatedType> element : types)
      arguments.push_back(getWord(rewriter, loc, *element));
    arguments.push_back(getWord(rewriter, loc, flags));
    arguments.push_back(getPlace(rewriter, op, loc));
    callDevice(rewriter, op, loc, "orch_emulated_wgmma", {}, arguments);
    rewriter.replaceOpWithNewOp<LLVM::LoadOp>(op, type, memory);
    return success();
  }
};

struct EmulateWgmmaFence : OpRewritePattern<NVVM::WgmmaFenceAlignedOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(NVVM::WgmmaFenceAlignedOp op,
                                PatternRewriter &rewriter) const override {
    callDevice(rewriter, op, op.getLoc(), "orch_emulated_wgmma_fence", {},
               {getItem(op), getPlace(rewriter, op, op.getLoc())});
    rewriter.eraseOp(op);
    return success();
  }
};

struct EmulateWgmmaCommit : OpRewritePattern<NVVM::WgmmaGroupSyncAlignedOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(NVVM::WgmmaGroupSyncAlignedOp op,
                                PatternRewriter &rewriter) const override {
    callDevice(rewriter, op, op.getLoc(), "orch_emulated_wgmma_commit", {},
               getItem(op));
    rewriter.eraseOp(op);
    return success();
  }
};

struct EmulateWgmmaWait : OpRewritePattern<NVVM::WgmmaWaitGroupSyncOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(NVVM::WgmmaWaitGroupSyncOp op,
                                PatternRewriter &rewriter) const override {
    callDevice(rewriter, op, op.getLoc(), "orch_emulated_wgmma_wait", {},
               {getItem(op), getNumber(rewriter, op.getLoc(), op.getGroup())});
    rewriter.eraseOp(op);
    return success();
  }
};

struct EmulateStMatrix : OpRewritePattern<NVVM::StMatrixOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(NVVM::StMatrixOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getEltType() != NVVM::LdStMatrixEltType::B16)
      return rewriter.notifyMatchFailure(op, "not of 16 bits");
    Location loc = op.getLoc();
    ValueRange sources = op.getSources();
    int64_t count = static_cast<int64_t>(sources.size());
    auto type = VectorType::get({count}, rewriter.getI32Type());
    Value all = LLVM::PoisonOp::create(rewriter, loc, type);
    for (int64_t i = 0; i < count; ++i)
      all = LLVM::InsertElementOp::create(rewriter, loc, all, sources[i],
                                          getWord(rewriter, loc, i));
    Value memory = reserveStack(rewriter, op, type);
    LLVM::StoreOp::create(rewriter, loc, all, memory);
    callDevice(rewriter, op, loc, "orch_emulated_stmatrix", {},
               {getItem(op), op.getPtr(), getNumber(rewriter, loc, count),
                getWord(rewriter, loc, op.getLayout() == NVVM::MMALayout::col),
                memory, getPlace(rewriter, op, loc)});
    rewriter.eraseOp(op);
    return success();
  }
};

/// Shared memory as a number, as descriptors and registers of 32 bits hold it.
struct EmulateWindow : OpRewritePattern<LLVM::PtrToIntOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LLVM::PtrToIntOp op,
                                PatternRewriter &rewriter) const override {
    auto type = dyn_cast<LLVM::LLVMPointerType>(op.getArg().getType());
    if (!type || type.getAddressSpace() != 3)
      return rewriter.notifyMatchFailure(op, "not of shared memory");
    Location loc = op.getLoc();
    Type i32 = rewriter.getI32Type();
    Value address =
        callDevice(rewriter, op, loc, "orch_emulated_window", i32,
                   {getItem(op), op.getArg(), getPlace(rewriter, op, loc)});
    if (op.getType() != i32)
      address = LLVM::ZExtOp::create(rewriter, loc, op.getType(), address);
    rewriter.replaceOp(op, address);
    return success();
  }
};

/// A CPU has one space of addresses.
struct EmulateSpaceCast : OpRewritePattern<LLVM::AddrSpaceCastOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LLVM::AddrSpaceCastOp op,
                                PatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<UnrealizedConversionCastOp>(op, op.getType(),
                                                            op.getArg());
    return success();
  }
};
} // namespace

void nvidia::populateWarpgroupEmulation(RewritePatternSet &patterns) {
  patterns
      .add<EmulateSpaceCast, EmulateStMatrix, EmulateWgmma, EmulateWgmmaCommit,
           EmulateWgmmaFence, EmulateWgmmaWait, EmulateWindow>(
          patterns.getContext());
}
