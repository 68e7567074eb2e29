// What stays with channels first.
// RUN: orchestra-opt %s --pass-pipeline="builtin.module(func.func(orchestra-channels-last))" | FileCheck %s

// CHECK-NOT: linalg.transpose

// Onto a value that is there already.
// CHECK-LABEL: func.func @accumulates(
func.func @accumulates(%x: tensor<2x3x8x8xf32>, %w: tensor<16x3x3x3xf32>, %f: tensor<2x16x6x6xf32>) -> tensor<2x16x6x6xf32> {
  // CHECK: linalg.conv_2d_nchw_fchw
  %r = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<2x3x8x8xf32>, tensor<16x3x3x3xf32>)
      outs(%f : tensor<2x16x6x6xf32>) -> tensor<2x16x6x6xf32>
  return %r : tensor<2x16x6x6xf32>
}

// CHECK-LABEL: func.func @buffers(
func.func @buffers(%x: memref<2x3x8x8xf32>, %w: memref<16x3x3x3xf32>, %f: memref<2x16x6x6xf32>) {
  // CHECK: linalg.conv_2d_nchw_fchw
  linalg.conv_2d_nchw_fchw ins(%x, %w : memref<2x3x8x8xf32>, memref<16x3x3x3xf32>)
      outs(%f : memref<2x16x6x6xf32>)
  return
}
