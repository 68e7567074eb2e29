//===- Assert.cpp - Assertions that stay on -------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Support/Assert.h"

#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

void orchestra::assertionFailed(const char *condition, const char *why,
                                const char *file, int line) {
  llvm::errs() << file << ":" << line << ": internal error: " << why << " ("
               << condition << " does not hold)\n";
  std::abort();
}
