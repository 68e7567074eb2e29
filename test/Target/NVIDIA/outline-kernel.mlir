// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-outline-kernel | FileCheck %s
// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-outline-kernel=block-size=64 | FileCheck %s --check-prefix=SMALL

// The kernel stays a function of the host, with a launch inside.
// 25 x 40 iterations in blocks of 8 x 32: 4 x 2 blocks, with threads to spare.
// CHECK: module attributes {gpu.container_module}
// CHECK: gpu.module @orch_k_copy_nvidia {
// CHECK: gpu.func @orch_k_copy({{.*}}) kernel attributes {known_block_size = array<i32: 256, 1, 1>, known_grid_size = array<i32: 8, 1, 1>}
// CHECK-DAG: %[[B:.*]] = gpu.block_id x
// CHECK-DAG: %[[T:.*]] = gpu.thread_id x
// CHECK-DAG: affine.delinearize_index %[[B]] into (4, 2)
// CHECK-DAG: affine.delinearize_index %[[T]] into (8, 32, 1)
// CHECK: %[[IN:.*]] = arith.andi
// CHECK: scf.if %[[IN]]
// CHECK: memref.store
// CHECK: gpu.return
// CHECK: func.func private @orch_k_copy(%[[A:.*]]: memref<100x160xf32>, %[[OUT:.*]]: memref<100x160xf32>) attributes {orchestra.kernel}
// CHECK-DAG: %[[BLOCKS:.*]] = arith.constant 8 : index
// CHECK-DAG: %[[THREADS:.*]] = arith.constant 256 : index
// CHECK: gpu.launch_func @orch_k_copy_nvidia::@orch_k_copy blocks in (%[[BLOCKS]], {{.*}}) threads in (%[[THREADS]], {{.*}}) args(%[[A]] : memref<100x160xf32>, %[[OUT]] : memref<100x160xf32>)
// CHECK-NEXT: return
// SMALL: known_block_size = array<i32: 64, 1, 1>, known_grid_size = array<i32: 26, 1, 1>
func.func private @orch_k_copy(%a: memref<100x160xf32>, %out: memref<100x160xf32>) attributes {orchestra.kernel} {
  scf.forall (%i, %j) = (0, 0) to (100, 160) step (4, 4) {
    %v = memref.load %a[%i, %j] : memref<100x160xf32>
    memref.store %v, %out[%i, %j] : memref<100x160xf32>
  }
  return
}

// -----

// No guard where the threads come out even; leading dimensions are blocks.
// CHECK: gpu.func @orch_k_even{{.*}}known_block_size = array<i32: 16, 1, 1>, known_grid_size = array<i32: 6, 1, 1>
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

// Two loops are two launches, in their order, with a temporary between them.
// CHECK: gpu.module @orch_k_two_nvidia {
// CHECK: gpu.func @orch_k_two(
// CHECK: gpu.module @orch_k_two_nvidia_1 {
// CHECK: gpu.func @orch_k_two_1(
// CHECK: func.func private @orch_k_two(%[[A:.*]]: memref<8xf32>, %[[OUT:.*]]: memref<8xf32>)
// CHECK: %[[T:.*]] = memref.alloc() : memref<8xf32>
// CHECK: gpu.launch_func @orch_k_two_nvidia::@orch_k_two {{.*}} args(%[[A]] : memref<8xf32>, %[[T]] : memref<8xf32>)
// CHECK: gpu.launch_func @orch_k_two_nvidia_1::@orch_k_two_1 {{.*}} args(%[[T]] : memref<8xf32>, %[[OUT]] : memref<8xf32>)
// CHECK: memref.dealloc %[[T]]
// CHECK-NEXT: return
func.func private @orch_k_two(%a: memref<8xf32>, %out: memref<8xf32>) attributes {orchestra.kernel} {
  %t = memref.alloc() : memref<8xf32>
  scf.forall (%i) in (8) {
    %v = memref.load %a[%i] : memref<8xf32>
    memref.store %v, %t[%i] : memref<8xf32>
  }
  scf.forall (%i) in (8) {
    %j = affine.apply affine_map<(d0) -> (7 - d0)>(%i)
    %v = memref.load %t[%j] : memref<8xf32>
    memref.store %v, %out[%i] : memref<8xf32>
  }
  return
}

// -----

// An open size: the grid is computed on the host, and an empty loop is no
// launch; the device computes the size again.
// CHECK: gpu.func @orch_k_open(%[[DA:.*]]: memref<?xf32>, %[[DOUT:.*]]: memref<?xf32>){{.*}}known_block_size = array<i32: 256, 1, 1>}
// CHECK: memref.dim %[[DA]]
// CHECK: scf.if
// CHECK: func.func private @orch_k_open(%[[A:.*]]: memref<?xf32>, %[[OUT:.*]]: memref<?xf32>)
// CHECK: %[[N:.*]] = memref.dim %[[A]]
// CHECK: %[[BLOCKS:.*]] = affine.apply {{.*}}[%[[N]]]
// CHECK: %[[SOME:.*]] = arith.cmpi sgt, %[[BLOCKS]]
// CHECK: scf.if %[[SOME]] {
// CHECK-NEXT: gpu.launch_func @orch_k_open_nvidia::@orch_k_open blocks in (%[[BLOCKS]],
func.func private @orch_k_open(%a: memref<?xf32>, %out: memref<?xf32>) attributes {orchestra.kernel} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %a, %c0 : memref<?xf32>
  scf.forall (%i) in (%n) {
    %v = memref.load %a[%i] : memref<?xf32>
    memref.store %v, %out[%i] : memref<?xf32>
  }
  return
}

// -----

// Nothing to do is no launch.
// CHECK: func.func private @orch_k_none
// CHECK-NOT: gpu.launch_func
// CHECK: return
func.func private @orch_k_none(%out: memref<0xf32>) attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  scf.forall (%i) in (0) {
    memref.store %zero, %out[%i] : memref<0xf32>
  }
  return
}

// -----

// Constants move into the device module; a copy becomes a loop of its own.
// CHECK-NOT: memref.global
// CHECK: gpu.module @orch_k_table_nvidia {
// CHECK: memref.global "private" constant @table
// CHECK: gpu.func @orch_k_table({{.*}}known_block_size = array<i32: 4, 1, 1>, known_grid_size = array<i32: 1, 1, 1>
// CHECK: memref.get_global @table
// CHECK: memref.load
// CHECK: memref.store
// CHECK: func.func private @orch_k_table
// CHECK-NOT: memref.get_global
// CHECK: gpu.launch_func
memref.global "private" constant @table : memref<4xf32> = dense<[1.0, 2.0, 3.0, 4.0]>
func.func private @orch_k_table(%out: memref<4xf32>) attributes {orchestra.kernel} {
  %t = memref.get_global @table : memref<4xf32>
  memref.copy %t, %out : memref<4xf32> to memref<4xf32>
  return
}

// -----

// One thread does what is no parallel loop; its temporaries are its own.
// CHECK: gpu.func @orch_k_one({{.*}}known_block_size = array<i32: 1, 1, 1>, known_grid_size = array<i32: 1, 1, 1>
// CHECK: memref.store
// CHECK: gpu.module @orch_k_one_nvidia_1
// CHECK: gpu.func @orch_k_one_1(
// CHECK: memref.alloca() : memref<4xf32>
// CHECK: func.func private @orch_k_one
// CHECK-COUNT-2: gpu.launch_func
func.func private @orch_k_one(%s: memref<f32>, %out: memref<8xf32>) attributes {orchestra.kernel} {
  %zero = arith.constant 0.0 : f32
  memref.store %zero, %s[] : memref<f32>
  scf.forall (%i) in (8) {
    %c0 = arith.constant 0 : index
    %t = memref.alloc() : memref<4xf32>
    memref.store %zero, %t[%c0] : memref<4xf32>
    %v = memref.load %t[%c0] : memref<4xf32>
    memref.store %v, %out[%i] : memref<8xf32>
    memref.dealloc %t : memref<4xf32>
  }
  return
}

// -----

// The host program dispatches what it dispatched before.
// CHECK-LABEL: func.func @main
// CHECK: orchestra.dispatch @orch_k_zero
// CHECK: gpu.module @orch_k_zero_nvidia
// CHECK: func.func private @orch_k_zero(%{{.*}}: memref<8xf32>) attributes {orchestra.kernel} {
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
