//===- Link.h - From objects to a shared library ----------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: makes one artefact, `.so` or `.o`, of object files and weights. Uses a
//   linker found in PATH. Weights stream from where they are to the file.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_CPU_LINK_H
#define ORCHESTRA_TARGET_CPU_LINK_H

#include "orchestra/Target/CPU/Codegen.h"

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <optional>
#include <string>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace orchestra::cpu {

/// A part of the weight section.
struct WeightChunk {
  uint64_t offset = 0;
  llvm::ArrayRef<char> bytes;
};

/// The weight section: chunks in ascending order without overlap; what lies
/// between them is zero.
struct WeightSection {
  uint64_t size = 0;
  std::vector<WeightChunk> chunks;
};

/// Writes `section` to `os`, byte by byte as it will lie in memory.
void writeWeights(llvm::raw_ostream &os, const WeightSection &section);

/// Content hash of a weight section (128 bits, hexadecimal).
std::string hashWeights(const WeightSection &section);

/// Gives the file `from` the name `to`, in one step for whoever looks, and
/// removes what had that name. On failure `from` is gone.
llvm::Error replaceFile(const llvm::Twine &from, const llvm::Twine &to);

/// Writes the weights as a safetensors file that carries `hash`, atomically.
llvm::Error writeSafetensors(llvm::StringRef path, const WeightSection &section,
                             llvm::StringRef hash);

/// Writes an object file that defines `symbol` as the section's first byte.
llvm::Error writeWeightsObject(llvm::StringRef path,
                               const MachineTarget &target,
                               const WeightSection &section,
                               llvm::StringRef symbol);

/// Writes an object file that defines `symbol` as `size` bytes in a section of
/// its own that takes no room in the file.
llvm::Error writeWeightsPlaceholder(llvm::StringRef path, uint64_t size,
                                    llvm::StringRef symbol);

/// Puts the weights into the shared library `path`, which was linked with a
/// placeholder of their size. Returns false, with the file as it was, if the
/// linker laid the placeholder out in another way than this can fill.
llvm::Expected<bool> fillPlaceholder(llvm::StringRef path,
                                     const WeightSection &section);

/// A linker on this machine.
struct Linker {
  std::string path;
  bool isCompiler = false; ///< a C compiler driver that calls a linker
};

/// The first usable linker in PATH, best first; nothing if there is none.
std::optional<Linker> findLinker(const MachineTarget &target);

struct LinkOptions {
  bool relocatable = false; ///< a `.o` instead of a `.so`
  /// Embedded weights, and the symbol the descriptor knows them by.
  const WeightSection *weights = nullptr;
  std::string weightsSymbol;
};

/// Links object files (in memory) into the file `path`, atomically. Only
/// `orch_artefact_v1` is visible in the result; symbols of libc and libm are
/// the only ones left undefined.
llvm::Error link(llvm::ArrayRef<llvm::ArrayRef<char>> objects,
                 const MachineTarget &target, llvm::StringRef path,
                 const LinkOptions &options);

/// The environment lacks what linking needs.
class MissingToolError : public llvm::ErrorInfo<MissingToolError> {
public:
  static char ID;
  explicit MissingToolError(std::string message)
      : message(std::move(message)) {}
  void log(llvm::raw_ostream &os) const override;
  std::error_code convertToErrorCode() const override;

private:
  std::string message;
};

} // namespace orchestra::cpu

#endif // ORCHESTRA_TARGET_CPU_LINK_H
