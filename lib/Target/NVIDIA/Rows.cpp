//===- Rows.cpp - Kernels that reduce along rows --------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Rows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvidia;

/// Of a row of up to this length, a lane of a warp holds few enough elements.
static constexpr int64_t kMaxOfWarp = 2048;
static constexpr int64_t kMaxOfBlock = 16384;
/// Shorter ones are a thread's.
static constexpr int64_t kMinRow = 32;

/// Whether a vector of the type lies in memory as its elements do, and can go
/// from lane to lane.
static bool isPlain(Type type) {
  return type.isF32() || type.isF16() || type.isBF16() || type.isInteger(32);
}

namespace {
/// Follows what a root reads through ops computed with it.
class RowFinder {
public:
  explicit RowFinder(int64_t columns) : columns(columns) {}

  /// `column` is the loop of `op` that is the row, -1: it has none.
  bool visit(linalg::LinalgOp op, int64_t column);
  bool reduces = false;

private:
  bool isElementwise(linalg::LinalgOp op);

  int64_t columns;
  llvm::DenseMap<Operation *, int64_t> visited;
};
} // namespace

bool RowFinder::isElementwise(linalg::LinalgOp op) {
  if (isa<linalg::FillOp>(op))
    return true;
  for (Operation &inner : op.getBlock()->without_terminator()) {
    bool known =
        isa<arith::ArithDialect, math::MathDialect>(inner.getDialect()) &&
        OpTrait::hasElementwiseMappableTraits(&inner);
    if (!known && !isa<arith::ConstantOp>(inner))
      return false;
  }
  return true;
}

bool RowFinder::visit(linalg::LinalgOp op, int64_t column) {
  auto [it, isNew] = visited.try_emplace(op, column);
  if (!isNew)
    return it->second == column;
  if (op.getNumDpsInits() != 1 || !isElementwise(op))
    return false;
  for (auto [loop, kind] : llvm::enumerate(op.getIteratorTypesArray())) {
    bool isColumn = int64_t(loop) == column;
    if (isColumn && loop + 1 != op.getNumLoops())
      return false;
    if (kind == utils::IteratorType::reduction) {
      if (!isColumn)
        return false;
      reduces = true;
      if (!isPlain(getElementTypeOrSelf(op.getDpsInitOperand(0)->get())))
        return false;
    }
  }
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = dyn_cast<RankedTensorType>(operand.get().getType());
    if (!type)
      continue;
    if (!type.hasStaticShape())
      return false;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    if (!map.isProjectedPermutation(/*allowZeroInResults=*/true))
      return false;
    int64_t at = -1;
    for (auto [i, result] : llvm::enumerate(map.getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(result))
        if (int64_t(dim.getPosition()) == column)
          at = i;
    if (at >= 0 &&
        (at + 1 != map.getNumResults() || !isPlain(type.getElementType())))
      return false;
    // A scalar for each row has one element, which must not look like a row.
    auto producer = operand.get().getDefiningOp<linalg::LinalgOp>();
    if (!producer) {
      if (Operation *def = operand.get().getDefiningOp())
        if (!isa<tensor::EmptyOp>(def))
          return false;
      continue;
    }
    // Which loop of the producer the row is: what indexes that dimension.
    int64_t inside = -1;
    AffineMap made =
        producer.getIndexingMapMatchingResult(cast<OpResult>(operand.get()));
    if (at >= 0) {
      auto dim = dyn_cast<AffineDimExpr>(made.getResult(at));
      if (!dim)
        return false;
      inside = dim.getPosition();
    } else {
      // It may reduce a row of its own, as long as this one.
      for (auto [loop, kind] :
           llvm::enumerate(producer.getIteratorTypesArray()))
        if (kind == utils::IteratorType::reduction)
          inside = loop;
      if (inside >= 0 && producer.getStaticLoopRanges()[inside] != columns)
        return false;
    }
    if (!visit(producer, inside))
      return false;
  }
  return true;
}

std::optional<std::pair<int64_t, int64_t>>
orchestra::nvidia::findRows(linalg::LinalgOp root) {
  if (root.getNumLoops() == 0)
    return std::nullopt;
  SmallVector<int64_t> ranges = root.getStaticLoopRanges();
  if (llvm::is_contained(ranges, ShapedType::kDynamic))
    return std::nullopt;
  // The row is the last loop, or one that a producer reduces.
  int64_t column = root.getNumLoops() - 1;
  int64_t columns = ranges[column];
  RowFinder finder(columns);
  if (columns < kMinRow || columns > kMaxOfBlock ||
      !finder.visit(root, column) || !finder.reduces)
    return std::nullopt;
  return std::pair(columns <= kMaxOfWarp ? 32 : 256, columns);
}
