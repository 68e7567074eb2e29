//===- CPUFeatures.h - What the CPU under us can do -------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_LIB_CPUFEATURES_H
#define ORCHESTRA_RUNTIME_LIB_CPUFEATURES_H

namespace orchestra::runtime {

/// The architecture this library is compiled for, as the compiler names it.
const char *hostArchitecture();

/// 1 when CPU and system have the feature (LLVM's spelling), 0 when not, -1
/// when the name is not known.
int cpuHasFeature(const char *name);

/// Asks the system for what using a feature needs (the tile registers of AMX
/// are handed out on request). False: refused.
bool enableFeature(const char *name);

} // namespace orchestra::runtime

#endif // ORCHESTRA_RUNTIME_LIB_CPUFEATURES_H
