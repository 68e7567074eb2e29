// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --orchestra-gather-windows | FileCheck %s

// Three channels, windows two pixels apart: four channels make them begin at
// multiples of 16 bytes; eight columns of a window and 38 of the picture make rows
// end there. What is above and below the picture stays a frame.
// CHECK-LABEL: func.func @stem(
// CHECK-SAME:    %[[X:.*]]: tensor<1x3x32x32xf16>, %[[W:.*]]: tensor<64x3x7x7xf16>)
// CHECK: %[[G:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x32x38x4xf16>)
// CHECK:   tensor.extract %[[X]]
// CHECK:   arith.select
// CHECK: %[[P:.*]] = tensor.pad %[[G]] low[0, 3, 0, 0] high[0, 3, 0, 0]
// CHECK: %[[Q:.*]] = tensor.pad %[[W]] low[0, 0, 0, 0] high[0, 1, 0, 1]
// CHECK: %[[F:.*]] = linalg.transpose ins(%[[Q]] : tensor<64x4x7x8xf16>) outs(%{{.*}} : tensor<64x7x8x4xf16>) permutation = [0, 2, 3, 1]
// CHECK: linalg.generic {{.*}} ins(%[[P]], %[[F]] : tensor<1x38x38x4xf16>, tensor<64x7x8x4xf16>) outs(%{{.*}} : tensor<1x16x16x64xf32>)
// CHECK: linalg.transpose {{.*}} permutation = [0, 3, 1, 2]
func.func @stem(%x: tensor<1x3x32x32xf16>, %w: tensor<64x3x7x7xf16>) -> tensor<1x64x16x16xf32> {
  %z = arith.constant 0.0 : f16
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, 0, 3, 3] high[0, 0, 3, 3] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %z : f16
  } : tensor<1x3x32x32xf16> to tensor<1x3x38x38xf16>
  %e = tensor.empty() : tensor<1x64x16x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x64x16x16xf32>) -> tensor<1x64x16x16xf32>
  %r = linalg.conv_2d_nchw_fchw {strides = dense<2> : vector<2xi64>, dilations = dense<1> : vector<2xi64>} ins(%p, %w : tensor<1x3x38x38xf16>, tensor<64x3x7x7xf16>) outs(%f : tensor<1x64x16x16xf32>) -> tensor<1x64x16x16xf32>
  return %r : tensor<1x64x16x16xf32>
}

// Windows too far apart for a tensor map: a row of the matrix for each.
// CHECK-LABEL: func.func @patches(
// CHECK-SAME:    %[[X:.*]]: tensor<2x8x32x32xf16>, %[[W:.*]]: tensor<64x8x16x16xf16>)
// CHECK: %[[G:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<2x2x2x8x16x16xf16>)
// CHECK:   tensor.extract %[[X]]
// CHECK: %[[M:.*]] = tensor.collapse_shape %[[G]] {{\[\[}}0, 1, 2], [3, 4, 5]] {{.*}} into tensor<8x2048xf16>
// CHECK: %[[F:.*]] = tensor.collapse_shape %[[W]] {{\[\[}}0], [1, 2, 3]] {{.*}} into tensor<64x2048xf16>
// CHECK: linalg.generic {{.*}} ins(%[[M]], %[[F]] :
// CHECK: tensor.expand_shape {{.*}} into tensor<2x2x2x64xf32>
// CHECK: linalg.transpose {{.*}} permutation = [0, 3, 1, 2]
func.func @patches(%x: tensor<2x8x32x32xf16>, %w: tensor<64x8x16x16xf16>) -> tensor<2x64x2x2xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x64x2x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x64x2x2xf32>) -> tensor<2x64x2x2xf32>
  %r = linalg.conv_2d_nchw_fchw {strides = dense<16> : vector<2xi64>, dilations = dense<1> : vector<2xi64>} ins(%x, %w : tensor<2x8x32x32xf16>, tensor<64x8x16x16xf16>) outs(%f : tensor<2x64x2x2xf32>) -> tensor<2x64x2x2xf32>
  return %r : tensor<2x64x2x2xf32>
}

// Too far apart, and of few elements: rows and filters are widened.
// CHECK-LABEL: func.func @far(
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2x2x1x3x8xf16>)
// CHECK: tensor.pad %{{.*}} low[0, 0, 0, 0] high[0, 0, 0, 5]
// CHECK: linalg.generic {{.*}} : tensor<4x24xf16>, tensor<8x24xf16>)
func.func @far(%x: tensor<1x1x12x12xf16>, %w: tensor<8x1x3x3xf16>) -> tensor<1x8x2x2xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x8x2x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x8x2x2xf32>) -> tensor<1x8x2x2xf32>
  %r = linalg.conv_2d_nchw_fchw {strides = dense<9> : vector<2xi64>, dilations = dense<1> : vector<2xi64>} ins(%x, %w : tensor<1x1x12x12xf16>, tensor<8x1x3x3xf16>) outs(%f : tensor<1x8x2x2xf32>) -> tensor<1x8x2x2xf32>
  return %r : tensor<1x8x2x2xf32>
}

// Pixels that tensor maps read, and f32, stay.
// CHECK-LABEL: func.func @others(
// CHECK-NOT: linalg.generic
// CHECK-COUNT-2: linalg.conv_2d_nchw_fchw
// CHECK-NOT: linalg.generic
func.func @others(%x: tensor<1x8x9x9xf16>, %w: tensor<8x8x3x3xf16>, %y: tensor<1x3x9x9xf32>, %v: tensor<8x3x3x3xf32>) -> (tensor<1x8x7x7xf32>, tensor<1x8x7x7xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x8x7x7xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x8x7x7xf32>) -> tensor<1x8x7x7xf32>
  %r = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<1x8x9x9xf16>, tensor<8x8x3x3xf16>) outs(%f : tensor<1x8x7x7xf32>) -> tensor<1x8x7x7xf32>
  %s = linalg.conv_2d_nchw_fchw ins(%y, %v : tensor<1x3x9x9xf32>, tensor<8x3x3x3xf32>) outs(%f : tensor<1x8x7x7xf32>) -> tensor<1x8x7x7xf32>
  return %r, %s : tensor<1x8x7x7xf32>, tensor<1x8x7x7xf32>
}
