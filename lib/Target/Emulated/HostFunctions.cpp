//===- HostFunctions.cpp - Functions that launch lonely kernels -----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/Emulated/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace orchestra::emulated {
#define GEN_PASS_DEF_EMULATEDHOSTFUNCTIONSPASS
#include "orchestra/Target/Emulated/Passes.h.inc"
} // namespace orchestra::emulated

using namespace mlir;
using namespace orchestra;

static void addHostFunction(ModuleOp module, gpu::GPUFuncOp kernel,
                            ArrayRef<int32_t> grid, ArrayRef<int32_t> block) {
  Location loc = kernel.getLoc();
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto function = func::FuncOp::create(builder, loc, kernel.getName(),
                                       kernel.getFunctionType());
  builder.setInsertionPointToStart(function.addEntryBlock());
  auto sizes = [&](ArrayRef<int32_t> values) {
    auto size = [&](int32_t value) {
      return arith::ConstantIndexOp::create(builder, loc, value).getResult();
    };
    return gpu::KernelDim3{size(values[0]), size(values[1]), size(values[2])};
  };
  gpu::LaunchFuncOp::create(builder, loc, kernel, sizes(grid), sizes(block),
                            /*dynamicSharedMemorySize=*/Value(),
                            function.getArguments());
  func::ReturnOp::create(builder, loc);
}

namespace {
struct EmulatedHostFunctionsPass
    : public emulated::impl::EmulatedHostFunctionsPassBase<
          EmulatedHostFunctionsPass> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    llvm::DenseSet<SymbolRefAttr> launched;
    module.walk([&](gpu::LaunchFuncOp launch) {
      launched.insert(launch.getKernelAttr());
    });
    SmallVector<gpu::GPUFuncOp> kernels;
    module.walk([&](gpu::GPUFuncOp kernel) {
      auto name = SymbolRefAttr::get(
          kernel->getParentOfType<gpu::GPUModuleOp>().getNameAttr(),
          {FlatSymbolRefAttr::get(kernel.getNameAttr())});
      if (kernel.isKernel() && !launched.contains(name) &&
          kernel.getKnownBlockSize() && kernel.getKnownGridSize())
        kernels.push_back(kernel);
    });
    for (gpu::GPUFuncOp kernel : kernels) {
      if (Operation *other = module.lookupSymbol(kernel.getName())) {
        auto function = dyn_cast<func::FuncOp>(other);
        if (!function || !function.isExternal()) {
          emitError(kernel.getLoc(), "kernel '")
              << kernel.getName() << "' has the name of a host function";
          return signalPassFailure();
        }
        function.erase(); // The declaration that dispatches refer to.
      }
      addHostFunction(module, kernel, *kernel.getKnownGridSize(),
                      *kernel.getKnownBlockSize());
    }
    if (!kernels.empty())
      module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                      UnitAttr::get(&getContext()));
  }
};
} // namespace
