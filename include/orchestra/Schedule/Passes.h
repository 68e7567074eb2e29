//===- Passes.h - Where, when, and in which memory --------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_SCHEDULE_PASSES_H
#define ORCHESTRA_SCHEDULE_PASSES_H

#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/PDL/IR/PDL.h"
#include "mlir/Dialect/PDLInterp/IR/PDLInterp.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace orchestra {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "orchestra/Schedule/Passes.h.inc"

} // namespace orchestra

#endif // ORCHESTRA_SCHEDULE_PASSES_H
