//===- TargetRegistry.cpp - What is known about architectures -------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The registry itself. TargetDescriptionFile.cpp reads the files it is filled
// from.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Support/TargetRegistry.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <utility>

using namespace llvm;
using namespace orchestra;

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

static std::string print(const json::Value &value) {
  std::string text;
  raw_string_ostream(text) << value;
  return text;
}

/// 65536, not 6.5536e+04.
static std::string printLimit(double limit) {
  if (limit == double(int64_t(limit)))
    return std::to_string(int64_t(limit));
  return print(json::Value(limit));
}

std::string TargetKey::expects() const {
  auto listed = [&](const Twine &noun) {
    if (!oneOf.empty()) {
      std::vector<std::string> texts;
      texts.reserve(oneOf.size());
      for (const json::Value &value : oneOf)
        texts.push_back(print(value));
      return (oneOf.size() == 1 ? "" : "one of ") + join(texts, ", ");
    }
    std::string text = noun.str();
    if (min && max)
      text += " from " + printLimit(*min) + " to " + printLimit(*max);
    else if (min)
      text += " of at least " + printLimit(*min);
    else if (max)
      text += " of at most " + printLimit(*max);
    return text;
  };
  switch (type) {
  case Type::Boolean:
    return "true or false";
  case Type::Integer:
    return listed("an integer");
  case Type::Number:
    return listed("a number");
  case Type::String:
    return listed("a string");
  case Type::Integers:
    return "a list of integers, none below 0";
  case Type::Rates:
    return "a dictionary of positive numbers by element type, which is one "
           "of " +
           join(getRateTypes(), ", ");
  case Type::Tables:
    return "lists of pairs of a size and a rate, sizes rising, for each of " +
           join(getKernelKinds(), ", ");
  }
  return "";
}

/// [[size, rate], ...], sizes rising, all above zero.
static bool isTable(const json::Value &value) {
  const json::Array *pairs = value.getAsArray();
  double last = 0;
  return pairs && !pairs->empty() &&
         all_of(*pairs, [&](const json::Value &entry) {
           const json::Array *pair = entry.getAsArray();
           if (!pair || pair->size() != 2)
             return false;
           double size = (*pair)[0].getAsNumber().value_or(0),
                  rate = (*pair)[1].getAsNumber().value_or(0);
           return size > std::exchange(last, size) && rate > 0;
         });
}

bool TargetKey::accepts(const json::Value &value) const {
  auto inRange = [&](double number) {
    return (!min || number >= *min) && (!max || number <= *max);
  };
  if (!oneOf.empty() && !is_contained(oneOf, value))
    return false;
  switch (type) {
  case Type::Boolean:
    return value.getAsBoolean().has_value();
  case Type::Integer:
    return value.getAsInteger() && inRange(double(*value.getAsInteger()));
  case Type::Number:
    return value.getAsNumber() && inRange(*value.getAsNumber());
  case Type::String:
    return value.getAsString().has_value();
  case Type::Integers: {
    const json::Array *list = value.getAsArray();
    return list && all_of(*list, [](const json::Value &element) {
             return element.getAsInteger() && *element.getAsInteger() >= 0;
           });
  }
  case Type::Rates: {
    const json::Object *rates = value.getAsObject();
    return rates && all_of(*rates, [](const auto &rate) {
             std::optional<double> number = rate.second.getAsNumber();
             return number && *number > 0 &&
                    is_contained(getRateTypes(), StringRef(rate.first));
           });
  }
  case Type::Tables: {
    const json::Object *tables = value.getAsObject();
    return tables && tables->size() == getKernelKinds().size() &&
           all_of(getKernelKinds(), [&](StringRef kind) {
             const json::Value *table = tables->get(kind);
             return table && isTable(*table);
           });
  }
  }
  return false;
}

ArrayRef<StringLiteral> orchestra::getRateTypes() {
  // Each followed by what it may run as; see getPeak().
  static constexpr StringLiteral types[] = {"f64",  "f32", "tf32", "f16",
                                            "bf16", "f8",  "f6",   "f4",
                                            "i32",  "i16", "i8",   "i4"};
  return types;
}

ArrayRef<StringLiteral> orchestra::getKernelKinds() {
  static constexpr StringLiteral kinds[] = {"matmul", "convolution", "window",
                                            "rows",   "elementwise", "copy",
                                            "read",   "math"};
  return kinds;
}

ArrayRef<TargetKey> orchestra::getDeviceKeys() {
  static const std::vector<TargetKey> keys = [] {
    std::vector<TargetKey> keys;
    auto add = [&](StringRef name, TargetKey::Type type, StringRef summary,
                   std::optional<double> min = std::nullopt) {
      TargetKey key;
      key.name = name.str();
      key.type = type;
      key.min = min;
      key.summary = summary.str();
      keys.push_back(std::move(key));
    };
    using Type = TargetKey::Type;
    add("clock_hz", Type::Number, "highest sustained clock", 0);
    add("copy_engine", Type::Boolean,
        "whether it computes while data is copied to it; if absent, it does");
    add("core_count", Type::Integer,
        "cores: CPU cores, streaming multiprocessors, compute units, "
        "TensorCores, NeuronCores",
        1);
    add("cores", Type::Integers, "the operating system's numbers of the cores");
    add("kernel_rates", Type::Tables,
        "measured rates of kernels by their kind and size");
    add("l1_bytes", Type::Integer, "first-level data cache of a core", 0);
    add("l2_bytes", Type::Integer,
        "second-level cache: of a core on CPUs, of the device elsewhere", 0);
    add("l3_bytes", Type::Integer, "last-level cache of the device", 0);
    add("launch_latency", Type::Number,
        "from starting a kernel to its first instruction, in seconds", 0);
    add("link_bandwidth", Type::Number,
        "to devices of its kind, over all links, each way", 0);
    add("memory_bandwidth", Type::Number, "of the device's own memory", 0);
    add("memory_bytes", Type::Integer, "of the device's own memory", 0);
    add("numa_node", Type::Integer, "the operating system's number of the node",
        0);
    add("peak_flops", Type::Rates,
        "operations a second by element type, dense; a multiply-add is two");
    add("product", Type::String, "the product's name");
    add("shared_memory_bytes", Type::Integer,
        "on-chip memory of a core that programs manage", 0);
    add("vector_bits", Type::Integer, "widest vector register", 1);
    return keys;
  }();
  return keys;
}

static const TargetKey *findIn(ArrayRef<TargetKey> keys, StringRef name) {
  const TargetKey *key =
      find_if(keys, [&](const TargetKey &key) { return key.name == name; });
  return key == keys.end() ? nullptr : key;
}

//===----------------------------------------------------------------------===//
// Architectures
//===----------------------------------------------------------------------===//

const TargetKey *TargetArch::findKey(StringRef name) const {
  return findIn(keys, name);
}

const json::Value *TargetArch::lookup(StringRef name) const {
  if (const json::Value *figure = figures.get(name))
    return figure;
  const TargetKey *key = findKey(name);
  if (!key || key->defaultValue.kind() == json::Value::Null)
    return nullptr;
  return &key->defaultValue;
}

const TargetArch *TargetRegistry::lookup(StringRef arch) const {
  for (const std::unique_ptr<TargetArch> &candidate : archs)
    if (candidate->name == arch)
      return candidate.get();
  return nullptr;
}

std::string TargetRegistry::listArchs() const {
  std::vector<std::string> names;
  names.reserve(archs.size());
  for (const std::unique_ptr<TargetArch> &arch : archs)
    names.push_back("\"" + arch->name + "\"");
  return join(names, ", ");
}

std::vector<std::string> TargetRegistry::check(const json::Object &target,
                                               bool isDevice) const {
  std::vector<std::string> problems;
  std::string known = empty() ? "" : "; known are " + listArchs();
  const json::Value *name = target.get("arch");
  if (!name)
    return {"has no 'arch', the architecture's name" + known};
  if (!name->getAsString())
    return {"needs a string as 'arch', not " + print(*name) + known};
  const TargetArch *arch = lookup(*name->getAsString());
  if (!arch && !empty())
    return {"has the unknown 'arch' " + print(*name) + known};

  TargetKey deviceId;
  deviceId.type = TargetKey::Type::Integer;
  deviceId.min = 0;
  // An object has no order of its own; errors have.
  std::vector<std::pair<StringRef, const json::Value *>> sorted;
  for (const auto &entry : target)
    sorted.emplace_back(entry.first, &entry.second);
  llvm::sort(sorted, less_first());
  for (const auto &[name, value] : sorted) {
    const TargetKey *key = name == "device_id" ? &deviceId : nullptr;
    if (!key && arch)
      key = arch->findKey(name);
    if (!key && isDevice)
      key = findIn(getDeviceKeys(), name);
    if (!key) {
      if (!arch)
        continue;
      std::vector<std::string> names;
      names.reserve(arch->keys.size());
      for (const TargetKey &valid : arch->keys)
        names.push_back(valid.name);
      if (isDevice)
        for (const TargetKey &valid : getDeviceKeys())
          names.push_back(valid.name);
      llvm::sort(names);
      names.erase(llvm::unique(names), names.end());
      problems.push_back(("has the unknown key '" + name + "'; a" +
                          (isDevice ? " device" : " target") + " of '" +
                          arch->name + "' may have " + join(names, ", "))
                             .str());
    } else if (!key->accepts(*value)) {
      problems.push_back(("needs " + key->expects() + " as '" + name +
                          "', not " + print(*value))
                             .str());
    }
  }
  return problems;
}

//===----------------------------------------------------------------------===//
// Figures of a device
//===----------------------------------------------------------------------===//

const json::Value *DeviceFigures::lookup(StringRef key) const {
  if (const json::Value *own = target.get(key))
    return own;
  return arch ? arch->lookup(key) : nullptr;
}

std::optional<double> DeviceFigures::getNumber(StringRef key) const {
  const json::Value *value = lookup(key);
  return value ? value->getAsNumber() : std::nullopt;
}

std::optional<double> DeviceFigures::getPeak(StringRef type) const {
  const json::Value *value = lookup("peak_flops");
  const json::Object *rates = value ? value->getAsObject() : nullptr;
  if (!rates)
    return std::nullopt;
  // What hardware without a type computes with instead. No 32-bit float runs as
  // tf32: its results differ.
  static constexpr std::pair<StringLiteral, StringLiteral> kNext[] = {
      {"f4", "f6"},   {"f6", "f8"},    {"f8", "bf16"}, {"bf16", "f32"},
      {"f16", "f32"}, {"tf32", "f32"}, {"f32", "f64"}, {"i4", "i8"},
      {"i8", "i16"},  {"i16", "i32"},  {"i32", "f32"}};
  for (;;) {
    if (std::optional<double> rate = rates->getNumber(type))
      return rate;
    const auto *next = find_if(
        kNext, [&](const auto &step) { return StringRef(step.first) == type; });
    if (next == std::end(kNext))
      return std::nullopt;
    type = next->second;
  }
}
