// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-nvidia-emulate-tiles

// expected-error@below {{nothing is to be launched as kernel 'kernel'}}
module attributes {orchestra.nvidia.launch = {kernel = {arguments = [], block = array<i32: 32, 1, 1>, grid = array<i32: 1, 1, 1>, parameters = [], shared_bytes = 0 : i64}}} {
}

// -----

module attributes {orchestra.nvidia.launch = {kernel = {arguments = [], block = array<i32: 32, 1, 1>, grid = array<i32: 1, 1, 1>, parameters = [], shared_bytes = 0 : i64}}} {
  gpu.module @kernel_nvidia {
    llvm.mlir.global external @table() {addr_space = 4 : i32} : !llvm.array<4 x i8>
    llvm.func @kernel() attributes {gpu.kernel} {
      // expected-error@below {{the emulation has no form for 'table' [unsupported-by-target]}}
      %s = llvm.mlir.addressof @table : !llvm.ptr<4>
      llvm.return
    }
  }
}

// -----

module attributes {orchestra.nvidia.launch = {kernel = {arguments = [], block = array<i32: 32, 1, 1>, grid = array<i32: 1, 4, 1>, parameters = [], shared_bytes = 0 : i64}}} {
  gpu.module @kernel_nvidia {
    // expected-error@below {{the emulation has clusters of blocks along x only [unsupported-by-target]}}
    llvm.func @kernel() attributes {gpu.kernel, nvvm.cluster_dim = array<i32: 1, 2, 1>} {
      llvm.return
    }
  }
}
