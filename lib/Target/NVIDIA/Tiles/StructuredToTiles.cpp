//===- StructuredToTiles.cpp - Linalg ops on tiles ------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a contraction reads of an argument is loaded into shared memory, once
// for all iterations of loops that it does not depend on; all else is in
// registers. Numbers of rows are vectors of one dimension.
//
//===----------------------------------------------------------------------===//
#include "Converter.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

LogicalResult Converter::convertFill(linalg::FillOp op) {
  auto type = cast<RankedTensorType>(op.getResult(0).getType());
  auto vector = VectorType::get(type.getShape(), type.getElementType());
  Value scalar = values.lookupOrDefault(op.getInputs()[0]);
  Attribute constant;
  Value value;
  if (matchPattern(scalar, m_Constant(&constant)))
    value = arith::ConstantOp::create(builder, op.getLoc(),
                                      DenseElementsAttr::get(vector, constant));
  else
    value = vector::BroadcastOp::create(builder, op.getLoc(), vector, scalar);
  values.map(op.getResult(0), value);
  return success();
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

FailureOr<Value> Converter::load(OpOperand &operand) {
  auto found = views.find(operand.get());
  auto type = cast<RankedTensorType>(operand.get().getType());
  if (found == views.end() || type.getRank() != 2)
    return refuse(operand.getOwner(), "has an operand that is no tile of an "
                                      "argument");
  const View &view = found->second;
  OpBuilder::InsertionGuard guard(builder);
  while (auto loop = dyn_cast<scf::ForOp>(builder.getBlock()->getParentOp())) {
    if (llvm::any_of(view.indices, [&](Value index) {
          return loop->isAncestor(index.getParentRegion()->getParentOp());
        }))
      break;
    builder.setInsertionPoint(loop);
  }
  return LoadOp::create(builder, operand.getOwner()->getLoc(),
                        getSharedTile(type.getShape(), type.getElementType()),
                        view.buffer, view.indices, getDims(view), view.windows)
      .getResult();
}

LogicalResult Converter::convertContraction(linalg::LinalgOp op) {
  FailureOr<linalg::ContractionDimensions> dims =
      linalg::inferContractionDims(op);
  if (failed(dims) || dims->m.size() != 1 || dims->n.size() != 1 ||
      dims->k.size() != 1 || op.getNumLoops() != 3)
    return refuse(op, "is no product of two matrices");
  auto isFirst = [&](unsigned operand, unsigned loop) {
    AffineMap map = op.getMatchingIndexingMap(&op->getOpOperand(operand));
    return map.getDimPosition(0) == loop;
  };
  bool transposeA = isFirst(0, dims->k[0]);
  Value computed = values.lookupOrNull(op.getDpsInputs()[0]);
  if (computed && transposeA)
    return refuse(op, "reads a tile in registers by columns");
  FailureOr<Value> a =
      computed ? FailureOr<Value>(computed) : load(op->getOpOperand(0));
  FailureOr<Value> b = load(op->getOpOperand(1));
  Value c = values.lookupOrNull(op.getDpsInits()[0]);
  if (failed(a) || failed(b))
    return failure();
  if (!c)
    return refuse(op, "adds to what is no tile in registers");
  Value result = MmaOp::create(builder, op.getLoc(), c.getType(), *a, *b, c,
                               transposeA, isFirst(1, dims->n[0]));
  values.map(op->getResult(0), result);
  return success();
}

//===----------------------------------------------------------------------===//
// Elementwise ops and reductions
//===----------------------------------------------------------------------===//

FailureOr<Value> Converter::getFragment(linalg::LinalgOp op,
                                        OpOperand &operand) {
  Value value = operand.get();
  Location loc = op.getLoc();
  SmallVector<int64_t> shape = op.getStaticLoopRanges();
  auto type = VectorType::get(shape, getElementTypeOrSelf(value));
  AffineMap map = op.getMatchingIndexingMap(&operand);
  if (Value fragment = values.lookupOrNull(value)) {
    auto own = dyn_cast<VectorType>(fragment.getType());
    if (!own)
      return vector::BroadcastOp::create(builder, loc, type, fragment)
          .getResult();
    if (map.isIdentity())
      return fragment;
    if (own.getRank() == 1 && shape.size() == 2 && map.getDimPosition(0) == 0)
      return RepeatOp::create(builder, loc, type, fragment).getResult();
    return refuse(op, "reads a tile in registers in another order");
  }
  auto found = views.find(value);
  if (found == views.end())
    return refuse(op, "reads a tensor without content");
  if (shape.size() != 2)
    return refuse(op, "reads an argument for rows alone");
  const View &view = found->second;
  if (view.windows)
    return refuse(op, "reads windows without multiplying them");
  SmallVector<AffineExpr> exprs(view.indices.size(),
                                builder.getAffineConstantExpr(0));
  for (auto [dim, expr] : llvm::zip_equal(view.dims, map.getResults()))
    exprs[dim] = expr;
  return ReadOp::create(builder, loc, type, view.buffer, view.indices,
                        AffineMap::get(2, 0, exprs, builder.getContext()))
      .getResult();
}

Value Converter::asFragment(linalg::LinalgOp op, Value inPayload,
                            IRMapping &inner) {
  if (Value known = inner.lookupOrNull(inPayload))
    return known;
  auto type = VectorType::get(op.getStaticLoopRanges(), inPayload.getType());
  Value scalar = values.lookupOrDefault(inPayload);
  Value fragment =
      vector::BroadcastOp::create(builder, op.getLoc(), type, scalar);
  inner.map(inPayload, fragment);
  return fragment;
}

/// Emits the payload but for `skipped` on whole tiles.
LogicalResult Converter::convertPayload(linalg::LinalgOp op,
                                        ArrayRef<Operation *> skipped,
                                        IRMapping &inner) {
  SmallVector<int64_t> shape = op.getStaticLoopRanges();
  if (shape.empty() || shape.size() > 2)
    return refuse(op, "does not work on tiles of two dimensions or on rows");
  Block *payload = op.getBlock();
  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument argument = payload->getArgument(operand.getOperandNumber());
    if (llvm::all_of(argument.getUsers(), [&](Operation *user) {
          return llvm::is_contained(skipped, user);
        }))
      if (op.isDpsInit(&operand) || argument.use_empty())
        continue;
    FailureOr<Value> fragment = getFragment(op, operand);
    if (failed(fragment))
      return failure();
    inner.map(argument, *fragment);
  }
  for (Operation &scalar : payload->without_terminator()) {
    if (llvm::is_contained(skipped, &scalar))
      continue;
    Attribute constant;
    if (matchPattern(&scalar, m_Constant(&constant))) {
      auto type = VectorType::get(shape, scalar.getResult(0).getType());
      inner.map(scalar.getResult(0), arith::ConstantOp::create(
                                         builder, scalar.getLoc(),
                                         DenseElementsAttr::get(type, constant))
                                         .getResult());
      continue;
    }
    if (auto index = dyn_cast<linalg::IndexOp>(scalar)) {
      auto type = VectorType::get(shape, builder.getIndexType());
      inner.map(index.getResult(),
                PositionOp::create(builder, scalar.getLoc(), type,
                                   builder.getI64IntegerAttr(index.getDim()))
                    .getResult());
      continue;
    }
    if (!OpTrait::hasElementwiseMappableTraits(&scalar))
      return refuse(&scalar, "is not pointwise");
    SmallVector<Value> operands =
        llvm::map_to_vector(scalar.getOperands(), [&](Value operand) {
          return asFragment(op, operand, inner);
        });
    SmallVector<Type> types;
    for (Type type : scalar.getResultTypes())
      types.push_back(VectorType::get(shape, type));
    Operation *wide =
        builder.create(scalar.getLoc(), scalar.getName().getIdentifier(),
                       operands, types, scalar.getAttrs());
    inner.map(scalar.getResults(), wide->getResults());
  }
  return success();
}

LogicalResult Converter::convertPointwise(linalg::LinalgOp op) {
  IRMapping inner;
  if (failed(convertPayload(op, {}, inner)))
    return failure();
  for (auto [result, value] : llvm::zip_equal(
           op->getResults(), op.getBlock()->getTerminator()->getOperands()))
    values.map(result, asFragment(op, value, inner));
  return success();
}

/// A combination of each row's elements.
LogicalResult Converter::convertReduction(linalg::LinalgOp op) {
  SmallVector<Operation *, 4> combiners;
  Value reduced = op.getNumDpsInits() == 1
                      ? matchReduction(op.getRegionOutputArgs(), 0, combiners)
                      : Value();
  std::optional<vector::CombiningKind> kind;
  if (reduced && combiners.size() == 1)
    kind = linalg::getCombinerOpKind(combiners[0]);
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (!kind || op.getNumLoops() != 2 ||
      out != AffineMap::get(2, 0, builder.getAffineDimExpr(0)))
    return refuse(op, "reduces in another way than each row to a number");
  Value before = values.lookupOrNull(op.getDpsInits()[0]);
  if (!before)
    return refuse(op, "reduces into what is not in registers");
  IRMapping inner;
  if (failed(convertPayload(op, combiners, inner)))
    return failure();
  Value result = vector::MultiDimReductionOp::create(
      builder, op.getLoc(), asFragment(op, reduced, inner), before,
      ArrayRef<bool>{false, true}, *kind);
  values.map(op->getResult(0), result);
  return success();
}
