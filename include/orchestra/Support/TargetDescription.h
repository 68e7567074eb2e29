//===- TargetDescription.h - Facts about one machine ------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_SUPPORT_TARGETDESCRIPTION_H
#define ORCHESTRA_SUPPORT_TARGETDESCRIPTION_H

#include <cstdint>
#include <string>

namespace orchestra {

/// What passes and strategies may know about the machine code is made for.
struct TargetDescription {
  /// Architecture as `orchestra.task`'s target spells it: "x86_64", "aarch64".
  std::string arch = "x86_64";
  /// LLVM's name of the processor, such as "znver4" or "x86-64-v3".
  std::string cpu;
  /// LLVM's feature list, such as "+avx2,+fma". Empty: the processor's own.
  std::string features;
  /// Width in bits of the vector registers to use.
  int64_t vectorBits = 256;
  /// Number of vector registers.
  int64_t vectorRegisters = 16;
};

/// The machine this process runs on.
TargetDescription getHostTarget();

/// The description for `arch` with processor `cpu` and `features` as LLVM
/// spells them; "host" or empty strings take what this machine has. Vector
/// facts follow from the features that LLVM derives.
TargetDescription getTarget(const std::string &arch, const std::string &cpu,
                            const std::string &features);

} // namespace orchestra

#endif // ORCHESTRA_SUPPORT_TARGETDESCRIPTION_H
