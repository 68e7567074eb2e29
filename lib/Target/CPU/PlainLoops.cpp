//===- PlainLoops.cpp - linalg to loops that LLVM vectorises --------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every op that has no register tile goes this way, for any type, rank and
// shape. Tails, strides and reductions are LLVM's loop vectoriser's work; what
// it needs is told here: reductions may be reassociated (each partial sum is
// shorter, which also makes them more accurate), functions are polynomials.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/CPU/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_CPUPLAINLOOPSPASS
#include "orchestra/Target/CPU/Passes.h.inc"
} // namespace orchestra

/// Lets additions and multiplications that accumulate into the result of `op`
/// be reassociated.
static void allowReassociation(linalg::LinalgOp op) {
  if (op.getNumReductionLoops() == 0)
    return;
  auto reassoc = arith::FastMathFlagsAttr::get(
      op.getContext(),
      arith::FastMathFlags::reassoc | arith::FastMathFlags::contract);
  op.getBlock()->walk([&](Operation *bodyOp) {
    if (isa<arith::AddFOp, arith::MulFOp>(bodyOp))
      bodyOp->setAttr("fastmath", reassoc);
  });
}

/// A copy of a memref as a linalg op, so that it becomes a loop nest.
static void expandCopies(func::FuncOp function) {
  SmallVector<memref::CopyOp> copies;
  function.walk([&](memref::CopyOp copy) { copies.push_back(copy); });
  for (memref::CopyOp copy : copies) {
    // A tile that was computed in its place.
    if (copy.getSource() == copy.getTarget()) {
      copy.erase();
      continue;
    }
    OpBuilder builder(copy);
    auto type = cast<MemRefType>(copy.getTarget().getType());
    AffineMap map = builder.getMultiDimIdentityMap(type.getRank());
    SmallVector<utils::IteratorType> iterators(type.getRank(),
                                               utils::IteratorType::parallel);
    linalg::GenericOp::create(builder, copy.getLoc(), copy.getSource(),
                              copy.getTarget(), ArrayRef<AffineMap>{map, map},
                              iterators,
                              [](OpBuilder &b, Location loc, ValueRange args) {
                                linalg::YieldOp::create(b, loc, args[0]);
                              });
    copy.erase();
  }
}

namespace {
struct CPUPlainLoops : orchestra::impl::CPUPlainLoopsPassBase<CPUPlainLoops> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    expandCopies(function);
    SmallVector<linalg::LinalgOp> ops;
    function.walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    IRRewriter rewriter(&getContext());
    for (linalg::LinalgOp op : ops) {
      allowReassociation(op);
      rewriter.setInsertionPoint(op);
      if (failed(linalg::linalgOpToLoops(rewriter, op))) {
        op.emitError("has no lowering to loops on this target");
        return signalPassFailure();
      }
      rewriter.eraseOp(op);
    }
    RewritePatternSet patterns(&getContext());
    // Sine and cosine stay calls: upstream's polynomials reduce the argument in
    // one step, which at 2000 (a position in a sequence) leaves 4 digits.
    populateMathF32ExpansionPatterns(patterns, [](StringRef) { return true; });
    populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) {
      return name != math::SinOp::getOperationName() &&
             name != math::CosOp::getOperationName();
    });
    memref::populateFoldMemRefAliasOpPatterns(patterns);
    if (failed(applyPatternsGreedily(function, std::move(patterns))))
      return signalPassFailure();
  }
};
} // namespace
