//===- LinalgExtInterfaces.td - What all linalg_ext ops say ---*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_LINALGEXT_INTERFACES
#define ORCHESTRA_DIALECT_LINALGEXT_INTERFACES

include "mlir/IR/OpBase.td"

def LinalgExt_OpInterface : OpInterface<"LinalgExtOp"> {
  let cppNamespace = "::orchestra::linalg_ext";
  let description = [{
    An op over loops that index its operands by maps. From what an op says here
    its tiling, its bufferization and its memory effects follow: Structured.cpp
    has them once for all.
  }];
  let methods = [
    InterfaceMethod<[{
        How the loops index each operand, in the order of operands: results are
        loops, or the constant 0 for a dimension that a tile always takes whole.
        A map without loops stands for an operand that is no tensor.
      }], "::llvm::SmallVector<::mlir::AffineMap>", "getOperandMaps">,
    InterfaceMethod<"Each loop is parallel, or a reduction.",
      "::llvm::SmallVector<::mlir::utils::IteratorType>", "getIterators">,
    InterfaceMethod<"Whether a tile may have some of the loop's iterations.",
      "bool", "canTile", (ins "unsigned":$loop), "", [{
        return $_op.getIterators()[loop] ==
               ::mlir::utils::IteratorType::parallel;
      }]>,
    InterfaceMethod<"Whether what a destination holds before takes part.",
      "bool", "readsDestination", (ins "unsigned":$number), "",
      "return false;">,
    InterfaceMethod<[{
        Changes the operands of a tile that depend on where it is, other than by
        being sliced.
      }], "void", "moveTile",
      (ins "::mlir::OpBuilder &":$b,
           "::llvm::ArrayRef<::mlir::OpFoldResult>":$offsets,
           "::llvm::SmallVectorImpl<::mlir::Value> &":$operands), "", "return;">,
    InterfaceMethod<[{
        Whether the lowering is one linalg op without loops around it, which
        other ops can be fused with.
      }], "bool", "isFusable", (ins), "", "return false;">,
    InterfaceMethod<"The scalar operations of all iterations of these loops.",
      "double", "countWork", (ins "::llvm::ArrayRef<double>":$sizes)>,
    InterfaceMethod<[{
        Values that the results, of tensors, can be replaced with, in terms of
        linalg, tensor and scf. Fails without having made anything.
      }], "::llvm::FailureOr<::llvm::SmallVector<::mlir::Value>>", "lower",
      (ins "::mlir::RewriterBase &":$rewriter)>
  ];
}

#endif // ORCHESTRA_DIALECT_LINALGEXT_INTERFACES
