//===- LinalgExtOps.td - What linalg cannot say ---------------*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Structured computations that are no single loop nest with a scalar body.
// docs/adr/0013-linalg-ext.md says which and why.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_LINALGEXT_OPS
#define ORCHESTRA_DIALECT_LINALGEXT_OPS

include "orchestra/Dialect/LinalgExt/LinalgExtInterfaces.td"

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/TilingInterface.td"

def LinalgExt_Dialect : Dialect {
  let name = "linalg_ext";
  let cppNamespace = "::orchestra::linalg_ext";
  let summary = "Structured computations that linalg cannot say.";
  let description = [{
    Part of the waist, beside `linalg`. Every op writes into destinations, can
    be tiled, bufferizes, and is lowered to plain `linalg` by
    `linalg-ext-decompose`, so that each target has a path for it.
  }];
  // What ops are lowered to.
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::bufferization::BufferizationDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"
  ];
}

def LinalgExt_Element : AnyTypeOf<[AnyFloat, AnySignlessInteger]>;
class LinalgExt_ShapedOf<list<Type> elements, string what>
    : AnyTypeOf<[RankedTensorOf<elements>, MemRefOf<elements>],
                "ranked tensor or memref of " # what>;
def LinalgExt_Shaped
    : LinalgExt_ShapedOf<[AnyFloat, I1], "floating-point or i1 elements">;
def LinalgExt_Numbers : LinalgExt_ShapedOf<[AnyFloat, AnySignlessInteger],
    "floating-point or signless integer elements">;
def LinalgExt_Any : AnyTypeOf<[AnyRankedTensor, AnyMemRef],
                              "ranked tensor or memref">;

/// Destinations come last, as `outputs`; tensors among them are results.
class LinalgExt_Op<string mnemonic, list<Trait> traits = []>
    : Op<LinalgExt_Dialect, mnemonic, traits # [
        DestinationStyleOpInterface,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
        DeclareOpInterfaceMethods<TilingInterface, [
          "getLoopIteratorTypes", "getIterationDomain",
          "getTiledImplementation", "getResultTilePosition"]>]> {
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let hasVerifier = 1;
  code dpsDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return getOutputsMutable();
    }
  }];
  let extraClassDeclaration = dpsDeclaration;
  let extraClassDefinition = [{
    ::llvm::SmallVector<::mlir::utils::IteratorType>
    $cppClass::getLoopIteratorTypes() {
      return getIterators();
    }
    ::llvm::SmallVector<::mlir::Range>
    $cppClass::getIterationDomain(::mlir::OpBuilder &b) {
      return structured::getDomain(*this, b);
    }
    ::llvm::FailureOr<::mlir::TilingResult> $cppClass::getTiledImplementation(
        ::mlir::OpBuilder &b, ::llvm::ArrayRef<::mlir::OpFoldResult> offsets,
        ::llvm::ArrayRef<::mlir::OpFoldResult> sizes) {
      return structured::tile(*this, b, offsets, sizes);
    }
    ::llvm::LogicalResult $cppClass::getResultTilePosition(
        ::mlir::OpBuilder &b, unsigned number,
        ::llvm::ArrayRef<::mlir::OpFoldResult> offsets,
        ::llvm::ArrayRef<::mlir::OpFoldResult> sizes,
        ::llvm::SmallVector<::mlir::OpFoldResult> &resultOffsets,
        ::llvm::SmallVector<::mlir::OpFoldResult> &resultSizes) {
      return structured::placeResult(*this, b, number, offsets, sizes,
                                 resultOffsets, resultSizes);
    }
    void $cppClass::getEffects(
        ::llvm::SmallVectorImpl<::mlir::MemoryEffects::EffectInstance>
            &effects) {
      structured::collectEffects(*this, effects);
    }
  }];
}

class LinalgExt_AttentionBase<string mnemonic> : LinalgExt_Op<mnemonic, [
    AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<LinalgExt_OpInterface, [
      "canTile", "readsDestination", "moveTile"]>]> {
  let arguments = (ins
    LinalgExt_Shaped:$query, LinalgExt_Shaped:$key, LinalgExt_Shaped:$value,
    AnyFloat:$scale, Optional<LinalgExt_Shaped>:$mask, Optional<Index>:$past,
    Variadic<LinalgExt_Shaped>:$outputs, AffineMapArrayAttr:$indexing_maps,
    UnitAttr:$zero_empty_rows);
  let assemblyFormat = [{
    attr-dict `ins` `(` $query `,` $key `,` $value `:` type($query) `,`
    type($key) `,` type($value) `)` `scale` `(` $scale `:` type($scale) `)`
    (`mask` `(` $mask^ `:` type($mask) `)`)? (`causal` `(` $past^ `)`)?
    `outs` `(` $outputs `:` type($outputs) `)` (`->` type($results)^)?
  }];
  let extraClassDeclaration = dpsDeclaration # [{
    /// The operands that `indexing_maps` index, in its order.
    ::llvm::SmallVector<::mlir::OpOperand *> getIndexedOperands();
    /// How the loops index `operand`, one of those.
    ::mlir::AffineMap getMap(::mlir::OpOperand *operand);
    unsigned getNumLoops();
    /// The last loops: query rows, value columns, query columns, key rows.
    unsigned getRowLoop() { return getNumLoops() - 4; }
    unsigned getColumnLoop() { return getNumLoops() - 3; }
    unsigned getInnerLoop() { return getNumLoops() - 2; }
    unsigned getKeyLoop() { return getNumLoops() - 1; }
    /// Sizes of the loops; dynamic ones are read at `b`.
    ::llvm::SmallVector<::mlir::OpFoldResult> getLoopSizes(
        ::mlir::OpBuilder &b);
  }];
}

def LinalgExt_AttentionOp : LinalgExt_AttentionBase<"attention"> {
  let summary = "Scaled dot-product attention.";
  let description = [{
    `softmax(scale * query x key + mask) x value`, over loops that
    `indexing_maps` tie to the dimensions of query, key, value, mask (if there is
    one) and result, in this order. The loops are any number of leading ones
    (batch, heads), then the query's rows, the value's columns, the columns of
    query and key, and the rows of key and value. Each map is a projected
    permutation, so operands of any layout are read where they are, and one that
    lacks a leading loop is shared along it: with fewer heads in key and value
    than in the query (grouped queries), the group is a loop of the query only.

    A floating-point mask is added; where an `i1` mask is false, a key is hidden.
    With `causal(%past)` row i sees keys 0 to i + past only. A row that sees none
    of its keys, or whose weights are NaN, is NaN; with `zero_empty_rows` it is
    zero. Without any keys the result is zero.

    ```mlir
    %r = linalg_ext.attention {indexing_maps = [
        affine_map<(h, m, n, k, s) -> (h, m, k)>,
        affine_map<(h, m, n, k, s) -> (h, s, k)>,
        affine_map<(h, m, n, k, s) -> (h, s, n)>,
        affine_map<(h, m, n, k, s) -> (h, m, n)>]}
      ins(%q, %k, %v : tensor<12x128x64xf32>, tensor<12x128x64xf32>,
                       tensor<12x128x64xf32>)
      scale(%scale : f32) outs(%empty : tensor<12x128x64xf32>)
      -> tensor<12x128x64xf32>
    ```
  }];
}

def LinalgExt_AttentionUpdateOp : LinalgExt_AttentionBase<"attention_update"> {
  let summary = "Attention to some of the keys, on running states.";
  let description = [{
    What a loop over blocks of keys repeats. Its destinations are read, too: a
    sum of weighted values, and per row the greatest score and the sum of
    weights seen so far (in this order; at first 0, -inf and 0). The op takes in
    the keys that it is given. Finally the sum of weighted values divided by the
    sum of weights is what `attention` to all keys gives. The loop over keys can
    be tiled; the last maps are those of the three states.
  }];
}

def LinalgExt_YieldOp : Op<LinalgExt_Dialect, "yield",
    [Pure, Terminator, ParentOneOf<["ScanOp", "ScatterOp"]>]> {
  let summary = "Ends the scalar computation of an op.";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict $values `:` type($values)";
}

def LinalgExt_ScanOp : LinalgExt_Op<"scan", [SingleBlock,
    DeclareOpInterfaceMethods<LinalgExt_OpInterface, [
      "canTile", "readsDestination"]>]> {
  let summary = "Combines each element with all before it along an axis.";
  let description = [{
    The region combines what came before with the next element; it must be
    associative, as parts may be combined first. The first destination gets each
    intermediate result (with `exclusive`, that before its element), the second
    one holds the state: what comes before the first element, and afterwards the
    combination of all. With `reverse` the last element comes first. All loops
    but the axis are parallel; the axis can be tiled too, tile after tile,
    unless it is reversed.

    ```mlir
    %sums:2 = linalg_ext.scan axis(1) ins(%x : tensor<4x100xf32>)
      outs(%empty, %zeros : tensor<4x100xf32>, tensor<4xf32>) {
    ^bb0(%before: f32, %next: f32):
      %sum = arith.addf %before, %next : f32
      linalg_ext.yield %sum : f32
    } -> tensor<4x100xf32>, tensor<4xf32>
    ```
  }];
  let arguments = (ins ConfinedAttr<I64Attr, [IntNonNegative]>:$axis,
    UnitAttr:$exclusive, UnitAttr:$reverse, LinalgExt_Numbers:$input,
    Variadic<LinalgExt_Numbers>:$outputs);
  let regions = (region SizedRegion<1>:$combiner);
  let assemblyFormat = [{
    `axis` `(` $axis `)` (`exclusive` $exclusive^)? (`reverse` $reverse^)?
    attr-dict `ins` `(` $input `:` type($input) `)`
    `outs` `(` $outputs `:` type($outputs) `)` $combiner (`->` type($results)^)?
  }];
  let hasRegionVerifier = 1;
}

class LinalgExt_OrderBase<string mnemonic> : LinalgExt_Op<mnemonic, [
    DeclareOpInterfaceMethods<LinalgExt_OpInterface>]> {
  let arguments = (ins ConfinedAttr<I64Attr, [IntNonNegative]>:$axis,
    UnitAttr:$descending, UnitAttr:$is_unsigned, UnitAttr:$nan_first,
    LinalgExt_Numbers:$input, Variadic<LinalgExt_Numbers>:$outputs);
  let assemblyFormat = [{
    `axis` `(` $axis `)` (`descending` $descending^)?
    (`unsigned` $is_unsigned^)? (`nan_first` $nan_first^)? attr-dict
    `ins` `(` $input `:` type($input) `)`
    `outs` `(` $outputs `:` type($outputs) `)` (`->` type($results)^)?
  }];
}

def LinalgExt_SortOp : LinalgExt_OrderBase<"sort"> {
  let summary = "Sorts along an axis.";
  let description = [{
    The destinations get the elements in order and the index of each, an `i32`
    or `i64`. Equal elements keep their order; zeros of both signs are equal,
    and so are all that are no number. These are greater than all numbers, with
    `nan_first` they come first. Integers are signed unless `unsigned`. An axis
    has less than 2^32 elements. All other loops are parallel.

    ```mlir
    %sorted:2 = linalg_ext.sort axis(1) descending ins(%x : tensor<4x100xf32>)
      outs(%y, %places : tensor<4x100xf32>, tensor<4x100xi64>)
      -> tensor<4x100xf32>, tensor<4x100xi64>
    ```
  }];
}

def LinalgExt_TopKOp : LinalgExt_OrderBase<"top_k"> {
  let summary = "The first elements along an axis in order.";
  let description = [{
    Like `linalg_ext.sort`, but of the elements in order only as many as the
    destinations have along the axis, which are at most those of the operand.
    One pass over the operand, which keeps the best it has seen.

    ```mlir
    %best:2 = linalg_ext.top_k axis(1) descending ins(%x : tensor<4x1000xf32>)
      outs(%y, %places : tensor<4x5xf32>, tensor<4x5xi64>)
      -> tensor<4x5xf32>, tensor<4x5xi64>
    ```
  }];
}

def LinalgExt_Indices
    : LinalgExt_ShapedOf<[AnySignlessInteger], "signless integer elements">;

def LinalgExt_GatherOp : LinalgExt_Op<"gather", [
    DeclareOpInterfaceMethods<LinalgExt_OpInterface, ["isFusable"]>]> {
  let summary = "Elements from places that a tensor says.";
  let description = [{
    The loops are the dimensions of the destination. `source_map` says what
    indexes each dimension of the source: a loop, or as a symbol an element of
    the index vector, which is the last dimension of the indices; that is left
    out where there is one symbol. `indices_map` says what indexes the other
    dimensions of the indices. Negative indices count from the end; what is out
    of range even so is clamped.

    ```mlir
    // y[i, j] = source[indices[i], j]
    %y = linalg_ext.gather
      source_map = affine_map<(d0, d1)[s0] -> (s0, d1)>
      indices_map = affine_map<(d0, d1) -> (d0)>
      ins(%source, %indices : tensor<100x8xf32>, tensor<5xi64>)
      outs(%empty : tensor<5x8xf32>) -> tensor<5x8xf32>
    ```
  }];
  let arguments = (ins AffineMapAttr:$source_map, AffineMapAttr:$indices_map,
    LinalgExt_Any:$source, LinalgExt_Indices:$indices,
    Variadic<LinalgExt_Any>:$outputs);
  let assemblyFormat = [{
    `source_map` `=` $source_map `indices_map` `=` $indices_map attr-dict
    `ins` `(` $source `,` $indices `:` type($source) `,` type($indices) `)`
    `outs` `(` $outputs `:` type($outputs) `)` (`->` type($results)^)?
  }];
}

def LinalgExt_ScatterOp : LinalgExt_Op<"scatter", [SingleBlock,
    DeclareOpInterfaceMethods<LinalgExt_OpInterface, [
      "canTile", "readsDestination"]>]> {
  let summary = "Combines elements into places that a tensor says.";
  let description = [{
    The loops are the dimensions of the updates; `destination_map` and
    `indices_map` are as those of `linalg_ext.gather`. The region combines what
    is at a place with an update; updates of one place come in the order of
    loops, with `unique` there is at most one of each. Negative indices count
    from the end; what is out of range even so meets nothing. Loops that index
    the destination are parallel.

    ```mlir
    // y[indices[i], j] += updates[i, j]
    %y = linalg_ext.scatter
      destination_map = affine_map<(d0, d1)[s0] -> (s0, d1)>
      indices_map = affine_map<(d0, d1) -> (d0)>
      ins(%updates, %indices : tensor<5x8xf32>, tensor<5xi64>)
      outs(%x : tensor<100x8xf32>) {
    ^bb0(%old: f32, %update: f32):
      %sum = arith.addf %old, %update : f32
      linalg_ext.yield %sum : f32
    } -> tensor<100x8xf32>
    ```
  }];
  let arguments = (ins AffineMapAttr:$destination_map,
    AffineMapAttr:$indices_map, UnitAttr:$unique, LinalgExt_Any:$updates,
    LinalgExt_Indices:$indices, Variadic<LinalgExt_Any>:$outputs);
  let regions = (region SizedRegion<1>:$combiner);
  let assemblyFormat = [{
    `destination_map` `=` $destination_map `indices_map` `=` $indices_map
    (`unique` $unique^)? attr-dict
    `ins` `(` $updates `,` $indices `:` type($updates) `,` type($indices) `)`
    `outs` `(` $outputs `:` type($outputs) `)` $combiner (`->` type($results)^)?
  }];
  let hasRegionVerifier = 1;
}

def LinalgExt_Floats
    : LinalgExt_ShapedOf<[AnyFloat], "floating-point elements">;

def LinalgExt_FourierOp : LinalgExt_Op<"fft", [
    DeclareOpInterfaceMethods<LinalgExt_OpInterface>]> {
  let summary = "Fourier transforms of rows.";
  let description = [{
    Along the last dimension, of a power of two elements, real and imaginary
    parts of `sum over j of x[j] * exp(-2 * pi * i * j * k / n)`; with `inverse`
    the exponent is positive, and the sum is not divided by n. The table has the
    cosines (row 0) and sines (row 1) of `2 * pi * j / n` for the first n / 2
    j, at least one. All other loops are parallel. The number of operations is n
    log n.

    ```mlir
    %y:2 = linalg_ext.fft
      ins(%re, %im, %table : tensor<9x64xf32>, tensor<9x64xf32>,
                             tensor<2x32xf32>)
      outs(%e, %e : tensor<9x64xf32>, tensor<9x64xf32>)
      -> tensor<9x64xf32>, tensor<9x64xf32>
    ```
  }];
  let arguments = (ins UnitAttr:$inverse, LinalgExt_Floats:$real,
    LinalgExt_Floats:$imaginary, LinalgExt_Floats:$table,
    Variadic<LinalgExt_Floats>:$outputs);
  let assemblyFormat = [{
    (`inverse` $inverse^)? attr-dict `ins` `(` $real `,` $imaginary `,` $table
    `:` type($real) `,` type($imaginary) `,` type($table) `)`
    `outs` `(` $outputs `:` type($outputs) `)` (`->` type($results)^)?
  }];
}

def LinalgExt_ResizeOp : LinalgExt_Op<"resize", [AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<LinalgExt_OpInterface, ["isFusable"]>]> {
  let summary = "Weighted sums of a few elements along an axis.";
  let description = [{
    Element o along the axis is the sum over t of `weights[o, t]` times the
    element at `positions[o, t]`, which must be one of the operand's. Without
    weights there is one position each. Interpolation in several dimensions is
    one of these after the other.

    ```mlir
    %y = linalg_ext.resize axis(1)
      ins(%x, %positions : tensor<3x10xf32>, tensor<20x2xi64>)
      weights(%weights : tensor<20x2xf32>)
      outs(%empty : tensor<3x20xf32>) -> tensor<3x20xf32>
    ```
  }];
  let arguments = (ins ConfinedAttr<I64Attr, [IntNonNegative]>:$axis,
    LinalgExt_Any:$input, LinalgExt_Indices:$positions,
    Optional<LinalgExt_Floats>:$weights, Variadic<LinalgExt_Any>:$outputs);
  let assemblyFormat = [{
    `axis` `(` $axis `)` attr-dict
    `ins` `(` $input `,` $positions `:` type($input) `,` type($positions) `)`
    (`weights` `(` $weights^ `:` type($weights) `)`)?
    `outs` `(` $outputs `:` type($outputs) `)` (`->` type($results)^)?
  }];
}

def LinalgExt_GridSampleOp : LinalgExt_Op<"grid_sample", [
    DeclareOpInterfaceMethods<LinalgExt_OpInterface, ["isFusable"]>]> {
  let summary = "Elements between elements, where a grid says.";
  let description = [{
    Element [n, c, o...] of the result is that of the image [n, c] at the place
    grid[n, o..., :], which has a coordinate for each spatial dimension, the
    last dimension's first. -1 and 1 are the outer elements' edges, or their
    centres with `align_corners`. The mode is "nearest", "linear" or "cubic";
    outside of the image there are "zeros", the "border", or its "reflection".
    Places are computed in f32, or f64 if an operand has it.

    ```mlir
    %y = linalg_ext.grid_sample mode("linear") padding("zeros")
      ins(%x, %grid : tensor<1x3x8x8xf32>, tensor<1x5x5x2xf32>)
      outs(%empty : tensor<1x3x5x5xf32>) -> tensor<1x3x5x5xf32>
    ```
  }];
  let arguments = (ins StrAttr:$mode, StrAttr:$padding,
    UnitAttr:$align_corners, LinalgExt_Numbers:$input, LinalgExt_Floats:$grid,
    Variadic<LinalgExt_Numbers>:$outputs);
  let assemblyFormat = [{
    `mode` `(` $mode `)` `padding` `(` $padding `)`
    (`align_corners` $align_corners^)? attr-dict
    `ins` `(` $input `,` $grid `:` type($input) `,` type($grid) `)`
    `outs` `(` $outputs `:` type($outputs) `)` (`->` type($results)^)?
  }];
}

def LinalgExt_RoiAlignOp : LinalgExt_Op<"roi_align", [
    DeclareOpInterfaceMethods<LinalgExt_OpInterface, [
      "canTile", "isFusable"]>]> {
  let summary = "Pools regions of images into bins of equal number.";
  let description = [{
    Result [r, c, i, j] is the mean, or with `max` the greatest term, of bilinear
    samples of channel c of image `batches[r]`, inside of bin (i, j) of region r:
    left, top, right and bottom, times `scale`; with `half_pixel` less a half. A
    bin has `sampling` samples each way, or with 0 as many as pixels.

    ```mlir
    %y = linalg_ext.roi_align sampling(2) scale(1.0) half_pixel
      ins(%x, %regions, %batches : tensor<1x3x8x8xf32>, tensor<4x4xf32>,
                                   tensor<4xi64>)
      outs(%empty : tensor<4x3x5x5xf32>) -> tensor<4x3x5x5xf32>
    ```
  }];
  let arguments = (ins ConfinedAttr<I64Attr, [IntNonNegative]>:$sampling,
    F64Attr:$scale, UnitAttr:$half_pixel, UnitAttr:$max,
    LinalgExt_Floats:$input, LinalgExt_Floats:$edges,
    LinalgExt_Indices:$batches, Variadic<LinalgExt_Floats>:$outputs);
  let assemblyFormat = [{
    `sampling` `(` $sampling `)` `scale` `(` $scale `)`
    (`half_pixel` $half_pixel^)? (`max` $max^)? attr-dict
    `ins` `(` $input `,` $edges `,` $batches `:` type($input) `,`
    type($edges) `,` type($batches) `)`
    `outs` `(` $outputs `:` type($outputs) `)` (`->` type($results)^)?
  }];
}

def LinalgExt_SuppressionOp : LinalgExt_Op<"non_max_suppression", [
    DeclareOpInterfaceMethods<LinalgExt_OpInterface>]> {
  let summary = "Boxes of high score that do not overlap.";
  let description = [{
    For each batch b and class c, boxes are met by falling score: `order[b, c]`
    are their numbers, as `linalg_ext.sort` gives them, `scores[b, c]` the scores
    in that order. A box is chosen if its score is above `least` (or that is NaN),
    and if of the union with each box chosen before the intersection is at most
    the part `overlap`. The destinations get the numbers of chosen boxes, as many as there
    is room for, and how many there are. Boxes are any two corners, or with
    `centers` centre and extent. Batches and classes are parallel.

    ```mlir
    %chosen, %count = linalg_ext.non_max_suppression
      ins(%boxes, %scores, %order : tensor<1x9x4xf32>, tensor<1x2x9xf32>,
                                    tensor<1x2x9xi64>)
      above(%overlap, %least : f32)
      outs(%e, %f : tensor<1x2x3xi64>, tensor<1x2xi64>)
      -> tensor<1x2x3xi64>, tensor<1x2xi64>
    ```
  }];
  let arguments = (ins UnitAttr:$centers, LinalgExt_Floats:$boxes,
    LinalgExt_Floats:$scores, LinalgExt_Indices:$order, AnyFloat:$overlap,
    AnyFloat:$least, Variadic<LinalgExt_Indices>:$outputs);
  let assemblyFormat = [{
    (`centers` $centers^)? attr-dict `ins` `(` $boxes `,` $scores `,` $order `:`
    type($boxes) `,` type($scores) `,` type($order) `)`
    `above` `(` $overlap `,` $least `:` type($overlap) `,` type($least) `)`
    `outs` `(` $outputs `:` type($outputs) `)` (`->` type($results)^)?
  }];
}

#endif // ORCHESTRA_DIALECT_LINALGEXT_OPS
