// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --orchestra-nvidia-distribute-fragments --canonicalize --cse | FileCheck %s

// A tile of 64 x 16 in the shared memory of each of two blocks, a word of each
// of 128 threads after the other. Each block adds the eight columns of its rank,
// of block 0 first. Nobody leaves before all have read.
// CHECK-LABEL: func.func private @cluster
//   CHECK-DAG:   %[[C512:.*]] = arith.constant 512 : i32
//   CHECK-DAG:   %[[B0:.*]] = arith.constant 0 : i32
//   CHECK-DAG:   %[[B1:.*]] = arith.constant 1 : i32
//       CHECK:   %[[SHARED:.*]] = nvtile.shared bytes = 4096 alignment = 16
//  CHECK-NEXT:   nvtile.roles
//       CHECK:   %[[OWN:.*]] = llvm.getelementptr %[[SHARED]][%{{.*}}] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
//       CHECK:   llvm.store %{{.*}}, %[[OWN]] {alignment = 4 : i64} : f32, !llvm.ptr<3>
//       CHECK:   %[[W1:.*]] = llvm.getelementptr %[[OWN]][128]
//       CHECK:   llvm.store %{{.*}}, %[[W1]]
// CHECK-COUNT-6: llvm.store
//   CHECK-NOT:   llvm.store
//       CHECK:   nvvm.cluster.arrive {aligned}
//  CHECK-NEXT:   nvvm.cluster.wait {aligned}
//       CHECK:   %[[RANK:.*]] = nvtile.rank
//       CHECK:   %[[R32:.*]] = arith.index_cast %[[RANK]]
//       CHECK:   %[[PART:.*]] = arith.muli %[[R32]], %[[C512]]
//       CHECK:   %[[FIRST:.*]] = llvm.getelementptr %[[OWN]][%[[PART]]]
//       CHECK:   %[[AT0:.*]] = nvvm.mapa %[[FIRST]], %[[B0]] : !llvm.ptr<3> -> !llvm.ptr<7>
//       CHECK:   %[[X0:.*]] = llvm.load %[[AT0]] {alignment = 4 : i64} : !llvm.ptr<7> -> f32
// CHECK-COUNT-3: llvm.load %{{.*}} : !llvm.ptr<7> -> f32
//       CHECK:   %[[AT1:.*]] = nvvm.mapa %[[FIRST]], %[[B1]] : !llvm.ptr<3> -> !llvm.ptr<7>
//       CHECK:   %[[X1:.*]] = llvm.load %[[AT1]]
//       CHECK:   %[[S0:.*]] = arith.addf %[[X0]], %[[X1]] : f32
//       CHECK:   arith.addf
//       CHECK:   arith.addf
//       CHECK:   %[[S3:.*]] = arith.addf
//       CHECK:   nvvm.cluster.arrive {aligned}
//       CHECK:   nvtile.store_fragment(%[[S0]], %{{.*}}, %{{.*}}, %[[S3]]){{.*}} rows = 64 columns = 8
//       CHECK:   nvvm.cluster.wait {aligned}
//  CHECK-NEXT:   }
func.func private @cluster(%x: memref<512x512xf32>, %out: memref<512x512xf32>, %i: index) {
  nvtile.roles consumers = 1 producer {
  } consumer {
    %v = nvtile.read %x[%i, %i] map = affine_map<(d0, d1) -> (d0, d1)> : memref<512x512xf32> -> vector<64x16xf32>
    %s = nvtile.sum_cluster %v : vector<64x16xf32> -> vector<64x8xf32>
    nvtile.store %s, %out[%i, %i] : vector<64x8xf32>, memref<512x512xf32>
  }
  return
}
