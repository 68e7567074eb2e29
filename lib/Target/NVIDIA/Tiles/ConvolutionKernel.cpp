//===- ConvolutionKernel.cpp - Convolutions as tensor maps read them ------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "ConvolutionKernel.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

/// What a map of windows can say (CUDA driver API, cuTensorMapEncodeIm2col):
/// bits of corners and offsets by the number of spatial dimensions, and
/// strides.
static constexpr int64_t kCornerBits[] = {16, 8, 5};
static constexpr int64_t kMaxStride = 8;
static constexpr int64_t kRowBytes = 16; ///< strides are multiples of it

/// Coefficient of each loop in a sum.
using Terms = SmallVector<std::pair<unsigned, int64_t>>;

/// Takes apart a sum of loops times constants.
static bool getTerms(AffineExpr expr, Terms &terms) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    terms.emplace_back(dim.getPosition(), 1);
    return true;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (binary.getKind() == AffineExprKind::Add)
    return getTerms(binary.getLHS(), terms) && getTerms(binary.getRHS(), terms);
  auto dim = dyn_cast<AffineDimExpr>(binary.getLHS());
  auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  if (binary.getKind() != AffineExprKind::Mul || !dim || !factor)
    return false;
  terms.emplace_back(dim.getPosition(), factor.getValue());
  return true;
}

static std::optional<unsigned> getLoop(AffineExpr expr) {
  auto dim = dyn_cast<AffineDimExpr>(expr);
  return dim ? std::optional<unsigned>(dim.getPosition()) : std::nullopt;
}

/// The windows of `op` over its picture, whose first spatial pixel is `low`
/// behind the windows' first; null if they are one pixel each, and all.
/// `loops`: of the windows' pixels, none where a window has one.
static LogicalResult getWindows(linalg::LinalgOp op, ArrayRef<int64_t> low,
                                ArrayRef<int64_t> picture,
                                SmallVectorImpl<unsigned> &loops,
                                WindowsAttr &windows) {
  AffineMap in = op.getMatchingIndexingMap(op.getDpsInputOperand(0));
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  SmallVector<int64_t> sizes, strides, dilations, counts;
  for (unsigned dim = 1; dim + 1 < in.getNumResults(); ++dim) {
    unsigned pixel = *getLoop(out.getResult(dim));
    int64_t stride = 0, size = 1, dilation = 1;
    Terms terms;
    if (!getTerms(in.getResult(dim), terms) || terms.size() > 2)
      return failure();
    for (auto [loop, factor] : terms) {
      if (loop == pixel && stride == 0) {
        stride = factor;
      } else if (op.getIteratorTypesArray()[loop] ==
                     utils::IteratorType::reduction &&
                 !llvm::is_contained(loops, loop)) {
        loops.push_back(loop);
        size = ranges[loop];
        dilation = factor;
      } else {
        return failure();
      }
    }
    if (stride <= 0 || dilation <= 0)
      return failure();
    sizes.push_back(size);
    strides.push_back(stride);
    dilations.push_back(dilation);
    counts.push_back(ranges[pixel]);
  }
  int64_t element =
      getElementTypeOrSelf(op.getDpsInputs()[0]).getIntOrFloatBitWidth();
  int64_t channels = llvm::alignTo(picture.back(), kPanelBytes * 8 / element);
  auto isOne = [](int64_t value) { return value == 1; };
  bool trivial = llvm::all_of(sizes, isOne) && llvm::all_of(strides, isOne) &&
                 llvm::all_of(low, [](int64_t value) { return value == 0; }) &&
                 picture.drop_front().drop_back() == ArrayRef<int64_t>(counts);
  if (!trivial)
    windows = WindowsAttr::get(op->getContext(), sizes, strides, dilations, low,
                               counts, channels, /*joined=*/1);
  return success();
}

/// `windows` with the columns of each joined to one pixel, null if it cannot
/// be: they must be neighbours inside of the picture.
static WindowsAttr joinColumns(WindowsAttr windows, tensor::PadOp pad,
                               ArrayRef<int64_t> picture, int64_t bits) {
  int64_t columns = windows.getSizes().back();
  if (columns == 1 || windows.getDilations().back() != 1 ||
      (pad && (pad.getStaticLow()[picture.size() - 2] != 0 ||
               pad.getStaticHigh()[picture.size() - 2] != 0)))
    return nullptr;
  SmallVector<int64_t> sizes(windows.getSizes());
  sizes.back() = 1;
  return WindowsAttr::get(
      windows.getContext(), sizes, windows.getStrides(), windows.getDilations(),
      windows.getLow(), windows.getCounts(),
      llvm::alignTo(columns * picture.back(), kPanelBytes * 8 / bits), columns);
}

/// Whether a tensor map can say the windows.
static bool fitsMap(WindowsAttr windows, ArrayRef<int64_t> picture,
                    int64_t bits) {
  SmallVector<int64_t> strides = windows.getMapStrides(picture);
  if (llvm::any_of(ArrayRef<int64_t>(strides).drop_back(), [&](int64_t stride) {
        return stride * bits / 8 % kRowBytes != 0;
      }))
    return false;
  size_t rank = windows.getSizes().size();
  int64_t limit = int64_t(1) << (kCornerBits[rank - 1] - 1);
  auto isCorner = [&](int64_t value) {
    return value >= -limit && value < limit;
  };
  return llvm::all_of(windows.getLowerCorner(), isCorner) &&
         llvm::all_of(windows.getUpperCorner(picture), isCorner) &&
         llvm::all_of(windows.getSteps(),
                      [](int64_t stride) { return stride <= kMaxStride; }) &&
         llvm::all_of(
             llvm::zip_equal(windows.getSizes(), windows.getDilations()),
             [&](auto window) {
               auto [size, dilation] = window;
               return (size - 1) * dilation < 2 * limit;
             });
}

bool nvtile::hasPixels(linalg::LinalgOp op) {
  return op.getNumDpsInputs() == 2 && op.getNumDpsInits() == 1 &&
         op.getMatchingIndexingMap(op.getDpsInitOperand(0)).getNumResults() > 2;
}

linalg::LinalgOp nvtile::getProduct(func::FuncOp function) {
  linalg::LinalgOp product;
  for (auto op : function.getBody().front().getOps<linalg::LinalgOp>()) {
    if (op.getNumReductionLoops() == 0)
      continue;
    if (product)
      return nullptr;
    product = op;
  }
  return product;
}

/// Whether the filter has its loops in the picture's order, channels innermost.
static bool matchFilter(Convolution &conv, ArrayRef<unsigned> loops,
                        unsigned column, unsigned channel) {
  SmallVector<unsigned> first{column}, last(loops);
  first.append(loops.begin(), loops.end());
  first.push_back(channel);
  last.append({channel, column});
  AffineMap map = conv.op.getMatchingIndexingMap(conv.op.getDpsInputOperand(1));
  auto is = [&](ArrayRef<unsigned> order) {
    return map == AffineMap::getMultiDimMapWithTargets(
                      conv.op.getNumLoops(), order, conv.op->getContext());
  };
  conv.filtersFirst = is(first);
  return conv.filtersFirst || is(last);
}

FailureOr<Convolution> nvtile::matchConvolution(func::FuncOp function,
                                                std::string &reason) {
  auto refuse = [&](const Twine &why) {
    reason = why.str();
    return failure();
  };
  Convolution conv;
  conv.op = getProduct(function);
  if (conv.op.hasDynamicShape() || !conv.op.hasPureTensorSemantics())
    return refuse("sizes are unknown");
  AffineMap in = conv.op.getMatchingIndexingMap(conv.op.getDpsInputOperand(0));
  AffineMap out = conv.op.getMatchingIndexingMap(conv.op.getDpsInitOperand(0));
  conv.pixels = out.getNumResults() - 1;
  if (!out.isProjectedPermutation() || conv.pixels < 2 || conv.pixels > 4 ||
      in.getNumResults() != out.getNumResults())
    return refuse("its picture and result have not two to four dimensions "
                  "besides channels");
  unsigned column = *getLoop(out.getResults().back());
  std::optional<unsigned> channel = getLoop(in.getResults().back());
  if (!channel || getLoop(in.getResult(0)) != getLoop(out.getResult(0)) ||
      conv.op.getIteratorTypesArray()[*channel] !=
          utils::IteratorType::reduction)
    return refuse("channels are not innermost");

  conv.picture = conv.op.getDpsInputs()[0];
  conv.filter = conv.op.getDpsInputs()[1];
  SmallVector<int64_t> low(conv.pixels - 1, 0);
  conv.pad = conv.picture.getDefiningOp<tensor::PadOp>();
  if (conv.pad) {
    Value zero = conv.pad.getConstantPaddingValue();
    ArrayRef<int64_t> begin = conv.pad.getStaticLow(),
                      end = conv.pad.getStaticHigh();
    if (!zero || !matchPattern(zero, m_AnyZeroFloat()) ||
        llvm::any_of(begin, [](int64_t size) { return size < 0; }) ||
        begin.front() != 0 || begin.back() != 0 || end.front() != 0 ||
        end.back() != 0)
      return refuse("its picture is padded with more than zeros");
    low = llvm::to_vector(begin.drop_front().drop_back());
    conv.picture = conv.pad.getSource();
  }
  if (!isa<BlockArgument>(conv.picture) || !isa<BlockArgument>(conv.filter))
    return refuse("an operand is computed in the kernel");
  auto type = cast<RankedTensorType>(conv.picture.getType());
  if (!type.getElementType().isF16() && !type.getElementType().isBF16())
    return refuse("its operands are neither f16 nor bf16");
  int64_t bits = type.getElementTypeBitWidth();
  bool fillsRows = type.getShape().back() * bits / 8 % kRowBytes == 0;
  SmallVector<unsigned> loops;
  if (failed(getWindows(conv.op, low, type.getShape(), loops, conv.windows)) ||
      conv.op.getNumLoops() != size_t(conv.pixels) + loops.size() + 2)
    return refuse("its windows are none of a picture");
  if (!matchFilter(conv, loops, column, *channel))
    return refuse("its filter is in another order");
  if (!conv.windows && fillsRows)
    return conv;
  if (!fillsRows) {
    if (conv.windows && conv.filtersFirst)
      conv.windows = joinColumns(conv.windows, conv.pad, type.getShape(), bits);
    else
      conv.windows = nullptr;
    // Joined rows of filters are read by a map as well.
    int64_t row =
        conv.windows ? conv.windows.getJoined() * type.getShape().back() : 0;
    if (!conv.windows || !fitsMap(conv.windows, type.getShape(), bits) ||
        row * bits / 8 % kRowBytes != 0)
      return refuse("channels are not a multiple of 16 bytes");
    return conv;
  }
  if (!fitsMap(conv.windows, type.getShape(), bits))
    return refuse("its windows are larger than a tensor map can say");
  if (!conv.filtersFirst &&
      conv.windows.getChannels() != type.getShape().back())
    return refuse("channels fill no panel, and filters are innermost");
  return conv;
}
