//===- DriverError.h - Errors as the user sees them -------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: what every Driver function fails with: complete text in the house form
//   (STYLE.md, "Diagnostics") and whose fault it is, which is the exit code.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DRIVER_DRIVERERROR_H
#define ORCHESTRA_DRIVER_DRIVERERROR_H

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace orchestra {

/// Whose fault an error is; the values are the exit codes of the tools.
enum class Fault {
  Input = 1,      ///< the model or the data
  Usage = 2,      ///< the command or the call
  Internal = 3,   ///< a bug of ours
  Environment = 4 ///< a device, a tool, memory, a disk
};

/// Whose fault a status of the runtime is (orch_status).
Fault faultOfStatus(int32_t status);

class DriverError : public llvm::ErrorInfo<DriverError> {
public:
  static char ID;
  DriverError(Fault fault, std::string text,
              std::vector<std::string> reasons = {})
      : fault(fault), text(std::move(text)), reasons(std::move(reasons)) {}
  Fault getFault() const { return fault; }
  /// The short names of its problems, such as "needs-inputs".
  const std::vector<std::string> &getReasons() const { return reasons; }
  bool hasReason(llvm::StringRef reason) const {
    return llvm::is_contained(reasons, reason);
  }
  /// Lines without a final newline.
  const std::string &getText() const { return text; }
  void log(llvm::raw_ostream &os) const override;
  std::error_code convertToErrorCode() const override;

private:
  Fault fault;
  std::string text;
  std::vector<std::string> reasons;
};

/// The short name that a message ends with, or "".
llvm::StringRef slugOf(llvm::StringRef message);

/// "where: error: what [slug]", then "  note: ..." or "  help: ..." lines.
/// `where` may be empty.
llvm::Error makeError(Fault fault, const llvm::Twine &where,
                      const llvm::Twine &what,
                      std::vector<std::string> notes = {});

/// Turns any error into text and fault. Errors that are not DriverErrors are
/// put in the house form, with `where` and `fault`.
DriverError toDriverError(llvm::Error error, const llvm::Twine &where = "",
                          Fault fault = Fault::Environment);

} // namespace orchestra

#endif // ORCHESTRA_DRIVER_DRIVERERROR_H
