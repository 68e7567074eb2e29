// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-emulated-lower-device-ops=arch=nvidia_hopper | FileCheck %s

// Who an item is, barriers and shuffles: calls with the item and, where the
// device may refuse, the place in the user's model.
// CHECK: llvm.mlir.global internal constant @[[$PLACE:orch_text_[0-9a-f]+]]("model.onnx:/Softmax\00")
// CHECK-LABEL: func.func private @kernel
// CHECK-SAME: (%[[ITEM:.*]]: !llvm.ptr
// CHECK-DAG: %[[AT:.*]] = llvm.mlir.addressof @[[$PLACE]]
// CHECK-DAG: %[[X:.*]] = llvm.mlir.constant(0 : i32) : i32
// CHECK-DAG: llvm.call @orch_emulated_id(%[[ITEM]], %[[X]])
// CHECK-DAG: %[[BLOCK_Z:.*]] = llvm.mlir.constant(8 : i32) : i32
// CHECK-DAG: llvm.call @orch_emulated_id(%[[ITEM]], %[[BLOCK_Z]])
// CHECK-DAG: %[[LANE:.*]] = llvm.mlir.constant(12 : i32) : i32
// CHECK-DAG: llvm.call @orch_emulated_id(%[[ITEM]], %[[LANE]])
// CHECK: llvm.call @orch_emulated_barrier(%[[ITEM]], %[[AT]])
// CHECK: %[[BITS:.*]] = arith.bitcast %{{.*}} : bf16 to i16
// CHECK: arith.extui %[[BITS]] : i16 to i64
// CHECK: llvm.call @orch_emulated_shuffle(
// CHECK: arith.trunci %{{.*}} : i64 to i16
// CHECK: arith.bitcast %{{.*}} : i16 to bf16
// CHECK: llvm.call @orch_emulated_shuffle_valid(%[[ITEM]])
// CHECK-NOT: gpu.
func.func private @kernel(%item: !llvm.ptr, %a: memref<32xbf16, 1>) attributes {orchestra.emulated.kernel = "kernel", orchestra.emulated.shared_bytes = 0 : i64} {
  %x = gpu.thread_id x
  %z = gpu.block_dim z
  %lane = gpu.lane_id
  %s0 = arith.addi %x, %z : index
  %s = arith.addi %s0, %lane : index
  gpu.barrier loc("/Softmax"("model.onnx":0:0))
  %v = memref.load %a[%s] : memref<32xbf16, 1>
  %c1 = arith.constant 1 : i32
  %c32 = arith.constant 32 : i32
  %r, %valid = gpu.shuffle xor %v, %c1, %c32 : bf16
  scf.if %valid {
    memref.store %r, %a[%s] : memref<32xbf16, 1>
  }
  return
}

// -----

// Nobody comes between a load and a store of one item.
// CHECK-LABEL: func.func private @largest
// CHECK: %[[OLD:.*]] = memref.load
// CHECK: %[[NEW:.*]] = arith.maxsi %[[OLD]],
// CHECK: memref.store %[[NEW]]
// CHECK-NOT: atomic
func.func private @largest(%item: !llvm.ptr, %a: memref<4xi32>, %i: index, %n: i32) attributes {orchestra.emulated.kernel = "largest"} {
  %old = memref.generic_atomic_rmw %a[%i] : memref<4xi32> {
  ^bb0(%current: i32):
    %more = arith.maxsi %current, %n : i32
    memref.atomic_yield %more : i32
  }
  return
}

// -----

// The host's half: device memory with guards, copies and fills in place, no
// tokens. Constants of a kernel are named before they are read.
// CHECK-LABEL: func.func private @constants
// CHECK: memref.get_global @table
// CHECK: llvm.call @orch_emulated_constant(
// CHECK-LABEL: func.func @host
// CHECK: llvm.call @orch_emulated_allocate(
// CHECK: linalg.fill
// CHECK: linalg.copy
// CHECK: llvm.call @orch_emulated_deallocate(
// CHECK-NOT: gpu.
memref.global "private" constant @table : memref<4xf32> = dense<[1.0, 2.0, 3.0, 4.0]>
func.func private @constants(%item: !llvm.ptr, %a: memref<f32>) attributes {orchestra.emulated.kernel = "constants"} {
  %c0 = arith.constant 0 : index
  %t = memref.get_global @table : memref<4xf32>
  %v = memref.load %t[%c0] : memref<4xf32>
  memref.store %v, %a[] : memref<f32>
  return
}
func.func @host(%a: memref<?x4xf32>, %n: index) {
  %zero = arith.constant 0.0 : f32
  %t0 = gpu.wait async
  %b, %t1 = gpu.alloc async [%t0] (%n) : memref<?x4xf32>
  %t2 = gpu.memset async [%t1] %b, %zero : memref<?x4xf32>, f32
  %t3 = gpu.memcpy async [%t2] %a, %b : memref<?x4xf32>, memref<?x4xf32>
  %t4 = gpu.dealloc async [%t3] %b : memref<?x4xf32>
  gpu.wait [%t4]
  return
}
