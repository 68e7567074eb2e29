//===- BranchProfile.cpp - How conditions went in runs --------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Format: {"branches": {NODE: {"true": COUNT, "false": COUNT}}}, which
//   divergence-to-speculation reads.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Driver/BranchProfile.h"

#include "orchestra/Driver/DriverError.h"
#include "orchestra/Support/BranchProfile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace orchestra;

NamedTensors orchestra::takeBranches(NamedTensors &outputs) {
  NamedTensors branches;
  erase_if(outputs, [&](const auto &output) {
    StringRef name = output.first;
    if (!name.consume_front(kBranchResultPrefix))
      return false;
    branches.emplace_back(name.str(), output.second);
    return true;
  });
  return branches;
}

/// The counts of earlier runs; none if there is no file.
static Expected<json::Object> readCounts(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path);
  if (!buffer)
    return json::Object();
  Expected<json::Value> value = json::parse((*buffer)->getBuffer());
  json::Object *object = value ? value->getAsObject() : nullptr;
  json::Object *branches = object ? object->getObject("branches") : nullptr;
  if (branches)
    return std::move(*branches);
  std::string why = value ? "it has no 'branches'" : "it is no JSON";
  if (!value)
    consumeError(value.takeError());
  return makeError(Fault::Usage, path,
                   "the file is no branch profile that counts can be added to "
                   "[bad-branch-profile]",
                   {"note: " + why, "help: name another file"});
}

Error orchestra::addBranchCounts(StringRef path, const NamedTensors &branches) {
  Expected<json::Object> counts = readCounts(path);
  if (!counts)
    return counts.takeError();
  for (const auto &[node, held] : branches) {
    json::Object *pair = counts->getObject(node);
    double count[2] = {pair ? pair->getNumber("false").value_or(0) : 0,
                       pair ? pair->getNumber("true").value_or(0) : 0};
    count[held.getElement(0) != 0] += 1;
    (*counts)[json::fixUTF8(node)] =
        json::Object{{"false", count[0]}, {"true", count[1]}};
  }
  if (Error error = writeToOutput(path, [&](raw_ostream &os) {
        os << formatv("{0:2}\n", json::Value(json::Object{
                                     {"branches", std::move(*counts)}}));
        return Error::success();
      }))
    return makeError(Fault::Environment, path,
                     "the file cannot be written [unwritable-file]",
                     {"note: " + toString(std::move(error))});
  return Error::success();
}
