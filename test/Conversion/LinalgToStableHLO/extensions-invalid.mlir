// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What has no form is left to its own lowering.
// RUN: orchestra-opt %s -split-input-file --linalg-ext-to-stablehlo | FileCheck %s

// Not by one op that has a neutral element.
// CHECK-LABEL: func.func @other_scan
// CHECK-NOT: stablehlo
// CHECK: linalg_ext.scan
func.func @other_scan(%x: tensor<9xf32>, %s: tensor<f32>) -> (tensor<9xf32>, tensor<f32>) {
  %e = tensor.empty() : tensor<9xf32>
  %r:2 = linalg_ext.scan axis(0) ins(%x : tensor<9xf32>) outs(%e, %s : tensor<9xf32>, tensor<f32>) {
  ^bb0(%before: f32, %next: f32):
    %half = arith.divf %before, %next : f32
    linalg_ext.yield %half : f32
  } -> tensor<9xf32>, tensor<f32>
  return %r#0, %r#1 : tensor<9xf32>, tensor<f32>
}

// -----

// Of unknown size.
// CHECK-LABEL: func.func @dynamic_sort
// CHECK-NOT: stablehlo
// CHECK: linalg_ext.sort
func.func @dynamic_sort(%x: tensor<?xf32>, %e: tensor<?xf32>, %f: tensor<?xi64>) -> tensor<?xi64> {
  %r:2 = linalg_ext.sort axis(0) ins(%x : tensor<?xf32>) outs(%e, %f : tensor<?xf32>, tensor<?xi64>) -> tensor<?xf32>, tensor<?xi64>
  return %r#1 : tensor<?xi64>
}

// -----

// A combiner that reads something else.
// CHECK-LABEL: func.func @scaled_scatter
// CHECK-NOT: stablehlo
// CHECK: linalg_ext.scatter
func.func @scaled_scatter(%u: tensor<5xf32>, %i: tensor<5xi64>, %x: tensor<9xf32>, %scale: f32) -> tensor<9xf32> {
  %y = linalg_ext.scatter destination_map = affine_map<(d0)[s0] -> (s0)> indices_map = affine_map<(d0) -> (d0)> ins(%u, %i : tensor<5xf32>, tensor<5xi64>) outs(%x : tensor<9xf32>) {
  ^bb0(%old: f32, %update: f32):
    %product = arith.mulf %update, %scale : f32
    %sum = arith.addf %old, %product : f32
    linalg_ext.yield %sum : f32
  } -> tensor<9xf32>
  return %y : tensor<9xf32>
}

// -----

// The size of a long dimension would not fit into narrow indices.
// CHECK-LABEL: func.func @narrow_scatter
// CHECK-NOT: stablehlo
// CHECK: linalg_ext.scatter
func.func @narrow_scatter(%u: tensor<5xf32>, %i: tensor<5xi8>, %x: tensor<900xf32>) -> tensor<900xf32> {
  %y = linalg_ext.scatter destination_map = affine_map<(d0)[s0] -> (s0)> indices_map = affine_map<(d0) -> (d0)> ins(%u, %i : tensor<5xf32>, tensor<5xi8>) outs(%x : tensor<900xf32>) {
  ^bb0(%old: f32, %update: f32):
    linalg_ext.yield %update : f32
  } -> tensor<900xf32>
  return %y : tensor<900xf32>
}
