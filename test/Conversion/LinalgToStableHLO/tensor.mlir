// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s -split-input-file --linalg-to-stablehlo | FileCheck %s

// CHECK-LABEL: func.func @shapes
// CHECK: stablehlo.reshape %arg0 : (tensor<2x3xf32>) -> tensor<6xf32>
// CHECK: stablehlo.reshape %{{.*}} : (tensor<6xf32>) -> tensor<1x6xf32>
func.func @shapes(%x: tensor<2x3xf32>) -> tensor<1x6xf32> {
  %0 = tensor.collapse_shape %x [[0, 1]] : tensor<2x3xf32> into tensor<6xf32>
  %1 = tensor.expand_shape %0 [[0, 1]] output_shape [1, 6] : tensor<6xf32> into tensor<1x6xf32>
  return %1 : tensor<1x6xf32>
}

// -----

// CHECK-LABEL: func.func @slices
// CHECK: %[[S:.*]] = stablehlo.slice %arg0 [1:2, 0:7:2] : (tensor<4x8xf32>) -> tensor<1x4xf32>
// CHECK: %[[R:.*]] = stablehlo.reshape %[[S]] : (tensor<1x4xf32>) -> tensor<4xf32>
// CHECK: %[[U:.*]] = stablehlo.reshape %[[R]] : (tensor<4xf32>) -> tensor<1x4xf32>
// CHECK: %[[I:.*]] = stablehlo.constant dense<2> : tensor<i64>
// CHECK: %[[J:.*]] = stablehlo.constant dense<4> : tensor<i64>
// CHECK: stablehlo.dynamic_update_slice %arg0, %[[U]], %[[I]], %[[J]]
func.func @slices(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = tensor.extract_slice %x[1, 0] [1, 4] [1, 2] : tensor<4x8xf32> to tensor<4xf32>
  %1 = tensor.insert_slice %0 into %x[2, 4] [1, 4] [1, 1] : tensor<4xf32> into tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// -----

// CHECK-LABEL: func.func @joins
// CHECK: %[[Z:.*]] = stablehlo.constant dense<1.000000e+00> : tensor<f32>
// CHECK: %[[C:.*]] = stablehlo.concatenate %arg0, %arg1, dim = 0 : (tensor<2xf32>, tensor<3xf32>) -> tensor<5xf32>
// CHECK: stablehlo.pad %[[C]], %[[Z]], low = [1], high = [2], interior = [0]
func.func @joins(%x: tensor<2xf32>, %y: tensor<3xf32>) -> tensor<8xf32> {
  %one = arith.constant 1.0 : f32
  %0 = tensor.concat dim(0) %x, %y : (tensor<2xf32>, tensor<3xf32>) -> tensor<5xf32>
  %1 = tensor.pad %0 low[1] high[2] {
  ^bb0(%i: index):
    tensor.yield %one : f32
  } : tensor<5xf32> to tensor<8xf32>
  return %1 : tensor<8xf32>
}

// -----

// Scalars are tensors without dimensions, index is i64, calls follow.
// CHECK-LABEL: func.func @scalars(%arg0: tensor<f32>, %arg1: tensor<i64>) -> (tensor<f32>, tensor<2xi64>)
// CHECK: stablehlo.exponential %arg0 : tensor<f32>
// CHECK: call @other(%{{.*}}) : (tensor<i64>) -> tensor<i64>
// CHECK: stablehlo.concatenate
func.func @scalars(%x: f32, %n: index) -> (f32, tensor<2xindex>) {
  %0 = math.exp %x : f32
  %1 = arith.addi %n, %n : index
  %2 = call @other(%1) : (index) -> index
  %3 = tensor.from_elements %n, %2 : tensor<2xindex>
  return %0, %3 : f32, tensor<2xindex>
}
// CHECK: func.func private @other(tensor<i64>) -> tensor<i64>
func.func private @other(index) -> index

// -----

// CHECK-LABEL: func.func @tensors
// CHECK: %[[C:.*]] = stablehlo.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
// CHECK: %[[A:.*]] = stablehlo.add %arg0, %[[C]] : tensor<2xf32>
// CHECK: %[[P:.*]] = stablehlo.broadcast_in_dim %arg1, dims = [] : (tensor<i1>) -> tensor<2xi1>
// CHECK: stablehlo.select %[[P]], %[[A]], %arg0 : tensor<2xi1>, tensor<2xf32>
func.func @tensors(%x: tensor<2xf32>, %p: i1) -> tensor<2xf32> {
  %c = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %0 = arith.addf %x, %c : tensor<2xf32>
  %1 = arith.select %p, %0, %x : tensor<2xf32>
  return %1 : tensor<2xf32>
}

// -----

// CHECK-LABEL: func.func @places
// CHECK: %[[E:.*]] = stablehlo.slice %arg0 [1:2, 2:3]
// CHECK: stablehlo.reshape %[[E]] : (tensor<1x1xf32>) -> tensor<f32>
// CHECK: %[[R:.*]] = stablehlo.dynamic_slice %arg0, %arg1, %{{.*}}, sizes = [1, 4]
// CHECK: %[[U:.*]] = stablehlo.dynamic_update_slice %arg0, %{{.*}}, %{{.*}}, %arg1
// CHECK: stablehlo.dynamic_update_slice %[[U]], %{{.*}}, %arg1, %arg1 : (tensor<4x8xf32>, tensor<1x1xf32>, tensor<i64>, tensor<i64>)
func.func @places(%x: tensor<4x8xf32>, %i: index) -> tensor<4x8xf32> {
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %0 = tensor.extract %x[%one, %two] : tensor<4x8xf32>
  %1 = tensor.extract_slice %x[%i, 4] [1, 4] [1, 1] : tensor<4x8xf32> to tensor<4xf32>
  %2 = tensor.insert_slice %1 into %x[3, %i] [1, 4] [1, 1] : tensor<4xf32> into tensor<4x8xf32>
  %3 = tensor.insert %0 into %2[%i, %i] : tensor<4x8xf32>
  return %3 : tensor<4x8xf32>
}

// -----

// Between the elements there is what there was.
// CHECK-LABEL: func.func @spread
// CHECK: %[[Z:.*]] = stablehlo.constant dense<0.000000e+00> : tensor<f32>
// CHECK: stablehlo.pad %arg0, %[[Z]], low = [1], high = [2], interior = [1] : (tensor<3xf32>, tensor<f32>) -> tensor<8xf32>
// CHECK: %[[MASK:.*]] = stablehlo.pad %{{.*}}, %{{.*}}, low = [1], high = [2], interior = [1] : (tensor<3xi1>, tensor<i1>) -> tensor<8xi1>
// CHECK: stablehlo.select %[[MASK]], %{{.*}}, %arg1
func.func @spread(%x: tensor<3xf32>, %y: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %zeros = arith.constant dense<0.0> : tensor<8xf32>
  %0 = tensor.insert_slice %x into %zeros[1] [3] [2] : tensor<3xf32> into tensor<8xf32>
  %1 = tensor.insert_slice %x into %y[1] [3] [2] : tensor<3xf32> into tensor<8xf32>
  return %0, %1 : tensor<8xf32>, tensor<8xf32>
}
