//===- DistributeProducts.cpp - Products of tiles to wgmma --------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One instruction for 64 rows and 16 steps of k. An operand in registers lies
// as accumulators do, rounded: eight columns after eight, pairs of rows in
// each.
//
//===----------------------------------------------------------------------===//
#include "Distributor.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvtile;

/// Steps of k of one wgmma on elements of 16 bits.
static constexpr int64_t kStep = 16;

/// High word of a tile's descriptor: swizzled over 128 bytes, eight rows of
/// which follow each other.
static constexpr int64_t kDescriptorHigh =
    (int64_t(1) << 62) | (int64_t(8 * kPanelBytes >> 4) << 32);

/// Bytes from a tile's beginning to row or column `mn` and step `k` of it.
static int64_t getTileOffset(MemRefType tile, bool kMajor, int64_t mn,
                             int64_t k) {
  int64_t row = kMajor ? mn : k, column = kMajor ? k : mn;
  int64_t panel = getPanelColumns(tile.getElementType());
  return column / panel * tile.getDimSize(0) * kPanelBytes + row * kPanelBytes +
         column % panel * (kPanelBytes / panel);
}

/// wgmma with the first operand in registers, which nvvm's op does not know.
/// Four registers hold rows of 64 and 16 columns.
Value Distributor::multiplyRegisters(Location loc, Type group, Value sums,
                                     ArrayRef<Value> pairs, Value right,
                                     Type element, int64_t columns,
                                     bool transposed) {
  Type i32 = builder.getI32Type();
  int64_t count = columns / 2;
  SmallVector<Value> operands;
  for (Value pair : pairs)
    operands.push_back(LLVM::BitcastOp::create(builder, loc, i32, pair));
  operands.push_back(right);
  for (int64_t i = 0; i < count; ++i)
    operands.push_back(LLVM::ExtractValueOp::create(builder, loc, sums, i));
  std::string text, constraints;
  llvm::raw_string_ostream code(text), list(constraints);
  StringRef name = element.isF16() ? "f16" : "bf16";
  // Results come first, then the inputs; sums are tied to results.
  code << "{\n.reg .pred p;\nsetp.ne.b32 p, 1, 0;\n"
       << "wgmma.mma_async.sync.aligned.m64n" << columns << "k16.f32." << name
       << "." << name << " {";
  for (int64_t i = 0; i < count; ++i)
    code << (i ? ", $" : "$") << i;
  code << "}, {$" << count << ", $" << count + 1 << ", $" << count + 2 << ", $"
       << count + 3 << "}, $" << count + 4 << ", p, 1, 1, "
       << (transposed ? 1 : 0) << ";\n}";
  for (int64_t i = 0; i < count; ++i)
    list << "=f,";
  list << "r,r,r,r,l";
  for (int64_t i = 0; i < count; ++i)
    list << "," << i;
  return LLVM::InlineAsmOp::create(
             builder, loc, group, operands, text, constraints,
             /*has_side_effects=*/true, /*is_align_stack=*/false,
             LLVM::tailcallkind::TailCallKind::None,
             LLVM::AsmDialectAttr::get(builder.getContext(),
                                       LLVM::AsmDialect::AD_ATT),
             /*operand_attrs=*/ArrayAttr())
      .getResult(0);
}

LogicalResult Distributor::distributeMma(MmaOp op) {
  MLIRContext *ctx = op.getContext();
  Location loc = op.getLoc();
  auto a = dyn_cast<MemRefType>(op.getA().getType()); // null: in registers
  auto b = cast<MemRefType>(op.getB().getType());
  VectorType type = op.getAccumulator().getType();
  bool kMajorA = !op.getTransposeA(), kMajorB = op.getTransposeB();
  int64_t rows = type.getDimSize(0) / consumers, columns = type.getDimSize(1);
  int64_t depth = b.getDimSize(kMajorB), blocks = rows / 64;
  Type element = b.getElementType();
  if ((!element.isF16() && !element.isBF16()) ||
      !type.getElementType().isF32() || rows % 64 != 0 || columns % 8 != 0 ||
      columns > 256 || depth % kStep != 0)
    return emitError(loc, "no tensor core instruction multiplies ")
           << op.getA().getType() << " by " << b << " [unsupported-by-target]";

  Type i32 = builder.getI32Type(), i64 = builder.getI64Type();
  auto word = [&](int64_t bytes) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getI32IntegerAttr(bytes >> 4));
  };
  // Offsets are added to the low word alone: of a sum in 64 bits, ptxas 13.0
  // lost the high word on its way to a uniform register.
  Value high = arith::ConstantOp::create(
      builder, loc, builder.getI64IntegerAttr(kDescriptorHigh));
  auto describe = [&](Value low, int64_t bytes) -> Value {
    if (bytes != 0)
      low = arith::AddIOp::create(builder, loc, low, word(bytes));
    Value wide = arith::ExtUIOp::create(builder, loc, i64, low);
    return arith::OrIOp::create(builder, loc, wide, high);
  };
  Value baseB = DescriptorOp::create(builder, loc, i32, op.getB(), kMajorB);
  Value baseA;
  if (a) {
    // Offsets of whole rows of 64 are linear, in both orders.
    Value part = arith::IndexCastOp::create(builder, loc, i32, warpgroup);
    part = arith::MulIOp::create(builder, loc, part,
                                 word(getTileOffset(a, kMajorA, rows, 0)));
    baseA = DescriptorOp::create(builder, loc, i32, op.getA(), kMajorA);
    baseA = arith::AddIOp::create(builder, loc, baseA, part);
  }

  int64_t count = columns / 2; // accumulators of one wgmma
  SmallVector<Type> f32(count, builder.getF32Type());
  auto group = LLVM::LLVMStructType::getLiteral(ctx, f32);
  ArrayRef<Value> values = registers[op.getAccumulator()];
  SmallVector<Value> groups;
  for (int64_t block = 0; block < blocks; ++block) {
    Value packed = LLVM::PoisonOp::create(builder, loc, group);
    for (int64_t i = 0; i < count; ++i)
      packed = LLVM::InsertValueOp::create(builder, loc, packed,
                                           values[block * count + i], i);
    groups.push_back(packed);
  }
  auto layout = [&](bool row) {
    return NVVM::MMALayoutAttr::get(ctx, row ? NVVM::MMALayout::row
                                             : NVVM::MMALayout::col);
  };
  auto elements = NVVM::WGMMATypesAttr::get(
      ctx, element.isF16() ? NVVM::WGMMATypes::f16 : NVVM::WGMMATypes::bf16);
  auto one = NVVM::WGMMAScaleInAttr::get(ctx, NVVM::WGMMAScaleIn::one);
  NVVM::WgmmaFenceAlignedOp::create(builder, loc);
  for (int64_t k = 0; k < depth; k += kStep) {
    Value right = describe(baseB, getTileOffset(b, kMajorB, 0, k));
    for (int64_t block = 0; block < blocks; ++block) {
      if (!a) {
        ArrayRef<Value> pairs = registers[op.getA()];
        int64_t perBlock = pairs.size() / blocks;
        groups[block] =
            multiplyRegisters(loc, group, groups[block],
                              pairs.slice(block * perBlock + k / kStep * 4, 4),
                              right, element, columns, !kMajorB);
        continue;
      }
      Value left = describe(baseA, getTileOffset(a, kMajorA, block * 64, k));
      groups[block] = NVVM::WgmmaMmaAsyncOp::create(
          builder, loc, group, groups[block], left, right,
          NVVM::MMAShapeAttr::get(ctx, 64, columns, kStep), elements, elements,
          NVVM::WGMMATypesAttr::get(ctx, NVVM::WGMMATypes::f32),
          NVVM::WGMMAScaleOutAttr::get(ctx, NVVM::WGMMAScaleOut::one), one, one,
          layout(kMajorA), layout(!kMajorB), /*satfinite=*/nullptr);
    }
  }
  NVVM::WgmmaGroupSyncAlignedOp::create(builder, loc);
  if (!op.getPending())
    NVVM::WgmmaWaitGroupSyncOp::create(builder, loc, 0);
  SmallVector<Value> results;
  for (Value packed : groups)
    for (int64_t i = 0; i < count; ++i)
      results.push_back(LLVM::ExtractValueOp::create(builder, loc, packed, i));
  keep(op.getResult(), results);
  old.push_back(op);
  return success();
}

/// A named barrier of each of two consumers: its threads wait there for those
/// of the other to arrive. Barrier 0 is everybody's, the next ones are for
/// stores.
void Distributor::distributeTurn(Operation &op) {
  Location loc = op.getLoc();
  Type i32 = builder.getI32Type();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getI32IntegerAttr(value));
  };
  Value threads = constant(2 * kWarpgroupThreads);
  Value number = arith::IndexCastOp::create(builder, loc, i32, warpgroup);
  auto pass = dyn_cast<PassTurnOp>(op);
  if (!pass) {
    Value own =
        arith::AddIOp::create(builder, loc, number, constant(1 + consumers));
    NVVM::BarrierOp::create(builder, loc, TypeRange(), own, threads, {},
                            Value());
  } else if (pass.getFirst()) {
    Value isSecond = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::eq, number, constant(1));
    auto branch = scf::IfOp::create(builder, loc, isSecond);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    NVVM::BarrierArriveOp::create(builder, loc, constant(1 + consumers),
                                  threads);
  } else {
    Value other =
        arith::SubIOp::create(builder, loc, constant(2 + consumers), number);
    NVVM::BarrierArriveOp::create(builder, loc, other, threads);
  }
  old.push_back(&op);
}
