//===- Creation.cpp - Constants, ranges, patterns -------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Build.h"
#include "ImporterState.h"
#include "Sizes.h"
#include "Table.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>
#include <cstring>

using namespace mlir;

namespace orchestra::onnx {
namespace {

/// Outputs a constant that the import keeps.
LogicalResult setConstant(Op &op, Tensor tensor) {
  Data data;
  data.type = tensor.type;
  for (int64_t dim : tensor.dims)
    data.shape.push_back(Dim(dim));
  data.constant = op.importer.keep(std::move(tensor));
  return op.set(0, std::move(data));
}

template <typename T>
LogicalResult setNumbers(Op &op, ElementType type,
                         const std::vector<T> &numbers, bool isScalar) {
  auto bytes = std::make_shared<std::string>(
      reinterpret_cast<const char *>(numbers.data()),
      numbers.size() * sizeof(T));
  Tensor tensor;
  tensor.type = type;
  if (!isScalar)
    tensor.dims = {static_cast<int64_t>(numbers.size())};
  tensor.bytes = *bytes;
  tensor.owner = bytes;
  return setConstant(op, std::move(tensor));
}

/// One of several attributes holds the value.
LogicalResult lowerConstant(Op &op) {
  using Kind = NodeAttribute::Kind;
  for (const auto &[name, attribute] : op.node.attributes) {
    if (name == "value" && attribute.kind == Kind::Tensor)
      return setConstant(op, *attribute.tensor);
    if (name == "value_string" && attribute.kind == Kind::String)
      return op.set(0, op.stringConstant({attribute.s}, {}));
    if (name == "value_strings" && attribute.kind == Kind::Strings)
      return op.set(0,
                    op.stringConstant(
                        attribute.strings,
                        {Dim(static_cast<int64_t>(attribute.strings.size()))}));
    if (name == "value_int" && attribute.kind == Kind::Int)
      return setNumbers<int64_t>(op, ElementType::Int64, {attribute.i}, true);
    if (name == "value_ints" && attribute.kind == Kind::Ints)
      return setNumbers(op, ElementType::Int64, attribute.ints, false);
    if (name == "value_float" && attribute.kind == Kind::Float)
      return setNumbers<float>(op, ElementType::Float, {attribute.f}, true);
    if (name == "value_floats" && attribute.kind == Kind::Floats)
      return setNumbers(op, ElementType::Float, attribute.floats, false);
    return op.fail("unsupported-type",
                   "Constant: the attribute '" + name + "' is not supported");
  }
  return op.fail("missing-attribute", "Constant has no value");
}

/// One value everywhere; float 0 by default.
LogicalResult lowerConstantOfShape(Op &op) {
  auto value = op.node.attributes.find("value");
  ElementType type = ElementType::Float;
  Tensor tensor;
  if (value != op.node.attributes.end()) {
    if (value->second.kind != NodeAttribute::Kind::Tensor ||
        value->second.tensor->bytes.size() * 8 !=
            elementBits(value->second.tensor->type))
      return op.fail("invalid-attribute",
                     "ConstantOfShape: value must be a tensor of one element");
    tensor = *value->second.tensor;
    type = tensor.type;
  } else {
    static const float zero = 0;
    tensor.type = type;
    tensor.bytes = {reinterpret_cast<const char *>(&zero), sizeof(zero)};
  }
  tensor.dims.clear();
  auto sizes = sizesFrom(op, op.in(0), "the shape");
  if (!sizes)
    return failure();
  Shape shape(sizes->begin(), sizes->end());
  auto tensorType = op.tensorType(shape, type);
  if (!tensorType || op.failed())
    return failure();
  Data result;
  result.type = type;
  result.shape = shape;
  auto element = dyn_cast_or_null<DenseElementsAttr>(
      constantAttr(tensor, "", op.b.getContext()));
  if (!element)
    return op.unsupported("the type of the value");
  auto scalar = element.getSplatValue<mlir::TypedAttr>();
  // Small integers stay known: a shape may be made of them.
  int64_t count =
      tensorType.hasStaticShape() ? tensorType.getNumElements() : -1;
  if (auto integer = dyn_cast<IntegerAttr>(scalar);
      integer && count >= 0 && count <= 64 &&
      (type == ElementType::Int64 || type == ElementType::Int32 ||
       type == ElementType::Bool)) {
    int64_t number = type == ElementType::Bool
                         ? integer.getValue().getZExtValue()
                         : integer.getValue().getSExtValue();
    result.contents = Contents(count, Dim(number));
    return op.set(0, result);
  }
  if (tensorType.hasStaticShape()) {
    result.value = arith::ConstantOp::create(
        op.b, DenseElementsAttr::get(tensorType, mlir::Attribute(scalar)));
    return op.set(0, result);
  }
  Value number = arith::ConstantOp::create(op.b, scalar);
  result.value = filled(op, shape, type, number);
  return op.set(0, result);
}

/// An element on the host as an f64; null after a problem.
Value hostScalar(Op &op, const Data &data, llvm::StringRef what) {
  Data single = reshape(op, data, {});
  Value tensor = op.value(single);
  if (!tensor || !Op::isHostValue(tensor)) {
    (void)op.fail("unsupported-form",
                  op.node.op + ": " + what +
                      " must not depend on tensors that the model computes",
                  {"sizes may depend on constants, on the inputs' dimensions, "
                   "and on small inputs"});
    return nullptr;
  }
  Value element = tensor::ExtractOp::create(op.b, tensor, ValueRange());
  Type f64 = op.b.getF64Type();
  if (element.getType() == f64)
    return element;
  if (isFloat(data.type))
    return arith::ExtFOp::create(op.b, f64, element);
  return arith::SIToFPOp::create(op.b, f64, element);
}

/// A whole number that is a float, or 0 for what is no size.
Dim sizeFromDouble(Op &op, Value number) {
  Value low = scalar(op.b, number.getType(), 0);
  Value high = scalar(op.b, number.getType(), 9e15);
  Value bounded = arith::MaxNumFOp::create(op.b, number, low);
  bounded = arith::MinNumFOp::create(op.b, bounded, high);
  Value whole = arith::FPToSIOp::create(op.b, op.b.getI64Type(), bounded);
  return sizeFrom(op,
                  arith::IndexCastOp::create(op.b, op.b.getIndexType(), whole));
}

/// The number of elements of a Range whose operands are inputs.
std::optional<Dim> countSteps(Op &op, const Data &start, const Data &limit,
                              const Data &delta) {
  llvm::SmallVector<Value, 3> ends;
  for (const Data *data : {&start, &limit, &delta}) {
    Value end = hostScalar(op, *data, "the number of elements");
    if (!end)
      return std::nullopt;
    ends.push_back(end);
  }
  Value zero = scalar(op.b, ends[2].getType(), 0);
  op.require(
      arith::CmpFOp::create(op.b, arith::CmpFPredicate::UNE, ends[2], zero),
      "the step is 0");
  Value length = arith::SubFOp::create(op.b, ends[1], ends[0]);
  Value steps = arith::DivFOp::create(op.b, length, ends[2]);
  return sizeFromDouble(op, math::CeilOp::create(op.b, steps));
}

LogicalResult setRange(Op &op, const Dim &count, ElementType type, Value from,
                       Value by);

/// max(ceil((limit - start) / delta), 0) elements: start + i * delta
LogicalResult lowerRange(Op &op) {
  const Data &start = op.in(0), &limit = op.in(1), &delta = op.in(2);
  if (!op.sameType(start, limit) || !op.sameType(start, delta))
    return failure();
  ElementType type = start.type;
  for (const Data *data : {&start, &limit, &delta})
    for (const Dim &dim : data->shape)
      if (!dim.is(1))
        return op.fail("shape-mismatch", "Range: an operand is no scalar",
                       {"it is " + op.text(data->shape)});
  if (!op.expectType(start, isFloat(type) || isSignedInt(type), "an operand"))
    return failure();
  auto element = [&](const Data &data) -> Value {
    Value tensor = op.value(reshape(op, data, {}));
    return tensor ? tensor::ExtractOp::create(op.b, tensor, ValueRange())
                        .getResult()
                  : Value();
  };
  if (auto step = op.contents(delta); step && (*step)[0].is(0))
    return op.fail("invalid-attribute", "Range: the step is 0");
  Dim count;
  auto a = op.contents(start), z = op.contents(limit), d = op.contents(delta);
  if (a && z && d && (*d)[0].constant() && !(*d)[0].is(0)) {
    Dim from = (*a)[0], to = (*z)[0];
    int64_t step = *(*d)[0].constant();
    Dim length = step > 0 ? to - from : from - to;
    Dim by(step > 0 ? step : -step);
    auto apply = [&](DimSymbols::Op kind, const Dim &x, const Dim &y) {
      return op.dims.apply(kind, x, y, op.b, op.b.getLoc());
    };
    length = apply(DimSymbols::Op::Max, length, Dim(0));
    count = apply(DimSymbols::Op::Div, length + by - Dim(1), by);
  } else {
    // Constants in floating point; the count is the specification's.
    auto from = op.constantFloat(start), to = op.constantFloat(limit),
         by = op.constantFloat(delta);
    if (!from || !to || !by) {
      auto steps = countSteps(op, start, limit, delta);
      if (!steps)
        return failure();
      return setRange(op, *steps, type, element(start), element(delta));
    }
    double steps = std::ceil((*to - *from) / *by);
    if (!(*by != 0) || !(steps < 1e12))
      return op.fail("invalid-attribute", "Range: the step is 0 or too small");
    count = Dim(static_cast<int64_t>(std::max(steps, 0.0)));
  }
  return setRange(op, count, type, element(start), element(delta));
}

LogicalResult setRange(Op &op, const Dim &count, ElementType type, Value from,
                       Value by) {
  if (!from || !by || op.failed())
    return failure();
  Type elementType = op.elementType(type);
  return op.set(
      0, generate(
             op, count, type,
             [&](ImplicitLocOpBuilder &b, ValueRange index) -> Value {
               Value i =
                   arith::IndexCastOp::create(b, b.getI64Type(), index[0]);
               if (isFloat(type)) {
                 Value x = arith::SIToFPOp::create(b, elementType, i);
                 Value moved = arith::MulFOp::create(b, x, by);
                 return arith::AddFOp::create(b, from, moved);
               }
               Value x =
                   elementType.getIntOrFloatBitWidth() < 64
                       ? arith::TruncIOp::create(b, elementType, i).getResult()
                       : i;
               Value moved = arith::MulIOp::create(b, x, by);
               return arith::AddIOp::create(b, from, moved);
             }));
}

/// 1 on diagonal k, 0 elsewhere, in the shape of the input.
LogicalResult lowerEyeLike(Op &op) {
  const Data &x = op.in(0);
  int64_t k = op.intAttr("k", 0);
  ElementType type = op.hasAttr("dtype")
                         ? static_cast<ElementType>(op.intAttr("dtype"))
                         : x.type;
  if (op.failed())
    return failure();
  if (x.rank() != 2)
    return op.fail("shape-mismatch", "EyeLike: the input must be a matrix",
                   {"it is " + op.text(x.shape)});
  Type element = op.elementType(type);
  if (!element)
    return failure();
  return op.set(
      0, generate(op, x.shape, type,
                  [&](ImplicitLocOpBuilder &b, ValueRange index) -> Value {
                    Value shift = arith::ConstantIndexOp::create(b, k);
                    Value column = arith::AddIOp::create(b, index[0], shift);
                    Value on = arith::CmpIOp::create(
                        b, arith::CmpIPredicate::eq, column, index[1]);
                    return arith::SelectOp::create(b, on, scalar(b, element, 1),
                                                   scalar(b, element, 0));
                  }));
}

/// A size that a floating-point scalar says.
std::optional<Contents> floatSize(Op &op, const Data &data) {
  if (auto number = op.constantFloat(data); number && std::fabs(*number) < 9e15)
    return Contents{Dim(static_cast<int64_t>(*number))};
  Value scalar = hostScalar(op, data, "depth");
  if (!scalar)
    return std::nullopt;
  return Contents{sizeFromDouble(op, scalar)};
}

/// values[1] where the index along the new axis is the element, else values[0]
LogicalResult lowerOneHot(Op &op) {
  const Data &given = op.in(0), &depth = op.in(1), &values = op.in(2);
  auto axis = op.axis(op.intAttr("axis", -1), given.rank() + 1);
  if (!axis || !op.expectType(given, isInt(given.type) || isFloat(given.type),
                              "the indices"))
    return failure();
  if (values.rank() != 1 ||
      (values.shape[0].constant() && !values.shape[0].is(2)))
    return op.fail("shape-mismatch", "OneHot: values must have two elements",
                   {"they are " + op.text(values.shape)});
  auto sizes = isFloat(depth.type) ? floatSize(op, depth)
                                   : sizesFrom(op, depth, "depth");
  auto indices =
      op.failed() ? std::nullopt : convert(op, given, ElementType::Int64);
  if (!sizes || !indices)
    return failure();
  if (sizes->size() != 1)
    return op.fail("shape-mismatch", "OneHot: depth must be a scalar");
  Shape shape = given.shape;
  shape.insert(shape.begin() + *axis, (*sizes)[0]);
  Value places = op.value(*indices), choices = op.value(values);
  Value size = op.dims.materialize((*sizes)[0], op.b, op.b.getLoc());
  if (!places || !choices || !op.tensorType(shape, values.type) || op.failed())
    return failure();
  return op.set(
      0,
      generate(op, shape, values.type,
               [&](ImplicitLocOpBuilder &b, ValueRange index) -> Value {
                 llvm::SmallVector<Value> at(index);
                 Value here = at[*axis];
                 at.erase(at.begin() + *axis);
                 Value element = tensor::ExtractOp::create(b, places, at);
                 Value place =
                     arith::IndexCastOp::create(b, b.getIndexType(), element);
                 Value zero = arith::ConstantIndexOp::create(b, 0);
                 Value one = arith::ConstantIndexOp::create(b, 1);
                 Value negative = arith::CmpIOp::create(
                     b, arith::CmpIPredicate::slt, place, zero);
                 Value wrapped = arith::AddIOp::create(b, place, size);
                 place = arith::SelectOp::create(b, negative, wrapped, place);
                 Value hot = arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                                   place, here);
                 Value which = arith::SelectOp::create(b, hot, one, zero);
                 return tensor::ExtractOp::create(b, choices, which);
               }));
}

} // namespace

void addCreation(Table &table) {
  table.op("Constant", {1, "sparse values"}, lowerConstant);
  table.op("ConstantOfShape", {9, "", inputs(0)}, lowerConstantOfShape);
  table.op("EyeLike", {9}, lowerEyeLike);
  table.op("OneHot", {9, "", inputs(1)}, lowerOneHot);
  table.op("Range", {11, "operands that the model computes", inputs(0, 1, 2)},
           lowerRange);
}

} // namespace orchestra::onnx
