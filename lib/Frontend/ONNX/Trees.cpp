//===- Trees.cpp - Decision trees as kernels ------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A table of nodes becomes constants. A first kernel finds the leaf of each row
// in each tree, a second one adds up what the leaves say.
//
//===----------------------------------------------------------------------===//
#include "Trees.h"
#include "Arithmetic.h"
#include "Vectors.h"

using namespace mlir;

namespace orchestra::onnx {

bool isForest(Op &op, const Forest &forest) {
  auto leaves = static_cast<int64_t>(forest.first.size()) - 1;
  auto valid = [&](int64_t child) {
    return child < 0 ? ~child < leaves : child < forest.size();
  };
  bool good = llvm::all_of(forest.roots, valid) &&
              llvm::all_of(forest.yes, valid) && llvm::all_of(forest.no, valid);
  // Nodes that are left once those without a parent are taken away, again and
  // again, form circles.
  std::vector<int64_t> parents(forest.size(), 0), work;
  for (int64_t i = 0; good && i < forest.size(); ++i)
    for (int64_t child : {forest.yes[i], forest.no[i]})
      if (child >= 0)
        ++parents[child];
  for (int64_t i = 0; good && i < forest.size(); ++i)
    if (parents[i] == 0)
      work.push_back(i);
  int64_t seen = 0;
  while (!work.empty()) {
    int64_t node = work.back();
    work.pop_back();
    ++seen;
    for (int64_t child : {forest.yes[node], forest.no[node]})
      if (child >= 0 && --parents[child] == 0)
        work.push_back(child);
  }
  good = good && seen == forest.size();
  if (!good)
    (void)op.fail("invalid-attribute",
                  op.node.op + ": the nodes do not form trees");
  if (good && llvm::any_of(forest.target, [&](int64_t target) {
        return target < 0 || target >= forest.targets;
      })) {
    (void)op.fail("invalid-attribute",
                  op.node.op + ": a leaf's target is out of range");
    return false;
  }
  return good;
}

static Num goesLeft(Num::Builder &b, Num value, Num split, Num mode,
                    llvm::ArrayRef<int64_t> modes) {
  Num result;
  for (int64_t kind : modes) {
    auto test = static_cast<NodeTest>(kind);
    Num one = test == NodeTest::LEQ   ? value <= split
              : test == NodeTest::LT  ? value < split
              : test == NodeTest::GTE ? value >= split
              : test == NodeTest::GT  ? value > split
              : test == NodeTest::EQ  ? value == split
                                      : value != split;
    result =
        result ? (mode == static_cast<double>(kind)).choose(one, result) : one;
  }
  return result;
}

Data findLeaves(Op &op, const Data &x, const Forest &forest) {
  llvm::SmallVector<int64_t> modes(forest.mode.begin(), forest.mode.end());
  llvm::sort(modes);
  modes.erase(std::unique(modes.begin(), modes.end()), modes.end());
  bool wide = x.type == ElementType::Double;
  auto vector = [&](const std::vector<int64_t> &values) {
    // Never empty, so that it can be read.
    std::vector<int64_t> some =
        values.empty() ? std::vector<int64_t>{0} : values;
    return op.value(constantVector<int64_t>(op, ElementType::Int64, some));
  };
  std::vector<double> splits =
      forest.split.empty() ? std::vector<double>{0} : forest.split;
  Value split =
      wide ? op.value(constantVector<double>(op, x.type, splits))
           : op.value(constantVector<float>(
                 op, x.type, std::vector<float>(splits.begin(), splits.end())));
  Value feature = vector(forest.feature), mode = vector(forest.mode),
        yes = vector(forest.yes), no = vector(forest.no),
        missing = vector(forest.missing), roots = vector(forest.roots);
  Value rows = op.value(x);
  int64_t features = *x.shape[1].constant();
  return generate(
      op, {x.shape[0], Dim(static_cast<int64_t>(forest.roots.size()))},
      ElementType::Int64, [&](Num::Builder &b, ValueRange index) -> Value {
        auto i = numbers(b, index);
        Value root = at(b, roots, i[1]);
        if (forest.size() == 0)
          return root;
        auto loop = scf::WhileOp::create(
            b, TypeRange{b.getI64Type()}, ValueRange{root},
            [&](OpBuilder &builder, Location loc, ValueRange now) {
              Num::Builder in(loc, builder);
              scf::ConditionOp::create(in, Num(in, now[0]) >= 0, now);
            },
            [&](OpBuilder &builder, Location loc, ValueRange now) {
              Num::Builder in(loc, builder);
              Num node = Num(in, now[0]).asIndex();
              auto read = [&](Value table) { return at(in, table, node); };
              Num column = read(feature).asIndex().max(0).min(
                  static_cast<double>(features - 1));
              Num value = onnx::at(in, rows, {Num(in, i[0]), column});
              Num left = goesLeft(in, value, read(split), read(mode), modes);
              Num unknown(in, arith::CmpFOp::create(
                                  in, arith::CmpFPredicate::UNO, value, value));
              left = left | (unknown & (read(missing) == 1));
              Value next = left.choose(read(yes), read(no));
              scf::YieldOp::create(in, next);
            });
        return loop.getResult(0);
      });
}

Data addVotes(Op &op, const Data &leaves, const Forest &forest,
              Aggregate aggregate, ElementType type) {
  auto vector = [&](const std::vector<int64_t> &values) {
    return op.value(constantVector<int64_t>(op, ElementType::Int64, values));
  };
  Value first = vector(forest.first), target = vector(forest.target);
  bool wide = type == ElementType::Double;
  Value weight = wide
                     ? op.value(constantVector<double>(op, type, forest.weight))
                     : op.value(constantVector<float>(
                           op, type,
                           std::vector<float>(forest.weight.begin(),
                                              forest.weight.end())));
  Value found = op.value(leaves);
  auto trees = static_cast<int64_t>(forest.roots.size());
  Type element = op.elementType(type);
  double start = aggregate == Aggregate::Min
                     ? (wide ? 1.7976931348623157e308 : 3.4028234663852886e38)
                 : aggregate == Aggregate::Max
                     ? (wide ? -1.7976931348623157e308 : -3.4028234663852886e38)
                     : 0;
  return generate(
      op, {leaves.shape[0], Dim(forest.targets)}, type,
      [&](Num::Builder &b, ValueRange index) -> Value {
        auto i = numbers(b, index);
        using Nums = llvm::SmallVector<Num>;
        auto total = loop(
            b, indexNum(b, trees), Num(b, scalar(b, element, start)),
            [&](Num::Builder &b, Num tree, llvm::ArrayRef<Num> sum) -> Nums {
              Num leaf(b, at(b, found, {i[0], tree}));
              // Leaves are ~index.
              Num which = (leaf.constant(-1) - leaf).asIndex();
              Num from = at(b, first, which).asIndex(),
                  to = at(b, first, which + 1).asIndex();
              return loop(
                  b, to - from, sum,
                  [&](Num::Builder &b, Num k, llvm::ArrayRef<Num> sum) -> Nums {
                    Num vote = from + k, value = at(b, weight, vote);
                    Num mine = at(b, target, vote).asIndex() == i[1];
                    if (aggregate == Aggregate::Average)
                      value = value / static_cast<double>(trees);
                    Num next = aggregate == Aggregate::Min   ? sum[0].min(value)
                               : aggregate == Aggregate::Max ? sum[0].max(value)
                                                             : sum[0] + value;
                    return {mine.choose(next, sum[0])};
                  });
            });
        return total[0];
      });
}

std::optional<Data> addBaseValues(Op &op, const Data &scores,
                                  llvm::ArrayRef<double> base) {
  if (base.empty())
    return scores;
  if (!scores.shape[1].is(static_cast<int64_t>(base.size()))) {
    (void)op.fail("invalid-attribute",
                  op.node.op + ": base_values has the wrong length");
    return std::nullopt;
  }
  auto offsets = convert(
      op, constantVector<double>(op, ElementType::Double, base), scores.type);
  if (!offsets)
    return std::nullopt;
  return elementwise(op, {scores, *offsets}, scores.type,
                     [](Num::Builder &b, ValueRange v) -> Value {
                       return Num(b, v[0]) + Num(b, v[1]);
                     });
}

std::optional<Data> rowsForTrees(Op &op, const Forest &forest,
                                 ElementType type) {
  const Data &x = op.in(0);
  if (!op.expectType(x, isFloat(x.type) || isInt(x.type), "X"))
    return std::nullopt;
  Data rows = x.rank() == 1 ? reshape(op, x, {Dim(1), x.shape[0]}) : x;
  if (rows.rank() != 2 || rows.shape[1].is(0)) {
    (void)op.fail("shape-mismatch", op.node.op + ": X must be rows of features",
                  {"X is " + op.text(x.shape)});
    return std::nullopt;
  }
  if (!rows.shape[1].constant()) {
    (void)op.unsupported("features of unknown number");
    return std::nullopt;
  }
  int64_t features = *rows.shape[1].constant();
  for (int64_t feature : forest.feature)
    if (feature < 0 || feature >= features) {
      (void)op.fail("invalid-attribute",
                    op.node.op + ": a node tests feature " +
                        llvm::Twine(feature) + ", which X lacks",
                    {"X is " + op.text(x.shape)});
      return std::nullopt;
    }
  return convert(op, rows, type);
}

} // namespace orchestra::onnx
