// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-nvidia-embed-code | FileCheck %s

// The address of a buffer, and the size of its first dimension, as parameters;
// the grid follows the size; the temporary is the device's.
// CHECK-NOT: orchestra.nvidia.parameters
// CHECK: llvm.mlir.global internal constant @orch_k_open_code("{{.*}}orch_k_open{{.*}}CODE") {{.*}}alignment = 64 : i64
// CHECK: func.func @orch_k_open(%[[EXEC:.*]]: !llvm.ptr, %[[A:.*]]: memref<?xf32>, %[[BLOCKS:.*]]: index) attributes {orchestra.kernel}
// CHECK-DAG: llvm.alloca %{{.*}} x i32
// CHECK-DAG: llvm.alloca %{{.*}} x !llvm.ptr
// CHECK-DAG: llvm.alloca %{{.*}} x i64
// CHECK: %[[T:.*]] = llvm.call %{{.*}}(%[[EXEC]], %{{.*}}) : !llvm.ptr, (!llvm.ptr, i64) -> !llvm.ptr
// CHECK: %[[N:.*]] = memref.dim %[[A]]
// CHECK: arith.index_cast %[[BLOCKS]] : index to i32
// CHECK: %[[CODE:.*]] = llvm.mlir.addressof @orch_k_open_code
// CHECK: llvm.call %{{.*}}(%[[EXEC]], %[[CODE]], %{{.*}}, %{{.*}}) : !llvm.ptr, (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr) -> ()
// CHECK-NOT: gpu.
// CHECK-NOT: memref.dealloc
// CHECK: return
module attributes {gpu.container_module, orchestra.nvidia.parameters = {m = array<i64: 1, 3, 6>}} {
  gpu.binary @m [#gpu.object<#nvvm.target<chip = "sm_90a">, "CODE">]
  func.func @orch_k_open(%a: memref<?xf32>, %blocks: index) attributes {orchestra.kernel} {
    %c1 = arith.constant 1 : index
    %c64 = arith.constant 64 : index
    %t = memref.alloc() : memref<16xf32>
    gpu.launch_func @m::@orch_k_open blocks in (%blocks, %c1, %c1) threads in (%c64, %c1, %c1) args(%a : memref<?xf32>, %t : memref<16xf32>)
    memref.dealloc %t : memref<16xf32>
    return
  }
}

// -----

// A kernel of tiles gets its function here; its own grid is in its code.
// CHECK-NOT: orchestra.nvidia.launch
// CHECK: llvm.mlir.global internal constant @orch_k_tiles_code(
// CHECK: func.func @orch_k_tiles(%[[EXEC:.*]]: !llvm.ptr, %{{.*}}: memref<64x64xbf16>, %{{.*}}: memref<64x64xf32>)
// CHECK: llvm.mlir.addressof @orch_k_tiles_code
// CHECK: llvm.call
// CHECK: return
module attributes {gpu.container_module, orchestra.nvidia.launch = {orch_k_tiles = {
    arguments = [memref<64x64xbf16>, memref<64x64xf32>], block = array<i32: 384, 1, 1>, grid = array<i32: 132, 1, 1>,
    parameters = [{argument = 0 : i64, box = array<i64: 64, 64>, element = bf16, shape = array<i64: 64, 64>}, {argument = 1 : i64}],
    shared_bytes = 2056 : i64}}} {
  gpu.binary @orch_k_tiles_nvidia [#gpu.object<#nvvm.target<chip = "sm_90a">, "CODE">]
}
