//===- StableHLOElementwise.td - Ops on single elements -------*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_STABLEHLO_ELEMENTWISE
#define ORCHESTRA_DIALECT_STABLEHLO_ELEMENTWISE

include "orchestra/Dialect/StableHLO/StableHLOBase.td"

class StableHLO_ElementwiseOp<string mnemonic, string what, string example,
                              list<Trait> traits = []>
    : StableHLO_PureOp<mnemonic, what # ", element by element.", example,
                       [Elementwise, SameOperandsAndResultShape] # traits> {
  let hasVerifier = 1;
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::verify() {
      return verifyElementwise(getOperation());
    }
  }];
}

class StableHLO_UnaryOp<string mnemonic, string verb,
                        Type operand = StableHLO_NumberTensor,
                        Type result = operand>
    : StableHLO_ElementwiseOp<mnemonic, verb,
          "%r = stablehlo." # mnemonic # " %x : tensor<4xf32>"> {
  let arguments = (ins operand:$operand);
  let results = (outs result:$result);
  let assemblyFormat = [{
    $operand attr-dict `:`
    custom<SameOperandsAndResultType>(type($operand), type($result))
  }];
}

/// Ops that may say how accurate they must be.
class StableHLO_TranscendentalOp<string mnemonic, string verb>
    : StableHLO_UnaryOp<mnemonic, verb, StableHLO_RealOrComplexTensor> {
  let arguments = (ins StableHLO_RealOrComplexTensor:$operand,
      OptionalAttr<StableHLO_ResultAccuracyAttr>:$result_accuracy);
  let builders = [
    OpBuilder<(ins "::mlir::Type":$type, "::mlir::Value":$operand), [{
      build($_builder, $_state, type, operand, ResultAccuracyAttr());
    }]>
  ];
}

def StableHLO_AbsOp : StableHLO_UnaryOp<"abs", "Takes the absolute value",
    StableHLO_SignedTensor>;
def StableHLO_CbrtOp
    : StableHLO_TranscendentalOp<"cbrt", "Takes the cubic root">;
def StableHLO_CeilOp
    : StableHLO_UnaryOp<"ceil", "Rounds up", StableHLO_FloatOrQuantTensor>;
def StableHLO_CosineOp
    : StableHLO_TranscendentalOp<"cosine", "Takes the cosine">;
def StableHLO_CountLeadingZerosOp
    : StableHLO_UnaryOp<"count_leading_zeros",
                        "Counts the zeros before the first one bit",
                        StableHLO_IntTensor>;
def StableHLO_ExponentialMinusOneOp
    : StableHLO_TranscendentalOp<"exponential_minus_one", "Computes e^x - 1">;
def StableHLO_ExponentialOp
    : StableHLO_TranscendentalOp<"exponential", "Computes e^x">;
def StableHLO_FloorOp
    : StableHLO_UnaryOp<"floor", "Rounds down", StableHLO_FloatOrQuantTensor>;
def StableHLO_ImagOp
    : StableHLO_UnaryOp<"imag", "Takes the imaginary part",
                        StableHLO_FloatOrComplexTensor, StableHLO_FloatTensor>;
def StableHLO_LogOp
    : StableHLO_TranscendentalOp<"log", "Takes the natural logarithm">;
def StableHLO_LogPlusOneOp
    : StableHLO_TranscendentalOp<"log_plus_one", "Computes log(1 + x)">;
def StableHLO_LogisticOp
    : StableHLO_TranscendentalOp<"logistic", "Computes 1 / (1 + e^-x)">;
def StableHLO_NegateOp : StableHLO_UnaryOp<"negate", "Changes the sign">;
def StableHLO_NotOp
    : StableHLO_UnaryOp<"not", "Inverts all bits", StableHLO_BitsTensor>;
def StableHLO_PopcntOp
    : StableHLO_UnaryOp<"popcnt", "Counts one bits", StableHLO_IntTensor>;
def StableHLO_RealOp
    : StableHLO_UnaryOp<"real", "Takes the real part",
                        StableHLO_FloatOrComplexTensor, StableHLO_FloatTensor>;
def StableHLO_RoundNearestAfzOp
    : StableHLO_UnaryOp<"round_nearest_afz", "Rounds, ties away from zero",
                        StableHLO_FloatOrQuantTensor>;
def StableHLO_RoundNearestEvenOp
    : StableHLO_UnaryOp<"round_nearest_even", "Rounds, ties to even",
                        StableHLO_FloatOrQuantTensor>;
def StableHLO_RsqrtOp
    : StableHLO_TranscendentalOp<"rsqrt",
                                 "Computes the inverse of the square root">;
def StableHLO_SignOp
    : StableHLO_UnaryOp<"sign", "Computes the sign", StableHLO_SignedTensor>;
def StableHLO_SineOp : StableHLO_TranscendentalOp<"sine", "Takes the sine">;
def StableHLO_SqrtOp
    : StableHLO_TranscendentalOp<"sqrt", "Takes the square root">;
def StableHLO_TanOp : StableHLO_TranscendentalOp<"tan", "Takes the tangent">;
def StableHLO_TanhOp
    : StableHLO_TranscendentalOp<"tanh", "Takes the hyperbolic tangent">;
def StableHLO_UniformQuantizeOp
    : StableHLO_UnaryOp<"uniform_quantize", "Quantizes",
                        StableHLO_FloatOrQuantTensor, StableHLO_QuantTensor>;
def StableHLO_UniformDequantizeOp
    : StableHLO_UnaryOp<"uniform_dequantize", "Undoes quantization",
                        StableHLO_QuantTensor, StableHLO_FloatTensor>;

class StableHLO_BinaryOp<string mnemonic, string verb, list<Trait> traits = [],
                         Type type = StableHLO_NumberTensor>
    : StableHLO_ElementwiseOp<mnemonic, verb,
          "%r = stablehlo." # mnemonic # " %a, %b : tensor<4xi32>", traits> {
  let arguments = (ins type:$lhs, type:$rhs);
  let results = (outs type:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs attr-dict `:`
    custom<SameOperandsAndResultType>(type($lhs), type($rhs), type($result))
  }];
}

def StableHLO_AddOp : StableHLO_BinaryOp<"add", "Adds", [Commutative],
                                         StableHLO_Tensor>;
def StableHLO_AndOp
    : StableHLO_BinaryOp<"and", "Combines bits by and", [Commutative],
                         StableHLO_BitsTensor>;
def StableHLO_Atan2Op
    : StableHLO_BinaryOp<"atan2", "Takes the angle of a point", [],
                         StableHLO_RealOrComplexTensor>;
def StableHLO_DivideOp : StableHLO_BinaryOp<"divide", "Divides">;
def StableHLO_MaximumOp
    : StableHLO_BinaryOp<"maximum", "Takes the larger; NaN wins",
                         [Commutative], StableHLO_Tensor>;
def StableHLO_MinimumOp
    : StableHLO_BinaryOp<"minimum", "Takes the smaller; NaN wins",
                         [Commutative], StableHLO_Tensor>;
def StableHLO_MultiplyOp
    : StableHLO_BinaryOp<"multiply", "Multiplies", [Commutative],
                         StableHLO_Tensor>;
def StableHLO_OrOp
    : StableHLO_BinaryOp<"or", "Combines bits by or", [Commutative],
                         StableHLO_BitsTensor>;
def StableHLO_PowerOp : StableHLO_BinaryOp<"power", "Raises to a power">;
def StableHLO_RemainderOp
    : StableHLO_BinaryOp<"remainder", "Takes the remainder of a division">;
def StableHLO_ShiftLeftOp
    : StableHLO_BinaryOp<"shift_left", "Shifts bits left", [],
                         StableHLO_IntTensor>;
def StableHLO_ShiftRightArithmeticOp
    : StableHLO_BinaryOp<"shift_right_arithmetic",
                         "Shifts bits right, keeping the sign", [],
                         StableHLO_IntTensor>;
def StableHLO_ShiftRightLogicalOp
    : StableHLO_BinaryOp<"shift_right_logical",
                         "Shifts bits right, filling with zero", [],
                         StableHLO_IntTensor>;
def StableHLO_SubtractOp : StableHLO_BinaryOp<"subtract", "Subtracts">;
def StableHLO_XorOp
    : StableHLO_BinaryOp<"xor", "Combines bits by exclusive or", [Commutative],
                         StableHLO_BitsTensor>;

def StableHLO_ComplexOp : StableHLO_ElementwiseOp<"complex",
    "Makes complex numbers of two parts",
    "%r = stablehlo.complex %re, %im : tensor<4xcomplex<f32>>"> {
  let arguments = (ins StableHLO_FloatTensor:$lhs, StableHLO_FloatTensor:$rhs);
  let results = (outs StableHLO_ComplexTensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs attr-dict `:`
    custom<ComplexOpType>(type($lhs), type($rhs), type($result))
  }];
}

def StableHLO_IsFiniteOp : StableHLO_ElementwiseOp<"is_finite",
    "Tells what is neither infinite nor NaN",
    "%r = stablehlo.is_finite %x : (tensor<4xf32>) -> tensor<4xi1>"> {
  let arguments = (ins StableHLO_FloatOrQuantTensor:$x);
  let results = (outs StableHLO_BoolTensor:$y);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
}

def StableHLO_ConvertOp : StableHLO_ElementwiseOp<"convert",
    "Converts between element types",
    "%r = stablehlo.convert %x : (tensor<4xi32>) -> tensor<4xf32>"> {
  let arguments = (ins StableHLO_PlainTensor:$operand);
  let results = (outs StableHLO_PlainTensor:$result);
  let assemblyFormat = [{
    $operand attr-dict `:`
    custom<SameOperandsAndResultType>(type($operand), type($result))
  }];
}

def StableHLO_ReducePrecisionOp : StableHLO_ElementwiseOp<"reduce_precision",
    "Rounds to what a smaller format can hold",
    "%r = stablehlo.reduce_precision %x, format = e5m10 : tensor<4xf32>"> {
  let arguments = (ins StableHLO_FloatOrQuantTensor:$operand,
      ConfinedAttr<I32Attr, [IntPositive]>:$exponent_bits,
      ConfinedAttr<I32Attr, [IntNonNegative]>:$mantissa_bits);
  let results = (outs StableHLO_FloatOrQuantTensor:$output);
  let assemblyFormat = [{
    $operand `,` `format` `=`
    custom<ExponentMantissa>($exponent_bits, $mantissa_bits) attr-dict `:`
    custom<SameOperandsAndResultType>(type($operand), type($output))
  }];
}

def StableHLO_CompareOp : StableHLO_ElementwiseOp<"compare", "Compares", [{
    %r = stablehlo.compare LT, %a, %b, SIGNED
        : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi1>}]> {
  let arguments = (ins StableHLO_Tensor:$lhs, StableHLO_Tensor:$rhs,
      StableHLO_ComparisonDirectionAttr:$comparison_direction,
      OptionalAttr<StableHLO_ComparisonTypeAttr>:$compare_type);
  let results = (outs StableHLO_BoolTensor:$result);
  let assemblyFormat = [{
    `` $comparison_direction `,` $lhs `,` $rhs (`,` `` $compare_type^)?
    attr-dict `:` functional-type(operands, results)
  }];
}

def StableHLO_SelectOp : StableHLO_PureOp<"select",
    "Picks each element from one of two tensors.",
    "%r = stablehlo.select %p, %a, %b : tensor<4xi1>, tensor<4xf32>"> {
  let arguments = (ins StableHLO_BoolTensor:$pred, StableHLO_Tensor:$on_true,
                       StableHLO_Tensor:$on_false);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    $pred `,` $on_true `,` $on_false attr-dict `:`
    custom<SelectOpType>(type($pred), type($on_true), type($on_false),
                         type($result))
  }];
  let hasVerifier = 1;
}

def StableHLO_ClampOp : StableHLO_PureOp<"clamp",
    "Moves each element into a range.",
    "%r = stablehlo.clamp %lo, %x, %hi : tensor<4xf32>"> {
  let arguments = (ins StableHLO_Tensor:$min, StableHLO_Tensor:$operand,
                       StableHLO_Tensor:$max);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    $min `,` $operand `,` $max attr-dict `:`
    custom<SameOperandsAndResultType>(type($min), type($operand), type($max),
                                      type($result))
  }];
  let hasVerifier = 1;
}

#endif // ORCHESTRA_DIALECT_STABLEHLO_ELEMENTWISE
