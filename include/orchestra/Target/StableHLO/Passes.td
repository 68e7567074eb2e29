//===- Passes.td - Hand-off by StableHLO text -----------------*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pipeline `orchestra-lower-to-stablehlo` runs these around
// `linalg-to-stablehlo`; its output is what TPU, Trainium and PJRT compilers
// read.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_STABLEHLO_PASSES
#define ORCHESTRA_TARGET_STABLEHLO_PASSES

include "mlir/Pass/PassBase.td"

def StableHLODropAssertionsPass
    : Pass<"orchestra-stablehlo-drop-assertions", "::mlir::ModuleOp"> {
  let summary = "Drops what the program checks, and says so";
  let description = [{
    Before: `cf.assert` where a program relies on what its inputs hold, such as
    the sizes that it was compiled for.

    After: none; StableHLO has no form for them. Each is named once in a warning:
    the caller must see to it.
  }];
}

def StableHLODropDestinationsPass
    : Pass<"orchestra-stablehlo-drop-destinations", "::mlir::ModuleOp"> {
  let summary = "Makes kernels return their results instead of writing them";
  let description = [{
    Before: kernels take their destinations as last arguments, one a result, and
    `orchestra.dispatch` passes them.

    After: kernels take inputs only and dispatches are `func.call`s. What a
    destination held is a `tensor.empty`, so a kernel that reads it is refused
    later as reading what nothing has written.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect",
                           "::mlir::tensor::TensorDialect"];
}

def StableHLOExpandMathPass : Pass<"orchestra-stablehlo-expand-math"> {
  let summary = "Expands math functions that StableHLO does not have";
  let description = [{
    Before: any `math` ops.

    After: `erf`, the inverse and the hyperbolic functions are arithmetic and
    `exp`, `log`, `sqrt`, by upstream's approximations in f32. What StableHLO has
    stays, for the vendor's compiler knows it better.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::vector::VectorDialect"];
}

def StableHLOFinishModulePass
    : Pass<"orchestra-stablehlo-finish-module", "::mlir::ModuleOp"> {
  let summary = "Names the entry and drops what other compilers cannot read";
  let description = [{
    Before: functions in `stablehlo` and `func`.

    After: the entry (the function marked `orchestra.entry`, or the only kernel)
    is the public `@main`, as PJRT asks, and the module bears its old name; all
    attributes of the `orchestra` dialect are gone.
  }];
}

#endif // ORCHESTRA_TARGET_STABLEHLO_PASSES
