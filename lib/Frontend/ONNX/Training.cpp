//===- Training.cpp - Steps of optimizers ---------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Inputs are the rate, the number of steps so far, then for each of several
// kinds (the tensors, their gradients, states) as many as there are tensors.
//
//===----------------------------------------------------------------------===//
#include "Arithmetic.h"
#include "Table.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

using Formula = llvm::function_ref<llvm::SmallVector<Num>(
    Num rate, Num steps, llvm::ArrayRef<Num> values)>;

/// The formula's results, each for all tensors, as the outputs. It sees one
/// element of each kind, and steps as a number.
LogicalResult lowerStep(Op &op, unsigned kinds, unsigned results,
                        Formula formula) {
  unsigned count = (op.numInputs() - std::min(op.numInputs(), 2u)) / kinds;
  if (op.numInputs() != 2 + count * kinds || count == 0)
    return op.fail("missing-input",
                   op.node.op + ": the number of inputs does not fit");
  const Data &rate = op.in(0), &steps = op.in(1);
  if (!op.expectType(rate, isFloat(rate.type), "the rate") ||
      !op.expectType(steps, steps.type == ElementType::Int64, "the count"))
    return failure();
  for (unsigned tensor = 0; tensor < count; ++tensor) {
    const Data &x = op.in(2 + tensor);
    if (!op.expectType(x, isFloat(x.type), "a tensor"))
      return failure();
    auto factor = convert(op, reshape(op, rate, {}), x.type),
         number = convert(op, reshape(op, steps, {}), x.type);
    if (!factor || !number)
      return failure();
    llvm::SmallVector<Data> inputs{*factor, *number};
    for (unsigned kind = 0; kind < kinds; ++kind) {
      const Data &given = op.in(2 + kind * count + tensor);
      if (!op.sameType(x, given))
        return failure();
      inputs.push_back(given);
    }
    for (unsigned result = 0; result < results; ++result) {
      auto data = elementwise(
          op, inputs, x.type, [&](Num::Builder &b, ValueRange v) -> Value {
            auto values = numbers(b, v);
            return formula(values[0], values[1],
                           llvm::ArrayRef<Num>(values).drop_front(2))[result];
          });
      if (!data || failed(op.set(result * count + tensor, *data)))
        return failure();
    }
  }
  return success();
}

LogicalResult lowerAdagrad(Op &op) {
  float decay = op.floatAttr("decay_factor", 0),
        norm = op.floatAttr("norm_coefficient", 0),
        epsilon = op.floatAttr("epsilon", 0);
  return lowerStep(op, 3, 2,
                   [&](Num rate, Num steps,
                       llvm::ArrayRef<Num> v) -> llvm::SmallVector<Num> {
                     Num x = v[0], gradient = x * norm + v[1];
                     Num squares = v[2] + gradient * gradient;
                     Num step = rate / (steps * decay + 1.0);
                     return {x - step * gradient / (squares.sqrt() + epsilon),
                             squares};
                   });
}

LogicalResult lowerAdam(Op &op) {
  float alpha = op.floatAttr("alpha", 0.9f),
        beta = op.floatAttr("beta", 0.999f),
        norm = op.floatAttr("norm_coefficient", 0),
        post = op.floatAttr("norm_coefficient_post", 0),
        epsilon = op.floatAttr("epsilon", 0);
  return lowerStep(
      op, 4, 3,
      [&](Num rate, Num steps,
          llvm::ArrayRef<Num> v) -> llvm::SmallVector<Num> {
        Num x = v[0], gradient = x * norm + v[1];
        Num mean = v[2] * alpha + gradient * (1 - alpha);
        Num squares = v[3] * beta + gradient * gradient * (1 - beta);
        auto rest = [&](float base) {
          Num power(x.b(),
                    math::PowFOp::create(x.b(), x.constant(base), steps));
          return x.constant(1) - power;
        };
        Num corrected = rate * rest(beta).sqrt() / rest(alpha);
        Num step = (steps > 0.0).choose(corrected, rate);
        Num moved = x - step * mean / (squares.sqrt() + epsilon);
        return {moved * (1.0 - post), mean, squares};
      });
}

LogicalResult lowerMomentum(Op &op) {
  float alpha = op.floatAttr("alpha"), beta = op.floatAttr("beta"),
        norm = op.floatAttr("norm_coefficient");
  std::string mode = op.stringAttr("mode");
  if (op.failed())
    return failure();
  if (mode != "standard" && mode != "nesterov")
    return op.fail("invalid-attribute", "Momentum: mode is '" + mode + "'");
  return lowerStep(
      op, 3, 2,
      [&](Num rate, Num steps,
          llvm::ArrayRef<Num> v) -> llvm::SmallVector<Num> {
        Num x = v[0], gradient = x * norm + v[1];
        Num weight = (steps > 0.0).choose(x.constant(beta), x.constant(1));
        Num momentum = v[2] * alpha + weight * gradient;
        Num step = mode == "nesterov" ? gradient + momentum * alpha : momentum;
        return {x - rate * step, momentum};
      });
}

} // namespace

void addTraining(Table &table) {
  table.op("ai.onnx.preview.training.Adagrad", {1}, lowerAdagrad);
  table.op("ai.onnx.preview.training.Adam", {1}, lowerAdam);
  table.op("ai.onnx.preview.training.Momentum", {1}, lowerMomentum);
}

} // namespace orchestra::onnx
