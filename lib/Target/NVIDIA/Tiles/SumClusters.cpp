//===- SumClusters.cpp - Sums over the blocks of a cluster ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A thread's registers meet those of the same thread of other blocks: each
// writes its own to shared memory and reads those of its columns from all
// blocks, in the order of ranks. Neighbouring threads lie in neighbouring
// words.
//
//===----------------------------------------------------------------------===//
#include "Distributor.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

static constexpr int64_t kWordBytes = 4;

LogicalResult Distributor::distributeSum(SumClusterOp op) {
  Location loc = op.getLoc();
  MLIRContext *ctx = op.getContext();
  VectorType tile = op.getTile().getType(), part = op.getPart().getType();
  int64_t split = tile.getDimSize(1) / part.getDimSize(1);
  int64_t blocks = tile.getDimSize(0) / consumers / 64;
  ArrayRef<Value> values = registers[op.getTile()];
  if (!tile.getElementType().isF32() || op->getBlock() != entry)
    return emitError(loc, "tiles of a cluster are added once, as f32 "
                          "[unsupported-by-target]");
  int64_t perBlock = values.size() / blocks, perPart = perBlock / split;
  auto shared = LLVM::LLVMPointerType::get(ctx, 3);
  auto remote = LLVM::LLVMPointerType::get(ctx, 7);
  Type i32 = builder.getI32Type(), f32 = builder.getF32Type();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getI32IntegerAttr(value));
  };
  auto at = [&](Value base, int64_t number) -> Value {
    return LLVM::GEPOp::create(builder, loc, base.getType(), f32, base,
                               ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(
                                   number * kWarpgroupThreads)});
  };
  Value buffer;
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(entry->getParentOp());
    buffer = SharedOp::create(builder, loc, shared,
                              tile.getNumElements() * kWordBytes, 16);
  }
  // This thread's first word.
  Value thread = NVVM::ThreadIdXOp::create(builder, loc, i32);
  thread = arith::AndIOp::create(builder, loc, thread,
                                 constant(kWarpgroupThreads - 1));
  Value group = arith::IndexCastOp::create(builder, loc, i32, warpgroup);
  group = arith::MulIOp::create(
      builder, loc, group,
      constant(static_cast<int64_t>(values.size()) * kWarpgroupThreads));
  Value word = arith::AddIOp::create(builder, loc, group, thread);
  Value own =
      LLVM::GEPOp::create(builder, loc, shared, f32, buffer, ValueRange(word));
  for (auto [number, value] : llvm::enumerate(values))
    LLVM::StoreOp::create(builder, loc, value, at(own, number), kWordBytes);
  NVVM::ClusterArriveOp::create(builder, loc, builder.getUnitAttr());
  NVVM::ClusterWaitOp::create(builder, loc, builder.getUnitAttr());

  Value rank = arith::IndexCastOp::create(
      builder, loc, i32, RankOp::create(builder, loc, builder.getIndexType()));
  Value first = LLVM::GEPOp::create(
      builder, loc, shared, f32, own,
      ValueRange(arith::MulIOp::create(builder, loc, rank,
                                       constant(perPart * kWarpgroupThreads))));
  SmallVector<Value> sums;
  for (int64_t from = 0; from < split; ++from) {
    Value place =
        NVVM::MapaOp::create(builder, loc, remote, first, constant(from));
    for (int64_t block = 0, next = 0; block < blocks; ++block)
      for (int64_t i = 0; i < perPart; ++i, ++next) {
        Value value = LLVM::LoadOp::create(
            builder, loc, f32, at(place, block * perBlock + i), kWordBytes);
        if (from == 0)
          sums.push_back(value);
        else
          sums[next] = arith::AddFOp::create(builder, loc, sums[next], value);
      }
  }
  // Nobody leaves while others read what it wrote.
  NVVM::ClusterArriveOp::create(builder, loc, builder.getUnitAttr());
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(entry);
  NVVM::ClusterWaitOp::create(builder, loc, builder.getUnitAttr());
  keep(op.getPart(), sums);
  old.push_back(op);
  return success();
}
