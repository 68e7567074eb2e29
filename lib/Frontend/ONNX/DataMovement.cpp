//===- DataMovement.cpp - Operators that move elements --------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Build.h"
#include "Table.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

Dim product(llvm::ArrayRef<Dim> dims) {
  Dim size(1);
  for (const Dim &dim : dims)
    size = size * dim;
  return size;
}

/// The same value under another name.
LogicalResult lowerIdentity(Op &op) { return op.set(0, op.in(0)); }

/// In inference nothing is dropped; the mask is all true.
LogicalResult lowerDropout(Op &op) {
  const Data &x = op.in(0);
  if (op.has(2)) {
    auto training = op.constantInts(2, "training_mode");
    if (!training)
      return failure();
    if (!training->empty() && training->front())
      return op.unsupported("training mode");
  }
  if (failed(op.set(0, x)))
    return failure();
  if (!op.wants(1))
    return success();
  Data mask;
  mask.type = ElementType::Bool;
  mask.shape = x.shape;
  mask.value =
      filled(op, x.shape, mask.type, scalarInt(op.b, op.b.getI1Type(), 1));
  return op.set(1, mask);
}

/// A shape of unknown rank-1 content, of known length: sizes are read at run
/// time.
std::optional<Contents> runtimeSizes(Op &op, const Data &shape) {
  auto length = shape.shape.size() == 1 ? shape.shape[0].constant()
                                        : std::optional<int64_t>();
  if (!length || *length > 64) {
    (void)op.unsupported("a shape whose rank is not known at compile time");
    return std::nullopt;
  }
  Contents contents;
  Value vector = op.value(shape);
  for (int64_t i = 0; i < *length; ++i) {
    Value index = arith::ConstantIndexOp::create(op.b, i);
    Value size = tensor::ExtractOp::create(op.b, vector, index);
    contents.push_back(op.dims.create(
        "", arith::IndexCastOp::create(op.b, op.b.getIndexType(), size),
        /*nonNegative=*/false));
  }
  return contents;
}

/// The sizes that an integer tensor input holds, known or read at run time.
std::optional<Contents> sizesFrom(Op &op, const Data &data) {
  if (!op.expectType(data, data.type == ElementType::Int64, "the shape"))
    return std::nullopt;
  if (data.rank() != 1) {
    (void)op.fail("shape-mismatch", op.node.op + ": the shape must be a vector",
                  {"it is " + op.text(data.shape)});
    return std::nullopt;
  }
  if (auto known = op.contents(data))
    return known;
  return runtimeSizes(op, data);
}

/// 0 keeps the input's size (unless allowzero), one -1 takes what is left.
LogicalResult lowerReshape(Op &op) {
  const Data &x = op.in(0), &wanted = op.in(1);
  bool allowZero = op.intAttr("allowzero", 0) != 0;
  if (op.failed())
    return failure();
  auto target = sizesFrom(op, wanted);
  if (!target)
    return failure();
  Shape shape;
  std::optional<size_t> free;
  for (const auto &[i, dim] : llvm::enumerate(*target)) {
    auto size = dim.constant();
    if (size && *size == 0 && !allowZero) {
      if (static_cast<int64_t>(i) >= x.rank())
        return op.fail("invalid-shape",
                       "Reshape: 0 keeps a size that the input lacks",
                       {"the input is " + op.text(x.shape)});
      shape.push_back(x.shape[i]);
    } else if (size && *size == -1) {
      if (free)
        return op.fail("invalid-shape", "Reshape: two sizes are -1");
      free = i;
      shape.push_back(Dim(1));
    } else if (size && *size < 0) {
      return op.fail("invalid-shape", "Reshape: a size is negative",
                     {"the shape is " + op.text(*target)});
    } else {
      shape.push_back(dim);
    }
  }
  Dim total = product(x.shape), rest = product(shape);
  if (free) {
    if (rest.is(0))
      return op.fail("invalid-shape",
                     "Reshape: -1 is ambiguous beside a size of 0");
    Dim left =
        op.dims.apply(DimSymbols::Op::Div, total, rest, op.b, op.b.getLoc());
    shape[*free] = left;
    rest = rest * left;
  }
  if (total.constant() && rest.constant() && total != rest)
    return op.fail("shape-mismatch", "Reshape: numbers of elements differ",
                   {"the input is " + op.text(x.shape) + ", the shape is " +
                    op.text(*target)});
  return op.set(0, reshape(op, x, shape));
}

/// Two dimensions: those before axis, those from it.
LogicalResult lowerFlatten(Op &op) {
  const Data &x = op.in(0);
  int64_t at = op.intAttr("axis", 1);
  if (op.failed())
    return failure();
  if (at < -x.rank() || at > x.rank())
    return op.fail("invalid-attribute", "Flatten: axis is out of range",
                   {"it is " + std::to_string(at) + "; the tensor has " +
                    std::to_string(x.rank()) + " dimensions"});
  at = at < 0 ? at + x.rank() : at;
  llvm::ArrayRef<Dim> dims(x.shape);
  return op.set(
      0, reshape(op, x,
                 {product(dims.take_front(at)), product(dims.drop_front(at))}));
}

} // namespace

void addDataMovement(Table &table) {
  table.op("Identity", {1}, lowerIdentity);
  table.op("Dropout", {7, "training mode"}, lowerDropout);
  table.op("Reshape", {5}, lowerReshape);
  table.op("Flatten", {1}, lowerFlatten);
}

} // namespace orchestra::onnx
