//===- TargetDescriptionFile.cpp - Reads descriptions of architectures ----===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads what docs/targets.md describes into a TargetRegistry. A description
// comes with the compiler, but a person wrote it: whatever is wrong is an error
// that names the place, and nothing of the file is taken.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Support/TargetRegistry.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;
using namespace orchestra;

namespace {
class Reader {
public:
  explicit Reader(StringRef file) : file(file) {}

  Error fail(const Twine &place, const Twine &what) const {
    return createStringError(file + ": " + place + ": " + what);
  }

  Expected<TargetKey> readKey(StringRef place, StringRef name,
                              const json::Value &value) const {
    TargetKey key;
    key.name = name.str();
    std::string where = (place + ".keys." + name).str();
    const json::Object *object = value.getAsObject();
    if (!object)
      return fail(where, "needs an object");
    for (const auto &entry : *object)
      if (!is_contained({"type", "min", "max", "one_of", "default", "summary"},
                        StringRef(entry.first)))
        return fail(where, "unknown '" + Twine(entry.first) + "'");
    auto type = StringSwitch<std::optional<TargetKey::Type>>(
                    object->getString("type").value_or(""))
                    .Case("boolean", TargetKey::Type::Boolean)
                    .Case("integer", TargetKey::Type::Integer)
                    .Case("number", TargetKey::Type::Number)
                    .Case("string", TargetKey::Type::String)
                    .Case("integers", TargetKey::Type::Integers)
                    .Default(std::nullopt);
    if (!type)
      return fail(where, "'type' must be boolean, integer, number, string or "
                         "integers");
    key.type = *type;
    key.min = object->getNumber("min");
    key.max = object->getNumber("max");
    std::optional<StringRef> summary = object->getString("summary");
    if (!summary || summary->empty())
      return fail(where, "needs a 'summary'");
    key.summary = summary->str();
    if (const json::Value *values = object->get("one_of")) {
      const json::Array *list = values->getAsArray();
      if (!list || list->empty())
        return fail(where, "'one_of' needs a list");
      for (const json::Value &choice : *list) {
        if (!key.accepts(choice))
          return fail(where, "'one_of' holds what is not " + key.expects());
      }
      key.oneOf.assign(list->begin(), list->end());
    }
    if (const json::Value *given = object->get("default")) {
      if (!key.accepts(*given))
        return fail(where, "the default is not " + key.expects());
      key.defaultValue = *given;
    }
    return key;
  }

  /// Appends the keys of `object`; a later one of the same name wins.
  Error readKeys(StringRef place, const json::Object &object,
                 std::vector<TargetKey> &keys) const {
    const json::Value *value = object.get("keys");
    if (!value)
      return Error::success();
    if (!value->getAsObject())
      return fail(place, "'keys' needs an object");
    for (const auto &entry : *value->getAsObject()) {
      Expected<TargetKey> key = readKey(place, entry.first, entry.second);
      if (!key)
        return key.takeError();
      erase_if(keys,
               [&](const TargetKey &old) { return old.name == key->name; });
      keys.push_back(std::move(*key));
    }
    llvm::sort(keys, [](const TargetKey &a, const TargetKey &b) {
      return a.name < b.name;
    });
    return Error::success();
  }

  Expected<std::unique_ptr<TargetArch>>
  readArch(StringRef name, const json::Value &value, StringRef family,
           std::vector<TargetKey> keys) const {
    const json::Object *object = value.getAsObject();
    if (!object)
      return fail(name, "needs an object");
    for (const auto &entry : *object)
      if (!is_contained({"product", "sources", "codegen", "inline_source",
                         "figures", "keys"},
                        StringRef(entry.first)))
        return fail(name, "unknown '" + Twine(entry.first) + "'");
    auto arch = std::make_unique<TargetArch>();
    arch->name = name.str();
    arch->family = family.str();
    arch->product = object->getString("product").value_or("").str();
    arch->inlineSource = object->getString("inline_source").value_or("").str();
    arch->hasCodegen = object->getBoolean("codegen").value_or(false);
    if (arch->product.empty())
      return fail(name, "needs a 'product', whose figures these are");
    const json::Array *sources = object->getArray("sources");
    if (!sources || sources->empty())
      return fail(name, "needs 'sources' of its figures");
    for (const json::Value &source : *sources) {
      if (!source.getAsString())
        return fail(name, "'sources' needs strings");
      arch->sources.push_back(source.getAsString()->str());
    }
    if (Error error = readKeys(name, *object, keys))
      return std::move(error);
    arch->keys = std::move(keys);
    const json::Object *figures = object->getObject("figures");
    if (!figures)
      return fail(name, "needs 'figures'");
    for (const auto &figure : *figures) {
      const TargetKey *key =
          find_if(getDeviceKeys(), [&](const TargetKey &candidate) {
            return StringRef(figure.first) == candidate.name;
          });
      if (key == getDeviceKeys().end())
        return fail(name, "unknown figure '" + Twine(figure.first) + "'");
      if (!key->accepts(figure.second))
        return fail(name, "'" + key->name + "' needs " + key->expects());
    }
    for (StringRef needed : {"core_count", "launch_latency", "memory_bandwidth",
                             "memory_bytes", "peak_flops"})
      if (!figures->get(needed))
        return fail(name, "needs the figure '" + needed + "'");
    arch->figures = *figures;
    return arch;
  }

private:
  StringRef file;
};
} // namespace

/// Keys of every target.
static std::vector<TargetKey> getCommonKeys() {
  TargetKey arch, id;
  arch.name = "arch";
  arch.type = TargetKey::Type::String;
  arch.summary = "the architecture's name";
  id.name = "device_id";
  id.type = TargetKey::Type::Integer;
  id.min = 0;
  id.defaultValue = 0;
  id.summary = "which of the machine's devices of this architecture";
  return {arch, id};
}

Error TargetRegistry::add(StringRef text, StringRef name) {
  Reader reader(name);
  Expected<json::Value> file = json::parse(text);
  if (!file)
    return createStringError(name + ": " + toString(file.takeError()));
  const json::Object *root = file->getAsObject();
  if (!root)
    return reader.fail("file", "needs an object");
  std::optional<StringRef> family = root->getString("family");
  const json::Object *architectures = root->getObject("architectures");
  if (!family || !architectures)
    return reader.fail("file", "needs 'family' and 'architectures'");
  std::vector<TargetKey> keys = getCommonKeys();
  if (Error error = reader.readKeys("family", *root, keys))
    return error;
  std::vector<std::unique_ptr<TargetArch>> read;
  for (const auto &entry : *architectures) {
    if (lookup(entry.first))
      return reader.fail(Twine(StringRef(entry.first)),
                         "is registered already");
    auto arch = reader.readArch(entry.first, entry.second, *family, keys);
    if (!arch)
      return arch.takeError();
    read.push_back(std::move(*arch));
  }
  for (std::unique_ptr<TargetArch> &arch : read)
    archs.push_back(std::move(arch));
  llvm::sort(archs,
             [](const auto &a, const auto &b) { return a->name < b->name; });
  return Error::success();
}
