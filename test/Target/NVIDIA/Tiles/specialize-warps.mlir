// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --orchestra-nvidia-specialize-warps --canonicalize | FileCheck %s

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
