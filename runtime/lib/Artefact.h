//===- Artefact.h - Checks of a descriptor ----------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_LIB_ARTEFACT_H
#define ORCHESTRA_RUNTIME_LIB_ARTEFACT_H

#include "orchestra_runtime/base.h"
#include "orchestra_runtime/format.h"

namespace orchestra::runtime {

/// Whether this machine and this library can run `artefact`; `origin` is what
/// messages call it. On success all of its fields may be used unchecked.
orch_status checkArtefact(const orch_artefact *artefact, const char *origin);

} // namespace orchestra::runtime

#endif // ORCHESTRA_RUNTIME_LIB_ARTEFACT_H
