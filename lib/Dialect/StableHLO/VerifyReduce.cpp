//===- VerifyReduce.cpp - Reductions, sorting, algebra --------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Checks.h"

using namespace mlir;
using namespace orchestra::stablehlo;

/// Inputs of one shape, and a neutral element for each.
static LogicalResult verifyInputs(Operation *op, OperandRange inputs,
                                  OperandRange inits, ResultRange results) {
  if (inputs.empty() || inits.size() != inputs.size() ||
      results.size() != inputs.size())
    return op->emitOpError(
        "needs as many initial values and results as inputs, at least one");
  for (Value input : inputs)
    if (!agree(shapeOf(input), shapeOf(inputs.front())))
      return op->emitOpError("needs inputs of one shape, not ")
             << inputs.front().getType() << " and " << input.getType();
  for (auto [input, init] : llvm::zip_equal(inputs, inits)) {
    auto scalar = RankedTensorType::get({}, elementOf(input));
    if (init.getType() != scalar &&
        !(rankOf(init) == 0 && sameElements(elementOf(init), elementOf(input))))
      return op->emitOpError("must start from a ")
             << scalar << ", but has " << init.getType();
  }
  return success();
}

/// The body's own elements, which may be wider, are those of the results.
static LogicalResult verifyReduction(Operation *op, Region &body,
                                     OperandRange inputs,
                                     ArrayRef<int64_t> shape) {
  SmallVector<Type> elements, both;
  for (Value input : inputs)
    elements.push_back(elementOf(input));
  both = elements;
  llvm::append_range(both, elements);
  if (failed(verifyBody(op, body, both, elements)))
    return failure();
  for (auto [number, type] :
       llvm::enumerate(body.front().back().getOperandTypes()))
    if (failed(verifyResult(op, number, getElementTypeOrSelf(type), shape)))
      return failure();
  return success();
}

LogicalResult ReduceOp::verify() {
  if (failed(verifyInputs(*this, getInputs(), getInitValues(), getResults())))
    return failure();
  ArrayRef<int64_t> from = shapeOf(getInputs().front());
  if (failed(verifyDims(*this, getDimensions(), from.size(), "dimension")))
    return failure();
  Sizes shape;
  for (auto [dim, size] : llvm::enumerate(from))
    if (!llvm::is_contained(getDimensions(), dim))
      shape.push_back(size);
  return verifyReduction(*this, getBody(), getInputs(), shape);
}

LogicalResult ReduceWindowOp::verify() {
  if (failed(verifyInputs(*this, getInputs(), getInitValues(), getResults())))
    return failure();
  ArrayRef<int64_t> from = shapeOf(getInputs().front());
  if (getWindowDimensions().size() != from.size())
    return emitOpError("needs a window size for each of ")
           << from.size() << " dimensions";
  auto windows =
      windowsOf(*this, getWindowDimensions(), getWindowStrides(),
                getBaseDilations(), getWindowDilations(), getPadding());
  if (!windows)
    return failure();
  Sizes shape;
  for (auto [window, size] : llvm::zip_equal(*windows, from))
    shape.push_back(window.count(size));
  return verifyReduction(*this, getBody(), getInputs(), shape);
}

LogicalResult SelectAndScatterOp::verify() {
  ArrayRef<int64_t> from = shapeOf(getOperand());
  Sizes ones(from.size(), 1);
  Sizes sizes(getWindowDimensions().value_or(ArrayRef<int64_t>(ones)));
  if (sizes.size() != from.size())
    return emitOpError("needs a window size for each of ")
           << from.size() << " dimensions";
  auto windows = windowsOf(*this, sizes, getWindowStrides(), std::nullopt,
                           std::nullopt, getPadding());
  if (!windows)
    return failure();
  Sizes shape;
  for (auto [window, size] : llvm::zip_equal(*windows, from))
    shape.push_back(window.count(size));
  if (!agree(shapeOf(getSource()), shape))
    return emitOpError("must have a source of shape [")
           << shape << "], but it is " << getSource().getType();
  Type element = elementOf(getOperand());
  if (!sameElements(elementOf(getSource()), element) ||
      rankOf(getInitValue()) ||
      !sameElements(elementOf(getInitValue()), element))
    return emitOpError("needs a source and a scalar initial value of ")
           << element;
  if (failed(verifyBody(*this, getSelect(), {element, element},
                        IntegerType::get(getContext(), 1))) ||
      failed(verifyBody(*this, getScatter(), {element, element}, element)))
    return failure();
  auto type = cast<RankedTensorType>(
      getScatter().front().back().getOperand(0).getType());
  return verifyResult(*this, 0, type.getElementType(), from);
}

LogicalResult SortOp::verify() {
  if (getInputs().empty() || getResults().size() != getInputs().size())
    return emitOpError("needs as many results as inputs, at least one");
  int64_t rank = rankOf(getInputs().front()),
          dim = static_cast<int64_t>(getDimension());
  if (dim < -rank || dim >= rank)
    return emitOpError("dimension ")
           << dim << " is not in [" << -rank << ", " << rank << ")";
  SmallVector<Type> pairs;
  for (auto [number, input] : llvm::enumerate(getInputs())) {
    if (failed(verifyResult(*this, number, elementOf(input), shapeOf(input))))
      return failure();
    pairs.append(2, elementOf(input));
  }
  return verifyBody(*this, getComparator(), pairs,
                    IntegerType::get(getContext(), 1));
}

LogicalResult MapOp::verify() {
  if (getInputs().empty())
    return emitOpError("needs an operand");
  for (auto [i, dim] : llvm::enumerate(getDimensions()))
    if (dim != static_cast<int64_t>(i))
      return emitOpError("maps over all dimensions, in order");
  if (static_cast<int64_t>(getDimensions().size()) !=
      rankOf(getInputs().front()))
    return emitOpError("maps over all dimensions, in order");
  SmallVector<Type> elements;
  for (Value input : getInputs())
    elements.push_back(elementOf(input));
  return verifyBody(*this, getComputation(), elements, elementOf(getResult()));
}

//===----------------------------------------------------------------------===//
// Normalization
//===----------------------------------------------------------------------===//

/// Vectors of one number a feature.
static LogicalResult verifyFeatures(Operation *op, Value operand, int64_t index,
                                    ValueRange vectors) {
  if (failed(verifyDims(op, index, rankOf(operand), "feature dimension")))
    return failure();
  int64_t features = shapeOf(operand)[index];
  for (Value vector : vectors)
    if (rankOf(vector) != 1 || !agree(shapeOf(vector)[0], features) ||
        !sameElements(elementOf(vector), elementOf(operand)))
      return op->emitOpError("needs a number for each of ")
             << features << " features, but has " << vector.getType();
  return success();
}

LogicalResult BatchNormInferenceOp::verify() {
  if (failed(
          verifyFeatures(*this, getOperand(), getFeatureIndex(),
                         {getScale(), getOffset(), getMean(), getVariance()})))
    return failure();
  return verifyResult(*this, getOperand(), shapeOf(getOperand()));
}

LogicalResult BatchNormTrainingOp::verify() {
  if (failed(verifyFeatures(
          *this, getOperand(), getFeatureIndex(),
          {getScale(), getOffset(), getBatchMean(), getBatchVar()})))
    return failure();
  return verifyResult(*this, getOperand(), shapeOf(getOperand()));
}

LogicalResult BatchNormGradOp::verify() {
  if (failed(verifyFeatures(*this, getOperand(), getFeatureIndex(),
                            {getScale(), getMean(), getVariance(),
                             getGradScale(), getGradOffset()})))
    return failure();
  if (!agree(shapeOf(getGradOutput()), shapeOf(getOperand())))
    return emitOpError("has a gradient of another shape: ")
           << getGradOutput().getType();
  return verifyResult(*this, getOperand(), shapeOf(getOperand()));
}

//===----------------------------------------------------------------------===//
// Algebra, transforms, random numbers
//===----------------------------------------------------------------------===//

static LogicalResult verifySquare(Operation *op, Value matrices) {
  ArrayRef<int64_t> shape = shapeOf(matrices);
  if (shape.size() < 2 ||
      !agree(shape[shape.size() - 1], shape[shape.size() - 2]))
    return op->emitOpError("needs square matrices, not ") << matrices.getType();
  return success();
}

LogicalResult CholeskyOp::verify() {
  if (failed(verifySquare(*this, getA())))
    return failure();
  return verifyResult(*this, getA(), shapeOf(getA()));
}

LogicalResult TriangularSolveOp::verify() {
  if (failed(verifySquare(*this, getA())))
    return failure();
  ArrayRef<int64_t> a = shapeOf(getA()), b = shapeOf(getB());
  if (elementOf(getA()) != elementOf(getB()) || a.size() != b.size() ||
      !agree(a.drop_back(2), b.drop_back(2)) ||
      !agree(a.back(), b[b.size() - (getLeftSide() ? 2 : 1)]))
    return emitOpError("does not fit: ")
           << getA().getType() << " and " << getB().getType();
  if (getTransposeA() == Transpose::TRANSPOSE_INVALID)
    return emitOpError("must say whether to transpose");
  return verifyResult(*this, getB(), b);
}

LogicalResult FftOp::verify() {
  ArrayRef<int64_t> lengths = getFftLength();
  Sizes shape(shapeOf(getOperand()));
  FftType kind = getFftType();
  size_t count = lengths.size();
  if (count < 1 || count > 3 || count > shape.size())
    return emitOpError("transforms 1 to 3 dimensions of its operand, not ")
           << count;
  bool isReal = kind == FftType::RFFT, toReal = kind == FftType::IRFFT;
  Type element = elementOf(getOperand());
  if (isComplexElement(element) == isReal)
    return emitOpError("cannot transform ") << getOperand().getType();
  for (size_t i = 0; i < count; ++i) {
    int64_t &size = shape[shape.size() - count + i];
    bool isLast = i + 1 == count;
    int64_t expected = isLast && toReal ? lengths[i] / 2 + 1 : lengths[i];
    if (lengths[i] < 0 || !agree(size, expected))
      return emitOpError("has a dimension of size ")
             << size << " where its length says " << expected;
    size = isLast && isReal ? lengths[i] / 2 + 1 : lengths[i];
  }
  Type result = element;
  if (isReal)
    result = ComplexType::get(element);
  else if (toReal)
    result = cast<ComplexType>(element).getElementType();
  return verifyResult(*this, 0, result, shape);
}

LogicalResult RngOp::verify() {
  if (rankOf(getA()) || rankOf(getB()) ||
      elementOf(getA()) != elementOf(getB()))
    return emitOpError("needs two scalars of one type, not ")
           << getA().getType() << " and " << getB().getType();
  if (failed(verifyNumbers(*this, getShape(), rankOf(getResult()), "sizes")))
    return failure();
  return verifyResult(*this, getA(), shapeOf(getResult()));
}

LogicalResult RngBitGeneratorOp::verify() {
  if (!getOutput().getType().hasStaticShape())
    return emitOpError("must have a result of static shape");
  return verifyResult(*this, getInitialState(), shapeOf(getInitialState()));
}
