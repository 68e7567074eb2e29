//===- Trees.h - Ensembles of decision trees --------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_TREES_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_TREES_H

#include "Build.h"

namespace orchestra::onnx {

/// How a node tests a feature against its split.
enum class NodeTest { LEQ, LT, GTE, GT, EQ, NEQ, Member };

/// All trees as one table of nodes. Children and roots: a node, or ~leaf.
struct Forest {
  std::vector<double> split;
  std::vector<int64_t> feature, mode, yes, no, missing; ///< mode: a NodeTest
  std::vector<int64_t> roots;
  /// The votes of leaf i are those from first[i] to first[i + 1].
  std::vector<int64_t> first{0}, target;
  std::vector<double> weight;
  int64_t targets = 1;

  int64_t size() const { return static_cast<int64_t>(split.size()); }
};

enum class Aggregate { Average, Sum, Min, Max };

/// Reports and returns false unless children are nodes and leaves, no path goes
/// in circles, and votes are for targets that are there.
bool isForest(Op &op, const Forest &forest);

/// The input as rows of this type, of a known number of features, all that the
/// nodes test among them.
std::optional<Data> rowsForTrees(Op &op, const Forest &forest,
                                 ElementType type);

/// leaves[n, tree]
Data findLeaves(Op &op, const Data &x, const Forest &forest);

/// scores[n, target] of the votes of all trees.
Data addVotes(Op &op, const Data &leaves, const Forest &forest,
              Aggregate aggregate, ElementType type);

/// scores[n, target] + base[target], or the scores if there are no base values.
/// Fails unless each target has one.
std::optional<Data> addBaseValues(Op &op, const Data &scores,
                                  llvm::ArrayRef<double> base);

/// The nodes, leaves and votes of the operators that name nodes by tree and
/// number; `votes` is what their lists begin with, "target" or "class". Nothing
/// after a problem.
std::optional<Forest> readNodeLists(Op &op, const std::string &votes);

/// A list of numbers, given as floats or as a tensor.
std::vector<double> realsOf(Op &op, const std::string &name);

} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_TREES_H
