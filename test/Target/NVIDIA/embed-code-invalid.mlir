// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-nvidia-embed-code

// expected-error@+1 {{nothing says how to launch kernel 'orch_k_tiles'}}
module attributes {orchestra.nvidia.launch = {orch_k_tiles = {arguments = []}}} {
}

// -----

module attributes {gpu.container_module} {
  gpu.binary @m [#gpu.object<#nvvm.target, "CODE">]
  func.func @orch_k(%a: memref<4xf32>) attributes {orchestra.kernel} {
    %c1 = arith.constant 1 : index
    // expected-error@+1 {{a launch of a kernel for NVIDIA has no code}}
    gpu.launch_func @m::@orch_k blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1) args(%a : memref<4xf32>)
    return
  }
}
