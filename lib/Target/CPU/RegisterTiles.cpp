//===- RegisterTiles.cpp - Reductions with accumulators in registers ------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: a tiled reduction (matmul, convolution, depthwise, pooling) becomes
//   acc[row][vector] = load C
//   for reduction loops: acc[row][vector] = body(acc, A[row] , B[vector])
//   store C
//   where each input is loaded as a vector if it runs along the columns and as
//   a broadcast scalar if it does not, once per row only if it depends on the
//   row. x86 folds the broadcast into the multiply-add.
// Why not the vector dialect's contraction: windows (strides, dilations),
//   ragged tiles and any combiner take this one path, and nothing is left for
//   pattern drivers to clean up, which keeps compile times low.
// Limits: elements of one byte width class per op; bodies of ops that have
//   vector forms.
//
//===----------------------------------------------------------------------===//
#include "RegisterTileEmitter.h"
#include "orchestra/Target/CPU/Passes.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::cpu;

namespace orchestra {
#define GEN_PASS_DEF_CPUREGISTERTILESPASS
#include "orchestra/Target/CPU/Passes.h.inc"
} // namespace orchestra

/// Innermost reduction loops of at most this many iterations are unrolled.
static constexpr int64_t kUnrollReduction = 4;

LogicalResult RegisterTileEmitter::check(StringRef &why) {
  for (auto [i, iterator] : llvm::enumerate(op.getIteratorTypesArray()))
    if (iterator == utils::IteratorType::reduction)
      reductionDims.push_back(i);
  if (op.getNumDpsInits() != 1 || op.hasIndexSemantics()) {
    why = "its body uses loop indices or it has several results";
    return failure();
  }
  unsigned accWidth =
      getElementTypeOrSelf(op.getDpsInits()[0]).getIntOrFloatBitWidth();
  if (accWidth % 8 != 0) {
    // A vector of them is packed in registers, but not in memory.
    why = "its elements are no whole bytes";
    return failure();
  }
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    if (!type) {
      if (map.getNumResults() == 0)
        continue; // a scalar operand
      why = "an operand is no buffer";
      return failure();
    }
    if (type.getElementTypeBitWidth() != accWidth) {
      why = "operands and result have elements of different widths";
      return failure();
    }
    if (!map.isFunctionOfDim(columnDim))
      continue;
    auto last = dyn_cast<AffineDimExpr>(map.getResults().back());
    bool unitStride = type.getRank() > 0 && type.areTrailingDimsContiguous(1);
    if (!last || last.getPosition() != columnDim || !unitStride) {
      why = "an operand does not run along the columns with unit stride";
      return failure();
    }
  }
  for (Operation &bodyOp : op.getBody()->without_terminator()) {
    if (isa<arith::ConstantOp>(bodyOp))
      continue;
    if (!OpTrait::hasElementwiseMappableTraits(&bodyOp)) {
      why = "its body has an op without a vector form";
      return failure();
    }
  }
  return success();
}

Value RegisterTileEmitter::getSize(unsigned dim) {
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [i, expr] : llvm::enumerate(map.getResults()))
      if (expr == b.getAffineDimExpr(dim))
        return getValueOrCreateConstantIndexOp(
            b, loc, memref::getMixedSizes(b, loc, operand.get())[i]);
  }
  return constant(op.getStaticLoopRanges()[dim]);
}

/// The constant `value` is, or -1.
static int64_t getConstant(Value value) {
  return getConstantIntValue(OpFoldResult(value)).value_or(-1);
}

void RegisterTileEmitter::emit() {
  ivs.assign(op.getNumLoops(), Value());
  emitParallel(0);
}

/// Runs parallel loops from `dim` on that are neither row nor column.
void RegisterTileEmitter::emitParallel(unsigned dim) {
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  while (dim < ivs.size() && (dim == columnDim || (rowDim && dim == *rowDim) ||
                              iterators[dim] != utils::IteratorType::parallel))
    ++dim;
  if (dim == ivs.size())
    return emitColumns();
  Value size = getSize(dim);
  if (getConstant(size) == 1) {
    ivs[dim] = constant(0);
    return emitParallel(dim + 1);
  }
  auto loop = scf::ForOp::create(b, loc, constant(0), size, constant(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  ivs[dim] = loop.getInductionVar();
  emitParallel(dim + 1);
}

/// Chooses between whole column vectors and masked ones.
void RegisterTileEmitter::emitColumns() {
  Value size = getSize(columnDim);
  int64_t known = getConstant(size);
  ivs[columnDim] = constant(0);
  auto maskType = VectorType::get({lanes}, b.getI1Type());
  // A tile whose size is known: whole vectors and at most one masked one.
  if (known >= 0) {
    for (int64_t first = 0; first < known; first += columns) {
      int64_t here = std::min(columns, known - first);
      SmallVector<Value> masks(llvm::divideCeil(here, lanes));
      if (here % lanes) {
        Value left = constant(here % lanes);
        masks.back() = vector::CreateMaskOp::create(b, loc, maskType, left);
      }
      ivs[columnDim] = constant(first);
      emitRows(masks);
    }
    return;
  }
  int64_t vectors = llvm::divideCeil(columns, lanes);
  Value isWhole = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, size,
                                        constant(columns));
  auto branch = scf::IfOp::create(b, loc, isWhole, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  emitRows(SmallVector<Value>(vectors));
  b.setInsertionPointToStart(branch.elseBlock());
  // Ragged: one masked vector at a time, so that none is empty.
  auto loop = scf::ForOp::create(b, loc, constant(0), size, constant(lanes));
  b.setInsertionPointToStart(loop.getBody());
  ivs[columnDim] = loop.getInductionVar();
  Value left = arith::SubIOp::create(b, loc, size, loop.getInductionVar());
  emitRows({vector::CreateMaskOp::create(b, loc, maskType, left)});
}

/// Covers the rows with tiles of known row counts.
void RegisterTileEmitter::emitRows(ArrayRef<Value> masks) {
  SmallVector<Value> maskVector(masks);
  if (!rowDim)
    return emitTile({1, maskVector}, nullptr);
  Value size = getSize(*rowDim);
  int64_t known = getConstant(size);
  int64_t most = rowCounts.front();
  if (known >= 0 && known <= most)
    return emitTile({known, maskVector}, constant(0));
  OpBuilder::InsertionGuard guard(b);
  // A case per row count that has code of its own. If all counts have, masked
  // columns, which are few, do with that of whole tiles.
  if (known < 0) {
    bool all = hasCaseForAll(), masked = masks.back() != nullptr;
    ArrayRef<int64_t> counts = rowCounts;
    if (all && masked)
      counts = counts.take_front();
    auto choice = scf::IndexSwitchOp::create(b, loc, TypeRange(), size, counts,
                                             counts.size());
    for (auto [rows, region] : llvm::zip(counts, choice.getCaseRegions())) {
      b.createBlock(&region);
      emitTile({rows, maskVector}, constant(0));
      scf::YieldOp::create(b, loc);
    }
    b.createBlock(&choice.getDefaultRegion());
    auto yield = scf::YieldOp::create(b, loc);
    if (all && !masked)
      return;
    b.setInsertionPoint(yield);
  }
  // Any other count: as many large tiles as fit, then smaller ones.
  Value first = constant(0);
  for (int64_t rows = most; rows > 0; rows = rows > 4 ? 4 : rows > 1 ? 1 : 0) {
    Value left = arith::SubIOp::create(b, loc, size, first);
    Value count = arith::DivUIOp::create(b, loc, left, constant(rows));
    Value end = arith::AddIOp::create(
        b, loc, first, arith::MulIOp::create(b, loc, count, constant(rows)));
    auto loop = scf::ForOp::create(b, loc, first, end, constant(rows));
    OpBuilder::InsertionGuard innerGuard(b);
    b.setInsertionPointToStart(loop.getBody());
    emitTile({rows, maskVector}, loop.getInductionVar());
    first = end;
  }
}

/// Whether no row count can come that `rowCounts` does not hold.
bool RegisterTileEmitter::hasCaseForAll() {
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [i, expr] : llvm::enumerate(map.getResults())) {
      if (expr != b.getAffineDimExpr(*rowDim))
        continue;
      FailureOr<int64_t> bound = ValueBoundsConstraintSet::computeConstantBound(
          presburger::BoundType::UB, {operand.get(), int64_t(i)},
          /*stopCondition=*/nullptr, /*closedUB=*/true);
      return succeeded(bound) &&
             llvm::all_of(llvm::seq_inclusive<int64_t>(1, *bound),
                          [&](int64_t rows) {
                            return llvm::is_contained(rowCounts, rows);
                          });
    }
  }
  return false;
}

void RegisterTileEmitter::emitTile(const Tile &tile, Value firstRow) {
  if (rowDim)
    ivs[*rowDim] = firstRow;
  OpOperand *output = op.getDpsInitOperand(0);
  SmallVector<Value> acc;
  for (int64_t row = 0; row < tile.rows; ++row)
    for (auto [vector, mask] : llvm::enumerate(tile.masks))
      acc.push_back(loadInput(output, row, vector, mask));
  emitReduction(tile, 0, acc);
  unsigned next = 0;
  for (int64_t row = 0; row < tile.rows; ++row)
    for (auto [vector, mask] : llvm::enumerate(tile.masks)) {
      SmallVector<Value> indices = getIndices(output, row, vector);
      if (mask)
        vector::MaskedStoreOp::create(b, loc, output->get(), indices, mask,
                                      acc[next++]);
      else
        vector::StoreOp::create(b, loc, acc[next++], output->get(), indices);
    }
}

void RegisterTileEmitter::emitReduction(const Tile &tile, unsigned next,
                                        SmallVectorImpl<Value> &acc) {
  if (next == reductionDims.size())
    return emitBody(tile, acc);
  unsigned dim = reductionDims[next];
  Value size = getSize(dim);
  int64_t known = getConstant(size);
  bool innermost = next + 1 == reductionDims.size();
  if (known == 1 || (innermost && known >= 0 && known <= kUnrollReduction)) {
    for (int64_t i = 0; i < known; ++i) {
      ivs[dim] = constant(i);
      emitReduction(tile, next + 1, acc);
    }
    return;
  }
  auto loop = scf::ForOp::create(b, loc, constant(0), size, constant(1), acc);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    ivs[dim] = loop.getInductionVar();
    SmallVector<Value> inner(loop.getRegionIterArgs());
    emitReduction(tile, next + 1, inner);
    scf::YieldOp::create(b, loc, inner);
  }
  acc.assign(loop.result_begin(), loop.result_end());
}

void RegisterTileEmitter::emitBody(const Tile &tile,
                                   SmallVectorImpl<Value> &acc) {
  Block *body = op.getBody();
  SmallVector<OpOperand *> inputs = op.getDpsInputOperands();
  BlockArgument accArg = body->getArgument(inputs.size());
  DenseMap<std::tuple<unsigned, int64_t, int64_t>, Value> loaded;
  auto load = [&](unsigned index, int64_t row, int64_t vector) {
    AffineMap map = op.getMatchingIndexingMap(inputs[index]);
    if (!rowDim || !map.isFunctionOfDim(*rowDim))
      row = 0;
    if (!map.isFunctionOfDim(columnDim))
      vector = 0;
    Value &value = loaded[{index, row, vector}];
    if (!value) {
      value = loadInput(inputs[index], row, vector, tile.masks[vector]);
      if (isStream(inputs[index]))
        prefetch(inputs[index], vector);
    }
    return value;
  };
  int64_t vectors = tile.masks.size();
  auto yield = cast<linalg::YieldOp>(body->getTerminator());
  for (int64_t row = 0; row < tile.rows; ++row)
    for (int64_t vector = 0; vector < vectors; ++vector) {
      IRMapping map;
      for (unsigned i = 0; i < inputs.size(); ++i)
        if (!body->getArgument(i).use_empty())
          map.map(body->getArgument(i), load(i, row, vector));
      Value &slot = acc[row * vectors + vector];
      map.map(accArg, slot);
      auto lookup = [&](Value value) -> Value {
        if (Value mapped = map.lookupOrNull(value))
          return mapped;
        // A constant of the body, or a scalar defined outside of it.
        auto type = VectorType::get({lanes}, value.getType());
        Attribute attr;
        Value wide;
        if (matchPattern(value, m_Constant(&attr)))
          wide = arith::ConstantOp::create(b, loc, type,
                                           DenseElementsAttr::get(type, attr));
        else
          wide = vector::BroadcastOp::create(b, loc, type, value);
        map.map(value, wide);
        return wide;
      };
      for (Operation &bodyOp : body->without_terminator()) {
        if (isa<arith::ConstantOp>(bodyOp))
          continue;
        // acc + a * b in one instruction.
        if (auto add = dyn_cast<arith::AddFOp>(bodyOp)) {
          Value other = add.getLhs() == accArg ? add.getRhs() : add.getLhs();
          auto mul = other.getDefiningOp<arith::MulFOp>();
          bool addsAcc = add.getLhs() == accArg || add.getRhs() == accArg;
          if (addsAcc && mul && mul->hasOneUse()) {
            map.map(add.getResult(),
                    vector::FMAOp::create(b, loc, lookup(mul.getLhs()),
                                          lookup(mul.getRhs()), slot)
                        .getResult());
            continue;
          }
        }
        if (auto mul = dyn_cast<arith::MulFOp>(bodyOp))
          if (mul->hasOneUse()) {
            auto add = dyn_cast<arith::AddFOp>(*mul->user_begin());
            if (add && (add.getLhs() == accArg || add.getRhs() == accArg))
              continue; // part of the fused multiply-add
          }
        OperationState state(loc, bodyOp.getName());
        for (Value operand : bodyOp.getOperands())
          state.addOperands(lookup(operand));
        for (Type type : bodyOp.getResultTypes())
          state.addTypes(VectorType::get({lanes}, type));
        state.addAttributes(bodyOp.getAttrs());
        Operation *wide = b.create(state);
        map.map(bodyOp.getResults(), wide->getResults());
      }
      slot = lookup(yield.getValues()[0]);
    }
}

namespace {
struct CPURegisterTiles
    : orchestra::impl::CPURegisterTilesPassBase<CPURegisterTiles> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<linalg::GenericOp> marked;
    getOperation().walk([&](linalg::GenericOp op) {
      if (op->hasAttr(kRegisterTileAttrName))
        marked.push_back(op);
    });
    for (linalg::GenericOp op : marked) {
      Type element = getElementTypeOrSelf(op.getDpsInits()[0]);
      int64_t lanes =
          std::max<int64_t>(1, vectorBits / element.getIntOrFloatBitWidth());
      OpBuilder builder(op);
      RegisterTileEmitter emitter(builder, op, lanes);
      StringRef why;
      if (failed(emitter.check(why))) {
        remark::missed(op.getLoc(),
                       remark::RemarkOpts::name("RegisterTile")
                           .category("orchestra-cpu-register-tiles"))
            << remark::reason("plain loops are used because {0}", why);
        op->removeAttr(kRegisterTileAttrName);
        continue;
      }
      emitter.emit();
      op.erase();
    }
  }
};
} // namespace
