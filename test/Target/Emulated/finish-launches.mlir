// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --orchestra-emulated-finish-launches | FileCheck %s

// The launching function packs the kernel's arguments; the entry unpacks them.
// CHECK: llvm.func @kernel(
// CHECK: llvm.func internal @kernel__entry(%[[ITEM:.*]]: !llvm.ptr, %[[ARGS:.*]]: !llvm.ptr)
// CHECK: %[[S0:.*]] = llvm.getelementptr %[[ARGS]][0]
// CHECK: %[[A0:.*]] = llvm.load %[[S0]]
// CHECK: %[[V0:.*]] = llvm.load %[[A0]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[S1:.*]] = llvm.getelementptr %[[ARGS]][1]
// CHECK: %[[A1:.*]] = llvm.load %[[S1]]
// CHECK: %[[V1:.*]] = llvm.load %[[A1]] : !llvm.ptr -> f32
// CHECK: llvm.call @kernel(%[[ITEM]], %[[V0]], %[[V1]])
// CHECK: llvm.func internal @kernel__launch(%[[GX:.*]]: i64, %[[GY:.*]]: i64, %[[GZ:.*]]: i64, %[[BX:.*]]: i64, %[[BY:.*]]: i64, %[[BZ:.*]]: i64, %[[DYN:.*]]: i64, %[[CLUSTER:.*]]: i64, %{{.*}}: !llvm.ptr, %{{.*}}: f32)
// CHECK-DAG: %[[LANES:.*]] = llvm.mlir.constant(16 : i64) : i64
// CHECK-DAG: %[[BYTES:.*]] = llvm.mlir.constant(256 : i64) : i64
// CHECK-DAG: %[[ENTRY:.*]] = llvm.mlir.addressof @kernel__entry
// CHECK: llvm.call @orch_emulated_launch(%{{.*}}, %{{.*}}, %[[ENTRY]], %[[LANES]], %[[BYTES]], %[[DYN]], %[[CLUSTER]], %[[GX]], %[[GY]], %[[GZ]], %[[BX]], %[[BY]], %[[BZ]], %{{.*}})
// A function that launches nothing stays as it is.
// CHECK: llvm.func @other(i64)
// CHECK-NOT: orch_emulated_launch
llvm.func @kernel(%item: !llvm.ptr, %a: !llvm.ptr, %b: f32) attributes {orchestra.emulated.kernel = "kernel", orchestra.emulated.shared_bytes = 256 : i64} {
  llvm.return
}
llvm.func @kernel__launch(i64, i64, i64, i64, i64, i64, i64, i64, !llvm.ptr, f32) attributes {orchestra.emulated.launches = @kernel, orchestra.emulated.subgroup_size = 16 : i64, sym_visibility = "private"}
llvm.func @other(i64)
