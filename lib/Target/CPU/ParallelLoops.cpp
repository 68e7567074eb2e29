//===- ParallelLoops.cpp - scf.forall on the runtime's thread pool --------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A parallel loop's iterations are flattened into one range, which threads
// take in contiguous slices; or only those of its fastest dimensions
// (kSplitDimsAttrName), and each thread walks all of the slower ones. The body
// of a slice walks the dimensions with counters instead of dividing each index:
// the divisions happen once a slice.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/Kernels.h"
#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Target/CPU/Passes.h"

#include "mlir/Dialect/SCF/Transforms/Transforms.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_CPUPARALLELLOOPSPASS
#include "orchestra/Target/CPU/Passes.h.inc"
} // namespace orchestra

namespace {

/// Outlines one forall. Its bounds and steps are values of `kernel`.
class ForallOutliner {
public:
  ForallOutliner(ModuleOp module, func::FuncOp kernel, unsigned number)
      : module(module), kernel(kernel), number(number) {}

  void outline(scf::ForallOp forall);

private:
  ModuleOp module;
  func::FuncOp kernel;
  unsigned number;
};

} // namespace

/// Number of iterations ceil((ub - lb) / step) as a value at the builder.
static Value getTripCount(OpBuilder &b, Location loc, OpFoldResult lb,
                          OpFoldResult ub, OpFoldResult step) {
  AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1),
             s2 = b.getAffineSymbolExpr(2);
  return getValueOrCreateConstantIndexOp(
      b, loc,
      affine::makeComposedFoldedAffineApply(b, loc, (s1 - s0).ceilDiv(s2),
                                            {lb, ub, step}));
}

/// Indices of iteration `flat` of loops with these trip counts, slowest first.
static SmallVector<Value> getCounters(OpBuilder &b, Location loc, Value flat,
                                      ArrayRef<Value> counts) {
  SmallVector<Value> counters(counts.size());
  for (unsigned i = counts.size(); i-- > 1;) {
    counters[i] = arith::RemUIOp::create(b, loc, flat, counts[i]);
    flat = arith::DivUIOp::create(b, loc, flat, counts[i]);
  }
  if (!counters.empty())
    counters[0] = flat;
  return counters;
}

/// Moves to the next iteration: the fastest counter steps; one that reaches its
/// end wraps and carries into the next.
static void advance(OpBuilder &b, Location loc, MutableArrayRef<Value> counters,
                    ArrayRef<Value> counts) {
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value carry = arith::ConstantIntOp::create(b, loc, 1, 1);
  for (unsigned i = counters.size(); i-- > 0;) {
    Value next = arith::SelectOp::create(
        b, loc, carry,
        arith::AddIOp::create(b, loc, counters[i], one).getResult(),
        counters[i]);
    if (i == 0) {
      counters[i] = next;
      break;
    }
    Value wraps = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, next,
                                        counts[i]);
    counters[i] = arith::SelectOp::create(b, loc, wraps, zero, next);
    carry = wraps;
  }
}

void ForallOutliner::outline(scf::ForallOp forall) {
  Location loc = forall.getLoc();
  OpBuilder b(forall);
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  Type index = b.getIndexType();
  unsigned rank = forall.getRank();
  SmallVector<int64_t> order;
  // Of `order`, the dimensions from `firstSplit` on are divided among threads.
  unsigned firstSplit = 0;
  // Canonicalization drops loops of one iteration, but keeps the attributes.
  auto attr = forall->getAttrOfType<DenseI64ArrayAttr>(kLoopOrderAttrName);
  if (attr && attr.size() == int64_t(rank)) {
    order.assign(attr.asArrayRef().begin(), attr.asArrayRef().end());
    if (auto split = forall->getAttrOfType<IntegerAttr>(kSplitDimsAttrName))
      firstSplit = rank - std::min<uint64_t>(rank, split.getInt());
  } else {
    order = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  }

  // Trip counts are computed by the kernel and captured when not constant.
  SmallVector<OpFoldResult> lbs = forall.getMixedLowerBound(),
                            ubs = forall.getMixedUpperBound(),
                            steps = forall.getMixedStep();
  SmallVector<Value> counts;
  for (unsigned i = 0; i < rank; ++i)
    counts.push_back(getTripCount(b, loc, lbs[i], ubs[i], steps[i]));
  Value total = arith::ConstantIndexOp::create(b, loc, 1);
  for (unsigned dim : ArrayRef(order).drop_front(firstSplit))
    total = b.createOrFold<arith::MulIOp>(loc, total, counts[dim]);

  // Everything used inside and defined outside; constants are cloned.
  SetVector<Value> used;
  getUsedValuesDefinedAbove(forall.getRegion(), used);
  for (unsigned i = 0; i < rank; ++i) {
    used.insert(counts[i]);
    for (OpFoldResult value : {lbs[i], steps[i]})
      if (auto v = dyn_cast<Value>(value))
        used.insert(v);
  }
  SmallVector<Value> captures;
  SmallVector<Operation *> constants;
  for (Value value : used) {
    Operation *def = value.getDefiningOp();
    if (def && def->hasTrait<OpTrait::ConstantLike>())
      constants.push_back(def);
    else
      captures.push_back(value);
  }
  SmallVector<Type> types{pointer, index, index};
  llvm::append_range(types, ValueRange(captures).getTypes());

  OpBuilder moduleBuilder(kernel);
  auto body = func::FuncOp::create(
      moduleBuilder, loc, (kernel.getSymName() + "_body" + Twine(number)).str(),
      b.getFunctionType(types, {}));
  body.setPrivate();
  body->setAttr("llvm.linkage", LLVM::LinkageAttr::get(
                                    b.getContext(), LLVM::Linkage::Internal));
  Block *entry = body.addEntryBlock();
  OpBuilder inner = OpBuilder::atBlockBegin(entry);
  IRMapping map;
  for (Operation *constant : constants)
    inner.clone(*constant, map);
  for (auto [capture, argument] :
       llvm::zip(captures, entry->getArguments().drop_front(3)))
    map.map(capture, argument);

  SmallVector<Value> ordered; // trip counts, slowest dimension first
  for (unsigned dim : order)
    ordered.push_back(map.lookup(counts[dim]));
  ArrayRef<Value> slow = ArrayRef(ordered).take_front(firstSplit);
  ArrayRef<Value> split = ArrayRef(ordered).drop_front(firstSplit);
  Value begin = entry->getArgument(1), end = entry->getArgument(2);
  Value one = arith::ConstantIndexOp::create(inner, loc, 1);
  SmallVector<Value> start = getCounters(inner, loc, begin, split);
  OpBuilder::InsertPoint bodyEnd = inner.saveInsertionPoint();
  SmallVector<Value> indices;
  if (!slow.empty()) {
    Value turns = slow.front();
    for (Value count : slow.drop_front())
      turns = inner.createOrFold<arith::MulIOp>(loc, turns, count);
    Value zero = arith::ConstantIndexOp::create(inner, loc, 0);
    auto turn = scf::ForOp::create(inner, loc, zero, turns, one);
    bodyEnd = inner.saveInsertionPoint();
    inner.setInsertionPointToStart(turn.getBody());
    indices = getCounters(inner, loc, turn.getInductionVar(), slow);
  }
  auto loop = scf::ForOp::create(inner, loc, begin, end, one, start);
  inner.setInsertionPointToStart(loop.getBody());
  llvm::append_range(indices, loop.getRegionIterArgs());
  for (auto [dim, counter] : llvm::zip(order, indices)) {
    auto valueOf = [&](OpFoldResult ofr) -> Value {
      if (auto value = dyn_cast<Value>(ofr))
        return map.lookup(value);
      return getValueOrCreateConstantIndexOp(inner, loc, ofr);
    };
    Value scaled =
        inner.createOrFold<arith::MulIOp>(loc, counter, valueOf(steps[dim]));
    map.map(forall.getInductionVar(dim),
            inner.createOrFold<arith::AddIOp>(loc, scaled, valueOf(lbs[dim])));
  }
  for (Operation &op : forall.getBody()->without_terminator())
    inner.clone(op, map);
  SmallVector<Value> counters(loop.getRegionIterArgs());
  advance(inner, loc, counters, split);
  scf::YieldOp::create(inner, loc, counters);
  inner.restoreInsertionPoint(bodyEnd);
  func::ReturnOp::create(inner, loc);

  SmallVector<Value> operands{kernel.getArgument(0),
                              arith::ConstantIndexOp::create(b, loc, 0), total};
  llvm::append_range(operands, captures);
  auto call = func::CallOp::create(b, loc, body, operands);
  call->setAttr(kParallelAttrName, b.getUnitAttr());
  Attribute grain = forall->getAttr(kGrainAttrName);
  call->setAttr(kGrainAttrName, grain ? grain : b.getI64IntegerAttr(1));
  forall.erase();
}

namespace {
struct CPUParallelLoops
    : orchestra::impl::CPUParallelLoopsPassBase<CPUParallelLoops> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    IRRewriter rewriter(&getContext());
    for (auto kernel : llvm::to_vector(module.getOps<func::FuncOp>())) {
      if (kernel.isExternal() || !kernel->hasAttr(kKernelAttrName))
        continue;
      auto pointer = LLVM::LLVMPointerType::get(&getContext());
      (void)kernel.insertArgument(0, pointer, {}, kernel.getLoc());
      SmallVector<scf::ForallOp> outer, nested;
      kernel.walk<WalkOrder::PreOrder>([&](scf::ForallOp forall) {
        bool top = forall->getParentOp() == kernel.getOperation();
        (top ? outer : nested).push_back(forall);
      });
      for (scf::ForallOp forall : llvm::reverse(nested)) {
        rewriter.setInsertionPoint(forall);
        if (failed(scf::forallToForLoop(rewriter, forall)))
          return signalPassFailure();
      }
      for (auto [number, forall] : llvm::enumerate(outer))
        ForallOutliner(module, kernel, number).outline(forall);
    }
  }
};
} // namespace
