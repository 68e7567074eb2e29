//===- SinkTransposes.cpp - Transposes move down until they meet ----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The second half of ChannelsLast.cpp: the transposes of results move through
// elementwise ops, padding, slices, concatenations and shuffles of channels.
//
//===----------------------------------------------------------------------===//
#include "ChannelsLast.h"

#include "orchestra/Dialect/Orchestra/Kernels.h"
#include "orchestra/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace orchestra;

Value orchestra::makeTranspose(OpBuilder &b, Location loc, Value value,
                               ArrayRef<int64_t> perm) {
  SmallVector<OpFoldResult> sizes =
      permute<OpFoldResult>(tensor::getMixedSizes(b, loc, value), perm);
  Value empty = tensor::EmptyOp::create(b, loc, sizes,
                                        getElementTypeOrSelf(value.getType()));
  return linalg::TransposeOp::create(b, loc, value, empty, perm)->getResult(0);
}

Value orchestra::makeTransposeTo(OpBuilder &b, Location loc, Value value,
                                 ArrayRef<int64_t> perm, Type type) {
  Value result = makeTranspose(b, loc, value, perm);
  if (result.getType() != type)
    result = tensor::CastOp::create(b, loc, type, result);
  return result;
}

/// The transpose back to channels first that defines `value`, if one does. Only
/// these move down: the others are what they are to meet.
static linalg::TransposeOp getSinking(Value value) {
  auto transpose = value.getDefiningOp<linalg::TransposeOp>();
  if (transpose && transpose.getPermutation() == ArrayRef(kToChannelsFirst))
    return transpose;
  return nullptr;
}

namespace {

/// transpose(transpose(x)) is one transpose or none.
struct MergeTransposes : OpRewritePattern<linalg::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::TransposeOp op,
                                PatternRewriter &rewriter) const override {
    if (isIdentityPermutation(op.getPermutation())) {
      if (op.getInput().getType() != op->getResult(0).getType())
        return rewriter.notifyMatchFailure(op, "changes the static shape");
      rewriter.replaceOp(op, op.getInput());
      return success();
    }
    auto first = op.getInput().getDefiningOp<linalg::TransposeOp>();
    if (!first)
      return rewriter.notifyMatchFailure(op, "follows no transpose");
    SmallVector<int64_t> perm =
        permute<int64_t>(first.getPermutation(), op.getPermutation());
    Value merged =
        isIdentityPermutation(perm)
            ? first.getInput()
            : makeTranspose(rewriter, op.getLoc(), first.getInput(), perm);
    if (merged.getType() != op->getResult(0).getType())
      merged = tensor::CastOp::create(rewriter, op.getLoc(),
                                      op->getResult(0).getType(), merged);
    rewriter.replaceOp(op, merged);
    return success();
  }
};

/// A transpose that only moves dimensions of size one is a reshape.
struct TransposeToReshape : OpRewritePattern<linalg::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getInput().getType());
    auto resultType = cast<RankedTensorType>(op->getResult(0).getType());
    SmallVector<int64_t> kept;
    for (int64_t dim : op.getPermutation())
      if (type.getDimSize(dim) != 1)
        kept.push_back(dim);
    if (!llvm::is_sorted(kept) || kept.size() == size_t(type.getRank()))
      return rewriter.notifyMatchFailure(op, "moves data");
    if (kept.size() > 1 || !type.hasStaticShape())
      return rewriter.notifyMatchFailure(op, "needs more than one reshape");
    ReassociationIndices all;
    llvm::append_range(all, llvm::seq<int64_t>(0, type.getRank()));
    auto flatType =
        RankedTensorType::get({type.getNumElements()}, type.getElementType());
    Value flat = tensor::CollapseShapeOp::create(
        rewriter, op.getLoc(), flatType, op.getInput(),
        ArrayRef<ReassociationIndices>{all});
    rewriter.replaceOpWithNewOp<tensor::ExpandShapeOp>(
        op, resultType, flat, ArrayRef<ReassociationIndices>{all});
    return success();
  }
};

/// f(transpose(x), y) is transpose(f'(x, y)) for elementwise f.
struct SinkThroughElementwise : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (!isPointwise(op) || op.hasIndexSemantics() || op.getNumLoops() < 3)
      return rewriter.notifyMatchFailure(op, "is not elementwise");
    for (OpOperand &init : op.getDpsInitsMutable())
      if (!op.getMatchingIndexingMap(&init).isIdentity() ||
          op.payloadUsesValueFromOperand(&init))
        return rewriter.notifyMatchFailure(op, "updates its destination");
    ArrayRef<int64_t> perm;
    unsigned transposed = 0, others = 0;
    for (OpOperand *input : op.getDpsInputOperands()) {
      AffineMap map = op.getMatchingIndexingMap(input);
      if (!map.isIdentity())
        continue;
      auto transpose = getSinking(input->get());
      if (transpose && (perm.empty() || perm == transpose.getPermutation())) {
        perm = transpose.getPermutation();
        ++transposed;
      } else {
        ++others;
      }
    }
    if (transposed == 0 || others > transposed)
      return rewriter.notifyMatchFailure(op, "reads mostly other layouts");
    Location loc = op.getLoc();
    MLIRContext *ctx = rewriter.getContext();
    // Loop i of the op is loop perm[i] of the new one.
    SmallVector<AffineExpr> loops;
    for (int64_t source : perm)
      loops.push_back(getAffineDimExpr(source, ctx));
    AffineMap toNew = AffineMap::get(op.getNumLoops(), 0, loops, ctx);
    SmallVector<AffineMap> maps;
    SmallVector<Value> inputs, inits;
    SmallVector<int64_t> inverse = invertPermutationVector(perm);
    AffineMap identity =
        AffineMap::getMultiDimIdentityMap(op.getNumLoops(), ctx);
    for (OpOperand *input : op.getDpsInputOperands()) {
      AffineMap map = op.getMatchingIndexingMap(input);
      auto transpose = getSinking(input->get());
      if (map.isIdentity() && transpose && transpose.getPermutation() == perm) {
        inputs.push_back(transpose.getInput());
        maps.push_back(identity);
      } else if (map.isIdentity()) {
        inputs.push_back(makeTranspose(rewriter, loc, input->get(), inverse));
        maps.push_back(identity);
      } else {
        inputs.push_back(input->get());
        maps.push_back(map.compose(toNew));
      }
    }
    SmallVector<Type> types;
    for (Value init : op.getDpsInits()) {
      SmallVector<OpFoldResult> sizes = permute<OpFoldResult>(
          tensor::getMixedSizes(rewriter, loc, init), inverse);
      inits.push_back(tensor::EmptyOp::create(
          rewriter, loc, sizes, getElementTypeOrSelf(init.getType())));
      types.push_back(inits.back().getType());
      maps.push_back(identity);
    }
    auto generic = linalg::GenericOp::create(
        rewriter, loc, types, inputs, inits, maps,
        SmallVector<utils::IteratorType>(op.getNumLoops(),
                                         utils::IteratorType::parallel));
    rewriter.cloneRegionBefore(op.getRegion(), generic.getRegion(),
                               generic.getRegion().begin());
    SmallVector<Value> results;
    for (auto [result, old] :
         llvm::zip(generic.getResults(), op.getResults())) {
      Value back = makeTranspose(rewriter, loc, result, perm);
      if (back.getType() != old.getType())
        back = tensor::CastOp::create(rewriter, loc, old.getType(), back);
      results.push_back(back);
    }
    rewriter.replaceOp(op, results);
    return success();
  }
};

/// True if `op` must read `input` along its columns as it is: operands are
/// packed only where another one is reused over the columns.
static bool needsUnitStride(linalg::GenericOp op, OpOperand *input) {
  std::optional<TileDims> tile = getRegisterTileDims(op, /*ignoreStride=*/true);
  if (!tile || !op.getMatchingIndexingMap(input).isFunctionOfDim(tile->column))
    return false;
  return llvm::none_of(op.getDpsInputOperands(), [&](OpOperand *other) {
    AffineMap map = op.getMatchingIndexingMap(other);
    return map.getNumResults() > 0 && !map.isFunctionOfDim(tile->column);
  });
}

/// A reduction reads the source of a transpose through its map.
struct FoldIntoReduction : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getNumReductionLoops() == 0)
      return rewriter.notifyMatchFailure(op, "reduces nothing");
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    bool changed = false;
    for (OpOperand *input : op.getDpsInputOperands()) {
      auto transpose = input->get().getDefiningOp<linalg::TransposeOp>();
      if (!transpose || needsUnitStride(op, input))
        continue;
      AffineMap &map = maps[input->getOperandNumber()];
      // Source dimension perm[i] is indexed by what indexed dimension i.
      SmallVector<AffineExpr> exprs(map.getNumResults());
      for (auto [i, source] : llvm::enumerate(transpose.getPermutation()))
        exprs[source] = map.getResult(i);
      map = AffineMap::get(map.getNumDims(), 0, exprs, op.getContext());
      rewriter.modifyOpInPlace(op, [&] { input->set(transpose.getInput()); });
      changed = true;
    }
    if (!changed)
      return rewriter.notifyMatchFailure(op, "reads no transpose");
    rewriter.modifyOpInPlace(op, [&] {
      op.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
    });
    return success();
  }
};

/// A named matrix product of a transpose takes the form that can read its
/// source; with `keepConstants`, transposes of
/// constants are left to be folded.
template <typename OpTy>
struct GeneralizeOverTranspose : OpRewritePattern<OpTy> {
  GeneralizeOverTranspose(MLIRContext *ctx, bool keepConstants)
      : OpRewritePattern<OpTy>(ctx), keepConstants(keepConstants) {}

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    if (llvm::none_of(op->getOperands(), [&](Value operand) {
          auto transpose = operand.getDefiningOp<linalg::TransposeOp>();
          return transpose &&
                 !(keepConstants &&
                   matchPattern(transpose.getInput(), m_Constant()));
        }))
      return rewriter.notifyMatchFailure(op, "reads no transpose");
    return linalg::generalizeNamedOp(rewriter, op);
  }

private:
  bool keepConstants;
};

/// pad(transpose(x)) is transpose(pad(x)).
struct SinkThroughPad : OpRewritePattern<tensor::PadOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::PadOp op,
                                PatternRewriter &rewriter) const override {
    auto transpose = getSinking(op.getSource());
    Value padding = op.getConstantPaddingValue();
    if (!transpose || !padding)
      return rewriter.notifyMatchFailure(op, "pads no transpose");
    SmallVector<int64_t> perm(transpose.getPermutation());
    SmallVector<int64_t> inverse = invertPermutationVector(perm);
    auto type = RankedTensorType::get(
        permute<int64_t>(op.getResultType().getShape(), inverse),
        op.getResultType().getElementType());
    Value pad = tensor::PadOp::create(
        rewriter, op.getLoc(), type, transpose.getInput(),
        permute<OpFoldResult>(op.getMixedLowPad(), inverse),
        permute<OpFoldResult>(op.getMixedHighPad(), inverse), padding,
        op.getNofold());
    rewriter.replaceOp(
        op, makeTransposeTo(rewriter, op.getLoc(), pad, perm, op.getType()));
    return success();
  }
};

/// A slice of a transpose is a transpose of a slice.
struct SinkThroughSlice : OpRewritePattern<tensor::ExtractSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ExtractSliceOp op,
                                PatternRewriter &rewriter) const override {
    auto transpose = getSinking(op.getSource());
    if (!transpose || op.getDroppedDims().any())
      return rewriter.notifyMatchFailure(op, "slices no transpose");
    SmallVector<int64_t> perm(transpose.getPermutation());
    SmallVector<int64_t> inverse = invertPermutationVector(perm);
    Value slice = tensor::ExtractSliceOp::create(
        rewriter, op.getLoc(), transpose.getInput(),
        permute<OpFoldResult>(op.getMixedOffsets(), inverse),
        permute<OpFoldResult>(op.getMixedSizes(), inverse),
        permute<OpFoldResult>(op.getMixedStrides(), inverse));
    rewriter.replaceOp(
        op, makeTransposeTo(rewriter, op.getLoc(), slice, perm, op.getType()));
    return success();
  }
};

/// A concatenation of transposes is a transpose of a concatenation.
struct SinkThroughConcat : OpRewritePattern<tensor::ConcatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ConcatOp op,
                                PatternRewriter &rewriter) const override {
    SmallVector<Value> inputs;
    SmallVector<int64_t> perm;
    for (Value input : op.getInputs()) {
      auto transpose = getSinking(input);
      if (!transpose ||
          (!perm.empty() && ArrayRef(perm) != transpose.getPermutation()))
        return rewriter.notifyMatchFailure(op, "joins other layouts");
      perm.assign(transpose.getPermutation().begin(),
                  transpose.getPermutation().end());
      inputs.push_back(transpose.getInput());
    }
    int64_t dim = perm[op.getDim()];
    Value concat = tensor::ConcatOp::create(rewriter, op.getLoc(), dim, inputs);
    rewriter.replaceOp(
        op, makeTransposeTo(rewriter, op.getLoc(), concat, perm, op.getType()));
    return success();
  }
};

/// A shuffle of channels, which is a reshape of the channels to a matrix, its
/// transpose, and the reshape back, is one along the last dimension.
struct SinkThroughShuffle : OpRewritePattern<tensor::CollapseShapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::CollapseShapeOp op,
                                PatternRewriter &rewriter) const override {
    SmallVector<ReassociationIndices> first = {{0}, {1, 2}, {3}, {4}};
    auto shuffle = op.getSrc().getDefiningOp<linalg::TransposeOp>();
    if (!shuffle || op.getReassociationIndices() != first ||
        shuffle.getPermutation() != ArrayRef<int64_t>{0, 2, 1, 3, 4})
      return rewriter.notifyMatchFailure(op, "shuffles no channels");
    auto expand = shuffle.getInput().getDefiningOp<tensor::ExpandShapeOp>();
    if (!expand || expand.getReassociationIndices() != first)
      return rewriter.notifyMatchFailure(op, "shuffles more than channels");
    auto transpose = getSinking(expand.getSrc());
    if (!transpose)
      return rewriter.notifyMatchFailure(op, "shuffles no transpose");
    Location loc = op.getLoc();
    SmallVector<ReassociationIndices> last = {{0}, {1}, {2}, {3, 4}};
    SmallVector<int64_t> toLast = {0, 3, 4, 1, 2};
    auto type = RankedTensorType::get(
        permute<int64_t>(expand.getResultType().getShape(), toLast),
        expand.getResultType().getElementType());
    Value matrix = tensor::ExpandShapeOp::create(
        rewriter, loc, type, transpose.getInput(), last,
        permute<OpFoldResult>(expand.getMixedOutputShape(), toLast));
    Value shuffled = makeTranspose(rewriter, loc, matrix, {0, 1, 2, 4, 3});
    Value flat = tensor::CollapseShapeOp::create(rewriter, loc, shuffled, last);
    rewriter.replaceOp(op, makeTransposeTo(rewriter, loc, flat,
                                           kToChannelsFirst, op.getType()));
    return success();
  }
};

} // namespace

void orchestra::populateSinkTransposePatterns(RewritePatternSet &patterns,
                                              bool keepConstants) {
  patterns.add<GeneralizeOverTranspose<linalg::MatmulOp>,
               GeneralizeOverTranspose<linalg::BatchMatmulOp>>(
      patterns.getContext(), keepConstants);
  patterns.add<MergeTransposes, TransposeToReshape, SinkThroughElementwise,
               FoldIntoReduction, SinkThroughPad, SinkThroughSlice,
               SinkThroughConcat, SinkThroughShuffle>(patterns.getContext());
}
