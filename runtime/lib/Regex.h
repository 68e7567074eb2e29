//===- Regex.h - Regular expressions in linear time -------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: RE2's syntax without flags, named classes and Unicode properties; \w,
//   \d and \s are those of ASCII, as there. All states that are possible are
//   followed at once, so that no expression takes exponential time.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_LIB_REGEX_H
#define ORCHESTRA_RUNTIME_LIB_REGEX_H

#include "Memory.h"

namespace orchestra::runtime {

/// One character of UTF-8; a byte that begins none stands for itself.
uint32_t decodeCharacter(const char *&at, const char *end);

class Regex {
public:
  explicit Regex(const orch_allocator &allocator) : allocator(allocator) {}
  Regex(const Regex &) = delete;
  Regex &operator=(const Regex &) = delete;

  /// Null, or why not: a text that lives forever.
  const char *compile(orch_string expression);
  /// Whether all of `text` matches.
  bool matches(orch_string text);

private:
  enum class Kind : uint8_t {
    Character, // x
    Any,       // but a newline
    Set,       // `y` ranges from x on; `flag`: none of them
    Split,     // go on at +x and at +y
    Jump,      // go on at +x
    Begin,
    End,
    Border, // of a word; `flag`: no border
    Match
  };
  struct Step {
    Kind kind;
    bool flag;
    int32_t x, y;
  };
  struct Range {
    uint32_t low, high;
  };

  bool add(Step step) { return insert(numSteps, step); }
  bool insert(int32_t at, Step step);
  bool addRange(uint32_t low, uint32_t high);
  bool addClass(char name);
  bool repeat(int32_t start, int32_t least, int32_t most);
  bool parseChoice(int depth);
  bool parseSequence(int depth);
  bool parseAtom(int depth);
  bool parseSet();
  bool parseEscape();
  bool parseCounts(int32_t &least, int32_t &most);
  void follow(int32_t step, uint32_t before, uint32_t after, uint32_t *list,
              int32_t &count);
  bool accepts(const Step &step, uint32_t character) const;
  bool wrong(const char *why) {
    if (!problem)
      problem = why;
    return false;
  }
  bool more() const { return at < end; }

  static constexpr int32_t maxSteps = 8192, maxRanges = 2048;
  orch_allocator allocator;
  Array<Step> steps;
  Array<Range> ranges;
  Array<uint32_t> lists, marks, stack;
  uint32_t mark = 0;
  int32_t numSteps = 0, numRanges = 0;
  const char *at = nullptr, *end = nullptr, *problem = nullptr;
};

} // namespace orchestra::runtime

#endif // ORCHESTRA_RUNTIME_LIB_REGEX_H
