// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --lower-orchestra-to-gpu | FileCheck %s

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64"}
  orchestra.device @gpu0 {arch = "amd_cdna3"}
  orchestra.link @cpu0, @gpu0 {bandwidth = 6.4e10, latency = 1.0e-5}
}

// 16 bytes a thread; the last few elements one by one.
// CHECK-LABEL: func.func @ragged
// CHECK: gpu.launch
// CHECK: scf.for
// CHECK: amdgpu.raw_buffer_load %{{.*}} : memref<703xf16>, i32 -> vector<8xf16>
// CHECK: amdgpu.raw_buffer_store %{{.*}} : vector<8xf16> -> memref<703xf16>
// CHECK: amdgpu.raw_buffer_load %{{.*}} : memref<703xf16>, i32 -> f16
// CHECK-NOT: orchestra.transfer
func.func @ragged(%a: memref<19x37xf16>) -> memref<19x37xf16> {
  %r = orchestra.transfer %a from @m::@cpu0 to @m::@gpu0 : memref<19x37xf16>
  return %r : memref<19x37xf16>
}

// Whether 32 bits are enough for offsets is known when it runs.
// CHECK-LABEL: func.func @dynamic
// CHECK: %[[FITS:.*]] = arith.cmpi slt
// CHECK: scf.if %[[FITS]]
// CHECK: amdgpu.raw_buffer_load
// CHECK: memref.load
func.func @dynamic(%a: memref<?x?xf32>) -> memref<?x?xf32> {
  %r = orchestra.transfer %a from @m::@cpu0 to @m::@gpu0 : memref<?x?xf32>
  return %r : memref<?x?xf32>
}

// More than 2 GB: plain loads and stores.
// CHECK-LABEL: func.func @huge
// CHECK-NOT: amdgpu
// CHECK: return
func.func @huge(%a: memref<65536x16384xf32>) -> memref<65536x16384xf32> {
  %r = orchestra.transfer %a from @m::@cpu0 to @m::@gpu0 : memref<65536x16384xf32>
  return %r : memref<65536x16384xf32>
}
