//===- Random.cpp - Random numbers ----------------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The runtime draws numbers that are uniform in [0, 1), as NumPy's RandomState
// does from the same seed; all others are made of those. A node without a seed
// has one that follows from its name: the numbers of two nodes differ, those of
// two runs do not.
//
//===----------------------------------------------------------------------===//
#include "Arithmetic.h"
#include "Loops.h"
#include "Sizes.h"
#include "Table.h"

#include "llvm/Support/xxhash.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

using Builder = Num::Builder;

int64_t seedOf(Op &op) {
  uint64_t seed = llvm::xxh3_64bits(op.node.name);
  auto given = op.node.attributes.find("seed");
  if (given == op.node.attributes.end())
    return static_cast<int64_t>(seed & UINT32_MAX);
  if (given->second.kind == NodeAttribute::Kind::Int)
    return given->second.i & UINT32_MAX;
  float value = op.floatAttr("seed");
  if (value >= 0 && value < 4294967296.0F && value == std::floor(value))
    return static_cast<int64_t>(value);
  uint32_t bits;
  static_assert(sizeof(bits) == sizeof(value));
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

/// Doubles in [0, 1).
Data uniform(Op &op, llvm::ArrayRef<Dim> shape) {
  Value seed =
      arith::ConstantOp::create(op.b, op.b.getI64IntegerAttr(seedOf(op)));
  return op.callHost("random", {seed}, shape, ElementType::Double);
}

/// Where the result's type is: the attribute, else the input's, else float.
std::optional<ElementType> typeOf(Op &op, bool like) {
  auto type = static_cast<ElementType>(op.intAttr(
      "dtype",
      static_cast<int64_t>(like ? op.in(0).type : ElementType::Float)));
  if (op.failed())
    return std::nullopt;
  if (isFloat(type))
    return type;
  (void)op.fail("type-mismatch", op.node.op + ": random numbers of type " +
                                     elementTypeName(type));
  return std::nullopt;
}

std::optional<Shape> shapeOf(Op &op, bool like) {
  if (like)
    return op.in(0).shape;
  Shape shape;
  for (int64_t size : op.intsAttr("shape")) {
    if (size < 0) {
      (void)op.fail("invalid-attribute", op.node.op + ": a size is negative");
      return std::nullopt;
    }
    shape.push_back(Dim(size));
  }
  return shape;
}

/// low + (high - low) * u
LogicalResult drawUniform(Op &op, bool like) {
  auto type = typeOf(op, like);
  auto shape = type ? shapeOf(op, like) : std::nullopt;
  if (!shape)
    return failure();
  double low = op.floatAttr("low", 0.0F), high = op.floatAttr("high", 1.0F);
  auto scaled = elementwise(op, uniform(op, *shape), ElementType::Double,
                            [&](Builder &b, ValueRange v) -> Value {
                              return Num(b, v[0]) * (high - low) + low;
                            });
  auto result = scaled ? convert(op, *scaled, *type) : std::nullopt;
  return result ? op.set(0, *result) : failure();
}

/// mean + scale * sqrt(-2 ln(1 - u)) cos(2 pi w)
LogicalResult drawNormal(Op &op, bool like) {
  auto type = typeOf(op, like);
  auto shape = type ? shapeOf(op, like) : std::nullopt;
  if (!shape)
    return failure();
  double mean = op.floatAttr("mean", 0.0F), scale = op.floatAttr("scale", 1.0F);
  Shape pairs = *shape;
  pairs.insert(pairs.begin(), Dim(2));
  Data drawn = uniform(op, pairs);
  Value both = op.value(drawn);
  if (op.failed())
    return failure();
  Data normal = generate(
      op, *shape, ElementType::Double, [&](Builder &b, ValueRange v) -> Value {
        llvm::SmallVector<Num> place{indexNum(b, 0)};
        for (Value index : v)
          place.emplace_back(b, index);
        Num u = at(b, both, place);
        place[0] = indexNum(b, 1);
        Num w = at(b, both, place);
        Num length = ((u.constant(1) - u).unary<math::LogOp>() * -2.0)
                         .unary<math::SqrtOp>();
        Num angle = (w * 6.283185307179586).unary<math::CosOp>();
        return length * angle * scale + mean;
      });
  auto result = convert(op, normal, *type);
  return result ? op.set(0, *result) : failure();
}

LogicalResult lowerRandomUniform(Op &op) { return drawUniform(op, false); }
LogicalResult lowerRandomUniformLike(Op &op) { return drawUniform(op, true); }
LogicalResult lowerRandomNormal(Op &op) { return drawNormal(op, false); }
LogicalResult lowerRandomNormalLike(Op &op) { return drawNormal(op, true); }

/// Classes drawn with probabilities in proportion to e^input
LogicalResult lowerMultinomial(Op &op) {
  const Data x = op.in(0);
  auto type = static_cast<ElementType>(
      op.intAttr("dtype", static_cast<int64_t>(ElementType::Int32)));
  int64_t samples = op.intAttr("sample_size", 1);
  if (!op.expectType(x, isFloat(x.type), "the input"))
    return failure();
  if (x.rank() != 2 || samples < 1 ||
      (type != ElementType::Int32 && type != ElementType::Int64))
    return op.fail("invalid-attribute",
                   "Multinomial: the input must be a matrix, sample_size "
                   "positive, and dtype int32 or int64");
  auto wide = convert(op, x, ElementType::Double);
  if (!wide)
    return failure();
  Shape shape{x.shape[0], Dim(samples)};
  Data drawn = uniform(op, shape);
  Value logs = op.value(*wide), draws = op.value(drawn);
  if (op.failed())
    return failure();
  Value classes = indexValue(op, x.shape[1]);
  return op.set(
      0, generate(op, shape, type, [&](Builder &b, ValueRange v) -> Value {
        Num row(b, v[0]), count(b, classes);
        Num u = at(b, draws, {row, Num(b, v[1])});
        auto weight = [&](Builder &b, Num k) {
          return at(b, logs, {row, k}).unary<math::ExpOp>();
        };
        Num total =
            loop(b, count, u.constant(0),
                 [&](Builder &b, Num k,
                     llvm::ArrayRef<Num> sum) -> llvm::SmallVector<Num> {
                   return {sum[0] + weight(b, k)};
                 })[0];
        // How many classes end at or before the number drawn.
        auto last =
            loop(b, count - 1, {u.constant(0), indexNum(b, 0)},
                 [&](Builder &b, Num k,
                     llvm::ArrayRef<Num> now) -> llvm::SmallVector<Num> {
                   Num sum = now[0] + weight(b, k);
                   return {sum, (sum <= u * total).choose(now[1] + 1, now[1])};
                 });
        return last[1].toInt(op.elementType(type));
      }));
}

/// In training: x / (1 - ratio) where a number drawn is at least the ratio,
/// else 0. Otherwise x.
LogicalResult lowerDropout(Op &op) {
  const Data x = op.in(0);
  if (op.failed())
    return failure();
  auto training = op.has(2) ? op.contents(op.in(2)) : Contents{Dim(0)};
  bool never = training && llvm::all_of(*training, [](const Dim &flag) {
                 return flag.is(0);
               });
  Data mask;
  mask.type = ElementType::Bool;
  mask.shape = x.shape;
  if (never) {
    mask.value =
        filled(op, x.shape, mask.type, scalarInt(op.b, op.b.getI1Type(), 1));
    return failed(op.set(0, x)) ? failure() : op.set(1, mask);
  }
  if (!op.expectType(x, isFloat(x.type), "the data") ||
      !op.expectType(op.in(2), op.in(2).type == ElementType::Bool,
                     "training_mode"))
    return failure();
  Data half = splat(op, ElementType::Double, 0.5);
  auto ratio = op.has(1) ? convert(op, op.in(1), ElementType::Double)
                         : std::optional<Data>(half);
  auto wide = convert(op, x, ElementType::Double);
  if (!ratio || !wide)
    return failure();
  Value on = onlyElement(op, op.in(2)), least = onlyElement(op, *ratio);
  Data drawn = uniform(op, x.shape);
  auto kept = elementwise(
      op, drawn, ElementType::Bool, [&](Builder &b, ValueRange v) -> Value {
        return !Num(b, on) | (Num(b, v[0]) >= Num(b, least));
      });
  if (!kept)
    return failure();
  auto scaled = elementwise(
      op, {*wide, *kept}, ElementType::Double,
      [&](Builder &b, ValueRange v) -> Value {
        Num value(b, v[0]), one = value.constant(1);
        Num factor = Num(b, on).choose(one / (one - Num(b, least)), one);
        return Num(b, v[1]).choose(value * factor, value.constant(0));
      });
  auto result = scaled ? convert(op, *scaled, x.type) : std::nullopt;
  if (!result || failed(op.set(0, *result)))
    return failure();
  return op.set(1, *kept);
}

} // namespace

void addRandom(Table &table) {
  const char *places = "in loops and branches";
  table.op("Dropout", {7, "training in loops and branches"}, lowerDropout);
  table.op("Multinomial", {7, places}, lowerMultinomial);
  table.op("RandomNormal", {1, places}, lowerRandomNormal);
  table.op("RandomNormalLike", {1, places}, lowerRandomNormalLike);
  table.op("RandomUniform", {1, places}, lowerRandomUniform);
  table.op("RandomUniformLike", {1, places}, lowerRandomUniformLike);
}

} // namespace orchestra::onnx
