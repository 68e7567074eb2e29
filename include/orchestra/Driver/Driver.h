//===- Driver.h - Compile a model -------------------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: all that tools and bindings call to turn a model into native code.
//   Session.h runs it.
// Errors: every llvm::Error from here can be shown to a user: see
// DriverError.h.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DRIVER_DRIVER_H
#define ORCHESTRA_DRIVER_DRIVER_H

#include "orchestra/Driver/Options.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace orchestra {

class Model;

/// How long one part of a compilation took.
struct PhaseTime {
  std::string name;
  double milliseconds = 0;
};

/// What a compilation did.
struct CompileReport {
  std::vector<PhaseTime> phases;
  double milliseconds = 0;
  bool fromCache = false; ///< nothing had to be compiled
  unsigned kernels = 0;   ///< different kernels
  unsigned kernelsFromCache = 0;
  unsigned calls = 0; ///< kernel calls of one run
  uint64_t codeBytes = 0;
  uint64_t weightBytes = 0;
  std::string target; ///< "x86_64 znver4 +avx,..."
  std::vector<std::string> warnings;
};

/// A compiled model that has no form yet.
class CompiledModel {
public:
  virtual ~CompiledModel();
  virtual const CompileReport &getReport() const = 0;

  /// Loads into this process, through the JIT. At most once, and not after
  /// writeArtefact: the weights have one owner. writeArtefact may follow.
  virtual llvm::Expected<std::shared_ptr<Model>> load() = 0;

  /// Writes `path`, a `.so` or a `.o`, and returns the paths of all files
  /// written. `externalWeights` puts the weights into a safetensors file
  /// beside it.
  virtual llvm::Expected<std::vector<std::string>>
  writeArtefact(llvm::StringRef path, bool externalWeights) = 0;

  /// The text of a C header about inputs and outputs.
  virtual std::string header() const = 0;
};

/// Compiles the model file at `path`: ONNX, MLIR of the waist or of StableHLO in
/// text or bytecode, or a portable artefact of StableHLO. From the cache when nothing has changed.
llvm::Expected<std::unique_ptr<CompiledModel>>
compileModel(llvm::StringRef path, const CompileOptions &options);

/// A model in memory: ONNX, or MLIR if its name says so or if it is bytecode.
struct ModelBytes {
  llvm::ArrayRef<char> bytes;
  /// Keeps `bytes` alive; held for as long as anything refers to them.
  std::shared_ptr<const void> owner;
  /// Stands for the file in messages; "model.onnx".
  std::string name;
};

/// The same for a model in memory. External data is refused: there is no folder
/// that it could be in.
llvm::Expected<std::unique_ptr<CompiledModel>>
compileModel(const ModelBytes &model, const CompileOptions &options);

/// Whether `target` is one whose code the vendor's compiler makes, such as
/// "google_tpu_v5e:2x2": compileModel does not take it.
bool isHandOffTarget(llvm::StringRef target);
/// What the name of the output of such a target ends with: ".tpu".
llvm::StringRef handOffExtension(llvm::StringRef target);

/// What a vendor's compiler made of a model.
struct HandOffReport {
  bool compiled = false; ///< false: the compiler is not here
  std::vector<std::string> files;
  /// How to go on; lines that begin with "note: " or "help: ".
  std::vector<std::string> notes;
};

/// Hands the model over to the compiler of `options.target`. Writes `output`,
/// and beside it what went into it: the program, the weights, and what its
/// arguments and results are, as JSON.
llvm::Expected<HandOffReport> compileHandOff(llvm::StringRef path,
                                             const CompileOptions &options,
                                             llvm::StringRef output);

/// Prints what leaves the stage named `stage` ("" for the last) as `format`.
/// MLIR for any stage, the others for the last only.
llvm::Error emitModel(llvm::StringRef path, const CompileOptions &options,
                      llvm::StringRef stage, EmitFormat format,
                      llvm::raw_ostream &os);

/// Names of the stages, in order.
std::vector<std::string> stageNames();

/// "0.1.0".
std::string compilerVersion();

} // namespace orchestra

#endif // ORCHESTRA_DRIVER_DRIVER_H
