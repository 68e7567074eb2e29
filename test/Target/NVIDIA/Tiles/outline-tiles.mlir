// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-outline-tiles | FileCheck %s

// Maps by value, then addresses; shared memory by alignment; the launch says
// what each parameter is made of.
//       CHECK: module attributes {orchestra.nvidia.launch = {kernel = {arguments = [memref<1000xf32>, memref<512x1000xbf16>], block = array<i32: 384, 1, 1>, grid = array<i32: 132, 1, 1>,
//  CHECK-SAME:   parameters = [{argument = 1 : i64, box = array<i64: 64, 64>, element = bf16, shape = array<i64: 512, 1000>}, {argument = 0 : i64}],
//  CHECK-SAME:   shared_bytes = 2056 : i64}}}
//       CHECK: gpu.module @kernel_nvidia attributes {dlti.dl_spec = #dlti.dl_spec<index = 32 : i64>}
//       CHECK:   llvm.mlir.global external @[[SHARED:.*]]() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>
//       CHECK:   llvm.func @kernel(%[[MAP:.*]]: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.struct<(array<128 x i8>)>, nvvm.grid_constant}, %[[P:.*]]: !llvm.ptr<1>)
//  CHECK-SAME:     gpu.kernel, nvvm.kernel, nvvm.minctasm = 1 : i32, nvvm.reqntid = array<i32: 384, 1, 1>
//       CHECK:     %[[S:.*]] = llvm.mlir.addressof @[[SHARED]]
//   CHECK-DAG:     %[[BIG:.*]] = llvm.getelementptr %[[S]][0]
//   CHECK-DAG:     %[[SMALL:.*]] = llvm.getelementptr %[[S]][2048]
//       CHECK:     nvvm.prefetch tensormap, %[[MAP]]
//       CHECK:     llvm.load %[[P]]
//       CHECK:     llvm.return
func.func private @kernel(%bias: memref<1000xf32>, %x: memref<512x1000xbf16>) attributes {gpu.known_block_size = array<i32: 384, 1, 1>, gpu.known_grid_size = array<i32: 132, 1, 1>, orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>} {
  %small = nvtile.shared bytes = 8 alignment = 8
  %big = nvtile.shared bytes = 2048 alignment = 1024
  %map = nvtile.tensor_map %x box = [64, 64] : memref<512x1000xbf16> -> !llvm.ptr
  nvvm.prefetch tensormap, %map : !llvm.ptr
  %p = builtin.unrealized_conversion_cast %bias : memref<1000xf32> to !llvm.ptr<1>
  %v = llvm.load %p : !llvm.ptr<1> -> f32
  llvm.store %v, %small : f32, !llvm.ptr<3>
  llvm.store %v, %big : f32, !llvm.ptr<3>
  return
}

// -----

// A split is a cluster of blocks; shapes and boxes have as many dimensions as
// buffers.
// CHECK-LABEL: module attributes {orchestra.nvidia.launch = {cluster =
//  CHECK-SAME:   grid = array<i32: 16, 1, 1>
//  CHECK-SAME:   box = array<i64: 64, 1, 64>, element = f16, shape = array<i64: 512, 12, 64>
//       CHECK:   llvm.func @cluster(
//  CHECK-SAME:     nvvm.cluster_dim = array<i32: 4, 1, 1>
func.func private @cluster(%x: memref<512x12x64xf16>) attributes {gpu.known_block_size = array<i32: 256, 1, 1>, gpu.known_grid_size = array<i32: 16, 1, 1>, orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 1, group = 8, blocks = 132, store_bytes = 128, split = 4>} {
  %s = nvtile.shared bytes = 8 alignment = 8
  %map = nvtile.tensor_map %x box = [64, 1, 64] : memref<512x12x64xf16> -> !llvm.ptr
  nvvm.prefetch tensormap, %map : !llvm.ptr
  return
}

// -----

// CHECK-LABEL: llvm.func @alone(
//   CHECK-NOT:   cluster_dim
func.func private @alone(%x: memref<512x64xf16>) attributes {gpu.known_block_size = array<i32: 256, 1, 1>, gpu.known_grid_size = array<i32: 16, 1, 1>, orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 1, group = 8, blocks = 132, store_bytes = 128>} {
  %map = nvtile.tensor_map %x box = [64, 64] : memref<512x64xf16> -> !llvm.ptr
  nvvm.prefetch tensormap, %map : !llvm.ptr
  return
}

// -----

// A buffer in fewer dimensions is the argument; a map of windows says so.
// CHECK-LABEL: module attributes {orchestra.nvidia.launch = {windows =
//  CHECK-SAME:   arguments = [memref<1x14x14x64xf16>]
//  CHECK-SAME:   {argument = 0 : i64, box = array<i64: 64, 64>, element = f16, shape = array<i64: 196, 64>}
//  CHECK-SAME:   {argument = 0 : i64, box = array<i64: 64, 64>, element = f16, shape = array<i64: 1, 14, 14, 64>, windows = #nvtile.windows<
//  CHECK-SAME:   {argument = 0 : i64}
//       CHECK:   llvm.func @windows(
//   CHECK-NOT:   memref.collapse_shape
func.func private @windows(%x: memref<1x14x14x64xf16>) attributes {gpu.known_block_size = array<i32: 256, 1, 1>, gpu.known_grid_size = array<i32: 16, 1, 1>, orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 1, group = 8, blocks = 132, store_bytes = 128>} {
  %flat = memref.collapse_shape %x [[0, 1, 2], [3]] : memref<1x14x14x64xf16> into memref<196x64xf16>
  %a = nvtile.tensor_map %flat box = [64, 64] : memref<196x64xf16> -> !llvm.ptr
  nvvm.prefetch tensormap, %a : !llvm.ptr
  %b = nvtile.tensor_map %x box = [64, 64] {windows = #nvtile.windows<sizes = [3, 3], strides = [1, 1], dilations = [1, 1], low = [1, 1], counts = [14, 14], channels = 64>} : memref<1x14x14x64xf16> -> !llvm.ptr
  nvvm.prefetch tensormap, %b : !llvm.ptr
  %p = builtin.unrealized_conversion_cast %flat : memref<196x64xf16> to !llvm.ptr<1>
  %v = llvm.load %p : !llvm.ptr<1> -> f16
  llvm.store %v, %p : f16, !llvm.ptr<1>
  return
}
