//===- Decompose.cpp - linalg_ext to linalg -------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The way out of the dialect for what no strategy or target took over.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/LinalgExt/LinalgExt.h"
#include "orchestra/Dialect/LinalgExt/Passes.h"

using namespace mlir;
using namespace orchestra;
using orchestra::linalg_ext::LinalgExtOp;

namespace orchestra::linalg_ext {
#define GEN_PASS_DEF_DECOMPOSEPASS
#include "orchestra/Dialect/LinalgExt/Passes.h.inc"
} // namespace orchestra::linalg_ext

namespace {
struct Decompose : linalg_ext::impl::DecomposePassBase<Decompose> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    // A lowering may use other ops of the dialect.
    while (true) {
      SmallVector<LinalgExtOp> ops;
      getOperation().walk([&](LinalgExtOp op) {
        if (!fusable || op.isFusable())
          ops.push_back(op);
      });
      if (ops.empty())
        return;
      for (LinalgExtOp op : ops) {
        rewriter.setInsertionPoint(op);
        FailureOr<SmallVector<Value>> values = failure();
        if (op->getNumResults() != 0)
          values = op.lower(rewriter);
        if (failed(values)) {
          op.emitOpError("on memrefs has no lowering to linalg: decompose it "
                         "before it is bufferized");
          return signalPassFailure();
        }
        rewriter.replaceOp(op, *values);
      }
    }
  }
};
} // namespace
