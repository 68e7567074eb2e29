//===- Orchestra.h - The orchestra dialect ----------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_ORCHESTRA_ORCHESTRA_H
#define ORCHESTRA_DIALECT_ORCHESTRA_ORCHESTRA_H

#include "orchestra/Support/TargetRegistry.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "orchestra/Dialect/Orchestra/OrchestraDialect.h.inc"

#define GET_OP_CLASSES
#include "orchestra/Dialect/Orchestra/OrchestraOps.h.inc"

namespace orchestra {

/// Unit attribute on a function that a dispatch may call.
constexpr llvm::StringLiteral kKernelAttrName = "orchestra.kernel";
/// Unit attribute on the function that is the model.
constexpr llvm::StringLiteral kEntryAttrName = "orchestra.entry";
/// String attribute on an argument or result: the user's name of it.
constexpr llvm::StringLiteral kTensorNameAttrName = "orchestra.name";
/// Array attribute on an argument or result: per dimension a string (the
/// user's symbol) or an empty string.
/// On a copy of the model for inputs of given sizes: its number, and the sizes
/// of all inputs' dims, one input after another; -1: any.
constexpr llvm::StringLiteral kVariantAttrName = "orchestra.variant";
constexpr llvm::StringLiteral kGuardAttrName = "orchestra.guard";
constexpr llvm::StringLiteral kDimNamesAttrName = "orchestra.dim_names";
/// String attribute on an argument or result whose element type linalg cannot
/// tell apart ("u8", "bool"); absent where the MLIR type says it.
constexpr llvm::StringLiteral kElementTypeAttrName = "orchestra.element_type";
/// Dense i64 array attribute on an argument or result of an element type under
/// a byte: its dimensions. The tensor itself is the packed bytes, of the same
/// rank: 1x...x1xbytes.
constexpr llvm::StringLiteral kPackedDimsAttrName = "orchestra.packed_dims";

/// Array attribute on a host module: a dictionary {offset, size, value} per
/// constant in the weights, offsets and sizes in bytes.
constexpr llvm::StringLiteral kWeightsAttrName = "orchestra.weights";
/// i64 attribute on a host module: bytes of all weights.
constexpr llvm::StringLiteral kWeightsSizeAttrName = "orchestra.weights_size";
/// Unit attribute on a host module whose shape function reads inputs.
constexpr llvm::StringLiteral kSizesFromValuesAttrName =
    "orchestra.sizes_from_values";
/// Function of a host module that gives the arena's size in bytes followed by
/// the results' dimensions, from the inputs.
constexpr llvm::StringLiteral kShapesFunctionName = "orch_shapes";
/// Function of a host module that gives, as i64, the numbers that kernels
/// compute and sizes follow from. It takes the inputs and the weights. Programs
/// whose sizes follow from the inputs alone have none.
constexpr llvm::StringLiteral kSizesFunctionName = "orch_sizes";
/// Unit attributes on a host module: its sizes follow from what kernels
/// compute; it calls functions of the runtime.
constexpr llvm::StringLiteral kComputesSizesAttrName =
    "orchestra.computes_sizes";
constexpr llvm::StringLiteral kCallsHostAttrName = "orchestra.calls_host";
/// Dispatches to kernels whose names begin so go to the function of the runtime
/// that the rest of the name says.
constexpr llvm::StringLiteral kHostFunctionPrefix = "orch_host_";
/// Alignment in bytes of buffers in the arena and the weights.
constexpr int64_t kBufferAlignment = 64;

/// The architecture that a target dictionary names, or null if no target
/// registered it. `target` has passed its verifier.
const TargetArch *lookupArch(mlir::DictionaryAttr target);

/// The device that a flat or nested reference of an op names. Null if nothing
/// of that name is there; see `orchestra.transfer` for where names are looked
/// up.
DeviceOp lookupDevice(mlir::Operation *user, mlir::SymbolRefAttr name,
                      mlir::SymbolTableCollection &symbolTable);

/// The topology in which flat names of devices at `user` are looked up: the
/// schedule's, else the only one of the module. Null if there is none, failure
/// if there are several.
mlir::LogicalResult findTopology(mlir::Operation *user,
                                 mlir::SymbolTableCollection &symbolTable,
                                 TopologyOp &topology);

/// Whether links lead from one device to the other, over others or not. Both
/// are of one topology.
bool areConnected(DeviceOp from, DeviceOp to);

/// The device of `topology` that a target dictionary names, or null.
DeviceOp lookupDevice(TopologyOp topology, mlir::DictionaryAttr target);

/// Registers how `orchestra` ops bufferize.
void registerBufferizableOpInterfaceModels(mlir::DialectRegistry &registry);

} // namespace orchestra

#endif // ORCHESTRA_DIALECT_ORCHESTRA_ORCHESTRA_H
