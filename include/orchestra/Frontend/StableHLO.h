//===- StableHLO.h - From StableHLO to the waist ----------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The frontend of JAX, TensorFlow and Keras: a module of StableHLO ops becomes
// one module of linalg on tensors. Calls are inlined, shapes are computed anew
// from the inputs' (so a module of dynamic shapes is as static as its inputs
// are), complex tensors become two real ones.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_FRONTEND_STABLEHLO_H
#define ORCHESTRA_FRONTEND_STABLEHLO_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace orchestra::stablehlo {

struct ImportOptions {
  /// Dimensions of inputs whose sizes are fixed, by the input's name.
  std::map<std::string, std::vector<int64_t>> shapes;
  /// Sizes of named dimensions, the names being in the attribute
  /// orchestra.dim_names of the function's arguments.
  std::map<std::string, int64_t> dims;
  /// The module's name; empty: its own.
  std::string name;
  /// The function that is the model.
  std::string entry = "main";
};

/// Whether functions of the module hold ops of StableHLO.
bool isStableHLO(mlir::ModuleOp module);

/// The waist of `source`, or null after emitting one diagnostic per independent
/// problem, each at the op of the user's file.
mlir::OwningOpRef<mlir::ModuleOp>
importStableHLO(mlir::ModuleOp source, const ImportOptions &options = {});

/// Registers the dialects that imported modules use.
void registerImportDialects(mlir::DialectRegistry &registry);

} // namespace orchestra::stablehlo

#endif // ORCHESTRA_FRONTEND_STABLEHLO_H
