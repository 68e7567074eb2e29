//===- MoveData.h - What this target adds to a context ----------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_AMD_MOVEDATA_H
#define ORCHESTRA_TARGET_AMD_MOVEDATA_H

#include "mlir/IR/DialectRegistry.h"

namespace orchestra::amd {

/// Adds the lowering of transfers.
void registerTransfers(mlir::DialectRegistry &registry);
/// Adds the architectures and the ops of amdgpu to the emulated GPU.
void registerEmulation(mlir::DialectRegistry &registry);

} // namespace orchestra::amd

#endif // ORCHESTRA_TARGET_AMD_MOVEDATA_H
