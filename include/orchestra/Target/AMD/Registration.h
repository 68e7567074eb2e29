//===- Registration.h - The AMD GPU target ----------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_AMD_REGISTRATION_H
#define ORCHESTRA_TARGET_AMD_REGISTRATION_H

#include "mlir/IR/DialectRegistry.h"

namespace orchestra::amd {

/// Adds how AMD GPUs move data (`lower-orchestra-to-gpu`) and how the ops of
/// amdgpu are emulated.
void registerDialects(mlir::DialectRegistry &registry);

} // namespace orchestra::amd

#endif // ORCHESTRA_TARGET_AMD_REGISTRATION_H
