//===- Windows.cpp - Convolutions and pooling in StableHLO ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One input is read at sums of a loop of the result and a loop of the window.
// A sum of products with a kernel is `convolution`: both sides are brought to
// [batch, features, spatial...] and [results, features, spatial...], which in
// models they are already; loops that all three share are feature groups. A
// reduction of one input is `reduce_window`. Padding before them becomes
// theirs.
//
//===----------------------------------------------------------------------===//
#include "Windows.h"

#include "Bodies.h"
#include "Elementwise.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace orchestra::stablehlo;

namespace {
/// One dimension of the input: `stride * outer + dilation * inner`.
struct WindowDim {
  int64_t outer = -1, inner = -1; ///< loops, -1: none
  int64_t stride = 1, dilation = 1;
};

/// What a windowed op is.
struct Windowed {
  Reduction reduction;
  SmallVector<WindowDim> dims; ///< of input 0
  /// Of a convolution, the operands' factors.
  std::optional<SumOfProducts> product;
};
} // namespace

bool orchestra::stablehlo::isWindowed(linalg::LinalgOp op) {
  return llvm::any_of(op.getIndexingMapsArray(), [](AffineMap map) {
    return !map.isProjectedPermutation(/*allowZeroInResults=*/true);
  });
}

/// `loop * factor`, of a loop of `op`.
static bool matchTerm(AffineExpr expr, int64_t &loop, int64_t &factor) {
  factor = 1;
  if (auto product = dyn_cast<AffineBinaryOpExpr>(expr);
      product && product.getKind() == AffineExprKind::Mul) {
    auto constant = dyn_cast<AffineConstantExpr>(product.getRHS());
    if (!constant || constant.getValue() < 1)
      return false;
    factor = constant.getValue();
    expr = product.getLHS();
  }
  auto dim = dyn_cast<AffineDimExpr>(expr);
  if (!dim)
    return false;
  loop = dim.getPosition();
  return true;
}

static std::optional<WindowDim>
matchWindowDim(AffineExpr expr, ArrayRef<utils::IteratorType> kinds) {
  SmallVector<AffineExpr> terms{expr};
  if (auto sum = dyn_cast<AffineBinaryOpExpr>(expr);
      sum && sum.getKind() == AffineExprKind::Add)
    terms = {sum.getLHS(), sum.getRHS()};
  WindowDim result;
  for (AffineExpr term : terms) {
    int64_t loop, factor;
    if (!matchTerm(term, loop, factor))
      return std::nullopt;
    bool reduced = kinds[loop] == utils::IteratorType::reduction;
    int64_t &slot = reduced ? result.inner : result.outer;
    if (slot >= 0)
      return std::nullopt;
    slot = loop;
    (reduced ? result.dilation : result.stride) = factor;
  }
  return result;
}

/// Whether `value` follows from argument 0 and constants alone.
static bool isOfFirstInput(Value value, Block *body) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return argument.getOwner() == body && argument.getArgNumber() == 0;
  Operation *op = value.getDefiningOp();
  return isConvertibleElementwise(op) &&
         llvm::all_of(op->getOperands(), [&](Value operand) {
           return isOfFirstInput(operand, body);
         });
}

static std::optional<Windowed> match(linalg::LinalgOp op) {
  if (op.getNumDpsInits() != 1 || op.getNumDpsInputs() < 1)
    return std::nullopt;
  std::optional<Reduction> reduction = matchReduction(op, 0);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  if (!reduction || !maps.back().isProjectedPermutation())
    return std::nullopt;
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  Windowed result{*reduction, {}, matchSumOfProducts(op)};
  SmallVector<unsigned> uses(op.getNumLoops(), 0);
  for (AffineExpr expr : maps.front().getResults()) {
    std::optional<WindowDim> dim = matchWindowDim(expr, kinds);
    if (!dim)
      return std::nullopt;
    for (int64_t loop : {dim->outer, dim->inner})
      if (loop >= 0 && ++uses[loop] > 1)
        return std::nullopt;
    result.dims.push_back(*dim);
  }
  if (result.product)
    return maps[1].isProjectedPermutation() ? std::make_optional(result)
                                            : std::nullopt;
  // Pooling: all loops are the input's; another operand only sizes the window.
  if (!isOfFirstInput(reduction->update, op.getBlock()) ||
      llvm::is_contained(uses, 0u))
    return std::nullopt;
  return result;
}

//===----------------------------------------------------------------------===//
// Padding
//===----------------------------------------------------------------------===//

namespace {
/// Padding of one dimension: around its elements, and between two of them.
struct Padding {
  int64_t low = 0, high = 0, interior = 0;
};
} // namespace

/// Takes a padding with `value` off `input`, unless it pads between elements
/// and `interior` is not asked for.
static SmallVector<Padding> takePadding(Value &input, TypedAttr value,
                                        bool interior) {
  SmallVector<Padding> padding(shapeOf(input).size());
  auto pad = input.getDefiningOp<PadOp>();
  SplatElementsAttr splat;
  if (!pad || !matchPattern(pad.getPaddingValue(), m_Constant(&splat)) ||
      splat.getSplatValue<TypedAttr>() != value ||
      (!interior && llvm::any_of(pad.getInteriorPadding(),
                                 [](int64_t n) { return n != 0; })))
    return padding;
  for (auto [entry, low, high, between] :
       llvm::zip_equal(padding, pad.getEdgePaddingLow(),
                       pad.getEdgePaddingHigh(), pad.getInteriorPadding()))
    entry = {low, high, between};
  input = pad.getOperand();
  return padding;
}

static DenseIntElementsAttr paddingAttr(Builder &builder,
                                        ArrayRef<Padding> padding) {
  SmallVector<int64_t> flat;
  for (const Padding &entry : padding)
    flat.append({entry.low, entry.high});
  if (llvm::all_of(flat, [](int64_t n) { return n == 0; }))
    return nullptr;
  auto type = RankedTensorType::get({static_cast<int64_t>(padding.size()), 2},
                                    builder.getI64Type());
  return DenseIntElementsAttr::get(type, flat);
}

/// Cuts off what no window reads: StableHLO counts windows by the size.
static Value trim(OpBuilder &builder, Location loc, Value input,
                  ArrayRef<WindowDim> dims, ArrayRef<int64_t> ranges) {
  ArrayRef<int64_t> shape = shapeOf(input);
  SmallVector<int64_t> sizes;
  for (auto [dim, size] : llvm::zip_equal(dims, shape)) {
    int64_t read = 1;
    if (dim.outer >= 0)
      read += (ranges[dim.outer] - 1) * dim.stride;
    if (dim.inner >= 0)
      read += (ranges[dim.inner] - 1) * dim.dilation;
    // A last step that the stride jumps over does no harm.
    bool counts = dim.outer >= 0 && size - read >= dim.stride;
    sizes.push_back(counts || dim.outer < 0 ? read : size);
  }
  if (ArrayRef(sizes) == shape)
    return input;
  auto type = cast<RankedTensorType>(input.getType());
  return SliceOp::create(
      builder, loc, type.clone(sizes), input,
      builder.getDenseI64ArrayAttr(SmallVector<int64_t>(sizes.size(), 0)),
      builder.getDenseI64ArrayAttr(sizes),
      builder.getDenseI64ArrayAttr(SmallVector<int64_t>(sizes.size(), 1)));
}

static DenseI64ArrayAttr unlessOnes(Builder &builder,
                                    ArrayRef<int64_t> values) {
  if (llvm::all_of(values, [](int64_t value) { return value == 1; }))
    return nullptr;
  return builder.getDenseI64ArrayAttr(values);
}

//===----------------------------------------------------------------------===//
// Pooling
//===----------------------------------------------------------------------===//

/// The update of a reduction, computed on the whole first input.
static Value emitUpdate(OpBuilder &builder, Value value, Value input) {
  if (isa<BlockArgument>(value))
    return input;
  Operation *op = value.getDefiningOp();
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(emitUpdate(builder, operand, input));
  return emitElementwise(builder, op, operands, shapeOf(input));
}

static Value emitPooling(OpBuilder &builder, linalg::LinalgOp op,
                         const Windowed &windowed, ValueRange operands) {
  Location loc = op.getLoc();
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  Operation *combiner = windowed.reduction.combiner;
  Value destination = operands[op.getDpsInitOperand(0)->getOperandNumber()];
  TypedAttr filled = fillValue(destination);
  bool neutral = isNeutral(combiner, filled);
  TypedAttr start = neutral ? filled : *arith::getNeutralElement(combiner);
  Value input = trim(builder, loc, operands.front(), windowed.dims, ranges);
  SmallVector<Padding> padding(windowed.dims.size());
  // What was padded may be combined only if it changes nothing.
  if (isa<BlockArgument>(windowed.reduction.update))
    padding = takePadding(input, start, /*interior=*/false);
  input = emitUpdate(builder, windowed.reduction.update, input);
  SmallVector<int64_t> sizes, strides, dilations, shape, loops;
  for (const WindowDim &dim : windowed.dims) {
    sizes.push_back(dim.inner < 0 ? 1 : ranges[dim.inner]);
    strides.push_back(dim.outer < 0 ? 1 : dim.stride);
    dilations.push_back(dim.inner < 0 ? 1 : dim.dilation);
    shape.push_back(dim.outer < 0 ? 1 : ranges[dim.outer]);
    if (dim.outer >= 0)
      loops.push_back(dim.outer);
  }
  Value init = emitSplat(builder, loc, start, {});
  auto type = cast<RankedTensorType>(input.getType()).clone(shape);
  auto reduce = ReduceWindowOp::create(
      builder, loc, TypeRange{type}, input, init,
      builder.getDenseI64ArrayAttr(sizes), unlessOnes(builder, strides),
      /*base_dilations=*/nullptr, unlessOnes(builder, dilations),
      paddingAttr(builder, padding));
  {
    OpBuilder::InsertionGuard guard(builder);
    Block *body = builder.createBlock(
        &reduce.getBody(), {}, {init.getType(), init.getType()}, {loc, loc});
    Value combined =
        emitElementwise(builder, combiner, body->getArguments(), {});
    ReturnOp::create(builder, loc, combined);
  }
  SmallVector<int64_t> kept;
  for (int64_t loop : loops)
    kept.push_back(ranges[loop]);
  Value result = reshape(builder, loc, reduce.getResult(0), kept);
  result = fromLoops(builder, loc, result, loops,
                     op.getMatchingIndexingMap(op.getDpsInitOperand(0)));
  return addDestination(builder, windowed.reduction, destination, result);
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

namespace {
/// Which loops a convolution has, by what they are.
struct ConvolutionLoops {
  SmallVector<int64_t> batch;    ///< of the input and the result
  SmallVector<int64_t> groups;   ///< of all three
  SmallVector<int64_t> features; ///< of the input and the kernel, summed
  SmallVector<int64_t> results;  ///< of the kernel and the result
  SmallVector<WindowDim> windows;
  SmallVector<int64_t> windowDims; ///< of the input, for each window
};
} // namespace

static std::optional<ConvolutionLoops> sortLoops(linalg::LinalgOp op,
                                                 const Windowed &windowed) {
  ConvolutionLoops loops;
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  SmallVector<bool> seen(op.getNumLoops(), false);
  for (auto [position, dim] : llvm::enumerate(windowed.dims)) {
    bool isSum = dim.outer >= 0 && dim.inner >= 0;
    bool inKernel = dim.inner >= 0 && maps[1].isFunctionOfDim(dim.inner);
    for (int64_t loop : {dim.outer, dim.inner})
      if (loop >= 0)
        seen[loop] = true;
    if (isSum || dim.stride != 1 || dim.dilation != 1) {
      // A window that the kernel does not weigh, or weighs by place.
      if ((dim.inner >= 0 && !inKernel) ||
          (dim.outer >= 0 && maps[1].isFunctionOfDim(dim.outer)))
        return std::nullopt;
      loops.windows.push_back(dim);
      loops.windowDims.push_back(position);
    } else if (dim.inner >= 0) {
      if (!inKernel)
        return std::nullopt;
      loops.features.push_back(dim.inner);
    } else {
      (maps[1].isFunctionOfDim(dim.outer) ? loops.groups : loops.batch)
          .push_back(dim.outer);
    }
  }
  for (AffineExpr expr : maps[1].getResults()) {
    int64_t loop = cast<AffineDimExpr>(expr).getPosition();
    if (seen[loop])
      continue;
    seen[loop] = true;
    if (kinds[loop] != utils::IteratorType::parallel)
      return std::nullopt;
    loops.results.push_back(loop);
  }
  if (llvm::is_contained(seen, false) ||
      maps[2].getNumResults() != op.getNumParallelLoops())
    return std::nullopt;
  return loops;
}

static int64_t product(ArrayRef<int64_t> loops, ArrayRef<int64_t> ranges) {
  int64_t result = 1;
  for (int64_t loop : loops)
    result *= ranges[loop];
  return result;
}

static Value emitConvolution(OpBuilder &builder, linalg::LinalgOp op,
                             const Windowed &windowed, ValueRange operands,
                             Precision precision) {
  Location loc = op.getLoc();
  ConvolutionLoops loops = *sortLoops(op, windowed);
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  auto [input, kernel] = emitFactors(builder, loc, *windowed.product, operands);
  input = trim(builder, loc, input, windowed.dims, ranges);
  auto inputZero = cast<TypedAttr>(
      builder.getZeroAttr(getElementTypeOrSelf(input.getType())));
  // Padding moves into the op if all of it is along windows.
  Value unpadded = input;
  SmallVector<Padding> allPadding =
      takePadding(unpadded, inputZero, /*interior=*/true);
  bool onlyWindows = true;
  for (auto [dim, padding] : llvm::enumerate(allPadding))
    onlyWindows &=
        llvm::is_contained(loops.windowDims, dim) ||
        (padding.low == 0 && padding.high == 0 && padding.interior == 0);
  if (onlyWindows)
    input = unpadded;
  else
    allPadding.assign(allPadding.size(), Padding());

  // The input as [batch, groups and features, windows].
  SmallVector<int64_t> order;
  auto positionOf = [&](int64_t loop) {
    for (auto [position, dim] : llvm::enumerate(windowed.dims))
      if (dim.outer == loop || dim.inner == loop)
        return int64_t(position);
    return int64_t(-1);
  };
  for (ArrayRef<int64_t> list :
       {ArrayRef<int64_t>(loops.batch), ArrayRef<int64_t>(loops.groups),
        ArrayRef<int64_t>(loops.features)})
    for (int64_t loop : list)
      order.push_back(positionOf(loop));
  llvm::append_range(order, loops.windowDims);
  input = transpose(builder, loc, input, order);
  int64_t groups = product(loops.groups, ranges);
  int64_t features = product(loops.features, ranges);
  int64_t results = product(loops.results, ranges);
  SmallVector<int64_t> shape{product(loops.batch, ranges), groups * features};
  llvm::append_range(shape, shapeOf(input).take_back(loops.windowDims.size()));
  input = reshape(builder, loc, input, shape);

  // The kernel as [groups and results, features, windows].
  order.clear();
  auto kernelPosition = [&](int64_t loop) {
    return int64_t(
        *maps[1].getResultPosition(getAffineDimExpr(loop, op.getContext())));
  };
  for (ArrayRef<int64_t> list :
       {ArrayRef<int64_t>(loops.groups), ArrayRef<int64_t>(loops.results),
        ArrayRef<int64_t>(loops.features)})
    for (int64_t loop : list)
      order.push_back(kernelPosition(loop));
  shape = {groups * results, features};
  SmallVector<int64_t> strides, dilations, spread, outShape, outLoops, spatial;
  SmallVector<Padding> padding;
  for (auto [index, dim] : llvm::enumerate(loops.windows)) {
    if (dim.inner >= 0)
      order.push_back(kernelPosition(dim.inner));
    shape.push_back(dim.inner < 0 ? 1 : ranges[dim.inner]);
    strides.push_back(dim.outer < 0 ? 1 : dim.stride);
    dilations.push_back(dim.inner < 0 ? 1 : dim.dilation);
    outShape.push_back(dim.outer < 0 ? 1 : ranges[dim.outer]);
    padding.push_back(allPadding[loops.windowDims[index]]);
    spread.push_back(padding.back().interior + 1);
    spatial.push_back(2 + index);
  }
  kernel = transpose(builder, loc, kernel, order);
  kernel = reshape(builder, loc, kernel, shape);

  SmallVector<int64_t> resultShape{product(loops.batch, ranges),
                                   groups * results};
  llvm::append_range(resultShape, outShape);
  OpOperand *init = op.getDpsInitOperand(0);
  Type element = convertElement(getElementTypeOrSelf(init->get()));
  auto dims = ConvDimensionNumbersAttr::get(
      op.getContext(), 0, 1, spatial, /*kernel_input_feature_dimension=*/1,
      /*kernel_output_feature_dimension=*/0, spatial, 0, 1, spatial);
  Value result = ConvolutionOp::create(
      builder, loc, RankedTensorType::get(resultShape, element), input, kernel,
      unlessOnes(builder, strides), paddingAttr(builder, padding),
      unlessOnes(builder, spread), unlessOnes(builder, dilations),
      /*window_reversal=*/nullptr, dims, builder.getI64IntegerAttr(groups),
      builder.getI64IntegerAttr(1), precisionConfig(builder, input, precision));

  for (ArrayRef<int64_t> list :
       {ArrayRef<int64_t>(loops.batch), ArrayRef<int64_t>(loops.groups),
        ArrayRef<int64_t>(loops.results)})
    llvm::append_range(outLoops, list);
  for (const WindowDim &dim : loops.windows)
    if (dim.outer >= 0)
      outLoops.push_back(dim.outer);
  SmallVector<int64_t> whole;
  for (int64_t loop : outLoops)
    whole.push_back(ranges[loop]);
  result = reshape(builder, loc, result, whole);
  result = fromLoops(builder, loc, result, outLoops, maps.back());
  return addDestination(builder, windowed.reduction,
                        operands[init->getOperandNumber()], result);
}

//===----------------------------------------------------------------------===//
// Both
//===----------------------------------------------------------------------===//

std::optional<std::string>
orchestra::stablehlo::whyNotWindowed(linalg::LinalgOp op) {
  std::optional<Windowed> windowed = match(op);
  if (!windowed || (windowed->product && !sortLoops(op, *windowed)))
    return "it reads windows, but is neither a convolution nor a pooling";
  if (llvm::is_contained(op.getStaticLoopRanges(), 0))
    return "it reads windows of nothing";
  return std::nullopt;
}

Value orchestra::stablehlo::emitWindowed(OpBuilder &builder,
                                         linalg::LinalgOp op,
                                         ValueRange operands,
                                         Precision precision) {
  Windowed windowed = *match(op);
  return windowed.product
             ? emitConvolution(builder, op, windowed, operands, precision)
             : emitPooling(builder, op, windowed, operands);
}
