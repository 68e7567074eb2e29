//===- Passes.td - linalg on tensors to StableHLO -------------*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_CONVERSION_LINALGTOSTABLEHLO_PASSES
#define ORCHESTRA_CONVERSION_LINALGTOSTABLEHLO_PASSES

include "mlir/Pass/PassBase.td"

def LinalgExtToStableHLOPass
    : Pass<"linalg-ext-to-stablehlo", "::mlir::func::FuncOp"> {
  let summary = "Says orders, scatters and scans in StableHLO";
  let description = [{
    Before: `linalg_ext` ops on tensors.

    After: `sort` and `top_k` are a stable `stablehlo.sort` of elements with
    their places, `scatter` is `stablehlo.scatter`, and a `scan` by an op that
    has a neutral element is a `reduce_window`. What is left has a lowering to
    linalg, which `linalg-to-stablehlo` reads. Updates of one place that a
    scatter combines in no order of its own may be combined in any.
  }];
  let dependentDialects = ["::orchestra::stablehlo::StableHLODialect"];
}

def LinalgToStableHLOPass : Pass<"linalg-to-stablehlo", "::mlir::ModuleOp"> {
  let summary = "Says the waist's computations in StableHLO";
  let description = [{
    Before: functions on statically shaped tensors with linalg, tensor, arith
    and math ops, whose destinations are written, never read.

    After: the same functions with `stablehlo` and `func` ops only. Sums of
    products become `dot_general`, other reductions `reduce`, everything else
    elementwise ops with `broadcast_in_dim` and `transpose` as the indexing maps
    ask. `index` becomes i64; a scalar becomes a tensor without dimensions.

    Loops and branches around tensors become `while` and `if`; those in a body
    are done for all elements together.

    Each op that StableHLO cannot say yet is reported at its place, all at once:
    dynamic shapes, windows that are neither convolution nor pooling, reductions
    in other ways than a sum, product, extreme or bitwise combination.
  }];
  let options = [
    Option<"precision", "precision", "std::string", /*default=*/"\"highest\"",
           "Precision of f32 contractions: highest (f32 throughout), high, "
           "default (as few bfloat16 passes as the device likes)">];
  let dependentDialects = ["::orchestra::stablehlo::StableHLODialect"];
}

#endif // ORCHESTRA_CONVERSION_LINALGTOSTABLEHLO_PASSES
