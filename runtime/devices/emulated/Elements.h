//===- Elements.h - Numbers of all types that devices have ------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_EMULATED_ELEMENTS_H
#define ORCHESTRA_EMULATED_ELEMENTS_H

#include "emulated.h"

#include <cstdint>

namespace orchestra::emulated {

float floatFromBits(uint32_t bits);
float halfToFloat(uint16_t half);
/// Rounds to nearest, ties to even.
uint16_t floatToHalf(float value);

/// Of one element of an orch_emulated_type.
int64_t bytesOf(int32_t type);

/// An element as a number that holds each type exactly.
double readElement(const char *at, int32_t type);

} // namespace orchestra::emulated

#endif // ORCHESTRA_EMULATED_ELEMENTS_H
