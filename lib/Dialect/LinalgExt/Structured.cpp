//===- Structured.cpp - What all linalg_ext ops have in common ------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops index their operands by maps from the same loops, so that slicing is the
// same for all of them.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/LinalgExt/LinalgExt.h"

#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::linalg_ext;

#include "orchestra/Dialect/LinalgExt/LinalgExtInterfaces.cpp.inc"

/// Calls `visit` with each shaped operand, its dimension and the loop of that.
static void
forEachDim(LinalgExtOp op,
           function_ref<void(OpOperand &, unsigned dim, unsigned loop)> visit) {
  for (auto [operand, map] :
       llvm::zip(op->getOpOperands(), op.getOperandMaps()))
    for (auto [dim, expr] : llvm::enumerate(map.getResults()))
      if (auto loop = dyn_cast<AffineDimExpr>(expr))
        visit(operand, dim, loop.getPosition());
}

static int64_t sizeOf(OpOperand &operand, unsigned dim) {
  return cast<ShapedType>(operand.get().getType()).getDimSize(dim);
}

SmallVector<OpFoldResult> linalg_ext::getLoopSizes(LinalgExtOp op,
                                                   OpBuilder &b) {
  SmallVector<OpFoldResult> sizes(op.getIterators().size());
  for (bool dynamic : {false, true})
    forEachDim(op, [&](OpOperand &operand, unsigned dim, unsigned loop) {
      if (!sizes[loop] &&
          ShapedType::isDynamic(sizeOf(operand, dim)) == dynamic)
        sizes[loop] =
            linalg::createFoldedDimOp(b, op->getLoc(), operand.get(), dim);
    });
  return sizes;
}

std::optional<double>
linalg_ext::countOperations(LinalgExtOp op, std::optional<double> assumed) {
  SmallVector<double> sizes(op.getIterators().size(), -1);
  forEachDim(op, [&](OpOperand &operand, unsigned dim, unsigned loop) {
    if (!ShapedType::isDynamic(sizeOf(operand, dim)))
      sizes[loop] = double(sizeOf(operand, dim));
  });
  for (double &size : sizes) {
    if (size < 0 && !assumed)
      return std::nullopt;
    if (size < 0)
      size = *assumed;
  }
  return op.countWork(sizes);
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

LogicalResult linalg_ext::verifyDestinations(LinalgExtOp op, unsigned count) {
  auto dps = cast<DestinationStyleOpInterface>(op.getOperation());
  if (dps.getNumDpsInits() != count)
    return op.emitOpError()
           << "needs " << count << " destination" << (count == 1 ? "" : "s")
           << ", but has " << dps.getNumDpsInits();
  bool tensors = isa<RankedTensorType>(dps.getDpsInits()[0].getType());
  for (Value operand : op->getOperands())
    if (isa<ShapedType>(operand.getType()) &&
        isa<RankedTensorType>(operand.getType()) != tensors)
      return op.emitOpError("mixes tensors and memrefs");
  if (op->getNumResults() != (tensors ? count : 0))
    return op.emitOpError() << "needs as many results as destinations on "
                               "tensors, and none on memrefs";
  for (auto [output, result] : llvm::zip(dps.getDpsInits(), op->getResults()))
    if (output.getType() != result.getType())
      return op.emitOpError()
             << "has a result of type " << result.getType()
             << " for a destination of type " << output.getType();
  return success();
}

LogicalResult linalg_ext::verifySizes(LinalgExtOp op,
                                      ArrayRef<StringRef> names) {
  SmallVector<int64_t> sizes(op.getIterators().size(), ShapedType::kDynamic);
  SmallVector<AffineMap> maps = op.getOperandMaps();
  for (auto [i, operand] : llvm::enumerate(op->getOpOperands())) {
    auto type = dyn_cast<ShapedType>(operand.get().getType());
    if (!type)
      continue;
    StringRef name = names[std::min(i, names.size() - 1)];
    if (int64_t(maps[i].getNumResults()) != type.getRank())
      return op.emitOpError()
             << "needs a " << name << " of rank " << maps[i].getNumResults()
             << ", but it has rank " << type.getRank();
    for (auto [dim, expr] : llvm::enumerate(maps[i].getResults())) {
      auto loop = dyn_cast<AffineDimExpr>(expr);
      int64_t size = type.getDimSize(dim);
      if (!loop || ShapedType::isDynamic(size))
        continue;
      int64_t &known = sizes[loop.getPosition()];
      if (!ShapedType::isDynamic(known) && known != size)
        return op.emitOpError()
               << "has a " << name << " whose dimension " << dim << " is "
               << size << ", but other operands say " << known;
      known = size;
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Tiling
//===----------------------------------------------------------------------===//

SmallVector<Range> structured::getDomain(LinalgExtOp op, OpBuilder &b) {
  SmallVector<Range> ranges;
  for (OpFoldResult size : linalg_ext::getLoopSizes(op, b))
    ranges.push_back({b.getIndexAttr(0), size, b.getIndexAttr(1)});
  return ranges;
}

/// Whether the tile certainly does not hold all iterations.
static bool isPartial(OpFoldResult whole, OpFoldResult offset,
                      OpFoldResult size) {
  std::optional<int64_t> first = getConstantIntValue(offset);
  if (!first || *first != 0)
    return true;
  std::optional<int64_t> part = getConstantIntValue(size);
  std::optional<int64_t> all = getConstantIntValue(whole);
  return part && all && *part != *all;
}

static Operation *slice(OpBuilder &b, Location loc, Value value, AffineMap map,
                        ArrayRef<OpFoldResult> offsets,
                        ArrayRef<OpFoldResult> sizes) {
  SmallVector<OpFoldResult> first, count,
      ones(map.getNumResults(), b.getIndexAttr(1));
  for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
    auto loop = dyn_cast<AffineDimExpr>(expr);
    first.push_back(loop ? offsets[loop.getPosition()] : b.getIndexAttr(0));
    count.push_back(loop ? sizes[loop.getPosition()]
                         : linalg::createFoldedDimOp(b, loc, value, dim));
  }
  if (isa<MemRefType>(value.getType()))
    return memref::SubViewOp::create(b, loc, value, first, count, ones);
  return tensor::ExtractSliceOp::create(b, loc, value, first, count, ones);
}

FailureOr<TilingResult> structured::tile(LinalgExtOp op, OpBuilder &b,
                                         ArrayRef<OpFoldResult> offsets,
                                         ArrayRef<OpFoldResult> sizes) {
  for (auto [loop, whole] : llvm::enumerate(linalg_ext::getLoopSizes(op, b)))
    if (!op.canTile(loop) && isPartial(whole, offsets[loop], sizes[loop]))
      return failure();
  TilingResult result;
  SmallVector<Value> operands;
  for (auto [operand, map] :
       llvm::zip(op->getOpOperands(), op.getOperandMaps())) {
    operands.push_back(operand.get());
    if (!isa<ShapedType>(operand.get().getType()))
      continue;
    Operation *made =
        slice(b, op->getLoc(), operand.get(), map, offsets, sizes);
    operands.back() = made->getResult(0);
    result.generatedSlices.push_back(made);
  }
  op.moveTile(b, offsets, operands);
  SmallVector<Type> types;
  auto dps = cast<DestinationStyleOpInterface>(op.getOperation());
  if (op->getNumResults() != 0)
    for (OpOperand &output : dps.getDpsInitsMutable())
      types.push_back(operands[output.getOperandNumber()].getType());
  Operation *tiled = clone(b, op, types, operands);
  result.tiledOps.push_back(tiled);
  result.tiledValues.assign(tiled->result_begin(), tiled->result_end());
  return result;
}

LogicalResult structured::placeResult(LinalgExtOp op, OpBuilder &b,
                                      unsigned number,
                                      ArrayRef<OpFoldResult> offsets,
                                      ArrayRef<OpFoldResult> sizes,
                                      SmallVector<OpFoldResult> &resultOffsets,
                                      SmallVector<OpFoldResult> &resultSizes) {
  auto dps = cast<DestinationStyleOpInterface>(op.getOperation());
  OpOperand *output = dps.getDpsInitOperand(number);
  AffineMap map = op.getOperandMaps()[output->getOperandNumber()];
  for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
    auto loop = dyn_cast<AffineDimExpr>(expr);
    resultOffsets.push_back(loop ? offsets[loop.getPosition()]
                                 : b.getIndexAttr(0));
    resultSizes.push_back(
        loop ? sizes[loop.getPosition()]
             : linalg::createFoldedDimOp(b, op->getLoc(), output->get(), dim));
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Effects
//===----------------------------------------------------------------------===//

void structured::collectEffects(
    LinalgExtOp op, SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  auto dps = cast<DestinationStyleOpInterface>(op.getOperation());
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    bool isOutput = dps.isDpsInit(&operand);
    unsigned first = dps.getDpsInitsMutable()[0].getOperandNumber();
    if (!isOutput || op.readsDestination(operand.getOperandNumber() - first))
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
    if (isOutput)
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
  }
}
