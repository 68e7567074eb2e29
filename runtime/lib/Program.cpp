//===- Program.cpp - Loading a program and asking about it ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: brings together the parts of loading: the file, the checks of the
//   descriptor, the weights, and a table of named dims that runs use.
//
//===----------------------------------------------------------------------===//
#include "Program.h"

#include "Artefact.h"
#include "HugePages.h"
#include "LoadFile.h"

#include <climits>
#include <cstdio>
#include <dlfcn.h>

using namespace orchestra::runtime;

namespace {

orch_status invalid(const char *what) {
  return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                        "error: %s [invalid-argument]", what);
}

orch_status checkOptions(const orch_program_options *given,
                         orch_program_options &options) {
  if (!given)
    return ORCH_OK;
  if (given->struct_size != sizeof(options))
    return invalid("orch_program_options.struct_size is not that of this "
                   "version; start from ORCH_PROGRAM_OPTIONS_INIT");
  options = *given;
  if (options.flags & ~uint32_t(ORCH_PROGRAM_SHARE_WEIGHTS))
    return invalid("orch_program_options.flags has unknown flags");
  if (options.weights && options.weights_path)
    return invalid("orch_program_options has weights twice, in memory and in a "
                   "file");
  return ORCH_OK;
}

uint32_t countDims(const orch_tensor_info *infos, uint32_t count) {
  uint32_t dims = 0;
  for (uint32_t i = 0; i < count; ++i)
    dims += infos[i].rank;
  return dims;
}

/// Numbers the names of dims: equal names, equal numbers.
class SymbolTable {
public:
  bool reserve(const orch_allocator &allocator, size_t count) {
    return names.allocate(allocator, count);
  }
  void number(const orch_tensor_info *infos, uint32_t count,
              Array<int32_t> &symbols) {
    size_t at = 0;
    for (uint32_t i = 0; i < count; ++i)
      for (uint32_t d = 0; d < infos[i].rank; ++d)
        symbols[at++] = infos[i].dim_names ? lookup(infos[i].dim_names[d]) : -1;
  }
  uint32_t size() const { return used; }

private:
  int32_t lookup(const char *name) {
    if (!name || !*name)
      return -1;
    for (uint32_t i = 0; i < used; ++i)
      if (strcmp(names[i], name) == 0)
        return int32_t(i);
    names[used] = name;
    return int32_t(used++);
  }
  Array<const char *> names;
  uint32_t used = 0;
};

orch_status fillSymbols(orch_program &program) {
  const orch_artefact &artefact = *program.artefact;
  program.numInputDims = countDims(artefact.inputs, artefact.num_inputs);
  program.numOutputDims = countDims(artefact.outputs, artefact.num_outputs);
  SymbolTable table;
  size_t all = size_t(program.numInputDims) + program.numOutputDims;
  if (!program.dimSymbols.allocate(program.allocator, program.numInputDims) ||
      !program.outputDimSymbols.allocate(program.allocator,
                                         program.numOutputDims) ||
      !table.reserve(program.allocator, all))
    return outOfMemory(all * (sizeof(int32_t) + sizeof(char *)),
                       "a program's dims");
  table.number(artefact.inputs, artefact.num_inputs, program.dimSymbols);
  table.number(artefact.outputs, artefact.num_outputs,
               program.outputDimSymbols);
  program.numSymbols = table.size();
  return ORCH_OK;
}

/// A name out of the artefact must not lead out of the artefact's folder.
bool isPlainFileName(const char *name) {
  return *name && !strchr(name, '/') && strcmp(name, "..") != 0;
}

orch_status findWeights(orch_program &program,
                        const orch_program_options &options) {
  const orch_artefact &artefact = *program.artefact;
  const char *origin = program.origin.data();
  program.weightsSize = artefact.weights_size;
  if (!artefact.weights_file) {
    if (options.weights || options.weights_path)
      return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                            "%s: error: weights are given, but the model has "
                            "its own inside [invalid-argument]",
                            origin);
    program.weights = artefact.weights;
    return ORCH_OK;
  }
  if (options.weights) {
    if (options.weights_size != artefact.weights_size ||
        reinterpret_cast<uintptr_t>(options.weights) % ORCH_BUFFER_ALIGNMENT)
      return orch_set_error(
          ORCH_ERROR_MISMATCH,
          "%s: error: the weights given do not fit the model "
          "[weights-mismatch]\n  note: it needs %llu bytes aligned to %d; "
          "there "
          "are %llu at %p",
          origin, static_cast<unsigned long long>(artefact.weights_size),
          ORCH_BUFFER_ALIGNMENT,
          static_cast<unsigned long long>(options.weights_size),
          options.weights);
    program.weights = options.weights;
    return ORCH_OK;
  }

  char path[PATH_MAX];
  const char *file = options.weights_path;
  if (!file) {
    if (!isPlainFileName(artefact.weights_file))
      return orch_set_error(
          ORCH_ERROR_BAD_ARTEFACT,
          "%s: error: the artefact's descriptor is damaged "
          "[artefact-damaged]\n  note: its weights file '%s' is not a plain "
          "file name",
          origin, artefact.weights_file);
    const char *slash = strrchr(origin, '/');
    int folder = slash ? int(slash - origin) + 1 : 0;
    int length = snprintf(path, sizeof(path), "%.*s%s", folder, origin,
                          artefact.weights_file);
    if (length < 0 || size_t(length) >= sizeof(path))
      return orch_set_error(ORCH_ERROR_IO,
                            "%s: error: the path of the weights is too long "
                            "[weights-missing]",
                            origin);
    file = path;
  }
  return mapWeights(file, origin, artefact.weights_hash, artefact.weights_size,
                    program.mapping, &program.weights);
}

/// Copies weights out of small pages into huge ones. Without memory for that
/// they stay where they are.
void placeWeights(orch_program &program, const orch_program_options &options) {
  bool stay = options.flags & ORCH_PROGRAM_SHARE_WEIGHTS || options.weights;
  if (stay || program.weightsSize < hugeBlockSize || !hasHugePages() ||
      countInHugePages(program.weights, program.weightsSize) >=
          program.weightsSize / 2 ||
      !program.ownWeights.reserve(program.allocator, program.weightsSize))
    return;
  memcpy(program.ownWeights.data(), program.weights, program.weightsSize);
  program.weights = program.ownWeights.data();
}

void destroyProgram(orch_program *program) {
  void *library = program->library;
  void (*destroyArtefact)(void *) = program->destroyArtefact;
  void *user = program->destroyUser;
  destroy(program->allocator, program);
  if (library)
    dlclose(library);
  if (destroyArtefact)
    destroyArtefact(user);
}

orch_status makeProgram(const orch_artefact *artefact, const char *origin,
                        const orch_program_options &options,
                        orch_program **out) {
  if (orch_status status = checkArtefact(artefact, origin))
    return status;
  orch_allocator allocator = allocatorOrSystem(options.allocator);
  orch_program *program = create<orch_program>(allocator);
  if (!program)
    return outOfMemory(sizeof(orch_program), "a program");
  program->allocator = allocator;
  program->artefact = artefact;
  size_t length = strlen(origin) + 1;
  orch_status status = ORCH_OK;
  if (program->origin.allocate(allocator, length))
    memcpy(program->origin.data(), origin, length);
  else
    status = outOfMemory(length, "a program's name");
  if (status == ORCH_OK)
    status = fillSymbols(*program);
  if (status == ORCH_OK)
    status = findWeights(*program, options);
  if (status != ORCH_OK) {
    destroyProgram(program);
    return status;
  }
  placeWeights(*program, options);
  *out = program;
  return ORCH_OK;
}

int32_t findName(const orch_tensor_info *infos, uint32_t count,
                 const char *name) {
  for (uint32_t i = 0; name && i < count; ++i)
    if (strcmp(infos[i].name, name) == 0)
      return int32_t(i);
  return -1;
}

} // namespace

orch_status orch_program_load(const char *path,
                              const orch_program_options *given,
                              orch_program **out) {
  if (!path || !out)
    return invalid("orch_program_load needs a path and a place for the "
                   "program");
  orch_program_options options = ORCH_PROGRAM_OPTIONS_INIT;
  if (orch_status status = checkOptions(given, options))
    return status;
  if (options.origin || options.destroy)
    return invalid("orch_program_options.origin and destroy are for "
                   "orch_program_from_artefact");
  void *library;
  const orch_artefact *artefact;
  if (orch_status status = openArtefact(path, &library, &artefact))
    return status;
  orch_program *program;
  if (orch_status status = makeProgram(artefact, path, options, &program)) {
    dlclose(library);
    return status;
  }
  program->library = library;
  *out = program;
  return ORCH_OK;
}

orch_status orch_program_from_artefact(const orch_artefact *artefact,
                                       const orch_program_options *given,
                                       orch_program **out) {
  if (!artefact || !out)
    return invalid("orch_program_from_artefact needs a descriptor and a place "
                   "for the program");
  orch_program_options options = ORCH_PROGRAM_OPTIONS_INIT;
  if (orch_status status = checkOptions(given, options))
    return status;
  const char *origin = options.origin;
  // The name may be read only after the magic has been seen.
  if (!origin && artefact->magic == ORCH_ARTEFACT_MAGIC &&
      artefact->abi_version == ORCH_ARTEFACT_ABI_VERSION)
    origin = artefact->name;
  if (!origin || !*origin)
    origin = "artefact";
  orch_program *program;
  if (orch_status status = makeProgram(artefact, origin, options, &program))
    return status;
  program->destroyArtefact = options.destroy;
  program->destroyUser = options.destroy_user;
  *out = program;
  return ORCH_OK;
}

void orch_program_retain(orch_program *program) {
  if (program)
    program->references.fetch_add(1, std::memory_order_relaxed);
}

void orch_program_release(orch_program *program) {
  if (program &&
      program->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
    destroyProgram(program);
}

const orch_artefact *orch_program_artefact(const orch_program *program) {
  return program->artefact;
}

const char *orch_program_name(const orch_program *program) {
  return program->artefact->name ? program->artefact->name : "";
}

const char *orch_program_origin(const orch_program *program) {
  return program->origin.data();
}

const char *orch_program_metadata(const orch_program *program) {
  return program->artefact->metadata ? program->artefact->metadata : "{}";
}

uint32_t orch_program_num_inputs(const orch_program *program) {
  return program->artefact->num_inputs;
}

uint32_t orch_program_num_outputs(const orch_program *program) {
  return program->artefact->num_outputs;
}

const orch_tensor_info *orch_program_input(const orch_program *program,
                                           uint32_t index) {
  const orch_artefact &artefact = *program->artefact;
  return index < artefact.num_inputs ? &artefact.inputs[index] : nullptr;
}

const orch_tensor_info *orch_program_output(const orch_program *program,
                                            uint32_t index) {
  const orch_artefact &artefact = *program->artefact;
  return index < artefact.num_outputs ? &artefact.outputs[index] : nullptr;
}

int32_t orch_program_find_input(const orch_program *program, const char *name) {
  const orch_artefact &artefact = *program->artefact;
  return findName(artefact.inputs, artefact.num_inputs, name);
}

int32_t orch_program_find_output(const orch_program *program,
                                 const char *name) {
  const orch_artefact &artefact = *program->artefact;
  return findName(artefact.outputs, artefact.num_outputs, name);
}

uint32_t orch_program_num_calls(const orch_program *program) {
  return program->artefact->num_calls;
}

const orch_call_info *orch_program_call(const orch_program *program,
                                        uint32_t index) {
  const orch_artefact &artefact = *program->artefact;
  return index < artefact.num_calls ? &artefact.calls[index] : nullptr;
}

const void *orch_program_weights(const orch_program *program, uint64_t *size) {
  if (size)
    *size = program->weightsSize;
  return program->weights;
}
