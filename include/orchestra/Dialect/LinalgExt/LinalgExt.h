//===- LinalgExt.h - What linalg cannot say ---------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_LINALGEXT_LINALGEXT_H
#define ORCHESTRA_DIALECT_LINALGEXT_LINALGEXT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/TilingInterface.h"

#include "orchestra/Dialect/LinalgExt/LinalgExtDialect.h.inc"

#define GET_OP_CLASSES
#include "orchestra/Dialect/LinalgExt/LinalgExtOps.h.inc"

namespace orchestra::linalg_ext {

/// Registers how the ops bufferize.
void registerBufferizableOpInterfaceModels(mlir::DialectRegistry &registry);

/// Operations of one run, or nothing if a size is dynamic.
std::optional<double> countOperations(mlir::Operation *op);

} // namespace orchestra::linalg_ext

#endif // ORCHESTRA_DIALECT_LINALGEXT_LINALGEXT_H
