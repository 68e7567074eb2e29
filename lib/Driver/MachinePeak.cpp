//===- MachinePeak.cpp - Measured limits of this machine ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: how many multiply-adds and how many bytes a second this machine really
//   does, so that "share of peak" means something: virtual machines and clocks
//   make data sheets useless. MachineMeasure.cpp does the same device by
//   device.
// How: PeakLoop.h, and a sum over a block of memory that no cache holds. The
//   best of several passes.
//
//===----------------------------------------------------------------------===//
#include "MachineMeasure.h"

#include "orchestra/Driver/Machine.h"

#include <algorithm>

using namespace orchestra;

MachinePeak orchestra::measurePeak(int threads) {
  std::vector<int> anywhere(std::max(threads, 1), -1);
  MachinePeak peak;
  peak.gflops = measureArithmetic("f32", anywhere) / 1e9;
  peak.gbytes = measureMemory(anywhere) / 1e9;
  return peak;
}
