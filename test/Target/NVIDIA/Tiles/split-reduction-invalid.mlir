// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-nvidia-split-reduction

!a = memref<64x64xbf16, #gpu.address_space<workgroup>>
// No steps to share.
// expected-error@below {{the reduction of a kernel of tiles cannot be shared by a cluster [unsupported-by-target]}}
func.func private @no_loop(%x: memref<512x512xbf16>, %out: memref<512x512xf32>, %i: index, %start: vector<64x64xf32>) attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 1, group = 8, blocks = 132, store_bytes = 128, split = 2>} {
  nvtile.store %start, %out[%i, %i] : vector<64x64xf32>, memref<512x512xf32>
  return
}

// -----

!a = memref<64x64xbf16, #gpu.address_space<workgroup>>
// What it begins with would be added once for each block.
// expected-error@below {{the reduction of a kernel of tiles cannot be shared by a cluster [unsupported-by-target]}}
func.func private @not_zero(%x: memref<512x512xbf16>, %out: memref<512x512xf32>, %i: index, %start: vector<64x64xf32>) attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 1, group = 8, blocks = 132, store_bytes = 128, split = 2>} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c512 = arith.constant 512 : index
  %zero = arith.constant dense<0.0> : vector<64x64xf32>
  %acc = scf.for %k = %c0 to %c512 step %c64 iter_args(%c = %start) -> (vector<64x64xf32>) {
    %a = nvtile.load %x[%i, %k] : memref<512x512xbf16> -> !a
    %d = nvtile.mma %a, %a, %c transpose_b : !a, !a, vector<64x64xf32>
    scf.yield %d : vector<64x64xf32>
  }
  nvtile.store %acc, %out[%i, %i] : vector<64x64xf32>, memref<512x512xf32>
  return
}

// -----

!a = memref<64x64xbf16, #gpu.address_space<workgroup>>
// Products that are not added.
// expected-error@below {{the reduction of a kernel of tiles cannot be shared by a cluster [unsupported-by-target]}}
func.func private @not_a_sum(%x: memref<512x512xbf16>, %out: memref<512x512xf32>, %i: index, %start: vector<64x64xf32>) attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 1, group = 8, blocks = 132, store_bytes = 128, split = 2>} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c512 = arith.constant 512 : index
  %zero = arith.constant dense<0.0> : vector<64x64xf32>
  %acc = scf.for %k = %c0 to %c512 step %c64 iter_args(%c = %zero) -> (vector<64x64xf32>) {
    %a = nvtile.load %x[%i, %k] : memref<512x512xbf16> -> !a
    %d = nvtile.mma %a, %a, %zero transpose_b : !a, !a, vector<64x64xf32>
    scf.yield %d : vector<64x64xf32>
  }
  nvtile.store %acc, %out[%i, %i] : vector<64x64xf32>, memref<512x512xf32>
  return
}

// -----

!a = memref<64x64xbf16, #gpu.address_space<workgroup>>
// What is computed between steps is no sum.
// expected-error@below {{the reduction of a kernel of tiles cannot be shared by a cluster [unsupported-by-target]}}
func.func private @scaled(%x: memref<512x512xbf16>, %out: memref<512x512xf32>, %i: index, %start: vector<64x64xf32>) attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 1, group = 8, blocks = 132, store_bytes = 128, split = 2>} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c512 = arith.constant 512 : index
  %zero = arith.constant dense<0.0> : vector<64x64xf32>
  %acc = scf.for %k = %c0 to %c512 step %c64 iter_args(%c = %zero) -> (vector<64x64xf32>) {
    %a = nvtile.load %x[%i, %k] : memref<512x512xbf16> -> !a
    %d = nvtile.mma %a, %a, %c transpose_b : !a, !a, vector<64x64xf32>
    %e = arith.addf %d, %d : vector<64x64xf32>
    scf.yield %e : vector<64x64xf32>
  }
  nvtile.store %acc, %out[%i, %i] : vector<64x64xf32>, memref<512x512xf32>
  return
}

// -----

!a = memref<64x64xbf16, #gpu.address_space<workgroup>>
// How many steps there are is not known.
// expected-error@below {{the reduction of a kernel of tiles cannot be shared by a cluster [unsupported-by-target]}}
func.func private @open_end(%x: memref<512x512xbf16>, %out: memref<512x512xf32>, %i: index, %start: vector<64x64xf32>) attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 1, group = 8, blocks = 132, store_bytes = 128, split = 2>} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c512 = arith.constant 512 : index
  %zero = arith.constant dense<0.0> : vector<64x64xf32>
  %acc = scf.for %k = %c0 to %i step %c64 iter_args(%c = %zero) -> (vector<64x64xf32>) {
    %a = nvtile.load %x[%i, %k] : memref<512x512xbf16> -> !a
    %d = nvtile.mma %a, %a, %c transpose_b : !a, !a, vector<64x64xf32>
    scf.yield %d : vector<64x64xf32>
  }
  nvtile.store %acc, %out[%i, %i] : vector<64x64xf32>, memref<512x512xf32>
  return
}

// -----

!a = memref<64x64xbf16, #gpu.address_space<workgroup>>
// 64 columns have no three equal parts.
// expected-error@below {{the reduction of a kernel of tiles cannot be shared by a cluster [unsupported-by-target]}}
func.func private @thin(%x: memref<512x512xbf16>, %out: memref<512x512xf32>, %i: index, %start: vector<64x64xf32>) attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 1, group = 8, blocks = 132, store_bytes = 128, split = 3>} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c512 = arith.constant 512 : index
  %zero = arith.constant dense<0.0> : vector<64x64xf32>
  %acc = scf.for %k = %c0 to %c512 step %c64 iter_args(%c = %zero) -> (vector<64x64xf32>) {
    %a = nvtile.load %x[%i, %k] : memref<512x512xbf16> -> !a
    %d = nvtile.mma %a, %a, %c transpose_b : !a, !a, vector<64x64xf32>
    scf.yield %d : vector<64x64xf32>
  }
  nvtile.store %acc, %out[%i, %i] : vector<64x64xf32>, memref<512x512xf32>
  return
}

// -----

!a = memref<64x64xbf16, #gpu.address_space<workgroup>>
// A column of the result is no column of the sum.
// expected-error@below {{the reduction of a kernel of tiles cannot be shared by a cluster [unsupported-by-target]}}
func.func private @turned(%x: memref<512x512xbf16>, %out: memref<512x512xf32>, %i: index, %start: vector<64x64xf32>) attributes {orchestra.nvtile = #nvtile.policy<stages = 4, consumers = 1, group = 8, blocks = 132, store_bytes = 128, split = 2>} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c512 = arith.constant 512 : index
  %zero = arith.constant dense<0.0> : vector<64x64xf32>
  %acc = scf.for %k = %c0 to %c512 step %c64 iter_args(%c = %zero) -> (vector<64x64xf32>) {
    %a = nvtile.load %x[%i, %k] : memref<512x512xbf16> -> !a
    %d = nvtile.mma %a, %a, %c transpose_b : !a, !a, vector<64x64xf32>
    scf.yield %d : vector<64x64xf32>
  }
  %t = vector.transpose %acc, [1, 0] : vector<64x64xf32> to vector<64x64xf32>
  nvtile.store %t, %out[%i, %i] : vector<64x64xf32>, memref<512x512xf32>
  return
}
