//===- LoadFile.h - An artefact from a shared library -----------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_LIB_LOADFILE_H
#define ORCHESTRA_RUNTIME_LIB_LOADFILE_H

#include "orchestra_runtime/base.h"
#include "orchestra_runtime/format.h"

namespace orchestra::runtime {

/// Opens the shared library `path`, which must be whole and for this machine,
/// and finds its descriptor (not checked yet). `*library` is for dlclose.
orch_status openArtefact(const char *path, void **library,
                         const orch_artefact **artefact);

} // namespace orchestra::runtime

#endif // ORCHESTRA_RUNTIME_LIB_LOADFILE_H
