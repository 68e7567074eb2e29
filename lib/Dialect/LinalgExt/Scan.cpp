//===- Scan.cpp - Running combinations along an axis ----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Along an outer axis a step combines whole slices, which vectorises. Along the
// innermost one each step waits for the one before, for 4 cycles if it adds
// floats: so long rows go in 8 chunks at a time. The chunks' totals come first,
// from a reduction that vectorises; then 8 independent chains run through.
//
//===----------------------------------------------------------------------===//
#include "Body.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::linalg_ext;

/// Chains at a time, and how many elements make it worth while.
static constexpr int64_t kChunks = 8, kMinChunked = 1024;
/// Chunks differ from a multiple of this, a power of two, by a cache line: else
/// they would all compete for the same sets of the cache.
static constexpr int64_t kChunkUnit = 64, kChunkSkew = 16;

LogicalResult ScanOp::verify() {
  LinalgExtOp op(*this);
  if (failed(verifyDestinations(op, 2)))
    return failure();
  auto type = cast<ShapedType>(getInput().getType());
  if (int64_t(getAxis()) >= type.getRank())
    return emitOpError() << "has axis " << getAxis()
                         << ", but its operand has rank " << type.getRank();
  for (Value output : getOutputs())
    if (getElementTypeOrSelf(output.getType()) != type.getElementType())
      return emitOpError() << "has a destination of "
                           << getElementTypeOrSelf(output.getType())
                           << " for an operand of " << type.getElementType();
  return verifySizes(op, {"operand", "result", "state"});
}

LogicalResult ScanOp::verifyRegions() {
  return verifyBody(*this, getCombiner(), 2,
                    getElementTypeOrSelf(getInput().getType()));
}

SmallVector<AffineMap> ScanOp::getOperandMaps() {
  unsigned rank = cast<ShapedType>(getInput().getType()).getRank();
  AffineMap all = AffineMap::getMultiDimIdentityMap(rank, getContext());
  return {all, all, mapWithout(rank, getAxis(), getContext())};
}

SmallVector<utils::IteratorType> ScanOp::getIterators() {
  SmallVector<utils::IteratorType> types(
      cast<ShapedType>(getInput().getType()).getRank(),
      utils::IteratorType::parallel);
  types[getAxis()] = utils::IteratorType::reduction;
  return types;
}

bool ScanOp::canTile(unsigned loop) {
  return loop != getAxis() || !getReverse();
}

bool ScanOp::readsDestination(unsigned number) { return number == 1; }

double ScanOp::countWork(ArrayRef<double> sizes) {
  return countIterations(sizes);
}

namespace {
/// Lowers one scan.
class ScanLowering {
public:
  ScanLowering(RewriterBase &rewriter, ScanOp op)
      : b(op.getLoc(), rewriter), op(op), axis(op.getAxis()),
        rank(cast<ShapedType>(op.getInput().getType()).getRank()),
        sizes(linalg_ext::getLoopSizes(op, rewriter)) {}

  SmallVector<Value> bySlices();
  SmallVector<Value> byElements();

private:
  Value combine(Value before, Value next) {
    return inlineBody(b, op.getCombiner(), {before, next});
  }
  /// The position of step `i` along the axis.
  Value place(Value i) {
    if (!op.getReverse())
      return i;
    Num last = Num(b, indexOf(b, sizes[axis])) - 1;
    return last - Num(b, i);
  }
  bool isCommutative();
  SmallVector<Value> walk(Value row, Value begin, Value end, Value state,
                          Value result);
  SmallVector<Value> walkChunks(Value row, Value state, Value result);
  Value total(Value row, Value first, Value length);

  ImplicitLocOpBuilder b;
  ScanOp op;
  unsigned axis, rank;
  SmallVector<OpFoldResult> sizes;
};
} // namespace

/// A slice for each step.
SmallVector<Value> ScanLowering::bySlices() {
  auto type = cast<RankedTensorType>(op.getInput().getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.erase(shape.begin() + axis);
  auto sliceType = RankedTensorType::get(shape, type.getElementType());
  SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0)),
      counts = sizes, ones(rank, b.getIndexAttr(1));
  counts[axis] = b.getIndexAttr(1);
  AffineMap map = b.getMultiDimIdentityMap(rank - 1);
  return loopNest(
      b, sizes[axis], op.getOutputs(),
      [&](ArrayRef<Value> index, ValueRange carried) -> SmallVector<Value> {
        offsets[axis] = getAsOpFoldResult(place(index[0]));
        auto slice = [&](Value tensor) -> Value {
          return tensor::ExtractSliceOp::create(b, sliceType, tensor, offsets,
                                                counts, ones);
        };
        Value from = slice(op.getInput()), to = slice(carried[0]);
        auto step = linalg::GenericOp::create(
            b, TypeRange{to.getType(), carried[1].getType()}, from,
            ValueRange{to, carried[1]}, ArrayRef<AffineMap>{map, map, map},
            SmallVector<utils::IteratorType>(rank - 1,
                                             utils::IteratorType::parallel),
            [&](OpBuilder &inner, Location loc, ValueRange v) {
              Value next = inlineBody(inner, op.getCombiner(), {v[2], v[0]});
              linalg::YieldOp::create(
                  inner, loc,
                  ValueRange{op.getExclusive() ? v[2] : next, next});
            });
        Value result = tensor::InsertSliceOp::create(
            b, step.getResult(0), carried[0], offsets, counts, ones);
        return {result, step.getResult(1)};
      });
}

/// Steps from `begin` to `end` of a row: the state and the result behind them.
SmallVector<Value> ScanLowering::walk(Value row, Value begin, Value end,
                                      Value state, Value result) {
  auto loop =
      scf::ForOp::create(b, begin, end, arith::ConstantIndexOp::create(b, 1),
                         ValueRange{state, result});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value at = place(loop.getInductionVar());
  Value before = loop.getRegionIterArg(0);
  Value next = combine(before, tensor::ExtractOp::create(b, row, at));
  Value written = tensor::InsertOp::create(b, op.getExclusive() ? before : next,
                                           loop.getRegionIterArg(1), at);
  scf::YieldOp::create(b, ValueRange{next, written});
  return {loop.getResult(0), loop.getResult(1)};
}

/// The combination of `length` elements from `first` on.
Value ScanLowering::total(Value row, Value first, Value length) {
  auto type = cast<RankedTensorType>(row.getType());
  Value start = tensor::ExtractOp::create(b, row, first);
  Num one = indexNum(b, 1);
  Value begin = Num(b, first) + one, count = Num(b, length) - one;
  Value rest = tensor::ExtractSliceOp::create(
      b, RankedTensorType::get({ShapedType::kDynamic}, type.getElementType()),
      row, ArrayRef<OpFoldResult>{begin}, ArrayRef<OpFoldResult>{count},
      ArrayRef<OpFoldResult>{b.getIndexAttr(1)});
  Value init =
      tensor::EmptyOp::create(b, ArrayRef<int64_t>{}, type.getElementType());
  init = tensor::InsertOp::create(b, start, init, ValueRange());
  auto reduced = linalg::GenericOp::create(
      b, init.getType(), rest, init,
      ArrayRef<AffineMap>{b.getMultiDimIdentityMap(1),
                          AffineMap::get(1, 0, b.getContext())},
      utils::IteratorType::reduction,
      [&](OpBuilder &inner, Location loc, ValueRange v) {
        Value next = inlineBody(inner, op.getCombiner(), {v[1], v[0]});
        linalg::YieldOp::create(inner, loc, next);
      });
  return tensor::ExtractOp::create(b, reduced.getResult(0), ValueRange());
}

SmallVector<Value> ScanLowering::walkChunks(Value row, Value state,
                                            Value result) {
  Value size = indexOf(b, sizes[axis]);
  Num length = Num(b, size) / indexNum(b, kChunks * kChunkUnit);
  length = length * indexNum(b, kChunkUnit) - indexNum(b, kChunkSkew);
  SmallVector<Value> states, begins;
  for (int64_t chunk = 0; chunk < kChunks; ++chunk) {
    begins.push_back(length * indexNum(b, chunk));
    states.push_back(state);
    // In memory a chunk of a reversed row ends where it begins.
    Num first(b, begins.back());
    if (op.getReverse())
      first = Num(b, size) - first - length;
    if (chunk + 1 < kChunks)
      state = combine(state, total(row, first, length));
  }
  states.push_back(result);
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value one = arith::ConstantIndexOp::create(b, 1);
  auto loop = scf::ForOp::create(b, zero, length, one, states);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> carried(loop.getRegionIterArgs()), places, elements;
    // All are read before any is written: nothing else says that they differ.
    for (Value begin : begins) {
      places.push_back(place(Num(b, begin) + Num(b, loop.getInductionVar())));
      elements.push_back(tensor::ExtractOp::create(b, row, places.back()));
    }
    for (int64_t chunk = 0; chunk < kChunks; ++chunk) {
      Value before = carried[chunk];
      carried[chunk] = combine(before, elements[chunk]);
      carried.back() = tensor::InsertOp::create(
          b, op.getExclusive() ? before : carried[chunk], carried.back(),
          places[chunk]);
    }
    scf::YieldOp::create(b, carried);
  }
  Value rest = length * indexNum(b, kChunks);
  return walk(row, rest, size, loop.getResult(kChunks - 1),
              loop.getResult(kChunks));
}

/// Whether parts may be combined in any order: the region is one commutative
/// op.
bool ScanLowering::isCommutative() {
  Block &block = op.getCombiner().front();
  Operation *only = &block.front();
  return only->hasTrait<OpTrait::IsCommutative>() &&
         only->getNextNode() == block.getTerminator() &&
         only->getNumOperands() == 2 &&
         llvm::equal(only->getOperands(), block.getArguments());
}

/// Row after row.
SmallVector<Value> ScanLowering::byElements() {
  SmallVector<OpFoldResult> rows = sizes;
  rows.erase(rows.begin() + axis);
  std::optional<int64_t> known = getConstantIntValue(sizes[axis]);
  bool chunked = isCommutative() && known.value_or(kMinChunked) >= kMinChunked;
  return loopNest(
      b, rows, op.getOutputs(),
      [&](ArrayRef<Value> index, ValueRange carried) -> SmallVector<Value> {
        Value row = extractRow(b, op.getInput(), axis, index);
        Value to = extractRow(b, carried[0], axis, index);
        Value state = tensor::ExtractOp::create(b, carried[1], index);
        Value size = indexOf(b, sizes[axis]);
        auto simple = [&] {
          return walk(row, arith::ConstantIndexOp::create(b, 0), size, state,
                      to);
        };
        SmallVector<Value> last;
        if (chunked && known) {
          last = walkChunks(row, state, to);
        } else if (chunked) {
          Value isLong = Num(b, size) >= indexNum(b, kMinChunked);
          auto either = scf::IfOp::create(
              b, TypeRange{state.getType(), to.getType()}, isLong, true);
          OpBuilder::InsertionGuard guard(b);
          b.setInsertionPointToStart(either.thenBlock());
          scf::YieldOp::create(b, walkChunks(row, state, to));
          b.setInsertionPointToStart(either.elseBlock());
          scf::YieldOp::create(b, simple());
          last = SmallVector<Value>(either.getResults());
        } else {
          last = simple();
        }
        Value result = insertRow(b, last[1], carried[0], axis, index);
        Value states = tensor::InsertOp::create(b, last[0], carried[1], index);
        return {result, states};
      });
}

FailureOr<SmallVector<Value>> ScanOp::lower(RewriterBase &rewriter) {
  auto type = cast<ShapedType>(getInput().getType());
  ScanLowering lowering(rewriter, *this);
  bool innermost = llvm::all_of(type.getShape().drop_front(getAxis() + 1),
                                [](int64_t size) { return size == 1; });
  return innermost ? lowering.byElements() : lowering.bySlices();
}
