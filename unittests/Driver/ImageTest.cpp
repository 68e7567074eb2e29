//===- ImageTest.cpp - Pictures as inputs ---------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Driver/DriverError.h"
#include "orchestra/Driver/Tensor.h"
#include "orchestra_runtime/format.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

#include <zlib.h>

using namespace llvm;
using namespace orchestra;

/// A PNG file with one IDAT chunk and no filters.
static std::string makePng(uint32_t width, uint32_t height, uint32_t channels,
                           const std::string &pixels) {
  auto number = [](uint32_t value) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8)
      bytes += char(value >> shift);
    return bytes;
  };
  auto chunk = [&](std::string type, const std::string &data) {
    std::string body = type + data;
    return number(data.size()) + body +
           number(crc32(0, reinterpret_cast<const Bytef *>(body.data()),
                        body.size()));
  };
  std::string raw;
  for (uint32_t y = 0; y * width * channels < pixels.size(); ++y)
    raw += std::string(1, 0) +
           pixels.substr(y * width * channels, width * channels);
  std::string packed(compressBound(raw.size()), 0);
  uLongf size = packed.size();
  compress(reinterpret_cast<Bytef *>(packed.data()), &size,
           reinterpret_cast<const Bytef *>(raw.data()), raw.size());
  packed.resize(size);
  std::string header = number(width) + number(height) + "\x08";
  header += channels == 3 ? '\x02' : '\x00';
  header += std::string(3, 0);
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", packed) +
         chunk("IEND", "");
}

namespace {
class ImageTest : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(
        sys::fs::createUniqueDirectory("orchestra-image-test", folder));
    path = (folder + "/picture.png").str();
  }
  void TearDown() override { sys::fs::remove_directories(folder); }
  void write(const std::string &bytes) {
    std::error_code error;
    raw_fd_ostream(path, error) << bytes;
    ASSERT_FALSE(error);
  }
  Tensor read(const TensorDecl &decl, const ImageOptions &options = {}) {
    Expected<Tensor> tensor = readImage(path, decl, options);
    if (!tensor) {
      ADD_FAILURE() << toString(tensor.takeError());
      return Tensor();
    }
    return *tensor;
  }
  std::string errorOf(const TensorDecl &decl,
                      const ImageOptions &options = {}) {
    Expected<Tensor> tensor = readImage(path, decl, options);
    return tensor ? "(no error)" : toString(tensor.takeError());
  }
  static TensorDecl input(std::vector<int64_t> dims) {
    return {"image", ORCH_DTYPE_F32, dims,
            std::vector<std::string>(dims.size())};
  }
  SmallString<128> folder;
  std::string path;
};
} // namespace

/// Two by one pixels: red, then a dark blue.
static const std::string kTwoPixels("\xff\x00\x00\x00\x00\x33", 6);

TEST_F(ImageTest, ChannelsFirst) {
  write(makePng(2, 1, 3, kTwoPixels));
  Tensor tensor = read(input({1, 3, 1, 2}));
  EXPECT_EQ(tensor.getDims(), (std::vector<int64_t>{1, 3, 1, 2}));
  double expected[] = {1, 0, 0, 0, 0, 0.2};
  for (int i = 0; i < 6; ++i)
    EXPECT_NEAR(tensor.getElement(i), expected[i], 1e-6) << i;
}

TEST_F(ImageTest, ChannelsLastIsSeenFromTheModel) {
  write(makePng(1, 2, 3, kTwoPixels));
  Tensor tensor = read(input({-1, 2, 1, 3}));
  EXPECT_EQ(tensor.getDims(), (std::vector<int64_t>{1, 2, 1, 3}));
  double expected[] = {1, 0, 0, 0, 0, 0.2};
  for (int i = 0; i < 6; ++i)
    EXPECT_NEAR(tensor.getElement(i), expected[i], 1e-6) << i;
}

TEST_F(ImageTest, NormalisesEachChannel) {
  write(makePng(2, 1, 3, kTwoPixels));
  ImageOptions options;
  options.channels = "bgr";
  options.mean = {0.1, 0.2, 0.3};
  options.deviation = {2, 4, 5};
  Tensor tensor = read(input({3, 1, 2}), options);
  double expected[] = {(0 - 0.1) / 2, (0.2 - 0.1) / 2, (0 - 0.2) / 4,
                       (0 - 0.2) / 4, (1 - 0.3) / 5,   (0 - 0.3) / 5};
  for (int i = 0; i < 6; ++i)
    EXPECT_NEAR(tensor.getElement(i), expected[i], 1e-6) << i;
}

TEST_F(ImageTest, IntegersKeepPixelValues) {
  write(makePng(2, 1, 3, kTwoPixels));
  TensorDecl decl = input({3, 1, 2});
  decl.dtype = ORCH_DTYPE_U8;
  ImageOptions options;
  options.scale = 1;
  Tensor tensor = read(decl, options);
  EXPECT_EQ(tensor.getElement(0), 255);
  EXPECT_EQ(tensor.getElement(5), 51);
}

TEST_F(ImageTest, ShrinkingAverages) {
  // Four columns to two: each is the mean of a triangle over its neighbours.
  write(makePng(4, 1, 1, std::string("\x00\x00\xff\xff", 4)));
  Tensor tensor = read(input({1, 1, 1, 2}));
  EXPECT_NEAR(tensor.getElement(0) + tensor.getElement(1), 1, 1e-6);
  EXPECT_NEAR(tensor.getElement(0), 1.0 / 7, 1e-6);
}

TEST_F(ImageTest, GrowingInterpolates) {
  // Half-pixel centres: 0, 1/4, 3/4, 1 of the way.
  write(makePng(2, 1, 1, std::string("\x00\xff", 2)));
  Tensor tensor = read(input({1, 4}));
  double expected[] = {0, 0.25, 0.75, 1};
  for (int i = 0; i < 4; ++i)
    EXPECT_NEAR(tensor.getElement(i), expected[i], 1e-6) << i;
}

TEST_F(ImageTest, CroppingKeepsTheMiddle) {
  write(makePng(4, 2, 1, std::string("\x00\xff\xff\x00\x00\xff\xff\x00", 8)));
  ImageOptions options;
  options.keepAspect = true;
  Tensor tensor = read(input({2, 2}), options);
  for (int i = 0; i < 4; ++i)
    EXPECT_NEAR(tensor.getElement(i), 1, 1e-6) << i;
}

TEST_F(ImageTest, RefusesWhatDoesNotFit) {
  write(makePng(2, 1, 3, kTwoPixels));
  EXPECT_NE(errorOf(input({5})).find("[bad-image]"), std::string::npos);
  EXPECT_NE(errorOf(input({2, 3, 8, 8})).find("[bad-image]"),
            std::string::npos);
  EXPECT_NE(errorOf(input({4, 8, 8})).find("--channels"), std::string::npos);
  EXPECT_NE(errorOf(input({3, -1, -1})).find("--image-size"),
            std::string::npos);
  ImageOptions options;
  options.mean = {1, 2};
  EXPECT_NE(errorOf(input({3, 1, 2}), options).find("[bad-image]"),
            std::string::npos);
}

TEST_F(ImageTest, RefusesDamage) {
  std::string whole = makePng(2, 1, 3, kTwoPixels);
  for (size_t size : {size_t(0), size_t(20), whole.size() / 2}) {
    write(whole.substr(0, size));
    EXPECT_NE(errorOf(input({3, 1, 2})).find("[bad-image]"), std::string::npos)
        << size;
  }
  write("P6 1 1 255 abc");
  EXPECT_NE(errorOf(input({3, 1, 2})).find("PNG or JPEG"), std::string::npos);
  // A header that claims more pixels than anyone has memory for.
  write(makePng(0x7fffff, 0x7fffff, 3, ""));
  EXPECT_NE(errorOf(input({3, 1, 2})).find("[bad-image]"), std::string::npos);
}

TEST_F(ImageTest, AMissingFileIsNamed) {
  EXPECT_NE(errorOf(input({3, 1, 2})).find("picture.png"), std::string::npos);
}
