//===- Verifiers.cpp - What each StableHLO op must hold -------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/StableHLO/StableHLO.h"

#include "llvm/ADT/SmallBitVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace orchestra::stablehlo;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<ShapedType>(value.getType()).getShape();
}

/// The result must have this shape and the operand's element type.
static LogicalResult verifyResult(Operation *op, Value operand,
                                  ArrayRef<int64_t> shape) {
  auto expected =
      RankedTensorType::get(shape, getElementTypeOrSelf(operand.getType()));
  if (op->getResult(0).getType() != expected)
    return op->emitOpError("must have a result of type ")
           << expected << ", but it is " << op->getResult(0).getType();
  return success();
}

/// `dims` must be different dimensions of something of `rank` dimensions.
static LogicalResult verifyDims(Operation *op, ArrayRef<int64_t> dims,
                                int64_t rank, StringRef what) {
  llvm::SmallBitVector seen(rank);
  for (int64_t dim : dims) {
    if (dim < 0 || dim >= rank)
      return op->emitOpError()
             << what << " " << dim << " is not in [0, " << rank << ")";
    if (seen.test(dim))
      return op->emitOpError() << what << " " << dim << " is named twice";
    seen.set(dim);
  }
  return success();
}

LogicalResult IotaOp::verify() {
  return verifyDims(*this, getIotaDimension(), getType().getRank(),
                    "iota dimension");
}

LogicalResult BroadcastInDimOp::verify() {
  ArrayRef<int64_t> dims = getBroadcastDimensions();
  ArrayRef<int64_t> from = shapeOf(getOperand());
  ArrayRef<int64_t> to = getType().getShape();
  if (dims.size() != from.size())
    return emitOpError("names ")
           << dims.size() << " dimensions for an operand that has "
           << from.size();
  if (failed(verifyDims(*this, dims, to.size(), "dimension")))
    return failure();
  for (auto [dim, size] : llvm::zip_equal(dims, from))
    if (size != 1 && size != to[dim])
      return emitOpError("cannot broadcast size ")
             << size << " to size " << to[dim] << " of dimension " << dim;
  return verifyResult(*this, getOperand(), to);
}

LogicalResult TransposeOp::verify() {
  ArrayRef<int64_t> from = shapeOf(getOperand());
  ArrayRef<int64_t> permutation = getPermutation();
  if (permutation.size() != from.size())
    return emitOpError("names ")
           << permutation.size() << " dimensions for an operand that has "
           << from.size();
  if (failed(verifyDims(*this, permutation, from.size(), "dimension")))
    return failure();
  SmallVector<int64_t> shape;
  for (int64_t dim : permutation)
    shape.push_back(from[dim]);
  return verifyResult(*this, getOperand(), shape);
}

LogicalResult ReshapeOp::verify() {
  if (ShapedType::getNumElements(shapeOf(getOperand())) !=
      getType().getNumElements())
    return emitOpError("changes the number of elements: ")
           << getOperand().getType() << " to " << getType();
  return verifyResult(*this, getOperand(), getType().getShape());
}

LogicalResult SliceOp::verify() {
  ArrayRef<int64_t> from = shapeOf(getOperand());
  ArrayRef<int64_t> starts = getStartIndices(), limits = getLimitIndices(),
                    strides = getStrides();
  if (starts.size() != from.size() || limits.size() != from.size() ||
      strides.size() != from.size())
    return emitOpError("needs one range for each of ")
           << from.size() << " dimensions";
  SmallVector<int64_t> shape;
  for (size_t dim = 0; dim < from.size(); ++dim) {
    if (starts[dim] < 0 || starts[dim] > limits[dim] ||
        limits[dim] > from[dim] || strides[dim] < 1)
      return emitOpError("range ")
             << starts[dim] << ":" << limits[dim] << ":" << strides[dim]
             << " does not fit dimension " << dim << " of size " << from[dim];
    shape.push_back(llvm::divideCeil(limits[dim] - starts[dim], strides[dim]));
  }
  return verifyResult(*this, getOperand(), shape);
}

LogicalResult PadOp::verify() {
  ArrayRef<int64_t> from = shapeOf(getOperand());
  ArrayRef<int64_t> low = getEdgePaddingLow(), high = getEdgePaddingHigh(),
                    interior = getInteriorPadding();
  if (low.size() != from.size() || high.size() != from.size() ||
      interior.size() != from.size())
    return emitOpError("needs one padding for each of ")
           << from.size() << " dimensions";
  auto scalar =
      RankedTensorType::get({}, getElementTypeOrSelf(getOperand().getType()));
  if (getPaddingValue().getType() != scalar)
    return emitOpError("must pad with a ")
           << scalar << ", but has " << getPaddingValue().getType();
  SmallVector<int64_t> shape;
  for (size_t dim = 0; dim < from.size(); ++dim) {
    int64_t gaps = std::max<int64_t>(from[dim] - 1, 0);
    int64_t size = low[dim] + from[dim] + gaps * interior[dim] + high[dim];
    if (interior[dim] < 0 || size < 0)
      return emitOpError("padding of dimension ") << dim << " is negative";
    shape.push_back(size);
  }
  return verifyResult(*this, getOperand(), shape);
}

LogicalResult ConcatenateOp::verify() {
  if (getInputs().empty())
    return emitOpError("needs an operand");
  SmallVector<int64_t> shape(shapeOf(getInputs().front()));
  int64_t dim = getDimension();
  if (failed(verifyDims(*this, dim, shape.size(), "dimension")))
    return failure();
  for (Value input : getInputs().drop_front()) {
    SmallVector<int64_t> other(shapeOf(input));
    int64_t size = dim < static_cast<int64_t>(other.size()) ? other[dim] : 0;
    if (other.size() == shape.size())
      other[dim] = shape[dim];
    if (other != ArrayRef(shape) ||
        getElementTypeOrSelf(input.getType()) !=
            getElementTypeOrSelf(getInputs().front().getType()))
      return emitOpError("cannot join ")
             << getInputs().front().getType() << " and " << input.getType()
             << " along dimension " << dim;
    shape[dim] += size;
  }
  return verifyResult(*this, getInputs().front(), shape);
}

LogicalResult DynamicUpdateSliceOp::verify() {
  ArrayRef<int64_t> shape = shapeOf(getOperand()),
                    update = shapeOf(getUpdate());
  if (update.size() != shape.size() || getStartIndices().size() != shape.size())
    return emitOpError("needs an update and one start for each of ")
           << shape.size() << " dimensions";
  for (size_t dim = 0; dim < shape.size(); ++dim)
    if (update[dim] > shape[dim])
      return emitOpError("update of size ")
             << update[dim] << " does not fit dimension " << dim << " of size "
             << shape[dim];
  return verifyResult(*this, getOperand(), shape);
}

LogicalResult DotGeneralOp::verify() {
  DotDimensionNumbersAttr numbers = getDotDimensionNumbers();
  ArrayRef<int64_t> lhs = shapeOf(getLhs()), rhs = shapeOf(getRhs());
  auto joined = [](ArrayRef<int64_t> first, ArrayRef<int64_t> second) {
    SmallVector<int64_t> dims(first);
    llvm::append_range(dims, second);
    return dims;
  };
  SmallVector<int64_t> lhsPaired =
      joined(numbers.getLhsBatchingDimensions(),
             numbers.getLhsContractingDimensions());
  SmallVector<int64_t> rhsPaired =
      joined(numbers.getRhsBatchingDimensions(),
             numbers.getRhsContractingDimensions());
  if (numbers.getLhsBatchingDimensions().size() !=
          numbers.getRhsBatchingDimensions().size() ||
      lhsPaired.size() != rhsPaired.size())
    return emitOpError("pairs different numbers of dimensions");
  if (failed(verifyDims(*this, lhsPaired, lhs.size(), "left dimension")) ||
      failed(verifyDims(*this, rhsPaired, rhs.size(), "right dimension")))
    return failure();
  for (auto [left, right] : llvm::zip_equal(lhsPaired, rhsPaired))
    if (lhs[left] != rhs[right])
      return emitOpError("pairs dimension ")
             << left << " of size " << lhs[left] << " with dimension " << right
             << " of size " << rhs[right];
  SmallVector<int64_t> shape;
  for (int64_t dim : numbers.getLhsBatchingDimensions())
    shape.push_back(lhs[dim]);
  for (auto [dim, size] : llvm::enumerate(lhs))
    if (!llvm::is_contained(lhsPaired, dim))
      shape.push_back(size);
  for (auto [dim, size] : llvm::enumerate(rhs))
    if (!llvm::is_contained(rhsPaired, dim))
      shape.push_back(size);
  if (getType().getShape() != ArrayRef(shape))
    return emitOpError("must have a result of shape [")
           << shape << "], but it is " << getType();
  return success();
}

LogicalResult ReduceOp::verify() {
  ArrayRef<int64_t> from = shapeOf(getInput());
  if (failed(verifyDims(*this, getDimensions(), from.size(), "dimension")))
    return failure();
  auto scalar =
      RankedTensorType::get({}, getElementTypeOrSelf(getInput().getType()));
  if (getInitValue().getType() != scalar)
    return emitOpError("must start from a ")
           << scalar << ", but has " << getInitValue().getType();
  Block &body = getBody().front();
  if (body.getNumArguments() != 2 || body.getArgument(0).getType() != scalar ||
      body.getArgument(1).getType() != scalar ||
      body.getTerminator()->getOperandTypes() != ArrayRef<Type>(scalar))
    return emitOpError("must have a body that combines two ")
           << scalar << " into one";
  SmallVector<int64_t> shape;
  for (auto [dim, size] : llvm::enumerate(from))
    if (!llvm::is_contained(getDimensions(), dim))
      shape.push_back(size);
  return verifyResult(*this, getInput(), shape);
}

//===----------------------------------------------------------------------===//
// Windows and indices
//===----------------------------------------------------------------------===//

/// How many windows fit along one dimension; negative sizes are refused before.
static int64_t countWindows(int64_t size, int64_t window, int64_t stride,
                            int64_t low, int64_t high, int64_t baseDilation,
                            int64_t windowDilation) {
  int64_t base = (size == 0 ? 0 : (size - 1) * baseDilation + 1) + low + high;
  int64_t reach = window == 0 ? 0 : (window - 1) * windowDilation + 1;
  return base < reach || base <= 0 ? 0 : (base - reach) / stride + 1;
}

namespace {
/// Windows along `rank` dimensions; absent attributes have their defaults.
struct Windows {
  SmallVector<int64_t> strides, baseDilations, windowDilations, low, high;

  Windows(int64_t rank)
      : strides(rank, 1), baseDilations(rank, 1), windowDilations(rank, 1),
        low(rank, 0), high(rank, 0) {}

  LogicalResult read(Operation *op, DenseI64ArrayAttr values, StringRef what,
                     SmallVectorImpl<int64_t> &into) {
    if (!values)
      return success();
    if (values.size() != static_cast<int64_t>(into.size()))
      return op->emitOpError() << what << " names " << values.size()
                               << " dimensions instead of " << into.size();
    if (llvm::any_of(values.asArrayRef(), [](int64_t v) { return v < 1; }))
      return op->emitOpError() << what << " must be positive";
    into.assign(values.asArrayRef().begin(), values.asArrayRef().end());
    return success();
  }

  LogicalResult readPadding(Operation *op, DenseIntElementsAttr padding) {
    if (!padding)
      return success();
    if (padding.getType().getShape() !=
        ArrayRef<int64_t>{static_cast<int64_t>(low.size()), 2})
      return op->emitOpError("padding must have two numbers for each of ")
             << low.size() << " dimensions";
    for (auto [index, value] : llvm::enumerate(padding.getValues<int64_t>()))
      (index % 2 ? high : low)[index / 2] = value;
    return success();
  }

  int64_t count(unsigned dim, int64_t size, int64_t window) const {
    return countWindows(size, window, strides[dim], low[dim], high[dim],
                        baseDilations[dim], windowDilations[dim]);
  }
};
} // namespace

LogicalResult ConvolutionOp::verify() {
  ConvDimensionNumbersAttr dims = getDimensionNumbers();
  ArrayRef<int64_t> lhs = shapeOf(getLhs()), rhs = shapeOf(getRhs());
  size_t spatial = dims.getInputSpatialDimensions().size();
  if (lhs.size() != spatial + 2 || rhs.size() != spatial + 2 ||
      dims.getKernelSpatialDimensions().size() != spatial ||
      dims.getOutputSpatialDimensions().size() != spatial)
    return emitOpError("needs operands and a result of ")
           << spatial + 2 << " dimensions, as its dimension numbers say";
  Windows windows(spatial);
  if (failed(windows.read(*this, getWindowStridesAttr(), "window_strides",
                          windows.strides)) ||
      failed(windows.read(*this, getLhsDilationAttr(), "lhs_dilation",
                          windows.baseDilations)) ||
      failed(windows.read(*this, getRhsDilationAttr(), "rhs_dilation",
                          windows.windowDilations)) ||
      failed(windows.readPadding(*this, getPaddingAttr())))
    return failure();
  int64_t groups = getFeatureGroupCount(), batches = getBatchGroupCount();
  int64_t features = lhs[dims.getInputFeatureDimension()];
  int64_t kernelIn = rhs[dims.getKernelInputFeatureDimension()];
  int64_t kernelOut = rhs[dims.getKernelOutputFeatureDimension()];
  if (groups < 1 || batches < 1 || features != kernelIn * groups ||
      kernelOut % groups != 0 || kernelOut % batches != 0)
    return emitOpError("cannot divide ")
           << features << " features into " << groups << " groups of "
           << kernelIn << " for " << kernelOut << " results";
  SmallVector<int64_t> shape(spatial + 2);
  shape[dims.getOutputBatchDimension()] =
      lhs[dims.getInputBatchDimension()] / batches;
  shape[dims.getOutputFeatureDimension()] = kernelOut;
  for (size_t i = 0; i < spatial; ++i)
    shape[dims.getOutputSpatialDimensions()[i]] =
        windows.count(i, lhs[dims.getInputSpatialDimensions()[i]],
                      rhs[dims.getKernelSpatialDimensions()[i]]);
  // The result may be wider than the operands, as a dot_general's may.
  ArrayRef<int64_t> given = shapeOf(getResult());
  if (given != ArrayRef(shape)) {
    InFlightDiagnostic diagnostic = emitOpError("must have a result of shape ");
    llvm::interleave(
        shape, [&](int64_t size) { diagnostic << size; },
        [&] { diagnostic << 'x'; });
    return diagnostic << ", but it is " << getResult().getType();
  }
  return success();
}

LogicalResult ReduceWindowOp::verify() {
  if (getInputs().empty())
    return emitOpError("reduces nothing");
  if (getResults().size() != getInputs().size())
    return emitOpError("has ") << getResults().size() << " results for "
                               << getInputs().size() << " inputs";
  ArrayRef<int64_t> from = shapeOf(getInputs().front());
  if (getWindowDimensions().size() != from.size())
    return emitOpError("names ")
           << getWindowDimensions().size()
           << " window dimensions for inputs that have " << from.size();
  Windows windows(from.size());
  if (failed(windows.read(*this, getWindowStridesAttr(), "window_strides",
                          windows.strides)) ||
      failed(windows.read(*this, getBaseDilationsAttr(), "base_dilations",
                          windows.baseDilations)) ||
      failed(windows.read(*this, getWindowDilationsAttr(), "window_dilations",
                          windows.windowDilations)) ||
      failed(windows.readPadding(*this, getPaddingAttr())))
    return failure();
  SmallVector<int64_t> shape;
  for (auto [dim, size] : llvm::enumerate(from))
    shape.push_back(windows.count(dim, size, getWindowDimensions()[dim]));
  for (auto [input, result] : llvm::zip_equal(getInputs(), getResults())) {
    auto expected =
        RankedTensorType::get(shape, getElementTypeOrSelf(input.getType()));
    if (shapeOf(input) != from)
      return emitOpError("has inputs of different shapes");
    if (result.getType() != expected)
      return emitOpError("must have a result of type ")
             << expected << ", but it is " << result.getType();
  }
  if (getBody().getNumArguments() != 2 * getInputs().size())
    return emitOpError("has a body of ")
           << getBody().getNumArguments() << " arguments instead of "
           << 2 * getInputs().size();
  return success();
}

LogicalResult GatherOp::verify() {
  GatherDimensionNumbersAttr dims = getDimensionNumbers();
  ArrayRef<int64_t> from = shapeOf(getOperand());
  SmallVector<int64_t> batch(shapeOf(getStartIndices()));
  ArrayRef<int64_t> sizes = getSliceSizes();
  if (sizes.size() != from.size())
    return emitOpError("names ")
           << sizes.size() << " slice sizes for an operand that has "
           << from.size() << " dimensions";
  for (auto [size, whole] : llvm::zip_equal(sizes, from))
    if (size < 0 || size > whole)
      return emitOpError("cannot take ") << size << " of " << whole;
  int64_t vectorDim = dims.getIndexVectorDim();
  int64_t indices = 1;
  if (vectorDim < 0 || vectorDim > static_cast<int64_t>(batch.size()))
    return emitOpError("index_vector_dim ")
           << vectorDim << " is not in [0, " << batch.size() << "]";
  if (vectorDim < static_cast<int64_t>(batch.size())) {
    indices = batch[vectorDim];
    batch.erase(batch.begin() + vectorDim);
  }
  if (indices != static_cast<int64_t>(dims.getStartIndexMap().size()))
    return emitOpError("has ")
           << indices << " indices for " << dims.getStartIndexMap().size()
           << " dimensions in start_index_map";
  if (failed(verifyDims(*this, dims.getStartIndexMap(), from.size(),
                        "start_index_map")) ||
      failed(verifyDims(*this, dims.getCollapsedSliceDims(), from.size(),
                        "collapsed dimension")) ||
      failed(verifyDims(*this, dims.getOperandBatchingDims(), from.size(),
                        "batching dimension")))
    return failure();
  SmallVector<int64_t> offsets;
  for (auto [dim, size] : llvm::enumerate(sizes)) {
    bool dropped = llvm::is_contained(dims.getCollapsedSliceDims(), dim) ||
                   llvm::is_contained(dims.getOperandBatchingDims(), dim);
    if (dropped && size > 1)
      return emitOpError("drops dimension ")
             << dim << ", of which it takes " << size;
    if (!dropped)
      offsets.push_back(size);
  }
  int64_t rank = batch.size() + offsets.size();
  if (dims.getOffsetDims().size() != offsets.size())
    return emitOpError("has ")
           << dims.getOffsetDims().size() << " offset dimensions for "
           << offsets.size() << " that its slices keep";
  if (failed(verifyDims(*this, dims.getOffsetDims(), rank, "offset dimension")))
    return failure();
  SmallVector<int64_t> shape(rank, -1);
  for (auto [dim, size] : llvm::zip_equal(dims.getOffsetDims(), offsets))
    shape[dim] = size;
  auto next = batch.begin();
  for (int64_t &size : shape)
    if (size < 0)
      size = *next++;
  return verifyResult(*this, getOperand(), shape);
}
