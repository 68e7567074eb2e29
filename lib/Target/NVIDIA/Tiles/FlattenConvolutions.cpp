//===- FlattenConvolutions.cpp - Convolutions as products of matrices -----===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pixels of the result are rows, and what a window covers is the reduction: the
// picture is read as nvtile.im2col says, and nothing is copied for it. A
// convolution of one pixel, or a product of more dimensions, needs no windows:
// its rows are the picture's own.
//
//===----------------------------------------------------------------------===//
#include "MatmulKernel.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Target/NVIDIA/Passes.h"
#include "orchestra/Target/NVIDIA/Tiles.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIAFLATTENCONVOLUTIONSPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

/// What a map of windows can say (CUDA driver API, cuTensorMapEncodeIm2col):
/// bits of corners and offsets by the number of spatial dimensions, and
/// strides.
static constexpr int64_t kCornerBits[] = {16, 8, 5};
static constexpr int64_t kMaxStride = 8;
static constexpr int64_t kRowBytes = 16; ///< strides are multiples of it

namespace {
/// A product over windows, channels innermost, or over none.
struct Convolution {
  linalg::LinalgOp op;
  tensor::PadOp pad; ///< of the picture, or null
  Value picture, filter;
  int64_t pixels;      ///< dimensions of the result but for the last
  bool filtersFirst;   ///< else they are the filter's last dimension
  WindowsAttr windows; ///< null: the picture's own pixels
};

/// Coefficient of each loop in a sum.
using Terms = SmallVector<std::pair<unsigned, int64_t>>;
} // namespace

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
                               counts, channels);
  return success();
}

/// Whether a tensor map can say the windows.
static bool fitsMap(WindowsAttr windows, ArrayRef<int64_t> picture) {
  size_t rank = windows.getSizes().size();
  int64_t limit = int64_t(1) << (kCornerBits[rank - 1] - 1);
  auto isCorner = [&](int64_t value) {
    return value >= -limit && value < limit;
  };
  return llvm::all_of(windows.getLowerCorner(), isCorner) &&
         llvm::all_of(windows.getUpperCorner(picture.drop_front().drop_back()),
                      isCorner) &&
         llvm::all_of(windows.getStrides(),
                      [](int64_t stride) { return stride <= kMaxStride; }) &&
         llvm::all_of(
             llvm::zip_equal(windows.getSizes(), windows.getDilations()),
             [&](auto window) {
               auto [size, dilation] = window;
               return (size - 1) * dilation < 2 * limit;
             });
}

/// Whether `op` multiplies pictures, or matrices with more than one dimension
/// of rows.
static bool hasPixels(linalg::LinalgOp op) {
  return op.getNumDpsInputs() == 2 && op.getNumDpsInits() == 1 &&
         op.getMatchingIndexingMap(op.getDpsInitOperand(0)).getNumResults() > 2;
}

/// The one op of the kernel that reduces; null if there are several.
static linalg::LinalgOp getProduct(func::FuncOp function) {
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

static FailureOr<Convolution> matchConvolution(func::FuncOp function,
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
  if (type.getShape().back() * type.getElementTypeBitWidth() / 8 % kRowBytes !=
      0)
    return refuse("channels are not a multiple of 16 bytes");
  SmallVector<unsigned> loops;
  if (failed(getWindows(conv.op, low, type.getShape(), loops, conv.windows)) ||
      conv.op.getNumLoops() != size_t(conv.pixels) + loops.size() + 2)
    return refuse("its windows are none of a picture");
  if (!matchFilter(conv, loops, column, *channel))
    return refuse("its filter is in another order");
  if (!conv.windows)
    return conv;
  if (!fitsMap(conv.windows, type.getShape()))
    return refuse("its windows are larger than a tensor map can say");
  if (!conv.filtersFirst &&
      conv.windows.getChannels() != type.getShape().back())
    return refuse("channels fill no panel, and filters are innermost");
  return conv;
}

namespace {
/// Rewrites a kernel in place.
class Flattener {
public:
  Flattener(func::FuncOp function, const Convolution &conv)
      : function(function), conv(conv), rewriter(function.getContext()) {}
  LogicalResult run();

private:
  Value collapse(Value value, int64_t rows);
  Value flatten(Value value);
  LogicalResult flattenPointwise(linalg::LinalgOp op);
  void flattenFill(linalg::FillOp op);
  void flattenProduct();

  func::FuncOp function;
  Convolution conv;
  IRRewriter rewriter;
  IRMapping flat;
};
} // namespace

/// `value` with its first `rows` dimensions as one, and all others as one.
Value Flattener::collapse(Value value, int64_t rows) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getRank() == 2)
    return value;
  SmallVector<ReassociationIndices> groups(2);
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    groups[dim >= rows].push_back(dim);
  return tensor::CollapseShapeOp::create(rewriter, conv.op.getLoc(), value,
                                         groups);
}

/// A tensor of the result's dimensions, as rows and columns.
Value Flattener::flatten(Value value) {
  if (Value known = flat.lookupOrNull(value))
    return known;
  OpBuilder::InsertionGuard guard(rewriter);
  Value result;
  if (auto empty = value.getDefiningOp<tensor::EmptyOp>()) {
    ArrayRef<int64_t> shape = empty.getType().getShape();
    SmallVector<int64_t> rows{llvm::product_of(shape.drop_back()),
                              shape.back()};
    rewriter.setInsertionPoint(empty);
    result = tensor::EmptyOp::create(rewriter, empty.getLoc(), rows,
                                     empty.getType().getElementType());
  } else if (isa<BlockArgument>(value)) {
    rewriter.setInsertionPointToStart(&function.getBody().front());
    result = collapse(value, conv.pixels);
  } else {
    return nullptr;
  }
  flat.map(value, result);
  return result;
}

void Flattener::flattenFill(linalg::FillOp op) {
  Value target = flatten(op.getOutputs()[0]);
  rewriter.setInsertionPoint(op);
  auto fill = linalg::FillOp::create(rewriter, op.getLoc(), op.getInputs(),
                                     ValueRange(target));
  flat.map(op.getResult(0), fill.getResult(0));
}

void Flattener::flattenProduct() {
  linalg::LinalgOp op = conv.op;
  Location loc = op.getLoc();
  rewriter.setInsertionPointToStart(&function.getBody().front());
  Value matrix, filter;
  auto makeWindows = [&](Value value, WindowsAttr windows) -> Value {
    auto type = cast<RankedTensorType>(value.getType());
    auto result = RankedTensorType::get(
        {windows.getRows(type.getDimSize(0)), windows.getColumns()},
        type.getElementType());
    return Im2colOp::create(rewriter, loc, result, value, windows);
  };
  auto picture = cast<RankedTensorType>(conv.picture.getType());
  matrix = conv.windows ? makeWindows(conv.picture, conv.windows)
                        : collapse(conv.picture, conv.pixels);
  int64_t rank = cast<RankedTensorType>(conv.filter.getType()).getRank();
  if (conv.windows && conv.windows.getChannels() != picture.getShape().back()) {
    // Each filter is a picture with one window, which covers it. Windows of one
    // pixel are not among the filter's dimensions.
    SmallVector<int64_t> sizes(
        cast<RankedTensorType>(conv.filter.getType()).getShape());
    sizes = llvm::to_vector(ArrayRef<int64_t>(sizes).drop_front().drop_back());
    if (sizes.empty()) {
      filter = conv.filter;
    } else {
      SmallVector<int64_t> ones(sizes.size(), 1), zeros(sizes.size(), 0);
      filter = makeWindows(conv.filter,
                           WindowsAttr::get(op->getContext(), sizes, ones, ones,
                                            zeros, ones,
                                            conv.windows.getChannels()));
    }
  } else {
    filter = collapse(conv.filter, conv.filtersFirst ? 1 : rank - 1);
  }
  Value init = flatten(op.getDpsInits()[0]);
  MLIRContext *ctx = op->getContext();
  AffineExpr m, n, k;
  bindDims(ctx, m, n, k);
  auto map = [&](AffineExpr a, AffineExpr b) {
    return AffineMap::get(3, 0, {a, b}, ctx);
  };
  AffineMap maps[] = {map(m, k), conv.filtersFirst ? map(n, k) : map(k, n),
                      map(m, n)};
  utils::IteratorType kinds[] = {utils::IteratorType::parallel,
                                 utils::IteratorType::parallel,
                                 utils::IteratorType::reduction};
  rewriter.setInsertionPoint(op);
  auto product =
      linalg::GenericOp::create(rewriter, loc, init.getType(),
                                ValueRange{matrix, filter}, init, maps, kinds);
  IRMapping mapping;
  op->getRegion(0).cloneInto(&product.getRegion(), mapping);
  flat.map(op->getResult(0), product.getResult(0));
}

LogicalResult Flattener::flattenPointwise(linalg::LinalgOp op) {
  unsigned loops = conv.pixels + 1;
  MLIRContext *ctx = op->getContext();
  if (op.getNumLoops() != loops || op.hasIndexSemantics())
    return failure();
  SmallVector<AffineMap> maps;
  SmallVector<Value> operands;
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    Value value = operand.get();
    if (map.isIdentity()) {
      value = flatten(value);
      maps.push_back(AffineMap::getMultiDimIdentityMap(2, ctx));
    } else if (map.getNumResults() == 1 &&
               getLoop(map.getResult(0)) == loops - 1) {
      maps.push_back(AffineMap::get(2, 0, getAffineDimExpr(1, ctx)));
    } else if (map.getNumResults() == 0) {
      maps.push_back(AffineMap::get(2, 0, ctx));
    } else {
      return failure();
    }
    if (!value)
      return failure();
    operands.push_back(value);
  }
  size_t inputs = op.getNumDpsInputs();
  ArrayRef<Value> all(operands);
  SmallVector<Type> types;
  for (Value init : all.drop_front(inputs))
    types.push_back(init.getType());
  SmallVector<utils::IteratorType> kinds(2, utils::IteratorType::parallel);
  rewriter.setInsertionPoint(op);
  auto generic = linalg::GenericOp::create(
      rewriter, op.getLoc(), types, ValueRange(all.take_front(inputs)),
      ValueRange(all.drop_front(inputs)), maps, kinds);
  IRMapping mapping;
  op->getRegion(0).cloneInto(&generic.getRegion(), mapping);
  for (auto [before, after] :
       llvm::zip_equal(op->getResults(), generic.getResults()))
    flat.map(before, after);
  return success();
}

LogicalResult Flattener::run() {
  Block &block = function.getBody().front();
  SmallVector<linalg::LinalgOp> ops(block.getOps<linalg::LinalgOp>());
  for (linalg::LinalgOp op : ops) {
    if (auto fill = dyn_cast<linalg::FillOp>(*op)) {
      if (!flatten(fill.getOutputs()[0]))
        return failure();
      flattenFill(fill);
    } else if (op == conv.op) {
      if (!flatten(op.getDpsInits()[0]))
        return failure();
      flattenProduct();
    } else if (failed(flattenPointwise(op))) {
      return failure();
    }
  }
  Operation *terminator = block.getTerminator();
  for (OpOperand &returned : terminator->getOpOperands()) {
    Value rows = flat.lookupOrNull(returned.get());
    auto type = cast<RankedTensorType>(returned.get().getType());
    if (!rows)
      return failure();
    SmallVector<ReassociationIndices> groups(2);
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      groups[dim >= conv.pixels].push_back(dim);
    rewriter.setInsertionPoint(terminator);
    returned.set(tensor::ExpandShapeOp::create(rewriter, conv.op.getLoc(), type,
                                               rows, groups));
  }
  for (linalg::LinalgOp op : llvm::reverse(ops))
    rewriter.eraseOp(op);
  if (conv.pad && conv.pad->use_empty())
    rewriter.eraseOp(conv.pad);
  return success();
}

namespace {
struct NVIDIAFlattenConvolutionsPass
    : public nvidia::impl::NVIDIAFlattenConvolutionsPassBase<
          NVIDIAFlattenConvolutionsPass> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (!function->hasAttr(kKernelAttrName) || function.isExternal() ||
        !llvm::hasSingleElement(function.getBody()))
      return;
    linalg::LinalgOp product = getProduct(function);
    if (!product || !hasPixels(product))
      return;
    std::string reason;
    OwningOpRef<func::FuncOp> flat = function.clone();
    FailureOr<Convolution> conv = matchConvolution(*flat, reason);
    if (succeeded(conv) && failed(Flattener(*flat, *conv).run())) {
      reason = "an op is not pointwise in the result's order";
      conv = failure();
    }
    // Only what tensor cores take is better flat.
    if (succeeded(conv) && failed(matchMatmulKernel(*flat, reason)))
      conv = failure();
    if (failed(conv)) {
      remark::missed(
          function.getLoc(),
          remark::RemarkOpts::name("flatten-convolutions").category("nvidia"))
          << "the kernel is no product of matrices"
          << remark::reason("{0}", reason);
      return;
    }
    function.getBody().takeBody(flat->getBody());
  }
};
} // namespace
