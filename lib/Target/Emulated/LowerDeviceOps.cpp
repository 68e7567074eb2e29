//===- LowerDeviceOps.cpp - Device ops become calls of the emulation ------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/Emulated/Emulation.h"
#include "orchestra/Target/Emulated/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace orchestra::emulated {
#define GEN_PASS_DEF_EMULATEDLOWERDEVICEOPSPASS
#include "orchestra/Target/Emulated/Passes.h.inc"
} // namespace orchestra::emulated

using namespace mlir;
using namespace orchestra;
using namespace orchestra::emulated;

/// Numbers of orch_emulated_query in runtime/devices/emulated/emulated.h.
enum Query {
  kItem = 0,
  kGroup = 3,
  kBlock = 6,
  kGrid = 9,
  kLane = 12,
  kSubgroup = 13,
  kNumSubgroups = 14,
  kSubgroupSize = 15
};

static bool isInKernel(Operation *op) {
  auto function = op->getParentOfType<FunctionOpInterface>();
  return function && function->hasAttr(kDeviceCodeAttrName);
}

//===----------------------------------------------------------------------===//
// Device side
//===----------------------------------------------------------------------===//

namespace {
template <typename OpT, int32_t kBase>
struct LowerQuery : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    if (!isInKernel(op))
      return rewriter.notifyMatchFailure(op, "is not device code");
    int32_t query = kBase;
    if constexpr (kBase < kLane)
      query += static_cast<int32_t>(op.getDimension());
    Value number = LLVM::ConstantOp::create(rewriter, op.getLoc(),
                                            rewriter.getI32Type(), query);
    Value id = callDevice(rewriter, op, op.getLoc(), "orch_emulated_id",
                          rewriter.getI64Type(), {getItem(op), number});
    rewriter.replaceOpWithNewOp<arith::IndexCastOp>(op, rewriter.getIndexType(),
                                                    id);
    return success();
  }
};

struct LowerBarrier : OpRewritePattern<gpu::BarrierOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(gpu::BarrierOp op,
                                PatternRewriter &rewriter) const override {
    if (!isInKernel(op))
      return rewriter.notifyMatchFailure(op, "is not device code");
    callDevice(rewriter, op, op.getLoc(), "orch_emulated_barrier", {},
               {getItem(op), getPlace(rewriter, op, op.getLoc())});
    rewriter.eraseOp(op);
    return success();
  }
};

struct LowerShuffle : OpRewritePattern<gpu::ShuffleOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(gpu::ShuffleOp op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getValue().getType();
    if (!isInKernel(op) || !type.isIntOrFloat() ||
        type.getIntOrFloatBitWidth() > 64)
      return rewriter.notifyMatchFailure(op, "not a scalar of device code");
    Location loc = op.getLoc();
    Type i64 = rewriter.getI64Type(), i32 = rewriter.getI32Type();
    Type bits = rewriter.getIntegerType(type.getIntOrFloatBitWidth());
    Value value = op.getValue();
    if (type != bits)
      value = arith::BitcastOp::create(rewriter, loc, bits, value);
    if (bits != i64)
      value = arith::ExtUIOp::create(rewriter, loc, i64, value);
    Value mode = LLVM::ConstantOp::create(rewriter, loc, i32,
                                          static_cast<int32_t>(op.getMode()));
    Value item = getItem(op);
    Value result = callDevice(rewriter, op, loc, "orch_emulated_shuffle", i64,
                              {item, value, mode, op.getOffset(), op.getWidth(),
                               getPlace(rewriter, op, loc)});
    if (bits != i64)
      result = arith::TruncIOp::create(rewriter, loc, bits, result);
    if (type != bits)
      result = arith::BitcastOp::create(rewriter, loc, type, result);
    Value valid = callDevice(rewriter, op, loc, "orch_emulated_shuffle_valid",
                             i32, {item});
    valid = arith::TruncIOp::create(rewriter, loc, rewriter.getI1Type(), valid);
    rewriter.replaceOp(op, {result, valid});
    return success();
  }
};

/// Items run one at a time, and give way only where they wait.
struct LowerGenericAtomic : OpRewritePattern<memref::GenericAtomicRMWOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(memref::GenericAtomicRMWOp op,
                                PatternRewriter &rewriter) const override {
    if (!isInKernel(op))
      return rewriter.notifyMatchFailure(op, "is not device code");
    Location loc = op.getLoc();
    Value old =
        memref::LoadOp::create(rewriter, loc, op.getMemref(), op.getIndices());
    auto yield = cast<memref::AtomicYieldOp>(op.getBody()->getTerminator());
    rewriter.inlineBlockBefore(op.getBody(), op, old);
    memref::StoreOp::create(rewriter, loc, yield.getResult(), op.getMemref(),
                            op.getIndices());
    rewriter.eraseOp(yield);
    rewriter.replaceOp(op, old);
    return success();
  }
};

/// A constant's memory is no allocation: the kernel names it.
struct NameConstant : OpRewritePattern<memref::GetGlobalOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(memref::GetGlobalOp op,
                                PatternRewriter &rewriter) const override {
    constexpr StringLiteral done = "orchestra.emulated.named";
    if (!isInKernel(op) || op->hasAttr(done))
      return rewriter.notifyMatchFailure(op, "needs no name");
    Location loc = op.getLoc();
    MemRefType type = op.getType();
    rewriter.setInsertionPointAfter(op);
    SmallVector<Value> zeros(type.getRank(),
                             arith::ConstantIndexOp::create(rewriter, loc, 0));
    Value size = LLVM::ConstantOp::create(
        rewriter, loc, rewriter.getI64Type(),
        type.getNumElements() * getElementBytes(type.getElementType()));
    callDevice(rewriter, op, loc, "orch_emulated_constant", {},
               {getItem(op), getPointer(rewriter, loc, op, zeros), size});
    rewriter.modifyOpInPlace(
        op, [&] { op->setAttr(done, rewriter.getUnitAttr()); });
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Host side
//===----------------------------------------------------------------------===//

/// Work is done when it is given, so whoever asks for a token gets an empty
/// one.
template <typename OpT>
void replaceToken(OpT op, PatternRewriter &rewriter, ValueRange results) {
  SmallVector<Value> all(results);
  if (op.getAsyncToken())
    all.push_back(gpu::WaitOp::create(rewriter, op.getLoc(),
                                      op.getAsyncToken().getType(),
                                      ValueRange())
                      .getAsyncToken());
  rewriter.replaceOp(op, all);
}

struct LowerAlloc : OpRewritePattern<gpu::AllocOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(gpu::AllocOp op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    MemRefType type = op.getType();
    if (!type.getLayout().isIdentity())
      return rewriter.notifyMatchFailure(op, "not dense");
    Value bytes = arith::ConstantIndexOp::create(
        rewriter, loc, getElementBytes(type.getElementType()));
    for (int64_t dim = 0, next = 0; dim < type.getRank(); ++dim) {
      Value size = type.isDynamicDim(dim)
                       ? op.getDynamicSizes()[next++]
                       : arith::ConstantIndexOp::create(rewriter, loc,
                                                        type.getDimSize(dim))
                             .getResult();
      bytes = arith::MulIOp::create(rewriter, loc, bytes, size);
    }
    Value pointer =
        callDevice(rewriter, op, loc, "orch_emulated_allocate",
                   LLVM::LLVMPointerType::get(getContext()), {bytes});
    replaceToken(
        op, rewriter,
        makeMemRef(rewriter, loc, type, pointer, op.getDynamicSizes()));
    return success();
  }
};

struct LowerDealloc : OpRewritePattern<gpu::DeallocOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(gpu::DeallocOp op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    // The buffer begins where it was allocated, whatever the view's offset.
    Value base = memref::ExtractAlignedPointerAsIndexOp::create(rewriter, loc,
                                                                op.getMemref());
    Value number =
        arith::IndexCastOp::create(rewriter, loc, rewriter.getI64Type(), base);
    Value pointer = LLVM::IntToPtrOp::create(
        rewriter, loc, LLVM::LLVMPointerType::get(getContext()), number);
    callDevice(rewriter, op, loc, "orch_emulated_deallocate", {}, {pointer});
    replaceToken(op, rewriter, {});
    return success();
  }
};

struct LowerMemcpy : OpRewritePattern<gpu::MemcpyOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(gpu::MemcpyOp op,
                                PatternRewriter &rewriter) const override {
    linalg::CopyOp::create(rewriter, op.getLoc(), op.getSrc(), op.getDst());
    replaceToken(op, rewriter, {});
    return success();
  }
};

struct LowerMemset : OpRewritePattern<gpu::MemsetOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(gpu::MemsetOp op,
                                PatternRewriter &rewriter) const override {
    linalg::FillOp::create(rewriter, op.getLoc(), op.getValue(), op.getDst());
    replaceToken(op, rewriter, {});
    return success();
  }
};

struct LowerWait : OpRewritePattern<gpu::WaitOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(gpu::WaitOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getAsyncToken() && !op.getAsyncToken().use_empty()) {
      if (op.getAsyncDependencies().empty())
        return rewriter.notifyMatchFailure(op, "its users go first");
      rewriter.replaceOpWithNewOp<gpu::WaitOp>(op, op.getAsyncToken().getType(),
                                               ValueRange());
      return success();
    }
    rewriter.eraseOp(op);
    return success();
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// A CPU has one space of addresses, and none of the vendor's types.
static void replaceTypes(ModuleOp module, const Architecture &architecture) {
  AttrTypeReplacer replacer;
  if (architecture.populateTypes)
    architecture.populateTypes(replacer);
  replacer.addReplacement([](MemRefType type) -> Type {
    if (!type.getMemorySpace())
      return type;
    return MemRefType(MemRefType::Builder(type).setMemorySpace({}));
  });
  replacer.recursivelyReplaceElementsIn(module, /*replaceAttrs=*/true,
                                        /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
  // Casts between spaces are nothing now.
  module.walk([](Operation *op) {
    if (isa<memref::MemorySpaceCastOp, UnrealizedConversionCastOp>(op) &&
        op->getNumResults() == 1 && op->getNumOperands() == 1 &&
        op->getResult(0).getType() == op->getOperand(0).getType()) {
      op->replaceAllUsesWith(op->getOperands());
      op->erase();
    }
  });
}

/// Reports kernels whose groups use more shared memory than there is.
static LogicalResult checkShared(ModuleOp module,
                                 const Architecture &architecture) {
  bool failedAny = false;
  for (auto kernel : module.getOps<func::FuncOp>()) {
    auto used = kernel->getAttrOfType<IntegerAttr>(kSharedBytesAttrName);
    if (!used || used.getInt() <= architecture.sharedBytes)
      continue;
    emitError(kernel.getLoc(), "kernel ")
        << kernel->getAttr(kDeviceCodeAttrName) << " needs " << used.getInt()
        << " bytes of shared memory; a group of " << architecture.name
        << " has " << architecture.sharedBytes << " [shared-memory]";
    failedAny = true;
  }
  return failure(failedAny);
}

/// Reports every op that the CPU's lowering will not know.
static LogicalResult checkLeftovers(ModuleOp module, StringRef arch) {
  bool failedAny = false;
  module.walk([&](Operation *op) {
    if (isa<ModuleOp, memref::AllocOp>(op) && !isInKernel(op))
      return;
    if (isInKernel(op) && isa<memref::AllocOp>(op)) {
      emitError(op->getLoc(), "a kernel would need heap memory "
                              "[unsupported-by-target]");
      failedAny = true;
      return;
    }
    if (isa<UnrealizedConversionCastOp>(op) ||
        isa<affine::AffineDialect, arith::ArithDialect, cf::ControlFlowDialect,
            func::FuncDialect, linalg::LinalgDialect, LLVM::LLVMDialect,
            math::MathDialect, memref::MemRefDialect, scf::SCFDialect,
            ub::UBDialect, vector::VectorDialect>(op->getDialect()))
      return;
    emitError(op->getLoc(), "the emulation of '")
        << arch << "' does not know the op '" << op->getName()
        << "' [unsupported-by-target]";
    failedAny = true;
  });
  return failure(failedAny);
}

namespace {
struct EmulatedLowerDeviceOpsPass
    : public emulated::impl::EmulatedLowerDeviceOpsPassBase<
          EmulatedLowerDeviceOpsPass> {
  using Base::Base;

  void runOnOperation() override {
    MLIRContext *ctx = &getContext();
    auto *dialect = ctx->getLoadedDialect<OrchestraDialect>();
    const Architecture *architecture =
        Architectures::get(*dialect).require(arch, getOperation().getLoc());
    if (!architecture)
      return signalPassFailure();
    RewritePatternSet patterns(ctx);
    patterns.add<
        LowerQuery<gpu::ThreadIdOp, kItem>, LowerQuery<gpu::BlockIdOp, kGroup>,
        LowerQuery<gpu::BlockDimOp, kBlock>, LowerQuery<gpu::GridDimOp, kGrid>,
        LowerQuery<gpu::LaneIdOp, kLane>,
        LowerQuery<gpu::SubgroupIdOp, kSubgroup>,
        LowerQuery<gpu::NumSubgroupsOp, kNumSubgroups>,
        LowerQuery<gpu::SubgroupSizeOp, kSubgroupSize>, LowerBarrier,
        LowerGenericAtomic, LowerShuffle, NameConstant, LowerAlloc,
        LowerDealloc, LowerMemcpy, LowerMemset, LowerWait>(ctx);
    if (architecture->populatePatterns)
      architecture->populatePatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    // The machine was data for the passes before this one.
    for (auto topology :
         llvm::make_early_inc_range(getOperation().getOps<TopologyOp>()))
      topology.erase();
    replaceTypes(getOperation(), *architecture);
    if (failed(checkShared(getOperation(), *architecture)) ||
        failed(checkLeftovers(getOperation(), arch)))
      signalPassFailure();
  }
};
} // namespace
