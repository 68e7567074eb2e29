//===- LinalgToStableHLO.h - linalg on tensors to StableHLO -----*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_CONVERSION_LINALGTOSTABLEHLO_LINALGTOSTABLEHLO_H
#define ORCHESTRA_CONVERSION_LINALGTOSTABLEHLO_LINALGTOSTABLEHLO_H

#include "orchestra/Dialect/StableHLO/StableHLO.h"

#include "mlir/Pass/Pass.h"

namespace mlir {
class RewritePatternSet;
class TypeConverter;
} // namespace mlir

namespace orchestra {

#define GEN_PASS_DECL
#include "orchestra/Conversion/LinalgToStableHLO/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "orchestra/Conversion/LinalgToStableHLO/Passes.h.inc"

/// Marks a `tensor.empty` that stands for a destination of a kernel, whose
/// contents are the caller's: it must not be read.
constexpr llvm::StringLiteral kDestinationAttrName = "orchestra.destination";

/// Scalars become tensors without dimensions, `index` becomes i64; tensors of
/// types that StableHLO lacks, and dynamic ones, are not converted.
void populateLinalgToStableHLOTypeConversions(mlir::TypeConverter &converter);

/// Patterns for linalg ops, tensor ops, and arith and math ops on scalars and
/// tensors. `precision` is used for contractions of f32 and f64.
void populateLinalgToStableHLOPatterns(const mlir::TypeConverter &converter,
                                       stablehlo::Precision precision,
                                       mlir::RewritePatternSet &patterns);

} // namespace orchestra

#endif // ORCHESTRA_CONVERSION_LINALGTOSTABLEHLO_LINALGTOSTABLEHLO_H
