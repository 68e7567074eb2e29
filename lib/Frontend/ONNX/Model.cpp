//===- Model.cpp - Names and sizes of element types -----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Model.h"

using namespace orchestra::onnx;

namespace {
struct TypeFacts {
  const char *name;
  unsigned bits;
};
constexpr TypeFacts kTypes[] = {
    {"undefined", 0},      {"float", 32},     {"uint8", 8},
    {"int8", 8},           {"uint16", 16},    {"int16", 16},
    {"int32", 32},         {"int64", 64},     {"string", 0},
    {"bool", 8},           {"float16", 16},   {"double", 64},
    {"uint32", 32},        {"uint64", 64},    {"complex64", 64},
    {"complex128", 128},   {"bfloat16", 16},  {"float8e4m3fn", 8},
    {"float8e4m3fnuz", 8}, {"float8e5m2", 8}, {"float8e5m2fnuz", 8},
    {"uint4", 4},          {"int4", 4},       {"float4e2m1", 4},
    {"float8e8m0", 8},     {"uint2", 2},      {"int2", 2}};
} // namespace

std::string orchestra::onnx::elementTypeName(ElementType type) {
  size_t index = static_cast<size_t>(type);
  if (index < std::size(kTypes))
    return kTypes[index].name;
  return "type " + std::to_string(static_cast<int>(type));
}

unsigned orchestra::onnx::elementBits(ElementType type) {
  size_t index = static_cast<size_t>(type);
  return index < std::size(kTypes) ? kTypes[index].bits : 0;
}
