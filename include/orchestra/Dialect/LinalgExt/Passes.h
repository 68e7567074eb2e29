//===- Passes.h - Passes on linalg_ext --------------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_LINALGEXT_PASSES_H
#define ORCHESTRA_DIALECT_LINALGEXT_PASSES_H

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"

namespace orchestra::linalg_ext {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "orchestra/Dialect/LinalgExt/Passes.h.inc"

} // namespace orchestra::linalg_ext

#endif // ORCHESTRA_DIALECT_LINALGEXT_PASSES_H
