//===- MoveData.h - What this target adds to a context ----------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_INTEL_MOVEDATA_H
#define ORCHESTRA_TARGET_INTEL_MOVEDATA_H

#include "mlir/IR/DialectRegistry.h"

namespace orchestra::intel {

/// Adds the lowering of transfers.
void registerTransfers(mlir::DialectRegistry &registry);
/// Adds the architectures and the ops of xegpu to the emulated GPU.
void registerEmulation(mlir::DialectRegistry &registry);

} // namespace orchestra::intel

#endif // ORCHESTRA_TARGET_INTEL_MOVEDATA_H
