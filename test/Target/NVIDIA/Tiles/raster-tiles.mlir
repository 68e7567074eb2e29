// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-raster-tiles --canonicalize --cse | FileCheck %s

// 5 x 3 tiles by 4 blocks; groups of 2 rows, the last group of one.
// CHECK-LABEL: func.func private @grouped
//  CHECK-SAME:   gpu.known_grid_size = array<i32: 4, 1, 1>
//   CHECK-DAG:   %[[BLOCK:.*]] = gpu.block_id x
//   CHECK-DAG:   %[[C18:.*]] = arith.constant 18 : index
//   CHECK-DAG:   %[[C6:.*]] = arith.constant 6 : index
//   CHECK-DAG:   %[[C4:.*]] = arith.constant 4 : index
//   CHECK-DAG:   %[[C5:.*]] = arith.constant 5 : index
//   CHECK-DAG:   %[[C2:.*]] = arith.constant 2 : index
//       CHECK:   %[[LEFT:.*]] = arith.subi %[[C18]], %[[BLOCK]]
//       CHECK:   %[[COUNT:.*]] = arith.divui %[[LEFT]], %[[C4]]
//       CHECK:   scf.for %[[R:[a-z0-9]+]] = %{{.*}} to %[[COUNT]]
//       CHECK:     %[[AT:.*]] = arith.muli %[[R]], %[[C4]]
//       CHECK:     %[[TILE:.*]] = arith.addi %[[AT]], %[[BLOCK]]
//       CHECK:     %[[G:.*]] = arith.divui %[[TILE]], %[[C6]]
//       CHECK:     %[[FIRST:.*]] = arith.muli %[[G]], %[[C2]]
//       CHECK:     %[[IN:.*]] = arith.remui %[[TILE]], %[[C6]]
//       CHECK:     %[[REST:.*]] = arith.subi %[[C5]], %[[FIRST]]
//       CHECK:     %[[HEIGHT:.*]] = arith.minui %[[REST]], %[[C2]]
//       CHECK:     arith.remui %[[IN]], %[[HEIGHT]]
//       CHECK:     arith.divui %[[IN]], %[[HEIGHT]]
//       CHECK:     call @use
func.func private @grouped() attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 2, group = 2, blocks = 4, store_bytes = 256>} {
  scf.forall (%i, %j) = (0, 0) to (640, 768) step (128, 256) {
    func.call @use(%i, %j) : (index, index) -> ()
  }
  return
}

func.func private @use(index, index)

// -----

// As many blocks as tiles: no loop is left.
// CHECK-LABEL: func.func private @one_each
//  CHECK-SAME:   gpu.known_grid_size = array<i32: 4, 1, 1>
//   CHECK-NOT:   scf.for
//       CHECK:   call @use
func.func private @one_each() attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>} {
  scf.forall (%i, %j) = (0, 0) to (256, 512) step (128, 256) {
    func.call @use(%i, %j) : (index, index) -> ()
  }
  return
}

func.func private @use(index, index)
