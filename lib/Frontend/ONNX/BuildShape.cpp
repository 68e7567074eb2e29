//===- BuildShape.cpp - Reshape, transpose, slice, pad, concat ------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Build.h"
#include "ImporterState.h"
#include "Sizes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace orchestra::onnx {

namespace {
/// Neighbouring source dimensions that become neighbouring result ones.
struct Group {
  llvm::SmallVector<int64_t> from, to;
  Dim size;
};
using Groups = llvm::SmallVector<Group>;
} // namespace

static bool isMultiple(const Dim &a, const Dim &b) {
  return a.dividedBy(b).has_value();
}

/// The finest grouping of two shapes of equal size; nothing if sizes are not
/// comparable.
static std::optional<Groups> groupDims(llvm::ArrayRef<Dim> from,
                                       llvm::ArrayRef<Dim> to) {
  Groups groups;
  size_t i = 0, j = 0;
  while (i < from.size() && j < to.size()) {
    Group group;
    Dim left = from[i], right = to[j];
    group.from.push_back(i++);
    group.to.push_back(j++);
    while (left != right) {
      bool growLeft;
      auto a = left.constant(), b = right.constant();
      if (a && b)
        growLeft = *a < *b;
      else if (isMultiple(right, left))
        growLeft = true;
      else if (isMultiple(left, right))
        growLeft = false;
      else
        return std::nullopt;
      if (growLeft ? i == from.size() : j == to.size())
        return std::nullopt;
      if (growLeft) {
        left = left * from[i];
        group.from.push_back(i++);
      } else {
        right = right * to[j];
        group.to.push_back(j++);
      }
    }
    group.size = left;
    groups.push_back(std::move(group));
  }
  if (groups.empty())
    return std::nullopt;
  for (; i < from.size(); ++i) {
    if (!from[i].is(1))
      return std::nullopt;
    groups.back().from.push_back(i);
  }
  for (; j < to.size(); ++j) {
    if (!to[j].is(1))
      return std::nullopt;
    groups.back().to.push_back(j);
  }
  return groups;
}

static Value castTo(Op &op, Value value, RankedTensorType type) {
  if (value.getType() == type)
    return value;
  return tensor::CastOp::create(op.b, type, value);
}

static Value collapse(Op &op, Value value, llvm::ArrayRef<Dim> shape,
                      ElementType type,
                      llvm::ArrayRef<ReassociationIndices> groups) {
  auto result = op.tensorType(shape, type);
  // The op's own idea of the type is static only where all parts are.
  auto inferred = tensor::CollapseShapeOp::inferCollapsedType(
      cast<RankedTensorType>(value.getType()), groups);
  Value collapsed =
      tensor::CollapseShapeOp::create(op.b, inferred, value, groups);
  return castTo(op, collapsed, result);
}

static Value expand(Op &op, Value value, llvm::ArrayRef<Dim> shape,
                    ElementType type,
                    llvm::ArrayRef<ReassociationIndices> groups) {
  auto result = op.tensorType(shape, type);
  // A group is static in both types or dynamic in both.
  auto source = cast<RankedTensorType>(value.getType());
  llvm::SmallVector<int64_t> sizes(source.getShape());
  for (const auto &[index, group] : llvm::enumerate(groups)) {
    int64_t product = 1;
    for (int64_t dim : group)
      product = ShapedType::isDynamic(product) || result.isDynamicDim(dim)
                    ? ShapedType::kDynamic
                    : product * result.getDimSize(dim);
    sizes[index] = product;
  }
  value =
      castTo(op, value, RankedTensorType::get(sizes, source.getElementType()));
  return tensor::ExpandShapeOp::create(op.b, result, value, groups,
                                       op.sizes(shape));
}

/// A constant in a shape of unknown sizes. A view of it would fold to a
/// constant, which cannot be of unknown sizes.
static Data readInOrder(Op &op, const Data &input, llvm::ArrayRef<Dim> shape) {
  Value row = op.value(reshape(op, input, {product(input.shape)}));
  llvm::SmallVector<Value> sizes;
  for (const Dim &size : shape)
    sizes.push_back(op.dims.materialize(size, op.b, op.b.getLoc()));
  return generate(op, shape, input.type,
                  [&](ImplicitLocOpBuilder &b, ValueRange index) {
                    Value place = arith::ConstantIndexOp::create(b, 0);
                    for (const auto &[i, size] : llvm::zip(index, sizes))
                      place = arith::AddIOp::create(
                          b, arith::MulIOp::create(b, place, size), i);
                    return tensor::ExtractOp::create(b, row, place).getResult();
                  });
}

Data reshape(Op &op, const Data &input, llvm::ArrayRef<Dim> shape) {
  Data result;
  result.type = input.type;
  result.shape.assign(shape.begin(), shape.end());
  // Contents and constants keep their elements: no code is needed for them.
  bool known = llvm::all_of(
      shape, [](const Dim &dim) { return dim.constant().has_value(); });
  if (auto contents = op.contents(input); known && contents && !input.value) {
    result.contents = std::move(contents);
    return result;
  }
  if (result.shape == input.shape) {
    result.value = op.value(input);
    return result;
  }
  auto constantShape = op.tensorType(shape, input.type);
  if (input.constant && constantShape && constantShape.hasStaticShape()) {
    Tensor tensor = *input.constant; // shares the bytes
    tensor.dims = constantShape.getShape().vec();
    result.constant = op.importer.keep(std::move(tensor));
    result.name = input.name;
    return result;
  }
  if (llvm::any_of(shape, [](const Dim &dim) { return dim.is(0); })) {
    result.value = op.empty(shape, input.type); // no elements to keep
    return result;
  }
  // Upstream folds a reshape of a constant to one of the result's type, which
  // may have no size yet.
  if (input.constant)
    return readInOrder(
        op, input.rank() > 0 ? input : reshape(op, input, {Dim(1)}), shape);
  Value value = op.value(input);
  if (!value || op.failed())
    return result;
  // Undo what another reshape did, as for a bias made a column and read back.
  auto source = op.importer.reshapes.find(value);
  if (source != op.importer.reshapes.end() &&
      llvm::ArrayRef<Dim>(source->second.second) == shape) {
    result.value = source->second.first;
    return result;
  }
  Value before = value;
  std::optional<Groups> groups;
  if (!input.shape.empty() && !shape.empty())
    groups = groupDims(input.shape, shape);
  if (!groups) {
    // One group of all, through a tensor of rank 1 (or from and to a scalar).
    groups.emplace(1);
    Dim size(1);
    for (int64_t i = 0; i < input.rank(); ++i) {
      groups->front().from.push_back(i);
      size = size * input.shape[i];
    }
    for (size_t i = 0; i < shape.size(); ++i)
      groups->front().to.push_back(i);
    groups->front().size = size;
  }
  llvm::SmallVector<ReassociationIndices> from, to;
  Shape middle;
  for (const Group &group : *groups) {
    from.push_back(ReassociationIndices(group.from.begin(), group.from.end()));
    to.push_back(ReassociationIndices(group.to.begin(), group.to.end()));
    middle.push_back(group.size);
  }
  if (input.shape.empty()) { // scalar -> ones
    result.value = expand(op, value, shape, input.type, {});
    op.importer.reshapes[result.value] = {before, input.shape};
    return result;
  }
  if (shape.empty()) { // ones -> scalar
    if (llvm::any_of(input.shape, [](const Dim &d) { return !d.is(1); }))
      value = castTo(op, value,
                     op.tensorType(Shape(input.rank(), Dim(1)), input.type));
    result.value = collapse(op, value, shape, input.type, {});
    return result;
  }
  if (middle.size() != input.shape.size())
    value = collapse(op, value, middle, input.type, from);
  if (middle.size() != shape.size())
    value = expand(op, value, shape, input.type, to);
  result.value = castTo(op, value, op.tensorType(shape, input.type));
  op.importer.reshapes[result.value] = {before, input.shape};
  return result;
}

Data transpose(Op &op, const Data &input, llvm::ArrayRef<int64_t> order) {
  Data result;
  result.type = input.type;
  bool moves = false;
  for (const auto &[to, from] : llvm::enumerate(order)) {
    result.shape.push_back(input.shape[from]);
    moves |= from != static_cast<int64_t>(to);
  }
  if (!moves) {
    result.value = op.value(input);
    return result;
  }
  Value init = op.empty(result.shape, input.type);
  result.value = linalg::TransposeOp::create(op.b, op.value(input), init, order)
                     .getResult()[0];
  return result;
}

std::optional<Data> broadcastTo(Op &op, const Data &input,
                                llvm::ArrayRef<Dim> shape) {
  if (llvm::ArrayRef<Dim>(input.shape) == shape) {
    Data result = input;
    result.value = op.value(input);
    return result;
  }
  return elementwise(
      op, input, input.type,
      [](ImplicitLocOpBuilder &, ValueRange args) { return args[0]; },
      Shape(shape));
}

Data concat(Op &op, llvm::ArrayRef<Data> inputs, int64_t axis) {
  Data result;
  result.type = inputs.front().type;
  result.shape = inputs.front().shape;
  for (const Data &input : inputs.drop_front())
    result.shape[axis] = result.shape[axis] + input.shape[axis];
  // Sizes that one input knows, all have.
  for (const Data &input : inputs)
    for (int64_t i = 0; i < input.rank(); ++i)
      if (i != axis && input.shape[i].constant())
        result.shape[i] = input.shape[i];
  llvm::SmallVector<Value> values;
  for (const Data &input : inputs) {
    if (input.shape[axis].is(0))
      continue;
    Shape known = result.shape;
    known[axis] = input.shape[axis];
    values.push_back(
        castTo(op, op.value(input), op.tensorType(known, input.type)));
  }
  auto type = op.tensorType(result.shape, result.type);
  if (op.failed())
    return result;
  if (values.empty())
    result.value = op.empty(result.shape, result.type);
  else if (values.size() == 1)
    result.value = castTo(op, values.front(), type);
  else
    result.value = tensor::ConcatOp::create(op.b, type, axis, values);
  return result;
}

Data slice(Op &op, const Data &input, llvm::ArrayRef<Dim> offsets,
           llvm::ArrayRef<Dim> sizes, llvm::ArrayRef<int64_t> steps) {
  Data result;
  result.type = input.type;
  result.shape.assign(sizes.begin(), sizes.end());
  auto type = op.tensorType(sizes, input.type);
  if (op.failed())
    return result;
  auto isZero = [](const Dim &size) { return size.is(0); };
  if (llvm::any_of(sizes, isZero) || llvm::any_of(input.shape, isZero)) {
    result.value = op.empty(sizes, input.type); // an offset may be the end
    return result;
  }
  llvm::SmallVector<OpFoldResult> strides;
  for (int64_t step : steps)
    strides.push_back(op.b.getIndexAttr(step));
  result.value = tensor::ExtractSliceOp::create(
      op.b, type, op.value(input), op.sizes(offsets), op.sizes(sizes), strides);
  return result;
}

Data pad(Op &op, const Data &input, llvm::ArrayRef<Dim> low,
         llvm::ArrayRef<Dim> high, Value value) {
  Data result;
  result.type = input.type;
  bool pads = false;
  for (int64_t i = 0; i < input.rank(); ++i) {
    result.shape.push_back(low[i] + input.shape[i] + high[i]);
    pads |= !low[i].is(0) || !high[i].is(0);
  }
  if (!pads) {
    result.value = op.value(input);
    return result;
  }
  auto type = op.tensorType(result.shape, input.type);
  if (op.failed())
    return result;
  auto padded = tensor::PadOp::create(op.b, type, op.value(input),
                                      op.sizes(low), op.sizes(high), value);
  result.value = padded.getResult();
  return result;
}

} // namespace orchestra::onnx
