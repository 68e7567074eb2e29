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
func.func private @reduces_columns(%a: tensor<128x256xf32>, %out: tensor<256xf32>) -> tensor<256xf32> attributes {orchestra.nvtile = #policy} {
  // expected-error@below {{reduces in another way than each row to a number [unsupported-by-target]}}
  %r = linalg.reduce { arith.addf } ins(%a : tensor<128x256xf32>) outs(%out : tensor<256xf32>) dimensions = [0]
  return %r : tensor<256xf32>
}

// -----

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
func.func private @reduces_into_argument(%a: tensor<128x256xf32>, %out: tensor<128xf32>) -> tensor<128xf32> attributes {orchestra.nvtile = #policy} {
  // expected-error@below {{reduces into what is not in registers [unsupported-by-target]}}
  %r = linalg.reduce { arith.addf } ins(%a : tensor<128x256xf32>) outs(%out : tensor<128xf32>) dimensions = [1]
  return %r : tensor<128xf32>
}

// -----

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
func.func private @two_combinations(%a: tensor<128x256xf32>, %out: tensor<128xf32>) -> tensor<128xf32> attributes {orchestra.nvtile = #policy} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<128xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<128xf32>) -> tensor<128xf32>
  // expected-error@below {{reduces in another way than each row to a number [unsupported-by-target]}}
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%a : tensor<128x256xf32>) outs(%init : tensor<128xf32>) {
  ^bb0(%x: f32, %o: f32):
    %d = arith.subf %o, %x : f32
    linalg.yield %d : f32
  } -> tensor<128xf32>
  return %r : tensor<128xf32>
}

// -----

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
func.func private @rows_of_argument(%a: tensor<128xf32>, %out: tensor<128xf32>) -> tensor<128xf32> attributes {orchestra.nvtile = #policy} {
  // expected-error@below {{reads an argument for rows alone [unsupported-by-target]}}
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%a : tensor<128xf32>) outs(%out : tensor<128xf32>) {
  ^bb0(%x: f32, %o: f32):
    %d = arith.addf %x, %x : f32
    linalg.yield %d : f32
  } -> tensor<128xf32>
  return %r : tensor<128xf32>
}

// -----

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
func.func private @three_dimensions(%a: tensor<2x128x64xf32>, %out: tensor<2x128x64xf32>) -> tensor<2x128x64xf32> attributes {orchestra.nvtile = #policy} {
  // expected-error@below {{does not work on tiles of two dimensions or on rows [unsupported-by-target]}}
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%a : tensor<2x128x64xf32>) outs(%out : tensor<2x128x64xf32>) {
  ^bb0(%x: f32, %o: f32):
    %d = arith.addf %x, %x : f32
    linalg.yield %d : f32
  } -> tensor<2x128x64xf32>
  return %r : tensor<2x128x64xf32>
}

// -----

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
func.func private @turned(%out: tensor<64x64xf32>) -> tensor<64x64xf32> attributes {orchestra.nvtile = #policy} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x64xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64x64xf32>) -> tensor<64x64xf32>
  // expected-error@below {{reads a tile in registers in another order [unsupported-by-target]}}
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%f : tensor<64x64xf32>) outs(%e : tensor<64x64xf32>) {
  ^bb0(%x: f32, %o: f32):
    linalg.yield %x : f32
  } -> tensor<64x64xf32>
  return %r : tensor<64x64xf32>
}

// -----

// wgmma reads rows of a tile in registers, never columns.
#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
func.func private @computed_columns(%b: tensor<64x64xf16>, %out: tensor<64x64xf32>) -> tensor<64x64xf32> attributes {orchestra.nvtile = #policy} {
  %one = arith.constant 1.0 : f16
  %zero = arith.constant 0.0 : f32
  %ea = tensor.empty() : tensor<64x64xf16>
  %a = linalg.fill ins(%one : f16) outs(%ea : tensor<64x64xf16>) -> tensor<64x64xf16>
  %e = tensor.empty() : tensor<64x64xf32>
  %c = linalg.fill ins(%zero : f32) outs(%e : tensor<64x64xf32>) -> tensor<64x64xf32>
  // expected-error@below {{reads a tile in registers by columns [unsupported-by-target]}}
  %d = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>] ins(%a, %b : tensor<64x64xf16>, tensor<64x64xf16>) outs(%c : tensor<64x64xf32>) -> tensor<64x64xf32>
  return %d : tensor<64x64xf32>
}

// -----

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
func.func private @second_computed(%a: tensor<64x64xf16>, %out: tensor<64x64xf32>) -> tensor<64x64xf32> attributes {orchestra.nvtile = #policy} {
  %one = arith.constant 1.0 : f16
  %zero = arith.constant 0.0 : f32
  %eb = tensor.empty() : tensor<64x64xf16>
  %b = linalg.fill ins(%one : f16) outs(%eb : tensor<64x64xf16>) -> tensor<64x64xf16>
  %e = tensor.empty() : tensor<64x64xf32>
  %c = linalg.fill ins(%zero : f32) outs(%e : tensor<64x64xf32>) -> tensor<64x64xf32>
  // expected-error@below {{has an operand that is no tile of an argument [unsupported-by-target]}}
  %d = linalg.matmul ins(%a, %b : tensor<64x64xf16>, tensor<64x64xf16>) outs(%c : tensor<64x64xf32>) -> tensor<64x64xf32>
  return %d : tensor<64x64xf32>
}

// -----

#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
func.func private @result_of_one_dimension(%out: tensor<128xf32>) -> tensor<128xf32> attributes {orchestra.nvtile = #policy} {
  %zero = arith.constant 0.0 : f32
  %all = scf.forall (%i) = (0) to (128) step (64) shared_outs(%to = %out) -> (tensor<128xf32>) {
    %e = tensor.empty() : tensor<64xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64xf32>) -> tensor<64xf32>
    scf.forall.in_parallel {
      // expected-error@below {{writes a tile that is not of two dimensions [unsupported-by-target]}}
      tensor.parallel_insert_slice %f into %to[%i] [64] [1] : tensor<64xf32> into tensor<128xf32>
    }
  }
  return %all : tensor<128xf32>
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

// -----

// What lies behind the slice is not zero.
#policy = #nvtile.policy<stages = 4, consumers = 2, group = 8, blocks = 132, store_bytes = 256>
func.func private @pads_slice(%a: tensor<200x64xf16>, %out: tensor<128x64xf16>) -> tensor<128x64xf16> attributes {orchestra.nvtile = #policy} {
  %zero = arith.constant 0.0 : f16
  %s = tensor.extract_slice %a[0, 0] [100, 64] [1, 1] : tensor<200x64xf16> to tensor<100x64xf16>
  // expected-error@below {{pads a slice that ends inside of its buffer [unsupported-by-target]}}
  %r = tensor.pad %s low[0, 0] high[28, 0] {
  ^bb0(%x: index, %y: index):
    tensor.yield %zero : f16
  } : tensor<100x64xf16> to tensor<128x64xf16>
  return %r : tensor<128x64xf16>
}
