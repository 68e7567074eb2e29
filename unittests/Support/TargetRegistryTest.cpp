//===- TargetRegistryTest.cpp - Tests of descriptions of targets ----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Support/TargetRegistry.h"

#include "gmock/gmock.h"

using namespace llvm;
using namespace orchestra;
using testing::ElementsAre;
using testing::HasSubstr;

/// A description of two architectures that share keys.
static constexpr StringLiteral kToaster = R"json({
  "family": "toaster",
  "keys": {
    "slots": {"type": "integer", "min": 1, "max": 4, "default": 2, "summary": "s"},
    "mode": {"type": "string", "one_of": ["brown", "black"], "summary": "s"}
  },
  "architectures": {
    "toaster1": {
      "product": "Toaster", "sources": ["its box"],
      "figures": {"core_count": 2, "launch_latency": 1.0, "memory_bandwidth": 8.0,
                  "memory_bytes": 64, "peak_flops": {"f32": 100.0, "i8": 400.0}}
    },
    "toaster2": {
      "product": "Toaster 2", "sources": ["its box"], "codegen": true,
      "inline_source": "toast_source",
      "keys": {"slots": {"type": "integer", "min": 1, "max": 8, "summary": "s"}},
      "figures": {"core_count": 4, "launch_latency": 1.0, "memory_bandwidth": 8.0,
                  "memory_bytes": 128, "peak_flops": {"f64": 10.0}}
    }
  }
})json";

static std::string messageOf(Error error) { return toString(std::move(error)); }

static json::Object parse(StringRef text) {
  Expected<json::Value> value = json::parse(text);
  EXPECT_TRUE(bool(value));
  return *value->getAsObject();
}

namespace {

class TargetRegistryTest : public testing::Test {
protected:
  TargetRegistryTest() {
    Error error = targets.add(kToaster, "toaster.json");
    EXPECT_FALSE(bool(error)) << messageOf(std::move(error));
  }
  TargetRegistry targets;
};

TEST_F(TargetRegistryTest, ArchitecturesAreFoundByName) {
  EXPECT_EQ(targets.listArchs(), "\"toaster1\", \"toaster2\"");
  EXPECT_EQ(targets.lookup("kettle"), nullptr);
  const TargetArch *arch = targets.lookup("toaster2");
  ASSERT_NE(arch, nullptr);
  EXPECT_EQ(arch->family, "toaster");
  EXPECT_EQ(arch->product, "Toaster 2");
  EXPECT_EQ(arch->inlineSource, "toast_source");
  EXPECT_TRUE(arch->hasCodegen);
  EXPECT_FALSE(targets.lookup("toaster1")->hasCodegen);
}

TEST_F(TargetRegistryTest, KeysAreInherited) {
  // Those of every target, of the family, and what an architecture overrides.
  const TargetArch *first = targets.lookup("toaster1"),
                   *second = targets.lookup("toaster2");
  std::vector<std::string> names;
  for (const TargetKey &key : first->keys)
    names.push_back(key.name);
  EXPECT_THAT(names, ElementsAre("arch", "device_id", "mode", "slots"));
  EXPECT_EQ(first->findKey("slots")->max, 4);
  EXPECT_EQ(second->findKey("slots")->max, 8);
  EXPECT_EQ(first->findKey("crumbs"), nullptr);
}

TEST_F(TargetRegistryTest, LookupTakesFiguresThenDefaults) {
  const TargetArch *first = targets.lookup("toaster1");
  EXPECT_EQ(*first->lookup("memory_bytes"), json::Value(64));
  EXPECT_EQ(*first->lookup("slots"), json::Value(2));
  EXPECT_EQ(first->lookup("mode"), nullptr) << "a key without a default";
  EXPECT_EQ(targets.lookup("toaster2")->lookup("slots"), nullptr);
}

TEST_F(TargetRegistryTest, TargetsAreChecked) {
  auto check = [&](StringRef text, bool isDevice = false) {
    return targets.check(parse(text), isDevice);
  };
  EXPECT_THAT(check(R"({"arch": "toaster1", "slots": 4, "mode": "black"})"),
              ElementsAre());
  EXPECT_THAT(check(R"({"slots": 4})"),
              ElementsAre("has no 'arch', the architecture's name; known are "
                          "\"toaster1\", \"toaster2\""));
  EXPECT_THAT(check(R"({"arch": 7})"),
              ElementsAre(HasSubstr("needs a string as 'arch', not 7")));
  EXPECT_THAT(check(R"({"arch": "kettle"})"),
              ElementsAre(HasSubstr("has the unknown 'arch' \"kettle\"")));
  // All problems at once, in the order of the keys.
  EXPECT_THAT(
      check(R"({"arch": "toaster1", "slots": 5, "mode": "blue", "lid": 1,
                "device_id": -1})"),
      ElementsAre("needs an integer of at least 0 as 'device_id', not -1",
                  "has the unknown key 'lid'; a target of 'toaster1' may have "
                  "arch, device_id, mode, slots",
                  "needs one of \"brown\", \"black\" as 'mode', not \"blue\"",
                  "needs an integer from 1 to 4 as 'slots', not 5"));
}

TEST_F(TargetRegistryTest, DevicesMayHaveFigures) {
  json::Object device =
      parse(R"({"arch": "toaster1", "peak_flops": {"f32": 5.0}})");
  EXPECT_THAT(targets.check(device, /*isDevice=*/true), ElementsAre());
  EXPECT_THAT(targets.check(device, /*isDevice=*/false),
              ElementsAre(HasSubstr("has the unknown key 'peak_flops'")));
  EXPECT_THAT(
      targets.check(parse(R"({"arch": "toaster1", "peak_flops": {"f33": 1}})"),
                    true),
      ElementsAre(HasSubstr("needs a dictionary of positive numbers")));
}

TEST(TargetRegistry, WithoutArchitecturesLittleIsChecked) {
  TargetRegistry none;
  EXPECT_TRUE(none.empty());
  EXPECT_THAT(none.check(parse(R"({"arch": "any", "key": 1})"), false),
              ElementsAre());
  EXPECT_THAT(none.check(parse(R"({"arch": "any", "device_id": "x"})"), false),
              ElementsAre(HasSubstr("as 'device_id'")));
  EXPECT_THAT(none.check(parse("{}"), false),
              ElementsAre("has no 'arch', the architecture's name"));
}

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

TEST(TargetKey, SaysWhatItAccepts) {
  TargetKey key;
  EXPECT_EQ(key.expects(), "true or false");
  EXPECT_TRUE(key.accepts(true));
  EXPECT_FALSE(key.accepts(1));
  key.type = TargetKey::Type::Number;
  EXPECT_EQ(key.expects(), "a number");
  key.max = 2.5;
  EXPECT_EQ(key.expects(), "a number of at most 2.5");
  EXPECT_TRUE(key.accepts(2.5));
  EXPECT_FALSE(key.accepts(2.6));
  key.type = TargetKey::Type::Integers;
  EXPECT_TRUE(key.accepts(json::Array{0, 3}));
  EXPECT_FALSE(key.accepts(json::Array{-1}));
  EXPECT_FALSE(key.accepts(json::Array{0.5}));
  TargetKey choice;
  choice.type = TargetKey::Type::Integer;
  choice.oneOf = {128, 256};
  EXPECT_EQ(choice.expects(), "one of 128, 256");
  EXPECT_TRUE(choice.accepts(256));
  EXPECT_FALSE(choice.accepts(512));
}

//===----------------------------------------------------------------------===//
// Descriptions that are wrong
//===----------------------------------------------------------------------===//

/// The description with its first `from` replaced by `to`.
static std::string add(StringRef from, StringRef to) {
  auto [before, after] = kToaster.split(from);
  EXPECT_LT(before.size(), kToaster.size()) << "no " << from.str();
  TargetRegistry targets;
  Error error = targets.add((before + to + after).str(), "t.json");
  EXPECT_TRUE(targets.empty()) << "nothing is taken of a wrong file";
  return messageOf(std::move(error));
}

TEST(TargetDescriptionFile, MistakesAreNamedWithTheirPlace) {
  EXPECT_THAT(add("{", "["), HasSubstr("t.json: "));
  EXPECT_EQ(add("\"family\"", "\"clan\""),
            "t.json: file: needs 'family' and 'architectures'");
  EXPECT_EQ(add("\"integer\"", "\"whole\""),
            "t.json: family.keys.slots: 'type' must be boolean, integer, "
            "number, string or integers");
  EXPECT_EQ(add("\"default\": 2", "\"default\": 9"),
            "t.json: family.keys.slots: the default is not an integer from 1 "
            "to 4");
  EXPECT_EQ(add("\"default\": 2", "\"colour\": 2"),
            "t.json: family.keys.slots: unknown 'colour'");
  EXPECT_EQ(add(", \"summary\": \"s\"", ""),
            "t.json: family.keys.slots: needs a 'summary'");
  EXPECT_EQ(add("[\"brown\", \"black\"]", "[]"),
            "t.json: family.keys.mode: 'one_of' needs a list");
  EXPECT_EQ(add("\"black\"", "3"),
            "t.json: family.keys.mode: 'one_of' holds what is not a string");
  EXPECT_EQ(add("\"product\": \"Toaster\",", ""),
            "t.json: toaster1: needs a 'product', whose figures these are");
  EXPECT_EQ(add("\"sources\": [\"its box\"],", ""),
            "t.json: toaster1: needs 'sources' of its figures");
  EXPECT_EQ(add("[\"its box\"]", "[1]"),
            "t.json: toaster1: 'sources' needs strings");
  EXPECT_EQ(add("\"codegen\": true", "\"code\": true"),
            "t.json: toaster2: unknown 'code'");
  EXPECT_EQ(add("\"core_count\": 2, ", ""),
            "t.json: toaster1: needs the figure 'core_count'");
  EXPECT_EQ(add("\"core_count\": 2", "\"core_count\": 0"),
            "t.json: toaster1: 'core_count' needs an integer of at least 1");
  EXPECT_EQ(add("\"core_count\"", "\"heat\""),
            "t.json: toaster1: unknown figure 'heat'");
}

TEST_F(TargetRegistryTest, ArchitecturesAreRegisteredOnce) {
  EXPECT_THAT(messageOf(targets.add(kToaster, "again.json")),
              HasSubstr("is registered already"));
  EXPECT_EQ(targets.getArchs().size(), 2u);
}

//===----------------------------------------------------------------------===//
// Figures
//===----------------------------------------------------------------------===//

TEST_F(TargetRegistryTest, ADevicesOwnFiguresWin) {
  json::Object own = parse(R"({"arch": "toaster1", "memory_bytes": 32})"), none;
  DeviceFigures figures(own, targets.lookup("toaster1"));
  EXPECT_EQ(figures.getNumber("memory_bytes"), 32);
  EXPECT_EQ(figures.getNumber("memory_bandwidth"), 8);
  EXPECT_EQ(figures.getNumber("slots"), 2);
  EXPECT_EQ(figures.getNumber("l1_bytes"), std::nullopt);
  EXPECT_EQ(DeviceFigures(none, nullptr).getNumber("memory_bytes"),
            std::nullopt);
}

TEST_F(TargetRegistryTest, TypesWithoutARateRunAsWiderOnes) {
  json::Object none;
  DeviceFigures first(none, targets.lookup("toaster1")),
      second(none, targets.lookup("toaster2"));
  EXPECT_EQ(first.getPeak("f32"), 100);
  EXPECT_EQ(first.getPeak("bf16"), 100);
  EXPECT_EQ(first.getPeak("f8"), 100);
  EXPECT_EQ(first.getPeak("i4"), 400);
  EXPECT_EQ(first.getPeak("i32"), 100);
  EXPECT_EQ(first.getPeak("f64"), std::nullopt) << "nothing is wider";
  EXPECT_EQ(second.getPeak("f16"), 10);
  json::Object rates = parse(R"({"peak_flops": {"bf16": 7.0}})");
  EXPECT_EQ(DeviceFigures(rates, targets.lookup("toaster1")).getPeak("f32"),
            std::nullopt)
      << "a device's rates replace all of the architecture's";
}

} // namespace
