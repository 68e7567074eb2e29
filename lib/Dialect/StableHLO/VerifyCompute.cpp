//===- VerifyCompute.cpp - Products, reductions, algebra ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Checks.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

#include <map>

using namespace mlir;
using namespace orchestra::stablehlo;

/// The elements of a reduction's body: they may be wider than the operands'.
static bool isWiderOrSame(Type from, Type to) {
  if (sameElements(from, to))
    return true;
  if (isa<FloatType>(from) && isa<FloatType>(to))
    return from.getIntOrFloatBitWidth() <= to.getIntOrFloatBitWidth();
  if (isa<IntegerType>(from) && isa<IntegerType>(to))
    return from.getIntOrFloatBitWidth() <= to.getIntOrFloatBitWidth();
  if (isComplexElement(from) && isComplexElement(to))
    return true;
  return isQuantElement(from) || isQuantElement(to);
}

LogicalResult orchestra::stablehlo::verifyBody(Operation *op, Region &body,
                                               ArrayRef<Type> arguments,
                                               ArrayRef<Type> results) {
  if (body.empty() || !body.hasOneBlock() ||
      !body.front().mightHaveTerminator() ||
      !isa<ReturnOp>(body.front().back()))
    return op->emitOpError("must have a body that returns");
  Operation *end = &body.front().back();
  auto fits = [](TypeRange types, ArrayRef<Type> elements) {
    return types.size() == elements.size() &&
           llvm::all_of(llvm::zip_equal(types, elements), [](auto pair) {
             auto type = dyn_cast<RankedTensorType>(std::get<0>(pair));
             return type && type.getRank() == 0 &&
                    isWiderOrSame(std::get<1>(pair), type.getElementType());
           });
  };
  if (!fits(body.getArgumentTypes(), arguments) ||
      !fits(end->getOperandTypes(), results)) {
    auto diagnostic =
        op->emitOpError("must have a body that takes scalars of ");
    llvm::interleaveComma(arguments, diagnostic);
    diagnostic << " and returns scalars of ";
    llvm::interleaveComma(results, diagnostic);
    return diagnostic;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

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
    if (!agree(lhs[left], rhs[right]))
      return emitOpError("pairs dimension ")
             << left << " of size " << lhs[left] << " with dimension " << right
             << " of size " << rhs[right];
  Sizes shape;
  for (int64_t dim : numbers.getLhsBatchingDimensions())
    shape.push_back(lhs[dim]);
  for (auto [dim, size] : llvm::enumerate(lhs))
    if (!llvm::is_contained(lhsPaired, dim))
      shape.push_back(size);
  for (auto [dim, size] : llvm::enumerate(rhs))
    if (!llvm::is_contained(rhsPaired, dim))
      shape.push_back(size);
  if (!agree(shapeOf(getResult()), shape))
    return emitOpError("must have a result of shape [")
           << shape << "], but it is " << getType();
  return success();
}

LogicalResult DotOp::verify() {
  ArrayRef<int64_t> lhs = shapeOf(getLhs()), rhs = shapeOf(getRhs());
  if (lhs.empty() || lhs.size() > 2 || rhs.empty() || rhs.size() > 2 ||
      !agree(lhs.back(), rhs.front()))
    return emitOpError("cannot multiply ")
           << getLhs().getType() << " with " << getRhs().getType();
  Sizes shape(lhs.drop_back());
  llvm::append_range(shape, rhs.drop_front());
  if (!agree(shapeOf(getResult()), shape))
    return emitOpError("must have a result of shape [")
           << shape << "], but it is " << getType();
  return success();
}

/// `formula` is "ab,bc->ac"; sizes of equal letters must agree.
static LogicalResult verifyEinsum(Operation *op, StringRef formula) {
  auto [left, right] = formula.split("->");
  SmallVector<StringRef> inputs;
  left.split(inputs, ',');
  std::map<char, int64_t> sizes;
  auto take = [&](StringRef letters, Value value) -> LogicalResult {
    letters = letters.trim();
    if (letters.contains('.'))
      return success(); // an ellipsis: any dimensions
    if (static_cast<int64_t>(letters.size()) != rankOf(value))
      return op->emitOpError("says '")
             << letters << "' of a tensor of rank " << rankOf(value);
    for (auto [letter, size] : llvm::zip_equal(letters, shapeOf(value))) {
      auto [known, isNew] = sizes.insert({letter, size});
      if (!isNew && !agree(known->second, size))
        return op->emitOpError("gives '")
               << StringRef(&letter, 1) << "' the sizes " << known->second
               << " and " << size;
    }
    return success();
  };
  if (!formula.contains("->") || inputs.size() != op->getNumOperands())
    return op->emitOpError("needs a formula of ")
           << op->getNumOperands() << " operands, not '" << formula << "'";
  for (auto [letters, operand] : llvm::zip_equal(inputs, op->getOperands()))
    if (failed(take(letters, operand)))
      return failure();
  return take(right, op->getResult(0));
}

LogicalResult EinsumOp::verify() {
  return verifyEinsum(*this, getEinsumConfig());
}

LogicalResult UnaryEinsumOp::verify() {
  return verifyEinsum(*this, getEinsumConfig());
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

std::optional<SmallVector<std::pair<int64_t, int64_t>>>
orchestra::stablehlo::paddingOf(Operation *op,
                                std::optional<DenseIntElementsAttr> padding,
                                int64_t rank) {
  SmallVector<std::pair<int64_t, int64_t>> pairs(rank, {0, 0});
  if (!padding)
    return pairs;
  if (padding->getType().getShape() != ArrayRef<int64_t>({rank, 2})) {
    op->emitOpError("needs padding of ")
        << rank << " x 2 numbers, not " << padding->getType();
    return std::nullopt;
  }
  SmallVector<int64_t> values;
  for (const llvm::APInt &value : padding->getValues<llvm::APInt>())
    values.push_back(value.getSExtValue());
  for (int64_t i = 0; i < rank; ++i)
    pairs[i] = {values[2 * i], values[2 * i + 1]};
  return pairs;
}

int64_t Window::count(int64_t length) const {
  if (isDynamic(length))
    return length;
  int64_t dilated = length == 0 ? 0 : (length - 1) * baseDilation + 1;
  int64_t padded = low + dilated + high;
  int64_t window = size == 0 ? 0 : (size - 1) * dilation + 1;
  return padded <= 0 || window > padded ? 0 : (padded - window) / stride + 1;
}

std::optional<SmallVector<Window>>
orchestra::stablehlo::windowsOf(Operation *op, ArrayRef<int64_t> sizes,
                                std::optional<ArrayRef<int64_t>> strides,
                                std::optional<ArrayRef<int64_t>> baseDilations,
                                std::optional<ArrayRef<int64_t>> dilations,
                                std::optional<DenseIntElementsAttr> padding) {
  int64_t rank = sizes.size();
  auto pairs = paddingOf(op, padding, rank);
  if (!pairs)
    return std::nullopt;
  SmallVector<Window> windows(rank);
  auto set = [&](std::optional<ArrayRef<int64_t>> values,
                 int64_t Window::*member, StringRef what) -> bool {
    if (!values)
      return true;
    if (static_cast<int64_t>(values->size()) != rank) {
      op->emitOpError("needs ") << rank << " " << what;
      return false;
    }
    for (auto [window, value] : llvm::zip_equal(windows, *values)) {
      if (value < 1 && !isDynamic(value)) {
        op->emitOpError() << what << " must be positive, but one is " << value;
        return false;
      }
      window.*member = value;
    }
    return true;
  };
  if (!set(sizes, &Window::size, "window sizes") ||
      !set(strides, &Window::stride, "strides") ||
      !set(baseDilations, &Window::baseDilation, "base dilations") ||
      !set(dilations, &Window::dilation, "window dilations"))
    return std::nullopt;
  for (auto [window, pair] : llvm::zip_equal(windows, *pairs))
    std::tie(window.low, window.high) = pair;
  return windows;
}

LogicalResult orchestra::stablehlo::verifyConvolution(
    Operation *op, Value lhs, Value rhs, ConvDimensionNumbersAttr numbers,
    int64_t featureGroups, int64_t batchGroups,
    std::optional<ArrayRef<int64_t>> strides,
    std::optional<ArrayRef<int64_t>> lhsDilation,
    std::optional<ArrayRef<int64_t>> rhsDilation,
    std::optional<ArrayRef<bool>> reversal,
    std::optional<DenseIntElementsAttr> padding, bool knowsPadding) {
  int64_t rank = rankOf(lhs), spatial = rank - 2;
  auto all = [](ArrayRef<int64_t> dims, int64_t a, int64_t b) {
    SmallVector<int64_t> joined(dims);
    joined.append({a, b});
    return joined;
  };
  Value result = op->getResult(0);
  if (rank < 2 || rankOf(rhs) != rank || rankOf(result) != rank)
    return op->emitOpError("needs tensors of one rank, at least 2: ")
           << lhs.getType() << ", " << rhs.getType() << ", "
           << result.getType();
  ArrayRef<int64_t> in = numbers.getInputSpatialDimensions(),
                    kernel = numbers.getKernelSpatialDimensions(),
                    out = numbers.getOutputSpatialDimensions();
  if (static_cast<int64_t>(in.size()) != spatial ||
      static_cast<int64_t>(kernel.size()) != spatial ||
      static_cast<int64_t>(out.size()) != spatial)
    return op->emitOpError("needs ") << spatial << " spatial dimensions";
  if (failed(verifyDims(op,
                        all(in, numbers.getInputBatchDimension(),
                            numbers.getInputFeatureDimension()),
                        rank, "input dimension")) ||
      failed(verifyDims(op,
                        all(kernel, numbers.getKernelInputFeatureDimension(),
                            numbers.getKernelOutputFeatureDimension()),
                        rank, "kernel dimension")) ||
      failed(verifyDims(op,
                        all(out, numbers.getOutputBatchDimension(),
                            numbers.getOutputFeatureDimension()),
                        rank, "output dimension")))
    return failure();
  int64_t batch = shapeOf(lhs)[numbers.getInputBatchDimension()];
  int64_t features = shapeOf(lhs)[numbers.getInputFeatureDimension()];
  int64_t kernelIn = shapeOf(rhs)[numbers.getKernelInputFeatureDimension()];
  int64_t kernelOut = shapeOf(rhs)[numbers.getKernelOutputFeatureDimension()];
  if (featureGroups > 1 && batchGroups > 1)
    return op->emitOpError("cannot have groups of features and of batches");
  if (!isDynamic(features) &&
      (features % featureGroups || !agree(features / featureGroups, kernelIn)))
    return op->emitOpError("has ")
           << features << " input features in " << featureGroups
           << " groups, but a kernel for " << kernelIn;
  if (!isDynamic(kernelOut) &&
      (kernelOut % featureGroups || kernelOut % batchGroups))
    return op->emitOpError("has ")
           << kernelOut << " output features, which its groups do not divide";
  if (!isDynamic(batch) && batch % batchGroups)
    return op->emitOpError("has a batch of ")
           << batch << ", which " << batchGroups << " groups do not divide";
  if (reversal && static_cast<int64_t>(reversal->size()) != spatial)
    return op->emitOpError("needs ") << spatial << " reversals";
  Sizes sizes;
  for (int64_t dim : kernel)
    sizes.push_back(shapeOf(rhs)[dim]);
  auto windows =
      windowsOf(op, sizes, strides, lhsDilation, rhsDilation, padding);
  if (!windows)
    return failure();
  Sizes shape(rank, ShapedType::kDynamic);
  if (!isDynamic(batch))
    shape[numbers.getOutputBatchDimension()] = batch / batchGroups;
  shape[numbers.getOutputFeatureDimension()] = kernelOut;
  if (knowsPadding)
    for (int64_t i = 0; i < spatial; ++i)
      if (!isDynamic(sizes[i]))
        shape[out[i]] = (*windows)[i].count(shapeOf(lhs)[in[i]]);
  if (!agree(shapeOf(result), shape))
    return op->emitOpError("must have a result of shape [")
           << shape << "], but it is " << result.getType();
  return success();
}

LogicalResult ConvolutionOp::verify() {
  return verifyConvolution(*this, getLhs(), getRhs(), getDimensionNumbers(),
                           getFeatureGroupCount(), getBatchGroupCount(),
                           getWindowStrides(), getLhsDilation(),
                           getRhsDilation(), getWindowReversal(), getPadding(),
                           /*knowsPadding=*/true);
}

LogicalResult DynamicConvOp::verify() {
  if (rankOf(getPadding()) != 2 ||
      !agree(shapeOf(getPadding()), {rankOf(getLhs()) - 2, 2}))
    return emitOpError("needs a pair of paddings for each spatial dimension, "
                       "not ")
           << getPadding().getType();
  return verifyConvolution(*this, getLhs(), getRhs(), getDimensionNumbers(),
                           getFeatureGroupCount(), getBatchGroupCount(),
                           getWindowStrides(), getLhsDilation(),
                           getRhsDilation(), getWindowReversal(), std::nullopt,
                           /*knowsPadding=*/false);
}
