// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -verify-diagnostics --orchestra-emulated-host-functions

gpu.module @device {
  // expected-error@+1 {{kernel 'taken' has the name of a host function}}
  gpu.func @taken() kernel attributes {known_block_size = array<i32: 1, 1, 1>, known_grid_size = array<i32: 1, 1, 1>} {
    gpu.return
  }
}
func.func @taken() {
  return
}
