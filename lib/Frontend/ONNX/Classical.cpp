//===- Classical.cpp - Linear models and tables of ai.onnx.ml -------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Classical.h"
#include "Table.h"
#include "Vectors.h"

#include <cstring>

using namespace mlir;

namespace orchestra::onnx {

std::vector<double> numbersOf(const Tensor &tensor) {
  std::vector<double> values;
  auto read = [&](auto sample) {
    for (size_t i = 0; i + sizeof(sample) <= tensor.bytes.size();
         i += sizeof(sample)) {
      std::memcpy(&sample, tensor.bytes.data() + i, sizeof(sample));
      values.push_back(static_cast<double>(sample));
    }
  };
  switch (tensor.type) {
  case ElementType::Float:
    read(float());
    break;
  case ElementType::Double:
    read(double());
    break;
  case ElementType::Int64:
    read(int64_t());
    break;
  case ElementType::Int32:
    read(int32_t());
    break;
  case ElementType::UInt8:
    read(uint8_t());
    break;
  default:
    break;
  }
  return values;
}

std::optional<Data>
mapNumbers(Op &op, llvm::ArrayRef<Data> inputs, ElementType type,
           llvm::function_ref<Num(llvm::ArrayRef<Num>)> formula) {
  return elementwise(op, inputs, type,
                     [&](Num::Builder &b, ValueRange v) -> Value {
                       return formula(numbers(b, v));
                     });
}

namespace {

/// The inverse of the error function, by Winitzki's formula, as ONNX Runtime
/// has it.
Num probit(Num score) {
  Num x = score * 2.0 - 1.0;
  Num rest = ((x.constant(1) - x) * (x + 1.0)).log();
  Num v = rest * 0.5 + 2 / (3.14159 * 0.147);
  Num size = ((v * v - rest / 0.147).sqrt() - v).sqrt() * 1.41421356;
  return (x < 0.0).choose(x.constant(0) - size, size);
}

} // namespace

std::optional<Data> postTransform(Op &op, const Data &scores,
                                  const std::string &how) {
  if (how == "NONE" || how.empty())
    return scores;
  if (how == "LOGISTIC")
    return mapNumbers(op, scores, scores.type, [](llvm::ArrayRef<Num> v) {
      return v[0].constant(1) / ((v[0].constant(0) - v[0]).exp() + 1.0);
    });
  if (how == "PROBIT")
    return mapNumbers(op, scores, scores.type,
                      [](llvm::ArrayRef<Num> v) { return probit(v[0]); });
  bool zeros = how == "SOFTMAX_ZERO";
  if (how != "SOFTMAX" && !zeros) {
    (void)op.fail("invalid-attribute",
                  op.node.op + ": post_transform is '" + how + "'");
    return std::nullopt;
  }
  Data top = reduce(op, scores, {1}, true, Reduction::Max);
  auto powers =
      mapNumbers(op, {scores, top}, scores.type, [&](llvm::ArrayRef<Num> v) {
        Num power = (v[0] - v[1]).exp();
        // What is 0 stays 0 and does not count.
        return zeros ? (v[0].abs() < 1e-7).choose(power.constant(0), power)
                     : power;
      });
  if (!powers)
    return std::nullopt;
  Data sum = reduce(op, *powers, {1}, true, Reduction::Sum);
  return mapNumbers(op, {*powers, sum}, scores.type,
                    [&](llvm::ArrayRef<Num> v) {
                      Num share = v[0] / v[1];
                      return zeros ? (v[1] == 0).choose(v[0], share) : share;
                    });
}

std::optional<Data> readRows(Op &op) {
  const Data &x = op.in(0);
  if (!op.expectType(x, isFloat(x.type) || isInt(x.type), "X"))
    return std::nullopt;
  Data rows = x.rank() == 1 ? reshape(op, x, {Dim(1), x.shape[0]}) : x;
  if (rows.rank() != 2) {
    (void)op.fail("shape-mismatch", op.node.op + ": X must be a matrix",
                  {"X is " + op.text(x.shape)});
    return std::nullopt;
  }
  return convert(op, rows,
                 x.type == ElementType::Double ? x.type : ElementType::Float);
}

std::optional<Data> floatVector(Op &op, llvm::StringRef name,
                                ElementType type) {
  auto values = op.floatsAttr(name);
  return convert(op, constantVector<float>(op, ElementType::Float, values),
                 type);
}

std::optional<Data> linear(Op &op, const Data &x, int64_t classes) {
  auto factors = op.floatsAttr("coefficients");
  auto features = x.shape[1].constant();
  if (classes < 1 || factors.size() % classes != 0 ||
      (features &&
       static_cast<int64_t>(factors.size()) != *features * classes)) {
    (void)op.fail("invalid-attribute", op.node.op + ": coefficients do not fit",
                  {"X is " + op.text(x.shape) + ", there are " +
                   std::to_string(factors.size()) + " coefficients for " +
                   std::to_string(classes) + " results"});
    return std::nullopt;
  }
  auto vector = floatVector(op, "coefficients", x.type);
  if (!vector)
    return std::nullopt;
  int64_t width = static_cast<int64_t>(factors.size()) / classes;
  Data weights =
      transpose(op, reshape(op, *vector, {Dim(classes), Dim(width)}), {1, 0});
  auto product = matmul(op, x, weights);
  if (!product || op.floatsAttr("intercepts").empty())
    return product;
  auto offsets = floatVector(op, "intercepts", x.type);
  if (!offsets)
    return std::nullopt;
  return mapNumbers(op, {*product, *offsets}, x.type,
                    [](llvm::ArrayRef<Num> v) { return v[0] + v[1]; });
}

namespace {

LogicalResult lowerLinearRegressor(Op &op) {
  auto x = readRows(op);
  auto scores = x ? linear(op, *x, op.intAttr("targets", 1)) : std::nullopt;
  auto post = scores ? postTransform(op, *scores,
                                     op.stringAttr("post_transform", "NONE"))
                     : std::nullopt;
  auto result = post ? convert(op, *post, ElementType::Float) : std::nullopt;
  return result ? op.set(0, *result) : failure();
}

/// 1 above the threshold, else 0
LogicalResult lowerBinarizer(Op &op) {
  const Data &x = op.in(0);
  if (!op.expectType(x, isFloat(x.type) || isSignedInt(x.type), "X"))
    return failure();
  double threshold = op.floatAttr("threshold", 0);
  auto result = mapNumbers(op, x, x.type, [&](llvm::ArrayRef<Num> v) {
    return (v[0] > v[0].constant(threshold))
        .choose(v[0].constant(1), v[0].constant(0));
  });
  return result ? op.set(0, *result) : failure();
}

/// (x - offset) * scale
LogicalResult lowerScaler(Op &op) {
  const Data &x = op.in(0);
  if (!op.expectType(x, isFloat(x.type) || isInt(x.type), "X"))
    return failure();
  auto wide = convert(
      op, x, x.type == ElementType::Double ? x.type : ElementType::Float);
  auto offset = wide ? floatVector(op, "offset", wide->type) : std::nullopt,
       scale = wide ? floatVector(op, "scale", wide->type) : std::nullopt;
  if (!offset || !scale)
    return failure();
  auto moved =
      mapNumbers(op, {*wide, *offset, *scale}, wide->type,
                 [](llvm::ArrayRef<Num> v) { return (v[0] - v[1]) * v[2]; });
  auto result = moved ? convert(op, *moved, ElementType::Float) : std::nullopt;
  return result ? op.set(0, *result) : failure();
}

/// Rows divided by their norm
LogicalResult lowerNormalizer(Op &op) {
  auto x = readRows(op);
  std::string norm = op.stringAttr("norm", "MAX");
  if (!x)
    return failure();
  if (norm != "MAX" && norm != "L1" && norm != "L2")
    return op.fail("invalid-attribute", "Normalizer: norm is '" + norm + "'");
  auto sizes = mapNumbers(op, *x, x->type, [&](llvm::ArrayRef<Num> v) {
    return norm == "L2" ? v[0] * v[0] : v[0].abs();
  });
  if (!sizes)
    return failure();
  Data total = reduce(op, *sizes, {1}, true,
                      norm == "MAX" ? Reduction::Max : Reduction::Sum);
  auto scaled =
      mapNumbers(op, {*x, total}, x->type, [&](llvm::ArrayRef<Num> v) {
        Num size = norm == "L2" ? v[1].sqrt() : v[1];
        return v[0] / size.max(1e-30);
      });
  auto result =
      scaled ? convert(op, *scaled, ElementType::Float) : std::nullopt;
  return result ? op.set(0, reshape(op, *result, op.in(0).shape)) : failure();
}

/// x[..., y]
LogicalResult lowerArrayFeatureExtractor(Op &op) {
  const Data &x = op.in(0), &places = op.in(1);
  if (!op.expectType(places, places.type == ElementType::Int64, "Y"))
    return failure();
  if (x.rank() < 1)
    return op.fail("shape-mismatch",
                   "ArrayFeatureExtractor: X must not be a scalar");
  Dim count(1);
  for (const Dim &dim : places.shape)
    count = count * dim;
  Shape shape(x.shape.begin(), x.shape.end() - 1);
  if (shape.empty())
    shape.push_back(Dim(1));
  shape.push_back(count);
  Value source = op.value(x), which = op.value(reshape(op, places, {count}));
  Value size = op.dims.materialize(x.shape.back(), op.b, op.b.getLoc());
  if (!source || !which || op.failed())
    return failure();
  return op.set(0, generate(op, shape, x.type,
                            [&](Num::Builder &b, ValueRange index) -> Value {
                              auto i = numbers(b, index);
                              Num place = at(b, which, i.back()).asIndex();
                              llvm::SmallVector<Num> from(i.end() - x.rank(),
                                                          i.end());
                              from.back() = place.max(0).min(Num(b, size) - 1);
                              return at(b, source, from);
                            }));
}

/// Numbers that stand for missing ones are replaced
LogicalResult lowerImputer(Op &op) {
  const Data &x = op.in(0);
  bool floats = isFloat(x.type);
  if (!op.expectType(x, floats || x.type == ElementType::Int64, "X"))
    return failure();
  Data values;
  if (floats) {
    auto given = floatVector(op, "imputed_value_floats", x.type);
    if (!given)
      return failure();
    values = *given;
  } else {
    values = constantVector<int64_t>(op, ElementType::Int64,
                                     op.intsAttr("imputed_value_int64s"));
  }
  auto columns = x.rank() ? x.shape.back().constant() : std::nullopt;
  if (!values.shape[0].is(1) && (!columns || !values.shape[0].is(*columns)))
    return op.fail("invalid-attribute",
                   "Imputer: the imputed values do not fit X",
                   {"X is " + op.text(x.shape)});
  float missing = op.floatAttr("replaced_value_float", 0);
  int64_t number = op.intAttr("replaced_value_int64", 0);
  auto result = mapNumbers(op, {x, values}, x.type, [&](llvm::ArrayRef<Num> v) {
    Num gone = !floats ? v[0] == Num(v[0].b(),
                                     scalarInt(v[0].b(), v[0].type(), number))
               : missing != missing ? v[0] != v[0]
                                    : v[0] == v[0].constant(missing);
    return gone.choose(v[1], v[0]);
  });
  return result ? op.set(0, *result) : failure();
}

/// 1 where an element is the category, a last dimension of them
LogicalResult lowerOneHotEncoder(Op &op) {
  const Data &x = op.in(0);
  auto categories = labelsOf(op, "cats_int64s", "cats_strings");
  if (!categories)
    return failure();
  bool strings = categories->type == ElementType::String;
  if (!op.expectType(x,
                     strings ? x.type == ElementType::String
                             : isFloat(x.type) || isSignedInt(x.type),
                     "X"))
    return failure();
  if (op.intAttr("zeros", 1) == 0)
    return op.unsupported("an error for unknown categories");
  auto whole = strings ? x : convert(op, x, ElementType::Int64);
  if (!whole)
    return failure();
  // Of equal categories the last one counts, as in ONNX Runtime.
  auto texts = op.stringsAttr("cats_strings");
  auto integers = op.intsAttr("cats_int64s");
  std::vector<float> counts(strings ? texts.size() : integers.size(), 1);
  for (size_t i = 0; i < counts.size(); ++i)
    for (size_t later = i + 1; later < counts.size(); ++later)
      if (strings ? texts[i] == texts[later] : integers[i] == integers[later])
        counts[i] = 0;
  Data ones = constantVector<float>(op, ElementType::Float, counts);
  Shape shape = x.shape;
  shape.push_back(Dim(1));
  auto result = elementwise(
      op, {reshape(op, *whole, shape), *categories, ones}, ElementType::Float,
      [](Num::Builder &b, ValueRange v) -> Value {
        Num here(b, v[2]);
        return (Num(b, v[0]) == Num(b, v[1])).choose(here, here.constant(0));
      });
  return result ? op.set(0, *result) : failure();
}

/// Inputs side by side, each cut or filled to its width
LogicalResult lowerFeatureVectorizer(Op &op) {
  auto widths = op.intsAttr("inputdimensions");
  if (widths.size() != op.numInputs() || widths.empty())
    return op.fail("invalid-attribute",
                   "FeatureVectorizer: inputdimensions does not fit");
  llvm::SmallVector<Data> parts;
  for (const auto &[i, width] : llvm::enumerate(widths)) {
    const Data &x = op.in(i);
    if (!op.expectType(x, isFloat(x.type) || isInt(x.type), "an input"))
      return failure();
    auto number = convert(op, x, ElementType::Float);
    if (!number)
      return failure();
    Data rows =
        x.rank() == 1 ? reshape(op, *number, {x.shape[0], Dim(1)}) : *number;
    auto have = rows.rank() == 2 ? rows.shape[1].constant() : std::nullopt;
    if (!have || width < 0)
      return op.fail("shape-mismatch",
                     "FeatureVectorizer: an input is no matrix of known width",
                     {"it is " + op.text(x.shape)});
    if (width < *have)
      rows = slice(op, rows, {Dim(0), Dim(0)}, {rows.shape[0], Dim(width)},
                   {1, 1});
    else if (width > *have)
      rows = pad(op, rows, {Dim(0), Dim(0)}, {Dim(0), Dim(width - *have)},
                 scalar(op.b, op.b.getF32Type(), 0));
    parts.push_back(rows);
  }
  return op.set(0, concat(op, parts, 1));
}

} // namespace

void addClassical(Table &table) {
  auto add = [&](const char *name, OpFacts facts, Lowering lower) {
    table.op((std::string("ai.onnx.ml.") + name).c_str(), facts, lower);
  };
  add("ArrayFeatureExtractor", {1}, lowerArrayFeatureExtractor);
  add("Binarizer", {1}, lowerBinarizer);
  add("FeatureVectorizer", {1}, lowerFeatureVectorizer);
  add("Imputer", {1}, lowerImputer);
  add("LinearRegressor", {1}, lowerLinearRegressor);
  add("Normalizer", {1}, lowerNormalizer);
  add("OneHotEncoder", {1, "zeros = 0"}, lowerOneHotEncoder);
  add("Scaler", {1}, lowerScaler);
}

} // namespace orchestra::onnx
