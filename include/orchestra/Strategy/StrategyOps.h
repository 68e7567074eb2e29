//===- StrategyOps.h - Transform ops that strategies use --------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_STRATEGY_STRATEGYOPS_H
#define ORCHESTRA_STRATEGY_STRATEGYOPS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Transform/IR/TransformDialect.h"
#include "mlir/Dialect/Transform/IR/TransformTypes.h"
#include "mlir/Dialect/Transform/Interfaces/MatchInterfaces.h"
#include "mlir/Dialect/Transform/Interfaces/TransformInterfaces.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#define GET_OP_CLASSES
#include "orchestra/Strategy/StrategyOps.h.inc"

namespace orchestra {

/// Discardable dictionary on a kernel: the target it is for, as a task has it.
constexpr llvm::StringLiteral kTargetAttrName = "orchestra.target";
/// Adds the ops above to the transform dialect.
void registerStrategyOps(mlir::DialectRegistry &registry);
} // namespace orchestra

#endif // ORCHESTRA_STRATEGY_STRATEGYOPS_H
