/*===- run_model.c - Runs a compiled model from C --------------------------===*
 *
 * Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What: loads a model that `orchestra compile model.onnx -o model.so` made,
 * runs it once, and prints what comes out. Needs liborchestra_runtime and libc.
 *
 *     run_model model.so                         seeded random inputs
 *     run_model model.so x=image.npy             an input from NumPy's format
 *     run_model model.so x=raw.bin dim:batch=4   raw bytes; sizes of named dims
 *     run_model model.so threads:2 seed:7
 *
 *===----------------------------------------------------------------------===*/
#include <orchestra_runtime/orchestra_runtime.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void die(const char *what, const char *name) {
  fprintf(stderr, "%s: error: %s\n", name, what);
  exit(1);
}

/* Every call into the runtime returns a status; the message has the reason. */
static void check(orch_status status) {
  if (status == ORCH_OK)
    return;
  fprintf(stderr, "%s\n", orch_last_error());
  exit(status == ORCH_ERROR_OUT_OF_MEMORY ? 4 : 1);
}

/* --- Arguments ------------------------------------------------------------ */

/* The text after `prefix` + `name` + "=" among the arguments, or NULL. */
static const char *findArgument(int argc, char **argv, const char *prefix,
                                const char *name) {
  size_t prefixLength = strlen(prefix), nameLength = strlen(name);
  for (int i = 2; i < argc; ++i)
    if (strncmp(argv[i], prefix, prefixLength) == 0 &&
        strncmp(argv[i] + prefixLength, name, nameLength) == 0 &&
        argv[i][prefixLength + nameLength] == '=')
      return argv[i] + prefixLength + nameLength + 1;
  return NULL;
}

/* The number in "key:number", or `otherwise`. */
static long findNumber(int argc, char **argv, const char *key, long otherwise) {
  for (int i = 2; i < argc; ++i)
    if (strncmp(argv[i], key, strlen(key)) == 0)
      return strtol(argv[i] + strlen(key), NULL, 10);
  return otherwise;
}

/* Each argument must be one that something above looks for. */
static void checkArguments(int argc, char **argv, orch_program *program) {
  for (int i = 2; i < argc; ++i) {
    char name[256];
    const char *equals = strchr(argv[i], '=');
    if (strncmp(argv[i], "seed:", 5) == 0 ||
        strncmp(argv[i], "threads:", 8) == 0 ||
        strncmp(argv[i], "dim:", 4) == 0)
      continue;
    snprintf(name, sizeof(name), "%.*s",
             equals ? (int)(equals - argv[i]) : (int)strlen(argv[i]), argv[i]);
    if (!equals || orch_program_find_input(program, name) < 0)
      die("this is neither INPUT=FILE of the model nor dim:NAME=SIZE, "
          "threads:N, seed:N",
          argv[i]);
  }
}

/* --- Inputs --------------------------------------------------------------- */

static char *readFile(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file)
    die("the file cannot be opened", path);
  size_t capacity = 1 << 16, used = 0, got;
  char *data = malloc(capacity);
  while (data && (got = fread(data + used, 1, capacity - used, file)) > 0) {
    used += got;
    if (used == capacity)
      data = realloc(data, capacity *= 2);
  }
  if (!data || ferror(file))
    die("the file cannot be read", path);
  fclose(file);
  *size = used;
  return data;
}

static uint32_t npyType(const char *descr) {
  static const struct {
    const char *descr;
    uint32_t dtype;
  } types[] = {{"<f4", ORCH_DTYPE_F32}, {"<f8", ORCH_DTYPE_F64},
               {"<f2", ORCH_DTYPE_F16}, {"|i1", ORCH_DTYPE_I8},
               {"<i2", ORCH_DTYPE_I16}, {"<i4", ORCH_DTYPE_I32},
               {"<i8", ORCH_DTYPE_I64}, {"|u1", ORCH_DTYPE_U8},
               {"<u2", ORCH_DTYPE_U16}, {"<u4", ORCH_DTYPE_U32},
               {"<u8", ORCH_DTYPE_U64}, {"|b1", ORCH_DTYPE_BOOL}};
  for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); ++i)
    if (strncmp(descr, types[i].descr, 3) == 0)
      return types[i].dtype;
  return ORCH_DTYPE_INVALID;
}

static void freeData(void *user, void *data) {
  (void)data;
  free(user);
}

/* Lets `tensor` own `memory`, in which its data is. */
static void giveMemory(orch_tensor *tensor, char *memory, size_t size) {
  check(
      orch_buffer_wrap(memory, size, freeData, memory, NULL, &tensor->buffer));
}

/* A tensor over the file's data. The format: numpy.lib.format in NumPy's
 * documentation. */
static orch_tensor readNpy(const char *path) {
  size_t size;
  char *data = readFile(path, &size);
  if (size < 12 || memcmp(data, "\x93NUMPY", 6) != 0)
    die("this is not a .npy file", path);
  const unsigned char *bytes = (const unsigned char *)data;
  size_t start = bytes[6] == 1 ? 10 : 12;
  size_t length = bytes[8] | (size_t)bytes[9] << 8;
  if (start == 12)
    length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
  if (length > size - start)
    die("the file is cut short", path);
  char *header = malloc(length + 1);
  memcpy(header, data + start, length);
  header[length] = 0;
  const char *descr = strstr(header, "'descr': '");
  const char *shape = strstr(header, "'shape': (");
  if (!descr || !shape)
    die("the header is not one of a plain array", path);

  orch_tensor tensor = {0};
  tensor.dtype = npyType(descr + 10);
  if (tensor.dtype == ORCH_DTYPE_INVALID)
    die("the element type is not supported", path);
  char *at = (char *)shape + 10;
  while (isdigit((unsigned char)*at) && tensor.rank < ORCH_MAX_RANK) {
    tensor.dims[tensor.rank++] = strtoll(at, &at, 10);
    while (*at == ',' || *at == ' ')
      ++at;
  }
  if (*at != ')')
    die("the shape is not valid", path);
  if (strstr(header, "'fortran_order': True")) {
    /* The runtime takes strides, so nothing has to be transposed here. */
    int64_t stride = 1;
    tensor.flags |= ORCH_TENSOR_STRIDED;
    for (uint32_t d = 0; d < tensor.rank; ++d) {
      tensor.strides[d] = stride;
      stride *= tensor.dims[d];
    }
  }
  uint64_t needed;
  check(orch_tensor_size(&tensor, NULL, &needed));
  if (needed != size - start - length)
    die("the file has not as much data as its shape says", path);
  tensor.data = data + start + length;
  giveMemory(&tensor, data, size);
  free(header);
  return tensor;
}

/* The model's dims, with named ones from the arguments and 1 for the rest. */
static orch_tensor emptyInput(const orch_tensor_info *info, int argc,
                              char **argv) {
  orch_tensor tensor =
      orch_tensor_view(NULL, info->dtype, info->rank, info->dims);
  for (uint32_t d = 0; d < info->rank; ++d) {
    const char *name = info->dim_names ? info->dim_names[d] : NULL;
    const char *size = name ? findArgument(argc, argv, "dim:", name) : NULL;
    if (tensor.dims[d] < 0)
      tensor.dims[d] = size ? strtoll(size, NULL, 10) : 1;
  }
  return tensor;
}

static double nextRandom(uint64_t *state) { /* xorshift64*, in [0, 1) */
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return (double)(*state * 0x2545f4914f6cdd1dull >> 11) / 9007199254740992.0;
}

/* Floats from [-1, 1); integers (often indices) 0 or 1; others stay zero. */
static void fillRandom(orch_tensor *tensor, uint64_t *state) {
  int64_t count;
  uint64_t bytes;
  check(orch_tensor_size(tensor, &count, &bytes));
  memset(tensor->data, 0, bytes);
  size_t size = orch_dtype_bits(tensor->dtype) / 8;
  for (int64_t i = 0; i < count; ++i) {
    double value = nextRandom(state);
    if (tensor->dtype == ORCH_DTYPE_F32)
      ((float *)tensor->data)[i] = (float)(2 * value - 1);
    else if (tensor->dtype == ORCH_DTYPE_F64)
      ((double *)tensor->data)[i] = 2 * value - 1;
    else if (tensor->dtype >= ORCH_DTYPE_I8 && tensor->dtype <= ORCH_DTYPE_BOOL)
      ((char *)tensor->data)[(size_t)i * size] = value >= 0.5;
  }
}

static orch_tensor makeInput(const orch_tensor_info *info, int argc,
                             char **argv, uint64_t *state) {
  const char *path = findArgument(argc, argv, "", info->name);
  size_t length = path ? strlen(path) : 0;
  if (length > 4 && strcmp(path + length - 4, ".npy") == 0)
    return readNpy(path);
  orch_tensor tensor = emptyInput(info, argc, argv);
  if (path) {
    size_t size;
    uint64_t needed;
    check(orch_tensor_size(&tensor, NULL, &needed));
    char *data = readFile(path, &size);
    if (size != needed)
      die("the file's size is not that of the input", path);
    tensor.data = data;
    giveMemory(&tensor, data, size);
    return tensor;
  }
  check(orch_tensor_allocate(tensor.dtype, tensor.rank, tensor.dims, NULL,
                             &tensor));
  fillRandom(&tensor, state);
  return tensor;
}

/* --- Outputs ---------------------------------------------------------------
 */

static int valueAt(const orch_tensor *tensor, int64_t i, double *value) {
  switch (tensor->dtype) {
  case ORCH_DTYPE_F32:
    *value = ((const float *)tensor->data)[i];
    return 1;
  case ORCH_DTYPE_F64:
    *value = ((const double *)tensor->data)[i];
    return 1;
  case ORCH_DTYPE_I32:
    *value = ((const int32_t *)tensor->data)[i];
    return 1;
  case ORCH_DTYPE_I64:
    *value = (double)((const int64_t *)tensor->data)[i];
    return 1;
  case ORCH_DTYPE_U8:
  case ORCH_DTYPE_BOOL:
    *value = ((const uint8_t *)tensor->data)[i];
    return 1;
  default:
    return 0;
  }
}

static void printOutput(const char *name, const orch_tensor *tensor) {
  enum { TOP = 5 };
  int64_t count, best[TOP], found = 0;
  double lowest = 0, highest = 0, sum = 0, value = 0, other = 0;
  check(orch_tensor_size(tensor, &count, NULL));
  printf("%s: %s", name, orch_dtype_name(tensor->dtype));
  for (uint32_t d = 0; d < tensor->rank; ++d)
    printf("%s%lld", d ? "x" : " ", (long long)tensor->dims[d]);
  for (int64_t i = 0; i < count && valueAt(tensor, i, &value); ++i) {
    lowest = i == 0 || value < lowest ? value : lowest;
    highest = i == 0 || value > highest ? value : highest;
    sum += value;
    /* Insertion into the five largest so far. */
    int64_t at = found < TOP ? found++ : TOP;
    while (at > 0 && (valueAt(tensor, best[at - 1], &other), other < value)) {
      if (at < TOP)
        best[at] = best[at - 1];
      --at;
    }
    if (at < TOP)
      best[at] = i;
  }
  if (found)
    printf("  min %g, max %g, mean %g\n  top:", lowest, highest,
           sum / (double)count);
  for (int64_t i = 0; i < found; ++i) {
    valueAt(tensor, best[i], &value);
    printf("%s [%lld] %g", i ? "," : "", (long long)best[i], value);
  }
  printf("\n");
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr,
            "usage: %s MODEL.so [INPUT=FILE.npy|FILE.bin ...] "
            "[dim:NAME=SIZE ...] [threads:N] [seed:N]\n",
            argv[0]);
    return 2;
  }

  orch_program *program = NULL;
  check(orch_program_load(argv[1], NULL, &program));
  checkArguments(argc, argv, program);
  orch_context_options options = ORCH_CONTEXT_OPTIONS_INIT;
  options.num_threads = (int32_t)findNumber(argc, argv, "threads:", 0);
  orch_context *context = NULL;
  check(orch_context_create(program, &options, &context));

  uint32_t numInputs = orch_program_num_inputs(program);
  uint32_t numOutputs = orch_program_num_outputs(program);
  orch_tensor *inputs = calloc(numInputs + 1, sizeof(orch_tensor));
  orch_tensor *outputs = calloc(numOutputs + 1, sizeof(orch_tensor));
  if (!inputs || !outputs)
    die("there is not enough memory", argv[0]);
  uint64_t state = (uint64_t)findNumber(argc, argv, "seed:", 1) + 1;
  for (uint32_t i = 0; i < numInputs; ++i)
    inputs[i] = makeInput(orch_program_input(program, i), argc, argv, &state);

  /* Outputs without memory are allocated by the run. The first run also
   * allocates the arena; the second one shows the steady time. */
  check(orch_context_run(context, inputs, numInputs, outputs, numOutputs));
  struct timespec begin, end;
  timespec_get(&begin, TIME_UTC);
  check(orch_context_run(context, inputs, numInputs, outputs, numOutputs));
  timespec_get(&end, TIME_UTC);

  printf("%s: %.1f us on %d threads\n", orch_program_name(program),
         (double)(end.tv_sec - begin.tv_sec) * 1e6 +
             (double)(end.tv_nsec - begin.tv_nsec) * 1e-3,
         orch_context_num_threads(context));
  for (uint32_t i = 0; i < numOutputs; ++i) {
    printOutput(orch_program_output(program, i)->name, &outputs[i]);
    orch_tensor_release(&outputs[i]);
  }
  for (uint32_t i = 0; i < numInputs; ++i)
    orch_tensor_release(&inputs[i]);
  free(inputs);
  free(outputs);
  orch_context_destroy(context);
  orch_program_release(program);
  return 0;
}
