//===- Arrays.cpp - Arrays of Python as tensors of the runtime ------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Arrays.h"
#include "Failure.h"

#include "orchestra_runtime/dlpack.h"

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#include <numpy/arrayobject.h>

#include <algorithm>
#include <cstring>

namespace nb = nanobind;
using namespace orchestra;
using namespace orchestra::python;

/// More than orch_dtype has values.
static constexpr uint32_t kNumTypes = 64;
/// By orch_dtype. They live as long as the process: arrays that outlive the
/// module refer to them.
static PyArray_Descr *descriptors[kNumTypes];

static int importNumpy() {
  import_array1(-1);
  return 0;
}

void python::importArrays() {
  if (importNumpy() < 0)
    throw nb::python_error();
}

void python::setDtypes(const nb::dict &byName) {
  for (uint32_t dtype = 1; dtype < kNumTypes; ++dtype) {
    const char *name = orch_dtype_name(dtype);
    if (orch_dtype_bits(dtype) == 0 || !byName.contains(name))
      continue;
    PyArray_Descr *descriptor = nullptr;
    nb::object given = byName[name];
    if (!PyArray_DescrConverter(given.ptr(), &descriptor))
      throw nb::python_error();
    std::swap(descriptors[dtype], descriptor);
    Py_XDECREF(descriptor);
  }
}

static PyArray_Descr *descriptorOf(uint32_t dtype) {
  if (dtype < kNumTypes && descriptors[dtype])
    return descriptors[dtype];
  throw Failure("RunError", Fault::Environment,
                std::string("error: NumPy has no type for ") +
                    orch_dtype_name(dtype) +
                    " [unsupported-type]\n  help: install a newer ml_dtypes");
}

nb::object python::dtypeOf(uint32_t dtype) {
  return nb::borrow(reinterpret_cast<PyObject *>(descriptorOf(dtype)));
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

static std::string textOf(nb::handle object) {
  return nb::cast<std::string>(nb::str(object));
}

static std::string describe(PyArray_Descr *descriptor) {
  return textOf(reinterpret_cast<PyObject *>(descriptor));
}

static Failure wrongType(const InputPlace &place, const std::string &given,
                         const std::string &rest) {
  return Failure("InputError", Fault::Input,
                 std::string(place.origin) + ":/" + place.name +
                     ": error: input '" + place.name + "' has type " + given +
                     ", but the model has " + orch_dtype_name(place.dtype) +
                     " [tensor-type]" + rest);
}

/// Types of fewer than 8 bits: a byte an element in NumPy, packed here.
static void packArray(PyArrayObject *array, const InputPlace &place,
                      orch_tensor &tensor) {
  PyArrayObject *dense = PyArray_GETCONTIGUOUS(array);
  if (!dense)
    throw nb::python_error();
  nb::object owner = nb::steal(reinterpret_cast<PyObject *>(dense));
  int64_t dims[ORCH_MAX_RANK];
  int rank = PyArray_NDIM(dense);
  std::copy_n(PyArray_DIMS(dense), rank, dims);
  if (orch_status status = orch_tensor_allocate(place.dtype, uint32_t(rank),
                                                dims, nullptr, &tensor))
    throw lastFailure("RunError", status, orch_last_error());
  uint32_t bits = orch_dtype_bits(place.dtype), perByte = 8 / bits;
  auto *packed = static_cast<uint8_t *>(tensor.data);
  auto *codes = static_cast<const uint8_t *>(PyArray_DATA(dense));
  int64_t count = PyArray_SIZE(dense);
  std::memset(packed, 0, size_t((count * bits + 7) / 8));
  for (int64_t i = 0; i < count; ++i)
    packed[i / perByte] |=
        uint8_t((codes[i] & ((1u << bits) - 1)) << (i % perByte * bits));
}

static void takeArray(PyArrayObject *array, const InputPlace &place,
                      orch_tensor &tensor, nb::object &held) {
  PyArray_Descr *wanted = descriptorOf(place.dtype);
  PyArray_Descr *given = PyArray_DESCR(array);
  if (given != wanted && !PyArray_EquivTypes(given, wanted))
    throw wrongType(place, describe(given),
                    "\n  help: convert it first, as with .astype('" +
                        describe(wanted) +
                        "'); arrays are never converted silently");
  int rank = PyArray_NDIM(array);
  if (rank > ORCH_MAX_RANK)
    throw Failure("InputError", Fault::Input,
                  std::string(place.origin) + ":/" + place.name +
                      ": error: input '" + place.name + "' has rank " +
                      std::to_string(rank) +
                      ", which no model has "
                      "[tensor-shape]");
  if (orch_dtype_bits(place.dtype) < 8)
    return packArray(array, place, tensor);

  tensor.data = PyArray_DATA(array);
  tensor.buffer = nullptr;
  tensor.device = nullptr;
  tensor.dtype = place.dtype;
  tensor.rank = uint32_t(rank);
  tensor.flags = ORCH_TENSOR_READ_ONLY;
  std::copy_n(PyArray_DIMS(array), rank, tensor.dims);
  held = nb::borrow(reinterpret_cast<PyObject *>(array));
  if (PyArray_IS_C_CONTIGUOUS(array))
    return;
  tensor.flags |= ORCH_TENSOR_STRIDED;
  npy_intp size = PyArray_ITEMSIZE(array);
  for (int d = 0; d < rank; ++d) {
    npy_intp stride = PyArray_STRIDE(array, d);
    if (stride % size != 0) {
      // A field of records: steps that no tensor can say.
      PyArrayObject *dense = PyArray_GETCONTIGUOUS(array);
      if (!dense)
        throw nb::python_error();
      held = nb::steal(reinterpret_cast<PyObject *>(dense));
      tensor.data = PyArray_DATA(dense);
      tensor.flags = ORCH_TENSOR_READ_ONLY;
      return;
    }
    tensor.strides[d] = stride / size;
  }
}

/// An object's own refusal to be exported, as ours.
static Failure refusal(const InputPlace &place, nb::python_error &error) {
  return Failure("InputError", Fault::Input,
                 std::string(place.origin) + ":/" + place.name +
                     ": error: input '" + place.name +
                     "' cannot be read [dlpack-unsupported]\n  note: " +
                     textOf(error.value()) +
                     "\n  help: detach it from its graph, or make a NumPy "
                     "array of it");
}

static void takeDlpack(nb::handle value, const InputPlace &place,
                       orch_tensor &tensor) {
  nb::object capsule;
  try {
    if (nb::hasattr(value, "__dlpack_device__")) {
      nb::object device = value.attr("__dlpack_device__")();
      constexpr int64_t cpu = 1;
      auto type = nb::cast<int64_t>(nb::int_(device[0]));
      if (type != cpu)
        throw Failure(
            "InputError", Fault::Environment,
            std::string(place.origin) + ":/" + place.name +
                ": error: the input is in the memory of a device "
                "[device-memory]\n  note: its DLPack device type is " +
                std::to_string(type) +
                "\n  help: copy it to host memory first");
    }
    try {
      capsule = value.attr("__dlpack__")(nb::arg("max_version") =
                                             nb::make_tuple(1, 0));
    } catch (nb::python_error &error) {
      if (!error.matches(PyExc_TypeError))
        throw;
      capsule = value.attr("__dlpack__")(); // from before DLPack 1.0
    }
  } catch (nb::python_error &error) {
    throw refusal(place, error);
  }
  constexpr const char *versioned = "dltensor_versioned", *legacy = "dltensor";
  bool isVersioned = PyCapsule_IsValid(capsule.ptr(), versioned);
  void *managed =
      PyCapsule_GetPointer(capsule.ptr(), isVersioned ? versioned : legacy);
  if (!managed)
    throw nb::python_error();
  orch_status status =
      isVersioned
          ? orch_tensor_from_dlpack(
                static_cast<DLManagedTensorVersioned *>(managed), &tensor)
          : orch_tensor_from_dlpack_legacy(
                static_cast<DLManagedTensor *>(managed), &tensor);
  if (status)
    throw Failure("InputError", faultOfStatus(status),
                  std::string(place.origin) + ":/" + place.name + ": " +
                      orch_last_error());
  // The tensor owns it from now on.
  PyCapsule_SetName(capsule.ptr(),
                    isVersioned ? "used_dltensor_versioned" : "used_dltensor");
  if (tensor.dtype != place.dtype)
    throw wrongType(place, orch_dtype_name(tensor.dtype),
                    "\n  help: convert it first: arrays are never converted "
                    "silently");
}

/// How much a type can say: truth, whole numbers, numbers.
static int levelOf(PyArray_Descr *descriptor) {
  switch (descriptor->kind) {
  case 'b':
    return 0;
  case 'i':
  case 'u':
    return 1;
  case 'f':
    return 2;
  case 'V': // ml_dtypes
    return describe(descriptor).find("int") != std::string::npos ? 1 : 2;
  default:
    return 3;
  }
}

/// Numbers and lists of numbers, which have no type of their own.
static void takeNumbers(nb::handle value, const InputPlace &place,
                        orch_tensor &tensor, nb::object &held) {
  nb::object array = nb::steal(PyArray_FROM_O(value.ptr()));
  if (!array.is_valid())
    throw nb::python_error();
  PyArray_Descr *wanted = descriptorOf(place.dtype);
  PyArray_Descr *given =
      PyArray_DESCR(reinterpret_cast<PyArrayObject *>(array.ptr()));
  bool untyped = PyLong_CheckExact(value.ptr()) ||
                 PyFloat_CheckExact(value.ptr()) || PyBool_Check(value.ptr()) ||
                 PyList_Check(value.ptr()) || PyTuple_Check(value.ptr());
  bool empty =
      PyArray_SIZE(reinterpret_cast<PyArrayObject *>(array.ptr())) == 0;
  if (untyped && (empty || levelOf(given) <= levelOf(wanted))) {
    Py_INCREF(wanted); // PyArray_FromAny takes a reference
    array = nb::steal(
        PyArray_FromAny(value.ptr(), wanted, 0, 0, NPY_ARRAY_CARRAY, nullptr));
    if (!array.is_valid()) {
      nb::python_error error;
      throw wrongType(place, "Python's own",
                      "\n  note: " + textOf(error.value()));
    }
  }
  takeArray(reinterpret_cast<PyArrayObject *>(array.ptr()), place, tensor,
            held);
}

/// Strings: arrays of str or bytes, and whatever NumPy makes such an array of.
/// The tensor refers to the text inside of the objects that `held` holds.
static void takeStrings(nb::handle value, const InputPlace &place,
                        orch_tensor &tensor, nb::object &held) {
  held = nb::steal(PyArray_FROM_OTF(value.ptr(), NPY_OBJECT, NPY_ARRAY_CARRAY));
  if (!held.is_valid())
    throw nb::python_error();
  auto *array = reinterpret_cast<PyArrayObject *>(held.ptr());
  int rank = PyArray_NDIM(array);
  int64_t dims[ORCH_MAX_RANK];
  std::copy_n(PyArray_DIMS(array), std::min(rank, ORCH_MAX_RANK), dims);
  if (orch_status status = orch_tensor_allocate(place.dtype, uint32_t(rank),
                                                dims, nullptr, &tensor))
    throw lastFailure("InputError", status, orch_last_error());
  auto *strings = static_cast<orch_string *>(tensor.data);
  auto **objects = static_cast<PyObject **>(PyArray_DATA(array));
  for (npy_intp i = 0, end = PyArray_SIZE(array); i < end; ++i) {
    Py_ssize_t size = 0;
    const char *text = nullptr;
    if (PyBytes_Check(objects[i])) {
      text = PyBytes_AS_STRING(objects[i]);
      size = PyBytes_GET_SIZE(objects[i]);
    } else if (PyUnicode_Check(objects[i])) {
      text = PyUnicode_AsUTF8AndSize(objects[i], &size);
      if (!text)
        throw nb::python_error();
    } else {
      throw wrongType(place, Py_TYPE(objects[i])->tp_name,
                      "\n  help: give an array of str");
    }
    strings[i] = {text, uint64_t(size)};
  }
}

void python::takeInput(nb::handle value, const InputPlace &place,
                       orch_tensor &tensor, nb::object &held) {
  if (place.dtype == ORCH_DTYPE_STRING)
    return takeStrings(value, place, tensor, held);
  if (PyArray_Check(value.ptr()))
    return takeArray(reinterpret_cast<PyArrayObject *>(value.ptr()), place,
                     tensor, held);
  if (nb::hasattr(value, "__dlpack__"))
    return takeDlpack(value, place, tensor);
  takeNumbers(value, place, tensor, held);
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

static void releaseBuffer(PyObject *capsule) {
  orch_buffer_release(
      static_cast<orch_buffer *>(PyCapsule_GetPointer(capsule, nullptr)));
}

static nb::object newArray(PyArray_Descr *descriptor, const orch_tensor &tensor,
                           void *data) {
  npy_intp dims[ORCH_MAX_RANK];
  std::copy_n(tensor.dims, tensor.rank, dims);
  Py_INCREF(descriptor); // the call takes it
  PyObject *array = PyArray_NewFromDescr(
      &PyArray_Type, descriptor, int(tensor.rank), dims, /*strides=*/nullptr,
      data, data ? NPY_ARRAY_CARRAY : 0, nullptr);
  if (!array)
    throw nb::python_error();
  return nb::steal(array);
}

/// Gives each element a byte, as NumPy has it.
static nb::object unpackTensor(orch_tensor &tensor) {
  nb::object array = newArray(descriptorOf(tensor.dtype), tensor, nullptr);
  auto *object = reinterpret_cast<PyArrayObject *>(array.ptr());
  auto *codes = static_cast<uint8_t *>(PyArray_DATA(object));
  auto *packed = static_cast<const uint8_t *>(tensor.data);
  uint32_t bits = orch_dtype_bits(tensor.dtype), perByte = 8 / bits;
  int64_t count = PyArray_SIZE(object);
  // The other bits are zero, as ml_dtypes itself writes them.
  for (int64_t i = 0; i < count; ++i)
    codes[i] =
        (packed[i / perByte] >> (i % perByte * bits)) & ((1u << bits) - 1);
  orch_tensor_release(&tensor);
  return array;
}

/// An array of str. What is no UTF-8 keeps its bytes as Python's surrogates.
static nb::object giveStrings(orch_tensor &tensor) {
  nb::object array = newArray(descriptorOf(tensor.dtype), tensor, nullptr);
  auto *object = reinterpret_cast<PyArrayObject *>(array.ptr());
  auto **objects = static_cast<PyObject **>(PyArray_DATA(object));
  auto *strings = static_cast<const orch_string *>(tensor.data);
  for (npy_intp i = 0, end = PyArray_SIZE(object); i < end; ++i) {
    PyObject *text = PyUnicode_DecodeUTF8(
        strings[i].data, Py_ssize_t(strings[i].size), "surrogateescape");
    if (!text)
      throw nb::python_error();
    Py_XSETREF(objects[i], text);
  }
  orch_tensor_release(&tensor);
  return array;
}

nb::object python::giveOutput(orch_tensor &tensor) {
  if (tensor.dtype == ORCH_DTYPE_STRING)
    return giveStrings(tensor);
  if (orch_dtype_bits(tensor.dtype) < 8)
    return unpackTensor(tensor);
  nb::object array = newArray(descriptorOf(tensor.dtype), tensor, tensor.data);
  if (!tensor.buffer)
    return array;
  PyObject *capsule = PyCapsule_New(tensor.buffer, nullptr, releaseBuffer);
  if (!capsule)
    throw nb::python_error();
  tensor.buffer = nullptr;
  tensor.data = nullptr;
  // Takes the capsule, even when it fails.
  if (PyArray_SetBaseObject(reinterpret_cast<PyArrayObject *>(array.ptr()),
                            capsule) < 0)
    throw nb::python_error();
  return array;
}
