//===- TopologyConversion.h - Machines as IR and as data --------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_ORCHESTRA_TOPOLOGYCONVERSION_H
#define ORCHESTRA_DIALECT_ORCHESTRA_TOPOLOGYCONVERSION_H

#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Support/Topology.h"

#include "llvm/Support/JSON.h"

#include <optional>

namespace orchestra {

/// Booleans, numbers, strings, and lists and dictionaries of them as JSON; none
/// for any other attribute.
std::optional<llvm::json::Value> toJson(mlir::Attribute attribute);
/// The other way round. Whole numbers become i64, others f64.
mlir::Attribute fromJson(const llvm::json::Value &value,
                         mlir::MLIRContext *context);

/// Creates the op for a machine that the parser has accepted.
TopologyOp createTopology(mlir::OpBuilder &builder, mlir::Location loc,
                          const Topology &topology);
/// The machine that an op describes.
Topology getTopology(TopologyOp op);

} // namespace orchestra

#endif // ORCHESTRA_DIALECT_ORCHESTRA_TOPOLOGYCONVERSION_H
