//===- Emulate.cpp - How Intel GPUs are emulated --------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Block loads and stores of xegpu at lane level, with the rules that
// SPV_INTEL_2d_block_io gives for the plane and the block.
//
//===----------------------------------------------------------------------===//
#include "MoveData.h"

#include "orchestra/Target/Emulated/Emulation.h"
#include "orchestra/Target/Intel/Registration.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/XeGPU/IR/XeGPU.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::emulated;

constexpr int64_t kLanes = 16;
constexpr int64_t kMaxBlockBytes = 64; // Of a row.
constexpr int64_t kMaxLoadRows = 32;
constexpr int64_t kMaxStoreRows = 8;

namespace {
/// A block's plane and place in it; i64 values.
struct BlockAccess {
  Value base, width, height, pitch, x, y;
  int64_t elementBytes, rows, columns;
};

/// Builds i64 arithmetic for one access.
class BlockBuilder {
public:
  BlockBuilder(PatternRewriter &rewriter, Operation *op)
      : rewriter(rewriter), op(op), loc(op->getLoc()) {}

  /// Nothing if the op is not of the form that the emulation knows.
  std::optional<BlockAccess> build(Value descriptor,
                                   ArrayRef<OpFoldResult> offsets,
                                   VectorType lanePart, int64_t maxRows);
  /// Calls `function` with the block and `values`.
  void call(StringRef function, const BlockAccess &block, Value values);
  /// Memory for a lane's part, on its stack.
  Value reserve(VectorType type);

private:
  Value number(int64_t value) {
    return arith::ConstantOp::create(rewriter, loc,
                                     rewriter.getI64IntegerAttr(value));
  }
  Value toI64(OpFoldResult value) {
    if (std::optional<int64_t> constant = getConstantIntValue(value))
      return number(*constant);
    return arith::IndexCastOp::create(rewriter, loc, rewriter.getI64Type(),
                                      cast<Value>(value));
  }
  Value times(Value a, int64_t b) {
    return arith::MulIOp::create(rewriter, loc, a, number(b));
  }
  Value isMultiple(Value a, int64_t of) {
    Value rest = arith::RemUIOp::create(rewriter, loc, a, number(of));
    return compare(arith::CmpIPredicate::eq, rest, number(0));
  }
  Value compare(arith::CmpIPredicate predicate, Value a, Value b) {
    return arith::CmpIOp::create(rewriter, loc, predicate, a, b);
  }
  void require(Value holds, StringRef rule);
  void checkRules(const BlockAccess &block);

  PatternRewriter &rewriter;
  Operation *op;
  Location loc;
};
} // namespace

void BlockBuilder::require(Value holds, StringRef rule) {
  Value flag =
      arith::ExtUIOp::create(rewriter, loc, rewriter.getI32Type(), holds);
  callDevice(rewriter, op, loc, "orch_emulated_require", {},
             {getItem(op), flag, getString(rewriter, op, loc, rule),
              getPlace(rewriter, op, loc)});
}

void BlockBuilder::checkRules(const BlockAccess &block) {
  using P = arith::CmpIPredicate;
  require(isMultiple(block.base, 64),
          "a plane of block loads starts at a multiple of 64 bytes");
  require(compare(P::sge, block.width, number(64)),
          "a row of a plane of block loads has at least 64 bytes");
  require(isMultiple(block.width, 4),
          "a row of a plane of block loads has a multiple of 4 bytes");
  require(isMultiple(block.pitch, 16),
          "rows of a plane of block loads are a multiple of 16 bytes apart");
  require(compare(P::sge, block.pitch, block.width),
          "rows of a plane of block loads do not overlap");
  require(compare(P::sle, block.pitch, number(int64_t(1) << 24)),
          "rows of a plane of block loads are at most 16 MB apart");
  require(compare(P::sle, block.height, number(int64_t(1) << 24)),
          "a plane of block loads has at most 16777216 rows");
  if (block.elementBytes < 4)
    require(isMultiple(times(block.x, block.elementBytes), 4),
            "a block starts at a multiple of 4 bytes of its row");
}

std::optional<BlockAccess> BlockBuilder::build(Value descriptor,
                                               ArrayRef<OpFoldResult> offsets,
                                               VectorType lanePart,
                                               int64_t maxRows) {
  auto create = descriptor.getDefiningOp<xegpu::CreateNdDescOp>();
  if (!create || !create.getMixedOffsets().empty())
    return std::nullopt; // As in the lowering, offsets belong to the access.
  auto type = create.getType();
  BlockAccess block;
  block.elementBytes = getElementBytes(type.getElementType());
  SmallVector<OpFoldResult> sizes = create.getMixedSizes();
  SmallVector<OpFoldResult> strides = create.getMixedStrides();
  if (type.getRank() != 2 || sizes.size() != 2 || offsets.size() != 2 ||
      type.getArrayLength() != 1)
    return std::nullopt;
  block.rows = type.getShape()[0];
  block.columns = type.getShape()[1];
  if (block.rows > maxRows || block.columns % kLanes != 0 ||
      block.columns * block.elementBytes > kMaxBlockBytes ||
      lanePart.getNumElements() != block.rows * block.columns / kLanes)
    return std::nullopt;
  Value source = create.getSource();
  if (isa<MemRefType>(source.getType())) {
    SmallVector<Value> zeros(2,
                             arith::ConstantIndexOp::create(rewriter, loc, 0));
    block.base = toI64(getAddress(rewriter, loc, source, zeros));
  } else if (source.getType().isInteger(64)) {
    block.base = source;
  } else {
    return std::nullopt;
  }
  block.width = times(toI64(sizes[1]), block.elementBytes);
  block.height = toI64(sizes[0]);
  block.pitch = times(toI64(strides[0]), block.elementBytes);
  block.y = toI64(offsets[0]);
  block.x = toI64(offsets[1]);
  checkRules(block);
  return block;
}

void BlockBuilder::call(StringRef function, const BlockAccess &block,
                        Value values) {
  callDevice(rewriter, op, loc, function, {},
             {getItem(op), block.base, block.width, block.height, block.pitch,
              block.x, block.y, number(block.elementBytes), number(block.rows),
              number(block.columns), values, getPlace(rewriter, op, loc)});
}

Value BlockBuilder::reserve(VectorType type) {
  OpBuilder::InsertionGuard guard(rewriter);
  auto function = op->getParentOfType<FunctionOpInterface>();
  rewriter.setInsertionPointToStart(&function.getFunctionBody().front());
  Value one = LLVM::ConstantOp::create(rewriter, loc, rewriter.getI64Type(), 1);
  return LLVM::AllocaOp::create(
      rewriter, loc, LLVM::LLVMPointerType::get(rewriter.getContext()), type,
      one);
}

namespace {
struct EmulateLoadNd : OpRewritePattern<xegpu::LoadNdOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(xegpu::LoadNdOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getPacked() || op.getTranspose() || op.getType().getRank() != 1)
      return rewriter.notifyMatchFailure(op, "not a plain load of a lane");
    BlockBuilder builder(rewriter, op);
    std::optional<BlockAccess> block = builder.build(
        op.getTensorDesc(), op.getMixedOffsets(), op.getType(), kMaxLoadRows);
    if (!block)
      return rewriter.notifyMatchFailure(op, "not a block of the hardware");
    Value memory = builder.reserve(op.getType());
    builder.call("orch_emulated_block_load", *block, memory);
    rewriter.replaceOpWithNewOp<LLVM::LoadOp>(op, op.getType(), memory);
    return success();
  }
};

struct EmulateStoreNd : OpRewritePattern<xegpu::StoreNdOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(xegpu::StoreNdOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getValueType().getRank() != 1)
      return rewriter.notifyMatchFailure(op, "not a store of a lane");
    BlockBuilder builder(rewriter, op);
    std::optional<BlockAccess> block =
        builder.build(op.getTensorDesc(), op.getMixedOffsets(),
                      op.getValueType(), kMaxStoreRows);
    if (!block)
      return rewriter.notifyMatchFailure(op, "not a block of the hardware");
    Value memory = builder.reserve(op.getValueType());
    LLVM::StoreOp::create(rewriter, op.getLoc(), op.getValue(), memory);
    builder.call("orch_emulated_block_store", *block, memory);
    rewriter.eraseOp(op);
    return success();
  }
};
} // namespace

static void populatePatterns(RewritePatternSet &patterns) {
  patterns.add<EmulateLoadNd, EmulateStoreNd, Drop<xegpu::FenceOp>,
               Drop<xegpu::PrefetchNdOp>>(patterns.getContext());
}

void intel::registerEmulation(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, OrchestraDialect *dialect) {
    // 128 KB of shared local memory a work-group (oneAPI GPU Optimization
    // Guide, Xe2).
    Architectures::get(*dialect).add(
        {"intel_xe2", kLanes, 128 << 10, populatePatterns, nullptr});
  });
}

void intel::registerDialects(DialectRegistry &registry) {
  registerTransfers(registry);
  registerEmulation(registry);
}
