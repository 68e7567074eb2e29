// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --lower-orchestra-to-gpu | FileCheck %s

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64"}
  orchestra.device @gpu0 {arch = "nvidia_ampere"}
  orchestra.device @gpu1 {arch = "nvidia_hopper"}
  orchestra.link @cpu0, @gpu0 {bandwidth = 6.4e10, latency = 1.0e-5}
  orchestra.link @cpu0, @gpu1 {bandwidth = 6.4e10, latency = 1.0e-5}
}

// Rows a multiple of 16 bytes apart: one thread asks for boxes, all store them.
// CHECK-LABEL: func.func @boxes
// CHECK: gpu.alloc
// CHECK: nvgpu.tma.create.descriptor
// CHECK: gpu.launch
// CHECK: nvgpu.mbarrier.init
// CHECK: gpu.barrier
// CHECK: scf.for
// CHECK: nvgpu.mbarrier.arrive.expect_tx
// CHECK: nvgpu.tma.async.load
// CHECK: nvgpu.mbarrier.try_wait.parity
// CHECK: memref.store
// CHECK: gpu.barrier
// CHECK-NOT: orchestra.transfer
func.func @boxes(%a: memref<3x50x36xf32>) -> memref<3x50x36xf32> {
  %r = orchestra.transfer %a from @m::@cpu0 to @m::@gpu1 : memref<3x50x36xf32>
  return %r : memref<3x50x36xf32>
}

// Ampere has no TMA: 16 bytes a thread; the last copy says what is left.
// CHECK-LABEL: func.func @copies
// CHECK: gpu.launch
// CHECK: %[[LEFT:.*]] = arith.minsi
// CHECK: nvgpu.device_async_copy %{{.*}}, %{{.*}}, 8, %[[LEFT]] {bypassL1}
// CHECK: nvgpu.device_async_create_group
// CHECK: nvgpu.device_async_wait
// CHECK: vector.store
// CHECK: memref.store
func.func @copies(%a: memref<19x37xf16>) -> memref<19x37xf16> {
  %r = orchestra.transfer %a from @m::@cpu0 to @m::@gpu0 : memref<19x37xf16>
  return %r : memref<19x37xf16>
}

// Sizes unknown until it runs: copies as well.
// CHECK-LABEL: func.func @dynamic
// CHECK: gpu.alloc (%{{.*}}, %{{.*}})
// CHECK: nvgpu.device_async_copy
func.func @dynamic(%a: memref<?x?xf32>) -> memref<?x?xf32> {
  %r = orchestra.transfer %a from @m::@cpu0 to @m::@gpu1 : memref<?x?xf32>
  return %r : memref<?x?xf32>
}

// A row that is no multiple of 16 bytes, with gaps behind it: by elements.
// CHECK-LABEL: func.func @gaps
// CHECK-NOT: nvgpu
// CHECK: memref.load
// CHECK: memref.store
// CHECK: return
func.func @gaps(%a: memref<4x5xf32, strided<[7, 1]>>) -> memref<4x5xf32, strided<[7, 1]>> {
  %r = orchestra.transfer %a from @m::@cpu0 to @m::@gpu1 : memref<4x5xf32, strided<[7, 1]>>
  return %r : memref<4x5xf32, strided<[7, 1]>>
}

// Back to the host, by the sender.
// CHECK-LABEL: func.func @back
// CHECK: nvgpu.tma.async.load
func.func @back(%a: memref<64x64xf32>) -> memref<64x64xf32> {
  %r = orchestra.transfer %a from @m::@gpu1 to @m::@cpu0 : memref<64x64xf32>
  return %r : memref<64x64xf32>
}
