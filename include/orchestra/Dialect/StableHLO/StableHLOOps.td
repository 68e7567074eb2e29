//===- StableHLOOps.td - The hand-off dialect -----------------*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ops of OpenXLA's StableHLO that Orchestra hands to vendor compilers, with
// the official names, attributes and assembly, so that the printed text is what
// those compilers read. Shapes are static. The specification is StableHLO's
// (https://openxla.org/stablehlo/spec); descriptions here only point into it.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_STABLEHLO_OPS
#define ORCHESTRA_DIALECT_STABLEHLO_OPS

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def StableHLO_Dialect : Dialect {
  let name = "stablehlo";
  let cppNamespace = "::orchestra::stablehlo";
  let summary = "What TPU, Trainium and PJRT compilers read.";
  let description = [{
    A subset of OpenXLA's dialect of the same name. Versioned portable
    artefacts are made from its text by the official library.
  }];
  let useDefaultAttributePrinterParser = 1;
}

//===----------------------------------------------------------------------===//
// Types and attributes
//===----------------------------------------------------------------------===//

def StableHLO_Tensor : StaticShapeTensorOf<[
    F16, BF16, F32, F64, I1, I8, I16, I32, I64, UI8, UI16, UI32, UI64]>;
def StableHLO_BoolTensor : StaticShapeTensorOf<[I1]>;

class StableHLO_Enum<string name, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, "", cases> {
  let cppNamespace = "::orchestra::stablehlo";
  let genSpecializedAttr = 0;
}

def StableHLO_Precision : StableHLO_Enum<"Precision", [
    I32EnumAttrCase<"DEFAULT", 0>, I32EnumAttrCase<"HIGH", 1>,
    I32EnumAttrCase<"HIGHEST", 2>]>;
def StableHLO_PrecisionAttr
    : EnumAttr<StableHLO_Dialect, StableHLO_Precision, "precision">;
def StableHLO_PrecisionArray
    : TypedArrayAttrBase<StableHLO_PrecisionAttr, "array of precisions">;

def StableHLO_ComparisonDirection
    : StableHLO_Enum<"ComparisonDirection", [
    I32EnumAttrCase<"EQ", 0>, I32EnumAttrCase<"NE", 1>,
    I32EnumAttrCase<"GE", 2>, I32EnumAttrCase<"GT", 3>,
    I32EnumAttrCase<"LE", 4>, I32EnumAttrCase<"LT", 5>]>;
def StableHLO_ComparisonDirectionAttr
    : EnumAttr<StableHLO_Dialect, StableHLO_ComparisonDirection,
               "comparison_direction">;

def StableHLO_ComparisonType
    : StableHLO_Enum<"ComparisonType", [
    I32EnumAttrCase<"NOTYPE", 0>, I32EnumAttrCase<"FLOAT", 1>,
    I32EnumAttrCase<"TOTALORDER", 2>, I32EnumAttrCase<"SIGNED", 3>,
    I32EnumAttrCase<"UNSIGNED", 4>]>;
def StableHLO_ComparisonTypeAttr
    : EnumAttr<StableHLO_Dialect, StableHLO_ComparisonType, "comparison_type">;

def StableHLO_DotDimensionNumbersAttr
    : AttrDef<StableHLO_Dialect, "DotDimensionNumbers"> {
  let mnemonic = "dot";
  let summary = "Which dimensions of a dot_general are paired, and how.";
  let parameters = (ins
      OptionalArrayRefParameter<"int64_t">:$lhs_batching_dimensions,
      OptionalArrayRefParameter<"int64_t">:$rhs_batching_dimensions,
      OptionalArrayRefParameter<"int64_t">:$lhs_contracting_dimensions,
      OptionalArrayRefParameter<"int64_t">:$rhs_contracting_dimensions);
  let assemblyFormat = [{
    `<` struct(custom<Dims>($lhs_batching_dimensions),
               custom<Dims>($rhs_batching_dimensions),
               custom<Dims>($lhs_contracting_dimensions),
               custom<Dims>($rhs_contracting_dimensions)) `>`
  }];
}

def StableHLO_ConvDimensionNumbersAttr
    : AttrDef<StableHLO_Dialect, "ConvDimensionNumbers"> {
  let mnemonic = "conv";
  let summary = "What each dimension of a convolution is.";
  let description = [{
    ```mlir
    #stablehlo.conv<[b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1]>
    ```
  }];
  let parameters = (ins
      "int64_t":$input_batch_dimension,
      "int64_t":$input_feature_dimension,
      ArrayRefParameter<"int64_t">:$input_spatial_dimensions,
      "int64_t":$kernel_input_feature_dimension,
      "int64_t":$kernel_output_feature_dimension,
      ArrayRefParameter<"int64_t">:$kernel_spatial_dimensions,
      "int64_t":$output_batch_dimension,
      "int64_t":$output_feature_dimension,
      ArrayRefParameter<"int64_t">:$output_spatial_dimensions);
  let hasCustomAssemblyFormat = 1;
}

def StableHLO_GatherDimensionNumbersAttr
    : AttrDef<StableHLO_Dialect, "GatherDimensionNumbers"> {
  let mnemonic = "gather";
  let summary = "How the slices of a gather are found and put together.";
  let parameters = (ins
      OptionalArrayRefParameter<"int64_t">:$offset_dims,
      OptionalArrayRefParameter<"int64_t">:$collapsed_slice_dims,
      OptionalArrayRefParameter<"int64_t">:$operand_batching_dims,
      OptionalArrayRefParameter<"int64_t">:$start_indices_batching_dims,
      OptionalArrayRefParameter<"int64_t">:$start_index_map,
      "int64_t":$index_vector_dim);
  let assemblyFormat = [{
    `<` struct(custom<Dims>($offset_dims), custom<Dims>($collapsed_slice_dims),
               custom<Dims>($operand_batching_dims),
               custom<Dims>($start_indices_batching_dims),
               custom<Dims>($start_index_map), $index_vector_dim) `>`
  }];
}

//===----------------------------------------------------------------------===//
// Elementwise ops
//===----------------------------------------------------------------------===//

class StableHLO_Op<string mnemonic, list<Trait> traits = []>
    : Op<StableHLO_Dialect, mnemonic, traits>;

class StableHLO_UnaryOp<string mnemonic, string verb>
    : StableHLO_Op<mnemonic, [Pure, Elementwise, SameOperandsAndResultType]> {
  let summary = verb # ", element by element.";
  let description = "```mlir\n%r = stablehlo." # mnemonic #
                    " %x : tensor<4xf32>\n```";
  let arguments = (ins StableHLO_Tensor:$operand);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
}

def StableHLO_AbsOp : StableHLO_UnaryOp<"abs", "Takes the absolute value">;
def StableHLO_CbrtOp : StableHLO_UnaryOp<"cbrt", "Takes the cubic root">;
def StableHLO_CeilOp : StableHLO_UnaryOp<"ceil", "Rounds up">;
def StableHLO_CosineOp : StableHLO_UnaryOp<"cosine", "Takes the cosine">;
def StableHLO_ExponentialMinusOneOp
    : StableHLO_UnaryOp<"exponential_minus_one", "Computes e^x - 1">;
def StableHLO_ExponentialOp : StableHLO_UnaryOp<"exponential", "Computes e^x">;
def StableHLO_FloorOp : StableHLO_UnaryOp<"floor", "Rounds down">;
def StableHLO_LogOp : StableHLO_UnaryOp<"log", "Takes the natural logarithm">;
def StableHLO_LogPlusOneOp
    : StableHLO_UnaryOp<"log_plus_one", "Computes log(1 + x)">;
def StableHLO_NegateOp : StableHLO_UnaryOp<"negate", "Changes the sign">;
def StableHLO_NotOp : StableHLO_UnaryOp<"not", "Inverts all bits">;
def StableHLO_RoundNearestAfzOp
    : StableHLO_UnaryOp<"round_nearest_afz", "Rounds, ties away from zero">;
def StableHLO_RoundNearestEvenOp
    : StableHLO_UnaryOp<"round_nearest_even", "Rounds, ties to even">;
def StableHLO_RsqrtOp
    : StableHLO_UnaryOp<"rsqrt", "Computes the inverse of the square root">;
def StableHLO_SineOp : StableHLO_UnaryOp<"sine", "Takes the sine">;
def StableHLO_SqrtOp : StableHLO_UnaryOp<"sqrt", "Takes the square root">;
def StableHLO_TanOp : StableHLO_UnaryOp<"tan", "Takes the tangent">;
def StableHLO_TanhOp
    : StableHLO_UnaryOp<"tanh", "Takes the hyperbolic tangent">;

class StableHLO_BinaryOp<string mnemonic, string verb, list<Trait> traits = []>
    : StableHLO_Op<mnemonic, [Pure, Elementwise, SameOperandsAndResultType]
                             # traits> {
  let summary = verb # ", element by element.";
  let description = "```mlir\n%r = stablehlo." # mnemonic #
                    " %a, %b : tensor<4xi32>\n```";
  let arguments = (ins StableHLO_Tensor:$lhs, StableHLO_Tensor:$rhs);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
}

def StableHLO_AddOp : StableHLO_BinaryOp<"add", "Adds", [Commutative]>;
def StableHLO_AndOp
    : StableHLO_BinaryOp<"and", "Combines bits by and", [Commutative]>;
def StableHLO_Atan2Op
    : StableHLO_BinaryOp<"atan2", "Takes the angle of a point">;
def StableHLO_DivideOp : StableHLO_BinaryOp<"divide", "Divides">;
def StableHLO_MaximumOp
    : StableHLO_BinaryOp<"maximum", "Takes the larger; NaN wins",
                         [Commutative]>;
def StableHLO_MinimumOp
    : StableHLO_BinaryOp<"minimum", "Takes the smaller; NaN wins",
                         [Commutative]>;
def StableHLO_MultiplyOp
    : StableHLO_BinaryOp<"multiply", "Multiplies", [Commutative]>;
def StableHLO_OrOp
    : StableHLO_BinaryOp<"or", "Combines bits by or", [Commutative]>;
def StableHLO_PowerOp : StableHLO_BinaryOp<"power", "Raises to a power">;
def StableHLO_RemainderOp
    : StableHLO_BinaryOp<"remainder", "Takes the remainder of a division">;
def StableHLO_ShiftLeftOp
    : StableHLO_BinaryOp<"shift_left", "Shifts bits left">;
def StableHLO_ShiftRightArithmeticOp
    : StableHLO_BinaryOp<"shift_right_arithmetic",
                         "Shifts bits right, keeping the sign">;
def StableHLO_ShiftRightLogicalOp
    : StableHLO_BinaryOp<"shift_right_logical",
                         "Shifts bits right, filling with zero">;
def StableHLO_SubtractOp : StableHLO_BinaryOp<"subtract", "Subtracts">;
def StableHLO_XorOp
    : StableHLO_BinaryOp<"xor", "Combines bits by exclusive or", [Commutative]>;

def StableHLO_IsFiniteOp
    : StableHLO_Op<"is_finite", [Pure, Elementwise, SameOperandsAndResultShape]> {
  let summary = "Tells which elements are neither infinite nor NaN.";
  let description = [{
    ```mlir
    %r = stablehlo.is_finite %x : (tensor<4xf32>) -> tensor<4xi1>
    ```
  }];
  let arguments = (ins StableHLO_Tensor:$x);
  let results = (outs StableHLO_BoolTensor:$y);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
}

def StableHLO_ConvertOp
    : StableHLO_Op<"convert", [Pure, Elementwise, SameOperandsAndResultShape]> {
  let summary = "Converts between element types.";
  let description = [{
    ```mlir
    %r = stablehlo.convert %x : (tensor<4xi32>) -> tensor<4xf32>
    ```
  }];
  let arguments = (ins StableHLO_Tensor:$operand);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat =
      "$operand attr-dict `:` functional-type(operands, results)";
}

def StableHLO_CompareOp
    : StableHLO_Op<"compare", [Pure, Elementwise, SameTypeOperands,
                               SameOperandsAndResultShape]> {
  let summary = "Compares, element by element.";
  let description = [{
    ```mlir
    %r = stablehlo.compare LT, %a, %b, SIGNED
        : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi1>
    ```
  }];
  let arguments = (ins
      StableHLO_Tensor:$lhs, StableHLO_Tensor:$rhs,
      StableHLO_ComparisonDirectionAttr:$comparison_direction,
      OptionalAttr<StableHLO_ComparisonTypeAttr>:$compare_type);
  let results = (outs StableHLO_BoolTensor:$result);
  let assemblyFormat = [{
    `` $comparison_direction `,` $lhs `,` $rhs (`,` `` $compare_type^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def StableHLO_SelectOp
    : StableHLO_Op<"select", [Pure, Elementwise, SameOperandsAndResultShape,
                              AllTypesMatch<["on_true", "on_false", "result"]>]> {
  let summary = "Picks each element from one of two tensors.";
  let description = [{
    ```mlir
    %r = stablehlo.select %p, %a, %b : tensor<4xi1>, tensor<4xf32>
    ```
  }];
  let arguments = (ins StableHLO_BoolTensor:$pred, StableHLO_Tensor:$on_true,
                       StableHLO_Tensor:$on_false);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    $pred `,` $on_true `,` $on_false attr-dict `:` type($pred) `,` type($result)
  }];
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

def StableHLO_ConstantOp
    : StableHLO_Op<"constant", [Pure, ConstantLike,
                                AllTypesMatch<["value", "output"]>]> {
  let summary = "Is a constant tensor.";
  let description = [{
    ```mlir
    %r = stablehlo.constant dense<0.0> : tensor<4xf32>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs StableHLO_Tensor:$output);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
}

def StableHLO_IotaOp : StableHLO_Op<"iota", [Pure]> {
  let summary = "Counts up from zero along one dimension.";
  let description = [{
    ```mlir
    %r = stablehlo.iota dim = 1 : tensor<2x3xi32>
    ```
  }];
  let arguments = (ins I64Attr:$iota_dimension);
  let results = (outs StableHLO_Tensor:$output);
  let assemblyFormat =
      "`dim` `=` custom<Dimension>($iota_dimension) attr-dict `:` type($output)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Data movement
//===----------------------------------------------------------------------===//

def StableHLO_BroadcastInDimOp : StableHLO_Op<"broadcast_in_dim", [Pure]> {
  let summary = "Repeats a tensor along new dimensions.";
  let description = [{
    Dimension i of the operand becomes dimension `dims[i]` of the result.

    ```mlir
    %r = stablehlo.broadcast_in_dim %x, dims = [1]
        : (tensor<3xf32>) -> tensor<2x3xf32>
    ```
  }];
  let arguments = (ins StableHLO_Tensor:$operand,
                       DenseI64ArrayAttr:$broadcast_dimensions);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    $operand `,` `dims` `=` $broadcast_dimensions attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_TransposeOp : StableHLO_Op<"transpose", [Pure]> {
  let summary = "Permutes dimensions.";
  let description = [{
    Dimension i of the result is dimension `dims[i]` of the operand.

    ```mlir
    %r = stablehlo.transpose %x, dims = [1, 0]
        : (tensor<2x3xf32>) -> tensor<3x2xf32>
    ```
  }];
  let arguments = (ins StableHLO_Tensor:$operand,
                       DenseI64ArrayAttr:$permutation);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    $operand `,` `dims` `=` $permutation attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_ReshapeOp : StableHLO_Op<"reshape", [Pure]> {
  let summary = "Gives the same elements another shape.";
  let description = [{
    ```mlir
    %r = stablehlo.reshape %x : (tensor<2x3xf32>) -> tensor<6xf32>
    ```
  }];
  let arguments = (ins StableHLO_Tensor:$operand);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat =
      "$operand attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def StableHLO_SliceOp : StableHLO_Op<"slice", [Pure]> {
  let summary = "Takes a box out of a tensor.";
  let description = [{
    ```mlir
    %r = stablehlo.slice %x [0:2, 1:7:2]
        : (tensor<4x8xf32>) -> tensor<2x3xf32>
    ```
  }];
  let arguments = (ins StableHLO_Tensor:$operand,
                       DenseI64ArrayAttr:$start_indices,
                       DenseI64ArrayAttr:$limit_indices,
                       DenseI64ArrayAttr:$strides);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    $operand custom<SliceRanges>($start_indices, $limit_indices, $strides)
    attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_PadOp : StableHLO_Op<"pad", [Pure]> {
  let summary = "Surrounds a tensor with a value.";
  let description = [{
    ```mlir
    %r = stablehlo.pad %x, %zero, low = [1], high = [2], interior = [0]
        : (tensor<4xf32>, tensor<f32>) -> tensor<7xf32>
    ```
  }];
  let arguments = (ins StableHLO_Tensor:$operand,
                       StableHLO_Tensor:$padding_value,
                       DenseI64ArrayAttr:$edge_padding_low,
                       DenseI64ArrayAttr:$edge_padding_high,
                       DenseI64ArrayAttr:$interior_padding);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    $operand `,` $padding_value `,` `low` `=` $edge_padding_low `,`
    `high` `=` $edge_padding_high `,` `interior` `=` $interior_padding
    attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_ConcatenateOp : StableHLO_Op<"concatenate", [Pure]> {
  let summary = "Joins tensors along one dimension.";
  let description = [{
    ```mlir
    %r = stablehlo.concatenate %a, %b, dim = 0
        : (tensor<2xf32>, tensor<3xf32>) -> tensor<5xf32>
    ```
  }];
  let arguments = (ins Variadic<StableHLO_Tensor>:$inputs, I64Attr:$dimension);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    custom<OperandsBeforeAttribute>($inputs) `dim` `=`
    custom<Dimension>($dimension) attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_DynamicUpdateSliceOp
    : StableHLO_Op<"dynamic_update_slice", [Pure]> {
  let summary = "Replaces a box of a tensor.";
  let description = [{
    ```mlir
    %r = stablehlo.dynamic_update_slice %x, %update, %i
        : (tensor<8xf32>, tensor<3xf32>, tensor<i64>) -> tensor<8xf32>
    ```
  }];
  let arguments = (ins StableHLO_Tensor:$operand, StableHLO_Tensor:$update,
                       Variadic<StableHLO_Tensor>:$start_indices);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat =
      "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Contractions and reductions
//===----------------------------------------------------------------------===//

def StableHLO_DotGeneralOp : StableHLO_Op<"dot_general", [Pure]> {
  let summary = "Multiplies and sums over paired dimensions.";
  let description = [{
    The result's dimensions are the batching ones, then the free ones of the
    left operand, then the free ones of the right.

    ```mlir
    %r = stablehlo.dot_general %a, %b, contracting_dims = [1] x [0],
        precision = [HIGHEST, HIGHEST]
        : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
    ```
  }];
  let arguments = (ins
      StableHLO_Tensor:$lhs, StableHLO_Tensor:$rhs,
      StableHLO_DotDimensionNumbersAttr:$dot_dimension_numbers,
      OptionalAttr<StableHLO_PrecisionArray>:$precision_config);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs `,` custom<DotDimensionNumbers>($dot_dimension_numbers) ``
    custom<PrecisionConfig>($precision_config) attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_ReduceOp
    : StableHLO_Op<"reduce", [Pure, SingleBlockImplicitTerminator<"ReturnOp">]> {
  let summary = "Combines all elements along some dimensions.";
  let description = [{
    The body combines two scalars; each initial value must be neutral for it.

    ```mlir
    %r = stablehlo.reduce(%x init: %zero) applies stablehlo.add
        across dimensions = [1]
        : (tensor<2x3xf32>, tensor<f32>) -> tensor<2xf32>
    ```

    A body of more than one op is written out:

    ```mlir
    %r = stablehlo.reduce(%x init: %zero) across dimensions = [1]
        : (tensor<2x3xf32>, tensor<f32>) -> tensor<2xf32>
     reducer(%a: tensor<f32>, %b: tensor<f32>) {
      ...
      stablehlo.return %c : tensor<f32>
    }
    ```
  }];
  // One tensor: kernels that reduce several at once become several ops.
  let arguments = (ins StableHLO_Tensor:$input, StableHLO_Tensor:$init_value,
                       DenseI64ArrayAttr:$dimensions);
  let results = (outs StableHLO_Tensor:$result);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def StableHLO_ReturnOp
    : StableHLO_Op<"return", [Pure, Terminator, ReturnLike,
                              ParentOneOf<["ReduceOp", "ReduceWindowOp"]>]> {
  let summary = "Ends a body and names its results.";
  let description = [{
    ```mlir
    stablehlo.return %c : tensor<f32>
    ```
  }];
  let arguments = (ins Variadic<StableHLO_Tensor>:$results);
  let assemblyFormat = "($results^ `:` type($results))? attr-dict";
  let builders = [OpBuilder<(ins), [{ /* returns nothing */ }]>];
}

//===----------------------------------------------------------------------===//
// Windows and indices
//===----------------------------------------------------------------------===//

def StableHLO_ConvolutionOp : StableHLO_Op<"convolution", [Pure]> {
  let summary = "Multiplies windows by a kernel and sums.";
  let description = [{
    ```mlir
    %r = "stablehlo.convolution"(%x, %k) <{
        batch_group_count = 1 : i64,
        dimension_numbers = #stablehlo.conv<[b, f, 0]x[o, i, 0]->[b, f, 0]>,
        feature_group_count = 1 : i64, padding = dense<1> : tensor<1x2xi64>}>
        : (tensor<1x3x8xf32>, tensor<4x3x3xf32>) -> tensor<1x4x8xf32>
    ```
  }];
  let arguments = (ins
      StableHLO_Tensor:$lhs, StableHLO_Tensor:$rhs,
      OptionalAttr<DenseI64ArrayAttr>:$window_strides,
      OptionalAttr<I64ElementsAttr>:$padding,
      OptionalAttr<DenseI64ArrayAttr>:$lhs_dilation,
      OptionalAttr<DenseI64ArrayAttr>:$rhs_dilation,
      OptionalAttr<DenseBoolArrayAttr>:$window_reversal,
      StableHLO_ConvDimensionNumbersAttr:$dimension_numbers,
      I64Attr:$feature_group_count, I64Attr:$batch_group_count,
      OptionalAttr<StableHLO_PrecisionArray>:$precision_config);
  let results = (outs StableHLO_Tensor:$result);
  let hasVerifier = 1;
}

def StableHLO_ReduceWindowOp
    : StableHLO_Op<"reduce_window",
                   [Pure, SingleBlockImplicitTerminator<"ReturnOp">]> {
  let summary = "Combines the elements of each window.";
  let description = [{
    ```mlir
    %r = "stablehlo.reduce_window"(%x, %zero) <{
        window_dimensions = array<i64: 1, 2>}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %c = stablehlo.add %a, %b : tensor<f32>
      stablehlo.return %c : tensor<f32>
    }) : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x2xf32>
    ```
  }];
  let arguments = (ins
      Variadic<StableHLO_Tensor>:$inputs, Variadic<StableHLO_Tensor>:$init_values,
      DenseI64ArrayAttr:$window_dimensions,
      OptionalAttr<DenseI64ArrayAttr>:$window_strides,
      OptionalAttr<DenseI64ArrayAttr>:$base_dilations,
      OptionalAttr<DenseI64ArrayAttr>:$window_dilations,
      OptionalAttr<I64ElementsAttr>:$padding);
  let results = (outs Variadic<StableHLO_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let traits = [SameVariadicOperandSize];
  let hasVerifier = 1;
}

def StableHLO_GatherOp : StableHLO_Op<"gather", [Pure]> {
  let summary = "Takes slices at computed places.";
  let description = [{
    ```mlir
    %r = "stablehlo.gather"(%table, %i) <{
        dimension_numbers = #stablehlo.gather<offset_dims = [1],
            collapsed_slice_dims = [0], start_index_map = [0],
            index_vector_dim = 1>,
        indices_are_sorted = false, slice_sizes = array<i64: 1, 8>}>
        : (tensor<5x8xf32>, tensor<3x1xi64>) -> tensor<3x8xf32>
    ```
  }];
  let arguments = (ins
      StableHLO_Tensor:$operand, StableHLO_Tensor:$start_indices,
      StableHLO_GatherDimensionNumbersAttr:$dimension_numbers,
      DenseI64ArrayAttr:$slice_sizes,
      DefaultValuedOptionalAttr<BoolAttr, "false">:$indices_are_sorted);
  let results = (outs StableHLO_Tensor:$result);
  let hasVerifier = 1;
}

#endif // ORCHESTRA_DIALECT_STABLEHLO_OPS
