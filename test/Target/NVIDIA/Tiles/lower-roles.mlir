// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-lower-roles --cse | FileCheck %s

// The producer gives registers to two consumers: 40 + 2 x 232 of 512.
// CHECK-LABEL: func.func private @two
//  CHECK-SAME:   gpu.known_block_size = array<i32: 384, 1, 1>
//       CHECK:   %[[T:.*]] = nvvm.read.ptx.sreg.tid.x
//       CHECK:   %[[W:.*]] = arith.shrui %[[T]], %c7_i32
//       CHECK:   scf.if
//  CHECK-NEXT:     nvvm.setmaxregister  decrease 40
//       CHECK:     nvvm.elect.sync
//       CHECK:     scf.if
//       CHECK:       call @load
//       CHECK:   } else {
//  CHECK-NEXT:     nvvm.setmaxregister  increase 232
//       CHECK:     %[[N:.*]] = arith.subi %[[W]], %c1_i32
//       CHECK:     %[[I:.*]] = arith.index_cast %[[N]]
//       CHECK:     call @compute(%[[I]])
func.func private @two() {
  nvtile.roles consumers = 2 producer {
    func.call @load() : () -> ()
  } consumer {
    %w = nvtile.warpgroup
    func.call @compute(%w) : (index) -> ()
  }
  return
}
func.func private @load()
func.func private @compute(index)

// -----

// One consumer can name no more than it has.
// CHECK-LABEL: func.func private @one
//  CHECK-SAME:   gpu.known_block_size = array<i32: 256, 1, 1>
//   CHECK-NOT:   setmaxregister
func.func private @one() {
  nvtile.roles consumers = 1 producer {
  } consumer {
  }
  return
}

// -----

// The number of a block in its cluster.
// CHECK-LABEL: func.func private @rank
//       CHECK:   %[[ID:.*]] = nvvm.read.ptx.sreg.cluster.ctarank
//       CHECK:   %[[RANK:.*]] = arith.index_cast %[[ID]] : i32 to index
//       CHECK:   call @compute(%[[RANK]])
func.func private @rank() {
  %r = nvtile.rank
  nvtile.roles consumers = 1 producer {
  } consumer {
    func.call @compute(%r) : (index) -> ()
  }
  return
}
func.func private @compute(index)
