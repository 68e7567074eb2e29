//===- ToLLVM.cpp - Kernels and host programs to the LLVM dialect ---------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Upstream's conversions in one partial step, and one of our own: a call marked
// `orchestra.parallel` passes its captures through a structure on the stack to
// a thunk of type orch_body_fn, which the host API's parallel_for calls.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/Orchestra/Kernels.h"
#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra/Target/CPU/Passes.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_CPUTOLLVMPASS
#include "orchestra/Target/CPU/Passes.h.inc"
} // namespace orchestra

namespace {

/// exec->api->parallel_for(exec, end, grain, thunk, &captures). The offsets are
/// those of orch_exec and orch_host_api in orchestra_runtime/format.h.
struct ParallelCallLowering : ConvertOpToLLVMPattern<func::CallOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(func::CallOp call, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!call->hasAttr(kParallelAttrName))
      return rewriter.notifyMatchFailure(call, "runs on one thread");
    Location loc = call.getLoc();
    MLIRContext *ctx = call.getContext();
    auto pointer = LLVM::LLVMPointerType::get(ctx);
    auto i64 = rewriter.getI64Type();
    ValueRange operands = adaptor.getOperands();
    ValueRange captures = operands.drop_front(3);
    SmallVector<Type> fields(captures.getTypes());
    auto envType = LLVM::LLVMStructType::getLiteral(ctx, fields);

    auto module = call->getParentOfType<ModuleOp>();
    std::string thunkName = (call.getCallee() + "_thunk").str();
    {
      OpBuilder::InsertionGuard guard(rewriter);
      rewriter.setInsertionPointToEnd(module.getBody());
      auto thunkType = LLVM::LLVMFunctionType::get(
          LLVM::LLVMVoidType::get(ctx), {pointer, pointer, i64, i64});
      auto thunk = LLVM::LLVMFuncOp::create(rewriter, loc, thunkName, thunkType,
                                            LLVM::Linkage::Internal);
      Block *entry = thunk.addEntryBlock(rewriter);
      rewriter.setInsertionPointToStart(entry);
      SmallVector<Value> values;
      for (auto [i, type] : llvm::enumerate(fields)) {
        Value address = LLVM::GEPOp::create(
            rewriter, loc, pointer, envType, entry->getArgument(1),
            ArrayRef<LLVM::GEPArg>{0, int32_t(i)});
        values.push_back(LLVM::LoadOp::create(rewriter, loc, type, address));
      }
      SmallVector<Value> promoted = getTypeConverter()->promoteOperands(
          loc, call.getOperands().drop_front(3), values, rewriter);
      SmallVector<Value> arguments{entry->getArgument(0), entry->getArgument(2),
                                   entry->getArgument(3)};
      llvm::append_range(arguments, promoted);
      LLVM::CallOp::create(rewriter, loc, TypeRange(), call.getCallee(),
                           arguments);
      LLVM::ReturnOp::create(rewriter, loc, ValueRange());
    }

    Value env;
    {
      OpBuilder::InsertionGuard guard(rewriter);
      auto function = call->getParentOfType<FunctionOpInterface>();
      rewriter.setInsertionPointToStart(&function.getFunctionBody().front());
      Value one = LLVM::ConstantOp::create(rewriter, loc, i64, 1);
      env = LLVM::AllocaOp::create(rewriter, loc, pointer, envType, one);
    }
    for (auto [i, value] : llvm::enumerate(captures)) {
      Value address =
          LLVM::GEPOp::create(rewriter, loc, pointer, envType, env,
                              ArrayRef<LLVM::GEPArg>{0, int32_t(i)});
      LLVM::StoreOp::create(rewriter, loc, value, address);
    }
    Value exec = operands[0];
    Value api = LLVM::LoadOp::create(rewriter, loc, pointer, exec);
    Value slot =
        LLVM::GEPOp::create(rewriter, loc, pointer, rewriter.getI8Type(), api,
                            ArrayRef<LLVM::GEPArg>{8});
    Value parallelFor = LLVM::LoadOp::create(rewriter, loc, pointer, slot);
    Value grain = LLVM::ConstantOp::create(
        rewriter, loc, i64, call->getAttrOfType<IntegerAttr>(kGrainAttrName));
    Value thunk = LLVM::AddressOfOp::create(rewriter, loc, pointer, thunkName);
    auto type = LLVM::LLVMFunctionType::get(
        LLVM::LLVMVoidType::get(ctx), {pointer, i64, i64, pointer, pointer});
    SmallVector<Value> arguments{parallelFor, exec,  operands[2],
                                 grain,       thunk, env};
    LLVM::CallOp::create(rewriter, loc, type, arguments);
    rewriter.eraseOp(call);
    return success();
  }
};

/// The buffer that `value` is a view of.
Value getRoot(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>())
    value = view.getViewSource();
  return value;
}

/// Which arguments of a function that a parallel call runs are buffers of their
/// own, given what is passed for them.
SmallVector<bool> findOwnBuffers(func::CallOp call) {
  DenseMap<Value, unsigned> uses;
  for (Value operand : call.getOperands())
    if (isa<MemRefType>(operand.getType()))
      ++uses[getRoot(operand)];
  return llvm::map_to_vector(call.getOperands(), [&](Value operand) {
    return isa<MemRefType>(operand.getType()) && uses[getRoot(operand)] == 1;
  });
}

/// Tells LLVM that buffers do not overlap: an argument of a kernel is disjoint
/// from its outputs, and inputs are only read. The conversion drops attributes
/// of arguments that become several, so this comes after it.
void markDisjoint(LLVM::LLVMFuncOp function, TypeRange types,
                  ArrayRef<bool> own) {
  unsigned next = 0;
  for (auto [type, isOwn] : llvm::zip(types, own)) {
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref) {
      ++next;
      continue;
    }
    // The aligned pointer, through which all accesses go, is the second part.
    if (isOwn)
      function.setArgAttr(next + 1, LLVM::LLVMDialect::getNoAliasAttrName(),
                          UnitAttr::get(function.getContext()));
    next += 3 + 2 * memref.getRank();
  }
}

struct CPUToLLVM : orchestra::impl::CPUToLLVMPassBase<CPUToLLVM> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    MLIRContext *ctx = &getContext();
    struct Buffers {
      StringAttr function;
      SmallVector<Type> types;
      SmallVector<bool> own;
    };
    SmallVector<Buffers> disjoint;
    for (auto function : module.getOps<func::FuncOp>())
      if (!function.isExternal() && function->hasAttr(kKernelAttrName))
        disjoint.push_back(
            {function.getSymNameAttr(),
             llvm::to_vector(function.getArgumentTypes()),
             SmallVector<bool>(function.getNumArguments(), true)});
    module.walk([&](func::CallOp call) {
      if (call->hasAttr(kParallelAttrName))
        disjoint.push_back({call.getCalleeAttr().getAttr(),
                            llvm::to_vector(call.getOperandTypes()),
                            findOwnBuffers(call)});
    });
    LowerToLLVMOptions options(ctx);
    options.useBarePtrCallConv = false;
    options.allocLowering = LowerToLLVMOptions::AllocLowering::AlignedAlloc;
    LLVMTypeConverter converter(ctx, options);
    RewritePatternSet patterns(ctx);
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    // Divisions only: LLVM vectorises reductions by its own maximum intrinsic,
    // not by the comparisons that upstream expands it to.
    arith::populateCeilFloorDivExpandOpsPatterns(patterns);
    // An intrinsic where there is one, which LLVM can vectorise; libm has no
    // rsqrt at all.
    populateMathToLLVMConversionPatterns(converter, patterns,
                                         /*approximateLog1p=*/false,
                                         /*benefit=*/2);
    populateMathToLibmConversionPatterns(patterns);
    vector::populateVectorMaskOpLoweringPatterns(patterns);
    vector::populateVectorMaskMaterializationPatterns(
        patterns, /*force32BitVectorIndices=*/true);
    populateVectorToLLVMConversionPatterns(converter, patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    cf::populateAssertToLLVMConversionPattern(converter, patterns);
    index::populateIndexToLLVMConversionPatterns(converter, patterns);
    ub::populateUBToLLVMConversionPatterns(converter, patterns);
    SymbolTableCollection symbolTables;
    populateFuncToLLVMConversionPatterns(converter, patterns, &symbolTables);
    patterns.add<ParallelCallLowering>(converter, /*benefit=*/10);
    LLVMConversionTarget target(*ctx);
    target.addLegalOp<ModuleOp>();
    if (failed(applyPartialConversion(module, target, std::move(patterns))))
      return signalPassFailure();
    // Here and not by a pass of its own: that costs three times as much.
    SmallVector<UnrealizedConversionCastOp> casts;
    module.walk(
        [&](UnrealizedConversionCastOp cast) { casts.push_back(cast); });
    reconcileUnrealizedCasts(casts);
    for (const Buffers &buffers : disjoint)
      if (auto function =
              module.lookupSymbol<LLVM::LLVMFuncOp>(buffers.function))
        markDisjoint(function, buffers.types, buffers.own);
  }
};
} // namespace
