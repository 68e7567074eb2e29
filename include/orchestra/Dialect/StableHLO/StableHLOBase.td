//===- StableHLOBase.td - Types and attributes of StableHLO ---*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_STABLEHLO_BASE
#define ORCHESTRA_DIALECT_STABLEHLO_BASE

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/TensorEncoding.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

def StableHLO_TokenType : TypeDef<StableHLO_Dialect, "Token"> {
  let mnemonic = "token";
  let summary = "Orders ops that have side effects.";
}

def StableHLO_FutureType : TypeDef<StableHLO_Dialect, "Future"> {
  let mnemonic = "future";
  let summary = "What an op that was started will give.";
  let parameters = (ins ArrayRefParameter<"::mlir::Type">:$types);
  let assemblyFormat = "`<` $types `>`";
}

class StableHLO_ElementKind<string predicate, string what>
    : Type<CPred<"::orchestra::stablehlo::" # predicate # "($_self)">, what>;

def StableHLO_Float : StableHLO_ElementKind<"isFloatElement", "float">;
def StableHLO_SInt : StableHLO_ElementKind<"isSignedElement", "signed integer">;
def StableHLO_Int : StableHLO_ElementKind<"isIntElement", "integer">;
def StableHLO_Complex
    : StableHLO_ElementKind<"isComplexElement", "complex of f32 or f64">;
def StableHLO_Quant
    : StableHLO_ElementKind<"isQuantElement", "quantized integer">;
def StableHLO_Dim
    : StableHLO_ElementKind<"isDimElement", "integer or index">;

class StableHLO_TensorOf<list<Type> elements> : RankedTensorOf<elements>;
def StableHLO_Tensor : StableHLO_TensorOf<[
    StableHLO_Float, I1, StableHLO_Int, StableHLO_Complex, StableHLO_Quant]>;
def StableHLO_BoolTensor : StableHLO_TensorOf<[I1]>;
def StableHLO_IntTensor : StableHLO_TensorOf<[StableHLO_Int]>;
def StableHLO_BitsTensor : StableHLO_TensorOf<[I1, StableHLO_Int]>;
def StableHLO_FloatTensor : StableHLO_TensorOf<[StableHLO_Float]>;
def StableHLO_FloatOrQuantTensor
    : StableHLO_TensorOf<[StableHLO_Float, StableHLO_Quant]>;
def StableHLO_FloatOrComplexTensor
    : StableHLO_TensorOf<[StableHLO_Float, StableHLO_Complex]>;
def StableHLO_RealOrComplexTensor : StableHLO_TensorOf<[
    StableHLO_Float, StableHLO_Complex, StableHLO_Quant]>;
def StableHLO_NumberTensor : StableHLO_TensorOf<[
    StableHLO_Int, StableHLO_Float, StableHLO_Complex, StableHLO_Quant]>;
def StableHLO_SignedTensor : StableHLO_TensorOf<[
    StableHLO_SInt, StableHLO_Float, StableHLO_Complex, StableHLO_Quant]>;
def StableHLO_IntOrFloatTensor
    : StableHLO_TensorOf<[StableHLO_Int, StableHLO_Float]>;
def StableHLO_PlainTensor : StableHLO_TensorOf<[
    StableHLO_Float, I1, StableHLO_Int, StableHLO_Complex]>;
def StableHLO_ComplexTensor : StableHLO_TensorOf<[StableHLO_Complex]>;
def StableHLO_QuantTensor : StableHLO_TensorOf<[StableHLO_Quant]>;
def StableHLO_DimsTensor : StableHLO_TensorOf<[StableHLO_Dim]>;
def StableHLO_I32Tensor : StableHLO_TensorOf<[I32]>;
def StableHLO_UI32Tensor : StableHLO_TensorOf<[UI32]>;
def StableHLO_Token
    : Type<CPred<"::llvm::isa<::orchestra::stablehlo::TokenType>($_self)">,
           "token">;
def StableHLO_Future
    : Type<CPred<"::llvm::isa<::orchestra::stablehlo::FutureType>($_self)">,
           "future">;
def StableHLO_Tuple
    : Type<CPred<"::llvm::isa<::mlir::TupleType>($_self)">, "tuple",
           "::mlir::TupleType">;
def StableHLO_TensorOrToken : AnyTypeOf<[StableHLO_Tensor, StableHLO_Token]>;
def StableHLO_Value : AnyTypeOf<[StableHLO_Tensor, StableHLO_Token,
    StableHLO_Tuple, StableHLO_Future, AnyMemRef, AnyUnrankedTensor]>;

//===----------------------------------------------------------------------===//
// Enumerations
//===----------------------------------------------------------------------===//

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

def StableHLO_FftType : StableHLO_Enum<"FftType", [
    I32EnumAttrCase<"FFT", 0>, I32EnumAttrCase<"IFFT", 1>,
    I32EnumAttrCase<"RFFT", 2>, I32EnumAttrCase<"IRFFT", 3>]>;
def StableHLO_FftTypeAttr
    : EnumAttr<StableHLO_Dialect, StableHLO_FftType, "fft_type">;

def StableHLO_Transpose : StableHLO_Enum<"Transpose", [
    I32EnumAttrCase<"TRANSPOSE_INVALID", 0>,
    I32EnumAttrCase<"NO_TRANSPOSE", 1>, I32EnumAttrCase<"TRANSPOSE", 2>,
    I32EnumAttrCase<"ADJOINT", 3>]>;
def StableHLO_TransposeAttr
    : EnumAttr<StableHLO_Dialect, StableHLO_Transpose, "transpose">;

def StableHLO_RngDistribution : StableHLO_Enum<"RngDistribution", [
    I32EnumAttrCase<"UNIFORM", 1>, I32EnumAttrCase<"NORMAL", 2>]>;
def StableHLO_RngDistributionAttr
    : EnumAttr<StableHLO_Dialect, StableHLO_RngDistribution,
               "rng_distribution">;

def StableHLO_RngAlgorithm : StableHLO_Enum<"RngAlgorithm", [
    I32EnumAttrCase<"DEFAULT", 0>, I32EnumAttrCase<"THREE_FRY", 1>,
    I32EnumAttrCase<"PHILOX", 2>]>;
def StableHLO_RngAlgorithmAttr
    : EnumAttr<StableHLO_Dialect, StableHLO_RngAlgorithm, "rng_algorithm">;

def StableHLO_ResultAccuracyMode : StableHLO_Enum<"ResultAccuracyMode", [
    I32EnumAttrCase<"DEFAULT", 0>, I32EnumAttrCase<"HIGHEST", 1>,
    I32EnumAttrCase<"TOLERANCE", 2>]>;
def StableHLO_ResultAccuracyModeAttr
    : EnumAttr<StableHLO_Dialect, StableHLO_ResultAccuracyMode,
               "result_accuracy_mode"> {
  let assemblyFormat = "`<` $value `>`";
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

class StableHLO_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<StableHLO_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def StableHLO_Dims : OptionalArrayRefParameter<"int64_t">;
def StableHLO_Int64 : DefaultValuedParameter<"int64_t", "0">;

def StableHLO_DotDimensionNumbersAttr
    : StableHLO_Attr<"DotDimensionNumbers", "dot"> {
  let summary = "Which dimensions of a dot_general are paired, and how.";
  let parameters = (ins
      StableHLO_Dims:$lhs_batching_dimensions,
      StableHLO_Dims:$rhs_batching_dimensions,
      StableHLO_Dims:$lhs_contracting_dimensions,
      StableHLO_Dims:$rhs_contracting_dimensions);
  let assemblyFormat = [{
    `<` struct(custom<Dims>($lhs_batching_dimensions),
               custom<Dims>($rhs_batching_dimensions),
               custom<Dims>($lhs_contracting_dimensions),
               custom<Dims>($rhs_contracting_dimensions)) `>`
  }];
}

def StableHLO_DotAlgorithmAttr
    : StableHLO_Attr<"DotAlgorithm", "dot_algorithm"> {
  let summary = "How exactly a product is to be computed.";
  let parameters = (ins
      "::mlir::Type":$lhs_precision_type, "::mlir::Type":$rhs_precision_type,
      "::mlir::Type":$accumulation_type, "int64_t":$lhs_component_count,
      "int64_t":$rhs_component_count, "int64_t":$num_primitive_operations,
      "bool":$allow_imprecise_accumulation);
  let assemblyFormat = "`<` struct(params) `>`";
}

def StableHLO_GatherDimensionNumbersAttr
    : StableHLO_Attr<"GatherDimensionNumbers", "gather"> {
  let summary = "Which dimensions of a gather mean what.";
  let parameters = (ins
      StableHLO_Dims:$offset_dims, StableHLO_Dims:$collapsed_slice_dims,
      StableHLO_Dims:$operand_batching_dims,
      StableHLO_Dims:$start_indices_batching_dims,
      StableHLO_Dims:$start_index_map, StableHLO_Int64:$index_vector_dim);
  let assemblyFormat = [{
    `<` struct(custom<Dims>($offset_dims), custom<Dims>($collapsed_slice_dims),
               custom<Dims>($operand_batching_dims),
               custom<Dims>($start_indices_batching_dims),
               custom<Dims>($start_index_map), $index_vector_dim) `>`
  }];
}

def StableHLO_ScatterDimensionNumbersAttr
    : StableHLO_Attr<"ScatterDimensionNumbers", "scatter"> {
  let summary = "Which dimensions of a scatter mean what.";
  let parameters = (ins
      StableHLO_Dims:$update_window_dims, StableHLO_Dims:$inserted_window_dims,
      StableHLO_Dims:$input_batching_dims,
      StableHLO_Dims:$scatter_indices_batching_dims,
      StableHLO_Dims:$scatter_dims_to_operand_dims,
      StableHLO_Int64:$index_vector_dim);
  let assemblyFormat = [{
    `<` struct(custom<Dims>($update_window_dims),
               custom<Dims>($inserted_window_dims),
               custom<Dims>($input_batching_dims),
               custom<Dims>($scatter_indices_batching_dims),
               custom<Dims>($scatter_dims_to_operand_dims),
               $index_vector_dim) `>`
  }];
}

def StableHLO_ConvDimensionNumbersAttr
    : StableHLO_Attr<"ConvDimensionNumbers", "conv"> {
  let summary = "Which dimensions of a convolution mean what.";
  let parameters = (ins
      "int64_t":$input_batch_dimension, "int64_t":$input_feature_dimension,
      StableHLO_Dims:$input_spatial_dimensions,
      "int64_t":$kernel_input_feature_dimension,
      "int64_t":$kernel_output_feature_dimension,
      StableHLO_Dims:$kernel_spatial_dimensions,
      "int64_t":$output_batch_dimension, "int64_t":$output_feature_dimension,
      StableHLO_Dims:$output_spatial_dimensions);
  let hasCustomAssemblyFormat = 1;
}

def StableHLO_ChannelHandleAttr
    : StableHLO_Attr<"ChannelHandle", "channel_handle"> {
  let summary = "Names a channel of communication.";
  let parameters = (ins "int64_t":$handle, "int64_t":$type);
  let assemblyFormat = "`<` struct(params) `>`";
}

def StableHLO_OutputOperandAliasAttr
    : StableHLO_Attr<"OutputOperandAlias", "output_operand_alias"> {
  let summary = "Says that a result of a call is in the place of an operand.";
  let parameters = (ins StableHLO_Dims:$output_tuple_indices,
      "int64_t":$operand_index, StableHLO_Dims:$operand_tuple_indices);
  let assemblyFormat = [{
    `<` `output_tuple_indices` `=` custom<Dims>($output_tuple_indices) `,`
    `operand_index` `=` $operand_index `,`
    `operand_tuple_indices` `=` custom<Dims>($operand_tuple_indices) `>`
  }];
}

def StableHLO_BoundsAttr : StableHLO_Attr<"Bounds", "bounds", [
    DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "Upper bounds of a tensor's dynamic sizes.";
  let parameters = (ins ArrayRefParameter<"int64_t">:$bounds);
  let assemblyFormat = "`<` custom<Bounds>($bounds) `>`";
}

def StableHLO_TypeExtensionsAttr
    : StableHLO_Attr<"TypeExtensions", "type_extensions", [
    DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "An older name of `bounds`.";
  let parameters = (ins ArrayRefParameter<"int64_t">:$bounds);
  let assemblyFormat = "`<` `bounds` `=` `[` custom<Bounds>($bounds) `]` `>`";
}

def StableHLO_ResultAccuracyAttr
    : StableHLO_Attr<"ResultAccuracy", "result_accuracy"> {
  let summary = "How accurate the result of an op has to be.";
  let parameters = (ins
      OptionalParameter<"::mlir::FloatAttr">:$atol,
      OptionalParameter<"::mlir::FloatAttr">:$rtol, StableHLO_Int64:$ulps,
      "::orchestra::stablehlo::ResultAccuracyModeAttr":$mode);
  let hasCustomAssemblyFormat = 1;
}

def StableHLO_SubAxisInfoAttr
    : StableHLO_Attr<"SubAxisInfo", "sub_axis_info"> {
  let summary = "Which part of an axis is meant.";
  let parameters = (ins "int64_t":$pre_size, "int64_t":$size);
  let assemblyFormat = "`(` $pre_size `)` `` $size";
}
def StableHLO_AxisRefAttr : StableHLO_Attr<"AxisRef", "axis_ref"> {
  let summary = "Names an axis of a mesh, or a part of one.";
  let parameters = (ins StringRefParameter<"">:$name,
      OptionalParameter<"::orchestra::stablehlo::SubAxisInfoAttr">
          :$sub_axis_info);
  let assemblyFormat = "`<` struct(params) `>`";
}
def StableHLO_MeshAxisAttr : StableHLO_Attr<"MeshAxis", "mesh_axis"> {
  let summary = "Is an axis of a mesh of devices.";
  let parameters = (ins StringRefParameter<"">:$name, "int64_t":$size);
  let assemblyFormat = "`<` struct(params) `>`";
}
def StableHLO_MeshAttr : StableHLO_Attr<"Mesh", "mesh"> {
  let summary = "Is a mesh of devices.";
  let parameters = (ins
      ArrayRefParameter<"::orchestra::stablehlo::MeshAxisAttr">:$axes,
      OptionalParameter<"::mlir::DenseIntElementsAttr">:$device_ids);
  let assemblyFormat = [{
    `<` `axes` `` `=` `` `[` $axes `]`
    (`,` `device_ids` `` `=` `` $device_ids^)? `>`
  }];
}
def StableHLO_ReplicaGroupMeshAxesAttr
    : StableHLO_Attr<"ReplicaGroupMeshAxes", "replica_group_mesh_axes"> {
  let summary = "Groups of devices that are rows of a mesh.";
  let parameters = (ins "::mlir::Attribute":$mesh, "::mlir::ArrayAttr":$axes);
  let assemblyFormat = "`<` struct(params) `>`";
}

//===----------------------------------------------------------------------===//
// Classes of ops
//===----------------------------------------------------------------------===//

/// `example` is what the generated page shows.
class StableHLO_Op<string mnemonic, string what, string example,
                   list<Trait> traits = []>
    : Op<StableHLO_Dialect, mnemonic, traits> {
  let summary = what;
  let description = "```mlir\n" # example # "\n```";
}
class StableHLO_PureOp<string mnemonic, string what, string example,
                       list<Trait> traits = []>
    : StableHLO_Op<mnemonic, what, example, [Pure] # traits>;

#endif // ORCHESTRA_DIALECT_STABLEHLO_BASE
