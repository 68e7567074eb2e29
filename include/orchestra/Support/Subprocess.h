//===- Subprocess.h - Other people's programs -------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_SUPPORT_SUBPROCESS_H
#define ORCHESTRA_SUPPORT_SUBPROCESS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <utility>
#include <vector>

namespace orchestra {

struct SubprocessOptions {
  /// Set for the child only.
  std::vector<std::pair<std::string, std::string>> environment;
  unsigned timeLimitSeconds = 120;
};

/// How a program ended.
struct SubprocessResult {
  int exitCode = -1; ///< if neither of the next two
  int signal = 0;    ///< what killed it
  bool timedOut = false;
  /// The end of what it printed, at most 64 KB each.
  std::string output, errors;

  bool succeeded() const { return exitCode == 0 && !signal && !timedOut; }
  /// "was killed by signal 11", "ended with exit code 2".
  std::string describe(unsigned timeLimitSeconds) const;
};

/// Runs `command`, whose first word is a path or is searched in PATH, without
/// input. When the time is over the program goes, with all that it started.
/// Fails only when it cannot be started.
llvm::Expected<SubprocessResult>
runSubprocess(llvm::ArrayRef<std::string> command,
              const SubprocessOptions &options = {});

/// The last `lines` lines of `text` that are not empty.
std::string lastLines(llvm::StringRef text, unsigned lines);

/// A folder that goes away with everything in it.
class TemporaryFolder {
public:
  static llvm::Expected<TemporaryFolder> create(llvm::StringRef prefix);
  TemporaryFolder(TemporaryFolder &&other) noexcept;
  TemporaryFolder &operator=(TemporaryFolder &&) = delete;
  ~TemporaryFolder();
  /// The path of a file in it.
  std::string file(llvm::StringRef name) const;

private:
  explicit TemporaryFolder(std::string path) : path(std::move(path)) {}
  std::string path;
};

} // namespace orchestra

#endif // ORCHESTRA_SUPPORT_SUBPROCESS_H
