//===- LoopTrace.cpp - Values seen from the loops that index them ---------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "LoopTrace.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace orchestra;

unsigned LoopSet::add(Value value, int64_t dim) {
  int64_t size = cast<RankedTensorType>(value.getType()).getDimSize(dim);
  loops.push_back({size, value, dim, {}});
  return loops.size() - 1;
}

LoopSet::List LoopSet::flatten(const List &list) const {
  List flat;
  for (unsigned loop : list) {
    if (loops[loop].parts.empty())
      flat.push_back(loop);
    else
      llvm::append_range(flat, flatten(loops[loop].parts));
  }
  return flat;
}

LoopSet::Lists LoopSet::flatten(const Lists &lists) const {
  Lists flat;
  for (const List &list : lists)
    flat.push_back(flatten(list));
  return flat;
}

OpFoldResult LoopSet::getSize(OpBuilder &b, Location loc, unsigned loop) const {
  const Loop &info = loops[loop];
  if (!ShapedType::isDynamic(info.size))
    return b.getIndexAttr(info.size);
  return b.createOrFold<tensor::DimOp>(loc, info.value, info.dim);
}

std::optional<LoopSet::Lists> LoopSet::divide(const List &list, Value value,
                                              ArrayRef<int64_t> dims) {
  List left = flatten(list);
  if (dims.size() == 1)
    return Lists{left};
  auto type = cast<RankedTensorType>(value.getType());
  // A loop over all of the dimensions becomes one over each, but those of size
  // one.
  if (left.size() == 1) {
    Lists lists(dims.size());
    SmallVector<unsigned> real;
    for (auto [i, dim] : llvm::enumerate(dims))
      if (type.getDimSize(dim) != 1)
        real.push_back(i);
    if (real.size() <= 1) {
      lists[real.empty() ? 0 : real[0]] = left;
      return lists;
    }
    List parts;
    for (unsigned i : real) {
      parts.push_back(add(value, dims[i]));
      lists[i] = {parts.back()};
    }
    loops[left[0]].parts = parts;
    return lists;
  }
  // One dynamic size follows from the product and the others; two do not.
  auto isDynamic = [&](unsigned loop) {
    return ShapedType::isDynamic(loops[loop].size);
  };
  if (llvm::count_if(left, isDynamic) > 1 ||
      llvm::count_if(dims,
                     [&](int64_t dim) { return type.isDynamicDim(dim); }) > 1)
    return std::nullopt;
  Lists lists;
  unsigned next = 0;
  for (int64_t dim : dims) {
    int64_t size = type.getDimSize(dim);
    List taken;
    if (ShapedType::isDynamic(size) || size == 1) {
      if (next < left.size() && loops[left[next]].size == size)
        taken.push_back(left[next++]);
      else if (size != 1)
        return std::nullopt;
    } else {
      int64_t product = 1;
      while (product < size) {
        if (next == left.size() || isDynamic(left[next]))
          return std::nullopt;
        int64_t wanted = size / product, own = loops[left[next]].size;
        if (own > wanted && own % wanted == 0) {
          // The first part is this dimension's, the rest the next one's.
          loops.push_back({wanted, nullptr, 0, {}});
          loops.push_back({own / wanted, nullptr, 0, {}});
          unsigned first = loops.size() - 2;
          loops[left[next]].parts = {first, first + 1};
          taken.push_back(first);
          left[next] = first + 1;
          product = size;
          continue;
        }
        product *= own;
        taken.push_back(left[next++]);
      }
      if (product != size)
        return std::nullopt;
    }
    lists.push_back(taken);
  }
  if (next != left.size())
    return std::nullopt;
  return lists;
}

std::optional<double> orchestra::getScalarConstant(linalg::GenericOp op,
                                                   Value value) {
  FloatAttr attr;
  if (matchPattern(value, m_Constant(&attr)))
    return attr.getValueAsDouble();
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument || argument.getOwner() != op.getBody() ||
      argument.getArgNumber() >= op.getNumDpsInputs())
    return std::nullopt;
  DenseFPElementsAttr elements;
  if (!matchPattern(op.getDpsInputs()[argument.getArgNumber()],
                    m_Constant(&elements)) ||
      !elements.isSplat())
    return std::nullopt;
  return elements.getSplatValue<APFloat>().convertToDouble();
}

LoopSet::Lists orchestra::getInputLists(linalg::LinalgOp op, OpOperand *input,
                                        const LoopSet::Lists &lists) {
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  LoopSet::Lists read;
  for (AffineExpr expr : op.getMatchingIndexingMap(input).getResults())
    read.push_back(lists[*out.getResultPosition(expr)]);
  return read;
}

/// Whether every loop of `op` is parallel, and indexes its one result and its
/// inputs plainly.
static bool isPlainPointwise(linalg::LinalgOp op) {
  return op.getNumDpsInits() == 1 &&
         op.getNumParallelLoops() == op.getNumLoops() &&
         op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isPermutation() &&
         llvm::all_of(op.getIndexingMapsArray(), [](AffineMap map) {
           return map.isProjectedPermutation();
         });
}

/// The input that a pointwise op copies, or multiplies by a constant.
static OpOperand *getMovedInput(linalg::LinalgOp op, double *factor) {
  if (isa<linalg::TransposeOp, linalg::BroadcastOp>(op))
    return op.getDpsInputOperand(0);
  auto generic = dyn_cast<linalg::GenericOp>(op.getOperation());
  if (!generic || !isPlainPointwise(op))
    return nullptr;
  auto inputOf = [&](Value value) -> OpOperand * {
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument || argument.getOwner() != generic.getBody() ||
        argument.getArgNumber() >= generic.getNumDpsInputs())
      return nullptr;
    return generic.getDpsInputOperand(argument.getArgNumber());
  };
  Value yielded = generic.getBody()->getTerminator()->getOperand(0);
  if (isa<BlockArgument>(yielded))
    return inputOf(yielded);
  Operation *def = yielded.getDefiningOp();
  if (!factor || !isa<arith::MulFOp, arith::DivFOp>(def))
    return nullptr;
  for (unsigned i : {0U, 1U}) {
    if (isa<arith::DivFOp>(def) && i == 1)
      break;
    OpOperand *input = inputOf(def->getOperand(i));
    std::optional<double> constant =
        getScalarConstant(generic, def->getOperand(1 - i));
    if (!input || !constant)
      continue;
    *factor *= isa<arith::DivFOp>(def) ? 1 / *constant : *constant;
    return input;
  }
  return nullptr;
}

std::optional<TracedValue>
orchestra::stepBack(LoopSet &loops, const TracedValue &traced, double *factor) {
  Operation *def = traced.value.getDefiningOp();
  if (!def)
    return std::nullopt;
  TracedValue result;
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(def)) {
    result.value = expand.getSrc();
    for (const ReassociationIndices &group : expand.getReassociationIndices()) {
      LoopSet::List list;
      for (int64_t dim : group)
        llvm::append_range(list, traced.lists[dim]);
      result.lists.push_back(list);
    }
    return result;
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(def)) {
    result.value = collapse.getSrc();
    for (auto [list, group] :
         llvm::zip(traced.lists, collapse.getReassociationIndices())) {
      std::optional<LoopSet::Lists> parts =
          loops.divide(list, result.value, group);
      if (!parts)
        return std::nullopt;
      llvm::append_range(result.lists, *parts);
    }
    return result;
  }
  auto op = dyn_cast<linalg::LinalgOp>(def);
  OpOperand *input = op ? getMovedInput(op, factor) : nullptr;
  if (!input || !isa<RankedTensorType>(input->get().getType()))
    return std::nullopt;
  return TracedValue{input->get(), getInputLists(op, input, traced.lists)};
}

TracedValue orchestra::traceBack(LoopSet &loops, TracedValue traced,
                                 double *factor) {
  TracedValue best = traced;
  double product = 1;
  while (std::optional<TracedValue> before =
             stepBack(loops, traced, factor ? &product : nullptr)) {
    traced = *before;
    LoopSet::Lists flat = loops.flatten(traced.lists);
    llvm::SmallDenseSet<unsigned> seen;
    bool isPlain = llvm::all_of(flat, [&](const LoopSet::List &list) {
      return list.empty() || (list.size() == 1 && seen.insert(list[0]).second);
    });
    if (!isPlain)
      continue;
    best = traced;
    if (factor) {
      *factor *= product;
      product = 1;
    }
  }
  return best;
}
