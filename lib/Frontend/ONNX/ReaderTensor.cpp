//===- ReaderTensor.cpp - Constants: sizes checked, bytes found -----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "ReaderProto.h"

#include <charconv>
#include <cstring>

using namespace orchestra::onnx;

namespace {
/// Bytes that a message held in typed fields, one number after the other.
template <typename T, typename Field>
std::shared_ptr<std::string> packed(const Field &field) {
  auto bytes = std::make_shared<std::string>();
  bytes->resize(field.size() * sizeof(T));
  for (int i = 0; i < field.size(); ++i) {
    T value = static_cast<T>(field.Get(i));
    std::memcpy(bytes->data() + i * sizeof(T), &value, sizeof(T));
  }
  return bytes;
}

std::shared_ptr<std::string> typedData(const pb::TensorProto &proto,
                                       ElementType type) {
  switch (type) {
  case ElementType::Float:
  case ElementType::Complex64:
    return packed<float>(proto.float_data());
  case ElementType::Double:
  case ElementType::Complex128:
    return packed<double>(proto.double_data());
  case ElementType::Int64:
    return packed<int64_t>(proto.int64_data());
  case ElementType::UInt64:
    return packed<uint64_t>(proto.uint64_data());
  case ElementType::UInt32:
    return packed<uint32_t>(proto.uint64_data());
  case ElementType::Int32:
    return packed<int32_t>(proto.int32_data());
  case ElementType::Int16:
  case ElementType::UInt16:
  case ElementType::Float16:
  case ElementType::BFloat16:
    return packed<uint16_t>(proto.int32_data());
  default:
    return packed<uint8_t>(proto.int32_data());
  }
}

[[noreturn]] void failTensor(const std::string &node, const std::string &name,
                             const std::string &what,
                             std::vector<std::string> notes = {}) {
  fail("invalid-constant", node, "constant '" + name + "' " + what,
       std::move(notes));
}

std::string entryOf(const pb::TensorProto &proto, const char *key) {
  for (const auto &entry : proto.external_data())
    if (entry.key() == key)
      return entry.value();
  return {};
}

/// A number of an external_data entry; `missing` where there is none.
uint64_t numberOf(const pb::TensorProto &proto, const char *key,
                  uint64_t missing, const std::string &node) {
  std::string text = entryOf(proto, key);
  if (text.empty())
    return missing;
  uint64_t value = 0;
  auto [end, code] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size())
    failTensor(node, proto.name(),
               "has external data with the " + std::string(key) + " '" + text +
                   "', which is no size");
  return value;
}

void readExternal(const pb::TensorProto &proto, const TensorSource &source,
                  const std::string &node, size_t size, Tensor &tensor) {
  std::string_view file = source.bytes;
  std::string location = "the model's own file";
  tensor.owner = source.file;
  if (entryOf(proto, kInPlaceKey).empty()) {
    location = "'" + entryOf(proto, "location") + "'";
    if (!source.external)
      fail("external-data", node,
           "constant '" + proto.name() + "' lies in another file",
           {"the location is " + location},
           "a model in memory must hold its weights itself");
    std::string error;
    auto mapped = source.external->get(entryOf(proto, "location"), error);
    if (!mapped)
      fail("external-data", node,
           "cannot read the external data of constant '" + proto.name() + "'",
           {"the location is " + location + ": " + error},
           "weights must lie in the model's folder or below it");
    file = mapped->bytes();
    tensor.owner = mapped;
  }
  uint64_t offset = numberOf(proto, "offset", 0, node);
  if (offset > file.size() || file.size() - offset < size)
    failTensor(node, proto.name(), "reaches beyond the end of its file",
               {location + " has " + std::to_string(file.size()) +
                " bytes; the constant needs " + std::to_string(size) +
                " from " + std::to_string(offset)});
  uint64_t length = numberOf(proto, "length", size, node);
  if (length != size)
    failTensor(node, proto.name(), "has a wrong length",
               {"its shape and type need " + std::to_string(size) +
                " bytes, its external data is said to have " +
                std::to_string(length)});
  tensor.bytes = file.substr(offset, size);
}
} // namespace

Tensor orchestra::onnx::readTensor(pb::TensorProto &proto,
                                   const TensorSource &source,
                                   const std::string &node) {
  Tensor tensor;
  tensor.type = static_cast<ElementType>(proto.data_type());
  tensor.dims.assign(proto.dims().begin(), proto.dims().end());
  unsigned bits = elementBits(tensor.type);
  if (tensor.type == ElementType::String) {
    tensor.strings.assign(proto.string_data().begin(),
                          proto.string_data().end());
    int64_t left = static_cast<int64_t>(tensor.strings.size());
    bool fits = true;
    for (int64_t dim : tensor.dims)
      fits = fits && dim >= 0 && (dim == 0 || left % dim == 0) &&
             (dim == 0 ? left == 0 : (left /= dim, true));
    if (!fits || left > 1)
      failTensor(node, proto.name(), "has a wrong number of strings",
                 {"there are " + std::to_string(tensor.strings.size())});
    return tensor;
  }
  if (bits == 0)
    fail("unsupported-type", node,
         "constant '" + proto.name() + "' has the element type " +
             elementTypeName(tensor.type));
  uint64_t elements = 1;
  bool overflow = false;
  for (int64_t dim : tensor.dims) {
    if (dim < 0)
      failTensor(node, proto.name(), "has a negative dimension",
                 {"the dimension is " + std::to_string(dim)});
    overflow |=
        __builtin_mul_overflow(elements, static_cast<uint64_t>(dim), &elements);
  }
  uint64_t size = 0;
  overflow |=
      __builtin_mul_overflow(elements, static_cast<uint64_t>(bits), &size);
  if (overflow || size > static_cast<uint64_t>(INT64_MAX))
    failTensor(node, proto.name(), "has more elements than memory can hold");
  size = (size + 7) / 8;

  if (proto.data_location() == pb::TensorProto::EXTERNAL) {
    readExternal(proto, source, node, size, tensor);
    return tensor;
  }
  std::shared_ptr<std::string> bytes;
  if (proto.has_raw_data())
    bytes.reset(proto.release_raw_data());
  else
    bytes = typedData(proto, tensor.type);
  if (bytes->size() != size)
    failTensor(node, proto.name(), "has a wrong number of bytes",
               {"its shape and type need " + std::to_string(size) +
                " bytes, the file has " + std::to_string(bytes->size())});
  tensor.bytes = *bytes;
  tensor.owner = bytes;
  return tensor;
}
