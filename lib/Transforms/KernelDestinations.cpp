//===- KernelDestinations.cpp - Kernels write to their arguments ----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Transforms/Passes.h"

#include "orchestra/Dialect/Orchestra/Kernels.h"

using namespace mlir;
using namespace orchestra;

namespace orchestra {
#define GEN_PASS_DEF_KERNELDESTINATIONSPASS
#include "orchestra/Transforms/Passes.h.inc"
} // namespace orchestra

namespace {
struct KernelDestinations
    : orchestra::impl::KernelDestinationsPassBase<KernelDestinations> {
  using Base::Base;

  void runOnOperation() override {
    for (auto kernel : getOperation().getOps<func::FuncOp>()) {
      if (kernel.isExternal() || !kernel->hasAttr(kKernelAttrName))
        continue;
      if (!llvm::hasSingleElement(kernel.getBody())) {
        kernel.emitError("kernel has control flow between blocks");
        return signalPassFailure();
      }
      auto ret = cast<func::ReturnOp>(kernel.getBody().front().getTerminator());
      unsigned numResults = ret.getNumOperands();
      unsigned firstOut = kernel.getNumArguments() - numResults;
      OpBuilder builder(ret);
      for (unsigned i = 0; i < numResults; ++i) {
        Value destination = kernel.getArgument(firstOut + i);
        Value source = ret.getOperand(i);
        while (auto cast = source.getDefiningOp<memref::CastOp>())
          source = cast.getSource();
        if (source != destination)
          memref::CopyOp::create(builder, ret.getLoc(), source, destination);
      }
      ret->setOperands(ValueRange());
      kernel.setType(builder.getFunctionType(kernel.getArgumentTypes(), {}));
      kernel.removeResAttrsAttr();
      kernel->setAttr(kNumOutputsAttrName,
                      builder.getI64IntegerAttr(numResults));
    }
  }
};
} // namespace
