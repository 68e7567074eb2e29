//===- DistributeFragments.cpp - Tiles in registers to the threads --------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one place that knows the layout of wgmma's accumulators. A consumer has
// rows of 64, one wgmma each; a thread holds of every eight columns two
// neighbours in row lane/4 and two in row lane/4 + 8 of its warp's sixteen. A
// fragment becomes a list of registers in that order: scalars if its elements
// have 32 bits, else vectors of two.
//
// Not a dialect conversion: one fragment becomes up to 256 values, and each of
// the four kinds of op that hold fragments is met once, in program order.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/NVIDIA/Passes.h"
#include "orchestra/Target/NVIDIA/Tiles.h"

#include "FragmentReads.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIADISTRIBUTEFRAGMENTSPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

/// Steps of k of one wgmma on elements of 16 bits.
static constexpr int64_t kStep = 16;

/// High word of a tile's descriptor: swizzled over 128 bytes, eight rows of
/// which follow each other.
static constexpr int64_t kDescriptorHigh =
    (int64_t(1) << 62) | (int64_t(8 * kPanelBytes >> 4) << 32);

static bool isFragment(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector && vector.getRank() == 2;
}

namespace {
class Distributor {
public:
  Distributor(Block &entry, int64_t consumers)
      : consumers(consumers), builder(OpBuilder::atBlockBegin(&entry)),
        warpgroup(WarpgroupOp::create(builder, entry.getParentOp()->getLoc(),
                                      builder.getIndexType())) {}

  LogicalResult distribute(Block &block);
  void eraseOld() {
    for (Operation *op : old)
      op->dropAllReferences();
    for (Operation *op : llvm::reverse(old))
      op->erase();
  }

private:
  LogicalResult distribute(Operation &op);
  LogicalResult distributeLoop(scf::ForOp loop);
  LogicalResult distributeMma(MmaOp op);
  LogicalResult distributeSlice(vector::ExtractStridedSliceOp op);
  LogicalResult distributeElementwise(Operation &op);
  SmallVector<Value> asPairs(Location loc, Value fragment);
  /// Registers that all hold `value`.
  SmallVector<Value> repeat(Location loc, VectorType type, Value value);

  int64_t countPairs(Type fragment) {
    return cast<VectorType>(fragment).getNumElements() / consumers / 128 / 2;
  }
  SmallVector<Type> getRegisterTypes(Type fragment) {
    Type element = cast<VectorType>(fragment).getElementType();
    if (isWord(element))
      return SmallVector<Type>(2 * countPairs(fragment), element);
    return SmallVector<Type>(countPairs(fragment),
                             VectorType::get({2}, element));
  }
  void keep(Value fragment, ValueRange values) {
    registers[fragment] = llvm::to_vector(values);
  }

  int64_t consumers;
  OpBuilder builder;
  Value warpgroup;
  DenseMap<Value, SmallVector<Value>> registers;
  SmallVector<Operation *> old;
};
} // namespace

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
  if (!isWord(type.getElementType()))
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
  if (auto store = dyn_cast<StoreOp>(op)) {
    VectorType type = store.getValue().getType();
    int64_t rows = type.getDimSize(0) / consumers;
    SmallVector<Value> indices = llvm::to_vector(store.getIndices());
    Value part = arith::MulIOp::create(
        builder, loc, warpgroup,
        arith::ConstantIndexOp::create(builder, loc, rows));
    indices[0] = arith::AddIOp::create(builder, loc, indices[0], part);
    StoreFragmentOp::create(builder, loc, registers[store.getValue()],
                            store.getTarget(), indices, rows,
                            type.getDimSize(1));
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
  bool words =
      llvm::all_of(op.getOperands(),
                   [&](Value value) { return isWord(elementOf(value)); }) &&
      llvm::all_of(op.getResults(),
                   [&](Value value) { return isWord(elementOf(value)); });
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

//===----------------------------------------------------------------------===//
// wgmma
//===----------------------------------------------------------------------===//

/// Bytes from a tile's beginning to row or column `mn` and step `k` of it.
static int64_t getTileOffset(MemRefType tile, bool kMajor, int64_t mn,
                             int64_t k) {
  int64_t row = kMajor ? mn : k, column = kMajor ? k : mn;
  int64_t panel = getPanelColumns(tile.getElementType());
  return column / panel * tile.getDimSize(0) * kPanelBytes + row * kPanelBytes +
         column % panel * (kPanelBytes / panel);
}

LogicalResult Distributor::distributeMma(MmaOp op) {
  MLIRContext *ctx = op.getContext();
  Location loc = op.getLoc();
  auto a = cast<MemRefType>(op.getA().getType());
  auto b = cast<MemRefType>(op.getB().getType());
  VectorType type = op.getAccumulator().getType();
  bool kMajorA = !op.getTransposeA(), kMajorB = op.getTransposeB();
  int64_t rows = type.getDimSize(0) / consumers, columns = type.getDimSize(1);
  int64_t depth = a.getDimSize(kMajorA), blocks = rows / 64;
  Type element = a.getElementType();
  if ((!element.isF16() && !element.isBF16()) ||
      !type.getElementType().isF32() || rows % 64 != 0 || columns % 8 != 0 ||
      columns > 256 || depth % kStep != 0)
    return emitError(loc, "no tensor core instruction multiplies ")
           << a << " by " << b << " [unsupported-by-target]";

  Type i32 = builder.getI32Type(), i64 = builder.getI64Type();
  auto word = [&](int64_t bytes) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getI32IntegerAttr(bytes >> 4));
  };
  // Offsets are added to the low word alone: of a sum in 64 bits, ptxas 13.0
  // lost the high word on its way to a uniform register.
  Value high = arith::ConstantOp::create(
      builder, loc, builder.getI64IntegerAttr(kDescriptorHigh));
  auto describe = [&](Value low, int64_t bytes) -> Value {
    if (bytes != 0)
      low = arith::AddIOp::create(builder, loc, low, word(bytes));
    Value wide = arith::ExtUIOp::create(builder, loc, i64, low);
    return arith::OrIOp::create(builder, loc, wide, high);
  };
  Value baseA = DescriptorOp::create(builder, loc, i32, op.getA(), kMajorA);
  Value baseB = DescriptorOp::create(builder, loc, i32, op.getB(), kMajorB);
  // Offsets of whole rows of 64 are linear, in both orders.
  Value part = arith::IndexCastOp::create(builder, loc, i32, warpgroup);
  part = arith::MulIOp::create(builder, loc, part,
                               word(getTileOffset(a, kMajorA, rows, 0)));
  baseA = arith::AddIOp::create(builder, loc, baseA, part);

  int64_t count = columns / 2; // accumulators of one wgmma
  SmallVector<Type> f32(count, builder.getF32Type());
  auto group = LLVM::LLVMStructType::getLiteral(ctx, f32);
  ArrayRef<Value> values = registers[op.getAccumulator()];
  SmallVector<Value> groups;
  for (int64_t block = 0; block < blocks; ++block) {
    Value packed = LLVM::PoisonOp::create(builder, loc, group);
    for (int64_t i = 0; i < count; ++i)
      packed = LLVM::InsertValueOp::create(builder, loc, packed,
                                           values[block * count + i], i);
    groups.push_back(packed);
  }
  auto layout = [&](bool row) {
    return NVVM::MMALayoutAttr::get(ctx, row ? NVVM::MMALayout::row
                                             : NVVM::MMALayout::col);
  };
  auto elements = NVVM::WGMMATypesAttr::get(
      ctx, element.isF16() ? NVVM::WGMMATypes::f16 : NVVM::WGMMATypes::bf16);
  auto one = NVVM::WGMMAScaleInAttr::get(ctx, NVVM::WGMMAScaleIn::one);
  NVVM::WgmmaFenceAlignedOp::create(builder, loc);
  for (int64_t k = 0; k < depth; k += kStep) {
    Value right = describe(baseB, getTileOffset(b, kMajorB, 0, k));
    for (int64_t block = 0; block < blocks; ++block) {
      Value left = describe(baseA, getTileOffset(a, kMajorA, block * 64, k));
      groups[block] = NVVM::WgmmaMmaAsyncOp::create(
          builder, loc, group, groups[block], left, right,
          NVVM::MMAShapeAttr::get(ctx, 64, columns, kStep), elements, elements,
          NVVM::WGMMATypesAttr::get(ctx, NVVM::WGMMATypes::f32),
          NVVM::WGMMAScaleOutAttr::get(ctx, NVVM::WGMMAScaleOut::one), one, one,
          layout(kMajorA), layout(!kMajorB), /*satfinite=*/nullptr);
    }
  }
  NVVM::WgmmaGroupSyncAlignedOp::create(builder, loc);
  NVVM::WgmmaWaitGroupSyncOp::create(builder, loc, 0);
  SmallVector<Value> results;
  for (Value packed : groups)
    for (int64_t i = 0; i < count; ++i)
      results.push_back(LLVM::ExtractValueOp::create(builder, loc, packed, i));
  keep(op.getResult(), results);
  old.push_back(op);
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
