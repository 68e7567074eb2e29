//===- HandOff.h - Models for vendors' compilers ----------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: targets whose code the vendor's compiler makes, out of StableHLO or
// HLO.
//   That compiler is another process, with a time limit, whose messages become
//   ours.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_HANDOFF_H
#define ORCHESTRA_TARGET_HANDOFF_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <string>
#include <vector>

namespace orchestra {

struct HandOffRequest {
  std::string arch;           ///< "google_tpu_v5e"
  std::string details;        ///< what follows the colon in `--target`, or ""
  std::string program;        ///< file of the portable artefact, or of HLO
  std::string output;         ///< file that the vendor's compiler shall write
  std::string vendorCompiler; ///< as the user gave it, or ""
  std::string helper;         ///< `orchestra-pjrt`, or ""
  uint64_t memoryBytes = 0;   ///< of a device; 0: not known
  unsigned timeLimitSeconds = 1800;
};

struct HandOffResult {
  /// False: there is no vendor's compiler here; `notes` tell how to go on.
  bool compiled = false;
  /// Figures of the program for `<output>.json`.
  llvm::json::Object figures;
  std::vector<std::string> notes;
};

/// A family of such targets.
struct HandOff {
  llvm::StringRef family;    ///< as in its architectures.json
  llvm::StringRef extension; ///< of the output, with the dot
  bool takesHlo;             ///< HLO instead of a portable artefact
  /// Fails with a ToolError.
  llvm::Expected<HandOffResult> (*compile)(const HandOffRequest &);
};

/// The hand-off of the architectures of `family`, or null.
const HandOff *findHandOff(llvm::StringRef family);

} // namespace orchestra

#endif // ORCHESTRA_TARGET_HANDOFF_H
