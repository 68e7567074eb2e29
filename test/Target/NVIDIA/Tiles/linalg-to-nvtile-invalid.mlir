// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics --orchestra-linalg-to-nvtile

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
// expected-error@below {{has an argument that is no tensor [unsupported-by-target]}}
func.func private @number(%a: f32, %out: tensor<128x256xf32>) -> tensor<128x256xf32> attributes {orchestra.nvtile = #policy} {
  return %out : tensor<128x256xf32>
}

// -----

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
func.func private @scan(%a: tensor<128x256xf32>, %out: tensor<128x256xf32>) -> tensor<128x256xf32> attributes {orchestra.nvtile = #policy} {
  // expected-error@below {{op of a tiled kernel for NVIDIA has no form on tiles [unsupported-by-target]}}
  %r = tensor.concat dim(0) %a : (tensor<128x256xf32>) -> tensor<128x256xf32>
  return %r : tensor<128x256xf32>
}

// -----

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
func.func private @pads_ones(%a: tensor<100x256xf32>, %out: tensor<128x256xf32>) -> tensor<128x256xf32> attributes {orchestra.nvtile = #policy} {
  %one = arith.constant 1.0 : f32
  // expected-error@below {{pads with more than zeros behind an argument [unsupported-by-target]}}
  %r = tensor.pad %a low[0, 0] high[28, 0] {
  ^bb0(%x: index, %y: index):
    tensor.yield %one : f32
  } : tensor<100x256xf32> to tensor<128x256xf32>
  return %r : tensor<128x256xf32>
}

// -----

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
func.func private @reduces(%a: tensor<128x256xf32>, %out: tensor<128xf32>) -> tensor<128xf32> attributes {orchestra.nvtile = #policy} {
  // expected-error@below {{reduces in another way than a matrix product [unsupported-by-target]}}
  %r = linalg.reduce { arith.addf } ins(%a : tensor<128x256xf32>) outs(%out : tensor<128xf32>) dimensions = [1]
  return %r : tensor<128xf32>
}

// -----

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
func.func private @inner(%a: tensor<128x256xf32>, %out: tensor<128x256xf32>) -> tensor<128x256xf32> attributes {orchestra.nvtile = #policy} {
  // expected-error@below {{computes what the kernel does not return [unsupported-by-target]}}
  %all = scf.forall (%i) = (0) to (128) step (64) shared_outs(%to = %out) -> (tensor<128x256xf32>) {
    %s = tensor.extract_slice %a[%i, 0] [64, 256] [1, 1] : tensor<128x256xf32> to tensor<64x256xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %s into %to[%i, 0] [64, 256] [1, 1] : tensor<64x256xf32> into tensor<128x256xf32>
    }
  }
  return %out : tensor<128x256xf32>
}
