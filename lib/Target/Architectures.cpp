//===- Architectures.cpp - What all targets know --------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/Architectures.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "Architectures.h.inc"

using namespace orchestra;

void orchestra::addArchitectures(TargetRegistry &targets) {
  // The files are part of the compiler: a mistake in one is a bug, which every
  // test would meet.
  for (auto [file, text] : kDescriptions)
    if (llvm::Error error = targets.add(text, file))
      llvm::report_fatal_error(std::move(error));
}

void orchestra::registerArchitectures(mlir::DialectRegistry &registry) {
  registry.addExtension(+[](mlir::MLIRContext *, OrchestraDialect *dialect) {
    if (dialect->getTargets().empty())
      addArchitectures(dialect->getTargets());
  });
}
