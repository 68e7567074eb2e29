// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -verify-diagnostics --orchestra-nvidia-distribute-rows

gpu.module @m {
  gpu.func @reversed(%a: memref<8x64xf32>, %out: memref<8x64xf32>) kernel attributes {orchestra.nvidia.rows = array<i64: 32, 64>} {
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    %v = vector.transfer_read %a[%c0, %c0], %zero {in_bounds = [true]} : memref<8x64xf32>, vector<64xf32>
    // expected-error@+1 {{op cannot be spread over the lanes of a row: vector.interleave [unsupported-by-target]}}
    %r = vector.interleave %v, %v : vector<64xf32> -> vector<128xf32>
    vector.transfer_write %r, %out[%c0, %c0] : vector<128xf32>, memref<8x64xf32>
    gpu.return
  }
}
