// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --orchestra-nvidia-flatten-convolutions | FileCheck %s

// A frame of one pixel: windows begin outside of the picture. Rows of the result
// are pixels, its bias one a column.
// CHECK-LABEL: func.func private @framed(
//  CHECK-SAME:   %[[X:.*]]: tensor<1x14x14x64xf16>, %[[W:.*]]: tensor<128x3x3x64xf16>, %[[B:.*]]: tensor<128xf32>, %[[O:.*]]: tensor<1x14x14x128xf32>)
//       CHECK:   %[[M:.*]] = nvtile.im2col %[[X]] windows = <sizes = [3, 3], strides = [1, 1], dilations = [1, 1], low = [1, 1], counts = [14, 14], channels = 64> : tensor<1x14x14x64xf16> -> tensor<196x576xf16>
//       CHECK:   %[[F:.*]] = tensor.collapse_shape %[[W]] {{\[\[}}0], [1, 2, 3]]
//   CHECK-NOT:   tensor.pad
//       CHECK:   %[[R:.*]] = linalg.generic {{.*}} ins(%[[M]], %[[F]] : tensor<196x576xf16>, tensor<128x576xf16>)
//       CHECK:   %[[V:.*]] = linalg.generic {{.*}} ins(%[[R]], %[[B]] : tensor<196x128xf32>, tensor<128xf32>)
//       CHECK:   tensor.expand_shape %[[V]] {{\[\[}}0, 1, 2], [3]]
func.func private @framed(%x: tensor<1x14x14x64xf16>, %w: tensor<128x3x3x64xf16>, %bias: tensor<128xf32>, %out: tensor<1x14x14x128xf32>) -> tensor<1x14x14x128xf32> attributes {orchestra.kernel, orchestra.kind = "contraction"} {
  %zero = arith.constant 0.0 : f32
  %z = arith.constant 0.0 : f16
  %x1 = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %z : f16
  } : tensor<1x14x14x64xf16> to tensor<1x16x16x64xf16>
  %e = tensor.empty() : tensor<1x14x14x128xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x14x14x128xf32>) -> tensor<1x14x14x128xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1 + d4, d2 + d5, d6)>, affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d3, d4, d5, d6)>, affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x1, %w : tensor<1x16x16x64xf16>, tensor<128x3x3x64xf16>) outs(%f : tensor<1x14x14x128xf32>) {
  ^bb0(%a: f16, %b: f16, %o: f32):
    %p = arith.extf %a : f16 to f32
    %q = arith.extf %b : f16 to f32
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<1x14x14x128xf32>
  %v = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%r, %bias : tensor<1x14x14x128xf32>, tensor<128xf32>) outs(%out : tensor<1x14x14x128xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<1x14x14x128xf32>
  return %v : tensor<1x14x14x128xf32>
}

// Strides, dilations and more pictures; channels that fill no panel: those of
// filters are widened in the same way, each being a picture of one window.
// CHECK-LABEL: func.func private @ragged(
//   CHECK-DAG:   nvtile.im2col %{{.*}} windows = <sizes = [3, 2], strides = [2, 1], dilations = [1, 3], low = [0, 0], counts = [3, 6], channels = 64> : tensor<2x7x9x24xf16> -> tensor<36x384xf16>
//   CHECK-DAG:   nvtile.im2col %{{.*}} windows = <sizes = [3, 2], strides = [1, 1], dilations = [1, 1], low = [0, 0], counts = [1, 1], channels = 64> : tensor<32x3x2x24xf16> -> tensor<32x384xf16>
//       CHECK:   return
func.func private @ragged(%x: tensor<2x7x9x24xf16>, %w: tensor<32x3x2x24xf16>, %bias: tensor<32xf32>, %out: tensor<2x3x6x32xf32>) -> tensor<2x3x6x32xf32> attributes {orchestra.kernel, orchestra.kind = "contraction"} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x3x6x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x3x6x32xf32>) -> tensor<2x3x6x32xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1 * 2 + d4, d2 + d5 * 3, d6)>, affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d3, d4, d5, d6)>, affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %w : tensor<2x7x9x24xf16>, tensor<32x3x2x24xf16>) outs(%f : tensor<2x3x6x32xf32>) {
  ^bb0(%a: f16, %b: f16, %o: f32):
    %p = arith.extf %a : f16 to f32
    %q = arith.extf %b : f16 to f32
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<2x3x6x32xf32>
  %v = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%r, %bias : tensor<2x3x6x32xf32>, tensor<32xf32>) outs(%out : tensor<2x3x6x32xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<2x3x6x32xf32>
  return %v : tensor<2x3x6x32xf32>
}

// Pixels of 8 bytes: the columns of a window are one pixel, of pictures and of
// filters.
// CHECK-LABEL: func.func private @joined(
//   CHECK-DAG:   nvtile.im2col %{{.*}} windows = <sizes = [3, 1], strides = [1, 2], dilations = [1, 1], low = [0, 0], counts = [7, 5], channels = 64, joined = 4> : tensor<2x9x12x4xf16> -> tensor<70x192xf16>
//   CHECK-DAG:   nvtile.im2col %{{.*}} windows = <sizes = [3, 1], strides = [1, 4], dilations = [1, 1], low = [0, 0], counts = [1, 1], channels = 64, joined = 4> : tensor<32x3x4x4xf16> -> tensor<32x192xf16>
//       CHECK:   return
func.func private @joined(%x: tensor<2x9x12x4xf16>, %w: tensor<32x3x4x4xf16>, %bias: tensor<32xf32>, %out: tensor<2x7x5x32xf32>) -> tensor<2x7x5x32xf32> attributes {orchestra.kernel, orchestra.kind = "contraction"} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x7x5x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x7x5x32xf32>) -> tensor<2x7x5x32xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1 + d4, d2 * 2 + d5, d6)>, affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d3, d4, d5, d6)>, affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %w : tensor<2x9x12x4xf16>, tensor<32x3x4x4xf16>) outs(%f : tensor<2x7x5x32xf32>) {
  ^bb0(%a: f16, %b: f16, %o: f32):
    %p = arith.extf %a : f16 to f32
    %q = arith.extf %b : f16 to f32
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<2x7x5x32xf32>
  %v = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%r, %bias : tensor<2x7x5x32xf32>, tensor<32xf32>) outs(%out : tensor<2x7x5x32xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<2x7x5x32xf32>
  return %v : tensor<2x7x5x32xf32>
}

// One pixel a window, and all of them: rows are the picture's own.
// CHECK-LABEL: func.func private @pointwise(
//       CHECK:   tensor.collapse_shape %{{.*}} {{\[\[}}0, 1, 2], [3]] : tensor<2x7x7x64xf16> into tensor<98x64xf16>
//   CHECK-NOT:   nvtile.im2col
//       CHECK:   return
func.func private @pointwise(%x: tensor<2x7x7x64xf16>, %w: tensor<32x1x1x64xf16>, %bias: tensor<32xf32>, %out: tensor<2x7x7x32xf32>) -> tensor<2x7x7x32xf32> attributes {orchestra.kernel, orchestra.kind = "contraction"} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x7x7x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x7x7x32xf32>) -> tensor<2x7x7x32xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1 + d4, d2 + d5, d6)>, affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d3, d4, d5, d6)>, affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %w : tensor<2x7x7x64xf16>, tensor<32x1x1x64xf16>) outs(%f : tensor<2x7x7x32xf32>) {
  ^bb0(%a: f16, %b: f16, %o: f32):
    %p = arith.extf %a : f16 to f32
    %q = arith.extf %b : f16 to f32
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<2x7x7x32xf32>
  %v = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%r, %bias : tensor<2x7x7x32xf32>, tensor<32xf32>) outs(%out : tensor<2x7x7x32xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<2x7x7x32xf32>
  return %v : tensor<2x7x7x32xf32>
}

// Filters innermost: the second matrix is not transposed.
// CHECK-LABEL: func.func private @filters_last(
//       CHECK:   tensor.collapse_shape %{{.*}} {{\[\[}}0, 1, 2], [3]] : tensor<3x3x64x32xf16> into tensor<576x32xf16>
//       CHECK:   return
func.func private @filters_last(%x: tensor<1x9x9x64xf16>, %w: tensor<3x3x64x32xf16>, %bias: tensor<32xf32>, %out: tensor<1x7x7x32xf32>) -> tensor<1x7x7x32xf32> attributes {orchestra.kernel, orchestra.kind = "contraction"} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x7x7x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x7x7x32xf32>) -> tensor<1x7x7x32xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1 + d4, d2 + d5, d6)>, affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d4, d5, d6, d3)>, affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %w : tensor<1x9x9x64xf16>, tensor<3x3x64x32xf16>) outs(%f : tensor<1x7x7x32xf32>) {
  ^bb0(%a: f16, %b: f16, %o: f32):
    %p = arith.extf %a : f16 to f32
    %q = arith.extf %b : f16 to f32
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<1x7x7x32xf32>
  %v = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%r, %bias : tensor<1x7x7x32xf32>, tensor<32xf32>) outs(%out : tensor<1x7x7x32xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<1x7x7x32xf32>
  return %v : tensor<1x7x7x32xf32>
}
