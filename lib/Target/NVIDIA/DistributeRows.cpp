//===- DistributeRows.cpp - A row of numbers on the lanes of a group ------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A row lies on the lanes in chunks: chunk k of a lane is the row's chunk
// k * lanes + lane, so that lanes that read together read neighbours, as wide
// as the row allows. Only the last chunk of a lane may lie behind the row's
// end. What is computed element by element needs no other lane; a reduction is
// one of each lane's elements first and one across the lanes then.
//
//===----------------------------------------------------------------------===//
#include "Rows.h"

#include "orchestra/Target/NVIDIA/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/MathExtras.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIADISTRIBUTEROWSPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvidia;

static constexpr int64_t kWarp = 32;
static constexpr int64_t kWidestBytes = 16;

namespace {
class Distributor {
public:
  Distributor(gpu::GPUFuncOp function, int64_t lanes, int64_t columns)
      : function(function), b(function.getContext()), lanes(lanes),
        columns(columns) {}

  LogicalResult run();

private:
  bool isRow(Type type) const;
  /// The part of a row that a lane has.
  VectorType getPart(Type element) const {
    return VectorType::get(chunks * width, element);
  }
  void chooseChunks();
  Value map(Value row);
  LogicalResult distribute(Operation *op);
  Value read(vector::TransferReadOp op);
  void write(vector::TransferWriteOp op);
  Value reduce(vector::ReductionOp op);
  /// Index of the first element of chunk `chunk` of this lane.
  Value getIndex(Location loc, int64_t chunk);
  /// Whether all lanes have an element in `chunk`.
  bool isFull(int64_t chunk) const {
    return (chunk + 1) * lanes * width <= columns;
  }
  Value isInside(Location loc, int64_t chunk);
  Value splat(Location loc, VectorType type, Attribute value);

  gpu::GPUFuncOp function;
  OpBuilder b;
  int64_t lanes, columns, width = 1, chunks = 1;
  Value lane;
  IRMapping parts;
};
} // namespace

bool Distributor::isRow(Type type) const {
  auto vector = dyn_cast<VectorType>(type);
  return vector && vector.getNumElements() == columns;
}

/// As wide as accesses may be, and the row divides into.
void Distributor::chooseChunks() {
  int64_t widest = kWidestBytes;
  function.walk([&](Operation *op) {
    for (Type type : op->getResultTypes())
      if (isa<vector::TransferReadOp>(op) && isRow(type))
        widest = std::min<int64_t>(
            widest,
            kWidestBytes * 8 / cast<VectorType>(type).getElementTypeBitWidth());
    if (auto write = dyn_cast<vector::TransferWriteOp>(op))
      if (isRow(write.getVectorType()))
        widest = std::min<int64_t>(
            widest,
            kWidestBytes * 8 / write.getVectorType().getElementTypeBitWidth());
  });
  width = 1;
  while (width * 2 <= widest && columns % (width * 2) == 0 &&
         columns >= lanes * width * 2)
    width *= 2;
  chunks = llvm::divideCeil(columns, lanes * width);
}

Value Distributor::getIndex(Location loc, int64_t chunk) {
  Value first = arith::ConstantIndexOp::create(b, loc, chunk * lanes * width);
  Value step = arith::ConstantIndexOp::create(b, loc, width);
  return arith::AddIOp::create(b, loc, first,
                               arith::MulIOp::create(b, loc, lane, step));
}

Value Distributor::isInside(Location loc, int64_t chunk) {
  Value end = arith::ConstantIndexOp::create(b, loc, columns);
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                               getIndex(loc, chunk), end);
}

Value Distributor::splat(Location loc, VectorType type, Attribute value) {
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, value));
}

Value Distributor::map(Value row) {
  if (Value known = parts.lookupOrNull(row))
    return known;
  return row;
}

Value Distributor::read(vector::TransferReadOp op) {
  Location loc = op.getLoc();
  Type element = op.getVectorType().getElementType();
  auto chunkType = VectorType::get(width, element);
  VectorType part = getPart(element);
  Value result = splat(loc, part, b.getZeroAttr(element));
  auto load = [&](int64_t chunk) -> Value {
    SmallVector<Value> indices(op.getIndices());
    indices.back() =
        arith::AddIOp::create(b, loc, indices.back(), getIndex(loc, chunk));
    auto made =
        vector::LoadOp::create(b, loc, chunkType, op.getBase(), indices);
    made.setAlignment(width * chunkType.getElementTypeBitWidth() / 8);
    return made;
  };
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    Value values;
    if (isFull(chunk)) {
      values = load(chunk);
    } else {
      auto branch =
          scf::IfOp::create(b, loc, TypeRange(chunkType), isInside(loc, chunk),
                            /*withElseRegion=*/true);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(branch.thenBlock());
      scf::YieldOp::create(b, loc, load(chunk));
      b.setInsertionPointToStart(branch.elseBlock());
      scf::YieldOp::create(b, loc,
                           splat(loc, chunkType, b.getZeroAttr(element)));
      values = branch.getResult(0);
    }
    result = vector::InsertStridedSliceOp::create(
        b, loc, values, result, ArrayRef<int64_t>{chunk * width},
        ArrayRef<int64_t>{1});
  }
  return result;
}

void Distributor::write(vector::TransferWriteOp op) {
  Location loc = op.getLoc();
  Value part = map(op.getVector());
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    OpBuilder::InsertionGuard guard(b);
    if (!isFull(chunk)) {
      auto branch = scf::IfOp::create(b, loc, isInside(loc, chunk), false);
      b.setInsertionPointToStart(branch.thenBlock());
    }
    Value values = vector::ExtractStridedSliceOp::create(
        b, loc, part, ArrayRef<int64_t>{chunk * width},
        ArrayRef<int64_t>{width}, ArrayRef<int64_t>{1});
    SmallVector<Value> indices(op.getIndices());
    indices.back() =
        arith::AddIOp::create(b, loc, indices.back(), getIndex(loc, chunk));
    auto made = vector::StoreOp::create(b, loc, values, op.getBase(), indices);
    made.setAlignment(width * op.getVectorType().getElementTypeBitWidth() / 8);
  }
}

/// The element that changes no reduction of this kind.
static TypedAttr getNeutral(Builder &b, vector::CombiningKind kind, Type type) {
  using vector::CombiningKind;
  auto real = [&](bool positive) -> TypedAttr {
    return b.getFloatAttr(
        type,
        APFloat::getInf(cast<FloatType>(type).getFloatSemantics(), !positive));
  };
  unsigned bits = type.getIntOrFloatBitWidth();
  switch (kind) {
  case CombiningKind::MUL:
    return b.getOneAttr(type);
  case CombiningKind::MAXIMUMF:
  case CombiningKind::MAXNUMF:
    return real(false);
  case CombiningKind::MINIMUMF:
  case CombiningKind::MINNUMF:
    return real(true);
  case CombiningKind::MAXSI:
    return b.getIntegerAttr(type, APInt::getSignedMinValue(bits));
  case CombiningKind::MINSI:
    return b.getIntegerAttr(type, APInt::getSignedMaxValue(bits));
  case CombiningKind::MINUI:
  case CombiningKind::AND:
    return b.getIntegerAttr(type, APInt::getAllOnes(bits));
  default:
    return b.getZeroAttr(type);
  }
}

static gpu::AllReduceOperation getOperation(vector::CombiningKind kind) {
  using vector::CombiningKind;
  switch (kind) {
  case CombiningKind::MUL:
    return gpu::AllReduceOperation::MUL;
  case CombiningKind::MAXIMUMF:
    return gpu::AllReduceOperation::MAXIMUMF;
  case CombiningKind::MAXNUMF:
    return gpu::AllReduceOperation::MAXNUMF;
  case CombiningKind::MINIMUMF:
    return gpu::AllReduceOperation::MINIMUMF;
  case CombiningKind::MINNUMF:
    return gpu::AllReduceOperation::MINNUMF;
  case CombiningKind::MAXSI:
    return gpu::AllReduceOperation::MAXSI;
  case CombiningKind::MINSI:
    return gpu::AllReduceOperation::MINSI;
  case CombiningKind::MAXUI:
    return gpu::AllReduceOperation::MAXUI;
  case CombiningKind::MINUI:
    return gpu::AllReduceOperation::MINUI;
  case CombiningKind::AND:
    return gpu::AllReduceOperation::AND;
  case CombiningKind::OR:
    return gpu::AllReduceOperation::OR;
  case CombiningKind::XOR:
    return gpu::AllReduceOperation::XOR;
  case CombiningKind::ADD:
    return gpu::AllReduceOperation::ADD;
  }
  llvm_unreachable("all kinds are above");
}

Value Distributor::reduce(vector::ReductionOp op) {
  Location loc = op.getLoc();
  Type element = op.getSourceVectorType().getElementType();
  Value part = map(op.getVector());
  if (!isFull(chunks - 1)) {
    auto chunkType = VectorType::get(width, element);
    Value last = vector::ExtractStridedSliceOp::create(
        b, loc, part, ArrayRef<int64_t>{(chunks - 1) * width},
        ArrayRef<int64_t>{width}, ArrayRef<int64_t>{1});
    Value nothing = splat(loc, chunkType, getNeutral(b, op.getKind(), element));
    last = arith::SelectOp::create(b, loc, isInside(loc, chunks - 1), last,
                                   nothing);
    part = vector::InsertStridedSliceOp::create(
        b, loc, last, part, ArrayRef<int64_t>{(chunks - 1) * width},
        ArrayRef<int64_t>{1});
  }
  // Pair by pair: a chain of dependent operations would take as long as the
  // row.
  Value sum = vector::ReductionOp::create(b, loc, op.getKind(), part,
                                          arith::FastMathFlags::reassoc);
  gpu::AllReduceOperation kind = getOperation(op.getKind());
  Value all =
      lanes == kWarp
          ? gpu::SubgroupReduceOp::create(b, loc, sum, kind, /*uniform=*/true)
                .getResult()
          : gpu::AllReduceOp::create(
                b, loc, sum,
                gpu::AllReduceOperationAttr::get(b.getContext(), kind),
                /*uniform=*/true)
                .getResult();
  return op.getAcc() ? vector::makeArithReduction(b, loc, op.getKind(), all,
                                                  op.getAcc())
                     : all;
}

LogicalResult Distributor::distribute(Operation *op) {
  b.setInsertionPoint(op);
  Location loc = op->getLoc();
  bool takes = llvm::any_of(op->getOperandTypes(),
                            [&](Type type) { return isRow(type); });
  bool gives = llvm::any_of(op->getResultTypes(),
                            [&](Type type) { return isRow(type); });
  if (!takes && !gives) {
    // One lane writes what all know.
    if (isa<memref::StoreOp, vector::TransferWriteOp, vector::StoreOp>(op)) {
      Value zero = arith::ConstantIndexOp::create(b, loc, 0);
      Value isFirst =
          arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, lane, zero);
      auto branch = scf::IfOp::create(b, loc, isFirst, false);
      op->moveBefore(branch.thenBlock()->getTerminator());
    }
    return success();
  }
  auto replace = [&](Value part) {
    parts.map(op->getResult(0), part);
    return success();
  };
  if (auto read = dyn_cast<vector::TransferReadOp>(op))
    return replace(this->read(read));
  if (auto write = dyn_cast<vector::TransferWriteOp>(op)) {
    this->write(write);
    return success();
  }
  if (auto reduction = dyn_cast<vector::ReductionOp>(op)) {
    Value result = reduce(reduction);
    reduction.getResult().replaceAllUsesWith(result);
    return success();
  }
  if (auto cast = dyn_cast<vector::ShapeCastOp>(op))
    return replace(map(cast.getSource()));
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    if (auto value = dyn_cast<SplatElementsAttr>(constant.getValue()))
      return replace(splat(loc, getPart(value.getElementType()),
                           value.getSplatValue<Attribute>()));
  if (auto broadcast = dyn_cast<vector::BroadcastOp>(op)) {
    Value source = broadcast.getSource();
    if (isRow(source.getType()))
      return replace(map(source));
    if (auto vector = dyn_cast<VectorType>(source.getType()))
      source = vector::ExtractOp::create(
          b, loc, source, SmallVector<int64_t>(vector.getRank(), 0));
    return replace(
        vector::BroadcastOp::create(b, loc, getPart(source.getType()), source));
  }
  if (OpTrait::hasElementwiseMappableTraits(op) && op->getNumResults() == 1) {
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(map(operand));
    Type element =
        cast<VectorType>(op->getResult(0).getType()).getElementType();
    Operation *made = b.create(loc, op->getName().getIdentifier(), operands,
                               getPart(element), op->getAttrs());
    return replace(made->getResult(0));
  }
  return emitError(loc, "op cannot be spread over the lanes of a row: ")
         << op->getName() << " [unsupported-by-target]";
}

LogicalResult Distributor::run() {
  chooseChunks();
  b.setInsertionPointToStart(&function.getBody().front());
  Location loc = function.getLoc();
  Value thread = gpu::ThreadIdOp::create(b, loc, gpu::Dimension::x);
  lane = arith::RemUIOp::create(b, loc, thread,
                                arith::ConstantIndexOp::create(b, loc, lanes));
  SmallVector<Operation *> ops;
  function.walk([&](Operation *op) {
    if (op != function && op != thread.getDefiningOp())
      ops.push_back(op);
  });
  for (Operation *op : ops)
    if (op->getNumRegions() == 0 && failed(distribute(op)))
      return failure();
  for (Operation *op : llvm::reverse(ops)) {
    bool isRowOp = llvm::any_of(op->getOperandTypes(),
                                [&](Type type) { return isRow(type); }) ||
                   llvm::any_of(op->getResultTypes(),
                                [&](Type type) { return isRow(type); });
    if (isRowOp && op->use_empty())
      op->erase();
  }
  return success();
}

namespace {
struct NVIDIADistributeRowsPass
    : public nvidia::impl::NVIDIADistributeRowsPassBase<
          NVIDIADistributeRowsPass> {
  using Base::Base;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<gpu::GPUFuncOp>()) {
      auto rows = function->getAttrOfType<DenseI64ArrayAttr>(kRowsAttrName);
      if (!rows)
        continue;
      function->removeAttr(kRowsAttrName);
      if (failed(Distributor(function, rows[0], rows[1]).run()))
        return signalPassFailure();
    }
    RewritePatternSet patterns(&getContext());
    populateGpuAllReducePatterns(patterns);
    populateGpuBreakDownSubgroupReducePatterns(patterns);
    populateGpuLowerSubgroupReduceToShufflePatterns(patterns, kWarp);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
