//===- EmulateBoxes.cpp - Copies of boxes by nvvm, emulated --------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
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

static Value makeCoordinates(PatternRewriter &rewriter, Operation *op,
                             ValueRange coordinates) {
  SmallVector<Value> wide;
  for (Value value : coordinates)
    wide.push_back(arith::ExtSIOp::create(rewriter, op->getLoc(),
                                          rewriter.getI64Type(), value));
  return makeArray(rewriter, op, wide);
}

namespace {
struct EmulateBoxLoad
    : OpRewritePattern<NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult
  matchAndRewrite(NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp op,
                  PatternRewriter &rewriter) const override {
    bool windows = op.getMode() == NVVM::TMALoadMode::IM2COL;
    if ((op.getMode() != NVVM::TMALoadMode::TILE && !windows) ||
        op.getMulticastMask())
      return rewriter.notifyMatchFailure(op, "not a box for one group");
    Location loc = op.getLoc();
    enterPredicate(rewriter, loc, op.getPredicate());
    ValueRange coordinates = op.getCoordinates();
    SmallVector<Value> operands{getItem(op), op.getTmaDescriptor(),
                                op.getDstMem(),
                                getNumber(rewriter, loc, coordinates.size()),
                                makeCoordinates(rewriter, op, coordinates)};
    if (windows)
      operands.push_back(makeCoordinates(rewriter, op, op.getIm2colOffsets()));
    operands.append({op.getMbar(), getPlace(rewriter, op, loc)});
    callDevice(rewriter, op, loc,
               windows ? "orch_emulated_im2col_load"
                       : "orch_emulated_tensor_load",
               {}, operands);
    rewriter.eraseOp(op);
    return success();
  }
};

struct EmulateBoxStore
    : OpRewritePattern<NVVM::CpAsyncBulkTensorSharedCTAToGlobalOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(NVVM::CpAsyncBulkTensorSharedCTAToGlobalOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getMode() != NVVM::TMAStoreMode::TILE)
      return rewriter.notifyMatchFailure(op, "not a box");
    Location loc = op.getLoc();
    enterPredicate(rewriter, loc, op.getPredicate());
    ValueRange coordinates = op.getCoordinates();
    callDevice(rewriter, op, loc, "orch_emulated_tensor_store", {},
               {getItem(op), op.getTmaDescriptor(), op.getSrcMem(),
                getNumber(rewriter, loc, coordinates.size()),
                makeCoordinates(rewriter, op, coordinates),
                getPlace(rewriter, op, loc)});
    rewriter.eraseOp(op);
    return success();
  }
};

struct EmulateBoxCommit : OpRewritePattern<NVVM::CpAsyncBulkCommitGroupOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(NVVM::CpAsyncBulkCommitGroupOp op,
                                PatternRewriter &rewriter) const override {
    callDevice(rewriter, op, op.getLoc(), "orch_emulated_boxes_commit", {},
               getItem(op));
    rewriter.eraseOp(op);
    return success();
  }
};

/// What is read is also written at once.
struct EmulateBoxWait : OpRewritePattern<NVVM::CpAsyncBulkWaitGroupOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(NVVM::CpAsyncBulkWaitGroupOp op,
                                PatternRewriter &rewriter) const override {
    callDevice(rewriter, op, op.getLoc(), "orch_emulated_boxes_wait", {},
               {getItem(op), getNumber(rewriter, op.getLoc(), op.getGroup())});
    rewriter.eraseOp(op);
    return success();
  }
};
} // namespace

void nvidia::populateBoxEmulation(RewritePatternSet &patterns) {
  patterns
      .add<EmulateBoxCommit, EmulateBoxLoad, EmulateBoxStore, EmulateBoxWait>(
          patterns.getContext());
}
