//===- Build.cpp - Elementwise computations, fills, reductions ------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Build.h"
#include "Sizes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace orchestra::onnx {

static llvm::SmallVector<utils::IteratorType> parallelLoops(int64_t rank) {
  return llvm::SmallVector<utils::IteratorType>(rank,
                                                utils::IteratorType::parallel);
}

std::optional<Shape> broadcastShape(Op &op, llvm::ArrayRef<Data> inputs) {
  int64_t rank = 0;
  for (const Data &input : inputs)
    rank = std::max(rank, input.rank());
  Shape shape(rank, Dim(1));
  for (const auto &[index, input] : llvm::enumerate(inputs)) {
    int64_t lead = rank - input.rank();
    for (int64_t i = 0; i < input.rank(); ++i) {
      Dim &dim = shape[lead + i];
      const Dim &other = input.shape[i];
      auto a = dim.constant(), b = other.constant();
      if (a && b && *a != *b && *a != 1 && *b != 1) {
        std::string left = op.text(inputs[0].shape);
        std::string right = op.text(input.shape);
        (void)op.fail("shape-mismatch", "operand shapes do not agree",
                      {"operand 0 is " + left + ", operand " +
                       std::to_string(index) + " is " + right +
                       "; sizes must be equal or 1, counted from the end"});
        return std::nullopt;
      }
      requireBroadcast(op, dim, other);
      dim = op.dims.apply(DimSymbols::Op::Broadcast, dim, other, op.b,
                          op.b.getLoc());
    }
  }
  return shape;
}

namespace {
/// How one operand of an elementwise op is read.
struct Operand {
  Value value;
  AffineMap map;
  /// Sizes that may turn out to be 1 at run time while the result's are not:
  /// read by tensor.extract instead of a map.
  llvm::SmallVector<std::pair<int64_t, Dim>> maybeOne;
  llvm::SmallVector<int64_t> positions; // result dimension of each own one
};
} // namespace

/// Drops the dimensions that are 1 where the result's are not, so that the map
/// is a projected permutation.
static Operand readOperand(Op &op, const Data &input,
                           llvm::ArrayRef<Dim> shape) {
  Operand operand;
  int64_t rank = shape.size(), lead = rank - input.rank();
  Shape kept;
  llvm::SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < input.rank(); ++i) {
    const Dim &dim = input.shape[i], &out = shape[lead + i];
    if (dim.is(1) && !out.is(1))
      continue;
    if (!dim.constant() && dim != out)
      operand.maybeOne.push_back({static_cast<int64_t>(kept.size()), dim});
    kept.push_back(dim);
    operand.positions.push_back(lead + i);
    exprs.push_back(op.b.getAffineDimExpr(lead + i));
  }
  Data data =
      kept.size() == input.shape.size() ? input : reshape(op, input, kept);
  operand.value = op.value(data);
  operand.map = AffineMap::get(rank, 0, exprs, op.b.getContext());
  return operand;
}

/// Reads an operand with sizes that may be 1 at run time: the last element
/// stands for all that the result has more. It does so too where sizes do not
/// agree at all, so that wrong inputs never reach other memory.
static Value extractBroadcast(ImplicitLocOpBuilder &b, const Operand &operand,
                              llvm::ArrayRef<Value> last) {
  llvm::SmallVector<Value> indices;
  for (int64_t position : operand.positions)
    indices.push_back(linalg::IndexOp::create(b, position));
  for (const auto &[which, limit] : llvm::zip(operand.maybeOne, last)) {
    Value &index = indices[which.first];
    index = arith::MinSIOp::create(b, index, limit);
  }
  return tensor::ExtractOp::create(b, operand.value, indices);
}

std::optional<Data> elementwise(Op &op, llvm::ArrayRef<Data> inputs,
                                ElementType type, ElementBody body,
                                std::optional<Shape> shape) {
  if (!shape)
    shape = broadcastShape(op, inputs);
  if (!shape || op.failed())
    return std::nullopt;
  int64_t rank = shape->size();
  llvm::SmallVector<Operand> operands;
  llvm::SmallVector<Value> values;
  llvm::SmallVector<AffineMap> maps;
  llvm::SmallVector<llvm::SmallVector<Value>> limits;
  for (const Data &input : inputs) {
    operands.push_back(readOperand(op, input, *shape));
    const Operand &operand = operands.back();
    if (!operand.value)
      return std::nullopt;
    limits.emplace_back();
    for (const auto &[position, dim] : operand.maybeOne)
      limits.back().push_back(
          op.dims.materialize(dim - Dim(1), op.b, op.b.getLoc()));
    if (operand.maybeOne.empty()) {
      values.push_back(operand.value);
      maps.push_back(operand.map);
    }
  }
  Value init = op.empty(*shape, type);
  if (op.failed())
    return std::nullopt;
  maps.push_back(op.b.getMultiDimIdentityMap(rank));
  auto generic = linalg::GenericOp::create(
      op.b, init.getType(), values, init, maps, parallelLoops(rank),
      [&](OpBuilder &builder, Location loc, ValueRange args) {
        ImplicitLocOpBuilder b(loc, builder);
        llvm::SmallVector<Value> elements;
        unsigned next = 0;
        for (const auto &[operand, limit] : llvm::zip(operands, limits))
          elements.push_back(operand.maybeOne.empty()
                                 ? args[next++]
                                 : extractBroadcast(b, operand, limit));
        linalg::YieldOp::create(b, body(b, elements));
      });
  Data result;
  result.type = type;
  result.shape = *shape;
  result.value = generic.getResult(0);
  return result;
}

Data generate(Op &op, llvm::ArrayRef<Dim> shape, ElementType type,
              ElementBody body) {
  Value init = op.empty(shape, type);
  int64_t rank = shape.size();
  auto generic = linalg::GenericOp::create(
      op.b, init.getType(), ValueRange(), init,
      op.b.getMultiDimIdentityMap(rank), parallelLoops(rank),
      [&](OpBuilder &builder, Location loc, ValueRange) {
        ImplicitLocOpBuilder b(loc, builder);
        llvm::SmallVector<Value> indices;
        for (int64_t i = 0; i < rank; ++i)
          indices.push_back(linalg::IndexOp::create(b, i));
        linalg::YieldOp::create(b, body(b, indices));
      });
  Data result;
  result.type = type;
  result.shape.assign(shape.begin(), shape.end());
  result.value = generic.getResult(0);
  return result;
}

Data splat(Op &op, ElementType type, double value) {
  Data data;
  data.type = type;
  auto tensor = op.tensorType({}, type);
  if (!tensor)
    return data;
  auto constant = scalar(op.b, tensor.getElementType(), value)
                      .getDefiningOp<arith::ConstantOp>();
  auto attr =
      DenseElementsAttr::get(tensor, mlir::Attribute(constant.getValue()));
  constant.erase();
  data.value = arith::ConstantOp::create(op.b, attr);
  return data;
}

Value filled(Op &op, llvm::ArrayRef<Dim> shape, ElementType type,
             Value scalar) {
  Value init = op.empty(shape, type);
  return linalg::FillOp::create(op.b, scalar, init).getResult(0);
}

Value zeros(Op &op, llvm::ArrayRef<Dim> shape, ElementType type) {
  Type element = op.elementType(type);
  return filled(op, shape, type, scalar(op.b, element, 0));
}

TypedAttr identityOf(Op &op, Reduction kind, ElementType type) {
  Type element = op.elementType(type);
  Builder &b = op.b;
  if (auto floating = dyn_cast<FloatType>(element)) {
    const llvm::fltSemantics &semantics = floating.getFloatSemantics();
    bool hasInf = llvm::APFloat::semanticsHasInf(semantics);
    auto extreme = [&](bool negative) {
      return hasInf ? llvm::APFloat::getInf(semantics, negative)
                    : llvm::APFloat::getLargest(semantics, negative);
    };
    switch (kind) {
    case Reduction::Sum:
      return b.getFloatAttr(floating, 0.0);
    case Reduction::Prod:
      return b.getFloatAttr(floating, 1.0);
    case Reduction::Max:
      return b.getFloatAttr(floating, extreme(true));
    case Reduction::Min:
      return b.getFloatAttr(floating, extreme(false));
    }
  }
  unsigned width = element.getIntOrFloatBitWidth();
  // Booleans compare like unsigned numbers.
  bool isSigned = isSignedInt(type);
  switch (kind) {
  case Reduction::Sum:
    return b.getIntegerAttr(element, 0);
  case Reduction::Prod:
    return b.getIntegerAttr(element, llvm::APInt(width, 1));
  case Reduction::Max:
    return b.getIntegerAttr(element, isSigned
                                         ? llvm::APInt::getSignedMinValue(width)
                                         : llvm::APInt::getZero(width));
  case Reduction::Min:
    return b.getIntegerAttr(element, isSigned
                                         ? llvm::APInt::getSignedMaxValue(width)
                                         : llvm::APInt::getMaxValue(width));
  }
  return nullptr;
}

Value combine(ImplicitLocOpBuilder &b, Reduction kind, ElementType type,
              Value x, Value y) {
  bool isSigned = isSignedInt(type);
  switch (kind) {
  case Reduction::Sum:
    if (isFloat(type))
      return arith::AddFOp::create(b, x, y);
    return arith::AddIOp::create(b, x, y);
  case Reduction::Prod:
    if (isFloat(type))
      return arith::MulFOp::create(b, x, y);
    return arith::MulIOp::create(b, x, y);
  case Reduction::Max:
    if (isFloat(type))
      return arith::MaximumFOp::create(b, x, y);
    if (isSigned)
      return arith::MaxSIOp::create(b, x, y);
    return arith::MaxUIOp::create(b, x, y);
  case Reduction::Min:
    if (isFloat(type))
      return arith::MinimumFOp::create(b, x, y);
    if (isSigned)
      return arith::MinSIOp::create(b, x, y);
    return arith::MinUIOp::create(b, x, y);
  }
  return nullptr;
}

Data reduce(Op &op, const Data &input, llvm::ArrayRef<int64_t> axes,
            bool keepDims, Reduction kind) {
  int64_t rank = input.rank();
  Data result;
  result.type = input.type;
  Shape kept;
  llvm::SmallVector<AffineExpr> exprs;
  auto loops = parallelLoops(rank);
  for (int64_t i = 0; i < rank; ++i) {
    if (llvm::is_contained(axes, i)) {
      loops[i] = utils::IteratorType::reduction;
      kept.push_back(Dim(1));
      continue;
    }
    result.shape.push_back(input.shape[i]);
    kept.push_back(input.shape[i]);
    exprs.push_back(op.b.getAffineDimExpr(i));
  }
  Value identity =
      arith::ConstantOp::create(op.b, identityOf(op, kind, input.type));
  Value init = filled(op, result.shape, input.type, identity);
  auto generic = linalg::GenericOp::create(
      op.b, init.getType(), op.value(input), init,
      llvm::ArrayRef<AffineMap>{
          op.b.getMultiDimIdentityMap(rank),
          AffineMap::get(rank, 0, exprs, op.b.getContext())},
      loops, [&](OpBuilder &builder, Location loc, ValueRange args) {
        ImplicitLocOpBuilder b(loc, builder);
        linalg::YieldOp::create(b,
                                combine(b, kind, input.type, args[0], args[1]));
      });
  result.value = generic.getResult(0);
  return keepDims ? reshape(op, result, kept) : result;
}

Data countOf(Op &op, const Data &input, llvm::ArrayRef<int64_t> axes) {
  Dim count(1);
  for (int64_t axis : axes)
    count = count * input.shape[axis];
  if (auto constant = count.constant())
    return splat(op, input.type, static_cast<double>(*constant));
  Value index = op.dims.materialize(count, op.b, op.b.getLoc());
  Value integer = arith::IndexCastOp::create(op.b, op.b.getI64Type(), index);
  Type element = op.elementType(input.type);
  Value number = integer;
  if (isa<FloatType>(element))
    number = arith::SIToFPOp::create(op.b, element, integer);
  else if (element.getIntOrFloatBitWidth() < 64)
    number = arith::TruncIOp::create(op.b, element, integer);
  Data data;
  data.type = input.type;
  data.value = tensor::FromElementsOp::create(
      op.b, RankedTensorType::get({}, element), number);
  return data;
}

} // namespace orchestra::onnx
