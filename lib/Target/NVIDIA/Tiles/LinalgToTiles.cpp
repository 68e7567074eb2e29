//===- LinalgToTiles.cpp - From tiled linalg on tensors to tiles ----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One walk in program order. A tensor is one of two things: a view, a place in
// an argument's buffer; or a fragment, a tile computed in registers. Slices and
// pads of arguments make views, structured ops make fragments, and a view that
// a structured op reads is a load (for a contraction) or a read.
//
//===----------------------------------------------------------------------===//
#include "Converter.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Target/NVIDIA/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_LINALGTONVTILEPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

static MemRefType getBufferType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? MemRefType::get(tensor.getShape(), tensor.getElementType())
                : MemRefType();
}

/// The argument that a result of the kernel is computed into.
static unsigned getTargetArgument(func::FuncOp function, unsigned result) {
  return function.getNumArguments() - function.getNumResults() + result;
}

FailureOr<func::FuncOp> Converter::run() {
  SmallVector<Type> types;
  for (Type type : source.getArgumentTypes()) {
    types.push_back(getBufferType(type));
    if (!types.back())
      return refuse(source, "has an argument that is no tensor");
  }
  if (source.getNumResults() > source.getNumArguments())
    return refuse(source, "has no destination for a result");
  builder.setInsertionPoint(source);
  auto target =
      func::FuncOp::create(builder, source.getLoc(), source.getSymName(),
                           builder.getFunctionType(types, {}));
  target.setPrivate();
  target->setDiscardableAttrs(llvm::to_vector(source->getDiscardableAttrs()));
  Block *entry = target.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  zero = arith::ConstantIndexOp::create(builder, source.getLoc(), 0);
  for (auto [before, after] :
       llvm::zip_equal(source.getArguments(), entry->getArguments()))
    views[before] = getWhole(after);
  if (failed(convertBody(source.getBody().front()))) {
    target.erase();
    return failure();
  }
  func::ReturnOp::create(builder, source.getLoc());
  return target;
}

View Converter::getWhole(Value buffer) {
  int64_t rank = cast<MemRefType>(buffer.getType()).getRank();
  return {buffer, SmallVector<Value>(rank, zero),
          llvm::to_vector(llvm::seq<int64_t>(0, rank))};
}

/// The whole buffer of `view` in fewer dimensions, at the kernel's begin.
View Converter::getCollapsed(Location loc, const View &view,
                             ArrayRef<ReassociationIndices> groups) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfterValue(zero);
  return getWhole(
      memref::CollapseShapeOp::create(builder, loc, view.buffer, groups));
}

LogicalResult Converter::convertBody(Block &block) {
  for (Operation &op : block.without_terminator())
    if (failed(convert(op)))
      return failure();
  return success();
}

LogicalResult Converter::convert(Operation &op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(&op)
      .Case([&](scf::ForallOp forall) { return convertForall(forall); })
      .Case([&](scf::ForOp loop) { return convertFor(loop); })
      .Case([&](tensor::ExtractSliceOp slice) { return convertSlice(slice); })
      .Case([&](tensor::InsertSliceOp insert) { return convertInsert(insert); })
      .Case([&](tensor::EmptyOp) { return success(); })
      .Case([&](tensor::PadOp pad) { return convertPad(pad); })
      .Case([&](tensor::CollapseShapeOp collapse) {
        return convertCollapse(collapse);
      })
      .Case([&](Im2colOp im2col) { return convertIm2col(im2col); })
      // Of what is returned: convertForall has seen it.
      .Case([&](tensor::ExpandShapeOp) { return success(); })
      .Case([&](linalg::FillOp fill) { return convertFill(fill); })
      .Case([&](linalg::LinalgOp linalgOp) {
        if (linalgOp.getNumReductionLoops() == 0)
          return convertPointwise(linalgOp);
        return linalg::isaContractionOpInterface(linalgOp)
                   ? convertContraction(linalgOp)
                   : convertReduction(linalgOp);
      })
      .Default([&](Operation *other) -> LogicalResult {
        bool scalar = llvm::all_of(other->getResultTypes(), [](Type type) {
          return type.isIntOrIndexOrFloat();
        });
        if (!scalar || !isMemoryEffectFree(other) || other->getNumRegions())
          return refuse(other, "has no form on tiles");
        builder.clone(*other, values);
        return success();
      });
}

/// Zeros behind an argument: the same place, for what is read outside of a
/// buffer is zero.
LogicalResult Converter::convertPad(tensor::PadOp op) {
  auto found = views.find(op.getSource());
  Value value = op.getConstantPaddingValue();
  if (found == views.end() || !op.hasZeroLowPad() || !value ||
      !matchPattern(value, m_AnyZeroFloat()))
    return refuse(op, "pads with more than zeros behind an argument");
  // Behind the slice must be the buffer's end.
  View view = found->second;
  SmallVector<int64_t> shape =
      llvm::to_vector(cast<MemRefType>(view.buffer.getType()).getShape());
  if (view.windows)
    shape = {view.windows.getRows(shape[0]), view.windows.getColumns()};
  for (auto [number, dim] : llvm::enumerate(view.dims))
    if (!isZeroInteger(op.getMixedHighPad()[number]) &&
        (!isConstantIntValue(view.indices[dim], 0) ||
         shape[dim] != op.getSourceType().getDimSize(number)))
      return refuse(op, "pads a slice that ends inside of its buffer");
  views[op.getResult()] = view;
  return success();
}

LogicalResult Converter::convertCollapse(tensor::CollapseShapeOp op) {
  auto found = views.find(op.getSrc());
  if (found == views.end() || !isa<BlockArgument>(op.getSrc()))
    return refuse(op, "reshapes what is no argument");
  views[op.getResult()] = getCollapsed(op.getLoc(), View(found->second),
                                       op.getReassociationIndices());
  return success();
}

LogicalResult Converter::convertIm2col(Im2colOp op) {
  auto found = views.find(op.getPicture());
  if (found == views.end() || !isa<BlockArgument>(op.getPicture()))
    return refuse(op, "takes windows of what is no argument");
  views[op.getMatrix()] =
      View{found->second.buffer, {zero, zero}, {0, 1}, op.getWindows()};
  return success();
}

LogicalResult Converter::convertForall(scf::ForallOp op) {
  Location loc = op.getLoc();
  // Each result is what the kernel returns: whole or without its padding,
  // perhaps in more dimensions.
  for (auto [i, result] : llvm::enumerate(op.getResults())) {
    Value value = result;
    auto slice = value.hasOneUse()
                     ? dyn_cast<tensor::ExtractSliceOp>(*value.user_begin())
                     : nullptr;
    if (slice && slice.hasUnitStride() &&
        llvm::all_of(slice.getMixedOffsets(), isZeroInteger))
      value = slice.getResult();
    auto expand = value.hasOneUse()
                      ? dyn_cast<tensor::ExpandShapeOp>(*value.user_begin())
                      : nullptr;
    if (expand)
      value = expand.getResult();
    if (!value.hasOneUse() || !isa<func::ReturnOp>(*value.user_begin()))
      return refuse(op, "computes what the kernel does not return");
    unsigned argument =
        getTargetArgument(source, value.use_begin()->getOperandNumber());
    View target = views[source.getArgument(argument)];
    if (expand)
      target = getCollapsed(loc, target, expand.getReassociationIndices());
    views[op.getRegionIterArgs()[i]] = target;
    if (slice)
      views[result] = target;
  }
  auto mixed = [&](ArrayRef<OpFoldResult> list) {
    return llvm::map_to_vector(list, [&](OpFoldResult value) -> OpFoldResult {
      return isa<Attribute>(value)
                 ? value
                 : OpFoldResult(values.lookupOrDefault(cast<Value>(value)));
    });
  };
  auto loop = scf::ForallOp::create(
      builder, loc, mixed(op.getMixedLowerBound()),
      mixed(op.getMixedUpperBound()), mixed(op.getMixedStep()),
      /*outputs=*/ValueRange(), op.getMapping());
  values.map(op.getInductionVars(), loop.getInductionVars());
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(loop.getBody()->getTerminator());
  if (failed(convertBody(*op.getBody())))
    return failure();
  for (Operation &insert : op.getTerminator().getYieldingOps())
    if (failed(convertInsert(cast<tensor::ParallelInsertSliceOp>(insert))))
      return failure();
  return success();
}

LogicalResult Converter::convertFor(scf::ForOp op) {
  SmallVector<Value> inits;
  for (Value init : op.getInitArgs()) {
    Value fragment = values.lookupOrNull(init);
    if (!fragment)
      return refuse(op, "carries a tensor that is no tile");
    inits.push_back(fragment);
  }
  auto loop = scf::ForOp::create(builder, op.getLoc(),
                                 values.lookupOrDefault(op.getLowerBound()),
                                 values.lookupOrDefault(op.getUpperBound()),
                                 values.lookupOrDefault(op.getStep()), inits);
  values.map(op.getInductionVar(), loop.getInductionVar());
  values.map(op.getRegionIterArgs(), loop.getRegionIterArgs());
  values.map(op.getResults(), loop.getResults());
  OpBuilder::InsertionGuard guard(builder);
  Block *body = loop.getBody();
  if (body->mightHaveTerminator())
    body->getTerminator()->erase();
  builder.setInsertionPointToEnd(body);
  if (failed(convertBody(*op.getBody())))
    return failure();
  SmallVector<Value> yields;
  for (Value value : op.getBody()->getTerminator()->getOperands()) {
    Value fragment = values.lookupOrNull(value);
    if (!fragment)
      return refuse(op, "carries a tensor that is no tile");
    yields.push_back(fragment);
  }
  scf::YieldOp::create(builder, op.getLoc(), yields);
  return success();
}

LogicalResult Converter::convertSlice(tensor::ExtractSliceOp op) {
  if (!op.hasUnitStride())
    return refuse(op, "takes a slice with strides");
  auto view = views.find(op.getSource());
  if (view == views.end()) {
    Value fragment = values.lookupOrNull(op.getSource());
    if (!fragment) // of a tensor without content
      return success();
    if (op.getType() != op.getSourceType())
      return refuse(op, "takes a part of a tile in registers");
    values.map(op.getResult(), fragment);
    return success();
  }
  View slice = view->second;
  llvm::SmallBitVector dropped = op.getDroppedDims();
  slice.dims.clear();
  for (auto [number, dim, offset] :
       llvm::enumerate(view->second.dims, op.getMixedOffsets())) {
    if (!dropped.test(number))
      slice.dims.push_back(dim);
    if (isZeroInteger(offset))
      continue;
    Value more = getIndex(op.getLoc(), offset);
    Value &index = slice.indices[dim];
    index = isConstantIntValue(index, 0)
                ? more
                : arith::AddIOp::create(builder, op.getLoc(), index, more)
                      .getResult();
  }
  views[op.getResult()] = slice;
  return success();
}

/// A whole tile put among dimensions of size one is that tile.
LogicalResult Converter::convertInsert(tensor::InsertSliceOp op) {
  Value fragment = values.lookupOrNull(op.getSource());
  if (!fragment)
    return refuse(op, "writes what is no tile in registers");
  if (op.getDestType().getNumElements() !=
          op.getSourceType().getNumElements() ||
      !op.hasUnitStride())
    return refuse(op, "writes a part of a tile in registers");
  values.map(op.getResult(), fragment);
  return success();
}

LogicalResult Converter::convertInsert(tensor::ParallelInsertSliceOp op) {
  Value fragment = values.lookupOrNull(op.getSource());
  auto view = views.find(op.getDest());
  if (!fragment || view == views.end() || !op.hasUnitStride())
    return refuse(op, "writes what is no tile of a result");
  View place{view->second.buffer, {}, {}};
  for (auto [dim, offset, size] :
       llvm::enumerate(op.getMixedOffsets(), op.getMixedSizes())) {
    place.indices.push_back(getIndex(op.getLoc(), offset));
    if (!isOneInteger(size))
      place.dims.push_back(dim);
  }
  if (place.dims.size() != 2)
    return refuse(op, "writes a tile that is not of two dimensions");
  StoreOp::create(builder, op.getLoc(), fragment, place.buffer, place.indices,
                  getDims(place));
  return success();
}

namespace {
struct LinalgToNVTilePass
    : public nvidia::impl::LinalgToNVTilePassBase<LinalgToNVTilePass> {
  using Base::Base;

  void runOnOperation() override {
    bool failedAny = false;
    for (auto function :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (!function->hasAttr(kPolicyAttrName) || function.isExternal())
        continue;
      OpBuilder builder(&getContext());
      if (failed(Converter(function, builder).run()))
        failedAny = true;
      else
        function.erase();
    }
    if (failedAny)
      signalPassFailure();
  }
};
} // namespace
