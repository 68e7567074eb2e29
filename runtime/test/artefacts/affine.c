/*===- affine.c - A hand-written artefact: relu(x * w + b) and its row sums ===*
 *
 * Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What: what the compiler would make of
 *     y[batch, 4] = relu(x[batch, 4] * w[4] + b[4]);  total[batch] = sum(y)
 *   with f32, a dynamic batch, weights (w, then b, each padded to 64 bytes), an
 *   arena that holds a copy of y, two kernel calls, and loops on the pool.
 * Variants, by macros: MAGIC, ABI_VERSION, FEATURE, TARGET, EXTERNAL_WEIGHTS,
 *   SCALE (another model at the same path), SYMBOL (to link it in).
 *
 *===----------------------------------------------------------------------===*/
#include "orchestra_runtime/format.h"

#include <stddef.h>

#ifndef MAGIC
#define MAGIC ORCH_ARTEFACT_MAGIC
#endif
#ifndef ABI_VERSION
#define ABI_VERSION ORCH_ARTEFACT_ABI_VERSION
#endif
#ifndef TARGET
#define TARGET ""
#endif
#ifndef SCALE
#define SCALE 1.0f
#endif
#ifndef SYMBOL
#define SYMBOL orch_artefact_v1
#endif

enum { WIDTH = 4, PADDED = ORCH_BUFFER_ALIGNMENT / sizeof(float) };

#ifndef EXTERNAL_WEIGHTS
static const float weights[2 * PADDED]
    __attribute__((aligned(ORCH_BUFFER_ALIGNMENT))) = {
        1.0f, 2.0f, -1.0f, 0.5f, [PADDED] = 0.5f, -1.0f, 0.0f, 3.0f};
#endif

static const int64_t matrix_dims[] = {-1, WIDTH};
static const int64_t vector_dims[] = {-1};
static const char *const dim_names[] = {"batch", NULL};
static const orch_tensor_info inputs[] = {
    {"x", ORCH_DTYPE_F32, 2, matrix_dims, dim_names}};
static const orch_tensor_info outputs[] = {
    {"y", ORCH_DTYPE_F32, 2, matrix_dims, dim_names},
    {"total", ORCH_DTYPE_F32, 1, vector_dims, dim_names}};
static const orch_call_info calls[] = {
    {"orch_k_affine", "Mul_0\nAdd_1\nRelu_2", -1.0, -1.0},
    {"orch_k_sum", "ReduceSum_3", -1.0, -1.0}};
#ifdef FEATURE
static const char *const features[] = {FEATURE};
#endif

static int32_t resolve(orch_exec *exec, const int64_t *inputDims,
                       int64_t *outputDims, int64_t *arenaBytes) {
  (void)exec;
  outputDims[0] = inputDims[0];
  outputDims[1] = WIDTH;
  outputDims[2] = inputDims[0];
  *arenaBytes = inputDims[0] * WIDTH * (int64_t)sizeof(float);
  return 0;
}

struct Frame {
  const float *x, *w, *b;
  float *y, *copy, *total;
};

static void affineRows(orch_exec *exec, void *env, int64_t begin, int64_t end) {
  const struct Frame *f = env;
  (void)exec;
  for (int64_t i = begin; i < end; ++i)
    for (int j = 0; j < WIDTH; ++j) {
      float value = SCALE * f->x[i * WIDTH + j] * f->w[j] + f->b[j];
      value = value > 0 ? value : 0;
      f->y[i * WIDTH + j] = value;
      f->copy[i * WIDTH + j] = value;
    }
}

static void sumRows(orch_exec *exec, void *env, int64_t begin, int64_t end) {
  const struct Frame *f = env;
  (void)exec;
  for (int64_t i = begin; i < end; ++i) {
    float sum = 0;
    for (int j = 0; j < WIDTH; ++j)
      sum += f->copy[i * WIDTH + j];
    f->total[i] = sum;
  }
}

static void call(orch_exec *exec, uint32_t index, int64_t count,
                 orch_body_fn body, struct Frame *frame) {
  if (exec->profiling)
    exec->api->on_call(exec, index, 0);
  exec->api->parallel_for(exec, count, 1, body, frame);
  if (exec->profiling)
    exec->api->on_call(exec, index, 1);
}

static int32_t run(orch_exec *exec, const void *const *in,
                   const int64_t *inputDims, void *const *out, void *arena,
                   const void *packed) {
  struct Frame frame = {in[0],  packed, (const float *)packed + PADDED,
                        out[0], arena,  out[1]};
  call(exec, 0, inputDims[0], affineRows, &frame);
  call(exec, 1, inputDims[0], sumRows, &frame);
  return 0;
}

extern const orch_artefact SYMBOL;
const orch_artefact SYMBOL = {
    .magic = MAGIC,
    .abi_version = ABI_VERSION,
    .struct_size = sizeof(orch_artefact),
    .flags = 0,
    .name = "affine",
    .producer = "written by hand",
    .target = TARGET,
    .num_inputs = 1,
    .num_outputs = 2,
    .inputs = inputs,
    .outputs = outputs,
    .num_calls = 2,
#ifdef FEATURE
    .num_required_features = 1,
    .required_features = features,
#endif
    .calls = calls,
    .metadata = "{\"name\": \"affine\"}",
    .weights_size = 2 * PADDED * sizeof(float),
#ifdef EXTERNAL_WEIGHTS
    .weights_file = "affine.safetensors",
    .weights_hash = "00c0ffee",
#else
    .weights = weights,
#endif
    .resolve = resolve,
    .run = run,
};
