// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-split-reduction | FileCheck %s
// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-split-reduction --remarks-filter=nvidia --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

!a = memref<64x64xbf16, #gpu.address_space<workgroup>>
#policy = #nvtile.policy<stages = 4, consumers = 1, group = 8, blocks = 132, store_bytes = 128, split = 4>
// 8 steps by four blocks: two each. What follows is computed for 16 columns of
// 64, from the rank's first on.
// CHECK-LABEL: func.func private @even
//  CHECK-SAME:   %[[BIAS:[a-z0-9]+]]: memref<512xf32>, %[[OUT:[a-z0-9]+]]: memref<512x512xbf16>, %[[I:[a-z0-9]+]]: index)
//       CHECK:   %[[RANK:.*]] = nvtile.rank
//       CHECK:   %[[C128:.*]] = arith.constant 128 : index
//       CHECK:   %[[LOW:.*]] = arith.muli %[[RANK]], %[[C128]]
//       CHECK:   %[[SHARE:.*]] = arith.constant 128 : index
//       CHECK:   %[[HIGH:.*]] = arith.addi %[[LOW]], %[[SHARE]]
//   CHECK-NOT:   arith.minui
//       CHECK:   %[[ACC:.*]] = scf.for %{{.*}} = %[[LOW]] to %[[HIGH]] step %c64
//       CHECK:   %[[SUM:.*]] = nvtile.sum_cluster %[[ACC]] : vector<64x64xf32> -> vector<64x16xf32>
//       CHECK:   %[[C16:.*]] = arith.constant 16 : index
//       CHECK:   %[[FROM:.*]] = arith.muli %[[RANK]], %[[C16]]
//       CHECK:   %[[AT:.*]] = arith.addi %[[I]], %[[FROM]]
//       CHECK:   %[[B:.*]] = nvtile.read %[[BIAS]][%[[AT]]] {{.*}} -> vector<64x16xf32>
//       CHECK:   %[[S:.*]] = arith.addf %[[SUM]], %[[B]] : vector<64x16xf32>
//       CHECK:   %[[T:.*]] = arith.truncf %[[S]] : vector<64x16xf32> to vector<64x16xbf16>
//       CHECK:   %[[J:.*]] = arith.addi %[[I]], %[[FROM]]
//       CHECK:   nvtile.store %[[T]], %[[OUT]][%[[I]], %[[J]]] : vector<64x16xbf16>
//   CHECK-NOT:   vector<64x64xbf16>
// REMARK: Remark="a cluster shares the reduction", blocks=4
func.func private @even(%x: memref<512x512xbf16>, %y: memref<512x512xbf16>, %bias: memref<512xf32>, %out: memref<512x512xbf16>, %i: index) attributes {orchestra.nvtile = #policy} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c512 = arith.constant 512 : index
  %zero = arith.constant dense<0.0> : vector<64x64xf32>
  %acc = scf.for %k = %c0 to %c512 step %c64 iter_args(%c = %zero) -> (vector<64x64xf32>) {
    %a = nvtile.load %x[%i, %k] : memref<512x512xbf16> -> !a
    %b = nvtile.load %y[%i, %k] : memref<512x512xbf16> -> !a
    %d = nvtile.mma %a, %b, %c transpose_b : !a, !a, vector<64x64xf32>
    scf.yield %d : vector<64x64xf32>
  }
  %r = nvtile.read %bias[%i] map = affine_map<(d0, d1) -> (d1)> : memref<512xf32> -> vector<64x64xf32>
  %s = arith.addf %acc, %r : vector<64x64xf32>
  %t = arith.truncf %s : vector<64x64xf32> to vector<64x64xbf16>
  nvtile.store %t, %out[%i, %i] : vector<64x64xbf16>, memref<512x512xbf16>
  return
}

// -----

!a = memref<64x64xbf16, #gpu.address_space<workgroup>>
// 7 steps by two: the last block has one less. A number that all elements share
// stays one.
// CHECK-LABEL: func.func private @uneven
//       CHECK:   %[[LOW:.*]] = arith.muli %{{.*}}, %{{.*}} : index
//       CHECK:   %[[END:.*]] = arith.addi %[[LOW]], %{{.*}} : index
//       CHECK:   %[[C448:.*]] = arith.constant 448 : index
//       CHECK:   %[[HIGH:.*]] = arith.minui %[[END]], %[[C448]]
//       CHECK:   scf.for %{{.*}} = %[[LOW]] to %[[HIGH]]
//       CHECK:   vector.broadcast %{{.*}} : f32 to vector<64x32xf32>
// REMARK: Remark="a cluster shares the reduction", blocks=2
func.func private @uneven(%x: memref<512x512xbf16>, %out: memref<512x512xf32>, %i: index, %by: f32) attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 1, group = 8, blocks = 132, store_bytes = 128, split = 2>} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c448 = arith.constant 448 : index
  %zero = arith.constant dense<0.0> : vector<64x64xf32>
  %acc = scf.for %k = %c0 to %c448 step %c64 iter_args(%c = %zero) -> (vector<64x64xf32>) {
    %a = nvtile.load %x[%i, %k] : memref<512x512xbf16> -> !a
    %d = nvtile.mma %a, %a, %c transpose_b : !a, !a, vector<64x64xf32>
    scf.yield %d : vector<64x64xf32>
  }
  %f = vector.broadcast %by : f32 to vector<64x64xf32>
  %s = arith.mulf %acc, %f : vector<64x64xf32>
  nvtile.store %s, %out[%i, %i] : vector<64x64xf32>, memref<512x512xf32>
  return
}

// -----

// Without a split nothing changes.
// CHECK-LABEL: func.func private @alone
//   CHECK-NOT:   nvtile.rank
// REMARK-NOT: a cluster shares
func.func private @alone(%out: memref<512x512xf32>, %i: index, %v: vector<64x64xf32>) attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 1, group = 8, blocks = 132, store_bytes = 128>} {
  nvtile.store %v, %out[%i, %i] : vector<64x64xf32>, memref<512x512xf32>
  return
}
