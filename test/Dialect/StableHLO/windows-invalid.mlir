// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file -verify-diagnostics

func.func @result(%x: tensor<1x3x8xf32>, %k: tensor<4x3x3xf32>) {
  // expected-error@+1 {{must have a result of shape [1, 4, 6], but it is 'tensor<1x4x8xf32>'}}
  %r = "stablehlo.convolution"(%x, %k) <{batch_group_count = 1 : i64, feature_group_count = 1 : i64, dimension_numbers = #stablehlo.conv<[b, f, 0]x[o, i, 0]->[b, f, 0]>}> : (tensor<1x3x8xf32>, tensor<4x3x3xf32>) -> tensor<1x4x8xf32>
  return
}

// -----

func.func @groups(%x: tensor<1x3x8xf32>, %k: tensor<4x3x3xf32>) {
  // expected-error@+1 {{has 3 input features in 2 groups, but a kernel for 3}}
  %r = "stablehlo.convolution"(%x, %k) <{batch_group_count = 1 : i64, feature_group_count = 2 : i64, dimension_numbers = #stablehlo.conv<[b, f, 0]x[o, i, 0]->[b, f, 0]>}> : (tensor<1x3x8xf32>, tensor<4x3x3xf32>) -> tensor<1x4x6xf32>
  return
}

// -----

func.func @strides(%x: tensor<1x3x8xf32>, %k: tensor<4x3x3xf32>) {
  // expected-error@+1 {{strides must be positive, but one is 0}}
  %r = "stablehlo.convolution"(%x, %k) <{batch_group_count = 1 : i64, feature_group_count = 1 : i64, window_strides = array<i64: 0>, dimension_numbers = #stablehlo.conv<[b, f, 0]x[o, i, 0]->[b, f, 0]>}> : (tensor<1x3x8xf32>, tensor<4x3x3xf32>) -> tensor<1x4x6xf32>
  return
}

// -----

func.func @padding(%x: tensor<1x3x8xf32>, %k: tensor<4x3x3xf32>) {
  // expected-error@+1 {{needs padding of 1 x 2 numbers, not 'tensor<2x2xi64>'}}
  %r = "stablehlo.convolution"(%x, %k) <{batch_group_count = 1 : i64, feature_group_count = 1 : i64, padding = dense<1> : tensor<2x2xi64>, dimension_numbers = #stablehlo.conv<[b, f, 0]x[o, i, 0]->[b, f, 0]>}> : (tensor<1x3x8xf32>, tensor<4x3x3xf32>) -> tensor<1x4x6xf32>
  return
}

// -----

func.func @rank(%x: tensor<1x3x8x8xf32>, %k: tensor<4x3x3xf32>) {
  // expected-error@+1 {{needs tensors of one rank, at least 2: 'tensor<1x3x8x8xf32>', 'tensor<4x3x3xf32>', 'tensor<1x4x6xf32>'}}
  %r = "stablehlo.convolution"(%x, %k) <{batch_group_count = 1 : i64, feature_group_count = 1 : i64, dimension_numbers = #stablehlo.conv<[b, f, 0]x[o, i, 0]->[b, f, 0]>}> : (tensor<1x3x8x8xf32>, tensor<4x3x3xf32>) -> tensor<1x4x6xf32>
  return
}

// -----

// expected-error@+1 {{unexpected dimension 'b'}}
#twice = #stablehlo.conv<[b, b, 0]x[o, i, 0]->[b, f, 0]>

// -----

// expected-error@+1 {{expected spatial dimensions from 0 to 0}}
#spatial = #stablehlo.conv<[b, f, 1]x[o, i, 0]->[b, f, 0]>

// -----

func.func @window_rank(%x: tensor<2x9xf32>, %zero: tensor<f32>) {
  // expected-error@+1 {{needs a window size for each of 2 dimensions}}
  %r = "stablehlo.reduce_window"(%x, %zero) <{window_dimensions = array<i64: 3>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    stablehlo.return %a : tensor<f32>
  }) : (tensor<2x9xf32>, tensor<f32>) -> tensor<2x9xf32>
  return
}

// -----

func.func @window_result(%x: tensor<2x9xf32>, %zero: tensor<f32>) {
  // expected-error@+1 {{must have a result of type 'tensor<2x7xf32>', but it is 'tensor<2x9xf32>'}}
  %r = "stablehlo.reduce_window"(%x, %zero) <{window_dimensions = array<i64: 1, 3>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    stablehlo.return %a : tensor<f32>
  }) : (tensor<2x9xf32>, tensor<f32>) -> tensor<2x9xf32>
  return
}

// -----

func.func @window_body(%x: tensor<2x9xf32>, %zero: tensor<f32>) {
  // expected-error@+1 {{must have a body that takes scalars of 'f32', 'f32' and returns scalars of 'f32'}}
  %r = "stablehlo.reduce_window"(%x, %zero) <{window_dimensions = array<i64: 1, 1>}> ({
  ^bb0(%a: tensor<f32>):
    stablehlo.return %a : tensor<f32>
  }) : (tensor<2x9xf32>, tensor<f32>) -> tensor<2x9xf32>
  return
}

// -----

func.func @gather_size(%x: tensor<5x8xf32>, %i: tensor<3x1xi32>) {
  // expected-error@+1 {{slice of size 9 does not fit dimension 1 of size 8}}
  %r = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 9>}> : (tensor<5x8xf32>, tensor<3x1xi32>) -> tensor<3x9xf32>
  return
}

// -----

func.func @gather_indices(%x: tensor<5x8xf32>, %i: tensor<3x2xi32>) {
  // expected-error@+1 {{has index vectors of 2 numbers for 1 dimensions}}
  %r = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 8>}> : (tensor<5x8xf32>, tensor<3x2xi32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @gather_collapsed(%x: tensor<5x8xf32>, %i: tensor<3x1xi32>) {
  // expected-error@+1 {{drops dimension 0 of slices of size 2}}
  %r = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 2, 8>}> : (tensor<5x8xf32>, tensor<3x1xi32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @gather_offsets(%x: tensor<5x8xf32>, %i: tensor<3x1xi32>) {
  // expected-error@+1 {{names 0 offset dimensions for slices of rank 1}}
  %r = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 8>}> : (tensor<5x8xf32>, tensor<3x1xi32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @gather_vector(%x: tensor<5x8xf32>, %i: tensor<3x1xi32>) {
  // expected-error@+1 {{index vector dimension 3 is not in [0, 2]}}
  %r = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 3>, slice_sizes = array<i64: 1, 8>}> : (tensor<5x8xf32>, tensor<3x1xi32>) -> tensor<3x8xf32>
  return
}
