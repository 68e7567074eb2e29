//===- Strings.h - Strings and numbers --------------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_STRINGS_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_STRINGS_H

#include "Importer.h"

namespace orchestra::onnx {

/// Numbers as strings, or strings as numbers; one of both types is String.
std::optional<Data> castString(Op &op, const Data &x, ElementType type);

} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_STRINGS_H
