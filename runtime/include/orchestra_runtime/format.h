/*===- format.h - The binary contract between compiled models and runtime -===*
 *
 * Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What: the one structure a compiled model exports, and the one table of
 *   functions it receives. Both sides of the boundary include this file: the
 *   compiler lays the structures out in LLVM IR (lib/Target/CPU), the runtime
 *   reads them (runtime/lib).
 * Why: an artefact has no undefined orch_* symbol, so one file can be loaded by
 *   any runtime of the same ABI version, with dlopen, from a JIT, or linked in.
 * How it may change: fields are only appended; struct_size tells how much of a
 *   structure the other side knows; a change of meaning bumps the version.
 *
 *===----------------------------------------------------------------------===*/
#ifndef ORCHESTRA_RUNTIME_FORMAT_H
#define ORCHESTRA_RUNTIME_FORMAT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The first four bytes of a descriptor, "ORCH" in little endian. */
#define ORCH_ARTEFACT_MAGIC 0x4843524fu
/* Version of everything in this file. */
#define ORCH_ARTEFACT_ABI_VERSION 1u
/* The exported data symbol, of type `const orch_artefact`, in every artefact.
 */
#define ORCH_ARTEFACT_SYMBOL "orch_artefact_v1"
/* Alignment in bytes of the arena, the weights and every buffer inside them. */
#define ORCH_BUFFER_ALIGNMENT 64
/* Bits of orch_artefact.flags; an unknown one refuses the artefact. */
/* `resolve` reads inputs: orch_exec.inputs is valid during it, and the result
 * holds only while their values stay the same. */
#define ORCH_ARTEFACT_SIZES_FROM_VALUES 1u
/* The program runs on several devices: the fields from `devices` on are there,
 * `run` gets an array of arenas, one a device, as its `arena`, and `resolve`
 * writes an array of sizes. */
#define ORCH_ARTEFACT_USES_DEVICES 2u
/* Sizes follow from what kernels compute: `resolve` runs them, reads inputs,
 * calls api->allocate, and leaves the sizes in orch_exec.sizes for the `run`
 * that follows it on the same inputs. */
#define ORCH_ARTEFACT_COMPUTES_SIZES 4u
/* The program uses functions of the runtime: api->call. */
#define ORCH_ARTEFACT_CALLS_HOST 8u
/* The program runs on a device with memory of its own, which `accelerator`
 * names: the buffers that `resolve` and `run` get are in that memory, and the
 * host touches them through the table only. */
#define ORCH_ARTEFACT_ON_DEVICE 16u
/* Entries of orch_exec.sizes. */
#define ORCH_MAX_COMPUTED_SIZES 1024
/* The key in __metadata__ of an external weights file whose value is
 * orch_artefact.weights_hash. The file's data section is weights_size bytes and
 * starts at a multiple of ORCH_BUFFER_ALIGNMENT (pad the header with spaces).
 */
#define ORCH_WEIGHTS_HASH_KEY "orchestra_hash"

/* Element types. Values are stable; sub-byte types are packed, low bits first.
 */
typedef enum orch_dtype {
  ORCH_DTYPE_INVALID = 0,
  ORCH_DTYPE_F32 = 1,
  ORCH_DTYPE_F64 = 2,
  ORCH_DTYPE_F16 = 3,
  ORCH_DTYPE_BF16 = 4,
  ORCH_DTYPE_I8 = 5,
  ORCH_DTYPE_I16 = 6,
  ORCH_DTYPE_I32 = 7,
  ORCH_DTYPE_I64 = 8,
  ORCH_DTYPE_U8 = 9,
  ORCH_DTYPE_U16 = 10,
  ORCH_DTYPE_U32 = 11,
  ORCH_DTYPE_U64 = 12,
  ORCH_DTYPE_BOOL = 13, /* one byte, 0 or 1 */
  ORCH_DTYPE_F8E4M3FN = 14,
  ORCH_DTYPE_F8E4M3FNUZ = 15,
  ORCH_DTYPE_F8E5M2 = 16,
  ORCH_DTYPE_F8E5M2FNUZ = 17,
  ORCH_DTYPE_I4 = 18,
  ORCH_DTYPE_U4 = 19,
  ORCH_DTYPE_I2 = 20,
  ORCH_DTYPE_U2 = 21,
  ORCH_DTYPE_F4E2M1 = 22,
  ORCH_DTYPE_F8E8M0 = 23, /* a power of two: 2^(bits - 127); 255 is NaN */
  /* UTF-8: an orch_string outside of a program, in tensors of inputs and
   * outputs; inside, the number that the run gave to its content. */
  ORCH_DTYPE_STRING = 24
} orch_dtype;

/* An element of a tensor of strings. Not terminated by a zero. */
typedef struct orch_string {
  const char *data;
  uint64_t size;
} orch_string;

struct orch_exec;

#define ORCH_MAX_MAP_RANK 5

/* What device code receives as a parameter. */
typedef enum orch_parameter_kind {
  ORCH_PARAMETER_ADDRESS = 0,    /* the argument: an address */
  ORCH_PARAMETER_TENSOR_MAP = 1, /* a map of the argument, for bulk copies */
  ORCH_PARAMETER_VALUE = 2,      /* the 8 bytes that the argument points to */
  ORCH_PARAMETER_WINDOW_MAP = 3  /* a tensor map of windows over the argument */
} orch_parameter_kind;

#define ORCH_MAX_WINDOW_RANK 3

typedef struct orch_kernel_parameter {
  uint32_t kind;     /* orch_parameter_kind */
  uint32_t argument; /* which argument of the launch it is made of */
  /* Of a tensor map: a dense row-major tensor, copied in boxes whose rows are
   * swizzled over 128 bytes. The last dimension is contiguous. */
  uint32_t dtype; /* orch_dtype */
  uint32_t rank;  /* 1 to ORCH_MAX_MAP_RANK */
  uint64_t shape[ORCH_MAX_MAP_RANK];
  uint32_t box[ORCH_MAX_MAP_RANK];
  /* Of a map of windows: the tensor is pictures x spatial dimensions x channels,
   * and box[0] windows, box[1] channels of one pixel of each, are copied at
   * once. For each spatial dimension: where the first window begins, relative to
   * the first pixel; behind where the last one begins, relative to the end; the
   * distance of two windows. */
  int32_t lower[ORCH_MAX_WINDOW_RANK];
  int32_t upper[ORCH_MAX_WINDOW_RANK];
  uint32_t steps[ORCH_MAX_WINDOW_RANK];
  uint32_t reserved; /* 0 */
  /* How many elements neighbours are apart; the last is 1. Windows may share
   * elements: dimensions need not be dense. */
  uint64_t strides[ORCH_MAX_MAP_RANK];
} orch_kernel_parameter;

/* A kernel's device code, with what belongs to it behind it in the same block
 * of memory; offsets count from the start of this structure. */
typedef struct orch_device_code {
  uint32_t struct_size;     /* sizeof(orch_device_code) */
  uint32_t parameter_count; /* at most ORCH_MAX_KERNEL_PARAMETERS */
  uint32_t parameters;      /* offset of that many orch_kernel_parameter */
  uint32_t name;            /* offset of the function's name */
  uint32_t code;            /* offset of the code */
  uint32_t argument_count;  /* of a launch */
  uint32_t grid[3];         /* blocks, where a launch does not say */
  uint32_t block[3];        /* threads */
  uint32_t shared_bytes;    /* dynamic ones, of a block */
  uint32_t flags;           /* orch_kernel_flag */
  uint64_t code_size;       /* bytes */
} orch_device_code;

typedef enum orch_kernel_flag {
  /* Each thread waits for the kernels before it (griddepcontrol.wait) ahead of
   * all that it reads or writes: the kernel may be launched while they end. */
  ORCH_KERNEL_WAITS = 1
} orch_kernel_flag;

/* A dense row-major tensor, or a scalar, as a function of the runtime gets it.
 */
typedef struct orch_operand {
  void *data;
  const int64_t *dims; /* rank entries */
  int64_t rank;
} orch_operand;

/* A slice [begin, end) of a parallel loop. `env` is what the kernel passed. */
typedef void (*orch_body_fn)(struct orch_exec *exec, void *env, int64_t begin,
                             int64_t end);

/* A task: work for the queue of one device. `exec` is that device's: its
 * parallel_for uses the device's threads. */
typedef void (*orch_task_fn)(struct orch_exec *exec, void *env);

/* The functions an artefact may call; the loader owns the table. */
typedef struct orch_host_api {
  uint32_t struct_size; /* bytes of this structure that are valid */
  uint32_t abi_version; /* ORCH_ARTEFACT_ABI_VERSION */
  /* Runs `body` over [0, count), cut into slices of at least `grain`
   * iterations, on the threads of `exec`; returns when all are done. Nested
   * calls run on the calling thread. */
  void (*parallel_for)(struct orch_exec *exec, int64_t count, int64_t grain,
                       orch_body_fn body, void *env);
  /* Records an error of the running call: the first one wins. `message` must
   * outlive the artefact. The artefact then returns a non-zero status. */
  void (*fail)(struct orch_exec *exec, int32_t code, const char *message);
  /* Called before (end = 0) and after (end = 1) kernel call `call`, an index
   * into orch_artefact.calls, only while exec->profiling is non-zero. */
  void (*on_call)(struct orch_exec *exec, uint32_t call, int32_t end);

  /* The rest is for artefacts with ORCH_ARTEFACT_USES_DEVICES, during `run`, on
   * its thread and with its `exec`. Each device has a queue, whose commands
   * start in the order of the calls, each after the end of the one before; of
   * queues of two devices only events say an order. `device`, `task` and
   * `event` are indices below the descriptor's numbers. */

  /* Enqueues body(exec of the device, env); `env` lives until `finish`. */
  void (*launch)(struct orch_exec *exec, uint32_t device, uint32_t task,
                 orch_task_fn body, void *env);
  /* Enqueues a copy of `size` bytes between the memories of two devices, of
   * which `device` is one. */
  void (*copy)(struct orch_exec *exec, uint32_t device, uint32_t task, void *to,
               const void *from, int64_t size);
  /* Enqueues the event: it happens when all before it in the queue is done. An
   * event is recorded once in a run. */
  void (*record)(struct orch_exec *exec, uint32_t device, uint32_t event);
  /* Makes what is enqueued from now on start after the event. */
  void (*wait)(struct orch_exec *exec, uint32_t device, uint32_t event);
  /* Waits for all queues, once, at the end of `run`. Returns 0, or non-zero
   * when something called `fail`; what had not started then, did not. */
  int32_t (*finish)(struct orch_exec *exec);

  /* For artefacts with ORCH_ARTEFACT_COMPUTES_SIZES, during `resolve`: memory
   * aligned to ORCH_BUFFER_ALIGNMENT that lasts until `resolve` returns. NULL
   * after a failure, which is recorded. */
  void *(*allocate)(struct orch_exec *exec, int64_t bytes);
  /* For artefacts with ORCH_ARTEFACT_CALLS_HOST, on the thread of `resolve` or
   * `run`: the function of the runtime named `function`, on inputs followed by
   * outputs. What goes wrong is recorded, as by `fail`. */
  void (*call)(struct orch_exec *exec, const char *function,
               const orch_operand *operands, int64_t count);

  /* The rest is for artefacts with ORCH_ARTEFACT_ON_DEVICE. What they enqueue
   * is done in the order of the calls; a failure is recorded, as by `fail`. */

  /* Enqueues a launch. `arguments` has argument_count entries: addresses in the
   * device's memory, or of values on the host, which are read at once. `grid`
   * may be null: the code's own. */
  void (*launch_kernel)(struct orch_exec *exec, const orch_device_code *code,
                        void *const *arguments, const uint32_t *grid);
  /* Enqueues a copy within the device's memory. */
  void (*move)(struct orch_exec *exec, void *to, const void *from,
               int64_t size);
  /* Copies from the device to the host; waits for what was enqueued. */
  void (*read)(struct orch_exec *exec, void *to, const void *from,
               int64_t size);
  /* Copies from the host to the device; `from` may change afterwards. */
  void (*write)(struct orch_exec *exec, void *to, const void *from,
                int64_t size);
  /* For kernels that only the host can run: a copy of device memory on the
   * host, NULL after a failure, and its way back; `changed` non-zero: with its
   * content. */
  void *(*borrow)(struct orch_exec *exec, void *device, int64_t size);
  void (*give_back)(struct orch_exec *exec, void *device, void *host,
                    int64_t size, int32_t changed);
  /* Memory of the device for a kernel's own use, aligned to
   * ORCH_BUFFER_ALIGNMENT; NULL after a failure. The run's end frees it. */
  void *(*temporary)(struct orch_exec *exec, int64_t size);
} orch_host_api;

/* The state of one running call; made by the runtime, passed to all code. The
 * fields here are all that compiled code may read. */
typedef struct orch_exec {
  const orch_host_api *api;
  int64_t profiling;   /* non-zero: report each kernel call by api->on_call */
  int64_t num_threads; /* threads parallel_for may use, at least 1 */
  /* The inputs' buffers, as `run` gets them; only during the `resolve` of an
   * artefact with ORCH_ARTEFACT_SIZES_FROM_VALUES. */
  const void *const *inputs;
  /* The rest is for artefacts with ORCH_ARTEFACT_COMPUTES_SIZES: numbers that
   * `resolve` writes and `run` reads, and the weights, as `run` gets them. */
  int64_t *sizes;
  const void *weights;
} orch_exec;

/* One input or output. Pointers are owned by the artefact. */
typedef struct orch_tensor_info {
  const char *name;
  uint32_t dtype; /* orch_dtype */
  uint32_t rank;
  const int64_t *dims;          /* rank entries; -1 is a dynamic dimension */
  const char *const *dim_names; /* rank entries; NULL where a dim is unnamed.
                                   Equal names mean equal sizes. */
} orch_tensor_info;

/* One kernel call of the host program, in program order. */
typedef struct orch_call_info {
  const char *kernel; /* content-addressed kernel name */
  const char *nodes;  /* the user's node names, separated by newlines */
  double flops;       /* per run; negative: depends on dynamic dims */
  double bytes;       /* compulsory memory traffic per run; negative: dynamic */
} orch_call_info;

/* A device of the machine that a program was planned for. */
typedef struct orch_device_slot {
  const char *name; /* "cpu0" */
  const char *arch; /* "x86_64" */
  /* The CPUs that are the device, as the system numbers them; NULL: any. */
  const int32_t *cores;
  uint32_t num_cores;    /* 0: as many as there are for it, at least one */
  uint32_t num_commands; /* the most a run enqueues, `finish` not counted */
  uint64_t memory_bytes; /* 0: not known */
  /* The task that is under way where the arena is fullest, or -1. */
  int64_t fullest_task;
} orch_device_slot;

typedef enum orch_task_kind {
  ORCH_TASK_KERNELS = 0,
  ORCH_TASK_COPY = 1
} orch_task_kind;

/* One task or copy of the plan, in the order in which `run` enqueues them. */
typedef struct orch_task_info {
  const char *nodes; /* the user's node names, separated by newlines */
  uint32_t device;   /* whose queue it is in */
  uint32_t kind;     /* orch_task_kind */
  /* Planned start and end in seconds; negative: not known. */
  double start, finish;
} orch_task_info;

/* What an artefact is. */
typedef struct orch_artefact {
  uint32_t magic;
  uint32_t abi_version;
  uint32_t struct_size;
  uint32_t flags;       /* ORCH_ARTEFACT_... */
  const char *name;     /* the model's name */
  const char *producer; /* compiler and version */
  const char *target;   /* "x86_64 znver4 +avx512f,..." */
  uint32_t num_inputs;
  uint32_t num_outputs;
  const orch_tensor_info *inputs;
  const orch_tensor_info *outputs;
  uint32_t num_calls;
  uint32_t num_required_features;
  const orch_call_info *calls;
  /* CPU features the code needs, as the compiler spells them ("avx512f"). */
  const char *const *required_features;
  /* A JSON object with all of the above and the plan, for tools. */
  const char *metadata;
  /* Packed weights inside the artefact, or NULL when they are external. */
  const void *weights;
  uint64_t weights_size;
  /* External weights: safetensors file name, relative to the artefact, and the
   * hexadecimal content hash its __metadata__ must carry. NULL if embedded. */
  const char *weights_file;
  const char *weights_hash;
  /* Shape function. `input_dims` holds the dims of all inputs one after
   * another; writes those of all outputs and the arena's size in bytes.
   * Returns 0, or a status already reported by api->fail. */
  int32_t (*resolve)(orch_exec *exec, const int64_t *input_dims,
                     int64_t *output_dims, int64_t *arena_bytes);
  /* Runs the model. `inputs` and `outputs` are dense row-major buffers with
   * their natural alignment; `arena` and `weights` are aligned to
   * ORCH_BUFFER_ALIGNMENT; none may overlap an output. Any number of calls may
   * be active at once with different arenas. Returns as `resolve` does. */
  int32_t (*run)(orch_exec *exec, const void *const *inputs,
                 const int64_t *input_dims, void *const *outputs, void *arena,
                 const void *weights);
  /* From here on: with ORCH_ARTEFACT_USES_DEVICES only. Device 0 is the host,
   * in whose memory inputs and outputs are. */
  const orch_device_slot *devices;
  const orch_task_info *tasks;
  uint32_t num_devices;
  uint32_t num_tasks;
  uint32_t num_events;
  uint32_t reserved; /* 0 */
  /* With ORCH_ARTEFACT_ON_DEVICE only: the driver of the device ("cuda") and
   * what the code was made for ("nvidia_hopper"). */
  const char *accelerator;
  const char *accelerator_arch;
} orch_artefact;

/* Bytes of a descriptor without devices. */
#define ORCH_ARTEFACT_BASE_SIZE 144u

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* ORCHESTRA_RUNTIME_FORMAT_H */
