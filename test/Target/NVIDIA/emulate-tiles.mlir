// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --orchestra-nvidia-emulate-tiles | FileCheck %s
// RUN: orchestra-opt %s --orchestra-nvidia-emulate-tiles --orchestra-emulated-pipeline=arch=nvidia_hopper | FileCheck %s --check-prefix=LLVM

// The function keeps its body; the host makes the map, launches, frees the map.
// CHECK-NOT:   orchestra.nvidia.launch
// CHECK:       gpu.module @kernel_nvidia
// CHECK-NOT:     llvm.mlir.global
// CHECK:         gpu.func @kernel(%[[MAP:.*]]: !llvm.ptr, %[[P:.*]]: !llvm.ptr<1>) kernel {
// CHECK:           %[[SHARED:.*]] = gpu.dynamic_shared_memory : memref<?xi8, #gpu.address_space<workgroup>>
// CHECK:           %[[INDEX:.*]] = memref.extract_aligned_pointer_as_index %[[SHARED]]
// CHECK:           llvm.inttoptr %{{.*}} : i64 to !llvm.ptr<3>
// CHECK:           llvm.load %[[P]]
// CHECK:           gpu.return
// CHECK:       func.func @kernel(%[[BIAS:.*]]: memref<1000xf32>, %[[X:.*]]: memref<512x1000xbf16>) attributes {orchestra.kernel} {
// CHECK:         %[[SWIZZLE:.*]] = llvm.mlir.constant(128 : i64) : i64
// CHECK:         %[[MADE:.*]] = llvm.call @orch_emulated_tensor_map({{.*}}, %[[SWIZZLE]])
// CHECK:         %[[BYTES:.*]] = arith.constant 2056 : i32
// CHECK:         gpu.launch_func @kernel_nvidia::@kernel blocks in {{.*}} dynamic_shared_memory_size %[[BYTES]] args(%[[MADE]] : !llvm.ptr, %{{.*}} : !llvm.ptr<1>)
// CHECK:         llvm.call @orch_emulated_deallocate(%[[MADE]])

// LLVM-NOT: nvvm.
// LLVM-NOT: ptr<
// LLVM:     llvm.func @kernel_nvidia__kernel(
// LLVM:       llvm.call @orch_emulated_dynamic_shared(
module attributes {orchestra.nvidia.launch = {kernel = {arguments = [memref<1000xf32>, memref<512x1000xbf16>], block = array<i32: 384, 1, 1>, grid = array<i32: 132, 1, 1>, parameters = [{argument = 1 : i64, box = array<i64: 64, 64>, element = bf16, shape = array<i64: 512, 1000>}, {argument = 0 : i64}], shared_bytes = 2056 : i64}}} {
  gpu.module @kernel_nvidia {
    llvm.mlir.global external @orchestra_shared() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>
    llvm.func @kernel(%map: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.struct<(array<128 x i8>)>, nvvm.grid_constant}, %p: !llvm.ptr<1>) attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 384, 1, 1>} {
      %s = llvm.mlir.addressof @orchestra_shared : !llvm.ptr<3>
      nvvm.prefetch tensormap, %map : !llvm.ptr
      %v = llvm.load %p : !llvm.ptr<1> -> f32
      llvm.store %v, %s : f32, !llvm.ptr<3>
      llvm.return
    }
  }
}
