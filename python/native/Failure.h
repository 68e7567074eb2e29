//===- Failure.h - What becomes a Python exception --------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one thing that this room throws of its own. Module.cpp turns it into the
// exception of orchestra.errors that `kind` names.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_PYTHON_FAILURE_H
#define ORCHESTRA_PYTHON_FAILURE_H

#include "orchestra/Driver/DriverError.h"

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace orchestra::python {

class Failure : public std::exception {
public:
  /// `kind` is the name of a class in orchestra.errors.
  Failure(const char *kind, Fault fault, std::string text)
      : kind(kind), fault(fault), text(std::move(text)) {}

  const char *getKind() const { return kind; }
  Fault getFault() const { return fault; }
  /// The whole diagnostic in the house form.
  const char *what() const noexcept override { return text.c_str(); }

private:
  const char *kind;
  Fault fault;
  std::string text;
};

/// The failure that the runtime reported last on this thread.
inline Failure lastFailure(const char *kind, int32_t status, const char *text) {
  return Failure(kind, faultOfStatus(status), text);
}

/// The value, or throws the error as a Failure of this kind.
template <typename T> T valueOf(llvm::Expected<T> expected, const char *kind) {
  if (expected)
    return std::move(*expected);
  DriverError error = toDriverError(expected.takeError());
  throw Failure(kind, error.getFault(), error.getText());
}

} // namespace orchestra::python

#endif // ORCHESTRA_PYTHON_FAILURE_H
