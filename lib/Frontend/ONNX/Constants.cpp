//===- Constants.cpp - Element types and constants in MLIR ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "ImporterState.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <cstring>

using namespace mlir;

namespace orchestra::onnx {

/// Larger constants that are no splats become resources.
constexpr size_t kDenseLimit = 1024;

bool isFloat(ElementType type) {
  switch (type) {
  case ElementType::Float:
  case ElementType::Float16:
  case ElementType::Double:
  case ElementType::BFloat16:
    return true;
  default:
    return false;
  }
}

bool isNarrowFloat(ElementType type) {
  switch (type) {
  case ElementType::Float8E4M3FN:
  case ElementType::Float8E4M3FNUZ:
  case ElementType::Float8E5M2:
  case ElementType::Float8E5M2FNUZ:
  case ElementType::Float8E8M0:
  case ElementType::Float4E2M1:
    return true;
  default:
    return false;
  }
}

bool isNarrowInt(ElementType type) {
  switch (type) {
  case ElementType::Int4:
  case ElementType::UInt4:
  case ElementType::Int2:
  case ElementType::UInt2:
    return true;
  default:
    return false;
  }
}

bool isSignedInt(ElementType type) {
  return type == ElementType::Int8 || type == ElementType::Int16 ||
         type == ElementType::Int32 || type == ElementType::Int64;
}

bool isUnsignedInt(ElementType type) {
  return type == ElementType::UInt8 || type == ElementType::UInt16 ||
         type == ElementType::UInt32 || type == ElementType::UInt64;
}

Type elementType(ElementType type, MLIRContext *context) {
  Builder b(context);
  switch (type) {
  case ElementType::Float:
    return b.getF32Type();
  case ElementType::Double:
    return b.getF64Type();
  case ElementType::Float16:
    return b.getF16Type();
  case ElementType::BFloat16:
    return b.getBF16Type();
  case ElementType::Bool:
    return b.getI1Type();
  case ElementType::String: // its number in the table of the run
    return b.getI64Type();
  default:
    if (isNarrow(type))
      return b.getI8Type();
    return isInt(type) ? b.getIntegerType(elementBits(type)) : Type();
  }
}

static bool isSplat(llvm::StringRef bytes, size_t element) {
  // Equal to itself moved by one element; stops at the first difference.
  return bytes.size() >= element &&
         std::memcmp(bytes.data(), bytes.data() + element,
                     bytes.size() - element) == 0;
}

/// One byte an element, in place of several elements a byte.
static std::string unpacked(const Tensor &tensor) {
  int64_t count = 1;
  for (int64_t dim : tensor.dims)
    count *= dim;
  unsigned bits = elementBits(tensor.type), each = 8 / bits;
  bool isSigned =
      tensor.type == ElementType::Int4 || tensor.type == ElementType::Int2;
  std::string codes(count, 0);
  for (int64_t i = 0; i < count; ++i) {
    unsigned byte = static_cast<unsigned char>(tensor.bytes[i / each]);
    unsigned code = (byte >> (i % each * bits)) & ((1u << bits) - 1);
    if (isSigned && code >> (bits - 1))
      code |= ~0u << bits;
    codes[i] = static_cast<char>(code);
  }
  return codes;
}

TypedAttr constantAttr(const Tensor &tensor, llvm::StringRef name,
                       MLIRContext *context) {
  Type element = elementType(tensor.type, context);
  if (!element || tensor.type == ElementType::String)
    return nullptr;
  auto type = RankedTensorType::get(tensor.dims, element);
  llvm::ArrayRef<char> bytes(tensor.bytes.data(), tensor.bytes.size());
  std::shared_ptr<const void> owner = tensor.owner;
  if (isPacked(tensor.type)) {
    auto codes = std::make_shared<std::string>(unpacked(tensor));
    bytes = {codes->data(), codes->size()};
    owner = codes;
  }
  size_t size = std::max(8u, elementBits(tensor.type)) / 8;
  bool splat = isSplat({bytes.data(), bytes.size()}, size);

  if (tensor.type == ElementType::Bool) {
    llvm::SmallVector<bool> flags;
    for (char byte : splat ? bytes.take_front(1) : bytes)
      flags.push_back(byte != 0);
    if (splat || flags.size() <= kDenseLimit)
      return DenseElementsAttr::get(type, llvm::ArrayRef<bool>(flags));
    auto copy = std::make_shared<std::string>(flags.begin(), flags.end());
    bytes = {copy->data(), copy->size()};
    owner = copy;
  } else if (splat || bytes.size() <= kDenseLimit) {
    return DenseElementsAttr::getFromRawBuffer(
        type, splat ? bytes.take_front(size) : bytes);
  }
  // What a serialised message gives; a consumer that needs more must copy.
  size_t alignment = 64;
  while (reinterpret_cast<uintptr_t>(bytes.data()) % alignment)
    alignment /= 2;
  AsmResourceBlob blob(
      bytes, alignment, [owner](void *, size_t, size_t) {},
      /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(type, name.empty() ? "constant" : name,
                                        std::move(blob));
}

} // namespace orchestra::onnx
