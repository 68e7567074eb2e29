//===- Sizes.cpp - Integer inputs as sizes --------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Sizes.h"
#include "Build.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

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
  if (auto computed = computedSizes(op, data))
    return computed;
  // How many there are decides the rank of something.
  if (!data.shape.empty() && !data.shape[0].constant())
    return (void)op.needsInputs("the number of " + what), std::nullopt;
  (void)op.fail("unsupported-form",
                op.node.op + ": " + what +
                    " must not depend on what a loop or a branch computes",
                {}, "make it an initializer or an input of the model");
  return std::nullopt;
}

std::optional<Contents> computedSizes(Op &op, const Data &data) {
  constexpr int64_t most = 64;
  auto count = product(data.shape).constant();
  if (op.dims.inRegion() || !count || *count > most || op.failed())
    return std::nullopt;
  Value vector = op.value(reshape(op, data, {Dim(*count)}));
  if (!vector)
    return std::nullopt;
  // Larger numbers mean "to the end", and sums of these do not overflow.
  constexpr int64_t bound = int64_t(1) << 48;
  Contents contents;
  for (int64_t i = 0; i < *count; ++i) {
    Value element =
        tensor::ExtractOp::create(op.b, vector, indexConstant(op, i));
    Type index = op.b.getIndexType();
    Value size =
        data.type == ElementType::Bool
            ? arith::IndexCastUIOp::create(op.b, index, element).getResult()
            : arith::IndexCastOp::create(op.b, index, element).getResult();
    size = arith::MinSIOp::create(op.b, size, indexConstant(op, bound));
    size = arith::MaxSIOp::create(op.b, size, indexConstant(op, -bound));
    contents.push_back(sizeFrom(op, size, /*nonNegative=*/false));
  }
  return contents;
}

Dim countedSize(Op &op, Value count) {
  Value size = arith::IndexCastOp::create(op.b, op.b.getIndexType(), count);
  // It counts what exists, so it needs no test of its own.
  return op.dims.create("", size, /*nonNegative=*/true);
}

std::optional<Contents> axesFrom(Op &op, unsigned input,
                                 llvm::StringRef attribute, int64_t rank) {
  Contents given;
  if (op.has(input)) {
    auto values = sizesFrom(op, op.in(input), attribute);
    if (!values)
      return std::nullopt;
    given = *values;
  } else if (op.hasAttr(attribute)) {
    for (int64_t axis : op.intsAttr(attribute))
      given.push_back(Dim(axis));
  } else {
    return std::nullopt;
  }
  using P = arith::CmpIPredicate;
  Contents axes;
  for (const Dim &axis : given) {
    if (auto known = axis.constant()) {
      auto one = op.axis(*known, rank, attribute);
      if (!one)
        return std::nullopt;
      axes.push_back(Dim(*one));
      continue;
    }
    Value low = compareSizes(op, P::sge, axis, Dim(-rank));
    Value high = compareSizes(op, P::slt, axis, Dim(rank));
    op.require(arith::AndIOp::create(op.b, low, high),
               attribute + " is out of range");
    axes.push_back(op.dims.apply(DimSymbols::Op::Wrap, axis, Dim(rank), op.b,
                                 op.b.getLoc()));
  }
  return axes;
}

std::optional<llvm::SmallVector<int64_t>>
knownAxes(Op &op, llvm::ArrayRef<Dim> axes, int64_t rank) {
  llvm::SmallVector<int64_t> values;
  for (const Dim &axis : axes)
    if (auto known = axis.constant())
      values.push_back(*known);
  if (values.size() != axes.size())
    return std::nullopt;
  return op.axes(values, rank);
}

Value indexValue(Op &op, const Dim &dim) {
  return op.dims.materialize(dim, op.b, op.b.getLoc());
}

Value indexConstant(Op &op, int64_t value) {
  return arith::ConstantIndexOp::create(op.b, value);
}

Dim sizeFrom(Op &op, Value index, bool nonNegative) {
  return op.dims.create("", index, nonNegative, /*fromValue=*/true);
}

Value compareSizes(Op &op, arith::CmpIPredicate order, const Dim &a,
                   const Dim &b) {
  return arith::CmpIOp::create(op.b, order, indexValue(op, a),
                               indexValue(op, b));
}

void requireSizes(Op &op, arith::CmpIPredicate order, const Dim &a,
                  const Dim &b, const llvm::Twine &message) {
  if (op.failed() || op.dims.inRegion() || a == b ||
      (a.constant() && b.constant()))
    return;
  op.require(compareSizes(op, order, a, b),
             message + " (" + op.text({a}) + " and " + op.text({b}) + ")");
}

void requireEqual(Op &op, const Dim &a, const Dim &b, const llvm::Twine &what) {
  if (a == b || (a.constant() && b.constant()))
    return;
  op.require(compareSizes(op, arith::CmpIPredicate::eq, a, b),
             what + " do not agree: " + op.text({a}) + " and " + op.text({b}));
}

Dim agree(Op &op, const Dim &a, const Dim &b, const llvm::Twine &what) {
  auto left = a.constant(), right = b.constant();
  if (left && right && *left != *right)
    (void)op.fail("shape-mismatch",
                  op.node.op + ": " + what.str() + " do not agree",
                  {"they are " + op.text({a}) + " and " + op.text({b})});
  requireEqual(op, a, b, what);
  return left ? a : right ? b : a;
}

Data withShape(Op &op, const Data &data, llvm::ArrayRef<Dim> shape,
               const llvm::Twine &what) {
  Data result = data;
  for (const auto &[have, want] : llvm::zip(result.shape, shape))
    have = agree(op, have, want, what);
  if (op.failed() || data.constant)
    return result;
  auto type = op.tensorType(result.shape, data.type);
  Value value = op.value(data);
  if (type && value && value.getType() != type)
    result.value = tensor::CastOp::create(op.b, type, value);
  return result;
}

void requireBroadcast(Op &op, const Dim &a, const Dim &b) {
  if (a == b || a.is(1) || b.is(1) || (a.constant() && b.constant()))
    return;
  auto equals = [&](const Dim &x, const Dim &y) {
    return compareSizes(op, arith::CmpIPredicate::eq, x, y);
  };
  Value good = equals(a, b);
  for (const Dim &size : {a, b})
    if (!size.constant())
      good = arith::OrIOp::create(op.b, good, equals(size, Dim(1)));
  op.require(good, "operand shapes do not agree: " + op.text({a}) + " and " +
                       op.text({b}));
}

Dim choose(Op &op, Value condition, const Dim &a, const Dim &b) {
  if (a == b)
    return a;
  Value chosen = arith::SelectOp::create(op.b, condition, indexValue(op, a),
                                         indexValue(op, b));
  return sizeFrom(op, chosen,
                  op.dims.isNonNegative(a) && op.dims.isNonNegative(b));
}

Data aroundAxis(Op &op, const Data &x, const Dim &axis) {
  Dim before(1), at(1), after(1);
  if (auto known = axis.constant()) {
    llvm::ArrayRef<Dim> shape(x.shape);
    before = product(shape.take_front(*known));
    at = shape[*known];
    after = product(shape.drop_front(*known + 1));
    return reshape(op, x, {before, at, after});
  }
  for (const auto &[i, dim] : llvm::enumerate(x.shape)) {
    Dim here(static_cast<int64_t>(i));
    using P = arith::CmpIPredicate;
    before =
        before * choose(op, compareSizes(op, P::slt, here, axis), dim, Dim(1));
    at = at * choose(op, compareSizes(op, P::eq, here, axis), dim, Dim(1));
    after =
        after * choose(op, compareSizes(op, P::sgt, here, axis), dim, Dim(1));
  }
  // One symbol each, so that all who see the tensor so agree.
  auto single = [&](const Dim &dim) {
    return dim.constant() ? dim : sizeFrom(op, indexValue(op, dim));
  };
  return reshape(op, x, {single(before), single(at), single(after)});
}

Dim product(llvm::ArrayRef<Dim> dims) {
  Dim size(1);
  for (const Dim &dim : dims)
    size = size * dim;
  return size;
}

} // namespace orchestra::onnx
