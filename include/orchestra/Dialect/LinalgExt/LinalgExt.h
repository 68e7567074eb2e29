//===- LinalgExt.h - What linalg cannot say ---------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_LINALGEXT_LINALGEXT_H
#define ORCHESTRA_DIALECT_LINALGEXT_LINALGEXT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
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
#include "orchestra/Dialect/LinalgExt/LinalgExtInterfaces.h.inc"

namespace orchestra::linalg_ext::structured {

/// What the ops' TilingInterface and MemoryEffectsOpInterface are made of.
llvm::SmallVector<mlir::Range> getDomain(LinalgExtOp op, mlir::OpBuilder &b);
llvm::FailureOr<mlir::TilingResult>
tile(LinalgExtOp op, mlir::OpBuilder &b,
     llvm::ArrayRef<mlir::OpFoldResult> offsets,
     llvm::ArrayRef<mlir::OpFoldResult> sizes);
llvm::LogicalResult
placeResult(LinalgExtOp op, mlir::OpBuilder &b, unsigned number,
            llvm::ArrayRef<mlir::OpFoldResult> offsets,
            llvm::ArrayRef<mlir::OpFoldResult> sizes,
            llvm::SmallVector<mlir::OpFoldResult> &resultOffsets,
            llvm::SmallVector<mlir::OpFoldResult> &resultSizes);
void collectEffects(
    LinalgExtOp op,
    llvm::SmallVectorImpl<mlir::MemoryEffects::EffectInstance> &effects);

} // namespace orchestra::linalg_ext::structured

#define GET_OP_CLASSES
#include "orchestra/Dialect/LinalgExt/LinalgExtOps.h.inc"

namespace orchestra::linalg_ext {

/// Registers how the ops bufferize.
void registerBufferizableOpInterfaceModels(mlir::DialectRegistry &registry);

/// Sizes of the loops; dynamic ones are read at `b`.
llvm::SmallVector<mlir::OpFoldResult> getLoopSizes(LinalgExtOp op,
                                                   mlir::OpBuilder &b);

/// Operations of one run. A dynamic size counts as `assumed`; without that,
/// nothing if there is one.
std::optional<double> countOperations(LinalgExtOp op,
                                      std::optional<double> assumed = {});

/// What each verifier checks first: the number of destinations, of operands of
/// one kind, and results of their types.
llvm::LogicalResult verifyDestinations(LinalgExtOp op, unsigned count);
/// That operands agree about the sizes of loops. `names` are the operands'.
llvm::LogicalResult verifySizes(LinalgExtOp op,
                                llvm::ArrayRef<llvm::StringRef> names);

} // namespace orchestra::linalg_ext

#endif // ORCHESTRA_DIALECT_LINALGEXT_LINALGEXT_H
