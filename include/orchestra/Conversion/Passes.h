//===- Passes.h - Conversions between dialects ------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_CONVERSION_PASSES_H
#define ORCHESTRA_CONVERSION_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace orchestra {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "orchestra/Conversion/Passes.h.inc"

} // namespace orchestra

#endif // ORCHESTRA_CONVERSION_PASSES_H
