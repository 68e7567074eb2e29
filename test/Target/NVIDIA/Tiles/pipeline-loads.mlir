// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-pipeline-loads --canonicalize --cse | FileCheck %s

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

// -----

!q = memref<128x64xbf16, #gpu.address_space<workgroup>>
!k = memref<64x64xbf16, #gpu.address_space<workgroup>>
#policy = #nvtile.policy<stages = 2, consumers = 2, group = 8, blocks = 4, store_bytes = 128>
// What is loaded once, around a loop that loads, has one stage and is released
// behind the loop; what is loaded behind the use of another has its own channel.
// CHECK-LABEL: func.func private @attention
//   CHECK-DAG:   %[[CQ:.*]] = nvtile.channel : <1, memref<128x64xbf16
//   CHECK-DAG:   %[[CK:.*]] = nvtile.channel : <2, memref<64x64xbf16, #gpu.address_space<workgroup>>>
//   CHECK-DAG:   %[[CV:.*]] = nvtile.channel : <2, memref<64x64xbf16, #gpu.address_space<workgroup>>>
//       CHECK:   nvtile.acquire %[[CQ]][%c0]
//       CHECK:   nvtile.copy %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] to %{{.*}} on %[[CQ]][%c0] {dims = array<i64: 0, 2>}
//       CHECK:   %[[Q:.*]] = nvtile.await %[[CQ]][%c0]
//       CHECK:   scf.for %[[S:[a-z0-9]+]] =
//       CHECK:     %[[N:.*]] = arith.divui %[[S]], %c64
//       CHECK:     %[[K:.*]] = nvtile.await %[[FIRST:.*]][%[[N]]]
//       CHECK:     nvtile.mma %[[Q]], %[[K]]
//  CHECK-NEXT:     nvtile.release %[[FIRST]][%[[N]]]
//       CHECK:     nvtile.acquire %[[SECOND:.*]][%[[N]]]
//       CHECK:     %[[V:.*]] = nvtile.await %[[SECOND]][%[[N]]]
//       CHECK:     nvtile.mma %{{.*}}, %[[V]]
//  CHECK-NEXT:     nvtile.release %[[SECOND]][%[[N]]]
//       CHECK:   }
//  CHECK-NEXT:   nvtile.release %[[CQ]][%c0]
func.func private @attention(%q: memref<512x12x64xbf16>, %k: memref<512x64xbf16>, %v: memref<512x64xbf16>, %out: memref<512x512xf32>, %i: index) attributes {orchestra.nvtile = #policy} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c512 = arith.constant 512 : index
  %zero = arith.constant dense<0.0> : vector<128x64xf32>
  %tq = nvtile.load %q[%i, %i, %c0] {dims = array<i64: 0, 2>} : memref<512x12x64xbf16> -> !q
  %acc = scf.for %s = %c0 to %c512 step %c64 iter_args(%c = %zero) -> (vector<128x64xf32>) {
    %tk = nvtile.load %k[%s, %c0] : memref<512x64xbf16> -> !k
    %scores = nvtile.mma %tq, %tk, %zero transpose_b : !q, !k, vector<128x64xf32>
    %w = arith.truncf %scores : vector<128x64xf32> to vector<128x64xbf16>
    %tv = nvtile.load %v[%s, %c0] : memref<512x64xbf16> -> !k
    %d = nvtile.mma %w, %tv, %c : vector<128x64xbf16>, !k, vector<128x64xf32>
    scf.yield %d : vector<128x64xf32>
  }
  nvtile.store %acc, %out[%i, %c0] : vector<128x64xf32>, memref<512x512xf32>
  return
}

// -----

!a = memref<128x64xbf16, #gpu.address_space<workgroup>>
#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
// A block of one tile: the number of uses is known to be 0.
// CHECK-LABEL: func.func private @no_loop
//       CHECK:   %[[CH:.*]] = nvtile.channel : <4,
//       CHECK:   nvtile.acquire %[[CH]][%c0]
//       CHECK:   nvtile.await %[[CH]][%c0]
//       CHECK:   nvtile.release %[[CH]][%c0]
func.func private @no_loop(%x: memref<512x512xbf16>, %i: index) attributes {orchestra.nvtile = #policy} {
  %a = nvtile.load %x[%i, %i] : memref<512x512xbf16> -> !a
  return
}

// -----

!a = memref<128x64xbf16, #gpu.address_space<workgroup>>
#policy = #nvtile.policy<stages = 4, consumers = 1, group = 8, blocks = 132, store_bytes = 256, split = 2>
// A loop that begins elsewhere, as those of a cluster do, is counted from there.
// CHECK-LABEL: func.func private @share
//  CHECK-SAME:   %[[LOW:[a-z0-9]+]]: index, %[[HIGH:[a-z0-9]+]]: index)
//       CHECK:   scf.for %[[K:[a-z0-9]+]] = %[[LOW]] to %[[HIGH]] step %c64
//       CHECK:     %[[FROM:.*]] = arith.subi %[[K]], %[[LOW]]
//       CHECK:     %[[N:.*]] = arith.divui %[[FROM]], %c64
//       CHECK:     nvtile.acquire %{{.*}}[%[[N]]]
func.func private @share(%x: memref<512x512xbf16>, %low: index, %high: index) attributes {orchestra.nvtile = #policy} {
  %c64 = arith.constant 64 : index
  scf.for %k = %low to %high step %c64 {
    %a = nvtile.load %x[%k, %k] : memref<512x512xbf16> -> !a
  }
  return
}
