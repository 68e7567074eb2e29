//===- ProfileFile.cpp - What earlier runs have measured ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "ProfileFile.h"

#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace orchestra;

InFlightDiagnostic ProfileFile::error(const llvm::Twine &problem) {
  return module.emitError(what)
         << " '" << path << "': " << problem << " [cannot-read]";
}

FailureOr<llvm::json::Value> ProfileFile::read() {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return error(buffer.getError().message());
  llvm::Expected<llvm::json::Value> value =
      llvm::json::parse((*buffer)->getBuffer());
  if (!value)
    return error(llvm::toString(value.takeError()));
  return std::move(*value);
}
