//===- ToolError.h - What went wrong with a tool ----------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_SUPPORT_TOOLERROR_H
#define ORCHESTRA_SUPPORT_TOOLERROR_H

#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace orchestra {

/// Why another program did not do what was asked.
class ToolError : public llvm::ErrorInfo<ToolError> {
public:
  static char ID;
  enum class Kind {
    Missing, ///< there is no such command, or what it needs is not there
    Broken,  ///< it crashed, hung, or wrote nonsense
    Refused  ///< it read the input and said no
  };
  ToolError(Kind kind, std::string message, std::vector<std::string> notes)
      : kind(kind), message(std::move(message)), notes(std::move(notes)) {}
  Kind getKind() const { return kind; }
  const std::string &getMessage() const { return message; }
  /// Lines that begin with "note: " or "help: ".
  const std::vector<std::string> &getNotes() const { return notes; }
  void log(llvm::raw_ostream &os) const override;
  std::error_code convertToErrorCode() const override;

private:
  Kind kind;
  std::string message;
  std::vector<std::string> notes;
};

/// Notes begin with "note: " or "help: "; the message ends with a slug.
llvm::Error makeToolError(ToolError::Kind kind, const llvm::Twine &message,
                          std::vector<std::string> notes);

} // namespace orchestra

#endif // ORCHESTRA_SUPPORT_TOOLERROR_H
