//===- PeakLoop.h - A loop that does nothing but arithmetic -----*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_DRIVER_PEAKLOOP_H
#define ORCHESTRA_LIB_DRIVER_PEAKLOOP_H

#include "Jit.h"

namespace orchestra {

/// Machine code of independent multiply-adds on this CPU's widest vectors, made
/// by the code generator that models go through.
class PeakLoop {
public:
  /// For elements of type `type` ("f64", "f32", "f16", "bf16", "i32", "i8").
  /// Null if this CPU has no arithmetic on vectors of it, or if no code could
  /// be made.
  static std::unique_ptr<PeakLoop> compile(llvm::StringRef type);

  /// Runs the loop on this thread.
  void run(int64_t rounds) const;
  /// Multiplications and additions of that many rounds.
  double getOperations(int64_t rounds) const {
    return double(rounds) * operationsPerRound;
  }

private:
  std::unique_ptr<JitImage> image;
  double operationsPerRound = 0;
};

} // namespace orchestra

#endif // ORCHESTRA_LIB_DRIVER_PEAKLOOP_H
