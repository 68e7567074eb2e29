//===- PinIntrinsics.cpp - Math intrinsics that stay intrinsics -----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/NVIDIA/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/PatternMatch.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIAPININTRINSICSPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;

namespace {
struct NVIDIAPinIntrinsicsPass
    : public nvidia::impl::NVIDIAPinIntrinsicsPassBase<
          NVIDIAPinIntrinsicsPass> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation()->walk([&](Operation *op) {
      // Upstream would call the vendor's library for these.
      if (isa<arith::MaxNumFOp, arith::MinNumFOp>(op) &&
          isa<FloatType>(getElementTypeOrSelf(op->getResult(0).getType()))) {
        rewriter.setInsertionPoint(op);
        auto call = LLVM::CallIntrinsicOp::create(
            rewriter, op->getLoc(), op->getResult(0).getType(),
            rewriter.getStringAttr(isa<arith::MaxNumFOp>(op) ? "llvm.maxnum"
                                                             : "llvm.minnum"),
            op->getOperands());
        rewriter.replaceOp(op, call);
        return;
      }
      // Only what has an instruction in PTX; the others are left for upstream
      // to call, and orchestra-nvidia-check-device-code to refuse.
      if (!isa<LLVM::CopySignOp, LLVM::FAbsOp, LLVM::FCeilOp, LLVM::FFloorOp,
               LLVM::RoundEvenOp, LLVM::SqrtOp>(op))
        return;
      // llvm.intr.floor is the op of the intrinsic llvm.floor.
      StringRef stem = op->getName().getStringRef();
      stem.consume_front("llvm.intr.");
      rewriter.setInsertionPoint(op);
      auto call = LLVM::CallIntrinsicOp::create(
          rewriter, op->getLoc(), op->getResult(0).getType(),
          rewriter.getStringAttr("llvm." + stem), op->getOperands());
      rewriter.replaceOp(op, call);
    });
  }
};
} // namespace
