//===- StrategyOps.td - Transform ops that strategies use -----*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Mechanisms that strategy scripts combine with upstream's transform ops. The
// sizes are the script's; what is done with them is here.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_STRATEGY_STRATEGY_OPS
#define ORCHESTRA_STRATEGY_STRATEGY_OPS

include "mlir/Dialect/Transform/IR/TransformDialect.td"
include "mlir/Dialect/Transform/IR/TransformTypes.td"
include "mlir/Dialect/Transform/Interfaces/MatchInterfaces.td"
include "mlir/Dialect/Transform/Interfaces/TransformInterfaces.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Strategy_KernelOp<string mnemonic>
    : Op<Transform_Dialect, "orchestra." # mnemonic,
         [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
          TransformOpInterface, TransformEachOpTrait]> {
  let results = (outs);
  let extraClassDeclaration = [{
    ::mlir::DiagnosedSilenceableFailure applyToOne(
        ::mlir::transform::TransformRewriter &rewriter,
        ::mlir::Operation *target,
        ::mlir::transform::ApplyToEachResultList &results,
        ::mlir::transform::TransformState &state);
  }];
}

def Strategy_TileContractionOp : Strategy_KernelOp<"tile_contraction"> {
  let summary = "Tiles a kernel around its windowed or contracted reduction.";
  let description = [{
    In a kernel function, finds the reduction that does most of the work, tiles
    the kernel's last op into an `scf.forall` of register tiles of at most
    `rows` x `columns` (the innermost two parallel dimensions of the reduction's
    result; all others by one), and fuses everything else into the loop. `rows`
    is rounded to what divides the size best; where the size is known only at
    run time, so is the step of the loop, and each count of rows up to `rows` has
    code of its own: smaller tiles for what is left would each read the operand
    of the columns again. An operand that is the
    `linalg.unpack` of a packed tensor whose inner tile is `columns` wide is
    read from the packed tensor. The tiled reduction is marked
    `orchestra.register_tile` for the target's lowering, which keeps the tile's
    accumulators in registers.

    ```mlir
    transform.orchestra.tile_contraction %kernel rows = 14 columns = 32
        : !transform.any_op
    ```
  }];
  let arguments = (ins TransformHandleTypeInterface:$target,
                       ConfinedAttr<I64Attr, [IntPositive]>:$rows,
                       ConfinedAttr<I64Attr, [IntPositive]>:$columns);
  let assemblyFormat = [{
    $target `rows` `=` $rows `columns` `=` $columns attr-dict `:` type($target)
  }];
}

def Strategy_TileAttentionOp : Strategy_KernelOp<"tile_attention"> {
  let summary = "Makes one kernel of attention, without all scores in memory.";
  let description = [{
    In a kernel function, divides each `linalg_ext.attention` into an
    `scf.forall` over heads and blocks of at most `queries` rows. Inside, a loop
    takes at most `keys` keys a step, with running maxima and sums; if all keys
    are one step, there is no loop and there are no states. Both products are
    in register tiles of `rows` x `columns`, as `tile_contraction` has them.

    ```mlir
    transform.orchestra.tile_attention %kernel queries = 128 keys = 256
        rows = 14 columns = 32 : !transform.any_op
    ```
  }];
  let arguments = (ins TransformHandleTypeInterface:$target,
                       ConfinedAttr<I64Attr, [IntPositive]>:$queries,
                       ConfinedAttr<I64Attr, [IntPositive]>:$keys,
                       ConfinedAttr<I64Attr, [IntPositive]>:$rows,
                       ConfinedAttr<I64Attr, [IntPositive]>:$columns);
  let assemblyFormat = [{
    $target `queries` `=` $queries `keys` `=` $keys `rows` `=` $rows
    `columns` `=` $columns attr-dict `:` type($target)
  }];
}

def Strategy_TileRowsOp : Strategy_KernelOp<"tile_rows"> {
  let summary = "Tiles a kernel over the leading dimensions its ops share.";
  let description = [{
    In a kernel function, tiles the last op by one along the leading dimensions
    along which every op of the kernel is aligned, and fuses the others into the
    `scf.forall`, so that a row's intermediate values stay in the first-level
    cache. A thread takes at least `elements` elements.

    ```mlir
    transform.orchestra.tile_rows %kernel elements = 8192 : !transform.any_op
    ```
  }];
  let arguments = (ins TransformHandleTypeInterface:$target,
                       ConfinedAttr<I64Attr, [IntPositive]>:$elements);
  let assemblyFormat = [{
    $target `elements` `=` $elements attr-dict `:` type($target)
  }];
}

def Strategy_TileParallelOp : Strategy_KernelOp<"tile_parallel"> {
  let summary = "Divides the linalg_ext ops of a kernel among threads.";
  let description = [{
    In a kernel function, tiles the parallel loops of each `linalg_ext` op into
    an `scf.forall`: inner loops stay whole as long as a tile has at most
    `operations` scalar operations; outer ones are tiled by one.

    ```mlir
    transform.orchestra.tile_parallel %kernel operations = 16384
        : !transform.any_op
    ```
  }];
  let arguments = (ins TransformHandleTypeInterface:$target,
                       ConfinedAttr<I64Attr, [IntPositive]>:$operations);
  let assemblyFormat = [{
    $target `operations` `=` $operations attr-dict `:` type($target)
  }];
}

def Strategy_TargetKeyOp
    : Op<Transform_Dialect, "orchestra.target_key",
         [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>, MatchOpInterface,
          TransformOpInterface, TransformEachOpTrait]> {
  let summary = "Gives a key or figure of the target that an op is for.";
  let description = [{
    The target is that of the task around the op, or `orchestra.target` on the op
    or on one around it, as kernels have it. The key is the target's own, else
    the default or the published figure of its architecture: `arch`,
    `vector_bits`, `mfma`, `l1_bytes` and so on (docs/targets.md). A target
    without the key is a silenceable failure, so a matcher can be followed by
    others.

    ```mlir
    %bits = transform.orchestra.target_key %kernel "vector_bits"
        : (!transform.any_op) -> !transform.param<i64>
    ```
  }];
  let arguments = (ins TransformHandleTypeInterface:$target, StrAttr:$key);
  let results = (outs TransformParamTypeInterface:$value);
  let assemblyFormat = [{
    $target $key attr-dict `:` functional-type($target, $value)
  }];
  let extraClassDeclaration = [{
    ::mlir::DiagnosedSilenceableFailure applyToOne(
        ::mlir::transform::TransformRewriter &rewriter,
        ::mlir::Operation *target,
        ::mlir::transform::ApplyToEachResultList &results,
        ::mlir::transform::TransformState &state);
  }];
}

#endif // ORCHESTRA_STRATEGY_STRATEGY_OPS
