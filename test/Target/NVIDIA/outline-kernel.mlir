// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-outline-kernel | FileCheck %s
// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-outline-kernel=block-size=64 | FileCheck %s --check-prefix=SMALL

// 25 x 40 iterations in blocks of 8 x 32: 4 x 2 blocks, with threads to spare.
// CHECK: module attributes {orchestra.nvidia.launch = {orch_k_copy = {block = array<i32: 256, 1, 1>, grid = array<i32: 8, 1, 1>}}}
// CHECK: gpu.module @orch_k_copy_nvidia {
// CHECK: gpu.func @orch_k_copy({{.*}}) kernel attributes {known_block_size = array<i32: 256, 1, 1>, known_grid_size = array<i32: 8, 1, 1>}
// CHECK-DAG: %[[B:.*]] = gpu.block_id x
// CHECK-DAG: %[[T:.*]] = gpu.thread_id x
// CHECK-DAG: affine.delinearize_index %[[B]] into (4, 2)
// CHECK-DAG: affine.delinearize_index %[[T]] into (8, 32)
// CHECK: %[[IN:.*]] = arith.andi
// CHECK: scf.if %[[IN]]
// CHECK: memref.store
// CHECK: gpu.return
// CHECK-NOT: func.func
// SMALL: block = array<i32: 64, 1, 1>, grid = array<i32: 26, 1, 1>
func.func private @orch_k_copy(%a: memref<100x160xf32>, %out: memref<100x160xf32>) attributes {orchestra.kernel} {
  scf.forall (%i, %j) = (0, 0) to (100, 160) step (4, 4) {
    %v = memref.load %a[%i, %j] : memref<100x160xf32>
    memref.store %v, %out[%i, %j] : memref<100x160xf32>
  }
  return
}

// -----

// No guard where the threads come out even; leading dimensions are blocks.
// CHECK: block = array<i32: 16, 1, 1>, grid = array<i32: 6, 1, 1>
// CHECK: gpu.func @orch_k_even
// CHECK: affine.delinearize_index %{{.*}} into (6, 1, 1)
// CHECK-NOT: scf.if
// CHECK: gpu.return
func.func private @orch_k_even(%out: memref<6x2x8xf32>) attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  scf.forall (%i, %j, %k) in (6, 2, 8) {
    memref.store %zero, %out[%i, %j, %k] : memref<6x2x8xf32>
  }
  return
}

// -----

// Constants move into the device module; a copy becomes a structured op; one
// thread runs what has no parallel loop.
// CHECK: block = array<i32: 1, 1, 1>, grid = array<i32: 1, 1, 1>
// CHECK-NOT: memref.global
// CHECK: gpu.module @orch_k_table_nvidia {
// CHECK: memref.global "private" constant @table
// CHECK: gpu.func @orch_k_table
// CHECK: linalg.copy
// CHECK-NOT: memref.global
memref.global "private" constant @table : memref<4xf32> = dense<[1.0, 2.0, 3.0, 4.0]>
func.func private @orch_k_table(%out: memref<4xf32>) attributes {orchestra.kernel} {
  %t = memref.get_global @table : memref<4xf32>
  memref.copy %t, %out : memref<4xf32> to memref<4xf32>
  return
}

// -----

// The host program keeps a declaration to dispatch.
// CHECK-LABEL: func.func @main
// CHECK: orchestra.dispatch @orch_k_zero
// CHECK: gpu.module @orch_k_zero_nvidia
// CHECK: gpu.func @orch_k_zero
// CHECK: func.func private @orch_k_zero(memref<8xf32>) attributes {orchestra.kernel}
func.func @main(%out: memref<8xf32>) {
  orchestra.dispatch @orch_k_zero() outs(%out : memref<8xf32>)
  return
}
func.func private @orch_k_zero(%out: memref<8xf32>) attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  scf.forall (%i) in (8) {
    memref.store %zero, %out[%i] : memref<8xf32>
  }
  return
}
