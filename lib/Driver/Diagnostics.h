//===- Diagnostics.h - MLIR's diagnostics as the user sees them -*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_DRIVER_DIAGNOSTICS_H
#define ORCHESTRA_LIB_DRIVER_DIAGNOSTICS_H

#include "orchestra/Driver/DriverError.h"

#include "mlir/IR/Diagnostics.h"

#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace orchestra {

/// The user's nodes in a location, in order, without repetition.
llvm::SmallVector<llvm::StringRef> nodeNames(mlir::Location location);

/// "model.onnx:/encoder/3/MatMul", "plan.mlir:3:7", or `fallback`.
std::string describeLocation(mlir::Location location, llvm::StringRef fallback);

/// Collects the diagnostics of a context while it lives. Each thread takes what
/// it reported itself.
class DiagnosticCollector {
public:
  DiagnosticCollector(mlir::MLIRContext &context, std::string model);

  /// What this thread reported, as one error. An error without a slug is a bug
  /// of ours once the model has been accepted (`afterImport`). If nothing was
  /// reported, says that `doing` failed.
  llvm::Error takeError(llvm::StringRef doing, bool afterImport);

  /// The same after the model was accepted, but nothing if nothing was
  /// reported.
  llvm::Error takeErrorIfAny();

  /// What this thread reported, as text, perhaps nothing; it counts no more.
  std::string takeReasons();
  void addWarning(std::string text);

  /// What this thread works on from now on: where ops without a location are;
  /// empty: in the model.
  void setPlace(std::string place);

  /// Warnings so far, in the house form.
  std::vector<std::string> takeWarnings();

private:
  void handle(mlir::Diagnostic &diagnostic);

  std::mutex mutex;
  std::string model;
  std::map<std::thread::id, std::string> places;
  struct Report {
    std::thread::id thread;
    std::string text, slug;
  };
  std::vector<Report> errors;
  std::vector<std::string> warnings;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace orchestra

#endif // ORCHESTRA_LIB_DRIVER_DIAGNOSTICS_H
