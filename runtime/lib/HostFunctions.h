//===- HostFunctions.h - Functions that programs call -----------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: what no compiled loop can do, on whole tensors, for programs with
//   ORCH_ARTEFACT_CALLS_HOST: orch_host_api.call by name. Operands are inputs,
//   then outputs; strings are numbers of the context's table.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_LIB_HOSTFUNCTIONS_H
#define ORCHESTRA_RUNTIME_LIB_HOSTFUNCTIONS_H

#include "Strings.h"

namespace orchestra::runtime {

inline constexpr char outOfMemoryForStrings[] = "no memory for strings";

/// One call.
struct HostCall {
  const orch_allocator &allocator;
  StringTable &strings;
  const orch_operand *operands;
  int64_t count;

  int64_t elements(int64_t operand) const {
    int64_t product = 1;
    for (int64_t d = 0; d < operands[operand].rank; ++d)
      product *= operands[operand].dims[d];
    return product;
  }
  template <typename T> T *data(int64_t operand) const {
    return static_cast<T *>(operands[operand].data);
  }
  /// The string at element `index` of an operand.
  orch_string text(int64_t operand, int64_t index) const {
    return strings.get(data<int64_t>(operand)[index]);
  }
  /// Writes the number of a string to element `index` of an operand. Null, or
  /// why not.
  const char *put(int64_t operand, int64_t index, const char *from,
                  uint64_t size) const {
    int64_t number = strings.number(allocator, from, size);
    if (number < 0)
      return outOfMemoryForStrings;
    data<int64_t>(operand)[index] = number;
    return nullptr;
  }
  /// The bytes of an operand.
  orch_string bytes(int64_t operand) const {
    return {data<const char>(operand), uint64_t(elements(operand))};
  }
};

/// Null, or why it failed: a text that lives forever.
using HostFunction = const char *(*)(const HostCall &call);

/// The function of this name that takes so many operands; null: there is none.
HostFunction findHostFunction(const char *name, int64_t operands);

} // namespace orchestra::runtime

#endif // ORCHESTRA_RUNTIME_LIB_HOSTFUNCTIONS_H
