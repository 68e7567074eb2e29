//===- EmulateMatrix.cpp - Matrix instructions, emulated ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// nvgpu.mma.sync and nvgpu.ldmatrix: a lane's parts go through its stack to the
// emulated device, which knows how PTX spreads matrices over lanes.
//
//===----------------------------------------------------------------------===//
#include "Emulate.h"

#include "orchestra/Target/Emulated/Emulation.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::emulated;
using namespace orchestra::nvidia;

/// What a product of these elements is computed in.
static std::optional<EmulatedType> getInputType(Type type, bool tf32) {
  if (type.isF16())
    return kF16;
  if (type.isBF16())
    return kBF16;
  if (type.isF32() && tf32)
    return kTF32;
  if (type.isF64())
    return kF64;
  if (type.isInteger(8))
    return kI8;
  return std::nullopt;
}

static std::optional<EmulatedType> getResultType(Type type) {
  if (type.isF16())
    return kF16;
  if (type.isF32())
    return kF32;
  if (type.isF64())
    return kF64;
  if (type.isInteger(32))
    return kI32;
  return std::nullopt;
}

static VectorType flatten(VectorType type) {
  return VectorType::get({type.getNumElements()}, type.getElementType());
}

static Value spill(PatternRewriter &rewriter, Operation *op, Value value) {
  auto type = cast<VectorType>(value.getType());
  Value memory = reserveStack(rewriter, op, flatten(type));
  Value flat =
      vector::ShapeCastOp::create(rewriter, op->getLoc(), flatten(type), value);
  LLVM::StoreOp::create(rewriter, op->getLoc(), flat, memory);
  return memory;
}

static Value reload(PatternRewriter &rewriter, Location loc, VectorType type,
                    Value memory) {
  Value flat = LLVM::LoadOp::create(rewriter, loc, flatten(type), memory);
  return vector::ShapeCastOp::create(rewriter, loc, type, flat);
}

namespace {
struct EmulateMma : OpRewritePattern<nvgpu::MmaSyncOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nvgpu::MmaSyncOp op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<VectorType>(op.getRes().getType());
    std::optional<EmulatedType> input = getInputType(
        cast<VectorType>(op.getMatrixA().getType()).getElementType(),
        op.getTf32Enabled().value_or(false));
    std::optional<EmulatedType> result = getResultType(type.getElementType());
    if (!input || !result)
      return rewriter.notifyMatchFailure(op, "not of the types known");
    Location loc = op.getLoc();
    Value a = spill(rewriter, op, op.getMatrixA());
    Value b = spill(rewriter, op, op.getMatrixB());
    Value c = spill(rewriter, op, op.getMatrixC());
    SmallVector<Value> arguments{getItem(op), a, b, c, c};
    for (int64_t size : op.getMmaShapeAsArray())
      arguments.push_back(
          LLVM::ConstantOp::create(rewriter, loc, rewriter.getI64Type(), size));
    for (EmulatedType element : {*input, *result})
      arguments.push_back(LLVM::ConstantOp::create(
          rewriter, loc, rewriter.getI32Type(), static_cast<int32_t>(element)));
    arguments.push_back(getPlace(rewriter, op, loc));
    callDevice(rewriter, op, loc, "orch_emulated_mma", {}, arguments);
    rewriter.replaceOp(op, reload(rewriter, loc, type, c));
    return success();
  }
};

struct EmulateLdMatrix : OpRewritePattern<nvgpu::LdMatrixOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nvgpu::LdMatrixOp op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<VectorType>(op.getRes().getType());
    int64_t bits = type.getElementTypeBitWidth();
    if (type.getNumElements() * bits != op.getNumTiles() * 32 ||
        (op.getTranspose() && bits != 16))
      return rewriter.notifyMatchFailure(op, "not 4 bytes of each matrix");
    Location loc = op.getLoc();
    Value memory = reserveStack(rewriter, op, flatten(type));
    Value row = getPointer(rewriter, loc, op.getSrcMemref(), op.getIndices());
    Value tiles =
        LLVM::ConstantOp::create(rewriter, loc, rewriter.getI64Type(),
                                 static_cast<int64_t>(op.getNumTiles()));
    Value transpose =
        LLVM::ConstantOp::create(rewriter, loc, rewriter.getI32Type(),
                                 static_cast<int32_t>(op.getTranspose()));
    callDevice(rewriter, op, loc, "orch_emulated_ldmatrix", {},
               {getItem(op), row, tiles, transpose, memory,
                getPlace(rewriter, op, loc)});
    rewriter.replaceOp(op, reload(rewriter, loc, type, memory));
    return success();
  }
};
} // namespace

void nvidia::populateMatrixEmulation(RewritePatternSet &patterns) {
  patterns.add<EmulateLdMatrix, EmulateMma>(patterns.getContext());
}
