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

StringRef orchestra::slugOf(StringRef message) {
  if (!message.consume_back("]"))
    return "";
  size_t open = message.rfind('[');
  StringRef slug = open == StringRef::npos ? "" : message.drop_front(open + 1);
  return llvm::all_of(slug,
                      [](char c) {
                        return (c >= 'a' && c <= 'z') ||
                               (c >= '0' && c <= '9') || c == '-';
                      })
             ? slug
             : "";
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
  std::string message = what.str();
  std::vector<std::string> reasons;
  if (StringRef slug = slugOf(message); !slug.empty())
    reasons.push_back(slug.str());
  return make_error<DriverError>(fault, format(where, message, notes),
                                 std::move(reasons));
}

DriverError orchestra::toDriverError(Error error, const Twine &where,
                                     Fault fault) {
  Fault found = fault;
  std::string text;
  std::vector<std::string> reasons;
  std::string place = where.str();
  handleAllErrors(
      std::move(error),
      [&](const DriverError &driver) {
        found = driver.getFault();
        text += (text.empty() ? "" : "\n") + driver.getText();
        llvm::append_range(reasons, driver.getReasons());
      },
      [&](const ErrorInfoBase &other) {
        text += (text.empty() ? "" : "\n") + format(place, other.message(), {});
      });
  return DriverError(found, text, std::move(reasons));
}
