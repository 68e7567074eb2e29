// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Shapes that tensors say are followed to the sizes they are made of: nothing
// is read from a tensor.
// RUN: orchestra compile %s --stop-after=ingest --emit=mlir | FileCheck %s

// CHECK: func.func @main(%[[X:.*]]: tensor<?x4xf32>
// CHECK: tensor.dim %[[X]]
// CHECK-NOT: tensor.extract
// CHECK: tensor.collapse_shape
func.func public @main(%x: tensor<?x4xf32>) -> tensor<?xf32> {
  %n = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?x4xf32>) -> tensor<i32>
  %four = stablehlo.constant dense<4> : tensor<i32>
  %count = stablehlo.multiply %n, %four : tensor<i32>
  %shape = stablehlo.reshape %count : (tensor<i32>) -> tensor<1xi32>
  %flat = stablehlo.dynamic_reshape %x, %shape : (tensor<?x4xf32>, tensor<1xi32>) -> tensor<?xf32>
  %one = stablehlo.constant dense<1.0> : tensor<f32>
  %ones = stablehlo.dynamic_broadcast_in_dim %one, %shape, dims = [] : (tensor<f32>, tensor<1xi32>) -> tensor<?xf32>
  %y = stablehlo.add %flat, %ones : tensor<?xf32>
  return %y : tensor<?xf32>
}
