//===- Fourier.cpp - Fourier transforms -----------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One dimension after the other, each in the last place: by the fast transform
// where its length is a power of two, else by the table of all factors.
//
//===----------------------------------------------------------------------===//
#include "Importer.h"

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;

namespace orchestra::stablehlo::frontend {
namespace {

using B = ImplicitLocOpBuilder;

/// cos and sin of 2 pi (j k mod n) / n, in the rows of a table.
Value table(B &b, ArrayRef<int64_t> shape, Type type,
            llvm::function_ref<double(int64_t, int64_t)> value) {
  SmallVector<llvm::APFloat> numbers;
  for (int64_t row = 0; row < shape[0]; ++row)
    for (int64_t column = 0; column < shape[1]; ++column) {
      llvm::APFloat number(value(row, column));
      bool loses;
      number.convert(cast<FloatType>(type).getFloatSemantics(),
                     llvm::APFloat::rmNearestTiesToEven, &loses);
      numbers.push_back(number);
    }
  return arith::ConstantOp::create(
      b, DenseElementsAttr::get(RankedTensorType::get(shape, type), numbers));
}

double turn(int64_t numerator, int64_t n) {
  return 2 * llvm::numbers::pi * static_cast<double>(numerator % n) /
         static_cast<double>(n);
}

/// sum over j of x[..., j] * w[j, k]
Value times(B &b, Value x, Value w) {
  int64_t rank = cast<RankedTensorType>(x.getType()).getRank();
  Type type = getElementTypeOrSelf(x.getType());
  SmallVector<OpFoldResult> sizes = sizesOf(b, x);
  sizes.back() = sizeOf(b, w, 1);
  SmallVector<AffineExpr> in, out;
  for (int64_t i = 0; i + 1 < rank; ++i) {
    in.push_back(b.getAffineDimExpr(i));
    out.push_back(b.getAffineDimExpr(i));
  }
  in.push_back(b.getAffineDimExpr(rank));
  out.push_back(b.getAffineDimExpr(rank - 1));
  MLIRContext *context = b.getContext();
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  loops.push_back(utils::IteratorType::reduction);
  Value init = filled(b, sizes, scalar(b, type, 0));
  return linalg::GenericOp::create(
             b, init.getType(), ValueRange{x, w}, init,
             ArrayRef<AffineMap>{AffineMap::get(rank + 1, 0, in, context),
                                 AffineMap::get(rank + 1, 0,
                                                {b.getAffineDimExpr(rank),
                                                 b.getAffineDimExpr(rank - 1)},
                                                context),
                                 AffineMap::get(rank + 1, 0, out, context)},
             loops,
             [](OpBuilder &builder, Location loc, ValueRange args) {
               Value product =
                   arith::MulFOp::create(builder, loc, args[0], args[1]);
               linalg::YieldOp::create(
                   builder, loc,
                   arith::AddFOp::create(builder, loc, args[2], product)
                       .getResult());
             })
      .getResult(0);
}

/// Two tensors, element by element.
Value combined(B &b, Value x, Value y, bool isSum) {
  SmallVector<Data> inputs(2);
  inputs[0].element = inputs[1].element = getElementTypeOrSelf(x.getType());
  inputs[0].value = x;
  inputs[1].value = y;
  return elementwise(b, inputs, inputs[0].element,
                     [&](B &inner, ArrayRef<Element> in) {
                       Num p(inner, in[0].value), q(inner, in[1].value);
                       return std::optional<Elements>(Elements{
                           {in[0].element, isSum ? p + q : p - q, nullptr}});
                     })
      ->front()
      .value;
}

Value scaled(B &b, Value x, double factor) {
  Data data;
  data.element = getElementTypeOrSelf(x.getType());
  data.value = x;
  return elementwise(b, data, data.element,
                     [&](B &inner, ArrayRef<Element> in) {
                       Num y = Num(inner, in[0].value) * factor;
                       return std::optional<Elements>(
                           Elements{{data.element, y, nullptr}});
                     })
      ->front()
      .value;
}

/// Along the last dimension, of `n` elements; not divided by n.
Data transformLast(B &b, const Data &x, int64_t n, bool inverse) {
  Type type = storedType(x.element);
  Data y;
  y.element = x.element;
  constexpr int64_t smallest = 16;
  if (n >= smallest && (n & (n - 1)) == 0) {
    Value factors = table(b, {2, n / 2}, type, [&](int64_t row, int64_t j) {
      return row ? std::sin(turn(j, n)) : std::cos(turn(j, n));
    });
    SmallVector<OpFoldResult> sizes = sizesOf(b, x.value);
    Value init = empty(b, sizes, type);
    auto made = linalg_ext::FourierOp::create(
        b, TypeRange{init.getType(), init.getType()},
        inverse ? b.getUnitAttr() : UnitAttr(), x.value, x.imag, factors,
        ValueRange{init, init});
    y.value = made.getResult(0);
    y.imag = made.getResult(1);
    return y;
  }
  Value cosines = table(b, {n, n}, type, [&](int64_t j, int64_t k) {
    return std::cos(turn(j * k, n));
  });
  Value sines = table(b, {n, n}, type, [&](int64_t j, int64_t k) {
    return (inverse ? 1 : -1) * std::sin(turn(j * k, n));
  });
  y.value =
      combined(b, times(b, x.value, cosines), times(b, x.imag, sines), false);
  y.imag =
      combined(b, times(b, x.value, sines), times(b, x.imag, cosines), true);
  return y;
}

Data transformDim(B &b, const Data &x, int64_t dim, int64_t n, bool inverse) {
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < x.rank(); ++i)
    order.push_back(i);
  std::swap(order[dim], order.back());
  auto swap = [&](const Data &data) {
    return onParts(data,
                   [&](Value value) { return transpose(b, value, order); });
  };
  return swap(transformLast(b, swap(x), n, inverse));
}

/// The first elements of the last dimension.
Data firstOf(B &b, const Data &x, int64_t count) {
  return onParts(x, [&](Value value) -> Value {
    SmallVector<OpFoldResult> sizes = sizesOf(b, value);
    SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0)),
        strides(sizes.size(), b.getIndexAttr(1));
    sizes.back() = b.getIndexAttr(count);
    return tensor::ExtractSliceOp::create(b, value, offsets, sizes, strides);
  });
}

/// The half of a spectrum that the other half follows from, made whole.
Data wholeOf(B &b, const Data &x, int64_t n) {
  SmallVector<OpFoldResult> sizes = sizesOf(b, x.value);
  sizes.back() = b.getIndexAttr(n);
  return generate(b, sizes, x.element,
                  [&](B &inner, ArrayRef<Num> index) -> Elements {
                    SmallVector<Num> place(index);
                    Num k = index.back(), half = indexNum(inner, n / 2);
                    Num first = k <= half;
                    place.back() = first.choose(k, indexNum(inner, n) - k);
                    Element there = at(inner, x, place);
                    return {
                        choose(inner, first, there, conjugate(inner, there))};
                  })
      .front();
}

LogicalResult lowerFft(Op &op) {
  auto fft = cast<FftOp>(op.op);
  B &b = op.b;
  Data x = op.in(0);
  auto type = cast<RankedTensorType>(op.op->getResult(0).getType());
  if (type.hasStaticShape() && type.getNumElements() == 0) {
    Data nothing;
    nothing.element = type.getElementType();
    SmallVector<OpFoldResult> sizes =
        getAsIndexOpFoldResult(b.getContext(), type.getShape());
    nothing.value = empty(b, sizes, storedType(nothing.element));
    if (isa<ComplexType>(nothing.element))
      nothing.imag = empty(b, sizes, storedType(nothing.element));
    return op.set(nothing);
  }
  ArrayRef<int64_t> lengths = fft.getFftLength();
  FftType kind = fft.getFftType();
  bool inverse = kind == FftType::IFFT || kind == FftType::IRFFT;
  constexpr int64_t longestTable = 2048;
  double count = 1;
  for (int64_t n : lengths) {
    if (n < 1 || (n > longestTable && (n & (n - 1))))
      return op.unsupported("a length of " + std::to_string(n));
    count *= static_cast<double>(n);
  }
  int64_t last = x.rank() - 1;
  if (kind == FftType::RFFT) {
    x.imag =
        filled(b, sizesOf(b, x.value), scalar(b, storedType(x.element), 0));
    x.element = ComplexType::get(x.element);
    x = firstOf(b, transformDim(b, x, last, lengths.back(), false),
                lengths.back() / 2 + 1);
  }
  // The dimensions before the last one.
  for (size_t i = lengths.size() - 1; i-- > 0;)
    x = transformDim(b, x, last - (lengths.size() - 1 - i), lengths[i],
                     inverse);
  if (kind == FftType::IRFFT)
    x = wholeOf(b, x, lengths.back());
  if (kind != FftType::RFFT)
    x = transformDim(b, x, last, lengths.back(), inverse);
  if (inverse)
    x = onParts(x, [&](Value value) { return scaled(b, value, 1 / count); });
  if (kind == FftType::IRFFT) {
    x.element = storedType(x.element);
    x.imag = nullptr;
  }
  return op.set(x);
}

} // namespace

void addFourier(Table &table) { table["fft"] = lowerFft; }

} // namespace orchestra::stablehlo::frontend
