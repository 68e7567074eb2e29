//===- Body.cpp - Regions of scalars and rows of tensors ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Body.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace orchestra::linalg_ext {

LogicalResult verifyBody(LinalgExtOp op, Region &region, unsigned count,
                         Type element) {
  Block &block = region.front();
  if (block.getNumArguments() != count ||
      llvm::any_of(block.getArgumentTypes(),
                   [&](Type type) { return type != element; }))
    return op.emitOpError()
           << "needs a region of " << count << " arguments of type " << element;
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield || yield.getValues().size() != 1 ||
      yield.getValues()[0].getType() != element)
    return op.emitOpError()
           << "needs a region that yields one value of type " << element;
  return success();
}

Value inlineBody(OpBuilder &b, Region &region, ValueRange arguments) {
  Block &block = region.front();
  IRMapping map;
  map.map(block.getArguments(), arguments);
  for (Operation &op : block.without_terminator())
    b.clone(op, map);
  return map.lookupOrDefault(block.getTerminator()->getOperand(0));
}

SmallVector<Value>
loopNest(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> sizes,
         ValueRange tensors,
         function_ref<SmallVector<Value>(ArrayRef<Value>, ValueRange)> body) {
  SmallVector<Value> indices, carried(tensors);
  SmallVector<scf::ForOp> loops;
  OpBuilder::InsertionGuard guard(b);
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value one = arith::ConstantIndexOp::create(b, 1);
  for (OpFoldResult size : sizes) {
    if (getConstantIntValue(size) == 1) {
      indices.push_back(zero);
      continue;
    }
    auto loop = scf::ForOp::create(b, zero, indexOf(b, size), one, carried);
    b.setInsertionPointToStart(loop.getBody());
    indices.push_back(loop.getInductionVar());
    carried = SmallVector<Value>(loop.getRegionIterArgs());
    loops.push_back(loop);
  }
  carried = body(indices, carried);
  for (scf::ForOp loop : llvm::reverse(loops)) {
    b.setInsertionPointToEnd(loop.getBody());
    scf::YieldOp::create(b, carried);
    carried = SmallVector<Value>(loop.getResults());
  }
  return carried;
}

/// Offsets, sizes and strides of a row.
static void placeRow(ImplicitLocOpBuilder &b, Value tensor, unsigned axis,
                     ArrayRef<Value> indices,
                     SmallVectorImpl<OpFoldResult> &offsets,
                     SmallVectorImpl<OpFoldResult> &sizes,
                     SmallVectorImpl<OpFoldResult> &strides) {
  int64_t rank = cast<RankedTensorType>(tensor.getType()).getRank();
  for (int64_t dim = 0, next = 0; dim < rank; ++dim) {
    bool whole = dim == int64_t(axis);
    offsets.push_back(whole ? OpFoldResult(b.getIndexAttr(0))
                            : getAsOpFoldResult(indices[next++]));
    sizes.push_back(whole ? tensor::getMixedSize(b, b.getLoc(), tensor, axis)
                          : OpFoldResult(b.getIndexAttr(1)));
    strides.push_back(b.getIndexAttr(1));
  }
}

Value extractRow(ImplicitLocOpBuilder &b, Value tensor, unsigned axis,
                 ArrayRef<Value> indices) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<OpFoldResult> offsets, sizes, strides;
  placeRow(b, tensor, axis, indices, offsets, sizes, strides);
  auto row =
      RankedTensorType::get({type.getDimSize(axis)}, type.getElementType());
  return tensor::ExtractSliceOp::create(b, row, tensor, offsets, sizes,
                                        strides);
}

Value insertRow(ImplicitLocOpBuilder &b, Value row, Value tensor, unsigned axis,
                ArrayRef<Value> indices) {
  SmallVector<OpFoldResult> offsets, sizes, strides;
  placeRow(b, tensor, axis, indices, offsets, sizes, strides);
  return tensor::InsertSliceOp::create(b, row, tensor, offsets, sizes, strides);
}

Value scratchVector(ImplicitLocOpBuilder &b, OpFoldResult size, Type element) {
  SmallVector<int64_t> shape;
  SmallVector<Value> sizes;
  dispatchIndexOpFoldResults(size, sizes, shape);
  return bufferization::AllocTensorOp::create(
      b, RankedTensorType::get(shape, element), sizes);
}

Value generate(ImplicitLocOpBuilder &b, Value init,
               function_ref<Value(Num::Builder &, ArrayRef<Num>)> body) {
  int64_t rank = cast<RankedTensorType>(init.getType()).getRank();
  auto generic = linalg::GenericOp::create(
      b, init.getType(), ValueRange(), init, b.getMultiDimIdentityMap(rank),
      SmallVector<utils::IteratorType>(rank, utils::IteratorType::parallel),
      [&](OpBuilder &builder, Location loc, ValueRange) {
        ImplicitLocOpBuilder inner(loc, builder);
        SmallVector<Num> indices;
        for (int64_t dim = 0; dim < rank; ++dim)
          indices.emplace_back(inner, linalg::IndexOp::create(inner, dim));
        linalg::YieldOp::create(inner, body(inner, indices));
      });
  return generic.getResult(0);
}

AffineMap mapTo(unsigned numLoops, ArrayRef<int64_t> loops,
                MLIRContext *context) {
  SmallVector<AffineExpr> exprs;
  for (int64_t loop : loops)
    exprs.push_back(loop < 0 ? getAffineConstantExpr(0, context)
                             : getAffineDimExpr(loop, context));
  return AffineMap::get(numLoops, 0, exprs, context);
}

AffineMap mapWithout(unsigned rank, unsigned axis, MLIRContext *context) {
  return AffineMap::getMultiDimIdentityMap(rank, context).dropResult(axis);
}

} // namespace orchestra::linalg_ext
