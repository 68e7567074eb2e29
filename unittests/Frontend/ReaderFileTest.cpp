//===- ReaderFileTest.cpp - Tests of mapped files and stripping -----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "ReaderFile.h"

#include "gtest/gtest.h"

#include <cstdlib>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

using namespace orchestra::onnx;

namespace {

void putVarint(std::string &out, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

std::string field(unsigned number, const std::string &bytes) {
  std::string out;
  putVarint(out, number << 3 | 2);
  putVarint(out, bytes.size());
  return out + bytes;
}

/// A model of one initialiser: name (8) and raw data (9).
std::string modelWith(const std::string &raw) {
  return field(7, field(2, "graph") + field(5, field(8, "w") + field(9, raw)));
}

TEST(StripWeights, CutsLargeDataOut) {
  std::string raw(100000, 'x');
  std::string model = modelWith(raw), stripped;
  ASSERT_TRUE(stripWeights(model, stripped));
  EXPECT_LT(stripped.size(), 500u);
  EXPECT_NE(stripped.find(kInPlaceKey), std::string::npos);
  EXPECT_NE(stripped.find(std::to_string(model.find(raw))), std::string::npos);
  EXPECT_NE(stripped.find("100000"), std::string::npos);
}

TEST(StripWeights, KeepsSmallData) {
  std::string model = modelWith("1234"), stripped;
  ASSERT_TRUE(stripWeights(model, stripped));
  EXPECT_EQ(stripped, model);
}

TEST(StripWeights, RefusesWhatIsNotWellFormed) {
  std::string model = modelWith(std::string(100000, 'x')), stripped;
  for (size_t size : {1u, 5u, 1000u, 99999u})
    EXPECT_FALSE(stripWeights(model.substr(0, size), stripped)) << size;
  EXPECT_FALSE(stripWeights(std::string(20, '\xff'), stripped));
}

class ExternalFilesTest : public testing::Test {
protected:
  void SetUp() override {
    char pattern[] = "/tmp/orchestra-external-XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    top = pattern;
    model = top + "/model";
    mkdir(model.c_str(), 0700);
    write(model + "/inside.bin", "weights");
    write(top + "/outside.bin", "secret");
    ASSERT_EQ(symlink("../outside.bin", (model + "/link.bin").c_str()), 0);
    ASSERT_EQ(symlink("inside.bin", (model + "/good.bin").c_str()), 0);
    ASSERT_EQ(mkfifo((model + "/pipe").c_str(), 0600), 0);
  }
  void TearDown() override {
    std::string command = "rm -r " + top;
    ASSERT_EQ(std::system(command.c_str()), 0);
  }
  static void write(const std::string &path, const std::string &text) {
    FILE *file = fopen(path.c_str(), "w");
    fputs(text.c_str(), file);
    fclose(file);
  }
  std::string top, model;
};

TEST_F(ExternalFilesTest, ReadsBesideTheModel) {
  ExternalFiles files(model);
  std::string error;
  auto file = files.get("inside.bin", error);
  ASSERT_TRUE(file) << error;
  EXPECT_EQ(file->bytes(), "weights");
  EXPECT_EQ(files.get("inside.bin", error), file) << "mapped once";
  EXPECT_TRUE(files.get("good.bin", error)) << "a link that stays inside";
}

TEST_F(ExternalFilesTest, StaysInTheFolder) {
  ExternalFiles files(model);
  std::string error;
  for (const char *location :
       {"../outside.bin", "sub/../../outside.bin", "link.bin", "", ".", "pipe"})
    EXPECT_FALSE(files.get(location, error)) << location;
  EXPECT_FALSE(files.get(top + "/outside.bin", error));
  EXPECT_FALSE(files.get(model + "/inside.bin", error)) << "absolute";
  EXPECT_FALSE(files.get(std::string("inside.bin\0x", 12), error));
}

} // namespace
