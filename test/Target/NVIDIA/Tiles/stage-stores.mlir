// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-stage-stores | FileCheck %s

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
// 64 rows of 256 bytes for each consumer; 16 registers are 64 columns, one box.
// CHECK-LABEL: func.func private @halves
//       CHECK:   %[[ALL:.*]] = nvtile.shared bytes = 32768 alignment = 1024
//       CHECK:   consumer {
//       CHECK:     %[[MINE:.*]] = llvm.getelementptr %[[ALL]]
// The buffer is free when the copy engine has read it.
//       CHECK:     scf.if
//       CHECK:       nvvm.cp.async.bulk.wait_group 0 {read}
//       CHECK:     nvvm.barrier id = %{{.*}} number_of_threads = %{{.*}}
// Chunks of 16 bytes change places with the row.
//       CHECK:     arith.xori
// CHECK-COUNT-4:     nvvm.stmatrix %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {
//   CHECK-NOT:     nvvm.stmatrix
//       CHECK:     nvvm.fence.proxy
//       CHECK:     nvvm.barrier
//       CHECK:     scf.if
//       CHECK:       nvtile.bulk_store %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}] rows = 64 columns = 64
//       CHECK:       nvvm.cp.async.bulk.commit.group
//       CHECK:     scf.if
//       CHECK:       nvvm.cp.async.bulk.wait_group 0
//   CHECK-NOT:   store_fragment
func.func private @halves(%out: memref<512x512xbf16>, %i: index, %v: vector<2xbf16>) attributes {orchestra.nvtile = #policy} {
  nvtile.roles consumers = 2 producer {
  } consumer {
    nvtile.store_fragment (%v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v), %out[%i, %i] rows = 64 columns = 64 : memref<512x512xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>, vector<2xbf16>
  }
  return
}

// -----

// Words are stored in pairs; 32 columns are a box.
// CHECK-LABEL: func.func private @words
// CHECK-COUNT-8: llvm.store %{{.*}} {alignment = 8 : i64} : vector<2xf32>, !llvm.ptr<3>
//   CHECK-NOT:   llvm.store
//       CHECK:   nvtile.bulk_store %{{.*}} rows = 64 columns = 32
func.func private @words(%out: memref<512x512xf32>, %i: index, %v: f32) attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>} {
  nvtile.roles consumers = 2 producer {
  } consumer {
    nvtile.store_fragment (%v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v, %v), %out[%i, %i] rows = 64 columns = 32 : memref<512x512xf32>, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32
  }
  return
}
