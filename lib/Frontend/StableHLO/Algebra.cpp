//===- Algebra.cpp - Triangular systems and their roots -------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Column after column: what a column decides is taken from all that follow it.
//
//===----------------------------------------------------------------------===//
#include "Importer.h"

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace orchestra::stablehlo::frontend {
namespace {

using B = ImplicitLocOpBuilder;
using List = SmallVector<Data>;

/// A square root of a real or complex element that is positive.
Element rootOf(B &b, const Element &x) {
  Element root = x;
  root.value = math::SqrtOp::create(b, x.value);
  if (x.isComplex())
    root.imag = scalar(b, x.imag.getType(), 0);
  return root;
}

/// The place in matrices of a batch.
Element entry(B &b, const Data &data, ArrayRef<Num> batch, Num row,
              Num column) {
  SmallVector<Num> place(batch);
  place.append({row, column});
  return at(b, data, place);
}

LogicalResult lowerTriangularSolve(Op &op) {
  auto solve = cast<TriangularSolveOp>(op.op);
  Data a = op.in(0), x = op.in(1);
  bool left = solve.getLeftSide(), unit = solve.getUnitDiagonal();
  bool turned = solve.getTransposeA() != Transpose::NO_TRANSPOSE;
  bool conjugated = solve.getTransposeA() == Transpose::ADJOINT;
  // x a = b is the transposed system.
  bool lower = (solve.getLower() != turned) == left;
  bool swap = turned == left;
  OpFoldResult count = sizeOf(op.b, a.value, a.rank() - 1);
  Value last = indexOf(op.b, sub(op.b, count, op.b.getIndexAttr(1)));
  auto coefficient = [&](B &b, ArrayRef<Num> batch, Num row, Num column) {
    Element element = swap ? entry(b, a, batch, column, row)
                           : entry(b, a, batch, row, column);
    return conjugated ? conjugate(b, element) : element;
  };
  auto results =
      repeat(op.b, count, x, [&](B &b, Num step, ArrayRef<Data> now) -> List {
        Num k = lower ? step : Num(b, last) - step;
        const Data &rest = now.front();
        return generate(
            b, sizesOf(b, rest.value), rest.element,
            [&](B &inner, ArrayRef<Num> index) -> Elements {
              ArrayRef<Num> batch = index.drop_back(2);
              Num row = index[index.size() - (left ? 2 : 1)];
              Num column = index[index.size() - (left ? 1 : 2)];
              Num here(inner, k);
              Element mine = at(inner, rest, index);
              Element solved = left ? entry(inner, rest, batch, here, column)
                                    : entry(inner, rest, batch, column, here);
              if (!unit)
                solved = quotient(inner, solved,
                                  coefficient(inner, batch, here, here));
              Element reduced = difference(
                  inner, mine,
                  times(inner, coefficient(inner, batch, row, here), solved));
              Num follows = lower ? row > here : row < here;
              Element result = choose(inner, follows, reduced, mine);
              return {choose(inner, row == here, solved, result)};
            });
      });
  return results ? op.set(results->front()) : failure();
}

LogicalResult lowerCholesky(Op &op) {
  auto cholesky = cast<CholeskyOp>(op.op);
  Data a = op.in(0);
  bool lower = cholesky.getLower();
  OpFoldResult count = sizeOf(op.b, a.value, a.rank() - 1);
  // The part that is given, as a lower triangle.
  Data start =
      generate(op.b, sizesOf(op.b, a.value), a.element,
               [&](B &b, ArrayRef<Num> index) -> Elements {
                 Num row = index[index.size() - 2], column = index.back();
                 ArrayRef<Num> batch = index.drop_back(2);
                 Element given =
                     lower ? at(b, a, index)
                           : conjugate(b, entry(b, a, batch, column, row));
                 Element zero = given;
                 zero.value = scalar(b, given.value.getType(), 0);
                 if (zero.isComplex())
                   zero.imag = zero.value;
                 return {choose(b, row >= column, given, zero)};
               })
          .front();
  auto results =
      repeat(op.b, count, start, [&](B &b, Num k, ArrayRef<Data> now) -> List {
        const Data &rest = now.front();
        return generate(
            b, sizesOf(b, rest.value), rest.element,
            [&](B &inner, ArrayRef<Num> index) -> Elements {
              ArrayRef<Num> batch = index.drop_back(2);
              Num row = index[index.size() - 2], column = index.back();
              Num here(inner, k);
              Element mine = at(inner, rest, index);
              Element pivot = entry(inner, rest, batch, here, here);
              Element scaled = quotient(inner, mine, rootOf(inner, pivot));
              Element left = entry(inner, rest, batch, row, here);
              Element right = entry(inner, rest, batch, column, here);
              Element taken = quotient(
                  inner, times(inner, left, conjugate(inner, right)), pivot);
              Element reduced = difference(inner, mine, taken);
              Num inColumn = (column == here) & (row >= here);
              Num after = (column > here) & (row >= column);
              Element result = choose(inner, after, reduced, mine);
              return {choose(inner, inColumn, scaled, result)};
            });
      });
  if (!results)
    return failure();
  Data root = results->front();
  if (lower)
    return op.set(root);
  return op.set(generate(op.b, sizesOf(op.b, root.value), root.element,
                         [&](B &b, ArrayRef<Num> index) -> Elements {
                           return {
                               conjugate(b, entry(b, root, index.drop_back(2),
                                                  index.back(),
                                                  index[index.size() - 2]))};
                         })
                    .front());
}

//===----------------------------------------------------------------------===//
// Normalization
//===----------------------------------------------------------------------===//

/// A vector of one number a feature, beside every element.
Data besides(B &b, const Data &vector, const Data &like, int64_t feature) {
  return onParts(vector, [&](Value value) {
    return broadcast(b, value, feature, sizesOf(b, like.value));
  });
}

LogicalResult lowerBatchNormInference(Op &op) {
  auto norm = cast<BatchNormInferenceOp>(op.op);
  Data x = op.in(0);
  int64_t feature = norm.getFeatureIndex();
  SmallVector<Data> inputs{x};
  for (unsigned i = 1; i < 5; ++i)
    inputs.push_back(besides(op.b, op.in(i), x, feature));
  double epsilon = norm.getEpsilon().convertToDouble();
  auto result =
      elementwise(op.b, inputs, x.element, [&](B &b, ArrayRef<Element> in) {
        auto v = [&](unsigned i) { return Num(b, in[i].value); };
        Num y = v(1) * (v(0) - v(3)) / (v(4) + epsilon).sqrt() + v(2);
        return std::optional<Elements>(Elements{{x.element, y, nullptr}});
      });
  return op.set(result->front());
}

/// The mean over all dimensions but one of what `body` makes of elements.
Data meanOf(B &b, ArrayRef<Data> inputs, int64_t feature, bool isSum,
            llvm::function_ref<Num(ArrayRef<Num>)> body) {
  const Data &x = inputs[0];
  Type type = storedType(x.element);
  int64_t rank = x.rank();
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::reduction);
  loops[feature] = utils::IteratorType::parallel;
  SmallVector<OpFoldResult> sizes = sizesOf(b, x.value);
  Value init = filled(b, sizes[feature], scalar(b, type, 0));
  SmallVector<AffineMap> maps(inputs.size(), b.getMultiDimIdentityMap(rank));
  maps.push_back(AffineMap::get(rank, 0, b.getAffineDimExpr(feature)));
  auto sums = linalg::GenericOp::create(
      b, init.getType(), partsOf(inputs), init, maps, loops,
      [&](OpBuilder &builder, Location loc, ValueRange args) {
        B inner(loc, builder);
        SmallVector<Num> in = linalg_ext::numbers(inner, args);
        Num total = in.pop_back_val();
        linalg::YieldOp::create(inner, Value(total + body(in)));
      });
  Data data;
  data.element = x.element;
  data.value = sums.getResult(0);
  if (isSum)
    return data;
  OpFoldResult count = div(b, product(b, sizes), sizes[feature]);
  Num number(b, indexOf(b, count));
  Value divisor = number.toFloat(type);
  return elementwise(b, data, data.element,
                     [&](B &inner, ArrayRef<Element> in) {
                       Num mean = Num(inner, in[0].value) / Num(inner, divisor);
                       return std::optional<Elements>(
                           Elements{{data.element, mean, nullptr}});
                     })
      ->front();
}

LogicalResult lowerBatchNormTraining(Op &op) {
  auto norm = cast<BatchNormTrainingOp>(op.op);
  Data x = op.in(0);
  int64_t feature = norm.getFeatureIndex();
  Data mean =
      meanOf(op.b, x, feature, false, [](ArrayRef<Num> in) { return in[0]; });
  Data wide = besides(op.b, mean, x, feature);
  Data variance = meanOf(op.b, {x, wide}, feature, false, [](ArrayRef<Num> in) {
    return (in[0] - in[1]) * (in[0] - in[1]);
  });
  SmallVector<Data> inputs{x, besides(op.b, op.in(1), x, feature),
                           besides(op.b, op.in(2), x, feature), wide,
                           besides(op.b, variance, x, feature)};
  double epsilon = norm.getEpsilon().convertToDouble();
  auto result =
      elementwise(op.b, inputs, x.element, [&](B &b, ArrayRef<Element> in) {
        auto v = [&](unsigned i) { return Num(b, in[i].value); };
        Num y = v(1) * (v(0) - v(3)) / (v(4) + epsilon).sqrt() + v(2);
        return std::optional<Elements>(Elements{{x.element, y, nullptr}});
      });
  (void)op.set(0, result->front());
  (void)op.set(1, mean);
  return op.set(2, variance);
}

} // namespace

void addAlgebra(Table &table) {
  table["batch_norm_inference"] = lowerBatchNormInference;
  table["batch_norm_training"] = lowerBatchNormTraining;
  table["cholesky"] = lowerCholesky;
  table["triangular_solve"] = lowerTriangularSolve;
}

} // namespace orchestra::stablehlo::frontend
