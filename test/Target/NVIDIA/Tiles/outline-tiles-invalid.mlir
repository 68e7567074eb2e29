// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-nvidia-outline-tiles

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
// expected-error@below {{a kernel of tiles has no launch [unsupported-by-target]}}
func.func private @no_launch() attributes {orchestra.nvtile = #policy} {
  return
}

// -----

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
func.func private @leftover(%x: memref<512x1000xbf16>, %i: index) attributes {gpu.known_block_size = array<i32: 384, 1, 1>, gpu.known_grid_size = array<i32: 132, 1, 1>, orchestra.nvtile = #policy} {
  // expected-error@below {{op of a kernel of tiles has no lowering: nvtile.load [unsupported-by-target]}}
  %t = nvtile.load %x[%i, %i] : memref<512x1000xbf16> -> memref<128x64xbf16, #gpu.address_space<workgroup>>
  return
}
