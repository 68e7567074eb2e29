//===- Elementwise.h - Scalar ops as ops on whole tensors -------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One table says which arith and math ops StableHLO has, and how. It serves
// bodies of linalg ops, ops on tensors, and bodies of reductions.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_CONVERSION_LINALGTOSTABLEHLO_ELEMENTWISE_H
#define ORCHESTRA_LIB_CONVERSION_LINALGTOSTABLEHLO_ELEMENTWISE_H

#include "mlir/IR/Builders.h"

namespace orchestra::stablehlo {

/// Whether StableHLO has elements of `type`; `index` counts, as i64.
bool isConvertibleElement(mlir::Type type);

/// `type` with `index` replaced by i64.
mlir::Type convertElement(mlir::Type type);

/// Whether `emitElementwise` knows `op`, a pure op with one result.
bool isConvertibleElementwise(mlir::Operation *op);

/// Computes `op` on tensors of `shape` instead of scalars.
mlir::Value emitElementwise(mlir::OpBuilder &builder, mlir::Operation *op,
                            mlir::ValueRange operands,
                            llvm::ArrayRef<int64_t> shape);

/// A constant of `shape` full of `value`, a number of any element type.
mlir::Value emitSplat(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::TypedAttr value, llvm::ArrayRef<int64_t> shape);

} // namespace orchestra::stablehlo

#endif // ORCHESTRA_LIB_CONVERSION_LINALGTOSTABLEHLO_ELEMENTWISE_H
