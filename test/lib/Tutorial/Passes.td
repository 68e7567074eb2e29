//===- Passes.td - The tutorial's pass ------------------------*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TEST_TUTORIAL_PASSES
#define ORCHESTRA_TEST_TUTORIAL_PASSES

include "mlir/Pass/PassBase.td"

// ANCHOR: definition
def DoubleByAddingPass
    : Pass<"orchestra-double-by-adding", "::mlir::func::FuncOp"> {
  let summary = "Turns a multiplication by two into an addition.";
  let description = [{
    Before: any function. After: no `arith.mulf` multiplies by the constant 2;
    `x * 2` is `x + x`, which needs no constant. Both are exact, so results are
    the same for every number, infinities and NaN included.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}
// ANCHOR_END: definition

#endif // ORCHESTRA_TEST_TUTORIAL_PASSES
