//===- MachineMeasure.h - Measured limits of sets of cores ------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_DRIVER_MACHINEMEASURE_H
#define ORCHESTRA_LIB_DRIVER_MACHINEMEASURE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <vector>

namespace orchestra {

/// Numbers of the operating system, one a thread; -1: wherever it is put.
using Cores = llvm::ArrayRef<int>;

/// Keeps this thread, and those it starts, on `cores`.
void pinTo(Cores cores);

/// Operations a second on elements of `type`, all threads together; 0 if this
/// machine has no vector arithmetic on them.
double measureArithmetic(llvm::StringRef type, Cores cores);

/// Bytes a second that all threads together read from memory which they filled,
/// and which no cache holds.
double measureMemory(Cores cores);

/// Seconds from starting a loop on all threads to its end, if there is nothing
/// to do in it.
double measureLaunch(Cores cores);

struct LinkSpeed {
  double bandwidth = 0; ///< bytes a second
  double latency = 0;   ///< seconds
};

/// What the first core of `to` copies from memory that the first core of `from`
/// filled, and how long it takes to see what that one wrote.
LinkSpeed measureLink(Cores from, Cores to);

/// The `kernel_rates` of each set of cores, a thread on each core, while the
/// other sets do the same.
llvm::Expected<std::vector<llvm::json::Object>>
measureKernels(llvm::ArrayRef<std::vector<int>> cores);

} // namespace orchestra

#endif // ORCHESTRA_LIB_DRIVER_MACHINEMEASURE_H
