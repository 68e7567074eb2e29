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
