/*===- program.h - A compiled model, loaded and checked --------------------===*
 *
 * Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What: orch_program, from a file or from a descriptor in memory, and what one
 *   can ask about it.
 * Threads: a program is immutable; every function here may be called from any
 *   number of threads at once, on the same program.
 * Ownership: reference-counted. Contexts hold a reference of their own, so the
 *   caller may release a program as soon as its contexts are made. Strings and
 *   structures returned by queries live as long as the program.
 *
 *===----------------------------------------------------------------------===*/
#ifndef ORCHESTRA_RUNTIME_PROGRAM_H
#define ORCHESTRA_RUNTIME_PROGRAM_H

#include "orchestra_runtime/base.h"
#include "orchestra_runtime/format.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct orch_program orch_program;

/* Flags of orch_program_options. */
enum {
  /* Use the weights where the file is mapped, shared among the processes that
   * load it. Without this flag, weights of 1 MiB and more that lie in small
   * pages are copied once into huge ones (through the allocator) when the
   * system has them: up to 1.5 times faster, for memory of one's own. */
  ORCH_PROGRAM_SHARE_WEIGHTS = 1
};

typedef struct orch_program_options {
  uint32_t struct_size;            /* sizeof(orch_program_options) */
  uint32_t flags;                  /* ORCH_PROGRAM_..., or 0 */
  const orch_allocator *allocator; /* NULL: the system's */
  /* The safetensors file of a program with external weights; NULL: the name the
   * artefact gives, in the artefact's own folder. */
  const char *weights_path;
  /* External weights already in memory, aligned to ORCH_BUFFER_ALIGNMENT, that
   * outlive the program: used instead of a file, and not hashed. */
  const void *weights;
  uint64_t weights_size;
  /* orch_program_from_artefact only: what to call the model in messages; its
   * folder is where external weights are looked for. NULL: the model's name and
   * the current folder. */
  const char *origin;
  /* orch_program_from_artefact only: called as destroy(destroy_user) when the
   * program is gone, on the thread that dropped the last reference; not called
   * when creation fails. */
  void (*destroy)(void *user);
  void *destroy_user;
} orch_program_options;

#define ORCH_PROGRAM_OPTIONS_INIT                                              \
  {sizeof(orch_program_options), 0, NULL, NULL, NULL, 0, NULL, NULL, NULL}

/* Loads an artefact (a shared library) from `path`. Checks that the file is
 * whole and made for this architecture, its magic and ABI version, the CPU
 * features it needs, and its external weights; maps those read-only. The files
 * must not be overwritten in place while the program lives; replacing one by
 * rename is fine. `options` may be NULL.
 * Errors: NOT_FOUND, IO, BAD_ARTEFACT, VERSION, UNSUPPORTED, OUT_OF_MEMORY. */
ORCH_CHECKED ORCH_API orch_status
orch_program_load(const char *path, const orch_program_options *options,
                  orch_program **program);

/* The same for a descriptor in this process (from a JIT, or linked in), which
 * must outlive the program: see orch_program_options.destroy. */
ORCH_CHECKED ORCH_API orch_status orch_program_from_artefact(
    const orch_artefact *artefact, const orch_program_options *options,
    orch_program **program);

ORCH_API void orch_program_retain(orch_program *program);
ORCH_API void orch_program_release(orch_program *program); /* NULL is ignored */

/* The whole descriptor. */
ORCH_API const orch_artefact *
orch_program_artefact(const orch_program *program);
/* The model's name, "" if it has none. */
ORCH_API const char *orch_program_name(const orch_program *program);
/* The file it came from, or `origin`, or the model's name. */
ORCH_API const char *orch_program_origin(const orch_program *program);
/* The metadata, a JSON object; "{}" if the artefact has none. */
ORCH_API const char *orch_program_metadata(const orch_program *program);

ORCH_API uint32_t orch_program_num_inputs(const orch_program *program);
ORCH_API uint32_t orch_program_num_outputs(const orch_program *program);
/* NULL when `index` is out of range. */
ORCH_API const orch_tensor_info *orch_program_input(const orch_program *program,
                                                    uint32_t index);
ORCH_API const orch_tensor_info *
orch_program_output(const orch_program *program, uint32_t index);
/* The index of the input or output of this name, or -1. */
ORCH_API int32_t orch_program_find_input(const orch_program *program,
                                         const char *name);
ORCH_API int32_t orch_program_find_output(const orch_program *program,
                                          const char *name);

/* Kernel calls in program order; NULL when `index` is out of range. */
ORCH_API uint32_t orch_program_num_calls(const orch_program *program);
ORCH_API const orch_call_info *orch_program_call(const orch_program *program,
                                                 uint32_t index);

/* The packed weights, wherever they come from, and their size in bytes. */
ORCH_API const void *orch_program_weights(const orch_program *program,
                                          uint64_t *size);

/* Whether this machine has a CPU feature, named as the compiler spells it
 * ("avx512f"): 1 yes, 0 no, -1 the name is not known to this runtime. */
ORCH_API int32_t orch_cpu_has_feature(const char *name);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* ORCHESTRA_RUNTIME_PROGRAM_H */
