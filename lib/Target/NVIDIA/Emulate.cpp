//===- Emulate.cpp - How NVIDIA GPUs are emulated -------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Emulate.h"

#include "orchestra/Target/Emulated/Emulation.h"

using namespace mlir;
using namespace orchestra;

void orchestra::nvidia::registerEmulation(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, OrchestraDialect *dialect) {
    auto &known = emulated::Architectures::get(*dialect);
    // The most shared memory that a block may ask for, by CUDA's programming
    // guide, table of technical specifications per compute capability.
    known.add({"nvidia_ampere", 32, 163 << 10, nullptr});
    known.add({"nvidia_hopper", 32, 227 << 10, nullptr});
    known.add({"nvidia_blackwell", 32, 227 << 10, nullptr});
  });
}
