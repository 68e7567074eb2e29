//===- Images.h - Pictures become pixels ------------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: BMP and PNM are decoded here, PNG, JPEG, WebP and TIFF by the system's
//   libraries, which are opened when the first such picture comes.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_LIB_IMAGES_H
#define ORCHESTRA_RUNTIME_LIB_IMAGES_H

#include "Memory.h"

namespace orchestra::runtime {

/// Rows from the top, three bytes a pixel: red, green, blue.
class Pixels {
public:
  explicit Pixels(const orch_allocator &allocator) : allocator(allocator) {}
  Pixels(const Pixels &) = delete;
  Pixels &operator=(const Pixels &) = delete;
  ~Pixels() { deallocate(allocator, data, bytes, ORCH_BUFFER_ALIGNMENT); }

  /// Room for a picture. Null, or why there is none.
  const char *make(int64_t width, int64_t height);
  uint8_t *row(int64_t y) { return data + y * width * 3; }

  int64_t width = 0, height = 0;
  uint8_t *data = nullptr;

private:
  const orch_allocator &allocator;
  size_t bytes = 0;
};

/// Null, or why not: a text that lives forever.
const char *decodeImage(orch_string file, Pixels &pixels);

} // namespace orchestra::runtime

#endif // ORCHESTRA_RUNTIME_LIB_IMAGES_H
