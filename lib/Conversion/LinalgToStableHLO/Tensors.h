//===- Tensors.h - Ops of the tensor dialect in StableHLO -------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_CONVERSION_LINALGTOSTABLEHLO_TENSORS_H
#define ORCHESTRA_LIB_CONVERSION_LINALGTOSTABLEHLO_TENSORS_H

#include "mlir/IR/Operation.h"

#include <optional>
#include <string>

namespace mlir {
class RewritePatternSet;
class TypeConverter;
} // namespace mlir

namespace orchestra::stablehlo {

/// Whether `op` makes, moves or reads tensors, by the patterns below.
bool isTensorOp(mlir::Operation *op);

/// Why the patterns below do not convert `op`, which is one of those, and of
/// static shapes and convertible types; nothing if they do.
std::optional<std::string> whyNotTensorOp(mlir::Operation *op);

void populateTensorPatterns(const mlir::TypeConverter &converter,
                            mlir::RewritePatternSet &patterns);

} // namespace orchestra::stablehlo

#endif // ORCHESTRA_LIB_CONVERSION_LINALGTOSTABLEHLO_TENSORS_H
