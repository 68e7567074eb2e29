//===- Registration.h - What this target adds to a context ------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_NVIDIA_REGISTRATION_H
#define ORCHESTRA_TARGET_NVIDIA_REGISTRATION_H

#include "mlir/IR/DialectRegistry.h"

namespace orchestra::nvidia {

/// Adds the lowering of transfers (`lower-orchestra-to-gpu`).
void registerTransfers(mlir::DialectRegistry &registry);

/// Describes the architectures, and the ops of nvgpu and nvvm, to the emulated
/// GPU.
void registerEmulation(mlir::DialectRegistry &registry);

} // namespace orchestra::nvidia

#endif // ORCHESTRA_TARGET_NVIDIA_REGISTRATION_H
