//===- CopyKernel.cpp - Parts of kernels that copy buffers ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Conversion/OrchestraToGPU/CopyKernel.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"

using namespace mlir;
using namespace orchestra;

Value IndexBuilder::constant(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}
Value IndexBuilder::add(Value a, Value b) {
  return builder.createOrFold<arith::AddIOp>(loc, a, b);
}
Value IndexBuilder::sub(Value a, Value b) {
  return builder.createOrFold<arith::SubIOp>(loc, a, b);
}
Value IndexBuilder::mul(Value a, Value b) {
  return builder.createOrFold<arith::MulIOp>(loc, a, b);
}
Value IndexBuilder::div(Value a, int64_t b) {
  return builder.createOrFold<arith::DivUIOp>(loc, a, constant(b));
}
Value IndexBuilder::ceilDiv(Value a, int64_t b) {
  return builder.createOrFold<arith::CeilDivUIOp>(loc, a, constant(b));
}
Value IndexBuilder::min(Value a, Value b) {
  return builder.createOrFold<arith::MinSIOp>(loc, a, b);
}
Value IndexBuilder::max(Value a, Value b) {
  return builder.createOrFold<arith::MaxSIOp>(loc, a, b);
}
Value IndexBuilder::less(Value a, Value b) {
  return builder.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::slt, a,
                                             b);
}
Value IndexBuilder::dim(Value memref, int64_t number) {
  auto type = cast<MemRefType>(memref.getType());
  if (!type.isDynamicDim(number))
    return constant(type.getDimSize(number));
  return memref::DimOp::create(builder, loc, memref, number);
}
Value IndexBuilder::size(Value memref) {
  Value product = constant(1);
  for (int64_t i = 0; i < cast<MemRefType>(memref.getType()).getRank(); ++i)
    product = mul(product, dim(memref, i));
  return product;
}

bool orchestra::isDense(MemRefType type) {
  return type.getLayout().isIdentity();
}

int64_t orchestra::getElementBytes(Type element) {
  return element.isIndex() ? 8
                           : static_cast<int64_t>(llvm::divideCeil(
                                 element.getIntOrFloatBitWidth(), 8));
}

Value orchestra::flatten(OpBuilder &builder, Location loc, Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  if (type.getRank() == 1)
    return memref;
  if (type.getRank() == 0)
    return memref::ExpandShapeOp::create(
        builder, loc,
        MemRefType::get({1}, type.getElementType(), MemRefLayoutAttrInterface(),
                        type.getMemorySpace()),
        memref, ArrayRef<ReassociationIndices>{});
  ReassociationIndices all =
      llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
  return memref::CollapseShapeOp::create(builder, loc, memref,
                                         ArrayRef<ReassociationIndices>{all});
}

gpu::LaunchOp orchestra::openKernel(OpBuilder &builder, Location loc,
                                    Value work, int64_t threads,
                                    int64_t maxBlocks) {
  IndexBuilder index(builder, loc);
  Value one = index.constant(1);
  // A grid of no blocks cannot be launched.
  Value blocks = index.max(one, index.min(work, index.constant(maxBlocks)));
  Value size = index.constant(threads);
  auto launch =
      gpu::LaunchOp::create(builder, loc, blocks, one, one, size, one, one);
  builder.setInsertionPointToStart(&launch.getBody().front());
  auto end = gpu::TerminatorOp::create(builder, loc);
  builder.setInsertionPoint(end);
  return launch;
}

void orchestra::copyElements(OpBuilder &builder, gpu::LaunchOp kernel,
                             Location loc, Value source, Value target,
                             Value first) {
  OpBuilder::InsertionGuard guard(builder);
  IndexBuilder index(builder, loc);
  int64_t rank = cast<MemRefType>(source.getType()).getRank();
  Value threads = kernel.getBlockSize().x;
  Value thread = index.add(index.mul(kernel.getBlockIds().x, threads),
                           kernel.getThreadIds().x);
  Value step = index.mul(threads, kernel.getGridSize().x);
  auto loop = scf::ForOp::create(builder, loc, index.add(first, thread),
                                 index.size(source), step);
  builder.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> indices;
  if (rank == 1) {
    indices.push_back(loop.getInductionVar());
  } else if (rank > 1) {
    SmallVector<OpFoldResult> basis;
    for (int64_t dim = 0; dim < rank; ++dim)
      basis.push_back(getAsOpFoldResult(index.dim(source, dim)));
    llvm::append_range(indices, affine::AffineDelinearizeIndexOp::create(
                                    builder, loc, loop.getInductionVar(), basis)
                                    .getResults());
  }
  Value value = memref::LoadOp::create(builder, loc, source, indices);
  memref::StoreOp::create(builder, loc, value, target, indices);
}
