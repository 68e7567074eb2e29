//===- TargetDictionary.cpp - Dictionaries that describe devices ----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One check serves attributes and JSON files: attributes become JSON first.
//
//===----------------------------------------------------------------------===//
#include "TargetDictionary.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Dialect/Orchestra/TopologyConversion.h"

using namespace mlir;
using namespace orchestra;
namespace json = llvm::json;

StringRef orchestra::getArch(DictionaryAttr target) {
  auto arch = target.getAs<StringAttr>("arch");
  return arch ? arch.getValue() : "";
}

int64_t orchestra::getDeviceId(DictionaryAttr target) {
  auto id = target.getAs<IntegerAttr>("device_id");
  return id ? id.getInt() : 0;
}

const TargetArch *orchestra::lookupArch(DictionaryAttr target) {
  auto *dialect = target.getContext()->getLoadedDialect<OrchestraDialect>();
  return dialect->getTargets().lookup(getArch(target));
}

std::optional<json::Value> orchestra::toJson(Attribute attribute) {
  if (auto text = dyn_cast<StringAttr>(attribute))
    return json::Value(text.getValue().str());
  if (auto flag = dyn_cast<BoolAttr>(attribute))
    return json::Value(flag.getValue());
  if (auto integer = dyn_cast<IntegerAttr>(attribute)) {
    if (integer.getValue().getSignificantBits() > 64)
      return std::nullopt;
    return json::Value(integer.getValue().getSExtValue());
  }
  if (auto number = dyn_cast<FloatAttr>(attribute))
    return json::Value(number.getValueAsDouble());
  if (auto list = dyn_cast<DenseI64ArrayAttr>(attribute))
    return json::Value(json::Array(list.asArrayRef()));
  if (auto list = dyn_cast<ArrayAttr>(attribute)) {
    json::Array array;
    for (Attribute element : list) {
      std::optional<json::Value> value = toJson(element);
      if (!value)
        return std::nullopt;
      array.push_back(std::move(*value));
    }
    return json::Value(std::move(array));
  }
  if (auto dictionary = dyn_cast<DictionaryAttr>(attribute)) {
    json::Object object;
    for (NamedAttribute entry : dictionary) {
      std::optional<json::Value> value = toJson(entry.getValue());
      if (!value)
        return std::nullopt;
      object[entry.getName().getValue()] = std::move(*value);
    }
    return json::Value(std::move(object));
  }
  return std::nullopt;
}

Attribute orchestra::fromJson(const json::Value &value, MLIRContext *context) {
  Builder b(context);
  switch (value.kind()) {
  case json::Value::Null:
    return UnitAttr::get(context);
  case json::Value::Boolean:
    return b.getBoolAttr(*value.getAsBoolean());
  case json::Value::Number:
    if (std::optional<int64_t> integer = value.getAsInteger())
      return b.getI64IntegerAttr(*integer);
    return b.getF64FloatAttr(*value.getAsNumber());
  case json::Value::String:
    return b.getStringAttr(*value.getAsString());
  case json::Value::Array: {
    SmallVector<Attribute> elements;
    for (const json::Value &element : *value.getAsArray())
      elements.push_back(fromJson(element, context));
    return b.getArrayAttr(elements);
  }
  case json::Value::Object: {
    SmallVector<NamedAttribute> entries;
    for (const auto &entry : *value.getAsObject())
      entries.push_back(b.getNamedAttr(StringRef(entry.first),
                                       fromJson(entry.second, context)));
    return b.getDictionaryAttr(entries);
  }
  }
  llvm_unreachable("all kinds are above");
}

LogicalResult orchestra::verifyTarget(Operation *op, DictionaryAttr target,
                                      bool isDevice) {
  StringRef subject = isDevice ? "" : "target ";
  LogicalResult result = success();
  json::Object object;
  for (NamedAttribute entry : target) {
    std::optional<json::Value> value = toJson(entry.getValue());
    if (value)
      object[entry.getName().getValue()] = std::move(*value);
    else
      result = op->emitOpError(subject)
               << "has " << entry.getValue() << " as '"
               << entry.getName().getValue()
               << "'; values are booleans, numbers, strings, and lists and "
                  "dictionaries of them";
  }
  if (failed(result))
    return result;
  auto *dialect = cast<OrchestraDialect>(op->getDialect());
  for (const std::string &problem :
       dialect->getTargets().check(object, isDevice))
    result = op->emitOpError(subject) << problem;
  return result;
}
