//===- ModelHash.cpp - What a model file contains, as a hash --------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Why files are hashed without parsing them: a model in the cache must start in
//   milliseconds. The one thing to know is where an ONNX file keeps its
//   external tensors; protobuf spells that as key "location" followed by its
//   value, which a search for the bytes finds. A false hit costs a hash,
//   nothing else.
// Why hashes are remembered: to read half a gigabyte takes half a second. A
//   file is the one that was read when its place (device, inode), its size and
//   its times are the same: the change time is set by the system at each write
//   and nobody can set it back. A file that changed within the clock's
//   granularity of being read is not remembered.
//
//===----------------------------------------------------------------------===//
#include "Compilation.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <sys/stat.h>

using namespace orchestra;
using llvm::Expected;
using llvm::StringRef;

/// Values of "location" entries in an ONNX file, sorted.
static std::vector<std::string> externalFiles(StringRef bytes) {
  llvm::StringSet<> files;
  // Field 1 of a StringStringEntryProto, its length, the key, then field 2.
  constexpr StringRef key("\x0a\x08location\x12", 11);
  for (size_t at = bytes.find(key); at != StringRef::npos;
       at = bytes.find(key, at + key.size())) {
    StringRef rest = bytes.drop_front(at + key.size());
    uint64_t length = 0;
    unsigned shift = 0;
    bool more = true;
    while (more && !rest.empty() && shift < 28) {
      unsigned char byte = rest.front();
      rest = rest.drop_front();
      length |= uint64_t(byte & 0x7f) << shift;
      shift += 7;
      more = byte & 0x80;
    }
    if (!more && length <= rest.size() && length < 4096)
      files.insert(rest.take_front(length));
  }
  std::vector<std::string> sorted;
  for (const auto &entry : files)
    sorted.push_back(entry.getKey().str());
  llvm::sort(sorted);
  return sorted;
}

/// What says whether a file is still the one that was read; empty if there is
/// no such file. `settled` becomes false for a file so new that it may change
/// without a trace.
static std::string identityOf(StringRef path, bool &settled) {
  struct stat status;
  if (::stat(path.str().c_str(), &status) != 0)
    return "";
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  // File systems keep times in steps of at most two seconds.
  if (now.tv_sec - std::max(status.st_mtim.tv_sec, status.st_ctim.tv_sec) < 3)
    settled = false;
  std::string text;
  for (uint64_t part :
       {uint64_t(status.st_dev), uint64_t(status.st_ino),
        uint64_t(status.st_size), uint64_t(status.st_mtim.tv_sec),
        uint64_t(status.st_mtim.tv_nsec), uint64_t(status.st_ctim.tv_sec),
        uint64_t(status.st_ctim.tv_nsec)})
    text += std::to_string(part) + " ";
  return text;
}

static std::string besideModel(StringRef model, StringRef file) {
  llvm::SmallString<256> full(llvm::sys::path::parent_path(model));
  llvm::sys::path::append(full, file);
  return std::string(full);
}

namespace {
/// The hash of a model's files as the cache keeps it: lines of the hash, the
/// model's identity, and name and identity of each external file.
struct Record {
  std::string hash, identity;
  std::vector<std::pair<std::string, std::string>> external;

  std::string text() const {
    std::string lines = hash + "\n" + identity + "\n";
    for (const auto &[name, identity] : external)
      lines += name + "\n" + identity + "\n";
    return lines;
  }
  /// Nothing if `text` is of other files than those of `model` now.
  static std::optional<std::string> read(StringRef text, StringRef model) {
    llvm::SmallVector<StringRef> lines;
    text.split(lines, '\n');
    if (lines.size() < 3 || lines.size() % 2 == 0)
      return std::nullopt;
    bool settled = true;
    if (lines[1].empty() || lines[1] != identityOf(model, settled))
      return std::nullopt;
    for (size_t i = 2; i + 1 < lines.size(); i += 2)
      if (lines[i + 1] != identityOf(besideModel(model, lines[i]), settled))
        return std::nullopt;
    return lines[0].str();
  }
};
} // namespace

/// Where the cache keeps the record of a model: by its absolute path.
static std::string recordKey(StringRef model) {
  llvm::SmallString<256> absolute(model);
  if (llvm::sys::fs::make_absolute(absolute))
    return "";
  ContentHash hash;
  hash.add(absolute);
  hash.add(compilerFingerprint());
  return hash.hex();
}

Expected<std::string> orchestra::hashModelFiles(StringRef path, Cache *cache) {
  std::string key = cache ? recordKey(path) : "";
  if (!key.empty())
    if (std::shared_ptr<CacheEntry> entry = cache->find("files", key)) {
      StringRef text(entry->bytes().data(), entry->bytes().size());
      if (std::optional<std::string> hash = Record::read(text, path))
        return *hash;
      cache->remove("files", key);
    }
  // Before reading: what changes meanwhile is found changed the next time.
  bool settled = true;
  Record record;
  record.identity = identityOf(path, settled);
  Expected<std::unique_ptr<llvm::MemoryBuffer>> buffer = openModelFile(path);
  if (!buffer)
    return buffer.takeError();
  ContentHash hash;
  hash.addLarge((*buffer)->getBuffer());
  if (path.ends_with(".onnx"))
    for (const std::string &file : externalFiles((*buffer)->getBuffer())) {
      std::string full = besideModel(path, file);
      record.external.emplace_back(file, identityOf(full, settled));
      settled &= file.find('\n') == std::string::npos;
      hash.add(file);
      // A file that is missing is the importer's to report.
      if (auto data = llvm::MemoryBuffer::getFile(
              full, /*IsText=*/false, /*RequiresNullTerminator=*/false))
        hash.addLarge((*data)->getBuffer());
    }
  record.hash = hash.hex();
  if (!key.empty() && settled)
    // Not being allowed to only costs time.
    llvm::consumeError(cache->store(
        "files", key, [&](llvm::raw_ostream &os) { os << record.text(); }));
  return record.hash;
}
