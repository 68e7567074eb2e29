//===- HandOff.cpp - Models for vendors' compilers ------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/HandOff.h"

#include "orchestra/Target/TPU/TPU.h"
#include "orchestra/Target/Trainium/Trainium.h"

using namespace orchestra;

const HandOff *orchestra::findHandOff(llvm::StringRef family) {
  for (const HandOff *handOff : {&tpu::getHandOff(), &trainium::getHandOff()})
    if (handOff->family == family)
      return handOff;
  return nullptr;
}
