// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-nvidia-distribute-fragments

!a = memref<32x64xbf16, #gpu.address_space<workgroup>>
func.func private @rows(%a: !a) {
  nvtile.roles consumers = 1 producer {
  } consumer {
    %zero = arith.constant dense<0.0> : vector<32x32xf32>
    // expected-error@below {{no tensor core instruction multiplies}}
    %d = nvtile.mma %a, %a, %zero transpose_b : !a, !a, vector<32x32xf32>
  }
  return
}

// -----

func.func private @shape(%out: memref<512x520xf32>, %i: index) {
  nvtile.roles consumers = 1 producer {
  } consumer {
    %v = arith.constant dense<1.0> : vector<64x16xf32>
    // expected-error@below {{op on tiles has no form on registers: vector.transpose [unsupported-by-target]}}
    %s = vector.transpose %v, [1, 0] : vector<64x16xf32> to vector<16x64xf32>
  }
  return
}

// -----

func.func private @slice(%out: memref<512x520xf32>, %i: index) {
  nvtile.roles consumers = 1 producer {
  } consumer {
    %v = arith.constant dense<1.0> : vector<64x16xf32>
    // expected-error@below {{slice of a tile divides a thread's registers [unsupported-by-target]}}
    %s = vector.extract_strided_slice %v {offsets = [0, 4], sizes = [64, 8], strides = [1, 1]} : vector<64x16xf32> to vector<64x8xf32>
  }
  return
}
