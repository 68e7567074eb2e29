//===- Cache.cpp - Compiled code that outlives the process ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layout: FOLDER/v1/KIND/AB/ABCDEF..., each a 64-byte header and the payload.
//   The header holds the payload's size and a hash of the hashes of its 4 MiB
//   blocks, so that hundreds of megabytes are checked without being held.
// Recency: a hit sets the entry's modification time.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Driver/Cache.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Alignment.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

#include <atomic>
#include <chrono>
#include <cstring>
#include <sys/mman.h>
#include <thread>

using namespace llvm;
using namespace orchestra;

namespace {
constexpr char kMagic[8] = {'O', 'R', 'C', 'H', 'C', 'A', 'C', '1'};
constexpr size_t kHeaderSize = 64;
constexpr size_t kBlock = size_t(4) << 20;

struct Header {
  char magic[8];
  uint64_t size;
  uint64_t low, high;
  char padding[kHeaderSize - 32];
};
static_assert(sizeof(Header) == kHeaderSize);

/// Hashes a stream block by block.
class BlockHash {
public:
  void addBlock(ArrayRef<char> block) {
    XXH128_hash_t hash = xxh3_128bits(ArrayRef(
        reinterpret_cast<const uint8_t *>(block.data()), block.size()));
    hashes.push_back(hash.low64);
    hashes.push_back(hash.high64);
  }
  /// The same for all blocks of `bytes`, the last of which may be short.
  void addBlocks(ArrayRef<char> bytes) {
    size_t first = hashes.size(), count = divideCeil(bytes.size(), kBlock);
    hashes.resize(first + 2 * count);
    forEachInParallel(count, bytes.size(), [&](size_t index) {
      ArrayRef<char> block =
          bytes.drop_front(index * kBlock).take_front(kBlock);
      XXH128_hash_t hash = xxh3_128bits(ArrayRef(
          reinterpret_cast<const uint8_t *>(block.data()), block.size()));
      hashes[first + 2 * index] = hash.low64;
      hashes[first + 2 * index + 1] = hash.high64;
    });
  }
  XXH128_hash_t finish() const {
    return xxh3_128bits(
        ArrayRef(reinterpret_cast<const uint8_t *>(hashes.data()),
                 hashes.size() * sizeof(uint64_t)));
  }

private:
  std::vector<uint64_t> hashes;
};

/// Writes to a file and hashes what goes by, in blocks of one size.
class HashingStream final : public raw_ostream {
public:
  explicit HashingStream(raw_ostream &os) : os(os) {
    SetBufferSize(size_t(64) << 10);
  }
  ~HashingStream() override { flush(); }

  XXH128_hash_t finish() {
    flush();
    if (!pending.empty())
      hash.addBlock(pending);
    pending.clear();
    return hash.finish();
  }
  uint64_t total() const { return written; }

private:
  void write_impl(const char *data, size_t size) override {
    os.write(data, size);
    written += size;
    while (size) {
      // Whole blocks of the source are hashed in place.
      if (pending.empty() && size >= kBlock) {
        hash.addBlock(ArrayRef(data, kBlock));
        data += kBlock;
        size -= kBlock;
        continue;
      }
      size_t part = std::min(size, kBlock - pending.size());
      pending.append(data, data + part);
      data += part;
      size -= part;
      if (pending.size() == kBlock) {
        hash.addBlock(pending);
        pending.clear();
      }
    }
  }
  uint64_t current_pos() const override { return written; }

  raw_ostream &os;
  BlockHash hash;
  SmallVector<char, 0> pending;
  uint64_t written = 0;
};

constexpr uint64_t kHugePage = 2 << 20;

/// A whole file in memory, read-only. Large ones start at a multiple of 2 MiB:
/// where the page cache holds them in huge pages, they are mapped as such, and
/// the weights in them are used where they are.
class MappedFile {
public:
  MappedFile(int file, uint64_t size, std::error_code &error) : length(size) {
    uint64_t room = size >= 2 * kHugePage ? kHugePage : 0;
    reserved = length + room;
    start =
        mmap(nullptr, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start != MAP_FAILED) {
      data = static_cast<char *>(start) +
             (room ? offsetToAlignedAddr(start, Align(kHugePage)) : 0);
      if (mmap(data, length, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0) !=
          MAP_FAILED)
        return;
    }
    error = std::error_code(errno, std::generic_category());
  }
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;
  ~MappedFile() {
    if (start != MAP_FAILED)
      munmap(start, reserved);
  }
  ArrayRef<char> bytes() const { return ArrayRef(data, length); }

private:
  void *start = MAP_FAILED;
  uint64_t reserved = 0;
  char *data = nullptr;
  uint64_t length;
};

class MappedEntry final : public CacheEntry {
public:
  MappedEntry(sys::fs::file_t file, uint64_t size, std::error_code &error)
      : region(file, size, error) {}
  ArrayRef<char> bytes() const override {
    return region.bytes().drop_front(kHeaderSize);
  }
  bool isValid() const {
    Header header;
    memcpy(&header, region.bytes().data(), kHeaderSize);
    if (memcmp(header.magic, kMagic, sizeof(kMagic)) != 0 ||
        header.size != bytes().size())
      return false;
    BlockHash hash;
    hash.addBlocks(bytes());
    XXH128_hash_t found = hash.finish();
    return found.low64 == header.low && found.high64 == header.high;
  }

private:
  MappedFile region;
};
} // namespace

CacheEntry::~CacheEntry() = default;

void orchestra::forEachInParallel(size_t count, uint64_t bytes,
                                  function_ref<void(size_t)> body) {
  // A thread costs as much as hashing about a megabyte.
  size_t limit = std::max<uint64_t>(bytes >> 25, 1);
  size_t numThreads = std::min<size_t>(
      {count, limit, std::max(1u, std::thread::hardware_concurrency()), 8});
  std::atomic<size_t> next{0};
  auto work = [&] {
    for (size_t index = next++; index < count; index = next++)
      body(index);
  };
  std::vector<std::thread> threads;
  for (size_t i = 1; i < numThreads; ++i)
    threads.emplace_back(work);
  work();
  for (std::thread &thread : threads)
    thread.join();
}

Cache::Cache(std::string folder, uint64_t limit)
    : folder(std::move(folder)), limit(limit) {}

std::string Cache::defaultFolder() {
  SmallString<128> path;
  // The specification says to ignore relative paths.
  if (std::optional<std::string> xdg = sys::Process::GetEnv("XDG_CACHE_HOME"))
    if (sys::path::is_absolute(*xdg))
      path = *xdg;
  if (path.empty()) {
    if (!sys::path::home_directory(path) || path.empty())
      return "";
    sys::path::append(path, ".cache");
  }
  sys::path::append(path, "orchestra");
  return std::string(path);
}

std::string Cache::entryPath(StringRef kind, StringRef key) const {
  SmallString<256> path(folder);
  // Keys are hexadecimal, perhaps after a prefix that is the same for all.
  sys::path::append(path, "v1", kind, key.take_back(2), key);
  return std::string(path);
}

std::shared_ptr<CacheEntry> Cache::find(StringRef kind, StringRef key,
                                        bool check) {
  if (folder.empty())
    return nullptr;
  std::string path = entryPath(kind, key);
  Expected<sys::fs::file_t> file = sys::fs::openNativeFileForRead(path);
  if (!file) {
    consumeError(file.takeError());
    return nullptr;
  }
  std::shared_ptr<MappedEntry> entry;
  sys::fs::file_status status;
  std::error_code error = sys::fs::status(*file, status);
  if (!error && status.getSize() >= kHeaderSize) {
    entry = std::make_shared<MappedEntry>(*file, status.getSize(), error);
    if (error || (check && !entry->isValid()))
      entry = nullptr;
  }
  if (entry)
    // Not being allowed to is no harm: recency is a hint.
    (void)sys::fs::setLastAccessAndModificationTime(
        *file, std::chrono::system_clock::now());
  else
    (void)sys::fs::remove(path);
  (void)sys::fs::closeFile(*file);
  return entry;
}

Error Cache::store(StringRef kind, StringRef key,
                   function_ref<void(raw_ostream &)> write) {
  if (folder.empty())
    return Error::success();
  std::string path = entryPath(kind, key);
  if (sys::fs::exists(path))
    return Error::success();
  if (std::error_code error =
          sys::fs::create_directories(sys::path::parent_path(path)))
    return createFileError(path, error);
  Expected<sys::fs::TempFile> file = sys::fs::TempFile::create(
      path + ".tmp-%%%%%%%%", sys::fs::owner_read | sys::fs::owner_write);
  if (!file)
    return createFileError(path, file.takeError());
  std::error_code error;
  {
    raw_fd_ostream os(file->FD, /*shouldClose=*/false);
    // Written in whole huge pages, the file is cached in huge pages.
    os.SetBufferSize(kHugePage);
    Header header = {};
    os.write(reinterpret_cast<const char *>(&header), sizeof(header));
    HashingStream payload(os);
    write(payload);
    XXH128_hash_t hash = payload.finish();
    memcpy(header.magic, kMagic, sizeof(kMagic));
    header.size = payload.total();
    header.low = hash.low64;
    header.high = hash.high64;
    os.seek(0);
    os.write(reinterpret_cast<const char *>(&header), sizeof(header));
    os.flush();
    error = os.error();
    os.clear_error();
  }
  if (error) {
    consumeError(file->discard());
    return createFileError(path, error);
  }
  return file->keep(path);
}

void Cache::remove(StringRef kind, StringRef key) {
  if (!folder.empty())
    (void)sys::fs::remove(entryPath(kind, key));
}

uint64_t Cache::trim() {
  if (folder.empty())
    return 0;
  struct Found {
    std::string path;
    uint64_t size;
    sys::TimePoint<> used;
  };
  std::vector<Found> entries;
  uint64_t total = 0, removed = 0;
  auto now = std::chrono::system_clock::now();
  std::error_code error;
  SmallString<256> root(folder);
  sys::path::append(root, "v1");
  for (sys::fs::recursive_directory_iterator it(root, error), end;
       it != end && !error; it.increment(error)) {
    ErrorOr<sys::fs::basic_file_status> status = it->status();
    if (!status || status->type() != sys::fs::file_type::regular_file)
      continue;
    bool temporary = StringRef(it->path()).contains(".tmp-");
    if (temporary) {
      // A writer of today may still be at work; yesterday's is dead.
      if (now - status->getLastModificationTime() > std::chrono::hours(24) &&
          !sys::fs::remove(it->path()))
        removed += status->getSize();
      continue;
    }
    entries.push_back(
        {it->path(), status->getSize(), status->getLastModificationTime()});
    total += status->getSize();
  }
  if (total <= limit)
    return removed;
  llvm::sort(entries,
             [](const Found &a, const Found &b) { return a.used < b.used; });
  // Some room to spare, so that not every compilation ends in a trim.
  uint64_t goal = limit - limit / 10;
  for (const Found &entry : entries) {
    if (total <= goal)
      break;
    if (sys::fs::remove(entry.path))
      continue;
    total -= entry.size;
    removed += entry.size;
  }
  return removed;
}

void ContentHash::add(StringRef bytes) {
  XXH128_hash_t hash = xxh3_128bits(
      ArrayRef(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()));
  uint64_t words[] = {bytes.size(), hash.low64, hash.high64};
  parts.append(reinterpret_cast<const char *>(words), sizeof(words));
}

void ContentHash::addLarge(StringRef bytes) {
  BlockHash blocks;
  blocks.addBlocks(ArrayRef(bytes.data(), bytes.size()));
  XXH128_hash_t hash = blocks.finish();
  uint64_t words[] = {bytes.size(), hash.low64, hash.high64};
  parts.append(reinterpret_cast<const char *>(words), sizeof(words));
}

std::string ContentHash::hex() const {
  XXH128_hash_t hash = xxh3_128bits(
      ArrayRef(reinterpret_cast<const uint8_t *>(parts.data()), parts.size()));
  return utohexstr(hash.high64, /*LowerCase=*/true, 16) +
         utohexstr(hash.low64, /*LowerCase=*/true, 16);
}
