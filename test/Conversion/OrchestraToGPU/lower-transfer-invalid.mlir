// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --lower-orchestra-to-gpu

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64"}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  orchestra.link @cpu0, @cpu1 {bandwidth = 6.4e10, latency = 1.0e-5}
}
func.func @no_gpu(%a: memref<8xf32>) -> memref<8xf32> {
  // expected-error@+2 {{no GPU does a transfer from 'x86_64' to 'x86_64' [unsupported-by-target]}}
  // expected-note@+1 {{there are transfers by amd_cdna3, amd_cdna4, amd_rdna4, intel_xe2, nvidia_ampere, nvidia_blackwell, nvidia_hopper}}
  %r = orchestra.transfer %a from @m::@cpu0 to @m::@cpu1 : memref<8xf32>
  return %r : memref<8xf32>
}

// -----

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64"}
  orchestra.device @gpu0 {arch = "intel_xe2"}
  orchestra.link @cpu0, @gpu0 {bandwidth = 6.4e10, latency = 1.0e-5}
}
func.func @tensor(%a: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error@+2 {{transfer of 'tensor<8xf32>' to 'intel_xe2' has no lowering [unsupported-by-target]}}
  // expected-note@+1 {{its value is not in memory yet}}
  %r = orchestra.transfer %a from @m::@cpu0 to @m::@gpu0 : tensor<8xf32>
  return %r : tensor<8xf32>
}
// All independent errors come at once.
func.func @elements(%a: memref<8xvector<4xf32>>) -> memref<8xvector<4xf32>> {
  // expected-error@+2 {{transfer of 'memref<8xvector<4xf32>>' to 'intel_xe2' has no lowering [unsupported-by-target]}}
  // expected-note@+1 {{its elements are no numbers}}
  %r = orchestra.transfer %a from @m::@cpu0 to @m::@gpu0 : memref<8xvector<4xf32>>
  return %r : memref<8xvector<4xf32>>
}
func.func @unranked(%a: memref<*xf32>) -> memref<*xf32> {
  // expected-error@+2 {{transfer of 'memref<*xf32>' to 'intel_xe2' has no lowering [unsupported-by-target]}}
  // expected-note@+1 {{its value has no ranked buffer}}
  %r = orchestra.transfer %a from @m::@cpu0 to @m::@gpu0 : memref<*xf32>
  return %r : memref<*xf32>
}
func.func @layout(%a: memref<8x8xf32, affine_map<(i, j) -> (i floordiv 2, j, i mod 2)>>) -> memref<8x8xf32, affine_map<(i, j) -> (i floordiv 2, j, i mod 2)>> {
  // expected-error@+2 {{has no lowering [unsupported-by-target]}}
  // expected-note@+1 {{its layout has no strides}}
  %r = orchestra.transfer %a from @m::@cpu0 to @m::@gpu0 : memref<8x8xf32, affine_map<(i, j) -> (i floordiv 2, j, i mod 2)>>
  return %r : memref<8x8xf32, affine_map<(i, j) -> (i floordiv 2, j, i mod 2)>>
}
func.func @strides(%a: memref<8x8xf32, strided<[-8, 1], offset: 56>>) -> memref<8x8xf32, strided<[-8, 1], offset: 56>> {
  // expected-error@+1 {{result of a transfer cannot be allocated with the layout of 'memref<8x8xf32, strided<[-8, 1], offset: 56>>' [unsupported-by-target]}}
  %r = orchestra.transfer %a from @m::@cpu0 to @m::@gpu0 : memref<8x8xf32, strided<[-8, 1], offset: 56>>
  return %r : memref<8x8xf32, strided<[-8, 1], offset: 56>>
}
func.func @inside(%a: memref<8xf32>) {
  %c1 = arith.constant 1 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1) threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) {
    // expected-error@+1 {{transfer stands in a kernel, which cannot allocate its result [unsupported-by-target]}}
    %r = orchestra.transfer %a from @m::@cpu0 to @m::@gpu0 : memref<8xf32>
    gpu.terminator
  }
  return
}
