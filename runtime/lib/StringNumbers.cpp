//===- StringNumbers.cpp - Numbers in strings -----------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers look as ONNX Runtime writes them. The process's locale, which may
// have a decimal comma, plays no part.
//
//===----------------------------------------------------------------------===//
#include "StringNumbers.h"

#include <clocale>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace orchestra::runtime {
namespace {

/// The C locale, for the calling thread while this lives.
class PlainNumbers {
public:
  PlainNumbers() : plain(newlocale(LC_ALL_MASK, "C", nullptr)) {
    if (plain)
      before = uselocale(plain);
  }
  ~PlainNumbers() {
    if (!plain)
      return;
    uselocale(before);
    freelocale(plain);
  }
  PlainNumbers(const PlainNumbers &) = delete;
  PlainNumbers &operator=(const PlainNumbers &) = delete;

private:
  locale_t plain, before = nullptr;
};

/// The text of a string that is a number; longer ones have digits that do not
/// count.
struct NumberText {
  explicit NumberText(orch_string text) {
    uint64_t size = text.size < sizeof(bytes) ? text.size : sizeof(bytes) - 1;
    memcpy(bytes, text.data, size);
    bytes[size] = 0;
  }
  char bytes[512];
};

int write(double number, int64_t digits, char (&text)[64]) {
  if (std::isnan(number))
    return snprintf(text, sizeof text, "NaN");
  if (std::isinf(number))
    return snprintf(text, sizeof text, number < 0 ? "-INF" : "INF");
  if (digits > 0)
    return snprintf(text, sizeof text, "%.*g", int(digits), number);
  for (int most = 15;; ++most) {
    int size = snprintf(text, sizeof text, "%.*g", most, number);
    if (most >= 17 || strtod(text, nullptr) == number)
      return size;
  }
}

} // namespace

const char *stringFromFloat(const HostCall &call) {
  PlainNumbers plain;
  char text[64];
  for (int64_t i = 0, n = call.elements(2); i < n; ++i) {
    int size = write(call.data<double>(0)[i], *call.data<int64_t>(1), text);
    if (const char *why = call.put(2, i, text, uint64_t(size)))
      return why;
  }
  return nullptr;
}

const char *stringFromInt(const HostCall &call) {
  char text[32];
  for (int64_t i = 0, n = call.elements(2); i < n; ++i) {
    int64_t number = call.data<int64_t>(0)[i];
    int size = *call.data<int64_t>(1)
                   ? snprintf(text, sizeof text, "%llu",
                              static_cast<unsigned long long>(number))
                   : snprintf(text, sizeof text, "%lld",
                              static_cast<long long>(number));
    if (const char *why = call.put(2, i, text, uint64_t(size)))
      return why;
  }
  return nullptr;
}

const char *stringToFloat(const HostCall &call) {
  PlainNumbers plain;
  for (int64_t i = 0, n = call.elements(1); i < n; ++i) {
    NumberText text(call.text(0, i));
    char *end = text.bytes;
    call.data<double>(1)[i] = strtod(text.bytes, &end);
    if (end == text.bytes)
      return "a string to be cast is no number";
  }
  return nullptr;
}

const char *stringToInt(const HostCall &call) {
  for (int64_t i = 0, n = call.elements(1); i < n; ++i) {
    NumberText text(call.text(0, i));
    char *end = text.bytes;
    // Beyond what i64 holds, as u64: the same bits.
    bool negative = strchr(text.bytes, '-') != nullptr;
    call.data<int64_t>(1)[i] = negative
                                   ? strtoll(text.bytes, &end, 10)
                                   : int64_t(strtoull(text.bytes, &end, 10));
    if (end == text.bytes)
      return "a string to be cast is no whole number";
  }
  return nullptr;
}

} // namespace orchestra::runtime
