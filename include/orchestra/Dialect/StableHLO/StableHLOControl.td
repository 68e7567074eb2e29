//===- StableHLOControl.td - Control flow, calls, devices -----*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_STABLEHLO_CONTROL
#define ORCHESTRA_DIALECT_STABLEHLO_CONTROL

include "orchestra/Dialect/StableHLO/StableHLOBase.td"

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

def StableHLO_ReturnOp : StableHLO_Op<"return",
    "Ends a body and names its results.",
    "stablehlo.return %c : tensor<f32>", [Pure, Terminator, ReturnLike]> {
  let arguments = (ins Variadic<StableHLO_Value>:$results);
  let assemblyFormat = "$results attr-dict (`:` type($results)^)?";
  let builders = [OpBuilder<(ins), [{ /* returns nothing */ }]>];
}

class StableHLO_RegionOp<string mnemonic, string what, string example>
    : StableHLO_Op<mnemonic, what, example,
          [RecursiveMemoryEffects, RecursivelySpeculatable,
           SingleBlockImplicitTerminator<"ReturnOp">]> {
  let results = (outs Variadic<StableHLO_Value>:$results);
  let hasVerifier = 1;
}

def StableHLO_IfOp : StableHLO_RegionOp<"if",
    "Does one of two things.", [{
    %r = "stablehlo.if"(%p) ({
      stablehlo.return %a : tensor<f32>
    }, {
      stablehlo.return %b : tensor<f32>
    }) : (tensor<i1>) -> tensor<f32>}]> {
  let arguments = (ins StableHLO_BoolTensor:$pred);
  let regions = (region SizedRegion<1>:$true_branch,
                        SizedRegion<1>:$false_branch);
}

def StableHLO_CaseOp : StableHLO_RegionOp<"case",
    "Does one of several things; the last where no other is meant.", [{
    %r = "stablehlo.case"(%i) ({
      stablehlo.return %a : tensor<f32>
    }, {
      stablehlo.return %b : tensor<f32>
    }) : (tensor<i32>) -> tensor<f32>}]> {
  let arguments = (ins StableHLO_I32Tensor:$index);
  let regions = (region VariadicRegion<SizedRegion<1>>:$branches);
}

def StableHLO_WhileOp : StableHLO_RegionOp<"while",
    "Repeats while a condition holds.", [{
    %r = stablehlo.while(%i = %start) : tensor<i64>
    cond {
      %c = stablehlo.compare LT, %i, %end
          : (tensor<i64>, tensor<i64>) -> tensor<i1>
      stablehlo.return %c : tensor<i1>
    } do {
      %n = stablehlo.add %i, %one : tensor<i64>
      stablehlo.return %n : tensor<i64>
    }
    }]> {
  let arguments = (ins Variadic<StableHLO_Value>:$operand);
  let regions = (region SizedRegion<1>:$cond, SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
}

def StableHLO_OptimizationBarrierOp : StableHLO_Op<"optimization_barrier",
    "Keeps ops from being moved past it.",
    "%r:2 = stablehlo.optimization_barrier %a, %b : tensor<f32>, tensor<f32>",
    [Pure]> {
  let arguments = (ins Variadic<StableHLO_TensorOrToken>:$operand);
  let results = (outs Variadic<StableHLO_TensorOrToken>:$result);
  let assemblyFormat = [{
    attr-dict ($operand^ `:` custom<PairwiseOpType>(type($operand),
                                                    type($result))):(`(` `)`)?
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Tuples, tokens, calls
//===----------------------------------------------------------------------===//

def StableHLO_TupleOp : StableHLO_PureOp<"tuple", "Makes a tuple.",
    "%r = stablehlo.tuple %a, %b : tuple<tensor<2xf32>, tensor<i32>>"> {
  let arguments = (ins Variadic<StableHLO_Value>:$val);
  let results = (outs StableHLO_Tuple:$result);
  let assemblyFormat =
      "$val attr-dict `:` custom<TupleOpType>(type($val), type($result))";
  let hasVerifier = 1;
}

def StableHLO_GetTupleElementOp : StableHLO_PureOp<"get_tuple_element",
    "Is an element of a tuple.", [{
    %r = stablehlo.get_tuple_element %t[0]
        : (tuple<tensor<2xf32>, tensor<i32>>) -> tensor<2xf32>}]> {
  let arguments = (ins StableHLO_Tuple:$operand,
                       ConfinedAttr<I32Attr, [IntNonNegative]>:$index);
  let results = (outs StableHLO_Value:$result);
  let assemblyFormat = [{
    $operand `[` $index `]` attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_CreateTokenOp : StableHLO_PureOp<"create_token",
    "Makes a token.", "%t = stablehlo.create_token : !stablehlo.token"> {
  let results = (outs StableHLO_Token:$output);
  let assemblyFormat = "attr-dict `:` type(results)";
}

def StableHLO_AfterAllOp : StableHLO_PureOp<"after_all",
    "Makes a token that follows others.",
    "%t = stablehlo.after_all %a, %b : !stablehlo.token"> {
  let arguments = (ins Variadic<StableHLO_Token>:$inputs);
  let results = (outs StableHLO_Token:$result);
  let assemblyFormat = [{
    $inputs attr-dict `:`
    custom<VariadicSameOperandsAndResultType>(ref($inputs), type($inputs),
                                              type($result))
  }];
}

def StableHLO_CustomCallOp : StableHLO_Op<"custom_call",
    "Calls what only some compilers know.",
    "%r = stablehlo.custom_call @foo(%x) : (tensor<4xf32>) -> tensor<4xf32>",
    [MemoryEffects<[MemRead, MemWrite]>]> {
  let arguments = (ins Variadic<StableHLO_Value>:$inputs,
      StrAttr:$call_target_name,
      DefaultValuedOptionalAttr<BoolAttr, "false">:$has_side_effect,
      OptionalAttr<AnyAttrOf<[StrAttr, DictionaryAttr]>>:$backend_config,
      OptionalAttr<I32Attr>:$api_version,
      OptionalAttr<TypedArrayAttrBase<FlatSymbolRefAttr, "symbols">>
          :$called_computations,
      OptionalAttr<ArrayAttr>:$operand_layouts,
      OptionalAttr<ArrayAttr>:$result_layouts,
      OptionalAttr<TypedArrayAttrBase<StableHLO_OutputOperandAliasAttr,
                                      "array of aliases">>
          :$output_operand_aliases,
      OptionalAttr<ArrayAttr>:$result_tilings);
  let results = (outs Variadic<StableHLO_Value>:$results);
  let assemblyFormat = [{
    custom<CustomCallTarget>($call_target_name) `(` $inputs `)` attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_CompositeOp : StableHLO_Op<"composite",
    "Is an op that a function spells out.", [{
    %r = stablehlo.composite "my.op" %x {decomposition = @my_op}
        : (tensor<4xf32>) -> tensor<4xf32>}]> {
  let arguments = (ins Variadic<StableHLO_Value>:$inputs, StrAttr:$name,
      OptionalAttr<DictionaryAttr>:$composite_attributes,
      FlatSymbolRefAttr:$decomposition, OptionalAttr<I32Attr>:$version);
  let regions = (region VariadicRegion<AnyRegion>:$composite_regions);
  let results = (outs Variadic<StableHLO_Value>:$results);
  let assemblyFormat = [{
    $name $inputs (` ` `(` $composite_regions^ `)`)? attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_AsyncStartOp : StableHLO_Op<"async_start",
    "Starts a communication.", [{
    %f = "stablehlo.async_start"(%x) ({
    ^bb0(%y: tensor<4xf32>):
      ...
      stablehlo.return %z : tensor<4xf32>
    }) : (tensor<4xf32>) -> !stablehlo.future<tensor<4xf32>>}],
    [IsolatedFromAbove, SingleBlockImplicitTerminator<"ReturnOp">]> {
  let arguments = (ins Variadic<StableHLO_Tensor>:$operands);
  let regions = (region SizedRegion<1>:$body);
  let results = (outs StableHLO_Future:$result);
  let hasVerifier = 1;
}

def StableHLO_AsyncDoneOp : StableHLO_Op<"async_done",
    "Waits for what was started.", [{
    %r = "stablehlo.async_done"(%f)
        : (!stablehlo.future<tensor<4xf32>>) -> tensor<4xf32>}]> {
  let arguments = (ins StableHLO_Future:$operand);
  let results = (outs StableHLO_Tensor:$result);
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Communication with the host
//===----------------------------------------------------------------------===//

def StableHLO_InfeedOp : StableHLO_Op<"infeed", "Reads from the host.", [{
    %r:2 = "stablehlo.infeed"(%t) <{infeed_config = ""}>
        : (!stablehlo.token) -> (tensor<4xf32>, !stablehlo.token)}]> {
  let arguments = (ins StableHLO_Token:$token,
      DefaultValuedOptionalAttr<StrAttr, "\"\"">:$infeed_config,
      OptionalAttr<ArrayAttr>:$layout);
  let results = (outs Variadic<StableHLO_TensorOrToken>:$results);
  let hasVerifier = 1;
}

def StableHLO_OutfeedOp : StableHLO_Op<"outfeed", "Writes to the host.", [{
    %r = "stablehlo.outfeed"(%x, %t) <{outfeed_config = ""}>
        : (tensor<4xf32>, !stablehlo.token) -> !stablehlo.token}]> {
  let arguments = (ins Variadic<StableHLO_Tensor>:$inputs,
      StableHLO_Token:$token,
      DefaultValuedOptionalAttr<StrAttr, "\"\"">:$outfeed_config);
  let results = (outs StableHLO_Token:$result);
}

def StableHLO_SendOp : StableHLO_Op<"send", "Sends to a channel.", [{
    %r = "stablehlo.send"(%x, %t) <{
        channel_handle = #stablehlo.channel_handle<handle = 5, type = 2>,
        is_host_transfer = true}>
        : (tensor<4xf32>, !stablehlo.token) -> !stablehlo.token}]> {
  let arguments = (ins Variadic<StableHLO_Tensor>:$inputs,
      StableHLO_Token:$token, StableHLO_ChannelHandleAttr:$channel_handle,
      DefaultValuedOptionalAttr<BoolAttr, "false">:$is_host_transfer,
      OptionalAttr<I64ElementsAttr>:$source_target_pairs);
  let results = (outs StableHLO_Token:$result);
}

def StableHLO_RecvOp : StableHLO_Op<"recv", "Receives from a channel.", [{
    %r:2 = "stablehlo.recv"(%t) <{
        channel_handle = #stablehlo.channel_handle<handle = 5, type = 3>,
        is_host_transfer = true}>
        : (!stablehlo.token) -> (tensor<4xf32>, !stablehlo.token)}]> {
  let arguments = (ins StableHLO_Token:$token,
      StableHLO_ChannelHandleAttr:$channel_handle,
      DefaultValuedOptionalAttr<BoolAttr, "false">:$is_host_transfer,
      OptionalAttr<I64ElementsAttr>:$source_target_pairs);
  let results = (outs Variadic<StableHLO_TensorOrToken>:$results);
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Communication between devices
//===----------------------------------------------------------------------===//

def StableHLO_ReplicaGroups
    : AnyAttrOf<[I64ElementsAttr, StableHLO_ReplicaGroupMeshAxesAttr]>;
def StableHLO_OptionalChannel : OptionalAttr<StableHLO_ChannelHandleAttr>;

class StableHLO_IdOp<string mnemonic, string what>
    : StableHLO_PureOp<mnemonic # "_id", what,
                       "%r = stablehlo." # mnemonic # "_id : tensor<ui32>"> {
  let results = (outs StableHLO_UI32Tensor:$result);
  let assemblyFormat = "attr-dict `:` type(results)";
}
def StableHLO_ReplicaIdOp : StableHLO_IdOp<"replica", "Is this replica's number.">;
def StableHLO_PartitionIdOp
    : StableHLO_IdOp<"partition", "Is this partition's number.">;

class StableHLO_CollectiveOp<string mnemonic, string what, string example,
                             list<Trait> traits = []>
    : StableHLO_Op<mnemonic, what, example, traits> {
  let results = (outs Variadic<StableHLO_Tensor>:$results);
  let hasVerifier = 1;
}

def StableHLO_AllGatherOp : StableHLO_CollectiveOp<"all_gather",
    "Joins the tensors of all devices.", [{
    %r = "stablehlo.all_gather"(%x) <{all_gather_dim = 0 : i64,
        replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}>
        : (tensor<2xf32>) -> tensor<4xf32>}]> {
  let arguments = (ins Variadic<StableHLO_Tensor>:$operands,
      I64Attr:$all_gather_dim, StableHLO_ReplicaGroups:$replica_groups,
      StableHLO_OptionalChannel:$channel_handle,
      UnitAttr:$use_global_device_ids);
}

def StableHLO_AllReduceOp : StableHLO_CollectiveOp<"all_reduce",
    "Combines the tensors of all devices.", [{
    %r = "stablehlo.all_reduce"(%x) <{
        replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %c = stablehlo.add %a, %b : tensor<f32>
      stablehlo.return %c : tensor<f32>
    }) : (tensor<2xf32>) -> tensor<2xf32>}],
    [SingleBlockImplicitTerminator<"ReturnOp">]> {
  let arguments = (ins Variadic<StableHLO_Tensor>:$operands,
      StableHLO_ReplicaGroups:$replica_groups,
      StableHLO_OptionalChannel:$channel_handle,
      UnitAttr:$use_global_device_ids);
  let regions = (region SizedRegion<1>:$computation);
}

def StableHLO_CollectiveReduceOp : StableHLO_CollectiveOp<"collective_reduce",
    "Combines the tensors of all devices on one.", [{
    %r = "stablehlo.collective_reduce"(%x) <{
        replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %c = stablehlo.add %a, %b : tensor<f32>
      stablehlo.return %c : tensor<f32>
    }) : (tensor<2xf32>) -> tensor<2xf32>}],
    [SingleBlockImplicitTerminator<"ReturnOp">]> {
  let arguments = (ins Variadic<StableHLO_Tensor>:$operands,
      StableHLO_ReplicaGroups:$replica_groups,
      StableHLO_OptionalChannel:$channel_handle,
      UnitAttr:$use_global_device_ids, UnitAttr:$has_dynamic_root);
  let regions = (region SizedRegion<1>:$computation);
}

def StableHLO_ReduceScatterOp : StableHLO_CollectiveOp<"reduce_scatter",
    "Combines the tensors of all devices; each gets a part.", [{
    %r = "stablehlo.reduce_scatter"(%x) <{scatter_dimension = 0 : i64,
        replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %c = stablehlo.add %a, %b : tensor<f32>
      stablehlo.return %c : tensor<f32>
    }) : (tensor<4xf32>) -> tensor<2xf32>}]> {
  let arguments = (ins StableHLO_Tensor:$operand, I64Attr:$scatter_dimension,
      StableHLO_ReplicaGroups:$replica_groups,
      StableHLO_OptionalChannel:$channel_handle,
      UnitAttr:$use_global_device_ids);
  let regions = (region SizedRegion<1>:$computation);
}

def StableHLO_AllToAllOp : StableHLO_CollectiveOp<"all_to_all",
    "Splits the tensors of all devices and gives each its parts.", [{
    %r = "stablehlo.all_to_all"(%x) <{split_dimension = 1 : i64,
        concat_dimension = 0 : i64, split_count = 2 : i64,
        replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}>
        : (tensor<2x4xf32>) -> tensor<4x2xf32>}]> {
  let arguments = (ins Variadic<StableHLO_Tensor>:$operands,
      I64Attr:$split_dimension, I64Attr:$concat_dimension,
      ConfinedAttr<I64Attr, [IntPositive]>:$split_count,
      StableHLO_ReplicaGroups:$replica_groups,
      StableHLO_OptionalChannel:$channel_handle);
}

def StableHLO_CollectiveBroadcastOp
    : StableHLO_CollectiveOp<"collective_broadcast",
    "Gives the tensor of a group's first device to all of it.", [{
    %r = "stablehlo.collective_broadcast"(%x) <{
        replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}>
        : (tensor<2xf32>) -> tensor<2xf32>}]> {
  let arguments = (ins Variadic<StableHLO_Tensor>:$operands,
      StableHLO_ReplicaGroups:$replica_groups,
      StableHLO_OptionalChannel:$channel_handle, UnitAttr:$has_dynamic_root);
}

def StableHLO_CollectivePermuteOp : StableHLO_CollectiveOp<"collective_permute",
    "Sends tensors from device to device.", [{
    %r = "stablehlo.collective_permute"(%x) <{
        source_target_pairs = dense<[[0, 1]]> : tensor<1x2xi64>}>
        : (tensor<2xf32>) -> tensor<2xf32>}]> {
  let arguments = (ins StableHLO_Tensor:$operand,
      I64ElementsAttr:$source_target_pairs,
      StableHLO_OptionalChannel:$channel_handle);
}

def StableHLO_CrossReplicaSumOp : StableHLO_CollectiveOp<"cross-replica-sum",
    "Adds the tensors of all replicas up.", [{
    %r = "stablehlo.cross-replica-sum"(%x) <{
        replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}>
        : (tensor<2xf32>) -> tensor<2xf32>}]> {
  let arguments = (ins StableHLO_Tensor:$operand,
                       I64ElementsAttr:$replica_groups);
}

#endif // ORCHESTRA_DIALECT_STABLEHLO_CONTROL
