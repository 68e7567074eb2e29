//===- Images.cpp - Pictures become pixels --------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The libraries' interfaces that are used here have been binary compatible
// under their names for many years; what is needed of them is declared here, so
// that nothing needs their headers. ImagesJpeg.cpp is the exception.
//
//===----------------------------------------------------------------------===//
#include "Images.h"
#include "ImagesJpeg.h"

#include <cstdlib>
#include <dlfcn.h>

namespace orchestra::runtime {

const char *Pixels::make(int64_t newWidth, int64_t newHeight) {
  constexpr int64_t most = 1 << 16;
  if (newWidth < 1 || newHeight < 1 || newWidth > most || newHeight > most)
    return "a picture has an impossible size";
  bytes = size_t(newWidth) * size_t(newHeight) * 3;
  data = static_cast<uint8_t *>(
      runtime::allocate(allocator, bytes, ORCH_BUFFER_ALIGNMENT));
  if (!data) {
    bytes = 0;
    return "no memory for a picture";
  }
  width = newWidth;
  height = newHeight;
  return nullptr;
}

namespace {

constexpr char damaged[] = "a picture is damaged";

/// A library that is open as long as this lives.
class Library {
public:
  explicit Library(const char *name) : handle(dlopen(name, RTLD_NOW)) {}
  Library(const Library &) = delete;
  Library &operator=(const Library &) = delete;
  ~Library() {
    if (handle)
      dlclose(handle);
  }
  template <typename Function> bool find(const char *name, Function &function) {
    function =
        reinterpret_cast<Function>(handle ? dlsym(handle, name) : nullptr);
    return function != nullptr;
  }

private:
  void *handle;
};

uint32_t read32(const uint8_t *at) {
  return uint32_t(at[0]) | uint32_t(at[1]) << 8 | uint32_t(at[2]) << 16 |
         uint32_t(at[3]) << 24;
}
uint32_t read16(const uint8_t *at) {
  return uint32_t(at[0]) | uint32_t(at[1]) << 8;
}

/// Windows bitmaps of 24 or 32 bits a pixel, not compressed.
const char *decodeBmp(orch_string file, Pixels &pixels) {
  const auto *bytes = reinterpret_cast<const uint8_t *>(file.data);
  if (file.size < 54)
    return damaged;
  uint64_t begin = read32(bytes + 10);
  auto width = int32_t(read32(bytes + 18)),
       height = int32_t(read32(bytes + 22));
  uint32_t bits = read16(bytes + 28), compression = read32(bytes + 30);
  if ((bits != 24 && bits != 32) || compression != 0)
    return "a BMP picture has a form that is not supported";
  bool fromTop = height < 0;
  if (const char *why =
          pixels.make(width, fromTop ? -int64_t(height) : int64_t(height)))
    return why;
  uint64_t step = (uint64_t(width) * bits + 31) / 32 * 4;
  if (begin > file.size || (file.size - begin) / step < uint64_t(pixels.height))
    return damaged;
  for (int64_t y = 0; y < pixels.height; ++y) {
    const uint8_t *from =
        bytes + begin + uint64_t(fromTop ? y : pixels.height - 1 - y) * step;
    uint8_t *to = pixels.row(y);
    for (int64_t x = 0; x < width; ++x, from += bits / 8, to += 3) {
      to[0] = from[2];
      to[1] = from[1];
      to[2] = from[0];
    }
  }
  return nullptr;
}

/// P5 and P6: binary grey and colours, a byte each.
const char *decodePnm(orch_string file, Pixels &pixels) {
  const char *at = file.data + 2, *end = file.data + file.size;
  int64_t numbers[3];
  for (int64_t &number : numbers) {
    while (at < end &&
           (*at == ' ' || (*at >= '\t' && *at <= '\r') || *at == '#'))
      if (*at++ == '#')
        while (at < end && *at != '\n')
          ++at;
    const char *first = at;
    for (number = 0; at < end && *at >= '0' && *at <= '9' && number < 1000000;
         ++at)
      number = number * 10 + (*at - '0');
    if (at == first)
      return damaged;
  }
  if (numbers[2] != 255)
    return "a PNM picture has values that are no bytes";
  if (const char *why = pixels.make(numbers[0], numbers[1]))
    return why;
  uint64_t count = uint64_t(pixels.width * pixels.height);
  bool grey = file.data[1] == '5';
  ++at; // one white space
  if (at > end || uint64_t(end - at) < (grey ? count : 3 * count))
    return damaged;
  for (uint64_t i = 0; i < 3 * count; ++i)
    pixels.data[i] = uint8_t(at[grey ? i / 3 : i]);
  return nullptr;
}

/// libpng's simplified interface.
struct PngImage {
  void *opaque;
  uint32_t version, width, height, format, flags, colors, problem;
  char message[64];
};

const char *decodePng(orch_string file, Pixels &pixels) {
  Library library("libpng16.so.16");
  int (*begin)(PngImage *, const void *, size_t);
  int (*finish)(PngImage *, const void *, void *, int32_t, void *);
  void (*release)(PngImage *);
  if (!library.find("png_image_begin_read_from_memory", begin) ||
      !library.find("png_image_finish_read", finish) ||
      !library.find("png_image_free", release))
    return "PNG pictures need the library libpng16.so.16, which is not here";
  PngImage image = {};
  image.version = 1;
  if (!begin(&image, file.data, file.size))
    return damaged;
  image.format = 2; // colours, no alpha
  const char *why = pixels.make(image.width, image.height);
  const uint8_t black[3] = {};
  if (!why && !finish(&image, black, pixels.data, 0, nullptr))
    why = damaged;
  release(&image);
  return why;
}

const char *decodeWebp(orch_string file, Pixels &pixels) {
  Library library("libwebp.so.7");
  int (*info)(const uint8_t *, size_t, int *, int *);
  uint8_t *(*decode)(const uint8_t *, size_t, uint8_t *, size_t, int);
  if (!library.find("WebPGetInfo", info) ||
      !library.find("WebPDecodeRGBInto", decode))
    return "WebP pictures need the library libwebp.so.7, which is not here";
  const auto *bytes = reinterpret_cast<const uint8_t *>(file.data);
  int width, height;
  if (!info(bytes, file.size, &width, &height))
    return damaged;
  if (const char *why = pixels.make(width, height))
    return why;
  return decode(bytes, file.size, pixels.data,
                size_t(width) * size_t(height) * 3, width * 3)
             ? nullptr
             : damaged;
}

/// What libtiff reads from.
struct TiffFile {
  orch_string file;
  uint64_t at;
};
int64_t tiffRead(void *handle, void *to, int64_t size) {
  auto &file = *static_cast<TiffFile *>(handle);
  uint64_t rest = file.at < file.file.size ? file.file.size - file.at : 0;
  if (size < 0)
    return -1;
  auto part = uint64_t(size) < rest ? uint64_t(size) : rest;
  if (part)
    memcpy(to, file.file.data + file.at, part);
  file.at += part;
  return int64_t(part);
}
int64_t tiffWrite(void *, void *, int64_t) { return -1; }
uint64_t tiffSeek(void *handle, uint64_t offset, int whence) {
  auto &file = *static_cast<TiffFile *>(handle);
  file.at = offset + (whence == 1 ? file.at : whence == 2 ? file.file.size : 0);
  return file.at;
}
int tiffClose(void *) { return 0; }
uint64_t tiffSize(void *handle) {
  return static_cast<TiffFile *>(handle)->file.size;
}

const char *decodeTiff(orch_string file, Pixels &pixels) {
  Library library("libtiff.so.6");
  using Handler = void (*)(const char *, const char *, void *);
  void *(*open)(const char *, const char *, void *, decltype(&tiffRead),
                decltype(&tiffWrite), decltype(&tiffSeek), decltype(&tiffClose),
                decltype(&tiffSize), void *, void *);
  int (*field)(void *, uint32_t, ...);
  int (*read)(void *, uint32_t, uint32_t, uint32_t *, int, int);
  void (*close)(void *);
  Handler (*errors)(Handler), (*warnings)(Handler);
  if (!library.find("TIFFClientOpen", open) ||
      !library.find("TIFFGetField", field) ||
      !library.find("TIFFReadRGBAImageOriented", read) ||
      !library.find("TIFFClose", close) ||
      !library.find("TIFFSetErrorHandler", errors) ||
      !library.find("TIFFSetWarningHandler", warnings))
    return "TIFF pictures need the library libtiff.so.6, which is not here";
  errors(nullptr); // it would print
  warnings(nullptr);
  TiffFile source{file, 0};
  void *tiff = open("picture", "rm", &source, tiffRead, tiffWrite, tiffSeek,
                    tiffClose, tiffSize, nullptr, nullptr);
  if (!tiff)
    return damaged;
  uint32_t width = 0, height = 0;
  const char *why = field(tiff, 256, &width) && field(tiff, 257, &height)
                        ? pixels.make(width, height)
                        : damaged;
  if (!why) {
    size_t count = size_t(width) * height;
    auto *raster = static_cast<uint32_t *>(malloc(count * sizeof(uint32_t)));
    if (!raster)
      why = "no memory for a picture";
    else if (!read(tiff, width, height, raster, /*from the top left*/ 1,
                   /*stop at errors*/ 1))
      why = damaged;
    for (size_t i = 0; !why && i < count; ++i)
      for (int c = 0; c < 3; ++c)
        pixels.data[3 * i + size_t(c)] = uint8_t(raster[i] >> 8 * c);
    free(raster);
  }
  close(tiff);
  return why;
}

bool begins(orch_string file, const char *bytes, size_t size, size_t at = 0) {
  return file.size >= at + size && memcmp(file.data + at, bytes, size) == 0;
}

} // namespace

const char *decodeImage(orch_string file, Pixels &pixels) {
  if (begins(file, "BM", 2))
    return decodeBmp(file, pixels);
  if (begins(file, "P5", 2) || begins(file, "P6", 2))
    return decodePnm(file, pixels);
  if (begins(file, "\x89PNG", 4))
    return decodePng(file, pixels);
  if (begins(file, "\xff\xd8", 2))
    return decodeJpeg(file, pixels);
  if (begins(file, "RIFF", 4) && begins(file, "WEBP", 4, 8))
    return decodeWebp(file, pixels);
  if (begins(file, "II*\0", 4) || begins(file, "MM\0*", 4))
    return decodeTiff(file, pixels);
  return "a picture is in no format that is supported";
}

} // namespace orchestra::runtime
