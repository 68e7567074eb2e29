//===- Shapes.cpp - Sizes of tensors, and numbers that are sizes ----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A size is a constant or an index value. Small integer tensors that say shapes
// are followed back to the sizes that they are made of, so that a module of
// dynamic shapes becomes static where its inputs are.
//
//===----------------------------------------------------------------------===//
#include "Importer.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace orchestra::stablehlo::frontend {

using B = ImplicitLocOpBuilder;

std::optional<int64_t> constantOf(OpFoldResult size) {
  return getConstantIntValue(size);
}

Value indexOf(B &b, OpFoldResult size) {
  if (auto value = dyn_cast<Value>(size))
    return value;
  return arith::ConstantIndexOp::create(b, *constantOf(size));
}

template <typename Arith>
static OpFoldResult combine(B &b, OpFoldResult x, OpFoldResult y,
                            llvm::function_ref<int64_t(int64_t, int64_t)> now) {
  auto left = constantOf(x), right = constantOf(y);
  if (left && right)
    return b.getIndexAttr(now(*left, *right));
  return Arith::create(b, indexOf(b, x), indexOf(b, y)).getResult();
}

OpFoldResult add(B &b, OpFoldResult x, OpFoldResult y) {
  if (constantOf(x) == 0)
    return y;
  if (constantOf(y) == 0)
    return x;
  return combine<arith::AddIOp>(b, x, y, std::plus<int64_t>());
}

OpFoldResult sub(B &b, OpFoldResult x, OpFoldResult y) {
  if (constantOf(y) == 0)
    return x;
  return combine<arith::SubIOp>(b, x, y, std::minus<int64_t>());
}

OpFoldResult mul(B &b, OpFoldResult x, OpFoldResult y) {
  if (constantOf(x) == 1)
    return y;
  if (constantOf(y) == 1)
    return x;
  return combine<arith::MulIOp>(b, x, y, std::multiplies<int64_t>());
}

OpFoldResult div(B &b, OpFoldResult x, OpFoldResult y) {
  if (constantOf(y) == 1)
    return x;
  return combine<arith::DivUIOp>(
      b, x, y, [](int64_t p, int64_t q) { return q ? p / q : 0; });
}

OpFoldResult product(B &b, llvm::ArrayRef<OpFoldResult> sizes) {
  OpFoldResult all = b.getIndexAttr(1);
  for (OpFoldResult size : sizes)
    all = mul(b, all, size);
  return all;
}

/// Followed to where the size was decided, so that no shape depends on data.
OpFoldResult sizeOf(B &b, Value tensor, int64_t dim) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return b.getIndexAttr(type.getDimSize(dim));
  if (Operation *def = tensor.getDefiningOp()) {
    if (auto dps = dyn_cast<DestinationStyleOpInterface>(def))
      return sizeOf(b, dps.getTiedOpOperand(cast<OpResult>(tensor))->get(),
                    dim);
    if (auto made = dyn_cast<tensor::EmptyOp>(def))
      return made.getMixedSizes()[dim];
    if (auto cast = dyn_cast<tensor::CastOp>(def))
      return sizeOf(b, cast.getSource(), dim);
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(def))
      return expand.getMixedOutputShape()[dim];
    if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(def)) {
      OpFoldResult all = b.getIndexAttr(1);
      for (int64_t part : collapse.getReassociationIndices()[dim])
        all = mul(b, all, sizeOf(b, collapse.getSrc(), part));
      return all;
    }
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(def);
        slice && slice.getSourceType().getRank() == type.getRank())
      return slice.getMixedSizes()[dim];
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(def))
      return sizeOf(b, insert.getDest(), dim);
  }
  return tensor::DimOp::create(b, tensor, dim).getResult();
}

llvm::SmallVector<OpFoldResult> sizesOf(B &b, Value tensor) {
  llvm::SmallVector<OpFoldResult> sizes;
  int64_t rank = cast<RankedTensorType>(tensor.getType()).getRank();
  for (int64_t dim = 0; dim < rank; ++dim)
    sizes.push_back(sizeOf(b, tensor, dim));
  return sizes;
}

Value empty(B &b, llvm::ArrayRef<OpFoldResult> sizes, Type stored) {
  return tensor::EmptyOp::create(b, sizes, stored);
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

namespace {
/// Follows an integer tensor back to numbers.
class Numbers {
public:
  using List = llvm::SmallVector<OpFoldResult>;
  Numbers(Importer &importer, B &b) : importer(importer), b(b) {}

  std::optional<List> of(Value value, unsigned depth = 0) {
    auto known = importer.knownNumbers.find(value);
    if (known != importer.knownNumbers.end())
      return known->second;
    auto type = dyn_cast<RankedTensorType>(value.getType());
    Operation *def = value.getDefiningOp();
    constexpr unsigned mostSteps = 64;
    constexpr int64_t mostNumbers = 64;
    if (!type || !type.hasStaticShape() ||
        type.getNumElements() > mostNumbers || !def || depth > mostSteps ||
        !isDimElement(type.getElementType()))
      return std::nullopt;
    auto list = follow(def, type, depth);
    if (list)
      importer.knownNumbers[value] = *list;
    return list;
  }

private:
  std::optional<List> follow(Operation *def, RankedTensorType type,
                             unsigned depth) {
    if (auto constant = dyn_cast<ConstantOp>(def)) {
      auto dense = dyn_cast<DenseIntElementsAttr>(constant.getValue());
      if (!dense)
        return std::nullopt;
      List list;
      bool isUI = type.getElementType().isUnsignedInteger();
      for (const llvm::APInt &number : dense.getValues<llvm::APInt>())
        list.push_back(b.getIndexAttr(isUI ? number.getLimitedValue(INT64_MAX)
                                           : number.getSExtValue()));
      return list;
    }
    if (auto size = dyn_cast<GetDimensionSizeOp>(def)) {
      auto data = importer.values.find(size.getOperand());
      if (data == importer.values.end() || !data->second.value)
        return std::nullopt;
      return List{sizeOf(b, data->second.value, size.getDimension())};
    }
    std::vector<List> inputs;
    for (Value operand : def->getOperands()) {
      auto list = of(operand, depth + 1);
      if (!list)
        return std::nullopt;
      inputs.push_back(*list);
    }
    if (isa<ConvertOp, ReshapeOp, OptimizationBarrierOp>(def) &&
        inputs.size() == 1)
      return inputs[0];
    if (isa<ConcatenateOp>(def) && type.getRank() == 1) {
      List all;
      for (const List &input : inputs)
        llvm::append_range(all, input);
      return all;
    }
    if (isa<BroadcastInDimOp, BroadcastOp>(def) && inputs[0].size() == 1)
      return List(type.getNumElements(), inputs[0][0]);
    if (auto slice = dyn_cast<SliceOp>(def); slice && type.getRank() == 1) {
      List part;
      for (int64_t i = slice.getStartIndices()[0];
           i < slice.getLimitIndices()[0]; i += slice.getStrides()[0])
        part.push_back(inputs[0][i]);
      return part;
    }
    return arithmetic(def, inputs);
  }

  std::optional<List> arithmetic(Operation *def,
                                 const std::vector<List> &inputs) {
    using Step = OpFoldResult (*)(B &, OpFoldResult, OpFoldResult);
    Step step =
        TypeSwitch<Operation *, Step>(def)
            .Case([](AddOp) -> Step { return add; })
            .Case([](SubtractOp) -> Step { return sub; })
            .Case([](MultiplyOp) -> Step { return mul; })
            .Case([](MaximumOp) -> Step {
              return [](B &b, OpFoldResult x, OpFoldResult y) {
                return combine<arith::MaxSIOp>(
                    b, x, y,
                    [](int64_t p, int64_t q) { return std::max(p, q); });
              };
            })
            .Case([](MinimumOp) -> Step {
              return [](B &b, OpFoldResult x, OpFoldResult y) {
                return combine<arith::MinSIOp>(
                    b, x, y,
                    [](int64_t p, int64_t q) { return std::min(p, q); });
              };
            })
            .Case([](DivideOp) -> Step {
              return [](B &b, OpFoldResult x, OpFoldResult y) {
                return combine<arith::DivSIOp>(
                    b, x, y,
                    [](int64_t p, int64_t q) { return q ? p / q : -1; });
              };
            })
            .Case([](RemainderOp) -> Step {
              return [](B &b, OpFoldResult x, OpFoldResult y) {
                return combine<arith::RemSIOp>(
                    b, x, y,
                    [](int64_t p, int64_t q) { return q ? p % q : p; });
              };
            })
            .Default(Step(nullptr));
    if (!step || inputs.size() != 2 || inputs[0].size() != inputs[1].size())
      return std::nullopt;
    List list;
    for (auto [x, y] : llvm::zip_equal(inputs[0], inputs[1]))
      list.push_back(step(b, x, y));
    return list;
  }

  Importer &importer;
  B &b;
};
} // namespace

std::optional<llvm::SmallVector<OpFoldResult>> Op::knownOnly(Value value) {
  return Numbers(importer, b).of(value);
}

std::optional<llvm::SmallVector<OpFoldResult>> Op::numbers(Value value) {
  if (auto list = Numbers(importer, b).of(value))
    return list;
  // Computed by the program: read at run time.
  auto type = cast<RankedTensorType>(value.getType());
  Data data = in(value);
  if (!type.hasStaticShape() || type.getRank() > 1 || !data.value) {
    (void)unsupported("a shape that it computes");
    return std::nullopt;
  }
  llvm::SmallVector<OpFoldResult> list;
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    llvm::SmallVector<Value> place;
    if (type.getRank())
      place.push_back(arith::ConstantIndexOp::create(b, i));
    Value number = tensor::ExtractOp::create(b, data.value, place);
    list.push_back(
        arith::IndexCastOp::create(b, b.getIndexType(), number).getResult());
  }
  importer.knownNumbers[value] = list;
  return list;
}

//===----------------------------------------------------------------------===//
// Ops about shapes
//===----------------------------------------------------------------------===//

static LogicalResult lowerGetDimensionSize(Op &op) {
  auto sizeOp = cast<GetDimensionSizeOp>(op.op);
  Value size =
      indexOf(op.b, sizeOf(op.b, op.in(0).value, sizeOp.getDimension()));
  Type i32 = op.b.getI32Type();
  Data data;
  data.element = i32;
  data.value = tensor::FromElementsOp::create(
      op.b, RankedTensorType::get({}, i32),
      arith::IndexCastOp::create(op.b, i32, size).getResult());
  return op.set(data);
}

static LogicalResult lowerDynamicReshape(Op &op) {
  auto sizes = op.numbers(op.op->getOperand(1));
  if (!sizes)
    return failure();
  return op.set(onParts(
      op.in(0), [&](Value value) { return reshape(op.b, value, *sizes); }));
}

static LogicalResult lowerReshape(Op &op) {
  auto type = cast<RankedTensorType>(op.op->getResult(0).getType());
  if (!type.hasStaticShape())
    return op.unsupported("a reshape to bounded sizes");
  llvm::SmallVector<OpFoldResult> sizes;
  for (int64_t size : type.getShape())
    sizes.push_back(op.b.getIndexAttr(size));
  return op.set(onParts(
      op.in(0), [&](Value value) { return reshape(op.b, value, sizes); }));
}

static LogicalResult broadcastTo(Op &op, llvm::ArrayRef<int64_t> dims,
                                 llvm::ArrayRef<OpFoldResult> sizes) {
  return op.set(onParts(op.in(0), [&](Value value) {
    return broadcast(op.b, value, dims, sizes);
  }));
}

static LogicalResult lowerBroadcastInDim(Op &op) {
  auto cast = llvm::cast<BroadcastInDimOp>(op.op);
  llvm::SmallVector<OpFoldResult> sizes;
  for (int64_t size : cast.getType().getShape()) {
    if (ShapedType::isDynamic(size))
      return op.unsupported("a broadcast to bounded sizes");
    sizes.push_back(op.b.getIndexAttr(size));
  }
  return broadcastTo(op, cast.getBroadcastDimensions(), sizes);
}

static LogicalResult lowerBroadcast(Op &op) {
  auto cast = llvm::cast<BroadcastOp>(op.op);
  llvm::SmallVector<OpFoldResult> sizes;
  for (int64_t size : cast.getBroadcastSizes())
    sizes.push_back(op.b.getIndexAttr(size));
  llvm::SmallVector<int64_t> dims;
  for (OpFoldResult size : sizesOf(op.b, op.in(0).value)) {
    dims.push_back(sizes.size());
    sizes.push_back(size);
  }
  return broadcastTo(op, dims, sizes);
}

static LogicalResult lowerDynamicBroadcast(Op &op) {
  auto cast = llvm::cast<DynamicBroadcastInDimOp>(op.op);
  auto sizes = op.numbers(cast.getOutputDimensions());
  if (!sizes)
    return failure();
  return broadcastTo(op, cast.getBroadcastDimensions(), *sizes);
}

static LogicalResult iota(Op &op, llvm::ArrayRef<OpFoldResult> sizes,
                          int64_t dim) {
  Type element = getElementTypeOrSelf(op.op->getResult(0).getType());
  auto made = generate(
      op.b, sizes, element, [&](B &b, llvm::ArrayRef<Num> index) -> Elements {
        Value whole = arith::IndexCastOp::create(b, b.getI64Type(), index[dim]);
        return {convertElement(b, {b.getI64Type(), whole, nullptr}, element)};
      });
  return op.set(made.front());
}

static LogicalResult lowerIota(Op &op) {
  auto iotaOp = cast<IotaOp>(op.op);
  llvm::SmallVector<OpFoldResult> sizes;
  for (int64_t size : iotaOp.getType().getShape())
    sizes.push_back(op.b.getIndexAttr(size));
  return iota(op, sizes, iotaOp.getIotaDimension());
}

static LogicalResult lowerDynamicIota(Op &op) {
  auto iotaOp = cast<DynamicIotaOp>(op.op);
  auto sizes = op.numbers(iotaOp.getOutputShape());
  if (!sizes)
    return failure();
  return iota(op, *sizes, iotaOp.getIotaDimension());
}

void addShapes(Table &table) {
  table["get_dimension_size"] = lowerGetDimensionSize;
  table["reshape"] = lowerReshape;
  table["dynamic_reshape"] = lowerDynamicReshape;
  table["broadcast"] = lowerBroadcast;
  table["broadcast_in_dim"] = lowerBroadcastInDim;
  table["dynamic_broadcast_in_dim"] = lowerDynamicBroadcast;
  table["iota"] = lowerIota;
  table["dynamic_iota"] = lowerDynamicIota;
}

} // namespace orchestra::stablehlo::frontend
