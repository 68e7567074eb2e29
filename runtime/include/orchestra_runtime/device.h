/*===- device.h - Devices behind one table of functions --------------------===*
 *
 * Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What: the registry of drivers (the runtime's only global state), devices with
 *   memory, copies and events, and the table a driver fills.
 * Threads: the registry and the functions that take a device may be called from
 *   any thread. An event is used by one thread at a time.
 * Order: each device has one queue. Copies and event records go into it in the
 *   order of the calls and may be done later; orch_event_wait and
 *   orch_device_sync wait on the host.
 * A new driver: copy runtime/devices/null, whose README lists the steps.
 *
 *===----------------------------------------------------------------------===*/
#ifndef ORCHESTRA_RUNTIME_DEVICE_H
#define ORCHESTRA_RUNTIME_DEVICE_H

#include "orchestra_runtime/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct orch_device orch_device;
typedef struct orch_event orch_event;
struct orch_kernel_info;

#define ORCH_DEVICE_ABI_VERSION 1u
#define ORCH_MAX_DRIVERS 32

/* Which way a copy goes. */
typedef enum orch_copy_kind {
  ORCH_COPY_HOST_TO_DEVICE = 0,
  ORCH_COPY_DEVICE_TO_HOST = 1,
  ORCH_COPY_DEVICE_TO_DEVICE = 2 /* within one device */
} orch_copy_kind;

/* Bits of orch_device_info.flags. */
enum {
  ORCH_DEVICE_STORES_DATA = 1u << 0, /* what is copied in can be copied out */
  ORCH_DEVICE_HOST_VISIBLE = 1u << 1 /* the host may follow its pointers */
};

typedef struct orch_device_info {
  uint32_t struct_size;  /* set by the caller */
  uint32_t flags;        /* ORCH_DEVICE_* */
  char name[64];         /* for people: "NVIDIA H100", "x86_64, 2 CPUs" */
  char arch[32];         /* as in the compiler's target attribute: "x86_64" */
  uint64_t memory_bytes; /* all of its memory, 0: not known */
} orch_device_info;

/* The table of a driver: static, immutable, valid for ever. `device` is what
 * `open` returned. All entries are required unless they say optional; each may
 * be called from any thread. A failing entry calls orch_set_error. */
typedef struct orch_driver {
  uint32_t struct_size; /* sizeof(orch_driver) as the driver knows it */
  uint32_t abi_version; /* ORCH_DEVICE_ABI_VERSION */
  const char *name;     /* "cpu", "null", "cuda"; unique */

  /* Devices present, 0 if none. When it fails, the message says what is
   * missing ("libcuda.so.1 was not found"). */
  orch_status (*count)(int32_t *count);
  orch_status (*open)(int32_t index, const orch_allocator *allocator,
                      void **device);
  void (*close)(void *device); /* after all of its memory and events are gone */
  orch_status (*info)(void *device, orch_device_info *info);

  /* `size` > 0; `alignment` a power of two up to 4096. */
  orch_status (*allocate)(void *device, uint64_t size, uint64_t alignment,
                          void **pointer);
  /* Waits for, or orders itself after, all work given before. */
  void (*deallocate)(void *device, void *pointer);
  /* Enqueues a copy. Host memory must stay valid until the copy is done. */
  orch_status (*copy)(void *device, void *to, const void *from, uint64_t size,
                      orch_copy_kind kind);
  /* Waits until all work given before is done. */
  orch_status (*sync)(void *device);

  orch_status (*event_create)(void *device, void **event);
  void (*event_destroy)(void *device, void *event);
  /* Enqueues the event, again if it was recorded before. */
  orch_status (*event_record)(void *device, void *event);
  /* Waits on the host; an event never recorded is done. */
  orch_status (*event_wait)(void *device, void *event);
  /* Optional: writes 1 when done, else 0. Without it, a query waits. */
  orch_status (*event_query)(void *device, void *event, int32_t *done);

  /* Kernels (kernel.h); optional, all three or none. A driver whose struct_size
   * ends before them has none. `info` was checked, its arrays are the caller's;
   * a launch has as many arguments as it says. */
  orch_status (*kernel_load)(void *device, const void *code, uint64_t size,
                             const struct orch_kernel_info *info,
                             void **kernel);
  void (*kernel_unload)(void *device, void *kernel);
  orch_status (*kernel_launch)(void *device, void *kernel,
                               void *const *arguments);
} orch_driver;

/* Adds a driver, for the life of the process. "cpu" and "null" are there
 * already.
 * Errors: INVALID_ARGUMENT (a missing entry, a name in use, too many), VERSION.
 */
ORCH_CHECKED ORCH_API orch_status
orch_driver_register(const orch_driver *driver);
ORCH_API uint32_t orch_driver_count(void);
/* In order of registration; NULL when `index` is out of range. */
ORCH_API const orch_driver *orch_driver_get(uint32_t index);
/* NULL when there is none of this name. */
ORCH_API const orch_driver *orch_driver_find(const char *name);

/* Opens device `index` of driver `driver`. Opening one twice gives two handles
 * to the same hardware. `allocator` NULL: the system's.
 * Errors: NOT_FOUND (the message lists what there is), and the driver's. */
ORCH_CHECKED ORCH_API orch_status
orch_device_open(const char *driver, int32_t index,
                 const orch_allocator *allocator, orch_device **device);
/* Refused with BUSY while memory or events of this handle are alive. */
ORCH_CHECKED ORCH_API orch_status orch_device_close(orch_device *device);
ORCH_API const orch_driver *orch_device_driver(const orch_device *device);
ORCH_API int32_t orch_device_index(const orch_device *device);
ORCH_CHECKED ORCH_API orch_status orch_device_query(orch_device *device,
                                                    orch_device_info *info);

/* Memory of the device. Alignment 0: ORCH_BUFFER_ALIGNMENT. */
ORCH_CHECKED ORCH_API orch_status orch_device_allocate(orch_device *device,
                                                       uint64_t size,
                                                       uint64_t alignment,
                                                       void **pointer);
/* NULL is ignored. */
ORCH_API void orch_device_deallocate(orch_device *device, void *pointer);
/* Enqueues a copy of `size` bytes, `kind` an orch_copy_kind; ranges must not
 * overlap. */
ORCH_CHECKED ORCH_API orch_status orch_device_copy(orch_device *device,
                                                   void *to, const void *from,
                                                   uint64_t size,
                                                   uint32_t kind);
ORCH_CHECKED ORCH_API orch_status orch_device_sync(orch_device *device);

ORCH_CHECKED ORCH_API orch_status orch_event_create(orch_device *device,
                                                    orch_event **event);
ORCH_API void orch_event_destroy(orch_event *event); /* NULL is ignored */
ORCH_CHECKED ORCH_API orch_status orch_event_record(orch_event *event);
ORCH_CHECKED ORCH_API orch_status orch_event_wait(orch_event *event);
ORCH_CHECKED ORCH_API orch_status orch_event_query(orch_event *event,
                                                   int32_t *done);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* ORCHESTRA_RUNTIME_DEVICE_H */
