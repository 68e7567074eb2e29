//===- Clusters.h - Ops that share a task ---------------------------*- C++
//-*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_SCHEDULE_CLUSTERS_H
#define ORCHESTRA_LIB_SCHEDULE_CLUSTERS_H

#include "Work.h"

#include "mlir/IR/Block.h"
#include "llvm/ADT/DenseMap.h"

namespace orchestra {

/// What becomes of an op of the entry function.
enum class OpRole {
  /// Belongs to one task.
  Work,
  /// Costs nothing: each task that uses it gets a copy. Constants, what is
  /// computed from constants only, destinations without content, scalars that
  /// depend on data.
  Cloned,
  /// A scalar that only shapes and arguments decide: computed by the host
  /// before all tasks.
  Hoisted
};

struct Cluster {
  /// In the order of the block.
  llvm::SmallVector<mlir::Operation *> ops;
  /// The device it is pinned to, or empty.
  llvm::StringRef place;
  /// Whether it holds a contraction that is worth a task.
  bool heavy = false;
  /// Bytes of constants and results, which its device must hold.
  double bytes = 0;
};

struct ClusterOptions {
  /// A contraction with fewer operations is no reason for a task.
  double minFlops = 1e6;
  /// No cluster that could be split has more bytes of constants and results.
  double maxBytes = 0;
};

/// Clusters of one block, in an order in which each depends only on earlier
/// ones.
class Clusters {
public:
  Clusters(mlir::Block &block, const WorkEstimate &estimate,
           const ClusterOptions &options);

  std::vector<Cluster> clusters;
  OpRole getRole(mlir::Operation *op) const { return roles.lookup(op); }
  /// Index of the cluster of a Work op.
  int getCluster(mlir::Operation *op) const { return clusterOf.lookup(op); }

private:
  void findRoles(mlir::Block &block);
  void place(mlir::Operation *op);
  void producersOf(mlir::Operation *op, llvm::SmallVectorImpl<int> &out);
  bool dependsOn(int cluster, int other);
  bool canJoin(const Cluster &cluster, const Cluster &addition) const;
  void sinkLightClusters();
  void sortClusters();
  double addedBytes(mlir::Operation *op);

  const WorkEstimate &estimate;
  const ClusterOptions &options;
  llvm::DenseMap<mlir::Operation *, OpRole> roles;
  llvm::DenseMap<mlir::Operation *, int> clusterOf;
  /// Clusters whose values each cluster reads.
  std::vector<llvm::SmallVector<int, 4>> producers;
};

/// Calls `visit` for every operand of `op` and of the ops in it that is
/// defined in the block of `op` or above.
void visitOperands(mlir::Operation *op,
                   llvm::function_ref<void(mlir::OpOperand &)> visit);

/// Discardable attribute on an op or a task: the name of its device.
constexpr llvm::StringLiteral kPlaceAttrName = "orchestra.place";

} // namespace orchestra

#endif // ORCHESTRA_LIB_SCHEDULE_CLUSTERS_H
