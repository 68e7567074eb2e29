//===- Tiles.h - Device programs on tiles -----------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_NVIDIA_TILES_H
#define ORCHESTRA_TARGET_NVIDIA_TILES_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "orchestra/Target/NVIDIA/TilesDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "orchestra/Target/NVIDIA/TilesAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "orchestra/Target/NVIDIA/TilesTypes.h.inc"

#define GET_OP_CLASSES
#include "orchestra/Target/NVIDIA/TilesOps.h.inc"

namespace orchestra::nvtile {

/// Attribute of a tiled kernel: its #nvtile.policy.
constexpr llvm::StringLiteral kPolicyAttrName = "orchestra.nvtile";

/// Threads that work on one product of warpgroups.
constexpr int64_t kWarpgroupThreads = 128;

/// Blocks of a cluster that every GPU with clusters runs.
constexpr int64_t kMaxCluster = 8;

/// Bytes of a row of a panel: what the hardware swizzles over.
constexpr int64_t kPanelBytes = 128;

/// Whether `type` is a tile in shared memory.
bool isSharedTile(mlir::Type type);
/// Bytes of a row-major tile.
int64_t getTileBytes(mlir::MemRefType type);
/// Columns of a panel of `element`s.
int64_t getPanelColumns(mlir::Type element);
/// The dimensions of a buffer of `rank` that a tile's rows and columns run
/// along: `dims`, or the last two.
std::pair<int64_t, int64_t>
getTileDims(std::optional<llvm::ArrayRef<int64_t>> dims, int64_t rank);
/// A tile in shared memory.
mlir::MemRefType getSharedTile(llvm::ArrayRef<int64_t> shape,
                               mlir::Type element);

} // namespace orchestra::nvtile

#endif // ORCHESTRA_TARGET_NVIDIA_TILES_H
