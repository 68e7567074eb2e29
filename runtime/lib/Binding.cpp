//===- Binding.cpp - The caller's tensors against the program -------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: checks what the caller gives, resolves shapes, and decides for each
//   tensor whether compiled code can use its memory in place.
// Cost: one pass over the dims when shapes are those of the last run; the shape
//   function is only called when one changed.
//
//===----------------------------------------------------------------------===//
#include "Context.h"

#include <cstdio>

namespace orchestra::runtime {

namespace {

/// "dimension 0", or "dimension 0 (batch)".
struct DimName {
  char text[128];
  DimName(const orch_tensor_info &info, uint32_t dim) {
    const char *name = info.dim_names ? info.dim_names[dim] : nullptr;
    bool named = name && *name;
    snprintf(text, sizeof(text), "dimension %u%s%.100s%s", dim,
             named ? " (" : "", named ? name : "", named ? ")" : "");
  }
};

/// "3x224x224", for messages.
struct Shape {
  char text[256];
  Shape(const int64_t *dims, uint32_t rank) {
    size_t used = 0;
    snprintf(text, sizeof(text), "a scalar");
    for (uint32_t d = 0; d < rank && used < sizeof(text); ++d) {
      size_t room = sizeof(text) - used;
      const char *separator = d ? "x" : "";
      used +=
          size_t(dims[d] < 0 ? snprintf(text + used, room, "%s?", separator)
                             : snprintf(text + used, room, "%s%lld", separator,
                                        static_cast<long long>(dims[d])));
    }
  }
};

/// What is the same for inputs and outputs: rank, type, layout, place.
orch_status checkTensor(const orch_context &context, const orch_tensor &tensor,
                        const orch_tensor_info &info, const char *kind,
                        const int64_t *expectedDims) {
  const char *origin = context.origin();
  if (tensor.device)
    return orch_set_error(ORCH_ERROR_UNSUPPORTED,
                          "%s:/%s: error: the %s is in the memory of a device "
                          "[device-memory]\n  note: this program runs on the "
                          "CPU\n  help: copy it to host memory first",
                          origin, info.name, kind);
  if (tensor.dtype != info.dtype)
    return orch_set_error(
        ORCH_ERROR_MISMATCH,
        "%s:/%s: error: %s '%s' has type %s, but the model has %s "
        "[tensor-type]\n  help: convert it first: the runtime never converts "
        "numbers",
        origin, info.name, kind, info.name, orch_dtype_name(tensor.dtype),
        orch_dtype_name(info.dtype));
  if (tensor.rank != info.rank) {
    uint32_t known = tensor.rank <= ORCH_MAX_RANK ? tensor.rank : 0;
    return orch_set_error(
        ORCH_ERROR_MISMATCH,
        "%s:/%s: error: %s '%s' has rank %u, but the model has %u "
        "[tensor-shape]\n  note: the %s is %s; the model has %s",
        origin, info.name, kind, info.name, tensor.rank, info.rank, kind,
        Shape(tensor.dims, known).text, Shape(expectedDims, info.rank).text);
  }
  for (uint32_t d = 0; d < info.rank; ++d) {
    if (tensor.dims[d] < 0)
      return orch_set_error(ORCH_ERROR_MISMATCH,
                            "%s:/%s: error: %s of %s '%s' is %lld, but a size "
                            "is not negative [tensor-shape]",
                            origin, info.name, DimName(info, d).text, kind,
                            info.name, static_cast<long long>(tensor.dims[d]));
    if (expectedDims[d] >= 0 && tensor.dims[d] != expectedDims[d])
      return orch_set_error(
          ORCH_ERROR_MISMATCH,
          "%s:/%s: error: %s of %s '%s' is %lld, but the model has %lld "
          "[tensor-shape]\n  note: the %s is %s; the model has %s",
          origin, info.name, DimName(info, d).text, kind, info.name,
          static_cast<long long>(tensor.dims[d]),
          static_cast<long long>(expectedDims[d]), kind,
          Shape(tensor.dims, tensor.rank).text,
          Shape(expectedDims, info.rank).text);
  }
  return ORCH_OK;
}

orch_status impossibleSize(const orch_context &context,
                           const orch_tensor &tensor,
                           const orch_tensor_info &info, const char *kind) {
  return orch_set_error(ORCH_ERROR_MISMATCH,
                        "%s:/%s: error: %s '%s' has dims or strides that no "
                        "memory has [tensor-shape]\n  note: it is %s %s",
                        context.origin(), info.name, kind, info.name,
                        Shape(tensor.dims, tensor.rank).text,
                        orch_dtype_name(tensor.dtype));
}

/// So that the shape function, which computes with dims, cannot overflow on
/// what is too large anyway.
orch_status checkSizes(const orch_context &context, const orch_tensor *inputs) {
  const orch_artefact &artefact = context.artefact();
  for (uint32_t i = 0; i < artefact.num_inputs; ++i) {
    int64_t elements;
    uint64_t bytes;
    if (!denseSize(inputs[i].dtype, inputs[i].rank, inputs[i].dims, elements,
                   bytes))
      return impossibleSize(context, inputs[i], artefact.inputs[i], "input");
  }
  return ORCH_OK;
}

orch_status checkNamedDims(orch_context &context, const orch_tensor *inputs) {
  const orch_artefact &artefact = context.artefact();
  for (size_t s = 0; s < context.symbols.size(); ++s)
    context.symbols[s] = -1;
  const int32_t *symbol = context.program->dimSymbols.data();
  for (uint32_t i = 0; i < artefact.num_inputs; ++i)
    for (uint32_t d = 0; d < inputs[i].rank; ++d, ++symbol) {
      if (*symbol < 0)
        continue;
      int64_t size = inputs[i].dims[d];
      int64_t &known = context.symbols[size_t(*symbol)];
      uint64_t &source = context.symbolSources[size_t(*symbol)];
      if (known < 0) {
        known = size;
        source = uint64_t(i) << 32 | d;
        continue;
      }
      if (known == size)
        continue;
      const orch_tensor_info &info = artefact.inputs[i];
      const orch_tensor_info &first = artefact.inputs[source >> 32];
      return orch_set_error(
          ORCH_ERROR_MISMATCH,
          "%s:/%s: error: %s of input '%s' is %lld, but it is %lld in input "
          "'%s' [tensor-shape]\n  note: dimensions of one name must be equal; "
          "in '%s' it is dimension %u",
          context.origin(), info.name, DimName(info, d).text, info.name,
          static_cast<long long>(size), static_cast<long long>(known),
          first.name, first.name, uint32_t(source));
    }
  return ORCH_OK;
}

/// What the shape function gave against what the descriptor promises.
orch_status checkResolved(orch_context &context, int64_t arenaBytes) {
  const orch_artefact &artefact = context.artefact();
  const int64_t *dims = context.outputDims.data();
  const int32_t *symbol = context.program->outputDimSymbols.data();
  for (uint32_t i = 0; i < artefact.num_outputs; ++i) {
    const orch_tensor_info &info = artefact.outputs[i];
    int64_t elements;
    uint64_t bytes;
    bool right = denseSize(info.dtype, info.rank, dims, elements, bytes);
    for (uint32_t d = 0; d < info.rank; ++d, ++symbol) {
      int64_t named = *symbol < 0 ? -1 : context.symbols[size_t(*symbol)];
      right &= (info.dims[d] < 0 || info.dims[d] == dims[d]) &&
               (named < 0 || named == dims[d]);
    }
    if (!right)
      return orch_set_error(
          ORCH_ERROR_BAD_ARTEFACT,
          "%s:/%s: error: the model computes a shape for output '%s' that it "
          "does not promise [shape-function]\n  note: computed %s, promised "
          "%s\n  help: this is a fault of the compiler; please report it",
          context.origin(), info.name, info.name, Shape(dims, info.rank).text,
          Shape(info.dims, info.rank).text);
    dims += info.rank;
  }
  if (arenaBytes < 0)
    return orch_set_error(
        ORCH_ERROR_BAD_ARTEFACT,
        "%s: error: the model computes a negative arena size [shape-function]\n"
        "  help: this is a fault of the compiler; please report it",
        context.origin());
  return ORCH_OK;
}

/// Copies the inputs' dims to the context. False: they were the same.
bool takeDims(orch_context &context, const orch_tensor *inputs) {
  bool changed = false;
  size_t at = 0;
  for (size_t i = 0; i < context.inputs.size(); ++i)
    for (uint32_t d = 0; d < inputs[i].rank; ++d, ++at) {
      changed |= context.inputDims[at] != inputs[i].dims[d];
      context.inputDims[at] = inputs[i].dims[d];
    }
  return changed;
}

bool overlap(const void *a, int64_t aLow, int64_t aHigh, const void *b,
             int64_t bLow, int64_t bHigh) {
  uintptr_t first = reinterpret_cast<uintptr_t>(a);
  uintptr_t second = reinterpret_cast<uintptr_t>(b);
  return aLow < aHigh && bLow < bHigh &&
         first + uintptr_t(aLow) < second + uintptr_t(bHigh) &&
         second + uintptr_t(bLow) < first + uintptr_t(aHigh);
}

bool isAligned(const orch_tensor &tensor) {
  uint32_t bytes = orch_dtype_bits(tensor.dtype) / 8;
  return bytes < 2 || reinterpret_cast<uintptr_t>(tensor.data) % bytes == 0;
}

/// Where the elements of one tensor are, and whether they are usable in place.
orch_status bindOne(const orch_context &context, const orch_tensor &tensor,
                    const orch_tensor_info &info, const char *kind,
                    Binding &binding) {
  int64_t elements;
  binding = {};
  if (!denseSize(tensor.dtype, tensor.rank, tensor.dims, elements,
                 binding.bytes) ||
      !byteRange(tensor, binding.low, binding.high))
    return impossibleSize(context, tensor, info, kind);
  binding.pointer = tensor.data;
  if (elements == 0) {
    binding.pointer = const_cast<char *>(context.nothing);
    return ORCH_OK;
  }
  if (!tensor.data)
    return orch_set_error(
        ORCH_ERROR_INVALID_ARGUMENT,
        "%s:/%s: error: %s '%s' has no data "
        "[invalid-argument]\n  note: its pointer is null, and "
        "it is %s",
        context.origin(), info.name, kind, info.name,
        Shape(tensor.dims, tensor.rank).text);
  // Strings are numbers inside of a program.
  binding.staged = !isDense(tensor) || !isAligned(tensor) ||
                   tensor.dtype == ORCH_DTYPE_STRING;
  return ORCH_OK;
}

orch_status bindInputs(orch_context &context, const orch_tensor *inputs) {
  const orch_artefact &artefact = context.artefact();
  for (uint32_t i = 0; i < artefact.num_inputs; ++i)
    if (orch_status status = bindOne(context, inputs[i], artefact.inputs[i],
                                     "input", context.inputs[i]))
      return status;
  return ORCH_OK;
}

orch_status checkOutput(const orch_context &context, const orch_tensor &tensor,
                        const orch_tensor_info &info, const int64_t *dims) {
  if (orch_status status = checkTensor(context, tensor, info, "output", dims))
    return status;
  if (info.dtype == ORCH_DTYPE_STRING)
    return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                          "%s:/%s: error: output '%s' has memory "
                          "[invalid-argument]\n  help: outputs of strings are "
                          "allocated by the run: leave `data` null",
                          context.origin(), info.name, info.name);
  if (tensor.flags & ORCH_TENSOR_READ_ONLY)
    return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                          "%s:/%s: error: output '%s' is read-only "
                          "[invalid-argument]",
                          context.origin(), info.name, info.name);
  if (tensor.flags & ORCH_TENSOR_STRIDED)
    for (uint32_t d = 0; d < tensor.rank; ++d)
      if (tensor.dims[d] > 1 && tensor.strides[d] == 0)
        return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                              "%s:/%s: error: %s of output '%s' has stride 0: "
                              "its elements share memory [invalid-argument]",
                              context.origin(), info.name,
                              DimName(info, d).text, info.name);
  return ORCH_OK;
}

orch_status bindOutputs(orch_context &context, orch_tensor *outputs) {
  const orch_artefact &artefact = context.artefact();
  const int64_t *dims = context.outputDims.data();
  // Check all of the caller's before allocating any.
  for (uint32_t i = 0; i < artefact.num_outputs; ++i) {
    const orch_tensor_info &info = artefact.outputs[i];
    context.outputs[i] = {};
    if (outputs[i].data) {
      if (orch_status status = checkOutput(context, outputs[i], info, dims))
        return status;
      if (orch_status status =
              bindOne(context, outputs[i], info, "output", context.outputs[i]))
        return status;
    }
    dims += info.rank;
  }
  dims = context.outputDims.data();
  for (uint32_t i = 0; i < artefact.num_outputs; ++i) {
    const orch_tensor_info &info = artefact.outputs[i];
    if (!outputs[i].data) {
      orch_tensor made;
      if (orch_status status = orch_tensor_allocate(info.dtype, info.rank, dims,
                                                    &context.allocator, &made))
        return status;
      outputs[i] = made;
      Binding &binding = context.outputs[i];
      binding.pointer = made.data;
      binding.bytes = orch_buffer_size(made.buffer);
      binding.high = int64_t(binding.bytes);
      binding.allocated = true;
    }
    dims += info.rank;
  }
  return ORCH_OK;
}

/// Tensors that share memory: an input is copied first, two outputs, or an
/// output and the arena, are an error.
orch_status checkOverlaps(orch_context &context, const orch_tensor *inputs,
                          const orch_tensor *outputs) {
  const orch_artefact &artefact = context.artefact();
  for (uint32_t o = 0; o < artefact.num_outputs; ++o) {
    const Binding &output = context.outputs[o];
    if (output.allocated)
      continue;
    const void *data = outputs[o].data;
    for (uint32_t i = 0; i < artefact.num_inputs; ++i) {
      Binding &input = context.inputs[i];
      input.staged |= overlap(data, output.low, output.high, inputs[i].data,
                              input.low, input.high);
    }
    const char *other = nullptr;
    for (uint32_t p = 0; p < o && !other; ++p)
      if (overlap(data, output.low, output.high, outputs[p].data,
                  context.outputs[p].low, context.outputs[p].high))
        other = artefact.outputs[p].name;
    if (context.givenArena &&
        overlap(data, output.low, output.high, context.givenArena, 0,
                int64_t(context.givenArenaSize)))
      other = "the arena";
    if (other)
      return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                            "%s:/%s: error: output '%s' shares memory with %s "
                            "[invalid-argument]",
                            context.origin(), artefact.outputs[o].name,
                            artefact.outputs[o].name, other);
  }
  for (uint32_t i = 0; context.givenArena && i < artefact.num_inputs; ++i)
    if (overlap(inputs[i].data, context.inputs[i].low, context.inputs[i].high,
                context.givenArena, 0, int64_t(context.givenArenaSize)))
      return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                            "%s:/%s: error: input '%s' shares memory with the "
                            "arena [invalid-argument]",
                            context.origin(), artefact.inputs[i].name,
                            artefact.inputs[i].name);
  return ORCH_OK;
}

/// Replaces strings by their numbers, which take half the room, in place.
orch_status numberStrings(orch_context &context, const Binding &binding) {
  char *data = static_cast<char *>(binding.pointer);
  for (uint64_t i = 0; i < binding.bytes / sizeof(orch_string); ++i) {
    orch_string string;
    memcpy(&string, data + i * sizeof(string), sizeof(string));
    int64_t number =
        context.strings.number(context.allocator, string.data, string.size);
    if (number < 0)
      return outOfMemory(string.size, "strings");
    memcpy(data + i * sizeof(number), &number, sizeof(number));
  }
  return ORCH_OK;
}

/// Gives staged tensors their place, and copies staged inputs into it.
orch_status stage(orch_context &context, const orch_tensor *inputs) {
  uint64_t size = 0;
  auto place = [&](Binding &binding) {
    if (!binding.staged)
      return;
    binding.stageOffset = size;
    constexpr uint64_t mask = ORCH_BUFFER_ALIGNMENT - 1;
    size += (binding.bytes + mask) & ~mask;
  };
  for (size_t i = 0; i < context.inputs.size(); ++i)
    place(context.inputs[i]);
  for (size_t i = 0; i < context.outputs.size(); ++i)
    place(context.outputs[i]);
  if (size == 0)
    return ORCH_OK;
  if (!context.staging.reserve(context.allocator, size))
    return outOfMemory(size, "copies of misaligned or strided tensors");
  for (size_t i = 0; i < context.inputs.size(); ++i) {
    Binding &input = context.inputs[i];
    if (!input.staged)
      continue;
    input.pointer = context.staging.data() + input.stageOffset;
    if (isDense(inputs[i]))
      memcpy(input.pointer, inputs[i].data, input.bytes);
    else
      copyToDense(inputs[i], input.pointer);
    if (inputs[i].dtype == ORCH_DTYPE_STRING)
      if (orch_status status = numberStrings(context, input))
        return status;
  }
  for (size_t i = 0; i < context.outputs.size(); ++i)
    if (context.outputs[i].staged)
      context.outputs[i].pointer =
          context.staging.data() + context.outputs[i].stageOffset;
  return ORCH_OK;
}

/// Lets the shape function read the inputs.
orch_status showInputs(orch_context &context, const orch_tensor *inputs) {
  for (size_t i = 0; i < context.outputs.size(); ++i)
    context.outputs[i] = {};
  if (orch_status status = bindInputs(context, inputs))
    return status;
  if (orch_status status = stage(context, inputs))
    return status;
  for (size_t i = 0; i < context.inputs.size(); ++i)
    context.inputPointers[i] = context.inputs[i].pointer;
  context.execution.base.inputs = context.inputPointers.data();
  return context.accelerator.isUsed() ? context.accelerator.sendInputs(context)
                                      : ORCH_OK;
}

} // namespace

orch_status resolveShapes(orch_context &context, const orch_tensor *inputs,
                          uint32_t numInputs) {
  const orch_artefact &artefact = context.artefact();
  context.strings.clear();
  if (numInputs != artefact.num_inputs || (numInputs && !inputs))
    return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                          "%s: error: %u inputs are given, but the model has "
                          "%u [invalid-argument]",
                          context.origin(), inputs ? numInputs : 0,
                          artefact.num_inputs);
  for (uint32_t i = 0; i < numInputs; ++i)
    if (orch_status status = checkTensor(context, inputs[i], artefact.inputs[i],
                                         "input", artefact.inputs[i].dims))
      return status;
  bool readsInputs = artefact.flags & ORCH_ARTEFACT_SIZES_FROM_VALUES;
  if (!takeDims(context, inputs) && context.resolved && !readsInputs)
    return ORCH_OK;
  context.resolved = false;
  if (orch_status status = checkSizes(context, inputs))
    return status;
  if (orch_status status = checkNamedDims(context, inputs))
    return status;

  if (readsInputs)
    if (orch_status status = showInputs(context, inputs))
      return status;

  int64_t arenaBytes = 0;
  DeviceRun &devices = context.devices;
  clearFailure(context);
  int32_t returned = artefact.resolve(
      &context.execution.base, context.inputDims.data(),
      context.outputDims.data(),
      devices.numDevices ? devices.arenaBytes.data() : &arenaBytes);
  context.execution.base.inputs = nullptr;
  freeScratch(context);
  if (orch_status status = executionStatus(context, returned, "shapes"))
    return status;
  for (uint32_t i = 0; i < devices.numDevices; ++i) {
    int64_t bytes = devices.arenaBytes[i];
    arenaBytes = bytes < 0 || bytes > INT64_MAX / ORCH_MAX_DEVICES
                     ? -1
                     : arenaBytes + (bytes + ORCH_BUFFER_ALIGNMENT - 1) /
                                        ORCH_BUFFER_ALIGNMENT *
                                        ORCH_BUFFER_ALIGNMENT;
    if (arenaBytes < 0)
      break;
  }
  if (orch_status status = checkResolved(context, arenaBytes))
    return status;
  context.arenaBytes = uint64_t(arenaBytes);
  context.resolved = true;
  return ORCH_OK;
}

void describeOutput(const orch_context &context, uint32_t index,
                    orch_tensor &tensor) {
  const orch_artefact &artefact = context.artefact();
  const int64_t *dims = context.outputDims.data();
  for (uint32_t i = 0; i < index; ++i)
    dims += artefact.outputs[i].rank;
  tensor.dtype = artefact.outputs[index].dtype;
  tensor.rank = artefact.outputs[index].rank;
  for (uint32_t d = 0; d < tensor.rank; ++d)
    tensor.dims[d] = dims[d];
}

orch_status bindTensors(orch_context &context, const orch_tensor *inputs,
                        orch_tensor *outputs, uint32_t numOutputs) {
  const orch_artefact &artefact = context.artefact();
  if (numOutputs != artefact.num_outputs || (numOutputs && !outputs))
    return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                          "%s: error: %u outputs are given, but the model has "
                          "%u [invalid-argument]",
                          context.origin(), outputs ? numOutputs : 0,
                          artefact.num_outputs);
  for (uint32_t i = 0; i < numOutputs; ++i)
    context.outputs[i] = {};
  orch_status status = bindInputs(context, inputs);
  if (status == ORCH_OK)
    status = bindOutputs(context, outputs);
  if (status == ORCH_OK)
    status = checkOverlaps(context, inputs, outputs);
  if (status == ORCH_OK)
    status = stage(context, inputs);
  if (status != ORCH_OK)
    dropOutputs(context, outputs);
  return status;
}

orch_status nameStrings(orch_context &context, orch_tensor *outputs) {
  for (size_t i = 0; i < context.outputs.size(); ++i) {
    if (outputs[i].dtype != ORCH_DTYPE_STRING)
      continue;
    const auto *numbers = static_cast<const int64_t *>(outputs[i].data);
    uint64_t count = context.outputs[i].bytes / sizeof(orch_string);
    uint64_t bytes = count * sizeof(orch_string);
    for (uint64_t k = 0; k < count; ++k)
      bytes += context.strings.get(numbers[k]).size;
    // The strings, then their characters, in one block.
    int64_t size = int64_t(bytes);
    orch_tensor made;
    if (orch_status status = orch_tensor_allocate(ORCH_DTYPE_U8, 1, &size,
                                                  &context.allocator, &made))
      return status;
    auto *strings = static_cast<orch_string *>(made.data);
    char *characters = reinterpret_cast<char *>(strings + count);
    for (uint64_t k = 0; k < count; ++k) {
      orch_string string = context.strings.get(numbers[k]);
      if (string.size)
        memcpy(characters, string.data, string.size);
      strings[k] = {characters, string.size};
      characters += string.size;
    }
    orch_buffer_release(outputs[i].buffer);
    outputs[i].buffer = made.buffer;
    outputs[i].data = made.data;
  }
  return ORCH_OK;
}

void dropOutputs(orch_context &context, orch_tensor *outputs) {
  for (size_t i = 0; i < context.outputs.size(); ++i)
    if (context.outputs[i].allocated) {
      orch_tensor_release(&outputs[i]);
      context.outputs[i].allocated = false;
    }
}

} // namespace orchestra::runtime
