//===- Emulate.cpp - How NVIDIA GPUs are emulated -------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Asynchronous copies of nvgpu: cp.async, and TMA with its barriers in shared
// memory. The emulated device does copies late, so that a missing wait shows.
//
//===----------------------------------------------------------------------===//
#include "Emulate.h"
#include "Registration.h"

#include "orchestra/Target/Emulated/Emulation.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::emulated;
using namespace orchestra::nvidia;

Value nvidia::getNumber(OpBuilder &builder, Location loc, int64_t value) {
  return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(), value);
}

Value nvidia::getWord(OpBuilder &builder, Location loc, int64_t value) {
  return LLVM::ConstantOp::create(builder, loc, builder.getI32Type(), value);
}

Value nvidia::reserveStack(OpBuilder &builder, Operation *op, Type type) {
  OpBuilder::InsertionGuard guard(builder);
  auto function = op->getParentOfType<FunctionOpInterface>();
  builder.setInsertionPointToStart(&function.getFunctionBody().front());
  return LLVM::AllocaOp::create(
      builder, op->getLoc(), LLVM::LLVMPointerType::get(builder.getContext()),
      type, getNumber(builder, op->getLoc(), 1));
}

//===----------------------------------------------------------------------===//
// cp.async
//===----------------------------------------------------------------------===//

namespace {
struct EmulateCopy : OpRewritePattern<nvgpu::DeviceAsyncCopyOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nvgpu::DeviceAsyncCopyOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getAsyncToken().use_empty())
      return rewriter.notifyMatchFailure(op, "its users go first");
    Location loc = op.getLoc();
    int64_t each = getElementBytes(op.getDst().getType().getElementType());
    int64_t bytes = op.getDstElements().getZExtValue() * each;
    Value to = getPointer(rewriter, loc, op.getDst(), op.getDstIndices());
    Value from = getPointer(rewriter, loc, op.getSrc(), op.getSrcIndices());
    Value place = getPlace(rewriter, op, loc);
    Value read = getNumber(rewriter, loc, bytes);
    if (Value elements = op.getSrcElements()) {
      elements = arith::IndexCastOp::create(rewriter, loc,
                                            rewriter.getI64Type(), elements);
      read = arith::MulIOp::create(rewriter, loc, elements,
                                   getNumber(rewriter, loc, each));
    }
    for (Value pointer : {to, from}) {
      Value address = LLVM::PtrToIntOp::create(rewriter, loc,
                                               rewriter.getI64Type(), pointer);
      Value rest = arith::RemUIOp::create(rewriter, loc, address,
                                          getNumber(rewriter, loc, bytes));
      Value holds =
          arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::eq, rest,
                                getNumber(rewriter, loc, 0));
      holds =
          arith::ExtUIOp::create(rewriter, loc, rewriter.getI32Type(), holds);
      Value rule = getString(rewriter, op, loc,
                             "both ends of an asynchronous copy are aligned to "
                             "its size");
      callDevice(rewriter, op, loc, "orch_emulated_require", {},
                 {getItem(op), holds, rule, place});
    }
    callDevice(
        rewriter, op, loc, "orch_emulated_async_copy", {},
        {getItem(op), to, from, getNumber(rewriter, loc, bytes), read, place});
    rewriter.eraseOp(op);
    return success();
  }
};

struct EmulateCreateGroup : OpRewritePattern<nvgpu::DeviceAsyncCreateGroupOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nvgpu::DeviceAsyncCreateGroupOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getAsyncToken().use_empty())
      return rewriter.notifyMatchFailure(op, "its users go first");
    callDevice(rewriter, op, op.getLoc(), "orch_emulated_async_commit", {},
               getItem(op));
    rewriter.eraseOp(op);
    return success();
  }
};

struct EmulateWait : OpRewritePattern<nvgpu::DeviceAsyncWaitOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nvgpu::DeviceAsyncWaitOp op,
                                PatternRewriter &rewriter) const override {
    Value pending =
        getNumber(rewriter, op.getLoc(), op.getNumGroups().value_or(0));
    callDevice(rewriter, op, op.getLoc(), "orch_emulated_async_wait", {},
               {getItem(op), pending});
    rewriter.eraseOp(op);
    return success();
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Barriers in shared memory
//===----------------------------------------------------------------------===//

/// Where the barriers lie in shared memory; reserved when first asked for.
constexpr llvm::StringLiteral kOffsetAttrName = "orchestra.emulated.offset";
constexpr int64_t kBarrierBytes = 8;

/// The address of barrier `id` of a group, or null if the group comes from
/// somewhere the emulation cannot see.
static Value getBarrier(PatternRewriter &rewriter, Operation *op, Value group,
                        Value id) {
  auto create = group.getDefiningOp<nvgpu::MBarrierCreateOp>();
  if (!create)
    return Value();
  Location loc = op->getLoc();
  auto type = cast<nvgpu::MBarrierGroupType>(group.getType());
  auto offset = create->getAttrOfType<IntegerAttr>(kOffsetAttrName);
  if (!offset) {
    offset = rewriter.getI64IntegerAttr(
        reserveShared(op, kBarrierBytes * type.getNumBarriers()));
    create->setAttr(kOffsetAttrName, offset);
  }
  Value bytes =
      arith::IndexCastOp::create(rewriter, loc, rewriter.getI64Type(), id);
  bytes = arith::MulIOp::create(rewriter, loc, bytes,
                                getNumber(rewriter, loc, kBarrierBytes));
  bytes = arith::AddIOp::create(rewriter, loc, bytes,
                                getNumber(rewriter, loc, offset.getInt()));
  return callDevice(rewriter, op, loc, "orch_emulated_shared",
                    LLVM::LLVMPointerType::get(rewriter.getContext()),
                    {getItem(op), bytes});
}

void nvidia::enterPredicate(OpBuilder &builder, Location loc, Value predicate) {
  if (!predicate)
    return;
  auto branch = scf::IfOp::create(builder, loc, predicate);
  builder.setInsertionPointToStart(branch.thenBlock());
}

/// Replaces an op that sets what a barrier waits for.
template <typename OpT>
static LogicalResult updateBarrier(PatternRewriter &rewriter, OpT op,
                                   StringRef function, ValueRange counts) {
  Location loc = op.getLoc();
  Value barrier = getBarrier(rewriter, op, op.getBarriers(), op.getMbarId());
  if (!barrier)
    return rewriter.notifyMatchFailure(op, "barrier of unknown origin");
  enterPredicate(rewriter, loc, op.getPredicate());
  SmallVector<Value> arguments{getItem(op), barrier};
  llvm::append_range(arguments, counts);
  arguments.push_back(getPlace(rewriter, op, loc));
  callDevice(rewriter, op, loc, function, {}, arguments);
  rewriter.eraseOp(op);
  return success();
}

namespace {
struct EmulateInit : OpRewritePattern<nvgpu::MBarrierInitOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nvgpu::MBarrierInitOp op,
                                PatternRewriter &rewriter) const override {
    return updateBarrier(rewriter, op, "orch_emulated_mbarrier_init",
                         op.getCount());
  }
};

struct EmulateExpect : OpRewritePattern<nvgpu::MBarrierArriveExpectTxOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nvgpu::MBarrierArriveExpectTxOp op,
                                PatternRewriter &rewriter) const override {
    return updateBarrier(
        rewriter, op, "orch_emulated_mbarrier_arrive",
        {getNumber(rewriter, op.getLoc(), 1), op.getTxcount()});
  }
};

struct EmulateTryWait : OpRewritePattern<nvgpu::MBarrierTryWaitParityOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nvgpu::MBarrierTryWaitParityOp op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value barrier = getBarrier(rewriter, op, op.getBarriers(), op.getMbarId());
    if (!barrier)
      return rewriter.notifyMatchFailure(op, "barrier of unknown origin");
    Value parity = arith::ExtUIOp::create(rewriter, loc, rewriter.getI32Type(),
                                          op.getPhaseParity());
    callDevice(rewriter, op, loc, "orch_emulated_mbarrier_wait", {},
               {getItem(op), barrier, parity, getPlace(rewriter, op, loc)});
    rewriter.eraseOp(op);
    return success();
  }
};

struct EmulateCreate : OpRewritePattern<nvgpu::MBarrierCreateOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nvgpu::MBarrierCreateOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getBarriers().use_empty())
      return rewriter.notifyMatchFailure(op, "its users go first");
    rewriter.eraseOp(op);
    return success();
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// TMA
//===----------------------------------------------------------------------===//

Value nvidia::makeArray(OpBuilder &builder, Operation *op, ValueRange values) {
  Location loc = op->getLoc();
  Type i64 = builder.getI64Type();
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Value array = reserveStack(
      builder, op,
      LLVM::LLVMArrayType::get(i64, std::max<size_t>(values.size(), 1)));
  for (auto [i, value] : llvm::enumerate(values)) {
    Value slot =
        LLVM::GEPOp::create(builder, loc, pointer, i64, array,
                            ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
    if (value.getType().isIndex())
      value = arith::IndexCastOp::create(builder, loc, i64, value);
    LLVM::StoreOp::create(builder, loc, value, slot);
  }
  return array;
}

static int64_t getSwizzleBytes(nvgpu::TensorMapSwizzleKind kind) {
  switch (kind) {
  case nvgpu::TensorMapSwizzleKind::SWIZZLE_NONE:
    return 0;
  case nvgpu::TensorMapSwizzleKind::SWIZZLE_32B:
    return 32;
  case nvgpu::TensorMapSwizzleKind::SWIZZLE_64B:
    return 64;
  case nvgpu::TensorMapSwizzleKind::SWIZZLE_128B:
    return 128;
  }
  llvm_unreachable("all kinds are listed");
}

namespace {
struct EmulateCreateMap : OpRewritePattern<nvgpu::TmaCreateDescriptorOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nvgpu::TmaCreateDescriptorOp op,
                                PatternRewriter &rewriter) const override {
    auto cast = op.getTensor().getDefiningOp<memref::CastOp>();
    auto map =
        mlir::cast<nvgpu::TensorMapDescriptorType>(op.getTensorMap().getType());
    if (!cast || !isa<MemRefType>(cast.getSource().getType()) ||
        map.getOob() != nvgpu::TensorMapOOBKind::OOB_ZERO ||
        map.getInterleave() != nvgpu::TensorMapInterleaveKind::INTERLEAVE_NONE)
      return rewriter.notifyMatchFailure(op, "not a plain map of a memref");
    Location loc = op.getLoc();
    Value tensor = cast.getSource();
    auto type = mlir::cast<MemRefType>(tensor.getType());
    auto metadata =
        memref::ExtractStridedMetadataOp::create(rewriter, loc, tensor);
    SmallVector<Value> zeros(type.getRank(),
                             arith::ConstantIndexOp::create(rewriter, loc, 0));
    Value sizes = makeArray(rewriter, op, metadata.getSizes());
    Value strides = makeArray(rewriter, op, metadata.getStrides());
    Value box = makeArray(rewriter, op, op.getBoxDimensions());
    auto pointer = LLVM::LLVMPointerType::get(getContext());
    Value result = callDevice(
        rewriter, op, loc, "orch_emulated_tensor_map", pointer,
        {getPointer(rewriter, loc, tensor, zeros),
         getNumber(rewriter, loc, getElementBytes(type.getElementType())),
         getNumber(rewriter, loc, type.getRank()), sizes, strides, box,
         getNumber(rewriter, loc, getSwizzleBytes(map.getSwizzle()))});
    rewriter.replaceOpWithNewOp<UnrealizedConversionCastOp>(
        op, op.getTensorMap().getType(), result);
    return success();
  }
};

struct EmulateTensorLoad : OpRewritePattern<nvgpu::TmaAsyncLoadOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(nvgpu::TmaAsyncLoadOp op,
                                PatternRewriter &rewriter) const override {
    auto to = op.getDst().getType();
    if (op.getMulticastMask() || !to.getLayout().isIdentity())
      return rewriter.notifyMatchFailure(op, "not a load of one block");
    Location loc = op.getLoc();
    Value barrier = getBarrier(rewriter, op, op.getBarriers(), op.getMbarId());
    if (!barrier)
      return rewriter.notifyMatchFailure(op, "barrier of unknown origin");
    enterPredicate(rewriter, loc, op.getPredicate());
    auto pointer = LLVM::LLVMPointerType::get(getContext());
    Value map = UnrealizedConversionCastOp::create(rewriter, loc, pointer,
                                                   op.getTensorMapDescriptor())
                    .getResult(0);
    SmallVector<Value> zeros(to.getRank(),
                             arith::ConstantIndexOp::create(rewriter, loc, 0));
    callDevice(rewriter, op, loc, "orch_emulated_tensor_load", {},
               {getItem(op), map, getPointer(rewriter, loc, op.getDst(), zeros),
                getNumber(rewriter, loc, op.getCoordinates().size()),
                makeArray(rewriter, op, op.getCoordinates()), barrier,
                getPlace(rewriter, op, loc)});
    rewriter.eraseOp(op);
    return success();
  }
};
} // namespace

static void populatePatterns(RewritePatternSet &patterns) {
  patterns
      .add<Drop<nvgpu::TmaFenceOp>, Drop<nvgpu::TmaPrefetchOp>, EmulateCopy,
           EmulateCreate, EmulateCreateGroup, EmulateCreateMap, EmulateExpect,
           EmulateInit, EmulateTensorLoad, EmulateTryWait, EmulateWait>(
          patterns.getContext());
  nvidia::populateMatrixEmulation(patterns);
  nvidia::populateThreadEmulation(patterns);
  nvidia::populateBoxEmulation(patterns);
  nvidia::populateWarpgroupEmulation(patterns);
}

static void populateTypes(AttrTypeReplacer &replacer) {
  replacer.addReplacement([](nvgpu::TensorMapDescriptorType type) -> Type {
    return LLVM::LLVMPointerType::get(type.getContext());
  });
  replacer.addReplacement([](LLVM::LLVMPointerType type) -> Type {
    return LLVM::LLVMPointerType::get(type.getContext());
  });
}

void nvidia::registerEmulation(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, OrchestraDialect *dialect) {
    Architectures &known = Architectures::get(*dialect);
    // The most shared memory that a block may ask for (CUDA programming guide,
    // technical specifications per compute capability).
    known.add(
        {"nvidia_ampere", 32, 163 << 10, populatePatterns, populateTypes});
    known.add(
        {"nvidia_hopper", 32, 227 << 10, populatePatterns, populateTypes});
    known.add(
        {"nvidia_blackwell", 32, 227 << 10, populatePatterns, populateTypes});
  });
}
