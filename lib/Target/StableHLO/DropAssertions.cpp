//===- DropAssertions.cpp - What StableHLO programs cannot check ----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/StableHLO/Passes.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "llvm/ADT/StringSet.h"

namespace orchestra::stablehlo {
#define GEN_PASS_DEF_STABLEHLODROPASSERTIONSPASS
#include "orchestra/Target/StableHLO/Passes.h.inc"
} // namespace orchestra::stablehlo

using namespace mlir;
using namespace orchestra;

namespace {
struct StableHLODropAssertionsPass
    : public stablehlo::impl::StableHLODropAssertionsPassBase<
          StableHLODropAssertionsPass> {
  using Base::Base;

  void runOnOperation() override {
    llvm::StringSet<> said;
    getOperation().walk([&](cf::AssertOp check) {
      if (said.insert(check.getMsg()).second) {
        InFlightDiagnostic warning = emitWarning(
            check.getLoc(), "a StableHLO program does not check its inputs "
                            "[unchecked-input]");
        warning.attachNote() << "it must not happen that " << check.getMsg();
      }
      check.erase();
    });
  }
};
} // namespace
