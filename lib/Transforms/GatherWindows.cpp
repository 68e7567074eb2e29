//===- GatherWindows.cpp - Pictures of few channels as matrices -----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensor maps read windows over pictures whose pixels fill 16 bytes, and which
// are at most 8 pixels apart. The first convolution of a network has three
// channels; for it the matrix of windows (im2col) is made in memory, with zeros
// around the picture and behind the windows as the product wants them.
//
//===----------------------------------------------------------------------===//
#include "ChannelsLast.h"

#include "orchestra/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_GATHERWINDOWSPASS
#include "orchestra/Transforms/Passes.h.inc"
} // namespace orchestra

static constexpr int64_t kRowBytes = 16, kMaxStride = 8;

namespace {
/// A picture without its frame of zeros: N x C x H x W.
struct Picture {
  Value value;
  SmallVector<int64_t> low;
};

/// Windows over it: C x KH x KW each, of which `width` columns are stored.
struct Windows {
  SmallVector<int64_t> strides, dilations;
  int64_t columns, width;
};
} // namespace

/// Takes off zeros around rows and columns.
static Picture getPicture(Value value) {
  auto pad = value.getDefiningOp<tensor::PadOp>();
  Value padding = pad ? pad.getConstantPaddingValue() : Value();
  auto isNegative = [](int64_t size) { return size < 0; };
  if (!padding || !matchPattern(padding, m_AnyZeroFloat()) ||
      !pad.getSourceType().hasStaticShape() ||
      llvm::any_of(pad.getStaticLow(), isNegative) ||
      llvm::any_of(pad.getStaticHigh(), isNegative) ||
      pad.getStaticLow()[0] != 0 || pad.getStaticHigh()[0] != 0 ||
      pad.getStaticLow()[1] != 0 || pad.getStaticHigh()[1] != 0)
    return {value, {0, 0}};
  return {pad.getSource(), llvm::to_vector(pad.getStaticLow().drop_front(2))};
}

/// The index in the picture of pixel `offset` of window `number`.
static Value getPixel(OpBuilder &b, Location loc, Value number, Value offset,
                      int64_t stride, int64_t dilation, int64_t low) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  Value begin = arith::MulIOp::create(b, loc, number, constant(stride));
  Value within = arith::MulIOp::create(b, loc, offset, constant(dilation));
  Value pixel = arith::AddIOp::create(b, loc, begin, within);
  return arith::SubIOp::create(b, loc, pixel, constant(low));
}

/// N x OH x OW x C x KH x width: each window's pixels.
static Value gather(OpBuilder &b, Location loc, const Picture &picture,
                    const Windows &windows, ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(picture.value.getType());
  Value empty = tensor::EmptyOp::create(b, loc, shape, type.getElementType());
  SmallVector<utils::IteratorType> kinds(6, utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      b, loc, empty.getType(), ValueRange(), empty, b.getMultiDimIdentityMap(6),
      kinds, [&](OpBuilder &b, Location loc, ValueRange) {
        auto constant = [&](int64_t value) -> Value {
          return arith::ConstantIndexOp::create(b, loc, value);
        };
        SmallVector<Value> at;
        for (unsigned dim = 0; dim < 6; ++dim)
          at.push_back(linalg::IndexOp::create(b, loc, dim));
        Value inside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                             at[5], constant(windows.columns));
        SmallVector<Value> pixels;
        for (unsigned dim = 0; dim < 2; ++dim) {
          int64_t size = type.getDimSize(2 + dim);
          Value pixel =
              getPixel(b, loc, at[1 + dim], at[4 + dim], windows.strides[dim],
                       windows.dilations[dim], picture.low[dim]);
          // As an unsigned number, one before the picture is behind it.
          Value holds = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult,
                                              pixel, constant(size));
          inside = arith::AndIOp::create(b, loc, inside, holds);
          pixel = arith::MaxSIOp::create(b, loc, pixel, constant(0));
          pixels.push_back(
              arith::MinSIOp::create(b, loc, pixel, constant(size - 1)));
        }
        Value value = tensor::ExtractOp::create(
            b, loc, picture.value,
            ValueRange{at[0], at[3], pixels[0], pixels[1]});
        Value zero = arith::ConstantOp::create(
            b, loc, b.getZeroAttr(type.getElementType()));
        value = arith::SelectOp::create(b, loc, inside, value, zero);
        linalg::YieldOp::create(b, loc, value);
      });
  return generic.getResult(0);
}

namespace {
struct GatherWindows : orchestra::impl::GatherWindowsPassBase<GatherWindows> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::Conv2DNchwFchwOp> ops;
    getOperation().walk(
        [&](linalg::Conv2DNchwFchwOp op) { ops.push_back(op); });
    for (linalg::Conv2DNchwFchwOp op : ops)
      if (wantsMatrix(op))
        rewrite(rewriter, op);
  }

private:
  static bool wantsMatrix(linalg::Conv2DNchwFchwOp op);
  static void rewrite(IRRewriter &rewriter, linalg::Conv2DNchwFchwOp op);
};
} // namespace

bool GatherWindows::wantsMatrix(linalg::Conv2DNchwFchwOp op) {
  auto linalgOp = cast<linalg::LinalgOp>(op.getOperation());
  if (!linalgOp.hasPureTensorSemantics() || linalgOp.hasDynamicShape() ||
      !linalgOp.getDpsInits()[0].getDefiningOp<linalg::FillOp>())
    return false;
  auto type = cast<RankedTensorType>(linalgOp.getDpsInputs()[0].getType());
  if (!type.getElementType().isF16() && !type.getElementType().isBF16())
    return false;
  int64_t bytes = type.getDimSize(1) * type.getElementTypeBitWidth() / 8;
  return bytes % kRowBytes != 0 ||
         llvm::any_of(op.getStrides().getValues<int64_t>(),
                      [](int64_t stride) { return stride > kMaxStride; });
}

void GatherWindows::rewrite(IRRewriter &rewriter, linalg::Conv2DNchwFchwOp op) {
  auto linalgOp = cast<linalg::LinalgOp>(op.getOperation());
  Location loc = op.getLoc();
  MLIRContext *ctx = op.getContext();
  rewriter.setInsertionPoint(op);
  Picture picture = getPicture(linalgOp.getDpsInputs()[0]);
  Value filter = linalgOp.getDpsInputs()[1];
  auto fill = linalgOp.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  auto filterType = cast<RankedTensorType>(filter.getType());
  auto result = cast<RankedTensorType>(op->getResult(0).getType());
  ArrayRef<int64_t> window = filterType.getShape().drop_front();
  Windows windows{llvm::to_vector(op.getStrides().getValues<int64_t>()),
                  llvm::to_vector(op.getDilations().getValues<int64_t>()),
                  window[2], window[2]};
  // Rows of the matrix are a multiple of what a tensor map wants.
  int64_t elements = kRowBytes * 8 / filterType.getElementTypeBitWidth();
  while (window[0] * window[1] * windows.width % elements != 0)
    ++windows.width;
  SmallVector<int64_t> shape{result.getDimSize(0),
                             result.getDimSize(2),
                             result.getDimSize(3),
                             window[0],
                             window[1],
                             windows.width};
  Value matrix = gather(rewriter, loc, picture, windows, shape);
  SmallVector<ReassociationIndices> rows{{0, 1, 2}, {3, 4, 5}},
      filters{{0}, {1, 2, 3}}, pixels{{0, 1, 2}, {3}};
  matrix = tensor::CollapseShapeOp::create(rewriter, loc, matrix, rows);
  if (windows.width != windows.columns) {
    SmallVector<int64_t> padded(filterType.getShape());
    padded.back() = windows.width;
    Value zero = arith::ConstantOp::create(
        rewriter, loc, rewriter.getZeroAttr(filterType.getElementType()));
    SmallVector<OpFoldResult> low(4, rewriter.getIndexAttr(0)), high = low;
    high.back() = rewriter.getIndexAttr(windows.width - windows.columns);
    filter = tensor::PadOp::create(
        rewriter, loc,
        RankedTensorType::get(padded, filterType.getElementType()), filter, low,
        high, zero);
  }
  filter = tensor::CollapseShapeOp::create(rewriter, loc, filter, filters);

  SmallVector<int64_t> flat{shape[0] * shape[1] * shape[2],
                            result.getDimSize(1)};
  Value init =
      tensor::EmptyOp::create(rewriter, loc, flat, result.getElementType());
  init = linalg::FillOp::create(rewriter, loc, fill.getInputs()[0], init)
             .getResult(0);
  AffineExpr m, n, k;
  bindDims(ctx, m, n, k);
  auto product = linalg::GenericOp::create(
      rewriter, loc, init.getType(), ValueRange{matrix, filter}, init,
      ArrayRef<AffineMap>{AffineMap::get(3, 0, {m, k}, ctx),
                          AffineMap::get(3, 0, {n, k}, ctx),
                          AffineMap::get(3, 0, {m, n}, ctx)},
      ArrayRef<utils::IteratorType>{utils::IteratorType::parallel,
                                    utils::IteratorType::parallel,
                                    utils::IteratorType::reduction});
  rewriter.cloneRegionBefore(op->getRegion(0), product.getRegion(),
                             product.getRegion().begin());
  SmallVector<int64_t> picturesLast{shape[0], shape[1], shape[2], flat[1]};
  Value last = tensor::ExpandShapeOp::create(
      rewriter, loc,
      RankedTensorType::get(picturesLast, result.getElementType()),
      product.getResult(0), pixels);
  rewriter.replaceOp(op, makeTranspose(rewriter, loc, last, kToChannelsFirst));
}
