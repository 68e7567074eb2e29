/*===- gather.c - A hand-written artefact: rows picked by index ------------===*
 *
 * Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What: two inputs that share a named dim, an error at run time, a nested
 *   parallel loop, no weights:
 *     out[n, 3] = table[index[n], 3] + bias[n, 3]
 *   table f64[5, 3], index i32[n], bias f64[n, 3]. An index outside [0, 5) is
 *   error 42; more than 1000 rows is an error of the shape function.
 *
 *===----------------------------------------------------------------------===*/
#include "orchestra_runtime/format.h"

#include <stddef.h>

enum { ROWS = 5, WIDTH = 3, LIMIT = 1000 };

static const int64_t table_dims[] = {ROWS, WIDTH};
static const int64_t index_dims[] = {-1};
static const int64_t row_dims[] = {-1, WIDTH};
static const char *const named[] = {"n", "width"};
static const char *const unnamed[] = {NULL, NULL};
static const orch_tensor_info inputs[] = {
    {"table", ORCH_DTYPE_F64, 2, table_dims, unnamed},
    {"index", ORCH_DTYPE_I32, 1, index_dims, named},
    {"bias", ORCH_DTYPE_F64, 2, row_dims, named}};
static const orch_tensor_info outputs[] = {
    {"out", ORCH_DTYPE_F64, 2, row_dims, named}};

static int32_t resolve(orch_exec *exec, const int64_t *inputDims,
                       int64_t *outputDims, int64_t *arenaBytes) {
  if (inputDims[2] > LIMIT) {
    exec->api->fail(exec, 7, "Gather_0: more than 1000 rows");
    return 7;
  }
  outputDims[0] = inputDims[2];
  outputDims[1] = WIDTH;
  *arenaBytes = 0;
  return 0;
}

struct Frame {
  const double *table, *bias;
  const int32_t *index;
  double *out;
  int64_t row;
};

static void columns(orch_exec *exec, void *env, int64_t begin, int64_t end) {
  const struct Frame *f = env;
  (void)exec;
  for (int64_t j = begin; j < end; ++j)
    f->out[f->row * WIDTH + j] =
        f->table[f->index[f->row] * WIDTH + j] + f->bias[f->row * WIDTH + j];
}

static void rows(orch_exec *exec, void *env, int64_t begin, int64_t end) {
  struct Frame f = *(const struct Frame *)env;
  for (f.row = begin; f.row < end; ++f.row) {
    if (f.index[f.row] < 0 || f.index[f.row] >= ROWS) {
      exec->api->fail(exec, 42, "Gather_0: index out of range");
      return;
    }
    exec->api->parallel_for(exec, WIDTH, 1, columns, &f);
  }
}

static int32_t run(orch_exec *exec, const void *const *in,
                   const int64_t *inputDims, void *const *out, void *arena,
                   const void *weights) {
  struct Frame frame = {in[0], in[2], in[1], out[0], 0};
  (void)arena;
  (void)weights;
  exec->api->parallel_for(exec, inputDims[2], 1, rows, &frame);
  return 0;
}

extern const orch_artefact gather_artefact;
const orch_artefact gather_artefact = {
    .magic = ORCH_ARTEFACT_MAGIC,
    .abi_version = ORCH_ARTEFACT_ABI_VERSION,
    .struct_size = sizeof(orch_artefact),
    .name = "gather",
    .producer = "written by hand",
    .num_inputs = 3,
    .num_outputs = 1,
    .inputs = inputs,
    .outputs = outputs,
    .resolve = resolve,
    .run = run,
};
