// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-specialize-warps --canonicalize | FileCheck %s

!a = memref<128x64xbf16, #gpu.address_space<workgroup>>
!b = memref<256x64xbf16, #gpu.address_space<workgroup>>
!channel = !nvtile.channel<4, !a, !b>
#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
// The producer keeps the copies and both loops, without what they carried; the
// consumers keep the rest.
// CHECK-LABEL: func.func private @kernel
//       CHECK:   nvtile.channel
//       CHECK:   nvtile.roles consumers = 2 producer {
//       CHECK:     scf.for
//       CHECK:       scf.for %{{[a-z0-9]+}} = %{{[a-z0-9_]+}} to %{{[a-z0-9_]+}} step %{{[a-z0-9_]+}} {
//       CHECK:         nvtile.acquire
//       CHECK:         nvtile.copy
//       CHECK:         nvtile.copy
//   CHECK-NOT:     nvtile.
//       CHECK:   } consumer {
//       CHECK:     scf.for
//       CHECK:       scf.for {{.*}} -> (vector<128x256xf32>)
//   CHECK-NOT:         nvtile.acquire
//       CHECK:         nvtile.await
//       CHECK:         nvtile.mma
//       CHECK:         nvtile.release
//       CHECK:       arith.truncf
//       CHECK:       nvtile.store
func.func private @kernel(%x: memref<512x512xbf16>, %y: memref<512x512xbf16>, %out: memref<512x512xbf16>, %n: index) attributes {orchestra.nvtile = #policy} {
  %channel = nvtile.channel : !channel
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant dense<0.0> : vector<128x256xf32>
  scf.for %r = %c0 to %n step %c1 {
    %acc = scf.for %k = %c0 to %c8 step %c1 iter_args(%c = %zero) -> (vector<128x256xf32>) {
      %slots:2 = nvtile.acquire %channel[%k] : !channel -> !a, !b
      nvtile.copy %x[%r, %k] to %slots#0 on %channel[%k] : memref<512x512xbf16>, !a, !channel
      nvtile.copy %y[%r, %k] to %slots#1 on %channel[%k] : memref<512x512xbf16>, !b, !channel
      %tiles:2 = nvtile.await %channel[%k] : !channel -> !a, !b
      %d = nvtile.mma %tiles#0, %tiles#1, %c transpose_b : !a, !b, vector<128x256xf32>
      nvtile.release %channel[%k] : !channel
      scf.yield %d : vector<128x256xf32>
    }
    %t = arith.truncf %acc : vector<128x256xf32> to vector<128x256xbf16>
    nvtile.store %t, %out[%r, %c0] : vector<128x256xbf16>, memref<512x512xbf16>
  }
  return
}

// -----

!a = memref<64x64xbf16, #gpu.address_space<workgroup>>
!channel = !nvtile.channel<4, !a>
// A sum over the cluster is the consumers'; maxima that a loop of the producer
// carried, and what they were computed from, are gone.
// CHECK-LABEL: func.func private @others
//       CHECK:   nvtile.roles consumers = 1 producer {
//       CHECK:     scf.for %{{[a-z0-9]+}} = %{{[a-z0-9_]+}} to %{{[a-z0-9_]+}} step %{{[a-z0-9_]+}} {
//       CHECK:       nvtile.copy
//   CHECK-NOT:     vector
//   CHECK-NOT:     nvtile.sum_cluster
//       CHECK:   } consumer {
//       CHECK:     scf.for {{.*}} -> (vector<64xf32>, vector<64x64xf32>)
//       CHECK:       vector.multi_reduction
//       CHECK:     nvtile.sum_cluster
func.func private @others(%x: memref<512x512xbf16>, %out: memref<512x512xf32>, %n: index) attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 1, group = 8, blocks = 132, store_bytes = 128>} {
  %channel = nvtile.channel : !channel
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant dense<0.0> : vector<64x64xf32>
  %low = arith.constant dense<0xFF800000> : vector<64xf32>
  %all:2 = scf.for %k = %c0 to %n step %c1 iter_args(%g = %low, %c = %zero) -> (vector<64xf32>, vector<64x64xf32>) {
    %slot = nvtile.acquire %channel[%k] : !channel -> !a
    nvtile.copy %x[%k, %k] to %slot on %channel[%k] : memref<512x512xbf16>, !a, !channel
    %a = nvtile.await %channel[%k] : !channel -> !a
    %d = nvtile.mma %a, %a, %c transpose_b : !a, !a, vector<64x64xf32>
    nvtile.release %channel[%k] : !channel
    %m = vector.multi_reduction <maximumf>, %d, %g [1] : vector<64x64xf32> to vector<64xf32>
    scf.yield %m, %d : vector<64xf32>, vector<64x64xf32>
  }
  %r = nvtile.repeat %all#0 : vector<64xf32> -> vector<64x64xf32>
  %t = arith.addf %r, %all#1 : vector<64x64xf32>
  %s = nvtile.sum_cluster %t : vector<64x64xf32> -> vector<64x32xf32>
  nvtile.store %s, %out[%c0, %c0] : vector<64x32xf32>, memref<512x512xf32>
  return
}
