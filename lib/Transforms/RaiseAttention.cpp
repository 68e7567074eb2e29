//===- RaiseAttention.cpp - Decomposed attention becomes one op -----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// AttentionMatcher.cpp finds it; here its values get a dimension a loop, and
// the new op takes its place.
//
//===----------------------------------------------------------------------===//
#include "AttentionMatcher.h"

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"
#include "orchestra/Transforms/Passes.h"

#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace orchestra;

using List = LoopSet::List;
using Lists = LoopSet::Lists;

namespace orchestra {
#define GEN_PASS_DEF_RAISEATTENTIONPASS
#include "orchestra/Transforms/Passes.h.inc"
} // namespace orchestra

/// Groups of dimensions such that each holds one that is indexed; the others,
/// of size one, are with the one before or the first one.
static SmallVector<ReassociationIndices> groupUnits(const Lists &lists) {
  SmallVector<ReassociationIndices> groups;
  bool begun = false; // the last group has its indexed dimension
  for (auto [dim, list] : llvm::enumerate(lists)) {
    if (groups.empty() || (begun && !list.empty())) {
      groups.emplace_back();
      begun = false;
    }
    groups.back().push_back(dim);
    begun |= !list.empty();
  }
  return groups;
}

/// `traced` with one loop for each dimension.
TracedValue AttentionMatcher::makePlain(TracedValue traced) {
  traced.lists = loops.flatten(traced.lists);
  Location loc = second.getLoc();
  if (llvm::any_of(traced.lists,
                   [](const List &list) { return list.empty(); })) {
    traced.value = tensor::CollapseShapeOp::create(rewriter, loc, traced.value,
                                                   groupUnits(traced.lists));
    llvm::erase_if(traced.lists, [](const List &list) { return list.empty(); });
  }
  if (llvm::all_of(traced.lists,
                   [](const List &list) { return list.size() == 1; }))
    return traced;
  SmallVector<ReassociationIndices> groups;
  SmallVector<OpFoldResult> sizes;
  SmallVector<int64_t> shape;
  Lists plain;
  for (const List &list : traced.lists) {
    ReassociationIndices &group = groups.emplace_back();
    for (unsigned loop : list) {
      group.push_back(plain.size());
      plain.push_back({loop});
      sizes.push_back(loops.getSize(rewriter, loc, loop));
      shape.push_back(loops.getSize(loop));
    }
  }
  auto type = RankedTensorType::get(shape, getElementTypeOrSelf(traced.value));
  return {tensor::ExpandShapeOp::create(rewriter, loc, type, traced.value,
                                        groups, sizes),
          plain};
}

/// `value`, a dimension a loop of `lists`, in the shape that `lists` have.
Value AttentionMatcher::giveShape(Value value, const Lists &lists,
                                  RankedTensorType type) {
  Location loc = second.getLoc();
  SmallVector<ReassociationIndices> groups;
  int64_t next = 0;
  for (const List &list : lists) {
    if (list.empty())
      continue;
    ReassociationIndices &group = groups.emplace_back();
    for (unsigned i = 0; i < list.size(); ++i)
      group.push_back(next++);
  }
  if (int64_t(groups.size()) != next)
    value = tensor::CollapseShapeOp::create(rewriter, loc, value, groups);
  if (groups.size() != lists.size()) {
    SmallVector<OpFoldResult> own = tensor::getMixedSizes(rewriter, loc, value),
                              sizes;
    unsigned real = 0;
    for (const List &list : lists)
      sizes.push_back(list.empty() ? rewriter.getIndexAttr(1) : own[real++]);
    SmallVector<int64_t> shape;
    for (OpFoldResult size : sizes)
      shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
    value = tensor::ExpandShapeOp::create(
        rewriter, loc, RankedTensorType::get(shape, type.getElementType()),
        value, groupUnits(lists), sizes);
  }
  if (value.getType() != type)
    value = tensor::CastOp::create(rewriter, loc, type, value);
  return value;
}

/// How loops in the order `order` index what has these lists of one loop each.
AffineMap AttentionMatcher::getMapOf(const Lists &lists, const List &order) {
  SmallVector<AffineExpr> exprs;
  for (const List &list : lists)
    exprs.push_back(
        rewriter.getAffineDimExpr(llvm::find(order, list[0]) - order.begin()));
  return AffineMap::get(order.size(), 0, exprs, rewriter.getContext());
}

void AttentionMatcher::replace() {
  List order = batch;
  order.append({rows, columns, inner, keys});
  List loopsOfMask;
  Value mask;
  useMasks(loopsOfMask, mask);
  rewriter.setInsertionPoint(second);
  SmallVector<Location> locations;
  for (Operation *op : llvm::reverse(matched))
    if (isa<linalg::LinalgOp>(op))
      locations.push_back(op->getLoc());
  locations.push_back(second.getLoc());
  Location loc = rewriter.getFusedLoc(locations);

  SmallVector<Value> operands;
  SmallVector<AffineMap> maps;
  for (const TracedValue &traced : {query, key, value}) {
    TracedValue plain = makePlain(traced);
    operands.push_back(plain.value);
    maps.push_back(getMapOf(plain.lists, order));
  }
  if (mask) {
    Lists lists;
    for (unsigned loop : loopsOfMask)
      lists.push_back({loop});
    maps.push_back(getMapOf(lists, order));
  }
  Type element = getElementTypeOrSelf(second->getResult(0));
  Value factor = arith::ConstantOp::create(
      rewriter, loc, rewriter.getFloatAttr(element, scale));
  Value before;
  if (past)
    before = arith::ConstantIndexOp::create(rewriter, loc, *past);
  SmallVector<OpFoldResult> sizes;
  Lists plain;
  target.lists = loops.flatten(target.lists);
  for (const List &list : target.lists)
    for (unsigned loop : list) {
      plain.push_back({loop});
      sizes.push_back(loops.getSize(rewriter, loc, loop));
    }
  maps.push_back(getMapOf(plain, order));
  Value empty = tensor::EmptyOp::create(rewriter, loc, sizes,
                                        getElementTypeOrSelf(target.value));
  auto attention = linalg_ext::AttentionOp::create(
      rewriter, loc, empty.getType(), operands[0], operands[1], operands[2],
      factor, mask, before, empty, rewriter.getAffineMapArrayAttr(maps),
      zeroEmptyRows ? rewriter.getUnitAttr() : nullptr);
  Value result = giveShape(attention.getResult(0), target.lists,
                           cast<RankedTensorType>(target.value.getType()));
  rewriter.replaceAllUsesWith(target.value, result);
}

namespace {
struct RaiseAttention
    : orchestra::impl::RaiseAttentionPassBase<RaiseAttention> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::LinalgOp> products;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (succeeded(getProduct(op, narrow)))
        products.push_back(op);
    });
    unsigned count = 0;
    for (linalg::LinalgOp product : products) {
      AttentionMatcher matcher(rewriter, product, narrow);
      if (!matcher.match())
        continue;
      matcher.replace();
      ++count;
    }
    if (count == 0)
      return;
    remark::analysis(getOperation().getLoc(),
                     remark::RemarkOpts::name("RaiseAttention")
                         .category("orchestra-raise-attention"))
        << remark::metric("raised", count);
  }
};
} // namespace
