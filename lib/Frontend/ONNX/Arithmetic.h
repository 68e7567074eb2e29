//===- Arithmetic.h - Scalars of the IR as formulas -------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Those of linalg_ext, for bodies of operators.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_ARITHMETIC_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_ARITHMETIC_H

#include "Build.h"

namespace orchestra::onnx {

using linalg_ext::at;
using linalg_ext::indexNum;
using linalg_ext::loop;
using linalg_ext::Num;
using linalg_ext::numbers;

} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_ARITHMETIC_H
