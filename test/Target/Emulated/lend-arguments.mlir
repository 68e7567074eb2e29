// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --orchestra-emulated-lend-arguments | FileCheck %s

// A kernel's buffers are the device's from begin to end.
// CHECK-LABEL: func.func @orch_k_add
// CHECK-SAME: (%[[EXEC:.*]]: !llvm.ptr, %[[A:.*]]: memref<8x?xf16>, %{{.*}}: index, %[[B:.*]]: memref<f32>)
// CHECK: llvm.call @orch_emulated_begin()
// CHECK: %[[COLUMNS:.*]] = memref.dim %[[A]]
// CHECK: arith.muli %{{.*}}, %[[COLUMNS]]
// CHECK: llvm.call @orch_emulated_lend(
// CHECK: llvm.inttoptr
// CHECK: %[[FOUR:.*]] = arith.constant 4 : index
// CHECK: %[[BYTES:.*]] = arith.index_cast %[[FOUR]] : index to i64
// CHECK: llvm.call @orch_emulated_lend(%{{.*}}, %[[BYTES]])
// CHECK-NOT: llvm.call @orch_emulated_lend
// CHECK: call @launch()
// CHECK: llvm.call @orch_emulated_end(%[[EXEC]])
// CHECK-NEXT: return
func.func @orch_k_add(%a: memref<8x?xf16>, %n: index, %b: memref<f32>) {
  call @launch() : () -> ()
  return
}

// Declarations and device code are left alone.
// CHECK: func.func private @launch()
// CHECK-LABEL: func.func private @device
// CHECK-NEXT: return
func.func private @launch()
func.func private @device(%item: !llvm.ptr, %a: memref<8xf32>) attributes {orchestra.emulated.kernel = "device"} {
  return
}
