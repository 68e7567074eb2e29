//===- MatMul.cpp - MatMul, Gemm ------------------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Build.h"
#include "Sizes.h"
#include "Table.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

/// Y = A x B, as numpy.matmul: vectors become matrices for the product.
LogicalResult lowerMatMul(Op &op) {
  Data a = op.in(0), b = op.in(1);
  if (!op.sameType(a, b) ||
      !op.expectType(a, isFloat(a.type) || isInt(a.type), "an operand"))
    return failure();
  if (a.rank() == 0 || b.rank() == 0)
    return op.fail("shape-mismatch", "MatMul: an operand is a scalar");
  bool rowVector = a.rank() == 1, columnVector = b.rank() == 1;
  if (rowVector)
    a = reshape(op, a, {Dim(1), a.shape[0]});
  if (columnVector)
    b = reshape(op, b, {b.shape[0], Dim(1)});
  auto product = matmul(op, a, b);
  if (!product)
    return failure();
  Shape shape = product->shape;
  if (columnVector)
    shape.pop_back();
  if (rowVector)
    shape.erase(shape.end() - (columnVector ? 1 : 2));
  return op.set(0, reshape(op, *product, shape));
}

/// Y = alpha * A' x B' + beta * C, where A' is A or its transpose
LogicalResult lowerGemm(Op &op) {
  Data a = op.in(0), b = op.in(1);
  float alpha = op.floatAttr("alpha", 1.0f), beta = op.floatAttr("beta", 1.0f);
  bool transA = op.intAttr("transA", 0), transB = op.intAttr("transB", 0);
  if (!op.sameType(a, b) ||
      !op.expectType(a, isFloat(a.type) || isInt(a.type), "an operand"))
    return failure();
  if (a.rank() != 2 || b.rank() != 2)
    return op.fail("shape-mismatch", "Gemm: A and B must be matrices",
                   {"A is " + op.text(a.shape) + ", B is " + op.text(b.shape)});
  if (isInt(a.type) && (alpha != 1 || beta != 1))
    return op.unsupported("alpha and beta other than 1 on integers");
  if (transA)
    a = transpose(op, a, {1, 0});
  if (transB)
    b = transpose(op, b, {1, 0});
  auto product = matmul(op, a, b);
  if (!product)
    return failure();
  llvm::SmallVector<Data> inputs{*product};
  bool hasC = op.has(2) && beta != 0;
  if (hasC) {
    inputs.push_back(op.in(2));
    if (!op.sameType(a, inputs.back()))
      return failure();
  }
  if (alpha == 1 && !hasC)
    return op.set(0, *product);
  // C broadcasts to the product, never the other way.
  auto shape = broadcastShape(op, inputs);
  if (!shape)
    return failure();
  if (shape->size() != 2 ||
      llvm::any_of(llvm::zip(*shape, product->shape), [](auto pair) {
        auto have = std::get<0>(pair).constant(),
             want = std::get<1>(pair).constant();
        return have && want && *have != *want;
      }))
    return op.fail("shape-mismatch", "Gemm: C does not broadcast to A x B",
                   {"A x B is " + op.text(product->shape) + ", C is " +
                    op.text(inputs.back().shape)});
  for (const auto &[have, want] : llvm::zip(product->shape, *shape))
    requireEqual(op, have, want, "sizes of A x B and C");
  ElementType type = a.type;
  auto result = elementwise(
      op, inputs, type,
      [&](ImplicitLocOpBuilder &b, ValueRange v) {
        auto scaled = [&](Value x, float factor) {
          return factor == 1 ? x
                             : combine(b, Reduction::Prod, type, x,
                                       scalar(b, x.getType(), factor));
        };
        Value sum = scaled(v[0], alpha);
        return hasC ? combine(b, Reduction::Sum, type, sum, scaled(v[1], beta))
                    : sum;
      },
      product->shape);
  return result ? op.set(0, *result) : failure();
}

} // namespace

void addMatMul(Table &table) {
  table.op("MatMul", {9}, lowerMatMul);
  table.op("Gemm", {9, "alpha and beta other than 1 on integers"}, lowerGemm);
}

} // namespace orchestra::onnx
