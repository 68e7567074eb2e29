//===- ConvertKernels.cpp - Kernels become functions of the work item -----===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bodies move as they are. What they lack on the CPU is who they are: the work
// item comes as the first argument, and shared memory through it.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/Emulated/Emulation.h"
#include "orchestra/Target/Emulated/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/MathExtras.h"

namespace orchestra::emulated {
#define GEN_PASS_DEF_EMULATEDCONVERTKERNELSPASS
#include "orchestra/Target/Emulated/Passes.h.inc"
} // namespace orchestra::emulated

using namespace mlir;
using namespace orchestra;
using namespace orchestra::emulated;

/// The number of ORCH_EMULATED_DYNAMIC_BYTES in
/// runtime/devices/emulated/emulated.h.
constexpr int64_t kDynamicBytes = 16;

static std::string mangle(StringRef module, StringRef symbol) {
  return (module + "__" + symbol).str();
}

/// Reductions over a subgroup or group become shuffles and shared memory.
static LogicalResult expandReductions(ModuleOp module, int64_t subgroupSize) {
  RewritePatternSet patterns(module.getContext());
  populateGpuGlobalIdPatterns(patterns);
  populateGpuBreakDownSubgroupReducePatterns(patterns);
  populateGpuLowerSubgroupReduceToShufflePatterns(patterns, subgroupSize);
  populateGpuLowerClusteredSubgroupReduceToShufflePatterns(patterns,
                                                           subgroupSize);
  // Upstream's lowering is for 32 lanes; elsewhere the op is refused later.
  if (subgroupSize == 32)
    populateGpuAllReducePatterns(patterns);
  return applyPatternsGreedily(module, std::move(patterns));
}

namespace {
struct EmulatedConvertKernelsPass
    : public emulated::impl::EmulatedConvertKernelsPassBase<
          EmulatedConvertKernelsPass> {
  using Base::Base;

  void runOnOperation() override {
    auto *dialect = getContext().getLoadedDialect<OrchestraDialect>();
    architecture =
        Architectures::get(*dialect).require(arch, getOperation().getLoc());
    if (!architecture)
      return signalPassFailure();
    if (failed(expandReductions(getOperation(), architecture->subgroupSize)))
      return signalPassFailure();
    bool failedAny = false;
    auto modules = llvm::to_vector(getOperation().getOps<gpu::GPUModuleOp>());
    for (gpu::GPUModuleOp module : modules)
      failedAny |= failed(convertModule(module));
    SmallVector<gpu::LaunchFuncOp> launches;
    getOperation().walk(
        [&](gpu::LaunchFuncOp launch) { launches.push_back(launch); });
    for (gpu::LaunchFuncOp launch : launches)
      failedAny |= failed(convertLaunch(launch));
    for (gpu::GPUModuleOp module : modules)
      module.erase();
    getOperation()->removeAttr(gpu::GPUDialect::getContainerModuleAttrName());
    if (failedAny)
      signalPassFailure();
  }

private:
  const Architecture *architecture = nullptr;

  LogicalResult convertModule(gpu::GPUModuleOp module);
  LogicalResult convertFunction(gpu::GPUModuleOp module,
                                FunctionOpInterface function);
  LogicalResult placeShared(gpu::GPUFuncOp kernel, func::FuncOp function,
                            MutableArrayRef<Value> attributions);
  LogicalResult convertLaunch(gpu::LaunchFuncOp launch);
};
} // namespace

LogicalResult
EmulatedConvertKernelsPass::convertModule(gpu::GPUModuleOp module) {
  OpBuilder builder(module);
  for (Operation &op : llvm::make_early_inc_range(*module.getBody())) {
    if (auto function = dyn_cast<FunctionOpInterface>(op)) {
      if (failed(convertFunction(module, function)))
        return failure();
      continue;
    }
    auto symbol = dyn_cast<SymbolOpInterface>(op);
    if (!symbol)
      continue;
    Operation *clone = builder.clone(op);
    cast<SymbolOpInterface>(clone).setName(
        mangle(module.getName(), symbol.getName()));
  }
  return success();
}

/// Renames what `function` refers to in its old module, and passes the item on
/// to functions it calls.
static void renameUses(gpu::GPUModuleOp module, func::FuncOp function) {
  function.walk([&](Operation *op) {
    OpBuilder builder(op);
    if (auto get = dyn_cast<memref::GetGlobalOp>(op)) {
      get.setName(mangle(module.getName(), get.getName()));
    } else if (auto call = dyn_cast<func::CallOp>(op)) {
      if (!module.lookupSymbol(call.getCallee()))
        return;
      SmallVector<Value> operands{function.getArgument(0)};
      llvm::append_range(operands, call.getOperands());
      auto renamed = func::CallOp::create(
          builder, op->getLoc(), mangle(module.getName(), call.getCallee()),
          op->getResultTypes(), operands);
      op->replaceAllUsesWith(renamed);
      op->erase();
    } else if (isa<gpu::ReturnOp>(op)) {
      func::ReturnOp::create(builder, op->getLoc(), op->getOperands());
      op->erase();
    }
  });
}

LogicalResult
EmulatedConvertKernelsPass::convertFunction(gpu::GPUModuleOp module,
                                            FunctionOpInterface function) {
  Location loc = function.getLoc();
  MLIRContext *ctx = &getContext();
  if (function.isExternal()) {
    emitError(loc, "device code of '")
        << function.getName() << "' is missing [unsupported-by-target]";
    return failure();
  }
  auto kernel = dyn_cast<gpu::GPUFuncOp>(function.getOperation());
  if (!kernel && !isa<func::FuncOp>(function))
    return emitError(loc, "the emulation takes device code of the gpu dialect, "
                          "not of '")
           << function->getName() << "' [unsupported-by-target]";
  auto pointer = LLVM::LLVMPointerType::get(ctx);
  SmallVector<Type> inputs{pointer};
  llvm::append_range(inputs, function.getArgumentTypes());
  OpBuilder builder(module);
  auto converted = func::FuncOp::create(
      builder, loc, mangle(module.getName(), function.getName()),
      FunctionType::get(ctx, inputs, function.getResultTypes()));
  converted.setPrivate();
  converted->setAttr(kDeviceCodeAttrName,
                     StringAttr::get(ctx, function.getName()));
  Block &body = function.getFunctionBody().front();
  unsigned numInputs = function.getNumArguments();
  SmallVector<Value> attributions;
  if (kernel) {
    builder.setInsertionPointToStart(converted.addEntryBlock());
    attributions.resize(body.getNumArguments() - numInputs);
    if (failed(placeShared(kernel, converted, attributions)))
      return failure();
    for (auto [i, buffer] : llvm::enumerate(kernel.getPrivateAttributions())) {
      auto type = MemRefType::Builder(cast<MemRefType>(buffer.getType()))
                      .setMemorySpace({});
      builder.setInsertionPointToEnd(&converted.getBody().front());
      Value local = memref::AllocaOp::create(builder, loc, MemRefType(type));
      // Spaces are dropped everywhere later; until then the types must agree.
      attributions[kernel.getNumWorkgroupAttributions() + i] =
          UnrealizedConversionCastOp::create(builder, loc, buffer.getType(),
                                             local)
              .getResult(0);
    }
  } else {
    converted.addEntryBlock();
  }
  Block &entry = converted.getBody().front();
  for (unsigned i = 0; i < numInputs; ++i)
    body.getArgument(i).replaceAllUsesWith(entry.getArgument(i + 1));
  for (auto [i, value] : llvm::enumerate(attributions))
    body.getArgument(numInputs + i).replaceAllUsesWith(value);
  body.eraseArguments([](BlockArgument) { return true; });
  entry.getOperations().splice(entry.end(), body.getOperations());
  Region &from = function.getFunctionBody();
  Region &to = converted.getBody();
  to.getBlocks().splice(to.end(), from.getBlocks(), std::next(from.begin()),
                        from.end());
  renameUses(module, converted);
  return success();
}

LogicalResult
EmulatedConvertKernelsPass::placeShared(gpu::GPUFuncOp kernel,
                                        func::FuncOp function,
                                        MutableArrayRef<Value> attributions) {
  Location loc = kernel.getLoc();
  OpBuilder builder = OpBuilder::atBlockEnd(&function.getBody().front());
  Type pointer = LLVM::LLVMPointerType::get(&getContext());
  Type i64 = builder.getI64Type(), i32 = builder.getI32Type();
  Value item = function.getArgument(0);
  // Any op of the module will do to find it.
  Operation *at = kernel;
  function->setAttr(kSharedBytesAttrName, builder.getI64IntegerAttr(0));
  for (auto [i, buffer] : llvm::enumerate(kernel.getWorkgroupAttributions())) {
    auto type = cast<MemRefType>(buffer.getType());
    if (!type.hasStaticShape() || !type.getLayout().isIdentity())
      return emitError(loc, "shared memory of a kernel has type ")
             << type << ", which is not dense [unsupported-by-target]";
    int64_t offset =
        reserveShared(function, type.getNumElements() *
                                    getElementBytes(type.getElementType()));
    Value bytes = LLVM::ConstantOp::create(builder, loc, i64, offset);
    Value address = callDevice(builder, at, loc, "orch_emulated_shared",
                               pointer, {item, bytes});
    attributions[i] = makeMemRef(builder, loc, type, address, {});
  }
  SmallVector<gpu::DynamicSharedMemoryOp> dynamic;
  kernel.walk([&](gpu::DynamicSharedMemoryOp op) { dynamic.push_back(op); });
  for (gpu::DynamicSharedMemoryOp op : dynamic) {
    Value address = callDevice(builder, at, loc, "orch_emulated_dynamic_shared",
                               pointer, {item});
    Value query = LLVM::ConstantOp::create(builder, loc, i32, kDynamicBytes);
    Value size =
        callDevice(builder, at, loc, "orch_emulated_id", i64, {item, query});
    size =
        arith::IndexCastOp::create(builder, loc, builder.getIndexType(), size);
    op.replaceAllUsesWith(
        makeMemRef(builder, loc, op.getType(), address, size));
    op.erase();
  }
  return success();
}

LogicalResult
EmulatedConvertKernelsPass::convertLaunch(gpu::LaunchFuncOp launch) {
  Location loc = launch.getLoc();
  OpBuilder builder(launch);
  std::optional<gpu::KernelDim3> cluster;
  if (launch.hasClusterSize()) {
    cluster = launch.getClusterSizeOperandValues();
    if (getConstantIntValue(cluster->y) != 1 ||
        getConstantIntValue(cluster->z) != 1)
      return emitError(loc, "the emulation has clusters of groups along x only "
                            "[unsupported-by-target]");
  }
  std::string kernel = mangle(launch.getKernelModuleName().getValue(),
                              launch.getKernelName().getValue());
  std::string name = kernel + "__launch";
  auto toIndex = [&](Value value) {
    if (value.getType().isIndex())
      return value;
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                      value)
        .getResult();
  };
  SmallVector<Value> operands;
  gpu::KernelDim3 grid = launch.getGridSizeOperandValues();
  gpu::KernelDim3 block = launch.getBlockSizeOperandValues();
  for (Value size : {grid.x, grid.y, grid.z, block.x, block.y, block.z})
    operands.push_back(toIndex(size));
  Value dynamic = launch.getDynamicSharedMemorySize();
  if (std::optional<int64_t> bytes =
          dynamic ? getConstantIntValue(dynamic) : std::nullopt;
      bytes && *bytes > architecture->sharedBytes)
    return emitError(loc, "kernel \"")
           << launch.getKernelName().getValue() << "\" needs " << *bytes
           << " bytes of shared memory; a group of " << architecture->name
           << " has " << architecture->sharedBytes << " [shared-memory]";
  operands.push_back(
      dynamic ? toIndex(dynamic)
              : arith::ConstantIndexOp::create(builder, loc, 0).getResult());
  operands.push_back(
      cluster ? toIndex(cluster->x)
              : arith::ConstantIndexOp::create(builder, loc, 1).getResult());
  llvm::append_range(operands, launch.getKernelOperands());
  if (!getOperation().lookupSymbol(kernel))
    return emitError(loc, "kernel ")
           << launch.getKernelAttr() << " is not in this module";
  if (!getOperation().lookupSymbol(name)) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(getOperation().getBody());
    auto type = FunctionType::get(
        &getContext(), llvm::to_vector(ValueRange(operands).getTypes()), {});
    auto function = func::FuncOp::create(builder, loc, name, type);
    function.setPrivate();
    function->setAttr(kLaunchesAttrName,
                      FlatSymbolRefAttr::get(&getContext(), kernel));
    function->setAttr(kSubgroupAttrName,
                      builder.getI64IntegerAttr(architecture->subgroupSize));
  }
  func::CallOp::create(builder, loc, name, TypeRange(), operands);
  // Calls come one after another, so nothing waits for a token.
  if (Value token = launch.getAsyncToken())
    token.replaceAllUsesWith(gpu::WaitOp::create(builder, loc, token.getType(),
                                                 launch.getAsyncDependencies())
                                 .getAsyncToken());
  launch.erase();
  return success();
}
