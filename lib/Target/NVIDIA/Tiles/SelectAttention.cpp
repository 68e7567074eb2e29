//===- SelectAttention.cpp - Attention that stays one op ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "AttentionKernel.h"

#include "orchestra/Dialect/LinalgExt/Decompose.h"
#include "orchestra/Target/NVIDIA/Passes.h"

#include "mlir/IR/Remarks.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIASELECTATTENTIONPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;

namespace {
struct NVIDIASelectAttentionPass
    : public nvidia::impl::NVIDIASelectAttentionPassBase<
          NVIDIASelectAttentionPass> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<std::pair<linalg_ext::AttentionOp, std::string>> others;
    getOperation().walk([&](linalg_ext::AttentionOp op) {
      std::string why = nvtile::whyNotOnTiles(op);
      if (!why.empty() && op->getNumResults() == 1)
        others.emplace_back(op, why);
    });
    IRRewriter rewriter(&getContext());
    for (auto &[op, why] : others) {
      remark::missed(
          op.getLoc(),
          remark::RemarkOpts::name("select-attention").category("nvidia"))
          << "attention is computed as two products and a softmax"
          << remark::reason("{0}", why);
      rewriter.setInsertionPoint(op);
      linalg_ext::AttentionLayout layout;
      layout.ownTypes = true;
      if (failed(linalg_ext::decompose(rewriter, op, layout)))
        return signalPassFailure();
    }
  }
};
} // namespace
