//===- Clusters.cpp - Ops that share a task
//----------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A contraction that is worth it starts a cluster; everything else goes with
// one, as long as no cluster must wait for what its first op does not need:
// - an op that reads one cluster only joins it;
// - an op that reads several joins the youngest if that depends on the others
//   anyway (an addition of a residual), else starts a cluster (the end of two
//   towers);
// - last, a cluster without contraction whose results only one other reads, and
//   are no smaller than what it reads, joins that one (padding, a transpose).
//
// Clusters are numbered as they start, and an op joins the youngest that it
// reads or none, so dependences go from lower to higher numbers and no cycle
// can arise. Cost: linear, the search for dependences being bounded.
//
//===----------------------------------------------------------------------===//
#include "Clusters.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SmallPtrSet.h"

#include <queue>

using namespace mlir;
using namespace orchestra;

/// Clusters that a search for a dependence visits before it gives up.
static constexpr unsigned kMostVisited = 64;

void orchestra::visitOperands(Operation *op,
                              llvm::function_ref<void(OpOperand &)> visit) {
  op->walk([&](Operation *inner) {
    for (OpOperand &operand : inner->getOpOperands())
      if (!op->isAncestor(operand.get().getParentBlock()->getParentOp()))
        visit(operand);
  });
}

static bool isScalar(Operation *op) {
  return op->getNumResults() > 0 &&
         llvm::none_of(op->getResultTypes(), llvm::IsaPred<ShapedType>);
}

/// A fill that only initialises destinations.
static bool isInitialFill(Operation *op) {
  auto fill = dyn_cast<linalg::FillOp>(op);
  return fill && fill.getOutputs()[0].getDefiningOp<tensor::EmptyOp>() &&
         llvm::all_of(fill->getUses(), [](OpOperand &use) {
           auto dps = dyn_cast<DestinationStyleOpInterface>(use.getOwner());
           return dps && dps.isDpsInit(&use);
         });
}

void Clusters::findRoles(Block &block) {
  // Ops that depend on constants only; what they make is one, too.
  SmallPtrSet<Operation *, 32> constant;
  for (Operation &op : block) {
    if (op.hasTrait<OpTrait::IsTerminator>())
      continue;
    bool fromConstants = true, fromHost = true;
    visitOperands(&op, [&](OpOperand &operand) {
      Operation *def = operand.get().getDefiningOp();
      fromConstants &= def && constant.contains(def);
      fromHost &= !def || def->hasTrait<OpTrait::ConstantLike>() ||
                  roles.lookup(def) == OpRole::Hoisted;
    });
    bool pure = isPure(&op);
    if (pure && fromConstants)
      constant.insert(&op);
    // A task may be asked for what is cloned, the caller may not.
    bool returned = llvm::any_of(op.getUsers(), [](Operation *user) {
      return user->hasTrait<OpTrait::IsTerminator>();
    });
    OpRole role = OpRole::Work;
    if (op.hasTrait<OpTrait::ConstantLike>())
      role = OpRole::Cloned;
    else if (pure && isScalar(&op) && fromHost)
      role = OpRole::Hoisted;
    else if (!returned && pure &&
             (isScalar(&op) || fromConstants || isa<tensor::EmptyOp>(op) ||
              isInitialFill(&op)))
      role = OpRole::Cloned;
    roles[&op] = role;
  }
}

/// Clusters that `op` reads, directly or through cloned ops, ascending.
void Clusters::producersOf(Operation *op, SmallVectorImpl<int> &out) {
  SmallVector<Operation *> work = {op};
  SmallPtrSet<Operation *, 8> seen;
  while (!work.empty())
    visitOperands(work.pop_back_val(), [&](OpOperand &operand) {
      Operation *def = operand.get().getDefiningOp();
      if (!def || !seen.insert(def).second)
        return;
      OpRole role = roles.lookup(def);
      if (role == OpRole::Work)
        out.push_back(clusterOf.lookup(def));
      else if (role == OpRole::Cloned)
        work.push_back(def);
    });
  llvm::sort(out);
  out.erase(llvm::unique(out), out.end());
}

/// Whether `cluster` is known to need the results of `other`, which is older.
bool Clusters::dependsOn(int cluster, int other) {
  SmallVector<int> work = {cluster};
  DenseSet<int> seen;
  while (!work.empty() && seen.size() < kMostVisited)
    for (int producer : producers[work.pop_back_val()]) {
      if (producer == other)
        return true;
      if (producer > other && seen.insert(producer).second)
        work.push_back(producer);
    }
  return false;
}

/// Bytes of the constants that `op` reads and of its results.
double Clusters::addedBytes(Operation *op) {
  double bytes = 0;
  for (Type type : op->getResultTypes())
    bytes += estimate.getBytes(type);
  visitOperands(op, [&](OpOperand &operand) {
    Operation *def = operand.get().getDefiningOp();
    if (def && roles.lookup(def) == OpRole::Cloned &&
        !isa<tensor::EmptyOp, linalg::FillOp>(def))
      bytes += estimate.getBytes(operand.get().getType());
  });
  return bytes;
}

bool Clusters::canJoin(const Cluster &cluster, const Cluster &addition) const {
  if (!cluster.place.empty() && !addition.place.empty() &&
      cluster.place != addition.place)
    return false;
  if (cluster.heavy && addition.heavy)
    return false;
  return options.maxBytes <= 0 ||
         cluster.bytes + addition.bytes <= options.maxBytes;
}

void Clusters::place(Operation *op) {
  Cluster own;
  own.ops.push_back(op);
  if (auto place = op->getAttrOfType<StringAttr>(kPlaceAttrName))
    own.place = place.getValue();
  own.bytes = addedBytes(op);
  plan::PerElement flops{};
  estimate.addFlops(op, flops);
  double sum = 0;
  for (double count : flops)
    sum += count;
  // A loop or a branch is as heavy as what is in it.
  bool contracts = op->walk([](Operation *inner) {
                       return isMultiplyAccumulate(inner)
                                  ? WalkResult::interrupt()
                                  : WalkResult::advance();
                     }).wasInterrupted();
  own.heavy = contracts && sum >= options.minFlops;

  SmallVector<int, 4> reads;
  producersOf(op, reads);
  if (!reads.empty() && !own.heavy && canJoin(clusters[reads.back()], own)) {
    int youngest = reads.back();
    if (llvm::all_of(ArrayRef<int>(reads).drop_back(),
                     [&](int other) { return dependsOn(youngest, other); })) {
      Cluster &cluster = clusters[youngest];
      cluster.ops.push_back(op);
      cluster.bytes += own.bytes;
      if (cluster.place.empty())
        cluster.place = own.place;
      clusterOf[op] = youngest;
      // What the youngest depends on already needs no new entry.
      return;
    }
  }
  clusterOf[op] = clusters.size();
  clusters.push_back(std::move(own));
  producers.push_back(std::move(reads));
}

/// Moves clusters without contraction to their only readers.
void Clusters::sinkLightClusters() {
  for (int index = clusters.size() - 1; index >= 0; --index) {
    Cluster &cluster = clusters[index];
    if (cluster.heavy)
      continue;
    // Where its values go, and how many bytes come in and go out.
    SmallPtrSet<Operation *, 8> members(cluster.ops.begin(), cluster.ops.end());
    int reader = -1;
    bool sinks = true;
    double in = 0, out = 0;
    DenseSet<Value> seen;
    SmallVector<Operation *> users;
    for (Operation *op : cluster.ops) {
      visitOperands(op, [&](OpOperand &operand) {
        Operation *def = operand.get().getDefiningOp();
        bool outside = !def || (roles.lookup(def) == OpRole::Work &&
                                !members.contains(def));
        if (outside && seen.insert(operand.get()).second)
          in += estimate.getBytes(operand.get().getType());
      });
      for (Value result : op->getResults()) {
        bool leaves = false;
        users.assign(result.user_begin(), result.user_end());
        while (!users.empty()) {
          Operation *user =
              op->getBlock()->findAncestorOpInBlock(*users.pop_back_val());
          if (members.contains(user))
            continue;
          leaves = true;
          auto role = roles.find(user);
          if (role == roles.end()) { // the terminator
            sinks = false;
          } else if (role->second != OpRole::Work) {
            users.append(user->user_begin(), user->user_end());
          } else {
            int other = clusterOf.lookup(user);
            sinks &= reader < 0 || reader == other;
            reader = other;
          }
        }
        out += leaves ? estimate.getBytes(result.getType()) : 0;
      }
    }
    if (!sinks || reader < 0 || in > out || !canJoin(clusters[reader], cluster))
      continue;
    Cluster &target = clusters[reader];
    for (Operation *op : cluster.ops)
      clusterOf[op] = reader;
    target.ops.insert(target.ops.begin(), cluster.ops.begin(),
                      cluster.ops.end());
    llvm::sort(target.ops, [](Operation *a, Operation *b) {
      return a->isBeforeInBlock(b);
    });
    target.bytes += cluster.bytes;
    if (target.place.empty())
      target.place = cluster.place;
    cluster.ops.clear();
  }
}

/// Drops empty clusters and renumbers the others so that each depends only on
/// lower numbers; among several, the one that starts first in the block.
void Clusters::sortClusters() {
  std::vector<SmallVector<int, 4>> readers(clusters.size());
  std::vector<int> missing(clusters.size(), 0);
  for (auto [index, cluster] : llvm::enumerate(clusters)) {
    SmallVector<int> reads;
    for (Operation *op : cluster.ops)
      producersOf(op, reads);
    llvm::sort(reads);
    reads.erase(llvm::unique(reads), reads.end());
    for (int other : reads)
      if (other != int(index)) {
        readers[other].push_back(index);
        ++missing[index];
      }
  }
  auto later = [&](int a, int b) {
    return clusters[b].ops.front()->isBeforeInBlock(clusters[a].ops.front());
  };
  std::priority_queue<int, std::vector<int>, decltype(later)> ready(later);
  for (auto [index, cluster] : llvm::enumerate(clusters))
    if (!cluster.ops.empty() && missing[index] == 0)
      ready.push(index);
  std::vector<Cluster> sorted;
  std::vector<int> sequence;
  while (!ready.empty()) {
    sequence.push_back(ready.top());
    ready.pop();
    for (int reader : readers[sequence.back()])
      if (--missing[reader] == 0)
        ready.push(reader);
  }
  for (int index : sequence) {
    for (Operation *op : clusters[index].ops)
      clusterOf[op] = sorted.size();
    sorted.push_back(std::move(clusters[index]));
  }
  clusters = std::move(sorted);
  producers.clear();
}

Clusters::Clusters(Block &block, const WorkEstimate &estimate,
                   const ClusterOptions &options)
    : estimate(estimate), options(options) {
  findRoles(block);
  for (Operation &op : block)
    if (!op.hasTrait<OpTrait::IsTerminator>() &&
        roles.lookup(&op) == OpRole::Work)
      place(&op);
  sinkLightClusters();
  sortClusters();
}
