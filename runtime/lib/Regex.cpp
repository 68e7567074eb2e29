//===- Regex.cpp - Regular expressions in linear time ---------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The expression becomes a program for Thompson's machine. Jumps in it are
// relative, so that a part can be moved and copied as it is.
//
//===----------------------------------------------------------------------===//
#include "Regex.h"

namespace orchestra::runtime {

constexpr uint32_t noCharacter = UINT32_MAX;
constexpr int32_t unbounded = -1;

uint32_t decodeCharacter(const char *&at, const char *end) {
  auto first = static_cast<unsigned char>(*at++);
  int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
  uint32_t code = more ? first & (0x3fu >> more) : first;
  for (int i = 0; i < more; ++i) {
    if (at == end || (static_cast<unsigned char>(*at) & 0xc0) != 0x80)
      return first;
    code = code << 6 | (static_cast<unsigned char>(*at++) & 0x3f);
  }
  return code;
}

static bool isWord(uint32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
         (c >= 'a' && c <= 'z') || c == '_';
}

bool Regex::insert(int32_t place, Step step) {
  if (numSteps == maxSteps)
    return wrong("a regular expression is too long");
  memmove(static_cast<void *>(steps.data() + place + 1), steps.data() + place,
          size_t(numSteps - place) * sizeof(Step));
  steps[size_t(place)] = step;
  ++numSteps;
  return true;
}

bool Regex::addRange(uint32_t low, uint32_t high) {
  if (numRanges == maxRanges)
    return wrong("a regular expression is too long");
  ranges[size_t(numRanges++)] = {low, high};
  return true;
}

/// The ranges of \d, \w, \s and their opposites.
bool Regex::addClass(char name) {
  constexpr Range digits[] = {{'0', '9'}};
  constexpr Range words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
  constexpr Range spaces[] = {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}};
  char small = char(name | 0x20);
  const Range *begin = small == 'd' ? digits : small == 'w' ? words : spaces;
  int count = small == 'd' ? 1 : small == 'w' ? 4 : 3;
  uint32_t next = 0;
  for (int i = 0; i < count; ++i) {
    bool good = name == small ? addRange(begin[i].low, begin[i].high)
                              : addRange(next, begin[i].low - 1);
    if (!good)
      return false;
    next = begin[i].high + 1;
  }
  return name == small || addRange(next, noCharacter - 1);
}

/// What is from `start` on, so many times.
bool Regex::repeat(int32_t start, int32_t least, int32_t most) {
  int32_t length = numSteps - start;
  auto copy = [&](int32_t from) {
    for (int32_t i = 0; i < length; ++i)
      if (!add(steps[size_t(from) + size_t(i)]))
        return false;
    return true;
  };
  if (least == 0 && most == 0) {
    numSteps = start;
    return true;
  }
  if (least == 0 && most == unbounded)
    return insert(start, {Kind::Split, false, 1, length + 2}) &&
           add({Kind::Jump, false, -(length + 1), 0});
  for (int32_t i = 1; i < least; ++i)
    if (!copy(start))
      return false;
  if (most == unbounded)
    return add({Kind::Split, false, -length, 1});
  int32_t optional = most - least;
  if (least == 0) {
    if (!insert(start, {Kind::Split, false, 1, length + 1}))
      return false;
    ++start;
    --optional;
  }
  for (int32_t i = 0; i < optional; ++i)
    if (!add({Kind::Split, false, 1, length + 1}) || !copy(start))
      return false;
  return true;
}

bool Regex::parseChoice(int depth) {
  if (depth > 200)
    return wrong("a regular expression is too deep");
  int32_t start = numSteps;
  if (!parseSequence(depth))
    return false;
  while (more() && *at == '|') {
    ++at;
    if (!insert(start, {Kind::Split, false, 1, numSteps - start + 2}))
      return false;
    int32_t jump = numSteps;
    if (!add({Kind::Jump, false, 0, 0}) || !parseSequence(depth))
      return false;
    steps[size_t(jump)].x = numSteps - jump;
  }
  return true;
}

/// "{2}", "{2,}", "{2,5}"; false without a problem: the brace is a character.
bool Regex::parseCounts(int32_t &least, int32_t &most) {
  const char *p = at + 1;
  auto number = [&](int32_t &value) {
    const char *first = p;
    for (value = 0; p < end && *p >= '0' && *p <= '9' && value < 10000; ++p)
      value = value * 10 + (*p - '0');
    return p != first;
  };
  if (!number(least))
    return false;
  most = least;
  if (p < end && *p == ',') {
    ++p;
    if (!number(most))
      most = unbounded;
  }
  if (p >= end || *p != '}')
    return false;
  if (least > 1000 || most > 1000 || (most != unbounded && most < least))
    return wrong("a repetition in a regular expression is out of range");
  at = p + 1;
  return true;
}

bool Regex::parseSequence(int depth) {
  while (more() && *at != '|' && *at != ')') {
    int32_t start = numSteps;
    if (!parseAtom(depth))
      return false;
    while (more()) {
      int32_t least = 0, most = unbounded;
      if (*at == '*' || *at == '+' || *at == '?') {
        least = *at == '+';
        most = *at == '?' ? 1 : unbounded;
        ++at;
      } else if (*at != '{' || !parseCounts(least, most)) {
        break;
      }
      if (more() && *at == '?') // which match is found does not matter
        ++at;
      if (!repeat(start, least, most))
        return false;
    }
    if (problem)
      return false;
  }
  return true;
}

/// Behind a backslash, outside of a set.
bool Regex::parseEscape() {
  char c = *at++;
  switch (c) {
  case 'd':
  case 'D':
  case 'w':
  case 'W':
  case 's':
  case 'S': {
    int32_t first = numRanges;
    return addClass(c) && add({Kind::Set, false, first, numRanges - first});
  }
  case 'b':
  case 'B':
    return add({Kind::Border, c == 'B', 0, 0});
  case 'A':
    return add({Kind::Begin, false, 0, 0});
  case 'z':
    return add({Kind::End, false, 0, 0});
  case 'n':
    return add({Kind::Character, false, '\n', 0});
  case 't':
    return add({Kind::Character, false, '\t', 0});
  case 'r':
    return add({Kind::Character, false, '\r', 0});
  case 'f':
    return add({Kind::Character, false, '\f', 0});
  case 'v':
    return add({Kind::Character, false, '\v', 0});
  default:
    if (isWord(static_cast<unsigned char>(c)) && c != '_')
      return wrong("an escape in a regular expression is not supported");
    --at;
    return add({Kind::Character, false, int32_t(decodeCharacter(at, end)), 0});
  }
}

/// Behind "[".
bool Regex::parseSet() {
  bool none = more() && *at == '^';
  at += none;
  int32_t first = numRanges;
  for (bool start = true; more() && (*at != ']' || start); start = false) {
    auto single = [&](uint32_t &code) {
      code = decodeCharacter(at, end);
      if (code != '\\' || !more())
        return true;
      code = decodeCharacter(at, end);
      constexpr char names[] = "ntrfv", codes[] = "\n\t\r\f\v";
      for (int i = 0; i < 5; ++i)
        if (code == static_cast<unsigned char>(names[i])) {
          code = static_cast<unsigned char>(codes[i]);
          return true;
        }
      return !isWord(code) || code == '_' ||
             wrong("an escape in a regular expression is not supported");
    };
    if (*at == '\\' && at + 1 < end && memchr("dDwWsS", at[1], 6)) {
      if (!addClass(at[1]))
        return false;
      at += 2;
      continue;
    }
    if (*at == '[' && at + 1 < end && at[1] == ':')
      return wrong("named classes in regular expressions are not supported");
    uint32_t low, high;
    if (!single(low))
      return false;
    high = low;
    if (at + 1 < end && *at == '-' && at[1] != ']') {
      ++at;
      if (!single(high) || high < low)
        return wrong("a range in a regular expression is empty");
    }
    if (!addRange(low, high))
      return false;
  }
  if (!more())
    return wrong("a bracket in a regular expression is not closed");
  ++at;
  return add({Kind::Set, none, first, numRanges - first});
}

bool Regex::parseAtom(int depth) {
  char c = *at;
  switch (c) {
  case '(': {
    ++at;
    if (more() && *at == '?') {
      bool plain = end - at >= 2 && at[1] == ':';
      bool named = end - at >= 3 && at[1] == 'P' && at[2] == '<';
      const void *close = named ? memchr(at, '>', size_t(end - at)) : nullptr;
      if (!plain && !close)
        return wrong("flags in regular expressions are not supported");
      at = plain ? at + 2 : static_cast<const char *>(close) + 1;
    }
    if (!parseChoice(depth + 1))
      return false;
    if (!more())
      return wrong("a bracket in a regular expression is not closed");
    ++at;
    return true;
  }
  case '[':
    ++at;
    return parseSet();
  case '.':
    ++at;
    return add({Kind::Any, false, 0, 0});
  case '^':
    ++at;
    return add({Kind::Begin, false, 0, 0});
  case '$':
    ++at;
    return add({Kind::End, false, 0, 0});
  case '*':
  case '+':
  case '?':
    return wrong("a repetition in a regular expression repeats nothing");
  case '\\':
    ++at;
    if (!more())
      return wrong("a regular expression ends in a backslash");
    return parseEscape();
  default:
    return add({Kind::Character, false, int32_t(decodeCharacter(at, end)), 0});
  }
}

const char *Regex::compile(orch_string expression) {
  static constexpr char noMemory[] = "no memory for a regular expression";
  if (!steps.allocate(allocator, maxSteps) ||
      !ranges.allocate(allocator, maxRanges))
    return noMemory;
  at = expression.data;
  end = at + expression.size;
  if (parseChoice(0) && more())
    wrong("a bracket in a regular expression closes nothing");
  if (!problem)
    add({Kind::Match, false, 0, 0});
  if (problem)
    return problem;
  size_t count = size_t(numSteps);
  if (!lists.allocate(allocator, 2 * count) ||
      !marks.allocate(allocator, count) ||
      !stack.allocate(allocator, 2 * count))
    return noMemory;
  return nullptr;
}

/// Adds the steps that read a character and can be next from `step` on.
void Regex::follow(int32_t first, uint32_t before, uint32_t after,
                   uint32_t *list, int32_t &count) {
  int32_t depth = 0;
  auto push = [&](int32_t step) {
    if (marks[size_t(step)] == mark)
      return;
    marks[size_t(step)] = mark;
    stack[size_t(depth++)] = uint32_t(step);
  };
  push(first);
  while (depth) {
    auto now = int32_t(stack[size_t(--depth)]);
    const Step &step = steps[size_t(now)];
    switch (step.kind) {
    case Kind::Jump:
      push(now + step.x);
      break;
    case Kind::Split:
      push(now + step.x);
      push(now + step.y);
      break;
    case Kind::Begin:
      if (before == noCharacter)
        push(now + 1);
      break;
    case Kind::End:
      if (after == noCharacter)
        push(now + 1);
      break;
    case Kind::Border:
      if ((isWord(before) != isWord(after)) != step.flag)
        push(now + 1);
      break;
    default:
      list[count++] = uint32_t(now);
    }
  }
}

bool Regex::accepts(const Step &step, uint32_t character) const {
  switch (step.kind) {
  case Kind::Character:
    return uint32_t(step.x) == character;
  case Kind::Any:
    return character != '\n';
  case Kind::Set: {
    bool inside = false;
    for (int32_t i = step.x; i < step.x + step.y && !inside; ++i)
      inside = ranges[size_t(i)].low <= character &&
               character <= ranges[size_t(i)].high;
    return inside != step.flag;
  }
  default:
    return false;
  }
}

bool Regex::matches(orch_string text) {
  const char *place = text.data, *last = place + text.size;
  auto peek = [&] {
    const char *next = place;
    return place < last ? decodeCharacter(next, last) : noCharacter;
  };
  uint32_t *now = lists.data(), *next = now + numSteps;
  int32_t count = 0;
  ++mark;
  follow(0, noCharacter, peek(), now, count);
  while (place < last && count) {
    uint32_t character = decodeCharacter(place, last), after = peek();
    int32_t nextCount = 0;
    ++mark;
    for (int32_t i = 0; i < count; ++i)
      if (accepts(steps[now[i]], character))
        follow(int32_t(now[i]) + 1, character, after, next, nextCount);
    std::swap(now, next);
    count = nextCount;
  }
  for (int32_t i = 0; i < count && place == last; ++i)
    if (steps[now[i]].kind == Kind::Match)
      return true;
  return false;
}

} // namespace orchestra::runtime
