// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --pass-pipeline="builtin.module(func.func(orchestra-channels-last{in-memory=true}))" | FileCheck %s

// Channels of picture and filter are innermost in memory; zeros around the
// picture stay outermost.
// CHECK-LABEL: func.func @narrow(
// CHECK-SAME:    %[[X:.*]]: tensor<1x64x7x7xf16>, %[[W:.*]]: tensor<32x64x3x3xf16>)
// CHECK-DAG: %[[F:.*]] = linalg.transpose ins(%[[W]] : {{.*}}) outs(%{{.*}} : tensor<32x3x3x64xf16>) permutation = [0, 2, 3, 1]
// CHECK-DAG: %[[T:.*]] = linalg.transpose ins(%[[X]] : {{.*}}) outs(%{{.*}} : tensor<1x7x7x64xf16>) permutation = [0, 2, 3, 1]
// CHECK: %[[P:.*]] = tensor.pad %[[T]] low[0, 1, 1, 0] high[0, 1, 1, 0]
// CHECK: linalg.generic {{.*}} ins(%[[P]], %[[F]] : tensor<1x9x9x64xf16>, tensor<32x3x3x64xf16>)
func.func @narrow(%x: tensor<1x64x7x7xf16>, %w: tensor<32x64x3x3xf16>) -> tensor<1x32x7x7xf32> {
  %z = arith.constant 0.0 : f16
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %z : f16
  } : tensor<1x64x7x7xf16> to tensor<1x64x9x9xf16>
  %e = tensor.empty() : tensor<1x32x7x7xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x32x7x7xf32>) -> tensor<1x32x7x7xf32>
  %r = linalg.conv_2d_nchw_fchw ins(%p, %w : tensor<1x64x9x9xf16>, tensor<32x64x3x3xf16>) outs(%f : tensor<1x32x7x7xf32>) -> tensor<1x32x7x7xf32>
  return %r : tensor<1x32x7x7xf32>
}

// f32 is read in the order it lies in.
// CHECK-LABEL: func.func @wide(
// CHECK: linalg.generic {{.*}} ins(%arg0, %arg1 : tensor<1x64x9x9xf32>, tensor<32x64x3x3xf32>)
func.func @wide(%x: tensor<1x64x9x9xf32>, %w: tensor<32x64x3x3xf32>) -> tensor<1x32x7x7xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x32x7x7xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x32x7x7xf32>) -> tensor<1x32x7x7xf32>
  %r = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<1x64x9x9xf32>, tensor<32x64x3x3xf32>) outs(%f : tensor<1x32x7x7xf32>) -> tensor<1x32x7x7xf32>
  return %r : tensor<1x32x7x7xf32>
}

// A product of transposed weights keeps its name; the weights are folded later.
// CHECK-LABEL: func.func @weights(
// CHECK: linalg.matmul
// CHECK-NOT: linalg.generic
func.func @weights(%x: tensor<4x3xf16>, %i: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf16>
  %e = tensor.empty() : tensor<3x2xf16>
  %t = linalg.transpose ins(%w : tensor<2x3xf16>) outs(%e : tensor<3x2xf16>) permutation = [1, 0]
  %r = linalg.matmul ins(%x, %t : tensor<4x3xf16>, tensor<3x2xf16>) outs(%i : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %r : tensor<4x2xf32>
}
