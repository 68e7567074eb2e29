//===- Trainium.h - Amazon's compiler for Trainium --------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_TRAINIUM_TRAINIUM_H
#define ORCHESTRA_TARGET_TRAINIUM_TRAINIUM_H

#include "orchestra/Target/HandOff.h"

namespace orchestra::trainium {

/// Amazon's hand-off: `neuronx-cc`, which reads HLO.
const HandOff &getHandOff();

} // namespace orchestra::trainium

#endif // ORCHESTRA_TARGET_TRAINIUM_TRAINIUM_H
