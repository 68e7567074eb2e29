//===- TreeForms.cpp - The operators that are decision trees --------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All forms of the operator become one table of nodes.
//
//===----------------------------------------------------------------------===//
#include "Arithmetic.h"
#include "Table.h"
#include "Trees.h"
#include "Vectors.h"

#include <cmath>

using namespace mlir;

namespace orchestra::onnx {

static bool sameLengths(Op &op, llvm::ArrayRef<size_t> lengths) {
  if (llvm::all_equal(lengths))
    return true;
  (void)op.fail("invalid-attribute",
                op.node.op + ": lists of nodes differ in length");
  return false;
}

std::vector<double> realsOf(Op &op, const std::string &name) {
  if (const Tensor *tensor = op.tensorAttr(name + "_as_tensor"))
    return numbersOf(*tensor);
  auto values = op.floatsAttr(name);
  return {values.begin(), values.end()};
}

std::optional<Forest> readNodeLists(Op &op, const std::string &prefix) {
  auto list = [&](const std::string &name) {
    auto values = op.intsAttr(name);
    return std::vector<int64_t>(values.begin(), values.end());
  };
  auto give = [&](const std::string &why) -> std::optional<Forest> {
    (void)op.fail("invalid-attribute", why);
    return std::nullopt;
  };
  auto trees = list("nodes_treeids"), ids = list("nodes_nodeids"),
       yes = list("nodes_truenodeids"), no = list("nodes_falsenodeids"),
       features = list("nodes_featureids"),
       missing = list("nodes_missing_value_tracks_true");
  auto modes = op.stringsAttr("nodes_modes");
  auto splits = realsOf(op, "nodes_values");
  missing.resize(trees.size());
  if (!sameLengths(op, {trees.size(), ids.size(), yes.size(), no.size(),
                        features.size(), modes.size(), splits.size()}))
    return std::nullopt;
  static const std::map<std::string, NodeTest> names = {
      {"BRANCH_LEQ", NodeTest::LEQ}, {"BRANCH_LT", NodeTest::LT},
      {"BRANCH_GTE", NodeTest::GTE}, {"BRANCH_GT", NodeTest::GT},
      {"BRANCH_EQ", NodeTest::EQ},   {"BRANCH_NEQ", NodeTest::NEQ}};
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
        return give(op.node.op + ": there is no mode '" + modes[i] + "'");
      here = forest.size();
      forest.mode.push_back(static_cast<int64_t>(mode->second));
      forest.split.push_back(splits[i]);
      forest.feature.push_back(features[i]);
      forest.missing.push_back(missing[i]);
    }
    if (!place.emplace(std::make_pair(trees[i], ids[i]), here).second)
      return give(op.node.op + ": a node stands twice");
    if (i == 0 || trees[i] != trees[i - 1])
      forest.roots.push_back(here);
  }
  for (size_t i = 0; i < trees.size(); ++i) {
    if (modes[i] == "LEAF")
      continue;
    auto left = place.find({trees[i], yes[i]}),
         right = place.find({trees[i], no[i]});
    if (left == place.end() || right == place.end())
      return give(op.node.op + ": a node's child is not there");
    forest.yes.push_back(left->second);
    forest.no.push_back(right->second);
  }
  auto voteTrees = list(prefix + "_treeids"),
       voteNodes = list(prefix + "_nodeids"),
       voteTargets = list(prefix + "_ids");
  auto votes = realsOf(op, prefix + "_weights");
  if (!sameLengths(op, {voteTrees.size(), voteNodes.size(), voteTargets.size(),
                        votes.size()}))
    return std::nullopt;
  std::vector<std::vector<size_t>> ofLeaf(leaves);
  for (size_t i = 0; i < votes.size(); ++i) {
    auto leaf = place.find({voteTrees[i], voteNodes[i]});
    if (leaf == place.end() || leaf->second >= 0)
      return give(op.node.op + ": a vote has no leaf");
    ofLeaf[~leaf->second].push_back(i);
  }
  for (const auto &leaf : ofLeaf) {
    for (size_t vote : leaf) {
      forest.target.push_back(voteTargets[vote]);
      forest.weight.push_back(votes[vote]);
    }
    forest.first.push_back(static_cast<int64_t>(forest.weight.size()));
  }
  if (forest.weight.empty())
    return give(op.node.op + ": there are no votes");
  return forest;
}

namespace {

LogicalResult predict(Op &op, const Forest &forest, Aggregate aggregate,
                      ElementType type, const std::vector<double> &base,
                      const std::string &post) {
  if (!isForest(op, forest))
    return failure();
  auto rows = rowsForTrees(op, forest, type);
  if (!rows || op.failed())
    return failure();
  Data leaves = findLeaves(op, *rows, forest);
  Data scores = addVotes(op, leaves, forest, aggregate, type);
  auto moved = addBaseValues(op, scores, base);
  auto result = moved ? postTransform(op, *moved, post) : std::nullopt;
  return result ? op.set(0, *result) : failure();
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
  constexpr auto equals = static_cast<int64_t>(NodeTest::EQ);
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
    if (forest.mode[node] < 0 ||
        forest.mode[node] > static_cast<int64_t>(NodeTest::Member))
      return op.fail("invalid-attribute", "TreeEnsemble: a mode is unknown");
    if (forest.mode[node] != static_cast<int64_t>(NodeTest::Member))
      continue;
    std::vector<double> set;
    while (next < values.size() && !std::isnan(values[next]))
      set.push_back(values[next++]);
    if (next++ >= values.size() || set.empty())
      return op.fail("invalid-attribute",
                     "TreeEnsemble: a node lacks its membership_values");
    forest.mode[node] = equals;
    forest.split[node] = set[0];
    int64_t last = node;
    for (size_t i = 1; i < set.size(); ++i) {
      int64_t fresh = forest.size();
      forest.split.push_back(set[i]);
      forest.mode.push_back(equals);
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
  static const std::map<std::string, Aggregate> aggregates = {
      {"SUM", Aggregate::Sum},
      {"AVERAGE", Aggregate::Average},
      {"MIN", Aggregate::Min},
      {"MAX", Aggregate::Max}};
  auto how = aggregates.find(op.stringAttr("aggregate_function", "SUM"));
  if (how == aggregates.end())
    return op.fail("invalid-attribute",
                   op.node.op + ": aggregate_function is unknown");
  auto forest = readNodeLists(op, "target");
  if (!forest)
    return failure();
  forest->targets = op.intAttr("n_targets", 1);
  return predict(op, *forest, how->second, ElementType::Float,
                 realsOf(op, "base_values"),
                 op.stringAttr("post_transform", "NONE"));
}

} // namespace

void addTrees(Table &table) {
  table.op("ai.onnx.ml.TreeEnsemble", {5}, lowerTreeEnsemble);
  table.op("ai.onnx.ml.TreeEnsembleRegressor", {1}, lowerTreeEnsembleRegressor);
}

} // namespace orchestra::onnx
