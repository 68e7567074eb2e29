// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --orchestra-nvidia-lower-bulk-copies --canonicalize --cse | FileCheck %s

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
