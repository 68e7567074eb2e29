//===- StringNumbers.h - Numbers in strings ---------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_LIB_STRINGNUMBERS_H
#define ORCHESTRA_RUNTIME_LIB_STRINGNUMBERS_H

#include "HostFunctions.h"

namespace orchestra::runtime {

/// (f64, significant digits; 0: as many as say the number) -> strings
const char *stringFromFloat(const HostCall &call);
/// (i64, 1: the numbers are unsigned) -> strings
const char *stringFromInt(const HostCall &call);
/// (strings) -> f64
const char *stringToFloat(const HostCall &call);
/// (strings) -> i64; what is behind a whole number is cut off
const char *stringToInt(const HostCall &call);

} // namespace orchestra::runtime

#endif // ORCHESTRA_RUNTIME_LIB_STRINGNUMBERS_H
