//===- Tensor.cpp - Data in host memory -----------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Driver/Tensor.h"

#include "orchestra/Driver/DriverError.h"
#include "orchestra_runtime/orchestra_runtime.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace llvm;
using namespace orchestra;

std::string orchestra::describeType(uint32_t dtype, ArrayRef<int64_t> dims) {
  std::string text = std::string(orch_dtype_name(dtype)) + "[";
  for (size_t i = 0; i < dims.size(); ++i)
    text += (i ? "," : "") + std::to_string(dims[i]);
  return text + "]";
}

std::string TensorDecl::describe() const {
  std::string text = std::string(orch_dtype_name(dtype)) + "[";
  for (size_t i = 0; i < dims.size(); ++i) {
    bool named = i < dimNames.size() && !dimNames[i].empty();
    text += (i ? "," : "") + (dims[i] >= 0 ? std::to_string(dims[i])
                              : named      ? dimNames[i]
                                           : std::string("?"));
  }
  return text + "]";
}

Expected<Tensor> Tensor::allocate(uint32_t dtype, std::vector<int64_t> dims) {
  std::string type = describeType(dtype, dims);
  uint64_t bits = orch_dtype_bits(dtype);
  uint64_t elements = 1;
  bool overflow = false;
  for (int64_t dim : dims) {
    bool over = false;
    elements = SaturatingMultiply(elements, uint64_t(dim), &over);
    overflow |= over || dim < 0;
  }
  overflow |= elements > (uint64_t(1) << 48);
  if (bits == 0 || overflow || dims.size() > ORCH_MAX_RANK)
    return makeError(Fault::Input, "",
                     "a tensor of type " + type +
                         " cannot be made [invalid-tensor]");
  Tensor tensor;
  tensor.dtype = dtype;
  tensor.dims = std::move(dims);
  tensor.numElements = elements;
  tensor.numBytes = divideCeil(elements * bits, 8);
  orch_allocator allocator = orch_system_allocator();
  size_t size = std::max<uint64_t>(tensor.numBytes, 1);
  void *memory =
      allocator.allocate(allocator.user, size, ORCH_BUFFER_ALIGNMENT);
  if (!memory)
    return makeError(Fault::Environment, "",
                     "no memory for a tensor of type " + type +
                         " [out-of-memory]");
  tensor.data = std::shared_ptr<char>(
      static_cast<char *>(memory), [allocator, size](char *data) {
        allocator.deallocate(allocator.user, data, size, ORCH_BUFFER_ALIGNMENT);
      });
  return tensor;
}

Expected<Tensor> Tensor::ofStrings(std::vector<int64_t> dims,
                                   ArrayRef<std::string> strings) {
  uint64_t bytes = strings.size() * sizeof(orch_string);
  for (const std::string &string : strings)
    bytes += string.size();
  Expected<Tensor> room = allocate(ORCH_DTYPE_U8, {int64_t(bytes)});
  if (!room)
    return room.takeError();
  auto *elements = reinterpret_cast<orch_string *>(room->getData());
  char *characters = reinterpret_cast<char *>(elements + strings.size());
  for (size_t i = 0; i < strings.size(); ++i) {
    elements[i] = {characters, strings[i].size()};
    memcpy(characters, strings[i].data(), strings[i].size());
    characters += strings[i].size();
  }
  return over(ORCH_DTYPE_STRING, std::move(dims), room->data);
}

Tensor Tensor::over(uint32_t dtype, std::vector<int64_t> dims,
                    std::shared_ptr<char> data) {
  Tensor tensor;
  tensor.dtype = dtype;
  tensor.numElements = 1;
  for (int64_t dim : dims)
    tensor.numElements *= dim;
  tensor.numBytes =
      divideCeil(uint64_t(tensor.numElements) * orch_dtype_bits(dtype), 8);
  tensor.dims = std::move(dims);
  tensor.data = std::move(data);
  return tensor;
}

bool Tensor::isStrings() const { return dtype == ORCH_DTYPE_STRING; }

StringRef Tensor::getString(int64_t index) const {
  orch_string string;
  memcpy(&string, data.get() + uint64_t(index) * sizeof(string),
         sizeof(string));
  return StringRef(string.data, string.size);
}

Tensor Tensor::reshaped(std::vector<int64_t> newDims) const {
  Tensor result = *this;
  result.dims = std::move(newDims);
  return result;
}

/// The semantics of the floats of 8 bits and fewer.
static const fltSemantics *smallFloat(uint32_t dtype) {
  switch (dtype) {
  case ORCH_DTYPE_F8E4M3FN:
    return &APFloat::Float8E4M3FN();
  case ORCH_DTYPE_F8E4M3FNUZ:
    return &APFloat::Float8E4M3FNUZ();
  case ORCH_DTYPE_F8E5M2:
    return &APFloat::Float8E5M2();
  case ORCH_DTYPE_F8E5M2FNUZ:
    return &APFloat::Float8E5M2FNUZ();
  case ORCH_DTYPE_F8E8M0:
    return &APFloat::Float8E8M0FNU();
  case ORCH_DTYPE_F4E2M1:
    return &APFloat::Float4E2M1FN();
  default:
    return nullptr;
  }
}

uint8_t Tensor::getCode(int64_t index) const {
  unsigned bits = std::min(orch_dtype_bits(dtype), 8u), each = 8 / bits;
  uint8_t byte = uint8_t(data.get()[index / each]);
  return uint8_t(byte >> (index % each * bits)) & ((1u << bits) - 1);
}

void Tensor::setCode(int64_t index, uint8_t code) {
  unsigned bits = std::min(orch_dtype_bits(dtype), 8u), each = 8 / bits;
  unsigned shift = unsigned(index % each * bits), mask = (1u << bits) - 1;
  char &byte = data.get()[index / each];
  byte = char((uint8_t(byte) & ~(mask << shift)) | ((code & mask) << shift));
}

template <typename T> static double load(const char *data, int64_t index) {
  T value;
  std::memcpy(&value, data + index * int64_t(sizeof(T)), sizeof(T));
  return double(value);
}

double Tensor::getElement(int64_t index) const {
  const char *bytes = data.get();
  switch (dtype) {
  case ORCH_DTYPE_F32:
    return load<float>(bytes, index);
  case ORCH_DTYPE_F64:
    return load<double>(bytes, index);
  case ORCH_DTYPE_F16:
    return load<_Float16>(bytes, index);
  case ORCH_DTYPE_BF16: {
    uint16_t half;
    std::memcpy(&half, bytes + index * 2, 2);
    return bit_cast<float>(uint32_t(half) << 16);
  }
  case ORCH_DTYPE_I8:
    return load<int8_t>(bytes, index);
  case ORCH_DTYPE_I16:
    return load<int16_t>(bytes, index);
  case ORCH_DTYPE_I32:
    return load<int32_t>(bytes, index);
  case ORCH_DTYPE_I64:
    return load<int64_t>(bytes, index);
  case ORCH_DTYPE_U8:
  case ORCH_DTYPE_BOOL:
    return load<uint8_t>(bytes, index);
  case ORCH_DTYPE_U16:
    return load<uint16_t>(bytes, index);
  case ORCH_DTYPE_U32:
    return load<uint32_t>(bytes, index);
  case ORCH_DTYPE_U64:
    return load<uint64_t>(bytes, index);
  case ORCH_DTYPE_I4:
  case ORCH_DTYPE_I2: {
    int bits = int(orch_dtype_bits(dtype)), code = getCode(index);
    return code >> (bits - 1) ? code - (1 << bits) : code;
  }
  case ORCH_DTYPE_U4:
  case ORCH_DTYPE_U2:
    return getCode(index);
  default:
    if (const fltSemantics *semantics = smallFloat(dtype)) {
      APFloat value(*semantics, APInt(orch_dtype_bits(dtype), getCode(index)));
      bool lost;
      value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
      return value.convertToDouble();
    }
    return std::numeric_limits<double>::quiet_NaN();
  }
}

template <typename T> static void store(char *data, int64_t index, T value) {
  std::memcpy(data + index * int64_t(sizeof(T)), &value, sizeof(T));
}
/// Rounds, and keeps to the type's range.
template <typename T>
static void storeInteger(char *data, int64_t index, double value) {
  double rounded = std::isnan(value) ? 0 : std::nearbyint(value);
  double low = double(std::numeric_limits<T>::min());
  double high = double(std::numeric_limits<T>::max());
  store<T>(data, index,
           rounded <= low    ? std::numeric_limits<T>::min()
           : rounded >= high ? std::numeric_limits<T>::max()
                             : T(rounded));
}

void Tensor::setElement(int64_t index, double value) {
  char *bytes = data.get();
  switch (dtype) {
  case ORCH_DTYPE_F32:
    return store<float>(bytes, index, float(value));
  case ORCH_DTYPE_F64:
    return store<double>(bytes, index, value);
  case ORCH_DTYPE_F16:
    return store<_Float16>(bytes, index, _Float16(value));
  case ORCH_DTYPE_BF16: {
    APFloat rounded(value);
    bool lost;
    rounded.convert(APFloat::BFloat(), APFloat::rmNearestTiesToEven, &lost);
    return store<uint16_t>(bytes, index,
                           rounded.bitcastToAPInt().getZExtValue());
  }
  case ORCH_DTYPE_I8:
    return storeInteger<int8_t>(bytes, index, value);
  case ORCH_DTYPE_I16:
    return storeInteger<int16_t>(bytes, index, value);
  case ORCH_DTYPE_I32:
    return storeInteger<int32_t>(bytes, index, value);
  case ORCH_DTYPE_I64:
    return storeInteger<int64_t>(bytes, index, value);
  case ORCH_DTYPE_U8:
    return storeInteger<uint8_t>(bytes, index, value);
  case ORCH_DTYPE_BOOL:
    return store<uint8_t>(bytes, index, value != 0);
  case ORCH_DTYPE_U16:
    return storeInteger<uint16_t>(bytes, index, value);
  case ORCH_DTYPE_U32:
    return storeInteger<uint32_t>(bytes, index, value);
  case ORCH_DTYPE_U64:
    return storeInteger<uint64_t>(bytes, index, value);
  case ORCH_DTYPE_I4:
  case ORCH_DTYPE_U4:
  case ORCH_DTYPE_I2:
  case ORCH_DTYPE_U2:
    return setCode(index, uint8_t(int(std::nearbyint(value))));
  default:
    if (const fltSemantics *semantics = smallFloat(dtype)) {
      APFloat rounded(value);
      bool lost;
      rounded.convert(*semantics, APFloat::rmNearestTiesToEven, &lost);
      setCode(index, uint8_t(rounded.bitcastToAPInt().getZExtValue()));
    }
  }
}

/// SplitMix64: a few lines, the same everywhere, good enough for test data.
static uint64_t nextRandom(uint64_t &state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

Expected<Tensor> orchestra::randomTensor(uint32_t dtype,
                                         std::vector<int64_t> dims,
                                         uint64_t seed) {
  Expected<Tensor> tensor = Tensor::allocate(dtype, std::move(dims));
  if (!tensor)
    return tensor.takeError();
  std::memset(tensor->getData(), 0, tensor->getNumBytes());
  uint64_t state = seed * 0x2545f4914f6cdd1du + 1;
  bool isFloat = isFloatDtype(dtype);
  for (int64_t i = 0; i < tensor->getNumElements(); ++i) {
    uint64_t bits = nextRandom(state);
    double value;
    if (isFloat) {
      // The sum of four uniform numbers, scaled to a deviation of one.
      double sum = 0;
      for (int part = 0; part < 4; ++part)
        sum += double((bits >> (16 * part)) & 0xffff) / 65536.0;
      value = (sum - 2.0) * 1.7320508075688772;
    } else if (dtype == ORCH_DTYPE_BOOL) {
      value = bits >> 63;
    } else {
      // Small: integers are mostly indices, into tables of unknown size.
      value = bits >> 61;
    }
    tensor->setElement(i, value);
  }
  return tensor;
}

bool orchestra::isFloatDtype(uint32_t dtype) {
  return dtype <= ORCH_DTYPE_BF16 || smallFloat(dtype);
}

Expected<Difference> orchestra::compare(const Tensor &got, const Tensor &wanted,
                                        double rtol, double atol,
                                        StringRef name) {
  if (got.getDims() != wanted.getDims())
    return makeError(Fault::Input, name, "the shapes differ [compare-shape]",
                     {"note: got " +
                      describeType(got.getDtype(), got.getDims()) +
                      ", the reference has " +
                      describeType(wanted.getDtype(), wanted.getDims())});
  if (got.isStrings() != wanted.isStrings())
    return makeError(Fault::Input, name,
                     "strings are compared with numbers [compare-shape]");
  if (got.isStrings()) { // of which each differs by nothing or by 1
    Difference result;
    for (int64_t i = 0; i < got.getNumElements(); ++i)
      if (got.getString(i) != wanted.getString(i)) {
        result.index = result.violations++ ? result.index : i;
        result.maxAbsolute = result.relativeToScale = 1;
        result.withinBounds = false;
      }
    return result;
  }
  // Integers of 64 bits do not fit a double.
  bool wide =
      got.getDtype() == wanted.getDtype() &&
      (got.getDtype() == ORCH_DTYPE_I64 || got.getDtype() == ORCH_DTYPE_U64);
  auto sameBits = [&](int64_t i) {
    return memcmp(got.getData() + 8 * i, wanted.getData() + 8 * i, 8) == 0;
  };
  Difference result;
  double worst = -1, scale = 0, maxFinite = 0;
  for (int64_t i = 0; i < got.getNumElements(); ++i) {
    double a = got.getElement(i), b = wanted.getElement(i);
    if (std::isfinite(b))
      scale = std::max(scale, std::fabs(b));
    if (a == b && wide && !sameBits(i)) {
      // Less than a double tells apart, and beyond no bound but zero.
      uint64_t x, y;
      memcpy(&x, got.getData() + 8 * i, 8);
      memcpy(&y, wanted.getData() + 8 * i, 8);
      double difference = double(std::max(x, y) - std::min(x, y));
      result.violations += difference > atol + rtol * std::fabs(b);
      maxFinite = std::max(maxFinite, difference);
      if (worst < 1)
        worst = 1, result.index = i, result.got = a, result.wanted = b;
      continue;
    }
    if (a == b || (std::isnan(a) && std::isnan(b))) {
      if (result.index < 0 && worst < 0)
        worst = 0, result.index = i, result.got = a, result.wanted = b;
      continue;
    }
    double difference = std::fabs(a - b);
    double bound = atol + rtol * std::fabs(b);
    bool matches = std::isfinite(a) && std::isfinite(b) && difference <= bound;
    // How far beyond the bound; a lost NaN or infinity is worse than all.
    double excess = std::isfinite(a) && std::isfinite(b)
                        ? (bound > 0 ? difference / bound : difference * 1e300)
                        : std::numeric_limits<double>::infinity();
    if (std::isfinite(difference))
      maxFinite = std::max(maxFinite, difference);
    else
      maxFinite = std::numeric_limits<double>::infinity();
    result.violations += !matches;
    if (excess > worst)
      worst = excess, result.index = i, result.got = a, result.wanted = b;
  }
  result.withinBounds = result.violations == 0;
  result.maxAbsolute = maxFinite;
  result.relativeToScale = scale > 0 ? maxFinite / scale : maxFinite;
  return result;
}
