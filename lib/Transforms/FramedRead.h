//===- FramedRead.h - Reads of what has a frame around it -------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_TRANSFORMS_FRAMEDREAD_H
#define ORCHESTRA_LIB_TRANSFORMS_FRAMEDREAD_H

#include "mlir/IR/Builders.h"

namespace orchestra {

/// Reads an element of `source`, a tensor of known sizes with elements, at
/// `indices`, an index for each dimension. Those of `framed` dimensions may lie
/// outside of it, even below zero; then, or if `also` is given and false, the
/// result is `outside`.
mlir::Value readFramed(mlir::OpBuilder &b, mlir::Location loc,
                       mlir::Value source, mlir::ArrayRef<mlir::Value> indices,
                       mlir::ArrayRef<int64_t> framed, mlir::Value outside,
                       mlir::Value also = nullptr);

} // namespace orchestra

#endif // ORCHESTRA_LIB_TRANSFORMS_FRAMEDREAD_H
