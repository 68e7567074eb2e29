//===- Extremes.h - Greatest and least elements, and where ------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_CONVERSION_LINALGTOSTABLEHLO_EXTREMES_H
#define ORCHESTRA_LIB_CONVERSION_LINALGTOSTABLEHLO_EXTREMES_H

#include "Bodies.h"

namespace orchestra::stablehlo {

/// Whether `op` finds the greatest or least elements along one loop, and their
/// places: an argmax, or argmin. `operands` are the op's, converted or not.
bool isExtremePlace(mlir::linalg::LinalgOp op, mlir::ValueRange operands);

/// A `reduce` of elements and places together.
llvm::SmallVector<mlir::Value>
emitExtremePlace(mlir::ConversionPatternRewriter &rewriter,
                 mlir::linalg::LinalgOp op, BodyEvaluator &evaluate,
                 mlir::ValueRange operands);

} // namespace orchestra::stablehlo

#endif // ORCHESTRA_LIB_CONVERSION_LINALGTOSTABLEHLO_EXTREMES_H
