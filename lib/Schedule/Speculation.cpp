//===- Speculation.cpp - Which conditionals are worth speculating ---------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A conditional waits for its condition, then does one branch. Speculation does
// both branches, perhaps elsewhere, while the condition is computed. The
// planner decides: it places condition, branches and commit as tasks, and what
// it needs for them is compared with waiting. What may not be run in vain is no
// candidate, whatever it would gain.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Schedule/Passes.h"

#include "Clusters.h"
#include "Placement.h"
#include "ProfileFile.h"
#include "Speculation.h"

#include "orchestra/Schedule/Plan/Planner.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_DIVERGENCETOSPECULATIONPASS
#include "orchestra/Schedule/Passes.h.inc"
} // namespace orchestra

//===----------------------------------------------------------------------===//
// What may be run in vain
//===----------------------------------------------------------------------===//

/// Whether an op that upstream calls pure is only right where its operands fit:
/// an index in range, sizes that agree. A conditional may be there to see to
/// it.
static bool needsFittingOperands(Operation *op) {
  // Upstream counts remainders as pure; the instruction traps like a division.
  if (isa<arith::RemSIOp, arith::RemUIOp>(op)) {
    APInt divisor;
    return !matchPattern(op->getOperand(1), m_ConstantInt(&divisor)) ||
           divisor.isZero() || (isa<arith::RemSIOp>(op) && divisor.isAllOnes());
  }
  if (auto extract = dyn_cast<tensor::ExtractOp>(op))
    return !llvm::all_of(extract.getIndices(), [](Value index) {
      return matchPattern(index, m_Constant());
    }) || !extract.getTensor().getType().hasStaticShape();
  if (auto insert = dyn_cast<tensor::InsertOp>(op))
    return !llvm::all_of(insert.getIndices(), [](Value index) {
      return matchPattern(index, m_Constant());
    }) || !insert.getDest().getType().hasStaticShape();
  if (auto slice = dyn_cast<OffsetSizeAndStrideOpInterface>(op)) {
    auto isDynamic = [](int64_t size) { return ShapedType::isDynamic(size); };
    return llvm::any_of(slice.getStaticOffsets(), isDynamic) ||
           llvm::any_of(slice.getStaticSizes(), isDynamic) ||
           llvm::any_of(slice.getStaticStrides(), isDynamic);
  }
  if (isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp,
          tensor::ReshapeOp, tensor::ConcatOp>(op))
    return llvm::any_of(op->getOperandTypes(), [](Type type) {
      auto shaped = dyn_cast<ShapedType>(type);
      return shaped && !shaped.hasStaticShape();
    });
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  if (!structured)
    return false;
  // Two inputs that both say how often a loop runs.
  llvm::SmallBitVector dynamic(structured.getNumLoops());
  for (OpOperand *input : structured.getDpsInputOperands()) {
    ArrayRef<int64_t> shape = structured.getShape(input);
    for (auto [expression, size] : llvm::zip(
             structured.getMatchingIndexingMap(input).getResults(), shape)) {
      auto loop = dyn_cast<AffineDimExpr>(expression);
      if (!ShapedType::isDynamic(size))
        continue;
      if (!loop || dynamic.test(loop.getPosition()))
        return true;
      dynamic.set(loop.getPosition());
    }
  }
  return false;
}

/// Why a branch may not be run in vain; empty: it may.
static std::string whyNotInVain(Region &region) {
  std::string why;
  region.walk<WalkOrder::PreOrder>([&](Operation *op) {
    auto refuse = [&](StringRef what) {
      why = llvm::formatv("a branch {0}: '{1}'", what, op->getName());
      SmallVector<StringRef> names;
      collectNames(op->getLoc(), names);
      if (!names.empty())
        why += (" of node '" + names.front() + "'").str();
      return WalkResult::interrupt();
    };
    bool askInside = op->hasTrait<OpTrait::HasRecursiveMemoryEffects>();
    if (!askInside && !isMemoryEffectFree(op))
      return refuse("has effects");
    auto speculatable = dyn_cast<ConditionallySpeculatable>(op);
    if (!speculatable ||
        speculatable.getSpeculatability() == Speculation::NotSpeculatable) {
      if (!isa<LoopLikeOpInterface>(op))
        return refuse("may trap");
      // Effects inside are the better reason.
      for (Region &inner : op->getRegions())
        if (std::string inside = whyNotInVain(inner); !inside.empty()) {
          why = inside;
          return WalkResult::interrupt();
        }
      return refuse("may never end");
    }
    if (needsFittingOperands(op))
      return refuse("may trap");
    return WalkResult::advance();
  });
  return why;
}

/// Why a conditional is at a place where it is left alone; empty: it is not.
static std::string whyNotHere(scf::IfOp conditional) {
  Operation *parent = conditional->getParentOp();
  if (auto task = dyn_cast<TaskOp>(parent)) {
    if (!isa<ScheduleOp>(task->getParentOp()))
      return "its task is in no schedule";
    if (task.getNkiSource() || task.getPtxSource() || task.getGcnSource())
      return "its task has a kernel written by hand";
    return "";
  }
  if (isa<ScheduleOp>(parent))
    return "";
  if (isa<LoopLikeOpInterface>(parent))
    return "it is in a loop, which is not taken apart";
  if (isa<scf::IfOp>(parent))
    return "it is in a branch of another conditional";
  return "it is in no schedule";
}

//===----------------------------------------------------------------------===//
// What it would gain
//===----------------------------------------------------------------------===//

namespace {
struct Decision {
  std::string devices[2];
  double waiting = 0, speculating = 0, probability = 0;
};

/// Plans one conditional as a graph of four tasks.
class ConditionalPlan {
public:
  ConditionalPlan(scf::IfOp conditional, const ValuePlaces &places,
                  const WorkEstimate &estimate)
      : conditional(conditional), places(places), estimate(estimate),
        home(places.getHome(conditional)), machine(places.machine) {
    // All begins and ends where the conditional is.
    machine.host = home;
  }

  /// Nothing if the planner finds no plan.
  std::optional<Decision> run(double probability);

private:
  void addCondition();
  double getDelay(ArrayRef<Operation *> ops);
  int32_t addBranch(unsigned number, plan::Task &commit);
  int32_t getValue(Value value);

  scf::IfOp conditional;
  const ValuePlaces &places;
  const WorkEstimate &estimate;
  int32_t home;
  plan::Machine machine;
  plan::TaskGraph graph;
  DenseMap<Value, int32_t> values;
  /// What is computed together with the condition.
  DenseSet<Value> withCondition;
};
} // namespace

/// The value's index in the graph: made with the condition, or there before.
int32_t ConditionalPlan::getValue(Value value) {
  auto [it, isNew] = values.try_emplace(value, -1);
  if (!isNew)
    return it->second;
  plan::Value entry;
  entry.kind = plan::ValueKind::Input;
  entry.bytes = estimate.getBytes(value.getType());
  return it->second = graph.addValue(std::move(entry));
}

/// By how much, in the plan, what `ops` read is there later than what the
/// branches read: time in which the branches need not wait.
double ConditionalPlan::getDelay(ArrayRef<Operation *> ops) {
  double branches = 0, condition = 0;
  for (Region &region : conditional->getRegions())
    for (Value value : getCaptured(region))
      branches = std::max(branches, places.getReady(value));
  for (Operation *op : ops)
    visitOperands(op, [&](OpOperand &operand) {
      condition = std::max(condition, places.getReady(operand.get()));
    });
  return std::max(0.0, condition - branches);
}

/// What must be computed before the condition is known: the rest of its task,
/// or the task that yields it. A condition from elsewhere is there at once.
void ConditionalPlan::addCondition() {
  plan::Task task;
  task.name = "condition";
  task.pin = home;
  task.launches = 0;
  SmallVector<Operation *> ops;
  SmallVector<Value> made;
  Value condition = conditional.getCondition();
  if (isa<TaskOp>(conditional->getParentOp())) {
    for (Operation &op :
         llvm::make_range(conditional->getBlock()->begin(),
                          Block::iterator(conditional.getOperation())))
      ops.push_back(&op);
    for (Operation *op : ops)
      llvm::append_range(made, op->getResults());
  } else if (auto producer = condition.getDefiningOp<TaskOp>()) {
    task.pin = places.getDevice(producer);
    for (Operation &op : producer.getBody().front())
      ops.push_back(&op);
    llvm::append_range(made, producer.getResults());
  }
  for (Operation *op : ops) {
    if (isCheapToCopy(op))
      continue;
    task.launches = 1;
    estimate.addFlops(op, task.flops);
    for (Value operand : op->getOperands())
      task.bytes += estimate.getBytes(operand.getType());
  }
  for (Value value : made) {
    if (value.getDefiningOp() && isCheapToCopy(value.getDefiningOp()))
      continue;
    plan::Value entry;
    entry.bytes = estimate.getBytes(value.getType());
    values[value] = graph.addValue(std::move(entry));
    task.outputs.push_back(values[value]);
  }
  if (double delay = getDelay(ops); delay > 0) {
    const plan::Device &device = machine.devices[task.pin];
    task.known.push_back(
        {device.arch, delay + plan::estimateSeconds(task, device)});
  }
  graph.addTask(std::move(task));
}

int32_t ConditionalPlan::addBranch(unsigned number, plan::Task &commit) {
  Region &region = conditional->getRegion(number);
  Block &block = region.front();
  plan::Task task;
  task.name = number == 0 ? "then" : "else";
  task.launches = block.without_terminator().empty() ? 0 : 1;
  for (Operation &op : block.without_terminator())
    estimate.addFlops(&op, task.flops);
  for (Value value : getCaptured(region)) {
    if (value.getDefiningOp() && isCheapToCopy(value.getDefiningOp()))
      continue;
    bool isShaped = isa<ShapedType>(value.getType());
    // What has no shape cannot be moved; what the host computed before the
    // schedule is known to all.
    if (!isShaped && values.contains(value))
      task.pin = home;
    if (!isShaped && !values.contains(value))
      continue;
    task.inputs.push_back(getValue(value));
    task.bytes += estimate.getBytes(value.getType());
  }
  for (Value value : block.getTerminator()->getOperands()) {
    if (value.getParentRegion() != &region)
      continue;
    if (!isa<ShapedType>(value.getType()))
      task.pin = home;
    plan::Value entry;
    entry.bytes = estimate.getBytes(value.getType());
    task.bytes += entry.bytes;
    int32_t index = graph.addValue(std::move(entry));
    task.outputs.push_back(index);
    commit.inputs.push_back(index);
  }
  return graph.addTask(std::move(task));
}

std::optional<Decision> ConditionalPlan::run(double probability) {
  addCondition();
  plan::Task commit;
  commit.name = "commit";
  commit.pin = home;
  commit.launches = 0;
  if (auto it = values.find(conditional.getCondition()); it != values.end())
    commit.inputs.push_back(it->second);
  int32_t branches[] = {addBranch(0, commit), addBranch(1, commit)};
  plan::Value result;
  result.isOutput = true;
  commit.outputs.push_back(graph.addValue(std::move(result)));
  graph.addTask(std::move(commit));
  if (graph.finish())
    return std::nullopt;
  plan::Plan plan;
  if (plan::makePlan(graph, machine, plan::PlanOptions(), plan))
    return std::nullopt;
  Decision decision;
  decision.probability = probability;
  decision.speculating = plan.latency;
  plan::CostTable costs(graph, machine);
  decision.waiting = costs(0, graph.tasks[0].pin) +
                     probability * costs(branches[0], home) +
                     (1 - probability) * costs(branches[1], home);
  // To branch, the host must know what another device computed.
  if (home != places.machine.host)
    decision.waiting += machine.routeTime(home, places.machine.host, 1) +
                        machine.devices[home].launch;
  for (unsigned i = 0; i < 2; ++i)
    decision.devices[i] = machine.devices[plan.tasks[branches[i]].device].name;
  return decision;
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct BranchCount {
  double taken = 0, notTaken = 0;
};

struct DivergenceToSpeculation
    : orchestra::impl::DivergenceToSpeculationPassBase<
          DivergenceToSpeculation> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

  LogicalResult run();
  LogicalResult readProfile();
  double getProbability(scf::IfOp conditional);
  bool decide(scf::IfOp conditional, const ValuePlaces &places);

  llvm::StringMap<BranchCount> counts;
};
} // namespace

LogicalResult DivergenceToSpeculation::readProfile() {
  counts.clear();
  if (profile.empty())
    return success();
  ProfileFile file(getOperation(), "branch profile", profile);
  FailureOr<llvm::json::Value> value = file.read();
  if (failed(value))
    return failure();
  const llvm::json::Object *object = value->getAsObject();
  const llvm::json::Object *branches =
      object ? object->getObject("branches") : nullptr;
  if (!branches)
    return file.error("expected counts by name of a node in 'branches'");
  for (const auto &[node, entry] : *branches) {
    const llvm::json::Object *pair = entry.getAsObject();
    std::optional<double> taken = pair ? pair->getNumber("true") : std::nullopt,
                          notTaken =
                              pair ? pair->getNumber("false") : std::nullopt;
    if (!taken || !notTaken || *taken < 0 || *notTaken < 0)
      return file.error("'" + node.str() +
                        "' must have counts 'true' and 'false', not below 0");
    counts[node.str()] = {*taken, *notTaken};
  }
  return success();
}

/// How often the condition holds; without counts, as often as not.
double DivergenceToSpeculation::getProbability(scf::IfOp conditional) {
  SmallVector<StringRef> names;
  collectNames(conditional.getLoc(), names);
  for (StringRef name : names)
    if (auto it = counts.find(name); it != counts.end())
      if (double all = it->second.taken + it->second.notTaken; all > 0)
        return it->second.taken / all;
  return 0.5;
}

/// Marks a conditional that is worth it; says why it is not.
bool DivergenceToSpeculation::decide(scf::IfOp conditional,
                                     const ValuePlaces &places) {
  auto options = remark::RemarkOpts::name("Speculation").category("schedule");
  auto refuse = [&](const std::string &why) {
    remark::missed(conditional.getLoc(), options) << remark::reason("{0}", why);
    return false;
  };
  if (std::string why = whyNotHere(conditional); !why.empty())
    return refuse(why);
  // A condition has no shape, so it cannot be moved.
  if (conditional.getCondition().getDefiningOp<TaskOp>() &&
      places.getDevice(conditional.getCondition()) !=
          places.getHome(conditional))
    return refuse("its condition is computed on another device");
  for (Region &region : conditional->getRegions())
    if (std::string why = whyNotInVain(region); !why.empty())
      return refuse(why);
  if (conditional.getNumResults() == 0)
    return refuse("it has no results");
  std::optional<Decision> decision =
      ConditionalPlan(conditional, places, WorkEstimate(assumedSize))
          .run(getProbability(conditional));
  if (!decision)
    return refuse("its branches fit no device's memory at once");
  auto nanoseconds = [](double seconds) { return int64_t(seconds * 1e9); };
  if (decision->speculating >= decision->waiting + allowance)
    return refuse(llvm::formatv("waiting for the condition takes {0} ns, "
                                "speculating {1} ns",
                                nanoseconds(decision->waiting),
                                nanoseconds(decision->speculating)));
  Builder b(&getContext());
  conditional->setAttr(
      kSpeculateAttrName,
      b.getStrArrayAttr({decision->devices[0], decision->devices[1]}));
  remark::passed(conditional.getLoc(), options)
      << remark::metric("waiting_ns", nanoseconds(decision->waiting))
      << remark::metric("speculating_ns", nanoseconds(decision->speculating))
      << remark::metric("probability", decision->probability)
      << remark::metric("then", decision->devices[0])
      << remark::metric("else", decision->devices[1]);
  return true;
}

LogicalResult DivergenceToSpeculation::run() {
  if (failed(readProfile()))
    return failure();
  FailureOr<TopologyOp> topology = chooseTopology(getOperation(), machine);
  if (failed(topology))
    return failure();
  SmallVector<scf::IfOp> conditionals;
  getOperation().walk<WalkOrder::PreOrder>(
      [&](scf::IfOp conditional) { conditionals.push_back(conditional); });
  if (conditionals.empty())
    return success();
  if (!*topology) {
    for (scf::IfOp conditional : conditionals)
      remark::missed(
          conditional.getLoc(),
          remark::RemarkOpts::name("Speculation").category("schedule"))
          << remark::reason("there is no topology to plan for");
    return success();
  }
  FailureOr<plan::Machine> figures = getMachine(*topology);
  if (failed(figures))
    return failure();
  ValuePlaces places(*topology, *figures);
  SmallVector<Operation *> marked;
  for (scf::IfOp conditional : conditionals)
    if (decide(conditional, places))
      marked.push_back(conditional);
  RewritePatternSet patterns(&getContext());
  populateSpeculationPatterns(patterns, places);
  auto config = GreedyRewriteConfig()
                    .setStrictness(GreedyRewriteStrictness::ExistingOps)
                    .enableFolding(false)
                    .enableConstantCSE(false);
  if (failed(applyOpPatternsGreedily(marked, std::move(patterns), config)))
    return getOperation().emitError("speculation did not come to an end "
                                    "[internal-error]");
  remark::analysis(getOperation().getLoc(),
                   remark::RemarkOpts::name("Speculation").category("schedule"))
      << remark::metric("conditionals", conditionals.size())
      << remark::metric("speculated", marked.size());
  return success();
}
