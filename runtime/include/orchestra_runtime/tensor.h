/*===- tensor.h - Views of data that go into and come out of a model -------===*
 *
 * Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What: orch_tensor, a plain structure that says where elements are, and
 *   orch_buffer, a reference-counted owner of memory that a tensor may hold.
 * Ownership: a tensor with a NULL `buffer` is a view: its memory is the
 *   caller's and must outlive every use. A tensor with a buffer holds one
 *   reference, dropped by orch_tensor_release. Copying the structure does not
 *   add a reference: call orch_buffer_retain for that.
 *
 *===----------------------------------------------------------------------===*/
#ifndef ORCHESTRA_RUNTIME_TENSOR_H
#define ORCHESTRA_RUNTIME_TENSOR_H

#include "orchestra_runtime/base.h"
#include "orchestra_runtime/format.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The highest rank the runtime accepts, in models and in tensors. */
#define ORCH_MAX_RANK 16

/* A reference-counted block of memory; retain and release are thread-safe. */
typedef struct orch_buffer orch_buffer;
struct orch_device;

/* Bits of orch_tensor.flags. */
enum {
  ORCH_TENSOR_STRIDED = 1u << 0,  /* `strides` counts; else dense row-major */
  ORCH_TENSOR_READ_ONLY = 1u << 1 /* may not be used as an output */
};

typedef struct orch_tensor {
  void *data;                 /* element [0, 0, ...]; NULL if there are none, or
                                 in an output the runtime shall allocate */
  orch_buffer *buffer;        /* owner of the memory, or NULL: the caller's */
  struct orch_device *device; /* where `data` is; NULL: host memory */
  uint32_t dtype;             /* orch_dtype */
  uint32_t rank;              /* at most ORCH_MAX_RANK; 0 is a scalar */
  uint32_t flags;             /* ORCH_TENSOR_* */
  uint32_t reserved;          /* 0 */
  int64_t dims[ORCH_MAX_RANK];    /* sizes, in elements, none negative */
  int64_t strides[ORCH_MAX_RANK]; /* steps in elements, may be negative or 0 */
} orch_tensor;

/* Bits of one element (4 for the packed types), 0 for an unknown type. */
ORCH_API uint32_t orch_dtype_bits(uint32_t dtype);
/* "f32", "bf16", ...; "invalid" for an unknown type; a static string. */
ORCH_API const char *orch_dtype_name(uint32_t dtype);

/* A dense view of `data`. `dims` has `rank` entries and is copied. Never fails:
 * wrong values are reported when the tensor is used. */
ORCH_API orch_tensor orch_tensor_view(void *data, uint32_t dtype, uint32_t rank,
                                      const int64_t *dims);

/* Elements and bytes of a dense tensor of these dims. Packed types are rounded
 * up to whole bytes. Fails when a dim is negative or the size overflows. */
ORCH_CHECKED ORCH_API orch_status orch_tensor_size(const orch_tensor *tensor,
                                                   int64_t *elements,
                                                   uint64_t *bytes);

/* Makes a dense tensor with a new buffer aligned to ORCH_BUFFER_ALIGNMENT, not
 * initialised. `allocator` NULL: the system's. The caller releases `*tensor`.
 */
ORCH_CHECKED ORCH_API orch_status
orch_tensor_allocate(uint32_t dtype, uint32_t rank, const int64_t *dims,
                     const orch_allocator *allocator, orch_tensor *tensor);

/* Drops the tensor's reference to its buffer, if any, and clears `data` and
 * `buffer`. NULL is ignored. */
ORCH_API void orch_tensor_release(orch_tensor *tensor);

/* Makes a buffer with one reference that owns `size` bytes at `data`; the last
 * release calls `destroy(user, data)` (if not NULL), on the releasing thread.
 */
ORCH_CHECKED ORCH_API orch_status orch_buffer_wrap(
    void *data, size_t size, void (*destroy)(void *user, void *data),
    void *user, const orch_allocator *allocator, orch_buffer **buffer);
ORCH_API void orch_buffer_retain(orch_buffer *buffer);
ORCH_API void orch_buffer_release(orch_buffer *buffer); /* NULL is ignored */
ORCH_API void *orch_buffer_data(const orch_buffer *buffer);
ORCH_API size_t orch_buffer_size(const orch_buffer *buffer);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* ORCHESTRA_RUNTIME_TENSOR_H */
