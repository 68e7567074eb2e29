//===- Checks.h - What verifiers of StableHLO share -------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_DIALECT_STABLEHLO_CHECKS_H
#define ORCHESTRA_LIB_DIALECT_STABLEHLO_CHECKS_H

#include "orchestra/Dialect/StableHLO/StableHLO.h"

namespace orchestra::stablehlo {

using Sizes = llvm::SmallVector<int64_t>;

inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) {
  return llvm::cast<mlir::ShapedType>(value.getType()).getShape();
}
inline int64_t rankOf(mlir::Value value) { return shapeOf(value).size(); }
inline mlir::Type elementOf(mlir::Value value) {
  return mlir::getElementTypeOrSelf(value.getType());
}
inline bool isDynamic(int64_t size) {
  return mlir::ShapedType::isDynamic(size);
}

/// Sizes may turn out to be equal.
inline bool agree(int64_t a, int64_t b) {
  return isDynamic(a) || isDynamic(b) || a == b;
}
bool agree(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b);
/// The same, or both quantized.
bool sameElements(mlir::Type a, mlir::Type b);

/// The result must have this shape and element type.
llvm::LogicalResult verifyResult(mlir::Operation *op, unsigned number,
                                 mlir::Type element,
                                 llvm::ArrayRef<int64_t> shape);
/// ... the only one, of the operand's element type.
llvm::LogicalResult verifyResult(mlir::Operation *op, mlir::Value operand,
                                 llvm::ArrayRef<int64_t> shape);
/// `dims` must be different dimensions of something of `rank` dimensions.
llvm::LogicalResult verifyDims(mlir::Operation *op,
                               llvm::ArrayRef<int64_t> dims, int64_t rank,
                               llvm::StringRef what);
/// A tensor of one dimension that says `count` numbers.
llvm::LogicalResult verifyNumbers(mlir::Operation *op, mlir::Value value,
                                  int64_t count, llvm::StringRef what);
/// The body must take scalars of the first elements, and give scalars of the
/// second.
llvm::LogicalResult verifyBody(mlir::Operation *op, mlir::Region &body,
                               llvm::ArrayRef<mlir::Type> arguments,
                               llvm::ArrayRef<mlir::Type> results);

/// How windows lie along one dimension.
struct Window {
  int64_t size = 1, stride = 1, low = 0, high = 0, dilation = 1,
          baseDilation = 1;
  /// How many there are; dynamic for a dynamic size.
  int64_t count(int64_t length) const;
};
/// Windows of an op; absent lists say the default. Empty after an error.
std::optional<llvm::SmallVector<Window>>
windowsOf(mlir::Operation *op, llvm::ArrayRef<int64_t> sizes,
          std::optional<llvm::ArrayRef<int64_t>> strides,
          std::optional<llvm::ArrayRef<int64_t>> baseDilations,
          std::optional<llvm::ArrayRef<int64_t>> dilations,
          std::optional<mlir::DenseIntElementsAttr> padding);

/// Shape of a convolution's result; the padding of a dynamic one is not known.
llvm::LogicalResult verifyConvolution(
    mlir::Operation *op, mlir::Value lhs, mlir::Value rhs,
    ConvDimensionNumbersAttr numbers, int64_t featureGroups,
    int64_t batchGroups, std::optional<llvm::ArrayRef<int64_t>> strides,
    std::optional<llvm::ArrayRef<int64_t>> lhsDilation,
    std::optional<llvm::ArrayRef<int64_t>> rhsDilation,
    std::optional<llvm::ArrayRef<bool>> reversal,
    std::optional<mlir::DenseIntElementsAttr> padding, bool knowsPadding);

} // namespace orchestra::stablehlo

#endif // ORCHESTRA_LIB_DIALECT_STABLEHLO_CHECKS_H
