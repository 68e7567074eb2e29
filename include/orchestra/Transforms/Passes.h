//===- Passes.h - Passes on the waist ---------------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TRANSFORMS_PASSES_H
#define ORCHESTRA_TRANSFORMS_PASSES_H

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"
#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace orchestra {

/// Name of the function whose results are computed at compile time.
constexpr llvm::StringLiteral kFoldFunctionName = "orchestra_fold";

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "orchestra/Transforms/Passes.h.inc"

} // namespace orchestra

#endif // ORCHESTRA_TRANSFORMS_PASSES_H
