//===- ONNX.h - From an ONNX model to the waist -----------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ONNX frontend: a model file becomes one module of linalg on tensors.
// Nothing ONNX-shaped leaves it. Weights are not copied: they are resources
// over the memory-mapped file, which stays mapped as long as the context lives.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_FRONTEND_ONNX_H
#define ORCHESTRA_FRONTEND_ONNX_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace orchestra::onnx {

/// What is known of an input before the compilation.
struct GivenInput {
  std::vector<int64_t> dims;
  /// Elements that are not to change, of small integers and booleans.
  std::optional<std::vector<int64_t>> values;
};

struct ImportOptions {
  /// Sizes for named dimensions of inputs ("batch" -> 1). A name that no input
  /// has is an error.
  llvm::StringMap<int64_t> dims;
  /// Inputs of the runs to come, if they are known. An item of a sequence has
  /// the input's name, a dot and its number. Sequences have as many items, and
  /// optionals are there, as they are here; sizes and positions that follow
  /// from `values` are constants, and a run with other values fails.
  std::optional<std::map<std::string, GivenInput>> given;
  /// Whether all sizes of inputs are fixed as `given` has them.
  bool fixShapes = false;
  /// The module's name; empty: the stem of the file.
  std::string name;
  /// How many nodes the model may have once functions are expanded.
  int64_t maxNodes = 1 << 20;
};

/// Reads the model at `path` and returns the waist, or null after emitting one
/// diagnostic per independent problem through the context. Diagnostics have the
/// house form: the location is a NameLoc of the user's node inside the model's
/// file, the message ends with its slug in brackets, notes and help follow.
mlir::OwningOpRef<mlir::ModuleOp> importOnnx(llvm::StringRef path,
                                             mlir::MLIRContext &context,
                                             const ImportOptions &options = {});

/// The same from bytes in memory, which must outlive the context. `name` stands
/// for the file in locations. External data is refused: there is no folder that
/// it could be in.
mlir::OwningOpRef<mlir::ModuleOp>
importOnnxFromMemory(llvm::StringRef bytes, llvm::StringRef name,
                     mlir::MLIRContext &context,
                     const ImportOptions &options = {});

/// Loads the dialects that imported modules use.
void registerImportDialects(mlir::DialectRegistry &registry);

/// Prints the page of supported operators, in Markdown, from the table that the
/// importer itself uses.
void printSupportedOps(llvm::raw_ostream &os);

} // namespace orchestra::onnx

#endif // ORCHESTRA_FRONTEND_ONNX_H
