//===- ChannelsLast.cpp - Convolutions with channels innermost ------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// With channels innermost, a convolution's inner loop is that of a matmul: a
// vector of filters times a broadcast input value; depthwise convolutions and
// poolings are elementwise along the channels. Each such op is rewritten
// between two transposes; transposes of results then move down through whatever
// follows until they meet the next one's and cancel.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/Kernels.h"
#include "orchestra/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_CHANNELSLASTPASS
#include "orchestra/Transforms/Passes.h.inc"
} // namespace orchestra

/// Result dimension i of a transpose is source dimension perm[i].
static const int64_t kToChannelsLast[] = {0, 2, 3, 1};
static const int64_t kToChannelsFirst[] = {0, 3, 1, 2};

template <typename T>
static SmallVector<T> permute(ArrayRef<T> values, ArrayRef<int64_t> perm) {
  SmallVector<T> result;
  for (int64_t source : perm)
    result.push_back(values[source]);
  return result;
}

static Value makeTranspose(OpBuilder &b, Location loc, Value value,
                           ArrayRef<int64_t> perm) {
  SmallVector<OpFoldResult> sizes =
      permute<OpFoldResult>(tensor::getMixedSizes(b, loc, value), perm);
  Value empty = tensor::EmptyOp::create(b, loc, sizes,
                                        getElementTypeOrSelf(value.getType()));
  return linalg::TransposeOp::create(b, loc, value, empty, perm)->getResult(0);
}

/// `value` transposed by `perm`, of exactly the type that it is to replace.
static Value makeTransposeTo(OpBuilder &b, Location loc, Value value,
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

/// A convolution or pooling on NCHW becomes a generic on NHWC.
template <typename OpTy> struct ToChannelsLast : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto linalgOp = cast<linalg::LinalgOp>(op.getOperation());
    if (!linalgOp.hasPureTensorSemantics())
      return rewriter.notifyMatchFailure(op, "is not on tensors");
    OpOperand *init = linalgOp.getDpsInitOperand(0);
    auto fill = init->get().getDefiningOp<linalg::FillOp>();
    if (!fill)
      return rewriter.notifyMatchFailure(op, "accumulates onto a value");
    MLIRContext *ctx = rewriter.getContext();
    SmallVector<AffineMap> maps = linalgOp.getIndexingMapsArray();
    OpOperand *image = linalgOp.getDpsInputOperand(0);
    auto permuteResults = [&](AffineMap map) {
      return AffineMap::get(
          map.getNumDims(), 0,
          permute<AffineExpr>(map.getResults(), kToChannelsLast), ctx);
    };
    maps[image->getOperandNumber()] =
        permuteResults(maps[image->getOperandNumber()]);
    maps[init->getOperandNumber()] =
        permuteResults(maps[init->getOperandNumber()]);

    SmallVector<Value> inputs(linalgOp.getDpsInputs());
    inputs[0] = makeTranspose(rewriter, loc, inputs[0], kToChannelsLast);
    AffineMap out = maps[init->getOperandNumber()];
    // A depthwise filter runs along the channels like image and result.
    AffineExpr column = out.getResults().back();
    if (linalgOp.getNumDpsInputs() == 2 &&
        maps[0].getResults().back() == column &&
        maps[1].getResults().front() == column) {
      SmallVector<int64_t> toLast;
      for (int64_t i = 1; i < maps[1].getNumResults(); ++i)
        toLast.push_back(i);
      toLast.push_back(0);
      maps[1] = AffineMap::get(
          maps[1].getNumDims(), 0,
          permute<AffineExpr>(maps[1].getResults(), toLast), ctx);
      inputs[1] = makeTranspose(rewriter, loc, inputs[1], toLast);
    }

    // Loops: the result's dimensions in order, then windows, then channels.
    SmallVector<unsigned> order;
    for (AffineExpr expr : out.getResults())
      order.push_back(cast<AffineDimExpr>(expr).getPosition());
    unsigned channels = ~0u;
    AffineExpr last = maps[image->getOperandNumber()].getResults().back();
    if (auto dim = dyn_cast<AffineDimExpr>(last))
      if (!llvm::is_contained(order, dim.getPosition()))
        channels = dim.getPosition();
    for (unsigned loop = 0; loop < linalgOp.getNumLoops(); ++loop)
      if (!llvm::is_contained(order, loop) && loop != channels)
        order.push_back(loop);
    if (channels != ~0u)
      order.push_back(channels);
    AffineMap reorder =
        inversePermutation(AffineMap::getPermutationMap(order, ctx));
    SmallVector<utils::IteratorType> iterators =
                                         linalgOp.getIteratorTypesArray(),
                                     newIterators;
    for (unsigned loop : order)
      newIterators.push_back(iterators[loop]);
    for (AffineMap &map : maps)
      map = map.compose(reorder);

    SmallVector<OpFoldResult> sizes = permute<OpFoldResult>(
        tensor::getMixedSizes(rewriter, loc, fill.getOutputs()[0]),
        kToChannelsLast);
    Value empty = tensor::EmptyOp::create(
        rewriter, loc, sizes, getElementTypeOrSelf(op->getResult(0)));
    Value newInit =
        linalg::FillOp::create(rewriter, loc, fill.getInputs()[0], empty)
            .getResult(0);
    auto generic = linalg::GenericOp::create(
        rewriter, loc, newInit.getType(), inputs, newInit, maps, newIterators);
    rewriter.cloneRegionBefore(op->getRegion(0), generic.getRegion(),
                               generic.getRegion().begin());
    Value result =
        makeTranspose(rewriter, loc, generic.getResult(0), kToChannelsFirst);
    if (result.getType() != op->getResult(0).getType())
      result = tensor::CastOp::create(rewriter, loc, op->getResult(0).getType(),
                                      result);
    rewriter.replaceOp(op, result);
    return success();
  }
};

/// A grouped convolution on NGCHW becomes a generic on NHWGC, which is NHWC
/// with the channels expanded.
struct GroupedToChannelsLast : OpRewritePattern<linalg::Conv2DNgchwGfchwOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::Conv2DNgchwGfchwOp op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    MLIRContext *ctx = rewriter.getContext();
    auto linalgOp = cast<linalg::LinalgOp>(op.getOperation());
    auto fill = linalgOp.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
    auto resultType = cast<RankedTensorType>(op->getResult(0).getType());
    auto imageType =
        cast<RankedTensorType>(linalgOp.getDpsInputs()[0].getType());
    if (!linalgOp.hasPureTensorSemantics() || !fill)
      return rewriter.notifyMatchFailure(op, "accumulates onto a value");
    if (imageType.isDynamicDim(1) || imageType.isDynamicDim(2) ||
        resultType.isDynamicDim(1) || resultType.isDynamicDim(2))
      return rewriter.notifyMatchFailure(op, "has dynamic channels");
    // (n, g, f, oh, ow, c, kh, kw) in the order (n, oh, ow, g, f, kh, kw, c).
    SmallVector<AffineMap> maps = linalgOp.getIndexingMapsArray();
    AffineMap &image = maps[0], &out = maps.back();
    static const int64_t toLast[] = {0, 3, 4, 1, 2};
    image =
        AffineMap::get(image.getNumDims(), 0,
                       permute<AffineExpr>(image.getResults(), toLast), ctx);
    out = AffineMap::get(out.getNumDims(), 0,
                         permute<AffineExpr>(out.getResults(), toLast), ctx);
    SmallVector<unsigned> order;
    for (AffineExpr expr : out.getResults())
      order.push_back(cast<AffineDimExpr>(expr).getPosition());
    unsigned channels =
        cast<AffineDimExpr>(image.getResults().back()).getPosition();
    for (unsigned loop = 0; loop < linalgOp.getNumLoops(); ++loop)
      if (!llvm::is_contained(order, loop) && loop != channels)
        order.push_back(loop);
    order.push_back(channels);
    AffineMap reorder =
        inversePermutation(AffineMap::getPermutationMap(order, ctx));
    SmallVector<utils::IteratorType> iterators =
                                         linalgOp.getIteratorTypesArray(),
                                     newIterators;
    for (unsigned loop : order)
      newIterators.push_back(iterators[loop]);
    for (AffineMap &map : maps)
      map = map.compose(reorder);

    SmallVector<ReassociationIndices> first{{0}, {1, 2}, {3}, {4}};
    SmallVector<ReassociationIndices> last{{0}, {1}, {2}, {3, 4}};
    Value flat = tensor::CollapseShapeOp::create(
        rewriter, loc, linalgOp.getDpsInputs()[0], first);
    flat = makeTranspose(rewriter, loc, flat, kToChannelsLast);
    auto expand = [&](Value value, ArrayRef<ReassociationIndices> groups,
                      ArrayRef<OpFoldResult> sizes) -> Value {
      SmallVector<int64_t> shape;
      for (OpFoldResult size : sizes)
        shape.push_back(
            getConstantIntValue(size).value_or(ShapedType::kDynamic));
      return tensor::ExpandShapeOp::create(
          rewriter, loc,
          RankedTensorType::get(shape, getElementTypeOrSelf(value)), value,
          groups, sizes);
    };
    SmallVector<OpFoldResult> imageSizes =
        tensor::getMixedSizes(rewriter, loc, linalgOp.getDpsInputs()[0]);
    SmallVector<OpFoldResult> outSizes =
        tensor::getMixedSizes(rewriter, loc, fill.getOutputs()[0]);
    Value image5 =
        expand(flat, last, permute<OpFoldResult>(imageSizes, toLast));
    SmallVector<OpFoldResult> lastSizes =
        permute<OpFoldResult>(outSizes, toLast);
    Value empty = tensor::EmptyOp::create(rewriter, loc, lastSizes,
                                          resultType.getElementType());
    Value init =
        linalg::FillOp::create(rewriter, loc, fill.getInputs()[0], empty)
            .getResult(0);
    auto generic = linalg::GenericOp::create(
        rewriter, loc, init.getType(),
        ValueRange{image5, linalgOp.getDpsInputs()[1]}, init, maps,
        newIterators);
    rewriter.cloneRegionBefore(op->getRegion(0), generic.getRegion(),
                               generic.getRegion().begin());
    Value result = tensor::CollapseShapeOp::create(rewriter, loc,
                                                   generic.getResult(0), last);
    result = makeTranspose(rewriter, loc, result, kToChannelsFirst);
    result = expand(result, first, outSizes);
    if (result.getType() != resultType)
      result = tensor::CastOp::create(rewriter, loc, resultType, result);
    rewriter.replaceOp(op, result);
    return success();
  }
};

/// A 1x1 convolution with unit strides on NHWC is a matmul over all pixels.
struct PointwiseConvolutionToMatmul : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getNumDpsInputs() != 2 || op.getNumLoops() != 7 ||
        op.getNumParallelLoops() != 4)
      return rewriter.notifyMatchFailure(op, "is no convolution");
    SmallVector<int64_t> ranges = op.getStaticLoopRanges();
    MLIRContext *ctx = rewriter.getContext();
    AffineExpr d[7];
    for (unsigned i = 0; i < 7; ++i)
      d[i] = getAffineDimExpr(i, ctx);
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    if (maps[0] !=
            AffineMap::get(7, 0, {d[0], d[1] + d[4], d[2] + d[5], d[6]}, ctx) ||
        maps[1] != AffineMap::get(7, 0, {d[3], d[6], d[4], d[5]}, ctx) ||
        maps[2] != AffineMap::get(7, 0, {d[0], d[1], d[2], d[3]}, ctx) ||
        ranges[4] != 1 || ranges[5] != 1)
      return rewriter.notifyMatchFailure(op, "has windows or strides");
    auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
    if (!fill)
      return rewriter.notifyMatchFailure(op, "accumulates onto a value");
    Location loc = op.getLoc();
    SmallVector<ReassociationIndices> pixels{{0, 1, 2}, {3}};
    SmallVector<ReassociationIndices> window{{0}, {1, 2, 3}};
    Value image = tensor::CollapseShapeOp::create(rewriter, loc,
                                                  op.getInputs()[0], pixels);
    Value filter = tensor::CollapseShapeOp::create(rewriter, loc,
                                                   op.getInputs()[1], window);
    SmallVector<OpFoldResult> outSizes =
        tensor::getMixedSizes(rewriter, loc, fill.getOutputs()[0]);
    Value flatInit = tensor::CollapseShapeOp::create(
        rewriter, loc, fill.getOutputs()[0], pixels);
    Value init =
        linalg::FillOp::create(rewriter, loc, fill.getInputs()[0], flatInit)
            .getResult(0);
    AffineExpr m = d[0], n = d[1], k = d[2];
    auto matmul = linalg::GenericOp::create(
        rewriter, loc, init.getType(), ValueRange{image, filter}, init,
        ArrayRef<AffineMap>{AffineMap::get(3, 0, {m, k}, ctx),
                            AffineMap::get(3, 0, {n, k}, ctx),
                            AffineMap::get(3, 0, {m, n}, ctx)},
        ArrayRef<utils::IteratorType>{utils::IteratorType::parallel,
                                      utils::IteratorType::parallel,
                                      utils::IteratorType::reduction});
    rewriter.cloneRegionBefore(op.getRegion(), matmul.getRegion(),
                               matmul.getRegion().begin());
    rewriter.replaceOpWithNewOp<tensor::ExpandShapeOp>(
        op, op.getResult(0).getType(), matmul.getResult(0), pixels, outSizes);
    return success();
  }
};

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
/// source.
template <typename OpTy>
struct GeneralizeOverTranspose : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    if (llvm::none_of(op->getOperands(), [](Value operand) {
          return operand.getDefiningOp<linalg::TransposeOp>();
        }))
      return rewriter.notifyMatchFailure(op, "reads no transpose");
    return linalg::generalizeNamedOp(rewriter, op);
  }
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

struct ChannelsLast : orchestra::impl::ChannelsLastPassBase<ChannelsLast> {
  using Base::Base;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns
        .add<ToChannelsLast<linalg::Conv2DNchwFchwOp>,
             ToChannelsLast<linalg::DepthwiseConv2DNchwChwOp>,
             ToChannelsLast<linalg::PoolingNchwMaxOp>,
             ToChannelsLast<linalg::PoolingNchwSumOp>, GroupedToChannelsLast,
             GeneralizeOverTranspose<linalg::MatmulOp>,
             GeneralizeOverTranspose<linalg::BatchMatmulOp>,
             PointwiseConvolutionToMatmul, MergeTransposes, TransposeToReshape,
             SinkThroughElementwise, FoldIntoReduction, SinkThroughPad,
             SinkThroughSlice, SinkThroughConcat>(&getContext());
    tensor::CastOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns,
                                                         &getContext());
    tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::EmptyOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
  }
};
} // namespace
