//===- Emulate.h - Parts of the emulation of NVIDIA GPUs --------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_NVIDIA_EMULATE_H
#define ORCHESTRA_TARGET_NVIDIA_EMULATE_H

#include "mlir/IR/PatternMatch.h"

namespace orchestra::nvidia {

/// Numbers of orch_emulated_type in runtime/devices/emulated/emulated.h.
enum EmulatedType {
  kF16,
  kBF16,
  kTF32,
  kF32,
  kF64,
  kI8,
  kI32,
  kU8,
  kE4M3,
  kE5M2
};

/// A constant of type i64.
mlir::Value getNumber(mlir::OpBuilder &builder, mlir::Location loc,
                      int64_t value);
/// A constant of type i32.
mlir::Value getWord(mlir::OpBuilder &builder, mlir::Location loc,
                    int64_t value);

/// An array of i64 on the stack of the function around `op`.
mlir::Value makeArray(mlir::OpBuilder &builder, mlir::Operation *op,
                      mlir::ValueRange values);
/// Memory for a value of this type on the stack of the function around `op`.
mlir::Value reserveStack(mlir::OpBuilder &builder, mlir::Operation *op,
                         mlir::Type type);

/// Moves into an scf.if if the op has a predicate.
void enterPredicate(mlir::OpBuilder &builder, mlir::Location loc,
                    mlir::Value predicate);

/// Patterns for nvgpu's matrix instructions.
void populateMatrixEmulation(mlir::RewritePatternSet &patterns);
/// Patterns for nvvm's ops on barriers, fences, registers and lanes.
void populateThreadEmulation(mlir::RewritePatternSet &patterns);
/// Patterns for nvvm's copies of boxes.
void populateBoxEmulation(mlir::RewritePatternSet &patterns);
/// Patterns for nvvm's matrix instructions, and for what describes their
/// operands.
void populateWarpgroupEmulation(mlir::RewritePatternSet &patterns);

} // namespace orchestra::nvidia

#endif // ORCHESTRA_TARGET_NVIDIA_EMULATE_H
