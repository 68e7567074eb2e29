//===- Sizes.h - Integer inputs as sizes ------------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_SIZES_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_SIZES_H

#include "Importer.h"

namespace orchestra::onnx {

/// The elements of an integer vector (or scalar) as sizes. They must follow
/// from constants and from sizes of inputs.
std::optional<Contents> sizesFrom(Op &op, const Data &data,
                                  llvm::StringRef what);

/// The same for an input that says axes: they must be known. Without the input,
/// the attribute of older versions; nothing of both gives nothing and no
/// problem.
std::optional<llvm::SmallVector<int64_t>> axesFrom(Op &op, unsigned input,
                                                   llvm::StringRef attribute);

Dim product(llvm::ArrayRef<Dim> dims);

} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_SIZES_H
