//===- Pjrt.h - Whole models on PJRT devices --------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_DRIVER_PJRT_H
#define ORCHESTRA_LIB_DRIVER_PJRT_H

#include "orchestra/Driver/Driver.h"

namespace orchestra {

/// `--target` of a plugin: "pjrt:" and the path of a shared library.
constexpr llvm::StringLiteral kPjrtPrefix = "pjrt:";

/// Compiles the model, at `path` or in `bytes`, for the plugin of the target.
llvm::Expected<std::unique_ptr<CompiledModel>>
compileForPjrt(llvm::StringRef path, const ModelBytes *bytes,
               const CompileOptions &options);

/// The program `orchestra-pjrt` beside this one, or "".
std::string findPjrtHelper();

} // namespace orchestra

#endif // ORCHESTRA_LIB_DRIVER_PJRT_H
