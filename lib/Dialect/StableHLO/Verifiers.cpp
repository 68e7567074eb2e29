//===- Verifiers.cpp - What ops that move elements must hold --------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Assembly.h"
#include "Checks.h"

#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "llvm/ADT/SmallBitVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace orchestra::stablehlo;

//===----------------------------------------------------------------------===//
// What many ops share
//===----------------------------------------------------------------------===//

bool orchestra::stablehlo::agree(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  return a.size() == b.size() &&
         llvm::all_of(llvm::zip_equal(a, b), [](auto pair) {
           return agree(std::get<0>(pair), std::get<1>(pair));
         });
}

bool orchestra::stablehlo::sameElements(Type a, Type b) {
  return a == b || (isQuantElement(a) && isQuantElement(b));
}

LogicalResult orchestra::stablehlo::verifyResult(Operation *op, unsigned number,
                                                 Type element,
                                                 ArrayRef<int64_t> shape) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(number).getType());
  if (type && agree(type.getShape(), shape) &&
      sameElements(type.getElementType(), element))
    return success();
  return op->emitOpError("must have a result of type ")
         << RankedTensorType::get(shape, element) << ", but it is "
         << op->getResult(number).getType();
}

LogicalResult orchestra::stablehlo::verifyResult(Operation *op, Value operand,
                                                 ArrayRef<int64_t> shape) {
  return verifyResult(op, 0, elementOf(operand), shape);
}

LogicalResult orchestra::stablehlo::verifyDims(Operation *op,
                                               ArrayRef<int64_t> dims,
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

LogicalResult orchestra::stablehlo::verifyNumbers(Operation *op, Value value,
                                                  int64_t count,
                                                  StringRef what) {
  if (rankOf(value) != 1 || !agree(shapeOf(value)[0], count))
    return op->emitOpError("needs ")
           << count << " " << what << ", but has " << value.getType();
  return success();
}

LogicalResult orchestra::stablehlo::verifyElementwise(Operation *op) {
  Type result = elementOf(op->getResult(0));
  Type first = elementOf(op->getOperand(0));
  if (isa<UniformQuantizeOp, UniformDequantizeOp, ConvertOp>(op))
    return success();
  for (Value operand : op->getOperands().drop_front())
    if (!sameElements(elementOf(operand), first))
      return op->emitOpError("mixes elements of type ")
             << first << " and " << elementOf(operand);
  if (isa<IsFiniteOp, CompareOp>(op))
    return success();
  Type expected = first;
  if (auto complex = dyn_cast<ComplexType>(first);
      complex && isa<AbsOp, RealOp, ImagOp>(op))
    expected = complex.getElementType();
  if (isa<ComplexOp>(op))
    expected = ComplexType::get(first);
  if (!sameElements(result, expected))
    return op->emitOpError("must have a result of ")
           << expected << ", but it is of " << result;
  return success();
}

LogicalResult SelectOp::verify() {
  if (getOnTrue().getType() != getOnFalse().getType() &&
      !(agree(shapeOf(getOnTrue()), shapeOf(getOnFalse())) &&
        sameElements(elementOf(getOnTrue()), elementOf(getOnFalse()))))
    return emitOpError("picks from different types: ")
           << getOnTrue().getType() << " and " << getOnFalse().getType();
  if (rankOf(getPred()) && !agree(shapeOf(getPred()), shapeOf(getOnTrue())))
    return emitOpError("has a condition of another shape: ")
           << getPred().getType();
  return verifyResult(*this, getOnTrue(), shapeOf(getOnTrue()));
}

LogicalResult ClampOp::verify() {
  for (Value bound : {getMin(), getMax()})
    if ((rankOf(bound) && !agree(shapeOf(bound), shapeOf(getOperand()))) ||
        !sameElements(elementOf(bound), elementOf(getOperand())))
      return emitOpError("has bounds of another type: ") << bound.getType();
  return verifyResult(*this, getOperand(), shapeOf(getOperand()));
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

LogicalResult ConstantOp::verify() {
  ShapedType value = getValue().getShapedType();
  Type element = getType().getElementType(), stored = element;
  if (auto quantized = dyn_cast<quant::QuantizedType>(element))
    stored = quantized.getStorageType();
  if (value.getShape() != getType().getShape() || !getType().hasStaticShape() ||
      (value.getElementType() != element && value.getElementType() != stored))
    return emitOpError("has a value of type ")
           << value << ", but is of " << getType();
  return success();
}

LogicalResult IotaOp::verify() {
  if (!getType().hasStaticShape())
    return emitOpError("must have a static shape, not ") << getType();
  return verifyDims(*this, getIotaDimension(), getType().getRank(),
                    "iota dimension");
}

//===----------------------------------------------------------------------===//
// Data movement
//===----------------------------------------------------------------------===//

LogicalResult BroadcastOp::verify() {
  Sizes shape(getBroadcastSizes());
  for (int64_t size : shape)
    if (size < 0)
      return emitOpError("has the negative size ") << size;
  llvm::append_range(shape, shapeOf(getOperand()));
  return verifyResult(*this, getOperand(), shape);
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
    if (size != 1 && !agree(size, to[dim]))
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
  Sizes shape;
  for (int64_t dim : permutation)
    shape.push_back(from[dim]);
  return verifyResult(*this, getOperand(), shape);
}

LogicalResult ReverseOp::verify() {
  if (failed(verifyDims(*this, getDimensions(), rankOf(getOperand()),
                        "dimension")))
    return failure();
  return verifyResult(*this, getOperand(), shapeOf(getOperand()));
}

LogicalResult ReshapeOp::verify() {
  auto from = cast<ShapedType>(getOperand().getType());
  if (from.hasStaticShape() && getType().hasStaticShape() &&
      from.getNumElements() != getType().getNumElements())
    return emitOpError("changes the number of elements: ")
           << getOperand().getType() << " to " << getType();
  return verifyResult(*this, getOperand(), getType().getShape());
}

LogicalResult BitcastConvertOp::verify() {
  auto bits = [](Type type) -> int64_t {
    if (auto complex = dyn_cast<ComplexType>(type))
      return 2 * complex.getElementType().getIntOrFloatBitWidth();
    if (auto quantized = dyn_cast<quant::QuantizedType>(type))
      return quantized.getStorageTypeIntegralWidth();
    return type.getIntOrFloatBitWidth();
  };
  int64_t from = bits(elementOf(getOperand())),
          to = bits(elementOf(getResult()));
  if (isComplexElement(elementOf(getOperand())) !=
      isComplexElement(elementOf(getResult())))
    return emitOpError("cannot read ")
           << elementOf(getOperand()) << " as " << elementOf(getResult());
  // The narrower elements have one dimension more.
  ArrayRef<int64_t> narrow = shapeOf(getOperand()), wide = shapeOf(getResult());
  if (from > to)
    std::swap(narrow, wide);
  int64_t ratio = std::max(from, to) / std::min(from, to);
  bool fits = from == to ? agree(narrow, wide)
                         : !narrow.empty() && agree(narrow.drop_back(), wide) &&
                               agree(narrow.back(), ratio);
  if (!fits || std::max(from, to) % std::min(from, to))
    return emitOpError("cannot read ")
           << getOperand().getType() << " as " << getResult().getType();
  return success();
}

LogicalResult SliceOp::verify() {
  ArrayRef<int64_t> from = shapeOf(getOperand());
  ArrayRef<int64_t> starts = getStartIndices(), limits = getLimitIndices(),
                    strides = getStrides();
  if (starts.size() != from.size() || limits.size() != from.size() ||
      strides.size() != from.size())
    return emitOpError("needs one range for each of ")
           << from.size() << " dimensions";
  Sizes shape;
  for (size_t dim = 0; dim < from.size(); ++dim) {
    if (starts[dim] < 0 || starts[dim] > limits[dim] ||
        (!isDynamic(from[dim]) && limits[dim] > from[dim]) || strides[dim] < 1)
      return emitOpError("range ")
             << starts[dim] << ":" << limits[dim] << ":" << strides[dim]
             << " does not fit dimension " << dim << " of size " << from[dim];
    shape.push_back(llvm::divideCeil(limits[dim] - starts[dim], strides[dim]));
  }
  return verifyResult(*this, getOperand(), shape);
}

static LogicalResult verifyPlace(Operation *op, Value operand,
                                 OperandRange starts, ArrayRef<int64_t> box) {
  ArrayRef<int64_t> shape = shapeOf(operand);
  if (box.size() != shape.size() || starts.size() != shape.size())
    return op->emitOpError("needs a size and one start for each of ")
           << shape.size() << " dimensions";
  for (Value start : starts)
    if (rankOf(start) || start.getType() != starts.front().getType())
      return op->emitOpError("needs scalars of one type as starts, not ")
             << start.getType();
  for (size_t dim = 0; dim < shape.size(); ++dim)
    if (box[dim] >= 0 && !isDynamic(shape[dim]) && box[dim] > shape[dim])
      return op->emitOpError("box of size ")
             << box[dim] << " does not fit dimension " << dim << " of size "
             << shape[dim];
    else if (box[dim] < 0 && !isDynamic(box[dim]))
      return op->emitOpError("has the negative size ") << box[dim];
  return success();
}

LogicalResult DynamicSliceOp::verify() {
  if (failed(
          verifyPlace(*this, getOperand(), getStartIndices(), getSliceSizes())))
    return failure();
  return verifyResult(*this, getOperand(), getSliceSizes());
}

LogicalResult DynamicUpdateSliceOp::verify() {
  if (failed(verifyPlace(*this, getOperand(), getStartIndices(),
                         shapeOf(getUpdate()))))
    return failure();
  if (!sameElements(elementOf(getUpdate()), elementOf(getOperand())))
    return emitOpError("puts elements of ")
           << elementOf(getUpdate()) << " into " << getOperand().getType();
  return verifyResult(*this, getOperand(), shapeOf(getOperand()));
}

LogicalResult PadOp::verify() {
  ArrayRef<int64_t> from = shapeOf(getOperand());
  ArrayRef<int64_t> low = getEdgePaddingLow(), high = getEdgePaddingHigh(),
                    interior = getInteriorPadding();
  if (low.size() != from.size() || high.size() != from.size() ||
      interior.size() != from.size())
    return emitOpError("needs one padding for each of ")
           << from.size() << " dimensions";
  auto scalar = RankedTensorType::get({}, elementOf(getOperand()));
  if (getPaddingValue().getType() != scalar &&
      !(rankOf(getPaddingValue()) == 0 &&
        sameElements(elementOf(getPaddingValue()), elementOf(getOperand()))))
    return emitOpError("must pad with a ")
           << scalar << ", but has " << getPaddingValue().getType();
  Sizes shape;
  for (size_t dim = 0; dim < from.size(); ++dim) {
    if (interior[dim] < 0)
      return emitOpError("padding of dimension ") << dim << " is negative";
    if (isDynamic(from[dim])) {
      shape.push_back(from[dim]);
      continue;
    }
    int64_t gaps = std::max<int64_t>(from[dim] - 1, 0);
    int64_t size = low[dim] + from[dim] + gaps * interior[dim] + high[dim];
    if (size < 0)
      return emitOpError("padding of dimension ") << dim << " is negative";
    shape.push_back(size);
  }
  return verifyResult(*this, getOperand(), shape);
}

LogicalResult ConcatenateOp::verify() {
  if (getInputs().empty())
    return emitOpError("needs an operand");
  Sizes shape(shapeOf(getInputs().front()));
  int64_t dim = getDimension();
  if (failed(verifyDims(*this, dim, shape.size(), "dimension")))
    return failure();
  for (Value input : getInputs().drop_front()) {
    Sizes other(shapeOf(input));
    int64_t size = dim < static_cast<int64_t>(other.size()) ? other[dim] : 0;
    if (other.size() == shape.size())
      other[dim] = shape[dim];
    if (!agree(other, shape) ||
        !sameElements(elementOf(input), elementOf(getInputs().front())))
      return emitOpError("cannot join ")
             << getInputs().front().getType() << " and " << input.getType()
             << " along dimension " << dim;
    shape[dim] = isDynamic(size) || isDynamic(shape[dim]) ? ShapedType::kDynamic
                                                          : shape[dim] + size;
  }
  return verifyResult(*this, getInputs().front(), shape);
}

LogicalResult GetDimensionSizeOp::verify() {
  if (failed(
          verifyDims(*this, getDimension(), rankOf(getOperand()), "dimension")))
    return failure();
  return verifyResult(*this, 0, IntegerType::get(getContext(), 32), {});
}

LogicalResult SetDimensionSizeOp::verify() {
  if (failed(
          verifyDims(*this, getDimension(), rankOf(getOperand()), "dimension")))
    return failure();
  if (rankOf(getSize()))
    return emitOpError("needs a scalar as size, not ") << getSize().getType();
  Sizes shape(shapeOf(getOperand()));
  shape[getDimension()] = ShapedType::kDynamic;
  return verifyResult(*this, getOperand(), shape);
}
