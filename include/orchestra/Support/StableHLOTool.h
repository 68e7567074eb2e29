//===- StableHLOTool.h - The official StableHLO library ---------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: versioned portable artefacts and XLA's HLO are made and read by the
//   official library only. It is behind a command of the interface of
//   `stablehlo-translate`: OpenXLA's own, or the one of our Python package,
//   which needs jaxlib (docs/stablehlo.md).
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_SUPPORT_STABLEHLOTOOL_H
#define ORCHESTRA_SUPPORT_STABLEHLOTOOL_H

#include "orchestra/Support/ToolError.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace orchestra {

struct StableHLOTool {
  std::vector<std::string> command;
  unsigned timeLimitSeconds = 300;

  /// The command line `given`; else that in $ORCHESTRA_STABLEHLO_TRANSLATE;
  /// else `stablehlo-translate` or `orchestra-stablehlo-translate` in PATH or
  /// $VIRTUAL_ENV; else the script of the package beside this program, with the
  /// Python of $VIRTUAL_ENV or PATH.
  static llvm::Expected<StableHLOTool> find(llvm::StringRef given = "");

  /// A portable artefact of `version` ("1.9.0"), made of StableHLO text, and
  /// read back once to be sure.
  llvm::Expected<std::string> serialize(llvm::StringRef text,
                                        llvm::StringRef version) const;
  /// The text of a portable artefact.
  llvm::Expected<std::string> deserialize(llvm::StringRef artefact) const;
  /// An HloModuleProto, its instructions numbered from 1, of StableHLO text or
  /// an artefact.
  llvm::Expected<std::string> toHlo(llvm::StringRef program) const;

private:
  llvm::Expected<std::string> run(llvm::StringRef input,
                                  std::vector<std::string> flags) const;
};

/// Whether `bytes` are a portable artefact.
bool isPortableArtefact(llvm::StringRef bytes);
/// The version that an artefact says it has, or "".
llvm::StringRef versionOfArtefact(llvm::StringRef bytes);

} // namespace orchestra

#endif // ORCHESTRA_SUPPORT_STABLEHLOTOOL_H
