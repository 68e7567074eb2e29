//===- Passes.h - Passes that run strategies --------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_STRATEGY_PASSES_H
#define ORCHESTRA_STRATEGY_PASSES_H

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Transform/IR/TransformDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace orchestra {

/// i64 attribute on a kernel while a strategy runs.
constexpr llvm::StringLiteral kVectorBitsAttrName = "orchestra.vector_bits";

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "orchestra/Strategy/Passes.h.inc"

} // namespace orchestra

#endif // ORCHESTRA_STRATEGY_PASSES_H
