// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-emulated-convert-kernels=arch=nvidia_hopper | FileCheck %s

// A kernel becomes a function of the work item; memory of the group comes from
// it, memory of the item lies on its stack; a launch is a call.
// CHECK-NOT: gpu.module
// CHECK: func.func private @device__copy(%[[ITEM:.*]]: !llvm.ptr, %[[A:.*]]: memref<32xf32>) attributes {orchestra.emulated.kernel = "copy", orchestra.emulated.shared_bytes = 2176 : i64}
// CHECK-DAG: %[[ZERO:.*]] = llvm.mlir.constant(0 : i64) : i64
// CHECK-DAG: llvm.call @orch_emulated_shared(%[[ITEM]], %[[ZERO]])
// CHECK-DAG: %[[NEXT:.*]] = llvm.mlir.constant(128 : i64) : i64
// CHECK-DAG: llvm.call @orch_emulated_shared(%[[ITEM]], %[[NEXT]])
// CHECK: llvm.call @orch_emulated_dynamic_shared(%[[ITEM]])
// CHECK: memref.alloca() : memref<4xf32>
// CHECK: call @device__twice(%[[ITEM]], %{{.*}}) : (!llvm.ptr, f32) -> f32
// CHECK: memref.get_global @device__table
// CHECK: return
// CHECK: func.func private @device__twice(%{{.*}}: !llvm.ptr, %{{.*}}: f32) -> f32 attributes {orchestra.emulated.kernel = "twice"}
// CHECK: memref.global "private" constant @device__table
// CHECK: func.func @main
// CHECK: %[[DYNAMIC:.*]] = arith.index_cast %{{.*}} : i32 to index
// CHECK: call @device__copy__launch(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[DYNAMIC]], %{{.*}}, %{{.*}})
// CHECK-NOT: gpu.launch_func
// CHECK: func.func private @device__copy__launch(index, index, index, index, index, index, index, index, memref<32xf32>) attributes {orchestra.emulated.launches = @device__copy, orchestra.emulated.subgroup_size = 32 : i64}
module attributes {gpu.container_module} {
  gpu.module @device {
    gpu.func @copy(%a: memref<32xf32>) workgroup(%s: memref<20xf32, #gpu.address_space<workgroup>>, %t: memref<512xf32, #gpu.address_space<workgroup>>) private(%p: memref<4xf32, #gpu.address_space<private>>) kernel {
      %c0 = arith.constant 0 : index
      %d = gpu.dynamic_shared_memory : memref<?xi8, #gpu.address_space<workgroup>>
      %z = arith.constant 0 : i8
      memref.store %z, %d[%c0] : memref<?xi8, #gpu.address_space<workgroup>>
      %v = memref.load %a[%c0] : memref<32xf32>
      %w = func.call @twice(%v) : (f32) -> f32
      memref.store %w, %s[%c0] : memref<20xf32, #gpu.address_space<workgroup>>
      memref.store %w, %t[%c0] : memref<512xf32, #gpu.address_space<workgroup>>
      memref.store %w, %p[%c0] : memref<4xf32, #gpu.address_space<private>>
      %g = memref.get_global @table : memref<2xf32>
      %u = memref.load %g[%c0] : memref<2xf32>
      memref.store %u, %a[%c0] : memref<32xf32>
      gpu.return
    }
    func.func @twice(%x: f32) -> f32 {
      %y = arith.addf %x, %x : f32
      return %y : f32
    }
    memref.global "private" constant @table : memref<2xf32> = dense<[1.0, 2.0]>
  }
  func.func @main(%a: memref<32xf32>, %bytes: i32) {
    %c1 = arith.constant 1 : index
    gpu.launch_func @device::@copy blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1) dynamic_shared_memory_size %bytes args(%a : memref<32xf32>)
    return
  }
}

// -----

// A reduction over the subgroup is five exchanges of 32 lanes.
// CHECK: func.func private @device__sum
// CHECK-COUNT-5: gpu.shuffle xor
// CHECK-NOT: gpu.subgroup_reduce
gpu.module @device {
  gpu.func @sum(%a: memref<32xf32>) kernel {
    %i = gpu.thread_id x
    %v = memref.load %a[%i] : memref<32xf32>
    %s = gpu.subgroup_reduce add %v : (f32) -> f32
    memref.store %s, %a[%i] : memref<32xf32>
    gpu.return
  }
}
