//===- DriverError.cpp - Errors as the user sees them ---------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Driver/DriverError.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace orchestra;

char DriverError::ID = 0;

void DriverError::log(raw_ostream &os) const { os << text; }

std::error_code DriverError::convertToErrorCode() const {
  return inconvertibleErrorCode();
}

static std::string format(const Twine &where, const Twine &what,
                          ArrayRef<std::string> notes) {
  std::string place = where.str();
  std::string text =
      (place.empty() ? "error: " : place + ": error: ") + what.str();
  for (const std::string &note : notes)
    text += "\n  " + note;
  return text;
}

Error orchestra::makeError(Fault fault, const Twine &where, const Twine &what,
                           std::vector<std::string> notes) {
  return make_error<DriverError>(fault, format(where, what, notes));
}

DriverError orchestra::toDriverError(Error error, const Twine &where,
                                     Fault fault) {
  Fault found = fault;
  std::string text;
  std::string place = where.str();
  handleAllErrors(
      std::move(error),
      [&](const DriverError &driver) {
        found = driver.getFault();
        text += (text.empty() ? "" : "\n") + driver.getText();
      },
      [&](const ErrorInfoBase &other) {
        text += (text.empty() ? "" : "\n") + format(place, other.message(), {});
      });
  return DriverError(found, text);
}
