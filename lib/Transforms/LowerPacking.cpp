//===- LowerPacking.cpp - Packs and unpacks as pads and transposes --------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_LOWERPACKINGPASS
#include "orchestra/Transforms/Passes.h.inc"
} // namespace orchestra

namespace {
struct LowerPacking : orchestra::impl::LowerPackingPassBase<LowerPacking> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::PackOp> packs;
    SmallVector<linalg::UnPackOp> unpacks;
    getOperation().walk([&](Operation *op) {
      if (auto pack = dyn_cast<linalg::PackOp>(op))
        packs.push_back(pack);
      else if (auto unpack = dyn_cast<linalg::UnPackOp>(op))
        unpacks.push_back(unpack);
    });
    for (linalg::PackOp pack : packs) {
      rewriter.setInsertionPoint(pack);
      if (failed(linalg::lowerPack(rewriter, pack,
                                   /*lowerPadLikeWithInsertSlice=*/false))) {
        pack.emitError("has no lowering to a pad and a transpose");
        return signalPassFailure();
      }
    }
    for (linalg::UnPackOp unpack : unpacks) {
      if (unpack->use_empty()) {
        rewriter.eraseOp(unpack);
        continue;
      }
      rewriter.setInsertionPoint(unpack);
      if (failed(
              linalg::lowerUnPack(rewriter, unpack,
                                  /*lowerUnpadLikeWithExtractSlice=*/false))) {
        unpack.emitError("has no lowering to a transpose and a slice");
        return signalPassFailure();
      }
    }
  }
};
} // namespace
