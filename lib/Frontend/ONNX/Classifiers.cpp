//===- Classifiers.cpp - Classes and scores of ai.onnx.ml -----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The standard leaves open what the scores of two classes are where a model has
// one score for both; there, this is what ONNX Runtime computes.
//
//===----------------------------------------------------------------------===//
#include "Classical.h"
#include "Table.h"
#include "Trees.h"

#include <cmath>

using namespace mlir;

namespace orchestra::onnx {

std::optional<Data> labelsOf(Op &op, llvm::StringRef ints,
                             llvm::StringRef strings) {
  std::vector<std::string> texts = op.stringsAttr(strings);
  if (!texts.empty())
    return op.stringConstant(texts, {Dim(static_cast<int64_t>(texts.size()))});
  auto numbers = op.intsAttr(ints);
  if (!numbers.empty())
    return constantVector<int64_t>(op, ElementType::Int64, numbers);
  (void)op.fail("missing-attribute",
                op.node.op + " has neither " + ints + " nor " + strings);
  return std::nullopt;
}

namespace {

int64_t countOfLabels(const Data &labels) {
  return labels.shape[0].constant().value_or(0);
}

/// The label at each place, a vector.
std::optional<Data> pickLabels(Op &op, const Data &places, const Data &labels) {
  Value table = op.value(labels), where = op.value(places);
  if (!table || !where || op.failed())
    return std::nullopt;
  return generate(op, places.shape, labels.type,
                  [&](Num::Builder &b, ValueRange index) -> Value {
                    Num place(b, at(b, where, numbers(b, index)));
                    return at(b, table, place.asIndex());
                  });
}

/// The first place of the largest of each row.
std::optional<Data> bestOf(Op &op, const Data &scores) {
  Value all = op.value(scores);
  Value classes = op.dims.materialize(scores.shape[1], op.b, op.b.getLoc());
  if (!all || op.failed())
    return std::nullopt;
  return generate(
      op, scores.shape[0], ElementType::Int64,
      [&](Num::Builder &b, ValueRange index) -> Value {
        Num row(b, index[0]), zero = indexNum(b, 0);
        auto best = loop(
            b, Num(b, classes), {zero, at(b, all, {row, zero})},
            [&](Num::Builder &b, Num k,
                llvm::ArrayRef<Num> best) -> llvm::SmallVector<Num> {
              Num value = at(b, all, {row, k});
              Num more = value > best[1];
              return {more.choose(k, best[0]), more.choose(value, best[1])};
            });
        return best[0].toInt(b.getI64Type());
      });
}

/// 1 where a column's element is above the bound, else 0; a vector of places.
std::optional<Data> isAbove(Op &op, const Data &column, double bound) {
  auto result = elementwise(
      op, reshape(op, column, {column.shape[0]}), ElementType::Int64,
      [&](Num::Builder &b, ValueRange v) -> Value {
        Num one(b, scalarInt(b, b.getI64Type(), 1));
        return (Num(b, v[0]) > bound).choose(one, one.constant(0));
      });
  return result;
}

/// Column `index` of a matrix, as a matrix.
Data column(Op &op, const Data &matrix, int64_t index) {
  return slice(op, matrix, {Dim(0), Dim(index)}, {matrix.shape[0], Dim(1)},
               {1, 1});
}

/// Both scores of two classes where a model has one: its complement, or its
/// opposite, in front.
std::optional<Data> bothScores(Op &op, const Data &score, bool complement,
                               const std::string &post) {
  bool logistic = post == "LOGISTIC";
  complement &= !logistic;
  auto other = mapNumbers(op, score, score.type, [&](llvm::ArrayRef<Num> v) {
    return v[0].constant(complement ? 1 : 0) - v[0];
  });
  if (!other)
    return std::nullopt;
  Data both = concat(op, {*other, score}, 1);
  return logistic ? postTransform(op, both, post) : both;
}

LogicalResult setClasses(Op &op, std::optional<Data> places,
                         std::optional<Data> scores, const Data &labels) {
  auto narrow =
      scores ? convert(op, *scores, ElementType::Float) : std::nullopt;
  auto chosen = places ? pickLabels(op, *places, labels) : std::nullopt;
  if (!chosen || !narrow || failed(op.set(0, *chosen)))
    return failure();
  return op.set(1, *narrow);
}

/// The class of the largest score, and the scores
LogicalResult lowerLinearClassifier(Op &op) {
  auto labels = labelsOf(op, "classlabels_ints", "classlabels_strings");
  auto x = labels ? readRows(op) : std::nullopt;
  if (!x)
    return failure();
  size_t given = op.floatsAttr("intercepts").size();
  auto features = x->shape[1].constant();
  if (given == 0 && features && *features > 0)
    given = op.floatsAttr("coefficients").size() / *features;
  auto scores = linear(op, *x, static_cast<int64_t>(given));
  if (!scores)
    return failure();
  std::string how = op.stringAttr("post_transform", "NONE");
  if (given == 1) {
    // One score says both of two classes.
    if (countOfLabels(*labels) != 2)
      return op.unsupported("one score for other than two classes");
    return setClasses(op, isAbove(op, *scores, 0),
                      bothScores(op, *scores, /*complement=*/true, how),
                      *labels);
  }
  if (countOfLabels(*labels) != static_cast<int64_t>(given))
    return op.fail("invalid-attribute",
                   "LinearClassifier: the labels do not fit the scores");
  scores = postTransform(op, *scores, how);
  auto best = scores ? bestOf(op, *scores) : std::nullopt;
  return setClasses(op, best, scores, *labels);
}

/// The scores, with the least possible one for classes that no leaf of a row
/// votes for: 0 would win over negative ones.
std::optional<Data> withoutUnvoted(Op &op, const Data &scores,
                                   const Data &leaves, const Forest &forest) {
  bool all = true;
  for (size_t leaf = 0; leaf + 1 < forest.first.size(); ++leaf) {
    llvm::SmallDenseSet<int64_t> targets(
        forest.target.begin() + forest.first[leaf],
        forest.target.begin() + forest.first[leaf + 1]);
    all &= static_cast<int64_t>(targets.size()) == forest.targets;
  }
  if (all)
    return scores;
  Forest counts = forest;
  counts.weight.assign(forest.weight.size(), 1);
  Data votes = addVotes(op, leaves, counts, Aggregate::Sum, scores.type);
  return mapNumbers(
      op, {scores, votes}, scores.type, [](llvm::ArrayRef<Num> v) {
        return (v[1] > 0.0).choose(v[0], v[0].constant(-INFINITY));
      });
}

/// The class with the most votes of the leaves, and what all have got
LogicalResult lowerTreeEnsembleClassifier(Op &op) {
  auto labels = labelsOf(op, "classlabels_int64s", "classlabels_strings");
  auto forest = labels ? readNodeLists(op, "class") : std::nullopt;
  if (!forest)
    return failure();
  int64_t classes = std::max<int64_t>(countOfLabels(*labels), 2);
  forest->targets = classes;
  if (countOfLabels(*labels) < 2)
    return op.unsupported("fewer than two classes");
  if (!isForest(op, *forest))
    return failure();
  ElementType type = op.in(0).type == ElementType::Double ? ElementType::Double
                                                          : ElementType::Float;
  auto rows = rowsForTrees(op, *forest, type);
  if (!rows || op.failed())
    return failure();
  Data leaves = findLeaves(op, *rows, *forest);
  Data scores = addVotes(op, leaves, *forest, Aggregate::Sum, type);
  std::vector<double> base = realsOf(op, "base_values");
  std::string post = op.stringAttr("post_transform", "NONE");
  // Leaves may vote for one of two classes only: its score decides.
  int64_t voted = forest->target.front();
  bool single = classes == 2 && llvm::all_equal(forest->target);
  size_t bases = base.size();
  if (bases == 1 && single)
    base = {voted == 0 ? base[0] : 0, 0};
  else if (bases == 2 && single && voted == 0)
    base[1] = 0;
  auto moved = addBaseValues(op, scores, base);
  if (!moved)
    return failure();
  scores = *moved;
  if (!single) {
    auto eligible = bases > 0 ? std::optional<Data>(scores)
                              : withoutUnvoted(op, scores, leaves, *forest);
    return setClasses(op, eligible ? bestOf(op, *eligible) : std::nullopt,
                      postTransform(op, scores, post), *labels);
  }
  bool positive =
      llvm::all_of(forest->weight, [](double weight) { return weight >= 0; });
  Data decides = column(op, scores, voted);
  auto places = isAbove(op, decides, positive ? 0.5 : 0);
  auto both = voted == 1 || bases > 1 ? postTransform(op, scores, post)
                                      : bothScores(op, decides, positive, post);
  return setClasses(op, places, both, *labels);
}

/// kernel(x, vector): rows x vectors; `vectors` are vectors x features.
std::optional<Data> kernelOf(Op &op, const Data &x, const Data &vectors,
                             const std::string &kind) {
  auto given = op.floatsAttr("kernel_params");
  double gamma = given.empty() ? 0 : given[0],
         offset = given.size() > 1 ? given[1] : 0,
         degree = given.size() > 2 ? given[2] : 0;
  if (kind == "RBF") {
    Data a = reshape(op, x, {x.shape[0], Dim(1), x.shape[1]});
    Data c = reshape(op, vectors, {Dim(1), vectors.shape[0], vectors.shape[1]});
    auto squares = mapNumbers(op, {a, c}, x.type, [](llvm::ArrayRef<Num> v) {
      return (v[0] - v[1]) * (v[0] - v[1]);
    });
    if (!squares)
      return std::nullopt;
    Data sums = reduce(op, *squares, {2}, false, Reduction::Sum);
    return mapNumbers(op, sums, x.type, [&](llvm::ArrayRef<Num> v) {
      return (v[0] * -gamma).exp();
    });
  }
  auto product = matmul(op, x, transpose(op, vectors, {1, 0}));
  if (!product || kind == "LINEAR")
    return product;
  if (kind != "POLY" && kind != "SIGMOID") {
    (void)op.fail("invalid-attribute",
                  op.node.op + ": kernel_type is '" + kind + "'");
    return std::nullopt;
  }
  return mapNumbers(op, *product, x.type, [&](llvm::ArrayRef<Num> v) {
    Num moved = v[0] * gamma + offset;
    if (kind == "SIGMOID")
      return moved.tanh();
    return Num(moved.b(),
               math::PowFOp::create(moved.b(), moved, moved.constant(degree)));
  });
}

/// A list of floats as rows x columns of the type, where either is known.
std::optional<Data> matrixOf(Op &op, llvm::StringRef name, int64_t rows,
                             const Data &x) {
  auto values = op.floatsAttr(name);
  auto features = x.shape[1].constant();
  int64_t count = static_cast<int64_t>(values.size());
  if (rows < 1 || count == 0 || count % rows ||
      (features && count != rows * *features)) {
    (void)op.fail(
        "invalid-attribute", op.node.op + ": " + name + " does not fit X",
        {"X is " + op.text(x.shape) + ", there are " + std::to_string(count) +
         " numbers for " + std::to_string(rows) + " rows"});
    return std::nullopt;
  }
  auto vector = floatVector(op, name, x.type);
  if (!vector)
    return std::nullopt;
  return reshape(op, *vector, {Dim(rows), Dim(count / rows)});
}

/// Rows of numbers for the classifiers and regressors of support vectors.
std::optional<Data> rowsOfFloats(Op &op) {
  auto x = readRows(op);
  return x ? convert(op, *x, ElementType::Float) : std::nullopt;
}

/// A weighted sum of kernels of support vectors
LogicalResult lowerSVMRegressor(Op &op) {
  auto x = rowsOfFloats(op);
  int64_t supports = op.intAttr("n_supports", 0);
  auto rho = op.floatsAttr("rho"), factors = op.floatsAttr("coefficients");
  if (!x)
    return failure();
  if (rho.empty() || factors.empty() ||
      (supports > 0 && static_cast<int64_t>(factors.size()) != supports))
    return op.fail("invalid-attribute",
                   "SVMRegressor: rho or coefficients do not fit");
  std::optional<Data> sums;
  if (supports > 0) {
    auto vectors = matrixOf(op, "support_vectors", supports, *x);
    auto kernels = vectors ? kernelOf(op, *x, *vectors,
                                      op.stringAttr("kernel_type", "LINEAR"))
                           : std::nullopt;
    auto weights = floatVector(op, "coefficients", x->type);
    sums = kernels && weights
               ? matmul(op, *kernels,
                        reshape(op, *weights, {Dim(supports), Dim(1)}))
               : std::nullopt;
  } else {
    auto weights = matrixOf(op, "coefficients", 1, *x);
    sums = weights ? matmul(op, *x, transpose(op, *weights, {1, 0}))
                   : std::nullopt;
  }
  if (!sums)
    return failure();
  bool oneClass = op.intAttr("one_class", 0) != 0;
  auto moved = mapNumbers(op, *sums, x->type, [&](llvm::ArrayRef<Num> v) {
    Num value = v[0] + rho[0];
    return oneClass
               ? (value > 0.0).choose(value.constant(1), value.constant(-1))
               : value;
  });
  auto post =
      moved ? postTransform(op, *moved, op.stringAttr("post_transform", "NONE"))
            : std::nullopt;
  return post ? op.set(0, *post) : failure();
}

/// For each pair of classes, which of both; the class that wins most often
LogicalResult lowerSVMClassifier(Op &op) {
  auto labels = labelsOf(op, "classlabels_ints", "classlabels_strings");
  auto x = labels ? rowsOfFloats(op) : std::nullopt;
  if (!x)
    return failure();
  int64_t classes = countOfLabels(*labels);
  auto perClass = op.intsAttr("vectors_per_class");
  auto factors = op.floatsAttr("coefficients"), rho = op.floatsAttr("rho");
  std::string post = op.stringAttr("post_transform", "NONE");
  int64_t count = 0;
  bool valid = classes >= 2 && !rho.empty();
  for (int64_t size : perClass) {
    valid &= size >= 0 && size < (1 << 24);
    count += size;
  }
  if (valid && count == 0) { // one plane a class
    auto weights = matrixOf(op, "coefficients", classes, *x);
    auto product = weights ? matmul(op, *x, transpose(op, *weights, {1, 0}))
                           : std::nullopt;
    auto scores =
        product
            ? mapNumbers(op, *product, x->type,
                         [&](llvm::ArrayRef<Num> v) { return v[0] + rho[0]; })
            : std::nullopt;
    auto best = scores ? bestOf(op, *scores) : std::nullopt;
    return setClasses(op, best,
                      scores ? postTransform(op, *scores, post) : std::nullopt,
                      *labels);
  }
  int64_t pairs = classes * (classes - 1) / 2;
  auto probA = op.floatsAttr("prob_a"), probB = op.floatsAttr("prob_b");
  if (!valid || static_cast<int64_t>(perClass.size()) != classes ||
      static_cast<int64_t>(rho.size()) < pairs ||
      static_cast<int64_t>(factors.size()) < (classes - 1) * count)
    return op.fail("invalid-attribute",
                   "SVMClassifier: its lists do not fit the number of classes");
  if (!probA.empty() && (classes != 2 || probB.size() != probA.size()))
    return op.unsupported("probabilities of more than two classes");
  // Of each pair: the vectors of both, with factors from two rows.
  std::vector<float> matrix(count * pairs, 0);
  std::vector<int64_t> first, second, starts(1, 0);
  for (int64_t size : perClass)
    starts.push_back(starts.back() + size);
  for (int64_t i = 0, pair = 0; i < classes; ++i)
    for (int64_t j = i + 1; j < classes; ++j, ++pair) {
      first.push_back(i);
      second.push_back(j);
      for (int64_t m = starts[i]; m < starts[i + 1]; ++m)
        matrix[m * pairs + pair] = factors[(j - 1) * count + m];
      for (int64_t m = starts[j]; m < starts[j + 1]; ++m)
        matrix[m * pairs + pair] = factors[i * count + m];
    }
  auto vectors = matrixOf(op, "support_vectors", count, *x);
  auto kernels = vectors ? kernelOf(op, *x, *vectors,
                                    op.stringAttr("kernel_type", "LINEAR"))
                         : std::nullopt;
  Data weights =
      reshape(op, constantVector<float>(op, ElementType::Float, matrix),
              {Dim(count), Dim(pairs)});
  auto product = kernels ? matmul(op, *kernels, weights) : std::nullopt;
  Data offsets = constantVector<float>(
      op, ElementType::Float, llvm::ArrayRef<float>(rho).take_front(pairs));
  auto scores =
      product ? mapNumbers(op, {*product, offsets}, x->type,
                           [](llvm::ArrayRef<Num> v) { return v[0] + v[1]; })
              : std::nullopt;
  if (!scores)
    return failure();
  // votes[row, class]
  Value wins = op.value(*scores),
        winner =
            op.value(constantVector<int64_t>(op, ElementType::Int64, first)),
        loser =
            op.value(constantVector<int64_t>(op, ElementType::Int64, second));
  if (!wins || !winner || !loser || op.failed())
    return failure();
  Data votes = generate(
      op, {x->shape[0], Dim(classes)}, ElementType::Float,
      [&](Num::Builder &b, ValueRange index) -> Value {
        auto i = numbers(b, index);
        Num none(b, scalar(b, b.getF32Type(), 0));
        return loop(b, indexNum(b, pairs), none,
                    [&](Num::Builder &b, Num k,
                        llvm::ArrayRef<Num> sum) -> llvm::SmallVector<Num> {
                      Num yes = at(b, wins, {i[0], k}) > 0.0;
                      Num who = yes.choose(at(b, winner, k), at(b, loser, k));
                      Num mine = who.asIndex() == i[1];
                      return {sum[0] + mine.choose(none.constant(1), none)};
                    })[0];
      });
  auto best = bestOf(op, votes);
  if (!probA.empty()) {
    // Two classes: the probability of the first is that of its win.
    auto chance = mapNumbers(op, *scores, x->type, [&](llvm::ArrayRef<Num> v) {
      Num power = (v[0] * probA[0] + probB[0]).exp();
      Num wins = (v[0].constant(1) / (power + 1.0)).max(1e-7).min(1 - 1e-7);
      // libsvm's iteration starts at a half, and is content with being near.
      return ((wins - 0.5).abs() < 0.005).choose(wins.constant(0.5), wins);
    });
    auto other = chance ? mapNumbers(op, *chance, x->type,
                                     [](llvm::ArrayRef<Num> v) {
                                       return v[0].constant(1) - v[0];
                                     })
                        : std::nullopt;
    if (!other)
      return failure();
    return setClasses(op, best,
                      postTransform(op, concat(op, {*chance, *other}, 1), post),
                      *labels);
  }
  auto all = classes == 2 ? bothScores(op, *scores, post != "NONE", post)
                          : postTransform(op, *scores, post);
  return setClasses(op, best, all, *labels);
}

} // namespace

void addClassifiers(Table &table) {
  auto add = [&](const char *name, OpFacts facts, Lowering lower) {
    table.op((std::string("ai.onnx.ml.") + name).c_str(), facts, lower);
  };
  add("LinearClassifier", {1}, lowerLinearClassifier);
  add("SVMClassifier", {1, "prob_a and prob_b of more than two classes"},
      lowerSVMClassifier);
  add("SVMRegressor", {1}, lowerSVMRegressor);
  add("TreeEnsembleClassifier", {1}, lowerTreeEnsembleClassifier);
}

} // namespace orchestra::onnx
