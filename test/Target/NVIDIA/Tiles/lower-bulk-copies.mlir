// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-lower-bulk-copies --canonicalize --cse | FileCheck %s

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
!a = memref<64x128xbf16, #gpu.address_space<workgroup>>
!channel = !nvtile.channel<4, !a>
// A tile of two panels: the second is 64 columns and 64 rows of 128 bytes on.
// Copies with equal boxes share a map.
// CHECK-LABEL: func.func private @copies
//  CHECK-SAME:   %[[X:.*]]: memref<512x1000xbf16>, %[[OUT:.*]]: memref<512x1000xf32>, %[[S:.*]]: !llvm.ptr<3>, %[[I:.*]]: index, %[[J:.*]]: index)
//   CHECK-DAG:   %[[MX:.*]] = nvtile.tensor_map %[[X]] box = [64, 64]
//   CHECK-DAG:   %[[MO:.*]] = nvtile.tensor_map %[[OUT]] box = [64, 32]
//   CHECK-NOT:   nvtile.tensor_map
//       CHECK:   %[[SLOT:.*]] = nvtile.acquire
//       CHECK:   %[[BAR:.*]] = nvtile.barrier
//       CHECK:   %[[AT:.*]] = nvtile.address %[[SLOT]]
//       CHECK:   %[[P0:.*]] = llvm.addrspacecast
//       CHECK:   %[[C:.*]] = arith.index_cast %[[J]] : index to i32
//       CHECK:   %[[R:.*]] = arith.index_cast %[[I]] : index to i32
//       CHECK:   nvvm.cp.async.bulk.tensor.shared.cluster.global %[[P0]], %[[MX]], %[[BAR]], box[%[[C]], %[[R]]]
//       CHECK:   llvm.getelementptr %[[AT]][8192]
//       CHECK:   arith.addi %[[J]], %c64
//       CHECK:   nvvm.cp.async.bulk.tensor.shared.cluster.global %{{.*}}, %[[MX]], %[[BAR]], box[%{{.*}}, %[[R]]]
//       CHECK:   nvvm.cp.async.bulk.tensor.global.shared.cta %[[MO]], %[[S]], box[%[[C]], %[[R]]]
func.func private @copies(%x: memref<512x1000xbf16>, %out: memref<512x1000xf32>, %s: !llvm.ptr<3>, %i: index, %j: index) attributes {orchestra.nvtile = #policy} {
  %channel = nvtile.channel : !channel
  %slot = nvtile.acquire %channel[%i] : !channel -> !a
  nvtile.copy %x[%i, %j] to %slot on %channel[%i] : memref<512x1000xbf16>, !a, !channel
  nvtile.bulk_store %s, %out[%i, %j] rows = 64 columns = 32 : memref<512x1000xf32>
  return
}

// -----

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
!a = memref<64x64xf16, #gpu.address_space<workgroup>>
!channel = !nvtile.channel<4, !a>
// A head between rows and columns: the box has one of it. Coordinates are of all
// dimensions, the last first.
// CHECK-LABEL: func.func private @heads
//  CHECK-SAME:   %[[X:.*]]: memref<512x12x64xf16>, %[[S:.*]]: !llvm.ptr<3>, %[[I:[a-z0-9]+]]: index, %[[H:[a-z0-9]+]]: index, %[[J:[a-z0-9]+]]: index)
//       CHECK:   %[[M:.*]] = nvtile.tensor_map %[[X]] box = [64, 1, 64]
//   CHECK-NOT:   nvtile.tensor_map
//       CHECK:   %[[C:.*]] = arith.index_cast %[[J]] : index to i32
//       CHECK:   %[[O:.*]] = arith.index_cast %[[H]] : index to i32
//       CHECK:   %[[R:.*]] = arith.index_cast %[[I]] : index to i32
//       CHECK:   nvvm.cp.async.bulk.tensor.shared.cluster.global %{{.*}}, %[[M]], %{{.*}}, box[%[[C]], %[[O]], %[[R]]]
//       CHECK:   nvvm.cp.async.bulk.tensor.global.shared.cta %[[M]], %[[S]], box[%[[C]], %[[O]], %[[R]]]
func.func private @heads(%x: memref<512x12x64xf16>, %s: !llvm.ptr<3>, %i: index, %h: index, %j: index) attributes {orchestra.nvtile = #policy} {
  %channel = nvtile.channel : !channel
  %slot = nvtile.acquire %channel[%i] : !channel -> !a
  nvtile.copy %x[%i, %h, %j] to %slot on %channel[%i] {dims = array<i64: 0, 2>} : memref<512x12x64xf16>, !a, !channel
  nvtile.bulk_store %s, %x[%i, %h, %j] rows = 64 columns = 64 {dims = array<i64: 0, 2>} : memref<512x12x64xf16>
  return
}

// -----

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
!a = memref<64x128xf16, #gpu.address_space<workgroup>>
!channel = !nvtile.channel<4, !a>
// The second panel is 64 on in the dimension of the columns, here the second.
// CHECK-LABEL: func.func private @panels
//  CHECK-SAME:   %[[I:[a-z0-9]+]]: index, %[[J:[a-z0-9]+]]: index, %[[H:[a-z0-9]+]]: index)
//       CHECK:   nvtile.tensor_map %{{.*}} box = [64, 64, 1]
//       CHECK:   nvvm.cp.async.bulk.tensor.shared.cluster.global
//       CHECK:   %[[NEXT:.*]] = arith.addi %[[J]], %c64
//       CHECK:   %[[C:.*]] = arith.index_cast %[[NEXT]]
//       CHECK:   nvvm.cp.async.bulk.tensor.shared.cluster.global {{.*}} box[%{{.*}}, %[[C]], %{{.*}}]
func.func private @panels(%x: memref<512x128x8xf16>, %i: index, %j: index, %h: index) attributes {orchestra.nvtile = #policy} {
  %channel = nvtile.channel : !channel
  %slot = nvtile.acquire %channel[%i] : !channel -> !a
  nvtile.copy %x[%i, %j, %h] to %slot on %channel[%i] {dims = array<i64: 0, 1>} : memref<512x128x8xf16>, !a, !channel
  return
}

// -----

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
#windows = #nvtile.windows<sizes = [3, 2], strides = [2, 1], dilations = [1, 3], low = [1, 0], counts = [5, 6], channels = 64>
!a = memref<64x128xf16, #gpu.address_space<workgroup>>
!channel = !nvtile.channel<4, !a>
// Row r of the matrix is window (r / 30, r / 6 mod 5, r mod 6); column c is
// channel c mod 64 of pixel (c / 128, c / 64 mod 2). The second panel is the next
// pixel's.
// CHECK-LABEL: func.func private @windows
//  CHECK-SAME:   %[[X:.*]]: memref<2x9x9x64xf16>, %[[R:[a-z0-9]+]]: index, %[[C:[a-z0-9]+]]: index)
//       CHECK:   %[[M:.*]] = nvtile.tensor_map %[[X]] box = [64, 64] {windows = #nvtile.windows<
//   CHECK-NOT:   nvtile.tensor_map
//       CHECK:   %[[CH:.*]] = arith.remui %[[C]], %c64
//       CHECK:   %[[PIXEL:.*]] = arith.divui %[[C]], %c64
//       CHECK:   %[[W:.*]] = arith.remui %[[R]], %c6
//       CHECK:   %[[R1:.*]] = arith.divui %[[R]], %c6
//       CHECK:   %[[OW:.*]] = arith.muli %{{.*}}, %c3
//       CHECK:   %[[H:.*]] = arith.remui %[[R1]], %c5
//       CHECK:   %[[N:.*]] = arith.divui %[[R1]], %c5
//       CHECK:   arith.muli %[[H]], %c2
//       CHECK:   nvvm.cp.async.bulk.tensor.shared.cluster.global %{{.*}}, %[[M]], %{{.*}}, box[%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}] im2col[%{{.*}}, %{{.*}}] {mode = #nvvm.tma_load_mode<im2col>}
//       CHECK:   arith.addi %[[C]], %c64
//       CHECK:   nvvm.cp.async.bulk.tensor.shared.cluster.global {{.*}} im2col[
func.func private @windows(%x: memref<2x9x9x64xf16>, %i: index, %j: index) attributes {orchestra.nvtile = #policy} {
  %channel = nvtile.channel : !channel
  %slot = nvtile.acquire %channel[%i] : !channel -> !a
  nvtile.copy %x[%i, %j] to %slot on %channel[%i] {windows = #windows} : memref<2x9x9x64xf16>, !a, !channel
  return
}
