//===- RegisterTileLoads.cpp - Operands of a register tile ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: where an operand's element for a row and a vector lies, and its load: a
//   vector along the columns, or a scalar for all lanes. Operands that are read
//   as one stream are asked for ahead of time.
//
//===----------------------------------------------------------------------===//
#include "RegisterTileEmitter.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::cpu;

/// How far ahead of its use a packed operand is fetched: at the rate of a full
/// register tile, about what memory takes to answer. Nearer, the cache misses
/// of a panel's first use show; farther, lines leave the first cache again.
static constexpr int64_t kPrefetchBytes = 4096;
static constexpr int64_t kCacheLineBytes = 64;

SmallVector<Value> RegisterTileEmitter::getIndices(OpOperand *operand,
                                                   int64_t row,
                                                   int64_t vector) {
  AffineMap map = op.getMatchingIndexingMap(operand);
  // Rows and vectors are offsets on the loops' values, known at compile time.
  SmallVector<AffineExpr> dims;
  for (unsigned dim = 0; dim < ivs.size(); ++dim) {
    AffineExpr expr = b.getAffineDimExpr(dim);
    if (rowDim && dim == *rowDim)
      expr = expr + row;
    if (dim == columnDim)
      expr = expr + vector * lanes;
    dims.push_back(expr);
  }
  SmallVector<Value> indices;
  for (AffineExpr expr : map.getResults()) {
    AffineExpr shifted = expr.replaceDims(dims);
    indices.push_back(getValueOrCreateConstantIndexOp(
        b, loc,
        affine::makeComposedFoldedAffineApply(
            b, loc, AffineMap::get(ivs.size(), 0, shifted),
            getAsOpFoldResult(ValueRange(ivs)))));
  }
  return indices;
}

Value RegisterTileEmitter::loadInput(OpOperand *input, int64_t row,
                                     int64_t vector, Value mask) {
  Type element = getElementTypeOrSelf(input->get());
  auto vectorType = VectorType::get({lanes}, element);
  AffineMap map = op.getMatchingIndexingMap(input);
  if (!isa<MemRefType>(input->get().getType()))
    return vector::BroadcastOp::create(b, loc, vectorType, input->get());
  SmallVector<Value> indices = getIndices(input, row, vector);
  if (!map.isFunctionOfDim(columnDim)) {
    Value scalar = memref::LoadOp::create(b, loc, input->get(), indices);
    return vector::BroadcastOp::create(b, loc, vectorType, scalar);
  }
  if (!mask)
    return vector::LoadOp::create(b, loc, vectorType, input->get(), indices);
  Value zero = arith::ConstantOp::create(
      b, loc, vectorType,
      DenseElementsAttr::get(vectorType, b.getZeroAttr(element)));
  return vector::MaskedLoadOp::create(b, loc, vectorType, input->get(), indices,
                                      mask, zero);
}

/// True if the innermost reduction loop reads `input` from first to last byte:
/// a packed operand, whose rows are exactly as long as the tile is wide.
bool RegisterTileEmitter::isStream(OpOperand *input) {
  auto type = dyn_cast<MemRefType>(input->get().getType());
  if (!type || type.getRank() < 2 || reductionDims.empty() ||
      !type.areTrailingDimsContiguous(2) || type.getShape().back() != columns)
    return false;
  unsigned inner = reductionDims.back();
  ArrayRef<AffineExpr> results = op.getMatchingIndexingMap(input).getResults();
  return results.back() == b.getAffineDimExpr(columnDim) &&
         results[results.size() - 2] == b.getAffineDimExpr(inner) &&
         op.getStaticLoopRanges()[inner] != 1;
}

/// Asks for what the innermost reduction loop loads kPrefetchBytes from here.
/// The address may lie behind the operand's end; nothing is accessed there.
void RegisterTileEmitter::prefetch(OpOperand *input, int64_t vector) {
  int64_t bytes = llvm::divideCeilSigned(
      getElementTypeOrSelf(input->get()).getIntOrFloatBitWidth(), 8);
  if (vector * lanes * bytes % kCacheLineBytes != 0)
    return; // its line was asked for with the vector before
  unsigned inner = reductionDims.back();
  Value here = ivs[inner];
  ivs[inner] = arith::AddIOp::create(
      b, loc, here, constant(kPrefetchBytes / (columns * bytes)));
  SmallVector<Value> indices = getIndices(input, /*row=*/0, vector);
  ivs[inner] = here;
  memref::PrefetchOp::create(b, loc, input->get(), indices, /*isWrite=*/false,
                             /*localityHint=*/3, /*isDataCache=*/true);
}
