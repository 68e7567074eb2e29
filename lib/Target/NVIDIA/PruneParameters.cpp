//===- PruneParameters.cpp - Parameters that device code reads ------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A buffer is three numbers and two for each dimension, of which a kernel of
// known sizes reads one.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/NVIDIA/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIAPRUNEPARAMETERSPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;
using namespace orchestra::nvidia;

/// Drops what `function` does not read; returns the numbers of the rest.
static SmallVector<int64_t> prune(LLVM::LLVMFuncOp function) {
  SmallVector<int64_t> kept;
  SmallVector<Type> types;
  SmallVector<Attribute> attributes;
  llvm::BitVector dropped(function.getNumArguments());
  for (BlockArgument argument : function.getArguments()) {
    unsigned number = argument.getArgNumber();
    if (argument.use_empty()) {
      dropped.set(number);
      continue;
    }
    kept.push_back(number);
    types.push_back(argument.getType());
    attributes.push_back(function.getArgAttrDict(number));
  }
  function.getBody().front().eraseArguments(dropped);
  function.setFunctionType(LLVM::LLVMFunctionType::get(
      function.getFunctionType().getReturnType(), types));
  function.setArgAttrsAttr(ArrayAttr::get(function.getContext(), attributes));
  return kept;
}

namespace {
struct NVIDIAPruneParametersPass
    : public nvidia::impl::NVIDIAPruneParametersPassBase<
          NVIDIAPruneParametersPass> {
  using Base::Base;

  void runOnOperation() override {
    llvm::StringSet<> launched;
    getOperation().walk([&](gpu::LaunchFuncOp launch) {
      launched.insert(launch.getKernelModuleName());
    });
    Builder builder(&getContext());
    SmallVector<NamedAttribute> parameters;
    for (auto module : getOperation().getOps<gpu::GPUModuleOp>()) {
      if (!launched.contains(module.getName()))
        continue;
      for (auto function : module.getOps<LLVM::LLVMFuncOp>())
        if (!function.isExternal() &&
            function->hasAttr(gpu::GPUDialect::getKernelFuncAttrName()))
          parameters.push_back(builder.getNamedAttr(
              module.getName(), builder.getDenseI64ArrayAttr(prune(function))));
    }
    if (!parameters.empty())
      getOperation()->setAttr(kParametersAttrName,
                              builder.getDictionaryAttr(parameters));
  }
};
} // namespace
