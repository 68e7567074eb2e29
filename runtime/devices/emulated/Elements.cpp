//===- Elements.cpp - Numbers of all types that devices have --------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Elements.h"

#include <cstring>

using namespace orchestra::emulated;

float orchestra::emulated::floatFromBits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof(value));
  return value;
}

float orchestra::emulated::halfToFloat(uint16_t half) {
  uint32_t sign = uint32_t(half & 0x8000) << 16;
  uint32_t exponent = half >> 10 & 31, mantissa = half & 0x3FF;
  if (exponent == 31)
    return floatFromBits(sign | 0x7F800000 | mantissa << 13);
  if (exponent == 0) // Subnormal: a multiple of 2 to the -24.
    return (sign ? -1.0f : 1.0f) * float(mantissa) * 0x1p-24f;
  return floatFromBits(sign | (exponent + 112) << 23 | mantissa << 13);
}

uint16_t orchestra::emulated::floatToHalf(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  uint16_t sign = uint16_t(bits >> 16 & 0x8000);
  uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000)
    return uint16_t(sign | 0x7E00);
  if (magnitude >= 0x477FF000) // Rounds to 65536 or more.
    return uint16_t(sign | 0x7C00);
  if (magnitude < 0x38800000) { // Subnormal: adding 0.5 rounds at 2 to the -24.
    float absolute = floatFromBits(magnitude) + 0.5f;
    uint32_t sum;
    memcpy(&sum, &absolute, sizeof(sum));
    return uint16_t(sign | (sum - 0x3F000000));
  }
  uint32_t odd = magnitude >> 13 & 1;
  return uint16_t(sign | (magnitude - 0x38000000 + 0xFFF + odd) >> 13);
}

/// Without infinities; all ones are a NaN.
static float e4m3ToFloat(unsigned char bits) {
  float sign = bits & 0x80 ? -1.0f : 1.0f;
  int exponent = bits >> 3 & 15, mantissa = bits & 7;
  if (exponent == 15 && mantissa == 7)
    return floatFromBits(0x7FC00000);
  if (exponent == 0)
    return sign * float(mantissa) * 0x1p-9f;
  return sign * float(8 + mantissa) *
         floatFromBits(uint32_t(exponent + 117) << 23);
}

int64_t orchestra::emulated::bytesOf(int32_t type) {
  switch (type) {
  case ORCH_EMULATED_I8:
  case ORCH_EMULATED_U8:
  case ORCH_EMULATED_E4M3:
  case ORCH_EMULATED_E5M2:
    return 1;
  case ORCH_EMULATED_F16:
  case ORCH_EMULATED_BF16:
    return 2;
  case ORCH_EMULATED_F64:
    return 8;
  default:
    return 4;
  }
}

double orchestra::emulated::readElement(const char *at, int32_t type) {
  switch (type) {
  case ORCH_EMULATED_I8:
    return static_cast<signed char>(*at);
  case ORCH_EMULATED_U8:
    return static_cast<unsigned char>(*at);
  case ORCH_EMULATED_E4M3:
    return e4m3ToFloat(static_cast<unsigned char>(*at));
  case ORCH_EMULATED_E5M2: // The upper half of an f16.
    return halfToFloat(uint16_t(static_cast<unsigned char>(*at) << 8));
  case ORCH_EMULATED_F64: {
    double value;
    memcpy(&value, at, sizeof(value));
    return value;
  }
  case ORCH_EMULATED_F16:
  case ORCH_EMULATED_BF16: {
    uint16_t bits;
    memcpy(&bits, at, sizeof(bits));
    return type == ORCH_EMULATED_F16 ? halfToFloat(bits)
                                     : floatFromBits(uint32_t(bits) << 16);
  }
  case ORCH_EMULATED_I32: {
    int32_t value;
    memcpy(&value, at, sizeof(value));
    return value;
  }
  default: {
    uint32_t bits;
    memcpy(&bits, at, sizeof(bits));
    // Multipliers of tf32 do not see the last 13 bits.
    return floatFromBits(type == ORCH_EMULATED_TF32 ? bits & 0xFFFFE000 : bits);
  }
  }
}
