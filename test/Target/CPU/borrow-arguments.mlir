// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --orchestra-cpu-borrow-arguments | FileCheck %s

// CHECK-LABEL: func.func @orch_k_add(
// CHECK-SAME: %[[EXEC:.*]]: !llvm.ptr, %[[A:.*]]: memref<?x4xf32>, %[[N:.*]]: index, %[[OUT:.*]]: memref<8xi1>)
// Both are borrowed, the second of 8 bytes.
// CHECK: %[[X:.*]] = llvm.call %{{.*}} : !llvm.ptr, (!llvm.ptr, !llvm.ptr, i64) -> !llvm.ptr
// CHECK: llvm.icmp "ne" %[[X]],
// CHECK: %[[Y:.*]] = llvm.call %{{.*}} : !llvm.ptr, (!llvm.ptr, !llvm.ptr, i64) -> !llvm.ptr
// CHECK: llvm.icmp "ne" %[[Y]],
// CHECK: %[[ALL:.*]] = arith.andi
// CHECK: scf.if
// CHECK-NEXT: func.call @orch_k_add_host(%[[EXEC]], %{{.*}}, %[[N]], %{{.*}})
// All are given back, whatever happened; only the last has changed.
// CHECK: %[[SAME:.*]] = arith.constant 0 : i32
// CHECK: llvm.call %{{.*}}(%[[EXEC]], %{{.*}}, %[[X]], %{{.*}}, %[[SAME]])
// CHECK: %[[CHANGED:.*]] = arith.constant 1 : i32
// CHECK: llvm.call %{{.*}}(%[[EXEC]], %{{.*}}, %[[Y]], %{{.*}}, %[[CHANGED]])
// CHECK: return
// CHECK: func.func private @orch_k_add_host({{.*}}) attributes {llvm.linkage = #llvm.linkage<internal>, orchestra.kernel
func.func @orch_k_add(%exec: !llvm.ptr, %a: memref<?x4xf32>, %n: index, %out: memref<8xi1>) attributes {orchestra.kernel, orchestra.num_outputs = 1 : i64} {
  return
}

// CHECK-LABEL: func.func @other(%{{.*}}: memref<f32>) {
// CHECK-NEXT: return
func.func @other(%a: memref<f32>) {
  return
}
