//===- Passes.td - Passes of the NVIDIA target ----------------*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a kernel on tensors to PTX or a cubin. The pipeline
// `orchestra-nvidia-kernel-pipeline` runs them in this order, with upstream's
// bufferization and GPU lowering between them.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_NVIDIA_PASSES
#define ORCHESTRA_TARGET_NVIDIA_PASSES

include "mlir/Pass/PassBase.td"

def NVIDIAMapKernelPass
    : Pass<"orchestra-nvidia-map-kernel", "::mlir::func::FuncOp"> {
  let summary = "Splits a kernel into one tile of its result per GPU thread";
  let description = [{
    Before: a function marked `orchestra.kernel` on statically shaped tensors,
    whose results come from one structured op, the root.

    After: one `scf.forall` whose iterations are the threads; each computes a
    tile of the root with all its producers fused in. Tile sizes divide their
    dimension, so no tile is ragged. A thread takes 16 contiguous bytes of the
    result, and four rows of them when a contraction is fused in, so that it
    loads each operand once for four results. A dimension along which a fused
    reduction would be repeated (the columns of a softmax) stays whole.

    Refuses, with an error at the user's node: dynamic shapes, results without
    elements, results that come from several ops.
  }];
  let options = [
    Option<"vectorBytes", "vector-bytes", "int64_t", /*default=*/"16",
           "Contiguous bytes of the result that a thread computes">,
    Option<"contractionRows", "contraction-rows", "int64_t", /*default=*/"4",
           "Rows of the result that a thread of a contraction computes">];
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
}

def NVIDIAVectorizeKernelPass
    : Pass<"orchestra-nvidia-vectorize-kernel", "::mlir::func::FuncOp"> {
  let summary = "Turns a thread's tile into vectors held in registers";
  let description = [{
    Before: what `orchestra-nvidia-map-kernel` leaves.

    After: each structured op runs over tiles of at most 16 contiguous bytes
    (four rows and four steps of a reduction for contractions) as `vector` ops;
    what a reduction accumulates is carried by its `scf.for` as a vector. An op
    that upstream's vectorizer refuses is left as it is and becomes scalar loops
    later, which a remark tells.
  }];
  let options = [
    Option<"vectorBytes", "vector-bytes", "int64_t", /*default=*/"16",
           "Contiguous bytes that one vector holds">,
    Option<"contractionRows", "contraction-rows", "int64_t", /*default=*/"4",
           "Rows, and reduction steps, of one contraction of vectors">];
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect",
                           "::mlir::vector::VectorDialect"];
}

def NVIDIAOutlineKernelPass
    : Pass<"orchestra-nvidia-outline-kernel", "::mlir::ModuleOp"> {
  let summary = "Makes each bufferized kernel a gpu.func";
  let description = [{
    Before: kernels on memrefs with at most one top-level `scf.forall`.

    After: per kernel a `gpu.module` with one `gpu.func kernel` of the kernel's
    name; the function itself goes, or stays as a declaration where the host
    program dispatches it. The iterations of the forall are spread over blocks of
    `block-size` threads, the last dimension on neighbouring threads. All blocks
    are along x, so no grid limit of y or z applies. The launches are recorded in
    the module's `orchestra.nvidia.launch`, `{kernel = {block, grid}}`, for
    serialization drops what stands on a `gpu.module`.
    There is no host half: the runtime launches the kernel by its name with the
    addresses of its inputs and destinations.

    Refuses kernels that would need heap memory on the device, or whose work
    lies outside the forall.
  }];
  let options = [
    Option<"blockSize", "block-size", "int64_t", /*default=*/"256",
           "Threads of a block; a power of two">];
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::gpu::GPUDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::scf::SCFDialect"];
}

def NVIDIAExpandMathPass : Pass<"orchestra-nvidia-expand-math"> {
  let summary = "Expands math functions that PTX has no instruction for";
  let description = [{
    Before: any `math` ops on f16, bf16, f32.

    After: `exp`, `log`, `tanh`, `erf`, `sin`, `pow` and the like are arithmetic
    (upstream's polynomial approximations, in f32), so that no device library,
    and with it no CUDA toolkit, is needed. Ops that are instructions, such as
    `sqrt`, `fma`, `floor`, stay, and `exp2` of f32 is one.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::LLVM::LLVMDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::vector::VectorDialect"];
}

def NVIDIAPinIntrinsicsPass : Pass<"orchestra-nvidia-pin-intrinsics"> {
  let summary = "Keeps LLVM's math intrinsics from becoming libdevice calls";
  let description = [{
    Before: `llvm.intr.floor` and the like.

    After: the same intrinsics by `llvm.call_intrinsic`, which upstream's
    `convert-gpu-to-nvvm` leaves alone; it refuses the ops themselves, since it
    wants to call the device library of the CUDA toolkit.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def NVIDIAOverlapLaunchesPass
    : Pass<"orchestra-nvidia-overlap-launches", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Lets a kernel be launched while the one before it ends";
  let description = [{
    Before: device functions. After: each kernel allows the next one to be
    launched as soon as all its blocks run, and waits for the end of the one
    before it ahead of everything else (griddepcontrol, from sm_90 on). What it
    takes to launch a kernel is then hidden behind the kernel before it, if the
    host launches it so.
  }];
  let dependentDialects = ["::mlir::NVVM::NVVMDialect"];
}

def NVIDIACheckDeviceCodePass
    : Pass<"orchestra-nvidia-check-device-code", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Refuses device code that would not link; aligns arguments";
  let description = [{
    Before: a `gpu.module` in the LLVM dialect.

    After: the same; pointer arguments of kernels carry the alignment that the
    runtime's arenas promise (64 bytes), so that LLVM forms wide loads. A call
    to a function that the module does not define is an error at its user's
    node, instead of an unresolved symbol when the driver loads the code.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def NVIDIAWriteObjectPass
    : Pass<"orchestra-nvidia-write-object", "::mlir::ModuleOp"> {
  let summary = "Writes the device code of each gpu.binary to a file";
  let description = [{
    Before: `gpu.binary` ops with one object each.

    After: the same; the PTX text or the cubin is in the file `output` (`-` is
    standard output, where several objects follow each other).
  }];
  let options = [
    Option<"output", "output", "std::string", /*default=*/"\"-\"",
           "The file, or - for standard output">];
}

def NVIDIADistributeRowsPass
    : Pass<"orchestra-nvidia-distribute-rows", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Spreads vectors of whole rows over the lanes that share them";
  let description = [{
    Before: device functions with `orchestra.nvidia.rows`, in which a row is one
    vector.

    After: each lane has chunks of the row, as wide as loads can be; reductions
    go on across the lanes, by shuffles in a warp and through shared memory in
    a block.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

def NVIDIAPruneParametersPass
    : Pass<"orchestra-nvidia-prune-parameters", "::mlir::ModuleOp"> {
  let summary = "Drops parameters that device functions do not read";
  let description = [{
    Before: `gpu.module`s in the LLVM dialect that the module's functions launch.

    After: their kernels have the parameters that they read; which these are is
    in the module's `orchestra.nvidia.parameters`.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def NVIDIAEmbedCodePass
    : Pass<"orchestra-nvidia-embed-code", "::mlir::ModuleOp"> {
  let summary = "Makes launches calls of the runtime with the device code";
  let description = [{
    Before: `gpu.binary` ops of one kernel each; functions of the host on buffers
    that launch them, or, for kernels of tiles, the module's
    `orchestra.nvidia.launch`.

    After: functions with the execution state in front, as kernels of the CPU
    have it, which call the runtime's `launch_kernel` with a constant
    `orch_device_code` (`orchestra_runtime/format.h`). Temporaries are memory of
    the device, from the runtime.
  }];
  let options = [
    Option<"overlap", "overlap", "bool", "false",
           "kernels wait for those before them themselves">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
                           "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect"];
}

//===----------------------------------------------------------------------===//
// Kernels of tiles
//===----------------------------------------------------------------------===//

def NVIDIASelectAttentionPass
    : Pass<"orchestra-nvidia-select-attention", "::mlir::func::FuncOp"> {
  let summary = "Keeps the attention that tensor cores take as one op";
  let description = [{
    Before: `linalg_ext.attention`. After: those remain whose operands have 16
    bits and layouts that tensor maps describe, of known sizes; the others are
    products and a softmax between them, which fuse with what is around, and a
    remark says why.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
}

def NVIDIAFlattenConvolutionsPass
    : Pass<"orchestra-nvidia-flatten-convolutions", "::mlir::func::FuncOp"> {
  let summary = "Turns convolutions into products of matrices";
  let description = [{
    Before: a kernel on tensors with a convolution whose channels are innermost,
    or a product over more than one dimension of rows, of f16 or bf16, and what is
    computed of each element of its result.

    After: the same on matrices, whose rows are pixels of the result. The picture
    is read as `nvtile.im2col` says; zeros around it are not made, for what tensor
    maps read outside of a picture is zero. Results are reshaped at the end.

    A kernel that tensor cores do not take then either is left as it is, and a
    remark says why.
  }];
  let dependentDialects = [
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::orchestra::nvtile::NVTileDialect"];
}

def LinalgToNVTilePass : Pass<"orchestra-linalg-to-nvtile", "::mlir::ModuleOp"> {
  let summary = "Turns tiled linalg on tensors into a program on tiles";
  let description = [{
    Before: kernels on tensors that a strategy tiled for tensor cores, with an
    `nvtile.policy`.

    After: the same kernels on buffers. What a contraction reads is loaded into
    shared memory (`nvtile.load`), what is computed stands in registers, as
    vectors of a whole tile, and what leaves the parallel loop is stored
    (`nvtile.store`). Results are written into the kernel's last arguments.

    Refuses, at the user's node, what has no form on tiles.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
    "::orchestra::nvtile::NVTileDialect"];
}

def NVIDIASplitReductionPass
    : Pass<"orchestra-nvidia-split-reduction", "::mlir::func::FuncOp"> {
  let summary = "Shares the steps of a reduction among a cluster of blocks";
  let description = [{
    Before: a kernel of tiles whose policy has a `split`, with a loop of products
    that begins at zero.

    After: each block of the cluster has its share of the steps, the tiles are
    added (`nvtile.sum_cluster`), and each block computes and stores what follows
    for its columns alone.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::vector::VectorDialect",
                           "::orchestra::nvtile::NVTileDialect"];
}

def NVIDIASliceEpiloguePass
    : Pass<"orchestra-nvidia-slice-epilogue", "::mlir::func::FuncOp"> {
  let summary = "Computes and stores results a slice of columns at a time";
  let description = [{
    Before: stores of whole tiles.

    After: stores of as many columns as the policy gathers at a time; the
    elementwise ops and reads in front of them are done for each slice alone, on
    slices of the accumulators.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::vector::VectorDialect",
                           "::orchestra::nvtile::NVTileDialect"];
}

def NVIDIARasterTilesPass
    : Pass<"orchestra-nvidia-raster-tiles", "::mlir::func::FuncOp"> {
  let summary = "Gives each thread block its tiles, in an order for the cache";
  let description = [{
    Before: a kernel of tiles with one parallel loop over rows and columns.

    After: a loop over the tiles of the block, counted from zero; the grid is as
    large as the policy says, or as there are tiles. Groups of rows of tiles are
    walked column by column.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::gpu::GPUDialect",
                           "::mlir::scf::SCFDialect"];
}

def NVIDIAPipelineLoadsPass
    : Pass<"orchestra-nvidia-pipeline-loads", "::mlir::func::FuncOp"> {
  let summary = "Sends loads of a loop through a channel";
  let description = [{
    Before: loads into shared memory and their uses in one loop body.

    After: copies into slots of an `nvtile.channel` of as many stages as the
    policy says; waits for a free and for a full slot; a release behind the last
    use. Read in order, the program does what it did.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::orchestra::nvtile::NVTileDialect"];
}

def NVIDIAOverlapProductsPass
    : Pass<"orchestra-nvidia-overlap-products", "::mlir::func::FuncOp"> {
  let summary = "Moves second products of a loop beside the next first ones";
  let description = [{
    Before: a consumer's loop of two products, the second of what is computed
    from the first, in a kernel whose policy says `overlap`.

    After: the second product of an iteration is begun with the first one of the
    next, and what lies between them is computed while both run. Two consumers
    take turns.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect",
                           "::orchestra::nvtile::NVTileDialect"];
}

def NVIDIASpecializeWarpsPass
    : Pass<"orchestra-nvidia-specialize-warps", "::mlir::func::FuncOp"> {
  let summary = "Splits a kernel into a producer and consumers";
  let description = [{
    Before: a kernel of tiles whose loads go through channels.

    After: `nvtile.roles`; the producer has the copies, the consumers all else.
  }];
  let dependentDialects = ["::orchestra::nvtile::NVTileDialect"];
}

def NVIDIADistributeFragmentsPass
    : Pass<"orchestra-nvidia-distribute-fragments", "::mlir::func::FuncOp"> {
  let summary = "Spreads tiles in registers over the threads of the consumers";
  let description = [{
    Before: consumers that compute on vectors of whole tiles.

    After: each thread has its registers of them; `nvtile.mma` is wgmma on
    descriptors, elementwise ops are repeated per register (pairs of 16 bits,
    single words), `nvtile.store` is `nvtile.store_fragment`.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect", "::orchestra::nvtile::NVTileDialect"];
}

def NVIDIAStageStoresPass
    : Pass<"orchestra-nvidia-stage-stores", "::mlir::func::FuncOp"> {
  let summary = "Gathers results in shared memory for bulk stores";
  let description = [{
    Before: `nvtile.store_fragment` in consumers.

    After: stmatrix, or stores of pairs, into a swizzled buffer of each
    consumer, and `nvtile.bulk_store` by one of its threads.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect", "::orchestra::nvtile::NVTileDialect"];
}

def NVIDIALowerBulkCopiesPass
    : Pass<"orchestra-nvidia-lower-bulk-copies", "::mlir::func::FuncOp"> {
  let summary = "Lowers copies of tiles to those of the copy engine";
  let description = [{
    Before: `nvtile.copy` and `nvtile.bulk_store` on buffers.

    After: bulk tensor copies of nvvm over `nvtile.tensor_map`, one for each
    panel of a tile.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::NVVM::NVVMDialect", "::orchestra::nvtile::NVTileDialect"];
}

def NVIDIALowerChannelsPass
    : Pass<"orchestra-nvidia-lower-channels", "::mlir::func::FuncOp"> {
  let summary = "Lowers channels to shared memory and mbarriers";
  let description = [{
    Before: channels between the roles of a kernel; addresses, descriptors and
    barriers asked of their slots.

    After: `nvtile.shared`, mbarriers that one thread makes, waits by parity.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect",
    "::orchestra::nvtile::NVTileDialect"];
}

def NVIDIALowerRolesPass
    : Pass<"orchestra-nvidia-lower-roles", "::mlir::func::FuncOp"> {
  let summary = "Lowers roles to a branch on the warpgroup";
  let description = [{
    Before: `nvtile.roles`.

    After: one branch; the first warpgroup gives registers to the others, and
    one of its threads is the producer. The block has a warpgroup more than
    there are consumers.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::gpu::GPUDialect",
                           "::mlir::NVVM::NVVMDialect",
                           "::mlir::scf::SCFDialect"];
}

def NVIDIAOutlineTilesPass
    : Pass<"orchestra-nvidia-outline-tiles", "::mlir::ModuleOp"> {
  let summary = "Makes each kernel of tiles a device function";
  let description = [{
    Before: kernels of tiles, lowered but for `nvtile.shared` and
    `nvtile.tensor_map`.

    After: per kernel a `gpu.module` with an `llvm.func` whose parameters are
    tensor maps by value and addresses; shared memory has offsets. The module's
    `orchestra.nvidia.launch` says block, grid, bytes of shared memory, and for
    each parameter which argument it is made of, with box, shape and element
    type if it is a tensor map.
  }];
  let dependentDialects = [
    "::mlir::DLTIDialect", "::mlir::gpu::GPUDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect"];
}

def NVIDIAEmulateTilesPass
    : Pass<"orchestra-nvidia-emulate-tiles", "::mlir::ModuleOp"> {
  let summary = "Makes device functions on tiles what the emulated GPU takes";
  let description = [{
    Before: what `orchestra-nvidia-outline-tiles` leaves.

    After: each `llvm.func` is a `gpu.func` with the same body, whose tensor maps
    are pointers; a host function of its name makes the maps, launches it as
    `orchestra.nvidia.launch` says, and frees them. What only a GPU can do is
    still there, for `orchestra-emulated-lower-device-ops`.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::gpu::GPUDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::memref::MemRefDialect"];
}

#endif // ORCHESTRA_TARGET_NVIDIA_PASSES
