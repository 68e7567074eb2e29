//===- KernelShapes.h - Sizes, work, names of kernels ------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_TRANSFORMS_KERNELSHAPES_H
#define ORCHESTRA_LIB_TRANSFORMS_KERNELSHAPES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>
#include <string>

namespace orchestra {

/// Floating-point or integer operations of one run, or nothing if dynamic.
std::optional<double> countOperations(mlir::linalg::LinalgOp op);

/// Bytes of all tensors among `values`, or nothing if one is dynamic.
std::optional<double> countBytes(mlir::ValueRange values);

/// Whether a value of this type certainly has no elements.
bool isEmpty(mlir::Type type);

/// Whether `value` is neither made nor bound inside of `op`.
bool isFromOutside(mlir::Value value, mlir::Operation *op);

/// The size of dimension `dim` of `value`, in terms of values that exist on the
/// host: never the dimension of a value that a kernel computes, if it can be
/// said otherwise.
mlir::OpFoldResult getDim(mlir::OpBuilder &b, mlir::Location loc,
                          mlir::Value value, int64_t dim);

/// The name of a kernel: a hash of its text, without its present name, and of
/// `salt`.
std::string getKernelName(mlir::func::FuncOp kernel, llvm::StringRef salt);

/// What a result is as a destination of a kernel: scalars become tensors.
mlir::RankedTensorType getOutputType(mlir::Value output);

} // namespace orchestra

#endif // ORCHESTRA_LIB_TRANSFORMS_KERNELSHAPES_H
