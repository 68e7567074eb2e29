//===- ChannelsLast.cpp - Convolutions with channels innermost ------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// With channels innermost, a convolution's inner loop is that of a matmul: a
// vector of filters times a broadcast input value; depthwise convolutions and
// poolings are elementwise along the channels. Each such op is rewritten
// between two transposes; transposes of results then move down through whatever
// follows until they meet the next one's and cancel (SinkTransposes.cpp).
//
//===----------------------------------------------------------------------===//
#include "ChannelsLast.h"

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

/// `value` in the order of channels last; zeros around it stay outermost.
Value makeChannelsLast(IRRewriter &rewriter, Location loc, Value value) {
  auto pad = value.getDefiningOp<tensor::PadOp>();
  Value padding = pad ? pad.getConstantPaddingValue() : Value();
  auto type = cast<RankedTensorType>(value.getType());
  if (!padding || !type.hasStaticShape())
    return makeTranspose(rewriter, loc, value, kToChannelsLast);
  Value source = makeTranspose(rewriter, loc, pad.getSource(), kToChannelsLast);
  SmallVector<OpFoldResult> low = pad.getMixedLowPad(),
                            high = pad.getMixedHighPad();
  return tensor::PadOp::create(
      rewriter, loc,
      RankedTensorType::get(permute<int64_t>(type.getShape(), kToChannelsLast),
                            type.getElementType()),
      source, permute<OpFoldResult>(low, kToChannelsLast),
      permute<OpFoldResult>(high, kToChannelsLast), padding);
}

/// Puts the channels of picture and filter innermost in memory, if `op` is a
/// convolution on NHWC of a narrow type. No pattern: those that read through
/// transposes would undo it.
void moveChannelsLast(IRRewriter &rewriter, linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumLoops() != 7 ||
      op.getNumParallelLoops() != 4)
    return;
  Type element = getElementTypeOrSelf(op.getInputs()[0]);
  if (!element.isF16() && !element.isBF16())
    return;
  MLIRContext *ctx = op.getContext();
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  auto over = [&](ArrayRef<unsigned> loops) {
    return AffineMap::getMultiDimMapWithTargets(7, loops, ctx);
  };
  if (maps[2] != over({0, 1, 2, 3}) ||
      (maps[1] != over({3, 6, 4, 5}) && maps[1] != over({3, 4, 5, 6})))
    return;
  Location loc = op.getLoc();
  rewriter.setInsertionPoint(op);
  SmallVector<Value> operands = op.getInputs();
  if (maps[1] == over({3, 6, 4, 5})) {
    operands[1] = makeTranspose(rewriter, loc, operands[1], kToChannelsLast);
    maps[1] = over({3, 4, 5, 6});
  }
  if (maps[0].getNumResults() == 4 &&
      maps[0].getResult(1) == getAffineDimExpr(6, ctx)) {
    operands[0] = makeChannelsLast(rewriter, loc, operands[0]);
    maps[0] = AffineMap::get(
        7, 0, permute<AffineExpr>(maps[0].getResults(), kToChannelsLast), ctx);
  }
  rewriter.modifyOpInPlace(op, [&] {
    op.getInputsMutable().assign(operands);
    op.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
  });
}

struct ChannelsLast : orchestra::impl::ChannelsLastPassBase<ChannelsLast> {
  using Base::Base;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ToChannelsLast<linalg::Conv2DNchwFchwOp>,
                 ToChannelsLast<linalg::DepthwiseConv2DNchwChwOp>,
                 ToChannelsLast<linalg::PoolingNchwMaxOp>,
                 ToChannelsLast<linalg::PoolingNchwSumOp>,
                 GroupedToChannelsLast, PointwiseConvolutionToMatmul>(
        &getContext());
    populateSinkTransposePatterns(patterns, /*keepConstants=*/inMemory);
    tensor::CastOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns,
                                                         &getContext());
    tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::EmptyOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    IRRewriter rewriter(&getContext());
    if (inMemory)
      getOperation().walk(
          [&](linalg::GenericOp op) { moveChannelsLast(rewriter, op); });
  }
};
} // namespace
