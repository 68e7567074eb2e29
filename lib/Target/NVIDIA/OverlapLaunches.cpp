//===- OverlapLaunches.cpp - Launches behind the kernels before -----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The end of a kernel is also that of all before it, for it has waited for them
// itself: who waits for one has waited for all.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/NVIDIA/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

namespace orchestra::nvidia {
#define GEN_PASS_DEF_NVIDIAOVERLAPLAUNCHESPASS
#include "orchestra/Target/NVIDIA/Passes.h.inc"
} // namespace orchestra::nvidia

using namespace mlir;
using namespace orchestra;

namespace {
struct NVIDIAOverlapLaunchesPass
    : public nvidia::impl::NVIDIAOverlapLaunchesPassBase<
          NVIDIAOverlapLaunchesPass> {
  using Base::Base;

  void runOnOperation() override {
    StringRef isKernel = NVVM::NVVMDialect::getKernelFuncAttrName();
    for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>()) {
      if (!function->hasAttr(isKernel) || function.isExternal())
        continue;
      auto builder = OpBuilder::atBlockBegin(&function.getBody().front());
      NVVM::GriddepcontrolOp::create(
          builder, function.getLoc(),
          NVVM::GridDepActionKind::launch_dependents);
      NVVM::GriddepcontrolOp::create(builder, function.getLoc(),
                                     NVVM::GridDepActionKind::wait);
    }
  }
};
} // namespace
