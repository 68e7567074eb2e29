//===- Machine.h - What this machine can do ---------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DRIVER_MACHINE_H
#define ORCHESTRA_DRIVER_MACHINE_H

#include <cstdint>
#include <string>
#include <vector>

namespace orchestra {

/// Measured limits; zero where nothing could be measured.
struct MachinePeak {
  double gflops = 0; ///< f32 multiply-adds count two, all threads together
  double gbytes = 0; ///< reading memory far larger than the caches, per second
};

/// Measures for about a fifth of a second, with `threads` threads.
MachinePeak measurePeak(int threads);

/// A device or tool that this build knows how to use.
struct Facility {
  std::string name;    ///< "NVIDIA GPU", "linker"
  std::string details; ///< what was found, or what is missing
  bool present = false;
};

struct MachineInfo {
  std::string arch, cpu, model;
  std::vector<std::string> features;
  unsigned vectorBits = 0;
  int cpus = 0;
  uint64_t memoryBytes = 0;
  /// Bytes of a core's data caches by level, from the system; 0: unknown.
  std::vector<uint64_t> cacheBytes;
  std::vector<Facility> facilities;
  std::vector<std::string> codeTargets; ///< what code can be generated for
  std::vector<std::string> frontends;
  std::string cacheFolder;
};

/// Looks at this machine and this build. Opens nothing but libraries' names.
MachineInfo describeMachine();

} // namespace orchestra

#endif // ORCHESTRA_DRIVER_MACHINE_H
