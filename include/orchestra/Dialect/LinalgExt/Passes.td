//===- Passes.td - Passes on linalg_ext -----------------------*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_LINALGEXT_PASSES
#define ORCHESTRA_DIALECT_LINALGEXT_PASSES

include "mlir/Pass/PassBase.td"

def DecomposePass : Pass<"linalg-ext-decompose", "::mlir::func::FuncOp"> {
  let summary = "Lowers linalg_ext ops on tensors to linalg.";
  let description = [{
    Before: `linalg_ext` ops on tensors, of which a strategy may have tiled some.
    After: `linalg`, `tensor` and `scf` that compute the same. Attention becomes
    two products with a softmax between them. With `fusable`, only those go that
    become one linalg op, so that fusion may join it to others.
  }];
  let options = [
    Option<"fusable", "fusable", "bool", "false",
           "only ops that become one linalg op">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::bufferization::BufferizationDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"
  ];
}

#endif // ORCHESTRA_DIALECT_LINALGEXT_PASSES
