//===- Safetensors.h - External weights from a mapped file ------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_LIB_SAFETENSORS_H
#define ORCHESTRA_RUNTIME_LIB_SAFETENSORS_H

#include "orchestra_runtime/base.h"

namespace orchestra::runtime {

/// A read-only mapping of a file, or empty.
struct Mapping {
  void *address = nullptr;
  uint64_t size = 0;

  Mapping() = default;
  Mapping(const Mapping &) = delete;
  Mapping &operator=(const Mapping &) = delete;
  ~Mapping();
};

/// Maps the safetensors file `path` and checks that it carries `hash` and
/// `size` bytes of data; `*data` is where they start. `origin` is the model.
orch_status mapWeights(const char *path, const char *origin, const char *hash,
                       uint64_t size, Mapping &mapping, const void **data);

/// Finds the string `key` in the __metadata__ of a safetensors header (JSON of
/// `length` bytes) and copies it, unescaped, to `value`. Returns 1 when found,
/// 0 when not, -1 when the header is not valid JSON of this form.
int findMetadata(const char *header, size_t length, const char *key,
                 char *value, size_t capacity);

} // namespace orchestra::runtime

#endif // ORCHESTRA_RUNTIME_LIB_SAFETENSORS_H
