//===- Windows.h - Convolutions and pooling in StableHLO --------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_CONVERSION_LINALGTOSTABLEHLO_WINDOWS_H
#define ORCHESTRA_LIB_CONVERSION_LINALGTOSTABLEHLO_WINDOWS_H

#include "orchestra/Dialect/StableHLO/StableHLO.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace orchestra::stablehlo {

/// Whether an operand of `op` is indexed by a sum of loops.
bool isWindowed(mlir::linalg::LinalgOp op);

/// Why a windowed op is neither a convolution nor a pooling.
std::optional<std::string> whyNotWindowed(mlir::linalg::LinalgOp op);

/// Emits a windowed op that nothing speaks against.
mlir::Value emitWindowed(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op,
                         mlir::ValueRange operands, Precision precision);

} // namespace orchestra::stablehlo

#endif // ORCHESTRA_LIB_CONVERSION_LINALGTOSTABLEHLO_WINDOWS_H
