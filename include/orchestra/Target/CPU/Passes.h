//===- Passes.h - Passes of the CPU target ----------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_CPU_PASSES_H
#define ORCHESTRA_TARGET_CPU_PASSES_H

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace orchestra {

/// Unit attribute on a func.call (exec, begin, end, captures...): run slices of
/// [begin, end) on the threads of `exec`. kGrainAttrName is the smallest slice.
constexpr llvm::StringLiteral kParallelAttrName = "orchestra.parallel";

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "orchestra/Target/CPU/Passes.h.inc"

} // namespace orchestra

#endif // ORCHESTRA_TARGET_CPU_PASSES_H
