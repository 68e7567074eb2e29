//===- DropDestinations.cpp - Kernels that return their results -----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/StableHLO/Passes.h"

#include "orchestra/Conversion/LinalgToStableHLO/LinalgToStableHLO.h"
#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/BitVector.h"

namespace orchestra::stablehlo {
#define GEN_PASS_DEF_STABLEHLODROPDESTINATIONSPASS
#include "orchestra/Target/StableHLO/Passes.h.inc"
} // namespace orchestra::stablehlo

using namespace mlir;
using namespace orchestra;

/// The last arguments must be the destinations of the results, in order.
static LogicalResult checkKernel(func::FuncOp kernel) {
  if (kernel.isExternal())
    return emitError(kernel.getLoc(), "kernel has no body to hand over "
                                      "[unsupported-by-target]");
  ArrayRef<Type> results = kernel.getResultTypes();
  ArrayRef<Type> arguments = kernel.getArgumentTypes();
  if (results.size() > arguments.size() ||
      arguments.take_back(results.size()) != results)
    return emitError(kernel.getLoc(),
                     "the last arguments of a kernel must be destinations of "
                     "the types of its results [unsupported-by-target]");
  for (Type type : results) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape())
      return emitError(kernel.getLoc(), "a kernel for StableHLO needs results "
                                        "of static shape, but has ")
             << type << " [unsupported-by-target]";
  }
  return success();
}

static LogicalResult dropDestinations(func::FuncOp kernel) {
  unsigned numArguments = kernel.getNumArguments();
  OpBuilder builder = OpBuilder::atBlockBegin(&kernel.getBody().front());
  llvm::BitVector dropped(numArguments);
  dropped.set(numArguments - kernel.getNumResults(), numArguments);
  for (unsigned index : dropped.set_bits()) {
    BlockArgument argument = kernel.getArgument(index);
    auto type = cast<RankedTensorType>(argument.getType());
    auto empty = tensor::EmptyOp::create(
        builder, kernel.getLoc(), type.getShape(), type.getElementType());
    empty->setAttr(kDestinationAttrName, builder.getUnitAttr());
    argument.replaceAllUsesWith(empty);
  }
  return kernel.eraseArguments(dropped);
}

namespace {
struct StableHLODropDestinationsPass
    : public stablehlo::impl::StableHLODropDestinationsPassBase<
          StableHLODropDestinationsPass> {
  using Base::Base;

  void runOnOperation() override {
    bool failedAny = false;
    SmallVector<func::FuncOp> kernels;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr(kKernelAttrName)) {
        failedAny |= failed(checkKernel(function));
        kernels.push_back(function);
      }
    getOperation().walk([&](DispatchOp dispatch) {
      if (!dispatch.getKernel().starts_with(kHostFunctionPrefix))
        return;
      InFlightDiagnostic error =
          emitError(dispatch.getLoc(),
                    "StableHLO cannot say this op yet [unsupported-by-target]");
      error.attachNote() << "it is a function of Orchestra's runtime, '"
                         << dispatch.getKernel() << "'";
      failedAny = true;
    });
    if (failedAny)
      return signalPassFailure();
    for (func::FuncOp kernel : kernels)
      if (failed(dropDestinations(kernel)))
        return signalPassFailure();
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](DispatchOp dispatch) {
      rewriter.setInsertionPoint(dispatch);
      rewriter.replaceOpWithNewOp<func::CallOp>(dispatch, dispatch.getKernel(),
                                                dispatch.getResultTypes(),
                                                dispatch.getInputs());
    });
  }
};
} // namespace
