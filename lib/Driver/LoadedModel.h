//===- LoadedModel.h - A program of the runtime with its names --*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_DRIVER_LOADEDMODEL_H
#define ORCHESTRA_LIB_DRIVER_LOADEDMODEL_H

#include "Jit.h"

#include "orchestra/Driver/Session.h"

#include <string>

namespace orchestra {

/// Makes a model of an image, which lives as long as the model's program.
llvm::Expected<std::shared_ptr<Model>>
loadImage(std::unique_ptr<JitImage> image, const std::string &origin);

} // namespace orchestra

#endif // ORCHESTRA_LIB_DRIVER_LOADEDMODEL_H
