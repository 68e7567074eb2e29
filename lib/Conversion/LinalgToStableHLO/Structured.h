//===- Structured.h - linalg ops in StableHLO -------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_CONVERSION_LINALGTOSTABLEHLO_STRUCTURED_H
#define ORCHESTRA_LIB_CONVERSION_LINALGTOSTABLEHLO_STRUCTURED_H

#include "orchestra/Dialect/StableHLO/StableHLO.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir {
class RewritePatternSet;
class TypeConverter;
} // namespace mlir

namespace orchestra::stablehlo {

/// Why `op` has no form in StableHLO yet; nothing if it has.
std::optional<std::string> whyNotConvertible(mlir::linalg::LinalgOp op);

void populateStructuredPatterns(const mlir::TypeConverter &converter,
                                Precision precision,
                                mlir::RewritePatternSet &patterns);

} // namespace orchestra::stablehlo

#endif // ORCHESTRA_LIB_CONVERSION_LINALGTOSTABLEHLO_STRUCTURED_H
