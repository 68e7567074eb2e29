//===- Trees.cpp - Ensembles of decision trees ----------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All forms of the operator become one table of nodes, as constants. A first
// kernel finds the leaf of each row in each tree, a second one adds up what the
// leaves say.
//
//===----------------------------------------------------------------------===//
#include "Arithmetic.h"
#include "Table.h"
#include "Vectors.h"

#include <cmath>

using namespace mlir;

namespace orchestra::onnx {
namespace {

enum Mode { LEQ, LT, GTE, GT, EQ, NEQ, Member };

/// Children and roots: a node, or ~leaf.
struct Forest {
  std::vector<double> split;
  std::vector<int64_t> feature, mode, yes, no, missing;
  std::vector<int64_t> roots;
  /// The votes of leaf i are those from first[i] to first[i + 1].
  std::vector<int64_t> first{0}, target;
  std::vector<double> weight;
  int64_t targets = 1;

  int64_t size() const { return static_cast<int64_t>(split.size()); }
};

/// Whether children are nodes and leaves, and no path goes in circles.
bool isForest(Op &op, const Forest &forest, int64_t leaves) {
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
  return good;
}

Num goesLeft(Num::Builder &b, Num value, Num split, Num mode,
             llvm::ArrayRef<int64_t> modes) {
  Num result;
  for (int64_t kind : modes) {
    Num one = kind == LEQ   ? value <= split
              : kind == LT  ? value < split
              : kind == GTE ? value >= split
              : kind == GT  ? value > split
              : kind == EQ  ? value == split
                            : value != split;
    result =
        result ? (mode == static_cast<double>(kind)).choose(one, result) : one;
  }
  return result;
}

/// leaves[n, tree]
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

enum class Aggregate { Average, Sum, Min, Max };

/// scores[n, target] of the votes of all trees.
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

std::optional<Data> rowsOf(Op &op, ElementType type) {
  const Data &x = op.in(0);
  if (!op.expectType(x, isFloat(x.type) || isInt(x.type), "X"))
    return std::nullopt;
  Data rows = x.rank() == 1 ? reshape(op, x, {Dim(1), x.shape[0]}) : x;
  if (rows.rank() != 2 || !rows.shape[1].constant() ||
      *rows.shape[1].constant() < 1) {
    (void)op.fail("shape-mismatch",
                  op.node.op + ": X must be rows of a known number of features",
                  {"X is " + op.text(x.shape)});
    return std::nullopt;
  }
  return convert(op, rows, type);
}

LogicalResult predict(Op &op, const Forest &forest, Aggregate aggregate,
                      ElementType type, const std::vector<double> &base,
                      const std::string &post) {
  auto leafCount = static_cast<int64_t>(forest.first.size()) - 1;
  if (!isForest(op, forest, leafCount))
    return failure();
  for (int64_t target : forest.target)
    if (target < 0 || target >= forest.targets)
      return op.fail("invalid-attribute",
                     op.node.op + ": a leaf's target is out of range");
  auto rows = rowsOf(op, type);
  if (!rows || op.failed())
    return failure();
  Data leaves = findLeaves(op, *rows, forest);
  Data scores = addVotes(op, leaves, forest, aggregate, type);
  if (!base.empty()) {
    if (static_cast<int64_t>(base.size()) != forest.targets)
      return op.fail("invalid-attribute",
                     op.node.op + ": base_values has the wrong length");
    auto offsets = convert(
        op, constantVector<double>(op, ElementType::Double, base), type);
    auto moved = offsets
                     ? elementwise(op, {scores, *offsets}, type,
                                   [](Num::Builder &b, ValueRange v) -> Value {
                                     return Num(b, v[0]) + Num(b, v[1]);
                                   })
                     : std::nullopt;
    if (!moved)
      return failure();
    scores = *moved;
  }
  auto result = postTransform(op, scores, post);
  return result ? op.set(0, *result) : failure();
}

bool sameLengths(Op &op, llvm::ArrayRef<size_t> lengths) {
  if (llvm::all_equal(lengths))
    return true;
  (void)op.fail("invalid-attribute",
                op.node.op + ": lists of nodes differ in length");
  return false;
}

/// Nodes and leaves with numbers of their own; a node may test for membership
LogicalResult lowerTreeEnsemble(Op &op) {
  const Tensor *splits = op.tensorAttr("nodes_splits"),
               *modes = op.tensorAttr("nodes_modes"),
               *weights = op.tensorAttr("leaf_weights"),
               *members = op.tensorAttr("membership_values");
  if (!splits || !modes || !weights)
    return op.fail("missing-attribute", "TreeEnsemble lacks an attribute");
  Forest forest;
  forest.split = numbersOf(*splits);
  auto kinds = numbersOf(*modes);
  forest.mode.assign(kinds.begin(), kinds.end());
  auto list = [&](llvm::StringRef name) {
    auto values = op.intsAttr(name);
    return std::vector<int64_t>(values.begin(), values.end());
  };
  forest.feature = list("nodes_featureids");
  forest.missing = list("nodes_missing_value_tracks_true");
  forest.missing.resize(forest.split.size());
  auto yes = list("nodes_truenodeids"), no = list("nodes_falsenodeids"),
       yesLeaf = list("nodes_trueleafs"), noLeaf = list("nodes_falseleafs");
  if (!sameLengths(op, {forest.split.size(), forest.mode.size(),
                        forest.feature.size(), yes.size(), no.size(),
                        yesLeaf.size(), noLeaf.size()}))
    return failure();
  for (size_t i = 0; i < yes.size(); ++i) {
    forest.yes.push_back(yesLeaf[i] ? ~yes[i] : yes[i]);
    forest.no.push_back(noLeaf[i] ? ~no[i] : no[i]);
  }
  for (int64_t root : list("tree_roots")) {
    if (root < 0 || root >= forest.size())
      return op.fail("invalid-attribute", "TreeEnsemble: a root is no node");
    // A tree of one leaf: both children are that leaf.
    bool single = yesLeaf[root] && noLeaf[root] && yes[root] == no[root];
    forest.roots.push_back(single ? ~yes[root] : root);
  }
  forest.weight = numbersOf(*weights);
  forest.target = list("leaf_targetids");
  if (!sameLengths(op, {forest.weight.size(), forest.target.size()}))
    return failure();
  for (size_t i = 0; i < forest.weight.size(); ++i)
    forest.first.push_back(static_cast<int64_t>(i) + 1);
  // A test for membership is a chain of tests for equality. The sets stand in
  // the order of a walk from the roots, "true" first.
  std::vector<double> values =
      members ? numbersOf(*members) : std::vector<double>();
  size_t next = 0;
  std::vector<int64_t> work(forest.roots.rbegin(), forest.roots.rend());
  size_t steps = 0, most = forest.split.size() + 1;
  while (!work.empty()) {
    int64_t node = work.back();
    work.pop_back();
    if (node < 0)
      continue;
    if (node >= forest.size() || ++steps > most)
      return op.fail("invalid-attribute",
                     "TreeEnsemble: the nodes do not form trees");
    int64_t ifTrue = forest.yes[node], ifFalse = forest.no[node];
    work.push_back(ifFalse);
    work.push_back(ifTrue);
    if (forest.mode[node] < LEQ || forest.mode[node] > Member)
      return op.fail("invalid-attribute", "TreeEnsemble: a mode is unknown");
    if (forest.mode[node] != Member)
      continue;
    std::vector<double> set;
    while (next < values.size() && !std::isnan(values[next]))
      set.push_back(values[next++]);
    if (next++ >= values.size() || set.empty())
      return op.fail("invalid-attribute",
                     "TreeEnsemble: a node lacks its membership_values");
    forest.mode[node] = EQ;
    forest.split[node] = set[0];
    int64_t last = node;
    for (size_t i = 1; i < set.size(); ++i) {
      int64_t fresh = forest.size();
      forest.split.push_back(set[i]);
      forest.mode.push_back(EQ);
      forest.feature.push_back(forest.feature[node]);
      forest.missing.push_back(forest.missing[node]);
      forest.yes.push_back(ifTrue);
      forest.no.push_back(ifFalse);
      forest.no[last] = fresh;
      last = fresh;
    }
  }
  static const Aggregate aggregates[] = {Aggregate::Average, Aggregate::Sum,
                                         Aggregate::Min, Aggregate::Max};
  int64_t how = op.intAttr("aggregate_function", 1);
  int64_t post = op.intAttr("post_transform", 0);
  static const char *posts[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO",
                                "PROBIT"};
  if (how < 0 || how > 3 || post < 0 || post > 4)
    return op.fail("invalid-attribute",
                   "TreeEnsemble: an attribute has an unknown value");
  forest.targets = op.intAttr("n_targets", 1);
  ElementType type = op.in(0).type == ElementType::Double ? ElementType::Double
                                                          : ElementType::Float;
  return predict(op, forest, aggregates[how], type, {}, posts[post]);
}

/// Nodes named by tree and number, votes by the leaf they belong to
LogicalResult lowerTreeEnsembleRegressor(Op &op) {
  auto list = [&](llvm::StringRef name) {
    auto values = op.intsAttr(name);
    return std::vector<int64_t>(values.begin(), values.end());
  };
  auto reals = [&](const std::string &name) {
    if (const Tensor *tensor = op.tensorAttr(name + "_as_tensor"))
      return numbersOf(*tensor);
    auto values = op.floatsAttr(name);
    return std::vector<double>(values.begin(), values.end());
  };
  auto trees = list("nodes_treeids"), ids = list("nodes_nodeids"),
       yes = list("nodes_truenodeids"), no = list("nodes_falsenodeids"),
       features = list("nodes_featureids"),
       missing = list("nodes_missing_value_tracks_true");
  auto modes = op.stringsAttr("nodes_modes");
  auto splits = reals("nodes_values");
  missing.resize(trees.size());
  if (!sameLengths(op, {trees.size(), ids.size(), yes.size(), no.size(),
                        features.size(), modes.size(), splits.size()}))
    return failure();
  static const std::map<std::string, int64_t> names = {
      {"BRANCH_LEQ", LEQ}, {"BRANCH_LT", LT}, {"BRANCH_GTE", GTE},
      {"BRANCH_GT", GT},   {"BRANCH_EQ", EQ}, {"BRANCH_NEQ", NEQ}};
  Forest forest;
  std::map<std::pair<int64_t, int64_t>, int64_t> place; // node, or ~leaf
  int64_t leaves = 0;
  for (size_t i = 0; i < trees.size(); ++i) {
    int64_t here = ~leaves;
    if (modes[i] == "LEAF") {
      ++leaves;
    } else {
      auto mode = names.find(modes[i]);
      if (mode == names.end())
        return op.fail("invalid-attribute",
                       op.node.op + ": there is no mode '" + modes[i] + "'");
      here = forest.size();
      forest.mode.push_back(mode->second);
      forest.split.push_back(splits[i]);
      forest.feature.push_back(features[i]);
      forest.missing.push_back(missing[i]);
    }
    if (!place.emplace(std::make_pair(trees[i], ids[i]), here).second)
      return op.fail("invalid-attribute", op.node.op + ": a node stands twice");
    if (i == 0 || trees[i] != trees[i - 1])
      forest.roots.push_back(here);
  }
  for (size_t i = 0; i < trees.size(); ++i) {
    if (modes[i] == "LEAF")
      continue;
    auto left = place.find({trees[i], yes[i]}),
         right = place.find({trees[i], no[i]});
    if (left == place.end() || right == place.end())
      return op.fail("invalid-attribute",
                     op.node.op + ": a node's child is not there");
    forest.yes.push_back(left->second);
    forest.no.push_back(right->second);
  }
  auto voteTrees = list("target_treeids"), voteNodes = list("target_nodeids"),
       voteTargets = list("target_ids");
  auto votes = reals("target_weights");
  if (!sameLengths(op, {voteTrees.size(), voteNodes.size(), voteTargets.size(),
                        votes.size()}))
    return failure();
  std::vector<std::vector<size_t>> ofLeaf(leaves);
  for (size_t i = 0; i < votes.size(); ++i) {
    auto leaf = place.find({voteTrees[i], voteNodes[i]});
    if (leaf == place.end() || leaf->second >= 0)
      return op.fail("invalid-attribute", op.node.op + ": a vote has no leaf");
    ofLeaf[~leaf->second].push_back(i);
  }
  for (const auto &leaf : ofLeaf) {
    for (size_t vote : leaf) {
      forest.target.push_back(voteTargets[vote]);
      forest.weight.push_back(votes[vote]);
    }
    forest.first.push_back(static_cast<int64_t>(forest.weight.size()));
  }
  static const std::map<std::string, Aggregate> aggregates = {
      {"SUM", Aggregate::Sum},
      {"AVERAGE", Aggregate::Average},
      {"MIN", Aggregate::Min},
      {"MAX", Aggregate::Max}};
  auto how = aggregates.find(op.stringAttr("aggregate_function", "SUM"));
  if (how == aggregates.end())
    return op.fail("invalid-attribute",
                   op.node.op + ": aggregate_function is unknown");
  forest.targets = op.intAttr("n_targets", 1);
  if (forest.weight.empty())
    return op.fail("invalid-attribute", op.node.op + ": there are no votes");
  return predict(op, forest, how->second, ElementType::Float,
                 reals("base_values"), op.stringAttr("post_transform", "NONE"));
}

} // namespace

void addTrees(Table &table) {
  table.op("ai.onnx.ml.TreeEnsemble", {5}, lowerTreeEnsemble);
  table.op("ai.onnx.ml.TreeEnsembleRegressor", {1}, lowerTreeEnsembleRegressor);
}

} // namespace orchestra::onnx
