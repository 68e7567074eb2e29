// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-lower-channels --canonicalize | FileCheck %s

!a = memref<128x64xbf16, #gpu.address_space<workgroup>>
!b = memref<64x256xbf16, #gpu.address_space<workgroup>>
!channel = !nvtile.channel<3, !a, !b>
// Rings of three tiles each; barriers for full (one arrival and the bytes) and
// for empty (one arrival of each consumer).
// CHECK-LABEL: func.func private @channel
//       CHECK:   %[[RA:.*]] = nvtile.shared bytes = 49152 alignment = 1024
//       CHECK:   %[[RB:.*]] = nvtile.shared bytes = 98304 alignment = 1024
//       CHECK:   %[[BARS:.*]] = nvtile.shared bytes = 48 alignment = 8
//       CHECK:   scf.if
//       CHECK:     nvvm.mbarrier.init %{{.*}}, %c1_i32
//       CHECK:     nvvm.mbarrier.init %{{.*}}, %c2_i32
//       CHECK:     nvvm.mbarrier.init %{{.*}}, %c1_i32
//       CHECK:     nvvm.mbarrier.init %{{.*}}, %c2_i32
//       CHECK:     nvvm.mbarrier.init %{{.*}}, %c1_i32
//       CHECK:     nvvm.mbarrier.init %{{.*}}, %c2_i32
//       CHECK:   nvvm.fence.mbarrier.init
//       CHECK:   nvvm.barrier0
//       CHECK:   producer {
//       CHECK:     %[[SLOT:.*]] = arith.remui %{{.*}}, %c3_i32
//       CHECK:     %[[ROUND:.*]] = arith.divui %{{.*}}, %c3_i32
//       CHECK:     %[[ODD:.*]] = arith.andi %[[ROUND]], %c1_i32
//       CHECK:     %[[PARITY:.*]] = arith.xori %[[ODD]], %c1_i32
//       CHECK:     nvvm.mbarrier.try_wait.parity %{{.*}}, %[[PARITY]]
//       CHECK:     nvvm.mbarrier.arrive.expect_tx %{{.*}}, %c49152_i32
//       CHECK:     llvm.getelementptr %[[RA]]
//       CHECK:   consumer {
//       CHECK:     %[[ODD2:.*]] = arith.andi %{{.*}}, %c1_i32
//       CHECK:     nvvm.mbarrier.try_wait.parity %{{.*}}, %[[ODD2]]
// The leading offset of a tile with rows of k first is a panel: 64 rows.
//       CHECK:     arith.ori %{{.*}}, %c65536_i32
//       CHECK:     arith.ori %{{.*}}, %c33554432_i32
//       CHECK:     scf.if
//       CHECK:       nvvm.mbarrier.arrive %
//   CHECK-NOT:   nvtile.channel
func.func private @channel(%n: index) attributes {orchestra.nvtile = #nvtile.policy<stages = 3, consumers = 2, group = 8, blocks = 132, store_bytes = 256>} {
  %channel = nvtile.channel : !channel
  nvtile.roles consumers = 2 producer {
    %slots:2 = nvtile.acquire %channel[%n] : !channel -> !a, !b
    %p = nvtile.address %slots#0 : !a
    %v = arith.constant 0 : i8
    llvm.store %v, %p : i8, !llvm.ptr<3>
  } consumer {
    %tiles:2 = nvtile.await %channel[%n] : !channel -> !a, !b
    %d = nvtile.descriptor %tiles#0 k_major : !a
    %e = nvtile.descriptor %tiles#1 : !b
    func.call @use(%d, %e) : (i32, i32) -> ()
    nvtile.release %channel[%n] : !channel
  }
  return
}
func.func private @use(i32, i32)
