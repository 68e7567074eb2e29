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
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/Support/Regex.h"

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

/// Values of 32 bits, side by side on the item's stack.
static Value spillWords(PatternRewriter &rewriter, Operation *op,
                        ValueRange values) {
  Location loc = op->getLoc();
  auto type = VectorType::get({static_cast<int64_t>(values.size())},
                              rewriter.getI32Type());
  Value all = LLVM::PoisonOp::create(rewriter, loc, type);
  for (auto [i, value] : llvm::enumerate(values))
    all = LLVM::InsertElementOp::create(rewriter, loc, all, value,
                                        getWord(rewriter, loc, i));
  Value memory = reserveStack(rewriter, op, type);
  LLVM::StoreOp::create(rewriter, loc, all, memory);
  return memory;
}

/// What the device is told of a product.
struct Wgmma {
  Value sums;
  Value registers; ///< of the first operand; null: it is in shared memory
  Value a, b;      ///< descriptors
  int64_t n, k;
  EmulatedType types[3]; ///< of the operands, then of the result
  int64_t flags;
};

/// Replaces `op` by the device's product: accumulators go through memory.
static void multiply(PatternRewriter &rewriter, Operation *op,
                     const Wgmma &wgmma) {
  Location loc = op->getLoc();
  Type type = wgmma.sums.getType();
  Value memory = reserveStack(rewriter, op, type);
  LLVM::StoreOp::create(rewriter, loc, wgmma.sums, memory);
  Value registers = wgmma.registers;
  if (!registers)
    registers = LLVM::ZeroOp::create(rewriter, loc, memory.getType());
  SmallVector<Value> arguments{getItem(op),
                               memory,
                               registers,
                               wgmma.a,
                               wgmma.b,
                               getNumber(rewriter, loc, wgmma.n),
                               getNumber(rewriter, loc, wgmma.k)};
  for (EmulatedType element : wgmma.types)
    arguments.push_back(getWord(rewriter, loc, element));
  arguments.push_back(getWord(rewriter, loc, wgmma.flags));
  arguments.push_back(getPlace(rewriter, op, loc));
  callDevice(rewriter, op, loc, "orch_emulated_wgmma", {}, arguments);
  rewriter.replaceOpWithNewOp<LLVM::LoadOp>(op, type, memory);
}

namespace {
struct EmulateWgmma : OpRewritePattern<NVVM::WgmmaMmaAsyncOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(NVVM::WgmmaMmaAsyncOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<EmulatedType> a = getType(op.getTypeA()),
                                b = getType(op.getTypeB()),
                                d = getType(op.getTypeD());
    if (!a || !b || !d || op.getSatfinite())
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
    multiply(rewriter, op,
             {op.getInouts(),
              /*registers=*/nullptr,
              op.getDescriptorA(),
              op.getDescriptorB(),
              op.getShape().getN(),
              op.getShape().getK(),
              {*a, *b, *d},
              flags});
    return success();
  }
};

/// wgmma with the first operand in registers, which nvvm has no op for: what
/// the distribution of products writes as text.
struct EmulateWgmmaText : OpRewritePattern<LLVM::InlineAsmOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LLVM::InlineAsmOp op,
                                PatternRewriter &rewriter) const override {
    auto sumsType = dyn_cast_or_null<LLVM::LLVMStructType>(
        op->getNumResults() == 1 ? op->getResult(0).getType() : Type());
    llvm::Regex text(
        "^\\{\n\\.reg \\.pred p;\nsetp\\.ne\\.b32 p, 1, 0;\n"
        "wgmma\\.mma_async\\.sync\\.aligned\\.m64n([[:digit:]]+)k16\\.f32\\."
        "(b?f16)\\.(b?f16) \\{([$[:digit:], ]+)\\}, \\{([$[:digit:], ]+)\\}, "
        "([$[:digit:]]+), p, 1, 1, ([01]);\n\\}$");
    SmallVector<StringRef> parts;
    if (!sumsType || !text.match(op.getAsmString(), &parts))
      return rewriter.notifyMatchFailure(op, "not the text of a product");
    int64_t n = 0;
    parts[1].getAsInteger(10, n);
    int64_t count = n / 2;
    ValueRange operands = op.getOperands();
    if (static_cast<int64_t>(sumsType.getBody().size()) != count ||
        static_cast<int64_t>(operands.size()) != count + 5 ||
        parts[4] != listRegisters(0, count) ||
        parts[5] != listRegisters(count, 4) ||
        parts[6] != listRegisters(count + 4, 1))
      return rewriter.notifyMatchFailure(op, "registers of another order");
    Location loc = op.getLoc();
    Value sums = LLVM::PoisonOp::create(rewriter, loc, sumsType);
    for (int64_t i = 0; i < count; ++i)
      sums =
          LLVM::InsertValueOp::create(rewriter, loc, sums, operands[5 + i], i);
    Value registers = spillWords(rewriter, op, operands.take_front(4));
    EmulatedType element = parts[2] == "f16" ? kF16 : kBF16;
    multiply(rewriter, op,
             {sums,
              registers,
              getNumber(rewriter, loc, 0),
              operands[4],
              n,
              16,
              {element, parts[3] == "f16" ? kF16 : kBF16, kF32},
              kAdd | (parts[7] == "1" ? kBByRow : 0)});
    return success();
  }

  /// "$4, $5, ..."
  static std::string listRegisters(int64_t first, int64_t count) {
    std::string list;
    for (int64_t i = first; i < first + count; ++i)
      list += (i == first ? "$" : ", $") + std::to_string(i);
    return list;
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
    Value memory = spillWords(rewriter, op, sources);
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

/// Instructions that approximate: here they are exact, but what is below the
/// least normal number is 0 as there.
struct EmulateApproximation : OpRewritePattern<LLVM::CallIntrinsicOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LLVM::CallIntrinsicOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getIntrin() != "llvm.nvvm.ex2.approx.ftz.f32")
      return rewriter.notifyMatchFailure(op, "not known");
    Location loc = op.getLoc();
    Type f32 = rewriter.getF32Type();
    Value power = math::Exp2Op::create(rewriter, loc, op.getArgs()[0]);
    Value least = arith::ConstantOp::create(
        rewriter, loc, rewriter.getFloatAttr(f32, 0x1p-126));
    Value zero = arith::ConstantOp::create(rewriter, loc,
                                           rewriter.getFloatAttr(f32, 0.0));
    Value small = arith::CmpFOp::create(
        rewriter, loc, arith::CmpFPredicate::OLT, power, least);
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, small, zero, power);
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
  patterns.add<EmulateApproximation, EmulateSpaceCast, EmulateStMatrix,
               EmulateWgmma, EmulateWgmmaCommit, EmulateWgmmaFence,
               EmulateWgmmaText, EmulateWgmmaWait, EmulateWindow>(
      patterns.getContext());
}
