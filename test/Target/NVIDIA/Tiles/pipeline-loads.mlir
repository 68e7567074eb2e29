// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --orchestra-nvidia-pipeline-loads --canonicalize --cse | FileCheck %s

!a = memref<128x64xbf16, #gpu.address_space<workgroup>>
!b = memref<256x64xbf16, #gpu.address_space<workgroup>>
!channel = !nvtile.channel<4, !a, !b>
#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
// Loads of one loop share a channel; its uses are numbered across both loops:
// eight of the inner for each of the outer.
// CHECK-LABEL: func.func private @loops
//       CHECK:   %[[CH:.*]] = nvtile.channel : <4, memref<128x64xbf16{{.*}}>, memref<256x64xbf16
//       CHECK:   scf.for %[[R:[a-z0-9]+]] =
//       CHECK:     scf.for %[[K:[a-z0-9]+]] =
//       CHECK:       %[[STEP:.*]] = arith.divui %[[K]], %c64
//       CHECK:       %[[BASE:.*]] = arith.muli %[[R]], %c8
//       CHECK:       %[[N:.*]] = arith.addi %[[BASE]], %[[STEP]]
//       CHECK:       %[[SLOT:.*]]:2 = nvtile.acquire %[[CH]][%[[N]]]
//       CHECK:       nvtile.copy %{{.*}}[%[[R]], %[[K]]] to %[[SLOT]]#0 on %[[CH]][%[[N]]]
//       CHECK:       nvtile.copy %{{.*}} to %[[SLOT]]#1 on %[[CH]][%[[N]]]
//       CHECK:       %[[T:.*]]:2 = nvtile.await %[[CH]][%[[N]]]
//       CHECK:       nvtile.mma %[[T]]#0, %[[T]]#1
//  CHECK-NEXT:       nvtile.release %[[CH]][%[[N]]]
func.func private @loops(%x: memref<512x512xbf16>, %y: memref<512x512xbf16>, %out: memref<512x512xf32>, %n: index) attributes {orchestra.nvtile = #policy} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %c512 = arith.constant 512 : index
  %zero = arith.constant dense<0.0> : vector<128x256xf32>
  scf.for %r = %c0 to %n step %c1 {
    %acc = scf.for %k = %c0 to %c512 step %c64 iter_args(%c = %zero) -> (vector<128x256xf32>) {
      %a = nvtile.load %x[%r, %k] : memref<512x512xbf16> -> !a
      %b = nvtile.load %y[%r, %k] : memref<512x512xbf16> -> !b
      %d = nvtile.mma %a, %b, %c transpose_b : !a, !b, vector<128x256xf32>
      scf.yield %d : vector<128x256xf32>
    }
    nvtile.store %acc, %out[%r, %c0] : vector<128x256xf32>, memref<512x512xf32>
  }
  return
}
