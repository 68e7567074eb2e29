//===- Registration.h - The Intel GPU target --------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_INTEL_REGISTRATION_H
#define ORCHESTRA_TARGET_INTEL_REGISTRATION_H

#include "mlir/IR/DialectRegistry.h"

namespace orchestra::intel {

/// Adds how Intel GPUs move data (`lower-orchestra-to-gpu`) and how the ops of
/// xegpu are emulated.
void registerDialects(mlir::DialectRegistry &registry);

} // namespace orchestra::intel

#endif // ORCHESTRA_TARGET_INTEL_REGISTRATION_H
