/*===- dlpack.h - Tensors to and from other libraries, without a copy ------===*
 *
 * Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What: conversions between orch_tensor and DLPack, in the versioned form
 *   (DLPack 1.x) and in the older one. Nothing is copied.
 * The structures are only declared here; include <dlpack/dlpack.h> to look
 *   inside them. Host memory only, for now.
 *
 *===----------------------------------------------------------------------===*/
#ifndef ORCHESTRA_RUNTIME_DLPACK_H
#define ORCHESTRA_RUNTIME_DLPACK_H

#include "orchestra_runtime/base.h"
#include "orchestra_runtime/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

struct DLManagedTensor;
struct DLManagedTensorVersioned;

/* Makes a managed tensor that holds a reference of its own to the buffer of
 * `tensor`, which must have one (a view would dangle: see orch_buffer_wrap).
 * The consumer calls the `deleter` in it, once, on any thread.
 * The older form cannot say read-only, so it refuses read-only tensors.
 * Errors: INVALID_ARGUMENT, OUT_OF_MEMORY, UNSUPPORTED. */
ORCH_CHECKED ORCH_API orch_status orch_tensor_to_dlpack(
    const orch_tensor *tensor, struct DLManagedTensorVersioned **managed);
ORCH_CHECKED ORCH_API orch_status orch_tensor_to_dlpack_legacy(
    const orch_tensor *tensor, struct DLManagedTensor **managed);

/* Makes `*tensor` a tensor over the memory of `managed` and takes it over:
 * orch_tensor_release calls its deleter. After an error the caller still owns
 * `managed`.
 * Errors: INVALID_ARGUMENT, OUT_OF_MEMORY, UNSUPPORTED (memory of another
 * device, an element type or version the runtime does not know). */
ORCH_CHECKED ORCH_API orch_status orch_tensor_from_dlpack(
    struct DLManagedTensorVersioned *managed, orch_tensor *tensor);
ORCH_CHECKED ORCH_API orch_status orch_tensor_from_dlpack_legacy(
    struct DLManagedTensor *managed, orch_tensor *tensor);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* ORCHESTRA_RUNTIME_DLPACK_H */
