//===- Decompose.cpp - linalg_ext to linalg -------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The way out of the dialect for what no strategy or target took over.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/LinalgExt/Decompose.h"
#include "orchestra/Dialect/LinalgExt/Passes.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra::linalg_ext {
#define GEN_PASS_DEF_DECOMPOSEPASS
#include "orchestra/Dialect/LinalgExt/Passes.h.inc"
} // namespace orchestra::linalg_ext

namespace {
struct Decompose : linalg_ext::impl::DecomposePassBase<Decompose> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<linalg_ext::AttentionOp, linalg_ext::AttentionUpdateOp>(op))
        ops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (Operation *op : ops) {
      rewriter.setInsertionPoint(op);
      bool done = false;
      if (auto attention = dyn_cast<linalg_ext::AttentionOp>(op))
        done = succeeded(linalg_ext::decompose(rewriter, attention));
      else if (auto update = dyn_cast<linalg_ext::AttentionUpdateOp>(op))
        done = succeeded(linalg_ext::decompose(rewriter, update));
      if (!done) {
        op->emitOpError("on memrefs has no lowering to linalg: decompose it "
                        "before it is bufferized");
        return signalPassFailure();
      }
    }
  }
};
} // namespace
