//===- Cache.h - Compiled code that outlives the process --------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: a content-addressed store of byte blobs in a folder, shared by all
//   processes of a user. A key names its content, so an entry is never changed.
// Promises: writers and readers in any number of processes never see half an
//   entry; a damaged entry is a miss and goes away; the total size is bounded,
//   the least recently used entries go first. No failure of the cache is ever a
//   failure of a compilation.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DRIVER_CACHE_H
#define ORCHESTRA_DRIVER_CACHE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <memory>
#include <string>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace orchestra {

/// An entry, mapped read-only for as long as the object lives.
class CacheEntry {
public:
  /// The stored bytes, aligned to 64 in memory.
  virtual llvm::ArrayRef<char> bytes() const = 0;
  virtual ~CacheEntry();
};

class Cache {
public:
  /// A cache in `folder`, made when first written to. `limit`: bytes on disk.
  explicit Cache(std::string folder, uint64_t limit = kDefaultLimit);

  /// `$XDG_CACHE_HOME/orchestra`, else `~/.cache/orchestra`, else "".
  static std::string defaultFolder();

  /// The entry of this kind ("kernel", "model", "files") and key, or null.
  /// Checks that it is whole; `check` may be false for what this process has
  /// just stored.
  std::shared_ptr<CacheEntry> find(llvm::StringRef kind, llvm::StringRef key,
                                   bool check = true);

  /// Stores what `write` produces, unless the entry exists by now.
  llvm::Error store(llvm::StringRef kind, llvm::StringRef key,
                    llvm::function_ref<void(llvm::raw_ostream &)> write);

  /// Forgets an entry, if there is one.
  void remove(llvm::StringRef kind, llvm::StringRef key);

  /// Removes the least recently used entries while the total is above the
  /// limit, and what interrupted writers left. Returns the bytes removed.
  uint64_t trim();

  const std::string &getFolder() const { return folder; }

  static constexpr uint64_t kDefaultLimit = uint64_t(8) << 30;

private:
  std::string entryPath(llvm::StringRef kind, llvm::StringRef key) const;

  std::string folder;
  uint64_t limit;
};

/// Calls `body` with every index below `count`, on several threads if `bytes`,
/// the amount of memory they read together, is worth it.
void forEachInParallel(size_t count, uint64_t bytes,
                       llvm::function_ref<void(size_t)> body);

/// A 128-bit content hash in hexadecimal of several byte strings; their borders
/// count.
class ContentHash {
public:
  void add(llvm::StringRef bytes);
  /// For megabytes: the hash of the hashes of its blocks.
  void addLarge(llvm::StringRef bytes);
  std::string hex() const;

private:
  std::string parts;
};

} // namespace orchestra

#endif // ORCHESTRA_DRIVER_CACHE_H
