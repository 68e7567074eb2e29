//===- TransformOps.td - What strategies for NVIDIA may do ----*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_NVIDIA_TRANSFORM_OPS
#define ORCHESTRA_TARGET_NVIDIA_TRANSFORM_OPS

include "mlir/Dialect/Transform/IR/TransformDialect.td"
include "mlir/Dialect/Transform/IR/TransformTypes.td"
include "mlir/Dialect/Transform/Interfaces/TransformInterfaces.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def NVIDIA_TileWarpgroupsOp
    : Op<Transform_Dialect, "nvidia.tile_warpgroups",
         [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
          DeclareOpInterfaceMethods<TransformOpInterface>]> {
  let summary = "Tiles a contraction for the tensor cores of a warpgroup.";
  let description = [{
    In a kernel function around one contraction, with pointwise ops behind it:
    accumulates in f32, pads all dimensions to whole tiles, tiles the result
    into an `scf.forall` of tiles of `rows` x `columns` and the reduction into an
    `scf.for` of steps of `depth`, and notes the policy on the kernel for the
    passes that follow (`#nvtile.policy`). `blocks` is how many thread blocks
    run at once.

    `alternatives` are other tiles, each rows, columns, stages, consumers and
    store_bytes. Of all, the one is taken whose tiles are done first by `costs`:
    multiply-adds and bytes that a multiprocessor takes in a cycle, the cycles
    that a tile costs before its first and after its last step, and those of a
    sum over a cluster. Few rows leave multiprocessors idle where tiles are
    large; large ones read less. With `splits`, clusters of as many blocks may
    share the reduction of a tile, where all of them run at once.

    A kernel that is no such thing, or whose buffers a tensor map cannot
    describe, is left as it is, and a remark says why.

    ```mlir
    transform.nvidia.tile_warpgroups %kernels rows = 128 columns = 256
      depth = 64 stages = 4 consumers = 2 group = 8 store_bytes = 256
      blocks = %cores : !transform.any_op, !transform.param<i64>
    ```
  }];
  let arguments = (ins TransformHandleTypeInterface:$target,
                       ConfinedAttr<I64Attr, [IntPositive]>:$rows,
                       ConfinedAttr<I64Attr, [IntPositive]>:$columns,
                       ConfinedAttr<I64Attr, [IntPositive]>:$depth,
                       ConfinedAttr<I64Attr, [IntPositive]>:$stages,
                       ConfinedAttr<I64Attr, [IntPositive]>:$consumers,
                       ConfinedAttr<I64Attr, [IntPositive]>:$group,
                       ConfinedAttr<I64Attr, [IntPositive]>:$store_bytes,
                       OptionalAttr<ArrayAttr>:$alternatives,
                       OptionalAttr<DenseI64ArrayAttr>:$costs,
                       OptionalAttr<DenseI64ArrayAttr>:$splits,
                       TransformParamTypeInterface:$blocks);
  let results = (outs);
  let assemblyFormat = [{
    $target `rows` `=` $rows `columns` `=` $columns `depth` `=` $depth
    `stages` `=` $stages `consumers` `=` $consumers `group` `=` $group
    `store_bytes` `=` $store_bytes `blocks` `=` $blocks attr-dict
    `:` type($target) `,` type($blocks)
  }];
}

def NVIDIA_NVIDIATileAttentionOp
    : Op<Transform_Dialect, "nvidia.tile_attention",
         [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
          DeclareOpInterfaceMethods<TransformOpInterface>]> {
  let cppNamespace = "::mlir::transform";
  let summary = "Tiles attention for the tensor cores of a warpgroup.";
  let description = [{
    In a kernel function around one `linalg_ext.attention`: pads rows, keys and
    columns to whole tiles, tiles heads and blocks of `rows` query rows into an
    `scf.forall` and keys into an `scf.for` of steps of `keys`, with maxima, sums
    and results of rows carried along, and notes the policy on the kernel for the
    passes that follow (`#nvtile.policy`). `blocks` is how many thread blocks run
    at once.

    `alternatives` are other tiles, each rows, keys, stages and consumers. The
    first of all is taken of which there are as many as blocks, else the last.
    Heads of more than 128 columns take half of the keys at a time. With
    `overlap`, the next block of keys is multiplied while the softmax of one is
    computed.

    A kernel that is no such thing, or whose buffers a tensor map cannot
    describe, is left as it is, and a remark says why.

    ```mlir
    transform.nvidia.tile_attention %kernels rows = 128 keys = 128 stages = 2
      consumers = 2 group = 8 blocks = %cores
      : !transform.any_op, !transform.param<i64>
    ```
  }];
  let arguments = (ins TransformHandleTypeInterface:$target,
                       ConfinedAttr<I64Attr, [IntPositive]>:$rows,
                       ConfinedAttr<I64Attr, [IntPositive]>:$keys,
                       ConfinedAttr<I64Attr, [IntPositive]>:$stages,
                       ConfinedAttr<I64Attr, [IntPositive]>:$consumers,
                       ConfinedAttr<I64Attr, [IntPositive]>:$group,
                       OptionalAttr<ArrayAttr>:$alternatives,
                       UnitAttr:$overlap,
                       TransformParamTypeInterface:$blocks);
  let results = (outs);
  let assemblyFormat = [{
    $target `rows` `=` $rows `keys` `=` $keys `stages` `=` $stages
    `consumers` `=` $consumers `group` `=` $group `blocks` `=` $blocks attr-dict
    `:` type($target) `,` type($blocks)
  }];
}

#endif // ORCHESTRA_TARGET_NVIDIA_TRANSFORM_OPS
