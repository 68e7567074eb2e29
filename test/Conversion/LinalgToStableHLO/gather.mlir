// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Reads at computed indices become gathers, of whole rows where rows are read.
// RUN: orchestra-opt %s -linalg-to-stablehlo -split-input-file | FileCheck %s

#rows = affine_map<(d0, d1) -> (d0)>
#all = affine_map<(d0, d1) -> (d0, d1)>

// CHECK-LABEL: func.func @rows
// CHECK-SAME: (%[[T:.*]]: tensor<9x4xf32>, %[[I:.*]]: tensor<3xi64>)
// CHECK: "stablehlo.gather"(%[[T]], %{{.*}}) <{
// CHECK-SAME: dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>
// CHECK-SAME: slice_sizes = array<i64: 1, 4>
// CHECK-SAME: -> tensor<3x4xf32>
func.func @rows(%table: tensor<9x4xf32>, %indices: tensor<3xi64>) -> tensor<3x4xf32> {
  %empty = tensor.empty() : tensor<3x4xf32>
  %r = linalg.generic {indexing_maps = [#rows, #all], iterator_types = ["parallel", "parallel"]}
    ins(%indices : tensor<3xi64>) outs(%empty : tensor<3x4xf32>) {
  ^bb0(%in: i64, %out: f32):
    %i = arith.index_cast %in : i64 to index
    %j = linalg.index 1 : index
    %x = tensor.extract %table[%i, %j] : tensor<9x4xf32>
    linalg.yield %x : f32
  } -> tensor<3x4xf32>
  return %r : tensor<3x4xf32>
}

// -----

#all = affine_map<(d0, d1) -> (d0, d1)>

// Two computed indices: a vector of two for each element.
// CHECK-LABEL: func.func @elements
// CHECK: %[[S:.*]] = stablehlo.concatenate %{{.*}}, %{{.*}}, dim = 2 : (tensor<3x4x1xi64>, tensor<3x4x1xi64>) -> tensor<3x4x2xi64>
// CHECK: "stablehlo.gather"(%{{.*}}, %[[S]])
// CHECK-SAME: #stablehlo.gather<collapsed_slice_dims = [0, 1], start_index_map = [0, 1], index_vector_dim = 2>
// CHECK-SAME: slice_sizes = array<i64: 1, 1>
func.func @elements(%table: tensor<9x4xf32>, %indices: tensor<3x4xi64>) -> tensor<3x4xf32> {
  %empty = tensor.empty() : tensor<3x4xf32>
  %r = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
    ins(%indices : tensor<3x4xi64>) outs(%empty : tensor<3x4xf32>) {
  ^bb0(%in: i64, %out: f32):
    %i = arith.index_cast %in : i64 to index
    %j = linalg.index 1 : index
    %x = tensor.extract %table[%i, %j] : tensor<9x4xf32>
    linalg.yield %x : f32
  } -> tensor<3x4xf32>
  return %r : tensor<3x4xf32>
}
