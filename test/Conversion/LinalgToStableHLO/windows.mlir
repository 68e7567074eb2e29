// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Convolutions and pooling become one op, with padding before them inside it.
// RUN: orchestra-opt %s -linalg-to-stablehlo -split-input-file | FileCheck %s

// CHECK-LABEL: func.func @conv
// CHECK-SAME: (%[[X:.*]]: tensor<1x3x8x8xf32>, %[[K:.*]]: tensor<4x3x3x3xf32>)
// CHECK: %[[R:.*]] = stablehlo.convolution(%[[X]], %[[K]])
// CHECK-SAME: dim_numbers = [b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1]
// CHECK-SAME: window = {stride = [2, 2], pad = {{\[\[}}1, 1], [1, 1]]}
// CHECK-SAME: batch_group_count = 1
// CHECK-SAME: feature_group_count = 1
// CHECK-SAME: -> tensor<1x4x4x4xf32>
// CHECK-NEXT: return %[[R]]
func.func @conv(%x: tensor<1x3x8x8xf32>, %k: tensor<4x3x3x3xf32>) -> tensor<1x4x4x4xf32> {
  %zero = arith.constant 0.0 : f32
  %padded = tensor.pad %x low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %zero : f32
  } : tensor<1x3x8x8xf32> to tensor<1x3x10x10xf32>
  %empty = tensor.empty() : tensor<1x4x4x4xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  %r = linalg.conv_2d_nchw_fchw {dilations = dense<1> : vector<2xi64>, strides = dense<2> : vector<2xi64>}
    ins(%padded, %k : tensor<1x3x10x10xf32>, tensor<4x3x3x3xf32>)
    outs(%init : tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  return %r : tensor<1x4x4x4xf32>
}

// -----

// A padding with another value stays where it is; a start other than zero is
// added.
// CHECK-LABEL: func.func @conv_other_padding
// CHECK: stablehlo.pad
// CHECK: %[[C:.*]] = stablehlo.convolution
// CHECK-NOT: pad =
// CHECK: stablehlo.add %{{.*}}, %[[C]]
func.func @conv_other_padding(%x: tensor<1x1x4xf32>, %k: tensor<1x1x3xf32>, %b: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
  %one = arith.constant 1.0 : f32
  %padded = tensor.pad %x low[0, 0, 1] high[0, 0, 1] {
  ^bb0(%a: index, %c: index, %d: index):
    tensor.yield %one : f32
  } : tensor<1x1x4xf32> to tensor<1x1x6xf32>
  %r = linalg.conv_1d_ncw_fcw ins(%padded, %k : tensor<1x1x6xf32>, tensor<1x1x3xf32>)
    outs(%b : tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
  return %r : tensor<1x1x4xf32>
}

// -----

// A dimension of all three operands is a feature group.
// CHECK-LABEL: func.func @depthwise
// CHECK: stablehlo.reshape %{{.*}} : (tensor<6x3x3xf32>) -> tensor<6x1x3x3xf32>
// CHECK: stablehlo.convolution
// CHECK-SAME: feature_group_count = 6
func.func @depthwise(%x: tensor<1x6x5x5xf32>, %k: tensor<6x3x3xf32>) -> tensor<1x6x3x3xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<1x6x3x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<1x6x3x3xf32>) -> tensor<1x6x3x3xf32>
  %r = linalg.depthwise_conv_2d_nchw_chw ins(%x, %k : tensor<1x6x5x5xf32>, tensor<6x3x3xf32>)
    outs(%init : tensor<1x6x3x3xf32>) -> tensor<1x6x3x3xf32>
  return %r : tensor<1x6x3x3xf32>
}

// -----

// CHECK-LABEL: func.func @grouped
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x3x5x5xf32>, %[[K:.*]]: tensor<2x4x3x3x3xf32>)
// CHECK-DAG: %[[XF:.*]] = stablehlo.reshape %[[X]] : (tensor<1x2x3x5x5xf32>) -> tensor<1x6x5x5xf32>
// CHECK-DAG: %[[KF:.*]] = stablehlo.reshape %[[K]] : (tensor<2x4x3x3x3xf32>) -> tensor<8x3x3x3xf32>
// CHECK: %[[R:.*]] = stablehlo.convolution(%[[XF]], %[[KF]])
// CHECK-SAME: feature_group_count = 2
// CHECK: stablehlo.reshape %[[R]] : (tensor<1x8x3x3xf32>) -> tensor<1x2x4x3x3xf32>
func.func @grouped(%x: tensor<1x2x3x5x5xf32>, %k: tensor<2x4x3x3x3xf32>) -> tensor<1x2x4x3x3xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<1x2x4x3x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<1x2x4x3x3xf32>) -> tensor<1x2x4x3x3xf32>
  %r = linalg.conv_2d_ngchw_gfchw ins(%x, %k : tensor<1x2x3x5x5xf32>, tensor<2x4x3x3x3xf32>)
    outs(%init : tensor<1x2x4x3x3xf32>) -> tensor<1x2x4x3x3xf32>
  return %r : tensor<1x2x4x3x3xf32>
}

// -----

// CHECK-LABEL: func.func @max_pool
// CHECK: "stablehlo.reduce_window"
// CHECK-SAME: window_dimensions = array<i64: 1, 1, 2, 2>, window_strides = array<i64: 1, 1, 2, 2>
// CHECK: stablehlo.maximum
func.func @max_pool(%x: tensor<1x2x6x6xf32>) -> tensor<1x2x3x3xf32> {
  %low = arith.constant 0xFF800000 : f32
  %window = tensor.empty() : tensor<2x2xf32>
  %empty = tensor.empty() : tensor<1x2x3x3xf32>
  %init = linalg.fill ins(%low : f32) outs(%empty : tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %r = linalg.pooling_nchw_max {dilations = dense<1> : vector<2xi64>, strides = dense<2> : vector<2xi64>}
    ins(%x, %window : tensor<1x2x6x6xf32>, tensor<2x2xf32>)
    outs(%init : tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  return %r : tensor<1x2x3x3xf32>
}

// -----

// What no window reads goes first: StableHLO would find one more window.
// CHECK-LABEL: func.func @unread
// CHECK: stablehlo.slice %{{.*}} [0:1, 0:1, 0:4] : (tensor<1x1x9xf32>) -> tensor<1x1x4xf32>
// CHECK: "stablehlo.reduce_window"
func.func @unread(%x: tensor<1x1x9xf32>) -> tensor<1x1x2xf32> {
  %zero = arith.constant 0.0 : f32
  %window = tensor.empty() : tensor<2xf32>
  %empty = tensor.empty() : tensor<1x1x2xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<1x1x2xf32>) -> tensor<1x1x2xf32>
  %r = linalg.pooling_ncw_sum {dilations = dense<1> : vector<1xi64>, strides = dense<2> : vector<1xi64>}
    ins(%x, %window : tensor<1x1x9xf32>, tensor<2xf32>)
    outs(%init : tensor<1x1x2xf32>) -> tensor<1x1x2xf32>
  return %r : tensor<1x1x2xf32>
}

// -----

// Zeros between the elements, too: a transposed convolution.
// CHECK-LABEL: func.func @spread
// CHECK-NOT: stablehlo.pad
// CHECK: stablehlo.convolution(%arg0, %arg1)
// CHECK-SAME: window = {pad = {{\[\[}}2, 2], [1, 2]], lhs_dilate = [2, 3]}
func.func @spread(%x: tensor<1x1x3x3xf32>, %w: tensor<2x1x3x3xf32>) -> tensor<1x2x7x8xf32> {
  %zeros = arith.constant dense<0.0> : tensor<1x1x9x10xf32>
  %c = arith.constant dense<0.0> : tensor<1x2x7x8xf32>
  %p = tensor.insert_slice %x into %zeros[0, 0, 2, 1] [1, 1, 3, 3] [1, 1, 2, 3] : tensor<1x1x3x3xf32> into tensor<1x1x9x10xf32>
  %0 = linalg.conv_2d_nchw_fchw ins(%p, %w : tensor<1x1x9x10xf32>, tensor<2x1x3x3xf32>) outs(%c : tensor<1x2x7x8xf32>) -> tensor<1x2x7x8xf32>
  return %0 : tensor<1x2x7x8xf32>
}
