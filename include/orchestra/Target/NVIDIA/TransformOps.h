//===- TransformOps.h - What strategies for NVIDIA may do -------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_NVIDIA_TRANSFORMOPS_H
#define ORCHESTRA_TARGET_NVIDIA_TRANSFORMOPS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Transform/IR/TransformDialect.h"
#include "mlir/Dialect/Transform/IR/TransformTypes.h"
#include "mlir/Dialect/Transform/Interfaces/TransformInterfaces.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#define GET_OP_CLASSES
#include "orchestra/Target/NVIDIA/TransformOps.h.inc"

namespace orchestra::nvtile {
/// Adds the ops above to the transform dialect.
void registerTransformOps(mlir::DialectRegistry &registry);
} // namespace orchestra::nvtile

#endif // ORCHESTRA_TARGET_NVIDIA_TRANSFORMOPS_H
