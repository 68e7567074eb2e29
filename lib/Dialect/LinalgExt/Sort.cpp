//===- Sort.cpp - Elements in order ---------------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Both ops sort keys (SortKeys.h). The first k of a row are found in one pass:
// a buffer takes what is less than the k-th best that is known, and when it is
// full, it is sorted and the first k stay. A block of elements none of which is
// less, nearly each one soon, costs a comparison a vector.
//
//===----------------------------------------------------------------------===//
#include "Body.h"
#include "SortKeys.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::linalg_ext;

/// Elements that are looked at together: the fewer, the less a find costs; the
/// more, the less finding nothing does.
static constexpr int64_t kBlock = 16;

//===----------------------------------------------------------------------===//
// The ops
//===----------------------------------------------------------------------===//

template <typename OpTy> static ShapedType typeOf(OpTy op) {
  return cast<ShapedType>(op.getInput().getType());
}

template <typename OpTy> static LogicalResult verifyOrder(OpTy op) {
  LinalgExtOp self(op);
  if (failed(verifyDestinations(self, 2)))
    return failure();
  ShapedType type = typeOf(op);
  if (int64_t(op.getAxis()) >= type.getRank())
    return op.emitOpError() << "has axis " << op.getAxis()
                            << ", but its operand has rank " << type.getRank();
  Type values = getElementTypeOrSelf(op.getOutputs()[0].getType());
  if (values != type.getElementType())
    return op.emitOpError() << "has values of " << values
                            << " for an operand of " << type.getElementType();
  Type indices = getElementTypeOrSelf(op.getOutputs()[1].getType());
  if (!indices.isInteger(32) && !indices.isInteger(64))
    return op.emitOpError()
           << "has indices of " << indices << ", but i32 or i64 is needed";
  if (type.getElementType().getIntOrFloatBitWidth() > 64)
    return op.emitOpError() << "has elements of " << type.getElementType()
                            << ", but at most 64 bits can be sorted";
  if (!type.isDynamicDim(op.getAxis()) &&
      type.getDimSize(op.getAxis()) >> 32 != 0)
    return op.emitOpError("has an axis of 2^32 elements or more");
  return verifySizes(self, {"operand", "result", "place"});
}

template <typename OpTy>
static SmallVector<utils::IteratorType> iteratorsOf(OpTy op) {
  SmallVector<utils::IteratorType> types(typeOf(op).getRank(),
                                         utils::IteratorType::parallel);
  types[op.getAxis()] = utils::IteratorType::reduction;
  return types;
}

LogicalResult SortOp::verify() { return verifyOrder(*this); }
SmallVector<AffineMap> SortOp::getOperandMaps() {
  return SmallVector<AffineMap>(3, AffineMap::getMultiDimIdentityMap(
                                       typeOf(*this).getRank(), getContext()));
}
SmallVector<utils::IteratorType> SortOp::getIterators() {
  return iteratorsOf(*this);
}
double SortOp::countWork(ArrayRef<double> sizes) {
  return countIterations(sizes) * std::max(1.0, std::log2(sizes[getAxis()]));
}

LogicalResult TopKOp::verify() {
  if (failed(verifyOrder(*this)))
    return failure();
  int64_t most = typeOf(*this).getDimSize(getAxis());
  int64_t k = cast<ShapedType>(getOutputs()[0].getType()).getDimSize(getAxis());
  int64_t indices =
      cast<ShapedType>(getOutputs()[1].getType()).getDimSize(getAxis());
  if (!ShapedType::isDynamic(most) && !ShapedType::isDynamic(k) && k > most)
    return emitOpError() << "takes " << k << " elements of " << most;
  if (!ShapedType::isDynamic(indices) && !ShapedType::isDynamic(k) &&
      k != indices)
    return emitOpError() << "takes " << k << " elements, but " << indices
                         << " indices";
  return success();
}
SmallVector<AffineMap> TopKOp::getOperandMaps() {
  unsigned rank = typeOf(*this).getRank();
  AffineMap all = AffineMap::getMultiDimIdentityMap(rank, getContext());
  SmallVector<AffineExpr> exprs(all.getResults());
  exprs[getAxis()] = getAffineConstantExpr(0, getContext());
  AffineMap some = AffineMap::get(rank, 0, exprs, getContext());
  return {all, some, some};
}
SmallVector<utils::IteratorType> TopKOp::getIterators() {
  return iteratorsOf(*this);
}
double TopKOp::countWork(ArrayRef<double> sizes) {
  return countIterations(sizes);
}

//===----------------------------------------------------------------------===//
// Lowering
//===----------------------------------------------------------------------===//

namespace {
/// Lowers one of the ops, row by row.
template <typename OpTy> class OrderLowering {
public:
  OrderLowering(RewriterBase &rewriter, OpTy op)
      : b(op.getLoc(), rewriter), op(op), axis(op.getAxis()),
        sizes(linalg_ext::getLoopSizes(op, rewriter)),
        order{typeOf(op).getElementType(), op.getDescending(),
              op.getIsUnsigned(), op.getNanFirst()} {}

  SmallVector<Value> run();

private:
  using Buffers = std::pair<Value, Value>;
  Buffers sortRow(Value row, Buffers buffers, SortOp);
  Buffers sortRow(Value row, Buffers buffers, TopKOp);
  OpFoldResult roomOf(SortOp) { return sizes[axis]; }
  OpFoldResult roomOf(TopKOp op);
  Value firstKeys(Value keys, Value like);
  Value fill(Value row, Value keys);
  Value fillBehind(Value keys, Value count);
  SmallVector<Value> take(Value row, Value begin, Value length, Value limit,
                          Value count, Value keys);
  SmallVector<Value> lookAt(Value row, Value begin, ValueRange state);
  Value finds(Value row, Value begin, Value limit, Value best);
  std::pair<Value, Value> write(Value row, Value keys, Value values,
                                Value indices);
  Value sizeOf(Value vector) {
    return indexOf(b, tensor::getMixedSize(b, b.getLoc(), vector, 0));
  }

  ImplicitLocOpBuilder b;
  OpTy op;
  unsigned axis;
  SmallVector<OpFoldResult> sizes;
  ElementOrder order;
  Value wanted; // k
};
} // namespace

template <typename OpTy> SmallVector<Value> OrderLowering<OpTy>::run() {
  OpFoldResult room = sortRoom(b, roomOf(op));
  Value keys = scratchVector(b, room, order.keyType());
  Value scratch = scratchVector(b, room, order.keyType());
  SmallVector<OpFoldResult> rows = sizes;
  rows.erase(rows.begin() + axis);
  // Rows without elements have no first one, whatever the destination says.
  Num length(b, indexOf(b, sizes[axis]));
  rows.insert(rows.begin(), getConstantIntValue(sizes[axis])
                                ? OpFoldResult(b.getIndexAttr(1))
                                : OpFoldResult(Value(length.min(1))));
  SmallVector<Value> tensors(op.getOutputs());
  tensors.append({keys, scratch});
  SmallVector<Value> last = loopNest(
      b, rows, tensors,
      [&](ArrayRef<Value> indices, ValueRange now) -> SmallVector<Value> {
        ArrayRef<Value> index = indices.drop_front();
        Value row = extractRow(b, op.getInput(), axis, index);
        auto [sorted, other] = sortRow(row, {now[2], now[3]}, op);
        auto [values, places] =
            write(row, sorted, extractRow(b, now[0], axis, index),
                  extractRow(b, now[1], axis, index));
        return {insertRow(b, values, now[0], axis, index),
                insertRow(b, places, now[1], axis, index), sorted, other};
      });
  return {last[0], last[1]};
}

/// The first elements of `keys`, as many as `like` has.
template <typename OpTy>
Value OrderLowering<OpTy>::firstKeys(Value keys, Value like) {
  return tensor::ExtractSliceOp::create(
      b, cast<RankedTensorType>(like.getType()).clone(order.keyType()), keys,
      ArrayRef<OpFoldResult>{b.getIndexAttr(0)},
      ArrayRef<OpFoldResult>{tensor::getMixedSize(b, b.getLoc(), like, 0)},
      ArrayRef<OpFoldResult>{b.getIndexAttr(1)});
}

/// The elements' keys, and behind them lastKey.
template <typename OpTy>
Value OrderLowering<OpTy>::fill(Value row, Value keys) {
  keys = fillBehind(keys, sizeOf(row));
  AffineMap map = b.getMultiDimIdentityMap(1);
  Value first = firstKeys(keys, row);
  auto loop = linalg::GenericOp::create(
      b, first.getType(), row, first, ArrayRef<AffineMap>{map, map},
      utils::IteratorType::parallel,
      [&](OpBuilder &builder, Location loc, ValueRange v) {
        ImplicitLocOpBuilder inner(loc, builder);
        Value index = linalg::IndexOp::create(inner, 0);
        linalg::YieldOp::create(inner, order.key(inner, v[0], index));
      });
  return tensor::InsertSliceOp::create(
      b, loop.getResult(0), keys, ArrayRef<OpFoldResult>{b.getIndexAttr(0)},
      ArrayRef<OpFoldResult>{tensor::getMixedSize(b, b.getLoc(), row, 0)},
      ArrayRef<OpFoldResult>{b.getIndexAttr(1)});
}

/// lastKey from `count` on.
template <typename OpTy>
Value OrderLowering<OpTy>::fillBehind(Value keys, Value count) {
  Value rest = Num(b, sizeOf(keys)) - Num(b, count);
  SmallVector<OpFoldResult> offset{count}, size{rest}, step{b.getIndexAttr(1)};
  Value slice = tensor::ExtractSliceOp::create(
      b, RankedTensorType::get({ShapedType::kDynamic}, order.keyType()), keys,
      offset, size, step);
  slice = linalg::FillOp::create(b, order.lastKey(b), slice).getResult(0);
  return tensor::InsertSliceOp::create(b, slice, keys, offset, size, step);
}

template <typename OpTy>
typename OrderLowering<OpTy>::Buffers
OrderLowering<OpTy>::sortRow(Value row, Buffers buffers, SortOp) {
  Value keys = fill(row, buffers.first);
  return sortKeys(b, keys, buffers.second, sizeOf(row), order);
}

/// Room for k and a block more; twice k, so that it is seldom full.
template <typename OpTy> OpFoldResult OrderLowering<OpTy>::roomOf(TopKOp op) {
  OpFoldResult k =
      tensor::getMixedSize(b, b.getLoc(), op.getOutputs()[0], axis);
  wanted = indexOf(b, k);
  if (std::optional<int64_t> known = getConstantIntValue(k)) {
    int64_t room = std::max(2 * *known, *known + kBlock);
    if (std::optional<int64_t> all = getConstantIntValue(sizes[axis]))
      room = std::min(room, *all + kBlock);
    return b.getIndexAttr(room);
  }
  Num number(b, wanted), all(b, indexOf(b, sizes[axis]));
  Num unit = indexNum(b, kBlock), twice = number * indexNum(b, 2);
  return Value(twice.max(number + unit).min(all + unit));
}

/// Appends the keys of elements from `begin` on that are less than `limit`:
/// `count` and `keys` afterwards.
template <typename OpTy>
SmallVector<Value> OrderLowering<OpTy>::take(Value row, Value begin,
                                             Value length, Value limit,
                                             Value count, Value keys) {
  auto loop = scf::ForOp::create(b, indexNum(b, 0), length, indexNum(b, 1),
                                 ValueRange{count, keys});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Num place = Num(b, begin) + Num(b, loop.getInductionVar());
  Value key = order.key(b, at(b, row, place), place);
  Num end(b, loop.getRegionIterArg(0));
  // Always written, and counted if it is less.
  Value written = tensor::InsertOp::create(b, key, loop.getRegionIterArg(1),
                                           ValueRange(end));
  Num less(b, arith::CmpIOp::create(b, arith::CmpIPredicate::ult, key, limit));
  Value next = end + less.choose(indexNum(b, 1), indexNum(b, 0));
  scf::YieldOp::create(b, ValueRange{next, written});
  return {loop.getResult(0), loop.getResult(1)};
}

/// Whether an element of the block comes before `best`, or none is known yet.
template <typename OpTy>
Value OrderLowering<OpTy>::finds(Value row, Value begin, Value limit,
                                 Value best) {
  Value slice = tensor::ExtractSliceOp::create(
      b, RankedTensorType::get({kBlock}, order.element), row,
      ArrayRef<OpFoldResult>{begin},
      ArrayRef<OpFoldResult>{b.getIndexAttr(kBlock)},
      ArrayRef<OpFoldResult>{b.getIndexAttr(1)});
  Type type = b.getI32Type();
  Value none = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, limit,
                                     order.lastKey(b));
  Value init = tensor::EmptyOp::create(b, ArrayRef<int64_t>{}, type);
  init = tensor::InsertOp::create(b, arith::ExtUIOp::create(b, type, none),
                                  init, ValueRange());
  auto loop = linalg::GenericOp::create(
      b, init.getType(), slice, init,
      ArrayRef<AffineMap>{b.getMultiDimIdentityMap(1),
                          AffineMap::get(1, 0, b.getContext())},
      utils::IteratorType::reduction,
      [&](OpBuilder &builder, Location loc, ValueRange v) {
        ImplicitLocOpBuilder inner(loc, builder);
        Value is = arith::ExtUIOp::create(inner, type,
                                          order.mayPrecede(inner, v[0], best));
        Value any = arith::OrIOp::create(inner, v[1], is);
        linalg::YieldOp::create(inner, any);
      });
  Value any = tensor::ExtractOp::create(b, loop.getResult(0), ValueRange());
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, any,
                               scalarInt(b, type, 0));
}

/// The state (limit, best, count, keys, scratch) after a block.
template <typename OpTy>
SmallVector<Value> OrderLowering<OpTy>::lookAt(Value row, Value begin,
                                               ValueRange state) {
  OpBuilder::InsertionGuard guard(b);
  Value limit = state[0];
  auto find = scf::IfOp::create(b, TypeRange(state),
                                finds(row, begin, limit, state[1]), true);
  b.setInsertionPointToStart(find.elseBlock());
  scf::YieldOp::create(b, state);
  b.setInsertionPointToStart(find.thenBlock());
  SmallVector<Value> taken =
      take(row, begin, indexNum(b, kBlock), limit, state[2], state[3]);
  // Room for one more block stays.
  Num limitOfCount = Num(b, sizeOf(taken[1])) - indexNum(b, kBlock);
  Value isFull = Num(b, taken[0]) > limitOfCount;
  auto tidy = scf::IfOp::create(b, TypeRange(state), isFull, true);
  scf::YieldOp::create(b, tidy.getResults());
  b.setInsertionPointToStart(tidy.elseBlock());
  scf::YieldOp::create(
      b, ValueRange{limit, state[1], taken[0], taken[1], state[4]});
  b.setInsertionPointToStart(tidy.thenBlock());
  auto [sorted, other] =
      sortKeys(b, fillBehind(taken[1], taken[0]), state[4], taken[0], order);
  Value last = at(b, sorted, Num(b, wanted).max(1) - 1);
  Value best = tensor::ExtractOp::create(b, row, order.indexOfKey(b, last));
  scf::YieldOp::create(b, ValueRange{last, best, wanted, sorted, other});
  return SmallVector<Value>(find.getResults());
}

template <typename OpTy>
typename OrderLowering<OpTy>::Buffers
OrderLowering<OpTy>::sortRow(Value row, Buffers buffers, TopKOp) {
  Num length(b, sizeOf(row)), unit = indexNum(b, kBlock);
  Value whole = length / unit * unit;
  auto loop = scf::ForOp::create(
      b, indexNum(b, 0), whole, unit,
      ValueRange{order.lastKey(b), scalarInt(b, order.element, 0),
                 indexNum(b, 0), buffers.first, buffers.second});
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    scf::YieldOp::create(
        b, lookAt(row, loop.getInductionVar(), loop.getRegionIterArgs()));
  }
  SmallVector<Value> taken =
      take(row, whole, length - Num(b, whole), loop.getResult(0),
           loop.getResult(2), loop.getResult(3));
  return sortKeys(b, fillBehind(taken[1], taken[0]), loop.getResult(4),
                  taken[0], order);
}

/// Elements and indices that the first keys say.
template <typename OpTy>
std::pair<Value, Value>
OrderLowering<OpTy>::write(Value row, Value keys, Value values, Value indices) {
  AffineMap map = b.getMultiDimIdentityMap(1);
  Value first = firstKeys(keys, values);
  auto loop = linalg::GenericOp::create(
      b, TypeRange{values.getType(), indices.getType()}, first,
      ValueRange{values, indices}, ArrayRef<AffineMap>{map, map, map},
      utils::IteratorType::parallel,
      [&](OpBuilder &builder, Location loc, ValueRange v) {
        ImplicitLocOpBuilder inner(loc, builder);
        Value index = order.indexOfKey(inner, v[0]);
        Value element = tensor::ExtractOp::create(inner, row, index);
        Value number = arith::IndexCastOp::create(inner, v[2].getType(), index);
        linalg::YieldOp::create(inner, ValueRange{element, number});
      });
  return {loop.getResult(0), loop.getResult(1)};
}

FailureOr<SmallVector<Value>> SortOp::lower(RewriterBase &rewriter) {
  return OrderLowering<SortOp>(rewriter, *this).run();
}

FailureOr<SmallVector<Value>> TopKOp::lower(RewriterBase &rewriter) {
  return OrderLowering<TopKOp>(rewriter, *this).run();
}
