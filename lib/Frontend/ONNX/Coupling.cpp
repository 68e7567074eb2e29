//===- Coupling.cpp - Probabilities of classes from those of pairs --------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Support vectors tell two classes apart. How probable each of many is follows
// from how probably it wins against each other one, by an iteration: Wu, Lin
// and Weng, "Probability estimates for multi-class classification by pairwise
// coupling", algorithm 2, as libsvm has it and ONNX Runtime after it.
//
//===----------------------------------------------------------------------===//
#include "Classical.h"

using namespace mlir;

namespace orchestra::onnx {

std::optional<Data> coupleClasses(Op &op, const Data &scores, int64_t classes,
                                  llvm::ArrayRef<float> probA,
                                  llvm::ArrayRef<float> probB) {
  Value all = op.value(scores);
  if (!all || op.failed())
    return std::nullopt;
  using Nums = llvm::SmallVector<Num>;
  auto coupled = [&](Num::Builder &b, Num row) -> Nums {
    Num one(b, scalar(b, b.getF32Type(), 1)), zero = one.constant(0);
    // r[i][j]: how probable it is that i wins against j.
    std::vector<Nums> r(classes, Nums(classes, zero)), q = r;
    for (int64_t i = 0, pair = 0; i < classes; ++i)
      for (int64_t j = i + 1; j < classes; ++j, ++pair) {
        Num score = at(b, all, {row, indexNum(b, pair)});
        Num power = (score * probA[pair] + probB[pair]).exp();
        r[i][j] = (one / (power + 1.0)).max(1e-7).min(1 - 1e-7);
        r[j][i] = one - r[i][j];
      }
    for (int64_t i = 0; i < classes; ++i)
      for (int64_t j = 0; j < classes; ++j) {
        if (i == j)
          continue;
        q[i][i] = q[i][i] + r[j][i] * r[j][i];
        q[i][j] = zero - r[j][i] * r[i][j];
      }
    Nums start(classes, one / static_cast<double>(classes));
    start.push_back(zero); // 1 once it is done
    Nums end = loop(
        b, indexNum(b, 100), start,
        [&](Num::Builder &b, Num, llvm::ArrayRef<Num> state) -> Nums {
          Nums p(state.begin(), state.end() - 1), qp(classes, zero);
          Num pqp = zero, error = zero;
          for (int64_t i = 0; i < classes; ++i) {
            for (int64_t j = 0; j < classes; ++j)
              qp[i] = qp[i] + q[i][j] * p[j];
            pqp = pqp + p[i] * qp[i];
          }
          for (int64_t i = 0; i < classes; ++i)
            error = error.max((qp[i] - pqp).abs());
          Num near = error < 0.005 / static_cast<double>(classes);
          Num done = near.choose(one, state.back());
          Num stays = done > 0.5;
          for (int64_t i = 0; i < classes; ++i) {
            Num step = (pqp - qp[i]) / q[i][i], rest = step + 1.0;
            p[i] = p[i] + step;
            pqp = (pqp + step * (step * q[i][i] + qp[i] * 2.0)) / rest / rest;
            for (int64_t j = 0; j < classes; ++j) {
              qp[j] = (qp[j] + step * q[i][j]) / rest;
              p[j] = p[j] / rest;
            }
          }
          for (int64_t i = 0; i < classes; ++i)
            p[i] = stays.choose(state[i], p[i]);
          p.push_back(done);
          return p;
        });
    end.pop_back();
    return end;
  };
  return generate(op, {scores.shape[0], Dim(classes)}, ElementType::Float,
                  [&](Num::Builder &b, ValueRange index) -> Value {
                    auto i = numbers(b, index);
                    Nums p = coupled(b, i[0]);
                    Num mine = p[0];
                    for (int64_t k = 1; k < classes; ++k)
                      mine = (i[1] == indexNum(b, k)).choose(p[k], mine);
                    return mine;
                  });
}

} // namespace orchestra::onnx
