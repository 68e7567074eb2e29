//===- Emulate.cpp - How AMD GPUs are emulated ----------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Raw buffers of amdgpu: outside the buffer a load gives zero and a store does
// nothing. Accesses that are partly outside depend on the chip, so they break a
// rule here.
//
//===----------------------------------------------------------------------===//
#include "MoveData.h"

#include "orchestra/Target/AMD/Registration.h"
#include "orchestra/Target/Emulated/Emulation.h"

#include "mlir/Dialect/AMDGPU/IR/AMDGPUDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::emulated;

namespace {
/// Where an access goes, and whether its bytes are inside the buffer (i1).
struct BufferAccess {
  Value pointer, inside;
};
} // namespace

/// The buffer reaches to max(size * stride) from the memref's address, as
/// upstream's lowering sets the number of records.
template <typename OpT>
static BufferAccess getAccess(PatternRewriter &rewriter, OpT op,
                              Type accessed) {
  Location loc = op.getLoc();
  Type i64 = rewriter.getI64Type();
  auto type = cast<MemRefType>(op.getMemref().getType());
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(rewriter, loc, value);
  };
  auto metadata =
      memref::ExtractStridedMetadataOp::create(rewriter, loc, op.getMemref());
  Value extent = number(type.getRank() == 0 ? 1 : 0);
  Value offset = number(op.getIndexOffset().value_or(0));
  for (auto [index, size, stride] : llvm::zip_equal(
           op.getIndices(), metadata.getSizes(), metadata.getStrides())) {
    Value reach = arith::MulIOp::create(rewriter, loc, size, stride);
    extent = arith::MaxSIOp::create(rewriter, loc, extent, reach);
    Value position = arith::IndexCastUIOp::create(
        rewriter, loc, rewriter.getIndexType(), index);
    position = arith::MulIOp::create(rewriter, loc, position, stride);
    offset = arith::AddIOp::create(rewriter, loc, offset, position);
  }
  int64_t each = getElementBytes(type.getElementType());
  int64_t count = getElementBytes(accessed) / each;
  Value end = arith::AddIOp::create(rewriter, loc, offset, number(count));
  Value starts = arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::slt,
                                       offset, extent);
  Value inside = arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::sle,
                                       end, extent);
  // All of it, or nothing.
  Value whole = arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::eq,
                                      starts, inside);
  whole = arith::ExtUIOp::create(rewriter, loc, rewriter.getI32Type(), whole);
  callDevice(rewriter, op, loc, "orch_emulated_require", {},
             {getItem(op), whole,
              getString(rewriter, op, loc,
                        "an access of a raw buffer is inside it or outside, "
                        "not both"),
              getPlace(rewriter, op, loc)});
  SmallVector<Value> zeros(type.getRank(), number(0));
  Value address = getAddress(rewriter, loc, op.getMemref(), zeros);
  Value bytes = arith::MulIOp::create(rewriter, loc, offset, number(each));
  address = arith::AddIOp::create(rewriter, loc, address, bytes);
  address = arith::IndexCastOp::create(rewriter, loc, i64, address);
  Value pointer = LLVM::IntToPtrOp::create(
      rewriter, loc, LLVM::LLVMPointerType::get(rewriter.getContext()),
      address);
  return {pointer, inside};
}

namespace {
struct EmulateLoad : OpRewritePattern<amdgpu::RawBufferLoadOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(amdgpu::RawBufferLoadOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getSgprOffset() || !op.getBoundsCheck())
      return rewriter.notifyMatchFailure(op, "not a checked load");
    Location loc = op.getLoc();
    Type type = op.getValue().getType();
    BufferAccess access = getAccess(rewriter, op, type);
    auto branch = scf::IfOp::create(rewriter, loc, type, access.inside,
                                    /*withElseRegion=*/true);
    rewriter.setInsertionPointToStart(branch.thenBlock());
    Value value = LLVM::LoadOp::create(rewriter, loc, type, access.pointer,
                                       /*alignment=*/1);
    scf::YieldOp::create(rewriter, loc, value);
    rewriter.setInsertionPointToStart(branch.elseBlock());
    Value zero =
        arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(type));
    scf::YieldOp::create(rewriter, loc, zero);
    rewriter.replaceOp(op, branch);
    return success();
  }
};

struct EmulateStore : OpRewritePattern<amdgpu::RawBufferStoreOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(amdgpu::RawBufferStoreOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getSgprOffset() || !op.getBoundsCheck())
      return rewriter.notifyMatchFailure(op, "not a checked store");
    Location loc = op.getLoc();
    BufferAccess access = getAccess(rewriter, op, op.getValue().getType());
    auto branch = scf::IfOp::create(rewriter, loc, access.inside);
    rewriter.setInsertionPointToStart(branch.thenBlock());
    LLVM::StoreOp::create(rewriter, loc, op.getValue(), access.pointer,
                          /*alignment=*/1);
    rewriter.eraseOp(op);
    return success();
  }
};

struct EmulateBarrier : OpRewritePattern<amdgpu::LDSBarrierOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(amdgpu::LDSBarrierOp op,
                                PatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<gpu::BarrierOp>(op);
    return success();
  }
};
} // namespace

static void populatePatterns(RewritePatternSet &patterns) {
  patterns.add<EmulateBarrier, EmulateLoad, EmulateStore>(
      patterns.getContext());
}

void amd::registerEmulation(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, OrchestraDialect *dialect) {
    Architectures &known = Architectures::get(*dialect);
    // Wave size and LDS of a work-group, from AMD's instruction set guides.
    known.add({"amd_cdna3", 64, 64 << 10, populatePatterns, nullptr});
    known.add({"amd_cdna4", 64, 160 << 10, populatePatterns, nullptr});
    known.add({"amd_rdna4", 32, 64 << 10, populatePatterns, nullptr});
  });
}

void amd::registerDialects(DialectRegistry &registry) {
  registerTransfers(registry);
  registerEmulation(registry);
}
