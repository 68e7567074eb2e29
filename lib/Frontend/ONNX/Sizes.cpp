//===- Sizes.cpp - Integer inputs as sizes --------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Sizes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace orchestra::onnx {

/// Ranks beyond this are no networks'.
constexpr int64_t kMaxRank = 64;

std::optional<Contents> sizesFrom(Op &op, const Data &data,
                                  llvm::StringRef what) {
  if (!op.expectType(data,
                     data.type == ElementType::Int64 ||
                         data.type == ElementType::Int32,
                     what))
    return std::nullopt;
  if (data.rank() > 1) {
    (void)op.fail("shape-mismatch",
                  op.node.op + ": " + what + " must be a vector",
                  {"it is " + op.text(data.shape)});
    return std::nullopt;
  }
  if (auto known = op.contents(data))
    return known;
  auto length = data.rank() == 1 ? data.shape[0].constant() : 1;
  if (!length || *length > kMaxRank) {
    (void)op.unsupported(what + " of a length that is not known at compile "
                                "time");
    return std::nullopt;
  }
  Contents contents;
  Value vector = op.value(data);
  if (!vector)
    return std::nullopt;
  for (int64_t i = 0; i < *length; ++i) {
    llvm::SmallVector<Value> index;
    if (data.rank() == 1)
      index.push_back(arith::ConstantIndexOp::create(op.b, i));
    Value size = tensor::ExtractOp::create(op.b, vector, index);
    contents.push_back(op.dims.create(
        "", arith::IndexCastOp::create(op.b, op.b.getIndexType(), size),
        /*nonNegative=*/false));
  }
  return contents;
}

std::optional<llvm::SmallVector<int64_t>> axesFrom(Op &op, unsigned input,
                                                   llvm::StringRef attribute) {
  if (op.has(input))
    return op.constantInts(input, attribute);
  if (op.hasAttr(attribute))
    return op.intsAttr(attribute);
  return std::nullopt;
}

Dim product(llvm::ArrayRef<Dim> dims) {
  Dim size(1);
  for (const Dim &dim : dims)
    size = size * dim;
  return size;
}

} // namespace orchestra::onnx
