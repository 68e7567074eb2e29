//===- Partition.cpp - Tasks of a program ---------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// With one device the whole model is one task: scheduling costs nothing where
// there is nothing to choose. With several, every cluster (Clusters.cpp)
// becomes a task on the host's device, for orchestra-schedule to place.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Schedule/Passes.h"

#include "Clusters.h"
#include "Placement.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_PARTITIONPASS
#include "orchestra/Schedule/Passes.h.inc"
} // namespace orchestra

/// Moves all of `block` before its return into one task.
static void wrapInOneTask(func::FuncOp function, SymbolRefAttr topology,
                          DictionaryAttr target) {
  Block &block = function.getBody().front();
  auto ret = cast<func::ReturnOp>(block.getTerminator());
  Location loc = function.getLoc();
  OpBuilder b = OpBuilder::atBlockBegin(&block);
  TypeRange types = ret.getOperandTypes();
  auto schedule = ScheduleOp::create(b, loc, types, topology);
  b.createBlock(&schedule.getBody());
  auto task = TaskOp::create(b, loc, types, target);
  YieldOp::create(b, loc, task.getResults());
  Block *body = b.createBlock(&task.getBody());
  body->getOperations().splice(body->end(), block.getOperations(),
                               std::next(Block::iterator(schedule)),
                               Block::iterator(ret));
  b.setInsertionPointToEnd(body);
  YieldOp::create(b, loc, ret.getOperands());
  ret->setOperands(schedule.getResults());
}

namespace {
/// Turns clusters into tasks.
class TaskBuilder {
public:
  TaskBuilder(func::FuncOp function, Clusters &clusters, TopologyOp topology)
      : block(function.getBody().front()), clusters(clusters),
        target(getTaskTarget(getHost(topology))),
        topologyName(SymbolRefAttr::get(topology)), b(function.getContext()) {}

  void run();

private:
  void findResults();
  void build(int index);
  Value getInside(Value value, IRMapping &copies);

  Block &block;
  Clusters &clusters;
  DictionaryAttr target;
  SymbolRefAttr topologyName;
  OpBuilder b;
  /// Per cluster the values that others read, in the order of the block.
  std::vector<SmallVector<Value>> results;
  /// What stands for a value outside of the task that computes it.
  DenseMap<Value, Value> outside;
};
} // namespace

void TaskBuilder::findResults() {
  // A cloned op reads for every cluster that it is cloned into.
  DenseMap<Operation *, SmallVector<int, 4>> readers;
  auto addReaders = [&](Operation *op, SmallVectorImpl<int> &into) {
    for (Operation *user : op->getUsers()) {
      Operation *top = block.findAncestorOpInBlock(*user);
      if (top->hasTrait<OpTrait::IsTerminator>())
        into.push_back(-1);
      else if (clusters.getRole(top) == OpRole::Work)
        into.push_back(clusters.getCluster(top));
      else
        llvm::append_range(into, readers.lookup(top));
    }
    llvm::sort(into);
    into.erase(llvm::unique(into), into.end());
  };
  for (Operation &op : llvm::reverse(block))
    if (!op.hasTrait<OpTrait::IsTerminator>() &&
        clusters.getRole(&op) == OpRole::Cloned) {
      SmallVector<int, 4> into;
      addReaders(&op, into);
      readers[&op] = std::move(into);
    }
  results.resize(clusters.clusters.size());
  for (int index = 0, end = clusters.clusters.size(); index < end; ++index)
    for (Operation *op : clusters.clusters[index].ops)
      for (Value result : op->getResults())
        for (Operation *user : result.getUsers()) {
          Operation *top = block.findAncestorOpInBlock(*user);
          bool leaves;
          if (top->hasTrait<OpTrait::IsTerminator>())
            leaves = true;
          else if (clusters.getRole(top) == OpRole::Work)
            leaves = clusters.getCluster(top) != index;
          else
            leaves = llvm::any_of(readers.lookup(top),
                                  [&](int reader) { return reader != index; });
          if (leaves) {
            results[index].push_back(result);
            break;
          }
        }
}

/// `value` as an op in the current task sees it; clones what is to be cloned.
Value TaskBuilder::getInside(Value value, IRMapping &copies) {
  if (Value copy = copies.lookupOrNull(value))
    return copy;
  Operation *def = value.getDefiningOp();
  if (!def || def->getBlock() != &block)
    return outside.contains(value) ? outside.lookup(value) : value;
  if (clusters.getRole(def) == OpRole::Hoisted)
    return value;
  // Chains of cloned ops are short: they end at constants, sizes, or tasks.
  visitOperands(def, [&](OpOperand &operand) {
    copies.map(operand.get(), getInside(operand.get(), copies));
  });
  b.clone(*def, copies);
  return copies.lookup(value);
}

void TaskBuilder::build(int index) {
  Cluster &cluster = clusters.clusters[index];
  SmallVector<Location> locations;
  for (Operation *op : cluster.ops)
    locations.push_back(op->getLoc());
  Location loc = FusedLoc::get(b.getContext(), locations);
  ValueRange values(results[index]);
  auto task = TaskOp::create(b, loc, values.getTypes(), target);
  if (!cluster.place.empty())
    task->setAttr(kPlaceAttrName, b.getStringAttr(cluster.place));
  OpBuilder::InsertionGuard guard(b);
  Block *body = b.createBlock(&task.getBody());
  IRMapping copies;
  for (Operation *op : cluster.ops) {
    op->removeAttr(kPlaceAttrName);
    visitOperands(op, [&](OpOperand &operand) {
      operand.set(getInside(operand.get(), copies));
    });
    op->moveBefore(body, body->end());
    b.setInsertionPointToEnd(body);
    // A scalar that is cloned may depend on this op's results.
    for (Value result : op->getResults())
      copies.map(result, result);
  }
  YieldOp::create(b, loc, results[index]);
  for (auto [value, result] : llvm::zip(results[index], task.getResults()))
    outside[value] = result;
}

void TaskBuilder::run() {
  findResults();
  auto ret = cast<func::ReturnOp>(block.getTerminator());
  Location loc = block.getParentOp()->getLoc();
  b.setInsertionPoint(ret);
  auto schedule =
      ScheduleOp::create(b, loc, ret.getOperandTypes(), topologyName);
  Block *body = b.createBlock(&schedule.getBody());
  for (size_t index = 0; index < results.size(); ++index) {
    b.setInsertionPointToEnd(body);
    build(index);
  }
  b.setInsertionPointToEnd(body);
  SmallVector<Value> yielded;
  for (Value value : ret.getOperands())
    yielded.push_back(outside.contains(value) ? outside.lookup(value) : value);
  YieldOp::create(b, loc, yielded);
  ret->setOperands(schedule.getResults());
  // What was cloned everywhere has no use left.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct Partition : orchestra::impl::PartitionPassBase<Partition> {
  using Base::Base;

  void runOnOperation() override {
    FailureOr<TopologyOp> machine = chooseTopology(getOperation(), topology);
    if (failed(machine))
      return signalPassFailure();
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (!function->hasAttr(kEntryAttrName))
        continue;
      if (!llvm::hasSingleElement(function.getBody())) {
        function.emitError(
            "control flow between blocks must be lifted to scf first");
        return signalPassFailure();
      }
      if (failed(partition(function, *machine)))
        return signalPassFailure();
    }
  }

  LogicalResult partition(func::FuncOp function, TopologyOp machine);
  LogicalResult pinNodes(func::FuncOp function, TopologyOp machine);
};
} // namespace

/// Marks the ops of nodes that options place, and checks marks made before.
LogicalResult Partition::pinNodes(func::FuncOp function, TopologyOp machine) {
  Block &block = function.getBody().front();
  Builder b(&getContext());
  LogicalResult result = success();
  for (const std::string &text : place) {
    auto parsed = parsePlace(function.getLoc(), text);
    if (failed(parsed)) {
      result = failure();
      continue;
    }
    auto [node, device] = *parsed;
    bool found = false;
    for (Operation &op : block.without_terminator()) {
      SmallVector<StringRef> names;
      collectNames(op.getLoc(), names);
      if (!llvm::is_contained(names, node))
        continue;
      found = true;
      op.setAttr(kPlaceAttrName, b.getStringAttr(device));
    }
    if (!found)
      result = function.emitError("no node is named '")
               << node << "', which is to run on '" << device
               << "' [unknown-node]";
  }
  for (Operation &op : block.without_terminator()) {
    Attribute mark = op.getAttr(kPlaceAttrName);
    if (!mark)
      continue;
    auto name = dyn_cast<StringAttr>(mark);
    if (!name)
      result = op.emitError("'")
               << kPlaceAttrName << "' must be a device's name, not " << mark
               << " [unknown-device]";
    else if (!findDevice(op.getLoc(), machine, name.getValue()))
      result = failure();
  }
  return result;
}

LogicalResult Partition::partition(func::FuncOp function, TopologyOp machine) {
  Builder b(&getContext());
  if (!machine) {
    if (!place.empty())
      return function.emitError("nodes are placed by name, but the module has "
                                "no topology [unknown-device]");
    auto target = b.getDictionaryAttr(
        {b.getNamedAttr("arch", b.getStringAttr(arch)),
         b.getNamedAttr("device_id", b.getI64IntegerAttr(0))});
    wrapInOneTask(function, SymbolRefAttr(), target);
    return success();
  }
  auto devices = llvm::to_vector(machine.getOps<DeviceOp>());
  if (devices.empty())
    return machine.emitError("the topology has no device [unknown-device]");
  if (failed(pinNodes(function, machine)))
    return failure();
  if (devices.size() == 1) {
    wrapInOneTask(function, SymbolRefAttr::get(machine),
                  getTaskTarget(devices.front()));
    return success();
  }

  FailureOr<plan::Machine> figures = getMachine(machine);
  if (failed(figures))
    return failure();
  WorkEstimate estimate(assumedSize);
  ClusterOptions options;
  options.minFlops = minFlops;
  // Small enough to go wherever there is some room left.
  for (const plan::Device &device : figures->devices)
    options.maxBytes = options.maxBytes > 0
                           ? std::min(options.maxBytes, device.memory / 4)
                           : device.memory / 4;
  Clusters clusters(function.getBody().front(), estimate, options);
  size_t tasks = clusters.clusters.size();
  TaskBuilder(function, clusters, machine).run();
  remark::analysis(function.getLoc(),
                   remark::RemarkOpts::name("Partition").category("schedule"))
      << remark::metric("tasks", tasks);
  return success();
}
