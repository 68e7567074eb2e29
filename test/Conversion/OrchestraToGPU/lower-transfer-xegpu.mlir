// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --lower-orchestra-to-gpu | FileCheck %s

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64"}
  orchestra.device @gpu0 {arch = "intel_xe2"}
  orchestra.link @cpu0, @gpu0 {bandwidth = 6.4e10, latency = 1.0e-5}
}

// CHECK-LABEL: func.func @tiles
// CHECK-NOT: orchestra.transfer
// CHECK: gpu.alloc
// CHECK: gpu.launch
// CHECK: scf.for
// CHECK: scf.for
// CHECK: xegpu.create_nd_tdesc %{{.*}} : memref<256x256xf32> -> !xegpu.tensor_desc<8x16xf32>
// CHECK: xegpu.load_nd {{.*}} -> vector<8xf32>
// CHECK: xegpu.store_nd
// CHECK-NEXT: xegpu.fence memory_kind = global, fence_scope = workgroup
// CHECK-NEXT: }
// CHECK-NOT: orchestra.transfer
func.func @tiles(%a: memref<256x256xf32>) -> memref<256x256xf32> {
  %r = orchestra.transfer %a from @m::@cpu0 to @m::@gpu0 : memref<256x256xf32>
  return %r : memref<256x256xf32>
}

// Rows of 148 bytes are none of the hardware's: rows of 1 KB, then the rest.
// CHECK-LABEL: func.func @ragged
// CHECK: xegpu.create_nd_tdesc %{{.*}}, shape : [2, 256], strides : [256, 1] : i64
// CHECK: xegpu.fence
// CHECK: scf.for
// CHECK: memref.store
func.func @ragged(%a: memref<19x37xf32>) -> memref<19x37xf32> {
  %r = orchestra.transfer %a from @m::@cpu0 to @m::@gpu0 : memref<19x37xf32>
  return %r : memref<19x37xf32>
}

// CHECK-LABEL: func.func @dynamic
// CHECK: memref.dim
// CHECK: xegpu.load_nd {{.*}} : !xegpu.tensor_desc<8x16xi32> -> vector<8xi32>
// CHECK: xegpu.store_nd
func.func @dynamic(%a: memref<?x?x?xi64>) -> memref<?x?x?xi64> {
  %r = orchestra.transfer %a from @m::@cpu0 to @m::@gpu0 : memref<?x?x?xi64>
  return %r : memref<?x?x?xi64>
}
