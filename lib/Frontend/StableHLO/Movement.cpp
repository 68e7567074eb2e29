//===- Movement.cpp - Constants, and ops that move elements ---------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Importer.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace orchestra::stablehlo::frontend {
namespace {

using B = ImplicitLocOpBuilder;

/// The same numbers without signs in their type.
ElementsAttr withoutSign(ElementsAttr value, RankedTensorType type) {
  if (value.getShapedType().getElementType() == type.getElementType())
    return value;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
    return DenseResourceElementsAttr::get(type, resource.getRawHandle());
  if (auto dense = dyn_cast<DenseElementsAttr>(value))
    return dense.bitcast(type.getElementType());
  return {};
}

LogicalResult lowerConstant(Op &op) {
  auto constant = cast<ConstantOp>(op.op);
  Type element = constant.getType().getElementType();
  auto type =
      RankedTensorType::get(constant.getType().getShape(), storedType(element));
  Data data;
  data.element = element;
  if (isa<ComplexType>(element)) {
    auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
    if (!dense)
      return op.unsupported("a resource of complex numbers");
    SmallVector<llvm::APFloat> real, imag;
    for (const std::complex<llvm::APFloat> &number :
         dense.getValues<std::complex<llvm::APFloat>>()) {
      real.push_back(number.real());
      imag.push_back(number.imag());
    }
    data.value =
        arith::ConstantOp::create(op.b, DenseElementsAttr::get(type, real));
    data.imag =
        arith::ConstantOp::create(op.b, DenseElementsAttr::get(type, imag));
    return op.set(data);
  }
  ElementsAttr value = withoutSign(constant.getValue(), type);
  if (!value)
    return op.unsupported("this form of a constant");
  data.value = arith::ConstantOp::create(op.b, cast<TypedAttr>(value));
  return op.set(data);
}

LogicalResult lowerTranspose(Op &op) {
  auto permutation = cast<TransposeOp>(op.op).getPermutation();
  if (permutation == ArrayRef<int64_t>{1, 0})
    if (std::optional<LogicalResult> product = lowerTransposedDot(op))
      return *product;
  return op.set(onParts(op.in(0), [&](Value value) {
    return transpose(op.b, value, permutation);
  }));
}

LogicalResult lowerReverse(Op &op) {
  auto dims = cast<ReverseOp>(op.op).getDimensions();
  return op.set(onParts(
      op.in(0), [&](Value value) { return reverse(op.b, value, dims); }));
}

Value sliced(B &b, Value value, ArrayRef<OpFoldResult> starts,
             ArrayRef<OpFoldResult> sizes, ArrayRef<OpFoldResult> strides) {
  // An offset may be the end.
  if (llvm::any_of(sizes,
                   [](OpFoldResult size) { return constantOf(size) == 0; }))
    return empty(b, sizes, getElementTypeOrSelf(value.getType()));
  return tensor::ExtractSliceOp::create(b, value, starts, sizes, strides);
}

LogicalResult lowerSlice(Op &op) {
  auto slice = cast<SliceOp>(op.op);
  SmallVector<OpFoldResult> starts, sizes, strides;
  for (auto [start, limit, stride] :
       llvm::zip_equal(slice.getStartIndices(), slice.getLimitIndices(),
                       slice.getStrides())) {
    starts.push_back(op.b.getIndexAttr(start));
    sizes.push_back(op.b.getIndexAttr(llvm::divideCeil(limit - start, stride)));
    strides.push_back(op.b.getIndexAttr(stride));
  }
  return op.set(onParts(op.in(0), [&](Value value) {
    return sliced(op.b, value, starts, sizes, strides);
  }));
}

LogicalResult lowerRealDynamicSlice(Op &op) {
  auto starts = op.numbers(op.op->getOperand(1));
  auto limits = op.numbers(op.op->getOperand(2));
  auto strides = op.numbers(op.op->getOperand(3));
  if (!starts || !limits || !strides)
    return failure();
  SmallVector<OpFoldResult> sizes;
  OpFoldResult one = op.b.getIndexAttr(1);
  for (auto [start, limit, stride] :
       llvm::zip_equal(*starts, *limits, *strides)) {
    OpFoldResult length = sub(op.b, limit, start);
    sizes.push_back(
        div(op.b, sub(op.b, add(op.b, length, stride), one), stride));
  }
  return op.set(onParts(op.in(0), [&](Value value) {
    return sliced(op.b, value, *starts, sizes, *strides);
  }));
}

LogicalResult lowerConcatenate(Op &op) {
  int64_t axis = cast<ConcatenateOp>(op.op).getDimension();
  SmallVector<Data> inputs;
  for (Value operand : op.op->getOperands())
    inputs.push_back(op.in(operand));
  auto join = [&](llvm::function_ref<Value(const Data &)> part) -> Value {
    auto first = cast<RankedTensorType>(part(inputs[0]).getType());
    SmallVector<int64_t> known(first.getShape());
    int64_t total = 0;
    for (const Data &input : inputs)
      for (auto [dim, size] : llvm::enumerate(input.type().getShape())) {
        if (static_cast<int64_t>(dim) != axis) {
          if (!ShapedType::isDynamic(size))
            known[dim] = size;
        } else if (ShapedType::isDynamic(size) ||
                   ShapedType::isDynamic(total)) {
          total = ShapedType::kDynamic;
        } else {
          total += size;
        }
      }
    SmallVector<Value> values;
    for (const Data &input : inputs) {
      int64_t size = input.type().getDimSize(axis);
      if (size == 0)
        continue;
      known[axis] = size;
      values.push_back(
          castTo(op.b, part(input),
                 RankedTensorType::get(known, first.getElementType())));
    }
    if (values.empty())
      return part(inputs[0]);
    if (values.size() == 1)
      return values[0];
    known[axis] = total;
    return tensor::ConcatOp::create(
        op.b, RankedTensorType::get(known, first.getElementType()), axis,
        values);
  };
  Data data;
  data.element = inputs[0].element;
  data.value = join([](const Data &input) { return input.value; });
  if (inputs[0].isComplex())
    data.imag = join([](const Data &input) { return input.imag; });
  return op.set(data);
}

LogicalResult padded(Op &op, ArrayRef<OpFoldResult> low,
                     ArrayRef<OpFoldResult> high,
                     ArrayRef<OpFoldResult> interior) {
  Data x = op.in(0), with = op.in(1), data;
  data.element = x.element;
  data.value =
      pad(op.b, x.value, extractScalar(op.b, with.value), low, high, interior);
  if (x.isComplex())
    data.imag =
        pad(op.b, x.imag, extractScalar(op.b, with.imag), low, high, interior);
  return op.set(data);
}

LogicalResult lowerPad(Op &op) {
  auto padOp = cast<PadOp>(op.op);
  auto attrs = [&](ArrayRef<int64_t> values) {
    SmallVector<OpFoldResult> sizes;
    for (int64_t value : values)
      sizes.push_back(op.b.getIndexAttr(value));
    return sizes;
  };
  return padded(op, attrs(padOp.getEdgePaddingLow()),
                attrs(padOp.getEdgePaddingHigh()),
                attrs(padOp.getInteriorPadding()));
}

LogicalResult lowerDynamicPad(Op &op) {
  auto low = op.numbers(op.op->getOperand(2));
  auto high = op.numbers(op.op->getOperand(3));
  auto interior = op.numbers(op.op->getOperand(4));
  if (!low || !high || !interior)
    return failure();
  return padded(op, *low, *high, *interior);
}

LogicalResult lowerTuple(Op &op) {
  Data data;
  for (Value operand : op.op->getOperands())
    data.items.push_back(op.in(operand));
  return op.set(data);
}

LogicalResult lowerGetTupleElement(Op &op) {
  Data tuple = op.in(0);
  uint32_t index = cast<GetTupleElementOp>(op.op).getIndex();
  if (index >= tuple.items.size())
    return op.unsupported("this tuple");
  return op.set(tuple.items[index]);
}

/// Tokens are nothing; what was given is what results.
LogicalResult forward(Op &op) {
  for (unsigned i = 0; i < op.op->getNumResults(); ++i)
    if (failed(op.set(i, op.in(i))))
      return failure();
  return success();
}

LogicalResult lowerToken(Op &op) { return op.set(Data()); }

/// The same bits as other elements: of one width, or one dimension more.
LogicalResult lowerBitcastConvert(Op &op) {
  Data x = op.in(0);
  Type to = getElementTypeOrSelf(op.op->getResult(0).getType());
  Type stored = storedType(to);
  if (x.isComplex() || isa<ComplexType>(to))
    return op.unsupported("complex elements");
  unsigned have = storedType(x.element).getIntOrFloatBitWidth(),
           want = stored.getIntOrFloatBitWidth();
  auto asInt = [](B &b, Value value) -> Value {
    if (!isa<FloatType>(value.getType()))
      return value;
    return arith::BitcastOp::create(
        b, b.getIntegerType(value.getType().getIntOrFloatBitWidth()), value);
  };
  auto fromInt = [&](B &b, Value value) -> Value {
    if (value.getType() == stored)
      return value;
    return arith::BitcastOp::create(b, stored, value);
  };
  SmallVector<OpFoldResult> sizes = sizesOf(op.b, x.value);
  if (have == want)
    return op.set(elementwise(op.b, x, to, [&](B &b, ArrayRef<Element> in) {
                    return std::optional<Elements>(Elements{
                        {to, fromInt(b, asInt(b, in[0].value)), nullptr}});
                  })->front());
  if (have > want) {
    // The lowest part comes first.
    sizes.push_back(op.b.getIndexAttr(have / want));
    return op.set(
        generate(op.b, sizes, to, [&](B &b, ArrayRef<Num> index) -> Elements {
          Value bits = asInt(b, at(b, x, index.drop_back()).value);
          Value amount = arith::IndexCastOp::create(
              b, bits.getType(), index.back() * static_cast<double>(want));
          bits = arith::ShRUIOp::create(b, bits, amount);
          Value part = arith::TruncIOp::create(b, b.getIntegerType(want), bits);
          return {{to, fromInt(b, part), nullptr}};
        }).front());
  }
  sizes.pop_back();
  unsigned parts = want / have;
  return op.set(
      generate(op.b, sizes, to, [&](B &b, ArrayRef<Num> index) -> Elements {
        Type wide = b.getIntegerType(want);
        Value bits;
        for (unsigned part = 0; part < parts; ++part) {
          SmallVector<Num> place(index);
          place.push_back(indexNum(b, part));
          Value piece =
              arith::ExtUIOp::create(b, wide, asInt(b, at(b, x, place).value));
          piece =
              arith::ShLIOp::create(b, piece, scalarInt(b, wide, part * have));
          bits = bits ? Value(arith::OrIOp::create(b, bits, piece)) : piece;
        }
        return {{to, fromInt(b, bits), nullptr}};
      }).front());
}

/// What an export wants to be true of the sizes that it is given.
LogicalResult lowerShapeAssertion(Op &op) {
  auto compare = op.op->getOperand(0).getDefiningOp<CompareOp>();
  if (!compare)
    return op.unsupported("an assertion that is no comparison");
  auto left = op.knownOnly(compare.getLhs()),
       right = op.knownOnly(compare.getRhs());
  if (!left || !right || left->size() != 1 || right->size() != 1)
    return op.unsupported("an assertion about what is no size");
  using D = ComparisonDirection;
  using P = arith::CmpIPredicate;
  D direction = compare.getComparisonDirection();
  P predicate = direction == D::EQ   ? P::eq
                : direction == D::NE ? P::ne
                : direction == D::GE ? P::sge
                : direction == D::GT ? P::sgt
                : direction == D::LE ? P::sle
                                     : P::slt;
  std::string message = "an assertion of the exported program does not hold";
  if (auto text = op.op->getAttrOfType<StringAttr>("error_message"))
    message = text.getValue().str();
  auto a = constantOf(left->front()), c = constantOf(right->front());
  if (a && c) {
    if (arith::applyCmpPredicate(predicate, llvm::APInt(64, *a, true),
                                 llvm::APInt(64, *c, true)))
      return success();
    return op.fail("shape-mismatch", message);
  }
  Value holds =
      arith::CmpIOp::create(op.b, predicate, indexOf(op.b, left->front()),
                            indexOf(op.b, right->front()));
  cf::AssertOp::create(op.b, holds, message);
  return success();
}

LogicalResult lowerCustomCall(Op &op) {
  auto call = cast<CustomCallOp>(op.op);
  StringRef target = call.getCallTargetName();
  if (target == "shape_assertion")
    return lowerShapeAssertion(op);
  // How devices share a tensor is nothing to one device.
  if ((target == "Sharding" || target == "SPMDFullToShardShape" ||
       target == "SPMDShardToFullShape" ||
       target == "annotate_device_placement") &&
      call.getInputs().size() == call.getResults().size())
    return forward(op);
  return op.fail("unsupported-op",
                 "custom call '" + target + "' is not supported");
}

LogicalResult lowerComposite(Op &op) {
  auto composite = cast<CompositeOp>(op.op);
  SmallVector<Data> arguments;
  for (Value operand : op.op->getOperands())
    arguments.push_back(op.in(operand));
  auto results = op.importer.call(op.op, composite.getDecomposition(),
                                  arguments, op.op->getOperands(), op.b);
  if (!results)
    return failure();
  for (auto [i, data] : llvm::enumerate(*results))
    if (failed(op.set(i, data)))
      return failure();
  return success();
}

} // namespace

void addMovement(Table &table) {
  table["after_all"] = lowerToken;
  table["bitcast_convert"] = lowerBitcastConvert;
  table["composite"] = lowerComposite;
  table["concatenate"] = lowerConcatenate;
  table["constant"] = lowerConstant;
  table["create_token"] = lowerToken;
  table["custom_call"] = lowerCustomCall;
  table["dynamic_pad"] = lowerDynamicPad;
  table["get_tuple_element"] = lowerGetTupleElement;
  table["optimization_barrier"] = forward;
  table["pad"] = lowerPad;
  table["real_dynamic_slice"] = lowerRealDynamicSlice;
  table["reverse"] = lowerReverse;
  table["slice"] = lowerSlice;
  table["transpose"] = lowerTranspose;
  table["tuple"] = lowerTuple;
}

} // namespace orchestra::stablehlo::frontend
