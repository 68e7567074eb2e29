// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s --orchestra-pad-operands | FileCheck %s

#x = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1 + d4, d2 + d5, d6)>
#w = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d3, d4, d5, d6)>
#y = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1, d2, d3)>
// CHECK-LABEL: func.func @convolution(
// CHECK: %[[P:.*]] = tensor.pad %arg0 {{.*}}
// CHECK: {orchestra.in_kernel}
// CHECK: linalg.generic {{.*}} ins(%[[P]],
func.func @convolution(%x: tensor<1x7x7x64xf16>, %w: tensor<32x3x3x64xf16>, %i: tensor<1x7x7x32xf32>) -> tensor<1x7x7x32xf32> {
  %z = arith.constant 0.0 : f16
  %p = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %z : f16
  } : tensor<1x7x7x64xf16> to tensor<1x9x9x64xf16>
  %r = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%p, %w : tensor<1x9x9x64xf16>, tensor<32x3x3x64xf16>) outs(%i : tensor<1x7x7x32xf32>) {
  ^bb0(%a: f16, %b: f16, %o: f32):
    %c = arith.extf %a : f16 to f32
    %d = arith.extf %b : f16 to f32
    %m = arith.mulf %c, %d : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<1x7x7x32xf32>
  return %r : tensor<1x7x7x32xf32>
}

// Another frame than zeros, or channels that no tensor map reads, stay outside.
// CHECK-LABEL: func.func @outside(
// CHECK-NOT: orchestra.in_kernel
// CHECK: return
func.func @outside(%x: tensor<1x7x7x64xf16>, %v: tensor<1x7x7x3xf16>, %w: tensor<32x3x3x64xf16>, %u: tensor<32x3x3x3xf16>, %i: tensor<1x7x7x32xf32>) -> (tensor<1x7x7x32xf32>, tensor<1x7x7x32xf32>) {
  %one = arith.constant 1.0 : f16
  %z = arith.constant 0.0 : f16
  %p = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %one : f16
  } : tensor<1x7x7x64xf16> to tensor<1x9x9x64xf16>
  %q = tensor.pad %v low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %z : f16
  } : tensor<1x7x7x3xf16> to tensor<1x9x9x3xf16>
  %r = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%p, %w : tensor<1x9x9x64xf16>, tensor<32x3x3x64xf16>) outs(%i : tensor<1x7x7x32xf32>) {
  ^bb0(%a: f16, %b: f16, %o: f32):
    %c = arith.mulf %a, %b : f16
    %d = arith.extf %c : f16 to f32
    %s = arith.addf %o, %d : f32
    linalg.yield %s : f32
  } -> tensor<1x7x7x32xf32>
  %t = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%q, %u : tensor<1x9x9x3xf16>, tensor<32x3x3x3xf16>) outs(%i : tensor<1x7x7x32xf32>) {
  ^bb0(%a: f16, %b: f16, %o: f32):
    %c = arith.mulf %a, %b : f16
    %d = arith.extf %c : f16 to f32
    %s = arith.addf %o, %d : f32
    linalg.yield %s : f32
  } -> tensor<1x7x7x32xf32>
  return %r, %t : tensor<1x7x7x32xf32>, tensor<1x7x7x32xf32>
}

// The frame of a pooling is elementwise: clamped reads, and a choice.
// CHECK-LABEL: func.func @pooling(
// CHECK: %[[P:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x9x9x64xf16>)
// CHECK:   arith.cmpi ult, %{{.*}}, %c7
// CHECK:   tensor.extract %arg0
// CHECK:   arith.select
// CHECK: linalg.generic {{.*}} ins(%[[P]], %
func.func @pooling(%x: tensor<1x7x7x64xf16>, %i: tensor<1x7x7x64xf16>) -> tensor<1x7x7x64xf16> {
  %low = arith.constant 0xFC00 : f16
  %p = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %low : f16
  } : tensor<1x7x7x64xf16> to tensor<1x9x9x64xf16>
  %k = tensor.empty() : tensor<3x3xf16>
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1 + d4, d2 + d5, d3)>, affine_map<(d0, d1, d2, d3, d4, d5) -> (d4, d5)>, affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]} ins(%p, %k : tensor<1x9x9x64xf16>, tensor<3x3xf16>) outs(%i : tensor<1x7x7x64xf16>) {
  ^bb0(%a: f16, %b: f16, %o: f16):
    %m = arith.maximumf %o, %a : f16
    linalg.yield %m : f16
  } -> tensor<1x7x7x64xf16>
  return %r : tensor<1x7x7x64xf16>
}
