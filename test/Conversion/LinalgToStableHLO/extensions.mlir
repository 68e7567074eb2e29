// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --linalg-ext-to-stablehlo | FileCheck %s

// CHECK-LABEL: func.func @sort
// CHECK: %[[I:.*]] = stablehlo.iota dim = 1 : tensor<4x9xi32>
// CHECK: %[[R:.*]]:2 = "stablehlo.sort"(%arg0, %[[I]]) <{dimension = 1 : i64, is_stable = true}>
// CHECK: ^bb0(%[[X:.*]]: tensor<f32>, %[[Y:.*]]: tensor<f32>,
// CHECK: %[[L:.*]] = stablehlo.compare LT, %[[X]], %[[Y]], FLOAT
// CHECK: %[[XN:.*]] = stablehlo.compare NE, %[[X]], %[[X]], FLOAT
// CHECK: %[[YN:.*]] = stablehlo.compare NE, %[[Y]], %[[Y]], FLOAT
// CHECK: %[[N:.*]] = stablehlo.not %[[XN]]
// CHECK: %[[A:.*]] = stablehlo.and %[[YN]], %[[N]]
// CHECK: %[[B:.*]] = stablehlo.or %[[L]], %[[A]]
// CHECK: stablehlo.return %[[B]]
// CHECK: return %[[R]]#0, %[[R]]#1
func.func @sort(%x: tensor<4x9xf32>) -> (tensor<4x9xf32>, tensor<4x9xi32>) {
  %e = tensor.empty() : tensor<4x9xf32>
  %f = tensor.empty() : tensor<4x9xi32>
  %r:2 = linalg_ext.sort axis(1) ins(%x : tensor<4x9xf32>) outs(%e, %f : tensor<4x9xf32>, tensor<4x9xi32>) -> tensor<4x9xf32>, tensor<4x9xi32>
  return %r#0, %r#1 : tensor<4x9xf32>, tensor<4x9xi32>
}

// -----

// CHECK-LABEL: func.func @top_k
// CHECK: %[[R:.*]]:2 = "stablehlo.sort"
// CHECK: %[[B:.*]] = stablehlo.compare GT, %{{.*}}, %{{.*}}, UNSIGNED
// CHECK-NEXT: stablehlo.return %[[B]]
// CHECK: stablehlo.slice %[[R]]#0 [0:2]
// CHECK: stablehlo.slice %[[R]]#1 [0:2]
func.func @top_k(%x: tensor<9xi32>) -> (tensor<2xi32>, tensor<2xi64>) {
  %e = tensor.empty() : tensor<2xi32>
  %f = tensor.empty() : tensor<2xi64>
  %r:2 = linalg_ext.top_k axis(0) descending unsigned ins(%x : tensor<9xi32>) outs(%e, %f : tensor<2xi32>, tensor<2xi64>) -> tensor<2xi32>, tensor<2xi64>
  return %r#0, %r#1 : tensor<2xi32>, tensor<2xi64>
}

// -----

// Rows are boxes.
// CHECK-LABEL: func.func @scatter_rows
// CHECK: %[[END:.*]] = stablehlo.add %arg1
// CHECK: %[[P:.*]] = stablehlo.select %{{.*}}, %[[END]], %arg1
// CHECK: %[[I:.*]] = stablehlo.reshape %[[P]] : (tensor<5xi64>) -> tensor<5x1xi64>
// CHECK: "stablehlo.scatter"(%arg2, %[[I]], %arg0)
// CHECK-SAME: update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = true
// CHECK: stablehlo.add
func.func @scatter_rows(%u: tensor<5x8xf32>, %i: tensor<5xi64>, %x: tensor<100x8xf32>) -> tensor<100x8xf32> {
  %y = linalg_ext.scatter destination_map = affine_map<(d0, d1)[s0] -> (s0, d1)> indices_map = affine_map<(d0, d1) -> (d0)> unique ins(%u, %i : tensor<5x8xf32>, tensor<5xi64>) outs(%x : tensor<100x8xf32>) {
  ^bb0(%old: f32, %update: f32):
    %sum = arith.addf %old, %update : f32
    linalg_ext.yield %sum : f32
  } -> tensor<100x8xf32>
  return %y : tensor<100x8xf32>
}

// -----

// A loop that indices depend on is no box.
// CHECK-LABEL: func.func @scatter_elements
// CHECK: %[[ROW:.*]] = stablehlo.iota dim = 0 : tensor<2x3xi64>
// CHECK: %[[I:.*]] = stablehlo.concatenate %{{.*}}, %{{.*}}, dim = 2 : (tensor<2x3x1xi64>, tensor<2x3x1xi64>) -> tensor<2x3x2xi64>
// CHECK: "stablehlo.scatter"(%arg2, %[[I]], %arg0)
// CHECK-SAME: inserted_window_dims = [0, 1], scatter_dims_to_operand_dims = [0, 1], index_vector_dim = 2>, unique_indices = false
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<f32>, %[[NEW:.*]]: tensor<f32>):
// CHECK-NEXT: stablehlo.return %[[NEW]]
func.func @scatter_elements(%u: tensor<2x3xf32>, %i: tensor<2x3xi64>, %x: tensor<2x9xf32>) -> tensor<2x9xf32> {
  %y = linalg_ext.scatter destination_map = affine_map<(d0, d1)[s0] -> (d0, s0)> indices_map = affine_map<(d0, d1) -> (d0, d1)> ins(%u, %i : tensor<2x3xf32>, tensor<2x3xi64>) outs(%x : tensor<2x9xf32>) {
  ^bb0(%old: f32, %update: f32):
    linalg_ext.yield %update : f32
  } -> tensor<2x9xf32>
  return %y : tensor<2x9xf32>
}

// -----

// CHECK-LABEL: func.func @scan
// CHECK: %[[W:.*]] = "stablehlo.reduce_window"(%arg0
// CHECK-SAME: padding = dense<{{\[\[}}0, 0], [-1, 9]]>
// CHECK-SAME: window_dimensions = array<i64: 1, 9>
// CHECK: %[[T:.*]] = stablehlo.reduce(%arg0 init: %{{.*}}) applies stablehlo.add across dimensions = [1]
// CHECK: %[[F:.*]] = stablehlo.broadcast_in_dim %arg1, dims = [0]
// CHECK: stablehlo.add %[[F]], %[[W]]
// CHECK: stablehlo.add %arg1, %[[T]]
func.func @scan(%x: tensor<4x9xf32>, %s: tensor<4xf32>) -> (tensor<4x9xf32>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<4x9xf32>
  %r:2 = linalg_ext.scan axis(1) exclusive reverse ins(%x : tensor<4x9xf32>) outs(%e, %s : tensor<4x9xf32>, tensor<4xf32>) {
  ^bb0(%before: f32, %next: f32):
    %sum = arith.addf %before, %next : f32
    linalg_ext.yield %sum : f32
  } -> tensor<4x9xf32>, tensor<4xf32>
  return %r#0, %r#1 : tensor<4x9xf32>, tensor<4xf32>
}
