//===- Sizes.cpp - Integer inputs as sizes --------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Sizes.h"

using namespace mlir;

namespace orchestra::onnx {

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
  // A program's sizes are functions of its inputs' dimensions: memory is
  // planned before anything runs.
  (void)op.fail("unsupported-form",
                op.node.op + ": " + what +
                    " must not depend on the values of "
                    "tensors",
                {"sizes may depend on constants and on the inputs' dimensions"},
                "make it an initializer of the model");
  return std::nullopt;
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
