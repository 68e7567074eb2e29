/*===- base.h - Status codes, messages, allocators -------------------------===*
 *
 * Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What: what every other header of the runtime needs: how errors are reported
 *   and where memory comes from.
 * Rules: no function throws, prints or aborts. A function that can fail returns
 *   an orch_status; when that is not ORCH_OK, orch_last_error() holds the
 *   reason for the calling thread, and out-parameters are untouched.
 *
 *===----------------------------------------------------------------------===*/
#ifndef ORCHESTRA_RUNTIME_BASE_H
#define ORCHESTRA_RUNTIME_BASE_H

#include <stddef.h>
#include <stdint.h>

#define ORCH_API __attribute__((visibility("default")))
/* On functions whose status must not be dropped. */
#define ORCH_CHECKED __attribute__((warn_unused_result))

#ifdef __cplusplus
extern "C" {
#endif

/* Values are stable: new ones are appended. */
typedef enum orch_status {
  ORCH_OK = 0,
  ORCH_ERROR_INVALID_ARGUMENT = 1, /* a null, negative or contradictory value */
  ORCH_ERROR_OUT_OF_MEMORY = 2,    /* an allocator returned NULL */
  ORCH_ERROR_NOT_FOUND = 3,        /* no such file, driver or device */
  ORCH_ERROR_IO = 4,               /* the system failed to read a file */
  ORCH_ERROR_BAD_ARTEFACT = 5,     /* not an artefact, or a damaged one */
  ORCH_ERROR_VERSION = 6,          /* made for another ABI version */
  ORCH_ERROR_UNSUPPORTED = 7,      /* this machine or build cannot do it */
  ORCH_ERROR_MISMATCH = 8,         /* a tensor does not fit the model */
  ORCH_ERROR_EXECUTION = 9,        /* compiled code reported an error */
  ORCH_ERROR_BUSY = 10,            /* the handle is in use by another thread */
  ORCH_ERROR_SYSTEM = 11           /* the system refused a thread or mapping */
} orch_status;

/* The message of the last failure on the calling thread, "" before the first.
 * Owned by the runtime, valid until the next failure on this thread. The form
 * is "where: error: what [slug]", then lines of notes and help; each slug has a
 * page in docs/errors. */
ORCH_API const char *orch_last_error(void);

/* For device drivers and callbacks: sets the message of the calling thread,
 * formatted as printf does, and returns `status`. */
ORCH_API orch_status orch_set_error(orch_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "ok", "invalid-argument", ...; a static string for any value. */
ORCH_API const char *orch_status_name(int32_t status);

/* The version of this library, "major.minor.patch", a static string. */
ORCH_API const char *orch_runtime_version(void);

/* ORCH_ARTEFACT_ABI_VERSION this library was built with. */
ORCH_API uint32_t orch_runtime_abi_version(void);

/* Where memory comes from. Both functions are called from any thread and must
 * be thread-safe. Wherever an options structure takes a pointer to one, the
 * structure is copied, and NULL means the system's allocator. */
typedef struct orch_allocator {
  void *user; /* passed to both functions */
  /* `size` > 0 bytes aligned to `alignment`, a power of two, or NULL. */
  void *(*allocate)(void *user, size_t size, size_t alignment);
  /* `pointer`, `size` and `alignment` as they were in `allocate`. */
  void (*deallocate)(void *user, void *pointer, size_t size, size_t alignment);
} orch_allocator;

/* The system's allocator; blocks of 1 MiB and more ask for huge pages. A block
 * is given back with the size and alignment it was asked with. */
ORCH_API orch_allocator orch_system_allocator(void);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* ORCHESTRA_RUNTIME_BASE_H */
