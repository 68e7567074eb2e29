//===- StableHLOData.td - Constants and moving elements -------*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_STABLEHLO_DATA
#define ORCHESTRA_DIALECT_STABLEHLO_DATA

include "orchestra/Dialect/StableHLO/StableHLOBase.td"

/// Operands, attributes and the functional type.
class StableHLO_PlainOp<string mnemonic, string what, string example,
                        list<Trait> traits = []>
    : StableHLO_PureOp<mnemonic, what, example, traits> {
  let assemblyFormat =
      "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def StableHLO_ConstantOp : StableHLO_Op<"constant", "Is a constant tensor.",
    "%r = stablehlo.constant dense<0.0> : tensor<4xf32>",
    [Pure, ConstantLike]> {
  let arguments = (ins ElementsAttr:$value);
  let results = (outs StableHLO_Tensor:$output);
  let builders = [
    OpBuilder<(ins "::mlir::ElementsAttr":$value), [{
      build($_builder, $_state, value.getType(), value);
    }]>
  ];
  let hasCustomAssemblyFormat = 1;
  let hasFolder = 1;
  let hasVerifier = 1;
}

def StableHLO_IotaOp : StableHLO_PureOp<"iota",
    "Counts up from zero along one dimension.",
    "%r = stablehlo.iota dim = 1 : tensor<2x3xi32>"> {
  let arguments = (ins I64Attr:$iota_dimension);
  let results = (outs StableHLO_NumberTensor:$output);
  let assemblyFormat =
      "`dim` `=` custom<Dimension>($iota_dimension) attr-dict `:` type($output)";
  let hasVerifier = 1;
}

def StableHLO_DynamicIotaOp : StableHLO_PureOp<"dynamic_iota",
    "Counts up from zero, in a shape that a tensor says.",
    "%r = stablehlo.dynamic_iota %s, dim = 0 : (tensor<1xi64>) -> tensor<?xi64>"> {
  let arguments = (ins StableHLO_DimsTensor:$output_shape,
                       I64Attr:$iota_dimension);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    $output_shape `,` `dim` `=` custom<Dimension>($iota_dimension) attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_BroadcastOp : StableHLO_PureOp<"broadcast",
    "Repeats a tensor along new leading dimensions.", [{
    %r = stablehlo.broadcast %x, sizes = [2]
        : (tensor<3xf32>) -> tensor<2x3xf32>}]> {
  let arguments = (ins StableHLO_Tensor:$operand,
                       DenseI64ArrayAttr:$broadcast_sizes);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    $operand `,` `sizes` `=` $broadcast_sizes attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_BroadcastInDimOp : StableHLO_PureOp<"broadcast_in_dim",
    "Repeats a tensor along new dimensions.", [{
    // Dimension i of the operand becomes dimension dims[i] of the result.
    %r = stablehlo.broadcast_in_dim %x, dims = [1]
        : (tensor<3xf32>) -> tensor<2x3xf32>}]> {
  let arguments = (ins StableHLO_Tensor:$operand,
                       DenseI64ArrayAttr:$broadcast_dimensions);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    $operand `,` `dims` `=` $broadcast_dimensions attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_DynamicBroadcastInDimOp
    : StableHLO_PureOp<"dynamic_broadcast_in_dim",
    "Repeats a tensor to a shape that a tensor says.", [{
    %r = stablehlo.dynamic_broadcast_in_dim %x, %shape, dims = [1]
        : (tensor<3xf32>, tensor<2xi64>) -> tensor<?x3xf32>}]> {
  let arguments = (ins StableHLO_Tensor:$operand,
      StableHLO_DimsTensor:$output_dimensions,
      DenseI64ArrayAttr:$broadcast_dimensions,
      OptionalAttr<DenseI64ArrayAttr>:$known_expanding_dimensions,
      OptionalAttr<DenseI64ArrayAttr>:$known_nonexpanding_dimensions);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    $operand `,` $output_dimensions `,` `dims` `=` $broadcast_dimensions
    attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_TransposeOp : StableHLO_PureOp<"transpose",
    "Permutes dimensions.", [{
    // Dimension i of the result is dimension dims[i] of the operand.
    %r = stablehlo.transpose %x, dims = [1, 0]
        : (tensor<2x3xf32>) -> tensor<3x2xf32>}]> {
  let arguments = (ins StableHLO_Tensor:$operand,
                       DenseI64ArrayAttr:$permutation);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    $operand `,` `dims` `=` $permutation attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_ReverseOp : StableHLO_PureOp<"reverse",
    "Turns dimensions around.",
    "%r = stablehlo.reverse %x, dims = [1] : tensor<2x3xf32>"> {
  let arguments = (ins StableHLO_Tensor:$operand,
                       DenseI64ArrayAttr:$dimensions);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    $operand `,` `dims` `=` $dimensions attr-dict `:`
    custom<SameOperandsAndResultType>(type($operand), type($result))
  }];
  let hasVerifier = 1;
}

def StableHLO_ReshapeOp : StableHLO_PlainOp<"reshape",
    "Gives the same elements another shape.",
    "%r = stablehlo.reshape %x : (tensor<2x3xf32>) -> tensor<6xf32>"> {
  let arguments = (ins StableHLO_Tensor:$operand);
  let results = (outs StableHLO_Tensor:$result);
}

def StableHLO_DynamicReshapeOp : StableHLO_PlainOp<"dynamic_reshape",
    "Gives the same elements a shape that a tensor says.", [{
    %r = stablehlo.dynamic_reshape %x, %shape
        : (tensor<?x3xf32>, tensor<1xi64>) -> tensor<?xf32>}]> {
  let arguments = (ins StableHLO_Tensor:$operand,
                       StableHLO_DimsTensor:$output_shape);
  let results = (outs StableHLO_Tensor:$result);
}

def StableHLO_BitcastConvertOp : StableHLO_PlainOp<"bitcast_convert",
    "Reads the same bits as another element type.", [{
    %r = stablehlo.bitcast_convert %x : (tensor<2xf32>) -> tensor<2xi32>}]> {
  let arguments = (ins StableHLO_Tensor:$operand);
  let results = (outs StableHLO_Tensor:$result);
}

def StableHLO_SliceOp : StableHLO_PureOp<"slice",
    "Takes a box out of a tensor.", [{
    %r = stablehlo.slice %x [0:2, 1:7:2]
        : (tensor<4x8xf32>) -> tensor<2x3xf32>}]> {
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

def StableHLO_RealDynamicSliceOp : StableHLO_PlainOp<"real_dynamic_slice",
    "Takes a box that tensors say out of a tensor.", [{
    %r = stablehlo.real_dynamic_slice %x, %starts, %limits, %strides
        : (tensor<?xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>)
        -> tensor<?xf32>}]> {
  let arguments = (ins StableHLO_Tensor:$operand,
      StableHLO_DimsTensor:$start_indices, StableHLO_DimsTensor:$limit_indices,
      StableHLO_DimsTensor:$strides);
  let results = (outs StableHLO_Tensor:$result);
}

def StableHLO_DynamicSliceOp : StableHLO_PureOp<"dynamic_slice",
    "Takes a box of fixed size from a place that tensors say.", [{
    %r = stablehlo.dynamic_slice %x, %i, sizes = [2]
        : (tensor<4xf32>, tensor<i64>) -> tensor<2xf32>}]> {
  let arguments = (ins StableHLO_Tensor:$operand,
      Variadic<StableHLO_IntTensor>:$start_indices,
      DenseI64ArrayAttr:$slice_sizes);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    $operand `,` custom<OperandsBeforeAttribute>($start_indices) `sizes` `=`
    $slice_sizes attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_DynamicUpdateSliceOp : StableHLO_PlainOp<"dynamic_update_slice",
    "Replaces a box of a tensor.", [{
    %r = stablehlo.dynamic_update_slice %x, %update, %i
        : (tensor<8xf32>, tensor<3xf32>, tensor<i64>) -> tensor<8xf32>}]> {
  let arguments = (ins StableHLO_Tensor:$operand, StableHLO_Tensor:$update,
                       Variadic<StableHLO_IntTensor>:$start_indices);
  let results = (outs StableHLO_Tensor:$result);
}

def StableHLO_PadOp : StableHLO_PureOp<"pad",
    "Surrounds a tensor with a value.", [{
    %r = stablehlo.pad %x, %zero, low = [1], high = [2], interior = [0]
        : (tensor<4xf32>, tensor<f32>) -> tensor<7xf32>}]> {
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

def StableHLO_DynamicPadOp : StableHLO_PlainOp<"dynamic_pad",
    "Surrounds a tensor, as much as tensors say.", [{
    %r = stablehlo.dynamic_pad %x, %zero, %low, %high, %interior
        : (tensor<?xf32>, tensor<f32>, tensor<1xi64>, tensor<1xi64>,
           tensor<1xi64>) -> tensor<?xf32>}]> {
  let arguments = (ins StableHLO_Tensor:$operand,
      StableHLO_Tensor:$padding_value, StableHLO_DimsTensor:$edge_padding_low,
      StableHLO_DimsTensor:$edge_padding_high,
      StableHLO_DimsTensor:$interior_padding);
  let results = (outs StableHLO_Tensor:$result);
}

def StableHLO_ConcatenateOp : StableHLO_PureOp<"concatenate",
    "Joins tensors along one dimension.", [{
    %r = stablehlo.concatenate %a, %b, dim = 0
        : (tensor<2xf32>, tensor<3xf32>) -> tensor<5xf32>}]> {
  let arguments = (ins Variadic<StableHLO_Tensor>:$inputs, I64Attr:$dimension);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    custom<OperandsBeforeAttribute>($inputs) `dim` `=`
    custom<Dimension>($dimension) attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_GatherOp : StableHLO_PureOp<"gather",
    "Takes boxes from places that a tensor says.", [{
    %r = "stablehlo.gather"(%x, %i) <{
        dimension_numbers = #stablehlo.gather<offset_dims = [1],
            collapsed_slice_dims = [0], start_index_map = [0],
            index_vector_dim = 1>,
        slice_sizes = array<i64: 1, 8>}>
        : (tensor<100x8xf32>, tensor<5x1xi64>) -> tensor<5x8xf32>}]> {
  let arguments = (ins StableHLO_Tensor:$operand,
      StableHLO_IntTensor:$start_indices,
      StableHLO_GatherDimensionNumbersAttr:$dimension_numbers,
      DenseI64ArrayAttr:$slice_sizes,
      DefaultValuedOptionalAttr<BoolAttr, "false">:$indices_are_sorted);
  let results = (outs StableHLO_Tensor:$result);
  let hasVerifier = 1;
}

def StableHLO_DynamicGatherOp : StableHLO_PureOp<"dynamic_gather",
    "Takes boxes whose size a tensor says.", [{
    %r = "stablehlo.dynamic_gather"(%x, %i, %sizes) <{
        dimension_numbers = #stablehlo.gather<offset_dims = [1],
            collapsed_slice_dims = [0], start_index_map = [0],
            index_vector_dim = 1>}>
        : (tensor<100x?xf32>, tensor<5x1xi64>, tensor<2xi64>)
        -> tensor<5x?xf32>}]> {
  let arguments = (ins StableHLO_Tensor:$operand,
      StableHLO_IntTensor:$start_indices, StableHLO_DimsTensor:$slice_sizes,
      StableHLO_GatherDimensionNumbersAttr:$dimension_numbers,
      DefaultValuedOptionalAttr<BoolAttr, "false">:$indices_are_sorted);
  let results = (outs StableHLO_Tensor:$result);
  let hasVerifier = 1;
}

def StableHLO_TorchIndexSelectOp : StableHLO_PureOp<"torch_index_select",
    "Takes rows from places that a tensor says.", [{
    %r = "stablehlo.torch_index_select"(%x, %i) <{
        dim = 0 : i64, batch_dims = 0 : i64}>
        : (tensor<5x1x5xi32>, tensor<2xi32>) -> tensor<2x1x5xi32>}]> {
  let arguments = (ins StableHLO_Tensor:$operand, StableHLO_Tensor:$index,
                       I64Attr:$dim, I64Attr:$batch_dims);
  let results = (outs StableHLO_Tensor:$result);
  let hasVerifier = 1;
}

def StableHLO_GetDimensionSizeOp : StableHLO_PureOp<"get_dimension_size",
    "Is the size of a dimension.", [{
    %r = stablehlo.get_dimension_size %x, dim = 0
        : (tensor<?x3xf32>) -> tensor<i32>}]> {
  let arguments = (ins StableHLO_Tensor:$operand, I64Attr:$dimension);
  let results = (outs StableHLO_I32Tensor:$result);
  let assemblyFormat = [{
    $operand `,` `dim` `=` custom<Dimension>($dimension) attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_SetDimensionSizeOp : StableHLO_PureOp<"set_dimension_size",
    "Says how much of a dimension is used.", [{
    %r = stablehlo.set_dimension_size %x, %n, dim = 0
        : (tensor<4xf32>, tensor<i32>) -> tensor<?xf32, #stablehlo.bounds<4>>}]> {
  let arguments = (ins StableHLO_Tensor:$operand, StableHLO_I32Tensor:$size,
                       I64Attr:$dimension);
  let results = (outs StableHLO_Tensor:$result);
  let assemblyFormat = [{
    $operand `,` $size `,` `dim` `=` custom<Dimension>($dimension) attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

#endif // ORCHESTRA_DIALECT_STABLEHLO_DATA
