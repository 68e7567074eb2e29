// Convolutions and poolings with channels innermost.
// RUN: orchestra-opt %s --pass-pipeline="builtin.module(func.func(orchestra-channels-last))" | FileCheck %s

// The image is read as it lies; the result is computed with channels innermost
// and goes back by one transpose.
// CHECK-LABEL: func.func @conv(
// CHECK-SAME:    %[[X:.*]]: tensor<2x3x8x8xf32>, %[[W:.*]]: tensor<16x3x3x3xf32>)
func.func @conv(%x: tensor<2x3x8x8xf32>, %w: tensor<16x3x3x3xf32>) -> tensor<2x16x6x6xf32> {
  // CHECK-NOT: linalg.conv_2d
  // CHECK: %[[R:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[W]] : {{.*}}) outs(%{{.*}} : tensor<2x6x6x16xf32>)
  // CHECK: %[[T:.*]] = linalg.transpose ins(%[[R]] : tensor<2x6x6x16xf32>) outs(%{{.*}} : tensor<2x16x6x6xf32>) permutation = [0, 3, 1, 2]
  // CHECK: return %[[T]]
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x16x6x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x16x6x6xf32>) -> tensor<2x16x6x6xf32>
  %r = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<2x3x8x8xf32>, tensor<16x3x3x3xf32>)
      outs(%f : tensor<2x16x6x6xf32>) -> tensor<2x16x6x6xf32>
  return %r : tensor<2x16x6x6xf32>
}

// A dynamic batch stays.
// CHECK-LABEL: func.func @pool(
func.func @pool(%x: tensor<?x5x8x8xf32>, %d: index) -> tensor<?x5x4x4xf32> {
  // CHECK-NOT: linalg.pooling
  // CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<?x4x4x5xf32>)
  // CHECK:   arith.maximumf
  // CHECK: linalg.transpose {{.*}} outs(%{{.*}} : tensor<?x5x4x4xf32>) permutation = [0, 3, 1, 2]
  %low = arith.constant 0xFF800000 : f32
  %e = tensor.empty(%d) : tensor<?x5x4x4xf32>
  %k = tensor.empty() : tensor<2x2xf32>
  %f = linalg.fill ins(%low : f32) outs(%e : tensor<?x5x4x4xf32>) -> tensor<?x5x4x4xf32>
  %r = linalg.pooling_nchw_max {strides = dense<2> : vector<2xi64>}
      ins(%x, %k : tensor<?x5x8x8xf32>, tensor<2x2xf32>)
      outs(%f : tensor<?x5x4x4xf32>) -> tensor<?x5x4x4xf32>
  return %r : tensor<?x5x4x4xf32>
}

// Between two convolutions the transposes meet and cancel: one is left, behind.
// CHECK-LABEL: func.func @two(
func.func @two(%x: tensor<1x4x8x8xf32>, %v: tensor<5x4x3x3xf32>, %w: tensor<6x5x3x3xf32>) -> tensor<1x6x4x4xf32> {
  // CHECK-NOT: linalg.transpose
  // CHECK: %[[A:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x6x6x5xf32>)
  // CHECK-NOT: linalg.transpose
  // CHECK: linalg.generic {{.*}} ins(%[[A]], %{{.*}}) outs(%{{.*}} : tensor<1x4x4x6xf32>)
  // CHECK: linalg.transpose
  // CHECK-NOT: linalg.transpose
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x5x6x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x5x6x6xf32>) -> tensor<1x5x6x6xf32>
  %a = linalg.conv_2d_nchw_fchw ins(%x, %v : tensor<1x4x8x8xf32>, tensor<5x4x3x3xf32>)
      outs(%f : tensor<1x5x6x6xf32>) -> tensor<1x5x6x6xf32>
  %e2 = tensor.empty() : tensor<1x6x4x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<1x6x4x4xf32>) -> tensor<1x6x4x4xf32>
  %b = linalg.conv_2d_nchw_fchw ins(%a, %w : tensor<1x5x6x6xf32>, tensor<6x5x3x3xf32>)
      outs(%f2 : tensor<1x6x4x4xf32>) -> tensor<1x6x4x4xf32>
  return %b : tensor<1x6x4x4xf32>
}

// A 1x1 convolution without stride is a matmul: three loops.
// CHECK-LABEL: func.func @pointwise(
func.func @pointwise(%x: tensor<1x8x4x4xf32>, %w: tensor<24x8x1x1xf32>) -> tensor<1x24x4x4xf32> {
  // CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]} ins(%{{.*}}, %{{.*}} : tensor<16x8xf32>, tensor<24x8xf32>) outs(%{{.*}} : tensor<16x24xf32>)
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x24x4x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x24x4x4xf32>) -> tensor<1x24x4x4xf32>
  %r = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<1x8x4x4xf32>, tensor<24x8x1x1xf32>)
      outs(%f : tensor<1x24x4x4xf32>) -> tensor<1x24x4x4xf32>
  return %r : tensor<1x24x4x4xf32>
}

// -----

// A shuffle of channels between convolutions stays with channels last: a
// transpose of the last two dimensions of a matrix of channels.
// CHECK-LABEL: func.func @shuffle
// CHECK:         %[[C:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x5x5x12xf32>)
// CHECK:         %[[M:.*]] = tensor.expand_shape %[[C]] {{\[\[}}0], [1], [2], [3, 4]] {{.*}} into tensor<1x5x5x3x4xf32>
// CHECK:         %[[T:.*]] = linalg.transpose ins(%[[M]] {{.*}} permutation = [0, 1, 2, 4, 3]
// CHECK:         %[[F:.*]] = tensor.collapse_shape %[[T]] {{\[\[}}0], [1], [2], [3, 4]] : tensor<1x5x5x4x3xf32> into tensor<1x5x5x12xf32>
// CHECK:         %[[D:.*]] = linalg.generic {{.*}} ins(%[[F]],
// CHECK:         linalg.transpose ins(%[[D]] {{.*}} permutation = [0, 3, 1, 2]
func.func @shuffle(%x: tensor<1x8x7x7xf32>, %w: tensor<12x8x3x3xf32>, %d: tensor<12x3x3xf32>) -> tensor<1x12x3x3xf32> {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<1x12x5x5xf32>
  %e = linalg.fill ins(%zero : f32) outs(%e0 : tensor<1x12x5x5xf32>) -> tensor<1x12x5x5xf32>
  %c = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<1x8x7x7xf32>, tensor<12x8x3x3xf32>) outs(%e : tensor<1x12x5x5xf32>) -> tensor<1x12x5x5xf32>
  %m = tensor.expand_shape %c [[0], [1, 2], [3], [4]] output_shape [1, 3, 4, 5, 5] : tensor<1x12x5x5xf32> into tensor<1x3x4x5x5xf32>
  %et = tensor.empty() : tensor<1x4x3x5x5xf32>
  %t = linalg.transpose ins(%m : tensor<1x3x4x5x5xf32>) outs(%et : tensor<1x4x3x5x5xf32>) permutation = [0, 2, 1, 3, 4]
  %f = tensor.collapse_shape %t [[0], [1, 2], [3], [4]] : tensor<1x4x3x5x5xf32> into tensor<1x12x5x5xf32>
  %e1 = tensor.empty() : tensor<1x12x3x3xf32>
  %e2 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<1x12x3x3xf32>) -> tensor<1x12x3x3xf32>
  %r = linalg.depthwise_conv_2d_nchw_chw ins(%f, %d : tensor<1x12x5x5xf32>, tensor<12x3x3xf32>) outs(%e2 : tensor<1x12x3x3xf32>) -> tensor<1x12x3x3xf32>
  return %r : tensor<1x12x3x3xf32>
}

// -----

// Another permutation of the channels' parts and pictures is none.
// CHECK-LABEL: func.func @no_shuffle
// CHECK:         linalg.transpose {{.*}} permutation = [0, 3, 1, 2]
// CHECK:         tensor.expand_shape
// CHECK:         linalg.transpose {{.*}} permutation = [0, 3, 1, 2, 4]
func.func @no_shuffle(%x: tensor<1x8x7x7xf32>, %w: tensor<12x8x3x3xf32>) -> tensor<1x15x4x5xf32> {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<1x12x5x5xf32>
  %e = linalg.fill ins(%zero : f32) outs(%e0 : tensor<1x12x5x5xf32>) -> tensor<1x12x5x5xf32>
  %c = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<1x8x7x7xf32>, tensor<12x8x3x3xf32>) outs(%e : tensor<1x12x5x5xf32>) -> tensor<1x12x5x5xf32>
  %m = tensor.expand_shape %c [[0], [1, 2], [3], [4]] output_shape [1, 3, 4, 5, 5] : tensor<1x12x5x5xf32> into tensor<1x3x4x5x5xf32>
  %et = tensor.empty() : tensor<1x5x3x4x5xf32>
  %t = linalg.transpose ins(%m : tensor<1x3x4x5x5xf32>) outs(%et : tensor<1x5x3x4x5xf32>) permutation = [0, 3, 1, 2, 4]
  %f = tensor.collapse_shape %t [[0], [1, 2], [3], [4]] : tensor<1x5x3x4x5xf32> into tensor<1x15x4x5xf32>
  return %f : tensor<1x15x4x5xf32>
}
