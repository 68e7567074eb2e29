//===- ImagesJpeg.h - JPEG pictures -----------------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_LIB_IMAGESJPEG_H
#define ORCHESTRA_RUNTIME_LIB_IMAGESJPEG_H

#include "Images.h"

namespace orchestra::runtime {

/// As decodeImage() does.
const char *decodeJpeg(orch_string file, Pixels &pixels);

} // namespace orchestra::runtime

#endif // ORCHESTRA_RUNTIME_LIB_IMAGESJPEG_H
