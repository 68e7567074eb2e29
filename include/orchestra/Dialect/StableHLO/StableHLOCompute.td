//===- StableHLOCompute.td - Products, reductions, algebra ----*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_STABLEHLO_COMPUTE
#define ORCHESTRA_DIALECT_STABLEHLO_COMPUTE

include "orchestra/Dialect/StableHLO/StableHLOBase.td"

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

def StableHLO_DotGeneralOp : StableHLO_PureOp<"dot_general",
    "Multiplies and sums over paired dimensions.", [{
    // Dimensions of the result: batching ones, free ones of the left operand,
    // free ones of the right.
    %r = stablehlo.dot_general %a, %b, contracting_dims = [1] x [0],
        precision = [HIGHEST, HIGHEST]
        : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>}]> {
  let arguments = (ins
      StableHLO_Tensor:$lhs, StableHLO_Tensor:$rhs,
      StableHLO_DotDimensionNumbersAttr:$dot_dimension_numbers,
      OptionalAttr<StableHLO_PrecisionArray>:$precision_config,
      OptionalAttr<StableHLO_DotAlgorithmAttr>:$algorithm);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs `,` custom<DotDimensionNumbers>($dot_dimension_numbers) ``
    custom<PrecisionConfigAndAlgorithm>($precision_config, $algorithm)
    attr-dict `:` functional-type(operands, results)
  }];
  let builders = [
    OpBuilder<(ins "::mlir::Type":$type, "::mlir::Value":$lhs,
      "::mlir::Value":$rhs, "DotDimensionNumbersAttr":$numbers,
      "::mlir::ArrayAttr":$precision), [{
      build($_builder, $_state, type, lhs, rhs, numbers, precision,
            DotAlgorithmAttr());
    }]>
  ];
  let hasVerifier = 1;
}

def StableHLO_DotOp : StableHLO_PureOp<"dot",
    "Multiplies matrices or vectors.", [{
    %r = stablehlo.dot %a, %b
        : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>}]> {
  let arguments = (ins StableHLO_Tensor:$lhs, StableHLO_Tensor:$rhs,
      OptionalAttr<StableHLO_PrecisionArray>:$precision_config);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs `` custom<PrecisionConfig>($precision_config) attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_EinsumOp : StableHLO_PureOp<"einsum",
    "Sums products of elements, as a formula of letters says.", [{
    %r = stablehlo.einsum %a, %b, config = "ab,bc->ac"
        : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>}]> {
  let arguments = (ins StableHLO_Tensor:$lhs, StableHLO_Tensor:$rhs,
                       StrAttr:$einsum_config);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs `,` `config` `=` $einsum_config attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_UnaryEinsumOp : StableHLO_PureOp<"unary_einsum",
    "Sums elements, as a formula of letters says.", [{
    %r = stablehlo.unary_einsum %x, config = "ab->a"
        : (tensor<4x16xf32>) -> tensor<4xf32>}]> {
  let arguments = (ins StableHLO_Tensor:$operand, StrAttr:$einsum_config);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    $operand `,` `config` `=` $einsum_config attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_ConvolutionOp : StableHLO_PureOp<"convolution",
    "Multiplies windows with a kernel and sums.", [{
    %r = stablehlo.convolution(%x, %w)
        dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f],
        window = {stride = [2, 2], pad = [[1, 1], [1, 1]]}
        {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
        : (tensor<1x8x8x3xf32>, tensor<3x3x3x16xf32>)
        -> tensor<1x4x4x16xf32>}]> {
  let arguments = (ins StableHLO_Tensor:$lhs, StableHLO_Tensor:$rhs,
      OptionalAttr<DenseI64ArrayAttr>:$window_strides,
      OptionalAttr<I64ElementsAttr>:$padding,
      OptionalAttr<DenseI64ArrayAttr>:$lhs_dilation,
      OptionalAttr<DenseI64ArrayAttr>:$rhs_dilation,
      OptionalAttr<DenseBoolArrayAttr>:$window_reversal,
      StableHLO_ConvDimensionNumbersAttr:$dimension_numbers,
      ConfinedAttr<I64Attr, [IntPositive]>:$feature_group_count,
      ConfinedAttr<I64Attr, [IntPositive]>:$batch_group_count,
      OptionalAttr<StableHLO_PrecisionArray>:$precision_config);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    `(` operands `)` `dim_numbers` `=`
    custom<ConvolutionDimensions>($dimension_numbers) `,` `window` `=` `{`
    custom<WindowAttributes>($window_strides, $padding, $lhs_dilation,
                             $rhs_dilation, $window_reversal) `}`
    attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_DynamicConvOp : StableHLO_PureOp<"dynamic_conv",
    "A convolution whose padding a tensor says.", [{
    %r = "stablehlo.dynamic_conv"(%x, %w, %pad) <{
        dimension_numbers =
            #stablehlo.conv<[b, 0, f]x[0, i, o]->[b, 0, f]>,
        batch_group_count = 1 : i64, feature_group_count = 1 : i64}>
        : (tensor<1x8x3xf32>, tensor<3x3x16xf32>, tensor<1x2xi64>)
        -> tensor<1x?x16xf32>}]> {
  let arguments = (ins StableHLO_Tensor:$lhs, StableHLO_Tensor:$rhs,
      StableHLO_IntTensor:$padding,
      OptionalAttr<DenseI64ArrayAttr>:$window_strides,
      OptionalAttr<DenseI64ArrayAttr>:$lhs_dilation,
      OptionalAttr<DenseI64ArrayAttr>:$rhs_dilation,
      OptionalAttr<DenseBoolArrayAttr>:$window_reversal,
      StableHLO_ConvDimensionNumbersAttr:$dimension_numbers,
      ConfinedAttr<I64Attr, [IntPositive]>:$feature_group_count,
      ConfinedAttr<I64Attr, [IntPositive]>:$batch_group_count,
      OptionalAttr<StableHLO_PrecisionArray>:$precision_config);
  let results = (outs StableHLO_Tensor:$result);
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Reductions and windows
//===----------------------------------------------------------------------===//

def StableHLO_ReduceOp : StableHLO_Op<"reduce",
    "Combines all elements along some dimensions.", [{
    // The body combines two scalars a tensor; each initial value must be
    // neutral for it. A body of one op has a short form.
    %r = stablehlo.reduce(%x init: %zero) applies stablehlo.add
        across dimensions = [1]
        : (tensor<2x3xf32>, tensor<f32>) -> tensor<2xf32>
    %s = stablehlo.reduce(%x init: %zero) across dimensions = [1]
        : (tensor<2x3xf32>, tensor<f32>) -> tensor<2xf32>
     reducer(%a: tensor<f32>, %b: tensor<f32>) {
      ...
      stablehlo.return %c : tensor<f32>
    }
    }], [RecursiveMemoryEffects, RecursivelySpeculatable,
          SameVariadicOperandSize,
          SingleBlockImplicitTerminator<"ReturnOp">]> {
  let arguments = (ins Variadic<StableHLO_Tensor>:$inputs,
                       Variadic<StableHLO_Tensor>:$init_values,
                       DenseI64ArrayAttr:$dimensions);
  let results = (outs Variadic<StableHLO_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def StableHLO_ReduceWindowOp : StableHLO_Op<"reduce_window",
    "Combines all elements of each window.", [{
    %r = "stablehlo.reduce_window"(%x, %zero) <{
        window_dimensions = array<i64: 2>}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %c = stablehlo.add %a, %b : tensor<f32>
      stablehlo.return %c : tensor<f32>
    }) : (tensor<4xf32>, tensor<f32>) -> tensor<3xf32>}],
    [RecursiveMemoryEffects, RecursivelySpeculatable, SameVariadicOperandSize,
     SingleBlockImplicitTerminator<"ReturnOp">]> {
  let arguments = (ins Variadic<StableHLO_Tensor>:$inputs,
      Variadic<StableHLO_Tensor>:$init_values,
      DenseI64ArrayAttr:$window_dimensions,
      OptionalAttr<DenseI64ArrayAttr>:$window_strides,
      OptionalAttr<DenseI64ArrayAttr>:$base_dilations,
      OptionalAttr<DenseI64ArrayAttr>:$window_dilations,
      OptionalAttr<I64ElementsAttr>:$padding);
  let results = (outs Variadic<StableHLO_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let hasVerifier = 1;
}

def StableHLO_SelectAndScatterOp : StableHLO_Op<"select_and_scatter",
    "Adds up values where each window's chosen element is.", [{
    %r = "stablehlo.select_and_scatter"(%x, %source, %zero) <{
        window_dimensions = array<i64: 2>, window_strides = array<i64: 2>}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %c = stablehlo.compare GE, %a, %b
          : (tensor<f32>, tensor<f32>) -> tensor<i1>
      stablehlo.return %c : tensor<i1>
    }, {
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %c = stablehlo.add %a, %b : tensor<f32>
      stablehlo.return %c : tensor<f32>
    }) : (tensor<4xf32>, tensor<2xf32>, tensor<f32>) -> tensor<4xf32>}],
    [RecursiveMemoryEffects, RecursivelySpeculatable]> {
  let arguments = (ins StableHLO_Tensor:$operand, StableHLO_Tensor:$source,
      StableHLO_Tensor:$init_value,
      OptionalAttr<DenseI64ArrayAttr>:$window_dimensions,
      OptionalAttr<DenseI64ArrayAttr>:$window_strides,
      OptionalAttr<I64ElementsAttr>:$padding);
  let results = (outs StableHLO_Tensor:$result);
  let regions = (region SizedRegion<1>:$select, SizedRegion<1>:$scatter);
  let hasVerifier = 1;
}

def StableHLO_ScatterOp : StableHLO_Op<"scatter",
    "Combines boxes into places that a tensor says.", [{
    %r = "stablehlo.scatter"(%x, %i, %updates) <{
        scatter_dimension_numbers = #stablehlo.scatter<
            update_window_dims = [1], inserted_window_dims = [0],
            scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
    ^bb0(%old: tensor<f32>, %new: tensor<f32>):
      %c = stablehlo.add %old, %new : tensor<f32>
      stablehlo.return %c : tensor<f32>
    }) : (tensor<100x8xf32>, tensor<5x1xi64>, tensor<5x8xf32>)
        -> tensor<100x8xf32>}],
    [RecursiveMemoryEffects, RecursivelySpeculatable,
     SameVariadicOperandSize]> {
  let arguments = (ins Variadic<StableHLO_Tensor>:$inputs,
      StableHLO_DimsTensor:$scatter_indices,
      Variadic<StableHLO_Tensor>:$updates,
      StableHLO_ScatterDimensionNumbersAttr:$scatter_dimension_numbers,
      DefaultValuedOptionalAttr<BoolAttr, "false">:$indices_are_sorted,
      DefaultValuedOptionalAttr<BoolAttr, "false">:$unique_indices);
  let results = (outs Variadic<StableHLO_Tensor>:$results);
  let regions = (region SizedRegion<1>:$update_computation);
  let hasVerifier = 1;
}

def StableHLO_SortOp : StableHLO_Op<"sort",
    "Sorts tensors together along a dimension.", [{
    %r = "stablehlo.sort"(%x) <{dimension = 0 : i64, is_stable = true}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %c = stablehlo.compare LT, %a, %b
          : (tensor<f32>, tensor<f32>) -> tensor<i1>
      stablehlo.return %c : tensor<i1>
    }) : (tensor<4xf32>) -> tensor<4xf32>}],
    [RecursiveMemoryEffects, RecursivelySpeculatable,
     SameOperandsAndResultShape]> {
  let arguments = (ins Variadic<StableHLO_Tensor>:$inputs,
      DefaultValuedOptionalAttr<I64Attr, "-1">:$dimension,
      DefaultValuedOptionalAttr<BoolAttr, "false">:$is_stable);
  let results = (outs Variadic<StableHLO_Tensor>:$results);
  let regions = (region SizedRegion<1>:$comparator);
  let hasVerifier = 1;
}

def StableHLO_MapOp : StableHLO_Op<"map",
    "Applies a computation on scalars, element by element.", [{
    %r = "stablehlo.map"(%x) <{dimensions = array<i64: 0>}> ({
    ^bb0(%a: tensor<f32>):
      %c = stablehlo.add %a, %a : tensor<f32>
      stablehlo.return %c : tensor<f32>
    }) : (tensor<4xf32>) -> tensor<4xf32>}],
    [RecursiveMemoryEffects, RecursivelySpeculatable,
     SameOperandsAndResultShape, SingleBlockImplicitTerminator<"ReturnOp">]> {
  let arguments = (ins Variadic<StableHLO_Tensor>:$inputs,
                       DenseI64ArrayAttr:$dimensions);
  let results = (outs StableHLO_Tensor:$result);
  let regions = (region SizedRegion<1>:$computation);
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Normalization
//===----------------------------------------------------------------------===//

class StableHLO_BatchNormOp<string mnemonic, string what, string example>
    : StableHLO_PureOp<"batch_norm_" # mnemonic, what, example> {
  let hasVerifier = 1;
}

def StableHLO_BatchNormInferenceOp : StableHLO_BatchNormOp<"inference",
    "Normalizes by a known mean and variance.", [{
    %r = "stablehlo.batch_norm_inference"(%x, %scale, %offset, %mean, %var) <{
        epsilon = 0.001 : f32, feature_index = 1 : i64}>
        : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>,
           tensor<3xf32>) -> tensor<2x3xf32>}]> {
  let arguments = (ins StableHLO_FloatOrQuantTensor:$operand,
      StableHLO_FloatOrQuantTensor:$scale, StableHLO_FloatOrQuantTensor:$offset,
      StableHLO_FloatOrQuantTensor:$mean,
      StableHLO_FloatOrQuantTensor:$variance, F32Attr:$epsilon,
      I64Attr:$feature_index);
  let results = (outs StableHLO_FloatOrQuantTensor:$result);
}

def StableHLO_BatchNormTrainingOp : StableHLO_BatchNormOp<"training",
    "Normalizes by the mean and variance of each feature.", [{
    %r:3 = "stablehlo.batch_norm_training"(%x, %scale, %offset) <{
        epsilon = 0.001 : f32, feature_index = 1 : i64}>
        : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>)
        -> (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>)}]> {
  let arguments = (ins StableHLO_FloatOrQuantTensor:$operand,
      StableHLO_FloatOrQuantTensor:$scale, StableHLO_FloatOrQuantTensor:$offset,
      F32Attr:$epsilon, I64Attr:$feature_index);
  let results = (outs StableHLO_FloatOrQuantTensor:$output,
      StableHLO_FloatOrQuantTensor:$batch_mean,
      StableHLO_FloatOrQuantTensor:$batch_var);
}

def StableHLO_BatchNormGradOp : StableHLO_BatchNormOp<"grad",
    "Is the gradient of batch_norm_training.", [{
    %r:3 = "stablehlo.batch_norm_grad"(%x, %scale, %mean, %var, %grad) <{
        epsilon = 0.001 : f32, feature_index = 1 : i64}>
        : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>,
           tensor<2x3xf32>)
        -> (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>)}]> {
  let arguments = (ins StableHLO_FloatOrQuantTensor:$operand,
      StableHLO_FloatOrQuantTensor:$scale, StableHLO_FloatOrQuantTensor:$mean,
      StableHLO_FloatOrQuantTensor:$variance,
      StableHLO_FloatOrQuantTensor:$grad_output, F32Attr:$epsilon,
      I64Attr:$feature_index);
  let results = (outs StableHLO_FloatOrQuantTensor:$grad_operand,
      StableHLO_FloatOrQuantTensor:$grad_scale,
      StableHLO_FloatOrQuantTensor:$grad_offset);
}

//===----------------------------------------------------------------------===//
// Algebra, transforms, random numbers
//===----------------------------------------------------------------------===//

def StableHLO_CholeskyOp : StableHLO_PureOp<"cholesky",
    "Takes the triangular root of symmetric matrices.",
    "%r = stablehlo.cholesky %a, lower = true : tensor<3x3xf32>"> {
  let arguments = (ins StableHLO_RealOrComplexTensor:$a,
      DefaultValuedOptionalAttr<BoolAttr, "false">:$lower);
  let results = (outs StableHLO_RealOrComplexTensor:$result);
  let assemblyFormat = [{
    $a (`,` `lower` `=` $lower^)? attr-dict `:`
    custom<SameOperandsAndResultType>(type($a), type($result))
  }];
  let hasVerifier = 1;
}

def StableHLO_TriangularSolveOp : StableHLO_PureOp<"triangular_solve",
    "Solves triangular systems of equations.", [{
    %r = "stablehlo.triangular_solve"(%a, %b) <{
        left_side = true, lower = true, unit_diagonal = false,
        transpose_a = #stablehlo<transpose NO_TRANSPOSE>}>
        : (tensor<3x3xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>}]> {
  let arguments = (ins StableHLO_FloatOrComplexTensor:$a,
      StableHLO_FloatOrComplexTensor:$b, BoolAttr:$left_side, BoolAttr:$lower,
      BoolAttr:$unit_diagonal, StableHLO_TransposeAttr:$transpose_a);
  let results = (outs StableHLO_FloatOrComplexTensor:$result);
  let hasVerifier = 1;
}

def StableHLO_FftOp : StableHLO_PureOp<"fft", "Is a Fourier transform.", [{
    %r = stablehlo.fft %x, type = FFT, length = [16]
        : (tensor<16xcomplex<f32>>) -> tensor<16xcomplex<f32>>}]> {
  let arguments = (ins StableHLO_FloatOrComplexTensor:$operand,
      StableHLO_FftTypeAttr:$fft_type, DenseI64ArrayAttr:$fft_length);
  let results = (outs StableHLO_FloatOrComplexTensor:$result);
  let assemblyFormat = [{
    $operand `,` `type` `=` `` $fft_type `,` `length` `=` $fft_length attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_RngOp : StableHLO_Op<"rng",
    "Draws random numbers of a distribution.", [{
    %r = stablehlo.rng %a, %b, %shape, distribution = UNIFORM
        : (tensor<f32>, tensor<f32>, tensor<1xi64>) -> tensor<4xf32>}]> {
  let arguments = (ins StableHLO_Tensor:$a, StableHLO_Tensor:$b,
      StableHLO_DimsTensor:$shape,
      StableHLO_RngDistributionAttr:$rng_distribution);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    $a `,` $b `,` $shape `,` `distribution` `=` `` $rng_distribution attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_RngBitGeneratorOp : StableHLO_PureOp<"rng_bit_generator",
    "Draws random bits from a state.", [{
    %s, %r = stablehlo.rng_bit_generator %state, algorithm = THREE_FRY
        : (tensor<2xui64>) -> (tensor<2xui64>, tensor<4xui64>)}]> {
  let arguments = (ins StableHLO_RngAlgorithmAttr:$rng_algorithm,
                       StableHLO_IntOrFloatTensor:$initial_state);
  let results = (outs StableHLO_IntOrFloatTensor:$output_state,
                      StableHLO_IntOrFloatTensor:$output);
  let assemblyFormat = [{
    $initial_state `,` `algorithm` `=` `` $rng_algorithm attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

#endif // ORCHESTRA_DIALECT_STABLEHLO_COMPUTE
