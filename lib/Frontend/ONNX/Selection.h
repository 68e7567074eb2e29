//===- Selection.h - Elements that hold -------------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_SELECTION_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_SELECTION_H

#include "Arithmetic.h"

namespace orchestra::onnx {

/// Where a vector of booleans is true: how often, and a vector of so many
/// positions, as int64.
struct Chosen {
  Dim count;
  Data positions;
};

/// Counts first, so that memory fits exactly. Fails in loops and branches.
Chosen choosePositions(Op &op, const Data &flags);

} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_SELECTION_H
