//===- CheckDeviceCode.cpp - Device code that links and loads -------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/NVIDIA/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIACHECKDEVICECODEPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;

/// What the runtime promises of every address it passes to a kernel.
constexpr int64_t kArgumentAlignment = 64;

namespace {
struct NVIDIACheckDeviceCodePass
    : public nvidia::impl::NVIDIACheckDeviceCodePassBase<
          NVIDIACheckDeviceCodePass> {
  using Base::Base;

  void runOnOperation() override {
    auto alignment = IntegerAttr::get(IntegerType::get(&getContext(), 64),
                                      kArgumentAlignment);
    bool failedAny = false;
    for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>()) {
      if (function.isExternal())
        continue;
      for (BlockArgument argument : function.getArguments())
        if (isa<LLVM::LLVMPointerType>(argument.getType()))
          function.setArgAttr(argument.getArgNumber(),
                              LLVM::LLVMDialect::getAlignAttrName(), alignment);
      function.walk([&](LLVM::CallOp call) {
        std::optional<StringRef> callee = call.getCallee();
        if (!callee)
          return;
        auto target = getOperation().lookupSymbol<LLVM::LLVMFuncOp>(*callee);
        if (target && !target.isExternal())
          return;
        emitError(call.getLoc(),
                  "a kernel for NVIDIA would call the function '")
            << *callee << "', which no device code defines "
            << "[unsupported-by-target]";
        failedAny = true;
      });
    }
    // The one leftover is reported here, at the user's node, since translation
    // to LLVM IR would only name the internal op.
    getOperation().walk([&](Operation *op) {
      Dialect *dialect = op->getDialect();
      if (!dialect || isa<gpu::GPUDialect>(dialect) ||
          dialect->getNamespace() == "llvm" ||
          dialect->getNamespace() == "nvvm")
        return;
      emitError(op->getLoc(), "op of a kernel for NVIDIA has no lowering: ")
          << op->getName() << " [unsupported-by-target]";
      failedAny = true;
    });
    if (failedAny)
      signalPassFailure();
  }
};
} // namespace
