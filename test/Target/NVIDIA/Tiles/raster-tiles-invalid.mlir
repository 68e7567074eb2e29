// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-nvidia-raster-tiles

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
// expected-error@below {{needs one parallel loop [unsupported-by-target]}}
func.func private @none() attributes {orchestra.nvtile = #policy} {
  return
}

// -----

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
func.func private @dynamic(%n: index) attributes {orchestra.nvtile = #policy} {
  // expected-error@below {{has bounds that are not constant [unsupported-by-target]}}
  scf.forall (%i, %j) = (0, 0) to (%n, 512) step (128, 256) {
    func.call @use(%i, %j) : (index, index) -> ()
  }
  return
}

func.func private @use(index, index)

// -----

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
// expected-error@below {{needs one parallel loop [unsupported-by-target]}}
func.func private @two() attributes {orchestra.nvtile = #policy} {
  scf.forall (%i) = (0) to (512) step (128) {
    func.call @use(%i) : (index) -> ()
  }
  scf.forall (%i) = (0) to (512) step (128) {
    func.call @use(%i) : (index) -> ()
  }
  return
}

func.func private @use(index)
