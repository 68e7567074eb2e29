//===- HostFunctions.cpp - Functions that programs call -------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "HostFunctions.h"

#include "Images.h"
#include "Regex.h"
#include "StringNumbers.h"

#include <clocale>
#include <cwctype>

namespace orchestra::runtime {
namespace {

/// Bytes that grow.
class Text {
public:
  explicit Text(const orch_allocator &allocator) : allocator(allocator) {}
  ~Text() { deallocate(allocator, data, room, 1); }
  bool append(const char *more, uint64_t length) {
    if (size + length > room) {
      uint64_t next = (size + length) * 2 + 64;
      char *moved = static_cast<char *>(runtime::allocate(allocator, next, 1));
      if (!moved)
        return false;
      if (size)
        memcpy(moved, data, size);
      deallocate(allocator, data, room, 1);
      data = moved;
      room = next;
    }
    if (length)
      memcpy(data + size, more, length);
    size += length;
    return true;
  }
  bool append(orch_string more) { return append(more.data, more.size); }
  char *data = nullptr;
  uint64_t size = 0;

private:
  const orch_allocator &allocator;
  uint64_t room = 0;
};

/// (bytes, ends of each string) -> strings
const char *literals(const HostCall &call) {
  const int64_t *ends = call.data<int64_t>(1);
  int64_t begin = 0;
  for (int64_t i = 0, n = call.elements(2); i < n; ++i) {
    if (const char *why = call.put(2, i, call.data<char>(0) + begin,
                                   uint64_t(ends[i] - begin)))
      return why;
    begin = ends[i];
  }
  return nullptr;
}

/// (strings, strings) -> strings
const char *concat(const HostCall &call) {
  Text text(call.allocator);
  for (int64_t i = 0, n = call.elements(2); i < n; ++i) {
    text.size = 0;
    if (!text.append(call.text(0, i)) || !text.append(call.text(1, i)))
      return outOfMemoryForStrings;
    if (const char *why = call.put(2, i, text.data, text.size))
      return why;
  }
  return nullptr;
}

bool isSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// The next part of `rest`, which becomes what is behind it. Without a
/// delimiter, parts are what is between white space. `splits`: at most so many
/// more, if not negative. False: there is none.
bool nextPart(orch_string &rest, orch_string delimiter, int64_t splits,
              bool &more, orch_string &part) {
  if (delimiter.size == 0) {
    while (rest.size && isSpace(*rest.data))
      ++rest.data, --rest.size;
    if (!rest.size)
      return false;
    uint64_t end = 0;
    if (splits == 0) {
      end = rest.size; // what is left, without the space behind it
      while (isSpace(rest.data[end - 1]))
        --end;
    }
    while (splits != 0 && end < rest.size && !isSpace(rest.data[end]))
      ++end;
    part = {rest.data, end};
    rest = {rest.data + end, splits == 0 ? 0 : rest.size - end};
    return true;
  }
  if (!more)
    return false;
  const void *found = splits == 0 ? nullptr
                                  : memmem(rest.data, rest.size, delimiter.data,
                                           delimiter.size);
  more = found != nullptr;
  part = {rest.data,
          found ? uint64_t(static_cast<const char *>(found) - rest.data)
                : rest.size};
  uint64_t used = part.size + (found ? delimiter.size : 0);
  rest = {rest.data + used, rest.size - used};
  return true;
}

/// (strings, delimiter's bytes, the most splits or -1) -> the number of parts
const char *splitCounts(const HostCall &call) {
  for (int64_t i = 0, n = call.elements(3); i < n; ++i) {
    orch_string rest = call.text(0, i), part;
    int64_t splits = *call.data<int64_t>(2), count = 0;
    bool more = true;
    while (nextPart(rest, call.bytes(1), splits, more, part)) {
      ++count;
      splits -= splits > 0;
    }
    call.data<int64_t>(3)[i] = count;
  }
  return nullptr;
}

/// The same -> the parts along a last dimension, then empty strings
const char *split(const HostCall &call) {
  int64_t n = call.elements(0), room = n ? call.elements(3) / n : 0;
  for (int64_t i = 0; i < n; ++i) {
    orch_string rest = call.text(0, i), part;
    int64_t splits = *call.data<int64_t>(2), at = 0;
    bool more = true;
    while (at < room && nextPart(rest, call.bytes(1), splits, more, part)) {
      if (const char *why = call.put(3, i * room + at, part.data, part.size))
        return why;
      ++at;
      splits -= splits > 0;
    }
    while (at < room)
      call.data<int64_t>(3)[i * room + at++] = 0;
  }
  return nullptr;
}

uint64_t encode(uint32_t code, char *to) {
  if (code < 0x80)
    return to[0] = char(code), 1;
  uint64_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  for (uint64_t i = more; i > 0; --i, code >>= 6)
    to[i] = char(0x80 | (code & 0x3f));
  to[0] = char((0xff00u >> (more + 1) & 0xff) | code);
  return more + 1;
}

/// Small or large letters by Unicode, whatever the process's locale is.
class Letters {
public:
  Letters() : locale(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {}
  ~Letters() {
    if (locale)
      freelocale(locale);
  }
  bool change(orch_string from, bool upper, Text &to) {
    to.size = 0;
    const char *at = from.data, *end = at + from.size;
    while (at < end) {
      wint_t code = decodeCharacter(at, end);
      if (locale)
        code = upper ? towupper_l(code, locale) : towlower_l(code, locale);
      char bytes[4];
      if (!to.append(bytes, encode(uint32_t(code), bytes)))
        return false;
    }
    return true;
  }
  locale_t locale;
};

/// (strings, 1: large letters, 0: small) -> strings
const char *changeCase(const HostCall &call) {
  Letters letters;
  if (!letters.locale)
    return "the system has no locale C.UTF-8";
  Text text(call.allocator);
  for (int64_t i = 0, n = call.elements(2); i < n; ++i) {
    if (!letters.change(call.text(0, i), *call.data<int64_t>(1) != 0, text))
      return outOfMemoryForStrings;
    if (const char *why = call.put(2, i, text.data, text.size))
      return why;
  }
  return nullptr;
}

/// (strings, the expression's bytes) -> booleans
const char *fullMatch(const HostCall &call) {
  Regex regex(call.allocator);
  if (const char *why = regex.compile(call.bytes(1)))
    return why;
  for (int64_t i = 0, n = call.elements(2); i < n; ++i)
    call.data<unsigned char>(2)[i] = regex.matches(call.text(0, i));
  return nullptr;
}

/// MT19937, whose 53-bit numbers are those of NumPy's RandomState.
class Twister {
public:
  explicit Twister(uint32_t seed) {
    for (uint32_t i = 0; i < size; ++i) {
      state[i] = seed;
      seed = 1812433253u * (seed ^ seed >> 30) + i + 1;
    }
  }
  double next() {
    uint32_t high = draw() >> 5, low = draw() >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
  }

private:
  uint32_t draw() {
    if (at == size) {
      for (uint32_t i = 0; i < size; ++i) {
        uint32_t y =
            (state[i] & 0x80000000u) | (state[(i + 1) % size] & 0x7fffffffu);
        state[i] = state[(i + 397) % size] ^ y >> 1 ^ (y & 1) * 0x9908b0dfu;
      }
      at = 0;
    }
    uint32_t y = state[at++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
  }
  static constexpr uint32_t size = 624;
  uint32_t state[size], at = size;
};

/// (seed) -> doubles, uniform in [0, 1)
const char *random(const HostCall &call) {
  Twister twister(uint32_t(*call.data<int64_t>(0)));
  for (int64_t i = 0, n = call.elements(1); i < n; ++i)
    call.data<double>(1)[i] = twister.next();
  return nullptr;
}

/// (file) -> height, width
const char *imageSize(const HostCall &call) {
  Pixels pixels(call.allocator);
  const char *why = decodeImage(call.bytes(0), pixels);
  call.data<int64_t>(1)[0] = why ? 0 : pixels.height;
  call.data<int64_t>(1)[1] = why ? 0 : pixels.width;
  return why;
}

/// (file, 0: red, green, blue; 1: blue first; 2: grey) -> pixels
const char *imageDecode(const HostCall &call) {
  Pixels pixels(call.allocator);
  if (const char *why = decodeImage(call.bytes(0), pixels))
    return why;
  const orch_operand &result = call.operands[2];
  if (result.dims[0] != pixels.height || result.dims[1] != pixels.width)
    return "a picture has changed its size";
  int64_t how = *call.data<int64_t>(1);
  const uint8_t *from = pixels.data;
  auto *to = call.data<uint8_t>(2);
  for (int64_t i = 0, n = pixels.width * pixels.height; i < n; ++i, from += 3) {
    if (how == 2) { // ITU-R 601
      *to++ = uint8_t(
          (from[0] * 19595u + from[1] * 38470u + from[2] * 7471u + 0x8000u) >>
          16);
      continue;
    }
    for (int c = 0; c < 3; ++c)
      *to++ = from[how == 1 ? 2 - c : c];
  }
  return nullptr;
}

struct Entry {
  const char *name;
  int64_t operands;
  HostFunction function;
};
constexpr Entry functions[] = {
    {"image_decode", 3, imageDecode},
    {"image_size", 2, imageSize},
    {"random", 2, random},
    {"string_case", 3, changeCase},
    {"string_concat", 3, concat},
    {"string_from_float", 3, stringFromFloat},
    {"string_from_int", 3, stringFromInt},
    {"string_full_match", 3, fullMatch},
    {"string_literals", 3, literals},
    {"string_split", 4, split},
    {"string_split_counts", 4, splitCounts},
    {"string_to_float", 2, stringToFloat},
    {"string_to_int", 2, stringToInt},
};

} // namespace

HostFunction findHostFunction(const char *name, int64_t operands) {
  for (const Entry &entry : functions)
    if (strcmp(entry.name, name) == 0 && entry.operands == operands)
      return entry.function;
  return nullptr;
}

} // namespace orchestra::runtime
