// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Attention of models in 16 bits: products of these with results of f32, rounded
// after every op. The new op does without the roundings in between.
// RUN: orchestra-opt %s --orchestra-raise-attention=narrow --canonicalize --split-input-file | FileCheck %s
// RUN: orchestra-opt %s --orchestra-raise-attention --split-input-file | FileCheck %s --check-prefix=WIDE

// Other targets compute them as they are.
// WIDE-NOT: linalg_ext

#all = affine_map<(a, b, c, d) -> (a, b, c, d)>
#one = affine_map<(a, b, c, d) -> ()>
#rows = affine_map<(a, b, c, d) -> (a, b, c)>
#keys = affine_map<(a, b, c, d) -> (a, d)>
#square = affine_map<(a, b, c, d) -> (c, d)>

// A layer of an encoder: a mask of keys is added, heads are made and undone by
// reshapes and transposes, and the scale is the rounded root.
// CHECK-LABEL: func.func @encoder
// CHECK: %[[C:.*]] = arith.constant 0.353{{[0-9]*}} : f32
// CHECK-NOT: batch_matmul
// CHECK-NOT: arith.truncf
// CHECK: linalg_ext.attention {{.*}} : tensor<4x2x8xf16>, tensor<4x2x8xf16>, tensor<4x2x8xf16>) scale(%[[C]] : f32) mask(%{{.*}} : tensor<4xf16>) outs(%{{.*}} : tensor<4x2x8xf16>) -> tensor<4x2x8xf16>
// CHECK-NOT: arith.truncf
// CHECK: return
func.func @encoder(%q: tensor<1x4x16xf16>, %k: tensor<1x4x16xf16>, %v: tensor<1x4x16xf16>, %m: tensor<1x4xf16>) -> tensor<1x4x16xf16> {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %c = arith.constant dense<2.828> : tensor<f16>
  %q4 = tensor.expand_shape %q [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %k4 = tensor.expand_shape %k [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %v4 = tensor.expand_shape %v [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %eh = tensor.empty() : tensor<1x2x4x8xf16>
  %ek = tensor.empty() : tensor<1x2x8x4xf16>
  %er = tensor.empty() : tensor<1x4x2x8xf16>
  %es = tensor.empty() : tensor<1x2x4x4xf16>
  %ew = tensor.empty() : tensor<1x2x4x4xf32>
  %ef = tensor.empty() : tensor<1x2x4xf32>
  %ep = tensor.empty() : tensor<2x4x4xf32>
  %ev = tensor.empty() : tensor<2x4x8xf32>
  %ej = tensor.empty() : tensor<1x2x4x8xf16>
  %qt = linalg.transpose ins(%q4 : tensor<1x4x2x8xf16>) outs(%eh : tensor<1x2x4x8xf16>) permutation = [0, 2, 1, 3]
  %kt = linalg.transpose ins(%k4 : tensor<1x4x2x8xf16>) outs(%ek : tensor<1x2x8x4xf16>) permutation = [0, 2, 3, 1]
  %vt = linalg.transpose ins(%v4 : tensor<1x4x2x8xf16>) outs(%eh : tensor<1x2x4x8xf16>) permutation = [0, 2, 1, 3]
  %q3 = tensor.collapse_shape %qt [[0, 1], [2], [3]] : tensor<1x2x4x8xf16> into tensor<2x4x8xf16>
  %k3 = tensor.collapse_shape %kt [[0, 1], [2], [3]] : tensor<1x2x8x4xf16> into tensor<2x8x4xf16>
  %v3 = tensor.collapse_shape %vt [[0, 1], [2], [3]] : tensor<1x2x4x8xf16> into tensor<2x4x8xf16>
  %fp = linalg.fill ins(%zero : f32) outs(%ep : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %p = linalg.batch_matmul ins(%q3, %k3 : tensor<2x4x8xf16>, tensor<2x8x4xf16>) outs(%fp : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %p4 = tensor.expand_shape %p [[0, 1], [2], [3]] output_shape [1, 2, 4, 4] : tensor<2x4x4xf32> into tensor<1x2x4x4xf32>
  %s0 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%p4 : tensor<1x2x4x4xf32>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s1 = linalg.generic {indexing_maps = [#all, #one, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s0, %c : tensor<1x2x4x4xf16>, tensor<f16>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f16, %b: f16, %o: f16):
    %x = arith.divf %a, %b : f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s2 = linalg.generic {indexing_maps = [#all, #keys, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s1, %m : tensor<1x2x4x4xf16>, tensor<1x4xf16>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f16, %b: f16, %o: f16):
    %x = arith.addf %a, %b : f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s2 : tensor<1x2x4x4xf16>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f16, %o: f32):
    %x = arith.extf %a : f16 to f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %fl = linalg.fill ins(%low : f32) outs(%ef : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %g = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%s : tensor<1x2x4x4xf32>) outs(%fl : tensor<1x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.maximumf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4xf32>
  %d = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s, %g : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.subf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %w = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%d : tensor<1x2x4x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = math.exp %a : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %fz = linalg.fill ins(%zero : f32) outs(%ef : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %n = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%w : tensor<1x2x4x4xf32>) outs(%fz : tensor<1x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.addf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4xf32>
  %m0 = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%w, %n : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.divf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %h = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%m0 : tensor<1x2x4x4xf32>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %h3 = tensor.collapse_shape %h [[0, 1], [2], [3]] : tensor<1x2x4x4xf16> into tensor<2x4x4xf16>
  %fv = linalg.fill ins(%zero : f32) outs(%ev : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %r = linalg.batch_matmul ins(%h3, %v3 : tensor<2x4x4xf16>, tensor<2x4x8xf16>) outs(%fv : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %r4 = tensor.expand_shape %r [[0, 1], [2], [3]] output_shape [1, 2, 4, 8] : tensor<2x4x8xf32> into tensor<1x2x4x8xf32>
  %rt = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%r4 : tensor<1x2x4x8xf32>) outs(%ej : tensor<1x2x4x8xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x8xf16>
  %y4 = linalg.transpose ins(%rt : tensor<1x2x4x8xf16>) outs(%er : tensor<1x4x2x8xf16>) permutation = [0, 2, 1, 3]
  %y = tensor.collapse_shape %y4 [[0], [1], [2, 3]] : tensor<1x4x2x8xf16> into tensor<1x4x16xf16>
  return %y : tensor<1x4x16xf16>
}

// -----

#all = affine_map<(a, b, c, d) -> (a, b, c, d)>
#one = affine_map<(a, b, c, d) -> ()>
#rows = affine_map<(a, b, c, d) -> (a, b, c)>
#keys = affine_map<(a, b, c, d) -> (a, d)>
#square = affine_map<(a, b, c, d) -> (c, d)>

// Of a decoder: the least number of f16 above the diagonal is a causal bound.
// CHECK-LABEL: func.func @decoder
// CHECK: %[[P:.*]] = arith.constant 0 : index
// CHECK: linalg_ext.attention
// CHECK-NOT: mask
// CHECK-SAME: causal(%[[P]])
func.func @decoder(%q: tensor<1x4x16xf16>, %k: tensor<1x4x16xf16>, %v: tensor<1x4x16xf16>) -> tensor<1x4x16xf16> {
  %m = arith.constant dense<[[0.0, -65504.0, -65504.0, -65504.0],
                             [0.0, 0.0, -65504.0, -65504.0],
                             [0.0, 0.0, 0.0, -65504.0],
                             [0.0, 0.0, 0.0, 0.0]]> : tensor<4x4xf16>
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %c = arith.constant dense<2.828> : tensor<f16>
  %q4 = tensor.expand_shape %q [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %k4 = tensor.expand_shape %k [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %v4 = tensor.expand_shape %v [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %eh = tensor.empty() : tensor<1x2x4x8xf16>
  %ek = tensor.empty() : tensor<1x2x8x4xf16>
  %er = tensor.empty() : tensor<1x4x2x8xf16>
  %es = tensor.empty() : tensor<1x2x4x4xf16>
  %ew = tensor.empty() : tensor<1x2x4x4xf32>
  %ef = tensor.empty() : tensor<1x2x4xf32>
  %ep = tensor.empty() : tensor<2x4x4xf32>
  %ev = tensor.empty() : tensor<2x4x8xf32>
  %ej = tensor.empty() : tensor<1x2x4x8xf16>
  %qt = linalg.transpose ins(%q4 : tensor<1x4x2x8xf16>) outs(%eh : tensor<1x2x4x8xf16>) permutation = [0, 2, 1, 3]
  %kt = linalg.transpose ins(%k4 : tensor<1x4x2x8xf16>) outs(%ek : tensor<1x2x8x4xf16>) permutation = [0, 2, 3, 1]
  %vt = linalg.transpose ins(%v4 : tensor<1x4x2x8xf16>) outs(%eh : tensor<1x2x4x8xf16>) permutation = [0, 2, 1, 3]
  %q3 = tensor.collapse_shape %qt [[0, 1], [2], [3]] : tensor<1x2x4x8xf16> into tensor<2x4x8xf16>
  %k3 = tensor.collapse_shape %kt [[0, 1], [2], [3]] : tensor<1x2x8x4xf16> into tensor<2x8x4xf16>
  %v3 = tensor.collapse_shape %vt [[0, 1], [2], [3]] : tensor<1x2x4x8xf16> into tensor<2x4x8xf16>
  %fp = linalg.fill ins(%zero : f32) outs(%ep : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %p = linalg.batch_matmul ins(%q3, %k3 : tensor<2x4x8xf16>, tensor<2x8x4xf16>) outs(%fp : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %p4 = tensor.expand_shape %p [[0, 1], [2], [3]] output_shape [1, 2, 4, 4] : tensor<2x4x4xf32> into tensor<1x2x4x4xf32>
  %s0 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%p4 : tensor<1x2x4x4xf32>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s1 = linalg.generic {indexing_maps = [#all, #one, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s0, %c : tensor<1x2x4x4xf16>, tensor<f16>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f16, %b: f16, %o: f16):
    %x = arith.divf %a, %b : f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s2 = linalg.generic {indexing_maps = [#all, #square, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s1, %m : tensor<1x2x4x4xf16>, tensor<4x4xf16>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f16, %b: f16, %o: f16):
    %x = arith.addf %a, %b : f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s2 : tensor<1x2x4x4xf16>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f16, %o: f32):
    %x = arith.extf %a : f16 to f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %fl = linalg.fill ins(%low : f32) outs(%ef : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %g = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%s : tensor<1x2x4x4xf32>) outs(%fl : tensor<1x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.maximumf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4xf32>
  %d = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s, %g : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.subf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %w = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%d : tensor<1x2x4x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = math.exp %a : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %fz = linalg.fill ins(%zero : f32) outs(%ef : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %n = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%w : tensor<1x2x4x4xf32>) outs(%fz : tensor<1x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.addf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4xf32>
  %m0 = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%w, %n : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.divf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %h = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%m0 : tensor<1x2x4x4xf32>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %h3 = tensor.collapse_shape %h [[0, 1], [2], [3]] : tensor<1x2x4x4xf16> into tensor<2x4x4xf16>
  %fv = linalg.fill ins(%zero : f32) outs(%ev : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %r = linalg.batch_matmul ins(%h3, %v3 : tensor<2x4x4xf16>, tensor<2x4x8xf16>) outs(%fv : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %r4 = tensor.expand_shape %r [[0, 1], [2], [3]] output_shape [1, 2, 4, 8] : tensor<2x4x8xf32> into tensor<1x2x4x8xf32>
  %rt = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%r4 : tensor<1x2x4x8xf32>) outs(%ej : tensor<1x2x4x8xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x8xf16>
  %y4 = linalg.transpose ins(%rt : tensor<1x2x4x8xf16>) outs(%er : tensor<1x4x2x8xf16>) permutation = [0, 2, 1, 3]
  %y = tensor.collapse_shape %y4 [[0], [1], [2, 3]] : tensor<1x4x2x8xf16> into tensor<1x4x16xf16>
  return %y : tensor<1x4x16xf16>
}

// -----

#all = affine_map<(a, b, c, d) -> (a, b, c, d)>
#one = affine_map<(a, b, c, d) -> ()>
#rows = affine_map<(a, b, c, d) -> (a, b, c)>
#keys = affine_map<(a, b, c, d) -> (a, d)>
#square = affine_map<(a, b, c, d) -> (c, d)>

// Beside scores of -10,000 others still count: it stays a mask.
// CHECK-LABEL: func.func @weak
// CHECK: linalg_ext.attention
// CHECK-SAME: mask(%{{.*}} : tensor<4x4xf16>)
func.func @weak(%q: tensor<1x4x16xf16>, %k: tensor<1x4x16xf16>, %v: tensor<1x4x16xf16>) -> tensor<1x4x16xf16> {
  %m = arith.constant dense<[[0.0, -10000.0, -10000.0, -10000.0],
                             [0.0, 0.0, -10000.0, -10000.0],
                             [0.0, 0.0, 0.0, -10000.0],
                             [0.0, 0.0, 0.0, 0.0]]> : tensor<4x4xf16>
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %c = arith.constant dense<2.828> : tensor<f16>
  %q4 = tensor.expand_shape %q [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %k4 = tensor.expand_shape %k [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %v4 = tensor.expand_shape %v [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %eh = tensor.empty() : tensor<1x2x4x8xf16>
  %ek = tensor.empty() : tensor<1x2x8x4xf16>
  %er = tensor.empty() : tensor<1x4x2x8xf16>
  %es = tensor.empty() : tensor<1x2x4x4xf16>
  %ew = tensor.empty() : tensor<1x2x4x4xf32>
  %ef = tensor.empty() : tensor<1x2x4xf32>
  %ep = tensor.empty() : tensor<2x4x4xf32>
  %ev = tensor.empty() : tensor<2x4x8xf32>
  %ej = tensor.empty() : tensor<1x2x4x8xf16>
  %qt = linalg.transpose ins(%q4 : tensor<1x4x2x8xf16>) outs(%eh : tensor<1x2x4x8xf16>) permutation = [0, 2, 1, 3]
  %kt = linalg.transpose ins(%k4 : tensor<1x4x2x8xf16>) outs(%ek : tensor<1x2x8x4xf16>) permutation = [0, 2, 3, 1]
  %vt = linalg.transpose ins(%v4 : tensor<1x4x2x8xf16>) outs(%eh : tensor<1x2x4x8xf16>) permutation = [0, 2, 1, 3]
  %q3 = tensor.collapse_shape %qt [[0, 1], [2], [3]] : tensor<1x2x4x8xf16> into tensor<2x4x8xf16>
  %k3 = tensor.collapse_shape %kt [[0, 1], [2], [3]] : tensor<1x2x8x4xf16> into tensor<2x8x4xf16>
  %v3 = tensor.collapse_shape %vt [[0, 1], [2], [3]] : tensor<1x2x4x8xf16> into tensor<2x4x8xf16>
  %fp = linalg.fill ins(%zero : f32) outs(%ep : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %p = linalg.batch_matmul ins(%q3, %k3 : tensor<2x4x8xf16>, tensor<2x8x4xf16>) outs(%fp : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %p4 = tensor.expand_shape %p [[0, 1], [2], [3]] output_shape [1, 2, 4, 4] : tensor<2x4x4xf32> into tensor<1x2x4x4xf32>
  %s0 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%p4 : tensor<1x2x4x4xf32>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s1 = linalg.generic {indexing_maps = [#all, #one, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s0, %c : tensor<1x2x4x4xf16>, tensor<f16>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f16, %b: f16, %o: f16):
    %x = arith.divf %a, %b : f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s2 = linalg.generic {indexing_maps = [#all, #square, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s1, %m : tensor<1x2x4x4xf16>, tensor<4x4xf16>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f16, %b: f16, %o: f16):
    %x = arith.addf %a, %b : f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s2 : tensor<1x2x4x4xf16>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f16, %o: f32):
    %x = arith.extf %a : f16 to f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %fl = linalg.fill ins(%low : f32) outs(%ef : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %g = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%s : tensor<1x2x4x4xf32>) outs(%fl : tensor<1x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.maximumf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4xf32>
  %d = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s, %g : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.subf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %w = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%d : tensor<1x2x4x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = math.exp %a : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %fz = linalg.fill ins(%zero : f32) outs(%ef : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %n = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%w : tensor<1x2x4x4xf32>) outs(%fz : tensor<1x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.addf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4xf32>
  %m0 = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%w, %n : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.divf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %h = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%m0 : tensor<1x2x4x4xf32>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %h3 = tensor.collapse_shape %h [[0, 1], [2], [3]] : tensor<1x2x4x4xf16> into tensor<2x4x4xf16>
  %fv = linalg.fill ins(%zero : f32) outs(%ev : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %r = linalg.batch_matmul ins(%h3, %v3 : tensor<2x4x4xf16>, tensor<2x4x8xf16>) outs(%fv : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %r4 = tensor.expand_shape %r [[0, 1], [2], [3]] output_shape [1, 2, 4, 8] : tensor<2x4x8xf32> into tensor<1x2x4x8xf32>
  %rt = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%r4 : tensor<1x2x4x8xf32>) outs(%ej : tensor<1x2x4x8xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x8xf16>
  %y4 = linalg.transpose ins(%rt : tensor<1x2x4x8xf16>) outs(%er : tensor<1x4x2x8xf16>) permutation = [0, 2, 1, 3]
  %y = tensor.collapse_shape %y4 [[0], [1], [2, 3]] : tensor<1x4x2x8xf16> into tensor<1x4x16xf16>
  return %y : tensor<1x4x16xf16>
}

// -----

#all = affine_map<(a, b, c, d) -> (a, b, c, d)>
#one = affine_map<(a, b, c, d) -> ()>
#rows = affine_map<(a, b, c, d) -> (a, b, c)>
#keys = affine_map<(a, b, c, d) -> (a, d)>
#square = affine_map<(a, b, c, d) -> (c, d)>

// A condition chooses between a score and the least number of f16.
// CHECK-LABEL: func.func @selected
// CHECK: arith.select %{{.*}}, %{{.*}}, %{{.*}} : f32
// CHECK: linalg_ext.attention
// CHECK-SAME: mask(%{{.*}} : tensor<4x4xf32>)
func.func @selected(%q: tensor<1x4x16xf16>, %k: tensor<1x4x16xf16>, %v: tensor<1x4x16xf16>, %m: tensor<4x4xi1>) -> tensor<1x4x16xf16> {
  %hide = arith.constant -65504.0 : f16
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %c = arith.constant dense<2.828> : tensor<f16>
  %q4 = tensor.expand_shape %q [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %k4 = tensor.expand_shape %k [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %v4 = tensor.expand_shape %v [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %eh = tensor.empty() : tensor<1x2x4x8xf16>
  %ek = tensor.empty() : tensor<1x2x8x4xf16>
  %er = tensor.empty() : tensor<1x4x2x8xf16>
  %es = tensor.empty() : tensor<1x2x4x4xf16>
  %ew = tensor.empty() : tensor<1x2x4x4xf32>
  %ef = tensor.empty() : tensor<1x2x4xf32>
  %ep = tensor.empty() : tensor<2x4x4xf32>
  %ev = tensor.empty() : tensor<2x4x8xf32>
  %ej = tensor.empty() : tensor<1x2x4x8xf16>
  %qt = linalg.transpose ins(%q4 : tensor<1x4x2x8xf16>) outs(%eh : tensor<1x2x4x8xf16>) permutation = [0, 2, 1, 3]
  %kt = linalg.transpose ins(%k4 : tensor<1x4x2x8xf16>) outs(%ek : tensor<1x2x8x4xf16>) permutation = [0, 2, 3, 1]
  %vt = linalg.transpose ins(%v4 : tensor<1x4x2x8xf16>) outs(%eh : tensor<1x2x4x8xf16>) permutation = [0, 2, 1, 3]
  %q3 = tensor.collapse_shape %qt [[0, 1], [2], [3]] : tensor<1x2x4x8xf16> into tensor<2x4x8xf16>
  %k3 = tensor.collapse_shape %kt [[0, 1], [2], [3]] : tensor<1x2x8x4xf16> into tensor<2x8x4xf16>
  %v3 = tensor.collapse_shape %vt [[0, 1], [2], [3]] : tensor<1x2x4x8xf16> into tensor<2x4x8xf16>
  %fp = linalg.fill ins(%zero : f32) outs(%ep : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %p = linalg.batch_matmul ins(%q3, %k3 : tensor<2x4x8xf16>, tensor<2x8x4xf16>) outs(%fp : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %p4 = tensor.expand_shape %p [[0, 1], [2], [3]] output_shape [1, 2, 4, 4] : tensor<2x4x4xf32> into tensor<1x2x4x4xf32>
  %s0 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%p4 : tensor<1x2x4x4xf32>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s1 = linalg.generic {indexing_maps = [#all, #one, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s0, %c : tensor<1x2x4x4xf16>, tensor<f16>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f16, %b: f16, %o: f16):
    %x = arith.divf %a, %b : f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s2 = linalg.generic {indexing_maps = [#all, #square, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s1, %m : tensor<1x2x4x4xf16>, tensor<4x4xi1>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f16, %b: i1, %o: f16):
    %x = arith.select %b, %a, %hide : f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s2 : tensor<1x2x4x4xf16>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f16, %o: f32):
    %x = arith.extf %a : f16 to f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %fl = linalg.fill ins(%low : f32) outs(%ef : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %g = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%s : tensor<1x2x4x4xf32>) outs(%fl : tensor<1x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.maximumf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4xf32>
  %d = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s, %g : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.subf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %w = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%d : tensor<1x2x4x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = math.exp %a : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %fz = linalg.fill ins(%zero : f32) outs(%ef : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %n = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%w : tensor<1x2x4x4xf32>) outs(%fz : tensor<1x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.addf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4xf32>
  %m0 = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%w, %n : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.divf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %h = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%m0 : tensor<1x2x4x4xf32>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %h3 = tensor.collapse_shape %h [[0, 1], [2], [3]] : tensor<1x2x4x4xf16> into tensor<2x4x4xf16>
  %fv = linalg.fill ins(%zero : f32) outs(%ev : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %r = linalg.batch_matmul ins(%h3, %v3 : tensor<2x4x4xf16>, tensor<2x4x8xf16>) outs(%fv : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %r4 = tensor.expand_shape %r [[0, 1], [2], [3]] output_shape [1, 2, 4, 8] : tensor<2x4x8xf32> into tensor<1x2x4x8xf32>
  %rt = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%r4 : tensor<1x2x4x8xf32>) outs(%ej : tensor<1x2x4x8xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x8xf16>
  %y4 = linalg.transpose ins(%rt : tensor<1x2x4x8xf16>) outs(%er : tensor<1x4x2x8xf16>) permutation = [0, 2, 1, 3]
  %y = tensor.collapse_shape %y4 [[0], [1], [2, 3]] : tensor<1x4x2x8xf16> into tensor<1x4x16xf16>
  return %y : tensor<1x4x16xf16>
}

// -----

#all = affine_map<(a, b, c, d) -> (a, b, c, d)>
#one = affine_map<(a, b, c, d) -> ()>
#rows = affine_map<(a, b, c, d) -> (a, b, c)>
#keys = affine_map<(a, b, c, d) -> (a, d)>
#square = affine_map<(a, b, c, d) -> (c, d)>

// -10,000 does not hide.
// CHECK-LABEL: func.func @selected_weak
// CHECK-NOT: linalg_ext
// CHECK: return
func.func @selected_weak(%q: tensor<1x4x16xf16>, %k: tensor<1x4x16xf16>, %v: tensor<1x4x16xf16>, %m: tensor<4x4xi1>) -> tensor<1x4x16xf16> {
  %hide = arith.constant -10000.0 : f16
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %c = arith.constant dense<2.828> : tensor<f16>
  %q4 = tensor.expand_shape %q [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %k4 = tensor.expand_shape %k [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %v4 = tensor.expand_shape %v [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %eh = tensor.empty() : tensor<1x2x4x8xf16>
  %ek = tensor.empty() : tensor<1x2x8x4xf16>
  %er = tensor.empty() : tensor<1x4x2x8xf16>
  %es = tensor.empty() : tensor<1x2x4x4xf16>
  %ew = tensor.empty() : tensor<1x2x4x4xf32>
  %ef = tensor.empty() : tensor<1x2x4xf32>
  %ep = tensor.empty() : tensor<2x4x4xf32>
  %ev = tensor.empty() : tensor<2x4x8xf32>
  %ej = tensor.empty() : tensor<1x2x4x8xf16>
  %qt = linalg.transpose ins(%q4 : tensor<1x4x2x8xf16>) outs(%eh : tensor<1x2x4x8xf16>) permutation = [0, 2, 1, 3]
  %kt = linalg.transpose ins(%k4 : tensor<1x4x2x8xf16>) outs(%ek : tensor<1x2x8x4xf16>) permutation = [0, 2, 3, 1]
  %vt = linalg.transpose ins(%v4 : tensor<1x4x2x8xf16>) outs(%eh : tensor<1x2x4x8xf16>) permutation = [0, 2, 1, 3]
  %q3 = tensor.collapse_shape %qt [[0, 1], [2], [3]] : tensor<1x2x4x8xf16> into tensor<2x4x8xf16>
  %k3 = tensor.collapse_shape %kt [[0, 1], [2], [3]] : tensor<1x2x8x4xf16> into tensor<2x8x4xf16>
  %v3 = tensor.collapse_shape %vt [[0, 1], [2], [3]] : tensor<1x2x4x8xf16> into tensor<2x4x8xf16>
  %fp = linalg.fill ins(%zero : f32) outs(%ep : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %p = linalg.batch_matmul ins(%q3, %k3 : tensor<2x4x8xf16>, tensor<2x8x4xf16>) outs(%fp : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %p4 = tensor.expand_shape %p [[0, 1], [2], [3]] output_shape [1, 2, 4, 4] : tensor<2x4x4xf32> into tensor<1x2x4x4xf32>
  %s0 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%p4 : tensor<1x2x4x4xf32>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s1 = linalg.generic {indexing_maps = [#all, #one, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s0, %c : tensor<1x2x4x4xf16>, tensor<f16>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f16, %b: f16, %o: f16):
    %x = arith.divf %a, %b : f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s2 = linalg.generic {indexing_maps = [#all, #square, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s1, %m : tensor<1x2x4x4xf16>, tensor<4x4xi1>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f16, %b: i1, %o: f16):
    %x = arith.select %b, %a, %hide : f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s2 : tensor<1x2x4x4xf16>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f16, %o: f32):
    %x = arith.extf %a : f16 to f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %fl = linalg.fill ins(%low : f32) outs(%ef : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %g = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%s : tensor<1x2x4x4xf32>) outs(%fl : tensor<1x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.maximumf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4xf32>
  %d = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s, %g : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.subf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %w = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%d : tensor<1x2x4x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = math.exp %a : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %fz = linalg.fill ins(%zero : f32) outs(%ef : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %n = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%w : tensor<1x2x4x4xf32>) outs(%fz : tensor<1x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.addf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4xf32>
  %m0 = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%w, %n : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.divf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %h = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%m0 : tensor<1x2x4x4xf32>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %h3 = tensor.collapse_shape %h [[0, 1], [2], [3]] : tensor<1x2x4x4xf16> into tensor<2x4x4xf16>
  %fv = linalg.fill ins(%zero : f32) outs(%ev : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %r = linalg.batch_matmul ins(%h3, %v3 : tensor<2x4x4xf16>, tensor<2x4x8xf16>) outs(%fv : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %r4 = tensor.expand_shape %r [[0, 1], [2], [3]] output_shape [1, 2, 4, 8] : tensor<2x4x8xf32> into tensor<1x2x4x8xf32>
  %rt = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%r4 : tensor<1x2x4x8xf32>) outs(%ej : tensor<1x2x4x8xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x8xf16>
  %y4 = linalg.transpose ins(%rt : tensor<1x2x4x8xf16>) outs(%er : tensor<1x4x2x8xf16>) permutation = [0, 2, 1, 3]
  %y = tensor.collapse_shape %y4 [[0], [1], [2, 3]] : tensor<1x4x2x8xf16> into tensor<1x4x16xf16>
  return %y : tensor<1x4x16xf16>
}

// -----

#all = affine_map<(a, b, c, d) -> (a, b, c, d)>
#one = affine_map<(a, b, c, d) -> ()>
#rows = affine_map<(a, b, c, d) -> (a, b, c)>
#keys = affine_map<(a, b, c, d) -> (a, d)>
#square = affine_map<(a, b, c, d) -> (c, d)>

// bf16 is as narrow.
// CHECK-LABEL: func.func @brain
// CHECK: linalg_ext.attention {{.*}} scale(%{{.*}} : f32) outs(%{{.*}} : tensor<4x2x8xbf16>)
func.func @brain(%q: tensor<1x4x16xbf16>, %k: tensor<1x4x16xbf16>, %v: tensor<1x4x16xbf16>) -> tensor<1x4x16xbf16> {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %c = arith.constant dense<2.828> : tensor<bf16>
  %q4 = tensor.expand_shape %q [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xbf16> into tensor<1x4x2x8xbf16>
  %k4 = tensor.expand_shape %k [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xbf16> into tensor<1x4x2x8xbf16>
  %v4 = tensor.expand_shape %v [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xbf16> into tensor<1x4x2x8xbf16>
  %eh = tensor.empty() : tensor<1x2x4x8xbf16>
  %ek = tensor.empty() : tensor<1x2x8x4xbf16>
  %er = tensor.empty() : tensor<1x4x2x8xbf16>
  %es = tensor.empty() : tensor<1x2x4x4xbf16>
  %ew = tensor.empty() : tensor<1x2x4x4xf32>
  %ef = tensor.empty() : tensor<1x2x4xf32>
  %ep = tensor.empty() : tensor<2x4x4xf32>
  %ev = tensor.empty() : tensor<2x4x8xf32>
  %ej = tensor.empty() : tensor<1x2x4x8xbf16>
  %qt = linalg.transpose ins(%q4 : tensor<1x4x2x8xbf16>) outs(%eh : tensor<1x2x4x8xbf16>) permutation = [0, 2, 1, 3]
  %kt = linalg.transpose ins(%k4 : tensor<1x4x2x8xbf16>) outs(%ek : tensor<1x2x8x4xbf16>) permutation = [0, 2, 3, 1]
  %vt = linalg.transpose ins(%v4 : tensor<1x4x2x8xbf16>) outs(%eh : tensor<1x2x4x8xbf16>) permutation = [0, 2, 1, 3]
  %q3 = tensor.collapse_shape %qt [[0, 1], [2], [3]] : tensor<1x2x4x8xbf16> into tensor<2x4x8xbf16>
  %k3 = tensor.collapse_shape %kt [[0, 1], [2], [3]] : tensor<1x2x8x4xbf16> into tensor<2x8x4xbf16>
  %v3 = tensor.collapse_shape %vt [[0, 1], [2], [3]] : tensor<1x2x4x8xbf16> into tensor<2x4x8xbf16>
  %fp = linalg.fill ins(%zero : f32) outs(%ep : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %p = linalg.batch_matmul ins(%q3, %k3 : tensor<2x4x8xbf16>, tensor<2x8x4xbf16>) outs(%fp : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %p4 = tensor.expand_shape %p [[0, 1], [2], [3]] output_shape [1, 2, 4, 4] : tensor<2x4x4xf32> into tensor<1x2x4x4xf32>
  %s0 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%p4 : tensor<1x2x4x4xf32>) outs(%es : tensor<1x2x4x4xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %x = arith.truncf %a : f32 to bf16
    linalg.yield %x : bf16
  } -> tensor<1x2x4x4xbf16>
  %s1 = linalg.generic {indexing_maps = [#all, #one, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s0, %c : tensor<1x2x4x4xbf16>, tensor<bf16>) outs(%es : tensor<1x2x4x4xbf16>) {
  ^bb0(%a: bf16, %b: bf16, %o: bf16):
    %x = arith.divf %a, %b : bf16
    linalg.yield %x : bf16
  } -> tensor<1x2x4x4xbf16>
  %s = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s1 : tensor<1x2x4x4xbf16>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: bf16, %o: f32):
    %x = arith.extf %a : bf16 to f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %fl = linalg.fill ins(%low : f32) outs(%ef : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %g = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%s : tensor<1x2x4x4xf32>) outs(%fl : tensor<1x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.maximumf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4xf32>
  %d = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s, %g : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.subf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %w = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%d : tensor<1x2x4x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = math.exp %a : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %fz = linalg.fill ins(%zero : f32) outs(%ef : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %n = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%w : tensor<1x2x4x4xf32>) outs(%fz : tensor<1x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.addf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4xf32>
  %m0 = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%w, %n : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.divf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %h = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%m0 : tensor<1x2x4x4xf32>) outs(%es : tensor<1x2x4x4xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %x = arith.truncf %a : f32 to bf16
    linalg.yield %x : bf16
  } -> tensor<1x2x4x4xbf16>
  %h3 = tensor.collapse_shape %h [[0, 1], [2], [3]] : tensor<1x2x4x4xbf16> into tensor<2x4x4xbf16>
  %fv = linalg.fill ins(%zero : f32) outs(%ev : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %r = linalg.batch_matmul ins(%h3, %v3 : tensor<2x4x4xbf16>, tensor<2x4x8xbf16>) outs(%fv : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %r4 = tensor.expand_shape %r [[0, 1], [2], [3]] output_shape [1, 2, 4, 8] : tensor<2x4x8xf32> into tensor<1x2x4x8xf32>
  %rt = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%r4 : tensor<1x2x4x8xf32>) outs(%ej : tensor<1x2x4x8xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %x = arith.truncf %a : f32 to bf16
    linalg.yield %x : bf16
  } -> tensor<1x2x4x8xbf16>
  %y4 = linalg.transpose ins(%rt : tensor<1x2x4x8xbf16>) outs(%er : tensor<1x4x2x8xbf16>) permutation = [0, 2, 1, 3]
  %y = tensor.collapse_shape %y4 [[0], [1], [2, 3]] : tensor<1x4x2x8xbf16> into tensor<1x4x16xbf16>
  return %y : tensor<1x4x16xbf16>
}

// -----

#all = affine_map<(a, b, c, d) -> (a, b, c, d)>
#one = affine_map<(a, b, c, d) -> ()>
#rows = affine_map<(a, b, c, d) -> (a, b, c)>
#keys = affine_map<(a, b, c, d) -> (a, d)>
#square = affine_map<(a, b, c, d) -> (c, d)>

// Somebody reads the rounded weights.
// CHECK-LABEL: func.func @weights_used
// CHECK-NOT: linalg_ext
// CHECK: return
func.func @weights_used(%q: tensor<1x4x16xf16>, %k: tensor<1x4x16xf16>, %v: tensor<1x4x16xf16>) -> (tensor<1x4x16xf16>, tensor<1x2x4x4xf16>) {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %c = arith.constant dense<2.828> : tensor<f16>
  %q4 = tensor.expand_shape %q [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %k4 = tensor.expand_shape %k [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %v4 = tensor.expand_shape %v [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %eh = tensor.empty() : tensor<1x2x4x8xf16>
  %ek = tensor.empty() : tensor<1x2x8x4xf16>
  %er = tensor.empty() : tensor<1x4x2x8xf16>
  %es = tensor.empty() : tensor<1x2x4x4xf16>
  %ew = tensor.empty() : tensor<1x2x4x4xf32>
  %ef = tensor.empty() : tensor<1x2x4xf32>
  %ep = tensor.empty() : tensor<2x4x4xf32>
  %ev = tensor.empty() : tensor<2x4x8xf32>
  %ej = tensor.empty() : tensor<1x2x4x8xf16>
  %qt = linalg.transpose ins(%q4 : tensor<1x4x2x8xf16>) outs(%eh : tensor<1x2x4x8xf16>) permutation = [0, 2, 1, 3]
  %kt = linalg.transpose ins(%k4 : tensor<1x4x2x8xf16>) outs(%ek : tensor<1x2x8x4xf16>) permutation = [0, 2, 3, 1]
  %vt = linalg.transpose ins(%v4 : tensor<1x4x2x8xf16>) outs(%eh : tensor<1x2x4x8xf16>) permutation = [0, 2, 1, 3]
  %q3 = tensor.collapse_shape %qt [[0, 1], [2], [3]] : tensor<1x2x4x8xf16> into tensor<2x4x8xf16>
  %k3 = tensor.collapse_shape %kt [[0, 1], [2], [3]] : tensor<1x2x8x4xf16> into tensor<2x8x4xf16>
  %v3 = tensor.collapse_shape %vt [[0, 1], [2], [3]] : tensor<1x2x4x8xf16> into tensor<2x4x8xf16>
  %fp = linalg.fill ins(%zero : f32) outs(%ep : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %p = linalg.batch_matmul ins(%q3, %k3 : tensor<2x4x8xf16>, tensor<2x8x4xf16>) outs(%fp : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %p4 = tensor.expand_shape %p [[0, 1], [2], [3]] output_shape [1, 2, 4, 4] : tensor<2x4x4xf32> into tensor<1x2x4x4xf32>
  %s0 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%p4 : tensor<1x2x4x4xf32>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s1 = linalg.generic {indexing_maps = [#all, #one, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s0, %c : tensor<1x2x4x4xf16>, tensor<f16>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f16, %b: f16, %o: f16):
    %x = arith.divf %a, %b : f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s1 : tensor<1x2x4x4xf16>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f16, %o: f32):
    %x = arith.extf %a : f16 to f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %fl = linalg.fill ins(%low : f32) outs(%ef : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %g = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%s : tensor<1x2x4x4xf32>) outs(%fl : tensor<1x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.maximumf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4xf32>
  %d = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s, %g : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.subf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %w = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%d : tensor<1x2x4x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = math.exp %a : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %fz = linalg.fill ins(%zero : f32) outs(%ef : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %n = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%w : tensor<1x2x4x4xf32>) outs(%fz : tensor<1x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.addf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4xf32>
  %m0 = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%w, %n : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.divf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %h = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%m0 : tensor<1x2x4x4xf32>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %h3 = tensor.collapse_shape %h [[0, 1], [2], [3]] : tensor<1x2x4x4xf16> into tensor<2x4x4xf16>
  %fv = linalg.fill ins(%zero : f32) outs(%ev : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %r = linalg.batch_matmul ins(%h3, %v3 : tensor<2x4x4xf16>, tensor<2x4x8xf16>) outs(%fv : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %r4 = tensor.expand_shape %r [[0, 1], [2], [3]] output_shape [1, 2, 4, 8] : tensor<2x4x8xf32> into tensor<1x2x4x8xf32>
  %rt = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%r4 : tensor<1x2x4x8xf32>) outs(%ej : tensor<1x2x4x8xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x8xf16>
  %y4 = linalg.transpose ins(%rt : tensor<1x2x4x8xf16>) outs(%er : tensor<1x4x2x8xf16>) permutation = [0, 2, 1, 3]
  %y = tensor.collapse_shape %y4 [[0], [1], [2, 3]] : tensor<1x4x2x8xf16> into tensor<1x4x16xf16>
  return %y, %h : tensor<1x4x16xf16>, tensor<1x2x4x4xf16>
}

// -----

#all = affine_map<(a, b, c, d) -> (a, b, c, d)>
#one = affine_map<(a, b, c, d) -> ()>
#rows = affine_map<(a, b, c, d) -> (a, b, c)>
#keys = affine_map<(a, b, c, d) -> (a, d)>
#square = affine_map<(a, b, c, d) -> (c, d)>

// Somebody reads the scores before they are rounded.
// CHECK-LABEL: func.func @scores_used
// CHECK-NOT: linalg_ext
// CHECK: return
func.func @scores_used(%q: tensor<1x4x16xf16>, %k: tensor<1x4x16xf16>, %v: tensor<1x4x16xf16>) -> (tensor<1x4x16xf16>, tensor<1x2x4x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %c = arith.constant dense<2.828> : tensor<f16>
  %q4 = tensor.expand_shape %q [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %k4 = tensor.expand_shape %k [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %v4 = tensor.expand_shape %v [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %eh = tensor.empty() : tensor<1x2x4x8xf16>
  %ek = tensor.empty() : tensor<1x2x8x4xf16>
  %er = tensor.empty() : tensor<1x4x2x8xf16>
  %es = tensor.empty() : tensor<1x2x4x4xf16>
  %ew = tensor.empty() : tensor<1x2x4x4xf32>
  %ef = tensor.empty() : tensor<1x2x4xf32>
  %ep = tensor.empty() : tensor<2x4x4xf32>
  %ev = tensor.empty() : tensor<2x4x8xf32>
  %ej = tensor.empty() : tensor<1x2x4x8xf16>
  %qt = linalg.transpose ins(%q4 : tensor<1x4x2x8xf16>) outs(%eh : tensor<1x2x4x8xf16>) permutation = [0, 2, 1, 3]
  %kt = linalg.transpose ins(%k4 : tensor<1x4x2x8xf16>) outs(%ek : tensor<1x2x8x4xf16>) permutation = [0, 2, 3, 1]
  %vt = linalg.transpose ins(%v4 : tensor<1x4x2x8xf16>) outs(%eh : tensor<1x2x4x8xf16>) permutation = [0, 2, 1, 3]
  %q3 = tensor.collapse_shape %qt [[0, 1], [2], [3]] : tensor<1x2x4x8xf16> into tensor<2x4x8xf16>
  %k3 = tensor.collapse_shape %kt [[0, 1], [2], [3]] : tensor<1x2x8x4xf16> into tensor<2x8x4xf16>
  %v3 = tensor.collapse_shape %vt [[0, 1], [2], [3]] : tensor<1x2x4x8xf16> into tensor<2x4x8xf16>
  %fp = linalg.fill ins(%zero : f32) outs(%ep : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %p = linalg.batch_matmul ins(%q3, %k3 : tensor<2x4x8xf16>, tensor<2x8x4xf16>) outs(%fp : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %p4 = tensor.expand_shape %p [[0, 1], [2], [3]] output_shape [1, 2, 4, 4] : tensor<2x4x4xf32> into tensor<1x2x4x4xf32>
  %s0 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%p4 : tensor<1x2x4x4xf32>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s1 = linalg.generic {indexing_maps = [#all, #one, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s0, %c : tensor<1x2x4x4xf16>, tensor<f16>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f16, %b: f16, %o: f16):
    %x = arith.divf %a, %b : f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s1 : tensor<1x2x4x4xf16>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f16, %o: f32):
    %x = arith.extf %a : f16 to f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %fl = linalg.fill ins(%low : f32) outs(%ef : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %g = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%s : tensor<1x2x4x4xf32>) outs(%fl : tensor<1x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.maximumf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4xf32>
  %d = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s, %g : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.subf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %w = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%d : tensor<1x2x4x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = math.exp %a : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %fz = linalg.fill ins(%zero : f32) outs(%ef : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %n = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%w : tensor<1x2x4x4xf32>) outs(%fz : tensor<1x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.addf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4xf32>
  %m0 = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%w, %n : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.divf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %h = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%m0 : tensor<1x2x4x4xf32>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %h3 = tensor.collapse_shape %h [[0, 1], [2], [3]] : tensor<1x2x4x4xf16> into tensor<2x4x4xf16>
  %fv = linalg.fill ins(%zero : f32) outs(%ev : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %r = linalg.batch_matmul ins(%h3, %v3 : tensor<2x4x4xf16>, tensor<2x4x8xf16>) outs(%fv : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %r4 = tensor.expand_shape %r [[0, 1], [2], [3]] output_shape [1, 2, 4, 8] : tensor<2x4x8xf32> into tensor<1x2x4x8xf32>
  %rt = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%r4 : tensor<1x2x4x8xf32>) outs(%ej : tensor<1x2x4x8xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x8xf16>
  %y4 = linalg.transpose ins(%rt : tensor<1x2x4x8xf16>) outs(%er : tensor<1x4x2x8xf16>) permutation = [0, 2, 1, 3]
  %y = tensor.collapse_shape %y4 [[0], [1], [2, 3]] : tensor<1x4x2x8xf16> into tensor<1x4x16xf16>
  return %y, %p4 : tensor<1x4x16xf16>, tensor<1x2x4x4xf32>
}

// -----

#all = affine_map<(a, b, c, d) -> (a, b, c, d)>
#one = affine_map<(a, b, c, d) -> ()>
#rows = affine_map<(a, b, c, d) -> (a, b, c)>
#keys = affine_map<(a, b, c, d) -> (a, d)>
#square = affine_map<(a, b, c, d) -> (c, d)>

// Sums of f16 have lost what the new op would keep.
// CHECK-LABEL: func.func @narrow_sums
// CHECK-NOT: linalg_ext
// CHECK: return
func.func @narrow_sums(%q: tensor<1x4x16xf16>, %k: tensor<1x4x16xf16>, %v: tensor<1x4x16xf16>) -> tensor<1x4x16xf16> {
  %zero = arith.constant 0.0 : f16
  %fzero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %c = arith.constant dense<2.828> : tensor<f16>
  %q4 = tensor.expand_shape %q [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %k4 = tensor.expand_shape %k [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %v4 = tensor.expand_shape %v [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %eh = tensor.empty() : tensor<1x2x4x8xf16>
  %ek = tensor.empty() : tensor<1x2x8x4xf16>
  %er = tensor.empty() : tensor<1x4x2x8xf16>
  %es = tensor.empty() : tensor<1x2x4x4xf16>
  %ew = tensor.empty() : tensor<1x2x4x4xf32>
  %ef = tensor.empty() : tensor<1x2x4xf32>
  %ep = tensor.empty() : tensor<2x4x4xf16>
  %ev = tensor.empty() : tensor<2x4x8xf16>
  %ej = tensor.empty() : tensor<1x2x4x8xf16>
  %qt = linalg.transpose ins(%q4 : tensor<1x4x2x8xf16>) outs(%eh : tensor<1x2x4x8xf16>) permutation = [0, 2, 1, 3]
  %kt = linalg.transpose ins(%k4 : tensor<1x4x2x8xf16>) outs(%ek : tensor<1x2x8x4xf16>) permutation = [0, 2, 3, 1]
  %vt = linalg.transpose ins(%v4 : tensor<1x4x2x8xf16>) outs(%eh : tensor<1x2x4x8xf16>) permutation = [0, 2, 1, 3]
  %q3 = tensor.collapse_shape %qt [[0, 1], [2], [3]] : tensor<1x2x4x8xf16> into tensor<2x4x8xf16>
  %k3 = tensor.collapse_shape %kt [[0, 1], [2], [3]] : tensor<1x2x8x4xf16> into tensor<2x8x4xf16>
  %v3 = tensor.collapse_shape %vt [[0, 1], [2], [3]] : tensor<1x2x4x8xf16> into tensor<2x4x8xf16>
  %fp = linalg.fill ins(%zero : f16) outs(%ep : tensor<2x4x4xf16>) -> tensor<2x4x4xf16>
  %p = linalg.batch_matmul ins(%q3, %k3 : tensor<2x4x8xf16>, tensor<2x8x4xf16>) outs(%fp : tensor<2x4x4xf16>) -> tensor<2x4x4xf16>
  %p4 = tensor.expand_shape %p [[0, 1], [2], [3]] output_shape [1, 2, 4, 4] : tensor<2x4x4xf16> into tensor<1x2x4x4xf16>
  %s1 = linalg.generic {indexing_maps = [#all, #one, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%p4, %c : tensor<1x2x4x4xf16>, tensor<f16>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f16, %b: f16, %o: f16):
    %x = arith.divf %a, %b : f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s1 : tensor<1x2x4x4xf16>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f16, %o: f32):
    %x = arith.extf %a : f16 to f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %fl = linalg.fill ins(%low : f32) outs(%ef : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %g = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%s : tensor<1x2x4x4xf32>) outs(%fl : tensor<1x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.maximumf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4xf32>
  %d = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s, %g : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.subf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %w = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%d : tensor<1x2x4x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = math.exp %a : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %fz = linalg.fill ins(%fzero : f32) outs(%ef : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %n = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%w : tensor<1x2x4x4xf32>) outs(%fz : tensor<1x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.addf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4xf32>
  %m0 = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%w, %n : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.divf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %h = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%m0 : tensor<1x2x4x4xf32>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %h3 = tensor.collapse_shape %h [[0, 1], [2], [3]] : tensor<1x2x4x4xf16> into tensor<2x4x4xf16>
  %fv = linalg.fill ins(%zero : f16) outs(%ev : tensor<2x4x8xf16>) -> tensor<2x4x8xf16>
  %r = linalg.batch_matmul ins(%h3, %v3 : tensor<2x4x4xf16>, tensor<2x4x8xf16>) outs(%fv : tensor<2x4x8xf16>) -> tensor<2x4x8xf16>
  %r4 = tensor.expand_shape %r [[0, 1], [2], [3]] output_shape [1, 2, 4, 8] : tensor<2x4x8xf16> into tensor<1x2x4x8xf16>
  %y4 = linalg.transpose ins(%r4 : tensor<1x2x4x8xf16>) outs(%er : tensor<1x4x2x8xf16>) permutation = [0, 2, 1, 3]
  %y = tensor.collapse_shape %y4 [[0], [1], [2, 3]] : tensor<1x4x2x8xf16> into tensor<1x4x16xf16>
  return %y : tensor<1x4x16xf16>
}

// -----

#all = affine_map<(a, b, c, d) -> (a, b, c, d)>
#one = affine_map<(a, b, c, d) -> ()>
#rows = affine_map<(a, b, c, d) -> (a, b, c)>
#keys = affine_map<(a, b, c, d) -> (a, d)>
#square = affine_map<(a, b, c, d) -> (c, d)>

// Operands of two types.
// CHECK-LABEL: func.func @two_types
// CHECK-NOT: linalg_ext
// CHECK: return
func.func @two_types(%q: tensor<1x4x16xf16>, %k: tensor<1x4x16xbf16>, %v: tensor<1x4x16xf16>) -> tensor<1x4x16xf16> {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %c = arith.constant dense<2.828> : tensor<f16>
  %q4 = tensor.expand_shape %q [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %k4 = tensor.expand_shape %k [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xbf16> into tensor<1x4x2x8xbf16>
  %v4 = tensor.expand_shape %v [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %eh = tensor.empty() : tensor<1x2x4x8xf16>
  %ek = tensor.empty() : tensor<1x2x8x4xbf16>
  %er = tensor.empty() : tensor<1x4x2x8xf16>
  %es = tensor.empty() : tensor<1x2x4x4xf16>
  %ew = tensor.empty() : tensor<1x2x4x4xf32>
  %ef = tensor.empty() : tensor<1x2x4xf32>
  %ep = tensor.empty() : tensor<2x4x4xf32>
  %ev = tensor.empty() : tensor<2x4x8xf32>
  %ej = tensor.empty() : tensor<1x2x4x8xf16>
  %qt = linalg.transpose ins(%q4 : tensor<1x4x2x8xf16>) outs(%eh : tensor<1x2x4x8xf16>) permutation = [0, 2, 1, 3]
  %kt = linalg.transpose ins(%k4 : tensor<1x4x2x8xbf16>) outs(%ek : tensor<1x2x8x4xbf16>) permutation = [0, 2, 3, 1]
  %vt = linalg.transpose ins(%v4 : tensor<1x4x2x8xf16>) outs(%eh : tensor<1x2x4x8xf16>) permutation = [0, 2, 1, 3]
  %q3 = tensor.collapse_shape %qt [[0, 1], [2], [3]] : tensor<1x2x4x8xf16> into tensor<2x4x8xf16>
  %k3 = tensor.collapse_shape %kt [[0, 1], [2], [3]] : tensor<1x2x8x4xbf16> into tensor<2x8x4xbf16>
  %v3 = tensor.collapse_shape %vt [[0, 1], [2], [3]] : tensor<1x2x4x8xf16> into tensor<2x4x8xf16>
  %fp = linalg.fill ins(%zero : f32) outs(%ep : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %p = linalg.batch_matmul ins(%q3, %k3 : tensor<2x4x8xf16>, tensor<2x8x4xbf16>) outs(%fp : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %p4 = tensor.expand_shape %p [[0, 1], [2], [3]] output_shape [1, 2, 4, 4] : tensor<2x4x4xf32> into tensor<1x2x4x4xf32>
  %s0 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%p4 : tensor<1x2x4x4xf32>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s1 = linalg.generic {indexing_maps = [#all, #one, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s0, %c : tensor<1x2x4x4xf16>, tensor<f16>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f16, %b: f16, %o: f16):
    %x = arith.divf %a, %b : f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s1 : tensor<1x2x4x4xf16>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f16, %o: f32):
    %x = arith.extf %a : f16 to f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %fl = linalg.fill ins(%low : f32) outs(%ef : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %g = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%s : tensor<1x2x4x4xf32>) outs(%fl : tensor<1x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.maximumf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4xf32>
  %d = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s, %g : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.subf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %w = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%d : tensor<1x2x4x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = math.exp %a : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %fz = linalg.fill ins(%zero : f32) outs(%ef : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %n = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%w : tensor<1x2x4x4xf32>) outs(%fz : tensor<1x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.addf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4xf32>
  %m0 = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%w, %n : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.divf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %h = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%m0 : tensor<1x2x4x4xf32>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %h3 = tensor.collapse_shape %h [[0, 1], [2], [3]] : tensor<1x2x4x4xf16> into tensor<2x4x4xf16>
  %fv = linalg.fill ins(%zero : f32) outs(%ev : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %r = linalg.batch_matmul ins(%h3, %v3 : tensor<2x4x4xf16>, tensor<2x4x8xf16>) outs(%fv : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %r4 = tensor.expand_shape %r [[0, 1], [2], [3]] output_shape [1, 2, 4, 8] : tensor<2x4x8xf32> into tensor<1x2x4x8xf32>
  %rt = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%r4 : tensor<1x2x4x8xf32>) outs(%ej : tensor<1x2x4x8xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x8xf16>
  %y4 = linalg.transpose ins(%rt : tensor<1x2x4x8xf16>) outs(%er : tensor<1x4x2x8xf16>) permutation = [0, 2, 1, 3]
  %y = tensor.collapse_shape %y4 [[0], [1], [2, 3]] : tensor<1x4x2x8xf16> into tensor<1x4x16xf16>
  return %y : tensor<1x4x16xf16>
}

// -----

#all = affine_map<(a, b, c, d) -> (a, b, c, d)>
#one = affine_map<(a, b, c, d) -> ()>
#rows = affine_map<(a, b, c, d) -> (a, b, c)>
#keys = affine_map<(a, b, c, d) -> (a, d)>
#square = affine_map<(a, b, c, d) -> (c, d)>

// Not the exponential.
// CHECK-LABEL: func.func @power_of_two
// CHECK-NOT: linalg_ext
// CHECK: return
func.func @power_of_two(%q: tensor<1x4x16xf16>, %k: tensor<1x4x16xf16>, %v: tensor<1x4x16xf16>) -> tensor<1x4x16xf16> {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %c = arith.constant dense<2.828> : tensor<f16>
  %q4 = tensor.expand_shape %q [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %k4 = tensor.expand_shape %k [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %v4 = tensor.expand_shape %v [[0], [1], [2, 3]] output_shape [1, 4, 2, 8] : tensor<1x4x16xf16> into tensor<1x4x2x8xf16>
  %eh = tensor.empty() : tensor<1x2x4x8xf16>
  %ek = tensor.empty() : tensor<1x2x8x4xf16>
  %er = tensor.empty() : tensor<1x4x2x8xf16>
  %es = tensor.empty() : tensor<1x2x4x4xf16>
  %ew = tensor.empty() : tensor<1x2x4x4xf32>
  %ef = tensor.empty() : tensor<1x2x4xf32>
  %ep = tensor.empty() : tensor<2x4x4xf32>
  %ev = tensor.empty() : tensor<2x4x8xf32>
  %ej = tensor.empty() : tensor<1x2x4x8xf16>
  %qt = linalg.transpose ins(%q4 : tensor<1x4x2x8xf16>) outs(%eh : tensor<1x2x4x8xf16>) permutation = [0, 2, 1, 3]
  %kt = linalg.transpose ins(%k4 : tensor<1x4x2x8xf16>) outs(%ek : tensor<1x2x8x4xf16>) permutation = [0, 2, 3, 1]
  %vt = linalg.transpose ins(%v4 : tensor<1x4x2x8xf16>) outs(%eh : tensor<1x2x4x8xf16>) permutation = [0, 2, 1, 3]
  %q3 = tensor.collapse_shape %qt [[0, 1], [2], [3]] : tensor<1x2x4x8xf16> into tensor<2x4x8xf16>
  %k3 = tensor.collapse_shape %kt [[0, 1], [2], [3]] : tensor<1x2x8x4xf16> into tensor<2x8x4xf16>
  %v3 = tensor.collapse_shape %vt [[0, 1], [2], [3]] : tensor<1x2x4x8xf16> into tensor<2x4x8xf16>
  %fp = linalg.fill ins(%zero : f32) outs(%ep : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %p = linalg.batch_matmul ins(%q3, %k3 : tensor<2x4x8xf16>, tensor<2x8x4xf16>) outs(%fp : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %p4 = tensor.expand_shape %p [[0, 1], [2], [3]] output_shape [1, 2, 4, 4] : tensor<2x4x4xf32> into tensor<1x2x4x4xf32>
  %s0 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%p4 : tensor<1x2x4x4xf32>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s1 = linalg.generic {indexing_maps = [#all, #one, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s0, %c : tensor<1x2x4x4xf16>, tensor<f16>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f16, %b: f16, %o: f16):
    %x = arith.divf %a, %b : f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %s = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s1 : tensor<1x2x4x4xf16>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f16, %o: f32):
    %x = arith.extf %a : f16 to f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %fl = linalg.fill ins(%low : f32) outs(%ef : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %g = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%s : tensor<1x2x4x4xf32>) outs(%fl : tensor<1x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.maximumf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4xf32>
  %d = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%s, %g : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.subf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %w = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%d : tensor<1x2x4x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = math.exp2 %a : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %fz = linalg.fill ins(%zero : f32) outs(%ef : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %n = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%w : tensor<1x2x4x4xf32>) outs(%fz : tensor<1x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %x = arith.addf %a, %o : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4xf32>
  %m0 = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%w, %n : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%ew : tensor<1x2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %x = arith.divf %a, %b : f32
    linalg.yield %x : f32
  } -> tensor<1x2x4x4xf32>
  %h = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%m0 : tensor<1x2x4x4xf32>) outs(%es : tensor<1x2x4x4xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x4xf16>
  %h3 = tensor.collapse_shape %h [[0, 1], [2], [3]] : tensor<1x2x4x4xf16> into tensor<2x4x4xf16>
  %fv = linalg.fill ins(%zero : f32) outs(%ev : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %r = linalg.batch_matmul ins(%h3, %v3 : tensor<2x4x4xf16>, tensor<2x4x8xf16>) outs(%fv : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %r4 = tensor.expand_shape %r [[0, 1], [2], [3]] output_shape [1, 2, 4, 8] : tensor<2x4x8xf32> into tensor<1x2x4x8xf32>
  %rt = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%r4 : tensor<1x2x4x8xf32>) outs(%ej : tensor<1x2x4x8xf16>) {
  ^bb0(%a: f32, %o: f16):
    %x = arith.truncf %a : f32 to f16
    linalg.yield %x : f16
  } -> tensor<1x2x4x8xf16>
  %y4 = linalg.transpose ins(%rt : tensor<1x2x4x8xf16>) outs(%er : tensor<1x4x2x8xf16>) permutation = [0, 2, 1, 3]
  %y = tensor.collapse_shape %y4 [[0], [1], [2, 3]] : tensor<1x4x2x8xf16> into tensor<1x4x16xf16>
  return %y : tensor<1x4x16xf16>
}
