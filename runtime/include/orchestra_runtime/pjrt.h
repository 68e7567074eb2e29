/*===- pjrt.h - Programs on devices behind PJRT plugins --------------------===*
 *
 * Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What: a plugin is a shared library of a vendor that compiles StableHLO or HLO
 *   and runs it on the vendor's devices. It is opened with dlopen and stays in
 *   the process: such libraries do not survive being closed.
 * Threads: handles may be used from any thread, each object by one at a time.
 * Errors: carry the plugin's own message as a note.
 *
 *===----------------------------------------------------------------------===*/
#ifndef ORCHESTRA_RUNTIME_PJRT_H
#define ORCHESTRA_RUNTIME_PJRT_H

#include "orchestra_runtime/base.h"
#include "orchestra_runtime/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct orch_pjrt_plugin orch_pjrt_plugin;
typedef struct orch_pjrt_client orch_pjrt_client;
typedef struct orch_pjrt_executable orch_pjrt_executable;
typedef struct orch_pjrt_buffer orch_pjrt_buffer;

/* Opens the plugin at `path` and checks its version. The caller closes it,
 * after everything that was made with it. */
ORCH_CHECKED ORCH_API orch_status
orch_pjrt_open(const char *path, const orch_allocator *allocator,
               orch_pjrt_plugin **plugin);
ORCH_API void orch_pjrt_close(orch_pjrt_plugin *plugin);
/* Minor version of its interface, whose major version is 0. */
ORCH_API int32_t orch_pjrt_minor_version(const orch_pjrt_plugin *plugin);
/* The newest StableHLO it reads: three numbers. NOT_FOUND if it does not say.
 */
ORCH_CHECKED ORCH_API orch_status
orch_pjrt_stablehlo_version(orch_pjrt_plugin *plugin, int64_t version[3]);

/* Its devices in this process; the first one is used. */
ORCH_CHECKED ORCH_API orch_status
orch_pjrt_client_create(orch_pjrt_plugin *plugin, orch_pjrt_client **client);
ORCH_API void orch_pjrt_client_destroy(orch_pjrt_client *client);
/* "cpu", "tpu"; valid as long as the client. */
ORCH_API const char *orch_pjrt_platform(const orch_pjrt_client *client);

/* Compiles `code`: "mlir" (StableHLO in any form) or "hlo". */
ORCH_CHECKED ORCH_API orch_status
orch_pjrt_compile(orch_pjrt_client *client, const void *code, size_t size,
                  const char *format, orch_pjrt_executable **executable);
ORCH_API void orch_pjrt_executable_destroy(orch_pjrt_executable *executable);
ORCH_API size_t orch_pjrt_num_outputs(const orch_pjrt_executable *executable);

/* Gives the device a dense host tensor. With `borrow` its memory must stay as
 * it is until the buffer is released, and a device that shares memory with the
 * host may use it without a copy; else it is copied before the call returns.
 * Types are as StableHLO has them: unsigned integers go as signed ones. */
ORCH_CHECKED ORCH_API orch_status orch_pjrt_upload(orch_pjrt_client *client,
                                                   const orch_tensor *tensor,
                                                   int32_t borrow,
                                                   orch_pjrt_buffer **buffer);
ORCH_API void orch_pjrt_buffer_release(orch_pjrt_buffer *buffer);

/* Runs; the caller releases the outputs, of which there are
 * orch_pjrt_num_outputs. Waits until they are there. */
ORCH_CHECKED ORCH_API orch_status
orch_pjrt_run(orch_pjrt_executable *executable, orch_pjrt_buffer *const *inputs,
              size_t num_inputs, orch_pjrt_buffer **outputs);

/* Copies into a dense host tensor of the same type and dims. */
ORCH_CHECKED ORCH_API orch_status orch_pjrt_download(orch_pjrt_buffer *buffer,
                                                     orch_tensor *tensor);

/* --- For devices that are elsewhere ----------------------------------------*/

/* An option of a topology: a text, or integers where `text` is NULL. */
typedef struct orch_pjrt_option {
  const char *name;
  const char *text;
  const int64_t *integers;
  size_t num_integers;
} orch_pjrt_option;

/* What compiling for a topology gives. Bytes belong to the allocator of the
 * plugin; release with orch_pjrt_aot_release. */
typedef struct orch_pjrt_aot {
  void *bytes; /* the serialised executable */
  size_t size;
  int32_t num_devices;
  char device_kind[64];
  int64_t code_bytes, argument_bytes, output_bytes, temporary_bytes,
      aliased_bytes;
} orch_pjrt_aot;

/* Compiles for the topology that the plugin knows as `topology`. */
ORCH_CHECKED ORCH_API orch_status orch_pjrt_compile_ahead(
    orch_pjrt_plugin *plugin, const char *topology,
    const orch_pjrt_option *options, size_t num_options, const void *code,
    size_t size, const char *format, orch_pjrt_aot *result);
ORCH_API void orch_pjrt_aot_release(orch_pjrt_plugin *plugin,
                                    orch_pjrt_aot *result);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* ORCHESTRA_RUNTIME_PJRT_H */
