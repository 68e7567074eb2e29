//===- DLPack.cpp - Tensors to and from other libraries -------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: both forms of a managed tensor, made from and into orch_tensor without
//   a copy. What goes out holds a reference to the buffer; what comes in is
//   wrapped into a buffer whose end is the producer's deleter.
//
//===----------------------------------------------------------------------===//
#include "DLPackABI.h"

#include "Memory.h"
#include "Tensor.h"
#include "orchestra_runtime/device.h"
#include "orchestra_runtime/dlpack.h"

using namespace orchestra::runtime;
using namespace orchestra::runtime::dlpack;

namespace {

struct TypePair {
  uint32_t dtype;
  uint8_t code;
  uint8_t bits;
};

constexpr TypePair types[] = {
    {ORCH_DTYPE_F32, Float, 32},
    {ORCH_DTYPE_F64, Float, 64},
    {ORCH_DTYPE_F16, Float, 16},
    {ORCH_DTYPE_BF16, BFloat, 16},
    {ORCH_DTYPE_I8, Int, 8},
    {ORCH_DTYPE_I16, Int, 16},
    {ORCH_DTYPE_I32, Int, 32},
    {ORCH_DTYPE_I64, Int, 64},
    {ORCH_DTYPE_U8, UInt, 8},
    {ORCH_DTYPE_U16, UInt, 16},
    {ORCH_DTYPE_U32, UInt, 32},
    {ORCH_DTYPE_U64, UInt, 64},
    {ORCH_DTYPE_BOOL, Bool, 8},
    {ORCH_DTYPE_F8E4M3FN, Float8E4M3FN, 8},
    {ORCH_DTYPE_F8E4M3FNUZ, Float8E4M3FNUZ, 8},
    {ORCH_DTYPE_F8E5M2, Float8E5M2, 8},
    {ORCH_DTYPE_F8E5M2FNUZ, Float8E5M2FNUZ, 8},
    {ORCH_DTYPE_I4, Int, 4},
    {ORCH_DTYPE_U4, UInt, 4},
};

orch_status unsupported(const char *what, long long value) {
  return orch_set_error(ORCH_ERROR_UNSUPPORTED,
                        "error: the DLPack tensor has %s %lld, which the "
                        "runtime does not take [dlpack-unsupported]",
                        what, value);
}

/// What a managed tensor that we made keeps; the managed structure is inside,
/// and so are shape and strides.
template <typename Managed> struct Exported {
  Managed managed;
  orch_allocator allocator;
  orch_buffer *buffer;
  int64_t shape[ORCH_MAX_RANK];
  int64_t strides[ORCH_MAX_RANK];

  static void release(Managed *managed) {
    if (!managed)
      return;
    auto *self = static_cast<Exported *>(managed->manager_ctx);
    orch_buffer *buffer = self->buffer;
    destroy(self->allocator, self);
    orch_buffer_release(buffer);
  }
};

template <typename Managed>
orch_status exportTensor(const orch_tensor *tensor, Managed **out,
                         bool canBeReadOnly) {
  if (!tensor || !out || tensor->rank > ORCH_MAX_RANK)
    return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                          "error: exporting to DLPack needs a valid tensor and "
                          "a place for the result [invalid-argument]");
  if (!tensor->buffer)
    return orch_set_error(
        ORCH_ERROR_INVALID_ARGUMENT,
        "error: a tensor without a buffer cannot be exported "
        "to DLPack [invalid-argument]\n  note: nothing would "
        "keep its memory alive\n  help: see orch_buffer_wrap");
  if (tensor->device)
    return unsupported("device", orch_device_index(tensor->device));
  if (!canBeReadOnly && tensor->flags & ORCH_TENSOR_READ_ONLY)
    return orch_set_error(ORCH_ERROR_UNSUPPORTED,
                          "error: a read-only tensor needs DLPack 1.0 or newer "
                          "[dlpack-unsupported]\n  help: use "
                          "orch_tensor_to_dlpack");
  const TypePair *type = nullptr;
  for (const TypePair &pair : types)
    if (pair.dtype == tensor->dtype)
      type = &pair;
  if (!type)
    return unsupported("element type", tensor->dtype);

  orch_allocator allocator = orch_system_allocator();
  auto *exported = create<Exported<Managed>>(allocator);
  if (!exported)
    return outOfMemory(sizeof(*exported), "a DLPack tensor");
  exported->allocator = allocator;
  exported->buffer = tensor->buffer;
  orch_buffer_retain(tensor->buffer);
  int64_t dense = 1;
  for (uint32_t d = tensor->rank; d-- > 0;) {
    exported->shape[d] = tensor->dims[d];
    exported->strides[d] =
        tensor->flags & ORCH_TENSOR_STRIDED ? tensor->strides[d] : dense;
    dense *= tensor->dims[d] > 0 ? tensor->dims[d] : 1;
  }
  Managed &managed = exported->managed;
  managed.manager_ctx = exported;
  managed.deleter = Exported<Managed>::release;
  DLTensor &view = managed.dl_tensor;
  view.data = tensor->data;
  view.device = {deviceCPU, 0};
  view.ndim = int32_t(tensor->rank);
  view.dtype = {type->code, type->bits, 1};
  view.shape = exported->shape;
  view.strides = exported->strides;
  view.byte_offset = 0;
  *out = &managed;
  return ORCH_OK;
}

template <typename Managed> void callDeleter(void *user, void *) {
  auto *managed = static_cast<Managed *>(user);
  if (managed->deleter)
    managed->deleter(managed);
}

orch_status convertView(const DLTensor &view, orch_tensor &tensor) {
  if (view.device.device_type != deviceCPU)
    return unsupported("device type", view.device.device_type);
  if (view.ndim < 0 || view.ndim > ORCH_MAX_RANK)
    return unsupported("rank", view.ndim);
  if (view.dtype.lanes != 1)
    return unsupported("vector elements of width", view.dtype.lanes);
  tensor = {};
  for (const TypePair &pair : types)
    if (pair.code == view.dtype.code && pair.bits == view.dtype.bits)
      tensor.dtype = pair.dtype;
  if (tensor.dtype == ORCH_DTYPE_INVALID)
    return orch_set_error(ORCH_ERROR_UNSUPPORTED,
                          "error: the DLPack tensor has element type code %u "
                          "with %u bits, which the runtime does not take "
                          "[dlpack-unsupported]",
                          view.dtype.code, view.dtype.bits);
  if (view.ndim && !view.shape)
    return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                          "error: the DLPack tensor has no shape "
                          "[invalid-argument]");
  tensor.rank = uint32_t(view.ndim);
  tensor.data =
      view.data ? static_cast<char *>(view.data) + view.byte_offset : nullptr;
  for (uint32_t d = 0; d < tensor.rank; ++d) {
    tensor.dims[d] = view.shape[d];
    tensor.strides[d] = view.strides ? view.strides[d] : 0;
  }
  if (view.strides) {
    tensor.flags |= ORCH_TENSOR_STRIDED;
    if (isDense(tensor))
      tensor.flags &= ~uint32_t(ORCH_TENSOR_STRIDED);
  }
  int64_t low, high;
  if (!byteRange(tensor, low, high))
    return orch_set_error(
        ORCH_ERROR_INVALID_ARGUMENT,
        "error: the DLPack tensor has dims or strides that no "
        "memory has [invalid-argument]");
  return ORCH_OK;
}

template <typename Managed>
orch_status importTensor(Managed *managed, orch_tensor *out, uint64_t flags) {
  orch_tensor tensor;
  if (orch_status status = convertView(managed->dl_tensor, tensor))
    return status;
  if (flags & flagReadOnly)
    tensor.flags |= ORCH_TENSOR_READ_ONLY;
  if (flags & flagSubbytePadded && orch_dtype_bits(tensor.dtype) < 8)
    return unsupported("padded elements of bits",
                       orch_dtype_bits(tensor.dtype));
  int64_t low = 0, high = 0;
  byteRange(tensor, low, high);
  if (orch_status status =
          orch_buffer_wrap(tensor.data, size_t(high), callDeleter<Managed>,
                           managed, nullptr, &tensor.buffer))
    return status;
  *out = tensor;
  return ORCH_OK;
}

orch_status missingArgument() {
  return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                        "error: importing from DLPack needs a managed tensor "
                        "and a place for the result [invalid-argument]");
}

} // namespace

orch_status orch_tensor_to_dlpack(const orch_tensor *tensor,
                                  DLManagedTensorVersioned **managed) {
  if (orch_status status = exportTensor(tensor, managed, true))
    return status;
  (*managed)->version = {majorVersion, minorVersion};
  (*managed)->flags = tensor->flags & ORCH_TENSOR_READ_ONLY ? flagReadOnly : 0;
  return ORCH_OK;
}

orch_status orch_tensor_to_dlpack_legacy(const orch_tensor *tensor,
                                         DLManagedTensor **managed) {
  return exportTensor(tensor, managed, false);
}

orch_status orch_tensor_from_dlpack(DLManagedTensorVersioned *managed,
                                    orch_tensor *tensor) {
  if (!managed || !tensor)
    return missingArgument();
  // The layout after the version may differ in another major version.
  if (managed->version.major != majorVersion)
    return unsupported("major version", managed->version.major);
  return importTensor(managed, tensor, managed->flags);
}

orch_status orch_tensor_from_dlpack_legacy(DLManagedTensor *managed,
                                           orch_tensor *tensor) {
  if (!managed || !tensor)
    return missingArgument();
  return importTensor(managed, tensor, 0);
}
