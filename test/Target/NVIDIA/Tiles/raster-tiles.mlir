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

// -----

// 3 heads of 2 x 4 tiles by 5 blocks: heads are outermost.
// CHECK-LABEL: func.func private @batch
//  CHECK-SAME:   gpu.known_grid_size = array<i32: 5, 1, 1>
//   CHECK-DAG:   %[[C8:.*]] = arith.constant 8 : index
//   CHECK-DAG:   %[[C2:.*]] = arith.constant 2 : index
//   CHECK-DAG:   %[[C128:.*]] = arith.constant 128 : index
//   CHECK-DAG:   %[[C64:.*]] = arith.constant 64 : index
//       CHECK:   scf.for
//       CHECK:     %[[N:.*]] = arith.addi %{{.*}}, %{{.*}} : index
//       CHECK:     %[[HEAD:.*]] = arith.divui %[[N]], %[[C8]]
//       CHECK:     %[[IN:.*]] = arith.remui %[[N]], %[[C8]]
//       CHECK:     %[[INGROUP:.*]] = arith.remui %[[IN]], %[[C8]]
//       CHECK:     %[[AT:.*]] = arith.remui %[[INGROUP]], %[[C2]]
//       CHECK:     %[[ROW:.*]] = arith.addi %{{.*}}, %[[AT]]
//       CHECK:     %[[COLUMN:.*]] = arith.divui %[[INGROUP]], %[[C2]]
//       CHECK:     %[[I:.*]] = arith.muli %[[ROW]], %[[C128]]
//       CHECK:     %[[J:.*]] = arith.muli %[[COLUMN]], %[[C64]]
//       CHECK:     call @use(%[[HEAD]], %[[I]], %[[J]])
func.func private @batch() attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 5, store_bytes = 256>} {
  scf.forall (%h, %i, %j) = (0, 0, 0) to (3, 256, 256) step (1, 128, 64) {
    func.call @use(%h, %i, %j) : (index, index, index) -> ()
  }
  return
}

func.func private @use(index, index, index)

// -----

// Four dimensions: the two before the last two are counted by division.
// CHECK-LABEL: func.func private @four
//  CHECK-SAME:   gpu.known_grid_size = array<i32: 48, 1, 1>
//   CHECK-DAG:   %[[C24:.*]] = arith.constant 24 : index
//   CHECK-DAG:   %[[C8:.*]] = arith.constant 8 : index
//   CHECK-DAG:   %[[BLOCK:.*]] = gpu.block_id x
//   CHECK-NOT:   scf.for
//       CHECK:   %[[A:.*]] = arith.divui %[[BLOCK]], %[[C24]]
//       CHECK:   %[[REST:.*]] = arith.remui %[[BLOCK]], %[[C24]]
//       CHECK:   %[[B:.*]] = arith.divui %[[REST]], %[[C8]]
//       CHECK:   call @use(%[[A]], %[[B]],
func.func private @four() attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 48, store_bytes = 256>} {
  scf.forall (%a, %b, %i, %j) = (0, 0, 0, 0) to (2, 3, 256, 256) step (1, 1, 128, 64) {
    func.call @use(%a, %b, %i, %j) : (index, index, index, index) -> ()
  }
  return
}

func.func private @use(index, index, index, index)

// -----

// Rows alone.
// CHECK-LABEL: func.func private @rows
//  CHECK-SAME:   gpu.known_grid_size = array<i32: 4, 1, 1>
//       CHECK:   %[[C128:.*]] = arith.constant 128 : index
//       CHECK:   %[[BLOCK:.*]] = gpu.block_id x
//       CHECK:   %[[ROW:.*]] = arith.remui %[[BLOCK]], %{{.*}}
//       CHECK:   %[[I:.*]] = arith.muli %[[ROW]], %[[C128]]
//       CHECK:   call @use(%[[I]])
func.func private @rows() attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>} {
  scf.forall (%i) = (0) to (512) step (128) {
    func.call @use(%i) : (index) -> ()
  }
  return
}

func.func private @use(index)

// -----

// The last tile first.
// CHECK-LABEL: func.func private @reversed
//   CHECK-DAG:   %[[C128:.*]] = arith.constant 128 : index
//   CHECK-DAG:   %[[C3:.*]] = arith.constant 3 : index
//   CHECK-DAG:   %[[BLOCK:.*]] = gpu.block_id x
//       CHECK:   %[[N:.*]] = arith.subi %[[C3]], %[[BLOCK]]
//       CHECK:   %[[ROW:.*]] = arith.remui %[[N]], %{{.*}}
//       CHECK:   %[[I:.*]] = arith.muli %[[ROW]], %[[C128]]
//       CHECK:   call @use(%[[I]])
func.func private @reversed() attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 4, store_bytes = 256, reversed = true>} {
  scf.forall (%i) = (0) to (512) step (128) {
    func.call @use(%i) : (index) -> ()
  }
  return
}

func.func private @use(index)

// -----

// The blocks of a cluster have the same tile: four times as many as tiles.
// CHECK-LABEL: func.func private @split
//  CHECK-SAME:   gpu.known_grid_size = array<i32: 16, 1, 1>
//   CHECK-DAG:   %[[C128:.*]] = arith.constant 128 : index
//   CHECK-DAG:   %[[C4:.*]] = arith.constant 4 : index
//   CHECK-DAG:   %[[BLOCK:.*]] = gpu.block_id x
//       CHECK:   %[[CLUSTER:.*]] = arith.divui %[[BLOCK]], %[[C4]]
//       CHECK:   %[[ROW:.*]] = arith.remui %[[CLUSTER]], %{{.*}}
//       CHECK:   %[[I:.*]] = arith.muli %[[ROW]], %[[C128]]
//       CHECK:   call @use(%[[I]])
func.func private @split() attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256, split = 4>} {
  scf.forall (%i) = (0) to (512) step (128) {
    func.call @use(%i) : (index) -> ()
  }
  return
}

func.func private @use(index)
