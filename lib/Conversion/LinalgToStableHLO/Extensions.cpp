//===- Extensions.cpp - linalg_ext in StableHLO ---------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Orders, scatters and scans have ops in StableHLO: `sort` with a comparator,
// `scatter`, and `reduce_window` whose windows reach to the beginning. The
// rest of linalg_ext is left to its own lowering.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Conversion/LinalgToStableHLO/LinalgToStableHLO.h"

#include "Bodies.h"
#include "Elementwise.h"

#include "orchestra/Dialect/LinalgExt/LinalgExt.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "llvm/ADT/STLExtras.h"

namespace orchestra {
#define GEN_PASS_DEF_LINALGEXTTOSTABLEHLOPASS
#include "orchestra/Conversion/LinalgToStableHLO/Passes.h.inc"
} // namespace orchestra

using namespace mlir;
using namespace orchestra;
using namespace orchestra::stablehlo;

static bool isConvertible(Operation *op) {
  return llvm::all_of(llvm::concat<Type>(llvm::to_vector(op->getOperandTypes()),
                                         llvm::to_vector(op->getResultTypes())),
                      [](Type type) {
                        auto tensor = dyn_cast<RankedTensorType>(type);
                        return tensor && tensor.hasStaticShape() &&
                               !tensor.getElementType().isIndex() &&
                               isConvertibleElement(tensor.getElementType());
                      });
}

static Value compare(OpBuilder &builder, Location loc,
                     ComparisonDirection direction, Value x, Value y,
                     bool isUnsigned = false) {
  MLIRContext *ctx = builder.getContext();
  auto type = cast<RankedTensorType>(x.getType());
  ComparisonType kind = ComparisonType::SIGNED;
  if (isa<FloatType>(type.getElementType()))
    kind = ComparisonType::FLOAT;
  else if (isUnsigned || type.getElementType().isInteger(1))
    kind = ComparisonType::UNSIGNED;
  if (isUnsigned && !type.getElementType().isInteger(1)) {
    auto integer = cast<IntegerType>(type.getElementType());
    auto without = type.clone(
        IntegerType::get(ctx, integer.getWidth(), IntegerType::Unsigned));
    x = ConvertOp::create(builder, loc, without, x);
    y = ConvertOp::create(builder, loc, without, y);
  }
  return CompareOp::create(builder, loc, type.clone(builder.getI1Type()), x, y,
                           ComparisonDirectionAttr::get(ctx, direction),
                           ComparisonTypeAttr::get(ctx, kind));
}

//===----------------------------------------------------------------------===//
// Orders
//===----------------------------------------------------------------------===//

/// Elements and their places along the axis, in order.
template <typename OpT> static SortOp emitSort(OpBuilder &builder, OpT op) {
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(op.getInput().getType());
  Type place = getElementTypeOrSelf(op.getOutputs()[1].getType());
  auto axis = builder.getI64IntegerAttr(op.getAxis());
  Value places = IotaOp::create(builder, loc, type.clone(place), axis);
  auto sort = SortOp::create(builder, loc, TypeRange{type, type.clone(place)},
                             ValueRange{op.getInput(), places}, axis,
                             builder.getBoolAttr(true));
  OpBuilder::InsertionGuard guard(builder);
  auto scalar = RankedTensorType::get({}, type.getElementType());
  auto scalarPlace = RankedTensorType::get({}, place);
  Block *body = builder.createBlock(&sort.getComparator(), {},
                                    {scalar, scalar, scalarPlace, scalarPlace},
                                    {loc, loc, loc, loc});
  Value x = body->getArgument(0), y = body->getArgument(1);
  Value before = compare(builder, loc,
                         op.getDescending() ? ComparisonDirection::GT
                                            : ComparisonDirection::LT,
                         x, y, op.getIsUnsigned());
  if (isa<FloatType>(type.getElementType())) {
    // What is no number is greater than all, or comes first in any case.
    Value xNaN = compare(builder, loc, ComparisonDirection::NE, x, x);
    Value yNaN = compare(builder, loc, ComparisonDirection::NE, y, y);
    bool first = op.getDescending() || op.getNanFirst();
    Value other =
        NotOp::create(builder, loc, xNaN.getType(), first ? yNaN : xNaN);
    Value alone =
        AndOp::create(builder, loc, xNaN.getType(), first ? xNaN : yNaN, other);
    before = OrOp::create(builder, loc, before.getType(), before, alone);
  }
  ReturnOp::create(builder, loc, before);
  return sort;
}

namespace {
struct SortConversion : public OpRewritePattern<linalg_ext::SortOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg_ext::SortOp op,
                                PatternRewriter &rewriter) const override {
    if (!isConvertible(op))
      return rewriter.notifyMatchFailure(op, "types have no counterpart");
    rewriter.replaceOp(op, emitSort(rewriter, op).getResults());
    return success();
  }
};

struct TopKConversion : public OpRewritePattern<linalg_ext::TopKOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg_ext::TopKOp op,
                                PatternRewriter &rewriter) const override {
    if (!isConvertible(op))
      return rewriter.notifyMatchFailure(op, "types have no counterpart");
    SortOp sort = emitSort(rewriter, op);
    SmallVector<Value> results;
    for (auto [value, type] :
         llvm::zip_equal(sort.getResults(), op.getResultTypes())) {
      ArrayRef<int64_t> sizes = cast<RankedTensorType>(type).getShape();
      SmallVector<int64_t> starts(sizes.size(), 0), strides(sizes.size(), 1);
      results.push_back(
          SliceOp::create(rewriter, op.getLoc(), type, value,
                          rewriter.getDenseI64ArrayAttr(starts),
                          rewriter.getDenseI64ArrayAttr(sizes),
                          rewriter.getDenseI64ArrayAttr(strides)));
    }
    rewriter.replaceOp(op, results);
    return success();
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Combiners
//===----------------------------------------------------------------------===//

/// Whether a region of scalars is made of constants and ops of the table.
static bool isConvertibleCombiner(Region &region) {
  return llvm::all_of(
             region.front().without_terminator(),
             [](Operation &op) { return isConvertibleElementwise(&op); }) &&
         llvm::all_of(region.getOps(), [&](Operation &op) {
           return llvm::all_of(op.getOperands(), [&](Value operand) {
             return region.isAncestor(operand.getParentRegion());
           });
         });
}

/// The value that a region yields, for these arguments.
static Value emitCombiner(OpBuilder &builder, Region &region,
                          ValueRange arguments) {
  IRMapping mapping;
  mapping.map(region.getArguments(), arguments);
  for (Operation &op : region.front().without_terminator()) {
    SmallVector<Value> operands;
    for (Value operand : op.getOperands())
      operands.push_back(mapping.lookup(operand));
    mapping.map(op.getResult(0), emitElementwise(builder, &op, operands,
                                                 shapeOf(arguments.front())));
  }
  return mapping.lookup(region.front().getTerminator()->getOperand(0));
}

static void createCombinerBody(OpBuilder &builder, Location loc,
                               Region &combiner, Region &body) {
  OpBuilder::InsertionGuard guard(builder);
  Type element = combiner.getArgument(0).getType();
  auto scalar = RankedTensorType::get({}, element);
  Block *block = builder.createBlock(&body, {}, {scalar, scalar}, {loc, loc});
  ReturnOp::create(builder, loc,
                   emitCombiner(builder, combiner, block->getArguments()));
}

//===----------------------------------------------------------------------===//
// Scatter
//===----------------------------------------------------------------------===//

namespace {
/// How the loops of a scatter are those of StableHLO's op.
struct ScatterShape {
  SmallVector<int64_t> windowLoops; ///< copied whole, a box an index vector
  SmallVector<int64_t> batchLoops;  ///< the others
  SmallVector<int64_t> inserted;    ///< dimensions that indices say
};
} // namespace

static ScatterShape shapeOfScatter(linalg_ext::ScatterOp op) {
  AffineMap to = op.getDestinationMap();
  AffineMap from = op.getIndicesMap();
  ArrayRef<int64_t> ranges =
      cast<RankedTensorType>(op.getUpdates().getType()).getShape();
  ArrayRef<int64_t> shape =
      cast<RankedTensorType>(op.getOutputs()[0].getType()).getShape();
  ScatterShape result;
  for (auto [dim, expr] : llvm::enumerate(to.getResults())) {
    auto loop = dyn_cast<AffineDimExpr>(expr);
    bool isWindow = loop && !from.isFunctionOfDim(loop.getPosition()) &&
                    ranges[loop.getPosition()] == shape[dim] &&
                    (result.windowLoops.empty() ||
                     result.windowLoops.back() < loop.getPosition());
    if (isWindow)
      result.windowLoops.push_back(loop.getPosition());
    else
      result.inserted.push_back(dim);
  }
  for (int64_t loop = 0; loop < int64_t(ranges.size()); ++loop)
    if (!llvm::is_contained(result.windowLoops, loop))
      result.batchLoops.push_back(loop);
  return result;
}

/// For each dimension that indices say, these as a column over the batch.
static SmallVector<Value> emitColumns(OpBuilder &builder,
                                      linalg_ext::ScatterOp op,
                                      const ScatterShape &shape) {
  Location loc = op.getLoc();
  Value indices = op.getIndices();
  auto type = cast<RankedTensorType>(indices.getType());
  ArrayRef<int64_t> ranges = shapeOf(op.getUpdates());
  ArrayRef<int64_t> dest = shapeOf(op.getOutputs()[0]);
  AffineMap from = op.getIndicesMap();
  SmallVector<int64_t> column;
  for (int64_t loop : shape.batchLoops)
    column.push_back(ranges[loop]);
  RankedTensorType batch = type.clone(column);
  column.push_back(1);
  SmallVector<int64_t> where;
  for (AffineExpr expr : from.getResults())
    where.push_back(
        llvm::find(shape.batchLoops, cast<AffineDimExpr>(expr).getPosition()) -
        shape.batchLoops.begin());
  auto component = [&](unsigned symbol) -> Value {
    Value part = indices;
    if (type.getRank() > from.getNumResults()) {
      SmallVector<int64_t> starts(type.getRank(), 0), ones(type.getRank(), 1);
      SmallVector<int64_t> limits(type.getShape());
      starts.back() = symbol;
      limits.back() = symbol + 1;
      SmallVector<int64_t> sizes(type.getShape());
      sizes.back() = 1;
      part = SliceOp::create(builder, loc, type.clone(sizes), part,
                             builder.getDenseI64ArrayAttr(starts),
                             builder.getDenseI64ArrayAttr(limits),
                             builder.getDenseI64ArrayAttr(ones));
      part = reshape(builder, loc, part, type.getShape().drop_back());
    }
    // Dimensions of the indices in the order of the batch.
    SmallVector<int64_t> order =
        llvm::to_vector(llvm::seq<int64_t>(0, where.size()));
    llvm::sort(order,
               [&](int64_t x, int64_t y) { return where[x] < where[y]; });
    part = transpose(builder, loc, part, order);
    SmallVector<int64_t> sorted(where);
    llvm::sort(sorted);
    if (part.getType() == batch)
      return part;
    return BroadcastInDimOp::create(builder, loc, batch, part,
                                    builder.getDenseI64ArrayAttr(sorted));
  };
  SmallVector<Value> columns;
  for (int64_t dim : shape.inserted) {
    AffineExpr expr = op.getDestinationMap().getResult(dim);
    Value place;
    if (auto loop = dyn_cast<AffineDimExpr>(expr)) {
      int64_t at = llvm::find(shape.batchLoops, loop.getPosition()) -
                   shape.batchLoops.begin();
      place =
          IotaOp::create(builder, loc, batch, builder.getI64IntegerAttr(at));
    } else {
      place = component(cast<AffineSymbolExpr>(expr).getPosition());
      // Negative ones count from the end.
      auto number = [&](int64_t value) {
        return emitSplat(builder, loc,
                         builder.getIntegerAttr(type.getElementType(), value),
                         batch.getShape());
      };
      Value negative =
          compare(builder, loc, ComparisonDirection::LT, place, number(0));
      Value fromEnd =
          AddOp::create(builder, loc, batch, place, number(dest[dim]));
      place = SelectOp::create(builder, loc, batch, negative, fromEnd, place);
    }
    columns.push_back(reshape(builder, loc, place, column));
  }
  return columns;
}

namespace {
struct ScatterConversion : public OpRewritePattern<linalg_ext::ScatterOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg_ext::ScatterOp op,
                                PatternRewriter &rewriter) const override {
    if (!isConvertible(op) || !isConvertibleCombiner(op.getCombiner()))
      return rewriter.notifyMatchFailure(op, "no form for it");
    auto isOurs = [](AffineExpr expr) {
      return isa<AffineDimExpr, AffineSymbolExpr>(expr);
    };
    if (!llvm::all_of(op.getDestinationMap().getResults(), isOurs) ||
        !op.getIndicesMap().isProjectedPermutation())
      return rewriter.notifyMatchFailure(op, "other maps");
    // Narrow indices could not count from the end of a long dimension.
    if (getElementTypeOrSelf(op.getIndices()).getIntOrFloatBitWidth() < 32)
      return rewriter.notifyMatchFailure(op, "narrow indices");
    Location loc = op.getLoc();
    ScatterShape shape = shapeOfScatter(op);
    SmallVector<Value> columns = emitColumns(rewriter, op, shape);
    if (columns.empty())
      return rewriter.notifyMatchFailure(op, "nothing is indexed");
    Value starts = columns.front();
    int64_t vectorDim = int64_t(shape.batchLoops.size());
    if (columns.size() > 1) {
      auto type = cast<RankedTensorType>(starts.getType());
      SmallVector<int64_t> sizes(type.getShape());
      sizes.back() = columns.size();
      starts = ConcatenateOp::create(rewriter, loc, type.clone(sizes), columns,
                                     rewriter.getI64IntegerAttr(vectorDim));
    }
    auto numbers = ScatterDimensionNumbersAttr::get(
        rewriter.getContext(), /*update_window_dims=*/shape.windowLoops,
        /*inserted_window_dims=*/shape.inserted, /*input_batching_dims=*/{},
        /*scatter_indices_batching_dims=*/{},
        /*scatter_dims_to_operand_dims=*/shape.inserted, vectorDim);
    auto scatter = stablehlo::ScatterOp::create(
        rewriter, loc, op.getResultTypes(), op.getOutputs(), starts,
        op.getUpdates(), numbers, rewriter.getBoolAttr(false),
        rewriter.getBoolAttr(op.getUnique()));
    createCombinerBody(rewriter, loc, op.getCombiner(),
                       scatter.getUpdateComputation());
    rewriter.replaceOp(op, scatter.getResults());
    return success();
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

/// The op of the region, if it is one that has a neutral element.
static Operation *plainCombiner(Region &region) {
  Block &block = region.front();
  if (!llvm::hasNItems(block, 2))
    return nullptr;
  Operation *combiner = &block.front();
  bool ofBoth =
      combiner->getNumOperands() == 2 &&
      llvm::is_contained(combiner->getOperands(),
                         Value(block.getArgument(0))) &&
      llvm::is_contained(combiner->getOperands(), Value(block.getArgument(1)));
  if (!ofBoth || !isConvertibleElementwise(combiner) ||
      !arith::getNeutralElement(combiner))
    return nullptr;
  return combiner;
}

namespace {
struct ScanConversion : public OpRewritePattern<linalg_ext::ScanOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg_ext::ScanOp op,
                                PatternRewriter &rewriter) const override {
    Operation *combiner = plainCombiner(op.getCombiner());
    if (!isConvertible(op) || !combiner)
      return rewriter.notifyMatchFailure(op, "no form for it");
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(op.getInput().getType());
    int64_t axis = op.getAxis(), size = type.getDimSize(axis);
    if (type.getElementType() != combiner->getResult(0).getType() ||
        type.getNumElements() == 0)
      return rewriter.notifyMatchFailure(op, "no form for it");
    Value start =
        emitSplat(rewriter, loc, *arith::getNeutralElement(combiner), {});
    // A window ends at its element, or just before it.
    SmallVector<int64_t> windows(type.getRank(), 1),
        padding(2 * type.getRank());
    windows[axis] = size;
    padding[2 * axis] = size - 1;
    if (op.getExclusive()) {
      ++padding[2 * axis];
      --padding[2 * axis + 1];
    }
    if (op.getReverse())
      std::swap(padding[2 * axis], padding[2 * axis + 1]);
    auto pairs =
        RankedTensorType::get({type.getRank(), 2}, rewriter.getI64Type());
    auto all = ReduceWindowOp::create(
        rewriter, loc, TypeRange{type}, op.getInput(), start,
        rewriter.getDenseI64ArrayAttr(windows), nullptr, nullptr, nullptr,
        DenseIntElementsAttr::get(pairs, padding));
    createCombinerBody(rewriter, loc, op.getCombiner(), all.getBody());
    Value state = op.getOutputs()[1];
    auto total = ReduceOp::create(rewriter, loc, TypeRange{state.getType()},
                                  op.getInput(), start,
                                  rewriter.getDenseI64ArrayAttr(axis));
    createCombinerBody(rewriter, loc, op.getCombiner(), total.getBody());
    SmallVector<int64_t> dims;
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      if (dim != axis)
        dims.push_back(dim);
    Value first = BroadcastInDimOp::create(rewriter, loc, type, state,
                                           rewriter.getDenseI64ArrayAttr(dims));
    rewriter.replaceOp(op, {emitCombiner(rewriter, op.getCombiner(),
                                         {first, all.getResult(0)}),
                            emitCombiner(rewriter, op.getCombiner(),
                                         {state, total.getResult(0)})});
    return success();
  }
};

struct LinalgExtToStableHLOPass
    : public orchestra::impl::LinalgExtToStableHLOPassBase<
          LinalgExtToStableHLOPass> {
  using Base::Base;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns
        .add<ScanConversion, ScatterConversion, SortConversion, TopKConversion>(
            &getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};
} // namespace
