//===- Topology.cpp - A machine as data -----------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Support/Topology.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"

#include <set>

using namespace llvm;
using namespace orchestra;

StringRef Topology::Device::getArch() const {
  return target.getString("arch").value_or("");
}

int64_t Topology::Device::getId() const {
  return target.getInteger("device_id").value_or(0);
}

const Topology::Device *Topology::lookup(StringRef device) const {
  for (const Device &candidate : devices)
    if (candidate.name == device)
      return &candidate;
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// What can be written after an @ in IR, so that both forms have the same
/// names.
static bool isName(StringRef text) {
  return !text.empty() && !isDigit(text[0]) &&
         all_of(text,
                [](char c) {
                  return isAlnum(c) || c == '_' || c == '.' || c == '-';
                }) &&
         text[0] != '-' && text[0] != '.';
}

namespace {
class Reader {
public:
  Reader(StringRef file, const TargetRegistry &targets)
      : file(file), targets(targets) {}

  Expected<Topology> read(StringRef text) {
    Expected<json::Value> value = json::parse(text);
    if (!value)
      return createStringError(
          file + ": error: not JSON: " + toString(value.takeError()) +
          " [invalid-topology]");
    readRoot(*value);
    if (problems.empty())
      return std::move(topology);
    return createStringError(join(problems, "\n"));
  }

private:
  void fail(const Twine &place, const Twine &what) {
    std::string where = place.str();
    if (!where.empty())
      where = ":" + where;
    problems.push_back(
        (file + where + ": error: " + what + " [invalid-topology]").str());
  }

  void checkMembers(StringRef place, const json::Object &object,
                    ArrayRef<StringRef> known) {
    std::set<StringRef> unknown;
    for (const auto &entry : object)
      if (!is_contained(known, StringRef(entry.first)))
        unknown.insert(entry.first);
    for (StringRef name : unknown)
      fail(place, "unknown '" + name + "'; there may be " + join(known, ", "));
  }

  void readRoot(const json::Value &value) {
    const json::Object *root = value.getAsObject();
    if (!root || !root->get("orchestra_topology"))
      return fail("", "no topology: it needs to be an object with "
                      "\"orchestra_topology\": 1");
    if (root->getInteger("orchestra_topology") != 1)
      fail("orchestra_topology", "this version reads the form 1 only");
    checkMembers("", *root, {"orchestra_topology", "name", "devices", "links"});
    if (const json::Value *name = root->get("name")) {
      if (name->getAsString() && isName(*name->getAsString()))
        topology.name = name->getAsString()->str();
      else
        fail("name", "needs a name of letters, digits, '_', '.' and '-'");
    }
    const json::Array *devices = root->getArray("devices");
    if (!devices || devices->empty())
      fail("devices", "needs a list of at least one device");
    else
      for (auto [i, device] : enumerate(*devices))
        readDevice("devices[" + std::to_string(i) + "]", device);
    const json::Value *links = root->get("links");
    if (links && !links->getAsArray())
      fail("links", "needs a list");
    else if (links)
      for (auto [i, link] : enumerate(*links->getAsArray()))
        readLink("links[" + std::to_string(i) + "]", link);
  }

  void readDevice(const std::string &place, const json::Value &value) {
    const json::Object *object = value.getAsObject();
    if (!object)
      return fail(place, "needs an object");
    Topology::Device device;
    device.target = *object;
    device.target.erase("name");
    std::optional<StringRef> name = object->getString("name");
    if (!name || !isName(*name))
      fail(place + ".name",
           "needs a name of letters, digits, '_', '.' and '-'");
    else if (topology.lookup(*name))
      fail(place + ".name", "two devices are called '" + *name + "'");
    device.name = name.value_or(place).str();
    for (const std::string &problem :
         targets.check(device.target, /*isDevice=*/true))
      fail(place, "device '" + device.name + "' " + problem);
    for (const Topology::Device &other : topology.devices)
      if (!device.getArch().empty() && other.getArch() == device.getArch() &&
          other.getId() == device.getId())
        fail(place, "device '" + device.name + "' is device " +
                        Twine(device.getId()) + " of '" + device.getArch() +
                        "', as '" + other.name + "' is");
    topology.devices.push_back(std::move(device));
  }

  void readLink(const std::string &place, const json::Value &value) {
    const json::Object *object = value.getAsObject();
    if (!object)
      return fail(place, "needs an object");
    checkMembers(place, *object, {"from", "to", "bandwidth", "latency"});
    Topology::Link link;
    for (auto [key, end] : {std::pair("from", &link.from), {"to", &link.to}}) {
      std::optional<StringRef> name = object->getString(key);
      if (!name || !topology.lookup(*name))
        fail(place + "." + key, name ? "there is no device '" + *name + "'"
                                     : Twine("needs the name of a device"));
      *end = name.value_or("").str();
    }
    if (!link.from.empty() && link.from == link.to)
      fail(place, "joins '" + link.from + "' with itself");
    for (const Topology::Link &other : topology.links)
      if (std::minmax({link.from, link.to}) ==
          std::minmax({other.from, other.to}))
        fail(place, "joins '" + link.from + "' and '" + link.to +
                        "', as another link does");
    std::optional<double> bandwidth = object->getNumber("bandwidth"),
                          latency = object->getNumber("latency");
    if (!bandwidth || !(*bandwidth > 0))
      fail(place + ".bandwidth", "needs a number above 0, in bytes a second");
    if (!latency || !(*latency >= 0))
      fail(place + ".latency", "needs a number of at least 0, in seconds");
    link.bandwidth = bandwidth.value_or(0);
    link.latency = latency.value_or(0);
    topology.links.push_back(std::move(link));
  }

  StringRef file;
  const TargetRegistry &targets;
  Topology topology;
  std::vector<std::string> problems;
};
} // namespace

Expected<Topology> orchestra::parseTopology(StringRef text, StringRef file,
                                            const TargetRegistry &targets) {
  return Reader(file, targets).read(text);
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static void printObject(const json::Object &object, ArrayRef<StringRef> first,
                        raw_ostream &os);

/// Numbers in as few digits as say them: 1e-05, not 1.0000000000000001e-05.
static void printValue(const json::Value &value, raw_ostream &os) {
  if (const json::Object *object = value.getAsObject())
    return printObject(*object, {}, os);
  std::optional<double> number = value.getAsNumber();
  if (!number || value.getAsInteger()) {
    os << value;
    return;
  }
  char text[32];
  for (int digits = 6; digits <= 17; ++digits) {
    snprintf(text, sizeof(text), "%.*g", digits, *number);
    if (strtod(text, nullptr) == *number)
      break;
  }
  os << text;
}

/// An object on one line, the `first` members in front.
static void printObject(const json::Object &object, ArrayRef<StringRef> first,
                        raw_ostream &os) {
  std::vector<StringRef> names(first);
  erase_if(names, [&](StringRef name) { return !object.get(name); });
  std::set<StringRef> rest;
  for (const auto &entry : object)
    if (!is_contained(names, StringRef(entry.first)))
      rest.insert(entry.first);
  names.insert(names.end(), rest.begin(), rest.end());
  os << "{";
  interleaveComma(names, os, [&](StringRef name) {
    os << json::Value(name) << ": ";
    printValue(*object.get(name), os);
  });
  os << "}";
}

static void printList(StringRef name, ArrayRef<json::Object> objects,
                      ArrayRef<StringRef> first, raw_ostream &os) {
  os << ",\n  \"" << name << "\": [";
  for (auto [i, object] : enumerate(objects)) {
    os << (i ? ",\n    " : "\n    ");
    printObject(object, first, os);
  }
  os << (objects.empty() ? "]" : "\n  ]");
}

void orchestra::printTopology(const Topology &topology, raw_ostream &os) {
  os << "{\n  \"orchestra_topology\": 1,\n  \"name\": "
     << json::Value(topology.name);
  std::vector<json::Object> devices, links;
  for (const Topology::Device &device : topology.devices) {
    json::Object object = device.target;
    object["name"] = device.name;
    devices.push_back(std::move(object));
  }
  for (const Topology::Link &link : topology.links)
    links.push_back(json::Object{{"from", link.from},
                                 {"to", link.to},
                                 {"bandwidth", link.bandwidth},
                                 {"latency", link.latency}});
  printList("devices", devices, {"name", "arch", "device_id"}, os);
  printList("links", links, {"from", "to", "bandwidth", "latency"}, os);
  os << "\n}\n";
}
