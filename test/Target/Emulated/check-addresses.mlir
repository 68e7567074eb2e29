// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --orchestra-emulated-check-addresses | FileCheck %s

// CHECK-LABEL: llvm.func @kernel
// CHECK-SAME: (%[[ITEM:.*]]: !llvm.ptr, %[[P:.*]]: !llvm.ptr, %{{.*}}: vector<2xi1>)
// CHECK: llvm.call @orch_emulated_check(%[[ITEM]], %[[P]],
// CHECK-NEXT: llvm.load %[[P]]
// CHECK: llvm.call @orch_emulated_check(%[[ITEM]], %[[P]],
// CHECK-NEXT: llvm.atomicrmw
// One check a lane, of no bytes where the mask is off.
// CHECK-COUNT-2: llvm.call @orch_emulated_check(
// CHECK: llvm.intr.masked.store
// CHECK: llvm.call @orch_emulated_check(
// CHECK: llvm.call @orch_emulated_check(
// CHECK: llvm.intr.memcpy
llvm.func @kernel(%item: !llvm.ptr, %p: !llvm.ptr, %mask: vector<2xi1>) attributes {orchestra.emulated.kernel = "kernel"} {
  %n = llvm.mlir.constant(8 : i64) : i64
  %v = llvm.load %p : !llvm.ptr -> f32
  %w = llvm.atomicrmw fadd %p, %v monotonic : !llvm.ptr, f32
  %x = llvm.load %p : !llvm.ptr -> vector<2xf32>
  llvm.intr.masked.store %x, %p, %mask {alignment = 4 : i32} : vector<2xf32>, vector<2xi1> into !llvm.ptr
  "llvm.intr.memcpy"(%p, %p, %n) <{isVolatile = false}> : (!llvm.ptr, !llvm.ptr, i64) -> ()
  llvm.return
}

// What a function allocated itself, and host code, are left alone.
// CHECK-LABEL: llvm.func @own
// CHECK-NOT: llvm.call
llvm.func @own(%item: !llvm.ptr) -> f32 attributes {orchestra.emulated.kernel = "own"} {
  %one = llvm.mlir.constant(1 : i64) : i64
  %p = llvm.alloca %one x f32 : (i64) -> !llvm.ptr
  %v = llvm.load %p : !llvm.ptr -> f32
  llvm.return %v : f32
}
// CHECK-LABEL: llvm.func @host
// CHECK-NOT: llvm.call
llvm.func @host(%p: !llvm.ptr) -> f32 {
  %v = llvm.load %p : !llvm.ptr -> f32
  llvm.return %v : f32
}
