// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --orchestra-merge-products | FileCheck %s
// RUN: orchestra-opt %s -split-input-file --orchestra-merge-products --remarks-filter=orchestra-merge-products --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

#tile = affine_map<(m, n) -> (m, n)>
#columns = affine_map<(m, n) -> (n)>

// Query, key and value of one value: their weights and biases lie side by side,
// and each operand is a slice of the heads.
// CHECK-LABEL: func.func @merged
// CHECK: %[[W:.*]] = tensor.concat dim(1) %{{.*}}, %{{.*}}, %{{.*}} : (tensor<16x16xf16>, tensor<16x16xf16>, tensor<16x16xf16>) -> tensor<16x48xf16>
// CHECK: %[[P:.*]] = linalg.matmul ins(%arg0, %[[W]] : tensor<4x16xf16>, tensor<16x48xf16>)
// CHECK: %[[B:.*]] = tensor.concat dim(0) %{{.*}}, %{{.*}}, %{{.*}} : (tensor<16xf16>, tensor<16xf16>, tensor<16xf16>) -> tensor<48xf16>
// CHECK-NOT: linalg.matmul
// CHECK: %[[S:.*]] = linalg.generic {{.*}} ins(%[[P]], %[[B]] :
// CHECK: %[[H:.*]] = tensor.expand_shape %[[S]] {{\[\[}}0], [1, 2]] output_shape [4, 6, 8]
// CHECK: %[[Q:.*]] = tensor.extract_slice %[[H]][0, 0, 0] [4, 2, 8] [1, 1, 1]
// CHECK: %[[K:.*]] = tensor.extract_slice %[[H]][0, 2, 0] [4, 2, 8] [1, 1, 1]
// CHECK: %[[V:.*]] = tensor.extract_slice %[[H]][0, 4, 0] [4, 2, 8] [1, 1, 1]
// CHECK: linalg_ext.attention {{.*}} ins(%[[Q]], %[[K]], %[[V]] :
// REMARK: Remark="products of one value are one", products=3
func.func @merged(%x: tensor<4x16xf16>) -> tensor<4x2x8xf16> {
  %c = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %wq = arith.constant dense<1.0> : tensor<16x16xf16>
  %bq = arith.constant dense<1.5> : tensor<16xf16>
  %wk = arith.constant dense<2.0> : tensor<16x16xf16>
  %bk = arith.constant dense<2.5> : tensor<16xf16>
  %wv = arith.constant dense<3.0> : tensor<16x16xf16>
  %bv = arith.constant dense<3.5> : tensor<16xf16>
  %e = tensor.empty() : tensor<4x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x16xf32>) -> tensor<4x16xf32>
  %t = tensor.empty() : tensor<4x16xf16>
  %o = tensor.empty() : tensor<4x2x8xf16>
  %pq = linalg.matmul ins(%x, %wq : tensor<4x16xf16>, tensor<16x16xf16>) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
  %sq = linalg.generic {indexing_maps = [#tile, #columns, #tile], iterator_types = ["parallel", "parallel"]} ins(%pq, %bq : tensor<4x16xf32>, tensor<16xf16>) outs(%t : tensor<4x16xf16>) {
  ^bb0(%a: f32, %b: f16, %old: f16):
    %n = arith.truncf %a : f32 to f16
    %y = arith.addf %n, %b : f16
    linalg.yield %y : f16
  } -> tensor<4x16xf16>
  %q = tensor.expand_shape %sq [[0], [1, 2]] output_shape [4, 2, 8] : tensor<4x16xf16> into tensor<4x2x8xf16>
  %pk = linalg.matmul ins(%x, %wk : tensor<4x16xf16>, tensor<16x16xf16>) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
  %sk = linalg.generic {indexing_maps = [#tile, #columns, #tile], iterator_types = ["parallel", "parallel"]} ins(%pk, %bk : tensor<4x16xf32>, tensor<16xf16>) outs(%t : tensor<4x16xf16>) {
  ^bb0(%a: f32, %b: f16, %old: f16):
    %n = arith.truncf %a : f32 to f16
    %y = arith.addf %n, %b : f16
    linalg.yield %y : f16
  } -> tensor<4x16xf16>
  %k = tensor.expand_shape %sk [[0], [1, 2]] output_shape [4, 2, 8] : tensor<4x16xf16> into tensor<4x2x8xf16>
  %pv = linalg.matmul ins(%x, %wv : tensor<4x16xf16>, tensor<16x16xf16>) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
  %sv = linalg.generic {indexing_maps = [#tile, #columns, #tile], iterator_types = ["parallel", "parallel"]} ins(%pv, %bv : tensor<4x16xf32>, tensor<16xf16>) outs(%t : tensor<4x16xf16>) {
  ^bb0(%a: f32, %b: f16, %old: f16):
    %n = arith.truncf %a : f32 to f16
    %y = arith.addf %n, %b : f16
    linalg.yield %y : f16
  } -> tensor<4x16xf16>
  %v = tensor.expand_shape %sv [[0], [1, 2]] output_shape [4, 2, 8] : tensor<4x16xf16> into tensor<4x2x8xf16>
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (m, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, n)>, affine_map<(h, m, n, k, s) -> (m, h, n)>]} ins(%q, %k, %v : tensor<4x2x8xf16>, tensor<4x2x8xf16>, tensor<4x2x8xf16>) scale(%c : f32) outs(%o : tensor<4x2x8xf16>) -> tensor<4x2x8xf16>
  return %r : tensor<4x2x8xf16>
}

// -----

#tile = affine_map<(m, n) -> (m, n)>
#columns = affine_map<(m, n) -> (n)>

// The query is of another value.
// CHECK-LABEL: func.func @across
// CHECK: linalg.matmul ins(%{{.*}}, %{{.*}} : tensor<4x16xf16>, tensor<16x{{16|32}}xf16>)
// CHECK: linalg.matmul ins(%{{.*}}, %{{.*}} : tensor<4x16xf16>, tensor<16x{{16|32}}xf16>)
// CHECK-NOT: linalg.matmul
// REMARK: Remark="products of one value are one", products=2
func.func @across(%x: tensor<4x16xf16>, %z: tensor<4x16xf16>) -> tensor<4x2x8xf16> {
  %c = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %wq = arith.constant dense<1.0> : tensor<16x16xf16>
  %bq = arith.constant dense<1.5> : tensor<16xf16>
  %wk = arith.constant dense<2.0> : tensor<16x16xf16>
  %bk = arith.constant dense<2.5> : tensor<16xf16>
  %wv = arith.constant dense<3.0> : tensor<16x16xf16>
  %bv = arith.constant dense<3.5> : tensor<16xf16>
  %e = tensor.empty() : tensor<4x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x16xf32>) -> tensor<4x16xf32>
  %t = tensor.empty() : tensor<4x16xf16>
  %o = tensor.empty() : tensor<4x2x8xf16>
  %pq = linalg.matmul ins(%x, %wq : tensor<4x16xf16>, tensor<16x16xf16>) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
  %sq = linalg.generic {indexing_maps = [#tile, #columns, #tile], iterator_types = ["parallel", "parallel"]} ins(%pq, %bq : tensor<4x16xf32>, tensor<16xf16>) outs(%t : tensor<4x16xf16>) {
  ^bb0(%a: f32, %b: f16, %old: f16):
    %n = arith.truncf %a : f32 to f16
    %y = arith.addf %n, %b : f16
    linalg.yield %y : f16
  } -> tensor<4x16xf16>
  %q = tensor.expand_shape %sq [[0], [1, 2]] output_shape [4, 2, 8] : tensor<4x16xf16> into tensor<4x2x8xf16>
  %pk = linalg.matmul ins(%z, %wk : tensor<4x16xf16>, tensor<16x16xf16>) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
  %sk = linalg.generic {indexing_maps = [#tile, #columns, #tile], iterator_types = ["parallel", "parallel"]} ins(%pk, %bk : tensor<4x16xf32>, tensor<16xf16>) outs(%t : tensor<4x16xf16>) {
  ^bb0(%a: f32, %b: f16, %old: f16):
    %n = arith.truncf %a : f32 to f16
    %y = arith.addf %n, %b : f16
    linalg.yield %y : f16
  } -> tensor<4x16xf16>
  %k = tensor.expand_shape %sk [[0], [1, 2]] output_shape [4, 2, 8] : tensor<4x16xf16> into tensor<4x2x8xf16>
  %pv = linalg.matmul ins(%z, %wv : tensor<4x16xf16>, tensor<16x16xf16>) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
  %sv = linalg.generic {indexing_maps = [#tile, #columns, #tile], iterator_types = ["parallel", "parallel"]} ins(%pv, %bv : tensor<4x16xf32>, tensor<16xf16>) outs(%t : tensor<4x16xf16>) {
  ^bb0(%a: f32, %b: f16, %old: f16):
    %n = arith.truncf %a : f32 to f16
    %y = arith.addf %n, %b : f16
    linalg.yield %y : f16
  } -> tensor<4x16xf16>
  %v = tensor.expand_shape %sv [[0], [1, 2]] output_shape [4, 2, 8] : tensor<4x16xf16> into tensor<4x2x8xf16>
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (m, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, n)>, affine_map<(h, m, n, k, s) -> (m, h, n)>]} ins(%q, %k, %v : tensor<4x2x8xf16>, tensor<4x2x8xf16>, tensor<4x2x8xf16>) scale(%c : f32) outs(%o : tensor<4x2x8xf16>) -> tensor<4x2x8xf16>
  return %r : tensor<4x2x8xf16>
}

// -----

#tile = affine_map<(m, n) -> (m, n)>
#columns = affine_map<(m, n) -> (n)>

// Something else is done to the keys.
// CHECK-LABEL: func.func @unlike
// CHECK-COUNT-2: linalg.matmul
// CHECK-NOT: linalg.matmul
// REMARK: Remark="products of one value are one", products=2
func.func @unlike(%x: tensor<4x16xf16>) -> tensor<4x2x8xf16> {
  %c = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %wq = arith.constant dense<1.0> : tensor<16x16xf16>
  %bq = arith.constant dense<1.5> : tensor<16xf16>
  %wk = arith.constant dense<2.0> : tensor<16x16xf16>
  %bk = arith.constant dense<2.5> : tensor<16xf16>
  %wv = arith.constant dense<3.0> : tensor<16x16xf16>
  %bv = arith.constant dense<3.5> : tensor<16xf16>
  %e = tensor.empty() : tensor<4x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x16xf32>) -> tensor<4x16xf32>
  %t = tensor.empty() : tensor<4x16xf16>
  %o = tensor.empty() : tensor<4x2x8xf16>
  %pq = linalg.matmul ins(%x, %wq : tensor<4x16xf16>, tensor<16x16xf16>) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
  %sq = linalg.generic {indexing_maps = [#tile, #columns, #tile], iterator_types = ["parallel", "parallel"]} ins(%pq, %bq : tensor<4x16xf32>, tensor<16xf16>) outs(%t : tensor<4x16xf16>) {
  ^bb0(%a: f32, %b: f16, %old: f16):
    %n = arith.truncf %a : f32 to f16
    %y = arith.addf %n, %b : f16
    linalg.yield %y : f16
  } -> tensor<4x16xf16>
  %q = tensor.expand_shape %sq [[0], [1, 2]] output_shape [4, 2, 8] : tensor<4x16xf16> into tensor<4x2x8xf16>
  %pk = linalg.matmul ins(%x, %wk : tensor<4x16xf16>, tensor<16x16xf16>) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
  %sk = linalg.generic {indexing_maps = [#tile, #columns, #tile], iterator_types = ["parallel", "parallel"]} ins(%pk, %bk : tensor<4x16xf32>, tensor<16xf16>) outs(%t : tensor<4x16xf16>) {
  ^bb0(%a: f32, %b: f16, %old: f16):
    %n = arith.truncf %a : f32 to f16
    %y = arith.mulf %n, %b : f16
    linalg.yield %y : f16
  } -> tensor<4x16xf16>
  %k = tensor.expand_shape %sk [[0], [1, 2]] output_shape [4, 2, 8] : tensor<4x16xf16> into tensor<4x2x8xf16>
  %pv = linalg.matmul ins(%x, %wv : tensor<4x16xf16>, tensor<16x16xf16>) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
  %sv = linalg.generic {indexing_maps = [#tile, #columns, #tile], iterator_types = ["parallel", "parallel"]} ins(%pv, %bv : tensor<4x16xf32>, tensor<16xf16>) outs(%t : tensor<4x16xf16>) {
  ^bb0(%a: f32, %b: f16, %old: f16):
    %n = arith.truncf %a : f32 to f16
    %y = arith.addf %n, %b : f16
    linalg.yield %y : f16
  } -> tensor<4x16xf16>
  %v = tensor.expand_shape %sv [[0], [1, 2]] output_shape [4, 2, 8] : tensor<4x16xf16> into tensor<4x2x8xf16>
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (m, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, n)>, affine_map<(h, m, n, k, s) -> (m, h, n)>]} ins(%q, %k, %v : tensor<4x2x8xf16>, tensor<4x2x8xf16>, tensor<4x2x8xf16>) scale(%c : f32) outs(%o : tensor<4x2x8xf16>) -> tensor<4x2x8xf16>
  return %r : tensor<4x2x8xf16>
}

// -----

#tile = affine_map<(m, n) -> (m, n)>
#columns = affine_map<(m, n) -> (n)>

// Weights that are not known cannot be put side by side beforehand.
// CHECK-LABEL: func.func @computed
// CHECK-COUNT-3: linalg.matmul
// CHECK-NOT: tensor.concat
// REMARK-NOT: products of one value
func.func @computed(%x: tensor<4x16xf16>, %wq: tensor<16x16xf16>, %bq: tensor<16xf16>, %wk: tensor<16x16xf16>, %bk: tensor<16xf16>, %wv: tensor<16x16xf16>, %bv: tensor<16xf16>) -> tensor<4x2x8xf16> {
  %c = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x16xf32>) -> tensor<4x16xf32>
  %t = tensor.empty() : tensor<4x16xf16>
  %o = tensor.empty() : tensor<4x2x8xf16>
  %pq = linalg.matmul ins(%x, %wq : tensor<4x16xf16>, tensor<16x16xf16>) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
  %sq = linalg.generic {indexing_maps = [#tile, #columns, #tile], iterator_types = ["parallel", "parallel"]} ins(%pq, %bq : tensor<4x16xf32>, tensor<16xf16>) outs(%t : tensor<4x16xf16>) {
  ^bb0(%a: f32, %b: f16, %old: f16):
    %n = arith.truncf %a : f32 to f16
    %y = arith.addf %n, %b : f16
    linalg.yield %y : f16
  } -> tensor<4x16xf16>
  %q = tensor.expand_shape %sq [[0], [1, 2]] output_shape [4, 2, 8] : tensor<4x16xf16> into tensor<4x2x8xf16>
  %pk = linalg.matmul ins(%x, %wk : tensor<4x16xf16>, tensor<16x16xf16>) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
  %sk = linalg.generic {indexing_maps = [#tile, #columns, #tile], iterator_types = ["parallel", "parallel"]} ins(%pk, %bk : tensor<4x16xf32>, tensor<16xf16>) outs(%t : tensor<4x16xf16>) {
  ^bb0(%a: f32, %b: f16, %old: f16):
    %n = arith.truncf %a : f32 to f16
    %y = arith.addf %n, %b : f16
    linalg.yield %y : f16
  } -> tensor<4x16xf16>
  %k = tensor.expand_shape %sk [[0], [1, 2]] output_shape [4, 2, 8] : tensor<4x16xf16> into tensor<4x2x8xf16>
  %pv = linalg.matmul ins(%x, %wv : tensor<4x16xf16>, tensor<16x16xf16>) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
  %sv = linalg.generic {indexing_maps = [#tile, #columns, #tile], iterator_types = ["parallel", "parallel"]} ins(%pv, %bv : tensor<4x16xf32>, tensor<16xf16>) outs(%t : tensor<4x16xf16>) {
  ^bb0(%a: f32, %b: f16, %old: f16):
    %n = arith.truncf %a : f32 to f16
    %y = arith.addf %n, %b : f16
    linalg.yield %y : f16
  } -> tensor<4x16xf16>
  %v = tensor.expand_shape %sv [[0], [1, 2]] output_shape [4, 2, 8] : tensor<4x16xf16> into tensor<4x2x8xf16>
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (m, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, n)>, affine_map<(h, m, n, k, s) -> (m, h, n)>]} ins(%q, %k, %v : tensor<4x2x8xf16>, tensor<4x2x8xf16>, tensor<4x2x8xf16>) scale(%c : f32) outs(%o : tensor<4x2x8xf16>) -> tensor<4x2x8xf16>
  return %r : tensor<4x2x8xf16>
}

// -----

#tile = affine_map<(m, n) -> (m, n)>
#columns = affine_map<(m, n) -> (n)>

// Products that add to something.
// CHECK-LABEL: func.func @grown
// CHECK-COUNT-3: linalg.matmul
// CHECK-NOT: tensor.concat
func.func @grown(%x: tensor<4x16xf16>) -> tensor<4x2x8xf16> {
  %c = arith.constant 1.0 : f32
  %zero = arith.constant 1.0 : f32
  %wq = arith.constant dense<1.0> : tensor<16x16xf16>
  %bq = arith.constant dense<1.5> : tensor<16xf16>
  %wk = arith.constant dense<2.0> : tensor<16x16xf16>
  %bk = arith.constant dense<2.5> : tensor<16xf16>
  %wv = arith.constant dense<3.0> : tensor<16x16xf16>
  %bv = arith.constant dense<3.5> : tensor<16xf16>
  %e = tensor.empty() : tensor<4x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x16xf32>) -> tensor<4x16xf32>
  %t = tensor.empty() : tensor<4x16xf16>
  %o = tensor.empty() : tensor<4x2x8xf16>
  %pq = linalg.matmul ins(%x, %wq : tensor<4x16xf16>, tensor<16x16xf16>) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
  %sq = linalg.generic {indexing_maps = [#tile, #columns, #tile], iterator_types = ["parallel", "parallel"]} ins(%pq, %bq : tensor<4x16xf32>, tensor<16xf16>) outs(%t : tensor<4x16xf16>) {
  ^bb0(%a: f32, %b: f16, %old: f16):
    %n = arith.truncf %a : f32 to f16
    %y = arith.addf %n, %b : f16
    linalg.yield %y : f16
  } -> tensor<4x16xf16>
  %q = tensor.expand_shape %sq [[0], [1, 2]] output_shape [4, 2, 8] : tensor<4x16xf16> into tensor<4x2x8xf16>
  %pk = linalg.matmul ins(%x, %wk : tensor<4x16xf16>, tensor<16x16xf16>) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
  %sk = linalg.generic {indexing_maps = [#tile, #columns, #tile], iterator_types = ["parallel", "parallel"]} ins(%pk, %bk : tensor<4x16xf32>, tensor<16xf16>) outs(%t : tensor<4x16xf16>) {
  ^bb0(%a: f32, %b: f16, %old: f16):
    %n = arith.truncf %a : f32 to f16
    %y = arith.addf %n, %b : f16
    linalg.yield %y : f16
  } -> tensor<4x16xf16>
  %k = tensor.expand_shape %sk [[0], [1, 2]] output_shape [4, 2, 8] : tensor<4x16xf16> into tensor<4x2x8xf16>
  %pv = linalg.matmul ins(%x, %wv : tensor<4x16xf16>, tensor<16x16xf16>) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
  %sv = linalg.generic {indexing_maps = [#tile, #columns, #tile], iterator_types = ["parallel", "parallel"]} ins(%pv, %bv : tensor<4x16xf32>, tensor<16xf16>) outs(%t : tensor<4x16xf16>) {
  ^bb0(%a: f32, %b: f16, %old: f16):
    %n = arith.truncf %a : f32 to f16
    %y = arith.addf %n, %b : f16
    linalg.yield %y : f16
  } -> tensor<4x16xf16>
  %v = tensor.expand_shape %sv [[0], [1, 2]] output_shape [4, 2, 8] : tensor<4x16xf16> into tensor<4x2x8xf16>
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (m, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, n)>, affine_map<(h, m, n, k, s) -> (m, h, n)>]} ins(%q, %k, %v : tensor<4x2x8xf16>, tensor<4x2x8xf16>, tensor<4x2x8xf16>) scale(%c : f32) outs(%o : tensor<4x2x8xf16>) -> tensor<4x2x8xf16>
  return %r : tensor<4x2x8xf16>
}

// -----

#tile = affine_map<(m, n) -> (m, n)>
#columns = affine_map<(m, n) -> (n)>

// Others than attention would have to copy their slice.
// CHECK-LABEL: func.func @returned
// CHECK-COUNT-2: linalg.matmul
// CHECK-NOT: linalg.matmul
// CHECK: return
// REMARK: Remark="products of one value are one", products=2
func.func @returned(%x: tensor<4x16xf16>) -> (tensor<4x2x8xf16>, tensor<4x2x8xf16>) {
  %c = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %wq = arith.constant dense<1.0> : tensor<16x16xf16>
  %bq = arith.constant dense<1.5> : tensor<16xf16>
  %wk = arith.constant dense<2.0> : tensor<16x16xf16>
  %bk = arith.constant dense<2.5> : tensor<16xf16>
  %wv = arith.constant dense<3.0> : tensor<16x16xf16>
  %bv = arith.constant dense<3.5> : tensor<16xf16>
  %e = tensor.empty() : tensor<4x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x16xf32>) -> tensor<4x16xf32>
  %t = tensor.empty() : tensor<4x16xf16>
  %o = tensor.empty() : tensor<4x2x8xf16>
  %pq = linalg.matmul ins(%x, %wq : tensor<4x16xf16>, tensor<16x16xf16>) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
  %sq = linalg.generic {indexing_maps = [#tile, #columns, #tile], iterator_types = ["parallel", "parallel"]} ins(%pq, %bq : tensor<4x16xf32>, tensor<16xf16>) outs(%t : tensor<4x16xf16>) {
  ^bb0(%a: f32, %b: f16, %old: f16):
    %n = arith.truncf %a : f32 to f16
    %y = arith.addf %n, %b : f16
    linalg.yield %y : f16
  } -> tensor<4x16xf16>
  %q = tensor.expand_shape %sq [[0], [1, 2]] output_shape [4, 2, 8] : tensor<4x16xf16> into tensor<4x2x8xf16>
  %pk = linalg.matmul ins(%x, %wk : tensor<4x16xf16>, tensor<16x16xf16>) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
  %sk = linalg.generic {indexing_maps = [#tile, #columns, #tile], iterator_types = ["parallel", "parallel"]} ins(%pk, %bk : tensor<4x16xf32>, tensor<16xf16>) outs(%t : tensor<4x16xf16>) {
  ^bb0(%a: f32, %b: f16, %old: f16):
    %n = arith.truncf %a : f32 to f16
    %y = arith.addf %n, %b : f16
    linalg.yield %y : f16
  } -> tensor<4x16xf16>
  %k = tensor.expand_shape %sk [[0], [1, 2]] output_shape [4, 2, 8] : tensor<4x16xf16> into tensor<4x2x8xf16>
  %pv = linalg.matmul ins(%x, %wv : tensor<4x16xf16>, tensor<16x16xf16>) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
  %sv = linalg.generic {indexing_maps = [#tile, #columns, #tile], iterator_types = ["parallel", "parallel"]} ins(%pv, %bv : tensor<4x16xf32>, tensor<16xf16>) outs(%t : tensor<4x16xf16>) {
  ^bb0(%a: f32, %b: f16, %old: f16):
    %n = arith.truncf %a : f32 to f16
    %y = arith.addf %n, %b : f16
    linalg.yield %y : f16
  } -> tensor<4x16xf16>
  %v = tensor.expand_shape %sv [[0], [1, 2]] output_shape [4, 2, 8] : tensor<4x16xf16> into tensor<4x2x8xf16>
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (m, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, k)>, affine_map<(h, m, n, k, s) -> (s, h, n)>, affine_map<(h, m, n, k, s) -> (m, h, n)>]} ins(%q, %k, %v : tensor<4x2x8xf16>, tensor<4x2x8xf16>, tensor<4x2x8xf16>) scale(%c : f32) outs(%o : tensor<4x2x8xf16>) -> tensor<4x2x8xf16>
  return %r, %k : tensor<4x2x8xf16>, tensor<4x2x8xf16>
}
