//===- Rows.h - Kernels that reduce along rows ------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_TARGET_NVIDIA_ROWS_H
#define ORCHESTRA_LIB_TARGET_NVIDIA_ROWS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>

namespace orchestra::nvidia {

/// Array of two i64 on a parallel loop over rows, and on the device function
/// that comes of it: how many lanes share a row, and its elements.
constexpr llvm::StringLiteral kRowsAttrName = "orchestra.nvidia.rows";

/// Lanes and elements of the rows of `root`, if what is computed with it reads
/// and reduces whole rows along its last loop alone, element by element
/// otherwise.
std::optional<std::pair<int64_t, int64_t>>
findRows(mlir::linalg::LinalgOp root);

} // namespace orchestra::nvidia

#endif // ORCHESTRA_LIB_TARGET_NVIDIA_ROWS_H
