//===- Normalization.cpp - Softmax, batch, layer and other norms ----------===//
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

using namespace mlir;

namespace orchestra::onnx {
namespace {

using Builder1 = ImplicitLocOpBuilder;

Value add(Builder1 &b, Value x, Value y) {
  return arith::AddFOp::create(b, x, y);
}
Value sub(Builder1 &b, Value x, Value y) {
  return arith::SubFOp::create(b, x, y);
}
Value mul(Builder1 &b, Value x, Value y) {
  return arith::MulFOp::create(b, x, y);
}
Value div(Builder1 &b, Value x, Value y) {
  return arith::DivFOp::create(b, x, y);
}

/// Elementwise on inputs that the caller has checked; what broadcasts do not
/// agree is reported.
Data map(Op &op, llvm::ArrayRef<Data> inputs, ElementBody body) {
  auto result = elementwise(op, inputs, inputs.front().type, body);
  return result ? *result : inputs.front();
}

/// The type that statistics are computed in.
ElementType statisticsType(ElementType type) {
  return elementBits(type) < 32 ? ElementType::Float : type;
}

/// e = exp(x - max x); softmax = e / sum e; log-softmax = x - max - log sum e
LogicalResult softmax(Op &op, bool logarithm) {
  const Data given = op.in(0);
  auto axis = op.axis(op.intAttr("axis", -1), given.rank());
  if (!axis || !op.expectType(given, isFloat(given.type), "the operand"))
    return failure();
  // Rounded once, at the end.
  auto wide = convert(op, given, statisticsType(given.type));
  if (!wide)
    return failure();
  const Data &x = *wide;
  auto finish = [&](const Data &result) {
    auto narrow = convert(op, result, given.type);
    return narrow ? op.set(0, *narrow) : failure();
  };
  Data top = reduce(op, x, *axis, true, Reduction::Max);
  Data shifted = map(op, {x, top}, [](Builder1 &b, ValueRange v) {
    return sub(b, v[0], v[1]);
  });
  Data power = map(op, shifted, [](Builder1 &b, ValueRange v) {
    return math::ExpOp::create(b, v[0]).getResult();
  });
  Data sum = reduce(op, power, *axis, true, Reduction::Sum);
  if (!logarithm)
    return finish(map(op, {power, sum}, [](Builder1 &b, ValueRange v) {
      return div(b, v[0], v[1]);
    }));
  return finish(map(op, {shifted, sum}, [](Builder1 &b, ValueRange v) {
    Value log = math::LogOp::create(b, v[1]);
    return sub(b, v[0], log);
  }));
}
LogicalResult lowerSoftmax(Op &op) { return softmax(op, false); }
LogicalResult lowerLogSoftmax(Op &op) { return softmax(op, true); }

Data mean(Op &op, const Data &x, llvm::ArrayRef<int64_t> axes) {
  Data sum = reduce(op, x, axes, true, Reduction::Sum);
  return map(op, {sum, countOf(op, x, axes)},
             [](Builder1 &b, ValueRange v) { return div(b, v[0], v[1]); });
}

Data inverseRoot(Op &op, const Data &x, float epsilon) {
  return map(op, x, [&](Builder1 &b, ValueRange v) {
    Value safe = add(b, v[0], scalar(b, v[0].getType(), epsilon));
    Value root = math::SqrtOp::create(b, safe);
    return div(b, scalar(b, v[0].getType(), 1), root);
  });
}

struct Normalized {
  Data value, mean, inverse;
};

/// (x - mean) / sqrt(variance + epsilon) over axes
Normalized normalize(Op &op, const Data &x, llvm::ArrayRef<int64_t> axes,
                     float epsilon) {
  Normalized out;
  out.mean = mean(op, x, axes);
  Data centred = map(op, {x, out.mean}, [](Builder1 &b, ValueRange v) {
    return sub(b, v[0], v[1]);
  });
  Data squares = map(op, centred, [](Builder1 &b, ValueRange v) {
    return mul(b, v[0], v[0]);
  });
  out.inverse = inverseRoot(op, mean(op, squares, axes), epsilon);
  out.value = map(op, {centred, out.inverse},
                  [](Builder1 &b, ValueRange v) { return mul(b, v[0], v[1]); });
  return out;
}

llvm::SmallVector<int64_t> axesFrom(int64_t first, int64_t rank) {
  llvm::SmallVector<int64_t> axes;
  for (int64_t i = first; i < rank; ++i)
    axes.push_back(i);
  return axes;
}

/// value * scale + bias, in the input's type again
LogicalResult finishNorm(Op &op, unsigned result, const Data &value,
                         ElementType type, std::optional<Data> scale,
                         std::optional<Data> bias) {
  auto out = convert(op, value, type);
  if (!out)
    return failure();
  llvm::SmallVector<Data> inputs{*out};
  for (const auto &extra : {scale, bias})
    if (extra)
      inputs.push_back(*extra);
  if (inputs.size() == 1)
    return op.set(result, *out);
  bool scales = scale.has_value();
  return op.set(result, map(op, inputs, [&](Builder1 &b, ValueRange v) {
                  Value y = scales ? mul(b, v[0], v[1]) : v[0];
                  return v.size() == (scales ? 3u : 2u) ? add(b, y, v.back())
                                                        : y;
                }));
}

/// The trailing parameters of a normalisation must broadcast to x.
bool fits(Op &op, const Data &x, unsigned index, const char *what) {
  const Data &parameter = op.in(index);
  if (!op.sameType(x, parameter))
    return false;
  if (parameter.rank() > x.rank()) {
    (void)op.fail("shape-mismatch",
                  op.node.op + ": " + what + " has a higher rank than x");
    return false;
  }
  int64_t lead = x.rank() - parameter.rank();
  for (int64_t i = 0; i < parameter.rank(); ++i) {
    auto want = x.shape[lead + i].constant(),
         have = parameter.shape[i].constant();
    if (have && *have != 1 && want && *want != *have) {
      (void)op.fail("shape-mismatch",
                    op.node.op + ": " + what + " does not fit",
                    {"x is " + op.text(x.shape) + ", " + what + " is " +
                     op.text(parameter.shape)});
      return false;
    }
  }
  return true;
}

/// y = (x - mean) / sqrt(variance + epsilon) * scale + bias, over the last
/// dimensions from axis
LogicalResult lowerLayerNormalization(Op &op) {
  const Data &x = op.in(0);
  auto axis = op.axis(op.intAttr("axis", -1), x.rank());
  float epsilon = op.floatAttr("epsilon", 1e-5f);
  int64_t stash = op.intAttr("stash_type", 1);
  if (!axis || !op.expectType(x, isFloat(x.type), "x") ||
      !fits(op, x, 1, "scale") || (op.has(2) && !fits(op, x, 2, "bias")))
    return failure();
  ElementType type = stash == 1 ? ElementType::Float : statisticsType(x.type);
  if (x.type == ElementType::Double)
    type = ElementType::Double;
  auto wide = convert(op, x, type);
  if (!wide)
    return failure();
  Normalized norm = normalize(op, *wide, axesFrom(*axis, x.rank()), epsilon);
  for (unsigned i : {1u, 2u})
    if (op.wants(i)) {
      auto statistic = convert(op, i == 1 ? norm.mean : norm.inverse,
                               stash == 1 ? ElementType::Float : x.type);
      if (!statistic || failed(op.set(i, *statistic)))
        return failure();
    }
  return finishNorm(op, 0, norm.value, x.type, op.in(1),
                    op.has(2) ? std::optional<Data>(op.in(2)) : std::nullopt);
}

/// y = x / sqrt(mean of squares + epsilon) * scale
LogicalResult lowerRMSNormalization(Op &op) {
  const Data &x = op.in(0);
  auto axis = op.axis(op.intAttr("axis", -1), x.rank());
  float epsilon = op.floatAttr("epsilon", 1e-5f);
  if (!axis || !op.expectType(x, isFloat(x.type), "x") ||
      !fits(op, x, 1, "scale"))
    return failure();
  auto wide = convert(op, x, statisticsType(x.type));
  if (!wide)
    return failure();
  Data squares = map(
      op, *wide, [](Builder1 &b, ValueRange v) { return mul(b, v[0], v[0]); });
  Data inverse =
      inverseRoot(op, mean(op, squares, axesFrom(*axis, x.rank())), epsilon);
  Data value = map(op, {*wide, inverse}, [](Builder1 &b, ValueRange v) {
    return mul(b, v[0], v[1]);
  });
  return finishNorm(op, 0, value, x.type, op.in(1), std::nullopt);
}

/// A vector over channels as 1 x C x 1 x 1..., without the leading one.
std::optional<Data> channelColumn(Op &op, const Data &x, unsigned index,
                                  ElementType type) {
  const Data &vector = op.in(index);
  if (op.failed())
    return std::nullopt;
  auto channels = x.shape[1].constant();
  if (vector.rank() != 1 || (channels && vector.shape[0].constant() &&
                             vector.shape[0] != x.shape[1])) {
    (void)op.fail("shape-mismatch",
                  op.node.op + ": input " + std::to_string(index) +
                      " must have one element a channel",
                  {"x is " + op.text(x.shape) + ", the input is " +
                   op.text(vector.shape)});
    return std::nullopt;
  }
  requireEqual(op, vector.shape[0], x.shape[1], "channels and parameters");
  if (!op.expectType(vector, isFloat(vector.type), "a parameter"))
    return std::nullopt;
  auto wide = convert(op, vector, type);
  if (!wide)
    return std::nullopt;
  Shape shape(x.rank() - 1, Dim(1));
  shape[0] = vector.shape[0];
  return reshape(op, *wide, shape);
}

/// y = (x - mean) / sqrt(variance + epsilon) * scale + bias with given
/// statistics
/// Puts mean and variance of this batch in the place of those given, and
/// gives their running averages. `inputs` are x, scale, bias, mean, variance.
LogicalResult learnStatistics(Op &op, const Data &x,
                              llvm::SmallVectorImpl<Data> &inputs) {
  float momentum = op.floatAttr("momentum", 0.9f);
  llvm::SmallVector<int64_t> axes;
  for (int64_t i = 0; i < x.rank(); ++i)
    if (i != 1)
      axes.push_back(i);
  const Data wide = inputs[0];
  Data count = countOf(op, wide, axes);
  auto mean = [&](const Data &data) {
    return map(op, {reduce(op, data, axes, true, Reduction::Sum), count},
               [](Builder1 &b, ValueRange v) -> Value {
                 return arith::DivFOp::create(b, v[0], v[1]);
               });
  };
  Data average = mean(wide);
  Data spread = mean(map(op, {wide, average}, [](Builder1 &b, ValueRange v) {
    Value distance = sub(b, v[0], v[1]);
    return mul(b, distance, distance);
  }));
  for (unsigned i : {1u, 2u}) {
    const Data &now = i == 1 ? average : spread;
    Data running =
        map(op, {inputs[2 + i], now}, [&](Builder1 &b, ValueRange v) -> Value {
          Value keep = scalar(b, v[0].getType(), momentum),
                take = scalar(b, v[0].getType(), 1 - momentum);
          return add(b, mul(b, v[0], keep), mul(b, v[1], take));
        });
    auto narrow =
        convert(op, reshape(op, running, {x.shape[1]}), op.in(2 + i).type);
    if (!narrow || (op.wants(i) && failed(op.set(i, *narrow))))
      return failure();
  }
  // As the columns they were given as.
  Shape column = inputs[3].shape;
  inputs[3] = reshape(op, average, column);
  inputs[4] = reshape(op, spread, column);
  return success();
}

LogicalResult lowerBatchNormalization(Op &op) {
  const Data &x = op.in(0);
  float epsilon = op.floatAttr("epsilon", 1e-5f);
  if (!op.expectType(x, isFloat(x.type), "x"))
    return failure();
  bool trains = op.intAttr("training_mode", 0) != 0;
  if (!trains && op.wants(1))
    return op.unsupported("statistics of a node that does not train");
  if (x.rank() < 2)
    return op.fail("shape-mismatch",
                   "BatchNormalization: x must have at least 2 dimensions",
                   {"x is " + op.text(x.shape)});
  ElementType type = statisticsType(x.type);
  llvm::SmallVector<Data> inputs;
  auto wide = convert(op, x, type);
  if (!wide)
    return failure();
  inputs.push_back(*wide);
  for (unsigned i = 1; i <= 4; ++i) {
    auto column = channelColumn(op, x, i, type);
    if (!column)
      return failure();
    inputs.push_back(*column);
  }
  if (trains && failed(learnStatistics(op, x, inputs)))
    return failure();
  // The factors depend on constants only: the compiler computes them once.
  Data inverse = inverseRoot(op, inputs[4], epsilon);
  Data factor = map(op, {inputs[1], inverse}, [](Builder1 &b, ValueRange v) {
    return mul(b, v[0], v[1]);
  });
  Data offset =
      map(op, {inputs[2], inputs[3], factor}, [](Builder1 &b, ValueRange v) {
        return sub(b, v[0], mul(b, v[1], v[2]));
      });
  Data value =
      map(op, {inputs[0], factor, offset}, [](Builder1 &b, ValueRange v) {
        return add(b, mul(b, v[0], v[1]), v[2]);
      });
  return finishNorm(op, 0, value, x.type, std::nullopt, std::nullopt);
}

/// The same over each channel of each sample
LogicalResult lowerInstanceNormalization(Op &op) {
  const Data &x = op.in(0);
  float epsilon = op.floatAttr("epsilon", 1e-5f);
  if (!op.expectType(x, isFloat(x.type), "x"))
    return failure();
  if (x.rank() < 3)
    return op.fail("shape-mismatch",
                   "InstanceNormalization: x must have at least 3 dimensions",
                   {"x is " + op.text(x.shape)});
  ElementType type = statisticsType(x.type);
  auto wide = convert(op, x, type);
  auto scale = channelColumn(op, x, 1, type),
       bias = channelColumn(op, x, 2, type);
  if (!wide || !scale || !bias)
    return failure();
  Normalized norm = normalize(op, *wide, axesFrom(2, x.rank()), epsilon);
  Data value =
      map(op, {norm.value, *scale, *bias}, [](Builder1 &b, ValueRange v) {
        return add(b, mul(b, v[0], v[1]), v[2]);
      });
  return finishNorm(op, 0, value, x.type, std::nullopt, std::nullopt);
}

/// Normalises groups of channels. Until version 21 scale and bias are one for
/// each group, since then one for each channel.
LogicalResult lowerGroupNormalization(Op &op) {
  const Data &x = op.in(0);
  int64_t groups = op.intAttr("num_groups");
  if (!op.expectType(x, isFloat(x.type), "x"))
    return failure();
  auto channels = x.rank() >= 3 ? x.shape[1].constant() : std::nullopt;
  if (x.rank() < 3 || groups < 1 || (channels && *channels % groups))
    return op.fail("shape-mismatch",
                   "GroupNormalization: the channels do not divide into groups",
                   {"x is " + op.text(x.shape) + ", num_groups is " +
                    std::to_string(groups)});
  if (!channels)
    return op.unsupported("channels of unknown number");
  ElementType type = statisticsType(x.type);
  auto wide = convert(op, x, type);
  if (!wide)
    return failure();
  Shape grouped = x.shape;
  grouped[1] = Dim(*channels / groups);
  grouped.insert(grouped.begin() + 1, Dim(groups));
  Data parts = reshape(op, *wide, grouped);
  Data value = normalize(op, parts, axesFrom(2, parts.rank()),
                         op.floatAttr("epsilon", 1e-5f))
                   .value;
  // Version 18 scales groups, later ones channels.
  const Data &scales = op.in(1);
  auto count = scales.rank() == 1 ? scales.shape[0].constant() : std::nullopt;
  bool perGroup = groups != *channels &&
                  (count ? *count == groups : op.importer.getGivenOpset() < 21);
  if (!perGroup)
    value = reshape(op, value, x.shape);
  auto scale = channelColumn(op, value, 1, type),
       bias = channelColumn(op, value, 2, type);
  if (!scale || !bias)
    return failure();
  value = map(op, {value, *scale, *bias}, [](Builder1 &b, ValueRange v) {
    return add(b, mul(b, v[0], v[1]), v[2]);
  });
  return finishNorm(op, 0, perGroup ? reshape(op, value, x.shape) : value,
                    x.type, std::nullopt, std::nullopt);
}

/// y = (x - mean) / (standard deviation + 1e-9). The mean of squares less the
/// square of the mean, as the standard has it, may be below zero; the added
/// 1e-9 matters where the deviation is 0 only.
LogicalResult lowerMeanVarianceNormalization(Op &op) {
  const Data &x = op.in(0);
  if (!op.expectType(x, isFloat(x.type), "x"))
    return failure();
  llvm::SmallVector<int64_t> axes = op.intsAttr("axes", {0, 2, 3});
  for (int64_t &axis : axes) {
    auto known = op.axis(axis, x.rank());
    if (!known)
      return failure();
    axis = *known;
  }
  llvm::sort(axes);
  auto wide = convert(op, x, statisticsType(x.type));
  if (!wide)
    return failure();
  return finishNorm(op, 0, normalize(op, *wide, axes, 1e-18f).value, x.type,
                    std::nullopt, std::nullopt);
}

/// y = x / (bias + alpha / size * sum of squares over size channels)^beta
LogicalResult lowerLRN(Op &op) {
  const Data &x = op.in(0);
  float alpha = op.floatAttr("alpha", 1e-4f),
        beta = op.floatAttr("beta", 0.75f);
  float bias = op.floatAttr("bias", 1.0f);
  int64_t size = op.intAttr("size");
  if (!op.expectType(x, isFloat(x.type), "x"))
    return failure();
  if (x.rank() < 3)
    return op.fail("shape-mismatch", "LRN: x must have at least 3 dimensions",
                   {"x is " + op.text(x.shape)});
  if (size < 1 || size > 4096)
    return op.fail("invalid-attribute", "LRN: size is out of range",
                   {"it is " + std::to_string(size)});
  Data squares =
      map(op, x, [](Builder1 &b, ValueRange v) { return mul(b, v[0], v[0]); });
  Shape low(x.rank(), Dim(0)), high(x.rank(), Dim(0));
  low[1] = Dim((size - 1) / 2);
  high[1] = Dim(size - 1 - (size - 1) / 2);
  Value zero = scalar(op.b, op.elementType(x.type), 0);
  Data padded = pad(op, squares, low, high, zero);
  // The window slides over the channels: one more axis, by slices.
  Shape offsets(x.rank(), Dim(0));
  llvm::SmallVector<int64_t> steps(x.rank(), 1);
  llvm::SmallVector<Data> parts{x};
  for (int64_t i = 0; i < size; ++i) {
    offsets[1] = Dim(i);
    parts.push_back(slice(op, padded, offsets, x.shape, steps));
  }
  if (op.failed())
    return failure();
  return op.set(0, map(op, parts, [&](Builder1 &b, ValueRange v) {
                  Value sum = v[1];
                  for (Value next : v.drop_front(2))
                    sum = add(b, sum, next);
                  Type type = sum.getType();
                  Value base = add(b, scalar(b, type, bias),
                                   mul(b, scalar(b, type, alpha / size), sum));
                  Value root =
                      math::PowFOp::create(b, base, scalar(b, type, beta));
                  return div(b, v[0], root);
                }));
}

/// x / norm; 0 where the norm is
LogicalResult lowerLpNormalization(Op &op) {
  const Data &x = op.in(0);
  auto axis = op.axis(op.intAttr("axis", -1), x.rank());
  int64_t p = op.intAttr("p", 2);
  if (!axis || !op.expectType(x, isFloat(x.type), "x"))
    return failure();
  if (p != 1 && p != 2)
    return op.fail("invalid-attribute", "LpNormalization: p must be 1 or 2");
  Data parts = map(op, x, [&](Builder1 &b, ValueRange v) -> Value {
    if (p == 2)
      return mul(b, v[0], v[0]);
    return math::AbsFOp::create(b, v[0]);
  });
  Data norm = reduce(op, parts, *axis, true, Reduction::Sum);
  return op.set(0, map(op, {x, norm}, [&](Builder1 &b, ValueRange v) -> Value {
                  Value size = v[1];
                  if (p == 2)
                    size = math::SqrtOp::create(b, size);
                  Value zero = scalar(b, size.getType(), 0);
                  Value isZero = arith::CmpFOp::create(
                      b, arith::CmpFPredicate::OEQ, size, zero);
                  Value quotient = div(b, v[0], size);
                  return arith::SelectOp::create(b, isZero, zero, quotient);
                }));
}

} // namespace

void addNormalization(Table &table) {
  table.op("Softmax", {13}, lowerSoftmax);
  table.op("LogSoftmax", {13}, lowerLogSoftmax);
  table.op("LayerNormalization", {17}, lowerLayerNormalization);
  table.op("RMSNormalization", {23}, lowerRMSNormalization);
  table.op("BatchNormalization", {9}, lowerBatchNormalization);
  table.op("InstanceNormalization", {6}, lowerInstanceNormalization);
  table.op("GroupNormalization", {21}, lowerGroupNormalization);
  table.op("MeanVarianceNormalization", {13}, lowerMeanVarianceNormalization);
  table.op("LRN", {1}, lowerLRN);
  table.op("LpNormalization", {1}, lowerLpNormalization);
}

} // namespace orchestra::onnx
