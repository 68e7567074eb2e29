//===- CHLOOps.td - What frameworks write beside StableHLO ----*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Those ops of OpenXLA's client dialect that exports of JAX have in their text.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_STABLEHLO_CHLO_OPS
#define ORCHESTRA_DIALECT_STABLEHLO_CHLO_OPS

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def CHLO_Dialect : Dialect {
  let name = "chlo";
  let cppNamespace = "::orchestra::chlo";
  let summary = "Functions that StableHLO has no op for.";
  let description = [{
    A part of OpenXLA's dialect of the same name: functions of one or two
    numbers, and the greatest elements. They are read, not written.
  }];
}

class CHLO_Op<string mnemonic, string what, list<Trait> traits = []>
    : Op<CHLO_Dialect, mnemonic, [Pure] # traits> {
  let summary = what;
}

class CHLO_UnaryOp<string mnemonic, string what>
    : CHLO_Op<mnemonic, what # ", element by element.",
              [Elementwise, SameOperandsAndResultType]> {
  let description = "```mlir\n%r = chlo." # mnemonic #
                    " %x : tensor<4xf32> -> tensor<4xf32>\n```";
  let arguments = (ins RankedTensorOf<[AnyFloat, AnyComplex]>:$operand);
  let results = (outs RankedTensorOf<[AnyFloat, AnyComplex]>:$result);
  let assemblyFormat =
      "$operand attr-dict `:` type($operand) `->` type($result)";
}

def CHLO_AcosOp : CHLO_UnaryOp<"acos", "Takes the inverse cosine">;
def CHLO_AcoshOp
    : CHLO_UnaryOp<"acosh", "Takes the inverse hyperbolic cosine">;
def CHLO_AsinOp : CHLO_UnaryOp<"asin", "Takes the inverse sine">;
def CHLO_AsinhOp : CHLO_UnaryOp<"asinh", "Takes the inverse hyperbolic sine">;
def CHLO_AtanOp : CHLO_UnaryOp<"atan", "Takes the inverse tangent">;
def CHLO_AtanhOp
    : CHLO_UnaryOp<"atanh", "Takes the inverse hyperbolic tangent">;
def CHLO_BesselI1eOp
    : CHLO_UnaryOp<"bessel_i1e", "Is the modified Bessel function of order 1, "
                   "scaled by exp(-|x|)">;
def CHLO_CoshOp : CHLO_UnaryOp<"cosh", "Takes the hyperbolic cosine">;
def CHLO_DigammaOp
    : CHLO_UnaryOp<"digamma", "Is the derivative of lgamma">;
def CHLO_ErfOp : CHLO_UnaryOp<"erf", "Is the error function">;
def CHLO_ErfcOp : CHLO_UnaryOp<"erfc", "Is one minus the error function">;
def CHLO_ErfInvOp
    : CHLO_UnaryOp<"erf_inv", "Is the inverse of the error function">;
def CHLO_LgammaOp
    : CHLO_UnaryOp<"lgamma", "Is the logarithm of the gamma function's size">;
def CHLO_SinhOp : CHLO_UnaryOp<"sinh", "Takes the hyperbolic sine">;
def CHLO_SquareOp : CHLO_UnaryOp<"square", "Multiplies with itself">;
def CHLO_TanOp : CHLO_UnaryOp<"tan", "Takes the tangent">;

def CHLO_MulhiOp : CHLO_Op<"mulhi",
    "Is the upper half of a product, element by element.",
    [Elementwise, SameOperandsAndResultType, Commutative]> {
  let description = [{
    ```mlir
    %r = chlo.mulhi %x, %y : tensor<4xi32>, tensor<4xi32> -> tensor<4xi32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[AnyInteger]>:$x,
                       RankedTensorOf<[AnyInteger]>:$y);
  let results = (outs RankedTensorOf<[AnyInteger]>:$result);
  let assemblyFormat =
      "$x `,` $y attr-dict `:` type($x) `,` type($y) `->` type($result)";
}

def CHLO_NextAfterOp : CHLO_Op<"next_after",
    "Is the next number on the way to another, element by element.",
    [Elementwise, SameOperandsAndResultType]> {
  let description = [{
    ```mlir
    %r = chlo.next_after %x, %y : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[AnyFloat]>:$x,
                       RankedTensorOf<[AnyFloat]>:$y);
  let results = (outs RankedTensorOf<[AnyFloat]>:$result);
  let assemblyFormat =
      "$x `,` $y attr-dict `:` type($x) `,` type($y) `->` type($result)";
}

def CHLO_TopKOp : CHLO_Op<"top_k",
    "Takes the greatest elements of the last dimension, and their places."> {
  let description = [{
    ```mlir
    %v, %i = chlo.top_k(%x, k = 2)
        : tensor<5x9xf32> -> (tensor<5x2xf32>, tensor<5x2xi32>)
    ```
  }];
  let arguments = (ins AnyRankedTensor:$operand,
                       ConfinedAttr<I64Attr, [IntNonNegative]>:$k);
  let results = (outs AnyRankedTensor:$values, RankedTensorOf<[I32]>:$indices);
  let assemblyFormat = [{
    `(` $operand `,` `k` `=` $k `)` attr-dict `:`
    type($operand) `->` `(` type($values) `,` type($indices) `)`
  }];
  let hasVerifier = 1;
}

#endif // ORCHESTRA_DIALECT_STABLEHLO_CHLO_OPS
