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

// -----

func.func private @columns(%out: memref<512x512xf32>, %i: index) {
  nvtile.roles consumers = 1 producer {
  } consumer {
    %v = arith.constant dense<1.0> : vector<64x64xf32>
    %zero = arith.constant dense<0.0> : vector<64xf32>
    // expected-error@below {{reduction of a tile is not that of rows of f32 [unsupported-by-target]}}
    %s = vector.multi_reduction <add>, %v, %zero [0] : vector<64x64xf32> to vector<64xf32>
  }
  return
}

// -----

func.func private @narrow_sum(%out: memref<512x512xf16>, %i: index) {
  nvtile.roles consumers = 1 producer {
  } consumer {
    %v = arith.constant dense<1.0> : vector<64x64xf16>
    %zero = arith.constant dense<0.0> : vector<64xf16>
    // expected-error@below {{reduction of a tile is not that of rows of f32 [unsupported-by-target]}}
    %s = vector.multi_reduction <add>, %v, %zero [1] : vector<64x64xf16> to vector<64xf16>
  }
  return
}

// -----

func.func private @narrow_cluster() {
  nvtile.roles consumers = 1 producer {
  } consumer {
    %v = arith.constant dense<1.0> : vector<64x64xf16>
    // expected-error@below {{tiles of a cluster are added once, as f32 [unsupported-by-target]}}
    %s = nvtile.sum_cluster %v : vector<64x64xf16> -> vector<64x32xf16>
  }
  return
}

// -----

// A second sum would overwrite what others still read.
func.func private @cluster_in_loop(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  nvtile.roles consumers = 1 producer {
  } consumer {
    scf.for %i = %c0 to %n step %c1 {
      %v = arith.constant dense<1.0> : vector<64x64xf32>
      // expected-error@below {{tiles of a cluster are added once, as f32 [unsupported-by-target]}}
      %s = nvtile.sum_cluster %v : vector<64x64xf32> -> vector<64x32xf32>
    }
  }
  return
}
