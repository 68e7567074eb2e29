//===- KernelsOf.cpp - The kernels of a task ------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Groups ops as kernels are outlined later, and says of each group what it
// spends its time with and how much of it there is.
//
//===----------------------------------------------------------------------===//
#include "KernelsOf.h"

#include "Clusters.h"

#include "orchestra/Dialect/Orchestra/KernelGroups.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace orchestra;

/// What a contraction, convolution or windowed reduction is; nothing for other
/// ops.
static std::optional<plan::KernelKind> getContractionKind(Operation *op) {
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  if (!structured || structured.getNumReductionLoops() == 0)
    return std::nullopt;
  SmallVector<utils::IteratorType> loops = structured.getIteratorTypesArray();
  SmallVector<int64_t> sizes = structured.getStaticLoopRanges();
  llvm::SmallBitVector window(loops.size());
  for (OpOperand *input : structured.getDpsInputOperands())
    for (AffineExpr expr :
         structured.getMatchingIndexingMap(input).getResults())
      if (!isa<AffineDimExpr>(expr))
        for (unsigned loop = 0; loop < loops.size(); ++loop)
          if (linalg::isReductionIterator(loops[loop]) &&
              expr.isFunctionOfDim(loop))
            window.set(loop);
  int64_t windowSize = 1, depth = 1;
  for (unsigned loop = 0; loop < loops.size(); ++loop)
    if (linalg::isReductionIterator(loops[loop]))
      (window.test(loop) ? windowSize : depth) *=
          ShapedType::isDynamic(sizes[loop]) ? 2 : sizes[loop];
  if (!isMultiplyAccumulate(op))
    return window.any() ? std::optional(plan::KernelKind::Window)
                        : std::nullopt;
  if (windowSize == 1)
    return plan::KernelKind::Matmul;
  return depth > 1 ? plan::KernelKind::Convolution : plan::KernelKind::Window;
}

/// Whether `op` costs nothing: it looks at its operand in another shape.
static bool isView(Operation *op) {
  return isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp,
             tensor::ReshapeOp>(op);
}

/// What `value` is a view of.
static Value getRoot(Value value) {
  while (Operation *def = value.getDefiningOp()) {
    if (!isView(def))
      break;
    value = def->getOperand(0);
  }
  return value;
}

/// The only op that uses `value` or a view of it, or null.
static Operation *getOnlyReader(Value value) {
  while (value.hasOneUse()) {
    Operation *user = *value.user_begin();
    if (!isView(user))
      return user;
    value = user->getResult(0);
  }
  return nullptr;
}

/// Whether `op` only moves elements, other than straight on.
static bool isMovement(Operation *op) {
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  return !structured || isa<linalg::TransposeOp>(op);
}

namespace {
class KernelReader {
public:
  KernelReader(const WorkEstimate &estimate,
               const llvm::SmallPtrSetImpl<Operation *> &folded)
      : estimate(estimate), folded(folded) {}

  plan::Kernel read(const KernelGroup &group);

private:
  void addOp(Operation *op);
  void addInput(Value value);
  bool leaves(Value value);

  const WorkEstimate &estimate;
  const llvm::SmallPtrSetImpl<Operation *> &folded;
  plan::Kernel kernel;
  SmallPtrSet<Operation *, 8> members;
  DenseSet<Value> seen;
};
} // namespace

void KernelReader::addInput(Value value) {
  value = getRoot(value);
  Operation *def = value.getDefiningOp();
  if (!isa<ShapedType>(value.getType()) ||
      (def && (members.contains(def) || isClonedIntoKernels(def))) ||
      !seen.insert(value).second)
    return;
  double bytes = estimate.getBytes(value.getType());
  if (matchPattern(value, m_Constant()) || (def && folded.contains(def)))
    kernel.constants += bytes;
  else
    kernel.bytes += bytes;
}

void KernelReader::addOp(Operation *op) {
  if (std::optional<plan::KernelKind> kind = getContractionKind(op)) {
    plan::PerElement flops{};
    estimate.addFlops(op, flops);
    for (unsigned i = 0; i < plan::kElements; ++i)
      if (flops[i] > 0) {
        kernel.flops += flops[i];
        kernel.element = plan::Element(i);
      }
  }
  kernel.math += estimate.countMath(op);
  visitOperands(op, [&](OpOperand &operand) {
    // What is looked up in a table is not all of the table.
    if (isa<tensor::ExtractOp>(operand.getOwner()) && isa<linalg::LinalgOp>(op))
      return;
    addInput(operand.get());
  });
  for (Value result : op->getResults())
    if (leaves(result))
      kernel.bytes += estimate.getBytes(result.getType());
}

/// Whether something outside of the kernel uses `value`.
bool KernelReader::leaves(Value value) {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    Operation *top = value.getParentBlock()->findAncestorOpInBlock(*user);
    if (isView(top))
      return leaves(top->getResult(0));
    return !members.contains(top);
  });
}

plan::Kernel KernelReader::read(const KernelGroup &group) {
  kernel = plan::Kernel();
  members.clear();
  seen.clear();
  members.insert(group.ops.begin(), group.ops.end());
  std::optional<plan::KernelKind> contraction;
  bool reduces = false, moves = true;
  for (Operation *op : group.ops) {
    if (!contraction)
      contraction = getContractionKind(op);
    auto structured = dyn_cast<linalg::LinalgOp>(op);
    reduces |= structured && structured.getNumReductionLoops() > 0;
    moves &= isMovement(op);
  }
  kernel.kind = contraction ? *contraction
                : reduces   ? plan::KernelKind::Rows
                : moves     ? plan::KernelKind::Copy
                            : plan::KernelKind::Elementwise;
  for (Operation *op : group.ops)
    addOp(op);
  return kernel;
}

/// Moves elementwise groups to the contraction whose result alone they read in
/// another shape: the shape will change behind them instead.
static void followReshapes(MutableArrayRef<KernelGroup> groups) {
  DenseMap<Operation *, KernelGroup *> groupOf;
  for (KernelGroup &group : groups) {
    Operation *first = group.ops.front();
    KernelGroup *target = nullptr;
    bool isElementwise = llvm::all_of(group.ops, [](Operation *op) {
      auto structured = dyn_cast<linalg::LinalgOp>(op);
      return isa<tensor::PadOp>(op) ||
             (structured && structured.getNumReductionLoops() == 0);
    });
    if (isElementwise && !isMovement(first))
      for (Value operand : first->getOperands()) {
        Value root = getRoot(operand);
        KernelGroup *other = groupOf.lookup(root.getDefiningOp());
        if (root != operand && other && other->contraction && !other->padded &&
            getOnlyReader(root) == first)
          target = other;
      }
    for (Operation *op : group.ops)
      groupOf[op] = target ? target : &group;
    if (!target)
      continue;
    llvm::append_range(target->ops, group.ops);
    target->padded = group.padded;
    group.ops.clear();
  }
}

std::vector<plan::Kernel>
orchestra::getKernels(TaskOp task, const WorkEstimate &estimate,
                      const llvm::SmallPtrSetImpl<Operation *> &folded) {
  std::vector<plan::Kernel> kernels;
  KernelReader reader(estimate, folded);
  std::vector<KernelGroup> groups =
      formKernelGroups(task.getBody().front(), /*fuse=*/true);
  followReshapes(groups);
  for (const KernelGroup &group : groups)
    if (!llvm::all_of(group.ops,
                      [&](Operation *op) { return folded.contains(op); }))
      kernels.push_back(reader.read(group));
  return kernels;
}
