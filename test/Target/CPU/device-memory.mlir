// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-cpu-device-memory | FileCheck %s

// Elements come and go by way of the host's stack.
// CHECK-LABEL: func.func @elements(
// CHECK-SAME: %[[EXEC:.*]]: !llvm.ptr, %[[A:.*]]: memref<8xi64>, %[[I:.*]]: index)
// CHECK-DAG: %[[TO:.*]] = memref.alloca() : memref<i64>
// CHECK-DAG: %[[FROM:.*]] = memref.alloca() : memref<i64>
// CHECK: %[[BYTES:.*]] = arith.constant 8 : i64
// CHECK: %[[API:.*]] = llvm.load %[[EXEC]]
// CHECK: %[[SLOT:.*]] = llvm.getelementptr %[[API]][[[READ:[0-9]+]]]
// CHECK: %[[F:.*]] = llvm.load %[[SLOT]]
// CHECK: llvm.call %[[F]](%[[EXEC]], %{{.*}}, %{{.*}}, %[[BYTES]]) : !llvm.ptr, (!llvm.ptr, !llvm.ptr, !llvm.ptr, i64) -> ()
// CHECK: %[[V:.*]] = memref.load %{{.*}}[] : memref<i64>
// CHECK: memref.store %[[V]], %{{.*}}[] : memref<i64>
// CHECK-NOT: llvm.getelementptr %{{.*}}[[[READ]]]
// CHECK: llvm.call
// CHECK-NOT: memref<8xi64>,
// CHECK: return
func.func @elements(%exec: !llvm.ptr, %a: memref<8xi64>, %i: index) {
  %v = memref.load %a[%i] : memref<8xi64>
  memref.store %v, %a[%i] : memref<8xi64>
  return
}

// -----

// Bools have a byte each.
// CHECK-LABEL: func.func @bool(
// CHECK: memref.alloca() : memref<i1>
// CHECK: arith.constant 1 : i64
// CHECK: llvm.call
// CHECK: memref.load %{{.*}}[] : memref<i1>
func.func @bool(%exec: !llvm.ptr, %a: memref<i1>) -> i1 {
  %v = memref.load %a[] : memref<i1>
  return %v : i1
}

// -----

// A copy is one of the device's queue, rows of a larger buffer included.
// CHECK-LABEL: func.func @copies(
// CHECK: arith.constant 4 : index
// CHECK: llvm.call %{{.*}} : !llvm.ptr, (!llvm.ptr, !llvm.ptr, !llvm.ptr, i64) -> ()
// CHECK: llvm.call %{{.*}} : !llvm.ptr, (!llvm.ptr, !llvm.ptr, !llvm.ptr, i64) -> ()
// CHECK-NOT: memref.copy
// CHECK: return
func.func @copies(%exec: !llvm.ptr, %a: memref<2x8xf32>, %b: memref<4x8xf32>, %n: memref<?x4xf32>, %m: memref<?x4xf32>) {
  %rows = memref.subview %b[2, 0] [2, 8] [1, 1] : memref<4x8xf32> to memref<2x8xf32, strided<[8, 1], offset: 16>>
  memref.copy %a, %rows : memref<2x8xf32> to memref<2x8xf32, strided<[8, 1], offset: 16>>
  memref.copy %n, %m : memref<?x4xf32> to memref<?x4xf32>
  return
}

// -----

// Functions without the execution state are kernels' declarations.
// CHECK-LABEL: func.func @other(
// CHECK-NEXT: memref.load
func.func @other(%a: memref<f32>) -> f32 {
  %v = memref.load %a[] : memref<f32>
  return %v : f32
}
