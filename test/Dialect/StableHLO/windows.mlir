// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s | orchestra-opt | FileCheck %s

// CHECK-LABEL: func.func @convolution
// CHECK: stablehlo.convolution
// CHECK-SAME: dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f]
func.func @convolution(%x: tensor<2x8x6xf32>, %k: tensor<3x3x4xf32>) -> tensor<2x4x4xf32> {
  %r = "stablehlo.convolution"(%x, %k) <{
      batch_group_count = 1 : i64, feature_group_count = 2 : i64,
      dimension_numbers = #stablehlo.conv<[b, 0, f]x[0, i, o]->[b, 0, f]>,
      padding = dense<[[1, 0]]> : tensor<1x2xi64>, window_strides = array<i64: 2>}>
      : (tensor<2x8x6xf32>, tensor<3x3x4xf32>) -> tensor<2x4x4xf32>
  return %r : tensor<2x4x4xf32>
}

// CHECK-LABEL: func.func @reduce_window
// CHECK: "stablehlo.reduce_window"
// CHECK-SAME: window_dilations = array<i64: 1, 2>
func.func @reduce_window(%x: tensor<2x9xf32>, %zero: tensor<f32>) -> tensor<2x3xf32> {
  %r = "stablehlo.reduce_window"(%x, %zero) <{
      window_dimensions = array<i64: 1, 3>, window_strides = array<i64: 1, 2>,
      window_dilations = array<i64: 1, 2>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %c = stablehlo.add %a, %b : tensor<f32>
    stablehlo.return %c : tensor<f32>
  }) : (tensor<2x9xf32>, tensor<f32>) -> tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @gather
// CHECK: "stablehlo.gather"
// CHECK-SAME: #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>
func.func @gather(%x: tensor<5x8xf32>, %i: tensor<3xi32>) -> tensor<3x8xf32> {
  %r = "stablehlo.gather"(%x, %i) <{
      dimension_numbers = #stablehlo.gather<offset_dims = [1],
          collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>,
      slice_sizes = array<i64: 1, 8>}>
      : (tensor<5x8xf32>, tensor<3xi32>) -> tensor<3x8xf32>
  return %r : tensor<3x8xf32>
}
