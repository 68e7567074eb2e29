//===- Image.cpp - Pictures as inputs -------------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: decode, resize, crop, normalise, lay out: what frameworks do to a
//   picture before a model sees it. Resizing is bilinear with the half-pixel
//   rule and, when it shrinks, a triangle filter as wide as the step (as PIL
//   and torchvision with antialias do), so that small features do not alias.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Driver/DriverError.h"
#include "orchestra/Driver/Tensor.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wunused-function"
#pragma clang diagnostic ignored "-Wsign-compare"
#include <stb/stb_image.h>
#pragma clang diagnostic pop

#include <cmath>

using namespace llvm;
using namespace orchestra;

namespace {
/// Rows of interleaved channels.
struct Picture {
  int64_t width = 0, height = 0, channels = 0;
  std::vector<float> values;
  float &at(int64_t y, int64_t x, int64_t c) {
    return values[(y * width + x) * channels + c];
  }
};

/// Where one output coordinate takes its value from.
struct Taps {
  int64_t first = 0;
  std::vector<float> weights;
};
} // namespace

static std::vector<Taps> makeTaps(int64_t from, int64_t to) {
  double step = double(from) / double(to);
  double support = std::max(step, 1.0);
  std::vector<Taps> all(static_cast<size_t>(to));
  for (int64_t i = 0; i < to; ++i) {
    double center = (double(i) + 0.5) * step;
    int64_t low = std::max<int64_t>(0, int64_t(center - support + 0.5));
    int64_t high = std::min<int64_t>(from, int64_t(center + support + 0.5));
    Taps &taps = all[size_t(i)];
    taps.first = low;
    double sum = 0;
    for (int64_t j = low; j < high; ++j) {
      double distance = std::fabs(double(j) + 0.5 - center) / support;
      taps.weights.push_back(float(std::max(0.0, 1.0 - distance)));
      sum += taps.weights.back();
    }
    for (float &weight : taps.weights)
      weight = float(weight / sum);
  }
  return all;
}

static Picture resize(Picture &from, int64_t width, int64_t height) {
  if (from.width == width && from.height == height)
    return std::move(from);
  Picture wide{width, from.height, from.channels, {}};
  wide.values.resize(size_t(width * from.height * from.channels));
  std::vector<Taps> columns = makeTaps(from.width, width);
  for (int64_t y = 0; y < from.height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < from.channels; ++c) {
        const Taps &taps = columns[size_t(x)];
        float sum = 0;
        for (size_t i = 0; i < taps.weights.size(); ++i)
          sum += taps.weights[i] * from.at(y, taps.first + int64_t(i), c);
        wide.at(y, x, c) = sum;
      }
  Picture result{width, height, from.channels, {}};
  result.values.resize(size_t(width * height * from.channels));
  std::vector<Taps> rows = makeTaps(from.height, height);
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < from.channels; ++c) {
        const Taps &taps = rows[size_t(y)];
        float sum = 0;
        for (size_t i = 0; i < taps.weights.size(); ++i)
          sum += taps.weights[i] * wide.at(taps.first + int64_t(i), x, c);
        result.at(y, x, c) = sum;
      }
  return result;
}

static Picture cropMiddle(Picture &from, int64_t width, int64_t height) {
  Picture result{width, height, from.channels, {}};
  result.values.resize(size_t(width * height * from.channels));
  int64_t left = (from.width - width) / 2, top = (from.height - height) / 2;
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < from.channels; ++c)
        result.at(y, x, c) = from.at(top + y, left + x, c);
  return result;
}

static Error badImage(StringRef path, const Twine &what,
                      std::vector<std::string> notes) {
  return makeError(Fault::Input, path, what + " [bad-image]", std::move(notes));
}

Expected<Tensor> orchestra::readImage(StringRef path, const TensorDecl &spec,
                                      const ImageOptions &options) {
  // Which dims are what: [batch] channels height width, or channels last, or no
  // channels at all.
  size_t rank = spec.dims.size();
  if (rank < 2 || rank > 4 || (rank == 4 && spec.dims[0] > 1))
    return badImage(path, "the model's input does not take one picture",
                    {"note: input '" + spec.name + "' is " + spec.describe()});
  const int64_t *dims = spec.dims.data() + (rank == 4);
  bool flat = rank == 2;
  bool last = !flat && (options.layout == "nhwc" || options.layout == "hwc" ||
                        (options.layout.empty() && dims[0] != 1 &&
                         dims[0] != 3 && (dims[2] == 1 || dims[2] == 3)));
  int64_t modelHeight = flat || last ? dims[0] : dims[1];
  int64_t modelWidth = flat || last ? dims[1] : dims[2];
  int64_t modelChannels = flat ? 1 : last ? dims[2] : dims[0];
  int64_t channels = options.channels == "gray"  ? 1
                     : !options.channels.empty() ? 3
                     : modelChannels == 1        ? 1
                                                 : 3;
  int64_t width = options.width ? options.width : modelWidth;
  int64_t height = options.height ? options.height : modelHeight;
  if (modelChannels > 0 && modelChannels != channels)
    return badImage(path, "a picture has not the channels the model wants",
                    {"note: input '" + spec.name + "' is " + spec.describe(),
                     "help: set --channels and --layout"});
  if (width <= 0 || height <= 0 || (modelWidth > 0 && modelWidth != width) ||
      (modelHeight > 0 && modelHeight != height) || width > 65536 ||
      height > 65536)
    return badImage(path, "the size that the picture shall have does not fit",
                    {"note: input '" + spec.name + "' is " + spec.describe(),
                     "help: set --image-size=WIDTHxHEIGHT"});
  for (const std::vector<double> *list : {&options.mean, &options.deviation})
    if (!list->empty() && list->size() != 1 &&
        int64_t(list->size()) != channels)
      return badImage(
          path,
          "--mean and --std need one number, or one for each "
          "channel",
          {"note: there are " + std::to_string(channels) + " channels"});

  auto file = MemoryBuffer::getFile(path, /*IsText=*/false,
                                    /*RequiresNullTerminator=*/false);
  if (!file)
    return makeError(Fault::Input, path,
                     "the file cannot be read [unreadable-file]",
                     {"note: " + file.getError().message()});
  const auto *bytes =
      reinterpret_cast<const stbi_uc *>((*file)->getBufferStart());
  int fileWidth, fileHeight, fileChannels;
  if ((*file)->getBufferSize() > (1u << 30) ||
      !stbi_info_from_memory(bytes, int((*file)->getBufferSize()), &fileWidth,
                             &fileHeight, &fileChannels))
    return badImage(path, "this is not a PNG or JPEG picture", {});
  if (int64_t(fileWidth) * fileHeight > (int64_t(1) << 28))
    return badImage(path, "the picture is too large",
                    {"note: it has " + std::to_string(fileWidth) + " by " +
                     std::to_string(fileHeight) + " pixels"});
  std::unique_ptr<stbi_uc, void (*)(void *)> pixels(
      stbi_load_from_memory(bytes, int((*file)->getBufferSize()), &fileWidth,
                            &fileHeight, &fileChannels, int(channels)),
      stbi_image_free);
  if (!pixels)
    return badImage(path, "the picture cannot be decoded",
                    {"note: " + std::string(stbi_failure_reason())});
  Picture picture{fileWidth, fileHeight, channels, {}};
  picture.values.assign(pixels.get(), pixels.get() + int64_t(fileWidth) *
                                                         fileHeight * channels);
  if (options.keepAspect) {
    double factor =
        std::max(double(width) / fileWidth, double(height) / fileHeight);
    int64_t newWidth =
        std::max(width, int64_t(std::lround(fileWidth * factor)));
    int64_t newHeight =
        std::max(height, int64_t(std::lround(fileHeight * factor)));
    Picture resized = resize(picture, newWidth, newHeight);
    picture = cropMiddle(resized, width, height);
  } else {
    picture = resize(picture, width, height);
  }

  std::vector<int64_t> outDims;
  if (rank == 4)
    outDims.push_back(1);
  if (flat)
    outDims.insert(outDims.end(), {height, width});
  else if (last)
    outDims.insert(outDims.end(), {height, width, channels});
  else
    outDims.insert(outDims.end(), {channels, height, width});
  Expected<Tensor> tensor = Tensor::allocate(spec.dtype, outDims);
  if (!tensor)
    return tensor.takeError();
  auto pick = [](const std::vector<double> &list, int64_t c, double fallback) {
    return list.empty()       ? fallback
           : list.size() == 1 ? list[0]
                              : list[size_t(c)];
  };
  bool reversed = options.channels == "bgr";
  // Integers hold the pixels themselves unless asked otherwise.
  double scale =
      options.scale.value_or(isFloatDtype(spec.dtype) ? 1.0 / 255 : 1.0);
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x) {
        double value =
            picture.at(y, x, reversed ? channels - 1 - c : c) * scale;
        value =
            (value - pick(options.mean, c, 0)) / pick(options.deviation, c, 1);
        tensor->setElement(last || flat ? (y * width + x) * channels + c
                                        : (c * height + y) * width + x,
                           value);
      }
  return tensor;
}
