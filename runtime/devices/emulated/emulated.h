/*===- emulated.h - GPU kernels on the CPU ---------------------------------===*
 *
 * Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What: the emulated GPU. Compiled host code launches kernels by
 *   orch_emulated_launch; compiled kernels call the functions that take an
 *   orch_emulated_item. The compiler makes those calls (lib/Target/Emulated).
 * How: every work item of a group is a fiber with a stack of its own, and waits
 *   at barriers and shuffles until the others come. Groups run one after
 *   another, on the calling thread.
 * Memory: kernels may touch what orch_emulated_allocate gave, their group's
 *   shared memory, their own stack, and constants they named; everything else
 *   is an error that names kernel and place.
 * Places: a `place` says where in the user's model an operation comes from
 *   ("model.onnx:/encoder/3/MatMul"). It must outlive the launch.
 * Errors: the first one is kept until orch_emulated_reset; launches after it do
 *   nothing. A call that takes an item does not return when it fails: the
 *   launch ends.
 * Threads: one launch at a time; orch_emulated_begin sees to that.
 *
 *===----------------------------------------------------------------------===*/
#ifndef ORCHESTRA_EMULATED_H
#define ORCHESTRA_EMULATED_H

#include "orchestra_runtime/base.h"
#include "orchestra_runtime/device.h"
#include "orchestra_runtime/format.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- The device ----------------------------------------------------------- */

/* Adds the driver "emulated" to the registry; doing it again changes nothing.
 * Its memory is that of orch_emulated_allocate. */
ORCH_CHECKED ORCH_API orch_status orch_emulated_register(void);

/* Memory with guard bytes round it, aligned to 4096. `size` may be 0. NULL: out
 * of memory. */
ORCH_API void *orch_emulated_allocate(int64_t size);
/* Reports changed guard bytes as an error, and frees. NULL is ignored. */
ORCH_API void orch_emulated_deallocate(void *pointer);

/* Between begin and end kernels may also touch what is lent: memory of a host
 * program. begin waits until no other thread is between the two; end hands an
 * error to `exec`, which fails then, and forgets it. */
ORCH_API void orch_emulated_begin(void);
ORCH_API void orch_emulated_lend(void *pointer, int64_t size);
ORCH_API void orch_emulated_end(orch_exec *exec);

/* ORCH_OK, or what the first error was; its text is orch_emulated_error(). */
ORCH_API orch_status orch_emulated_status(void);
ORCH_API const char *orch_emulated_error(void);
/* Forgets the error. */
ORCH_API void orch_emulated_reset(void);

/* --- Launches --------------------------------------------------------------
 */

typedef struct orch_emulated_item orch_emulated_item;

/* Runs one work item. `arguments` are addresses of the kernel's arguments. */
typedef void (*orch_emulated_entry)(orch_emulated_item *item,
                                    void *const *arguments);

/* Runs all work items of a grid of groups; sizes in the order x, y, z. As many
 * groups along x as `cluster_x` says run together, and may touch each other's
 * shared memory.
 * `shared_bytes` and then `dynamic_bytes` of shared memory a group, filled with
 * 0xFF bytes at first. */
ORCH_API int32_t orch_emulated_launch(
    const char *kernel, const char *place, orch_emulated_entry entry,
    int64_t subgroup_size, int64_t shared_bytes, int64_t dynamic_bytes,
    int64_t cluster_x, int64_t grid_x, int64_t grid_y, int64_t grid_z,
    int64_t block_x, int64_t block_y, int64_t block_z, void *const *arguments);

/* --- What kernels call ------------------------------------------------------
 */

/* Values are part of the contract with the compiler. */
typedef enum orch_emulated_query {
  ORCH_EMULATED_ITEM = 0,  /* + 0, 1, 2 for x, y, z; as the next three */
  ORCH_EMULATED_GROUP = 3, /* index of the group in the grid */
  ORCH_EMULATED_BLOCK = 6, /* items of a group */
  ORCH_EMULATED_GRID = 9,  /* groups of the grid */
  ORCH_EMULATED_LANE = 12, /* index in the subgroup */
  ORCH_EMULATED_SUBGROUP = 13,
  ORCH_EMULATED_NUM_SUBGROUPS = 14,
  ORCH_EMULATED_SUBGROUP_SIZE = 15,
  ORCH_EMULATED_DYNAMIC_BYTES = 16,
  ORCH_EMULATED_CLUSTER_RANK = 17, /* of the group */
  ORCH_EMULATED_CLUSTER_SIZE = 18
} orch_emulated_query;

typedef enum orch_emulated_shuffle_mode {
  ORCH_EMULATED_SHUFFLE_XOR = 0,
  ORCH_EMULATED_SHUFFLE_DOWN = 1,
  ORCH_EMULATED_SHUFFLE_UP = 2,
  ORCH_EMULATED_SHUFFLE_IDX = 3
} orch_emulated_shuffle_mode;

ORCH_API int64_t orch_emulated_id(orch_emulated_item *item, int32_t query);
ORCH_API void *orch_emulated_shared(orch_emulated_item *item, int64_t offset);
ORCH_API void *orch_emulated_dynamic_shared(orch_emulated_item *item);
/* The same place in the shared memory of another group of the cluster. */
ORCH_API void *orch_emulated_map_shared(orch_emulated_item *item,
                                        const void *pointer, int32_t rank,
                                        const char *place);
/* From now on the kernel may read `size` bytes at `pointer`. */
ORCH_API void orch_emulated_constant(orch_emulated_item *item,
                                     const void *pointer, int64_t size);

/* All items of the group must come, to the same place. */
ORCH_API void orch_emulated_barrier(orch_emulated_item *item,
                                    const char *place);
/* The first `width` lanes of the subgroup must come, to the same place; the
 * others do not wait. A lane with no lane to read from gets all ones. */
ORCH_API int64_t orch_emulated_shuffle(orch_emulated_item *item, int64_t value,
                                       int32_t mode, int32_t offset,
                                       int32_t width, const char *place);
/* Whether the last shuffle of this item had a lane to read from. */
ORCH_API int32_t orch_emulated_shuffle_valid(orch_emulated_item *item);

typedef enum orch_emulated_type {
  ORCH_EMULATED_F16 = 0,
  ORCH_EMULATED_BF16 = 1,
  ORCH_EMULATED_TF32 = 2,
  ORCH_EMULATED_F32 = 3,
  ORCH_EMULATED_F64 = 4,
  ORCH_EMULATED_I8 = 5,
  ORCH_EMULATED_I32 = 6,
  ORCH_EMULATED_U8 = 7,
  ORCH_EMULATED_E4M3 = 8,
  ORCH_EMULATED_E5M2 = 9
} orch_emulated_type;

/* d = a x b + c, of m x k and k x n elements of `type`, spread over 32 lanes as
 * PTX spreads them; c and d may be the same. All lanes of the subgroup must
 * come, to the same place; so for the next. */
ORCH_API void orch_emulated_mma(orch_emulated_item *item, const void *a,
                                const void *b, const void *c, void *d,
                                int64_t m, int64_t n, int64_t k, int32_t type,
                                int32_t result_type, const char *place);
/* Loads `tiles` matrices of 8 rows of 16 bytes: lane i says where row i % 8 of
 * matrix i / 8 is, and gets 4 bytes of each matrix. */
ORCH_API void orch_emulated_ldmatrix(orch_emulated_item *item, const void *row,
                                     int64_t tiles, int32_t transpose,
                                     void *values, const char *place);

/* Stores what orch_emulated_ldmatrix loads. */
ORCH_API void orch_emulated_stmatrix(orch_emulated_item *item, void *row,
                                     int64_t tiles, int32_t transpose,
                                     const void *values, const char *place);

/* Fails if the item may not touch these bytes, unless there are none. */
ORCH_API void orch_emulated_check(orch_emulated_item *item, const void *address,
                                  int64_t size, int32_t write,
                                  const char *place);
/* Fails unless 0 <= index, index + count <= size. */
ORCH_API void orch_emulated_check_index(orch_emulated_item *item, int64_t index,
                                        int64_t count, int64_t size,
                                        int32_t dimension, int32_t write,
                                        const char *place);
/* Fails with `rule` as the reason unless `holds`. */
ORCH_API void orch_emulated_require(orch_emulated_item *item, int32_t holds,
                                    const char *rule, const char *place);

/* A lane's part of a block of `rows` x `columns` elements at (x, y) of a plane
 * of `height` rows of `width` bytes, `pitch` bytes apart. Lane i holds the
 * columns [i * k, i * k + k), k = columns / subgroup size, row after row.
 * Elements outside the plane read as 0 and are not written. */
ORCH_API void orch_emulated_block_load(orch_emulated_item *item, int64_t base,
                                       int64_t width, int64_t height,
                                       int64_t pitch, int64_t x, int64_t y,
                                       int64_t element_size, int64_t rows,
                                       int64_t columns, void *values,
                                       const char *place);
ORCH_API void orch_emulated_block_store(orch_emulated_item *item, int64_t base,
                                        int64_t width, int64_t height,
                                        int64_t pitch, int64_t x, int64_t y,
                                        int64_t element_size, int64_t rows,
                                        int64_t columns, const void *values,
                                        const char *place);

/* Copies that are done late: nothing is written before the item waits for the
 * group of copies, so that a missing wait shows. Of `size` bytes `read` are
 * copied and the rest are zeroed. */
ORCH_API void orch_emulated_async_copy(orch_emulated_item *item, void *to,
                                       const void *from, int64_t size,
                                       int64_t read, const char *place);
ORCH_API void orch_emulated_async_commit(orch_emulated_item *item);
/* Until at most `pending` groups are left. */
ORCH_API void orch_emulated_async_wait(orch_emulated_item *item,
                                       int64_t pending);

/* --- Barriers ----------------------------------------------------------------
 */

/* One of 16 barriers of the group, for `count` items of any part of it, a
 * multiple of the subgroup's size. Those that only arrive do not wait. */
ORCH_API void orch_emulated_named_barrier(orch_emulated_item *item, int32_t id,
                                          int32_t count, int32_t only_arrives,
                                          const char *place);

/* The barrier of all items of the cluster that have not ended. */
ORCH_API void orch_emulated_cluster_arrive(orch_emulated_item *item,
                                           const char *place);
ORCH_API void orch_emulated_cluster_wait(orch_emulated_item *item,
                                         const char *place);

/* A barrier of 8 bytes in shared memory that counts arrivals and bytes. */
ORCH_API void orch_emulated_mbarrier_init(orch_emulated_item *item,
                                          void *barrier, int64_t count,
                                          const char *place);
/* Arrives `count` times; `bytes` more must come before the phase ends. */
ORCH_API void orch_emulated_mbarrier_arrive(orch_emulated_item *item,
                                            void *barrier, int64_t count,
                                            int64_t bytes, const char *place);
/* Waits for the end of the phase of this parity. */
ORCH_API void orch_emulated_mbarrier_wait(orch_emulated_item *item,
                                          void *barrier, int32_t parity,
                                          const char *place);

/* --- Boxes of tensors --------------------------------------------------------
 */

/* A map of a tensor in device memory, for copies of boxes. Dimensions from the
 * slowest to the fastest, strides in elements; rank 1 to 5. `swizzle`: 0, or
 * over how many bytes the rows of a box are swizzled in shared memory: 32, 64,
 * 128. NULL: out of memory. Freed with orch_emulated_deallocate. */
ORCH_API void *orch_emulated_tensor_map(void *base, int64_t element_size,
                                        int64_t rank, const int64_t *dims,
                                        const int64_t *strides,
                                        const int64_t *box, int64_t swizzle);
/* A map of windows over pictures: `dims` are pictures, spatial dimensions,
 * channels; rank 3 to 5. For each spatial dimension, slowest first: where windows
 * begin, `lower` relative to the first pixel and `upper`, exclusive, relative to
 * the end, and `steps` from one window to the next. `box`: how many windows and
 * channels are copied at once. */
ORCH_API void *orch_emulated_im2col_map(void *base, int64_t element_size,
                                        int64_t rank, const int64_t *dims,
                                        const int64_t *strides,
                                        const int64_t *lower,
                                        const int64_t *upper,
                                        const int64_t *steps,
                                        const int64_t *box, int64_t swizzle);
/* Enqueues the copy of a box to shared memory; elements outside the tensor are
 * zeroed; `barrier` gets the box's bytes. Coordinates from the fastest
 * dimension to the slowest, `rank` of them. The copy is done when nobody can go
 * on without it. */
ORCH_API void orch_emulated_tensor_load(orch_emulated_item *item,
                                        const void *map, void *to, int64_t rank,
                                        const int64_t *coordinates,
                                        void *barrier, const char *place);
/* The same through a map of windows: coordinates of the first window; offsets
 * from a window's begin to the pixel that is copied, from the fastest spatial
 * dimension to the slowest. */
ORCH_API void orch_emulated_im2col_load(orch_emulated_item *item,
                                        const void *map, void *to, int64_t rank,
                                        const int64_t *coordinates,
                                        const int64_t *offsets, void *barrier,
                                        const char *place);
/* Enqueues the copy of a box from shared memory, without the elements outside
 * the tensor. It belongs to the item's next group of boxes, and is done when
 * the item waits for that. */
ORCH_API void orch_emulated_tensor_store(orch_emulated_item *item,
                                         const void *map, const void *from,
                                         int64_t rank,
                                         const int64_t *coordinates,
                                         const char *place);
ORCH_API void orch_emulated_boxes_commit(orch_emulated_item *item);
/* Until at most `pending` groups are left. */
ORCH_API void orch_emulated_boxes_wait(orch_emulated_item *item,
                                       int64_t pending);
/* From now on copies of boxes and products of warpgroups may read what the item
 * has written to shared memory. */
ORCH_API void orch_emulated_fence_proxy(orch_emulated_item *item);

/* --- Warpgroups: four subgroups of 32 lanes ----------------------------------
 */

/* Where `pointer` is in the window of shared memory, as descriptors say it. */
ORCH_API int32_t orch_emulated_window(orch_emulated_item *item,
                                      const void *pointer, const char *place);

typedef enum orch_emulated_wgmma_flag {
  ORCH_EMULATED_WGMMA_A_BY_COLUMN = 1, /* rows of a follow each other */
  ORCH_EMULATED_WGMMA_B_BY_ROW = 2,    /* columns of b follow each other */
  ORCH_EMULATED_WGMMA_NEGATE_A = 4,
  ORCH_EMULATED_WGMMA_NEGATE_B = 8,
  ORCH_EMULATED_WGMMA_ADD = 16 /* to what d holds */
} orch_emulated_wgmma_flag;

/* d += a x b, of 64 x k and k x n elements. `d` is the item's part, as PTX
 * spreads it. a and b lie in shared memory, where descriptors of PTX say; if
 * `registers` is not NULL, it is the item's part of a. All items of the
 * warpgroup must come. */
ORCH_API void orch_emulated_wgmma(orch_emulated_item *item, void *d,
                                  const void *registers, int64_t a, int64_t b,
                                  int64_t n, int64_t k, int32_t type_a,
                                  int32_t type_b, int32_t type_d, int32_t flags,
                                  const char *place);
ORCH_API void orch_emulated_wgmma_fence(orch_emulated_item *item,
                                        const char *place);
ORCH_API void orch_emulated_wgmma_commit(orch_emulated_item *item);
/* Until at most `pending` groups of products are left. */
ORCH_API void orch_emulated_wgmma_wait(orch_emulated_item *item,
                                       int64_t pending);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* ORCHESTRA_EMULATED_H */
