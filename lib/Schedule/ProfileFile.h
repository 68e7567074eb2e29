//===- ProfileFile.h - What earlier runs have measured ----------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_SCHEDULE_PROFILEFILE_H
#define ORCHESTRA_LIB_SCHEDULE_PROFILEFILE_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"

namespace orchestra {

/// A JSON file that a pass reads. Problems are errors on the module.
class ProfileFile {
public:
  /// `what` it is, "profile", stands in errors.
  ProfileFile(mlir::ModuleOp module, llvm::StringRef what, llvm::StringRef path)
      : module(module), what(what), path(path) {}

  mlir::FailureOr<llvm::json::Value> read();
  /// Says what is wrong with the content.
  mlir::InFlightDiagnostic error(const llvm::Twine &problem);

private:
  mlir::ModuleOp module;
  llvm::StringRef what, path;
};

} // namespace orchestra

#endif // ORCHESTRA_LIB_SCHEDULE_PROFILEFILE_H
