//===- TensorFilesTest.cpp - NumPy's files, raw files ---------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The byte strings are what numpy.save of NumPy 1.24 writes.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Driver/DriverError.h"
#include "orchestra/Driver/Tensor.h"
#include "orchestra_runtime/format.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

#include <cstring>

using namespace llvm;
using namespace orchestra;

/// A .npy file of version 1 with this dict and these elements.
static std::vector<char> npy(std::string dict, const std::string &elements) {
  while ((10 + dict.size() + 1) % 64)
    dict += ' ';
  dict += '\n';
  std::string text("\x93NUMPY\x01\x00", 8);
  text += char(dict.size() & 0xff);
  text += char(dict.size() >> 8);
  text += dict + elements;
  return std::vector<char>(text.begin(), text.end());
}

static std::string errorOf(Expected<Tensor> tensor) {
  if (tensor)
    return "(no error)";
  return toDriverError(tensor.takeError()).getText();
}

TEST(Npy, ReadsWhatNumPyWrites) {
  std::string elements(24, 0);
  float values[] = {0, 1, 2, 3, 4, 5};
  memcpy(elements.data(), values, 24);
  Expected<Tensor> tensor =
      parseNpy(npy("{'descr': '<f4', 'fortran_order': False, "
                   "'shape': (2, 3), }",
                   elements),
               "x.npy");
  ASSERT_TRUE(bool(tensor));
  EXPECT_EQ(tensor->getDtype(), uint32_t(ORCH_DTYPE_F32));
  EXPECT_EQ(tensor->getDims(), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(tensor->getElement(4), 4);
}

TEST(Npy, ReadsColumnMajorOrder) {
  // [[0, 1, 2], [3, 4, 5]] column by column.
  Expected<Tensor> tensor =
      parseNpy(npy("{'descr': '|u1', 'fortran_order': True, "
                   "'shape': (2, 3), }",
                   std::string("\0\3\1\4\2\5", 6)),
               "x.npy");
  ASSERT_TRUE(bool(tensor));
  for (int64_t i = 0; i < 6; ++i)
    EXPECT_EQ(tensor->getElement(i), double(i));
}

TEST(Npy, ReadsBigEndian) {
  Expected<Tensor> tensor =
      parseNpy(npy("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }",
                   std::string("\x01\x02\xff\xfe", 4)),
               "x.npy");
  ASSERT_TRUE(bool(tensor));
  EXPECT_EQ(tensor->getElement(0), 258);
  EXPECT_EQ(tensor->getElement(1), -2);
}

TEST(Npy, ReadsScalarsAndEmptyArrays) {
  Expected<Tensor> scalar =
      parseNpy(npy("{'descr': '|b1', 'fortran_order': False, 'shape': (), }",
                   std::string(1, 1)),
               "x.npy");
  ASSERT_TRUE(bool(scalar));
  EXPECT_TRUE(scalar->getDims().empty());
  EXPECT_EQ(scalar->getElement(0), 1);
  Expected<Tensor> empty = parseNpy(
      npy("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 3), }", ""),
      "x.npy");
  ASSERT_TRUE(bool(empty));
  EXPECT_EQ(empty->getNumElements(), 0);
}

TEST(Npy, RefusesDamage) {
  auto dict = [](const char *text) { return npy(text, std::string(4, 0)); };
  EXPECT_NE(errorOf(parseNpy({}, "x.npy")).find("[bad-npy]"),
            std::string::npos);
  for (const char *text :
       {"{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f4', 'fortran_order': False, }",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1", "{", "",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"})
    EXPECT_NE(errorOf(parseNpy(dict(text), "x.npy")).find("[bad-npy]"),
              std::string::npos)
        << text;
  std::vector<char> cut = dict("{'descr': '<f4', 'fortran_order': False, "
                               "'shape': (1,), }");
  cut.resize(20);
  EXPECT_NE(errorOf(parseNpy(cut, "x.npy")).find("cut off"), std::string::npos);
  EXPECT_NE(errorOf(parseNpy(dict("{'descr': '<f4', 'fortran_order': False, "
                                  "'shape': (99999999999, 99999999), }"),
                             "x.npy"))
                .find("[invalid-tensor]"),
            std::string::npos);
}

namespace {
class FilesTest : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(sys::fs::createUniqueDirectory("orchestra-files-test", path));
  }
  void TearDown() override { sys::fs::remove_directories(path); }
  std::string file(const char *name) const { return (path + "/" + name).str(); }
  SmallString<128> path;
};
} // namespace

TEST_F(FilesTest, ArchivesRoundTrip) {
  NamedTensors tensors;
  for (uint32_t dtype :
       {ORCH_DTYPE_F32, ORCH_DTYPE_F64, ORCH_DTYPE_F16, ORCH_DTYPE_BF16,
        ORCH_DTYPE_I8, ORCH_DTYPE_I16, ORCH_DTYPE_I32, ORCH_DTYPE_I64,
        ORCH_DTYPE_U8, ORCH_DTYPE_U16, ORCH_DTYPE_U32, ORCH_DTYPE_U64,
        ORCH_DTYPE_BOOL}) {
    Expected<Tensor> tensor = randomTensor(dtype, {3, 1, 5}, dtype);
    ASSERT_TRUE(bool(tensor));
    tensors.emplace_back("a/b." + std::to_string(dtype), *tensor);
  }
  Expected<Tensor> scalar = randomTensor(ORCH_DTYPE_F32, {}, 1);
  tensors.emplace_back("scalar", *scalar);
  Error error = writeNpz(file("x.npz"), tensors);
  ASSERT_FALSE(bool(error)) << toString(std::move(error));
  Expected<NamedTensors> read = readNpz(file("x.npz"));
  ASSERT_TRUE(bool(read));
  ASSERT_EQ(read->size(), tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Tensor &a = tensors[i].second, &b = (*read)[i].second;
    EXPECT_EQ(tensors[i].first, (*read)[i].first);
    EXPECT_EQ(a.getDtype(), b.getDtype());
    EXPECT_EQ(a.getDims(), b.getDims());
    EXPECT_EQ(memcmp(a.getData(), b.getData(), a.getNumBytes()), 0);
  }
}

TEST_F(FilesTest, EqualArchivesHaveEqualBytes) {
  Expected<Tensor> tensor = randomTensor(ORCH_DTYPE_F32, {3}, 1);
  ASSERT_TRUE(bool(tensor));
  cantFail(writeNpz(file("a.npz"), {{"x", *tensor}}));
  cantFail(writeNpz(file("b.npz"), {{"x", *tensor}}));
  auto a = MemoryBuffer::getFile(file("a.npz"));
  auto b = MemoryBuffer::getFile(file("b.npz"));
  ASSERT_TRUE(a && b);
  EXPECT_EQ((*a)->getBuffer(), (*b)->getBuffer());
}

TEST_F(FilesTest, DamagedArchivesAreRefused) {
  Expected<Tensor> tensor = randomTensor(ORCH_DTYPE_F32, {300}, 1);
  ASSERT_TRUE(bool(tensor));
  cantFail(writeNpz(file("x.npz"), {{"x", *tensor}}));
  auto whole = MemoryBuffer::getFile(file("x.npz"));
  ASSERT_TRUE(bool(whole));
  StringRef bytes = (*whole)->getBuffer();
  for (size_t size :
       {size_t(0), size_t(30), bytes.size() / 2, bytes.size() - 5}) {
    std::error_code error;
    raw_fd_ostream(file("cut.npz"), error) << bytes.take_front(size);
    Expected<NamedTensors> read = readNpz(file("cut.npz"));
    EXPECT_FALSE(bool(read)) << "of " << size << " bytes";
    if (!read)
      EXPECT_NE(toDriverError(read.takeError()).getText().find("cut.npz"),
                std::string::npos);
  }
  // A flipped bit in the elements: the zip's checksum tells.
  std::string flipped = bytes.str();
  flipped[400] ^= 1;
  std::error_code error;
  raw_fd_ostream(file("flipped.npz"), error) << flipped;
  Expected<NamedTensors> read = readNpz(file("flipped.npz"));
  EXPECT_FALSE(bool(read));
  consumeError(read.takeError());
}

TEST_F(FilesTest, MissingFilesAreNamed) {
  Expected<NamedTensors> read = readNpz(file("none.npz"));
  ASSERT_FALSE(bool(read));
  DriverError error = toDriverError(read.takeError());
  EXPECT_EQ(error.getFault(), Fault::Input);
  EXPECT_NE(error.getText().find("none.npz"), std::string::npos);
}

TEST_F(FilesTest, NpyRoundTrips) {
  Expected<Tensor> tensor = randomTensor(ORCH_DTYPE_I32, {7}, 1);
  ASSERT_TRUE(bool(tensor));
  cantFail(writeNpy(file("x.npy"), *tensor));
  Expected<Tensor> read = readNpy(file("x.npy"));
  ASSERT_TRUE(bool(read));
  EXPECT_EQ(read->getDims(), tensor->getDims());
  EXPECT_EQ(memcmp(read->getData(), tensor->getData(), 28), 0);
}

TEST_F(FilesTest, RawFilesTakeTheirShapeFromTheModel) {
  std::error_code error;
  raw_fd_ostream(file("x.bin"), error) << std::string(24, 1);
  TensorDecl decl{"x", ORCH_DTYPE_F32, {-1, 3}, {"n", ""}};
  Expected<Tensor> tensor = readRaw(file("x.bin"), decl);
  ASSERT_TRUE(bool(tensor));
  EXPECT_EQ(tensor->getDims(), (std::vector<int64_t>{2, 3}));
  decl.dims = {7};
  EXPECT_NE(errorOf(readRaw(file("x.bin"), decl)).find("[raw-size]"),
            std::string::npos);
  decl.dims = {-1, -1};
  EXPECT_NE(errorOf(readRaw(file("x.bin"), decl)).find("[raw-size]"),
            std::string::npos);
}
