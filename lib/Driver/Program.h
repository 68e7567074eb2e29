//===- Program.h - A compiled model before it has a form --------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: objects, weights and what is known about them: what the cache stores,
//   a JIT image and an artefact are made of.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_DRIVER_PROGRAM_H
#define ORCHESTRA_LIB_DRIVER_PROGRAM_H

#include "Jit.h"

#include "orchestra/Driver/Cache.h"
#include "orchestra/Target/CPU/Descriptor.h"
#include "orchestra/Target/CPU/Link.h"

namespace orchestra {

struct Program {
  cpu::ArtefactInfo info;
  cpu::MachineTarget target;
  /// Kernels and host program; the descriptor is made when it is known where
  /// the weights will be.
  std::vector<Bytes> objects;
  /// The weights; `weightOwners` keeps what the chunks point to alive.
  cpu::WeightSection weights;
  std::vector<std::shared_ptr<const void>> weightOwners;

  /// Makes the weights one chunk of aligned memory; frees the others on the
  /// way, one by one.
  llvm::Error makeWeightsContiguous();

  /// All objects with a descriptor for weights in `place`.
  llvm::Expected<std::vector<Bytes>> objectsWith(cpu::WeightsPlace place,
                                                 llvm::StringRef weightsFile);

  /// Loads into this process.
  llvm::Expected<std::unique_ptr<JitImage>> loadInProcess();

  /// Writes the form that fromEntry reads.
  void serialize(llvm::raw_ostream &os) const;
  /// A program over a cache entry; nothing is copied.
  static llvm::Expected<Program>
  fromEntry(std::shared_ptr<const CacheEntry> entry);

  uint64_t codeBytes() const;
};

/// A chunk of memory for `bytes`, aligned for weights, or null.
Bytes copyOf(llvm::ArrayRef<char> bytes);
/// Takes over a buffer.
Bytes ownedBytes(cpu::ByteBuffer buffer);

} // namespace orchestra

#endif // ORCHESTRA_LIB_DRIVER_PROGRAM_H
