//===- Architectures.h - What all targets know ------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_ARCHITECTURES_H
#define ORCHESTRA_TARGET_ARCHITECTURES_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace orchestra {

class TargetRegistry;

/// Adds the architectures of all targets, as lib/Target/*/architectures.json
/// describe them.
void addArchitectures(TargetRegistry &targets);

/// Does so whenever a context loads the orchestra dialect.
void registerArchitectures(mlir::DialectRegistry &registry);

} // namespace orchestra

#endif // ORCHESTRA_TARGET_ARCHITECTURES_H
