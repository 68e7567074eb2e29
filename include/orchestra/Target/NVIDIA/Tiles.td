//===- Tiles.td - Device programs on tiles --------------------*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What stands between tiled linalg on tensors and nvvm: which decision record
// 14 argues for.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_NVIDIA_TILES
#define ORCHESTRA_TARGET_NVIDIA_TILES

include "mlir/Dialect/LLVMIR/LLVMTypes.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinTypeInterfaces.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def NVTile_Dialect : Dialect {
  let name = "nvtile";
  let cppNamespace = "::orchestra::nvtile";
  let summary = "Device programs of NVIDIA GPUs, a tile at a time.";
  let description = [{
    A thread block works on tiles. A tile in global memory is a place in a
    buffer; a tile in shared memory is a memref in the workgroup's address
    space, laid out in swizzled panels of 128 bytes by as many rows as the tile
    has; a tile in registers is a vector of two dimensions. How the elements of
    such a vector are spread over the threads is decided once, by
    `orchestra-nvidia-distribute-fragments`: until then elementwise ops on it
    are those of `arith` and `math`.

    Loads reach their users through channels: rings of tiles in shared memory
    with a barrier for "full" and one for "empty" each. Producer and consumers
    are regions of `nvtile.roles`.

    Positions outside of a buffer are not written; what is read there is any
    element of the buffer.
  }];
  let dependentDialects = ["::mlir::gpu::GPUDialect",
                           "::mlir::LLVM::LLVMDialect"];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
}

//===----------------------------------------------------------------------===//
// Attributes and types
//===----------------------------------------------------------------------===//

def NVTile_PolicyAttr : AttrDef<NVTile_Dialect, "Policy"> {
  let mnemonic = "policy";
  let summary = "What a strategy decided about a kernel of tiles.";
  let description = [{
    `stages`: tiles in flight in a channel. `consumers`: warpgroups that
    compute. `group`: rows of tiles that are walked together, for reuse in the
    second-level cache. `blocks`: thread blocks at most; each walks several
    tiles if there are more. `store_bytes`: bytes of a row of the result that a
    warpgroup gathers in shared memory before it is stored. `reversed`: the last
    tile comes first, where it takes longest. `split`: blocks, a cluster, that
    share the reduction of a tile. `overlap`: a loop of two products, of which one
    reads what is computed from the other, runs at least once, and its products
    run beside what is computed.

    ```mlir
    #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132,
                   store_bytes = 256>
    ```
  }];
  let parameters = (ins "int64_t":$stages, "int64_t":$consumers,
                        "int64_t":$group, "int64_t":$blocks,
                        "int64_t":$store_bytes,
                        DefaultValuedParameter<"bool", "false">:$reversed,
                        DefaultValuedParameter<"int64_t", "1">:$split,
                        DefaultValuedParameter<"bool", "false">:$overlap);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def NVTile_WindowsAttr : AttrDef<NVTile_Dialect, "Windows"> {
  let mnemonic = "windows";
  let summary = "A picture read as a matrix: a row for each window over it.";
  let description = [{
    Of a picture of N x spatial dimensions x C. Lists have an entry for each
    spatial dimension, the slowest first. `sizes`: of a window. `strides`: from
    one window to the next. `dilations`: from one pixel of a window to the next.
    `low`: how far outside of the picture the first window begins. `counts`:
    windows. `channels`: those of a pixel of a window, C or more. Row r of the
    matrix is window r, counted over N and `counts`; column c is channel
    c mod `channels` of pixel c div `channels` of the window. Pixels and channels
    outside of the picture are zero. This is the matrix that im2col makes, with
    channels innermost.

    `joined`: so many neighbours along the last spatial dimension, which follow
    each other in memory, are one pixel with the channels of all. A window has one
    such pixel there, and begins in the picture.

    ```mlir
    #nvtile.windows<sizes = [3, 3], strides = [1, 1], dilations = [1, 1],
                    low = [1, 1], counts = [56, 56], channels = 64>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$sizes,
                        ArrayRefParameter<"int64_t">:$strides,
                        ArrayRefParameter<"int64_t">:$dilations,
                        ArrayRefParameter<"int64_t">:$low,
                        ArrayRefParameter<"int64_t">:$counts,
                        "int64_t":$channels,
                        DefaultValuedParameter<"int64_t", "1">:$joined);
  let assemblyFormat = [{
    `<` `sizes` `=` `[` $sizes `]` `,` `strides` `=` `[` $strides `]` `,`
    `dilations` `=` `[` $dilations `]` `,` `low` `=` `[` $low `]` `,`
    `counts` `=` `[` $counts `]` `,` `channels` `=` $channels
    (`,` `joined` `=` $joined^)? `>`
  }];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Rows and columns of the matrix for `batch` pictures.
    int64_t getRows(int64_t batch) const;
    int64_t getColumns() const;
    /// A dense picture as a tensor map sees it: its sizes, and how many elements
    /// neighbours along each dimension are apart.
    ::llvm::SmallVector<int64_t>
    getMapShape(::llvm::ArrayRef<int64_t> picture) const;
    ::llvm::SmallVector<int64_t>
    getMapStrides(::llvm::ArrayRef<int64_t> picture) const;
    /// In the map, from one window to the next.
    ::llvm::SmallVector<int64_t> getSteps() const;
    /// In the map, where windows begin: the first window relative to the first
    /// pixel, and behind the last window relative to the end.
    ::llvm::SmallVector<int64_t> getLowerCorner() const;
    ::llvm::SmallVector<int64_t>
    getUpperCorner(::llvm::ArrayRef<int64_t> picture) const;
  }];
}

def NVTile_ChannelType : TypeDef<NVTile_Dialect, "Channel"> {
  let mnemonic = "channel";
  let summary = "A ring of tiles in shared memory.";
  let description = [{
    `stages` slots, each of which holds one tile of every type.

    ```mlir
    !nvtile.channel<4, memref<128x64xbf16, #gpu.address_space<workgroup>>>
    ```
  }];
  let parameters = (ins "int64_t":$stages, ArrayRefParameter<"::mlir::Type">:$tiles);
  let assemblyFormat = "`<` $stages `,` $tiles `>`";
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

class NVTile_Op<string mnemonic, list<Trait> traits = []>
    : Op<NVTile_Dialect, mnemonic, traits>;

defvar NVTile_Tile = AnyStaticShapeMemRef;
def NVTile_Fragment : FixedVectorOfRankAndType<[2], [AnyFloat]>;
def NVTile_SharedPointer : LLVM_PointerInAddressSpace<3>;

def NVTile_Im2colOp : NVTile_Op<"im2col", [Pure]> {
  let summary = "Reads a picture as a matrix of windows.";
  let description = [{
    A view: nothing is computed, and tiles of the result are loaded from the
    picture. See `#nvtile.windows` for rows and columns.

    ```mlir
    %m = nvtile.im2col %x windows = #nvtile.windows<…>
      : tensor<1x56x56x64xf16> -> tensor<3136x576xf16>
    ```
  }];
  let arguments = (ins AnyStaticShapeTensor:$picture,
                       NVTile_WindowsAttr:$windows);
  let results = (outs 2DTensorOf<[AnyType]>:$matrix);
  let assemblyFormat = [{
    $picture `windows` `=` $windows attr-dict `:` type($picture) `->`
    type($matrix)
  }];
  let hasVerifier = 1;
}

def NVTile_LoadOp : NVTile_Op<"load"> {
  let summary = "Brings a tile into shared memory.";
  let description = [{
    The tile lives as long as the block of the op. `dims` are the dimensions of
    the buffer that its rows and columns run along, in the buffer's order; if
    absent, the last two. With `windows`, the indices are a row and a column of
    the matrix that the buffer is read as.

    ```mlir
    %t = nvtile.load %a[%i, %k] : memref<4000x4096xbf16>
      -> memref<128x64xbf16, #gpu.address_space<workgroup>>
    %h = nvtile.load %q[%s, %head, %zero] {dims = array<i64: 0, 2>}
      : memref<512x12x64xf16> -> memref<128x64xf16, #gpu.address_space<workgroup>>
    ```
  }];
  let arguments = (ins Arg<AnyStaticShapeMemRef, "", [MemRead]>:$source,
                       Variadic<Index>:$indices,
                       OptionalAttr<DenseI64ArrayAttr>:$dims,
                       OptionalAttr<NVTile_WindowsAttr>:$windows);
  let results = (outs Res<NVTile_Tile, "", [MemAlloc, MemWrite]>:$tile);
  let assemblyFormat = [{
    $source `[` $indices `]` attr-dict `:` type($source) `->` type($tile)
  }];
  let hasVerifier = 1;
}

def NVTile_ReadOp : NVTile_Op<"read", [MemoryEffects<[MemRead]>]> {
  let summary = "Reads a tile of global memory into registers.";
  let description = [{
    `map` gives the dimensions of the buffer that the rows and columns of the
    tile run along; the tile repeats along one that is absent. Dimensions that
    the tile has one position of are the constant 0.

    ```mlir
    %b = nvtile.read %bias[%j] map = affine_map<(d0, d1) -> (d1)>
      : memref<4096xbf16> -> vector<128x256xbf16>
    ```
  }];
  let arguments = (ins AnyStaticShapeMemRef:$source, Variadic<Index>:$indices,
                       AffineMapAttr:$map);
  let results = (outs NVTile_Fragment:$fragment);
  let assemblyFormat = [{
    $source `[` $indices `]` `map` `=` $map attr-dict `:`
    type($source) `->` type($fragment)
  }];
  let hasVerifier = 1;
}

def NVTile_MmaOp : NVTile_Op<"mma", [AllTypesMatch<["accumulator", "result"]>]> {
  let summary = "Multiplies two tiles and adds to registers.";
  let description = [{
    The first tile lies in shared memory or in registers, the second in shared
    memory. `transpose_a`: rows of the tile are those of k. `transpose_b`:
    columns are. `pending`: the result is there after an `nvtile.wait` on it.

    ```mlir
    %d = nvtile.mma %a, %b, %c transpose_b : memref<128x64xbf16, 3>,
      memref<256x64xbf16, 3>, vector<128x256xf32>
    ```
  }];
  let arguments = (ins Arg<AnyTypeOf<[NVTile_Tile, NVTile_Fragment]>, "",
                           [MemRead]>:$a,
                       Arg<NVTile_Tile, "", [MemRead]>:$b,
                       NVTile_Fragment:$accumulator, UnitAttr:$transpose_a,
                       UnitAttr:$transpose_b, UnitAttr:$pending);
  let results = (outs NVTile_Fragment:$result);
  let assemblyFormat = [{
    $a `,` $b `,` $accumulator (`transpose_a` $transpose_a^)?
    (`transpose_b` $transpose_b^)? (`pending` $pending^)? attr-dict `:` type($a) `,` type($b) `,`
    type($accumulator)
  }];
  let hasVerifier = 1;
}

def NVTile_WaitOp : NVTile_Op<"wait", [AllTypesMatch<["product", "result"]>]> {
  let summary = "Waits for a pending product.";
  let description = [{
    `younger`: so many products that were begun after it may go on.

    ```mlir
    %s = nvtile.wait %product younger = 1 : vector<128x128xf32>
    ```
  }];
  let arguments = (ins NVTile_Fragment:$product,
                       ConfinedAttr<I64Attr, [IntNonNegative]>:$younger);
  let results = (outs NVTile_Fragment:$result);
  let assemblyFormat = "$product `younger` `=` $younger attr-dict `:` type($product)";
}

def NVTile_TakeTurnOp : NVTile_Op<"take_turn"> {
  let summary = "Waits until it is this consumer's turn to begin products.";
  let description = [{
    Two consumers take turns: while one multiplies, the other computes. Each turn
    that one takes, it passes on by `nvtile.pass_turn`. The first consumer's
    first turn is given by `nvtile.pass_turn first` of the second one.
  }];
  let assemblyFormat = "attr-dict";
}

def NVTile_PassTurnOp : NVTile_Op<"pass_turn"> {
  let summary = "Gives the turn to the other consumer.";
  let arguments = (ins UnitAttr:$first);
  let assemblyFormat = "(`first` $first^)? attr-dict";
}

def NVTile_RepeatOp : NVTile_Op<"repeat", [Pure]> {
  let summary = "Gives all columns of a tile one number a row.";
  let description = [{
    ```mlir
    %t = nvtile.repeat %row : vector<128xf32> -> vector<128x64xf32>
    ```
  }];
  let arguments = (ins FixedVectorOfRankAndType<[1], [AnyType]>:$rows);
  let results = (outs FixedVectorOfRankAndType<[2], [AnyType]>:$fragment);
  let assemblyFormat = "$rows attr-dict `:` type($rows) `->` type($fragment)";
  let hasVerifier = 1;
}

def NVTile_PositionOp : NVTile_Op<"position", [Pure]> {
  let summary = "The row or column of each element of a tile, from zero.";
  let description = [{
    ```mlir
    %column = nvtile.position dim = 1 : vector<128x64xindex>
    ```
  }];
  let arguments = (ins ConfinedAttr<I64Attr, [IntNonNegative, IntMaxValue<1>]>:$dim);
  let results = (outs FixedVectorOfRankAndType<[1, 2], [Index]>:$fragment);
  let assemblyFormat = "`dim` `=` $dim attr-dict `:` type($fragment)";
}

def NVTile_StoreOp : NVTile_Op<"store", [MemoryEffects<[MemWrite]>]> {
  let summary = "Writes a tile in registers to global memory.";
  let description = [{
    ```mlir
    nvtile.store %v, %out[%i, %j] : vector<128x256xbf16>, memref<4000x4096xbf16>
    ```
  }];
  let arguments = (ins NVTile_Fragment:$value, AnyStaticShapeMemRef:$target,
                       Variadic<Index>:$indices,
                       OptionalAttr<DenseI64ArrayAttr>:$dims);
  let assemblyFormat = [{
    $value `,` $target `[` $indices `]` attr-dict `:` type($value) `,`
    type($target)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Channels and roles
//===----------------------------------------------------------------------===//

def NVTile_ChannelOp : NVTile_Op<"channel", [MemoryEffects<[MemAlloc]>]> {
  let summary = "Makes a channel of a kernel.";
  let results = (outs NVTile_ChannelType:$channel);
  let assemblyFormat = "attr-dict `:` type($channel)";
}

class NVTile_SlotsOp<string mnemonic> : NVTile_Op<mnemonic> {
  let arguments = (ins NVTile_ChannelType:$channel, Index:$number);
  let results = (outs Variadic<NVTile_Tile>:$tiles);
  let assemblyFormat = [{
    $channel `[` $number `]` attr-dict `:` type($channel) `->` type($tiles)
  }];
  let hasVerifier = 1;
}

def NVTile_AcquireOp : NVTile_SlotsOp<"acquire"> {
  let summary = "Waits until a slot is free to be filled.";
  let description = [{
    `number` counts the uses of the channel in the block, from zero; use n is of
    slot n modulo the stages.
  }];
}

def NVTile_AwaitOp : NVTile_SlotsOp<"await"> {
  let summary = "Waits until the copies into a slot are done.";
}

def NVTile_CopyOp : NVTile_Op<"copy"> {
  let summary = "Starts a copy of a tile into a slot of a channel.";
  let description = [{
    ```mlir
    nvtile.copy %a[%i, %k] to %slot on %channel[%n] : memref<4000x4096xbf16>,
      memref<128x64xbf16, 3>, !nvtile.channel<…>
    ```
  }];
  let arguments = (ins Arg<AnyStaticShapeMemRef, "", [MemRead]>:$source,
                       Variadic<Index>:$indices,
                       Arg<NVTile_Tile, "", [MemWrite]>:$tile,
                       NVTile_ChannelType:$channel, Index:$number,
                       OptionalAttr<DenseI64ArrayAttr>:$dims,
                       OptionalAttr<NVTile_WindowsAttr>:$windows);
  let assemblyFormat = [{
    $source `[` $indices `]` `to` $tile `on` $channel `[` $number `]` attr-dict
    `:` type($source) `,` type($tile) `,` type($channel)
  }];
}

def NVTile_ReleaseOp : NVTile_Op<"release"> {
  let summary = "Gives a slot back to be filled again.";
  let arguments = (ins NVTile_ChannelType:$channel, Index:$number);
  let assemblyFormat = "$channel `[` $number `]` attr-dict `:` type($channel)";
}

def NVTile_RolesOp
    : NVTile_Op<"roles", [SingleBlock, NoRegionArguments, NoTerminator,
                          RecursiveMemoryEffects]> {
  let summary = "What the producer and each of the consumers do.";
  let description = [{
    The producer is one thread of a warpgroup of its own; the consumers are
    `consumers` warpgroups, each of which runs the second region.
  }];
  let arguments = (ins ConfinedAttr<I64Attr, [IntPositive]>:$consumers);
  let regions = (region SizedRegion<1>:$producer, SizedRegion<1>:$consumer);
  let assemblyFormat = [{
    `consumers` `=` $consumers `producer` $producer `consumer` $consumer
    attr-dict
  }];
}

//===----------------------------------------------------------------------===//
// A warpgroup's part
//===----------------------------------------------------------------------===//

def NVTile_WarpgroupOp : NVTile_Op<"warpgroup", [Pure]> {
  let summary = "The number of the consumer, from zero.";
  let results = (outs Index:$number);
  let assemblyFormat = "attr-dict";
}

def NVTile_RankOp : NVTile_Op<"rank", [Pure]> {
  let summary = "The number of the block in its cluster, from zero.";
  let results = (outs Index:$number);
  let assemblyFormat = "attr-dict";
}

def NVTile_SumClusterOp : NVTile_Op<"sum_cluster"> {
  let summary = "Adds the tiles of the blocks of a cluster.";
  let description = [{
    Each block gets the columns of the sum that its rank numbers.

    ```mlir
    %s = nvtile.sum_cluster %t : vector<64x64xf32> -> vector<64x16xf32>
    ```
  }];
  let arguments = (ins NVTile_Fragment:$tile);
  let results = (outs NVTile_Fragment:$part);
  let assemblyFormat = "$tile attr-dict `:` type($tile) `->` type($part)";
  let hasVerifier = 1;
}

def NVTile_DescriptorOp : NVTile_Op<"descriptor", [Pure]> {
  let summary = "How wgmma names a tile in shared memory: the low word.";
  let description = [{
    `k_major`: the columns of the tile are those of k. The high word is the same
    for all tiles. Parts of a tile are named by adding their offset in units of
    16 bytes.
  }];
  let arguments = (ins NVTile_Tile:$tile, UnitAttr:$k_major);
  let results = (outs I32:$descriptor);
  let assemblyFormat = [{
    $tile (`k_major` $k_major^)? attr-dict `:` type($tile)
  }];
}

def NVTile_StoreFragmentOp
    : NVTile_Op<"store_fragment", [AttrSizedOperandSegments,
                                   MemoryEffects<[MemWrite]>]> {
  let summary = "Writes a warpgroup's registers to global memory.";
  let description = [{
    `registers` are what one thread holds of a tile of `rows` x `columns`, in
    pairs of neighbouring columns: 64 rows after 64 rows, in them eight columns
    after eight, in them row `lane / 4` before row `lane / 4 + 8`.
  }];
  let arguments = (ins Variadic<AnyType>:$registers,
                       AnyStaticShapeMemRef:$target, Variadic<Index>:$indices,
                       I64Attr:$rows, I64Attr:$columns,
                       OptionalAttr<DenseI64ArrayAttr>:$dims);
  let assemblyFormat = [{
    `(` $registers `)` `,` $target `[` $indices `]` `rows` `=` $rows `columns`
    `=` $columns attr-dict `:` type($target) `,` type($registers)
  }];
}

def NVTile_BulkStoreOp : NVTile_Op<"bulk_store"> {
  let summary = "Starts a copy of a swizzled tile to global memory.";
  let description = [{
    By the thread that executes it; its columns are at most 128 bytes.
  }];
  let arguments = (ins NVTile_SharedPointer:$tile,
                       Arg<AnyStaticShapeMemRef, "", [MemWrite]>:$target,
                       Variadic<Index>:$indices, I64Attr:$rows,
                       I64Attr:$columns,
                       OptionalAttr<DenseI64ArrayAttr>:$dims);
  let assemblyFormat = [{
    $tile `,` $target `[` $indices `]` `rows` `=` $rows `columns` `=` $columns
    attr-dict `:` type($target)
  }];
}

//===----------------------------------------------------------------------===//
// Towards nvvm
//===----------------------------------------------------------------------===//

def NVTile_SharedOp : NVTile_Op<"shared", [MemoryEffects<[MemAlloc]>]> {
  let summary = "Reserves shared memory for the whole kernel.";
  let arguments = (ins ConfinedAttr<I64Attr, [IntPositive]>:$bytes,
                       ConfinedAttr<I64Attr, [IntPositive]>:$alignment);
  let results = (outs NVTile_SharedPointer:$address);
  let assemblyFormat = [{
    `bytes` `=` $bytes `alignment` `=` $alignment attr-dict
  }];
}

def NVTile_BarrierOp : NVTile_Op<"barrier", [Pure]> {
  let summary = "The barrier that tells a slot to be full.";
  let arguments = (ins NVTile_ChannelType:$channel, Index:$number);
  let results = (outs NVTile_SharedPointer:$address);
  let assemblyFormat = "$channel `[` $number `]` attr-dict `:` type($channel)";
}

def NVTile_AddressOp : NVTile_Op<"address", [Pure]> {
  let summary = "Where a tile in shared memory begins.";
  let arguments = (ins NVTile_Tile:$tile);
  let results = (outs NVTile_SharedPointer:$address);
  let assemblyFormat = "$tile attr-dict `:` type($tile)";
}

def NVTile_TensorMapOp : NVTile_Op<"tensor_map", [Pure]> {
  let summary = "The tensor map of a buffer, made by the host.";
  let description = [{
    Copies boxes of `box` elements, rows first, swizzled over 128 bytes. With
    `windows`, a box is of rows and columns of the matrix, and the columns are
    channels of one pixel of each window.
  }];
  let arguments = (ins AnyStaticShapeMemRef:$buffer, DenseI64ArrayAttr:$box,
                       OptionalAttr<NVTile_WindowsAttr>:$windows);
  let results = (outs LLVM_AnyPointer:$map);
  let assemblyFormat = [{
    $buffer `box` `=` $box attr-dict `:` type($buffer) `->` type($map)
  }];
}

#endif // ORCHESTRA_TARGET_NVIDIA_TILES
