//===- Images.cpp - Elements between elements -----------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Resizing, sampling by a grid, pooling of regions: each is one linalg.generic
// whose body reads the image.
//
//===----------------------------------------------------------------------===//
#include "Body.h"

#include "orchestra/Dialect/LinalgExt/Sampler.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::linalg_ext;

/// Taps up to this number are unrolled, so that the loops are all parallel.
static constexpr int64_t kUnrolledTaps = 8;

static int64_t rankOf(Value value) {
  return cast<ShapedType>(value.getType()).getRank();
}

static SmallVector<utils::IteratorType> allParallel(int64_t rank) {
  return SmallVector<utils::IteratorType>(rank, utils::IteratorType::parallel);
}

/// Checks that the destination has elements as the operand does.
static LogicalResult verifyElements(LinalgExtOp op, Value input, Value output) {
  Type from = getElementTypeOrSelf(input.getType()),
       to = getElementTypeOrSelf(output.getType());
  if (from != to)
    return op.emitOpError()
           << "has a destination of " << to << " for an operand of " << from;
  return success();
}

/// The type that places are computed in.
static Type typeOfPlaces(ImplicitLocOpBuilder &b, ValueRange operands) {
  for (Value operand : operands)
    if (getElementTypeOrSelf(operand.getType()).isF64())
      return b.getF64Type();
  return b.getF32Type();
}

//===----------------------------------------------------------------------===//
// Resize
//===----------------------------------------------------------------------===//

LogicalResult ResizeOp::verify() {
  LinalgExtOp op(*this);
  if (failed(verifyDestinations(op, 1)) ||
      failed(verifyElements(op, getInput(), getOutputs()[0])))
    return failure();
  if (int64_t(getAxis()) >= rankOf(getInput()))
    return emitOpError() << "has axis " << getAxis()
                         << ", but its operand has rank " << rankOf(getInput());
  auto positions = cast<ShapedType>(getPositions().getType());
  if (positions.getRank() == 2 && !getWeights() && positions.getDimSize(1) != 1)
    return emitOpError("needs weights for positions other than one each");
  if (getWeights() &&
      !isa<FloatType>(getElementTypeOrSelf(getInput().getType())))
    return emitOpError("has weights for elements that are no floats");
  if (getWeights() && cast<ShapedType>(getWeights().getType()).getShape() !=
                          positions.getShape())
    return emitOpError("has weights of another shape than positions");
  return verifySizes(op, {"operand", "tensor of positions",
                          getWeights() ? "tensor of weights" : "destination",
                          "destination"});
}

SmallVector<AffineMap> ResizeOp::getOperandMaps() {
  int64_t rank = rankOf(getInput()), axis = getAxis();
  auto all = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  SmallVector<int64_t> source(all);
  source[axis] = -1;
  AffineMap taps = mapTo(rank, {axis, -1}, getContext());
  SmallVector<AffineMap> maps{mapTo(rank, source, getContext()), taps};
  if (getWeights())
    maps.push_back(taps);
  maps.push_back(mapTo(rank, all, getContext()));
  return maps;
}

SmallVector<utils::IteratorType> ResizeOp::getIterators() {
  return allParallel(rankOf(getInput()));
}

bool ResizeOp::isFusable() { return true; }

double ResizeOp::countWork(ArrayRef<double> sizes) {
  int64_t taps = cast<ShapedType>(getPositions().getType()).getDimSize(1);
  return countIterations(sizes) *
         (ShapedType::isDynamic(taps) ? 2 : 2 * double(taps));
}

/// A tap's element, times its weight.
static Value readTap(ImplicitLocOpBuilder &b, ResizeOp op, ArrayRef<Num> loops,
                     Num tap) {
  Num o = loops[op.getAxis()];
  SmallVector<Num> place(loops);
  place[op.getAxis()] = at(b, op.getPositions(), {o, tap}).asIndex();
  Num element = at(b, op.getInput(), place);
  if (!op.getWeights())
    return element;
  return element * at(b, op.getWeights(), {o, tap}).resize(element.type());
}

FailureOr<SmallVector<Value>> ResizeOp::lower(RewriterBase &rewriter) {
  ImplicitLocOpBuilder b(getLoc(), rewriter);
  Value init = getOutputs()[0];
  int64_t taps = cast<ShapedType>(getPositions().getType()).getDimSize(1);
  if (taps > 0 && taps <= kUnrolledTaps)
    return SmallVector<Value>{
        generate(b, init, [&](Num::Builder &inner, ArrayRef<Num> loops) {
          Num sum;
          for (int64_t tap = 0; tap < taps; ++tap) {
            Num term(inner, readTap(inner, *this, loops, indexNum(inner, tap)));
            sum = sum ? sum + term : term;
          }
          return Value(sum);
        })};
  // The loop over taps is the innermost one.
  int64_t rank = rankOf(getInput());
  Type element = getElementTypeOrSelf(init.getType());
  Value zeros =
      linalg::FillOp::create(b, scalar(b, element, 0), init).getResult(0);
  SmallVector<utils::IteratorType> iterators = allParallel(rank);
  iterators.push_back(utils::IteratorType::reduction);
  AffineMap all = b.getMultiDimIdentityMap(rank + 1);
  auto generic = linalg::GenericOp::create(
      b, init.getType(), getPositions(), zeros,
      ArrayRef<AffineMap>{
          mapTo(rank + 1, {int64_t(getAxis()), rank}, getContext()),
          all.dropResult(rank)},
      iterators, [&](OpBuilder &builder, Location loc, ValueRange v) {
        ImplicitLocOpBuilder inner(loc, builder);
        SmallVector<Num> loops;
        for (int64_t dim = 0; dim <= rank; ++dim)
          loops.emplace_back(inner, linalg::IndexOp::create(inner, dim));
        Num tap = loops.pop_back_val();
        Num term(inner, readTap(inner, *this, loops, tap));
        linalg::YieldOp::create(inner, Value(Num(inner, v[1]) + term));
      });
  return SmallVector<Value>{generic.getResult(0)};
}

//===----------------------------------------------------------------------===//
// Sampling by a grid
//===----------------------------------------------------------------------===//

static std::optional<Interpolation> parseMode(StringRef mode) {
  return llvm::StringSwitch<std::optional<Interpolation>>(mode)
      .Case("nearest", Interpolation::Nearest)
      .Case("linear", Interpolation::Linear)
      .Case("cubic", Interpolation::Cubic)
      .Default(std::nullopt);
}

static std::optional<Padding> parsePadding(StringRef padding) {
  return llvm::StringSwitch<std::optional<Padding>>(padding)
      .Case("zeros", Padding::Zeros)
      .Case("border", Padding::Border)
      .Case("reflection", Padding::Reflection)
      .Default(std::nullopt);
}

LogicalResult GridSampleOp::verify() {
  LinalgExtOp op(*this);
  if (failed(verifyDestinations(op, 1)) ||
      failed(verifyElements(op, getInput(), getOutputs()[0])))
    return failure();
  auto mode = parseMode(getMode());
  if (!mode)
    return emitOpError() << "has mode '" << getMode()
                         << "', which is none of 'nearest', 'linear', 'cubic'";
  if (!parsePadding(getPadding()))
    return emitOpError()
           << "has padding '" << getPadding()
           << "', which is none of 'zeros', 'border', 'reflection'";
  if (*mode != Interpolation::Nearest &&
      !isa<FloatType>(getElementTypeOrSelf(getInput().getType())))
    return emitOpError("interpolates between elements that are no floats");
  int64_t spatial = rankOf(getInput()) - 2;
  auto grid = cast<ShapedType>(getGrid().getType());
  if (spatial < 1 || rankOf(getOutputs()[0]) != spatial + 2 ||
      grid.getRank() != spatial + 2 || grid.getDimSize(spatial + 1) != spatial)
    return emitOpError() << "has a grid of type " << grid
                         << " for an operand of rank " << spatial + 2;
  return verifySizes(op, {"operand", "grid", "destination"});
}

SmallVector<AffineMap> GridSampleOp::getOperandMaps() {
  int64_t rank = rankOf(getInput());
  SmallVector<int64_t> source{0, 1}, grid{0};
  source.append(rank - 2, -1);
  for (int64_t dim = 2; dim < rank; ++dim)
    grid.push_back(dim);
  grid.push_back(-1);
  return {mapTo(rank, source, getContext()), mapTo(rank, grid, getContext()),
          AffineMap::getMultiDimIdentityMap(rank, getContext())};
}

SmallVector<utils::IteratorType> GridSampleOp::getIterators() {
  return allParallel(rankOf(getInput()));
}

bool GridSampleOp::isFusable() { return true; }

double GridSampleOp::countWork(ArrayRef<double> sizes) {
  // Taps in each dimension.
  double taps = getMode() == "cubic" ? 4 : getMode() == "linear" ? 2 : 1;
  return countIterations(sizes) * 2 * std::pow(taps, sizes.size() - 2);
}

FailureOr<SmallVector<Value>> GridSampleOp::lower(RewriterBase &rewriter) {
  ImplicitLocOpBuilder b(getLoc(), rewriter);
  Sampler sampler{*parseMode(getMode()), *parsePadding(getPadding()),
                  getAlignCorners()};
  int64_t spatial = rankOf(getInput()) - 2;
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < spatial; ++dim)
    sizes.push_back(sizeOf(b, getInput(), dim + 2));
  Type type = typeOfPlaces(b, {getInput(), getGrid()});
  Type element = getElementTypeOrSelf(getInput().getType());
  return SmallVector<Value>{generate(
      b, getOutputs()[0], [&](Num::Builder &inner, ArrayRef<Num> i) -> Value {
        SmallVector<Num> lengths = numbers(inner, sizes), places;
        for (int64_t d = 0; d < spatial; ++d) {
          SmallVector<Num> where{i[0]};
          where.append(i.begin() + 2, i.end());
          where.push_back(indexNum(inner, spatial - 1 - d));
          Num n = at(inner, getGrid(), where).resize(type) + 1;
          Num length = lengths[d].toFloat(type);
          places.push_back(sampler.alignCorners ? n * 0.5 * (length - 1)
                                                : (n * length - 1) * 0.5);
        }
        Num value =
            sampler.read(inner, getInput(), {i[0], i[1]}, places, lengths);
        return value.isFloat() ? value.resize(element) : value;
      })};
}

//===----------------------------------------------------------------------===//
// Pooling of regions
//===----------------------------------------------------------------------===//

LogicalResult RoiAlignOp::verify() {
  LinalgExtOp op(*this);
  if (failed(verifyDestinations(op, 1)) ||
      failed(verifyElements(op, getInput(), getOutputs()[0])))
    return failure();
  auto regions = cast<ShapedType>(getEdges().getType());
  if (regions.getRank() != 2 || regions.getDimSize(1) != 4)
    return emitOpError() << "has regions of type " << regions
                         << ", but each must have 4 edges";
  return verifySizes(
      op, {"operand", "tensor of regions", "vector of batches", "destination"});
}

SmallVector<AffineMap> RoiAlignOp::getOperandMaps() {
  MLIRContext *context = getContext();
  return {mapTo(4, {-1, 1, -1, -1}, context), mapTo(4, {0, -1}, context),
          mapTo(4, {0}, context),
          AffineMap::getMultiDimIdentityMap(4, context)};
}

SmallVector<utils::IteratorType> RoiAlignOp::getIterators() {
  return allParallel(4);
}

/// Bins count from the region's edges.
bool RoiAlignOp::canTile(unsigned loop) { return loop < 2; }

bool RoiAlignOp::isFusable() { return true; }

double RoiAlignOp::countWork(ArrayRef<double> sizes) {
  double samples = getSampling() ? double(getSampling()) : 2;
  return countIterations(sizes) * samples * samples * 8;
}

namespace {
struct RoiPlan {
  Value image, regions, batches, images, height, width, rows, columns;
  int64_t sampling;
  double scale;
  bool halfPixel, largest;
};
} // namespace

/// Bilinear samples of one bin, pooled.
static Num sampleRegion(Num::Builder &b, const RoiPlan &plan, ArrayRef<Num> i,
                        Type type) {
  auto roi = [&](int64_t column) {
    Num value = at(b, plan.regions, {i[0], indexNum(b, column)}).resize(type);
    return value * plan.scale - (plan.halfPixel ? 0.5 : 0.0);
  };
  Num left = roi(0), top = roi(1);
  Num width = roi(2) - left, height = roi(3) - top;
  if (!plan.halfPixel) {
    width = width.max(1);
    height = height.max(1);
  }
  // A batch that is not there is the nearest one that is.
  Num batch = at(b, plan.batches, i[0]).asIndex();
  batch = batch.max(0).min(Num(b, plan.images) - 1);
  Num stepY = height / Num(b, plan.rows).toFloat(type),
      stepX = width / Num(b, plan.columns).toFloat(type);
  auto samples = [&](Num step) {
    return plan.sampling > 0 ? indexNum(b, plan.sampling)
                             : step.ceil().toIndex().max(0);
  };
  Num countY = samples(stepY), countX = samples(stepX);
  Num startY = top + i[2].toFloat(type) * stepY,
      startX = left + i[3].toFloat(type) * stepX;
  // Two neighbours of a place and how near it is to the second.
  struct Line {
    Num low, high, weight, inside;
  };
  auto line = [&](Num::Builder &b, Num place, Value length) {
    Num size(b, length), limit = size.toFloat(type);
    Line result;
    result.inside = (place >= -1.0) & (place <= limit);
    place = place.max(0);
    Num low = place.toIndex(), last = size - 1;
    Num atEnd = low >= last;
    result.low = atEnd.choose(last, low);
    result.high = atEnd.choose(last, low + 1);
    result.weight = atEnd.choose(place.constant(0), place - low.toFloat(type));
    return result;
  };
  Num zero(b, scalar(b, type, 0)), none = indexNum(b, 0);
  auto result = loop(
      b, countY * countX, {zero, none},
      [&](Num::Builder &b, Num k, ArrayRef<Num> sum) -> SmallVector<Num> {
        auto place = [&](Num start, Num step, Num which, Num count) {
          return start +
                 (which.toFloat(type) + 0.5) * step / count.toFloat(type);
        };
        Line y = line(b, place(startY, stepY, k / countX, countY), plan.height);
        Line x = line(b, place(startX, stepX, k % countX, countX), plan.width);
        Num one = zero.constant(1), inside = y.inside & x.inside;
        auto corner = [&](Num row, Num column, Num weight) {
          Num value =
              at(b, plan.image, {batch, i[1], row, column}).resize(type);
          return inside.choose(value * weight, zero);
        };
        Num a = corner(y.low, x.low, (one - y.weight) * (one - x.weight)),
            c = corner(y.low, x.high, (one - y.weight) * x.weight),
            d = corner(y.high, x.low, y.weight * (one - x.weight)),
            e = corner(y.high, x.high, y.weight * x.weight);
        if (!plan.largest)
          return {sum[0] + (a + c + d + e), sum[1] + 1};
        Num most = a.max(c).max(d).max(e);
        return {(sum[1] == 0).choose(most, sum[0].max(most)), sum[1] + 1};
      });
  return plan.largest ? result[0] : result[0] / result[1].max(1).toFloat(type);
}

FailureOr<SmallVector<Value>> RoiAlignOp::lower(RewriterBase &rewriter) {
  ImplicitLocOpBuilder b(getLoc(), rewriter);
  Value init = getOutputs()[0];
  RoiPlan plan{getInput(),
               getEdges(),
               getBatches(),
               sizeOf(b, getInput(), 0),
               sizeOf(b, getInput(), 2),
               sizeOf(b, getInput(), 3),
               sizeOf(b, init, 2),
               sizeOf(b, init, 3),
               int64_t(getSampling()),
               getScale().convertToDouble(),
               getHalfPixel(),
               getMax()};
  Type type = typeOfPlaces(b, getInput());
  Type element = getElementTypeOrSelf(init.getType());
  return SmallVector<Value>{
      generate(b, init, [&](Num::Builder &inner, ArrayRef<Num> i) -> Value {
        return sampleRegion(inner, plan, i, type).resize(element);
      })};
}
