//===- TargetDictionary.h - Dictionaries that describe devices --*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_DIALECT_ORCHESTRA_TARGETDICTIONARY_H
#define ORCHESTRA_LIB_DIALECT_ORCHESTRA_TARGETDICTIONARY_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"

namespace orchestra {

/// `arch` of a dictionary that has passed its verifier.
llvm::StringRef getArch(mlir::DictionaryAttr target);
/// `device_id`, 0 if absent.
int64_t getDeviceId(mlir::DictionaryAttr target);

/// Checks a task's target, or what describes a device, against what targets
/// have registered; one error per problem.
mlir::LogicalResult verifyTarget(mlir::Operation *op,
                                 mlir::DictionaryAttr target, bool isDevice);

} // namespace orchestra

#endif // ORCHESTRA_LIB_DIALECT_ORCHESTRA_TARGETDICTIONARY_H
