//===- Passes.td - Passes that run strategies -----------------*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_STRATEGY_PASSES
#define ORCHESTRA_STRATEGY_PASSES

include "mlir/Pass/PassBase.td"

def ApplyStrategyPass : Pass<"orchestra-apply-strategy", "::mlir::ModuleOp"> {
  let summary = "Runs a strategy script on a module of kernels.";
  let description = [{
    Before: kernels on tensors. After: kernels as the script left them, with
    slices of empty tensors folded. The script is a module with a named sequence
    `@__transform_main`; it is given as text, or as a file whose name is used in
    errors. Kernels are offered with the facts of the target as attributes, so
    that a script can match on `orchestra.vector_bits`, and with
    `transform.orchestra.target_key` on any key of the target if `arch` is given.
  }];
  let options = [
    Option<"script", "script", "std::string", "\"\"",
           "Text of the strategy; read from `file` if empty.">,
    Option<"file", "file", "std::string", "\"\"", "The strategy's file.">,
    Option<"arch", "arch", "std::string", "\"\"",
           "Architecture whose keys the script may ask for.">,
    Option<"vectorBits", "vector-bits", "int64_t", "512",
           "Width of the target's vector registers in bits.">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
    "::mlir::transform::TransformDialect"
  ];
}

#endif // ORCHESTRA_STRATEGY_PASSES
