//===- TileSizes.cpp - Sizes of thread and vector tiles -------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "TileSizes.h"

using namespace mlir;

int64_t orchestra::nvidia::largestDivisor(int64_t size, int64_t limit) {
  for (int64_t divisor = std::min(size, limit); divisor > 1; --divisor)
    if (size % divisor == 0)
      return divisor;
  return 1;
}

bool orchestra::nvidia::isContraction(linalg::LinalgOp op) {
  if (!linalg::isaContractionOpInterface(op))
    return false;
  FailureOr<linalg::ContractionDimensions> dims =
      linalg::inferContractionDims(op);
  return succeeded(dims) && !dims->m.empty() && !dims->n.empty();
}

SmallVector<int64_t> orchestra::nvidia::tileLimits(linalg::LinalgOp op,
                                                   int64_t vectorBytes,
                                                   int64_t rows) {
  SmallVector<int64_t> limits(op.getNumLoops(), 1);
  Type element = getElementTypeOrSelf(op.getDpsInitOperand(0)->get());
  int64_t bytes = std::max<int64_t>(
      1, element.isIntOrFloat() ? element.getIntOrFloatBitWidth() / 8 : 8);
  // Vectors of more than eight elements bring no wider access.
  int64_t lanes = std::clamp<int64_t>(vectorBytes / bytes, 1, 8);
  // A vector of bits is packed, a buffer of them is not.
  for (Value operand : op->getOperands())
    if (isa<ShapedType>(operand.getType()) &&
        getElementTypeOrSelf(operand).isIntOrFloat() &&
        getElementTypeOrSelf(operand).getIntOrFloatBitWidth() < 8)
      lanes = 1;
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  auto limit = [&](unsigned fromLast, int64_t value) {
    if (map.getNumResults() <= fromLast)
      return;
    AffineExpr expr = map.getResult(map.getNumResults() - 1 - fromLast);
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      limits[dim.getPosition()] = value;
  };
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  bool reducesInnermost =
      !kinds.empty() && kinds.back() == utils::IteratorType::reduction;
  limit(1, rows);
  // Without reuse, several results would only leave other threads idle.
  limit(0, reducesInnermost && !isContraction(op) ? 1 : lanes);
  if (reducesInnermost)
    limits.back() = lanes;
  return limits;
}
