//===- PackOperands.cpp - Streamed operands of contractions by columns ----===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A register tile reads `columns` neighbouring values of the streamed operand
// for each step of the reduction. Packing puts all that one tile reads one
// after another, which is what hardware prefetchers expect, and makes any
// layout (a transposed weight, a filter) readable by whole vectors. The last
// inner tile is padded by zeros, so ragged columns need no special loads.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/Kernels.h"
#include "orchestra/Transforms/Passes.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_PACKOPERANDSPASS
#include "orchestra/Transforms/Passes.h.inc"
} // namespace orchestra

/// Whether everything `value` is made of is constant. `known` holds what was
/// found before: values are shared, and paths to them many.
static bool isConstant(Value value, DenseMap<Operation *, bool> &known) {
  Operation *def = value.getDefiningOp();
  if (!def)
    return false;
  if (auto it = known.find(def); it != known.end())
    return it->second;
  bool constant;
  if (matchPattern(def, m_Constant()))
    constant = true;
  else if (isa<tensor::EmptyOp>(def))
    constant = def->getNumOperands() == 0;
  else
    constant = isMemoryEffectFree(def) && def->getNumOperands() > 0 &&
               llvm::all_of(def->getOperands(), [&](Value operand) {
                 return isConstant(operand, known);
               });
  known[def] = constant;
  return constant;
}

/// The operand to pack: the one input that runs along the columns, is not read
/// along the rows, and is a constant or has the wrong order of dimensions.
static OpOperand *getOperandToPack(linalg::LinalgOp op, TileDims dims,
                                   DenseMap<Operation *, bool> &known) {
  OpOperand *found = nullptr;
  AffineExpr column = getAffineDimExpr(dims.column, op.getContext());
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    if (!map.isFunctionOfDim(dims.column))
      continue;
    // Two operands along the columns (depthwise): nothing is streamed by tile.
    if (found || !map.isProjectedPermutation() ||
        (dims.row && map.isFunctionOfDim(*dims.row)))
      return nullptr;
    bool unitStride = map.getResults().back() == column;
    if (input->get().getDefiningOp<linalg::UnPackOp>() ||
        (unitStride && !isConstant(input->get(), known)))
      return nullptr;
    found = input;
  }
  return found;
}

static void pack(RewriterBase &rewriter, linalg::LinalgOp op, OpOperand *input,
                 TileDims dims, int64_t columns) {
  Location loc = op.getLoc();
  Value source = input->get();
  auto type = cast<RankedTensorType>(source.getType());
  AffineMap map = op.getMatchingIndexingMap(input);
  int64_t rank = type.getRank();
  // Outer order: what selects the tile (other parallel loops, the columns),
  // then the reductions in the order of the loops.
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  SmallVector<int64_t> perm = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  auto loopOf = [&](int64_t dim) {
    return cast<AffineDimExpr>(map.getResult(dim)).getPosition();
  };
  auto rankOf = [&](int64_t dim) {
    unsigned loop = loopOf(dim);
    bool reduction = iterators[loop] == utils::IteratorType::reduction;
    return std::make_tuple(reduction, loop == dims.column, loop);
  };
  llvm::sort(perm, [&](int64_t a, int64_t b) { return rankOf(a) < rankOf(b); });
  int64_t columnPos = 0;
  while (loopOf(columnPos) != dims.column)
    ++columnPos;

  rewriter.setInsertionPoint(op);
  SmallVector<OpFoldResult> tiles{rewriter.getIndexAttr(columns)};
  Value destination = linalg::PackOp::createDestinationTensor(
      rewriter, loc, source, tiles, {columnPos}, perm);
  Value zero = arith::ConstantOp::create(
      rewriter, loc, rewriter.getZeroAttr(type.getElementType()));
  Value packed = linalg::PackOp::create(rewriter, loc, source, destination,
                                        {columnPos}, tiles, zero, perm)
                     ->getResult(0);
  Value empty = tensor::EmptyOp::create(
      rewriter, loc, tensor::getMixedSizes(rewriter, loc, source),
      type.getElementType());
  Value unpacked = linalg::UnPackOp::create(rewriter, loc, packed, empty,
                                            {columnPos}, tiles, perm)
                       ->getResult(0);
  rewriter.modifyOpInPlace(op, [&] { input->set(unpacked); });
}

namespace {
struct PackOperands : orchestra::impl::PackOperandsPassBase<PackOperands> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    DenseMap<Operation *, bool> known;
    for (linalg::LinalgOp op : ops) {
      std::optional<TileDims> dims =
          getRegisterTileDims(op, /*ignoreStride=*/true);
      if (!dims)
        continue;
      if (OpOperand *input = getOperandToPack(op, *dims, known))
        pack(rewriter, op, input, *dims, columns);
    }
  }
};
} // namespace
