//===- Program.h - A loaded program, from the inside ------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_LIB_PROGRAM_H
#define ORCHESTRA_RUNTIME_LIB_PROGRAM_H

#include "Accelerator.h"
#include "Memory.h"
#include "Safetensors.h"
#include "orchestra_runtime/program.h"

#include <atomic>

/// Everything but the reference count is constant once it is made.
struct orch_program {
  std::atomic<uint64_t> references{1};
  const orch_artefact *artefact = nullptr;
  const void *weights = nullptr;
  uint64_t weightsSize = 0;
  orchestra::runtime::Array<char> origin; // zero-terminated
  /// For each dim of each input, in order: the number of its name, or -1.
  orchestra::runtime::Array<int32_t> dimSymbols;
  /// The same for the outputs.
  orchestra::runtime::Array<int32_t> outputDimSymbols;
  uint32_t numSymbols = 0;
  uint32_t numInputDims = 0;  // of all inputs together
  uint32_t numOutputDims = 0; // of all outputs together
  orchestra::runtime::Mapping mapping;
  orchestra::runtime::Block ownWeights; // a copy, when one was made
  /// Of a program that runs on a device.
  mutable orchestra::runtime::ProgramDevice device;
  void *library = nullptr;
  void (*destroyArtefact)(void *user) = nullptr;
  void *destroyUser = nullptr;
  orch_allocator allocator = {};
};

#endif // ORCHESTRA_RUNTIME_LIB_PROGRAM_H
