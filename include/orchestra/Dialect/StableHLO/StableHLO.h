//===- StableHLO.h - The dialect of frameworks and vendors ------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_STABLEHLO_STABLEHLO_H
#define ORCHESTRA_DIALECT_STABLEHLO_STABLEHLO_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace orchestra::stablehlo {

/// What tensors may hold.
bool isFloatElement(mlir::Type type);
bool isSignedElement(mlir::Type type);
bool isIntElement(mlir::Type type);
bool isComplexElement(mlir::Type type);
bool isQuantElement(mlir::Type type);
bool isDimElement(mlir::Type type);

} // namespace orchestra::stablehlo

#include "orchestra/Dialect/StableHLO/StableHLODialect.h.inc"
#include "orchestra/Dialect/StableHLO/StableHLOEnums.h.inc"

#define GET_TYPEDEF_CLASSES
#include "orchestra/Dialect/StableHLO/StableHLOTypes.h.inc"

#define GET_ATTRDEF_CLASSES
#include "orchestra/Dialect/StableHLO/StableHLOAttrs.h.inc"

#define GET_OP_CLASSES
#include "orchestra/Dialect/StableHLO/StableHLOOps.h.inc"

namespace orchestra::stablehlo {

/// One row per dimension of the window: padding before and after; zeros where
/// the op says nothing. Empty after an error, which is emitted.
std::optional<llvm::SmallVector<std::pair<int64_t, int64_t>>>
paddingOf(mlir::Operation *op,
          std::optional<mlir::DenseIntElementsAttr> padding, int64_t rank);

} // namespace orchestra::stablehlo

#endif // ORCHESTRA_DIALECT_STABLEHLO_STABLEHLO_H
