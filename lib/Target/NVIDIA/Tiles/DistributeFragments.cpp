//===- DistributeFragments.cpp - Tiles in registers to the threads --------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one place that knows the layout of wgmma's accumulators. A consumer has
// rows of 64, one wgmma each; a thread holds of every eight columns two
// neighbours in row lane/4 and two in row lane/4 + 8 of its warp's sixteen. A
// fragment becomes a list of registers in that order: scalars if its elements
// have 32 bits, else vectors of two. Of numbers of rows, a vector of one
// dimension, a thread holds those of its two rows in each 64, as three others
// do.
//
// Not a dialect conversion: one fragment becomes up to 256 values, and each of
// the four kinds of op that hold fragments is met once, in program order.
//
//===----------------------------------------------------------------------===//
#include "Distributor.h"

#include "orchestra/Target/NVIDIA/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIADISTRIBUTEFRAGMENTSPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

SmallVector<Value> Distributor::asPairs(Location loc, Value fragment) {
  ArrayRef<Value> values = registers[fragment];
  auto type = cast<VectorType>(fragment.getType());
  if (!isWord(type.getElementType()))
    return llvm::to_vector(values);
  SmallVector<Value> pairs;
  auto pair = VectorType::get({2}, type.getElementType());
  for (size_t i = 0; i < values.size(); i += 2)
    pairs.push_back(vector::FromElementsOp::create(
        builder, loc, pair, ValueRange{values[i], values[i + 1]}));
  return pairs;
}

SmallVector<Value> Distributor::repeat(Location loc, VectorType type,
                                       Value value) {
  SmallVector<Type> types = getRegisterTypes(type);
  if (types[0] != value.getType())
    value = vector::BroadcastOp::create(builder, loc, types[0], value);
  return SmallVector<Value>(types.size(), value);
}

LogicalResult Distributor::distribute(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(block))
    if (failed(distribute(op)))
      return failure();
  return success();
}

LogicalResult Distributor::distribute(Operation &op) {
  builder.setInsertionPoint(&op);
  Location loc = op.getLoc();
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return distributeLoop(loop);
  if (auto mma = dyn_cast<MmaOp>(op))
    return distributeMma(mma);
  if (auto wait = dyn_cast<WaitOp>(op)) {
    NVVM::WgmmaWaitGroupSyncOp::create(builder, loc, wait.getYounger());
    keep(wait.getResult(), SmallVector<Value>(registers[wait.getProduct()]));
    old.push_back(&op);
    return success();
  }
  if (isa<TakeTurnOp, PassTurnOp>(op)) {
    distributeTurn(op);
    return success();
  }
  if (auto sum = dyn_cast<SumClusterOp>(op))
    return distributeSum(sum);
  if (auto store = dyn_cast<StoreOp>(op)) {
    VectorType type = store.getValue().getType();
    int64_t rows = type.getDimSize(0) / consumers;
    SmallVector<Value> indices = llvm::to_vector(store.getIndices());
    Value part = arith::MulIOp::create(
        builder, loc, warpgroup,
        arith::ConstantIndexOp::create(builder, loc, rows));
    Value &row = indices[getTileDims(store.getDims(), indices.size()).first];
    row = arith::AddIOp::create(builder, loc, row, part);
    StoreFragmentOp::create(builder, loc, registers[store.getValue()],
                            store.getTarget(), indices, rows,
                            type.getDimSize(1), store.getDimsAttr());
    old.push_back(&op);
    return success();
  }
  if (auto read = dyn_cast<ReadOp>(op)) {
    keep(read.getFragment(), readFragment(builder, read, warpgroup, consumers));
    old.push_back(&op);
    return success();
  }
  if (llvm::none_of(op.getResultTypes(), isFragment) &&
      llvm::none_of(op.getOperandTypes(), isFragment))
    return op.getNumRegions() == 0 || isa<scf::IfOp>(op)
               ? success()
               : emitError(loc, "op around tiles has no form on registers: ")
                     << op.getName() << " [unsupported-by-target]";
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto splat = dyn_cast<SplatElementsAttr>(constant.getValue());
    auto type = cast<VectorType>(constant.getType());
    if (splat) {
      Value scalar = arith::ConstantOp::create(
          builder, loc, splat.getSplatValue<TypedAttr>());
      keep(constant, repeat(loc, type, scalar));
      old.push_back(&op);
      return success();
    }
  }
  if (auto broadcast = dyn_cast<vector::BroadcastOp>(op)) {
    if (!isa<VectorType>(broadcast.getSourceType())) {
      keep(broadcast,
           repeat(loc, broadcast.getResultVectorType(), broadcast.getSource()));
      old.push_back(&op);
      return success();
    }
  }
  if (auto slice = dyn_cast<vector::ExtractStridedSliceOp>(op))
    return distributeSlice(slice);
  if (auto reduction = dyn_cast<vector::MultiDimReductionOp>(op))
    return distributeReduction(reduction);
  if (auto repeat = dyn_cast<RepeatOp>(op)) {
    distributeRepeat(repeat);
    return success();
  }
  if (auto position = dyn_cast<PositionOp>(op)) {
    distributePosition(position);
    return success();
  }
  return distributeElementwise(op);
}

/// Whole rows of some of the columns; registers of eight columns stay together.
LogicalResult Distributor::distributeSlice(vector::ExtractStridedSliceOp op) {
  auto from = cast<VectorType>(op.getSource().getType());
  auto to = cast<VectorType>(op.getType());
  auto offset = [&](unsigned dim) {
    return cast<IntegerAttr>(op.getOffsets()[dim]).getInt();
  };
  if (to.getDimSize(0) != from.getDimSize(0) || op.hasNonUnitStrides() ||
      offset(1) % 8 != 0 || to.getDimSize(1) % 8 != 0)
    return emitError(op.getLoc(),
                     "slice of a tile divides a thread's registers "
                     "[unsupported-by-target]");
  ArrayRef<Value> values = registers[op.getSource()];
  int64_t blocks = from.getDimSize(0) / consumers / 64;
  int64_t perBlock = values.size() / blocks;
  int64_t perEight = perBlock * 8 / from.getDimSize(1);
  SmallVector<Value> taken;
  for (int64_t block = 0; block < blocks; ++block)
    llvm::append_range(taken,
                       values.slice(block * perBlock + offset(1) / 8 * perEight,
                                    to.getDimSize(1) / 8 * perEight));
  keep(op.getResult(), taken);
  old.push_back(op);
  return success();
}

LogicalResult Distributor::distributeLoop(scf::ForOp loop) {
  if (llvm::none_of(loop.getResultTypes(), isFragment))
    return distribute(*loop.getBody());
  SmallVector<Value> inits;
  for (Value init : loop.getInitArgs()) {
    if (!isFragment(init.getType()))
      inits.push_back(init);
    else
      llvm::append_range(inits, registers[init]);
  }
  auto wide = scf::ForOp::create(builder, loop.getLoc(), loop.getLowerBound(),
                                 loop.getUpperBound(), loop.getStep(), inits);
  loop.getInductionVar().replaceAllUsesWith(wide.getInductionVar());
  size_t next = 0;
  for (auto [argument, result] :
       llvm::zip_equal(loop.getRegionIterArgs(), loop.getResults())) {
    size_t count = isFragment(result.getType())
                       ? getRegisterTypes(result.getType()).size()
                       : 1;
    ValueRange inside = wide.getRegionIterArgs().slice(next, count);
    ValueRange outside = ValueRange(wide.getResults()).slice(next, count);
    next += count;
    if (isFragment(result.getType())) {
      keep(argument, inside);
      keep(result, outside);
    } else {
      argument.replaceAllUsesWith(inside[0]);
      result.replaceAllUsesWith(outside[0]);
    }
  }
  Block *body = wide.getBody();
  if (body->mightHaveTerminator())
    body->getTerminator()->erase();
  // The old body moves as a whole; its terminator is replaced.
  Operation *yield = loop.getBody()->getTerminator();
  body->getOperations().splice(body->begin(), loop.getBody()->getOperations());
  for (Operation &op : llvm::make_early_inc_range(*body))
    if (&op != yield && failed(distribute(op)))
      return failure();
  SmallVector<Value> yields;
  for (Value value : yield->getOperands()) {
    if (isFragment(value.getType()))
      llvm::append_range(yields, registers[value]);
    else
      yields.push_back(value);
  }
  builder.setInsertionPoint(yield);
  scf::YieldOp::create(builder, yield->getLoc(), yields);
  // The old loop keeps the old yield, so that it stays a valid op until the
  // end.
  yield->moveBefore(loop.getBody(), loop.getBody()->end());
  old.push_back(loop);
  old.push_back(yield);
  return success();
}

LogicalResult Distributor::distributeElementwise(Operation &op) {
  if (!OpTrait::hasElementwiseMappableTraits(&op))
    return emitError(op.getLoc(), "op on tiles has no form on registers: ")
           << op.getName() << " [unsupported-by-target]";
  auto elementOf = [](Value value) { return getElementTypeOrSelf(value); };
  auto areWords = [&](auto range) {
    return llvm::all_of(range,
                        [&](Value value) { return isWord(elementOf(value)); });
  };
  bool words = isOfRows(op.getOperand(0).getType()) ||
               (areWords(op.getOperands()) && areWords(op.getResults()));
  Location loc = op.getLoc();
  SmallVector<SmallVector<Value>> lists;
  size_t count = 0;
  for (Value operand : op.getOperands()) {
    if (!isFragment(operand.getType()))
      return emitError(loc, "op mixes tiles and numbers "
                            "[unsupported-by-target]");
    lists.push_back(words ? registers[operand] : asPairs(loc, operand));
    count = lists.back().size();
  }
  SmallVector<SmallVector<Value>> results(op.getNumResults());
  SmallVector<Type> types;
  for (Value result : op.getResults())
    types.push_back(words ? elementOf(result)
                          : VectorType::get({2}, elementOf(result)));
  for (size_t i = 0; i < count; ++i) {
    SmallVector<Value> operands;
    for (ArrayRef<Value> list : lists)
      operands.push_back(list[i]);
    Operation *part = builder.create(loc, op.getName().getIdentifier(),
                                     operands, types, op.getAttrs());
    for (auto [list, value] : llvm::zip_equal(results, part->getResults())) {
      if (words || !isWord(elementOf(value))) {
        list.push_back(value);
        continue;
      }
      for (int64_t lane = 0; lane < 2; ++lane)
        list.push_back(vector::ExtractOp::create(builder, loc, value, lane));
    }
  }
  for (auto [result, list] : llvm::zip_equal(op.getResults(), results))
    keep(result, list);
  old.push_back(&op);
  return success();
}

namespace {
struct NVIDIADistributeFragmentsPass
    : public nvidia::impl::NVIDIADistributeFragmentsPassBase<
          NVIDIADistributeFragmentsPass> {
  using Base::Base;

  void runOnOperation() override {
    WalkResult result = getOperation().walk([](RolesOp roles) {
      Block &consumer = roles.getConsumer().front();
      Distributor distributor(consumer, roles.getConsumers());
      if (failed(distributor.distribute(consumer)))
        return WalkResult::interrupt();
      distributor.eraseOld();
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
