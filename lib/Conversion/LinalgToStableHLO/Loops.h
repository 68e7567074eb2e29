//===- Loops.h - Control flow around tensors in StableHLO -------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_CONVERSION_LINALGTOSTABLEHLO_LOOPS_H
#define ORCHESTRA_LIB_CONVERSION_LINALGTOSTABLEHLO_LOOPS_H

#include "mlir/IR/Operation.h"

namespace mlir {
class RewritePatternSet;
class TypeConverter;
} // namespace mlir

namespace orchestra::stablehlo {

/// Makes each `scf.for` and `scf.while` under `root`, outside of linalg bodies,
/// an `scf.while` whose condition passes its arguments on as they are.
void normalizeLoops(mlir::Operation *root);

/// Whether `op` is control flow that the patterns below convert.
bool isControlFlow(mlir::Operation *op);

void populateLoopPatterns(const mlir::TypeConverter &converter,
                          mlir::RewritePatternSet &patterns);

} // namespace orchestra::stablehlo

#endif // ORCHESTRA_LIB_CONVERSION_LINALGTOSTABLEHLO_LOOPS_H
