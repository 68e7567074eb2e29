//===- CacheTest.cpp - The cache's promises -------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Driver/Cache.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

#include <chrono>
#include <cstdlib>
#include <thread>

using namespace llvm;
using namespace orchestra;

namespace {
class CacheTest : public ::testing::Test {
protected:
  void SetUp() override {
    SmallString<128> path;
    ASSERT_FALSE(sys::fs::createUniqueDirectory("orchestra-cache-test", path));
    folder = std::string(path);
  }
  void TearDown() override { sys::fs::remove_directories(folder); }

  static void put(Cache &cache, StringRef key, StringRef bytes) {
    Error error =
        cache.store("kernel", key, [&](raw_ostream &os) { os << bytes; });
    ASSERT_FALSE(bool(error)) << toString(std::move(error));
  }
  static std::string get(Cache &cache, StringRef key) {
    std::shared_ptr<CacheEntry> entry = cache.find("kernel", key);
    return entry ? std::string(entry->bytes().data(), entry->bytes().size())
                 : "(miss)";
  }
  /// All files below the folder.
  std::vector<std::string> files() {
    std::vector<std::string> found;
    std::error_code error;
    for (sys::fs::recursive_directory_iterator it(folder, error), end;
         it != end && !error; it.increment(error))
      if (sys::fs::is_regular_file(it->path()))
        found.push_back(it->path());
    return found;
  }

  std::string folder;
};
} // namespace

TEST_F(CacheTest, GivesBackWhatWasStored) {
  Cache cache(folder);
  EXPECT_EQ(get(cache, "aa11"), "(miss)");
  put(cache, "aa11", "some code");
  EXPECT_EQ(get(cache, "aa11"), "some code");
  EXPECT_EQ(get(cache, "aa12"), "(miss)");
  EXPECT_EQ(cache.find("model", "aa11"), nullptr);
  put(cache, "bb22", "");
  EXPECT_EQ(get(cache, "bb22"), "");
}

TEST_F(CacheTest, HandsOutAlignedMemory) {
  Cache cache(folder);
  put(cache, "aa11", "some code");
  auto entry = cache.find("kernel", "aa11");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(entry->bytes().data()) % 64, 0u);
}

TEST_F(CacheTest, StoresMoreThanABlock) {
  std::string large((size_t(9) << 20) + 7, 'x');
  large[5 << 20] = 'y';
  Cache cache(folder);
  put(cache, "aa11", large);
  EXPECT_EQ(get(cache, "aa11"), large);
}

TEST_F(CacheTest, AnyDamagedByteIsAMiss) {
  Cache cache(folder);
  put(cache, "aa11", "some code");
  ASSERT_EQ(files().size(), 1u);
  std::string path = files()[0];
  uint64_t size = 0;
  ASSERT_FALSE(sys::fs::file_size(path, size));
  for (uint64_t at : {uint64_t(0), uint64_t(9), uint64_t(20), size - 1}) {
    put(cache, "aa11", "some code");
    {
      std::error_code error;
      raw_fd_ostream os(path, error, sys::fs::CD_OpenExisting);
      ASSERT_FALSE(error);
      os.seek(at);
      os << '\x7f';
    }
    EXPECT_EQ(get(cache, "aa11"), "(miss)") << "byte " << at;
    EXPECT_TRUE(files().empty()) << "a damaged entry stays";
  }
}

TEST_F(CacheTest, ATruncatedEntryIsAMiss) {
  for (uint64_t size : {0, 10, 64, 70}) {
    Cache cache(folder);
    put(cache, "aa11", "some code");
    {
      int file;
      ASSERT_FALSE(sys::fs::openFileForReadWrite(
          files()[0], file, sys::fs::CD_OpenExisting, sys::fs::OF_None));
      ASSERT_FALSE(sys::fs::resize_file(file, size));
      sys::fs::closeFile(file);
    }
    EXPECT_EQ(get(cache, "aa11"), "(miss)") << "size " << size;
  }
}

TEST_F(CacheTest, AnEntryOutlivesItsRemoval) {
  Cache cache(folder);
  put(cache, "aa11", "some code");
  auto entry = cache.find("kernel", "aa11");
  sys::fs::remove_directories(folder);
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(std::string(entry->bytes().data(), entry->bytes().size()),
            "some code");
}

TEST_F(CacheTest, TrimRemovesTheLeastRecentlyUsed) {
  Cache cache(folder, /*limit=*/3500);
  std::string block(1000, 'x');
  for (StringRef key : {"aa01", "aa02", "aa03"})
    put(cache, key, block);
  EXPECT_EQ(cache.trim(), 0u);
  // Make all old, then use the first.
  for (const std::string &path : files()) {
    int file;
    ASSERT_FALSE(sys::fs::openFileForRead(path, file));
    sys::fs::setLastAccessAndModificationTime(
        file, std::chrono::system_clock::now() - std::chrono::hours(1));
    sys::fs::closeFile(file);
  }
  EXPECT_NE(cache.find("kernel", "aa01"), nullptr);
  put(cache, "aa04", block);
  EXPECT_GT(cache.trim(), 0u);
  EXPECT_EQ(get(cache, "aa01"), block);
  EXPECT_EQ(get(cache, "aa04"), block);
  EXPECT_LE(files().size(), 3u);
}

TEST_F(CacheTest, ManyWritersAndReadersAgree) {
  // Whatever the order, a reader sees nothing or everything.
  std::string block(100000, 'x');
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      Cache cache(folder);
      for (int i = 0; i < 50; ++i) {
        std::string key = "aa" + std::to_string(i);
        if (Error error = cache.store("kernel", key,
                                      [&](raw_ostream &os) { os << block; })) {
          consumeError(std::move(error));
          ++wrong;
        }
        auto entry = cache.find("kernel", key);
        wrong += !entry || entry->bytes().size() != block.size();
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(CacheTest, AnUnusableFolderIsNoFailureToRead) {
  std::string file = folder + "/file";
  std::error_code error;
  raw_fd_ostream(file, error) << "not a folder";
  Cache cache(file);
  EXPECT_EQ(get(cache, "aa11"), "(miss)");
  Error stored = cache.store("kernel", "aa11", [](raw_ostream &) {});
  EXPECT_TRUE(bool(stored));
  consumeError(std::move(stored));
  EXPECT_EQ(cache.trim(), 0u);
}

TEST_F(CacheTest, NoFolderIsNoCache) {
  Cache cache("");
  put(cache, "aa11", "some code");
  EXPECT_EQ(get(cache, "aa11"), "(miss)");
}

TEST(CacheFolder, FollowsTheSpecification) {
  setenv("XDG_CACHE_HOME", "/x/cache", 1);
  EXPECT_EQ(Cache::defaultFolder(), "/x/cache/orchestra");
  setenv("XDG_CACHE_HOME", "relative", 1);
  setenv("HOME", "/home/user", 1);
  EXPECT_EQ(Cache::defaultFolder(), "/home/user/.cache/orchestra");
}

TEST(ContentHash, BordersCount) {
  ContentHash a, b, c;
  a.add("ab");
  a.add("c");
  b.add("a");
  b.add("bc");
  c.add("ab");
  c.add("c");
  EXPECT_NE(a.hex(), b.hex());
  EXPECT_EQ(a.hex(), c.hex());
  EXPECT_EQ(a.hex().size(), 32u);
}
