// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --orchestra-emulated-check-indices | FileCheck %s

// CHECK-LABEL: func.func private @kernel
// CHECK-SAME: (%[[ITEM:.*]]: !llvm.ptr, %[[A:.*]]: memref<8x?xf32>, %[[I:.*]]: index)
// The constant index 3 of 8 rows needs no check; the column does.
// CHECK: memref.dim %[[A]]
// CHECK: llvm.call @orch_emulated_check_index(%[[ITEM]],
// CHECK-NOT: llvm.call
// CHECK: memref.load %[[A]]
// A vector of 4 along the columns.
// CHECK: llvm.call @orch_emulated_check_index(
// CHECK: arith.constant 4 : index
// CHECK: llvm.call @orch_emulated_check_index(
// CHECK: vector.store
// CHECK: llvm.call @orch_emulated_check_index(
// CHECK: llvm.call @orch_emulated_check_index(
// CHECK: memref.atomic_rmw
func.func private @kernel(%item: !llvm.ptr, %a: memref<8x?xf32>, %i: index) attributes {orchestra.emulated.kernel = "kernel"} {
  %c3 = arith.constant 3 : index
  %v = memref.load %a[%c3, %i] : memref<8x?xf32>
  %w = vector.broadcast %v : f32 to vector<4xf32>
  vector.store %w, %a[%i, %i] : memref<8x?xf32>, vector<4xf32>
  %r = memref.atomic_rmw addf %v, %a[%i, %i] : (f32, memref<8x?xf32>) -> f32
  return
}

// Host code is not a kernel's.
// CHECK-LABEL: func.func @host
// CHECK-NOT: llvm.call
// CHECK: return
func.func @host(%a: memref<8x?xf32>, %i: index) -> f32 {
  %v = memref.load %a[%i, %i] : memref<8x?xf32>
  return %v : f32
}
