//===- Arrays.h - Arrays of Python as tensors of the runtime ----*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the way in and out of a run, without a copy: NumPy arrays by NumPy's C
//   interface, because a small model runs in the time that anything slower
//   takes, and arrays of other libraries by DLPack. What comes out are NumPy
//   arrays that own the runtime's buffers.
// What is copied: types of fewer than 8 bits, which NumPy keeps in a byte each;
//   strings; numbers and lists; strided arrays (by the runtime).
// Everything here needs Python's lock.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_PYTHON_ARRAYS_H
#define ORCHESTRA_PYTHON_ARRAYS_H

#include "orchestra_runtime/tensor.h"

#include <nanobind/nanobind.h>
// In every file of the room: a caster that one lacks would be another function
// of the same name.
#include <nanobind/stl/string.h> // IWYU pragma: keep

#include <string>

namespace orchestra::python {

/// Loads NumPy's C interface; throws ImportError.
void importArrays();

/// Says which NumPy type stands for which type of the runtime:
/// {"f32": dtype("float32"), ...}. Once, before any array is taken.
void setDtypes(const nanobind::dict &byName);
/// The NumPy type for an orch_dtype; throws if there is none.
nanobind::object dtypeOf(uint32_t dtype);

/// Where an input stands in messages, and the type it must have.
struct InputPlace {
  const char *origin; ///< the model's file
  std::string name;
  uint32_t dtype;
};

/// Makes `tensor` a tensor over the memory of `value`; `held` keeps it alive,
/// if `tensor` holds no buffer. Throws a Failure if the type is not the
/// model's. Rank and dims are the runtime's to check.
void takeInput(nanobind::handle value, const InputPlace &place,
               orch_tensor &tensor, nanobind::object &held);

/// A NumPy array over the buffer of `tensor`, which it takes over.
nanobind::object giveOutput(orch_tensor &tensor);

} // namespace orchestra::python

#endif // ORCHESTRA_PYTHON_ARRAYS_H
