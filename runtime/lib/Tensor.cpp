//===- Tensor.cpp - Element types, tensors, buffers -----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Tensor.h"

#include "Memory.h"

#include <atomic>

using namespace orchestra::runtime;

struct orch_buffer {
  std::atomic<uint64_t> references{1};
  void *data = nullptr;
  size_t size = 0;
  void (*destroyData)(void *user, void *data) = nullptr;
  void *user = nullptr;
  bool ownsData = false; // from `allocator`
  orch_allocator allocator = {};
};

namespace {

struct ElementType {
  const char *name;
  uint32_t bits;
};

// In the order of orch_dtype.
constexpr ElementType elementTypes[] = {
    {"invalid", 0},  {"f32", 32},       {"f64", 64},     {"f16", 16},
    {"bf16", 16},    {"i8", 8},         {"i16", 16},     {"i32", 32},
    {"i64", 64},     {"u8", 8},         {"u16", 16},     {"u32", 32},
    {"u64", 64},     {"bool", 8},       {"f8E4M3FN", 8}, {"f8E4M3FNUZ", 8},
    {"f8E5M2", 8},   {"f8E5M2FNUZ", 8}, {"i4", 4},       {"u4", 4},
    {"i2", 2},       {"u2", 2},         {"f4E2M1", 4},   {"f8E8M0", 8},
    {"string", 128}, // as in tensors of inputs and outputs
};
constexpr uint32_t numElementTypes =
    sizeof(elementTypes) / sizeof(elementTypes[0]);

/// Calls `copy(strided, dense, count, stride)` for each innermost row, where
/// the first two are byte offsets.
template <typename Copy>
void forEachRow(const orch_tensor &tensor, int64_t size, Copy copy) {
  uint32_t outer = tensor.rank ? tensor.rank - 1 : 0;
  int64_t count = tensor.rank ? tensor.dims[outer] : 1;
  int64_t stride = tensor.rank ? tensor.strides[outer] : 1;
  for (uint32_t d = 0; d < tensor.rank; ++d)
    if (tensor.dims[d] == 0)
      return;
  int64_t index[ORCH_MAX_RANK] = {};
  int64_t strided = 0, dense = 0;
  while (true) {
    copy(strided * size, dense * size, count, stride * size);
    dense += count;
    uint32_t d = outer;
    while (d > 0) {
      --d;
      strided += tensor.strides[d];
      if (++index[d] < tensor.dims[d])
        break;
      strided -= tensor.strides[d] * tensor.dims[d];
      index[d] = 0;
      if (d == 0)
        return;
    }
    if (outer == 0)
      return;
  }
}

/// memcpy of one element, with the size known to the compiler.
inline void copyElement(char *to, const char *from, int64_t size) {
  switch (size) {
  case 1:
    *to = *from;
    return;
  case 2:
    memcpy(to, from, 2);
    return;
  case 4:
    memcpy(to, from, 4);
    return;
  case 16:
    memcpy(to, from, 16);
    return;
  default:
    memcpy(to, from, 8);
  }
}

} // namespace

namespace orchestra::runtime {

bool denseSize(uint32_t dtype, uint32_t rank, const int64_t *dims,
               int64_t &elements, uint64_t &bytes) {
  int64_t bits = orch_dtype_bits(dtype), count = 1;
  if (bits == 0 || rank > ORCH_MAX_RANK)
    return false;
  bool empty = false;
  for (uint32_t d = 0; d < rank; ++d) {
    if (dims[d] < 0)
      return false;
    empty |= dims[d] == 0;
  }
  for (uint32_t d = 0; d < rank && !empty; ++d)
    if (__builtin_mul_overflow(count, dims[d], &count))
      return false;
  elements = empty ? 0 : count;
  int64_t total;
  if (__builtin_mul_overflow(elements, bits, &total) ||
      __builtin_add_overflow(total, 7, &total))
    return false;
  bytes = uint64_t(total) / 8;
  return true;
}

bool isDense(const orch_tensor &tensor) {
  if (!(tensor.flags & ORCH_TENSOR_STRIDED))
    return true;
  int64_t expected = 1;
  bool dense = true;
  for (uint32_t d = tensor.rank; d-- > 0;) {
    if (tensor.dims[d] == 0)
      return true;
    dense &= tensor.dims[d] == 1 || tensor.strides[d] == expected;
    if (__builtin_mul_overflow(expected, tensor.dims[d], &expected))
      return false;
  }
  return dense;
}

bool byteRange(const orch_tensor &tensor, int64_t &low, int64_t &high) {
  int64_t elements;
  uint64_t bytes;
  low = high = 0;
  if (!denseSize(tensor.dtype, tensor.rank, tensor.dims, elements, bytes))
    return false;
  if (elements == 0)
    return true;
  if (isDense(tensor)) {
    high = int64_t(bytes);
    return true;
  }
  int64_t bits = orch_dtype_bits(tensor.dtype);
  if (bits % 8)
    return false;
  for (uint32_t d = 0; d < tensor.rank; ++d) {
    int64_t extent;
    if (__builtin_mul_overflow(tensor.dims[d] - 1, tensor.strides[d],
                               &extent) ||
        __builtin_mul_overflow(extent, bits / 8, &extent) ||
        __builtin_add_overflow(extent < 0 ? low : high, extent,
                               extent < 0 ? &low : &high))
      return false;
  }
  return !__builtin_add_overflow(high, bits / 8, &high);
}

void copyToDense(const orch_tensor &from, void *to) {
  int64_t size = orch_dtype_bits(from.dtype) / 8;
  const char *strided = static_cast<const char *>(from.data);
  char *dense = static_cast<char *>(to);
  forEachRow(from, size,
             [&](int64_t source, int64_t target, int64_t count, int64_t step) {
               if (step == size) {
                 memcpy(dense + target, strided + source, size_t(count * size));
                 return;
               }
               for (int64_t i = 0; i < count; ++i)
                 copyElement(dense + target + i * size,
                             strided + source + i * step, size);
             });
}

void copyFromDense(const void *from, const orch_tensor &to) {
  int64_t size = orch_dtype_bits(to.dtype) / 8;
  const char *dense = static_cast<const char *>(from);
  char *strided = static_cast<char *>(to.data);
  forEachRow(to, size,
             [&](int64_t target, int64_t source, int64_t count, int64_t step) {
               for (int64_t i = 0; i < count; ++i)
                 copyElement(strided + target + i * step,
                             dense + source + i * size, size);
             });
}

} // namespace orchestra::runtime

uint32_t orch_dtype_bits(uint32_t dtype) {
  return dtype < numElementTypes ? elementTypes[dtype].bits : 0;
}

const char *orch_dtype_name(uint32_t dtype) {
  return elementTypes[dtype < numElementTypes ? dtype : 0].name;
}

orch_tensor orch_tensor_view(void *data, uint32_t dtype, uint32_t rank,
                             const int64_t *dims) {
  orch_tensor tensor = {};
  tensor.data = data;
  tensor.dtype = dtype;
  tensor.rank = rank;
  for (uint32_t d = 0; d < rank && d < ORCH_MAX_RANK; ++d)
    tensor.dims[d] = dims[d];
  return tensor;
}

orch_status orch_tensor_size(const orch_tensor *tensor, int64_t *elements,
                             uint64_t *bytes) {
  int64_t count;
  uint64_t size;
  if (!tensor ||
      !denseSize(tensor->dtype, tensor->rank, tensor->dims, count, size))
    return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                          "error: the tensor has no valid size "
                          "[invalid-argument]\n  note: its type is unknown, a "
                          "dim is negative, or their product is too large");
  if (elements)
    *elements = count;
  if (bytes)
    *bytes = size;
  return ORCH_OK;
}

orch_status orch_tensor_allocate(uint32_t dtype, uint32_t rank,
                                 const int64_t *dims,
                                 const orch_allocator *given,
                                 orch_tensor *out) {
  if (!out || (rank && !dims) || rank > ORCH_MAX_RANK)
    return orch_set_error(
        ORCH_ERROR_INVALID_ARGUMENT,
        "error: orch_tensor_allocate needs dims, a rank up to "
        "%d and a place for the tensor [invalid-argument]",
        ORCH_MAX_RANK);
  orch_tensor tensor = orch_tensor_view(nullptr, dtype, rank, dims);
  uint64_t bytes;
  if (orch_status status = orch_tensor_size(&tensor, nullptr, &bytes))
    return status;
  orch_allocator allocator = allocatorOrSystem(given);
  // An empty tensor has an address, too.
  size_t size = bytes ? bytes : 1;
  orch_buffer *buffer = create<orch_buffer>(allocator);
  void *data =
      buffer ? allocate(allocator, size, ORCH_BUFFER_ALIGNMENT) : nullptr;
  if (!data) {
    destroy(allocator, buffer);
    return outOfMemory(size, "a tensor");
  }
  buffer->data = data;
  buffer->size = size;
  buffer->ownsData = true;
  buffer->allocator = allocator;
  tensor.data = data;
  tensor.buffer = buffer;
  *out = tensor;
  return ORCH_OK;
}

void orch_tensor_release(orch_tensor *tensor) {
  if (!tensor)
    return;
  orch_buffer_release(tensor->buffer);
  tensor->buffer = nullptr;
  tensor->data = nullptr;
}

orch_status orch_buffer_wrap(void *data, size_t size,
                             void (*destroyData)(void *user, void *data),
                             void *user, const orch_allocator *given,
                             orch_buffer **out) {
  if (!out)
    return orch_set_error(
        ORCH_ERROR_INVALID_ARGUMENT,
        "error: orch_buffer_wrap needs a place for the buffer "
        "[invalid-argument]");
  orch_allocator allocator = allocatorOrSystem(given);
  orch_buffer *buffer = create<orch_buffer>(allocator);
  if (!buffer)
    return outOfMemory(sizeof(orch_buffer), "a buffer");
  buffer->data = data;
  buffer->size = size;
  buffer->destroyData = destroyData;
  buffer->user = user;
  buffer->allocator = allocator;
  *out = buffer;
  return ORCH_OK;
}

void orch_buffer_retain(orch_buffer *buffer) {
  if (buffer)
    buffer->references.fetch_add(1, std::memory_order_relaxed);
}

void orch_buffer_release(orch_buffer *buffer) {
  if (!buffer ||
      buffer->references.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  if (buffer->ownsData)
    deallocate(buffer->allocator, buffer->data, buffer->size,
               ORCH_BUFFER_ALIGNMENT);
  else if (buffer->destroyData)
    buffer->destroyData(buffer->user, buffer->data);
  destroy(buffer->allocator, buffer);
}

void *orch_buffer_data(const orch_buffer *buffer) {
  return buffer ? buffer->data : nullptr;
}

size_t orch_buffer_size(const orch_buffer *buffer) {
  return buffer ? buffer->size : 0;
}
