//===- CHLO.h - What frameworks write beside StableHLO ----------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_STABLEHLO_CHLO_H
#define ORCHESTRA_DIALECT_STABLEHLO_CHLO_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "orchestra/Dialect/StableHLO/CHLODialect.h.inc"

#define GET_OP_CLASSES
#include "orchestra/Dialect/StableHLO/CHLOOps.h.inc"

#endif // ORCHESTRA_DIALECT_STABLEHLO_CHLO_H
