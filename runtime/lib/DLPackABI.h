//===- DLPackABI.h - The structures of DLPack -------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the memory layout that DLPack 1.x publishes
//   (https://dmlc.github.io/dlpack/latest/c_api.html), under its own struct
//   tags so that the types are the ones callers know. Not to be included
//   together with <dlpack/dlpack.h>. test/dlpack_test.py checks it against
//   NumPy.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_LIB_DLPACKABI_H
#define ORCHESTRA_RUNTIME_LIB_DLPACKABI_H

#include <stdint.h>

extern "C" {

struct DLPackVersion {
  uint32_t major;
  uint32_t minor;
};

struct DLDevice {
  int32_t device_type;
  int32_t device_id;
};

struct DLDataType {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
};

struct DLTensor {
  void *data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t *shape;
  int64_t *strides; // in elements; null: dense row-major
  uint64_t byte_offset;
};

struct DLManagedTensor {
  DLTensor dl_tensor;
  void *manager_ctx;
  void (*deleter)(DLManagedTensor *self);
};

struct DLManagedTensorVersioned {
  DLPackVersion version;
  void *manager_ctx;
  void (*deleter)(DLManagedTensorVersioned *self);
  uint64_t flags;
  DLTensor dl_tensor;
};

} // extern "C"

namespace orchestra::runtime::dlpack {

constexpr uint32_t majorVersion = 1;
constexpr uint32_t minorVersion = 1;

constexpr int32_t deviceCPU = 1;

constexpr uint64_t flagReadOnly = 1u << 0;
constexpr uint64_t flagSubbytePadded = 1u << 2;

enum TypeCode : uint8_t {
  Int = 0,
  UInt = 1,
  Float = 2,
  BFloat = 4,
  Bool = 6,
  Float8E4M3FN = 10,
  Float8E4M3FNUZ = 11,
  Float8E5M2 = 12,
  Float8E5M2FNUZ = 13
};

} // namespace orchestra::runtime::dlpack

#endif // ORCHESTRA_RUNTIME_LIB_DLPACKABI_H
