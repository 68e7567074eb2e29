//===- VerifyDynamic.cpp - Ops whose shapes or places tensors say ---------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Checks.h"

#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace orchestra::stablehlo;

LogicalResult DynamicIotaOp::verify() {
  int64_t rank = rankOf(getResult());
  if (failed(verifyNumbers(*this, getOutputShape(), rank, "sizes")))
    return failure();
  return verifyDims(*this, getIotaDimension(), rank, "iota dimension");
}

LogicalResult DynamicReshapeOp::verify() {
  if (failed(
          verifyNumbers(*this, getOutputShape(), rankOf(getResult()), "sizes")))
    return failure();
  return verifyResult(*this, getOperand(), shapeOf(getResult()));
}

LogicalResult DynamicBroadcastInDimOp::verify() {
  ArrayRef<int64_t> dims = getBroadcastDimensions();
  ArrayRef<int64_t> from = shapeOf(getOperand()), to = shapeOf(getResult());
  if (failed(verifyNumbers(*this, getOutputDimensions(), to.size(), "sizes")))
    return failure();
  if (dims.size() != from.size())
    return emitOpError("names ")
           << dims.size() << " dimensions for an operand that has "
           << from.size();
  if (failed(verifyDims(*this, dims, to.size(), "dimension")))
    return failure();
  for (auto [dim, size] : llvm::zip_equal(dims, from))
    if (size != 1 && !agree(size, to[dim]))
      return emitOpError("cannot broadcast size ")
             << size << " to size " << to[dim] << " of dimension " << dim;
  Sizes known(getKnownExpandingDimensions().value_or(ArrayRef<int64_t>()));
  llvm::append_range(
      known, getKnownNonexpandingDimensions().value_or(ArrayRef<int64_t>()));
  if (failed(verifyDims(*this, known, from.size(), "known dimension")))
    return failure();
  return verifyResult(*this, getOperand(), to);
}

LogicalResult RealDynamicSliceOp::verify() {
  int64_t rank = rankOf(getOperand());
  if (failed(verifyNumbers(*this, getStartIndices(), rank, "starts")) ||
      failed(verifyNumbers(*this, getLimitIndices(), rank, "limits")) ||
      failed(verifyNumbers(*this, getStrides(), rank, "strides")))
    return failure();
  return verifyResult(*this, getOperand(), Sizes(rank, ShapedType::kDynamic));
}

LogicalResult DynamicPadOp::verify() {
  int64_t rank = rankOf(getOperand());
  for (Value padding :
       {getEdgePaddingLow(), getEdgePaddingHigh(), getInteriorPadding()})
    if (failed(verifyNumbers(*this, padding, rank, "paddings")))
      return failure();
  if (rankOf(getPaddingValue()) ||
      !sameElements(elementOf(getPaddingValue()), elementOf(getOperand())))
    return emitOpError("must pad with a scalar of ")
           << elementOf(getOperand()) << ", but has "
           << getPaddingValue().getType();
  return verifyResult(*this, getOperand(), Sizes(rank, ShapedType::kDynamic));
}

LogicalResult TorchIndexSelectOp::verify() {
  int64_t rank = rankOf(getOperand()), indexRank = rankOf(getIndex());
  int64_t dim = getDim(), batch = getBatchDims();
  if (!isIntElement(elementOf(getIndex())))
    return emitOpError("needs integers as indices, not ")
           << getIndex().getType();
  if (failed(verifyDims(*this, dim, rank, "dimension")))
    return failure();
  if (batch < 0 || batch > dim || batch > indexRank)
    return emitOpError("has a wrong number of batch dimensions, ") << batch;
  Sizes shape(shapeOf(getOperand()).take_front(dim));
  llvm::append_range(shape, shapeOf(getIndex()).drop_front(batch));
  llvm::append_range(shape, shapeOf(getOperand()).drop_front(dim + 1));
  return verifyResult(*this, getOperand(), shape);
}

//===----------------------------------------------------------------------===//
// Gather
//===----------------------------------------------------------------------===//

static SmallVector<int64_t> joined(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  SmallVector<int64_t> all(a);
  llvm::append_range(all, b);
  return all;
}

static LogicalResult verifySorted(Operation *op, ArrayRef<int64_t> dims,
                                  StringRef what) {
  if (!llvm::is_sorted(dims))
    return op->emitOpError() << what << " must be sorted";
  return success();
}

/// What gather and scatter have in common: how indices point into a tensor.
static LogicalResult verifyIndices(Operation *op, Value operand, Value indices,
                                   int64_t vectorDim, ArrayRef<int64_t> map,
                                   ArrayRef<int64_t> dropped,
                                   ArrayRef<int64_t> operandBatch,
                                   ArrayRef<int64_t> indexBatch) {
  int64_t rank = rankOf(operand), indexRank = rankOf(indices);
  if (vectorDim < 0 || vectorDim > indexRank)
    return op->emitOpError("index vector dimension ")
           << vectorDim << " is not in [0, " << indexRank << "]";
  int64_t length = vectorDim < indexRank ? shapeOf(indices)[vectorDim] : 1;
  if (!agree(length, map.size()))
    return op->emitOpError("has index vectors of ")
           << length << " numbers for " << map.size() << " dimensions";
  if (failed(verifyDims(op, joined(map, operandBatch), rank,
                        "indexed or batching dimension")) ||
      failed(verifyDims(op, joined(dropped, operandBatch), rank,
                        "dropped or batching dimension")) ||
      failed(verifySorted(op, dropped, "dropped dimensions")) ||
      failed(verifySorted(op, operandBatch, "batching dimensions")) ||
      failed(verifyDims(op, indexBatch, indexRank,
                        "batching dimension of indices")))
    return failure();
  if (operandBatch.size() != indexBatch.size())
    return op->emitOpError("pairs different numbers of batching dimensions");
  if (llvm::is_contained(indexBatch, vectorDim))
    return op->emitOpError("uses the index vector as a batching dimension");
  for (auto [a, b] : llvm::zip_equal(operandBatch, indexBatch))
    if (!agree(shapeOf(operand)[a], shapeOf(indices)[b]))
      return op->emitOpError("pairs batching dimension ")
             << a << " of size " << shapeOf(operand)[a] << " with dimension "
             << b << " of size " << shapeOf(indices)[b];
  return success();
}

/// Sizes of a gather's result, from those of its slices.
static LogicalResult verifyGather(Operation *op, Value operand, Value indices,
                                  GatherDimensionNumbersAttr numbers,
                                  ArrayRef<int64_t> slice) {
  if (failed(verifyIndices(op, operand, indices, numbers.getIndexVectorDim(),
                           numbers.getStartIndexMap(),
                           numbers.getCollapsedSliceDims(),
                           numbers.getOperandBatchingDims(),
                           numbers.getStartIndicesBatchingDims())))
    return failure();
  ArrayRef<int64_t> from = shapeOf(operand);
  if (slice.size() != from.size())
    return op->emitOpError("needs one slice size for each of ")
           << from.size() << " dimensions";
  SmallVector<int64_t> dropped =
      joined(numbers.getCollapsedSliceDims(), numbers.getOperandBatchingDims());
  SmallVector<int64_t> window;
  for (auto [dim, size] : llvm::enumerate(slice)) {
    if (!isDynamic(size) &&
        (size < 0 || (!isDynamic(from[dim]) && size > from[dim])))
      return op->emitOpError("slice of size ")
             << size << " does not fit dimension " << dim << " of size "
             << from[dim];
    if (!llvm::is_contained(dropped, dim))
      window.push_back(size);
    else if (!isDynamic(size) && size > 1)
      return op->emitOpError("drops dimension ")
             << dim << " of slices of size " << size;
  }
  ArrayRef<int64_t> offsets = numbers.getOffsetDims();
  SmallVector<int64_t> batch;
  for (auto [dim, size] : llvm::enumerate(shapeOf(indices)))
    if (static_cast<int64_t>(dim) != numbers.getIndexVectorDim())
      batch.push_back(size);
  int64_t rank = batch.size() + window.size();
  if (offsets.size() != window.size())
    return op->emitOpError("names ")
           << offsets.size() << " offset dimensions for slices of rank "
           << window.size();
  if (failed(verifyDims(op, offsets, rank, "offset dimension")) ||
      failed(verifySorted(op, offsets, "offset dimensions")))
    return failure();
  SmallVector<int64_t> shape;
  size_t nextBatch = 0, nextWindow = 0;
  for (int64_t dim = 0; dim < rank; ++dim)
    shape.push_back(llvm::is_contained(offsets, dim) ? window[nextWindow++]
                                                     : batch[nextBatch++]);
  return verifyResult(op, operand, shape);
}

LogicalResult GatherOp::verify() {
  return verifyGather(*this, getOperand(), getStartIndices(),
                      getDimensionNumbers(), getSliceSizes());
}

LogicalResult DynamicGatherOp::verify() {
  int64_t rank = rankOf(getOperand());
  if (failed(verifyNumbers(*this, getSliceSizes(), rank, "slice sizes")))
    return failure();
  return verifyGather(*this, getOperand(), getStartIndices(),
                      getDimensionNumbers(), Sizes(rank, ShapedType::kDynamic));
}

//===----------------------------------------------------------------------===//
// Scatter
//===----------------------------------------------------------------------===//

LogicalResult ScatterOp::verify() {
  if (getInputs().empty() || getResults().size() != getInputs().size())
    return emitOpError("needs as many results as inputs, at least one");
  ScatterDimensionNumbersAttr numbers = getScatterDimensionNumbers();
  Value input = getInputs().front(), update = getUpdates().front();
  for (auto [other, otherUpdate] : llvm::zip_equal(getInputs(), getUpdates())) {
    if (!agree(shapeOf(other), shapeOf(input)) ||
        !agree(shapeOf(otherUpdate), shapeOf(update)))
      return emitOpError("needs inputs of one shape and updates of one shape");
    if (!sameElements(elementOf(other), elementOf(otherUpdate)))
      return emitOpError("updates ")
             << other.getType() << " with " << otherUpdate.getType();
  }
  if (failed(verifyIndices(
          *this, input, getScatterIndices(), numbers.getIndexVectorDim(),
          numbers.getScatterDimsToOperandDims(),
          numbers.getInsertedWindowDims(), numbers.getInputBatchingDims(),
          numbers.getScatterIndicesBatchingDims())))
    return failure();
  SmallVector<int64_t> dropped =
      joined(numbers.getInsertedWindowDims(), numbers.getInputBatchingDims());
  SmallVector<int64_t> window, batch;
  for (auto [dim, size] : llvm::enumerate(shapeOf(input)))
    if (!llvm::is_contained(dropped, dim))
      window.push_back(size);
  for (auto [dim, size] : llvm::enumerate(shapeOf(getScatterIndices())))
    if (static_cast<int64_t>(dim) != numbers.getIndexVectorDim())
      batch.push_back(size);
  ArrayRef<int64_t> windowDims = numbers.getUpdateWindowDims();
  ArrayRef<int64_t> updates = shapeOf(update);
  if (updates.size() != window.size() + batch.size() ||
      windowDims.size() != window.size())
    return emitOpError("needs updates of ")
           << batch.size() << " + " << window.size() << " dimensions, not "
           << update.getType();
  if (failed(verifyDims(*this, windowDims, updates.size(),
                        "update window dimension")) ||
      failed(verifySorted(*this, windowDims, "update window dimensions")))
    return failure();
  size_t nextBatch = 0, nextWindow = 0;
  for (auto [dim, size] : llvm::enumerate(updates)) {
    bool isWindow = llvm::is_contained(windowDims, dim);
    int64_t most = isWindow ? window[nextWindow++] : batch[nextBatch++];
    if (isWindow ? !isDynamic(most) && !isDynamic(size) && size > most
                 : !agree(size, most))
      return emitOpError("update of size ")
             << size << " does not fit " << most << " in dimension " << dim;
  }
  SmallVector<Type> elements, both;
  for (auto [number, value] : llvm::enumerate(getInputs())) {
    if (failed(verifyResult(*this, number, elementOf(value), shapeOf(value))))
      return failure();
    elements.push_back(elementOf(value));
  }
  both = elements;
  llvm::append_range(both, elements);
  return verifyBody(*this, getUpdateComputation(), both, elements);
}
