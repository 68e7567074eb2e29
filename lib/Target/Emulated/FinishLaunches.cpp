//===- FinishLaunches.cpp - Launches in the LLVM dialect ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A launching function and its kernel have the same arguments, but for what
// comes before them, so both sides of the array are made from one list of
// types.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/Emulated/Emulation.h"
#include "orchestra/Target/Emulated/Passes.h"

namespace orchestra::emulated {
#define GEN_PASS_DEF_EMULATEDFINISHLAUNCHESPASS
#include "orchestra/Target/Emulated/Passes.h.inc"
} // namespace orchestra::emulated

using namespace mlir;
using namespace orchestra;
using namespace orchestra::emulated;

/// void entry(item, arguments): reads the arguments and calls the kernel.
static LLVM::LLVMFuncOp makeEntry(LLVM::LLVMFuncOp kernel) {
  Location loc = kernel.getLoc();
  MLIRContext *ctx = kernel.getContext();
  auto pointer = LLVM::LLVMPointerType::get(ctx);
  OpBuilder builder(kernel);
  builder.setInsertionPointAfter(kernel);
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(ctx),
                                          {pointer, pointer});
  auto entry = LLVM::LLVMFuncOp::create(builder, loc,
                                        (kernel.getName() + "__entry").str(),
                                        type, LLVM::Linkage::Internal);
  Block *block = entry.addEntryBlock(builder);
  builder.setInsertionPointToStart(block);
  SmallVector<Value> values{block->getArgument(0)};
  for (auto [i, argument] :
       llvm::enumerate(kernel.getArgumentTypes().drop_front())) {
    Value slot = LLVM::GEPOp::create(
        builder, loc, pointer, pointer, block->getArgument(1),
        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
    Value address = LLVM::LoadOp::create(builder, loc, pointer, slot);
    values.push_back(LLVM::LoadOp::create(builder, loc, argument, address));
  }
  LLVM::CallOp::create(builder, loc, kernel, values);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
  return entry;
}

static void fillIn(LLVM::LLVMFuncOp launch, LLVM::LLVMFuncOp kernel,
                   LLVM::LLVMFuncOp entry) {
  Location loc = launch.getLoc();
  MLIRContext *ctx = launch.getContext();
  auto pointer = LLVM::LLVMPointerType::get(ctx);
  OpBuilder builder(ctx);
  Block *block = launch.addEntryBlock(builder);
  launch.setLinkage(LLVM::Linkage::Internal);
  builder.setInsertionPointToStart(block);
  Type i64 = builder.getI64Type();
  auto number = [&](int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, i64, value).getResult();
  };
  ValueRange all = block->getArguments();
  ValueRange arguments = all.drop_front(kNumLaunchArguments);
  Value array = LLVM::AllocaOp::create(
      builder, loc, pointer, pointer,
      number(static_cast<int64_t>(arguments.size()) + 1));
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    Value address = LLVM::AllocaOp::create(builder, loc, pointer,
                                           argument.getType(), number(1));
    LLVM::StoreOp::create(builder, loc, argument, address);
    Value slot =
        LLVM::GEPOp::create(builder, loc, pointer, pointer, array,
                            ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
    LLVM::StoreOp::create(builder, loc, address, slot);
  }
  auto bytes = kernel->getAttrOfType<IntegerAttr>(kSharedBytesAttrName);
  auto name = kernel->getAttrOfType<StringAttr>(kDeviceCodeAttrName);
  SmallVector<Value> operands{
      getString(builder, launch, loc, name.getValue()),
      getPlace(builder, launch, kernel.getLoc()),
      LLVM::AddressOfOp::create(builder, loc, entry),
      number(launch->getAttrOfType<IntegerAttr>(kSubgroupAttrName).getInt()),
      number(bytes.getInt()),
      all[kNumLaunchArguments - 2],
      all[kNumLaunchArguments - 1]};
  llvm::append_range(operands, all.take_front(kNumLaunchArguments - 2));
  operands.push_back(array);
  // The device keeps the status; whoever runs the program asks for it.
  callDevice(builder, launch, loc, "orch_emulated_launch", builder.getI32Type(),
             operands);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
}

namespace {
struct EmulatedFinishLaunchesPass
    : public emulated::impl::EmulatedFinishLaunchesPassBase<
          EmulatedFinishLaunchesPass> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<LLVM::LLVMFuncOp> launches;
    for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>())
      if (function->hasAttr(kLaunchesAttrName))
        launches.push_back(function);
    for (LLVM::LLVMFuncOp launch : launches) {
      auto name = launch->getAttrOfType<FlatSymbolRefAttr>(kLaunchesAttrName);
      auto kernel = getOperation().lookupSymbol<LLVM::LLVMFuncOp>(name);
      bool matches =
          kernel && !kernel.isExternal() && launch.isExternal() &&
          launch.getNumArguments() >= kNumLaunchArguments &&
          kernel.getArgumentTypes().drop_front() ==
              launch.getArgumentTypes().drop_front(kNumLaunchArguments);
      if (!matches) {
        emitError(launch.getLoc(), "arguments of a launch are not those of its "
                                   "kernel ")
            << name;
        return signalPassFailure();
      }
      fillIn(launch, kernel, makeEntry(kernel));
    }
  }
};
} // namespace
