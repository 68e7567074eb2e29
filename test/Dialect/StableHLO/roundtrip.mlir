// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: orchestra-opt %s | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s -mlir-print-op-generic | orchestra-opt | FileCheck %s
// RUN: orchestra-opt %s -emit-bytecode | orchestra-opt | FileCheck %s

// The assembly is OpenXLA's; test/Target/StableHLO/official.test has it read by
// the official parser.
// CHECK-LABEL: func.func @contractions
// CHECK: stablehlo.dot_general %{{.*}}, %{{.*}}, contracting_dims = [1] x [0], precision = [HIGHEST, DEFAULT] : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
// CHECK: stablehlo.dot_general %{{.*}}, %{{.*}}, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<5x2x3xf16>, tensor<5x3x4xf16>) -> tensor<5x2x4xf32>
func.func @contractions(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %c: tensor<5x2x3xf16>, %d: tensor<5x3x4xf16>) -> (tensor<2x4xf32>, tensor<5x2x4xf32>) {
  %0 = stablehlo.dot_general %a, %b, contracting_dims = [1] x [0], precision = [HIGHEST, DEFAULT] : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  %1 = stablehlo.dot_general %c, %d, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (tensor<5x2x3xf16>, tensor<5x3x4xf16>) -> tensor<5x2x4xf32>
  return %0, %1 : tensor<2x4xf32>, tensor<5x2x4xf32>
}

// CHECK-LABEL: func.func @reductions
// CHECK: stablehlo.reduce(%{{.*}} init: %{{.*}}) applies stablehlo.add across dimensions = [1] : (tensor<2x4xf32>, tensor<f32>) -> tensor<2xf32>
// CHECK: stablehlo.reduce(%{{.*}} init: %{{.*}}) across dimensions = [0, 1] : (tensor<2x4xf32>, tensor<f32>) -> tensor<f32>
// CHECK-NEXT: reducer(%[[L:.*]]: tensor<f32>, %[[R:.*]]: tensor<f32>) {
// CHECK-NEXT: %[[ABS:.*]] = stablehlo.abs %[[R]] : tensor<f32>
// CHECK-NEXT: %[[SUM:.*]] = stablehlo.add %[[L]], %[[ABS]] : tensor<f32>
// CHECK-NEXT: stablehlo.return %[[SUM]] : tensor<f32>
func.func @reductions(%x: tensor<2x4xf32>) -> (tensor<2xf32>, tensor<f32>) {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = stablehlo.reduce(%x init: %zero) applies stablehlo.add across dimensions = [1] : (tensor<2x4xf32>, tensor<f32>) -> tensor<2xf32>
  %1 = stablehlo.reduce(%x init: %zero) across dimensions = [0, 1] : (tensor<2x4xf32>, tensor<f32>) -> tensor<f32>
   reducer(%l: tensor<f32>, %r: tensor<f32>) {
    %abs = stablehlo.abs %r : tensor<f32>
    %sum = stablehlo.add %l, %abs : tensor<f32>
    stablehlo.return %sum : tensor<f32>
  }
  return %0, %1 : tensor<2xf32>, tensor<f32>
}

// CHECK-LABEL: func.func @movement
// CHECK: stablehlo.broadcast_in_dim %{{.*}}, dims = [1] : (tensor<4xf32>) -> tensor<2x4xf32>
// CHECK: stablehlo.transpose %{{.*}}, dims = [1, 0] : (tensor<2x4xf32>) -> tensor<4x2xf32>
// CHECK: stablehlo.reshape %{{.*}} : (tensor<4x2xf32>) -> tensor<8xf32>
// CHECK: stablehlo.slice %{{.*}} [0:2, 1:4:2] : (tensor<2x4xf32>) -> tensor<2x2xf32>
// CHECK: stablehlo.pad %{{.*}}, %{{.*}}, low = [1, 0], high = [0, -1], interior = [0, 1] : (tensor<2x2xf32>, tensor<f32>) -> tensor<3x2xf32>
// CHECK: stablehlo.concatenate %{{.*}}, %{{.*}}, dim = 0 : (tensor<2x2xf32>, tensor<3x2xf32>) -> tensor<5x2xf32>
// CHECK: stablehlo.dynamic_update_slice %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<5x2xf32>, tensor<2x2xf32>, tensor<i64>, tensor<i64>) -> tensor<5x2xf32>
func.func @movement(%x: tensor<4xf32>, %i: tensor<i64>) -> tensor<5x2xf32> {
  %zero = stablehlo.constant dense<0.0> : tensor<f32>
  %0 = stablehlo.broadcast_in_dim %x, dims = [1] : (tensor<4xf32>) -> tensor<2x4xf32>
  %1 = stablehlo.transpose %0, dims = [1, 0] : (tensor<2x4xf32>) -> tensor<4x2xf32>
  %2 = stablehlo.reshape %1 : (tensor<4x2xf32>) -> tensor<8xf32>
  %3 = stablehlo.slice %0 [0:2, 1:4:2] : (tensor<2x4xf32>) -> tensor<2x2xf32>
  %4 = stablehlo.pad %3, %zero, low = [1, 0], high = [0, -1], interior = [0, 1] : (tensor<2x2xf32>, tensor<f32>) -> tensor<3x2xf32>
  %5 = stablehlo.concatenate %3, %4, dim = 0 : (tensor<2x2xf32>, tensor<3x2xf32>) -> tensor<5x2xf32>
  %6 = stablehlo.dynamic_update_slice %5, %3, %i, %i : (tensor<5x2xf32>, tensor<2x2xf32>, tensor<i64>, tensor<i64>) -> tensor<5x2xf32>
  return %6 : tensor<5x2xf32>
}

// CHECK-LABEL: func.func @typed
// CHECK: stablehlo.compare LT, %{{.*}}, %{{.*}}, FLOAT : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
// CHECK: stablehlo.compare NE, %{{.*}}, %{{.*}} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
// CHECK: stablehlo.select %{{.*}}, %{{.*}}, %{{.*}} : tensor<4xi1>, tensor<4xf32>
// CHECK: stablehlo.is_finite %{{.*}} : (tensor<4xf32>) -> tensor<4xi1>
// CHECK: stablehlo.convert %{{.*}} : (tensor<4xf32>) -> tensor<4xui8>
// CHECK: stablehlo.iota dim = 0 : tensor<4xi64>
func.func @typed(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xi1>, tensor<4xi1>, tensor<4xui8>, tensor<4xi64>) {
  %0 = stablehlo.compare LT, %x, %x, FLOAT : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  %1 = stablehlo.compare NE, %x, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  %2 = stablehlo.select %0, %x, %x : tensor<4xi1>, tensor<4xf32>
  %3 = stablehlo.is_finite %x : (tensor<4xf32>) -> tensor<4xi1>
  %4 = stablehlo.convert %x : (tensor<4xf32>) -> tensor<4xui8>
  %5 = stablehlo.iota dim = 0 : tensor<4xi64>
  return %2, %1, %3, %4, %5 : tensor<4xf32>, tensor<4xi1>, tensor<4xi1>, tensor<4xui8>, tensor<4xi64>
}

// CHECK-LABEL: func.func @unary
// CHECK: stablehlo.abs %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.cbrt %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.ceil %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.cosine %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.exponential %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.exponential_minus_one %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.floor %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.log %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.log_plus_one %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.negate %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.round_nearest_afz %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.round_nearest_even %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.rsqrt %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.sine %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.sqrt %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.tan %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.tanh %{{.*}} : tensor<4xf32>
func.func @unary(%0: tensor<4xf32>) -> tensor<4xf32> {
  %x1 = stablehlo.abs %0 : tensor<4xf32>
  %x2 = stablehlo.cbrt %x1 : tensor<4xf32>
  %x3 = stablehlo.ceil %x2 : tensor<4xf32>
  %x4 = stablehlo.cosine %x3 : tensor<4xf32>
  %x5 = stablehlo.exponential %x4 : tensor<4xf32>
  %x6 = stablehlo.exponential_minus_one %x5 : tensor<4xf32>
  %x7 = stablehlo.floor %x6 : tensor<4xf32>
  %x8 = stablehlo.log %x7 : tensor<4xf32>
  %x9 = stablehlo.log_plus_one %x8 : tensor<4xf32>
  %x10 = stablehlo.negate %x9 : tensor<4xf32>
  %x11 = stablehlo.round_nearest_afz %x10 : tensor<4xf32>
  %x12 = stablehlo.round_nearest_even %x11 : tensor<4xf32>
  %x13 = stablehlo.rsqrt %x12 : tensor<4xf32>
  %x14 = stablehlo.sine %x13 : tensor<4xf32>
  %x15 = stablehlo.sqrt %x14 : tensor<4xf32>
  %x16 = stablehlo.tan %x15 : tensor<4xf32>
  %x17 = stablehlo.tanh %x16 : tensor<4xf32>
  return %x17 : tensor<4xf32>
}

// CHECK-LABEL: func.func @binary
// CHECK: stablehlo.add %{{.*}}, %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.atan2 %{{.*}}, %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.divide %{{.*}}, %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.maximum %{{.*}}, %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.minimum %{{.*}}, %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.multiply %{{.*}}, %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.power %{{.*}}, %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.remainder %{{.*}}, %{{.*}} : tensor<4xf32>
// CHECK: stablehlo.subtract %{{.*}}, %{{.*}} : tensor<4xf32>
func.func @binary(%y: tensor<4xf32>) -> tensor<4xf32> {
  %x1 = stablehlo.add %y, %y : tensor<4xf32>
  %x2 = stablehlo.atan2 %x1, %y : tensor<4xf32>
  %x3 = stablehlo.divide %x2, %y : tensor<4xf32>
  %x4 = stablehlo.maximum %x3, %y : tensor<4xf32>
  %x5 = stablehlo.minimum %x4, %y : tensor<4xf32>
  %x6 = stablehlo.multiply %x5, %y : tensor<4xf32>
  %x7 = stablehlo.power %x6, %y : tensor<4xf32>
  %x8 = stablehlo.remainder %x7, %y : tensor<4xf32>
  %x9 = stablehlo.subtract %x8, %y : tensor<4xf32>
  return %x9 : tensor<4xf32>
}

// CHECK-LABEL: func.func @bits
// CHECK: stablehlo.not %{{.*}} : tensor<4xi32>
// CHECK: stablehlo.and %{{.*}}, %{{.*}} : tensor<4xi32>
// CHECK: stablehlo.or %{{.*}}, %{{.*}} : tensor<4xi32>
// CHECK: stablehlo.xor %{{.*}}, %{{.*}} : tensor<4xi32>
// CHECK: stablehlo.shift_left %{{.*}}, %{{.*}} : tensor<4xi32>
// CHECK: stablehlo.shift_right_arithmetic %{{.*}}, %{{.*}} : tensor<4xi32>
// CHECK: stablehlo.shift_right_logical %{{.*}}, %{{.*}} : tensor<4xi32>
func.func @bits(%y: tensor<4xi32>) -> tensor<4xi32> {
  %x0 = stablehlo.not %y : tensor<4xi32>
  %x1 = stablehlo.and %x0, %y : tensor<4xi32>
  %x2 = stablehlo.or %x1, %y : tensor<4xi32>
  %x3 = stablehlo.xor %x2, %y : tensor<4xi32>
  %x4 = stablehlo.shift_left %x3, %y : tensor<4xi32>
  %x5 = stablehlo.shift_right_arithmetic %x4, %y : tensor<4xi32>
  %x6 = stablehlo.shift_right_logical %x5, %y : tensor<4xi32>
  return %x6 : tensor<4xi32>
}
