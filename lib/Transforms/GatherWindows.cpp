//===- GatherWindows.cpp - Pictures of few channels as matrices -----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensor maps read windows over pictures whose pixels fill 16 bytes, and which
// are at most 8 pixels apart. The first convolution of a network has three
// channels: it gets a picture of a few more, of zeros, and with zeros beside
// its rows, in which the columns of a window are one long pixel. Where windows
// are farther apart, their matrix (im2col) is made in memory.
//
//===----------------------------------------------------------------------===//
#include "ChannelsLast.h"
#include "FramedRead.h"

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

/// How a picture and filters are widened: channels of a pixel, columns of a
/// window and of the picture.
struct Widths {
  int64_t channels, columns, width;
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
        for (unsigned dim = 0; dim < 2; ++dim)
          pixels.push_back(getPixel(b, loc, at[1 + dim], at[4 + dim],
                                    windows.strides[dim],
                                    windows.dilations[dim], picture.low[dim]));
        Value zero = arith::ConstantOp::create(
            b, loc, b.getZeroAttr(type.getElementType()));
        Value value = readFramed(b, loc, picture.value,
                                 {at[0], at[3], pixels[0], pixels[1]}, {2, 3},
                                 zero, inside);
        linalg::YieldOp::create(b, loc, value);
      });
  return generic.getResult(0);
}

/// N x H x width x channels: the picture between zeros.
static Value widenPicture(OpBuilder &b, Location loc, const Picture &picture,
                          const Widths &widths) {
  auto type = cast<RankedTensorType>(picture.value.getType());
  SmallVector<int64_t> shape{type.getDimSize(0), type.getDimSize(2),
                             widths.width, widths.channels};
  Value empty = tensor::EmptyOp::create(b, loc, shape, type.getElementType());
  SmallVector<utils::IteratorType> kinds(4, utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      b, loc, empty.getType(), ValueRange(), empty, b.getMultiDimIdentityMap(4),
      kinds, [&](OpBuilder &b, Location loc, ValueRange) {
        SmallVector<Value> at;
        for (unsigned dim = 0; dim < 4; ++dim)
          at.push_back(linalg::IndexOp::create(b, loc, dim));
        Value column = arith::SubIOp::create(
            b, loc, at[2],
            arith::ConstantIndexOp::create(b, loc, picture.low[1]));
        Value zero = arith::ConstantOp::create(
            b, loc, b.getZeroAttr(type.getElementType()));
        Value value = readFramed(b, loc, picture.value,
                                 {at[0], at[3], at[1], column}, {1, 3}, zero);
        linalg::YieldOp::create(b, loc, value);
      });
  return generic.getResult(0);
}

/// `value` with zeros behind and before it.
static Value padWith(OpBuilder &b, Location loc, Value value,
                     ArrayRef<int64_t> low, ArrayRef<int64_t> high) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape;
  for (auto [size, before, behind] :
       llvm::zip_equal(type.getShape(), low, high))
    shape.push_back(size + before + behind);
  if (type.getShape() == ArrayRef<int64_t>(shape))
    return value;
  MLIRContext *ctx = b.getContext();
  Value zero =
      arith::ConstantOp::create(b, loc, b.getZeroAttr(type.getElementType()));
  return tensor::PadOp::create(
      b, loc, RankedTensorType::get(shape, type.getElementType()), value,
      getAsIndexOpFoldResult(ctx, low), getAsIndexOpFoldResult(ctx, high),
      zero);
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
        canJoin(op) ? join(rewriter, op) : rewrite(rewriter, op);
  }

private:
  static bool wantsMatrix(linalg::Conv2DNchwFchwOp op);
  static bool canJoin(linalg::Conv2DNchwFchwOp op);
  static void rewrite(IRRewriter &rewriter, linalg::Conv2DNchwFchwOp op);
  static void join(IRRewriter &rewriter, linalg::Conv2DNchwFchwOp op);
};
} // namespace

/// Whether the columns of a window can be one pixel of a tensor map.
bool GatherWindows::canJoin(linalg::Conv2DNchwFchwOp op) {
  auto filter = cast<RankedTensorType>(op->getOperand(1).getType());
  return *std::next(op.getDilations().value_begin<int64_t>()) == 1 &&
         filter.getDimSize(3) > 1 &&
         llvm::all_of(op.getStrides().getValues<int64_t>(),
                      [](int64_t stride) { return stride <= kMaxStride; });
}

void GatherWindows::join(IRRewriter &rewriter, linalg::Conv2DNchwFchwOp op) {
  auto linalgOp = cast<linalg::LinalgOp>(op.getOperation());
  Location loc = op.getLoc();
  MLIRContext *ctx = op.getContext();
  rewriter.setInsertionPoint(op);
  Picture picture = getPicture(linalgOp.getDpsInputs()[0]);
  auto pictureType = cast<RankedTensorType>(picture.value.getType());
  auto paddedType =
      cast<RankedTensorType>(linalgOp.getDpsInputs()[0].getType());
  Value filter = linalgOp.getDpsInputs()[1];
  auto filterType = cast<RankedTensorType>(filter.getType());
  auto result = cast<RankedTensorType>(op->getResult(0).getType());
  auto strides = llvm::to_vector(op.getStrides().getValues<int64_t>());
  auto dilations = llvm::to_vector(op.getDilations().getValues<int64_t>());
  // Windows begin, and rows of filters and pictures end, at multiples of what a
  // tensor map wants.
  int64_t elements = kRowBytes * 8 / filterType.getElementTypeBitWidth();
  Widths widths{filterType.getDimSize(1), filterType.getDimSize(3), 0};
  while (strides[1] * widths.channels % elements != 0)
    ++widths.channels;
  while (widths.columns * widths.channels % elements != 0)
    ++widths.columns;
  widths.width =
      std::max(picture.low[1] + pictureType.getDimSize(3),
               (result.getDimSize(3) - 1) * strides[1] + widths.columns);
  while (widths.width * widths.channels % elements != 0)
    ++widths.width;
  Value wide = widenPicture(rewriter, loc, picture, widths);
  int64_t behind =
      paddedType.getDimSize(2) - pictureType.getDimSize(2) - picture.low[0];
  wide = padWith(rewriter, loc, wide, {0, picture.low[0], 0, 0},
                 {0, behind, 0, 0});
  filter = padWith(rewriter, loc, filter, {0, 0, 0, 0},
                   {0, widths.channels - filterType.getDimSize(1), 0,
                    widths.columns - filterType.getDimSize(3)});
  filter = makeTranspose(rewriter, loc, filter, kToChannelsLast);

  auto fill = linalgOp.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  Value init = tensor::EmptyOp::create(
      rewriter, loc, permute<int64_t>(result.getShape(), kToChannelsLast),
      result.getElementType());
  init = linalg::FillOp::create(rewriter, loc, fill.getInputs()[0], init)
             .getResult(0);
  AffineExpr n, i, j, f, p, q, c;
  bindDims(ctx, n, i, j, f, p, q, c);
  AffineMap maps[] = {AffineMap::get(7, 0,
                                     {n, i * strides[0] + p * dilations[0],
                                      j * strides[1] + q, c},
                                     ctx),
                      AffineMap::get(7, 0, {f, p, q, c}, ctx),
                      AffineMap::get(7, 0, {n, i, j, f}, ctx)};
  SmallVector<utils::IteratorType> kinds(4, utils::IteratorType::parallel);
  kinds.append(3, utils::IteratorType::reduction);
  auto product =
      linalg::GenericOp::create(rewriter, loc, init.getType(),
                                ValueRange{wide, filter}, init, maps, kinds);
  rewriter.cloneRegionBefore(op->getRegion(0), product.getRegion(),
                             product.getRegion().begin());
  rewriter.replaceOp(
      op, makeTranspose(rewriter, loc, product.getResult(0), kToChannelsFirst));
}

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
  filter = padWith(rewriter, loc, filter, {0, 0, 0, 0},
                   {0, 0, 0, windows.width - windows.columns});
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
