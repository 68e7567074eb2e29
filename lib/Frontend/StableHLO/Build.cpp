//===- Build.cpp - Structured computations on tensors ---------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Importer.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace orchestra::stablehlo::frontend {

using B = ImplicitLocOpBuilder;

static llvm::SmallVector<utils::IteratorType> parallel(int64_t rank) {
  return llvm::SmallVector<utils::IteratorType>(rank,
                                                utils::IteratorType::parallel);
}

llvm::SmallVector<Value> partsOf(llvm::ArrayRef<Data> inputs) {
  llvm::SmallVector<Value> parts;
  for (const Data &input : inputs) {
    parts.push_back(input.value);
    if (input.isComplex())
      parts.push_back(input.imag);
  }
  return parts;
}

Data onParts(const Data &data, llvm::function_ref<Value(Value)> change) {
  Data result;
  result.element = data.element;
  result.value = change(data.value);
  if (data.isComplex())
    result.imag = change(data.imag);
  return result;
}

Value castTo(B &b, Value tensor, Type type) {
  if (tensor.getType() == type)
    return tensor;
  return tensor::CastOp::create(b, type, tensor);
}

Value extractScalar(B &b, Value tensor) {
  DenseElementsAttr constant;
  if (auto def = tensor.getDefiningOp<arith::ConstantOp>())
    constant = dyn_cast<DenseElementsAttr>(def.getValue());
  if (constant && constant.isSplat())
    return arith::ConstantOp::create(
        b, cast<TypedAttr>(constant.getSplatValue<Attribute>()));
  return tensor::ExtractOp::create(b, tensor, ValueRange());
}

/// Empty tensors for results of these element types.
static llvm::SmallVector<Value> destinations(B &b,
                                             llvm::ArrayRef<OpFoldResult> sizes,
                                             llvm::ArrayRef<Type> elements) {
  llvm::SmallVector<Value> inits;
  for (Type element : elements) {
    inits.push_back(empty(b, sizes, storedType(element)));
    if (isa<ComplexType>(element))
      inits.push_back(empty(b, sizes, storedType(element)));
  }
  return inits;
}

static llvm::SmallVector<Data> asData(llvm::ArrayRef<Type> elements,
                                      ValueRange values) {
  llvm::SmallVector<Data> all;
  size_t next = 0;
  for (Type element : elements) {
    Data data;
    data.element = element;
    data.value = values[next++];
    if (isa<ComplexType>(element))
      data.imag = values[next++];
    all.push_back(data);
  }
  return all;
}

static void yield(B &b, llvm::ArrayRef<Element> elements) {
  llvm::SmallVector<Value> values;
  for (const Element &element : elements) {
    values.push_back(element.value);
    if (element.isComplex())
      values.push_back(element.imag);
  }
  linalg::YieldOp::create(b, values);
}

std::optional<llvm::SmallVector<Data>>
elementwise(B &b, llvm::ArrayRef<Data> inputs, llvm::ArrayRef<Type> elements,
            ElementBody body) {
  // What one operand knows of the shape, all have.
  llvm::SmallVector<int64_t> shape;
  llvm::SmallVector<OpFoldResult> sizes;
  for (const Data &input : inputs) {
    if (!input.rank())
      continue;
    if (shape.empty()) {
      shape.assign(input.type().getShape().begin(),
                   input.type().getShape().end());
      sizes = sizesOf(b, input.value);
      continue;
    }
    for (auto [i, size] : llvm::enumerate(input.type().getShape()))
      if (ShapedType::isDynamic(shape[i]) && !ShapedType::isDynamic(size)) {
        shape[i] = size;
        sizes[i] = b.getIndexAttr(size);
      }
  }
  int64_t rank = shape.size();
  llvm::SmallVector<Value> operands;
  llvm::SmallVector<AffineMap> maps;
  for (const Data &input : inputs)
    for (Value part : partsOf(input)) {
      auto type = cast<RankedTensorType>(part.getType());
      if (type.getRank()) {
        part = castTo(b, part,
                      RankedTensorType::get(shape, type.getElementType()));
        maps.push_back(b.getMultiDimIdentityMap(rank));
      } else {
        maps.push_back(AffineMap::get(rank, 0, {}, b.getContext()));
      }
      operands.push_back(part);
    }
  llvm::SmallVector<Value> inits = destinations(b, sizes, elements);
  maps.append(inits.size(), b.getMultiDimIdentityMap(rank));
  bool good = true;
  auto generic = linalg::GenericOp::create(
      b, TypeRange(ValueRange(inits)), operands, inits, maps, parallel(rank),
      [&](OpBuilder &builder, Location loc, ValueRange args) {
        B inner(loc, builder);
        Elements given;
        size_t next = 0;
        for (const Data &input : inputs) {
          Element element{input.element, args[next++], nullptr};
          if (input.isComplex())
            element.imag = args[next++];
          given.push_back(element);
        }
        auto results = body(inner, given);
        good = results.has_value();
        if (good)
          return yield(inner, *results);
        linalg::YieldOp::create(inner, args.take_back(inits.size()));
      });
  if (!good)
    return std::nullopt;
  return asData(elements, generic.getResults());
}

llvm::SmallVector<Data> generate(B &b, llvm::ArrayRef<OpFoldResult> sizes,
                                 llvm::ArrayRef<Type> elements,
                                 IndexBody body) {
  int64_t rank = sizes.size();
  llvm::SmallVector<Value> inits = destinations(b, sizes, elements);
  llvm::SmallVector<AffineMap> maps(inits.size(),
                                    b.getMultiDimIdentityMap(rank));
  auto generic = linalg::GenericOp::create(
      b, TypeRange(ValueRange(inits)), ValueRange(), inits, maps,
      parallel(rank), [&](OpBuilder &builder, Location loc, ValueRange) {
        B inner(loc, builder);
        llvm::SmallVector<Num> index;
        for (int64_t i = 0; i < rank; ++i)
          index.emplace_back(inner, linalg::IndexOp::create(inner, i));
        yield(inner, body(inner, index));
      });
  return asData(elements, generic.getResults());
}

Element at(B &b, const Data &data, llvm::ArrayRef<Num> index) {
  if (index.empty() && !data.isComplex())
    return {data.element, extractScalar(b, data.value), nullptr};
  Element element{data.element, linalg_ext::at(b, data.value, index), nullptr};
  if (data.isComplex())
    element.imag = linalg_ext::at(b, data.imag, index);
  return element;
}

Element choose(B &b, Value condition, const Element &yes, const Element &no) {
  Element result{yes.element,
                 arith::SelectOp::create(b, condition, yes.value, no.value),
                 nullptr};
  if (yes.isComplex())
    result.imag = arith::SelectOp::create(b, condition, yes.imag, no.imag);
  return result;
}

//===----------------------------------------------------------------------===//
// Moving whole tensors
//===----------------------------------------------------------------------===//

static llvm::SmallVector<int64_t> shapeOf(llvm::ArrayRef<OpFoldResult> sizes) {
  llvm::SmallVector<int64_t> shape;
  for (OpFoldResult size : sizes)
    shape.push_back(constantOf(size).value_or(ShapedType::kDynamic));
  return shape;
}

/// All elements in a row.
static Value flatten(B &b, Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (type.getRank() == 1)
    return tensor;
  if (type.getRank() == 0)
    return tensor::ExpandShapeOp::create(
        b, RankedTensorType::get({1}, type.getElementType()), tensor,
        llvm::ArrayRef<ReassociationIndices>());
  ReassociationIndices all;
  for (int64_t i = 0; i < type.getRank(); ++i)
    all.push_back(i);
  return tensor::CollapseShapeOp::create(
      b, tensor, llvm::ArrayRef<ReassociationIndices>(all));
}

Value reshape(B &b, Value tensor, llvm::ArrayRef<OpFoldResult> sizes) {
  auto type = cast<RankedTensorType>(tensor.getType());
  llvm::SmallVector<int64_t> shape = shapeOf(sizes);
  if (!ShapedType::isDynamicShape(shape) && type.getShape() == ArrayRef(shape))
    return tensor;
  auto result = RankedTensorType::get(shape, type.getElementType());
  if (type.hasStaticShape() && result.hasStaticShape()) {
    if (auto groups = getReassociationIndicesForReshape(type, result)) {
      if (type.getRank() > result.getRank())
        return tensor::CollapseShapeOp::create(b, result, tensor, *groups);
      if (type.getRank() < result.getRank())
        return tensor::ExpandShapeOp::create(b, result, tensor, *groups);
    }
  }
  Value flat = flatten(b, tensor);
  if (sizes.empty())
    return tensor::CollapseShapeOp::create(
        b, result,
        castTo(b, flat, RankedTensorType::get({1}, type.getElementType())),
        llvm::ArrayRef<ReassociationIndices>());
  if (sizes.size() == 1)
    return castTo(b, flat, result);
  ReassociationIndices all;
  for (size_t i = 0; i < sizes.size(); ++i)
    all.push_back(i);
  int64_t total =
      result.hasStaticShape() ? result.getNumElements() : ShapedType::kDynamic;
  flat = castTo(b, flat, RankedTensorType::get({total}, type.getElementType()));
  // A tensor of static size cannot be expanded to unknown ones.
  if (!result.hasStaticShape())
    flat = castTo(
        b, flat,
        RankedTensorType::get({ShapedType::kDynamic}, type.getElementType()));
  return tensor::ExpandShapeOp::create(
      b, result, flat, llvm::ArrayRef<ReassociationIndices>(all), sizes);
}

Value transpose(B &b, Value tensor, llvm::ArrayRef<int64_t> permutation) {
  bool isIdentity = true;
  llvm::SmallVector<OpFoldResult> from = sizesOf(b, tensor), sizes;
  for (auto [i, dim] : llvm::enumerate(permutation)) {
    isIdentity &= static_cast<int64_t>(i) == dim;
    sizes.push_back(from[dim]);
  }
  if (isIdentity)
    return tensor;
  Value init = empty(b, sizes, getElementTypeOrSelf(tensor.getType()));
  return linalg::TransposeOp::create(b, tensor, init, permutation)
      ->getResult(0);
}

Value filled(B &b, llvm::ArrayRef<OpFoldResult> sizes, Value scalar) {
  Value init = empty(b, sizes, scalar.getType());
  return linalg::FillOp::create(b, scalar, init).getResult(0);
}

Value broadcast(B &b, Value tensor, llvm::ArrayRef<int64_t> dims,
                llvm::ArrayRef<OpFoldResult> sizes) {
  auto type = cast<RankedTensorType>(tensor.getType());
  llvm::SmallVector<int64_t> shape = shapeOf(sizes);
  auto result = RankedTensorType::get(shape, type.getElementType());
  DenseElementsAttr constant;
  if (auto def = tensor.getDefiningOp<arith::ConstantOp>())
    constant = dyn_cast<DenseElementsAttr>(def.getValue());
  if (constant && constant.isSplat() && result.hasStaticShape())
    return arith::ConstantOp::create(
        b, DenseElementsAttr::get(result, constant.getSplatValue<Attribute>()));
  // Single dimensions are repeated, so loops do not index them.
  llvm::SmallVector<AffineExpr> exprs;
  llvm::SmallVector<OpFoldResult> kept;
  llvm::SmallVector<int64_t> maybeOne;
  for (auto [i, dim] : llvm::enumerate(dims)) {
    OpFoldResult size = sizeOf(b, tensor, i);
    if (constantOf(size) == 1 && constantOf(sizes[dim]) != 1)
      continue;
    if (!constantOf(size) && size != sizes[dim])
      maybeOne.push_back(i);
    exprs.push_back(b.getAffineDimExpr(dim));
    kept.push_back(size);
  }
  int64_t rank = sizes.size();
  // New dimensions of size one are no repetition.
  bool repeats = !llvm::is_sorted(dims) || kept.size() != dims.size();
  for (int64_t dim = 0; dim < rank; ++dim)
    repeats |= !llvm::is_contained(dims, dim) && constantOf(sizes[dim]) != 1;
  if (!repeats && maybeOne.empty())
    return reshape(b, tensor, sizes);
  if (!maybeOne.empty()) {
    Data data;
    data.element = type.getElementType();
    data.value = tensor;
    auto made = generate(
        b, sizes, type.getElementType(),
        [&](B &inner, llvm::ArrayRef<Num> index) -> Elements {
          llvm::SmallVector<Num> place;
          for (auto [i, dim] : llvm::enumerate(dims)) {
            Num last(inner, indexOf(inner, sub(inner, sizeOf(b, tensor, i),
                                               inner.getIndexAttr(1))));
            place.push_back(index[dim].min(last));
          }
          return {at(inner, data, place)};
        });
    return made.front().value;
  }
  bool isIdentity = static_cast<int64_t>(exprs.size()) == rank &&
                    AffineMap::get(rank, 0, exprs, b.getContext()).isIdentity();
  Value source =
      exprs.size() == dims.size() ? tensor : reshape(b, tensor, kept);
  if (isIdentity)
    return castTo(b, source, result);
  Value init = empty(b, sizes, type.getElementType());
  return linalg::GenericOp::create(
             b, init.getType(), source, init,
             llvm::ArrayRef<AffineMap>{
                 AffineMap::get(rank, 0, exprs, b.getContext()),
                 b.getMultiDimIdentityMap(rank)},
             parallel(rank),
             [](OpBuilder &builder, Location loc, ValueRange args) {
               linalg::YieldOp::create(builder, loc, args[0]);
             })
      .getResult(0);
}

Value reverse(B &b, Value tensor, llvm::ArrayRef<int64_t> dims) {
  Data data;
  data.element = getElementTypeOrSelf(tensor.getType());
  data.value = tensor;
  llvm::SmallVector<OpFoldResult> sizes = sizesOf(b, tensor);
  llvm::SmallVector<Value> last;
  for (OpFoldResult size : sizes)
    last.push_back(indexOf(b, sub(b, size, b.getIndexAttr(1))));
  auto made = generate(b, sizes, data.element,
                       [&](B &inner, llvm::ArrayRef<Num> index) -> Elements {
                         llvm::SmallVector<Num> place(index);
                         for (int64_t dim : dims)
                           place[dim] = Num(inner, last[dim]) - index[dim];
                         return {at(inner, data, place)};
                       });
  return made.front().value;
}

Value pad(B &b, Value tensor, Value scalar, llvm::ArrayRef<OpFoldResult> low,
          llvm::ArrayRef<OpFoldResult> high,
          llvm::ArrayRef<OpFoldResult> interior) {
  auto zero = [](OpFoldResult size) { return constantOf(size) == 0; };
  if (llvm::all_of(low, zero) && llvm::all_of(high, zero) &&
      llvm::all_of(interior, zero))
    return tensor;
  llvm::SmallVector<OpFoldResult> from = sizesOf(b, tensor), sizes;
  OpFoldResult one = b.getIndexAttr(1);
  bool isPlain = llvm::all_of(interior, zero);
  auto notNegative = [](OpFoldResult size) {
    auto constant = constantOf(size);
    return constant && *constant >= 0;
  };
  isPlain &= llvm::all_of(low, notNegative) && llvm::all_of(high, notNegative);
  for (auto [i, size] : llvm::enumerate(from)) {
    OpFoldResult whole = size;
    if (constantOf(interior[i]) != 0) {
      OpFoldResult gaps = sub(b, size, one);
      if (auto constant = constantOf(gaps))
        gaps = b.getIndexAttr(std::max<int64_t>(*constant, 0));
      whole = add(b, size, mul(b, gaps, interior[i]));
    }
    sizes.push_back(add(b, add(b, low[i], whole), high[i]));
  }
  if (isPlain) {
    auto type = RankedTensorType::get(shapeOf(sizes), scalar.getType());
    return tensor::PadOp::create(b, type, tensor, low, high, scalar)
        .getResult();
  }
  if (llvm::any_of(from, zero))
    return filled(b, sizes, scalar);
  // Elements come from every (interior + 1)-th place after the low padding.
  Data data;
  data.element = scalar.getType();
  data.value = tensor;
  llvm::SmallVector<Value> lows, steps, counts;
  for (auto [i, size] : llvm::enumerate(from)) {
    lows.push_back(indexOf(b, low[i]));
    steps.push_back(indexOf(b, add(b, interior[i], one)));
    counts.push_back(indexOf(b, size));
  }
  auto made = generate(
      b, sizes, scalar.getType(),
      [&](B &inner, llvm::ArrayRef<Num> index) -> Elements {
        Num inside;
        llvm::SmallVector<Num> place;
        for (auto [i, position] : llvm::enumerate(index)) {
          Num moved = position - Num(inner, lows[i]), step(inner, steps[i]);
          Num source = moved / step;
          Num ok = (moved >= 0) & (moved % step == indexNum(inner, 0)) &
                   (source < Num(inner, counts[i]));
          inside = inside ? inside & ok : ok;
          place.push_back(source);
        }
        for (auto [i, position] : llvm::enumerate(place))
          position = position.max(0).min(Num(inner, counts[i]) - 1);
        Value value = at(inner, data, place).value;
        return {{data.element,
                 arith::SelectOp::create(inner, inside, value, scalar),
                 nullptr}};
      });
  return made.front().value;
}

} // namespace orchestra::stablehlo::frontend
