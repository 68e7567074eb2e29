//===- TPU.h - Google's compiler for TPUs -----------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_TPU_TPU_H
#define ORCHESTRA_TARGET_TPU_TPU_H

#include "orchestra/Target/HandOff.h"

namespace orchestra::tpu {

/// Google's hand-off: libtpu's compiler, which needs no TPU.
const HandOff &getHandOff();

} // namespace orchestra::tpu

#endif // ORCHESTRA_TARGET_TPU_TPU_H
