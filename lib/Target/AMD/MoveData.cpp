//===- MoveData.cpp - Transfers by raw buffer loads and stores ------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: each thread moves 16 bytes by amdgpu.raw_buffer_load and store. Buffers
//   know their size, so nothing outside is touched whatever the index; whether
//   a part of 16 bytes is done depends on the chip, so the last few elements go
//   one by one.
// Limit: offsets in a buffer have 32 bits. Buffers whose size is not known to
//   be below 2 GB, and those with gaps, are copied by plain loads and stores.
//
//===----------------------------------------------------------------------===//
#include "MoveData.h"

#include "orchestra/Conversion/OrchestraToGPU/CopyKernel.h"
#include "orchestra/Conversion/OrchestraToGPU/TransferLowering.h"

#include "mlir/Dialect/AMDGPU/IR/AMDGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace orchestra;

constexpr int64_t kThreads = 256;
constexpr int64_t kChunkBytes = 16;
constexpr int64_t kMaxBufferBytes = (int64_t(1) << 31) - 1;

static bool fitsBuffer(MemRefType type) {
  Type element = type.getElementType();
  return isDense(type) && element.isIntOrFloat() &&
         element.getIntOrFloatBitWidth() % 8 == 0 &&
         kChunkBytes % getElementBytes(element) == 0;
}

namespace {
/// Emits the body of one kernel.
class BufferMover {
public:
  BufferMover(OpBuilder &builder, Location loc, Value source, Value target)
      : builder(builder), loc(loc), index(builder, loc),
        source(flatten(builder, loc, source)),
        target(flatten(builder, loc, target)),
        element(cast<MemRefType>(source.getType()).getElementType()),
        chunk(kChunkBytes / getElementBytes(element)) {}

  void move();

private:
  void moveBuffers(gpu::LaunchOp kernel);
  void moveOne(Value at, Type type);

  OpBuilder &builder;
  Location loc;
  IndexBuilder index;
  Value source, target;
  Type element;
  int64_t chunk;
};
} // namespace

void BufferMover::moveOne(Value at, Type type) {
  Value offset =
      arith::IndexCastOp::create(builder, loc, builder.getI32Type(), at);
  Value value = amdgpu::RawBufferLoadOp::create(
      builder, loc, type, source, offset, /*boundsCheck=*/true,
      /*indexOffset=*/IntegerAttr(), /*sgprOffset=*/Value());
  amdgpu::RawBufferStoreOp::create(builder, loc, value, target, offset,
                                   /*boundsCheck=*/true, IntegerAttr(),
                                   Value());
}

void BufferMover::moveBuffers(gpu::LaunchOp kernel) {
  OpBuilder::InsertionGuard guard(builder);
  Value size = index.dim(source, 0), each = index.constant(chunk);
  Value step = index.constant(kThreads * chunk);
  Value first = index.add(index.mul(kernel.getBlockIds().x, step),
                          index.mul(kernel.getThreadIds().x, each));
  auto loop = scf::ForOp::create(builder, loc, first, size,
                                 index.mul(kernel.getGridSize().x, step));
  builder.setInsertionPointToStart(loop.getBody());
  Value at = loop.getInductionVar();
  Value whole = builder.createOrFold<arith::CmpIOp>(
      loc, arith::CmpIPredicate::sle, index.add(at, each), size);
  auto branch = scf::IfOp::create(builder, loc, whole, /*withElseRegion=*/true);
  builder.setInsertionPointToStart(branch.thenBlock());
  moveOne(at, chunk == 1 ? element : VectorType::get({chunk}, element));
  builder.setInsertionPointToStart(branch.elseBlock());
  auto rest = scf::ForOp::create(builder, loc, at, size, index.constant(1));
  builder.setInsertionPointToStart(rest.getBody());
  moveOne(rest.getInductionVar(), element);
}

void BufferMover::move() {
  Value size = index.dim(source, 0);
  gpu::LaunchOp kernel =
      openKernel(builder, loc, index.ceilDiv(size, kThreads * chunk), kThreads);
  auto type = cast<MemRefType>(source.getType());
  if (type.hasStaticShape())
    return moveBuffers(kernel);
  // Which way to go is known when it runs.
  Value limit = index.constant(kMaxBufferBytes / getElementBytes(element) + 1);
  auto branch =
      scf::IfOp::create(builder, loc, index.less(index.dim(source, 0), limit),
                        /*withElseRegion=*/true);
  builder.setInsertionPointToStart(branch.thenBlock());
  moveBuffers(kernel);
  builder.setInsertionPointToStart(branch.elseBlock());
  copyElements(builder, kernel, loc, source, target, index.constant(0));
}

namespace {
class AMDTransfers : public TransferLowering {
public:
  ArrayRef<StringRef> getArchs() const override {
    static constexpr StringRef archs[] = {"amd_cdna3", "amd_cdna4",
                                          "amd_rdna4"};
    return archs;
  }

  void loadDialects(MLIRContext &context) const override {
    context.loadDialect<amdgpu::AMDGPUDialect, vector::VectorDialect>();
  }

  void lower(OpBuilder &builder, Location loc, StringRef, Value source,
             Value target) const override {
    OpBuilder::InsertionGuard guard(builder);
    auto from = cast<MemRefType>(source.getType());
    auto to = cast<MemRefType>(target.getType());
    bool fits = fitsBuffer(from) && fitsBuffer(to);
    if (fits && from.hasStaticShape())
      fits = from.getNumElements() * getElementBytes(from.getElementType()) <=
             kMaxBufferBytes;
    if (fits) {
      BufferMover(builder, loc, source, target).move();
      return;
    }
    IndexBuilder index(builder, loc);
    Value work = index.ceilDiv(index.size(source), kThreads);
    gpu::LaunchOp kernel = openKernel(builder, loc, work, kThreads);
    copyElements(builder, kernel, loc, source, target, index.constant(0));
  }
};
} // namespace

void amd::registerTransfers(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, OrchestraDialect *dialect) {
    TransferLowerings::get(*dialect).add(std::make_unique<AMDTransfers>());
  });
}
