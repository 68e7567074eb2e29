//===- MergeProducts.cpp - Products of one value by several constants -----===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Query, key and value are three small products of the same value. As one they
// fill a GPU three times as well, in one launch. Only products whose results
// attention reads are merged: it takes slices where they are, while others
// would have to be copied.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/LinalgExt/LinalgExt.h"
#include "orchestra/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"

namespace orchestra {
#define GEN_PASS_DEF_MERGEPRODUCTSPASS
#include "orchestra/Transforms/Passes.h.inc"
} // namespace orchestra

using namespace mlir;
using namespace orchestra;

namespace {
/// A product, what is done to its elements, and its heads.
struct Chain {
  linalg::MatmulOp product;
  SmallVector<linalg::GenericOp> steps;
  tensor::ExpandShapeOp heads;

  int64_t getColumns() {
    return cast<RankedTensorType>(product.getResult(0).getType()).getDimSize(1);
  }
  /// Dimensions of `heads` of one row.
  ArrayRef<int64_t> getHeadShape() {
    return heads.getResultType().getShape().take_back(2);
  }
};
} // namespace

/// Whether nothing but constants is read for `value`.
static bool isConstant(Value value) {
  Operation *op = value.getDefiningOp();
  return op && op->getNumRegions() <= 1 && isMemoryEffectFree(op) &&
         (op->hasTrait<OpTrait::ConstantLike>() || isa<tensor::EmptyOp>(op) ||
          (op->getNumOperands() != 0 &&
           isa<linalg::LinalgOp, tensor::ExpandShapeOp,
               tensor::CollapseShapeOp>(op) &&
           llvm::all_of(op->getOperands(), isConstant)));
}

/// Each element by itself, in order, with constants that vary along columns.
static bool isStep(linalg::GenericOp op, Value input) {
  if (op.getNumDpsInits() != 1 || op.getNumLoops() != 2 ||
      op.getNumParallelLoops() != 2 || op.hasIndexSemantics() ||
      !op.getRegionOutputArgs()[0].use_empty() ||
      !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity())
    return false;
  AffineMap columns =
      AffineMap::get(2, 0, getAffineDimExpr(1, op.getContext()));
  return llvm::all_of(op.getDpsInputOperands(), [&](OpOperand *operand) {
    AffineMap map = op.getMatchingIndexingMap(operand);
    if (operand->get() == input)
      return map.isIdentity();
    return isConstant(operand->get()) &&
           (map == columns || map.getNumResults() == 0);
  });
}

static std::optional<Chain> getChain(linalg::MatmulOp op) {
  auto type = dyn_cast<RankedTensorType>(op->getResultTypes()[0]);
  auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  if (!type || !type.hasStaticShape() || op.hasUserDefinedMaps() ||
      !isConstant(op.getDpsInputs()[1]) || isConstant(op.getDpsInputs()[0]) ||
      !fill || !matchPattern(fill.getInputs()[0], m_AnyZeroFloat()))
    return std::nullopt;
  Chain chain{op, {}, {}};
  Value value = op.getResult(0);
  while (value.hasOneUse()) {
    Operation *user = *value.user_begin();
    if (auto step = dyn_cast<linalg::GenericOp>(user);
        step && isStep(step, value)) {
      chain.steps.push_back(step);
      value = step.getResult(0);
      continue;
    }
    chain.heads = dyn_cast<tensor::ExpandShapeOp>(user);
    break;
  }
  if (!chain.heads || chain.heads->use_empty() ||
      chain.heads.getReassociationIndices().back().size() != 2 ||
      !llvm::all_of(chain.heads->getUsers(), [&](Operation *user) {
        return isa<linalg_ext::AttentionOp>(user) &&
               user->getBlock() == op->getBlock();
      }))
    return std::nullopt;
  return chain;
}

/// Whether both do the same to products by different constants.
static bool areAlike(Chain &a, Chain &b) {
  if (a.product.getDpsInputs()[0] != b.product.getDpsInputs()[0] ||
      a.product->getBlock() != b.product->getBlock() ||
      getElementTypeOrSelf(a.product.getDpsInputs()[1]) !=
          getElementTypeOrSelf(b.product.getDpsInputs()[1]) ||
      getElementTypeOrSelf(a.product.getResult(0)) !=
          getElementTypeOrSelf(b.product.getResult(0)) ||
      a.steps.size() != b.steps.size() ||
      a.heads.getReassociationIndices() != b.heads.getReassociationIndices() ||
      a.getHeadShape()[1] != b.getHeadShape()[1] ||
      a.heads.getResultType().getShape().drop_back(2) !=
          b.heads.getResultType().getShape().drop_back(2))
    return false;
  for (auto [x, y] : llvm::zip_equal(a.steps, b.steps)) {
    if (x.getIndexingMapsArray() != y.getIndexingMapsArray() ||
        getElementTypeOrSelf(x.getResult(0)) !=
            getElementTypeOrSelf(y.getResult(0)))
      return false;
    for (auto [p, q] : llvm::zip_equal(x.getDpsInputs(), y.getDpsInputs()))
      if (getElementTypeOrSelf(p) != getElementTypeOrSelf(q) ||
          (isConstant(p) &&
           cast<RankedTensorType>(p.getType()).getRank() != 1 && p != q))
        return false;
    if (!OperationEquivalence::isRegionEquivalentTo(
            &x.getRegion(), &y.getRegion(),
            OperationEquivalence::IgnoreLocations))
      return false;
  }
  return true;
}

/// The first attention that reads one of the results.
static Operation *getFirstUser(MutableArrayRef<Chain> chains) {
  Operation *first = nullptr;
  for (Chain &chain : chains)
    for (Operation *user : chain.heads->getUsers())
      if (!first || user->isBeforeInBlock(first))
        first = user;
  return first;
}

/// One product by all constants side by side; each attention reads its slice.
static void merge(IRRewriter &rewriter, MutableArrayRef<Chain> chains) {
  Chain &first = chains.front();
  rewriter.setInsertionPoint(getFirstUser(chains));
  SmallVector<Location> locations;
  for (Chain &chain : chains)
    locations.push_back(chain.product.getLoc());
  Location loc = rewriter.getFusedLoc(locations);
  auto join = [&](int64_t dim, function_ref<Value(Chain &)> get) -> Value {
    SmallVector<Value> parts;
    for (Chain &chain : chains)
      parts.push_back(get(chain));
    return tensor::ConcatOp::create(rewriter, loc, dim, parts);
  };
  int64_t rows = cast<RankedTensorType>(first.product.getResult(0).getType())
                     .getDimSize(0),
          columns = 0, heads = 0;
  for (Chain &chain : chains) {
    columns += chain.getColumns();
    heads += chain.getHeadShape()[0];
  }
  auto empty = [&](Type element) -> Value {
    return tensor::EmptyOp::create(rewriter, loc,
                                   ArrayRef<int64_t>{rows, columns}, element);
  };
  Value weights =
      join(1, [](Chain &chain) { return chain.product.getDpsInputs()[1]; });
  Type sums = getElementTypeOrSelf(first.product.getResult(0));
  Value zero =
      arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(sums));
  Value init =
      linalg::FillOp::create(rewriter, loc, zero, empty(sums)).getResult(0);
  Value value = linalg::MatmulOp::create(
                    rewriter, loc, init.getType(),
                    ValueRange{first.product.getDpsInputs()[0], weights}, init)
                    .getResult(0);
  for (auto [number, step] : llvm::enumerate(first.steps)) {
    Value before = number == 0 ? first.product.getResult(0)
                               : first.steps[number - 1].getResult(0);
    SmallVector<Value> inputs;
    for (auto [position, input] : llvm::enumerate(step.getDpsInputs())) {
      auto type = dyn_cast<RankedTensorType>(input.getType());
      if (input == before)
        inputs.push_back(value);
      else if (type && type.getRank() == 1)
        inputs.push_back(join(0, [&, n = number, p = position](Chain &chain) {
          return chain.steps[n].getDpsInputs()[p];
        }));
      else
        inputs.push_back(input);
    }
    Value target = empty(getElementTypeOrSelf(step.getResult(0)));
    auto whole = linalg::GenericOp::create(
        rewriter, loc, target.getType(), inputs, target,
        step.getIndexingMapsArray(), step.getIteratorTypesArray());
    rewriter.cloneRegionBefore(step.getRegion(), whole.getRegion(),
                               whole.getRegion().end());
    value = whole.getResult(0);
  }
  SmallVector<int64_t> shape(first.heads.getResultType().getShape());
  shape[shape.size() - 2] = heads;
  value = tensor::ExpandShapeOp::create(
      rewriter, loc, RankedTensorType::get(shape, getElementTypeOrSelf(value)),
      value, first.heads.getReassociationIndices());
  SmallVector<OpFoldResult> ones(shape.size(), rewriter.getIndexAttr(1)),
      offsets(shape.size(), rewriter.getIndexAttr(0)),
      sizes = getAsIndexOpFoldResult(rewriter.getContext(), shape);
  int64_t begin = 0;
  for (Chain &chain : chains) {
    int64_t own = chain.getHeadShape()[0];
    offsets[shape.size() - 2] = rewriter.getIndexAttr(begin);
    sizes[shape.size() - 2] = rewriter.getIndexAttr(own);
    begin += own;
    rewriter.replaceAllUsesWith(chain.heads.getResult(),
                                tensor::ExtractSliceOp::create(
                                    rewriter, loc, value, offsets, sizes, ones)
                                    .getResult());
    rewriter.eraseOp(chain.heads);
    for (linalg::GenericOp step : llvm::reverse(chain.steps))
      rewriter.eraseOp(step);
    rewriter.eraseOp(chain.product);
  }
}

namespace {
struct MergeProducts : orchestra::impl::MergeProductsPassBase<MergeProducts> {
  using Base::Base;

  void runOnOperation() override {
    std::vector<std::vector<Chain>> groups;
    getOperation().walk([&](linalg::MatmulOp op) {
      std::optional<Chain> chain = getChain(op);
      if (!chain)
        return;
      for (std::vector<Chain> &group : groups)
        if (areAlike(group.front(), *chain)) {
          group.push_back(*chain);
          return;
        }
      groups.push_back({*chain});
    });
    IRRewriter rewriter(&getContext());
    for (std::vector<Chain> &group : groups) {
      // All are there before any is read.
      if (group.size() < 2 || !llvm::all_of(group, [&](Chain &chain) {
            return chain.heads->isBeforeInBlock(getFirstUser(group));
          }))
        continue;
      remark::passed(group.front().product.getLoc(),
                     remark::RemarkOpts::name("MergeProducts")
                         .category("orchestra-merge-products"))
          << "products of one value are one"
          << remark::metric("products", int64_t(group.size()));
      merge(rewriter, group);
    }
  }
};
} // namespace
