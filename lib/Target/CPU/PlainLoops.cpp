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
#include "orchestra/Dialect/Orchestra/Kernels.h"
#include "orchestra/Dialect/Orchestra/Orchestra.h"
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

/// A thread's part of a copy has at least this many elements.
static constexpr int64_t kMinCopiedElements = 8192;

/// Divides a copy that is all that a kernel does at this place among threads,
/// by the first dimension that has more than one slice. Returns where the copy
/// of one slice goes, and its operands.
static void divideCopy(OpBuilder &b, Location loc, Value &source,
                       Value &target) {
  auto type = cast<MemRefType>(target.getType());
  int64_t dim = 0, elements = 1;
  while (dim < type.getRank() && type.getDimSize(dim) == 1)
    ++dim;
  if (dim == type.getRank())
    return;
  for (int64_t inner = dim + 1; inner < type.getRank(); ++inner)
    elements *= type.isDynamicDim(inner) ? 64 : type.getDimSize(inner);
  if (!type.isDynamicDim(dim) &&
      type.getDimSize(dim) * elements < 2 * kMinCopiedElements)
    return;
  OpFoldResult one = b.getIndexAttr(1);
  SmallVector<OpFoldResult> sizes = memref::getMixedSizes(b, loc, target);
  auto forall = scf::ForallOp::create(
      b, loc, ArrayRef<OpFoldResult>(sizes[dim]), ValueRange(), std::nullopt);
  forall->setAttr(kGrainAttrName,
                  b.getI64IntegerAttr(llvm::divideCeil(
                      kMinCopiedElements, std::max<int64_t>(elements, 1))));
  b.setInsertionPointToStart(forall.getBody());
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0));
  SmallVector<OpFoldResult> ones(type.getRank(), one);
  offsets[dim] = forall.getInductionVar(0);
  sizes[dim] = one;
  source = memref::SubViewOp::create(b, loc, source, offsets, sizes, ones);
  target = memref::SubViewOp::create(b, loc, target, offsets, sizes, ones);
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
    Value source = copy.getSource(), target = copy.getTarget();
    if (copy->getParentOp() == function.getOperation() &&
        function->hasAttr(kKernelAttrName))
      divideCopy(builder, copy.getLoc(), source, target);
    auto type = cast<MemRefType>(target.getType());
    AffineMap map = builder.getMultiDimIdentityMap(type.getRank());
    SmallVector<utils::IteratorType> iterators(type.getRank(),
                                               utils::IteratorType::parallel);
    linalg::GenericOp::create(builder, copy.getLoc(), source, target,
                              ArrayRef<AffineMap>{map, map}, iterators,
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
