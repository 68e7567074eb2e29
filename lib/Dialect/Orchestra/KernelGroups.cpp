//===- KernelGroups.cpp - Which ops share a kernel ------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One pass over the block: an op joins the group of one of its producers if the
// group can be tiled with the op as its last one, without computing anything
// twice, and if the group still is one node of an acyclic graph. Cost: linear
// but for the cycle check, which looks only at ops after the group's first.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/KernelGroups.h"

#include "orchestra/Dialect/Orchestra/Kernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/TilingInterface.h"

using namespace mlir;
using namespace orchestra;

/// Elements of the inner dimensions a row of a fused kernel may have: its
/// intermediate values must stay in the second-level cache.
static constexpr int64_t kMaxRowElements = 1 << 16;

bool orchestra::isClonedIntoKernels(Operation *op) {
  if (isa<tensor::EmptyOp, linalg::UnPackOp>(op) ||
      op->hasAttr(kInKernelAttrName))
    return true;
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto elements = dyn_cast<ElementsAttr>(constant.getValue());
    if (!elements)
      return true;
    auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
    return dense && dense.isSplat();
  }
  // A fill that only initialises others.
  if (auto fill = dyn_cast<linalg::FillOp>(op))
    return llvm::all_of(fill->getUses(), [](OpOperand &use) {
      auto dps = dyn_cast<DestinationStyleOpInterface>(use.getOwner());
      return dps && dps.isDpsInit(&use) && isa<TilingInterface>(use.getOwner());
    });
  return false;
}

bool orchestra::hasStaticFrame(tensor::PadOp pad) {
  auto isFrame = [](ArrayRef<int64_t> sizes) {
    return llvm::all_of(sizes, [](int64_t size) { return size >= 0; });
  };
  return pad.getSourceType().hasStaticShape() &&
         pad.getResultType().hasStaticShape() && isFrame(pad.getStaticLow()) &&
         isFrame(pad.getStaticHigh()) &&
         !llvm::is_contained(pad.getSourceType().getShape(), 0);
}

bool orchestra::isKernelWork(Operation *op) {
  if (isClonedIntoKernels(op))
    return false;
  if (isa<linalg::LinalgOp>(op))
    return llvm::any_of(op->getResultTypes(), llvm::IsaPred<TensorType>);
  // As is what linalg_ext adds: it can be tiled, and writes destinations.
  if (isa<TilingInterface>(op) && isa<DestinationStyleOpInterface>(op))
    return llvm::any_of(op->getResultTypes(), llvm::IsaPred<TensorType>);
  // A loop or branch on tensors is a kernel with all that is in it.
  if (isa<scf::ForOp, scf::WhileOp, scf::IfOp>(op))
    return llvm::any_of(op->getResultTypes(), llvm::IsaPred<TensorType>);
  return isa<linalg::PackOp, tensor::PadOp, tensor::ConcatOp,
             tensor::ExtractSliceOp, tensor::InsertSliceOp, tensor::InsertOp>(
      op);
}

namespace {

class Grouping {
public:
  explicit Grouping(bool fuse) : fuse(fuse) {}

  std::vector<KernelGroup> run(Block &block) {
    for (Operation &op : block)
      if (isKernelWork(&op))
        place(&op);
    return std::move(groups);
  }

private:
  void place(Operation *op);
  bool canJoin(linalg::LinalgOp op, KernelGroup &group, int index,
               unsigned &depth);
  bool makesCycle(Operation *op, int index);
  bool padGroup(tensor::PadOp pad);

  bool fuse;
  std::vector<KernelGroup> groups;
  DenseMap<Operation *, int> groupOf;
};

} // namespace

static bool isContraction(linalg::LinalgOp op) {
  return getRegisterTileDims(op, /*ignoreStride=*/true).has_value();
}

/// Product of the result dimensions from `depth` on; dynamic ones count 256.
static int64_t getRowElements(linalg::LinalgOp op, unsigned depth) {
  int64_t elements = 1;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  for (int64_t range : ArrayRef<int64_t>(ranges).drop_front(depth))
    elements *= ShapedType::isDynamic(range) ? 256 : range;
  return elements;
}

bool Grouping::makesCycle(Operation *op, int index) {
  // Walk up from the operands that come from outside of the group; meeting the
  // group again means that a value left it and comes back.
  SmallVector<Operation *> work;
  SmallPtrSet<Operation *, 16> seen;
  Operation *first = groups[index].ops.front();
  auto isMember = [&](Operation *def) {
    auto it = groupOf.find(def);
    return it != groupOf.end() && it->second == index;
  };
  bool found = false;
  auto push = [&](Operation *user, bool direct) {
    user->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands()) {
        Operation *def = operand.getDefiningOp();
        if (!def || def->getBlock() != op->getBlock())
          continue;
        if (isMember(def))
          found |= !direct;
        else if (seen.insert(def).second)
          work.push_back(def);
      }
    });
  };
  push(op, /*direct=*/true);
  while (!work.empty() && !found) {
    Operation *def = work.pop_back_val();
    auto it = groupOf.find(def);
    if (it == groupOf.end()) {
      if (first->isBeforeInBlock(def)) // all above the group's first op is safe
        push(def, /*direct=*/false);
      continue;
    }
    for (Operation *member : groups[it->second].ops)
      if (first->isBeforeInBlock(member))
        push(member, /*direct=*/false);
  }
  return found;
}

bool Grouping::canJoin(linalg::LinalgOp op, KernelGroup &group, int index,
                       unsigned &depth) {
  if (group.padded)
    return false;
  depth = group.contraction ? op.getNumLoops() : group.depth;
  bool reads = false;
  for (OpOperand &operand : op->getOpOperands()) {
    Operation *def = operand.get().getDefiningOp();
    auto it = def ? groupOf.find(def) : groupOf.end();
    if (it == groupOf.end() || it->second != index)
      continue;
    if (op.isDpsInit(&operand) || !isa<linalg::LinalgOp>(def))
      return false;
    reads = true;
    depth = std::min(depth, getAlignedDims(op, &operand));
  }
  if (!reads || depth == 0)
    return false;
  if (group.contraction) {
    // Elementwise, in the same order of dimensions.
    if (!isPointwise(op) || depth != op.getNumLoops())
      return false;
    for (OpOperand &init : op.getDpsInitsMutable())
      if (!op.getMatchingIndexingMap(&init).isIdentity())
        return false;
  } else {
    if (isContraction(op))
      return false;
    bool reduces = op.getNumReductionLoops() > 0 ||
                   llvm::any_of(group.ops, [](Operation *member) {
                     auto linalgOp = dyn_cast<linalg::LinalgOp>(member);
                     return linalgOp && linalgOp.getNumReductionLoops() > 0;
                   });
    if (reduces && getRowElements(op, depth) > kMaxRowElements)
      return false;
  }
  return !makesCycle(op, index);
}

/// A constant frame around the result of a group's last op, which is used for
/// nothing else: the group computes its result inside of the frame.
bool Grouping::padGroup(tensor::PadOp pad) {
  auto source = pad.getSource().getDefiningOp<linalg::LinalgOp>();
  auto it = source ? groupOf.find(source) : groupOf.end();
  if (it == groupOf.end() || !pad.getConstantPaddingValue() ||
      !pad.getSource().hasOneUse() || !hasStaticFrame(pad))
    return false;
  KernelGroup &group = groups[it->second];
  if (group.padded || group.ops.back() != source)
    return false;
  group.ops.push_back(pad);
  group.padded = true;
  groupOf[pad] = it->second;
  return true;
}

void Grouping::place(Operation *op) {
  if (auto pad = dyn_cast<tensor::PadOp>(op); pad && fuse && padGroup(pad))
    return;
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (fuse && linalgOp) {
    // The youngest producer's group first: its value is hottest.
    SmallVector<int> candidates;
    for (Value operand : op->getOperands())
      if (Operation *def = operand.getDefiningOp())
        if (auto it = groupOf.find(def); it != groupOf.end())
          candidates.push_back(it->second);
    llvm::sort(candidates, std::greater<>());
    for (int index : candidates) {
      unsigned depth;
      if (!canJoin(linalgOp, groups[index], index, depth))
        continue;
      groups[index].ops.push_back(op);
      if (!groups[index].contraction)
        groups[index].depth = depth;
      groupOf[op] = index;
      return;
    }
  }
  groupOf[op] = groups.size();
  KernelGroup group;
  group.ops.push_back(op);
  if (linalgOp) {
    group.contraction = isContraction(linalgOp);
    group.depth = linalgOp.getNumLoops();
    for (OpOperand &init : linalgOp.getDpsInitsMutable())
      group.depth = std::min(group.depth, getAlignedDims(linalgOp, &init));
  }
  groups.push_back(std::move(group));
}

std::vector<KernelGroup> orchestra::formKernelGroups(Block &block, bool fuse) {
  return Grouping(fuse).run(block);
}
