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
#include "orchestra/Target/NVIDIA/Passes.h"
#include "orchestra/Target/NVIDIA/Tiles.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_LINALGTONVTILEPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

namespace {
/// A place in a buffer.
struct View {
  Value buffer;
  SmallVector<Value> indices;
};

class Converter {
public:
  Converter(func::FuncOp source, OpBuilder &builder)
      : source(source), builder(builder) {}

  /// The function on buffers, or failure with an error emitted.
  FailureOr<func::FuncOp> run();

private:
  LogicalResult convert(Operation &op);
  LogicalResult convertBody(Block &block);
  LogicalResult convertForall(scf::ForallOp op);
  LogicalResult convertFor(scf::ForOp op);
  LogicalResult convertSlice(tensor::ExtractSliceOp op);
  LogicalResult convertInsert(tensor::ParallelInsertSliceOp op);
  LogicalResult convertContraction(linalg::LinalgOp op);
  LogicalResult convertPointwise(linalg::LinalgOp op);
  FailureOr<Value> load(OpOperand &operand);
  FailureOr<Value> getFragment(linalg::LinalgOp op, OpOperand &operand,
                               ArrayRef<int64_t> shape);

  LogicalResult refuse(Operation *op, const Twine &why) {
    return emitError(op->getLoc(), "op of a tiled kernel for NVIDIA ")
           << why << " [unsupported-by-target]";
  }
  Value getIndex(Location loc, OpFoldResult value) {
    if (auto attribute = dyn_cast<Attribute>(value))
      return arith::ConstantIndexOp::create(
          builder, loc, cast<IntegerAttr>(attribute).getInt());
    return values.lookupOrDefault(cast<Value>(value));
  }

  func::FuncOp source;
  OpBuilder &builder;
  IRMapping values; ///< scalars, and fragments
  DenseMap<Value, View> views;
};
} // namespace

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
  Value zero = arith::ConstantIndexOp::create(builder, source.getLoc(), 0);
  for (auto [before, after] :
       llvm::zip_equal(source.getArguments(), entry->getArguments())) {
    int64_t rank = cast<MemRefType>(after.getType()).getRank();
    views[before] = {after, SmallVector<Value>(rank, zero)};
  }
  if (failed(convertBody(source.getBody().front()))) {
    target.erase();
    return failure();
  }
  func::ReturnOp::create(builder, source.getLoc());
  return target;
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
      .Case([&](tensor::EmptyOp) { return success(); })
      .Case([&](tensor::PadOp pad) -> LogicalResult {
        auto view = views.find(pad.getSource());
        Value value = pad.getConstantPaddingValue();
        if (view == views.end() || !pad.hasZeroLowPad() || !value ||
            !(matchPattern(value, m_AnyZeroFloat())))
          return refuse(pad, "pads with more than zeros behind an argument");
        views[pad.getResult()] = View(view->second);
        return success();
      })
      .Case([&](linalg::FillOp fill) -> LogicalResult {
        auto type = cast<RankedTensorType>(fill.getResult(0).getType());
        auto vector = VectorType::get(type.getShape(), type.getElementType());
        Value scalar = values.lookupOrDefault(fill.getInputs()[0]);
        Attribute constant;
        Value value;
        if (matchPattern(scalar, m_Constant(&constant)))
          value = arith::ConstantOp::create(
              builder, fill.getLoc(), DenseElementsAttr::get(vector, constant));
        else
          value = vector::BroadcastOp::create(builder, fill.getLoc(), vector,
                                              scalar);
        values.map(fill.getResult(0), value);
        return success();
      })
      .Case([&](linalg::LinalgOp linalgOp) {
        return linalgOp.getNumReductionLoops() > 0
                   ? convertContraction(linalgOp)
                   : convertPointwise(linalgOp);
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

LogicalResult Converter::convertForall(scf::ForallOp op) {
  // Each result is what the kernel returns, whole or without its padding.
  for (auto [i, result] : llvm::enumerate(op.getResults())) {
    Value value = result;
    if (value.hasOneUse())
      if (auto slice = dyn_cast<tensor::ExtractSliceOp>(*value.user_begin()))
        if (slice.hasUnitStride() &&
            llvm::all_of(slice.getMixedOffsets(), isZeroInteger))
          value = slice.getResult();
    if (!value.hasOneUse() || !isa<func::ReturnOp>(*value.user_begin()))
      return refuse(op, "computes what the kernel does not return");
    unsigned argument =
        getTargetArgument(source, value.use_begin()->getOperandNumber());
    views[op.getRegionIterArgs()[i]] =
        View(views[source.getArgument(argument)]);
    if (auto slice = result.hasOneUse() ? dyn_cast<tensor::ExtractSliceOp>(
                                              *result.user_begin())
                                        : nullptr)
      views[result] = View(views[source.getArgument(argument)]);
  }
  Location loc = op.getLoc();
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
    // A whole tile put back into what the loop carries is that tile.
    if (auto insert = value.getDefiningOp<tensor::InsertSliceOp>())
      value = insert.getSource();
    Value fragment = values.lookupOrNull(value);
    if (!fragment)
      return refuse(op, "carries a tensor that is no tile");
    yields.push_back(fragment);
  }
  scf::YieldOp::create(builder, op.getLoc(), yields);
  return success();
}

LogicalResult Converter::convertSlice(tensor::ExtractSliceOp op) {
  if (!op.hasUnitStride() ||
      op.getType().getRank() != op.getSourceType().getRank())
    return refuse(op, "takes a slice with strides or of lower rank");
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
  for (auto [index, offset] :
       llvm::zip_equal(slice.indices, op.getMixedOffsets())) {
    if (isZeroInteger(offset))
      continue;
    Value more = getIndex(op.getLoc(), offset);
    index = isConstantIntValue(index, 0)
                ? more
                : arith::AddIOp::create(builder, op.getLoc(), index, more)
                      .getResult();
  }
  views[op.getResult()] = slice;
  return success();
}

LogicalResult Converter::convertInsert(tensor::ParallelInsertSliceOp op) {
  Value fragment = values.lookupOrNull(op.getSource());
  auto view = views.find(op.getDest());
  if (!fragment || view == views.end() || !op.hasUnitStride())
    return refuse(op, "writes what is no tile of a result");
  SmallVector<Value> indices;
  for (OpFoldResult offset : op.getMixedOffsets())
    indices.push_back(getIndex(op.getLoc(), offset));
  StoreOp::create(builder, op.getLoc(), fragment, view->second.buffer, indices);
  return success();
}

FailureOr<Value> Converter::load(OpOperand &operand) {
  auto view = views.find(operand.get());
  auto type = cast<RankedTensorType>(operand.get().getType());
  if (view == views.end() || type.getRank() != 2)
    return refuse(operand.getOwner(), "has an operand that is no tile of an "
                                      "argument");
  return LoadOp::create(builder, operand.getOwner()->getLoc(),
                        getSharedTile(type.getShape(), type.getElementType()),
                        view->second.buffer, view->second.indices)
      .getResult();
}

LogicalResult Converter::convertContraction(linalg::LinalgOp op) {
  FailureOr<linalg::ContractionDimensions> dims =
      linalg::inferContractionDims(op);
  if (!linalg::isaContractionOpInterface(op) || failed(dims) ||
      dims->m.size() != 1 || dims->n.size() != 1 || dims->k.size() != 1)
    return refuse(op, "reduces in another way than a matrix product");
  FailureOr<Value> a = load(op->getOpOperand(0)), b = load(op->getOpOperand(1));
  Value c = values.lookupOrNull(op.getDpsInits()[0]);
  if (failed(a) || failed(b))
    return failure();
  if (!c)
    return refuse(op, "adds to what is no tile in registers");
  auto isFirst = [&](unsigned operand, unsigned loop) {
    AffineMap map = op.getMatchingIndexingMap(&op->getOpOperand(operand));
    return map.getDimPosition(0) == loop;
  };
  Value result = MmaOp::create(builder, op.getLoc(), c.getType(), *a, *b, c,
                               isFirst(0, dims->k[0]), isFirst(1, dims->n[0]));
  values.map(op->getResult(0), result);
  return success();
}

FailureOr<Value> Converter::getFragment(linalg::LinalgOp op, OpOperand &operand,
                                        ArrayRef<int64_t> shape) {
  Value value = operand.get();
  Location loc = op.getLoc();
  auto type = VectorType::get(shape, getElementTypeOrSelf(value));
  if (Value fragment = values.lookupOrNull(value)) {
    if (isa<VectorType>(fragment.getType()))
      return fragment;
    return vector::BroadcastOp::create(builder, loc, type, fragment)
        .getResult();
  }
  auto view = views.find(value);
  if (view == views.end())
    return refuse(op, "reads a tensor without content");
  return ReadOp::create(builder, loc, type, view->second.buffer,
                        view->second.indices,
                        op.getMatchingIndexingMap(&operand))
      .getResult();
}

/// Emits the payload on whole tiles.
LogicalResult Converter::convertPointwise(linalg::LinalgOp op) {
  SmallVector<int64_t> shape = op.getStaticLoopRanges();
  if (shape.size() != 2)
    return refuse(op, "does not work on tiles of two dimensions");
  Block *payload = op.getBlock();
  IRMapping inner;
  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument argument = payload->getArgument(operand.getOperandNumber());
    if (argument.use_empty())
      continue;
    FailureOr<Value> fragment = getFragment(op, operand, shape);
    if (failed(fragment))
      return failure();
    inner.map(argument, *fragment);
  }
  auto asFragment = [&](Value value) -> Value {
    if (Value known = inner.lookupOrNull(value))
      return known;
    Value scalar = values.lookupOrDefault(value);
    Value fragment = vector::BroadcastOp::create(
        builder, op.getLoc(), VectorType::get(shape, value.getType()), scalar);
    inner.map(value, fragment);
    return fragment;
  };
  for (Operation &scalar : payload->without_terminator()) {
    Attribute constant;
    if (matchPattern(&scalar, m_Constant(&constant))) {
      auto type = VectorType::get(shape, scalar.getResult(0).getType());
      inner.map(scalar.getResult(0), arith::ConstantOp::create(
                                         builder, scalar.getLoc(),
                                         DenseElementsAttr::get(type, constant))
                                         .getResult());
      continue;
    }
    if (!OpTrait::hasElementwiseMappableTraits(&scalar))
      return refuse(&scalar, "is not pointwise");
    SmallVector<Value> operands =
        llvm::map_to_vector(scalar.getOperands(), asFragment);
    SmallVector<Type> types;
    for (Type type : scalar.getResultTypes())
      types.push_back(VectorType::get(shape, type));
    Operation *wide =
        builder.create(scalar.getLoc(), scalar.getName().getIdentifier(),
                       operands, types, scalar.getAttrs());
    inner.map(scalar.getResults(), wide->getResults());
  }
  for (auto [result, value] : llvm::zip_equal(
           op->getResults(), payload->getTerminator()->getOperands()))
    values.map(result, asFragment(value));
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
