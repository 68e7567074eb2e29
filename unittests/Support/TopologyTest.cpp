//===- TopologyTest.cpp - Tests of machines as data -----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Support/Topology.h"

#include "llvm/Support/raw_ostream.h"

#include "gmock/gmock.h"

using namespace llvm;
using namespace orchestra;
using testing::HasSubstr;

static Expected<Topology> read(StringRef text) {
  static const TargetRegistry none;
  return parseTopology(text, "m.json", none);
}

static std::string print(const Topology &topology) {
  std::string text;
  raw_string_ostream os(text);
  printTopology(topology, os);
  return text;
}

static std::string errorOf(StringRef text) {
  Expected<Topology> topology = read(text);
  return topology ? "" : toString(topology.takeError());
}

namespace {

TEST(Topology, IsReadWithDefaults) {
  Expected<Topology> topology = read(R"({"orchestra_topology": 1, "devices": [
      {"name": "cpu0", "arch": "x"}, {"name": "g", "arch": "x", "device_id": 3}],
    "links": [{"from": "cpu0", "to": "g", "bandwidth": 1e9, "latency": 0}]})");
  ASSERT_TRUE(bool(topology)) << toString(topology.takeError());
  EXPECT_EQ(topology->name, "machine");
  ASSERT_EQ(topology->devices.size(), 2u);
  EXPECT_EQ(topology->devices[0].getArch(), "x");
  EXPECT_EQ(topology->devices[0].getId(), 0);
  EXPECT_EQ(topology->devices[1].getId(), 3);
  EXPECT_EQ(topology->devices[1].target.get("name"), nullptr);
  EXPECT_EQ(topology->lookup("g"), &topology->devices[1]);
  EXPECT_EQ(topology->lookup("h"), nullptr);
  ASSERT_EQ(topology->links.size(), 1u);
  EXPECT_EQ(topology->links[0].bandwidth, 1e9);
}

TEST(Topology, RoundTrips) {
  Topology topology;
  topology.name = "desk";
  topology.devices.push_back(
      {"a", json::Object{{"arch", "x"}, {"memory_bytes", 8}}});
  topology.devices.push_back(
      {"b", json::Object{{"arch", "y"},
                         {"device_id", 1},
                         {"peak_flops", json::Object{{"f32", 1.25e13}}}}});
  // A third of a microsecond has no short form.
  topology.links.push_back({"a", "b", 2.5e10, 1e-6 / 3});
  std::string text = print(topology);
  Expected<Topology> again = read(text);
  ASSERT_TRUE(bool(again)) << toString(again.takeError());
  EXPECT_EQ(print(*again), text);
  EXPECT_EQ(again->links[0].latency, 1e-6 / 3);
  EXPECT_EQ(again->devices[1].target, topology.devices[1].target);
}

TEST(Topology, NumbersAreShort) {
  Topology topology;
  topology.devices.push_back({"a", json::Object{{"arch", "x"}}});
  topology.devices.push_back({"b", json::Object{{"arch", "y"}}});
  topology.links.push_back({"a", "b", 6.4e10, 1e-5});
  EXPECT_THAT(print(topology), HasSubstr("\"latency\": 1e-05}"));
}

TEST(Topology, AllProblemsAreReported) {
  std::string errors = errorOf(R"({"orchestra_topology": 1, "rooms": 3,
    "devices": [{"name": "a", "arch": "x"}, {"name": "b", "arch": "x"}],
    "links": [{"from": "a", "to": "c", "bandwidth": 0, "latency": -1}]})");
  for (StringRef part :
       {"m.json: error: unknown 'rooms'",
        "m.json:devices[1]: error: device 'b' is device 0 of 'x', as 'a' is",
        "m.json:links[0].to: error: there is no device 'c'",
        "m.json:links[0].bandwidth: error: needs a number above 0",
        "m.json:links[0].latency: error: needs a number of at least 0"})
    EXPECT_THAT(errors, HasSubstr(part.str()));
}

TEST(Topology, LinksBothWaysAreOne) {
  EXPECT_THAT(errorOf(R"({"orchestra_topology": 1,
    "devices": [{"name": "a", "arch": "x"}, {"name": "b", "arch": "y"}],
    "links": [{"from": "a", "to": "b", "bandwidth": 1, "latency": 0},
              {"from": "b", "to": "a", "bandwidth": 1, "latency": 0}]})"),
              HasSubstr("joins 'b' and 'a', as another link does"));
}

TEST(Topology, OtherFilesAreRefused) {
  EXPECT_THAT(errorOf("{"), HasSubstr("m.json: error: not JSON"));
  EXPECT_THAT(errorOf("{}"), HasSubstr("no topology"));
  EXPECT_THAT(errorOf(R"({"orchestra_topology": 2, "devices": []})"),
              HasSubstr("reads the form 1 only"));
}

} // namespace
