//===- StringsTest.cpp - Strings, regular expressions, host functions -----===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "TestSupport.h"

#include "HostFunctions.h"
#include "Regex.h"

#include <regex>

using namespace orchestra::runtime;

namespace {

orch_string view(const std::string &text) { return {text.data(), text.size()}; }
std::string copy(orch_string text) { return std::string(text.data, text.size); }

TEST(StringTable, NumbersAreThoseOfContents) {
  orch_allocator allocator = orch_system_allocator();
  StringTable table;
  std::vector<int64_t> numbers;
  for (int i = 0; i < 1000; ++i) {
    std::string text = "word " + std::to_string(i);
    numbers.push_back(table.number(allocator, text.data(), text.size()));
    EXPECT_GT(numbers.back(), 0);
  }
  for (int i = 0; i < 1000; ++i) {
    std::string text = "word " + std::to_string(i);
    EXPECT_EQ(table.number(allocator, text.data(), text.size()), numbers[i]);
    EXPECT_EQ(copy(table.get(numbers[i])), text);
  }
  EXPECT_EQ(table.number(allocator, "", 0), 0);
  EXPECT_EQ(table.number(allocator, "a\0b", 3), 1001);
  for (int64_t none : {int64_t(-1), int64_t(0), int64_t(2000)})
    EXPECT_EQ(table.get(none).size, 0u);
  table.clear();
  EXPECT_EQ(table.get(1).size, 0u);
  EXPECT_EQ(table.number(allocator, "again", 5), 1);
}

bool matches(const std::string &expression, const std::string &text) {
  Regex regex(orch_system_allocator());
  const char *why = regex.compile(view(expression));
  EXPECT_EQ(why, nullptr) << expression << ": " << why;
  return !why && regex.matches(view(text));
}

// The standard library's own syntax, ECMAScript, agrees on these.
TEST(Regex, AgreesWithTheStandardLibrary) {
  const char *expressions[] = {"",
                               "a",
                               "ab|c",
                               "a*b",
                               "(ab)+",
                               "a?b?c?",
                               "[A-C]+",
                               "[^A-C]*",
                               "a{2}",
                               "a{2,}",
                               "a{1,3}",
                               "(a|b){0,2}c",
                               "\\w+",
                               "\\d*\\s?",
                               ".*b",
                               "(a*)*",
                               "(a|ab)(c|bcd)(d*)",
                               "^a$",
                               "\\bab\\b.*",
                               "[\\w.-]+",
                               "[]a]*",
                               "x{0}y"};
  const char *texts[] = {"",   "a",   "b",    "ab",   "abab", "aab",   "abc",
                         "c",  "aaa", "abcd", "1 ",   "12",   "A.b-C", "ab cd",
                         "]a", "y",   "xy",   "aaaa", "bac",  "\n",    "a\nb"};
  for (const char *expression : expressions)
    for (const char *text : texts) {
      if (std::string(expression) == "[]a]*") { // ECMAScript's own reading
        EXPECT_EQ(matches(expression, text),
                  std::string(text).find_first_not_of("]a") ==
                      std::string::npos);
        continue;
      }
      bool wanted = std::regex_match(text, std::regex(expression));
      EXPECT_EQ(matches(expression, text), wanted)
          << "'" << expression << "' on '" << text << "'";
    }
}

TEST(Regex, CharactersAreThoseOfUtf8) {
  EXPECT_TRUE(matches("..", "äö"));
  EXPECT_TRUE(matches("[ä-ü]+", "äöü"));
  EXPECT_FALSE(matches("[ä-ü]+", "äx"));
}

TEST(Regex, TakesNoExponentialTime) {
  std::string many(5000, 'a');
  EXPECT_FALSE(matches("(a*)*b", many));
  EXPECT_FALSE(matches("(a|aa)+b", many));
}

TEST(Regex, WrongExpressionsAreRefused) {
  for (const char *expression :
       {"(", ")", "[a", "*a", "a{3,2}", "a\\", "\\q", "(?i)a", "[B-A]",
        "a{1001}", "[[:alpha:]]", "((a{1000}){1000}){1000}"}) {
    Regex regex(orch_system_allocator());
    EXPECT_NE(regex.compile(view(expression)), nullptr) << expression;
  }
  std::string deep(300, '(');
  Regex regex(orch_system_allocator());
  EXPECT_NE(regex.compile(view(deep)), nullptr);
}

/// Operands of a call of a host function.
struct Call {
  template <typename T>
  Call &with(std::vector<T> &data, std::vector<int64_t> dims) {
    shapes.push_back(std::move(dims));
    pointers.push_back(data.data());
    return *this;
  }
  const char *run(const char *name) {
    std::vector<orch_operand> operands;
    operands.reserve(shapes.size());
    for (size_t i = 0; i < shapes.size(); ++i)
      operands.push_back(
          {pointers[i], shapes[i].data(), int64_t(shapes[i].size())});
    HostFunction function = findHostFunction(name, int64_t(operands.size()));
    return function ? function({allocator, table, operands.data(),
                                int64_t(operands.size())})
                    : "no such function";
  }
  std::vector<int64_t> numbers(const std::vector<std::string> &texts) {
    std::vector<int64_t> result;
    result.reserve(texts.size());
    for (const std::string &text : texts)
      result.push_back(table.number(allocator, text.data(), text.size()));
    return result;
  }
  std::vector<std::string> texts(const std::vector<int64_t> &numbers) {
    std::vector<std::string> result;
    result.reserve(numbers.size());
    for (int64_t number : numbers)
      result.push_back(copy(table.get(number)));
    return result;
  }
  orch_allocator allocator = orch_system_allocator();
  StringTable table;
  std::vector<std::vector<int64_t>> shapes;
  std::vector<void *> pointers;
};

using Texts = std::vector<std::string>;

TEST(HostFunctions, Concat) {
  Call call;
  auto x = call.numbers({"a", "", "c"}), y = call.numbers({"x", "", ""});
  std::vector<int64_t> z(3, 99);
  EXPECT_EQ(call.with(x, {3}).with(y, {3}).with(z, {3}).run("string_concat"),
            nullptr);
  EXPECT_EQ(call.texts(z), (Texts{"ax", "", "c"}));
}

TEST(HostFunctions, Literals) {
  Call call;
  std::vector<char> bytes{'a', 'b', 'c'};
  std::vector<int64_t> ends{1, 1, 3}, out(3);
  EXPECT_EQ(call.with(bytes, {3})
                .with(ends, {3})
                .with(out, {3})
                .run("string_literals"),
            nullptr);
  EXPECT_EQ(call.texts(out), (Texts{"a", "", "bc"}));
}

TEST(HostFunctions, Case) {
  Call call;
  auto x = call.numbers({"Straße", "ÄÖÜ x1", ""});
  std::vector<int64_t> upper{0}, out(3);
  EXPECT_EQ(call.with(x, {3}).with(upper, {}).with(out, {3}).run("string_case"),
            nullptr);
  EXPECT_EQ(call.texts(out), (Texts{"straße", "äöü x1", ""}));
}

TEST(HostFunctions, NumbersOfNoStringAreEmpty) {
  Call call;
  std::vector<int64_t> x{123456, -5}, z(2);
  EXPECT_EQ(call.with(x, {2}).with(x, {2}).with(z, {2}).run("string_concat"),
            nullptr);
  EXPECT_EQ(call.texts(z), (Texts{"", ""}));
}

// np.random.RandomState(42).uniform(size=3)
TEST(HostFunctions, RandomNumbersAreThoseOfNumPy) {
  Call call;
  std::vector<int64_t> seed{42};
  std::vector<double> out(3);
  EXPECT_EQ(call.with(seed, {}).with(out, {3}).run("random"), nullptr);
  EXPECT_DOUBLE_EQ(out[0], 0.3745401188473625);
  EXPECT_DOUBLE_EQ(out[1], 0.9507143064099162);
  EXPECT_DOUBLE_EQ(out[2], 0.7319939418114051);
}

TEST(HostFunctions, UnknownOnesAreNull) {
  EXPECT_EQ(findHostFunction("teleport", 1), nullptr);
  EXPECT_EQ(findHostFunction("random", 5), nullptr);
}

} // namespace
